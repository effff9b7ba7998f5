"""Which mistakes are planted: a few of the diagnosis engine's at every hop, value and input, spread evenly where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import HOP, INPUT, Edit, Locus
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.diagnosis.mistakes import LINEAR, hop_mistakes
from gradcheck.diagnosis.scene import Scene
from gradcheck.mutation.branches import decided
from gradcheck.mutation.mutant import BRANCH, ENTRY, Mutant

MOST = 100  # mutants of one function
ALIKE = 4  # hops alike on one line, beyond which they are the rounds of a loop: one mistake in all, and one in the first
ENTRIES = 4  # entries of an argument that are wrong alone
BRANCHING = ("maximum", "minimum", "fmax", "fmin", "absolute", "where", "clip", "max", "min")
PASSING = (*LINEAR, "mean")
WANTED = {"sign": 1, "factor": 1, "missing-factor": 1, "wrong-value": 1, "transposed": 1}
OF_BRANCHES = {"sign": 1, "factor": 1, "wrong-branch": 3}


def mutants_of(scene: Scene) -> Iterator[Mutant]:
    """Every mutant listed for the function at one point, hop by hop, then those of finished gradients and of branches."""
    circuit = scene.circuit
    hops = [hop for hop in sorted(scene.parts) if hop[0] < _wrapper(scene)]
    users: dict[int, int] = {}
    for k, position in scene.parts:
        users[circuit.inputs_of(k)[position]] = users.get(circuit.inputs_of(k)[position], 0) + 1
    for alike in _alike(circuit, hops):
        several = users[circuit.inputs_of(alike[0][0])[alike[0][1]]] > 1
        for m in _of_hop(circuit, *alike[0], several=several):
            for chosen in [alike] if len(alike) == 1 else [alike, alike[:1]]:
                yield _mutant(circuit, m.at(*(Locus(HOP, k, position) for k, position in chosen)))
    for j, k in enumerate(circuit.inputs):
        if circuit.type(k).floating and circuit.type(k).size:
            yield from _of_input(circuit, j, circuit.type(k).shape)
    for site, outcomes in decided(circuit).items():
        if len(outcomes) == 1:
            yield Mutant(BRANCH, circuit, site=site, outcome=next(iter(outcomes)))


def _mutant(circuit: Circuit, e: Edit) -> Mutant:
    return Mutant(e.kind, circuit, e)


def _wrapper(scene: Scene) -> int:
    """Where our own wrapper of a vector-Jacobian product begins: its weights, and the sum over all."""
    circuit = scene.circuit
    return circuit.inputs_of(circuit.outputs[0])[0] if getattr(scene.problem.function, "weighs", False) else len(circuit)


def _alike(circuit: Circuit, hops: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Hops one by one; those of many rounds together."""
    groups: dict[Any, list[tuple[int, int]]] = {}
    for k, position in hops:
        key = (circuit.opcodes[k], circuit.places[k], position, *(circuit.type(i) for i in (k, *circuit.inputs_of(k))))
        groups.setdefault(key, []).append((k, position))
    for group in groups.values():
        yield from [group] if len(group) > ALIKE and circuit.place(group[0][0]) is not None else ([hop] for hop in group)


def _of_hop(circuit: Circuit, k: int, position: int, *, several: bool) -> Iterator[Mistake]:
    """A few mistakes at a hop: the likeliest of each kind that makes sense there."""
    primitive = circuit.primitive(k)
    assert primitive is not None
    name, shape = primitive.name, circuit.type(circuit.inputs_of(k)[position]).shape
    if several or name in BRANCHING:
        yield Mistake("missing-path", "0 * d", "d", 1.3)
    if name in PASSING:
        yield from _of_passing(name, shape, position)
        return
    listed = sorted(hop_mistakes(circuit, k, position, several=several), key=lambda m: m.rank)
    if name in BRANCHING:
        listed = [replace(m, kind=BRANCH) if m.kind == "missing-factor" else m for m in listed if not _is_convention(m)]
    left = dict((OF_BRANCHES if name in BRANCHING else WANTED) | ({"wrong-index": 1} if name in ("max", "min") else {}))
    for m in sorted(listed, key=lambda m: (m.kind == "wrong-value" and m.text != _own(name, position), m.rank)):
        if left.get(m.kind, 0) > 0:
            left[m.kind] -= 1
            yield m


def _own(name: str, position: int) -> str:
    """The value that is likeliest to be taken for another: in a product, one factor for the other."""
    return f"g * {'ab'[position]}" if name == "multiply" else "g * y"


def _is_convention(m: Mistake) -> bool:
    """What differs at ties alone is a convention, and nobody's mistake; masks of what comes from above have nothing to do with a branch."""
    return any(sign in m.text for sign in (">=", "<=", "g >", "g <", "G >", "G <"))


def _of_passing(name: str, shape: tuple[int, ...], position: int) -> Iterator[Mistake]:
    """Of hops that pass numbers on: their signs, sizes and places."""
    if name == "negative" or (name == "subtract" and position == 1):
        yield Mistake("sign", "-d", "d", 1.6)
    size = int(np.prod(shape, dtype=int))
    if name in ("sum", "mean") and size > 1:
        yield Mistake("factor", f"d / {size}" if name == "sum" else f"{size} * d", "d", 1.9)
    if name == "getitem" and shape and max(shape) > 1:
        yield Mistake("wrong-index", f"np.roll(d, 1, {int(np.argmax(shape))})", "d", 2.7)
    if name == "transpose" and len(shape) == 2 and min(shape) > 1:
        yield Mistake("transposed", f"np.reshape(g, {shape})", "g.T", 2.0)


def _of_input(circuit: Circuit, j: int, shape: tuple[int, ...]) -> Iterator[Mutant]:
    """Of a finished gradient: its sign, nothing, transposed, shifted by one, one entry."""
    whole = [Mistake("sign", "-d", "d", 1.0), Mistake("factor", "2 * d", "d", 1.1), Mistake("missing-path", "0 * d", "d", 1.3)]
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        whole.append(Mistake("transposed", "d.T", "d", 1.7))
    whole += [Mistake("wrong-index", f"np.roll(d, 1, {axis})", "d", 2.8) for axis, n in enumerate(shape) if n > 1]
    for m in whole:
        yield _mutant(circuit, m.at(Locus(INPUT, j)))
    size = int(np.prod(shape, dtype=int))
    if size > 1:
        for turn, e in enumerate(sorted({round(e) for e in np.linspace(0, size - 1, min(size, ENTRIES))})):
            yield from _of_entry(circuit, j, shape, e, turn)


def _of_entry(circuit: Circuit, j: int, shape: tuple[int, ...], e: int, turn: int) -> Iterator[Mutant]:
    """One entry with its sign turned, or nothing (in turn), and its neighbour's in its place."""
    size = int(np.prod(shape, dtype=int))
    mask, order, other = np.ones(shape), np.arange(size), e + 1 if e + 1 < size else e - 1
    mask.flat[e] = -1.0 if turn % 2 == 0 else 0.0
    order[e] = other
    at = tuple(int(i) for i in np.unravel_index(e, shape))
    beside = tuple(int(i) for i in np.unravel_index(other, shape))
    kind = "sign" if turn % 2 == 0 else "missing-path"
    alone = Mistake(kind, "d * m", "d", 2.5).at(Locus(INPUT, j), refs=(("m", ("constant", mask)),))
    moved = Mistake("wrong-index", f"np.reshape(np.reshape(d, (-1,))[p], {shape})", "d", 2.5)
    yield Mutant(ENTRY, circuit, alone, entry=at)
    yield Mutant(ENTRY, circuit, moved.at(Locus(INPUT, j), refs=(("p", ("constant", order)),)), entry=at, other=beside)


def spread(mutants: Sequence[Mutant], most: int = MOST) -> list[Mutant]:
    """At most so many, of every kind as many as can be, evenly over the hops."""
    if len(mutants) <= most:
        return list(mutants)
    groups: dict[str, list[int]] = {}
    for number, m in enumerate(mutants):
        groups.setdefault(m.kind, []).append(number)
    shares, left = dict.fromkeys(groups, 0), most
    while left > 0:
        for kind in sorted(groups, key=lambda kind: shares[kind]):
            if left > 0 and shares[kind] < len(groups[kind]):
                shares[kind], left = shares[kind] + 1, left - 1
    chosen = [numbers[i] for kind, numbers in groups.items() for i in _evenly(len(numbers), shares[kind])]
    return [mutants[i] for i in sorted(chosen)]


def _evenly(n: int, count: int) -> list[int]:
    """So many of n numbers, at even distances."""
    ends = [n * i // max(count, 1) for i in range(count + 1)]
    return [a for a, b in pairwise(ends) if b > a]
