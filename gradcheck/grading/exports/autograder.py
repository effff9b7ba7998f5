"""A zip that Gradescope takes as an autograder: the assignment, gradcheck, and the two scripts that Gradescope runs."""

from __future__ import annotations

import io
import re
import shlex
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path

from gradcheck.errors import UsageError
from gradcheck.grading.model import Assignment
from gradcheck.rendering.text import one_line
from gradcheck.writing import write_files

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold: the same files make the same zip
_WITHHELD = b"# The instructor's solution is not part of the autograder.\n"
_BUILDING = 600  # seconds


def gradescope_zip(
    assignment: Assignment, out: Path, *, files: Iterable[Path] = (), wheel: Path | None = None, with_solution: bool = False
) -> tuple[str, ...]:
    """Write the autograder of an assignment, ready to be uploaded; gives the names in it.

    It holds the assignment's file, the files of its cases and `files` (what these import or read from beside them): never a whole folder, in which
    submissions and rosters may lie. The solution is replaced by an empty one unless wanted. gradcheck comes as the `wheel`; without one, it is built where gradcheck
    runs from its sources, and else this release is installed from the registry when Gradescope builds the image.

    Raises UsageError where a file lies outside the assignment's folder or cannot be read, or the wheel is none of gradcheck's or cannot be built.
    """
    content = dict(_scripts(assignment)) | dict(_assignment_files(assignment, files, with_solution))
    found = _wheel(wheel)
    if found is not None:
        content[f"wheels/{found[0]}"] = found[1]
    write_files(out.parent, [(out.name, _zipped(content))], "the autograder")
    return tuple(sorted(content))


def _zipped(content: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix: permissions are kept
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (stat.S_IFREG | (0o755 if "/" not in name else 0o644)) << 16
            file.writestr(entry, content[name])
    return packed.getvalue()


def _scripts(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    """The two scripts, each with its one line that differs."""
    lines = {
        "setup.sh": f"release={shlex.quote('gradcheck==' + metadata.version('gradcheck'))}",
        "run_autograder": f"assignment={shlex.quote(assignment.path.name)}",
    }
    for name, line in lines.items():
        text = resources.files("gradcheck.grading.exports").joinpath("autograder_files", name).read_text(encoding="utf-8")
        begins = line.partition("=")[0] + "="
        yield name, "\n".join(line if here.startswith(begins) else here for here in text.split("\n")).encode()


def _assignment_files(assignment: Assignment, files: Iterable[Path], with_solution: bool) -> Iterator[tuple[str, bytes]]:
    folder = assignment.path.resolve().parent
    solution = assignment.solution.resolve() if assignment.solution is not None else None
    wanted = [assignment.path, *(Path(q.case.file) for q in assignment.questions), *files]
    for path in dict.fromkeys(p.resolve() for p in wanted):
        if path == solution:
            continue
        if not path.is_relative_to(folder):
            raise UsageError(f"{path}: lies outside the assignment's folder {folder}: move it there, since Gradescope gets nothing else")
        yield _inside(path, folder), _read(path)
    if solution is not None and solution.is_relative_to(folder):
        yield _inside(solution, folder), _read(solution) if with_solution else _WITHHELD


def _inside(path: Path, folder: Path) -> str:
    return f"assignment/{path.relative_to(folder).as_posix()}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be put into the autograder: {error.strerror or error}") from error


def _wheel(given: Path | None) -> tuple[str, bytes] | None:
    """Name and content of a wheel of gradcheck: the one given, or one built from the sources it runs from; None for the registry's."""
    if given is not None:
        if not re.fullmatch(r"gradcheck-[^/]*\.whl", given.name):
            raise UsageError(f"{given}: no wheel of gradcheck: its name would be gradcheck-VERSION-py3-none-any.whl")
        return given.name, _read(given)
    sources = _sources()
    if sources is None:
        return None
    with tempfile.TemporaryDirectory() as made:
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--quiet",
            "--disable-pip-version-check",
            "--wheel-dir",
            made,
            str(sources),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_BUILDING)  # noqa: S603 - our own interpreter and sources
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            raise UsageError(
                f"{sources}: no wheel of gradcheck could be built: {one_line(said[-1] if said else '')}; give one with --wheel FILE"
            ) from None
        built = next(Path(made).glob("gradcheck-*.whl"))
        return built.name, built.read_bytes()


def _sources() -> Path | None:
    """The folder of sources that this gradcheck runs from; None where it is installed."""
    folder = Path(__file__).resolve().parents[3]
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return None
    return folder if re.search(r'^name = "gradcheck"$', text, re.M) else None
