"""Pieces that modules in every dialect are put together from: constants, guards, docstrings, points."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill as wrapped
from typing import Any

import numpy as np

import gradcheck
from gradcheck.codegen.bodies import General, shape_lines
from gradcheck.codegen.dialects import NUMPY, Dialect
from gradcheck.codegen.expressions import WIDTH, assignment, number, parse, text_of
from gradcheck.codegen.statements import array_literal
from gradcheck.codegen.subject import Subject
from gradcheck.codegen.verify import ELSEWHERE, Verified

IN_DOCSTRING = 96


def constant_lines(constants: Mapping[str, Any], dialect: Dialect) -> list[str]:
    """Arrays and numbers as assignments at the top of a module."""
    return [line for name, value in constants.items() for line in assignment(name, literal(value, dialect), "")]


def literal(value: Any, dialect: Dialect = NUMPY) -> ast.expr:
    """A value as an expression that gives it back, every bit of it."""
    if isinstance(value, np.ndarray):
        return array_literal(value, dialect) if value.ndim else _scalar(value[()])
    return _scalar(value)


def _scalar(value: Any) -> ast.expr:
    if isinstance(value, np.floating) and value.dtype != np.float64:
        return ast.parse(f"np.{value.dtype.name}({float(value)!r})", mode="eval").body
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        return number(value)
    return ast.Constant(value)


def guard_lines(subject: Subject, general: General, what: str) -> tuple[list[str], list[str]]:
    """Checks to stand before the statements, and those to stand once the values are known: clear errors for what the source is not for."""
    early = _shape_checks(subject, general, what) + _data_checks(subject, general, what)
    known = set(subject.parameters)
    of_arguments = [_names(text) <= known | {"np", "torch", "len"} for text, _ in general.body.guards]
    checks = list(zip(_branch_checks(general, what), of_arguments, strict=True))
    return early + [line for lines, first in checks if first for line in lines], [
        line for lines, first in checks if not first for line in lines
    ]


def _names(text: str) -> set[str]:
    return {n.id for n in ast.walk(parse(text)) if isinstance(n, ast.Name)}


def _shape_checks(subject: Subject, general: General, what: str) -> list[str]:
    free = {axis for group in general.sizes.groups for axis in group}
    lines: list[str] = []
    for i, (name, a) in enumerate(zip(subject.parameters, subject.points[0], strict=True)):
        if not isinstance(a, np.ndarray) or not a.ndim or all((i, axis) in free for axis in range(a.ndim)):
            continue
        fixed = [(axis, n) for axis, n in enumerate(a.shape) if (i, axis) not in free]
        if len(fixed) == a.ndim:
            condition = f"{name}.shape != {tuple(a.shape)!r}"
        else:
            condition = " or ".join([f"{name}.ndim != {a.ndim}", *(f"{name}.shape[{axis}] != {n}" for axis, n in fixed)])
        shown = f"[{', '.join('any' if (i, axis) in free else str(n) for axis, n in enumerate(a.shape))}]"
        lines += [f"    if {condition}:", *_raise(f"{what} {ELSEWHERE} {name} of shape {shown}, got {{{name}.shape}}", "f")]
    return lines


def _data_checks(subject: Subject, general: General, what: str) -> list[str]:
    lines: list[str] = []
    for i in general.fixed:
        name, value = subject.parameters[i], subject.points[0][i]
        if not isinstance(value, np.ndarray | np.generic | int | float | str | None):
            continue
        shown = text_of(literal(value))
        condition = f"not np.array_equal({name}, {shown})" if isinstance(value, np.ndarray) else f"{name} != {shown}"
        lines += [f"    if {condition}:", *_raise(f"{what} {ELSEWHERE} one value of {name} alone")]
    return lines


def _branch_checks(general: General, what: str) -> list[list[str]]:
    """The decisions that the function took on values, lines for each."""
    checks: list[list[str]] = []
    for (text, outcome), needs in zip(general.body.guards, branches(general), strict=True):
        if isinstance(outcome, bool | np.bool_):
            condition = f"not {text_of_condition(text)}" if outcome else text
        elif isinstance(outcome, np.ndarray):
            condition = f"not np.array_equal({text}, {text_of(literal(outcome))})"
        else:
            condition = f"{text} != {outcome!r}"
        checks.append([f"    if {condition}:", *_raise(f"{what} {ELSEWHERE} the branch where {needs}")])
    return checks


def text_of_condition(text: str) -> str:
    """A condition to stand after `not`."""
    return text if isinstance(parse(text), ast.Name | ast.Call | ast.Compare) else f"({text})"


_OPPOSITE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(), ast.GtE: ast.Lt(), ast.Gt: ast.LtE(), ast.LtE: ast.Gt(), ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(),
}  # fmt: skip


def branches(general: General) -> list[str]:
    """The branch in words, a condition for each decision."""
    return [_in_words(text, outcome) for text, outcome in general.body.guards]


def _in_words(text: str, outcome: Any) -> str:
    if not isinstance(outcome, bool | np.bool_):
        return f"{text} == {outcome.tolist() if isinstance(outcome, np.ndarray) else outcome!r}"
    node = parse(text)
    if outcome:
        return text
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        node.ops = [_OPPOSITE[type(node.ops[0])]]
        return text_of(node)
    return f"not {text_of_condition(text)}"


def _raise(message: str, prefix: str = "") -> list[str]:
    whole = f"        raise ValueError({prefix}{_quoted(message)})"
    if len(whole) <= WIDTH:
        return [whole]
    return ["        raise ValueError(", f"            {prefix}{_quoted(message)}", "        )"]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def docstring(
    first: str, subject: Subject, general: General, found: Verified | None, *, indent: str = "    ", more: Iterable[str] = ()
) -> list[str]:
    """What is computed, what was verified of it, and what it is written for."""
    paragraphs = [*([] if found is None else [verified_text(found, general)]), *_scope(subject, general), *more]
    lines = [f'{indent}"""{first}']
    for p in paragraphs:
        lines += ["", *wrapped(p, IN_DOCSTRING, initial_indent=indent, subsequent_indent=indent, break_long_words=False).splitlines()]
    return [*lines, f'{indent}"""'] if paragraphs else [f'{indent}"""{first}"""']


def verified_text(found: Verified, general: General) -> str:
    """The verdict in a sentence or two."""
    where = _counted(len(found.points), "point") + (f" and {found.drawn} drawn at random" if found.drawn else "")
    kinks = (
        f", with {_counted(found.kinks, 'kink')} among them, where it lies in the hull of the one-sided gradients" if found.kinks else ""
    )
    digits = "every digit" if found.ulp == 0 else f"{found.digits:.1f} digits or more (at most {found.ulp:.2g} ulp from the truth)"
    tape = "equal to the tape's to the last bit" if not found.from_tape else f"within {found.from_tape} ulp of the tape's"
    return f"Verified by gradcheck {gradcheck.__version__} at {where}{kinks}: right, {digits}; {tape}."


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _scope(subject: Subject, general: General) -> list[str]:
    """Shapes, data and branches that it is written for, and whether a loop is unrolled."""
    said = []
    shapes = shape_lines(subject, general, general.sizes.letters())
    if shapes:
        said.append("Shapes: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()) + ".")
    if general.fixed:
        said.append(
            f"For one value of {', '.join(subject.parameters[i] for i in general.fixed)}, which is checked; for others it raises ValueError."
        )
    if taken := branches(general):
        said.append(f"For one branch: {', '.join(taken)}; elsewhere it raises ValueError.")
    if general.body.unrolled:
        said.append("Loops are unrolled: a name and a number is a round's value.")
    return said


def point_lines(points: Sequence[Sequence[Any]], name: str = "points", indent: str = "    ") -> list[str]:
    """Points as a list of tuples."""
    lines = [f"{indent}{name} = ["]
    deeper = indent + "    "
    for point in points:
        node = ast.Tuple([literal(a) for a in point])
        whole = f"{deeper}{text_of(node)},"
        if len(whole) <= WIDTH:
            lines.append(whole)
            continue
        lines.append(f"{deeper}(")
        for a in point:
            made = assignment("_", literal(a), deeper + "    ")
            lines += [made[0].replace("_ = ", "", 1), *made[1:]]
            lines[-1] += ","
        lines.append(f"{deeper}),")
    return [*lines, f"{indent}]"]
