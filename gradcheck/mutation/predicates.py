"""Simple statements about a point, in the user's own variables: signs, zeros, equality, order, thresholds, the branch taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, argument_names
from gradcheck.circuit.edits import HOP, INPUT, VALUE
from gradcheck.circuit.source import inline
from gradcheck.errors import GradcheckError
from gradcheck.mutation.branches import decided
from gradcheck.mutation.mutant import Mutant, numbers_in
from gradcheck.mutation.probe import Probe
from gradcheck.mutation.wording import entry_name
from gradcheck.primitives import BY_NAME

FEW = 8  # entries up to which each is spoken of alone
SHORT = 40  # letters of an expression that stands for itself
NAMED = 40  # named values that are looked at
INPUTS, VALUES, BRANCHES, ORDERS, FLOWS = 0, 1, -1, 2, 3  # what is told first, of statements that fit alike
SIGNS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("<", "below", lambda v: v < 0),
    (">", "above", lambda v: v > 0),
    ("==", "equal to", lambda v: v == 0),
)
CLIP = BY_NAME["clip"]
_DECIDING = ("less", "less_equal", "greater", "greater_equal", "maximum", "minimum", "fmax", "fmin", "clip")


@dataclass(slots=True, eq=False)
class Predicate:
    """A statement that holds at a point or not, and how its absence from all points is told; the one variable it is about, or entry of that."""

    text: str
    test: Callable[[Probe], Any]
    rank: int = INPUTS
    name: str | None = None
    index: tuple[int, ...] | None = None
    known: dict[int, bool] = field(default_factory=dict)

    def holds(self, probe: Probe) -> bool:
        """Whether it holds at a point; not where its values do not exist."""
        if id(probe) not in self.known:
            try:
                with np.errstate(all="ignore"):
                    self.known[id(probe)] = bool(self.test(probe))
            except (KeyError, IndexError, TypeError, ValueError):
                self.known[id(probe)] = False
        return self.known[id(probe)]


def predicates(mutant: Mutant, own: Sequence[Probe]) -> Iterator[Predicate]:
    """Statements about any point, made from the variables that the function has at the first of the test's own."""
    first = own[0]
    yield from _of_branches(mutant)
    inputs = inputs_of(first)
    for name, value in inputs.items():
        yield from _of_value(name, value, INPUTS)
    for (a, x), (b, y) in combinations(inputs.items(), 2):
        if x.shape == y.shape:
            yield from _of_pair(a, b, x.shape)
    for name, value in data_of(first).items():
        if value.dtype.kind in "iu" and value.size > 1:
            yield Predicate(f"no point has equal entries in {name}", lambda p, n=name: _repeats(data_of(p)[n]), INPUTS)  # type: ignore[misc]
    for name, value in list(named_of(first).items())[:NAMED]:
        yield from _of_value(name, value, VALUES)
    for k in _deciding(first.problem.circuit):
        yield from _of_decision(first, k)
        if first.problem.circuit.equation(k).primitive is CLIP:
            yield from _outside(first, k)
    for name, value in inputs.items():
        yield from _of_order(name, value)
    yield from _of_flow(mutant, own)


# values by name


def inputs_of(probe: Probe) -> dict[str, Any]:
    """The differentiable arguments by name."""
    names = argument_names(probe.problem.function, len(probe.problem.arguments))
    return {names[i]: np.asarray(probe.problem.arguments[i]) for i in probe.problem.argnums}


def data_of(probe: Probe) -> dict[str, Any]:
    """The other arguments that are arrays of numbers."""
    names = argument_names(probe.problem.function, len(probe.problem.arguments))
    given = enumerate(probe.problem.arguments)
    return {names[i]: v for i, v in given if i not in probe.problem.argnums and isinstance(v, np.ndarray) and v.dtype.kind in "iuf"}


def named_of(probe: Probe) -> dict[str, Any]:
    """Values of the function that variables hold, besides its arguments."""
    if "named" not in probe.known:
        circuit, values = probe.problem.circuit, probe.scene.values
        known = {n: k for k, n in circuit.names.items() if circuit.opcodes[k] >= 0 and circuit.type(k).floating}
        probe.known["named"] = {n: np.asarray(values[k]) for n, k in known.items() if k != circuit.outputs[0]}
    found: dict[str, Any] = probe.known["named"]
    return found


def either(probe: Probe, name: str) -> Any:
    """A variable's value, an argument's or another's."""
    inputs = inputs_of(probe)
    return inputs[name] if name in inputs else named_of(probe)[name]


# statements


def _of_value(name: str, value: Any, rank: int) -> Iterator[Predicate]:
    for sign, word, test in SIGNS:
        text = f"no point has {name} {sign} 0" if value.ndim == 0 else f"no point has an entry of {name} {word} 0"
        yield Predicate(text, lambda p, t=test: np.any(t(either(p, name))), rank, name)  # type: ignore[misc]
    yield Predicate(_zero(name, value), lambda p: np.any(either(p, name) != 0), rank, name)
    if 0 < value.size <= FEW and value.ndim:
        for index in np.ndindex(value.shape):
            called = entry_name(name, index)
            for sign, _, test in SIGNS[:2]:
                text = f"no point has {called} {sign} 0"
                yield Predicate(text, lambda p, t=test, i=index: t(either(p, name)[i]), rank, name, index)  # type: ignore[misc]
            yield Predicate(f"{called} is 0 at every point", lambda p, i=index: either(p, name)[i] != 0, rank, name, index)  # type: ignore[misc]


def _zero(name: str, value: Any) -> str:
    return f"{name} is 0 at every point" if value.ndim == 0 else f"all entries of {name} are 0 at every point"


def _of_pair(a: str, b: str, shape: tuple[int, ...]) -> Iterator[Predicate]:
    yield Predicate(f"all points have {a} == {b}", lambda p: np.any(either(p, a) != either(p, b)), ORDERS)
    for x, y in ((a, b), (b, a)):
        text = f"no point has {x} < {y}" if shape == () else f"no point has an entry of {x} below that of {y}"
        yield Predicate(text, lambda p, x=x, y=y: np.any(either(p, x) < either(p, y)), ORDERS)  # type: ignore[misc]


def _of_order(name: str, value: Any) -> Iterator[Predicate]:
    """Of the entries of one array among themselves."""
    if value.size < 2:
        return
    yield Predicate(f"all entries of {name} are equal at every point", lambda p: np.ptp(either(p, name)) != 0, ORDERS, name)
    for word, which in (("largest", np.argmax), ("smallest", np.argmin)):
        place = int(which(value))
        called = entry_name(name, tuple(int(i) for i in np.unravel_index(place, value.shape)))
        text = f"the {word} entry of {name} is {called} at every point"
        yield Predicate(text, lambda p, w=which, i=place: int(w(either(p, name))) != i, ORDERS, name)  # type: ignore[misc]
    if value.ndim == 2 and value.shape[0] == value.shape[1]:
        yield Predicate(f"{name} is symmetric at every point", lambda p: np.any(either(p, name) != either(p, name).T), ORDERS)
    if value.size <= FEW:
        for i, j in pairwise(np.ndindex(value.shape)):
            text = f"{entry_name(name, i)} and {entry_name(name, j)} are equal at every point"
            yield Predicate(text, lambda p, i=i, j=j: either(p, name)[i] != either(p, name)[j], ORDERS)  # type: ignore[misc]


def _of_branches(mutant: Mutant) -> Iterator[Predicate]:
    """Of a condition that has the same outcome at all points."""
    site = mutant.site
    if site is None:
        return
    text = f"no point takes the other side of `{site.source}` ({site})"
    yield Predicate(text, lambda p: (not mutant.outcome) in decided(p.problem.circuit).get(site, ()), BRANCHES)


def _deciding(circuit: Circuit) -> list[int]:
    return [k for k in range(len(circuit)) if (p := circuit.primitive(k)) is not None and p.name in _DECIDING]


def _of_decision(first: Probe, k: int) -> Iterator[Predicate]:
    """Of what the function compares: one side of it above the other."""
    circuit = first.problem.circuit
    a, *others = circuit.inputs_of(k)
    for b in others:
        words = worded(first, a), worded(first, b)
        if None in words or a in circuit.constants:
            continue
        shape = np.broadcast_shapes(np.shape(first.scene.values[a]), np.shape(first.scene.values[b]))
        for sign, word, test in (("<", "below", np.less), (">", "above", np.greater)):
            text = f"no point has {words[0]} {sign} {words[1]}" if shape == () else f"no point has an entry of {words[0]} {word} {words[1]}"
            yield Predicate(text, lambda p, b=b, t=test: np.any(t(_at(first, p, a), _at(first, p, b))), ORDERS)  # type: ignore[misc]


def _outside(first: Probe, k: int) -> Iterator[Predicate]:
    """Of what is clipped: beyond either end."""
    circuit = first.problem.circuit
    a, low, high = circuit.inputs_of(k)
    words = [worded(first, i) for i in (a, low, high)]
    if None in words:
        return
    one = np.shape(first.scene.values[a]) == ()
    said = f"{words[0]} < {words[1]} or {words[0]} > {words[2]}" if one else f"an entry of {words[0]} below {words[1]} or above {words[2]}"

    def beyond(p: Probe) -> Any:
        x, ends = _at(first, p, a), (_at(first, p, low), _at(first, p, high))
        return np.any((x < ends[0]) | (x > ends[1]))

    yield Predicate(f"no point has {said}", beyond, ORDERS)


def _at(first: Probe, probe: Probe, k: int) -> Any:
    """The value at another point that is value k at the first."""
    return probe.scene.values[number_at(first.problem.circuit, probe, k)]


def number_at(home: Circuit, probe: Probe, k: int) -> int:
    """The number that a value of one circuit has at a point. KeyError where it is not formed there."""
    if probe.problem.circuit is home:
        return k
    key = f"numbers {id(home)}"
    if key not in probe.known:
        probe.known[key] = (home, numbers_in(home, probe.problem.circuit))
    return int(probe.known[key][1][k])


def worded(probe: Probe, k: int) -> str | None:
    """A value as the user would call it: by name, as a number, or as a short expression."""
    circuit = probe.problem.circuit
    if k in circuit.constants:
        value = circuit.constants[k]
        return f"{float(value):g}" if np.shape(value) == () else None
    if k in circuit.names:
        return circuit.names[k]
    try:
        text = inline(circuit.with_outputs((k,)), {i: circuit.names[i] for i in circuit.inputs}).replace("np.", "")
    except (GradcheckError, KeyError):
        return None
    return text if len(text) <= SHORT else None


def _of_flow(mutant: Mutant, own: Sequence[Probe]) -> Iterator[Predicate]:
    """Of what comes back to the place of the mistake: nothing, at all points."""
    e = mutant.edit
    if e is None:
        return
    if e.locus.what == INPUT:
        yield from _of_entry_flow(mutant, own[0])
        return
    home, k = mutant.home, e.locus.k
    below = home.inputs_of(k)[e.locus.position] if e.locus.what == HOP else k

    def flows(p: Probe) -> bool:
        number = number_at(home, p, k)
        if number not in p.scene.cotangents:
            return False
        sent = p.scene.cotangents[number] if e.locus.what == VALUE else p.scene.parts[number, e.locus.position]
        return bool(np.any(sent))

    own_word = worded(own[0], k) if own[0].problem.circuit is home else None
    called, operand = home.names.get(k) or own_word, home.names.get(below)
    if operand is not None and called is not None:
        yield Predicate(f"what comes back from {called} to {operand} is 0 at every point", flows, FLOWS)
    elif called is not None or operand is not None:
        yield Predicate(f"the gradient through {called or operand} is 0 at every point", flows, FLOWS)
    else:
        place = home.place(k)
        at = f" at {place}" if place else ""
        primitive = home.primitive(k)
        yield Predicate(f"the gradient through {primitive.name if primitive else 'this step'}{at} is 0 at every point", flows, FLOWS)


def _of_entry_flow(mutant: Mutant, first: Probe) -> Iterator[Predicate]:
    """Of the entries of a finished gradient."""
    assert mutant.edit is not None
    j = mutant.edit.locus.k
    name = list(inputs_of(first))[j]
    if mutant.entry is None:
        yield Predicate(f"the gradient for {name} is 0 at every point", lambda p: np.any(p.scene.truth[j]), FLOWS)
        return
    entry, other = mutant.entry, mutant.other
    called = entry_name(name, entry)
    if other is None:
        yield Predicate(f"the gradient for {called} is 0 at every point", lambda p: np.asarray(p.scene.truth[j])[entry] != 0, FLOWS)
    else:
        text = f"the gradients for {called} and {entry_name(name, other)} are equal at every point"
        yield Predicate(text, lambda p: p.scene.truth[j][entry] != p.scene.truth[j][other], FLOWS)


def _repeats(values: Any) -> bool:
    return bool(len(np.unique(values)) < values.size)
