"""A picture's forward pass and backward sweep, step by step, as plain data: what a reader clicks through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.circuit import value_names
from gradcheck.derivation.hops import Hop, equation_text, hop_at
from gradcheck.rendering.graph.model import OUT, Node, Picture, Wire
from gradcheck.rendering.graph.words import exact, quantity
from gradcheck.rendering.text import cut

LONGEST = 240


def steps(picture: Picture) -> list[dict[str, Any]]:
    """One step for each node on the way forward, then one for each hop on the way back.

    Each is `{"phase": "forward" | "backward", "node", "wires", "text", "line", "math"}`: `node` is the key of the node at work (forward: it gets
    its value; backward: it sends), `wires` those whose value or gradient is known from then on (backward ends with the trunk of a value
    whose total is complete), `text` one line in the user's names, `line` of the source or None. `math` holds the same as parts, or None:
    forward `{"name", "expression", "value"}`; backward `{"of", "to", "local", "slope", "arriving", "sent"}`, numbers as short text.
    Without numbers there is nothing to step through: an empty list.
    """
    if picture.flow is None:
        return []
    teller = _Teller(picture)
    return [*teller.forward(), *teller.backward()]


class _Teller:
    """Texts for one picture. Names are given once for the whole circuit, so that they agree with the derivation's."""

    def __init__(self, picture: Picture) -> None:
        assert picture.flow is not None
        self.picture, self.flow, self.circuit = picture, picture.flow, picture.circuit
        self.names = value_names(picture.circuit)
        self.names |= {n.index: n.name for n in picture.nodes if n.kind == "input" and n.index is not None}  # elements as w[0]
        self.leaving: dict[str, list[Wire]] = {}
        self.arriving: dict[str, list[Wire]] = {}
        self.forks = {w.fork: w for w in picture.wires if w.kind == "trunk"}
        for wire in picture.wires:
            self.leaving.setdefault(wire.source, []).append(wire)
            if wire.kind != "trunk":
                self.arriving.setdefault(wire.target, []).append(wire)
        self.nodes = [n for n in picture.nodes if not self._again(n)]
        self.again: dict[int | None, list[str]] = {}
        for node in filter(self._again, picture.nodes):
            self.again.setdefault(node.index, []).append(node.key)

    def _again(self, node: Node) -> bool:
        """Whether a node is an input standing once more beside a reader."""
        return node.kind == "input" and node.value is None and node.index is not None

    def forward(self) -> Iterator[dict[str, Any]]:
        """Each node gets its value."""
        for node in self.nodes:
            also = self.again.get(node.index, ()) if node.index is not None else ()
            wires = [w.key for key in (node.key, *also) for w in self.leaving.get(key, ())]
            text, math = self._computed(node)
            yield {"phase": "forward", "node": node.key, "wires": wires, "text": text, "line": node.line, "math": math}

    def _computed(self, node: Node) -> tuple[str, dict[str, str] | None]:
        if node.kind in ("rounds", "lines"):
            where = f" ({node.code})" if node.code else ""
            rows = ", ".join(f"{row.label} {quantity(row.value)}" for row in node.rows)
            return cut(f"{node.sign}{where}{': ' + rows if rows else ''}", LONGEST), None
        value = quantity(node.value) if node.index is not None else node.sign
        name = node.name or (quantity(node.value) if node.kind == "constant" else "")
        if node.kind != "operation" or node.index is None:
            return (cut(f"{name} = {value}" if name != value else f"constant {value}", LONGEST)), None
        name, text = self.names[node.index], equation_text(self.circuit, node.index, self.names)
        return cut(f"{name} = {text} = {value}", LONGEST), {"name": cut(name), "expression": cut(text, LONGEST), "value": value}

    def backward(self) -> Iterator[dict[str, Any]]:
        """The result's own gradient, 1; then each node, last first, sends to what it was computed from."""
        if not self.flow.seeded:
            return
        left: dict[str, int] = {}
        for wire in self.picture.wires:
            if wire.kind == "branch" and wire.gradient is not None:
                left[wire.fork] = left.get(wire.fork, 0) + 1
        for wire in self.arriving.get(OUT, ()):
            if wire.index is not None and wire.gradient is not None:
                yield self._back(wire, wire.source, f"d{cut(self.names[wire.index])} = 1", None, left)
        for node in reversed(self.nodes):
            for wire in self.arriving.get(node.key, ()):
                if wire.gradient is not None:
                    yield self._back(wire, node.key, *self._sent(node, wire), left)

    def _back(self, wire: Wire, node: str, text: str, math: dict[str, str] | None, left: dict[str, int]) -> dict[str, Any]:
        wires = [wire.key]
        if wire.kind == "branch":
            left[wire.fork] -= 1
            if not left[wire.fork]:
                wires.append(self.forks[wire.fork].key)
        line = self.picture.by_key[node].line
        return {"phase": "backward", "node": node, "wires": wires, "text": cut(text, LONGEST), "line": line, "math": math}

    def _sent(self, node: Node, wire: Wire) -> tuple[str, dict[str, str] | None]:
        assert wire.index is not None
        to = self.names[wire.index]
        if node.kind != "operation" or len(wire.hops) != 1:
            return f"d{to} += {quantity(wire.gradient)} from {node.sign}", None
        ((k, position),) = wire.hops
        hop = hop_at(self.circuit, self.names, self.flow.values, self.flow.totals[k], k, position)
        return _hop_text(hop), _hop_math(hop)


def _hop_text(hop: Hop) -> str:
    """`dz += dh * 2.0 * z = ...`; for operations that mix elements the rule already holds what arrives."""
    sent = quantity(hop.sent)
    if hop.value is None:
        return f"d{hop.input} += {hop.local} = {sent}"
    if hop.local in ("1.0", "-1.0"):
        return f"d{hop.input} += {'-' if hop.local[0] == '-' else ''}d{hop.output} = {sent}"
    local = f"({hop.local})" if " + " in hop.local or " - " in hop.local else hop.local
    return f"d{hop.input} += d{hop.output} * {local} = {sent}"


def _hop_math(hop: Hop) -> dict[str, str]:
    return {
        "of": cut(hop.output), "to": cut(hop.input), "local": cut(hop.local, LONGEST), "slope": "" if hop.value is None else quantity(hop.value),
        "arriving": quantity(hop.arriving), "sent": exact(hop.sent),
    }  # fmt: skip
