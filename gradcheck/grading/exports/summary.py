"""A class in a few lines, for the terminal."""

from __future__ import annotations

from collections import Counter

from gradcheck.grading.exports.words import earned, word
from gradcheck.grading.results import ClassMarks, SubmissionMark
from gradcheck.rendering.layout import table
from gradcheck.rendering.text import NAME, cut, one_line

SHOWN = 40  # students listed; the gradebook has all
WIDTH = 40  # characters of an identifier


def class_text(marks: ClassMarks) -> str:
    """A row for each student, how each question went, and what a person should look at."""
    names = [name for name, _, _ in marks.questions]
    shown = marks.submissions[:SHOWN]
    rows = [[cut(one_line(m.student), WIDTH), _total(m), *(_cell(m, n) for n in names)] for m in shown]
    lines = [table(rows, ["student", "points", *names])] if rows else ["no submissions"]
    if len(marks.submissions) > SHOWN:
        lines.append(f"  ... and {len(marks.submissions) - SHOWN} more, in gradebook.csv")
    lines += ["", *_questions(marks), "", *_told(marks)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _cell(mark: SubmissionMark, name: str) -> str:
    found = next((q for q in mark.questions if q.question == name), None)
    if found is None:
        return ""
    known = earned(found)
    return f"{'-' if known is None else f'{known:g}'}/{found.possible:g} {'' if found.result == 'right' else word(found)}".strip()


def _total(mark: SubmissionMark) -> str:
    return f"{'not marked' if mark.earned is None else f'{mark.earned:g}'}/{mark.possible:g}"


def _questions(marks: ClassMarks) -> list[str]:
    """For each question how many are right, and the hop that most get wrong."""
    lines = []
    for name, _, _ in marks.questions:
        found = [q for m in marks.submissions for q in m.questions if q.question == name]
        right = sum(q.result == "right" for q in found)
        mistakes = Counter(
            (q.diagnosis.variable, q.diagnosis.kind) for q in found if q.diagnosis is not None and q.diagnosis.kind != "unknown"
        )
        line = f"{name}: {right} of {len(found)} right"
        if mistakes:
            (variable, kind), count = min(mistakes.items(), key=lambda item: (-item[1], item[0]))
            line += f"; most often wrong: {kind}{f' at {one_line(variable, NAME)}' if variable else ''} ({count})"
        lines.append(line)
    return lines


def _imports(marks: ClassMarks) -> list[str]:
    """What more than one student may have been right to expect: the packages that were refused."""
    found = [{f.evidence.partition(";")[0] for f in m.flags if f.kind == "forbidden-import"} for m in marks.submissions]
    counts = Counter(evidence.removeprefix("imports ") for each in found for evidence in each)
    if not counts:
        return []
    named = ", ".join(f"{one_line(name, NAME)} ({n})" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8])
    return [
        f"{sum(map(bool, found))} import what is not allowed: {named}; to let them, add it to `allowed` under [imports] and grade again"
    ]


def _told(marks: ClassMarks) -> list[str]:
    waiting = [m.student for m in marks.submissions if not m.complete]
    why = next((q.message for m in marks.submissions for q in m.questions if q.outcome == "infrastructure error"), "")
    flagged = sum(bool(m.flags or any(q.flags for q in m.questions)) for m in marks.submissions)
    refused = sum(bool(m.refused) for m in marks.submissions)
    count = len(marks.submissions)
    lines = [f"{count} submission{'s' if count != 1 else ''}, behind: {marks.isolation}"]
    lines += (
        [
            f"{len(waiting)} could not be marked for a reason that is not the students': {', '.join(one_line(s, NAME) for s in waiting[:8])}",
            f"the first because: {one_line(why)}",
        ]
        if waiting
        else []
    )
    lines += [f"{refused} refused unread, each with its reason"] if refused else []
    lines += _imports(marks)
    lines += [f"{flagged} flagged for a person to look at"] if flagged else []
    lines += [f"{len(marks.absent)} of the roster handed nothing in"] if marks.absent else []
    return [*lines, *(f"note: {one_line(w)}" for w in marks.warnings)]
