"""Cases as tests: each case an item, each of its claimed gradients an item."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from gradcheck.case import Case, ClaimedGradient
from gradcheck.errors import GradcheckError, GradientError
from gradcheck.testing.frames import without_ours
from gradcheck.testing.session import GradientSession, session_of


def files_named(named: Sequence[str], root: Path) -> Iterator[Path]:
    """The files that `gradcheck_cases` names: files, all Python files below folders, or patterns, relative to the root.

    Raises pytest.UsageError for a name that stands for no file: its cases would be lost in silence.
    """
    for text in named:
        path = Path(os.path.abspath(root / text))  # noqa: PTH100  # as pytest names files: without `..`, links not followed
        if path.is_file():
            found = [path]
        elif path.is_dir():
            from gradcheck.studies.collection import files_below

            found = files_below(path)
        else:
            found = [
                p
                for p in sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
                if p.suffix == ".py" and not p.name.startswith("_")
            ]
        if not found:
            raise pytest.UsageError(f"gradcheck_cases = {text}: no such file, and no Python file below or matching it in {root}")
        yield from found


def add_to_arguments(config: pytest.Config, files: Sequence[Path]) -> None:
    """Have pytest look into files of cases wherever they are, unless the command line says where to look.

    A file given as an argument is collected even in folders that pytest does not enter; one that is ignored on purpose is not added.
    """
    source = config.args_source
    whole = source is pytest.Config.ArgsSource.TESTPATHS or (
        source is pytest.Config.ArgsSource.INVOCATION_DIR and config.invocation_params.dir == config.rootpath
    )
    if whole:
        ignored = config.hook.pytest_ignore_collect
        config.args += [str(f) for f in files if not ignored(collection_path=f, path=None, config=config)]


ENTERED = pytest.StashKey[set[Path]]()  # folders entered for their cases alone


def still_ignored(path: Path, files: Collection[Path], config: pytest.Config, ignored: bool | None) -> bool | None:
    """Whether pytest ignores a path, given that it `ignored` it without us."""
    entered = config.stash.setdefault(ENTERED, set())
    leads_to_cases = path in files or any(path in f.parents for f in files)
    if not leads_to_cases:
        return True if entered.intersection(path.parents) else ignored
    on_purpose = {(config.invocation_params.dir / p) for p in config.getoption("ignore") or ()}
    if ignored and path.is_dir() and path not in on_purpose:
        entered.add(path)
        return False
    return ignored


def instead_of_module(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """What pytest collects of a file of cases besides its cases: nothing, unless it is named like a file of tests.

    pytest takes every Python file that it is given by its path for one.
    """
    named = (fnmatch(str(path) if "/" in p else path.name, f"*/{p}" if "/" in p else p) for p in parent.config.getini("python_files"))
    nothing: pytest.Collector | None = None if any(named) else NoTests.from_parent(parent, path=path)
    return nothing


class NoTests(pytest.File):
    """A file without tests of its own."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing."""
        return iter(())


class CaseFile(pytest.File):
    """A file of cases."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Every case, then its claimed gradients; CollectError where a case would be lost."""
        from gradcheck.studies.collection import load_cases

        found = load_cases(self.path)
        if found.problems:
            raise self.CollectError("\n".join(_relative(p.message, self.config.rootpath) for p in found.problems))
        for case in found:
            yield CaseItem.from_parent(self, name=case.name, case=case)
            if case.claimed:
                yield ClaimedGradients.from_parent(self, name=case.name, case=case)


def case_file(path: Path, parent: pytest.Collector) -> CaseFile:
    """A file of cases as pytest collects it. Outside the root pytest knows such files by no name at all: there it is told how to get to it."""
    root = parent.config.rootpath
    nodeid = None if path.is_relative_to(root) else Path(os.path.relpath(path, root)).as_posix()
    collector: CaseFile = CaseFile.from_parent(parent, path=path, nodeid=nodeid)
    return collector


def _relative(message: str, root: Path) -> str:
    return message.replace(f"{root}/", "")


class ClaimedGradients(pytest.Collector):
    """The claimed gradients of a case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each; CollectError where two have one name."""
        names = [c.name for c in self.case.claimed]
        for claim in self.case.claimed:
            if names.count(claim.name) > 1:
                line = claim.function.__code__.co_firstlineno
                raise self.CollectError(
                    f"case {self.case.name}: {names.count(claim.name)} claimed gradients are called {claim.name!r} (one at line {line}): rename all but one"
                )
            yield ClaimedItem.from_parent(self, name=claim.name, case=self.case, claim=claim)


class _GradientItem(pytest.Item):
    """A test that is not a function: its failure is a text."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.add_marker(pytest.mark.gradcheck)

    @property
    def gradients(self) -> GradientSession:
        """What the run knows of gradient checks."""
        return session_of(self.config)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone: no frame of ours helps."""
        error = excinfo.value
        if isinstance(error, GradientError):
            return str(error)
        if isinstance(error, GradcheckError):
            text = str(error).removeprefix(f"case {self.case.name}: ").removeprefix(f"{self.case.name}: ")
            return _relative(f"{self.path}:{self.case.line}: case {self.case.name}: {text}", self.config.rootpath)
        return super().repr_failure(pytest.ExceptionInfo.from_exception(without_ours(error)))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case is written."""
        return self.path, self.line - 1, self.nodeid.partition("::")[2]

    @property
    def line(self) -> int:
        """The first line of what is tested, counted from 1."""
        return self.case.line


class CaseItem(_GradientItem):
    """A case's own gradients: symbolic, tape and differences must be right."""

    def runtest(self) -> None:
        """Compare them."""
        from gradcheck.testing.cases import test_case

        test_case(self.case, self.gradients, self)


class ClaimedItem(_GradientItem):
    """A claimed gradient of a case: it must get the verdict expected of it."""

    def __init__(self, *, claim: ClaimedGradient, **rest: Any) -> None:
        super().__init__(**rest)
        self.claim = claim

    def runtest(self) -> None:
        """Check it."""
        from gradcheck.testing.cases import test_claimed

        test_claimed(self.case, self.claim, self.gradients, self)

    @property
    def line(self) -> int:
        """The line of the claimed gradient."""
        code = getattr(self.claim.function, "__code__", None)
        return self.case.line if code is None else int(code.co_firstlineno)
