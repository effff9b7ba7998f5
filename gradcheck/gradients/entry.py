"""The quick way into a kept program: one Python function that checks that the program still applies, and runs it.

Written out as source for the arguments, the function's dependencies and the program at hand, it takes about a microsecond
more than the program itself. Whatever it does not recognise it leaves to the ordinary way, by returning None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.compile import Body
from gradcheck.circuit.keep import MISSING, Dependency, bits, same_bits
from gradcheck.compiled.engine import Engine
from gradcheck.compiled.program import Program

Entry = Callable[[tuple[Any, ...]], Any]
_QUIETLY = "with errstate(all='ignore'):"


@dataclass(slots=True)
class _Text:
    """Source under way, and the objects it refers to."""

    lines: list[str] = field(default_factory=list)
    objects: dict[str, Any] = field(default_factory=dict)

    def name(self, value: Any) -> str:
        """A name for an object."""
        name = f"q{len(self.objects)}"
        self.objects[name] = value
        return name

    def leave_unless(self, condition: str) -> None:
        """Go the ordinary way where a condition does not hold."""
        self.lines.append(f"if not ({condition}): return None")


def write_entry(
    circuit: Circuit,
    numbers: Sequence[Any],
    argnums: tuple[int, ...],
    watched: Sequence[Dependency],
    engine: Engine,
    packing: Callable[[list[str]], str],
) -> Entry | None:
    """The entry for a program whose results are packed as `packing` says; None where it cannot be written."""
    text = _Text()
    if not _checks(text, numbers, argnums, watched):
        return None
    inputs = [f"a{i}" for i in argnums]
    if isinstance(engine.form, Program):
        return _finished(text, _machine(text, engine.form, circuit, inputs), packing)
    if isinstance(engine.form, Body):
        if (calls := engine.grace()) is not None:  # then the ordinary way is gone once more, to find the better one
            text.leave_unless(f"{text.name(count().__next__)}() < {calls}")
        return _finished(text, _straight(text, engine.form, circuit, inputs), packing)
    return None


def _finished(text: _Text, results: list[str], packing: Callable[[list[str]], str]) -> Entry:
    lines = [*text.lines, f"return {packing(results)}"]
    source = "def entry(a):\n try:\n  " + "\n  ".join(lines) + "\n except (ArithmeticError, ValueError, AttributeError):\n  return None\n"
    namespace: dict[str, Any] = {
        "F": np.float64,
        "ND": np.ndarray,
        "errstate": np.errstate,
        "same": same_bits,
        "_MISSING": MISSING,
        **text.objects,
    }
    exec(compile(source, "<entry>", "exec"), namespace)  # noqa: S102  our own text, no user input in it
    return namespace["entry"]  # type: ignore[no-any-return]


def _checks(text: _Text, numbers: Sequence[Any], argnums: tuple[int, ...], watched: Sequence[Dependency]) -> bool:
    """What must hold for the program to apply: arguments of the same kind, and nothing changed that the function reads."""
    text.leave_unless(f"len(a) == {len(numbers)}")
    text.lines.append("".join(f"a{i}, " for i in range(len(numbers))) + "= a")
    for i, number in enumerate(numbers):
        condition = _alike(text, f"a{i}", number) if i in argnums else _equal(text, f"a{i}", number)
        if condition is None:
            return False
        text.leave_unless(condition)
    for dependency in watched:
        source, objects = dependency.unchanged()
        text.leave_unless(source.format(*map(text.name, objects)))
    return True


def _alike(text: _Text, name: str, number: Any) -> str | None:
    """An argument of the same shape and type as the one traced."""
    if type(number) is np.float64:
        return f"type({name}) is F or type({name}) is float"
    if type(number) is np.ndarray:
        dtype = text.name(number.dtype)
        return f"type({name}) is ND and {name}.dtype is {dtype} and {name}.shape == {number.shape}"
    return None


def _equal(text: _Text, name: str, value: Any) -> str | None:
    """An argument that is not differentiated, with the value it had."""
    if type(value) in (int, str, bytes, bool, type(None)):
        return f"type({name}) is {text.name(type(value))} and {name} == {text.name(value)}"
    if type(value) is np.ndarray and value.dtype != object:
        return f"type({name}) is ND and same({name}, {text.name(bits(value))})"
    return None


def _straight(text: _Text, written: Body, circuit: Circuit, inputs: list[str]) -> list[str]:
    """The circuit as straight-line Python; arrays quietly, as the ordinary way does."""
    text.objects |= written.scope
    results = len(circuit.outputs)
    plain = [written.quiet and not circuit.type(k).shape for k in circuit.inputs]  # NumPy's numbers have a precision, Python's have none
    lines = [f"{v} = F({a})" if number else f"{v} = {a}" for v, a, number in zip(written.inputs, inputs, plain, strict=True)]
    lines += [_QUIETLY, *_indented(written.lines)] if written.quiet and written.lines else written.lines
    for name, (_, outcome) in zip(written.outputs[results:], circuit.guards, strict=True):
        equal = f"{text.name(np.array_equal)}({name}, {text.name(outcome)})" if np.shape(outcome) else f"{name} == {text.name(outcome)}"
        lines.append(f"if not {equal}: return None")
    owned = [_owned(name, k, written, circuit) for name, k in zip(written.outputs, circuit.outputs, strict=False)]
    if written.lock is None:
        text.lines += lines
        return owned
    text.objects["lock"] = written.lock
    text.leave_unless("lock.acquire(False)")
    lines += [f"r{n} = {result}" for n, result in enumerate(owned)]
    text.lines += ["try:", *_indented(lines), "finally: lock.release()"]
    return [f"r{n}" for n in range(results)]


def _indented(lines: Sequence[str]) -> list[str]:
    return [" " + line for line in lines]


def _owned(name: str, k: int, written: Body, circuit: Circuit) -> str:
    """A result as an array or NumPy number that nobody else holds."""
    if not circuit.type(k).shape:
        return f"F({name})" if circuit.type(k).dtype == np.float64 else name
    fresh = k in written.fresh and circuit.outputs.count(k) == 1
    return name if fresh else f"{name}.copy()"


def _machine(text: _Text, program: Program, circuit: Circuit, inputs: list[str]) -> list[str]:
    """The scalar program on cells of its own, one call at a time; who comes meanwhile goes the ordinary way."""
    from gradcheck.compiled.kernels import run

    cells, lock = program.cells.copy(), Lock()
    text.objects |= {"run": run, "code": program.code, "cells": cells, "take": lock.acquire, "leave": lock.release}
    text.leave_unless("take(False)")
    text.lines.append("try:")
    for (start, shape), name in zip(program.inputs, inputs, strict=True):
        view = text.name(cells[start : start + int(np.prod(shape, dtype=int))].reshape(shape)) if shape else ""
        text.lines.append(f"  {view}[...] = {name}" if shape else f"  cells[{start}] = {name}")
    text.lines.append("  run(code, cells)")
    for cell, (_, outcome) in zip(program.watched, circuit.guards, strict=True):
        text.lines.append(f"  if cells[{cell}] != {float(outcome)!r}: return None")
    for n, where in enumerate(program.outputs):
        text.lines.append(f"  r{n} = {_gathered(text, where)}")
    text.lines.append("finally: leave()")
    return [f"r{n}" for n in range(len(program.outputs))]


def _gathered(text: _Text, where: Any) -> str:
    """The values of cells as a fresh array: a copy where they stand in a row."""
    if not where.shape:
        return f"cells[{int(where)}]"
    flat = where.ravel()
    if flat.size and np.array_equal(flat, np.arange(flat[0], flat[0] + flat.size)):
        return f"cells[{flat[0]}:{flat[-1] + 1}].reshape({where.shape}).copy()"
    return f"cells.take({text.name(where)})"
