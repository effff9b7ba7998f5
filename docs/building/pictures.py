"""Drawings of ours inside a page: the page's style sheet has their colours, so that they follow the reader's choice of light or dark."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

IMAGE = re.compile(r"^!\[([^\]]*)\]\(([^)\s]+\.svg)\)$", re.M)
NUMBERS = count()


def drawing(svg: str) -> str:
    """The drawing as a block of HTML, without its own style, and with identifiers that occur once."""
    body = re.sub(r"<style>.*?</style>|<rect class=\"page\"[^>]*/>", "", svg[svg.index("<svg") :], flags=re.S)
    number = next(NUMBERS)
    body = re.sub(r"(graph-[\w-]+?)-(title|desc)\b", rf"\1-{number}-\2", body)
    return f'<div class="picture">{" ".join(body.split(chr(10)))}</div>'


def drawn(text: str, folder: Path) -> str:
    """A page whose pictures that `gradcheck graph` wrote stand in it."""

    def embedded(image: re.Match[str]) -> str:
        path = folder / image.group(2)
        svg = path.read_text(encoding="utf-8") if path.is_file() else ""
        return drawing(svg) if '<svg xmlns="http://www.w3.org/2000/svg" class="graph' in svg else image.group(0)

    return IMAGE.sub(embedded, text)


def write_style(app: Any) -> None:
    """The style sheet of drawings, beside the site's own."""
    from gradcheck.rendering.graph.svg import css

    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graph.css").write_text(css(), encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("builder-inited", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
