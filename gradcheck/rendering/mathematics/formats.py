"""Lines of mathematics as LaTeX, Markdown and plain text."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.rendering.latex import latex_escape
from gradcheck.rendering.layout import escape
from gradcheck.rendering.mathematics.lines import Line, Mathematics, Section
from gradcheck.rendering.text import label

WIDE = 110  # characters of LaTeX from which a line is broken before its signs
TITLE = 200  # characters of a title


def latex_text(mathematics: Mathematics, title: str = "") -> str:
    """A fragment of LaTeX for a document that uses amsmath and amssymb: sections of align*."""
    head = [f"% {label(title, TITLE).encode('ascii', 'replace').decode()}", "% needs \\usepackage{amsmath, amssymb}"]
    reading = " ".join(map(latex_escape, mathematics.reading))
    return "\n".join([*head, reading, *(p for s in mathematics.sections for p in _latex_section(s))]) + "\n"


def _latex_section(section: Section) -> Iterator[str]:
    yield f"\n\\paragraph{{{latex_escape(section.title)}}}"
    if section.remark:
        yield latex_escape(section.remark)
    for block, told in blocks(section):
        if block:
            yield "\\begin{align*}"
            yield " \\\\\n".join(row for line in block for row in _rows(line))
            yield "\\end{align*}"
        if told:
            yield f"\\emph{{{latex_escape(told)}}}"


def _rows(line: Line) -> Iterator[str]:
    """A line as rows of align*: one, or where it is wide one for each sign."""
    note = f" && \\text{{{latex_escape(line.note)}}}" if line.note else ""
    if len(line.latex) <= WIDE or len(line.rights) < 2:
        yield f"{line.left.latex} &{' '.join(r.latex for r in line.rights)}{note}"
        return
    for i, right in enumerate(line.rights):
        yield f"{line.left.latex if i == 0 else ''} &{right.latex}{note if i == 0 else ''}"


def blocks(section: Section) -> Iterator[tuple[tuple[Line, ...], str]]:
    """The lines of a section up to each gap, with what was left out there."""
    start = 0
    for after, told in section.gaps:
        yield section.lines[start:after], told
        start = after
    yield section.lines[start:], ""


def markdown_text(mathematics: Mathematics, title: str, summary: str = "") -> str:
    """Markdown with a block of mathematics for each line, as code hosts render them; inside a block nothing is read as Markdown."""
    parts = [f"# {escape(label(title, TITLE))}", escape(label(summary, 10 * TITLE)), *map(escape, mathematics.reading)]
    for section in mathematics.sections:
        parts += [f"## {section.title}", escape(section.remark)]
        for block, told in blocks(section):
            if block:
                rows = " \\\\\n".join(row for line in block for row in _rows(line))
                parts.append(f"```math\n\\begin{{align*}}\n{rows}\n\\end{{align*}}\n```")
            parts.append(escape(told))
    return "\n\n".join(p for p in parts if p) + "\n"


def plain_text(mathematics: Mathematics) -> str:
    """The same as text: a line each, notes behind."""
    parts = ["\n".join(mathematics.reading)]
    for section in mathematics.sections:
        rows = [section.title, *([f"  {section.remark}"] if section.remark else [])]
        for block, told in blocks(section):
            rows += [f"  {line.text}{f'   ({line.note})' if line.note else ''}" for line in block]
            rows += [f"  ... {told}"] if told else []
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"
