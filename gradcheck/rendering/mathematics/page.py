"""A derivation as HTML: a block for any page, and a page that stands alone, with font and style inside and nothing loaded from anywhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Container, Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files

from gradcheck.rendering.mathematics.formats import TITLE, blocks
from gradcheck.rendering.mathematics.lines import Line, Mathematics, Section
from gradcheck.rendering.mathematics.mathml import mathml
from gradcheck.rendering.text import label

STYLE = """
:root { color-scheme: light dark; --quiet: #59636e; --rule: #d1d9e0; --ground: #fff; --ink: #1f2328; }
@media (prefers-color-scheme: dark) { :root { --quiet: #9198a1; --rule: #3d444d; --ground: #0d1117; --ink: #f0f6fc; } }
body { background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1, p { overflow-wrap: anywhere; }
h2 { border-bottom: 1px solid var(--rule); font-size: 1.1rem; margin: 2rem 0 0.8rem; padding-bottom: 0.2rem; }
.reading { color: var(--quiet); font-size: 0.9rem; }
@media print { body { max-width: none; } h2 { break-after: avoid; } .derivation .formula { overflow: visible; } }
"""


def asset(name: str) -> bytes:
    """A file that pages need: math.woff2, math.css."""
    return (files("gradcheck.rendering") / "assets" / name).read_bytes()


def html_block(mathematics: Mathematics, level: int = 2, folded: Container[str] = ()) -> str:
    """Every section with a heading of the level given, for a page that has math.css; those `folded`, by name, open on demand."""
    reading = f'<p class="reading">{escape(" ".join(mathematics.reading))}</p>'
    return reading + "\n" + "\n".join(_section(s, level, s.name in folded) for s in mathematics.sections)


def _section(section: Section, level: int, folded: bool) -> str:
    remark = f"<p>{escape(section.remark)}</p>" if section.remark else ""
    title = f"<h{level}>{escape(section.title)}</h{level}>"
    body = f'{remark}\n<div class="derivation">\n{"".join(_lines(section))}</div>'
    return f"<details><summary>{title}</summary>{body}</details>" if folded else title + body


def _lines(section: Section) -> Iterator[str]:
    for block, told in blocks(section):
        yield from map(_line, block)
        if told:
            yield f'<p class="gap">{escape(told)}</p>\n'


def _line(line: Line) -> str:
    rights = "".join(f'<div class="formula">{mathml(r.latex, r.text)}</div>' for r in line.rights)
    left = f'<div class="side">{mathml(line.left.latex, line.left.text)}</div>'
    return f'<div class="line">{left}<div class="rights">{rights}</div><div class="note">{escape(line.note)}</div></div>\n'


def html_page(mathematics: Mathematics, title: str, summary: str = "") -> str:
    """A page that stands alone. Its policy allows its own style and font, and nothing else."""
    font = b64encode(asset("math.woff2")).decode()
    style = asset("math.css").decode().replace("math.woff2", f"data:font/woff2;base64,{font}") + STYLE
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none'; form-action 'none'"
    name = escape(label(title, TITLE))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{name}</title>\n<style>{style}</style>\n</head>\n<body>\n'
        f"<main>\n<h1><bdi>{name}</bdi></h1>\n<p><bdi>{escape(label(summary, 10 * TITLE))}</bdi></p>\n{html_block(mathematics)}\n</main>\n</body>\n</html>\n"
    )
