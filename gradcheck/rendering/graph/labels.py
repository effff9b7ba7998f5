"""The text on nodes and wires, and how much room it takes.

Widths are estimates on the wide side: which font draws a picture is known only where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.rendering.graph.model import Node, Wire
from gradcheck.rendering.graph.words import name_parts, quantity
from gradcheck.rendering.text import cut

NUMBER, TAG, SIGN, SMALL = 13.0, 16.0, 16.0, 12.0  # font sizes
ROW = 17.0  # a line of numbers
RADIUS = 19.0
FORK, CLEAR = 7.0, 20.0  # a fork's dot, and the room around it that other wires keep out of
PAD = 10.0
GAP = 14.0  # between columns
NARROW = "ijlI.,;:'|![]() "


@dataclass(frozen=True, slots=True)
class Box:
    """Width and height; `round` for circles."""

    width: float
    height: float
    round: bool = False


OUT_BOX = Box(2.0, 2.0)  # the room of the arrow's end at the right


def width(text: str, size: float) -> float:
    """About how wide a text is."""
    return sum(_share(c) for c in text) * size


def _share(c: str) -> float:
    if c in NARROW:
        return 0.36
    return 0.62 if ord(c) < 0x2E80 else 1.05


def name_text(name: str) -> str:
    """A name with its index, as wide as it is drawn."""
    stem, index = name_parts(name)
    return stem + index


def value_text(wire: Wire) -> str:
    """What stands above a wire, without the name."""
    if wire.count > 1:
        return f"{wire.count} values"
    return "" if wire.value is None else quantity(wire.value)


def gradient_text(wire: Wire) -> str:
    """What stands below a wire."""
    return "" if wire.gradient is None else quantity(wire.gradient, shape=False)


def label_box(wire: Wire) -> Box:
    """The room of a wire's label."""
    tag = width(name_text(wire.name), TAG) + (width(" = ", NUMBER) if value_text(wire) else 0) if wire.name else 0
    wide = max(tag + width(value_text(wire), NUMBER), width(gradient_text(wire), NUMBER))
    return Box(max(wide + PAD, 16.0), 2 * ROW + 4)


def input_lines(node: Node) -> tuple[str, str]:
    """The numbers of an input: beside its name where there are no labels on the wires."""
    value = "" if node.value is None else quantity(node.value)
    return value, "" if node.gradient is None else quantity(node.gradient, shape=False)


def pill_lines(node: Node) -> list[tuple[str, str]]:
    """The lines of a node that holds its numbers: (class, text)."""
    value, gradient = input_lines(node)
    return [(kind, text) for kind, text in (("value", value), ("gradient", gradient)) if text]


def row_texts(node: Node) -> list[tuple[str, str, str]]:
    """The rounds shown in a folded node: label, value, gradient."""
    return [
        (r.label, quantity(r.value), "" if r.gradient is None else quantity(r.gradient, shape=False))
        for r in node.rows
        if r.value is not None
    ]


def is_pill(node: Node) -> bool:
    """Whether a sign is too wide for a circle."""
    return width(node.sign, SIGN) > 2 * RADIUS - 6


def node_box(node: Node, pills: bool) -> Box:
    """The room of a node."""
    if node.kind in ("rounds", "lines"):
        return _folded_box(node)
    if node.kind in ("input", "constant"):
        return _leaf_box(node, pills)
    if pills:
        head = width(node.sign, SIGN) + (width(name_text(node.name), TAG) + 14 if node.name else 0)
        wide = max([head, *(width(t, NUMBER) for _, t in pill_lines(node))])
        return Box(max(wide + 22, 44.0), 28 + ROW * len(pill_lines(node)))
    if is_pill(node):
        return Box(width(node.sign, SIGN) + 24, 2 * RADIUS - 4)
    return Box(2 * RADIUS, 2 * RADIUS, round=True)


def _leaf_box(node: Node, pills: bool) -> Box:
    wide = width(name_text(node.name), TAG + 2) if node.name else 0
    wide = max(wide, width(node.sign, SMALL))
    rows = 2 * ROW if node.sign and node.name else 24.0
    if pills:
        wide = max([wide, *(width(t, NUMBER) for _, t in pill_lines(node))])
        rows += ROW * len(pill_lines(node))
    return Box(wide + 12, rows + 4)


def columns(node: Node) -> tuple[float, float, float]:
    """How wide the columns of a folded node's rounds are: which, value, gradient."""
    rows = row_texts(node)
    return (
        max((width(label, SMALL) for label, _, _ in rows), default=0.0),
        max((width(v, NUMBER) for _, v, _ in rows), default=0.0),
        max((width(g, NUMBER) for _, _, g in rows), default=0.0),
    )


def _folded_box(node: Node) -> Box:
    rows = len(row_texts(node))
    wide = max(width(node.sign, SIGN), width(node.code, SMALL), sum(columns(node)) + 2 * GAP)
    return Box(wide + 30, 26 + (20 if node.code else 0) + ROW * rows + (10 if rows else 4))


def node_title(node: Node) -> str:
    """A node in one plain line: its full name, what it does, where."""
    what = {"input": "input", "constant": "constant"}.get(node.kind, node.sign)
    named = f"{node.name}: {what}" if node.name else what
    return cut(f"{named}, line {node.line}" if node.line else named)
