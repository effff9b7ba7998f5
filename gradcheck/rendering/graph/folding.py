"""Folding a circuit until it can be drawn: repeated rounds into one part, then whole source lines.

A round repeats where the same operations follow each other at a constant distance, wired alike: each operand is the value of the
round's own or of the round before (constant offset), or comes from before the first round. Everything works on columns, level after
level, so that loops in loops fold and a million equations take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.circuit import Circuit
from gradcheck.circuit.circuit import freeze_params

FEWEST = 3  # rounds that are worth one part
LONGEST = 4096  # operations of a round
TRIED = 8  # distances tried at each level, for each length of stretch
ENOUGH = 0.9  # of the items saved: no longer round is looked for
STRETCHES = (1, 4, 16)
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a folded part repeats: its rounds, and the second round's operations (equation numbers, or repeats again): the first starts from
    other things.
    """

    rounds: int
    body: tuple[int | Repeat, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one drawn node stands for: its equations in order; as one operation, as rounds, or as lines of the source."""

    kind: Literal["operation", "rounds", "lines"]
    equations: Numbers
    repeat: Repeat | None = None

    @property
    def rounds(self) -> int:
        """How often the round is run; 1 for anything else."""
        return self.repeat.rounds if self.repeat else 1


@dataclass(frozen=True, slots=True, eq=False)
class Folding:
    """The operations that a circuit's results need, each in exactly one part; parts in an order in which they can be computed."""

    circuit: Circuit
    parts: tuple[Part, ...]
    operations: int

    def __post_init__(self) -> None:
        held = np.concatenate([p.equations for p in self.parts]) if self.parts else np.zeros(0, np.int64)
        if len(held) != self.operations or len(np.unique(held)) != len(held):
            raise ValueError(
                f"the parts stand for {len(held)} operations ({len(np.unique(held))} different ones), the circuit has {self.operations}"
            )


def unfolded(circuit: Circuit) -> Folding:
    """Every operation that the results need, one by one."""
    order = needed(circuit)
    return Folding(circuit, tuple(Part("operation", order[i : i + 1]) for i in range(len(order))), len(order))


def folded(circuit: Circuit) -> Folding:
    """Repeated rounds folded, until nothing repeats."""
    level = _first_level(circuit)
    while (further := _fold_once(level)) is not None:
        level = further
    return Folding(circuit, tuple(level.parts()), len(level.order))


def by_lines(folding: Folding) -> Folding:
    """Parts that follow each other on one source line as one part."""
    runs: list[list[Part]] = []
    for part in folding.parts:
        line = _line(folding.circuit, part)
        if runs and line and line == _line(folding.circuit, runs[-1][0]):
            runs[-1].append(part)
        else:
            runs.append([part])
    return replace(folding, parts=tuple(_as_lines(run) for run in runs))


def by_whole_lines(folding: Folding) -> Folding:
    """All parts of a source line as one; lines that feed each other in a circle (a loop's) as one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    circuit, parts = folding.circuit, folding.parts
    numbers: dict[int, int] = {}
    line_of = np.array([numbers.setdefault(_line(circuit, p) or -1 - i, len(numbers)) for i, p in enumerate(parts)], np.int64)
    owner = owners(folding)
    sources, targets = _flows(circuit, owner)
    edges = coo_array((np.ones(len(sources)), (line_of[sources], line_of[targets])), shape=(len(numbers), len(numbers)))
    count, group = connected_components(edges, directed=True, connection="strong")
    members: list[list[Part]] = [[] for _ in range(count)]
    for part, line in zip(parts, line_of, strict=True):
        members[group[line]].append(part)
    merged = replace(folding, parts=tuple(_as_lines(m) for m in members))
    return replace(merged, parts=tuple(merged.parts[i] for i in _topological(merged)))


def owners(folding: Folding) -> Numbers:
    """Which part defines each value of the circuit; -1 for inputs, constants and what nobody needs."""
    owner = np.full(len(folding.circuit), -1, np.int64)
    for number, part in enumerate(folding.parts):
        owner[part.equations] = number
    return owner


def needed(circuit: Circuit) -> Numbers:
    """The operations that the results need, in order: decisions that only chose a branch are not among them."""
    wanted = bytearray(len(circuit))
    for k in circuit.outputs:
        wanted[k] = 1
    starts, operands = circuit.starts, circuit.operands
    for k in range(len(circuit) - 1, -1, -1):
        if wanted[k]:
            for i in operands[starts[k] : starts[k + 1]]:
                wanted[i] = 1
    found: Numbers = np.flatnonzero((np.frombuffer(wanted, np.uint8) > 0) & (np.asarray(circuit.opcodes) >= 0))
    return found


def _line(circuit: Circuit, part: Part) -> int:
    """The number of the source line a part's first operation stands on; 0 where it is not known."""
    return int(circuit.places[int(part.equations[0])])


def _as_lines(parts: list[Part]) -> Part:
    return parts[0] if len(parts) == 1 else Part("lines", np.sort(np.concatenate([p.equations for p in parts])))


def _flows(circuit: Circuit, owner: Numbers) -> tuple[Numbers, Numbers]:
    """Between which parts values flow, each pair once."""
    lengths = np.diff(np.asarray(circuit.starts))
    target = np.repeat(owner, lengths)
    source = owner[np.asarray(circuit.operands, dtype=np.int64)]
    crossing = (source >= 0) & (target >= 0) & (source != target)
    count = int(owner.max(initial=0)) + 1
    pairs = np.unique(source[crossing] * count + target[crossing])
    return pairs // count, pairs % count


def _topological(folding: Folding) -> Iterator[int]:
    """The parts in an order in which they can be computed; among those that can, the one that begins first."""
    import heapq

    sources, targets = _flows(folding.circuit, owners(folding))
    waiting = np.bincount(targets, minlength=len(folding.parts))
    after: dict[int, list[int]] = {}
    for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
        after.setdefault(source, []).append(target)
    begins = [int(p.equations[0]) for p in folding.parts]
    ready = [(begins[i], i) for i in np.flatnonzero(waiting == 0).tolist()]
    heapq.heapify(ready)
    while ready:
        _, number = heapq.heappop(ready)
        yield number
        for target in after.get(number, ()):
            waiting[target] -= 1
            if waiting[target] == 0:
                heapq.heappush(ready, (begins[target], target))


# rounds


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """Items that follow each other: single operations, or repeats found at earlier levels.

    `tokens` says what an item is, `reads[starts[p]:starts[p + 1]]` which items it reads (-1 for inputs and constants), and
    `bounds[p]` where its operations begin in `order`.
    """

    order: Numbers
    tokens: Numbers
    starts: Numbers
    reads: Numbers
    bounds: Numbers
    repeats: dict[int, Repeat]
    known: dict[Any, int]

    def parts(self) -> Iterator[Part]:
        """The items as parts of a folding."""
        for p in range(len(self.tokens)):
            held = self.order[self.bounds[p] : self.bounds[p + 1]]
            yield Part("rounds", held, self.repeats[p]) if p in self.repeats else Part("operation", held)

    def item(self, p: int) -> int | Repeat:
        """An item as a repeat's body holds it."""
        return self.repeats[p] if p in self.repeats else int(self.order[self.bounds[p]])


def _first_level(circuit: Circuit) -> _Level:
    order = needed(circuit)
    place = np.full(len(circuit), -1, np.int64)
    place[order] = np.arange(len(order))
    starts, operands = np.asarray(circuit.starts), np.asarray(circuit.operands, dtype=np.int64)
    lengths = (starts[1:] - starts[:-1])[order]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(ends[-1]) - np.repeat(ends[:-1], lengths)
    reads = place[operands[np.repeat(starts[order], lengths) + within]]
    known: dict[Any, int] = {}
    tokens = _tokens(circuit, order, lengths, known)
    return _Level(order, tokens, ends, reads, np.arange(len(order) + 1), {}, known)


def _tokens(circuit: Circuit, order: Numbers, lengths: Numbers, known: dict[Any, int]) -> Numbers:
    """A number for each kind of operation: same primitive, same type, as many operands, alike parameters."""
    kinds = np.stack([np.asarray(circuit.opcodes)[order], np.asarray(circuit.types)[order], lengths])
    unique, tokens = np.unique(kinds, axis=1, return_inverse=True)
    tokens = tokens.reshape(-1).astype(np.int64)
    known.update({("kind", i): i for i in range(unique.shape[1])})
    if circuit.params:
        at = {int(k): p for p, k in enumerate(order.tolist()) if k in circuit.params}
        for k, p in at.items():
            tokens[p] = known.setdefault((int(tokens[p]), _alike(circuit.params[k])), len(known))
    return tokens


def _alike(params: Any) -> Any:
    """Parameters up to what changes from round to round: the numbers in an index."""
    if "index" not in params:
        return freeze_params(params)
    return tuple(type(part).__name__ for part in params["index"])


def _fold_once(level: _Level) -> _Level | None:
    """The level with the rounds of the length that saves most folded; None where nothing repeats."""
    best: list[tuple[int, int, int]] = []
    saved = 0
    for length in _lengths(level):
        found = list(_runs(level, length))
        saves = sum((rounds - 1) * length + length - 1 for _, length, rounds in found)
        if saves > saved:
            best, saved = found, saves
        if saved > ENOUGH * len(level.tokens):
            break
    return _replaced(level, best) if best else None


def _lengths(level: _Level) -> list[int]:
    """Distances between items alike, and between stretches of several items alike: those that cover most, ascending.

    An item may come several times in a round; a stretch as long as the round does not.
    """
    n = len(level.tokens)
    signature = level.tokens * 8
    reading = np.flatnonzero(np.diff(level.starts) > 0)
    signature[reading] += np.clip(reading - level.reads[level.starts[reading]], 0, 7)  # how far back the first operand lies
    likely: set[int] = set()
    for stretch in STRETCHES:
        if n >= FEWEST * stretch:
            likely |= _distances(_hashed(signature, stretch), min(LONGEST, n // FEWEST))
    return sorted(likely)


def _hashed(signature: Numbers, stretch: int) -> Numbers:
    """A number for every stretch of items; stretches alike have the same, others rarely."""
    n = len(signature) - stretch + 1
    total = np.zeros(n, np.uint64)
    for j in range(stretch):
        total = total * np.uint64(0x9E3779B97F4A7C15) + signature[j : n + j].astype(np.uint64) + np.uint64(1)
    return total.view(np.int64)


def _distances(signature: Numbers, longest: int) -> set[int]:
    """How far from each other numbers alike stand, where often: those that cover most."""
    sort = np.argsort(signature, kind="stable")
    gaps = np.diff(sort)[np.diff(signature[sort]) == 0]
    counts = np.bincount(gaps[gaps <= longest], minlength=1)
    cover = counts * np.arange(len(counts))
    best = np.argsort(-cover, kind="stable")[:TRIED]
    return {int(length) for length in best if counts[length] >= FEWEST - 1 and length > 0}


def _runs(level: _Level, length: int) -> Iterator[tuple[int, int, int]]:
    """(first item, length of a round, rounds) of what repeats at a distance, without overlap."""
    good = _repeats_at(level, length)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.view(np.int8), [0]])))
    free = 0
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if stop - start < (FEWEST - 1) * length:
            continue
        begin = _after_shared(level, max(start, free), stop, length)
        begin = _narrowest(level, begin, stop + length, length)
        begin = _with_earlier(level, begin, length, free)
        rounds = (stop + length - begin) // length
        if rounds >= FEWEST:
            yield begin, length, rounds
            free = begin + rounds * length


def _repeats_at(level: _Level, length: int) -> NDArray[np.bool_]:
    """Whether item p + length is item p again, wired alike."""
    n, counts = len(level.tokens), np.diff(level.starts)
    good: NDArray[np.bool_] = (level.tokens[length:] == level.tokens[:-length]) & (counts[length:] == counts[:-length])
    rows = np.flatnonzero(good)
    if not len(rows):
        return good
    lengths = counts[rows]
    ends = np.cumsum(lengths)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
    reader = np.repeat(rows, lengths)
    here, there = (level.reads[np.repeat(level.starts[r], lengths) + within] for r in (rows, rows + length))
    moved = there - here
    outside = (here < 0) | (moved == 0) | (reader - here > 2 * length)  # an input, one value for all rounds, or something from long before
    bad = ~((moved == length) | outside) | ((here >= 0) & (there < 0))
    good[rows] &= np.bincount(reader[bad], minlength=n)[rows] == 0
    return good


def _after_shared(level: _Level, begin: int, stop: int, length: int) -> int:
    """The first item from which on all that the rounds share lies before."""
    reads = level.reads[level.starts[begin] : level.starts[stop]]
    reader = np.repeat(np.arange(begin, stop), np.diff(level.starts[begin : stop + 1]))
    there = level.reads[
        np.repeat(level.starts[begin + length : stop + length] - level.starts[begin:stop], np.diff(level.starts[begin : stop + 1]))
        + np.arange(level.starts[begin], level.starts[stop])
    ]
    shared = reads[(reads >= 0) & (there - reads != length) & (reader < begin + length)]
    return max(begin, int(shared.max(initial=-1)) + 1)


def _narrowest(level: _Level, begin: int, end: int, length: int) -> int:
    """Where a round begins best: where the fewest values pass from one round to the next, at no loss of a round."""
    slack = (end - begin) % length if end - begin >= FEWEST * length else 0
    if not slack:
        return begin
    middle = begin + length * ((end - begin) // length // 2)
    span = slice(int(level.starts[middle]), int(level.starts[min(middle + 2 * length, end)]))
    reads = level.reads[span]
    reader = np.repeat(np.arange(middle, min(middle + 2 * length, end)), np.diff(level.starts[middle : min(middle + 2 * length, end) + 1]))
    widths = []
    for shift in range(slack + 1):
        cut = middle + shift
        widths.append(len(np.unique(reads[(reader >= cut) & (reader < cut + length) & (reads < cut) & (reads >= cut - length)])))
    return begin + int(np.argmin(widths))


def _with_earlier(level: _Level, begin: int, length: int, free: int) -> int:
    """A round earlier, where that round is like the others but for what it starts from."""
    first = begin - length
    if first < free:
        return begin
    for p in range(first, begin):
        if level.tokens[p] != level.tokens[p + length]:
            return begin
        here, there = (level.reads[level.starts[q] : level.starts[q + 1]] for q in (p, p + length))
        if len(here) != len(there) or np.any((there - here != length) & (here >= first)) or np.any((here >= 0) & (there < 0)):
            return begin
    return first


def _replaced(level: _Level, runs: list[tuple[int, int, int]]) -> _Level:
    """The next level: each run one item, which reads what its items read from outside."""
    n = len(level.tokens)
    inside, heads = np.zeros(n, np.bool_), np.array([begin for begin, _, _ in runs])
    for begin, length, rounds in runs:
        inside[begin + 1 : begin + length * rounds] = True
    number = np.cumsum(~inside) - 1
    is_run = np.zeros(int(number[-1]) + 1, np.bool_)
    is_run[number[heads]] = True
    tokens, bounds = level.tokens[~inside].copy(), np.append(level.bounds[:-1][~inside], level.bounds[-1])
    repeats = {int(number[p]): r for p, r in level.repeats.items() if not inside[p] and not is_run[number[p]]}
    for begin, length, rounds in runs:
        at = int(number[begin])
        repeats[at] = Repeat(rounds, tuple(level.item(p) for p in range(begin + length, begin + 2 * length)))
        tokens[at] = level.known.setdefault((rounds, *level.tokens[begin : begin + length].tolist()), len(level.known))
    starts, reads = _reads_of(level, number, is_run)
    return _Level(level.order, tokens, starts, reads, bounds, repeats, level.known)


def _reads_of(level: _Level, number: Numbers, is_run: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """What the new items read: as before, but each value once and none of their own for runs."""
    reader = np.repeat(number, np.diff(level.starts))
    reads = np.where(level.reads >= 0, number[level.reads], -1)
    plain = ~is_run[reader]
    own = is_run[reader] & (reads >= 0) & (reads != reader)
    pairs = np.unique(reader[own] * (len(is_run) + 1) + reads[own])
    all_readers = np.concatenate([reader[plain], pairs // (len(is_run) + 1)])
    all_reads = np.concatenate([reads[plain], pairs % (len(is_run) + 1)])
    sort = np.argsort(all_readers, kind="stable")
    counts = np.bincount(all_readers, minlength=len(is_run))
    return np.concatenate([[0], np.cumsum(counts)]), all_reads[sort]
