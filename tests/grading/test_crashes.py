"""A class is graded while graders, their processes, workers of a cluster are killed and disks run full: what comes out is what an undisturbed run gives."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clusters import ENVIRONMENT, Processes, children, cluster_here, cluster_of_processes, kill, until
from small_classes import write_class

from gradcheck.grading.classes.journal import _lines

STUDENTS = 60
QUICK = 6
NO_WALLS = ("--sandbox=none", "--i-trust-these-submissions")


@dataclass
class Class:
    """A class in a folder, and the files that an undisturbed run writes of it."""

    folder: Path
    count: int
    walls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.assignment, self.submissions = write_class(self.folder, self.count)
        self.undisturbed: dict[str, bytes] = {}

    def command(self, output: Path, *more: str) -> list[str]:
        grade = ["grade", str(self.assignment), str(self.submissions), "-o", str(output), "--no-html", "--fork-server", *self.walls]
        return [sys.executable, "-m", "gradcheck.cli", *grade, *([] if "--dask" in more else ["--workers", "2"]), *more]

    def start(self, output: Path, *more: str, limit: int | None = None) -> subprocess.Popen[bytes]:
        def full() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit or 0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

        return subprocess.Popen(
            self.command(output, *more), env=ENVIRONMENT, preexec_fn=full if limit else None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )  # fmt: skip

    def run(self, output: Path, *more: str) -> str:
        """Grade to the end; what was said on stderr."""
        _, said = (process := self.start(output, *more)).communicate(timeout=120)
        assert process.returncode == 0, said.decode()
        return said.decode()


def written(output: Path) -> dict[str, bytes]:
    """All that was written, but for the journal."""
    return {p.relative_to(output).as_posix(): p.read_bytes() for p in output.rglob("*") if p.is_file() and p.name != "journal.jsonl"}


def graded(output: Path) -> Counter[str]:
    """How often each submission's mark stands in the journal: what failed for a reason of ours is no mark."""
    path = output / "journal.jsonl"
    lines = [data for data, _ in _lines(path.read_bytes())] if path.exists() else []
    return Counter(data["key"] for data in lines if "key" in data and data["mark"]["complete"])


def check(room: Class, output: Path) -> None:
    """The same files, byte for byte, and nobody graded twice."""
    found = written(output)
    assert {"marks.json", "gradebook.csv"} <= set(found)
    assert found == room.undisturbed
    times = graded(output)
    assert len(times) == room.count and set(times.values()) == {1}


def at_moment(output: Path, process: subprocess.Popen[bytes], chosen: random.Random, count: int) -> None:
    """Wait until so many marks are known, and a little longer; or until it is over."""
    lines = chosen.randrange(count + 2)
    path = output / "journal.jsonl"
    until(lambda: process.poll() is not None or (path.exists() and path.read_bytes().count(b"\n") >= lines), 120)
    try:
        process.wait(chosen.random() * 0.2)
    except subprocess.TimeoutExpired:
        pass


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """A class behind the strongest walls there are, and its marks."""
    room = Class(tmp_path_factory.mktemp("class") / "class", STUDENTS)
    room.run(room.folder / "undisturbed")
    room.undisturbed = written(room.folder / "undisturbed")
    return room


@pytest.fixture(scope="module")
def small_room(tmp_path_factory: pytest.TempPathFactory) -> Class:
    room = Class(tmp_path_factory.mktemp("class") / "class", QUICK, NO_WALLS)
    room.run(room.folder / "undisturbed")
    room.undisturbed = written(room.folder / "undisturbed")
    return room


def killed_grader(room: Class, output: Path, seed: int) -> None:
    """SIGKILL of the grader, up to three times before it is let go on to its end."""
    chosen = random.Random(seed)
    for n in range(chosen.randint(1, 3)):
        process = room.start(output, *(["--resume"] if n else []))
        at_moment(output, process, chosen, room.count)
        process.kill()
        process.communicate()
    room.run(output, "--resume")


def killed_workers(room: Class, output: Path, seed: int) -> None:
    """SIGKILL of processes that grade, one after another: no more than each submission's second chance bears. They are the grader's children."""
    chosen = random.Random(seed)
    process = room.start(output)
    at_moment(output, process, chosen, room.count // 2)
    victims = children(process.pid)
    if victims:
        kill(chosen.choice(victims))
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said.decode()


def full_disk(room: Class, output: Path, seed: int) -> None:
    """Files cannot grow beyond a size that the journal reaches."""
    size = (room.folder / "undisturbed" / "journal.jsonl").stat().st_size
    process = room.start(output, limit=random.Random(seed).randrange(max(size // 10, 40_000), size))  # walls' own files have to fit
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2 and b"make room, then add --resume" in said, said.decode()
    room.run(output, "--resume")


@pytest.mark.slow
def test_a_grader_that_is_killed_is_followed_by_another(small_room, tmp_path):
    output = tmp_path / "marks"
    process = small_room.start(output)
    until(lambda: sum(graded(output).values()) >= 2)
    process.kill()
    process.communicate()
    known = sum(graded(output).values())
    assert 2 <= known < QUICK
    refused = subprocess.run(small_room.command(output), env=ENVIRONMENT, capture_output=True, text=True)
    assert refused.returncode == 2 and f"a run was ended with {known} marks known: add --resume" in refused.stderr
    assert f"{known} marks are known" in small_room.run(output, "--resume")
    check(small_room, output)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(18))
def test_the_grader_is_killed(room, tmp_path, seed):
    killed_grader(room, tmp_path / "marks", seed)
    check(room, tmp_path / "marks")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 114))
def test_a_process_of_the_grader_is_killed(room, tmp_path, seed):
    killed_workers(room, tmp_path / "marks", seed)
    check(room, tmp_path / "marks")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 208))
def test_the_disk_is_full(room, tmp_path, seed):
    full_disk(room, tmp_path / "marks", seed)
    check(room, tmp_path / "marks")


TINY = """
set -e
mkdir -p "$OUTPUT" && mount -t tmpfs -o size="$SIZE" none "$OUTPUT"
"$@" || echo "ended with $?"
mount -o remount,size=64m "$OUTPUT"
"$@" --resume
cp -r "$OUTPUT" "$OUTPUT-kept"
"""


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 306))
def test_a_tiny_disk_is_full(room, tmp_path, seed):
    """Of a disk that journal and marks together do not fit on, one or the other cannot be written."""
    if not can_mount():
        pytest.skip("no file system can be mounted here: files are limited in size instead, above")
    needed = sum(len(content) for content in room.undisturbed.values()) + (room.folder / "undisturbed" / "journal.jsonl").stat().st_size
    size = random.Random(seed).randrange(8, max(9, needed // 1024)) * 1024
    given = ENVIRONMENT | {"OUTPUT": str(tmp_path / "marks"), "SIZE": str(size)}
    command = ["unshare", "-m", "sh", "-c", TINY, "sh", *room.command(tmp_path / "marks")]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "ended with 2" in done.stdout
    check(room, tmp_path / "marks-kept")


# on a cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with cluster_of_processes(tmp_path_factory.mktemp("dask")) as found:
        yield found


@pytest.mark.slow
def test_a_cluster_gives_the_same_marks(small_room, tmp_path):
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with cluster_here() as address:
        small_room.run(tmp_path / "marks", "--dask", address)
    check(small_room, tmp_path / "marks")


@pytest.mark.slow
def test_a_scheduler_and_two_workers_give_the_same_marks(room, cluster, tmp_path):
    room.run(tmp_path / "marks", "--dask", cluster.address)
    check(room, tmp_path / "marks")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(400, 406))
def test_a_worker_of_the_cluster_is_killed(room, cluster, tmp_path, seed):
    chosen, output = random.Random(seed), tmp_path / "marks"
    process = room.start(output, "--dask", cluster.address)
    at_moment(output, process, chosen, room.count // 2)
    kill(chosen.choice(until(cluster.workers)))
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said.decode()
    check(room, output)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(500, 504))
def test_a_grader_that_uses_a_cluster_is_killed(room, cluster, tmp_path, seed):
    chosen, output = random.Random(seed), tmp_path / "marks"
    process = room.start(output, "--dask", cluster.address)
    at_moment(output, process, chosen, room.count // 2)
    process.kill()
    process.communicate()
    room.run(output, "--resume", *(["--dask", cluster.address] if seed % 2 else []))
    check(room, output)


@pytest.mark.slow
def test_a_cluster_that_is_gone_is_told_and_the_run_goes_on_without_it(room, tmp_path):
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    output = tmp_path / "marks"
    with cluster_of_processes(tmp_path) as cluster:
        process = room.start(output, "--dask", cluster.address)
        until(lambda: sum(graded(output).values()) >= 5, 60)
        for nanny in cluster.running[1:]:
            workers = children(nanny.pid)
            nanny.kill()
            for pid in workers:
                kill(pid)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "no worker is left at" in said.decode() and "then add --resume: no mark is lost" in said.decode()
    room.run(output, "--resume")
    check(room, output)
