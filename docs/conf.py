"""How Sphinx builds this folder: `make docs` writes build/docs, and nothing in it is loaded from anywhere else."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import gradcheck  # noqa: E402  found by the line above, installed or not

project = "gradcheck"
author = "the gradcheck authors"
version = release = gradcheck.__version__
copyright = ""
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "building.texts",
    "building.formulas",
    "building.names",
    "building.pictures",
    "building.access",
]
exclude_patterns = ["README.md", "building", "_static"]  # README.md is the index on a repository page, index.md the site's

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
html_math_renderer = "mathml"
default_role = "code"
nitpicky = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
pygments_style = "building.colours.Light"
pygments_dark_style = "building.colours.Dark"

html_theme = "furo"
html_title = "gradcheck"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_show_search_summary = False  # it fetches pages, which browsers forbid from disk
html_favicon = "_static/mark.svg"
ASSETS = "../gradcheck/rendering/assets"
html_static_path = ["_static", f"{ASSETS}/math.css", f"{ASSETS}/math.woff2", f"{ASSETS}/math-font-license.txt"]
html_css_files = ["math.css", "graph.css", "site.css"]
API = {"color-api-name": "var(--color-brand-primary)", "color-api-pre-name": "var(--color-foreground-secondary)"}
html_theme_options = {
    "light_logo": "mark.svg",
    "dark_logo": "mark.svg",
    "light_css_variables": {"color-brand-primary": "#0a5aa8", "color-brand-content": "#0a5aa8", "color-brand-visited": "#0a5aa8", **API},
    "dark_css_variables": {"color-brand-primary": "#7db8f5", "color-brand-content": "#7db8f5", "color-brand-visited": "#7db8f5", **API},
    "footer_icons": [],
}
