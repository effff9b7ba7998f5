"""Elementwise rules with stretched operands: the cotangent of an operand is summed over its copies."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import sympy

from gradcheck.arithmetic.enclosures import Undecidable
from gradcheck.arithmetic.symbols import Symbols
from gradcheck.circuit import interpret, traced_rule
from gradcheck.primitives import Example, Primitive
from gradcheck.verdicts.proof.regions import regions_of

SHAPES: tuple[tuple[int, ...], ...] = ((2, 1), (3,), ())  # of the operands in turn, stretched to 2 x 3


def broadcasts(primitive: Primitive, rng: random.Random) -> str | None:
    """What is wrong with a rule's cotangents of stretched operands; None where nothing is.

    All elements of an operand are the same rational, so one coefficient times the sum of the symbolic cotangents
    of its copies must come out.
    """
    piece = regions_of(primitive)[0]
    params = (primitive.examples or (Example(()),))[0].params
    point = piece.sample(rng)
    exact = [sympy.sympify(x).subs(point) for x in piece.operands.values()]
    floats = piece.numbers(point)
    for turn in range(len(exact)):
        shapes = [SHAPES[(i + turn) % len(SHAPES)] for i in range(len(exact))]
        for position, x in enumerate(piece.operands.values()):
            problem = _stretched(primitive, position, (exact, floats), shapes, params) if x.free_symbols else None
            if problem is not None:
                return problem
    return None


def _stretched(primitive: Primitive, position: int, at: tuple[Any, Any], shapes: list[tuple[int, ...]], params: Any) -> str | None:
    """The same for one operand: `at` is the point in rationals and in floats."""
    arithmetic, (exact, floats) = Symbols(), at
    scalars = tuple(exact)
    try:
        y = arithmetic.apply(primitive, scalars, params)
    except Undecidable:  # SymPy has no form of the operation; any result will do, the same on both sides
        y = sympy.Symbol("y", real=True)
    whole = np.broadcast_shapes(*shapes)
    g = np.array(sympy.symbols(f"g_:{int(np.prod(whole, dtype=int))}"), dtype=object).reshape(whole)
    arrays = [np.full(s, x) for s, x in zip(shapes, floats, strict=True)]
    inputs = [_full(s, x) for s, x in zip(shapes, exact, strict=True)]
    with np.errstate(all="ignore"):
        result = primitive.evaluate(*arrays, **params)
    circuit = traced_rule(primitive, position, (np.ones(whole), result, *arrays), params)
    (cotangent,) = interpret(circuit, arithmetic, (g, _full(whole, y), *inputs))
    one = traced_rule(primitive, position, (np.float64(1), primitive.evaluate(*floats, **params), *floats), params)
    (coefficient,) = interpret(one, arithmetic, (sympy.Integer(1), y, *scalars))
    return _compare(cotangent, _summed(g, shapes[position]) * coefficient, position, shapes)


def _summed(g: Any, shape: tuple[int, ...]) -> Any:
    """For each place of an operand of `shape`, the sum of the cotangents of its copies."""
    total = np.full(shape, sympy.Integer(0), dtype=object)
    for index in np.ndindex(g.shape):
        place = tuple(i if n > 1 else 0 for i, n in zip(index[g.ndim - len(shape) :], shape, strict=True))
        total[place] += g[index]
    return total


def _compare(got: Any, wanted: Any, position: int, shapes: list[tuple[int, ...]]) -> str | None:
    where = f"operand {position} of shapes {' and '.join(map(str, shapes))}"
    if np.shape(got) != np.shape(wanted):
        return f"{where}: the cotangent has shape {np.shape(got)}"
    pairs = zip(np.ravel(np.array(got, dtype=object)), np.ravel(wanted), strict=True)
    wrong = next(((a, b) for a, b in pairs if sympy.simplify(a - b) != 0), None)
    return None if wrong is None else f"{where}: the rule gives {wrong[0]}, expected {wrong[1]}"


def _full(shape: tuple[int, ...], value: Any) -> Any:
    array = np.empty(shape, dtype=object)
    array[...] = value
    return array if shape else value
