"""Open pieces of a domain, parametrised so that SymPy decides every comparison on them.

A piece is written in a record as text over the operands' names: "x > 0", "a < b", "low < x < high", "a < 0, b = 3".
Operands become expressions in free parameters, each real or positive: on "a < b" they are a = a, b = a + d, d > 0.
"""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy

from gradcheck.primitives import Interval, Primitive


@dataclass(frozen=True, slots=True)
class Region:
    """Operands by name, each an expression in the `parameters`; `text` says where this is."""

    text: str
    operands: Mapping[str, Any]
    parameters: tuple[Any, ...]

    def sample(self, rng: random.Random) -> dict[Any, Any]:
        """A random rational for every parameter: an interior point of the region, of moderate size."""
        return {p: _rational(rng, positive=bool(p.is_positive)) for p in self.parameters}

    def numbers(self, point: Mapping[Any, Any]) -> tuple[Any, ...]:
        """The operands at a point as NumPy's numbers; whole numbers and truth values where the piece fixes such."""
        return tuple(_number(x, point) for x in self.operands.values())

    def partials(self, value: Any) -> dict[str, Any]:
        """SymPy's derivative of an expression with respect to every operand that moves.

        The chain rule through the parameters, solved backwards: grad_t F = J^T grad_x f.
        """
        moving = [n for n, x in self.operands.items() if x.free_symbols]
        slopes = sympy.Matrix([_slope(value, t) for t in self.parameters])
        if [self.operands[n] for n in moving] == list(self.parameters):
            return dict(zip(moving, slopes, strict=True))
        jacobian = sympy.Matrix([[sympy.diff(self.operands[n], t) for t in self.parameters] for n in moving])
        return dict(zip(moving, jacobian.T.inv() * slopes, strict=True))


def _number(x: Any, point: Mapping[Any, Any]) -> Any:
    if x in (sympy.true, sympy.false):
        return np.bool_(bool(x))
    return np.int64(int(x)) if x.is_Integer else np.float64(float(x.subs(point)))


def _slope(value: Any, parameter: Any) -> Any:
    """SymPy's derivative between the jumps of floor and ceiling, where these are constant."""
    steps = {step: sympy.Dummy(real=True) for step in sympy.sympify(value).atoms(sympy.floor, sympy.ceiling)}
    return sympy.diff(value.subs(steps), parameter).subs({constant: step for step, constant in steps.items()})


def _rational(rng: random.Random, *, positive: bool) -> Any:
    sign = 1 if positive else rng.choice((-1, 1))
    return sympy.Rational(sign * rng.randint(1, 24), rng.choice((5, 7, 8, 9, 11)))


def operand_names(primitive: Primitive) -> tuple[str, ...]:
    """The operands' names as the record's exact form calls them: x, or a and b."""
    assert primitive.exact is not None and primitive.arity is not None
    return tuple(inspect.signature(primitive.exact).parameters)[1 : 1 + primitive.arity]


def regions_of(primitive: Primitive) -> tuple[Region, ...]:
    """The open pieces an elementwise record states, or its whole domain."""
    names = operand_names(primitive) if primitive.exact is not None and primitive.arity else ()
    domains = dict(zip(names, primitive.domains, strict=False))
    return tuple(region(domains, text) for text in primitive.pieces or ("",))


def region(domains: Mapping[str, Interval], text: str = "") -> Region:
    """The part of a product of intervals that a text describes; operands it does not name keep their interval."""
    known: dict[str, Any] = {}
    parameters: list[Any] = []
    for clause in filter(None, (c.strip() for c in text.split(","))):
        _clause(clause, known, parameters)
    for name, interval in domains.items():
        if name not in known:
            known[name] = _between(_end(interval.low), name, _end(interval.high), parameters)
    return Region(text or _describe(domains), {n: known[n] for n in domains}, tuple(parameters))


def ordered(names: Sequence[str], rng: random.Random) -> Region:
    """Distinct numbers in a random order, for the largest and the smallest of them."""
    shuffled = rng.sample(list(names), len(names))
    free = dict.fromkeys(names, Interval())
    return region(free, " < ".join(shuffled)) if len(names) > 1 else region(free)


def _clause(clause: str, known: dict[str, Any], parameters: list[Any]) -> None:
    if "=" in clause:
        name, _, value = (part.strip() for part in clause.partition("="))
        known[name] = sympy.sympify(value == "True" if value in ("True", "False") else value)
        return
    chain = [part.strip() for part in re.split(r"[<>]", clause)]
    chain = chain if "<" in clause else chain[::-1]
    if any(_is_number(c) for c in chain):
        (name,) = (c for c in chain if not _is_number(c))
        low, high = (sympy.Rational(c) if _is_number(c) else None for c in (chain[0], chain[-1]))
        known[name] = _between(low, name, high, parameters)
        return
    known[chain[0]] = _between(None, chain[0], None, parameters)
    for below, name in pairwise(chain):
        parameters.append(sympy.Symbol(f"{name}-{below}", positive=True))
        known[name] = known[below] + parameters[-1]


def _between(low: Any, name: str, high: Any, parameters: list[Any]) -> Any:
    """An operand between two ends (None: unbounded), from one real or positive parameter of its name."""
    t = sympy.Symbol(name, real=True) if low is None and high is None else sympy.Symbol(name, positive=True)
    parameters.append(t)
    if low is not None and high is not None:
        return (low + high * t) / (1 + t)
    return high - t if high is not None else t if low is None else low + t


def _end(bound: float) -> Any:
    return sympy.Rational(Fraction(bound)) if np.isfinite(bound) else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _describe(domains: Mapping[str, Interval]) -> str:
    bounded = [_bounds(n, i) for n, i in domains.items() if np.isfinite(i.low) or np.isfinite(i.high)]
    return ", ".join(bounded) or "everywhere"


def _bounds(name: str, interval: Interval) -> str:
    if np.isfinite(interval.low) and np.isfinite(interval.high):
        return f"{interval.low:g} < {name} < {interval.high:g}"
    return f"{name} > {interval.low:g}" if np.isfinite(interval.low) else f"{name} < {interval.high:g}"
