"""Finding cases and claims in files and folders."""

from __future__ import annotations

import importlib.util
import sys
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import overload

from gradcheck.case import Case, Claim
from gradcheck.errors import CaseError, UsageError
from gradcheck.studies.discovery import cases_of, lost_in


@dataclass(frozen=True, slots=True)
class Problematic:
    """A file that could not be read as cases, and why: one line."""

    file: str
    message: str


FEW = 8  # names fit a line


class Cases(Sequence[Case]):
    """The cases found, in the order of files and lines; `claims` with them, `problems` of files that failed, and the `files` looked into."""

    def __init__(self, cases: Sequence[Case], claims: Sequence[Claim], problems: Sequence[Problematic], files: Sequence[Path] = ()) -> None:
        self.cases, self.claims, self.problems, self.files = tuple(cases), tuple(claims), tuple(problems), tuple(files)

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | Sequence[Case]:
        return self.cases[index]

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __repr__(self) -> str:
        return f"<{len(self)} cases, {len(self.claims)} claims, {len(self.problems)} files at fault>"

    def named(self, name: str) -> Case:
        """The case of that name; UsageError with the nearest names where there is none."""
        from difflib import get_close_matches

        for found in self.cases:
            if found.name == name:
                return found
        near = get_close_matches(name, [c.name for c in self.cases], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else self._instead()
        raise UsageError(f"no case is called {name!r}{hint}")

    def _instead(self) -> str:
        """Why a case may not be there, or the few that are."""
        if self.problems:
            return f"; {self.problems[0].message}"
        return f"; there is {', '.join(c.name for c in self.cases)}" if 0 < len(self.cases) <= FEW else ""


def load_cases(*paths: str | Path) -> Cases:
    """Find the cases and claims in Python files, or in all files under folders.

    A file that fails to load is listed in `.problems`, and the others are loaded all the same. Raises UsageError
    for a path that does not exist.
    """
    cases: list[Case] = []
    claims: list[Claim] = []
    problems: list[Problematic] = []
    files = list(_files(paths))
    for file in files:
        try:
            module = load_file(file)
        except CaseError as error:
            problems.append(Problematic(str(file), str(error)))
            continue
        here = cases_of(module), _claims_of(module)
        cases += here[0]
        claims += here[1]
        problems += [Problematic(str(file), f"{file}:{line}: {why}") for line, why in lost_in(module, source_of(file))]
        if not any(here):
            problems.append(Problematic(str(file), f"{file}: holds no case: decorate a function with @case(...), or leave the file out"))
    return Cases(cases, claims, problems + _repeated(cases), files)


def _files(paths: Sequence[str | Path]) -> Iterator[Path]:
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        found = files_below(path) if path.is_dir() else [path]
        if not found:
            raise UsageError(f"{path}: holds no Python file")
        yield from found


def files_below(folder: Path) -> list[Path]:
    """The Python files below a folder, but for helpers (_name.py) and those of projects of their own: folders with a pyproject.toml."""
    others = [p.parent for p in folder.rglob("pyproject.toml") if p.parent != folder]
    return sorted(p for p in folder.rglob("*.py") if not p.name.startswith("_") and not any(p.is_relative_to(o) for o in others))


def source_of(file: Path) -> str:
    """A Python file's text, in the encoding that it states."""
    with tokenize.open(file) as text:
        return text.read()


def _claims_of(module: ModuleType) -> list[Claim]:
    unique = {id(v): v for v in vars(module).values() if isinstance(v, Claim)}.values()
    return [v for v in unique if v.function.__module__ == module.__name__]


def _repeated(cases: list[Case]) -> list[Problematic]:
    seen: dict[str, Case] = {}
    problems = []
    for c in cases:
        first = seen.setdefault(c.name, c)
        if first is not c:
            problems.append(
                Problematic(c.file, f"{c.file}:{c.line}: case {c.name} is already defined at {first.file}:{first.line}: rename one")
            )
    return problems


def load_file(file: Path) -> ModuleType:
    """Run a file of cases as a module of its own; CaseError, naming the line, where it fails."""
    name = "gradcheck_cases_" + "_".join(file.resolve().with_suffix("").parts[-2:])
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CaseError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _importable(file.parent):
            spec.loader.exec_module(module)
    except CaseError as error:
        raise CaseError(f"{file}:{_line_in(file, error)}: {error}") from error
    except SyntaxError as error:
        raise CaseError(f"{error.filename or file}:{error.lineno}: syntax error: {error.msg}") from error
    except (Exception, SystemExit) as error:  # whatever a user's module raises when it is run
        raise CaseError(f"{file}:{_line_in(file, error)}: {type(error).__name__}: {error}{_hint(error)}") from error
    return module


def _hint(error: BaseException) -> str:
    relative = isinstance(error, ImportError) and "relative import" in str(error)
    return (
        ": a file of cases is run by itself: write `from neighbour import ...` for a file beside it, or name the package in full"
        if relative
        else ""
    )


def _line_in(file: Path, error: BaseException) -> int:
    """The deepest line of the file that the traceback passes."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == file.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let case files import their neighbours while they are loaded."""
    sys.path.insert(0, str(folder.resolve()))
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))
