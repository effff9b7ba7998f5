"""Charts of studies: interactive in HTML, SVG for Markdown; drawn from the declarations in a study."""

from gradcheck.rendering.charts.output import chart_notes, chart_svg, charts_assets, charts_bundle, charts_css, vega_spec
from gradcheck.rendering.charts.page import chart_html

__all__ = ["chart_html", "chart_notes", "chart_svg", "charts_assets", "charts_bundle", "charts_css", "vega_spec"]
