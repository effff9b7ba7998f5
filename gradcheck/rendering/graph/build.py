"""From a circuit to what its picture shows: how much is folded, which constants an operation's sign takes in, which values fork."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.derivation.flow import Flow, flow
from gradcheck.errors import UsageError
from gradcheck.rendering.graph.folding import Folding, Part, by_lines, by_whole_lines, folded, needed, owners, unfolded
from gradcheck.rendering.graph.model import OUT, Node, Picture, Row, Wire
from gradcheck.rendering.graph.words import ORDERED, absorbed, element, name_parts, quantity, sign
from gradcheck.rendering.text import cut

PILLS_FROM = 40  # nodes from which the numbers stand inside the nodes
READABLE = 200  # nodes up to which a picture is readable
MOST = 1000  # nodes that are laid out where folding was refused
BUNDLE = 3  # inputs or values that go one way and are drawn apart
_SHOWN_SIGNS = 5
_CODE = 44


def picture(circuit: Circuit, inputs: Sequence[Any] | None = None, *, name: str | None = None, fold: bool | None = None) -> Picture:
    """What the picture of a circuit shows, with the numbers at a point where `inputs` are given.

    Repeats fold where more than 200 nodes would be drawn, always (`fold=True`) or never (`fold=False`). Raises UsageError, in one line,
    where even source lines taken as wholes are too many.
    """
    title = cut(name or circuit.name)
    folding = _folding(circuit, fold, title)
    numbers = None if inputs is None else flow(circuit, inputs)
    return _Build(folding, numbers, title).picture()


def _folding(circuit: Circuit, fold: bool | None, name: str) -> Folding:
    operations = len(needed(circuit))
    if fold is False:
        if operations > MOST:
            raise UsageError(
                f"{name}: {operations} operations are too many to draw one by one (at most {MOST}): let repeats fold, or draw a smaller case"
            )
        return unfolded(circuit)
    plain = unfolded(circuit) if operations <= READABLE else None
    if plain is not None and not fold and _drawn(plain) <= READABLE:
        return plain
    found = folded(circuit)
    for further in (by_lines, by_whole_lines):
        if len(found.parts) <= READABLE and _drawn(found) <= READABLE:
            return found
        found = further(found)
    drawn = _drawn(found)
    if drawn > READABLE:
        raise UsageError(
            f"{name}: {operations} operations fold into {drawn} nodes, and a picture is readable up to {READABLE}: draw a smaller case"
        )
    return found


def _drawn(folding: Folding) -> int:
    """How many nodes a folding is drawn with."""
    return len(_Build(folding, None, "f").picture().nodes) if len(folding.parts) <= MOST else len(folding.parts)


class _Build:
    """One picture under way."""

    def __init__(self, folding: Folding, flow: Flow | None, name: str) -> None:
        self.folding, self.circuit, self.flow, self.name = folding, folding.circuit, flow, name
        self.owner = owners(folding)
        self.keys = [f"v{int(p.equations[0])}" if p.kind == "operation" else f"g{i}" for i, p in enumerate(folding.parts)]
        self.leaves: dict[str, Node] = {}
        self.wires: list[Wire] = []

    def picture(self) -> Picture:
        """The finished picture."""
        circuit = self.circuit
        self.elements = self._elements()
        for number, part in enumerate(self.folding.parts):
            self._wires_into(number, part)
        for k in circuit.outputs:
            self._wire(k, OUT, ())
        self._idle_inputs()
        nodes = [*self._sorted_leaves(), *(self._node(i, p) for i, p in enumerate(self.folding.parts) if i not in self.elements)]
        pills = len(nodes) >= PILLS_FROM
        if pills:
            nodes = self._beside_readers(nodes)
        nodes = list(_in_order(nodes))
        wires = tuple(replace(w, key=f"w{i}") for i, w in enumerate(self.wires if pills else _forked(self.wires, self.flow)))
        return Picture(
            self.name, tuple(nodes), wires, self.folding.operations, len(circuit.equations.numbers) - self.folding.operations, pills, circuit, self.flow
        )  # fmt: skip

    def _hops(self) -> tuple[Any, Any, Any]:
        """All reads from one part by another, or from leaves: reader, operand position, what is read."""
        starts = np.asarray(self.circuit.starts)
        lengths = np.diff(starts)
        reader = np.repeat(np.arange(len(self.circuit)), lengths)
        read = np.asarray(self.circuit.operands, dtype=np.int64)
        crossing = np.flatnonzero((self.owner[reader] >= 0) & (self.owner[reader] != self.owner[read]))
        return reader[crossing], crossing - starts[reader[crossing]], read[crossing]

    def _elements(self) -> dict[int, str]:
        """Parts that take one element of an input that is read in no other way: drawn as inputs themselves."""
        self.reader, self.position, self.read = self._hops()
        sort = np.argsort(self.owner[self.reader], kind="stable")
        self.reader, self.position, self.read = self.reader[sort], self.position[sort], self.read[sort]
        self.first = np.searchsorted(self.owner[self.reader], np.arange(len(self.folding.parts) + 1))
        found: dict[int, str] = {}
        for i in self.circuit.inputs:
            readers = self.reader[self.read == i].tolist() if len(self.circuit.inputs) <= READABLE else []
            if readers and i not in self.circuit.outputs and all(self._is_element(k) for k in readers):
                found |= {int(self.owner[k]): f"{self._input_name(i)}[{element(self.circuit.params[k]['index'])}]" for k in readers}
        return found

    def _is_element(self, k: int) -> bool:
        primitive = self.circuit.primitive(k)
        alone = self.folding.parts[int(self.owner[k])].kind == "operation"
        return alone and primitive is not None and primitive.name == "getitem" and not self.circuit.type(k).shape

    def _input_name(self, i: int) -> str:
        return cut(self.circuit.names.get(i, f"x{self.circuit.inputs.index(i)}"))

    # wires
    def _wires_into(self, number: int, part: Part) -> None:
        hops = slice(int(self.first[number]), int(self.first[number + 1]))
        reader, position, read = (c[hops] for c in (self.reader, self.position, self.read))
        if number in self.elements:
            k = int(part.equations[0])
            line = self.circuit.place(k)
            self.leaves[self.keys[number]] = Node(
                self.keys[number], "input", "", self.elements[number], k, 1, k, *self._numbers(k), line.line if line else None
            )
        elif part.kind == "operation":
            k = int(part.equations[0])
            taken = absorbed(self.circuit, k)
            for p, i in enumerate(self.circuit.inputs_of(k)):
                if p != taken:
                    self._wire(i, self.keys[number], ((k, p),))
        else:
            self._wires_into_many(number, reader, position, read)

    def _wires_into_many(self, number: int, reader: Any, position: Any, read: Any) -> None:
        """A folded part reads each value once; its constants are not drawn, and many inputs are one."""
        key = self.keys[number]
        sort = np.argsort(read, kind="stable")
        values, begins = np.unique(read[sort], return_index=True)
        ends = np.append(begins[1:], len(read))
        hops = {
            int(i): (reader[sort[a:b]], position[sort[a:b]])
            for i, a, b in zip(values, begins, ends, strict=True)
            if int(i) not in self.circuit.constants
        }
        from_where: dict[tuple[str, str], list[int]] = {}
        for i in hops:
            alone = self.owner[i] < 0 and int(np.count_nonzero(self.read == i)) == len(hops[i][0])
            source = self.keys[self.owner[i]] if self.owner[i] >= 0 else f"v{i}"
            from_where.setdefault(("inputs", name_parts(self._input_name(i))[0]) if alone else ("", source), []).append(i)
        for (kind, source), group in from_where.items():
            if len(group) <= BUNDLE:
                for i in group:
                    self._wire(i, key, tuple(zip(hops[i][0].tolist(), hops[i][1].tolist(), strict=True)))
            elif kind == "inputs":
                self._bundled_inputs(group, key)
            else:
                self.wires.append(Wire("", source, key, None, count=len(group)))

    def _bundled_inputs(self, group: list[int], target: str) -> None:
        first, last = self._input_name(group[0]), self._input_name(group[-1])
        key = f"b{group[0]}"
        self.leaves[key] = Node(key, "input", f"{len(group)} inputs", f"{cut(first, 12)} … {cut(last, 12)}", group[0])
        if target:
            self.wires.append(Wire("", key, target, None, count=len(group)))

    def _wire(self, i: int, target: str, hops: tuple[tuple[int, int], ...]) -> None:
        """One value to one reader."""
        source = self._source(i, len(self.wires))
        value = None if self.flow is None else self.flow.values[i]
        name = cut(self.circuit.names.get(i, "")) if self.owner[i] >= 0 and int(self.owner[i]) not in self.elements else ""
        self.wires.append(Wire("", source, target, i, name, value, self._sent(i, target, hops), hops=hops[:64]))

    def _source(self, i: int, number: int) -> str:
        """The node a value comes from; inputs and constants get theirs here. A constant stands beside each of its readers."""
        if self.owner[i] >= 0:
            return self.keys[int(self.owner[i])]
        if i in self.circuit.constants:
            key = f"c{i}_{number}"
            value = self.circuit.constants[i]
            name = cut(self.circuit.names.get(i, ""))
            self.leaves[key] = Node(key, "constant", "" if name else quantity(value), name, i, 0, i, value)
            return key
        key = f"v{i}"
        if key not in self.leaves:
            self.leaves[key] = Node(key, "input", "", self._input_name(i), i, 0, i, *self._numbers(i))
        return key

    def _sent(self, i: int, target: str, hops: tuple[tuple[int, int], ...]) -> Any:
        """What comes back: the cotangent itself from outside, the sum of its hops from a node."""
        if self.flow is None or not self.flow.seeded or not self.flow.active[i]:
            return None
        if target == OUT:
            return self.circuit.type(i).dtype.type(1)
        if len(hops) > 1 and np.count_nonzero(self.read == i) == len(hops) and i not in self.circuit.outputs:
            return self.flow.totals[i]
        parts = [part for k, p in hops if (part := self.flow.sent(k, p)) is not None]
        total = parts[0] if parts else None
        for part in parts[1:]:
            total = total + part
        return total

    def _numbers(self, i: int) -> tuple[Any, Any]:
        """A value and its gradient; an input that nothing reaches has gradient 0."""
        if self.flow is None:
            return None, None
        total = self.flow.totals[i]
        if total is None and self.flow.seeded and self.flow.active[i] and i in self.circuit.inputs:
            total = np.zeros(self.circuit.type(i).shape)[()]
        return self.flow.values[i], total

    def _idle_inputs(self) -> None:
        """Inputs that nothing reads stand there all the same."""
        used = set(self.read.tolist()) | set(self.circuit.outputs)
        idle = [i for i in self.circuit.inputs if i not in used]
        if len(idle) > BUNDLE:
            self._bundled_inputs(idle, "")
            return
        for i in idle:
            self._source(i, 0)

    def _beside_readers(self, nodes: list[Node]) -> list[Node]:
        """In large pictures an input that many read stands beside each of them, with what comes back there, and once with the total."""
        readers: dict[str, list[int]] = {}
        for number, wire in enumerate(self.wires):
            readers.setdefault(wire.source, []).append(number)
        repeated: list[Node] = []
        for node in [n for n in nodes if n.kind == "input" and n.index is not None and len(readers.get(n.key, ())) > BUNDLE]:
            places = readers[node.key]
            nodes[nodes.index(node)] = replace(node, sign=f"in {len(places)} places")
            for number in places:
                wire = self.wires[number]
                again = replace(node, key=f"{node.key}_{number}", value=None, gradient=wire.gradient, operations=0)
                repeated.append(again)
                self.wires[number] = replace(wire, source=again.key)
        first = next((i for i, n in enumerate(nodes) if n.kind != "input"), len(nodes))
        return [*nodes[:first], *repeated, *nodes[first:]]

    # nodes
    def _sorted_leaves(self) -> list[Node]:
        place = {i: n for n, i in enumerate(self.circuit.inputs)}
        whole = {
            n.key: place.get(int(self.circuit.inputs_of(n.index)[0]), 0) if n.operations else place.get(n.order, 0)
            for n in self.leaves.values()
            if n.index is not None
        }
        return sorted(self.leaves.values(), key=lambda n: (n.kind == "constant", whole.get(n.key, place.get(n.order, 0)), n.order))

    def _node(self, number: int, part: Part) -> Node:
        circuit, key = self.circuit, self.keys[number]
        k = int(part.equations[0])
        place = circuit.place(k)
        if part.kind == "operation":
            primitive = circuit.primitive(k)
            symmetric = all(len(circuit.type(i).shape) == 1 for i in circuit.inputs_of(k))  # the inner product of two vectors
            ordered = primitive is not None and primitive.name in ORDERED and not (primitive.name == "matmul" and symmetric)
            name = cut(circuit.names.get(k, ""))
            return Node(
                key,
                "operation",
                sign(circuit, k),
                name,
                0,
                1,
                k,
                *self._numbers(k),
                place.line if place else None,
                ordered=ordered,
                part=part,
            )
        title = f"{part.rounds} × ({_in_short(circuit, part)})" if part.repeat else f"{len(part.equations)} operations"
        rows = tuple(self._rows(part)) if part.repeat else ()
        return Node(
            key, "rounds" if part.repeat else "lines", cut(title, 48), "", 0, len(part.equations), None, line=place.line if place else None,
            code=_code(circuit, part), rows=rows, part=part,
        )  # fmt: skip

    def _rows(self, part: Part) -> Iterator[Row]:
        """The first and the last round: what each hands on."""
        size = len(part.equations) // part.rounds
        last = part.equations[-size:]
        used = {int(i) for i in self.read[np.isin(self.read, last)]} | {k for k in self.circuit.outputs if k in last}
        result = int(np.flatnonzero(np.isin(last, list(used) or last[-1:]))[-1])
        for label, k in (("first", int(part.equations[result])), ("last", int(last[result]))):
            yield Row(label, *self._numbers(k))


def _in_order(nodes: list[Node]) -> Iterator[Node]:
    """Numbered as the forward pass meets them; an input that stands in several places has one number."""
    numbers: dict[Any, int] = {}
    for node in nodes:
        key = node.index if node.kind == "input" and node.index is not None else node.key
        yield replace(node, order=numbers.setdefault(key, len(numbers)))


def _forked(wires: list[Wire], flow: Flow | None) -> Iterator[Wire]:
    """The wires with a trunk and a fork for every value that is read more than once."""
    readers: dict[tuple[str, int | None], int] = {}
    for w in wires:
        readers[w.source, w.index] = readers.get((w.source, w.index), 0) + 1
    drawn: set[tuple[str, int | None]] = set()
    for w in wires:
        if w.index is None or readers[w.source, w.index] == 1:
            yield w
            continue
        fork = f"f{w.index}"
        if (w.source, w.index) not in drawn:
            drawn.add((w.source, w.index))
            total = flow.totals[w.index] if flow is not None else None
            yield Wire("", w.source, fork, w.index, w.name, w.value, total, kind="trunk", fork=fork)
        yield replace(w, name="", kind="branch", fork=fork)


def _in_short(circuit: Circuit, part: Part) -> str:
    """What a round does, in a few signs; a layer by the function that ends it."""
    assert part.repeat is not None
    names = [sign(circuit, item) if isinstance(item, int) else f"{item.rounds} × (…)" for item in part.repeat.body]
    last = circuit.primitive(part.repeat.body[-1]) if isinstance(part.repeat.body[-1], int) else None
    if "@" in names and last is not None and last.name in ("tanh", "expit", "maximum", "exp", "softmax", "log1p", "erf"):
        return f"{ {'maximum': 'ReLU', 'expit': 'sigmoid'}.get(last.name, last.name) } layer"
    return "  ".join(names[:_SHOWN_SIGNS]) + ("  …" if len(names) > _SHOWN_SIGNS else "")


def _code(circuit: Circuit, part: Part) -> str:
    """The source line of a folded part, or which lines it spans."""
    numbers = np.unique(np.asarray(circuit.places)[part.equations])
    places = [p for n in numbers.tolist() if (p := circuit.place_table[n]) is not None]
    if not places:
        return ""
    lines = sorted({p.line for p in places})
    if len(places) == 1:
        text = cut(" ".join(linecache.getline(places[0].file, places[0].line).split()), _CODE)
        return f"line {lines[0]}: {text}" if text else f"line {lines[0]}"
    return f"lines {lines[0]} to {lines[-1]}" if len({p.file for p in places}) == 1 else f"{len(places)} lines"
