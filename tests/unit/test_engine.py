"""How circuits come to run quickly: the ways an engine takes, the quick way in, and what must send a call the ordinary way."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from gradcheck import grad, trace, value_and_grad
from gradcheck.circuit import Floats, interpret
from gradcheck.circuit.compile import Body
from gradcheck.circuit.keep import Dependency, bits, same_bits
from gradcheck.compiled import generate, program
from gradcheck.compiled.engine import Engine
from gradcheck.compiled.program import Program

needs_numba = pytest.mark.skipif(not program.available(), reason="numba is not installed (the extra `fast`)")
SCALE, TABLE = 2.0, np.array([1.0, 2.0, 3.0])


def product(x):
    p = x[0]
    for i in range(1, len(x)):
        p = p * x[i]
    return p


def valley(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def scaled(x):
    return SCALE * np.sum(TABLE * x)


def branching(x):
    return x * x if x > 1 else 3.0 * x


@pytest.fixture
def never_numba(monkeypatch):
    monkeypatch.setattr(program, "available", lambda: False)


@pytest.fixture
def at_once(monkeypatch):
    """Numba costs nothing: every way is taken as soon as there is a reason."""
    monkeypatch.setattr(program, "loaded", lambda: True)


# engines
def forms(function, x, calls):
    """The forms an engine takes over so many calls, each once, in order; the results are those of interpretation throughout."""
    circuit = trace(function, x).gradient()
    engine, seen, want = Engine(circuit), [], interpret(circuit, Floats(), (x,))
    for _ in range(calls):
        with np.errstate(all="ignore"):
            got = engine((x,))
        np.testing.assert_allclose(got[1], want[1], rtol=1e-13)
        name = type(engine.form).__name__
        if name not in seen:
            seen.append(name)
    return seen


def test_the_first_call_interprets_and_hot_circuits_become_source(never_numba) -> None:
    assert forms(product, np.linspace(0.9, 1.1, 50), 3) == ["NoneType", "Body"]
    assert forms(valley, np.linspace(-1, 1, 50), 3) == ["NoneType", "Body"]


@needs_numba
def test_hot_scalar_programs_go_to_the_machine(at_once) -> None:
    assert forms(product, np.linspace(0.9, 1.1, 500), 6)[-1] == "Program"


@needs_numba
def test_numba_waits_until_it_is_worth_its_import(monkeypatch) -> None:
    monkeypatch.setattr(program, "loaded", lambda: False)
    assert "Program" not in forms(product, np.linspace(0.9, 1.1, 30), 20)


def test_a_long_circuit_is_not_written_out_without_need(never_numba) -> None:
    assert forms(product, np.full(2000, 1.0), 1) == ["NoneType"]


def test_what_math_refuses_is_interpreted(never_numba) -> None:
    f = grad(lambda x: np.log(x) * 2.0)
    assert [float(f(x)) for x in (1.0, 2.0, 4.0)] == [2.0, 1.0, 0.5]
    assert np.isinf(f(0.0))


# the quick way in
def entered(function, *at, calls=12):
    """The derivative after enough calls for a quick way in, and whether there is one."""
    derivative = value_and_grad(function)
    for _ in range(calls):
        derivative(*at)
    kept = next(c.cell_contents for c in derivative.__closure__ if hasattr(c.cell_contents, "entry"))
    return derivative, kept


def test_there_is_a_quick_way_in() -> None:
    _, kept = entered(scaled, np.ones(3))
    assert kept.entry is not None
    assert kept.entry((np.ones(3),)) is not None
    assert kept.entry((np.ones(4),)) is None
    assert kept.entry((np.ones(3, np.float32),)) is None
    assert kept.entry((np.ones(3), 1)) is None
    assert kept.entry(([1.0, 1.0, 1.0],)) is None


def test_python_floats_and_numpy_floats_are_alike() -> None:
    derivative, kept = entered(branching, np.float64(2.0))
    assert derivative(2.0) == derivative(np.float64(2.0)) == (4.0, 4.0)
    assert type(kept.entry((2.0,))[0]) is np.float64
    assert derivative(0.5) == (1.5, 3.0)  # the other branch


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda m: m.setitem(globals(), "SCALE", 5.0), id="global"),
        pytest.param(lambda m: m.setitem(globals(), "TABLE", np.array([4.0, 5.0, 6.0])), id="array-exchanged"),
        pytest.param(lambda m: np.put(TABLE, 1, 7.0), id="array-written-into"),
        pytest.param(lambda m: m.setattr(scaled, "__code__", (lambda x: 9.0 * np.sum(x)).__code__), id="code"),
    ],
)
def test_nothing_stale_comes_through_it(monkeypatch, change) -> None:
    derivative, kept = entered(scaled, np.ones(3))
    before = derivative(np.ones(3))
    assert kept.entry is not None
    with pytest.MonkeyPatch.context() as m:
        change(m)
        after = derivative(np.ones(3))
        want = value_and_grad(scaled)(np.ones(3))
        assert after[0] == want[0]
        assert np.array_equal(after[1], want[1])
        assert after[0] != before[0]
    TABLE[1] = 2.0
    assert derivative(np.ones(3))[0] == before[0]


def test_a_blind_entry_is_stale(monkeypatch) -> None:
    """The twin: an entry that looks at nothing gives the old result, so the test above can fail."""
    monkeypatch.setattr(Dependency, "unchanged", lambda self: ("True", ()))
    derivative, _ = entered(scaled, np.ones(3))
    before = derivative(np.ones(3))
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert derivative(np.ones(3))[0] == before[0]


def test_results_belong_to_the_caller() -> None:
    derivative, _ = entered(valley, np.linspace(-1, 1, 200), calls=30)
    x = np.linspace(-1, 1, 200)
    _, first = derivative(x)
    kept = first.copy()
    first[:] = 0.0
    _, second = derivative(x)
    assert np.array_equal(second, kept)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(second, x)


def test_several_threads_at_once_each_get_their_own() -> None:
    derivative, _ = entered(valley, np.linspace(-1, 1, 200), calls=30)
    points = [np.linspace(-1, 1 + k / 10, 200) for k in range(4)]
    want = [derivative(x)[1] for x in points]
    wrong: list[int] = []

    def work(k):
        for _ in range(200):
            if not np.allclose(derivative(points[k])[1], want[k], rtol=1e-12):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_warnings_stay_silent_and_non_contiguous_arguments_work() -> None:
    derivative, _ = entered(lambda x: np.sum(np.log(x) * x), np.ones((6, 4)), calls=20)
    square = np.zeros((4, 6))
    assert np.isnan(derivative(square.T)[0])
    x = np.arange(1.0, 25.0).reshape(4, 6).T
    np.testing.assert_allclose(derivative(x)[1], np.log(x) + 1.0, rtol=1e-14)


# parts
@pytest.mark.parametrize(
    "array", [np.arange(6.0), np.arange(6.0).reshape(2, 3).T, np.array(3.0), np.ones(3, np.float32), np.zeros((0, 2)), np.array([True])]
)
def test_arrays_are_compared_bit_by_bit(array) -> None:
    kept = bits(array)
    assert same_bits(array, kept)
    assert not same_bits(array.astype(complex), kept)
    if array.size:
        other = array.copy()
        other.flat[-1] = 0 if other.flat[-1] else 1
        assert not same_bits(other, kept)


def test_zeros_of_either_sign_differ() -> None:
    assert not same_bits(np.array([-0.0, 1.0]), bits(np.array([0.0, 1.0])))


def test_the_machine_is_what_the_records_say() -> None:
    assert generate.TARGET.read_text() == generate.source(), "run `python -m gradcheck.compiled.generate`"


@needs_numba
def test_programs_state_what_they_are() -> None:
    engine = Engine(trace(product, np.linspace(0.9, 1.1, 500)).gradient())
    engine._to_machine()
    assert isinstance(engine.form, Program)
    engine = Engine(trace(valley, np.linspace(0.9, 1.1, 50)).gradient())
    engine._to_source(fused=True)
    assert isinstance(engine.form, Body)
    assert engine.form.lock is not None
