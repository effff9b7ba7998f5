"""Lessons: notebooks kept as text (jupytext's MyST format), executed into build/lessons, and shown with what they put out.

`python docs/building/lessons.py [FOLDER]` executes all of them.
"""

from __future__ import annotations

import os
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from building.pictures import drawing

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "docs" / "lessons"
BUILT = ROOT / "build" / "lessons"
LONGEST = 180  # seconds for a cell
CELL = re.compile(r"\S*ipykernel_\d+\S*\.py:(\d+)")  # where a kernel says that a cell is; it differs from run to run


def is_lesson(text: str) -> bool:
    """Whether a page is a notebook as text."""
    return text.startswith("---\njupytext:")


def executed(source: Path, folder: Path = BUILT) -> Any:
    """The notebook of a lesson with its outputs, written into `folder`; taken from there where neither lesson nor gradcheck has changed.

    Raises nbclient's CellExecutionError where a cell fails.
    """
    import nbformat

    target, made_from = folder / f"{source.stem}.ipynb", _made_from(source)
    if target.is_file():
        known = nbformat.read(target, as_version=4)
        if known.metadata.get("made_from") == made_from:
            return known
    notebook = execute(source)
    notebook.metadata["made_from"] = made_from
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    nbformat.write(notebook, unfinished)
    unfinished.replace(target)
    return notebook


def execute(source: Path) -> Any:
    """Run every cell of a lesson in the project's folder, in a fresh kernel of this Python."""
    import jupytext
    from nbclient import NotebookClient
    from traitlets.config import Config

    notebook = jupytext.read(source)
    paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        "PYTHONWARNINGS": "error::DeprecationWarning:__main__",
    }
    transport = Config({"KernelManager": {"transport": "ipc" if os.name == "posix" else "tcp"}})  # no ports are opened where that can be
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=LONGEST, kernel_name="python3", resources=place, config=transport).execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times differ from run to run
    return notebook


def _made_from(source: Path) -> str:
    """A digest of all that the outputs depend on."""
    digest = sha256(source.read_bytes())
    for file in sorted([*(ROOT / "gradcheck").rglob("*.py"), *(ROOT / "cases").rglob("*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def page(source: Path) -> str:
    """An executed lesson as a page of the site."""
    notebook = executed(source)
    parts = [cell.source if cell.cell_type == "markdown" else _cell(cell) for cell in notebook.cells]
    note = f"*This lesson is a notebook: `make lessons` writes it, executed, to `build/lessons/{source.stem}.ipynb`.*"
    return "\n\n".join([*parts, note]) + "\n"


def _cell(cell: Any) -> str:
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    shown = [_output(o) for o in cell.outputs if o.output_type != "stream"]
    return "\n\n".join([f"```python\n{cell.source}\n```", *([_text(printed)] if printed else []), *shown])


def _output(output: Any) -> str:
    if output.output_type == "error":
        return _text(f"{output.ename}: {output.evalue}")
    data = output.data
    if "image/svg+xml" in data:
        return drawing(data["image/svg+xml"])
    if "text/html" in data:
        body = " ".join(line for line in data["text/html"].splitlines() if line.strip())
        return f'<div class="output">{_placed(re.sub(r"<style.*?</style>", "", body))}</div>'
    return _text(data["text/plain"])


def _text(text: str) -> str:
    return f"```output\n{_placed(text.rstrip())}\n```"


def _placed(text: str) -> str:
    return CELL.sub(r"line \1 of its cell", text)


def main(arguments: list[str]) -> None:
    """Execute every lesson."""
    folder = Path(arguments[0]) if arguments else BUILT
    for source in sorted(SOURCES.glob("*.md")):
        if is_lesson(source.read_text(encoding="utf-8")):
            executed(source, folder)
            print(folder / f"{source.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
