"""Small sites on disk to open in a browser."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gradcheck.rendering.charts import chart_html, charts_assets
from gradcheck.studies.study import Study

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:"
_STYLE = """body { background: #fff; color: #1f2329; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #14181e; color: #e6eaf0; } }"""


def page(folder: Path, body: str, head: str = "", name: str = "index.html") -> Path:
    """Write one page under the policy that reports have."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Test</title><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">{head}</head><body><main><h1>Test</h1>{body}</main></body></html>'
    )
    return folder


def charts_site(folder: Path, studies: Iterable[Study]) -> Path:
    """A page with every chart of the studies, and the files that it shares with other pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in charts_assets().items():
        (folder / name).write_text(text)
    (folder / "page.css").write_text(_STYLE)
    head = "".join(f'<link rel="stylesheet" href="{name}">' for name in ("page.css", "charts.css"))
    head += "".join(f'<script defer src="{name}"></script>' for name in ("vega.js", "charts.js"))
    return page(folder, "".join(chart_html(study, chart) for study in studies for chart in study.charts), head)
