"""The chain rule of a circuit at a point, as formulas: the function, each hop's local derivative, products along paths, sums over paths.

A formula is a Python expression over identifiers of ours, so that what is shown can be evaluated: `_v3` a value, `_d3` the derivative of the
result by it, `_l5` the local derivative of hop 5, `_p5` what hop 5 adds to a derivative, `_t3` the derivative of a value along the inputs,
`_c3` a constant array. How they are written for people is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Literal

import numpy as np

from gradcheck.circuit import Circuit, value_names
from gradcheck.derivation.algebra import parse, replaced, size, text_of
from gradcheck.derivation.hop_formulas import MANY, Formulas
from gradcheck.derivation.hops import Derivation
from gradcheck.derivation.lemmas import lemma_of
from gradcheck.derivation.paths import paths_to
from gradcheck.derivation.rounds import LONGEST, shown_hops
from gradcheck.derivation.tangents import tangent_formula

Kind = Literal["value", "derivative", "local", "part", "prime", "constant"]
WRITTEN_OUT = 60  # nodes of a nameless step, times its uses, up to which it is written out where it is used
FEW = 8  # the same for one that is used more than twice


@dataclass(frozen=True, slots=True)
class Symbol:
    """What an identifier stands for: the name of a value, of which other value it is the entry `index`, for a hop the other end, its place."""

    kind: Kind
    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "f"
    of: str = ""
    place: int | None = None
    index: tuple[int, ...] | None = None
    given: bool = False


@dataclass(frozen=True, slots=True)
class Equality:
    """One line: `left = formula = value`. `numbers` asks for the formula once more with numbers put in; `note` says by what it holds."""

    left: str
    formula: str
    value: Any = None
    note: str = ""
    hop: tuple[str, str] | None = None
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Lines under a heading; `left_out` says what was left out after which line."""

    name: str
    title: str
    lines: tuple[Equality, ...]
    remark: str = ""
    left_out: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A gradient derived as mathematics."""

    result: str
    parts: tuple[Part, ...]
    symbols: Mapping[str, Symbol]
    values: Mapping[str, Any]

    def lines(self) -> Iterator[Equality]:
        """All lines in order."""
        return (line for part in self.parts for line in part.lines)


def chain_of(circuit: Circuit, derivation: Derivation) -> Chain:
    """The chain rule of a derivation of this circuit, bounded: of very long ones the first hops and the last are shown."""
    with np.errstate(all="ignore"):
        return _Writer(circuit, derivation).whole()


class _Writer:
    def __init__(self, circuit: Circuit, derivation: Derivation) -> None:
        self.circuit, self.derivation = circuit, derivation
        self.env: dict[str, Any] = {}
        self.formulas = Formulas(circuit, self.env)
        self.names = value_names(circuit)
        self.number = {self.names[k]: k for k in self.formulas.ids}
        self.symbols: dict[str, Symbol] = {}
        self.result = circuit.outputs[0]
        self.hops = list(derivation.hops)
        self.groups = _grouped([(self.number[h.output], self.number[h.input]) for h in self.hops])
        self._declare()

    def _declare(self) -> None:
        """Every value and derivative with its symbol and number."""
        values = self.derivation.values
        entries = self._entries()
        for k, id in self.formulas.ids.items():
            type, name = self.circuit.type(k), self.names[k]
            self.env[id] = values[name]
            of, index = entries.get(k, ("", None))
            self.symbols[id] = Symbol("value", name, type.shape, type.dtype.kind, of, None, index, k in self.circuit.names)
            self.symbols[f"_t{k}"] = Symbol("prime", name, type.shape, of=id)
            if name in self.derivation.cotangents:
                self.symbols[f"_d{k}"] = Symbol("derivative", name, type.shape, of=id)
                self.env[f"_d{k}"] = self.derivation.cotangents[name]
        for h, hop in enumerate(self.hops):
            k, i = self.number[hop.output], self.number[hop.input]
            place = hop.position if self.circuit.inputs_of(k).count(i) > 1 else None
            self.symbols[f"_l{h}"] = Symbol("local", hop.output, self.circuit.type(i).shape, of=hop.input, place=place)
            self.symbols[f"_p{h}"] = Symbol("part", hop.input, self.circuit.type(i).shape, of=hop.output, place=place)
            self.env[f"_l{h}"], self.env[f"_p{h}"] = hop.value, hop.sent

    def _entries(self) -> dict[int, tuple[str, tuple[int, ...]]]:
        """Entries of arrays that are read entry by entry and in no other way: they can go by `theta[0]`, value and derivative."""
        readers: dict[int, list[int]] = {}
        for k in self.formulas.ids:
            for i in self.circuit.inputs_of(k):
                readers.setdefault(i, []).append(k)
        found: dict[int, tuple[str, tuple[int, ...]]] = {}
        for array, read in readers.items():
            places = [self._place(k) for k in read]
            if array in self.formulas.ids and array != self.result and None not in places and len(set(places)) == len(places):
                found |= {
                    k: (self.names[array], p) for k, p in zip(read, places, strict=True) if k not in self.circuit.names and p is not None
                }
        return {k: v for k, v in found.items() if self.number[v[0]] not in found}

    def _place(self, k: int) -> tuple[int, ...] | None:
        """Where a value is the single entry of an array, counted from 0; None if it is not."""
        primitive = self.circuit.primitive(k)
        if primitive is None or primitive.name != "getitem" or self.circuit.type(k).shape:
            return None
        index = self.circuit.params[k]["index"]
        index = index if isinstance(index, tuple) else (index,)
        shape = self.circuit.type(self.circuit.inputs_of(k)[0]).shape
        if len(index) != len(shape) or not all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in index):
            return None
        return tuple(int(i) % n for i, n in zip(index, shape, strict=True))

    def whole(self) -> Chain:
        """All parts; those with nothing to say are left out."""
        shown, left_out = shown_hops(self._keys())
        local, backward = self._local(shown, left_out), self._backward(shown, left_out)
        parts = (*self._function(shown), local, backward, self._paths(), self._unrolled(shown, left_out), self._gradient())
        given = self._given()
        taken = set(self.number)
        for id, (name, value) in self.formulas.constants.items():
            own = next(n for n in chain((name,) if name else (), (f"{name or 'k'}_{i}" for i in count())) if n not in taken)
            taken.add(own)
            self.symbols[id] = Symbol("constant", own, value.shape, value.dtype.kind, given=bool(name))
        constants = tuple(Equality(id, "", value, "constant") for id, (_, value) in self.formulas.constants.items())
        parts = (Part("given", "Given", (*given, *constants)), *parts)
        return Chain(self.formulas.ids[self.result], tuple(p for p in parts if p.lines or p.remark), self.symbols, self.env)

    def _given(self) -> tuple[Equality, ...]:
        active = {n for n, _ in self.derivation.totals}
        return tuple(Equality(self.formulas.ids[self.number[n]], "", v) for n, v in self.derivation.inputs if n in active)

    def _keys(self) -> list[tuple[Any, ...]]:
        """What makes two hops the same hop of two rounds: operation, operand, source line, shape."""
        keys = []
        for hop in self.hops:
            k = self.number[hop.output]
            keys.append((self.circuit.opcodes[k], hop.position, hop.place and (hop.place.file, hop.place.line), np.shape(hop.sent)))
        return keys

    # the function
    def _steps(self, shown: Sequence[int]) -> list[int]:
        """The steps to be shown: all, or of long circuits those on the hops that are shown."""
        steps = [k for k in self.formulas.ids if self.circuit.primitive(k) is not None]
        if len(steps) <= LONGEST:
            return steps
        seen = {n for h in shown for n in (self.number[self.hops[h].output], self.number[self.hops[h].input])}
        return [k for k in steps if k in seen]

    def _function(self, shown: Sequence[int]) -> tuple[Part, ...]:
        steps = self._steps(shown)
        total = sum(self.circuit.primitive(k) is not None for k in self.formulas.ids)
        remark = f"{len(steps)} of {total} steps are shown." if len(steps) < total else ""
        written = {k: self.formulas.step(k) for k in steps}
        if self.result in self.circuit.constants:
            written[self.result] = self.formulas.constant(self.result)
        lines = tuple(
            Equality(self.formulas.ids[k], text, self.env[self.formulas.ids[k]]) for k, text in written.items() if not self._is_entry(k)
        )
        if remark or len(lines) == sum(k in self.circuit.names for k in steps) or not steps:
            return (Part("function", "The function", lines, remark),)
        return Part("function", "The function", tuple(self._named(written))), Part("steps", "One operation at a time", lines)

    def _is_entry(self, k: int) -> bool:
        return self.symbols[self.formulas.ids[k]].index is not None

    def _named(self, written: Mapping[int, str]) -> Iterator[Equality]:
        """The steps that have a name of the user's, with nameless ones written out in them as far as they stay readable."""
        inside: dict[str, Any] = {}
        uses = Counter(i for k in written for i in self.circuit.inputs_of(k))
        for k, text in written.items():
            id, tree = self.formulas.ids[k], replaced(parse(text), inside)
            if self._is_entry(k):
                continue
            if k in self.circuit.names or k == self.result or size(tree) * uses[k] > WRITTEN_OUT or (uses[k] > 2 and size(tree) > FEW):
                yield Equality(id, text_of(tree))
            else:
                inside[id] = tree

    # derivatives
    def _is_scalar(self, h: int) -> bool:
        """Whether a hop goes from a number to a number, so that its local derivative is one."""
        hop = self.hops[h]
        return hop.value is not None and np.shape(hop.value) == () and np.shape(hop.arriving) == () and np.shape(hop.sent) == ()

    def _slope(self, h: int) -> str:
        """The local derivative of a hop between numbers."""
        return self.formulas.rule(self.number[self.hops[h].output], self.hops[h].position, "1", self.hops[h].value)

    def _local(self, shown: Sequence[int], left_out: Mapping[int, str]) -> Part:
        lines, gaps = [], []
        for h in shown:
            hop = self.hops[h]
            if self._is_scalar(h):
                lines.append(Equality(f"_l{h}", self._slope(h), hop.value, "", (hop.output, hop.input)))
            if h in left_out and lines:
                gaps.append((len(lines), left_out[h]))
        return Part("local", "Local derivatives, from the result back", tuple(lines), "", tuple(gaps))

    def _cotangent(self, h: int) -> str:
        """The derivative that arrives over a hop."""
        k = self.number[self.hops[h].output]
        return "1" if k == self.result else f"_d{k}"

    def _sent(self, h: int) -> tuple[str, str]:
        """What a hop adds to the derivative of its operand, and by which lemma."""
        hop = self.hops[h]
        if self._is_scalar(h):
            arriving = self._cotangent(h)
            return (f"_l{h}" if arriving == "1" else f"{arriving} * _l{h}"), ""
        k = self.number[hop.output]
        return self.formulas.rule(k, hop.position, self._cotangent(h), hop.sent), lemma_of(self.circuit, k, hop.position)

    def _backward(self, shown: Sequence[int], left_out: Mapping[int, str]) -> Part:
        """The derivative of the result by each value, from the result back: what arrives over every hop, added up."""
        chosen, lines, gaps, done = set(shown), list[Equality](), [], set[int]()
        last = {self.number[self.hops[h].input]: h for h in range(len(self.hops))}
        for h in shown:
            i = self.number[self.hops[h].input]
            if h == last[i] or (len(self.groups[i]) > MANY and i not in done):
                done.add(i)
                lines += self._total(i, [p for p in self.groups[i] if p in chosen])
            if h in left_out and lines:
                gaps.append((len(lines), left_out[h]))
        return Part("backward", "Backward: what arrives, added up", tuple(lines), "", tuple(gaps))

    def _total(self, i: int, hops: list[int]) -> Iterator[Equality]:
        group, left, value = self.groups[i], f"_d{i}", self.env[f"_d{i}"]
        to = self.names[i]
        if all(map(self._is_scalar, group)):
            terms = [self._sent(h)[0] for h in (group if len(group) <= MANY else [*group[:3], group[-1]])]
            yield Equality(left, _sum(terms, len(group)), value, "", (self.hops[group[0]].output, to), numbers=len(group) <= MANY)
        elif len(group) == 1:
            formula, note = self._sent(group[0])
            yield Equality(left, formula, value, note, (self.hops[group[0]].output, to))
        elif (together := self._entrywise(i)) is not None:
            yield Equality(left, together, value, "entry by entry", (self.hops[group[0]].output, to))
        else:
            for h in hops[:MANY]:
                formula, note = self._sent(h)
                yield Equality(f"_p{h}", formula, self.hops[h].sent, note, (self.hops[h].output, to))
            parts = [f"_p{h}" for h in (group if len(group) <= MANY else [*group[:3], group[-1]])]
            yield Equality(left, _sum(parts, len(group)), value, "every way added", (self.hops[group[0]].output, to))

    def _entrywise(self, i: int) -> str | None:
        """The derivative by a short vector that is read entry by entry: a vector of the entries' derivatives."""
        type, read = self.circuit.type(i), [self.number[self.hops[h].output] for h in self.groups[i]]
        if len(type.shape) != 1 or type.size > MANY or any(self._place(k) is None for k in read):
            return None
        entries: dict[int, str] = {self._place(k)[0]: f"_d{k}" for k in read}  # type: ignore[index]
        if len(entries) < len(read):
            return None
        return f"np.array([{', '.join(entries.get(j, '0') for j in range(type.size))}])"

    # paths and recursion
    def _paths(self) -> Part:
        """For small graphs of numbers: the product along every path, and the sum over paths."""
        edges, blocked, same = self._edges()
        lines = []
        for i, paths in paths_to(self.result, edges, blocked, self._ends()):
            products = [" * ".join(f"_l{h}" for h in path if h not in same) or "1" for path in paths]
            note = "" if len(paths) == 1 else f"{len(paths)} paths"
            lines.append(Equality(f"_d{i}", " + ".join(products), self.env[f"_d{i}"], note, None, numbers=True))
        return Part("paths", "Along every path: multiplied on the way, added where ways meet", tuple(lines))

    def _edges(self) -> tuple[list[tuple[int, int] | None], set[int], set[int]]:
        """Hops between numbers; what other hops lead to; and hops over which nothing changes: from an entry of a stack to what was stacked."""
        edges: list[tuple[int, int] | None] = []
        blocked, same = set[int](), set[int]()
        entry = {(s.of, s.index): k for k, id in self.formulas.ids.items() if (s := self.symbols[id]).index is not None}
        stacked = {self.number[of] for of, _ in entry if self._is_stack(self.number[of])}
        for h, hop in enumerate(self.hops):
            k, i = self.number[hop.output], self.number[hop.input]
            if self._is_scalar(h):
                edges.append((k, i))
            elif k in stacked:
                source = entry.get((hop.output, (hop.position,)))
                edges.append(None if source is None else (source, i))
                same.add(h)
            else:
                edges.append(None)
                blocked |= set() if i in stacked else {i}
        return edges, blocked, same

    def _is_stack(self, k: int) -> bool:
        """Whether a value is a vector put together from numbers."""
        primitive = self.circuit.primitive(k)
        return primitive is not None and primitive.name == "stack" and len(self.circuit.type(k).shape) == 1

    def _ends(self) -> list[int]:
        """Where paths end: inputs, and entries of inputs."""
        names = {n: self.number[n] for n, _ in self.derivation.totals}
        entries = [k for k, id in self.formulas.ids.items() if self.symbols[id].index is not None and self.symbols[id].of in names]
        return [*(k for k in names.values() if not self.circuit.type(k).shape), *entries]

    def _unrolled(self, shown: Sequence[int], left_out: Mapping[int, str]) -> Part:
        """y' = f'(g(x)) g'(x), applied from the result until the inputs are reached."""
        lines, gaps, done, without = list[Equality](), [], set[int](), list[str]()
        into: dict[int, list[int]] = {}
        for h, hop in enumerate(self.hops):
            into.setdefault(self.number[hop.output], []).append(h)
        for h in shown:
            k = self.number[self.hops[h].output]
            if k not in done and not self._is_entry(k):
                formula = self._prime(k, into[k])
                lines += [Equality(f"_t{k}", formula)] if formula else []
                without += [] if formula else [self.names[k]]
            done.add(k)
            if h in left_out and lines:
                gaps.append((len(lines), left_out[h]))
        title = "The chain rule as a recursion, from the result until the inputs are reached"
        return Part("unrolled", title, tuple(lines), _without_form(without), tuple(gaps))

    def _prime(self, k: int, hops: Sequence[int]) -> str:
        """The derivative of value k in terms of those of its operands; nothing where no short form is known to hold."""
        return tangent_formula(self.circuit, self.formulas, k, [(self.hops[h].position, self.hops[h].value) for h in hops])

    def _gradient(self) -> Part:
        lines = tuple(Equality(f"_d{self.number[n]}", "", g) for n, g in self.derivation.totals if f"_d{self.number[n]}" in self.symbols)
        nothing = [n for n, _ in self.derivation.totals if f"_d{self.number[n]}" not in self.symbols]
        remark = f"The result does not depend on {', '.join(nothing[:MANY])}." if nothing else ""
        return Part("gradient", "The gradient", lines, remark)


def _without_form(names: Sequence[str]) -> str:
    """Where the recursion has no line: operations that mix elements and are not linear."""
    if not names:
        return ""
    more = ", ..." if len(names) > MANY else ""
    return f"Not shown: the step{'s' if len(names) > 1 else ''} to {', '.join(names[:MANY])}{more}, whose derivative has no short form."


def _sum(terms: Sequence[str], count: int) -> str:
    return " + ".join(terms) if len(terms) == count else " + ".join([*terms[:-1], "...", terms[-1]])


def _grouped(edges: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """The hops that arrive at each value, in order."""
    groups: dict[int, list[int]] = {}
    for h, (_, i) in enumerate(edges):
        groups.setdefault(i, []).append(h)
    return groups
