"""What readers without a mouse or without eyes need, and the theme leaves out."""

from __future__ import annotations

import re
from typing import Any

PARAMETERS = re.compile(
    r'<dl>\n((?:<dd><em class="sig-param">.*?</dd>\n)+)</dl>', re.S
)  # of a signature on several lines: no list of definitions


def reached(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Blocks that may scroll can be reached by keyboard; captions of the table of contents have a level."""
    if "body" in context:
        context["body"] = PARAMETERS.sub(_as_blocks, context["body"].replace("<pre>", '<pre tabindex="0">'))
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = context["furo_navigation_tree"].replace('role="heading"', 'role="heading" aria-level="2"')


def _as_blocks(found: re.Match[str]) -> str:
    return f'<div class="parameters">{found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")}</div>'


def setup(app: Any) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("html-page-context", reached, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
