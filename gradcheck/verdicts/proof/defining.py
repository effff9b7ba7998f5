"""Rules of decompositions against the identity that defines them (see `identities`), in exact arithmetic."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from gradcheck.arithmetic.symbols import Symbols
from gradcheck.circuit import interpret, traced_rule
from gradcheck.primitives import BY_NAME, Primitive
from gradcheck.verdicts.proof.identities import Chart
from gradcheck.verdicts.proof.vanishing import simplified_to_zero

POINTS = 3


class _Known(Symbols):
    """Symbols, with the results of some records known beforehand."""

    def __init__(self, known: Mapping[Primitive, Any], operand: Any) -> None:
        self.known, self.operand = known, operand

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """The known result of a record of the chart's own matrix; any other operation as it is."""
        if primitive in self.known and np.array_equal(inputs[0], self.operand):
            return self.known[primitive]
        return super().apply(primitive, inputs, params)


def refuted(primitive: Primitive, chart: Chart, rng: random.Random) -> tuple[str, str, str] | None:
    """Where rule and identity contradict each other at random rational points: the place, the rule's number and the identity's; None if nowhere.

    Raises ValueError where the chart is not the record's function, or does not reach every entry of its matrix.
    """
    names, arrays = list(chart.known), [*chart.operands, chart.result, *chart.known.values()]
    numbers = _numbers(chart, [*arrays, *(_slope(x, p) for p in chart.parameters for x in arrays[: len(chart.operands) + 1])])
    moving = len(chart.operands) + 1
    for _ in range(POINTS):
        point = {p: _rational(rng, positive=bool(p.is_positive)) for p in chart.parameters}
        found = numbers(point)
        operands, result, known = found[: moving - 1], found[moving - 1], found[moving : len(arrays)]
        slopes = [found[k : k + moving] for k in range(len(arrays), len(found), moving)]
        _require_same(primitive, chart, operands, result)
        _require_everything(chart, slopes)
        g = np.array([_rational(rng) for _ in range(result.size)], dtype=object).reshape(result.shape)
        known_by = {BY_NAME[n]: x for n, x in zip(names, known, strict=True)}
        for p, rule, true in _along(primitive, chart, operands, result, g, slopes, known_by):
            if rule != true:
                return f"along {p} at {', '.join(f'{k} = {v}' for k, v in point.items())}", str(rule), str(true)
    return None


def simplified(primitive: Primitive, chart: Chart) -> bool:
    """Whether SymPy finds the identity to hold along every parameter, everywhere."""
    g = np.array([sympy.Symbol(f"g_{i}", real=True) for i in range(chart.result.size)], dtype=object).reshape(chart.result.shape)
    slopes = [[_slope(x, p) for x in (*chart.operands, chart.result)] for p in chart.parameters]
    known = {BY_NAME[n]: x for n, x in chart.known.items()}
    lines = _along(primitive, chart, list(chart.operands), chart.result, g, slopes, known)
    return all(simplified_to_zero(rule - true) is not None for _, rule, true in lines)


def _along(
    primitive: Primitive, chart: Chart, operands: list[Any], result: Any, g: Any, slopes: list[Any], known: Mapping[Primitive, Any]
) -> Iterator[tuple[Any, Any, Any]]:
    """For every parameter what the rule says of it, and what the result does."""
    floats = [_floats(chart, x) for x in (chart.result, chart.result, *chart.operands)]
    parts = []
    for position, operand in enumerate(operands):
        circuit = traced_rule(primitive, position, tuple(floats), chart.params)
        (part,) = interpret(circuit, _Known(known, operands[0]), (g, result, *operands))
        if np.shape(part) not in ((), np.shape(operand)):
            raise ValueError(f"the cotangent of operand {position} has shape {np.shape(part)}, the operand {np.shape(operand)}")
        parts.append(part)
    for p, moved in zip(chart.parameters, slopes, strict=True):
        rule = sum((np.sum(part * x) for part, x in zip(parts, moved[:-1], strict=True)), sympy.Integer(0))
        yield p, rule, np.sum(g * moved[-1])


def _require_same(primitive: Primitive, chart: Chart, operands: list[Any], result: Any) -> None:
    """NumPy's function gives the chart's result, up to signs that are free."""
    expected = result.astype(float)
    found = primitive.evaluate(*(x.astype(float) for x in operands), **chart.params)
    if not chart.same(found if primitive.aligned is None else primitive.aligned(found, expected), expected):
        raise ValueError(f"the factors of {chart.text} are not what {primitive.name} gives")


def _require_everything(chart: Chart, slopes: list[Any]) -> None:
    """Every entry of the matrix can be moved alone: the parameters are as many, and independent."""
    rows = sympy.Matrix([[e for x in moved[: chart.free] for e in x.ravel()] for moved in slopes])
    if rows.rows != rows.cols or rows.rank() < rows.rows:
        raise ValueError(f"the parameters of {chart.text} do not reach every entry")


def _floats(chart: Chart, x: Any) -> Any:
    """Some floats of the right shape to trace a rule at."""
    return _at(x, {p: sympy.Rational(i + 2, 3) for i, p in enumerate(chart.parameters)}).astype(float)


def _slope(x: Any, parameter: Any) -> Any:
    return np.frompyfunc(lambda e: sympy.diff(e, parameter), 1, 1)(x)


def _numbers(chart: Chart, arrays: list[Any]) -> Callable[[Mapping[Any, Any]], list[Any]]:
    """The arrays as a function of the parameters: exact for rational ones, with shared parts computed once."""
    flat = [sympy.sympify(e) for x in arrays for e in x.ravel()]
    function = sympy.lambdify(chart.parameters, flat, modules="sympy", cse=True)

    def at(point: Mapping[Any, Any]) -> list[Any]:
        values, found = iter(function(*point.values())), []
        for x in arrays:
            numbers = np.empty(x.size, dtype=object)
            numbers[:] = [sympy.sympify(next(values)) for _ in range(x.size)]
            found.append(numbers.reshape(x.shape))
        return found

    return at


def _at(x: Any, point: Mapping[Any, Any]) -> Any:
    return np.frompyfunc(lambda e: sympy.sympify(e).subs(point), 1, 1)(x)


def _rational(rng: random.Random, *, positive: bool = False) -> Any:
    return sympy.Rational((1 if positive else rng.choice((-1, 1))) * rng.randint(1, 12), rng.choice((5, 7, 9)))
