"""Random programs run every way there is: as source, on the machine, and in planned buffers give what interpretation gives.

Sums may be added up in another order, and `math` has other elementary functions than NumPy, so results agree to rounding:
a few units of the largest number met.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from scipy import special
from test_array_programs import KINKED, ONE, TWO, Program

from gradcheck import trace
from gradcheck.circuit import Circuit, Floats, interpret, trail
from gradcheck.circuit.compile import compile_circuit, exclusive, interpreter
from gradcheck.compiled import program, schedule
from gradcheck.compiled.arrays import array_body
from gradcheck.compiled.assemble import NUMBER, assemble

NAMES = sorted(ONE | TWO | KINKED)
SHAPES = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((4,), ()), ((2, 3), (2, 3)), ((3, 1), (1, 4)), ((5, 4), (4,)), ((3, 2, 4), (2, 1))]
needs_numba = pytest.mark.skipif(not program.available(), reason="numba is not installed (the extra `fast`)")


def drawn(seed: int) -> tuple[Circuit, tuple[Any, ...], tuple[Any, ...]]:
    """The gradient circuit of a random program, its point, and another point on the same side of all decisions, mostly."""
    rng = np.random.default_rng(seed)
    steps = tuple((str(rng.choice(NAMES)), int(rng.integers(4)), int(rng.integers(4))) for _ in range(rng.integers(2, 9)))
    at = tuple(np.float64(a) if not np.ndim(a) else a for a in (rng.uniform(-1.5, 1.5, shape) for shape in SHAPES[seed % len(SHAPES)]))
    return trace(Program(steps), *at).gradient(), at, tuple(a * (1 + 1e-9) for a in at)


def units_apart(circuit: Circuit, at: tuple[Any, ...], got: Any) -> float:
    """The largest difference to what interpretation gives, in units of rounding of the largest number met."""
    with np.errstate(all="ignore"):
        want = interpret(circuit, Floats(), at)
        sizes = [
            np.abs(v[np.isfinite(v)]).max(initial=0.0)
            for v in (np.asarray(v, float) for v in trail(circuit, Floats(), at) if v is not None)
        ]
    scale = max(sizes) * np.finfo(float).eps
    worst = 0.0
    for mine, theirs in zip(got, want, strict=False):
        mine, theirs = np.asarray(mine), np.asarray(theirs)
        assert mine.shape == theirs.shape
        finite = np.isfinite(theirs)
        assert np.array_equal(mine[~finite], theirs[~finite], equal_nan=True)
        worst = max(worst, float(np.abs(mine[finite] - theirs[finite]).max(initial=0.0)) / scale)
    return worst


def ways(circuit: Circuit) -> dict[str, Any]:
    """Every way of running a circuit that takes it."""
    slow = interpreter(circuit)
    found = {"source": compile_circuit(circuit)}
    found["buffers"] = exclusive(circuit, array_body(circuit, fused=False), slow)
    if program.available():
        found["blocks"] = exclusive(circuit, array_body(circuit, fused=True), slow)
        scalar = assemble(circuit)
        if scalar is not None:
            found["machine"] = lambda *at: scalar.run(at)
    return found


@needs_numba
@pytest.mark.parametrize("count", [pytest.param(40, id="some"), pytest.param(240, id="more", marks=pytest.mark.slow)])
def test_random_programs_agree_whichever_way_they_run(monkeypatch, count: int) -> None:
    monkeypatch.setattr(schedule, "_FEWEST", 1)  # the smallest arrays are grouped too
    taken: dict[str, int] = {}
    for seed in range(count):
        circuit, at, near = drawn(seed)
        for name, run in ways(circuit).items():
            for point in (at, near, at):  # buffers hold what the last call left
                with np.errstate(all="ignore"):
                    assert units_apart(circuit, point, run(*point)) <= 64, (seed, name)
            taken[name] = taken.get(name, 0) + 1
    assert taken["source"] == taken["blocks"] == taken["buffers"] == count
    assert taken["machine"] >= count // 4


@needs_numba
def test_results_are_not_written_over_by_the_next_call(monkeypatch) -> None:
    monkeypatch.setattr(schedule, "_FEWEST", 1)
    for seed in range(0, 120, 3):
        circuit, at, near = drawn(seed)
        for name, run in ways(circuit).items():
            with np.errstate(all="ignore"):
                first = run(*at)
                kept = [np.array(v) for v in first]
                run(*near)
            assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, kept, strict=True)), (seed, name)


@needs_numba
@pytest.mark.parametrize("seeds", [pytest.param(16, id="some"), pytest.param(40, id="more", marks=pytest.mark.slow)])
def test_many_points_at_once(seeds: int) -> None:
    count = 0
    for seed in range(seeds):
        circuit, at, near = drawn(seed)
        scalar = assemble(circuit)
        if scalar is None or circuit.guards:
            continue
        count += 1
        points = tuple(np.stack([a, b]) for a, b in zip(at, near, strict=True))
        for n, point in enumerate((at, near)):
            want = scalar.run(point)
            assert all(np.array_equal(many[n], one, equal_nan=True) for many, one in zip(scalar.run_many(points), want, strict=False)), seed
    assert count >= seeds // 4


@needs_numba
def test_elements_that_are_read_anew_are_added_up(monkeypatch) -> None:
    monkeypatch.setattr(sys.modules["gradcheck.circuit.trace"], "_ELEMENTS_KEPT", 0)  # the function of that name hides the module
    x = np.array([0.3, 0.7, 1.1])
    circuit = trace(lambda x: x[0] * x[1] + x[1] * x[2] + x[1] * x[1], x).gradient()
    scalar = assemble(circuit)
    assert scalar is not None
    assert units_apart(circuit, (x,), scalar.run((x,))) <= 64


@needs_numba
@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: special.polygamma(1, x), id="the result alone"),
        pytest.param(lambda x: special.gammaln(special.i0(x)), id="an operand"),
        pytest.param(lambda x: np.sum(np.stack([special.j0(x), x])), id="a part of the result"),
    ],
)
def test_what_the_machine_cannot_do_it_does_not_take(function) -> None:
    for circuit in (trace(function, np.float64(1.5)), trace(function, np.float64(1.5)).gradient(value=False)):
        assert assemble(circuit) is None


# wrong twins: the comparison above sees what it is there to see
@needs_numba
def test_a_wrong_instruction_is_seen() -> None:
    circuit = trace(lambda x: x[0] * x[1] + np.sin(x[2]), np.array([0.3, 0.7, 1.1])).gradient()
    scalar = assemble(circuit)
    assert scalar is not None
    at = (np.array([0.3, 0.7, 1.1]),)
    assert units_apart(circuit, at, scalar.run(at)) <= 64
    (row,) = np.flatnonzero(scalar.code[:, 0] == NUMBER["multiply_add"])
    scalar.code[row, 3] = scalar.code[row, 2]  # the second factor is the first
    assert units_apart(circuit, at, scalar.run(at)) > 1e6


def test_a_buffer_given_away_too_early_is_seen(monkeypatch) -> None:
    from gradcheck.compiled import arrays

    real = arrays._Plan._last_steps
    monkeypatch.setattr(arrays._Plan, "_last_steps", lambda self: dict.fromkeys(real(self), -1))
    x = np.linspace(0.1, 1.0, 5)
    circuit = trace(lambda x: np.sum(np.sin(x) * np.tanh(x) * np.exp(x) * np.cos(x)), x).gradient()
    run = exclusive(circuit, array_body(circuit, fused=False), interpreter(circuit))
    assert units_apart(circuit, (x,), run(x)) > 1e6
