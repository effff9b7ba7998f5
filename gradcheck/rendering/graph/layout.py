"""Where everything of a picture stands: Graphviz decides places and curves, nothing more. Lengths are CSS pixels, y downwards.

A label stands in the middle of its wire as a node of the layout's own, so no label can cover another, and the wire runs straight through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.errors import UsageError
from gradcheck.rendering.graph.labels import CLEAR, OUT_BOX, Box, label_box, node_box
from gradcheck.rendering.graph.model import OUT, Picture, Wire

LONG = 12  # nodes in a row from which a picture is kept on one line
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A box at its centre."""

    x: float
    y: float
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """Size of the drawing, places of nodes, forks and labels by key, and each wire's curve: points of cubic Bezier pieces, end to end."""

    width: float
    height: float
    nodes: Mapping[str, Placed]
    forks: Mapping[str, Placed]
    labels: Mapping[str, Placed]
    curves: Mapping[str, tuple[tuple[Point, ...], ...]]


def layout(picture: Picture) -> Layout:
    """Lay a picture out from left to right. Raises UsageError without pygraphviz."""
    sheet = _Sheet(picture)
    graph = _graphviz("\n".join(["digraph {", *sheet.lines(), "}"]))
    _, _, width, height = map(float, graph.graph_attr["bb"].split(","))
    places = {key: _point(graph.get_node(name).attr["pos"], height) for key, name in sheet.names.items()}
    curves: dict[str, list[tuple[Point, ...]]] = {}
    for wire, tail, head in sheet.edges:
        found = graph.get_edge(tail, head, wire)
        curves.setdefault(wire.partition(":")[0], []).append(_curve(found.attr["pos"], height))

    def placed(kind: str) -> dict[str, Placed]:
        return {key: Placed(*places[kind, key], box) for (k, key), box in sheet.boxes.items() if k == kind}

    return Layout(width, height, placed("node"), placed("fork"), placed("label"), {w: tuple(c) for w, c in curves.items()})


def _graphviz(text: str) -> Any:
    try:
        import pygraphviz
    except ModuleNotFoundError as error:
        raise UsageError(
            "the layout of a graph needs the extra `report`: pip install 'gradcheck[report]' (DOT text does without: --format dot)"
        ) from error
    except ImportError as error:  # libraries of the system, which the wheel does not bring, and small containers have not
        raise UsageError(
            f"the layout of a graph: pygraphviz is there, but cannot be loaded: {error} "
            "(on Debian: apt install libglib2.0-0 libxrender1 libx11-6; DOT text does without: --format dot)"
        ) from error
    graph = pygraphviz.AGraph(string=text)
    graph.layout(prog="dot")
    return graph


class _Sheet:
    """What Graphviz is told: boxes by number, never a user's text."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.kinds = {n.key: n.kind for n in picture.nodes}
        longest = spine(picture)
        self.spine = longest if len(longest) > LONG else frozenset()
        self.boxes: dict[tuple[str, str], Box] = {}
        self.names: dict[tuple[str, str], str] = {}
        self.edges: list[tuple[str, str, str]] = []

    def lines(self) -> Iterator[str]:
        """The graph in DOT."""
        forks = any(w.kind == "trunk" for w in self.picture.wires)
        gap, apart = (0.42, 0.22) if self.picture.pills else (0.3 if forks else 0.2, 0.16)
        yield f'rankdir=LR; splines=true; ranksep={gap}; nodesep={apart}; outputorder=edgesfirst; node [fixedsize=true label=""]; edge [arrowhead=none];'
        for node in self.picture.nodes:
            box = node_box(node, self.picture.pills)
            shape = "circle" if box.round else "box"
            ordering = " ordering=in" if node.ordered and not self.picture.pills else ""
            yield self._node("node", node.key, box, shape, f"{ordering}{' group=spine' if node.key in self.spine else ''}")
        for wire in self.picture.wires:
            yield from self._wire(wire)

    def _node(self, kind: str, key: str, box: Box, shape: str, more: str = "") -> str:
        name = self.names[kind, key] = f"n{len(self.names)}"
        self.boxes[kind, key] = box
        return f"{name} [shape={shape} width={box.width / 72:.4f} height={box.height / 72:.4f}{more}];"

    def _wire(self, wire: Wire) -> Iterator[str]:
        source = self.names["node", wire.source]
        if wire.kind == "trunk":
            yield self._node("fork", wire.fork, Box(CLEAR, CLEAR, round=True), "circle")
        elif wire.kind == "branch":
            source = self.names["fork", wire.fork]
        if wire.target == OUT:
            yield self._node("node", f"{OUT}{wire.key}", OUT_BOX, "box")
            target = self.names["node", f"{OUT}{wire.key}"]
        else:
            target = self.names["fork", wire.fork] if wire.kind == "trunk" else self.names["node", wire.target]
        leaves = "" if wire.kind == "branch" else " tailport=e"
        straight = " group=spine" if wire.source in self.spine and (wire.target in self.spine or wire.kind == "trunk") else ""
        folded = wire.target != OUT and self.kinds.get(wire.target) in ("rounds", "lines")
        enters = " headport=w" if folded or wire.target == OUT else ""
        computed = self.kinds[wire.source] not in ("input", "constant")  # what is computed makes straight lines, leaves stand aside
        if self.picture.pills:
            yield self._edge(wire.key, source, target, f"{leaves} headport=w weight={8 if computed else 1}".strip())
            return
        yield self._node("label", wire.key, label_box(wire), "box", straight)
        middle = self.names["label", wire.key]
        weight = {"trunk": 4, "plain": 3 if computed else 1, "branch": 1}[wire.kind]
        yield self._edge(f"{wire.key}:0", source, middle, f"headport=w{leaves} weight={weight}")
        yield self._edge(
            f"{wire.key}:1", middle, target, f"tailport=e{enters} weight={max(weight, 3)}"
        )  # labels of long wires stand near the reader

    def _edge(self, key: str, tail: str, head: str, more: str) -> str:
        self.edges.append((key, tail, head))
        return f'{tail} -> {head} [key="{key}" {more}];'


def spine(picture: Picture) -> frozenset[str]:
    """The longest way through the picture: drawn as straight as can be."""
    order = {n.key: i for i, n in enumerate(picture.nodes)}
    longest: dict[str, tuple[int, str]] = {}
    for wire in sorted((w for w in picture.wires if w.target in order), key=lambda w: order[w.target]):
        steps = longest.get(wire.source, (0, ""))[0] + 1
        if steps > longest.get(wire.target, (0, ""))[0]:
            longest[wire.target] = (steps, wire.source)
    ends = [w.source for w in picture.wires if w.target == OUT][:1]
    while ends and ends[-1] in longest:
        ends.append(longest[ends[-1]][1])
    return frozenset(ends)


def _point(text: str, height: float) -> Point:
    x, y = text.split(",")
    return float(x), height - float(y)


def _curve(text: str, height: float) -> tuple[Point, ...]:
    """The control points of an edge."""
    return tuple(_point(p, height) for p in text.replace("\\\n", "").split() if p[0] not in "es")
