"""Random imperative programs: reads, writes, views and operators in place, run by NumPy and traced, bit for bit alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck import check, grad, trace
from gradcheck.circuit import Floats, check_circuit, interpret, simplify
from gradcheck.circuit.compile import compile_circuit

quick = settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
few = settings(derandomize=True, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
long = settings(derandomize=True, deadline=None, max_examples=6000, suppress_health_check=list(HealthCheck))

INDICES: list[Any] = [
    0, -1, 1, slice(None), slice(1, None), slice(None, -1), slice(None, None, -1), slice(None, None, 2), ..., (..., 0), (0, ...), None,
    [0, 1], [1, 0, 1], (0, slice(None)), (slice(None), 0), (slice(None), slice(1, None)), ([0, 1], [1, 0]), (slice(None), [0, 0]), (-1, -1),
    (None, 0), ([[0, 1], [1, 1]],), (0, [1, 0, 1]), (slice(0, 0),),
]  # fmt: skip
FACTORS = [0.5, -1.25, 2.0, 0.75]


STARTS = {
    "copy": lambda x: x.copy(), "zeros": lambda x: np.zeros_like(x), "scaled": lambda x: x * 0.5, "transposed": lambda x: np.ones_like(x.T).T,
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """Steps (what, which array, which other, which index); arrays are named as they come, views among them."""

    steps: tuple[tuple[str, int, int, int], ...]
    start: str

    __name__ = "program"

    def __call__(self, x: Any) -> Any:
        arrays = [STARTS[self.start](x)]  # the argument itself is read, never written
        total = 0.0
        for number, (what, first, second, index) in enumerate(self.steps):
            a, b = arrays[-1 - first % len(arrays)], [x, *arrays][-1 - second % (len(arrays) + 1)]
            total = total + self.step(arrays, what, a, b, INDICES[index % len(INDICES)], FACTORS[number % len(FACTORS)])
        return total + sum((0.5 + k) * (a * a).sum() for k, a in enumerate(arrays))

    @staticmethod
    def step(arrays: list[Any], what: str, a: Any, b: Any, index: Any, factor: float) -> Any:
        try:
            result = STEPS[what](a, b, index, factor)
        except (IndexError, TypeError, ValueError):  # shapes that do not fit: the value tells whether NumPy met the same ones
            return 1000.0 + factor
        if isinstance(getattr(result, "value", result), np.ndarray):  # one without axes too: it can be written into
            if np.size(result) <= 12:
                arrays.append(result)
            return 0.0
        return 0.0 if result is None else result * factor


def _set(a: Any, b: Any, index: Any, factor: float) -> None:
    a[index] = b * factor


def _set_same(a: Any, b: Any, index: Any, factor: float) -> None:
    a[index] = b[index]


def _set_self(a: Any, b: Any, index: Any, factor: float) -> None:
    a[...] = a[::-1]


def _set_number(a: Any, b: Any, index: Any, factor: float) -> None:
    a[index] = factor


def _set_element(a: Any, b: Any, index: Any, factor: float) -> None:
    a[(0,) * np.ndim(a)] = b[(-1,) * np.ndim(b)] * factor


def _add_at(a: Any, b: Any, index: Any, factor: float) -> None:
    a[index] += factor


def _multiply_at(a: Any, b: Any, index: Any, factor: float) -> None:
    a[index] *= b[index]


def _masked(a: Any, b: Any, index: Any, factor: float) -> None:
    a[a > 0.3] = factor * 0.1


def _in_place(a: Any, b: Any, index: Any, factor: float) -> None:
    a -= b
    a *= factor


def _where(a: Any, b: Any, index: Any, factor: float) -> None:
    np.multiply(a, b, out=a, where=b > 0.0)


def _at(a: Any, b: Any, index: Any, factor: float) -> None:
    np.add.at(a, ([0, 1, 0],), factor * b[(0,) * np.ndim(b)])


def _copyto(a: Any, b: Any, index: Any, factor: float) -> None:
    np.copyto(a, b, where=np.asarray(a.shape).sum() > 3)


def _sorted(a: Any, b: Any, index: Any, factor: float) -> None:
    a.sort(axis=0)


READS = {
    "index": lambda a, b, index, factor: a[index], "transpose": lambda a, b, index, factor: a.T, "ravel": lambda a, b, index, factor: a.ravel(),
    "reshape": lambda a, b, index, factor: a.reshape(-1), "copy": lambda a, b, index, factor: a.copy(), "sum": lambda a, b, index, factor: (a * a).sum(),
    "element": lambda a, b, index, factor: a[(0,) * np.ndim(a)], "product": lambda a, b, index, factor: a * b, "wide": lambda a, b, index, factor: a[None, ...],
    "flip": lambda a, b, index, factor: np.flip(a), "blank": lambda a, b, index, factor: np.zeros_like(a), "rows": lambda a, b, index, factor: sum(r.sum() for r in a),
}  # fmt: skip
WRITES = {
    "set": _set, "set-same": _set_same, "set-self": _set_self, "set-number": _set_number, "set-element": _set_element, "add-at": _add_at,
    "multiply-at": _multiply_at, "masked": _masked, "in-place": _in_place, "where": _where, "ufunc-at": _at, "copyto": _copyto, "sort": _sorted,
    "fill": lambda a, b, index, factor: a.fill(factor), "put": lambda a, b, index, factor: np.put(a, [0, -1, 0], b),
}  # fmt: skip
STEPS = READS | WRITES

steps = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 4), st.integers(0, 4), st.integers(0, len(INDICES) - 1))
programs = st.builds(Program, st.lists(steps, min_size=3, max_size=12).map(tuple), st.sampled_from(sorted(STARTS)))
SHAPES = [(3,), (2, 2), (2, 3), (4,), (1, 3)]


def point(seed: int) -> Any:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, SHAPES[seed % len(SHAPES)])


def the_trace_is_numpys_run(program: Program, seed: int) -> None:
    x = point(seed)
    with np.errstate(all="ignore"):
        expected = program(x.copy())
    circuit = check_circuit(trace(program, x))
    for made in (circuit, simplify(circuit)):
        with np.errstate(all="ignore"):
            (value,) = interpret(made, Floats(), (x,))
        np.testing.assert_allclose(value, expected, rtol=1e-13)  # layouts in memory may differ, and with them the order of sums
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compile_circuit(circuit)(x)[0], expected, rtol=1e-13)


def the_gradient_is_right(program: Program, seed: int) -> None:
    x = point(seed)
    if not np.isfinite(program(x.copy())):
        return
    verdict = check(program, grad(program), (x,))
    assert verdict.outcome in ("right", "undecided"), str(verdict)


@quick
@given(programs, st.integers(0, 200))
def test_the_trace_is_numpys_run(program, seed) -> None:
    the_trace_is_numpys_run(program, seed)


@few
@given(programs, st.integers(0, 200))
def test_the_gradient_is_right(program, seed) -> None:
    the_gradient_is_right(program, seed)


@pytest.mark.slow
@pytest.mark.parametrize("holds", [the_trace_is_numpys_run, the_gradient_is_right])
def test_both_at_length(holds) -> None:
    long(given(programs, st.integers(0, 10_000))(holds))()
