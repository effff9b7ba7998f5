"""A picture as DOT text, for Graphviz and what else reads it. Nothing is imported: it works without the extra `report`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from gradcheck.rendering.graph.labels import gradient_text, node_title, row_texts, value_text
from gradcheck.rendering.graph.model import OUT, Node, Picture, Wire
from gradcheck.rendering.graph.words import exact, quantity
from gradcheck.rendering.text import cut

VALUE, GRADIENT = "#00614f", "#b0124a"


def dot(picture: Picture) -> str:
    """The picture in the DOT language: values above, gradients below in each wire's label."""
    return (
        "\n".join(
            [
                f"digraph {_quoted(picture.name)} {{",
                f"  graph [rankdir=LR, tooltip={_quoted(picture.description)}, label={_quoted(picture.caption)}];",
                '  node [fontname="serif", shape=circle, margin="0.05,0.05"];',
                '  edge [fontname="sans-serif", fontsize=11];',
                *(f"  {line}" for node in picture.nodes for line in _node(node, picture.pills)),
                *(f"  {line}" for wire in picture.wires for line in _wire(wire, picture.pills)),
                "}",
            ]
        )
        + "\n"
    )


def _quoted(text: str) -> str:
    r"""A quoted string: quotes and backslashes escaped, so that \N and \L stay what was written."""
    return '"' + cut(text, 4000).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lines(*lines: str) -> str:
    return '"' + "\\n".join(_quoted(line)[1:-1] for line in lines if line) + '"'


def _node(node: Node, pills: bool) -> Iterator[str]:
    numbers = () if not pills or node.kind in ("rounds", "lines") else (_number(node.value), _number(node.gradient))
    rows = (f"{label}: {value}  {gradient}".rstrip() for label, value, gradient in row_texts(node))
    leaf = node.kind in ("input", "constant")
    text = (node.name, node.sign) if leaf else (f"{node.sign}  {node.name}".strip() if pills else node.sign, node.code)
    shape = "plaintext" if leaf else "box" if pills or node.kind in ("rounds", "lines") or len(node.sign) > 4 else "circle"
    style = ', style="rounded"' if shape == "box" else ""
    yield f"{_quoted(node.key)} [label={_lines(*text, *rows, *numbers)}, shape={shape}{style}, tooltip={_quoted(_told(node))}];"


def _told(node: Node) -> str:
    value = "" if node.value is None else f", value {exact(node.value)}"
    gradient = "" if node.gradient is None else f", gradient {exact(node.gradient)}"
    return f"{node_title(node)}{value}{gradient}"


def _number(value: object) -> str:
    return "" if value is None else quantity(value)


def _wire(wire: Wire, pills: bool) -> Iterator[str]:
    source = wire.fork if wire.kind == "branch" else wire.source
    target = wire.fork if wire.kind == "trunk" else f"{OUT} {wire.key}" if wire.target == OUT else wire.target
    if wire.kind == "trunk":
        yield f'{_quoted(wire.fork)} [shape=point, width=0.08, label=""];'
    if wire.target == OUT:
        yield f'{_quoted(target)} [shape=point, style=invis, label=""];'
    label = "" if pills else f", label={_wire_label(wire)}"
    head = "none" if wire.kind == "trunk" else "normal"
    yield f"{_quoted(source)} -> {_quoted(target)} [arrowhead={head}{label}];"


def _wire_label(wire: Wire) -> str:
    """The name and the value in one colour, the gradient below in another, in italics."""
    value, gradient = value_text(wire), gradient_text(wire)
    above = f"{wire.name} = {value}" if wire.name and value else wire.name or value
    rows = [f'<font color="{VALUE}">{escape(above)}</font>'] if above else []
    rows += [f'<font color="{GRADIENT}"><i>{escape(gradient)}</i></font>'] if gradient else []
    return f"<{'<br/>'.join(rows)}>" if rows else '""'
