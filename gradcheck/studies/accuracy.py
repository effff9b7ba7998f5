"""Correct digits of every method over all cases of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import numpy as np

from gradcheck.case import Case, Outcome
from gradcheck.studies.running import CaseResult, RunResult
from gradcheck.studies.study import Chart, Column, Statement, Study, Table, Weighed
from gradcheck.verdicts.compare import DERIVATIONS, FRAMEWORKS


@dataclass(frozen=True, slots=True)
class Score:
    """One method at one point of one case: the correct digits of its worst entry; None where it did not run, or nothing could be judged."""

    case: str
    point: int
    method: str
    outcome: Outcome
    digits: float | None
    inputs: int
    ran: bool


def accuracy(result: RunResult) -> Study:
    """The study of a run whose comparisons are all in this process."""
    return accuracy_of([s for c in result.cases for s in scores_of(c)])


def accuracy_of(scores: Sequence[Score]) -> Study:
    """Digits of every method at every point of a run's cases, by case and summed up by method.

    Digits are those of the worst entry; 15.95 is all that float64 holds.
    """
    methods = list(dict.fromkeys(s.method for s in scores))
    statements = [_no_wrong(name, [s for s in scores if s.method == name]) for name in methods if name in DERIVATIONS]
    statements += _tape_before_differences(scores)
    tables = (_summary(scores, methods), _scores(scores), *_frameworks(scores))
    charts = _charts(tables[0], len({s.case for s in scores})) if scores else ()
    return Study("accuracy", "Accuracy of every method", QUESTION, tables, tuple(statements), charts, NOTES)


QUESTION = "How many digits of a gradient does each method get right, over all cases, against the certified truth?"
NOTES = (
    "A point counts for a method if the method ran there and its gradient could be judged. Digits are those of the worst entry; float64 holds 15.95.",
    "At kinks there is no one gradient to be near to, so they are left out of the summary.",
    "Exhibits of the museum are judged there: their points are where formulas fail.",
)


def scores_of(result: CaseResult) -> Iterator[Score]:
    """Every method at every point of one case; nothing for a case at fault, and for an exhibit, which is there because formulas fail at it."""
    if result.case.exhibit is not None:
        return
    for number, point in enumerate(result.comparison.points if result.comparison else ()):
        for m in point.measured:
            digits = None if m.judgement is None else float(np.min(m.judgement.accuracy.digits, initial=np.inf))
            kept = digits if digits is not None and np.isfinite(digits) else None
            yield Score(result.case.name, number, m.method, m.outcome, kept, point.problem.size, m.gradient is not None)


def scored(cases: Sequence[Case], result: CaseResult) -> tuple[Score, ...]:
    """The scores of one of the cases, made where its comparison is, in whichever process that is."""
    return tuple(scores_of(result))


def _no_wrong(method: str, scores: Sequence[Score]) -> Statement:
    """A statement on verdicts, which are the same on every machine."""
    judged = [s for s in scores if s.ran and s.digits is not None]
    wrong = [f"{s.case} (point {s.point})" for s in judged if s.outcome == "wrong"]
    verdict: Weighed = "refuted" if wrong else "shown" if judged else "not shown"
    text = f"{len(judged)} points judged in {len({s.case for s in judged})} cases" + (
        f"; wrong at {', '.join(wrong)}" if wrong else ", none wrong"
    )
    return Statement(f"{method}: no wrong gradient", verdict, text, {"points": len(judged), "wrong": len(wrong)})


def _tape_before_differences(scores: Sequence[Score]) -> Iterator[Statement]:
    """The tape's median against that of differences, over the points where both were judged."""
    by_place: dict[tuple[str, int], dict[str, float]] = {}
    for s in _smooth(scores):
        by_place.setdefault((s.case, s.point), {})[s.method] = s.digits or 0.0
    both = [d for d in by_place.values() if {"tape", "differences"} <= set(d)]
    if both:
        tape, differences = (float(np.median([d[name] for d in both])) for name in ("tape", "differences"))
        text = f"median digits over {len(both)} points: {tape:.1f} by the tape, {differences:.1f} by differences"
        verdict: Weighed = "shown" if tape > differences else "refuted"
        yield Statement(
            "the tape is more accurate than differences", verdict, text, {"tape": tape, "differences": differences}, measured=True
        )


def _smooth(scores: Sequence[Score]) -> list[Score]:
    return [s for s in scores if s.ran and s.digits is not None and s.outcome != "kink"]


def _summary(scores: Sequence[Score], methods: Sequence[str]) -> Table:
    columns = (
        Column("method", "method"), Column("points", "points judged"), Column("missing", "not run"), _measured("worst", "worst"), _measured("low", "lower quartile"),
        _measured("median", "median"), _measured("high", "upper quartile"), _measured("worst_case", "worst at", ""),
    )  # fmt: skip
    rows = (_summed(name, [s for s in scores if s.method == name]) for name in methods)
    return Table("summary", "Correct digits by method", columns, tuple(rows))


def _measured(name: str, heading: str, unit: str = "digits") -> Column:
    return Column(name, heading, unit, measured=True)


def _summed(method: str, scores: Sequence[Score]) -> tuple[Any, ...]:
    judged = _smooth(scores)
    missing = sum(not s.ran for s in scores)
    if not judged:
        return method, 0, missing, None, None, None, None, None
    digits = [s.digits or 0.0 for s in judged]
    low, median, high = quantiles(digits, n=4, method="inclusive") if len(digits) > 1 else digits * 3
    worst = min(judged, key=lambda s: s.digits or 0.0)
    return method, len(judged), missing, worst.digits, low, median, high, worst.case


def _scores(scores: Sequence[Score]) -> Table:
    columns = (Column("case", "case"), Column("point", "point"), Column("inputs", "l", "inputs"), Column("method", "method"), Column("outcome", "outcome"), _measured("digits", "correct digits"))  # fmt: skip
    rows = ((s.case, s.point, s.inputs, s.method, s.outcome if s.ran else "not run", s.digits) for s in scores)
    return Table("digits", "Correct digits of the worst entry, case by case", columns, tuple(rows))


LOST = 2.0  # digits fewer than the tape's that are worth a line


def _frameworks(scores: Sequence[Score]) -> Iterator[Table]:
    """Where a framework's own differentiation is not right, or loses digits that the tape keeps: nothing where none was asked."""
    theirs = [s for s in scores if s.method in FRAMEWORKS and s.ran]
    if not theirs:
        return
    tape = {(s.case, s.point): s for s in scores if s.method == "tape"}
    columns = (Column("case", "case"), Column("point", "point"), Column("framework", "framework"), Column("outcome", "outcome"),
               _measured("digits", "correct digits"), _measured("tape", "the tape's"))  # fmt: skip
    rows = [
        (s.case, s.point, s.method, s.outcome, s.digits, tape[s.case, s.point].digits) for s in theirs if _loses(s, tape[s.case, s.point])
    ]
    yield Table("frameworks", "Where frameworks lose digits", columns, tuple(sorted(rows, key=lambda row: (row[4] is None, row[4], row))))


def _loses(score: Score, tape: Score) -> bool:
    both = score.digits is not None and tape.digits is not None
    return score.outcome in ("wrong", "undecided") or (
        score.outcome != "kink" and both and (tape.digits or 0.0) - (score.digits or 0.0) >= LOST
    )


NAMED = 100  # cases up to which each can have a line of its own
NEARLY = 13  # digits: of methods that only round, medians lie above on every machine, of differences below


def _charts(summary: Table, cases: int) -> tuple[Chart, ...]:
    """The charts of a run. What they say of methods is the same on every machine, though digits are not."""
    digits = dict(zip(summary.column("method"), summary.column("median"), strict=True))
    above = ", ".join(m for m, d in digits.items() if d is not None and d >= NEARLY)
    below = ", ".join(m for m, d in digits.items() if d is not None and d < NEARLY)
    found = [f"{what} {NEARLY} digits: {names}" for what, names in (("at least", above), ("fewer than", below)) if names]
    reading = f"In the median {'; '.join(found)}. Float64 holds 15.95." if found else "No point could be judged."
    by_method = Chart(
        "methods", "Correct digits by method", "summary", "method", "median", kind="points", x_scale="linear", y_scale="linear", low="low", high="high",
        caption="The median over all cases, with its quartiles.", reading=reading,
    )  # fmt: skip
    by_case = Chart(
        "digits", "Correct digits of every method, case by case", "digits", "case", "digits", "method", kind="points", x_scale="linear", y_scale="linear",
        caption="A mark for each method at each point of a case: the digits of its worst entry.", reading=reading,
    )  # fmt: skip
    return (by_method, by_case) if cases <= NAMED else (by_method,)
