"""What students are given: a file to fill in, with every function stated, and a page on what is asked and how it is marked."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.case import Case, Fixed
from gradcheck.domains import Data, Domain, Integer, Real
from gradcheck.errors import UsageError
from gradcheck.grading.assignments.stating import around, program
from gradcheck.grading.assignments.subject import Subject, sampled, subject
from gradcheck.grading.model import Assignment, Question
from gradcheck.rendering.text import lines_of, one_line

INDENT = "    "


def student_template(assignment: Assignment, file: str | None = None) -> str:
    """The file students fill in: each function with its arguments, a docstring that states it, and nothing done yet.

    `file` is which, where questions have files of their own (default: the first question's). Raises UsageError for a file no question asks for.
    """
    files = files_of(assignment)
    chosen = file or files[0]
    if chosen not in files:
        raise UsageError(f"{chosen}: no question asks for a file of that name; they ask for {', '.join(files)}")
    head = f"{one_line(assignment.title)}: write the functions below, and hand in this file.\n\n{_rules(assignment)}"
    imports = "import numpy as np\n\n\n" if "numpy" in assignment.imports else "\n"
    functions = [_function(q) for q in assignment.questions if q.file == chosen]
    return f"{_docstring(head)}\n\n{imports}" + "\n\n".join(functions)


def files_of(assignment: Assignment) -> list[str]:
    """The files that students hand in, in the order of the questions."""
    return list(dict.fromkeys(q.file for q in assignment.questions))


def _rules(assignment: Assignment) -> str:
    allowed = ", ".join(assignment.imports)
    imports = f"You may import the standard library and {allowed}." if allowed else "You may import the standard library only."
    return f"Leave names and arguments as they are. {imports}"


def _function(question: Question) -> str:
    parameters = ", ".join((*question.case.parameters, *([_cotangent(question.case)] if question.asks == "vjp" else [])))
    stated = textwrap.indent(_docstring(_statement(question)), INDENT)
    return f"def {question.function}({parameters}):\n{stated}\n{INDENT}raise NotImplementedError  # your code instead of this line\n"


def _docstring(text: str) -> str:
    """A text as a docstring that ends where it should, whatever is in it."""
    plain = lines_of(text.rstrip()).replace('"""', "'''")
    last = "\n" if "\n" in plain or plain.endswith('"') else ""
    if "\\" not in plain:
        return f'"""{plain}{last}"""'
    return f'r"""{plain}\n"""'


def _cotangent(case: Case) -> str:
    name = "cotangent"
    while name in case.parameters:
        name += "_"
    return name


def _statement(question: Question) -> str:
    """The question in words: what the function is, its arguments, what to return."""
    case = question.case
    known = subject(case, (*question.at, *sampled(case, 0, 1))[:1])
    points = f"{question.points:g} point{'' if question.points == 1 else 's'}"
    parts = [f"{one_line(question.title)} ({points})."]
    parts.append(_stated(case, question.title))
    if statements := program(case.function):
        parts.append(f"The function, as a program:\n\n{textwrap.indent(statements, INDENT)}")
    if taken := around(case.function):
        parts.append(f"It uses\n\n{textwrap.indent(taken, INDENT)}")
    arguments = _aligned({n: _lives(n, d) for n, d in case.domains.items()})
    parts.append(f"Arguments:\n\n{arguments}")
    parts.append(_returns(question, known))
    if question.digits is not None:
        parts.append(f"{question.digits:g} correct digits are enough.")
    return "\n\n".join(filter(None, parts))


def _stated(case: Case, title: str) -> str:
    """The function's docstring, without a first line that is the question's title."""
    first, _, rest = (inspect.getdoc(case.function) or "").strip().partition("\n")
    return rest.strip() if first.rstrip(".") == title.rstrip(".") else f"{first}\n{rest}".strip()


def _aligned(rows: Mapping[str, str]) -> str:
    width = max(map(len, rows), default=0)
    return "\n".join(f"{INDENT}{name.ljust(width)}  {text}" for name, text in rows.items())


def _lives(name: str, domain: Domain) -> str:
    """Where an argument lives, in words."""
    if isinstance(domain, Data):
        kind = "" if isinstance(domain, Fixed) else ", given"
        return f"{_array(np.shape(domain.value) if _is_array(domain.value) else None)}{kind}"
    if isinstance(domain, Integer):
        what = "a whole number" if domain.shape == () else f"whole numbers in {_array(domain.shape)}"
        return f"{what}, {domain.low} <= {name} < {domain.high}"
    return _array(domain.shape) + _bounds(name, domain)


def _is_array(value: Any) -> bool:
    return isinstance(value, int | float | np.ndarray | np.generic)


def _array(shape: tuple[int, ...] | None) -> str:
    return "data" if shape is None else "a number" if shape == () else f"an array of shape {shape}"


def _bounds(name: str, domain: Real) -> str:
    low, high = math.isfinite(domain.low), math.isfinite(domain.high)
    if not (low or high):
        return ""
    return f", {f'{domain.low:g} < ' if low else ''}{name}{f' < {domain.high:g}' if high else ''}"


def _returns(question: Question, known: Subject) -> str:
    if question.asks in ("intermediates", "backward"):
        rows = {'"value"': "the value of the function"} if question.asks == "backward" else {}
        rows |= {f'"{n}"': f"the gradient with respect to {n}, {_array(known.shapes[n])}" for n in known.arguments}
        rows |= {f'"d{n}"': f"that with respect to the variable {n}, {_array(known.shapes[n])}" for n in question.names}
        return f"Return a dict with\n\n{_aligned(rows)}"
    what, of = "the gradient", ""
    if question.asks == "vjp":
        what = "the vector-Jacobian product"
        of = f"\n\n`{_cotangent(question.case)}` has the result's shape, {known.shape}: what is asked for is the gradient of sum({_cotangent(question.case)} * result)."
    return f"Return {what} with respect to {_order(known)}{of}"


def _order(known: Subject) -> str:
    names = known.arguments
    if len(names) == 1:
        return f"{names[0]}: {_array(known.shapes[names[0]])}."
    return f"{', '.join(names)}: a tuple ({', '.join(f'd{n}' for n in names)}), each of its argument's shape."


def student_page(assignment: Assignment) -> str:
    """The page that goes with the template, in Markdown."""
    return "\n".join(_page(assignment)) + "\n"


def _page(assignment: Assignment) -> Iterator[str]:
    files = " and ".join(f"`{f}`" for f in files_of(assignment))
    yield f"# {one_line(assignment.title)}\n"
    yield f"Write the functions in {files}, and hand in what you have written. Every function is stated where it is to be written.\n"
    yield "| question | function | points |\n|---|---|---|"
    for q in assignment.questions:
        yield f"| {one_line(q.title).replace('|', '/')} | `{q.function}` in `{q.file}` | {q.points:g} |"
    yield f"\n{_rules(assignment)}\n"
    yield "How it is marked:\n"
    yield "- A gradient has the shape of what it is the gradient for: `(3,)`, not `(3, 1)`."
    yield "- Your numbers are compared with the exact gradient, at points that you are shown and at points that you are not. There is no tolerance"
    yield "  to meet: what rounding explains is right, what it does not is wrong. Finite differences are not accurate enough, and are noticed."
    yield "- The functions are called several times. They must not change their arguments, and must return the same numbers every time."
    yield "- Each question is marked by itself: an error in one does not cost the points of another. What you print is ignored."
    limits = sorted({f"{q.limits.cpu_seconds:g} s" for q in assignment.questions})
    yield f"- A question may take {' or '.join(limits)} of processor time. There is no network, and no file but what you hand in."
    yield "\nTry your functions before you hand them in:\n"
    first = assignment.questions[0]
    yield f'    python -c "import {_stem(first.file)}"\n'
    yield "Without an error, the file can at least be read. An instructor may let you use `gradcheck` as well, which names the mistake in a gradient."


def _stem(file: str) -> str:
    return file.rpartition(".")[0].replace("/", ".")
