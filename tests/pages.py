"""Runs a page of the documentation as a reader would: every block of Python and every command, in order, and holds what is shown against what is printed.

- ```python blocks share one scope; an ```output block below states what the block printed, with `...` for what varies.
- ```console blocks hold commands after `$ `, run by a shell in a folder of the page's own, each followed by what it prints (nothing: it is not
  compared). A command may fail only where `$ echo $?` comes next.
- Marks are comments, alone on a line before the block: `<!-- file: NAME -->` writes the block into that file (`+NAME`: at its end); `<!-- not run: REASON -->` and
  `<!-- run by: tests/FILE.py -->` leave it out.
- Tests that a page defines are run by pytest after its last block; `<!-- test that fails: NAME -->` says of one that it shows a mistake,
  `<!-- no test of pytest: NAME -->` that it is for another runner.
- A block that imports a framework which is not installed skips the rest of the page's test, with the reason. `<!-- needs: torch -->` says that the blocks
  after this one do without it: they run, and the test is skipped at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$", re.S | re.M)
MARK = re.compile(r"^ *<!-- (file|not run|run by|needs): (.*?) -->\s*\Z", re.M)
LANGUAGES = {"{code-cell} ipython3": "python", "{code-cell} python3": "python"}
FRAMEWORKS = ("torch", "jax", "tensorflow", "autograd")
LONGEST = 400  # seconds for a command


class Failed(AssertionError):
    """A page does not do what it says; the message names the line."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page: its language, where it begins, and the mark before it."""

    language: str
    text: str
    line: int
    mark: str = ""
    value: str = ""


def blocks(text: str) -> list[Block]:
    """Every block of a page, in order."""
    found = []
    for match in FENCE.finditer(text):
        mark = MARK.search(text, 0, match.start())
        language = match["language"].strip()
        said = (mark[1], mark[2]) if mark else ("", "")
        found.append(
            Block(LANGUAGES.get(language, language), textwrap.dedent(match["text"]), text.count("\n", 0, match.start()) + 1, *said)
        )
    return found


def frameworks(program: str) -> list[str]:
    """The frameworks that a program imports."""
    return re.findall(rf"^\s*(?:import|from) ({'|'.join(FRAMEWORKS)})\b", program, re.M)


def agrees(shown: str, printed: str) -> bool:
    """Whether what was printed is what is shown, with `...` for anything."""
    parts = (re.escape(part) for part in _bare(shown).split("..."))
    return re.fullmatch(".*?".join(parts), _bare(printed), re.S) is not None


def _bare(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@dataclass(slots=True)
class Page:
    """A page while it runs, in a folder of its own."""

    path: Path
    folder: Path
    root: Path
    scope: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    printed: str | None = None
    programs: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    def run(self, whole: bool = True) -> dict[str, Any]:
        """Every block, and the tests they define (not `whole`: the Python alone); gives what they define.

        Raises Failed; skips where a framework is missing.
        """
        for block in blocks(self.path.read_text(encoding="utf-8")):
            if whole or block.language != "console":
                self._block(block)
        others = set(re.findall(r"^<!-- no test of pytest: (\S+) -->$", self.path.read_text(encoding="utf-8"), re.M))
        defined = {name for program in self.programs for name in re.findall(r"^(?:    )?def (test_\w+)", program, re.M)}
        if whole and defined - others:
            self._tests()
        if self.lacking:
            pytest.skip(f"{'; '.join(self.lacking)} (the other blocks ran)")
        return self.scope

    def _block(self, block: Block) -> None:
        if block.mark == "file":
            target = self.folder / block.value.removeprefix("+")
            if self.folder.resolve() not in target.resolve().parents:
                raise Failed(f"{self._at(block)}: {block.value} is not in the page's own folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("a" if block.value.startswith("+") else "w", encoding="utf-8") as file:
                file.write(block.text)
        elif block.mark == "needs" and find_spec(block.value) is None:
            self.lacking.append(f"{self._at(block)}: this block needs {block.value}, which is not installed")
            self.printed = None
        elif block.mark in ("not run", "run by"):
            return
        elif block.language == "python":
            self._python(block)
        elif block.language == "output":
            self._output(block)
        elif block.language == "console":
            self._console(block)

    def _at(self, block: Block, offset: int = 0) -> str:
        return f"{self.path.name}:{block.line + offset}"

    def _python(self, block: Block) -> None:
        for name in frameworks(block.text):
            if find_spec(name) is None:
                pytest.skip(f"{self._at(block)}: this page needs {name}, which is not installed")
        file = self.folder / "blocks" / f"block{len(self.programs)}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text, encoding="utf-8")  # diagnoses show lines of it
        self.programs.append(block.text)
        said = StringIO()
        try:
            with redirect_stdout(said), chdir(self.folder):
                exec(compile(block.text, str(file), "exec"), self.scope)
        except Exception as error:
            raise Failed(f"{self._at(block)}: the block fails: {type(error).__name__}: {error}") from error
        self.printed = said.getvalue()

    def _output(self, block: Block) -> None:
        if self.printed is None and self.lacking:
            return  # of a block that did not run
        if self.printed is None:
            raise Failed(f"{self._at(block)}: no block of Python stands before this output")
        if not agrees(block.text, self.printed):
            raise Failed(f"{self._at(block)}: the page shows\n{block.text}\nand the block above prints\n{self.printed}")

    def _console(self, block: Block) -> None:
        steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block.text, re.M)
        code = 0
        for at, (command, shown) in enumerate(steps):
            if command == "echo $?":
                printed = f"{code}\n"
            else:
                code, printed, told = self._shell(command)
                asked = at + 1 < len(steps) and steps[at + 1][0] == "echo $?"
                if code and not asked:
                    raise Failed(f"{self._at(block)}: `{command}` ends with {code}:\n{printed[-2000:]}{told[-2000:]}")
            if shown.strip() and not agrees(shown, printed):
                raise Failed(f"{self._at(block)}: the page shows for `{command}`\n{shown}\nand it prints\n{printed}")

    def _shell(self, command: str) -> tuple[int, str, str]:
        programs = self.folder / ".bin"
        if not programs.is_dir():
            programs.mkdir()
            for name, module in (("gradcheck", "-m gradcheck.cli"), ("pytest", "-m pytest"), ("python", "")):
                (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
                (programs / name).chmod(0o755)
        places = os.pathsep.join(p for p in (str(self.root), os.environ.get("PYTHONPATH", "")) if p)
        environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": places, "NO_COLOR": "1"}
        for name in ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "COLUMNS"):
            environment.pop(name, None)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=LONGEST)
        return done.returncode, done.stdout, done.stderr

    def _tests(self) -> None:
        (self.folder / "test_of_the_page.py").write_text("\n".join(self.programs), encoding="utf-8")
        _, printed, told = self._shell("pytest -q -p no:cacheprovider -p no:randomly --hypothesis-profile=ci test_of_the_page.py")
        failing = re.findall(r"^(?:FAILED|ERROR) \S+?(?:::(\S+))?(?: |$)", printed, re.M)
        meant = re.findall(r"^<!-- test that fails: (\S+) -->$", self.path.read_text(encoding="utf-8"), re.M)
        if sorted(failing) != sorted(meant) or not re.search(r"\d+ passed", printed):
            raise Failed(f"{self.path.name}: tests that fail: {failing}, of which the page says {meant}:\n{printed[-3000:]}{told[-1000:]}")


@contextmanager
def unhurried() -> Iterator[None]:
    """A busy machine is no reason for Hypothesis to call a page's strategies slow: its first draw reads the constants of all modules."""
    from hypothesis import HealthCheck, settings

    before = settings.get_current_profile_name()
    settings.register_profile("pages", parent=settings(), suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("pages")
    try:
        yield
    finally:
        settings.load_profile(before)


def run_page(path: Path, folder: Path, root: Path, prepare: Any = None, *, whole: bool = True) -> dict[str, Any]:
    """Run a page in an empty folder, from which the project's `docs` and `cases` are seen; `prepare(folder)` puts in what it speaks of."""
    for name in ("docs", "cases"):
        (folder / name).symlink_to(root / name)
    if prepare is not None:
        prepare(folder)
    with unhurried():
        return Page(path, folder, root).run(whole)
