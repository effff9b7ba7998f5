"""A picture as SVG of our own: classes only, so that a page's style sheet decides on colours; alone it carries the style itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Literal

from gradcheck.rendering.graph.labels import (
    FORK,
    GAP,
    RADIUS,
    ROW,
    SMALL,
    columns,
    gradient_text,
    node_title,
    pill_lines,
    row_texts,
    value_text,
    width,
)  # fmt: skip
from gradcheck.rendering.graph.layout import Layout, Placed, Point, layout
from gradcheck.rendering.graph.model import OUT, Node, Picture, Wire
from gradcheck.rendering.graph.words import exact, name_parts
from gradcheck.rendering.text import cut

Theme = Literal["auto", "light", "dark"]
MARGIN = 14.0
LEGEND = 30.0
_HEAD = 8.0  # length of an arrow's head
_PALETTES = ("light", "dark")


def svg(picture: Picture, *, standalone: bool = True, theme: Theme = "auto", placed: Layout | None = None) -> str:
    """The picture as SVG text, at its natural size.

    `standalone=False` leaves out the style and the background, for pages that include `css()`; then nothing but classes decides on looks.
    `placed` is its layout, where that is known. Raises UsageError without pygraphviz.
    """
    placed = placed or layout(picture)
    lines = [_legend_width(picture), placed.width]
    w, h = max(lines) + 2 * MARGIN, placed.height + 2 * MARGIN + LEGEND
    classes = f"graph {'pills' if picture.pills else 'wires'}" + ("" if theme == "auto" else f" {theme}")
    ident = "graph-" + re.sub(r"[^A-Za-z0-9_-]", "-", picture.name)[:60]
    names = {n.key: n.name for n in picture.nodes}
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{classes}" width="{w:.0f}" height="{h:.0f}" viewBox="0 0 {w:.0f} {h:.0f}" '
        f'role="img" aria-labelledby="{ident}-title {ident}-desc">',
        f'<title id="{ident}-title">Computation graph of {_safe(picture.name)}</title>',
        f'<desc id="{ident}-desc">{_safe(picture.description, 4000)}</desc>',
        *((f"<style>{style(theme)}</style>", f'<rect class="page" width="{w:.0f}" height="{h:.0f}"/>') if standalone else ()),
        f'<g transform="translate({MARGIN:g} {MARGIN:g})">',
        *(_wire(names, placed, w) for w in picture.wires),
        *(_node(n, placed.nodes[n.key], picture.pills) for n in picture.nodes),
        "</g>",
        *_legend(picture, h),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def css() -> str:
    """The style sheet of embedded pictures: light and dark by the reader's preference, or by the classes `light` and `dark` of the drawing."""
    text = _sheet()
    dark = _block(text, ".graph.dark")
    light = _block(text, ".graph")
    chosen = f'[data-theme="dark"] .graph {{{dark}}}\n[data-theme="light"] .graph {{{light}}}\n'
    return f"{text}@media (prefers-color-scheme: dark) {{ .graph:not(.light) {{{dark}}} }}\n{chosen}@media print {{ .graph, .graph.dark, .graph:not(.light), [data-theme] .graph {{{light}}} }}\n"


def style(theme: Theme) -> str:
    """The style of a drawing that stands alone, with the colours written out: not every program that shows SVG knows variables."""
    text = _sheet()
    rules = text[text.index("}", text.index(".graph.dark")) + 1 :]
    light, dark = (_coloured(rules, _block(text, name)) for name in (".graph", ".graph.dark"))
    if theme != "auto":
        return light if theme == "light" else dark
    return f"{light}@media (prefers-color-scheme: dark) {{{dark}}}"


@cache
def _sheet() -> str:
    return files("gradcheck.rendering.graph").joinpath("graph.css").read_text(encoding="utf-8")


def _block(text: str, selector: str) -> str:
    found = re.search(rf"^{re.escape(selector)} \{{(.*?)\}}", text, re.M | re.S)
    assert found is not None
    return found[1]


def _coloured(rules: str, block: str) -> str:
    colours = dict(re.findall(r"--([\w-]+): ([^;]+);", block))
    return re.sub(r"var\(--([\w-]+)\)", lambda m: colours[m[1]], rules)


def _safe(text: str, most: int = 400) -> str:
    return escape(cut(text, most))


# wires
def _wire(names: Mapping[str, str], placed: Layout, wire: Wire) -> str:
    curves = _joined(wire, placed)
    ends = wire.kind != "trunk"
    path = _path(curves, _HEAD * 0.8 if ends else 0.0)
    parts = [f'<path d="{path}"/>']
    if ends:
        parts.append(f'<path class="arrow" d="{_arrow(curves[-1])}"/>')
    else:
        fork = placed.forks[wire.fork]
        parts.append(f'<circle cx="{fork.x:.1f}" cy="{fork.y:.1f}" r="{FORK / 2:g}"/>')
    label = placed.labels.get(wire.key)
    if label is not None:
        parts += _label(wire, label)
    to = wire.fork if wire.kind == "trunk" else wire.target
    classes = "wire" + ("" if wire.kind == "plain" else f" {wire.kind}") + (" result" if wire.target == OUT else "")
    return f'<g class="{classes}" data-wire="{wire.key}" data-from="{wire.source}" data-to="{to}">{_wire_title(names[wire.source], wire)}{"".join(parts)}</g>'


def _joined(wire: Wire, placed: Layout) -> list[tuple[Point, ...]]:
    """A wire's curves, to and from the middle of its fork: the layout keeps some room around it."""
    curves = list(placed.curves[wire.key])
    if wire.fork:
        middle = (placed.forks[wire.fork].x, placed.forks[wire.fork].y)
        return [*curves, (middle,)] if wire.kind == "trunk" else [(middle,), *curves]
    return curves


def _wire_title(source: str, wire: Wire) -> str:
    if wire.count > 1:
        return f"<title>{wire.count} values</title>"
    told = [wire.name or source or "value"]
    if wire.value is not None:
        told.append(f"value {exact(wire.value)}")
    if wire.gradient is not None:
        what = {"trunk": "gradient, all branches added up", "branch": "gradient that this branch sends"}.get(wire.kind, "gradient")
        told.append(f"{what} {exact(wire.gradient)}")
    return f"<title>{_safe(', '.join(told))}</title>"


def _label(wire: Wire, label: Placed) -> Iterator[str]:
    value, gradient = value_text(wire), gradient_text(wire)
    if wire.name:
        up = ' dy="-3"' if name_parts(wire.name)[1] else ""  # an index has lowered the line
        joint = f'<tspan class="joint"{up}> = </tspan><tspan class="value">{_safe(value)}</tspan>' if value else ""
        yield f'<text class="value" x="{label.x:.1f}" y="{label.y - 6:.1f}">{_name(wire.name)}{joint}</text>'
    elif value:
        yield f'<text class="value" x="{label.x:.1f}" y="{label.y - 6:.1f}">{_safe(value)}</text>'
    if gradient:
        yield f'<text class="gradient" x="{label.x:.1f}" y="{label.y + 16:.1f}">{_safe(gradient)}</text>'


def _name(name: str) -> str:
    stem, index = name_parts(name)
    lowered = f'<tspan class="index" dy="3">{_safe(index)}</tspan>' if index else ""
    return f'<tspan class="name">{_safe(stem)}{lowered}</tspan>'


def _path(curves: list[tuple[Point, ...]], shorter: float) -> str:
    """All pieces as one path; between two pieces the wire runs straight on, under its label."""
    text = ""
    for piece in curves:
        text += f"{'L' if text else 'M'}{_at(piece[0])}"
        for i in range(1, len(piece) - 2, 3):
            last = piece[i + 2]
            if shorter and piece is curves[-1] and i + 3 >= len(piece) - 1:
                last = _short_of(piece[i + 1], last, shorter)
            text += f"C{_at(piece[i])} {_at(piece[i + 1])} {_at(last)}"
    return text


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _direction(before: Point, end: Point) -> Point:
    x, y = end[0] - before[0], end[1] - before[1]
    length = (x * x + y * y) ** 0.5 or 1.0
    return x / length, y / length


def _short_of(before: Point, end: Point, by: float) -> Point:
    x, y = _direction(before, end)
    return end[0] - by * x, end[1] - by * y


def _arrow(curve: tuple[Point, ...]) -> str:
    """A head at the end of a curve."""
    (x, y), (dx, dy) = curve[-1], _direction(curve[-2], curve[-1])
    back, side = (x - _HEAD * dx, y - _HEAD * dy), (-dy * _HEAD * 0.42, dx * _HEAD * 0.42)
    return f"M{_at((x, y))}L{_at((back[0] + side[0], back[1] + side[1]))}L{_at((back[0] - side[0], back[1] - side[1]))}Z"


# nodes
def _node(node: Node, at: Placed, pills: bool) -> str:
    shape = _shape(at, node)
    body = (
        _folded(node, at)
        if node.kind in ("rounds", "lines")
        else _leaf(node, at, pills)
        if node.kind in ("input", "constant")
        else _operation(node, at, pills)
    )
    head = f'<g class="node {node.kind}" data-node="{node.key}" data-order="{node.order}">'
    return f"{head}<title>{_node_title(node)}</title>{shape}{''.join(body)}</g>"


def _node_title(node: Node) -> str:
    told = [node_title(node)]
    if node.operations > 1:
        told.append(f"stands for {node.operations} operations")
    if node.value is not None:
        told.append(f"value {exact(node.value)}")
    if node.gradient is not None:
        told.append(f"gradient {exact(node.gradient)}")
    return _safe(", ".join(told), 800)


def _shape(at: Placed, node: Node) -> str:
    if at.box.round:
        return f'<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="{RADIUS:g}"/>'
    w, h = at.box.width, at.box.height
    rounding = 6.0 if node.kind in ("rounds", "lines") else min(h / 2, RADIUS - 2)
    rect = f'<rect x="{at.x - w / 2:.1f}" y="{at.y - h / 2:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{rounding:g}"/>'
    if node.kind == "rounds":  # a second sheet behind says that there are more
        return f'<rect x="{at.x - w / 2 + 4:.1f}" y="{at.y - h / 2 - 4:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{rounding:g}"/>{rect}'
    return rect


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_safe(text)}</text>'


def _operation(node: Node, at: Placed, pills: bool) -> Iterator[str]:
    if not pills:
        yield _text("sign", at.x, at.y + 5, node.sign)
        return
    y = at.y - at.box.height / 2 + 20
    name = f'<tspan class="joint">  </tspan>{_name(node.name)}' if node.name else ""
    yield f'<text x="{at.x:.1f}" y="{y:.1f}"><tspan class="sign">{_safe(node.sign)}</tspan>{name}</text>'
    yield from _numbers(node, at.x, y)


def _numbers(node: Node, x: float, y: float) -> Iterator[str]:
    for kind, text in pill_lines(node):
        y += ROW
        yield _text(kind, x, y, text)


def _leaf(node: Node, at: Placed, pills: bool) -> Iterator[str]:
    lines = pill_lines(node) if pills else []
    rows = (1 if node.name else 0) + (1 if node.sign else 0) + len(lines)
    y = at.y - (rows - 1) * ROW / 2 + 5
    if node.name:
        yield f'<text x="{at.x:.1f}" y="{y:.1f}">{_name(node.name)}</text>'
        y += ROW
    if node.sign:
        yield _text("sign" if node.kind == "constant" else "small", at.x, y, node.sign)
        y += ROW
    if lines:
        yield from _numbers(node, at.x, y - ROW)


def _folded(node: Node, at: Placed) -> Iterator[str]:
    y = at.y - at.box.height / 2 + 19
    yield _text("sign", at.x, y, node.sign)
    if node.code:
        y += 18
        yield _text("code", at.x, y, node.code)
    first, second, third = columns(node)
    left = at.x - (first + second + third + 2 * GAP) / 2
    for label, value, gradient in row_texts(node):
        y += ROW
        yield _text("small start", left, y, label)
        yield _text("value", left + first + GAP + second / 2, y, value)
        yield _text("gradient", left + first + second + 2 * GAP + third / 2, y, gradient)


# legend
def _legend_texts(picture: Picture) -> list[tuple[str, str]]:
    """What the colours mean, and what the picture stands for."""
    if picture.flow is None:
        return [("caption", picture.caption)]
    above, below = ("value above", "gradient below") if picture.pills else ("value above the wire", "gradient below")
    told = [("value", above), ("gradient", below)] if picture.flow.seeded else [("value", above)]
    return [*told, ("caption", picture.caption)]


def _legend_width(picture: Picture) -> float:
    return sum(width(text, SMALL) + 18 for _, text in _legend_texts(picture))


def _legend(picture: Picture, height: float) -> Iterator[str]:
    x = MARGIN
    yield '<g class="legend">'
    for kind, text in _legend_texts(picture):
        yield _text(kind, x, height - 12, text)
        x += width(text, SMALL) + 18
    yield "</g>"
