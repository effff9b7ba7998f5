"""Formulas as MathML when the site is built: no script, no font but ours."""

from __future__ import annotations

from typing import Any

from docutils import nodes

from gradcheck.rendering.mathematics.mathml import mathml


def inline(translator: Any, node: Any) -> None:
    """A formula in a line of text."""
    translator.body.append(mathml(node.astext(), node.astext(), display=False))
    raise nodes.SkipNode


def block(translator: Any, node: Any) -> None:
    """A formula that stands alone."""
    translator.body.append(f'<div class="formula-block">{mathml(node.astext(), node.astext(), display=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
