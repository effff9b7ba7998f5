"""Docstrings and types as the reference shows them: Markdown's backticks, and public names in the place of where they live."""

from __future__ import annotations

import re
from typing import Any

import gradcheck
from gradcheck import _HOME

PUBLIC = {f"gradcheck.{home}.{name}" for name, home in _HOME.items()}


def docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Markdown as our docstrings use it, for reStructuredText: code between backticks, and indented programs."""
    made: list[str] = []
    for at, line in enumerate(lines):
        if line.startswith("    ") and at and not lines[at - 1].strip() and not any(m.startswith("    ") for m in made[-2:]):
            made += [".. code-block:: python", ""]
        if line.startswith("    "):
            made.append(line)
            continue
        parts = re.split(r"(`+[^`]*`+)", line)
        made.append("".join(_code(p) if p.startswith("`") else re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", p) for p in parts))
    lines[:] = made


def _code(text: str) -> str:
    return f"``{text.strip('`')}``"


def reference(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A type in a signature: a link where it is public; plain text where it is NumPy's, the library's, or one of our own that a result holds."""
    from sphinx.util.nodes import make_refnode

    if node.get("refdomain") != "py" or node.get("reftype") not in ("class", "obj", "data", "exc"):
        return None
    name = node["reftarget"].rpartition(".")[2]
    if name in gradcheck.__all__:
        found = env.get_domain("py").objects.get(f"gradcheck.{name}")
        if found:
            return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, content)
    return content


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", docstring)
    app.connect("missing-reference", reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
