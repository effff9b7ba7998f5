"""What stands in a page of the site in the place of marks: texts made from the code, and links that hold outside a repository page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from building.measured import MEASURED
from building.pictures import drawn
from building.reference import TEXTS, public_name

MADE = re.compile(r"^<!-- made from the code: (.*?) -->$", re.M)
DOCS = Path(__file__).parents[1]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def made(text: str) -> str:
    """A page with every mark replaced. KeyError for a text that nothing makes, AttributeError for a name that is not public."""
    return MADE.sub(lambda mark: _text(mark.group(1)), text)


def _text(name: str) -> str:
    kind, _, rest = name.partition(" ")
    return public_name(rest) if kind == "name" else (TEXTS | MEASURED)[name]()


def linked(text: str, folder: Path) -> str:
    """Links to a folder lead to its page, those to a page that is not of the site to the file."""

    def page(link: re.Match[str]) -> str:
        target = folder / link.group(1)
        if target.suffix == ".md" and not target.resolve().is_relative_to(DOCS):
            return f"](path:{link.group(1)})"  # no page of the site: the file itself
        if target.is_dir():
            for name in ("index.md", "README.md"):
                if (target / name).is_file():
                    return f"]({link.group(1).rstrip('/')}/{name}{link.group(2) or ''})"
        return link.group(0)

    return LINK.sub(page, text)


def source_read(app: Any, name: str, source: list[str]) -> None:
    """Sphinx hands over every page before it is read."""
    from building.lessons import is_lesson, page

    path = Path(app.env.doc2path(name))
    text = path.read_text(encoding="utf-8")
    if is_lesson(text):
        text = page(path)
    source[0] = drawn(linked(made(text), path.parent), path.parent)


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("source-read", source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
