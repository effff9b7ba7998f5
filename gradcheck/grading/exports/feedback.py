"""What a student is told, as plain text: for a terminal, an e-mail, and Gradescope. It holds what `Told` holds, never the diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradcheck.grading.exports.words import NOT_MARKED, block, earned, points, who, word
from gradcheck.grading.results import Entry, QuestionMark, SubmissionMark
from gradcheck.rendering.text import NAME, one_line

ENTRIES = 12  # numbers shown beside the true ones
_PRINTED = 4000  # characters of what was printed


def feedback_text(mark: SubmissionMark, *, title: str = "", titles: Mapping[str, str] | None = None) -> str:
    """The feedback of one student. `title` is the assignment's, `titles` those of questions by name.

    What users wrote is bounded and inert: lines of theirs are indented or begin with "|", so that none passes for one of ours.
    """
    lines = [one_line(title, NAME)] if title else []
    lines += [f"For {who(mark)}", f"Total: {points(mark.earned, mark.possible)}", *_around(mark)]
    for q in mark.questions:
        called = one_line((titles or {}).get(q.question) or q.question, NAME)
        lines += ["", f"{called}: {word(q)}, {points(earned(q), q.possible)}", *("  " + line for line in question_lines(q))]
    return "\n".join(lines) + "\n"


def _around(mark: SubmissionMark) -> Iterator[str]:
    if mark.refused:
        yield f"Not run: {one_line(mark.refused)}"
    if not mark.complete:
        yield NOT_MARKED
    for warning in mark.warnings:
        yield f"Note: {one_line(warning)}"


def question_lines(q: QuestionMark) -> Iterator[str]:
    """What is said of one question, line by line."""
    if q.outcome == "infrastructure error":
        yield NOT_MARKED
        return
    if q.message:
        yield one_line(q.message)
    yield from _told(q)
    for part in q.parts:
        yield f"{_part(part.kind)} {one_line(part.name, NAME)}: {part.result or 'no answer'}, {points(part.earned, part.possible)}"
    if q.printed:
        yield "You printed:"
        yield from (f"| {line}" for line in block(q.printed, _PRINTED))


def _part(kind: str) -> str:
    return {"argument": "gradient of", "hop": "intermediate gradient"}.get(kind, "property")


def _told(q: QuestionMark) -> Iterator[str]:
    told = q.told
    if told.right:
        yield f"Right: {', '.join(one_line(r, NAME) for r in told.right)}"
    if told.where:
        yield one_line(told.where)
    if told.hint:
        yield f"Hint: {one_line(told.hint)}"
    if told.point:
        yield "To try it:"
        yield from (f"    {line}" for line in block(told.point))
    if told.entries:
        yield from _entries(told.entries)


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    for e in entries[:ENTRIES]:
        beside = f", expected {one_line(e.expected, NAME)}" if e.expected else ""
        yield f"{one_line(e.label, NAME)}: yours {one_line(e.yours, NAME)}{beside}"
    if len(entries) > ENTRIES:
        yield f"and {len(entries) - ENTRIES} more"
