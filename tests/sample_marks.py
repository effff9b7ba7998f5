"""Marks of made-up classes: every outcome and result there is, and students who mean no good in every text there is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradcheck import case
from gradcheck.grading.model import Assignment, Feedback, Question
from gradcheck.grading.results import (
    OUTCOMES,
    ClassMarks,
    Diagnosis,
    Entry,
    Flag,
    Part,
    QuestionMark,
    SubmissionMark,
    Told,
)

SECRET = "SECRET-OF-THE-INSTRUCTOR"
DIAGNOSIS = Diagnosis("missing-factor", f"the factor 2*x is missing ({SECRET})", "z", "power", 7, f"2*x*{SECRET}", f"x*{SECRET}")
TOLD = Told(
    ("W", "b"), "dz, the gradient of z (line 7)", "z goes into two results: does its gradient come from both?",
    "import numpy as np\nW = np.array([0.5, 1.0])\nprint(gradient(W))", (Entry("W[0]", "1.0", "2.0"), Entry("W[1]", "2.5", "")),
)  # fmt: skip
RESULTS = ("right", "wrong value", "wrong shape", "non-finite", "undecided")
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07 \x9b31m", "<script>alert(1)</script><img src=x onerror=alert(1)>", "\u202etxt.exe\u2066 \u200b\ufeff",
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", ' "=1+1', "'=1+1", "Smith; =1+1", "＝1+1", "x" * 1_000_000, "a\x00b\x7f\x85",
    "]]>&amp;</pre></td>", "two\nlines\r\nTotal: 5 of 5 points", "\ud800 alone", "\ufffe\uffff", "../../etc/passwd", "{{ 7*7 }}{% raw %}", "\u2028\u2029",
    "\"' onmouseover=alert(1) x='", "</style><style>*{display:none}", "--><!--", "",
)  # fmt: skip


def question_mark(outcome: str = "graded", result: str = "right", name: str = "sine", points: float = 2.0, **more: Any) -> QuestionMark:
    """How a question ended, with everything that goes with it."""
    got = points if outcome == "graded" and result == "right" else 0.5 if result == "wrong value" else 0.0
    wrong = outcome == "graded" and result != "right"
    given: dict[str, Any] = {
        "message": "" if result == "right" else f"it ended with: {outcome}",
        "parts": (Part("W", "argument", "right" if got else result, min(got, points / 2), points / 2), Part("z", "hop", result, got / 2 if got == points else 0.0, points / 2)) if outcome == "graded" else (),
        "diagnosis": DIAGNOSIS if wrong else None, "told": TOLD if wrong else Told(right=("W",)) if outcome == "graded" else Told(),
        "flags": (Flag("finite-differences", f"a step of 1e-6 ({SECRET})"),) if wrong else (), "printed": "hello\nworld" if wrong else "",
    }  # fmt: skip
    return QuestionMark(name, outcome, result if outcome == "graded" else "", got, points, **given | more)  # type: ignore[arg-type]


def submission(student: str, *questions: QuestionMark, **more: Any) -> SubmissionMark:
    """A submission of such questions."""
    given: dict[str, Any] = {
        "source": f"{student}.py", "digest": f"digest-{student}", "isolation": "bubblewrap", "name": student.capitalize(),
        "email": f"{student}@example.org", "shape": f"shape-{student}",
    }  # fmt: skip
    return SubmissionMark(student=student, questions=questions, **given | more)


def whole_class(**more: Any) -> ClassMarks:
    """A student for every outcome and every result, one refused, one with identical files, one absent."""
    students = [submission(f"result{i}", question_mark("graded", r), question_mark(name="tanh", points=3.0)) for i, r in enumerate(RESULTS)]
    students += [
        submission(f"outcome{i}", question_mark(o, ""), question_mark(name="tanh", points=3.0)) for i, o in enumerate(OUTCOMES[1:])
    ]
    nothing = [question_mark("missing", "", n, p, message="the submission was not run") for n, p in (("sine", 2.0), ("tanh", 3.0))]
    students.append(submission("refused", *nothing, refused="it holds a link out of its folder", isolation=""))
    copies = (Flag("identical", "the same file as result1"),)
    students.append(
        submission(
            "copy", question_mark("graded", "wrong value"), question_mark(name="tanh", points=3.0), flags=copies, digest="digest-result1"
        )
    )
    students.append(
        submission(
            "warned",
            question_mark(),
            question_mark("graded", "wrong value", "tanh", 3.0),
            warnings=("the line %matplotlib inline was removed",),
        )
    )
    given: dict[str, Any] = {
        "assignment": "backprop", "title": "Backpropagation by hand", "digest": "a1b2c3", "isolation": "bubblewrap",
        "questions": (("sine", "The sine of a square", 2.0), ("tanh", "", 3.0)), "submissions": tuple(students),
        "warnings": ("one submission was refused",), "absent": ("nobody", "no-one"),
    }  # fmt: skip
    return ClassMarks(**given | more)


@case(x=1.0)
def some_function(x: float) -> float:
    """Stands for any."""
    return x * x


def assignment(**feedback: Any) -> Assignment:
    """The assignment of that class."""
    told = Feedback(**feedback)
    asked = (
        Question("sine", some_function, "sine_gradient", points=2.0, feedback=told, title="The sine of a square"),
        Question("tanh", some_function, "tanh_gradient", points=3.0, feedback=told),
    )
    return Assignment("backprop", "Backpropagation by hand", asked, Path("assignment.toml"), "a1b2c3")


def small_class() -> ClassMarks:
    """Two students: one with everything that can be told of one, one of whom nothing is known."""
    full = submission(
        "ann",
        question_mark("graded", "wrong value"),
        question_mark(name="tanh", points=3.0),
        warnings=("a warning",),
        flags=(Flag("identical", "bob"),),
    )
    failed = submission("bob", question_mark("infrastructure error", ""), question_mark("exception", "", "tanh", 3.0))
    refused = submission("eve", question_mark("missing", ""), question_mark("missing", "", "tanh", 3.0), refused="a link")
    return whole_class(submissions=(full, failed, refused))


def document() -> Any:
    """The document of one student's marks, as it is read back."""
    return json.loads(json.dumps(dataclasses.replace(small_class(), submissions=small_class().submissions[:1]).to_dict()))


def hostile_classes() -> Iterator[tuple[str, ClassMarks]]:
    """A class with one hostile text in the place of every text that a user may choose."""
    return ((text, poisoned(small_class(), text)) for text in HOSTILE)


KEPT = {"outcome", "result", "kind", "isolation", "digest", "shape"}  # words of ours


def poisoned(value: Any, text: str) -> Any:
    """A copy of marks with the text in every field that holds text of users; students get a number each, so that they stay apart."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: poisoned(getattr(value, f.name), text) for f in dataclasses.fields(value) if f.name not in KEPT}
        if isinstance(value, ClassMarks):
            changed["questions"] = tuple(
                (f"{i}{text}" if text[:1] not in ("=", "+", "-", "@") else f"{text}{i}", text, p)
                for i, (_, _, p) in enumerate(value.questions)
            )
            changed["submissions"] = tuple(
                dataclasses.replace(
                    s,
                    student=f"{text}{i}",
                    questions=tuple(dataclasses.replace(q, question=n[0]) for q, n in zip(s.questions, changed["questions"], strict=True)),
                )
                for i, s in enumerate(changed["submissions"])
            )
            changed["absent"] = tuple(f"{text}absent{i}" for i in range(2))
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(v, text) for v in value)
    return text if isinstance(value, str) else value
