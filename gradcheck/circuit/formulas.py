"""The formula of a hop in the names people use, and what such a text computes: on floats, or traced into a circuit."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np
from scipy import special

from gradcheck.circuit.circuit import ArrayType, Circuit
from gradcheck.circuit.rules import Template, template_of, traced_rule
from gradcheck.circuit.source import inline
from gradcheck.errors import GradcheckError, ShapeError, TraceError
from gradcheck.primitives import Primitive
from gradcheck.primitives.record import shape_of, sum_to
from gradcheck.primitives.reductions import axes_of, kept_shape
from gradcheck.primitives.textbook import MATRIX, PRODUCTS, TEXTBOOK

REDUCTIONS = ("sum", "mean", "prod", "max", "min", "var", "logsumexp")
ALONG = ("softmax", "log_softmax", "cumsum")
OF_MATRICES = ("inv", "det", "logabsdet")  # written for one matrix, not for a stack
OPERANDS = {1: ("x",), 2: ("a", "b"), 3: ("a", "b", "c")}


def _stretched(v: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    have = shape_of(v)
    lead = len(have) - len(shape)
    return tuple(i for i, n in enumerate(have) if i < lead or (shape[i - lead] == 1 and n != 1))


def _to(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """A wrong way to undo a broadcast: another reduction than the sum."""

    def helper(v: Any, shape: tuple[int, ...]) -> Any:
        axes = _stretched(v, shape)
        return np.reshape(reduce(v, axis=axes), shape) if axes else v

    return helper


def _total_to(v: Any, shape: tuple[int, ...]) -> Any:
    return np.broadcast_to(np.sum(v), shape)


def _end_to(end: int) -> Callable[..., Any]:
    def helper(v: Any, shape: tuple[int, ...]) -> Any:
        axes = _stretched(v, shape)
        index = tuple(end if i in axes else slice(None) for i in range(len(shape_of(v))))
        return np.reshape(v[index], shape) if axes else v

    return helper


def _other_to(v: Any, shape: tuple[int, ...]) -> Any:
    """Summed over the axes that were not stretched: it fits where the array is square."""
    axes = tuple(i for i in range(len(shape_of(v))) if i not in _stretched(v, shape))
    return np.reshape(np.sum(v, axis=axes), shape)


def _overwrite(*parts: Any) -> Any:
    """What is left when parts are assigned, one after the other, where they should be added."""
    left = parts[0]
    for part in parts[1:]:
        left = np.where(part != 0, part, left)
    return left


def _shift(v: Any, by: int, axis: int) -> Any:
    """Moved along an axis, with zeros moved in."""
    size = shape_of(v)[axis]
    front = (slice(None),) * axis
    if by > 0:
        return np.concatenate([0.0 * v[(*front, slice(0, by))], v[(*front, slice(0, size - by))]], axis=axis)
    return np.concatenate([v[(*front, slice(-by, size))], 0.0 * v[(*front, slice(0, -by))]], axis=axis)


NAMESPACE: dict[str, Any] = {
    "special": special,
    "np": np, "sigmoid": special.expit, "softmax": special.softmax, "sum_to": sum_to, "mean_to": _to(np.mean), "largest_to": _to(np.max),
    "smallest_to": _to(np.min), "total_to": _total_to, "first_to": _end_to(0), "last_to": _end_to(-1), "other_to": _other_to, "overwrite": _overwrite,
    "shift": _shift, "__builtins__": {"len": len},
}  # fmt: skip


@lru_cache(maxsize=32768)
def compiled(text: str) -> CodeType:
    """A formula ready to be evaluated."""
    return compile(text, "<formula>", "eval")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the names at a hop stand for, apart from their values: its operation, and the shape its cotangents must have."""

    names: tuple[str, ...]
    kept: tuple[int, ...] | None
    shape: tuple[int, ...]

    def evaluate(self, text: str, values: Mapping[str, Any]) -> Any:
        """What the text gives; raises what NumPy raises where shapes do not fit."""
        given = dict(values)
        if self.kept is not None:
            given |= {name.upper(): np.reshape(given[name], self.kept) for name in "gy" if name in given}
        return eval(compiled(text), NAMESPACE, given)  # noqa: S307  our own formulas

    def fitted(self, found: Any) -> Any:
        """The result in the shape wanted; ValueError where it cannot be."""
        return found if shape_of(found) == self.shape else np.broadcast_to(found, self.shape)


def setting(primitive: Primitive, types: Sequence[ArrayType], params: Mapping[str, Any], position: int) -> Setting:
    """The setting of a hop; `types` are those of the result and the operands."""
    names = OPERANDS.get(len(types) - 1, tuple(f"x{i}" for i in range(len(types) - 1)))
    kept = kept_shape(types[1].shape, params.get("axis")) if primitive.name in REDUCTIONS else None
    return Setting(("g", "y", *names), kept, types[1 + position].shape)


def formulas(primitive: Primitive, types: Sequence[ArrayType], params: Mapping[str, Any], position: int) -> tuple[str, ...]:
    """The ways people write the cotangent of an operand, none for operations that nobody writes down."""
    if primitive.name in PRODUCTS:
        forms = MATRIX.get((len(types[1].shape), len(types[2].shape)), ((), ()))[position]
    else:
        table = TEXTBOOK.get(primitive.name, ())
        stacked = primitive.name in OF_MATRICES and len(types[1].shape) > 2
        forms = table[position] if position < len(table) and not stacked else ()
    return tuple(_inlined(f, primitive, types, params, position) for f in forms)


@lru_cache(maxsize=512)
def _of_record(primitive: Primitive, types: tuple[ArrayType, ...], position: int) -> tuple[str, ...]:
    """The record's own rule as a text, where nobody wrote down another; operations with one element per element alone."""
    if any(t.shape != types[0].shape or t.dtype != np.float64 for t in types) or len(types) - 1 not in OPERANDS:
        return ()
    names = ("g", "y", *OPERANDS[len(types) - 1])
    try:
        circuit = traced_rule(primitive, position, (1.25, 0.5, *(0.75 for _ in types[1:])), {})
        text = ast.unparse(ast.parse(inline(circuit, dict(zip(circuit.inputs, names, strict=True))), mode="eval"))
    except (GradcheckError, ValueError, TypeError, SyntaxError):
        return ()
    used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    return (text,) if used <= {*names, *NAMESPACE} and "g" in used else ()


def _inlined(form: str, primitive: Primitive, types: Sequence[ArrayType], params: Mapping[str, Any], position: int) -> str:
    """The form with sizes and axes in numbers, and its sum over broadcast axes."""
    shape = types[1 + position].shape
    if primitive.name in REDUCTIONS + ALONG:
        given = params.get("axis")
        axes = axes_of(given, len(types[1].shape))
        count = int(np.prod([types[1].shape[a] for a in axes], dtype=int)) - params.get("ddof", 0)
        axis = str(given if isinstance(given, int) else axes[0] if len(axes) == 1 else axes)
        form = form.replace("axis=axis", f"axis={axis}").replace(", axis)", f", {axis})").replace(" / n", f" / {count}")
    elif primitive.elementwise and shape != types[0].shape:
        return f"sum_to({form}, {shape})"
    return form


def written(
    text: str, setting: Setting, names: Sequence[str], types: Sequence[ArrayType], fixed: Mapping[str, Any] | None = None
) -> Template:
    """The text as equations, ready to be written into a circuit; `types` are those of its `names`, `fixed` are arrays by name.

    ValueError where the text cannot be written at all, as NumPy raises for it.
    """

    def formed(*values: Any) -> Any:
        return setting.fitted(setting.evaluate(text, {**(fixed or {}), **dict(zip(names, values, strict=True))}))

    try:
        return template_of(formed, [replace(t, weak=False) for t in types])
    except (TraceError, ShapeError) as error:
        raise ValueError(str(error)) from error


_SHOWN = {
    "sum_to": r"sum(\1)",
    "mean_to": r"mean(\1)",
    "largest_to": r"max(\1)",
    "smallest_to": r"min(\1)",
    "total_to": r"sum over everything of (\1)",
    "other_to": r"sum over the other axis of (\1)",
    "first_to": r"(\1)[0]",
    "last_to": r"(\1)[-1]",
}


def local_text(formula: str) -> str:
    """A formula as it is shown: without the helpers that undo broadcasts."""
    for helper, words in _SHOWN.items():
        formula = re.sub(rf"\b{helper}\((.*), \([\d, ]*\)\)", words, formula)
    return formula


def shown(text: str) -> str:
    """A formula as it is shown to people."""
    return re.sub(r" \*\* 1\b(?!\.)", "", local_text(text).replace("np.", ""))


def types_at(circuit: Circuit, k: int) -> tuple[ArrayType, ...]:
    """Types of a value and of what it was formed from."""
    return (circuit.type(k), *(circuit.type(i) for i in circuit.inputs_of(k)))
