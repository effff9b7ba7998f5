"""What a student is told of a wrong answer, at the level the instructor chose; what the instructor is told besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations
from textwrap import wrap
from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import KINDS, Finding
from gradcheck.diagnosis.naming import named
from gradcheck.grading.answers import Answer, Ended, Foreign
from gradcheck.grading.marking.claim import Ask, Claim
from gradcheck.grading.marking.points import Prepared, Spot
from gradcheck.grading.marking.reading import Reading, expected_parts, read_answer
from gradcheck.grading.results import Diagnosis, Entry, Result, Told
from gradcheck.rendering.layout import number
from gradcheck.rendering.text import LINE, one_line
from gradcheck.verdicts.check import mistakes
from gradcheck.verdicts.claim import intermediate_gradients, loose_entries
from gradcheck.verdicts.verdict import Verdict, written

SHOWN = 4  # entries beside the true ones
FRESH = 4  # points tried to show a mistake at
ORDERED = 5  # parts up to which every order is tried
LONGEST = 4000  # characters of a point
WIDTH = 110  # of its lines


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An answer with all that was found of it."""

    prepared: Prepared
    results: Mapping[str, Result]
    messages: Mapping[str, str]
    verdicts: list[tuple[Spot, Verdict]]
    hops: list[tuple[Spot, str]]
    table: list[list[Answer]]
    readings: list[Reading]
    ask: Ask


def told(case: Case) -> tuple[Diagnosis | None, Told]:
    """The diagnosis for the instructor, and what the student sees; nothing where all is right."""
    right = tuple(_called(case, n) for n, r in case.results.items() if r == "right")
    wrong = [n for n, r in case.results.items() if r not in ("right", "")]
    if not wrong:
        return None, Told()
    finding = _finding(case)
    diagnosis = None if finding is None else _diagnosis(finding)
    feedback = case.prepared.question.feedback
    if feedback.level == "none":
        return diagnosis, Told()
    where, hint = _said(finding, feedback.level) if finding is not None else ("", "")
    where = where or f"Look at {', '.join(_called(case, n) for n in wrong)}."
    point, entries = _shown(case, wrong)
    return diagnosis, Told(right, where, hint, point, entries)


def _called(case: Case, name: str) -> str:
    return f"the gradient for {name}" if name in case.prepared.names else name


def _finding(case: Case) -> Finding | None:
    """The most likely mistake: looked for where the answer is wrong, first at points that may be shown."""
    for _, verdict in sorted(case.verdicts, key=lambda found: not found[0].visible):
        if verdict.diagnosis:
            return verdict.diagnosis[0]
    if case.hops:
        return _of_hop(case, *case.hops[0])
    return _of_shape(case)


def _of_hop(case: Case, spot: Spot, name: str) -> Finding:
    """What is wrong with the first wrong intermediate gradient on the way back, where the arguments' gradients are right."""
    answers = next(a for s, a in zip(case.prepared.spots, case.table, strict=True) if s is spot)
    claim = Claim(case.prepared, spot, answers, case.ask, case.prepared.names)
    entries = loose_entries(claim, spot.problem)
    try:
        known = partial(intermediate_gradients, claim)
        found = () if entries is None else named(spot.problem, entries, partial(loose_entries, claim), given=known)
    except Exception:  # a mark is not lost because its diagnosis fails
        found = ()
    return next(iter(found), Finding("unknown", f"{name} is not what it should be"))


def _of_shape(case: Case) -> Finding | None:
    """What a gradient of another shape is, if that can be told."""
    for spot, answers, reading in zip(case.prepared.spots, case.table, case.readings, strict=True):
        off = [n for n in case.prepared.names if (m := reading.misfit(n)) is not None and m.result == "wrong shape"]
        if off:
            if (swapped := _swapped(case.prepared, spot, answers[0].value)) is not None:
                return swapped
            try:
                found = mistakes(spot.problem, _Loose(case.prepared, spot, answers, case.ask))
            except Exception:  # a mark is not lost because its diagnosis fails
                return Finding("shape", case.messages.get(off[0], ""))
            return next(iter(found), Finding("shape", case.messages.get(off[0], "")))
    return None


def _swapped(prepared: Prepared, spot: Spot, value: Any) -> Finding | None:
    """The right gradients in another order, seen at once by their shapes."""
    truths, names = spot.by.truth.floats(), prepared.names
    if (
        not isinstance(value, tuple | list)
        or len(value) != len(names)
        or len(names) > ORDERED
        or any(isinstance(v, tuple | list | Foreign) for v in value)
    ):
        return None
    parts = [np.asarray(v) for v in value]
    for order in permutations(range(len(parts))):
        fits = all(parts[i].shape == np.shape(t) and parts[i].dtype.kind in "fiu" for i, t in zip(order, truths, strict=True))
        if fits and all(np.allclose(parts[i], t, rtol=1e-6, atol=1e-9) for i, t in zip(order, truths, strict=True)):
            came = ", ".join(names[order.index(i)] for i in range(len(names)))
            return Finding(
                "swapped",
                f"the gradients come in the order {came}, expected {', '.join(names)}",
                fix=f"return them in the order {', '.join(names)}",
            )
    return None


class _Loose(Claim):
    """The answers whatever their shapes."""

    def __init__(self, prepared: Prepared, spot: Spot, table: list[Answer], ask: Ask) -> None:
        super().__init__(prepared, spot, table, ask, prepared.names)

    def __call__(self, *arguments: Any) -> Any:
        value = self._answered(tuple(arguments)).value
        return {n: value.get(n, value.get(f"d{n}")) for n in self.chosen} if isinstance(value, Mapping) else value


def _diagnosis(finding: Finding) -> Diagnosis:
    hop = finding.hop
    return Diagnosis(
        finding.kind, one_line(_bare(finding).message, LINE), (hop.name or "") if hop else "", hop.operation if hop else "",
        hop.line if hop else None, one_line(finding.expected), one_line(finding.found),
    )  # fmt: skip


def _bare(finding: Finding) -> Finding:
    """The finding without the path of the instructor's file."""
    hop = finding.hop
    if hop is None or hop.file is None:
        return finding
    bare = replace(hop, file=None)
    return replace(finding, hop=bare, message=finding.message.replace(str(hop), str(bare)))


def _said(finding: Finding, level: str) -> tuple[str, str]:
    """Where it goes wrong, and the hint beyond that."""
    bare = _bare(finding)
    where = bare.hint("where")
    if bare.kind not in KINDS:
        return "", one_line(bare.message)
    return one_line(where), one_line(bare.hint(level)[len(where) :].strip())


def _shown(case: Case, wrong: list[str]) -> tuple[str, tuple[Entry, ...]]:
    """A point where the mistake shows: a visible one, a fresh one, a hidden one only if that is allowed."""
    feedback = case.prepared.question.feedback
    candidates = [(s, r) for s, r in zip(case.prepared.spots, case.readings, strict=True) if s.visible or feedback.reveal_hidden]
    for spot, reading in (*candidates, *_fresh(case)):
        entries = _entries(case.prepared, spot, reading, wrong, expected=feedback.level in ("kind", "formula"))
        if entries:
            point = written(tuple(spot.given))
            return _wrapped(point) if len(point) <= LONGEST else "", entries
    return "", ()


def _wrapped(point: str) -> str:
    """A point in lines that can be read, and still be pasted: a tuple may be broken at any space, if no text is in it."""
    return point if "'" in point or '"' in point else "\n".join(wrap(point, WIDTH, break_long_words=False, break_on_hyphens=False))


def _fresh(case: Case) -> Any:
    """Answers at points that are neither known nor hidden, asked for only if they are needed."""
    for spot in case.prepared.fresh(FRESH):
        answer = case.ask(spot.given)
        if isinstance(answer, Ended):
            return
        yield spot, read_answer(answer.value, case.prepared, spot)


def _entries(prepared: Prepared, spot: Spot, reading: Reading, wrong: list[str], *, expected: bool) -> tuple[Entry, ...]:
    """The student's numbers that are farthest off at a spot; none where all agree with the truth to half their digits.

    At a kink, whatever lies between the one-sided derivatives agrees with it.
    """
    found: list[tuple[float, Entry]] = []
    fitting = reading.fitting()
    truths = dict(zip(prepared.names, spot.by.truth.floats(), strict=True)) | {
        (n if n == "value" else f"d{n}"): h.truth for n, h in spot.hops.by_name.items()
    }
    lefts = dict(zip(prepared.names, spot.by.truth.left_floats(), strict=True))
    for name in (n for n in expected_parts(prepared, spot) if n in wrong):
        if reading.misfit(name) is not None:  # the message says all there is to say
            continue
        array, true = np.asarray(fitting[name], dtype=float), np.asarray(truths[name], dtype=float)
        left = np.asarray(lefts.get(name, true), dtype=float)
        largest = float(np.max(np.abs(true), initial=0.0))
        for index in np.ndindex(true.shape):
            low, high = sorted((float(left[index]), float(true[index])))
            off = abs(float(array[index]) - min(max(float(array[index]), low), high))
            if not off <= 1e-8 * max(abs(float(true[index])), 1e-3 * largest):
                place = f"[{', '.join(map(str, index))}]" if index else ""
                told_true = (number(high) if low == high else f"from {number(low)} to {number(high)}") if expected else ""
                found.append(
                    (off if np.isfinite(off) else np.inf, Entry(f"{_name(prepared, name)}{place}", number(float(array[index])), told_true))
                )
    return tuple(entry for _, entry in sorted(found, key=lambda f: -f[0])[:SHOWN])


def _name(prepared: Prepared, name: str) -> str:
    return f"d{name}" if name in prepared.names else name
