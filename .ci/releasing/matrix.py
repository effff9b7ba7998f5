"""The command `.ci/matrix`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from releasing import pins, pythons, result, telling
from releasing.environment import Plan, tried

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("build>=1.2", "uv>=0.5", "twine>=6.1")


def main(arguments: Sequence[str]) -> int:
    """Build, try, print a table; 0 where all that was tried passed, 1 where something failed, 2 where nothing could be tried."""
    asked = _parser().parse_args(arguments)
    if asked.page:
        return _write_page(asked.record, asked.page)
    project = pins.project_of(ROOT)
    found = pythons.found(asked.only or pythons.supported(project), asked.python or ())
    for version in (v for v, program in found.items() if program is None):
        _tell(f"matrix: PYTHON {version} IS SKIPPED: there is no interpreter of it here (on the path, of pyenv, or named with --python)")
    made = result.Result(_version(), (), tuple(v for v, program in found.items() if program is None))
    with tempfile.TemporaryDirectory(prefix="gradcheck-matrix-", dir=asked.folder) as folder:
        for combination in _combinations(Path(folder), found, asked):
            made = replace(made, combinations=(*made.combinations, combination))
            _record(made, asked.record)  # after each: a matrix takes a while, and what is known is kept
    print(telling.table(made), end="")
    return 2 if not made.combinations else int(not made.passed)


def _record(made: result.Result, file: Path | None) -> None:
    if file is not None:
        known = result.merged(result.read(file), made) if file.exists() else made
        file.write_text(result.text_of(known), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="matrix",
        description="Build the wheel and the sdist, install them in clean environments outside the checkout on every supported Python, with the lowest "
        "and the newest dependencies, run commands and a part of the tests there, and print a table of what passed.",
    )
    parser.add_argument("--only", action="append", metavar="X.Y", help="this Python alone; may be given several times")
    parser.add_argument("--python", action="append", metavar="PROGRAM", help="an interpreter to use; may be given several times")
    parser.add_argument("--dependencies", choices=("lowest", "newest"), help="these alone")
    parser.add_argument("--artifact", choices=("wheel", "sdist"), help="this alone")
    parser.add_argument("--no-tests", action="store_true", help="commands only, no part of the test suite")
    parser.add_argument("--folder", type=Path, help="where the environments are made, and removed (default: the system's temporary folder)")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write what came of it as JSON; combinations that are there and not tried again are kept",
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="try nothing: write the page of the documentation from the FILE of --record"
    )
    return parser


def _combinations(folder: Path, found: dict[str, tuple[str, str] | None], asked: argparse.Namespace) -> Iterator[result.Combination]:
    tools = _tools(folder / "tools")
    wheel, sdist = _built(tools, folder / "dist")
    wanted = (p for p in _plans(found, wheel, sdist) if asked.dependencies in (None, p.dependencies) and asked.artifact in (None, p.kind))
    for number, plan in enumerate(wanted):
        _tell(f"matrix: Python {plan.python}, {plan.dependencies} dependencies, {plan.kind}")
        yield tried(plan, folder / str(number), ROOT, tools / "bin" / "uv", tests=not asked.no_tests, tell=_tell)


def _plans(found: dict[str, tuple[str, str] | None], wheel: Path, sdist: Path) -> Iterator[Plan]:
    """The wheel on every Python with both; the sdist once, on the first."""
    project, version = pins.project_of(ROOT), _version()
    bounds = tuple(pins.lowest(project, ["all"]))
    known = [program for program in found.values() if program is not None]
    for program, python in known:
        yield Plan(program, python, "lowest", wheel, bounds, version)
        yield Plan(program, python, "newest", wheel, None, version)
    for program, python in known[:1]:
        yield Plan(program, python, "newest", sdist, None, version)


def _version() -> str:
    text = (ROOT / "gradcheck" / "__init__.py").read_text(encoding="utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


def _tools(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    _run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS], "the tools")
    return folder


def _built(tools: Path, folder: Path) -> tuple[Path, Path]:
    """The wheel, made from the sdist as `build` does, and the sdist; both as an index would take them."""
    _run([tools / "bin" / "python", "-m", "build", "--outdir", folder, ROOT], "the wheel and the sdist")
    wheel, sdist = next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))
    _run([tools / "bin" / "python", "-m", "twine", "check", "--strict", wheel, sdist], "the metadata")
    return wheel, sdist


def _run(words: Sequence[str | Path], what: str) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603 - our own tools
    if ran.returncode:
        _tell(ran.stdout[-3000:] + ran.stderr[-3000:])
        raise SystemExit(f"matrix: {what} could not be made: see above")


def _write_page(record: Path | None, page: Path) -> int:
    if record is None:
        _tell("matrix: --page needs --record FILE: what the page is made of")
        return 2
    page.write_text(telling.page(result.read(record)), encoding="utf-8")
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
