"""Marking one question: every point asked once, the first and the last once more at the end, every part judged at every point, by the verdicts that engineers rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.grading.answers import Answer, Ended
from gradcheck.grading.marking.claim import Ask, Claim, Stopped
from gradcheck.grading.marking.credit import credited, total, worst
from gradcheck.grading.marking.flags import flags_of
from gradcheck.grading.marking.points import Prepared, Spot
from gradcheck.grading.marking.reading import Reading, expected_parts, read_answer
from gradcheck.grading.marking.telling import Case, told
from gradcheck.grading.results import Diagnosis, Flag, QuestionMark, Result, Told
from gradcheck.rendering.text import one_line
from gradcheck.verdicts.check import check_problem
from gradcheck.verdicts.verdict import Verdict
from gradcheck.verdicts.vjp import linear_in_cotangent

SHORTEST = 2000  # characters of a message


@dataclass(slots=True)
class Judged:
    """What was found of each part over all spots, and the spots at which something is wrong.

    Arguments that are wrong where everyone can see are `settled`: at other spots they are not looked at again.
    """

    results: dict[str, Result] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    verdicts: list[tuple[Spot, Verdict]] = field(default_factory=list)
    hops_wrong: list[tuple[Spot, str]] = field(default_factory=list)
    settled: set[str] = field(default_factory=set)
    shaped: bool = True
    accurate: bool = True

    def note(self, name: str, result: Result, message: str = "") -> None:
        """The worst result of a part stands, with the first message that says so."""
        if worst([result, self.results.get(name, "right")]) != self.results.get(name, "right"):
            self.messages[name] = message
        self.results[name] = worst([result, self.results.get(name, "right")])


def mark_question(prepared: Prepared, ask: Ask, steps: Sequence[float] = ()) -> QuestionMark:
    """The mark for one question.

    `ask(arguments)` gives the student's answer, or how it ended; the mark depends on the answers alone. `steps` are small numbers written in the
    student's function, the evidence for differences.
    """
    with np.errstate(all="ignore"):  # a signalling nan is no warning of ours
        return _marked(prepared, ask, steps)


def _marked(prepared: Prepared, ask: Ask, steps: Sequence[float]) -> QuestionMark:
    table = _rounds(prepared, ask)
    if isinstance(table, Ended):
        return ended_mark(prepared, table)
    readings = [read_answer(answers[0].value, prepared, spot) for spot, answers in zip(prepared.spots, table, strict=True)]
    judged = Judged()
    for spot, answers, reading in zip(prepared.spots, table, readings, strict=True):
        _judge(judged, prepared, spot, answers, reading, ask)
    if prepared.question.asks == "vjp" and worst(list(judged.results.values())) == "right":
        _judge_linearity(judged, prepared, table, ask)
    parts = credited(prepared, judged.results, shaped=judged.shaped, accurate=judged.accurate)
    result = worst(list(judged.results.values()))
    case = Case(prepared, judged.results, judged.messages, judged.verdicts, judged.hops_wrong, table, readings, ask)
    diagnosis, telling = _told(case)
    message = "" if result == "right" else next((judged.messages[n] for n, r in judged.results.items() if r == result), "")
    flags = (*_told_flags(judged, table, prepared), *flags_of(prepared, readings, judged.results, judged.verdicts, steps))
    return QuestionMark(
        prepared.question.name, "graded", result, total(prepared, parts), prepared.question.points,
        one_line(message, SHORTEST), parts, diagnosis, telling, flags,
    )  # fmt: skip


def _told(case: Case) -> tuple[Diagnosis | None, Told]:
    """The mark stands by now: a program that ends while its mistake is looked for keeps it."""
    try:
        return told(case)
    except Stopped as stopped:
        if stopped.ended.ending == "infrastructure error":
            raise
        return None, Told()


def ended_mark(prepared: Prepared, ended: Ended) -> QuestionMark:
    """The mark where there is no answer to judge: no points, and never for a failure that is ours."""
    at = f" (line {ended.line} of your file)" if ended.line else ""
    return QuestionMark(
        prepared.question.name, ended.ending, "", 0.0, prepared.question.points, one_line(f"{ended.message}{at}", SHORTEST),
        credited_nothing(prepared),
    )  # fmt: skip


def credited_nothing(prepared: Prepared) -> tuple[Any, ...]:
    """The parts, none of them earned."""
    nothing: dict[str, Result] = dict.fromkeys([*prepared.names, *(f"d{n}" for n in prepared.hops), "value"], "")
    return tuple(type(p)(p.name, p.kind, "", 0.0, p.possible) for p in credited(prepared, nothing or {}, shaped=False, accurate=False))


def opening(prepared: Prepared) -> list[tuple[Any, ...]]:
    """What every student is asked first: every spot in turn, and then the first and the last once more.

    Who remembers calls, counts them, or draws at random, answers otherwise the second time.
    """
    return [spot.given for spot in (*prepared.spots, *_again(prepared))]


def _again(prepared: Prepared) -> tuple[Spot, ...]:
    return (prepared.spots[0], prepared.spots[-1])


def _rounds(prepared: Prepared, ask: Ask) -> list[list[Answer]] | Ended:
    """For each spot the answers in turn; or how the first that failed ended."""
    table: dict[int, list[Answer]] = {id(spot): [] for spot in prepared.spots}
    for spot in (*prepared.spots, *_again(prepared)):
        answer = ask(spot.given)
        if isinstance(answer, Ended):
            return answer
        table[id(spot)].append(answer)
    return list(table.values())


def _judge(judged: Judged, prepared: Prepared, spot: Spot, answers: list[Answer], reading: Reading, ask: Ask) -> None:
    """One spot: what does not fit, the arguments together, the hops one by one."""
    for name in expected_parts(prepared, spot):
        found = reading.misfit(name)
        judged.note(name, "right" if found is None else found.result, "" if found is None else found.message)
        judged.shaped = judged.shaped and found is None
    fitting = reading.fitting()
    chosen = tuple(i for i, n in enumerate(prepared.names) if n in fitting and n not in judged.settled)
    if chosen:
        _judge_arguments(judged, prepared, spot, answers, chosen, ask)
    for name, hop in spot.hops.by_name.items():
        key = name if name == "value" else f"d{name}"
        if key in fitting and not hop.fits(fitting[key]):
            finite = np.isfinite(np.asarray(fitting[key], dtype=float)).all()
            judged.note(key, "wrong value" if finite else "non-finite", f"{key} is not what it should be")
            judged.hops_wrong.append((spot, key))


def _judge_arguments(judged: Judged, prepared: Prepared, spot: Spot, answers: list[Answer], chosen: tuple[int, ...], ask: Ask) -> None:
    by, names = prepared.subset(spot, chosen), tuple(prepared.names[i] for i in chosen)
    verdict = check_problem(by.problem, Claim(prepared, spot, answers, ask, names), by, digits=prepared.question.digits)
    if any(f.kind == "precision" for f in verdict.findings):
        judged.accurate = False
    if verdict.ok:
        return
    if verdict.outcome == "wrong":
        judged.verdicts.append((spot, verdict))
    _note_arguments(judged, names, by.problem.inputs, verdict)
    if spot.visible:
        judged.settled |= {n for n in names if judged.results[n] == "wrong value"}


def _note_arguments(judged: Judged, names: tuple[str, ...], inputs: tuple[Any, ...], verdict: Verdict) -> None:
    """What a verdict on several arguments says of each."""
    if verdict.judgement is None or not verdict.entries:  # not the same twice, or no truth: nothing can be said of one argument alone
        for name in names:
            judged.note(name, "wrong value" if verdict.outcome == "wrong" else "undecided", verdict.reason)
        return
    claimed, first = verdict.judgement.accuracy.claim, 0
    for name, x in zip(names, inputs, strict=True):
        entries = verdict.entries[first : first + np.size(x)]
        own = claimed[first : first + np.size(x)]
        first += int(np.size(x))
        if "wrong" in entries:
            judged.note(name, "wrong value" if np.isfinite(own).all() else "non-finite", f"the gradient for {name}: {verdict.reason}")
        elif verdict.outcome == "undecided":
            judged.note(name, "undecided", verdict.reason)


def _judge_linearity(judged: Judged, prepared: Prepared, table: list[list[Answer]], ask: Ask) -> None:
    """A vector-Jacobian product is linear in its cotangent; zero gives zero."""
    spot = prepared.spots[0]

    def product(*given: Any) -> Any:
        answer = ask(given)
        reading = read_answer(None if isinstance(answer, Ended) else answer.value, prepared, spot)
        fitting = reading.fitting()
        return {n: fitting[n] for n in prepared.names}

    point = spot.given[: len(spot.problem.arguments)]
    try:
        found = linear_in_cotangent(prepared.question.case.function, product, point, spot.problem.argnums, 0)
    except (KeyError, ArithmeticError):
        found = []
    for verdict in found:
        judged.verdicts.append((spot, verdict))
        for name in prepared.names:
            judged.note(name, "wrong value", verdict.reason)


def _told_flags(judged: Judged, table: list[list[Answer]], prepared: Prepared) -> tuple[Flag, ...]:
    """What the answers themselves show: inputs changed, another answer the second time."""
    changed = sorted({i for answers in table for a in answers for i in a.changed})
    names = list(prepared.question.case.parameters)
    flags = []
    if changed:
        listed = ", ".join(dict.fromkeys(names[i] if i < len(names) else "the cotangent" for i in changed))
        flags.append(Flag("mutates-input", f"the call changed its argument {listed} in place; it was given fresh copies"))
    if any(f.kind == "non-deterministic" for _, v in judged.verdicts for f in v.findings):
        flags.append(Flag("non-deterministic", "asked twice at the same point, it gave two answers"))
    if "undecided" in judged.results.values():
        flags.append(Flag("undecided", "could not be decided; please look at it: " + next(iter(judged.messages.values()), "")))
    return tuple(flags)
