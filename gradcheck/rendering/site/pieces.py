"""The picture and the derivation as parts of a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.circuit import Circuit
from gradcheck.derivation.hops import Derivation
from gradcheck.rendering.graph.model import Picture as Drawn
from gradcheck.rendering.material import Material, Missing
from gradcheck.rendering.site.page import asset
from gradcheck.rendering.study_page import figure_name
from gradcheck.rendering.text import one_line
from gradcheck.studies.study import Study

OWN = ("site.css", "math.css", "math.woff2", "site.js", "theme.js")
CHART_SCRIPTS = ("vega.js", "charts.js")
FOLDED = ("steps", "local", "unrolled")  # sections of a derivation that the graph's steps tell as well


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph to step through: its SVG, the steps as data and as JSON that no text can break out of; or why there is none."""

    svg: Any
    steps: Sequence[Any]
    data: Any
    why: str = ""


def embedded(data: Any) -> Any:
    """JSON for a script element of data: no character in it can end the element."""
    from markupsafe import Markup

    text = json.dumps(data, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML reads is written as an escape of JSON


def picture_of(material: Material, file: str) -> Picture:
    """The computation graph with the numbers of a point, or the reason why there is none. Steps have the lines of the `file` they were taken at."""
    drawn = material.picture
    if isinstance(drawn, Missing):
        return Picture("", (), "", one_line(drawn.why))
    made = material.attempts("the picture", lambda: _stepped(material, drawn, file))
    return Picture("", (), "", one_line(made.why)) if isinstance(made, Missing) else made


def _stepped(material: Material, drawn: Drawn, file: str) -> Picture:
    from markupsafe import Markup

    from gradcheck.rendering.graph.stepping import steps
    from gradcheck.rendering.graph.svg import svg

    text = svg(drawn, standalone=False, placed=material.placed())
    lines = {n.key: n.line for n in drawn.nodes if n.index is not None and (at := drawn.circuit.place(n.index)) and at.file == file}
    taken = [{k: step[k] for k in ("phase", "node", "wires", "text")} | {"line": lines.get(step["node"])} for step in steps(drawn)]
    return Picture(Markup(text), taken, embedded(taken))  # noqa: S704 - every text in it is escaped where it is drawn


def derivation_of(circuit: Circuit, material: Material) -> Any:
    """The chain rule step by step in mathematics, as a block of a page; a line that says why there is none."""
    from markupsafe import Markup

    derivation = material.derivation
    made = derivation if isinstance(derivation, Missing) else material.attempts("the derivation", lambda: _block(circuit, derivation))
    if isinstance(made, Missing):
        return Markup('<p class="note">{}</p>').format(one_line(made.why))
    return Markup(made)  # noqa: S704 - every text in it is escaped where it is written


def _block(circuit: Circuit, derivation: Derivation) -> str:
    from gradcheck.derivation.chain import chain_of
    from gradcheck.rendering.mathematics.lines import mathematics_of
    from gradcheck.rendering.mathematics.page import html_block

    return html_block(mathematics_of(chain_of(circuit, derivation)), 3, FOLDED)


def figures(study: Study) -> list[Any]:
    """The study's charts as figures, each with its still picture in the site's folder of figures."""
    from gradcheck.rendering.charts import chart_html

    return [chart_html(study, c, image=f"figures/{figure_name(study, c)}", data=False) for c in study.charts]


def figure_files(studies: Sequence[Study]) -> Iterator[tuple[str, str]]:
    """The still pictures of all charts, by their files."""
    from gradcheck.rendering.charts import chart_svg

    for study in studies:
        for chart in study.charts:
            yield f"figures/{figure_name(study, chart)}", chart_svg(study, chart)


def shared_assets() -> Iterator[tuple[str, str | bytes]]:
    """The files that all pages share, by name."""
    from gradcheck.rendering.charts import charts_assets
    from gradcheck.rendering.graph.svg import css

    yield "graph.css", css()
    yield from charts_assets().items()
    for name in OWN:
        yield name, asset(name)
