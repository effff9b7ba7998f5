"""What a rule is proved on: operands as expressions on a region, for scalars and for arrays."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from gradcheck.arithmetic.symbols import Symbols
from gradcheck.circuit import interpret, traced_rule
from gradcheck.primitives import Example, Interval, Primitive
from gradcheck.verdicts.proof.regions import Region, ordered, region, regions_of

_ORDERED = ("max", "min")  # reductions whose result depends on the order of the elements


@dataclass(frozen=True, slots=True)
class Setting:
    """Operands (scalar expressions or object arrays of them) on a region, and the operation's parameters."""

    region: Region
    operands: tuple[Any, ...]
    params: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Where this is, in words."""
        given = ", ".join(f"{k}={brief(v)}" for k, v in self.params.items())
        return f"{self.region.text} ({given})" if given else self.region.text

    def floats(self, rng: random.Random) -> tuple[Any, ...]:
        """The operands at a random point, in floats."""
        point = self.region.sample(rng)
        if not any(isinstance(x, np.ndarray) for x in self.operands) and len(self.operands) == len(self.region.operands):
            return self.region.numbers(point)
        return tuple(_floats(x, point) for x in self.operands)


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a rule beside SymPy's derivative: both are expressions in the region's parameters."""

    operand: int
    index: tuple[int, ...]
    rule: Any
    derivative: Any


def settings_of(primitive: Primitive, rng: random.Random) -> Iterator[Setting]:
    """Every open piece of an elementwise record's domain; every example of an array record."""
    if primitive.elementwise:
        for example in primitive.examples or (Example(()),):
            for piece in regions_of(primitive):
                yield Setting(piece, tuple(piece.operands.values()), example.params)
        return
    for example in primitive.examples:
        yield _array_setting(primitive, example, rng)


def _array_setting(primitive: Primitive, example: Example, rng: random.Random) -> Setting:
    """An example's operands filled with symbols a_0, a_1, ..., b_0, ...; a fixed array stays as it is."""
    shapes = [x for x in example.operands if isinstance(x, tuple)]
    names = [[f"{letter}_{i}" for i in range(int(np.prod(shape, dtype=int)))] for letter, shape in zip("abcdefgh", shapes, strict=False)]
    everything = [n for group in names for n in group]
    if primitive.name in _ORDERED:
        where = ordered(everything, rng)
    else:
        where = region(dict.fromkeys(everything, Interval()))
    filled = iter(_filled(where, group, shape) for group, shape in zip(names, shapes, strict=True))
    operands = tuple(next(filled) if isinstance(x, tuple) else Symbols().constant(x) for x in example.operands)
    text = ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
    return Setting(Region(text, where.operands, where.parameters), operands, example.params)


def _filled(where: Region, names: list[str], shape: tuple[int, ...]) -> Any:
    array = np.empty(len(names), dtype=object)
    array[:] = [where.operands[n] for n in names]
    return array.reshape(shape) if shape else array[0]


def entries(primitive: Primitive, setting: Setting, rng: random.Random) -> Iterator[Entry]:
    """Every entry of every operand's cotangent by the rule, beside the derivative of sum(g * y) by SymPy."""
    arithmetic = Symbols()
    y = arithmetic.apply(primitive, setting.operands, setting.params)
    g = _cotangent(y)
    slopes = setting.region.partials(sympy.Add(*(a * b for a, b in zip(_flat(g), _flat(y), strict=True))))
    named = {x: n for n, x in setting.region.operands.items()}
    floats = setting.floats(rng)
    for position, operand in enumerate(setting.operands):
        if not any(x.free_symbols for x in _flat(operand)):
            continue
        circuit = traced_rule(primitive, position, _rule_inputs(primitive, floats, setting.params), setting.params)
        (cotangent,) = interpret(circuit, arithmetic, (g, y, *setting.operands))
        if np.shape(cotangent) != np.shape(operand):
            raise ValueError(f"the cotangent of operand {position} has shape {np.shape(cotangent)}, the operand {np.shape(operand)}")
        for index in np.ndindex(np.shape(operand)):
            yield Entry(position, index, _at(cotangent, index), slopes[named[_at(operand, index)]])


def _rule_inputs(primitive: Primitive, floats: tuple[Any, ...], params: Mapping[str, Any]) -> tuple[Any, ...]:
    """Floats at which a rule is traced: cotangent, result and operands."""
    with np.errstate(all="ignore"):
        y = primitive.evaluate(*floats, **params)
    return np.ones(np.shape(y))[()], y, *floats


def _cotangent(y: Any) -> Any:
    if not np.shape(y):
        return sympy.Symbol("g", real=True)
    g = np.empty(np.shape(y), dtype=object)
    for i, index in enumerate(np.ndindex(g.shape)):
        g[index] = sympy.Symbol(f"g_{i}", real=True)
    return g


def _flat(x: Any) -> list[Any]:
    return list(x.ravel()) if isinstance(x, np.ndarray) else [sympy.sympify(x)]


def _at(x: Any, index: tuple[int, ...]) -> Any:
    return sympy.sympify(x[index] if isinstance(x, np.ndarray) else x)


def _floats(x: Any, point: dict[Any, Any]) -> Any:
    return np.array([float(v.subs(point)) for v in _flat(x)]).reshape(np.shape(x))[()]


def brief(value: Any) -> str:
    """A parameter in a few characters: arrays as lists, slices as they are indexed."""
    if isinstance(value, tuple):
        return f"({', '.join(map(brief, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, slice):
        ends = ":".join("" if e is None else str(e) for e in (value.start, value.stop))
        return ends if value.step is None else f"{ends}:{value.step}"
    return str(value.tolist()) if isinstance(value, np.ndarray) else repr(value)
