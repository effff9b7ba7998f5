"""Opens walls: for each program a new Python (one-shot), or a copy of one that has NumPy loaded (fork server)."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Iterator, Sequence

from gradcheck.errors import GradcheckError
from gradcheck.grading.answers import Isolation, Program
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import layout as layouts
from gradcheck.grading.sandbox.folders import Folder, processes_of
from gradcheck.grading.sandbox.inside.jobs import Job
from gradcheck.grading.sandbox.layout import Layout
from gradcheck.grading.sandbox.peer import Peer
from gradcheck.grading.sandbox.session import SandboxSession, Sheets, cpu_ceiling
from gradcheck.grading.sandbox.stages import Infrastructure, Stage
from gradcheck.grading.sandbox.walls.bubblewrap import BUBBLEWRAP
from gradcheck.grading.sandbox.walls.landlock import LANDLOCK, NONE
from gradcheck.grading.sandbox.walls.level import FOLDER, UNPRIVILEGED, Wall, privileged, supported
from gradcheck.grading.sandbox.walls.namespaces import NAMESPACES

WALLS: dict[Isolation, Wall] = {wall.name: wall for wall in (BUBBLEWRAP, NAMESPACES, LANDLOCK, NONE)}


class Launcher:
    """Programs behind walls of one level. Several threads may each have a session of it open."""

    def __init__(self, wall: Wall, layout: Layout, *, fork_server: bool) -> None:
        self._wall = wall
        self._layout = layout
        self._setup = wall.setup(layout)
        self._fork_server = fork_server
        self._stage: Stage | None = None
        self._guard = threading.Lock()
        self._sheets = Sheets()

    @property
    def isolation(self) -> Isolation:
        """The level."""
        return self._wall.name

    def session(self, program: Program) -> SandboxSession:
        """A program; it is started when first asked."""
        return SandboxSession(program, self._start, self._layout.imports, self._sheets)

    def close(self) -> None:
        """No stage runs on, and nothing of ours is left on disk."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None
        layouts.remove(self._layout)

    def _start(self, limits: Limits) -> Peer:
        return self._from_server(limits) if self._fork_server else self._once(limits)

    def _once(self, limits: Limits) -> Peer:
        after = contextlib.ExitStack()
        with after:
            stage = after.enter_context(Stage(self._wall, self._layout, self._setup, one_shot=True))
            return self._peer(stage, limits, after)
        raise AssertionError

    def _from_server(self, limits: Limits) -> Peer:
        """From the stage there is; from another where it is gone."""
        for attempt in (1, 2):
            stage = self._server()
            try:
                with contextlib.ExitStack() as after:
                    return self._peer(stage, limits, after)
            except Infrastructure:
                if attempt == 2:
                    raise
                self._discard(stage)
        raise AssertionError

    def _peer(self, stage: Stage, limits: Limits, after: contextlib.ExitStack) -> Peer:
        """A program that stands; what is to be done after its end goes with it."""
        user = random.randint(*UNPRIVILEGED) if privileged() else None  # noqa: S311 - two programs are not to be the same user
        folder = Folder(self._layout.farm, user, limits.file_mb << 20) if self._wall.folders else None
        if folder is not None:
            after.callback(folder.remove)
        job = make_job(limits, folder=FOLDER if folder is None else folder.path, user=user, others=self._others(limits))
        return Peer(stage.submit(job), after.pop_all(), None if folder is None else folder.overfull)

    def _others(self, limits: Limits) -> int:
        """Processes that the kernel counts as the program's user's, and that are not the program's."""
        if self._wall.folders and limits.processes > 1 and not privileged():
            return processes_of(os.getuid()) + (1 if self._fork_server else 0)  # with the keeper that is still to come
        return self._wall.others

    def _server(self) -> Stage:
        with self._guard:
            if self._stage is None or not self._stage.alive:
                if self._stage is not None:
                    self._stage.close()
                self._stage = Stage(self._wall, self._layout, self._setup, one_shot=False)
            return self._stage

    def _discard(self, stage: Stage) -> None:
        with self._guard:
            if self._stage is stage:
                self._stage = None
        stage.close()


def make_job(limits: Limits, *, folder: str, user: int | None, others: int) -> Job:
    """What the kernel is told of a question's limits."""
    return Job(
        folder=folder,
        user=user,
        others=0 if user is not None else others,
        cpu=cpu_ceiling(limits),
        memory=limits.memory_mb << 20,
        processes=limits.processes,
        open_files=max(16, limits.open_files),
        file_bytes=limits.file_mb << 20,
        most=limits.result_mb << 20,
    )


@contextlib.contextmanager
def open_launcher(isolation: Isolation, *, imports: Sequence[str] = ("numpy",), fork_server: bool = False) -> Iterator[Launcher]:
    """Walls of one level for as long as the context lasts. Raises GradcheckError where they cannot stand on this machine (see `probe`)."""
    reason = supported()
    if reason:
        raise GradcheckError(f"no walls of level {isolation}: {reason}")
    launcher = Launcher(WALLS[isolation], layouts.make_layout(imports), fork_server=fork_server)
    try:
        yield launcher
    finally:
        launcher.close()
