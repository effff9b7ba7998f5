"""The one door from data to rendering: what shows a result to a person comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.circuit import Circuit
    from gradcheck.derivation.hops import Derivation
    from gradcheck.rendering.graph.drawing import Drawing
    from gradcheck.rendering.mathematics.lines import Mathematics
    from gradcheck.verdicts.compare import Comparison
    from gradcheck.verdicts.verdict import Verdict

PROGRAM_SHOWN = 200  # lines of a program where there is no picture


def text(comparison: Comparison) -> str:
    """A comparison as plain text."""
    from gradcheck.rendering.comparison import comparison_text

    return comparison_text(comparison)


def verdict_as_text(verdict: Verdict) -> str:
    """A verdict as plain text."""
    from gradcheck.rendering.verdict import verdict_text

    return verdict_text(verdict)


def verdict_as_html(verdict: Verdict) -> str:
    """A verdict as HTML, for notebooks."""
    from gradcheck.rendering.verdict import verdict_html

    return verdict_html(verdict)


def explain_case(case: Any, *, seed: int = 0, format: str = "text") -> str:
    """A case's gradient derived step by step: as text, or in mathematics as "latex", "markdown" or "html"."""
    from gradcheck.derivation.hops import derive
    from gradcheck.rendering.explanation import explain, short_path
    from gradcheck.verdicts.compare import problems_of

    problem = next(problems_of(case, None, None, seed))
    derivation = derive(problem.circuit, problem.inputs)
    if format == "text":
        return explain(problem.circuit, derivation, case.name, case.summary, f"{short_path(case.file)}:{case.line}")
    return in_mathematics(mathematics(problem.circuit, derivation), format, case.name, case.summary)


def mathematics(circuit: Circuit, derivation: Derivation) -> Mathematics:
    """A derivation of a circuit as lines of mathematics."""
    from gradcheck.derivation.chain import chain_of
    from gradcheck.rendering.mathematics.lines import mathematics_of

    return mathematics_of(chain_of(circuit, derivation))


def in_mathematics(lines: Mathematics, format: str, title: str, summary: str = "") -> str:
    """Lines of mathematics as a document: "latex", "markdown" or "html"; anything else as plain text."""
    from gradcheck.rendering.mathematics.formats import latex_text, markdown_text, plain_text

    if format == "html":
        from gradcheck.rendering.mathematics.page import html_page

        return html_page(lines, title, summary)
    if format == "latex":
        return latex_text(lines, title)
    return markdown_text(lines, title, summary) if format == "markdown" else plain_text(lines)


def draw(
    circuit: Circuit | Case, *inputs: Any, name: str | None = None, fold: bool | None = None, theme: Any = "auto", seed: int = 0
) -> Drawing:
    """The computation graph as a picture: operations, the value above every wire, the gradient below.

    `circuit` is what `trace` returns, drawn at the point where it was traced unless `inputs` are given, one for each of the circuit's inputs;
    or a case, drawn at its first point. Repeats fold above 200 nodes; `fold=True` folds all, `fold=False` none. `theme` is "auto" (the
    reader's), "light" or "dark". The result shows itself in notebooks; `.svg`, `.dot` and `.save(path)` give it as text. Raises UsageError
    for inputs that do not fit, for what cannot be drawn readably, and, for SVG, without the extra `report`.
    """
    from gradcheck.case import Case
    from gradcheck.errors import UsageError
    from gradcheck.rendering.graph.build import picture
    from gradcheck.rendering.graph.drawing import Drawing

    if theme not in ("auto", "light", "dark"):
        raise UsageError(f"theme={theme!r}: expected 'auto', 'light' or 'dark'")
    if isinstance(circuit, Case):
        from gradcheck.verdicts.compare import problems_of

        problem = next(problems_of(circuit, inputs or None, None, seed))
        return Drawing(picture(problem.circuit, problem.inputs, name=name or circuit.name, fold=fold), theme)
    return Drawing(picture(circuit, _point(circuit, inputs), name=name, fold=fold), theme)


def _point(circuit: Circuit, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The inputs as the circuit takes them; those it was traced at where none are given; None where they were not kept."""
    import numpy as np

    from gradcheck.circuit import Circuit, as_number
    from gradcheck.errors import UsageError

    if not isinstance(circuit, Circuit):
        raise UsageError(f"draw takes a circuit or a case, not {type(circuit).__name__}: write draw(trace(f, x))")
    if not inputs:
        known = circuit.cache.get("point", (None,))
        return None if any(value is None for value in known) else known
    if len(inputs) != len(circuit.inputs):
        raise UsageError(f"draw: {len(inputs)} inputs given, the circuit of {circuit.name} takes {len(circuit.inputs)}")
    given = tuple(map(as_number, inputs))
    for k, value in zip(circuit.inputs, given, strict=True):
        if np.shape(value) != circuit.type(k).shape:
            raise UsageError(
                f"draw: {circuit.names.get(k, 'an input')} has shape {np.shape(value)}, the circuit takes {circuit.type(k).shape}"
            )
    return given


def circuit_as_html(circuit: Circuit) -> str:
    """A circuit as its picture, for notebooks; as its program where it cannot be drawn."""
    from html import escape

    from gradcheck.errors import UsageError

    try:
        return draw(circuit).svg
    except UsageError as error:
        source = circuit.source().splitlines()
        shown = [*source[:PROGRAM_SHOWN], *(["    ..."] if len(source) > PROGRAM_SHOWN else [])]
        return f"<p>{escape(str(error))}</p><pre>{escape(chr(10).join(shown))}</pre>"


def comparison_as_html(comparison: Comparison) -> str:
    """A comparison as HTML tables, for notebooks."""
    from gradcheck.rendering.comparison import comparison_html

    return comparison_html(comparison)
