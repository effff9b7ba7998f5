"""Random programs over arrays, drawn from the table: traced, simplified, reversed, written out, compiled and certified."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck import grad, hessian, hvp, trace
from gradcheck.circuit import Floats, check_circuit, hessian_vector, interpret, pullback, pushforward, reverse, simplify, tangent, trail
from gradcheck.circuit.partition import split
from gradcheck.circuit.source import scope, write
from gradcheck.gradients.method import Refused, problem_of
from gradcheck.gradients.tape import Tape
from gradcheck.gradients.truth import certify
from gradcheck.verdicts.judge import judge, standard

quick = settings(derandomize=True, deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
long = settings(derandomize=True, deadline=None, max_examples=1500, suppress_health_check=list(HealthCheck))

ONE: dict[str, Callable[[Any], Any]] = {  # on any array; smooth, and bounded so that programs stay moderate
    "tanh": np.tanh, "sin": np.sin, "scaled": lambda a: 0.25 * a - 0.5, "negative": lambda a: -a, "squashed": lambda a: a / (1.0 + a * a),
    "expit-like": lambda a: 1.0 / (1.0 + np.exp(-a)), "root": lambda a: np.sqrt(1.0 + a**2), "power": lambda a: (1.5 + np.tanh(a)) ** 2.5,
    "ravel": np.ravel, "transpose": np.transpose, "flip": np.flip, "new-axis": lambda a: a[None], "ellipsis": lambda a: a[...],
    "copied": np.copy, "reshaped": lambda a: a.reshape(-1, 1), "doubled": lambda a: np.concatenate([np.ravel(a), np.ravel(a)]),
    "stacked": lambda a: np.stack([np.ravel(a)[:1], np.ravel(a)[-1:]]), "gathered": lambda a: np.ravel(a)[[0, -1, 0]],
    "stepped": lambda a: np.ravel(a)[::-2], "sum": lambda a: np.sum(a, axis=0), "mean": lambda a: np.mean(a, axis=-1, keepdims=True),
    "total": np.sum, "product": lambda a: np.prod(np.tanh(a), axis=0), "cumulative": lambda a: np.cumsum(a, axis=0),
    "cumulative-product": lambda a: np.cumprod(np.tanh(a), axis=0), "variance": lambda a: np.var(a, axis=0), "self": lambda a: a * a + a,
    "broadcast": lambda a: np.broadcast_to(np.ravel(a)[:1], (2, 3)), "log-sum": lambda a: np.log(np.sum(np.exp(np.tanh(a)))),
}  # fmt: skip
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "quotient": lambda a, b: a / (2.0 + np.cos(b)),
    "outer": lambda a, b: np.outer(a, b)[:3, :3], "dot": lambda a, b: np.dot(np.ravel(a)[:2], np.ravel(b)[:2]) if min(a.size, b.size) > 1 else a.sum() * b.sum(),
    "einsum": lambda a, b: np.einsum("i,j->ij", np.ravel(a)[:2], np.ravel(b)[:2]), "logaddexp": np.logaddexp, "hypot": lambda a, b: np.hypot(a, 2.0 + b * b),
}  # fmt: skip
KINKED: dict[str, Callable[[Any], Any]] = {  # random points are almost never on the kink
    "absolute": np.abs, "relu": lambda a: np.maximum(a, 0.0), "clip": lambda a: np.clip(a, -0.5, 0.5), "max": lambda a: np.max(a, axis=0),
    "where": lambda a: np.where(a > 0.1, a * a, -a), "least": lambda a: np.min(a), "masked": lambda a: a * (a > 0),
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """Steps (name, how far back its operands lie); every result becomes an operand of later steps. Small enough to write out."""

    steps: tuple[tuple[str, int, int], ...]

    __name__ = "program"

    def __call__(self, x: Any, y: Any) -> Any:
        values = [x, y]
        for name, first, second in self.steps:
            a, b = values[-1 - first % len(values)], values[-1 - second % len(values)]
            values.append(_step(name, a, b))
        return np.sum(values[-1] * 0.75) + np.sum(np.tanh(values[-2]))


def _step(name: str, a: Any, b: Any) -> Any:
    a = a if np.ndim(a) else np.reshape(a, (1,))
    if name in TWO:
        b = b if np.ndim(b) else np.reshape(b, (1,))
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            b = np.sum(b)
        result = TWO[name](a, b if np.ndim(b) else np.reshape(b, (1,)))
    else:
        result = (ONE | KINKED)[name](a)
    return np.ravel(result)[:6] if np.size(result) > 6 else result


def programs(names: dict[str, Any]) -> st.SearchStrategy[Program]:
    step = st.tuples(st.sampled_from(sorted(names)), st.integers(0, 3), st.integers(0, 3))
    return st.lists(step, min_size=2, max_size=7).map(lambda steps: Program(tuple(steps)))


SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((2, 2), ()), ((), (4,)), ((1, 3), (2, 1))]


def points(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    first, second = SHAPES[seed % len(SHAPES)]
    return rng.uniform(-1.5, 1.5, first)[()], rng.uniform(-1.5, 1.5, second)[()]


SMOOTH, ALL, SEED = programs(ONE | TWO), programs(ONE | TWO | KINKED), st.integers(0, 10_000)


def same(a: Any, b: Any) -> bool:
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


def the_trace_is_the_function_bit_for_bit(program, seed):
    at = points(seed)
    circuit = check_circuit(trace(program, *at))
    assert same(interpret(circuit, Floats(), at)[0], program(*at))


def every_transform_keeps_the_rules_and_states_the_types(program, seed):
    at = points(seed)
    circuit = trace(program, *at)
    for made in (
        simplify(circuit),
        reverse(circuit),
        circuit.gradient(),
        circuit.gradient(value=False),
        pullback(circuit),
        hessian_vector(circuit),
        tangent(circuit),
        pushforward(circuit, 1),
        *split(pushforward(circuit), 2),
    ):
        check_circuit(made)
    for made, inputs in ((circuit.gradient(), at), (pushforward(circuit), (*at, *at))):
        for k, value in enumerate(trail(made, Floats(), inputs)):
            assert (np.shape(value), np.asarray(value).dtype) == (made.type(k).shape, made.type(k).dtype)


def simplifying_keeps_value_and_gradient(program, seed):
    at = points(seed)
    circuit = trace(program, *at)
    assert same(interpret(simplify(circuit), Floats(), at)[0], interpret(circuit, Floats(), at)[0])
    with np.errstate(over="ignore"):  # as the tape does: cosh may overflow where the slope of tanh is 0
        raw, simple = (interpret(c, Floats(), at) for c in (reverse(circuit), simplify(reverse(circuit))))
    for a, b in zip(raw, simple, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def the_written_program_gives_the_same_bits(program, seed):
    at = points(seed)
    gradient = trace(program, *at).gradient()
    text, names = write(gradient), scope()
    exec(text, names)  # noqa: S102
    results = names[re.match(r"def (\w+)", text).group(1)](*at)
    assert all(same(a, b) for a, b in zip(results, interpret(gradient, Floats(), at), strict=True))


def compiled_and_interpreted_agree(program, seed):
    at = points(seed)
    derivative = grad(program, (0, 1))
    first, second = derivative(*at), derivative(*at)
    for a, b, x in zip(first, second, at, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
        assert np.shape(a) == np.shape(x)


def the_tape_is_right_by_certified_truth(program, seed):
    posed = problem_of(program, points(seed), (0, 1))
    truth = certify(posed)
    if isinstance(truth, Refused):  # two equal values computed apart: enclosures cannot tell that they are equal
        assert "too close to be ordered" in truth.reason
    elif not truth.is_kink:
        assert judge(Tape().gradient(posed).entries, standard(posed, truth)).outcome == "right"


def second_derivatives_agree_with_differences_of_first(program, seed):
    at = points(seed)
    direction = np.cos(np.arange(np.size(at[0]))).reshape(np.shape(at[0]))[()]
    product, step = hvp(program)(*at, direction), 1e-5
    ahead, behind = (grad(program)(at[0] + s * step * direction, at[1]) for s in (1, -1))
    np.testing.assert_allclose(product, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-5)


def forward_and_reverse_are_transposes(program, seed):
    at = points(seed)
    circuit, tangents = trace(program, *at), tuple(np.cos(np.arange(np.size(x))).reshape(np.shape(x))[()] for x in at)
    with np.errstate(over="ignore"):  # as the tape does: cosh may overflow where the slope of tanh is 0
        (along,) = interpret(pushforward(circuit), Floats(), (*at, *tangents))
        back = interpret(circuit.gradient(value=False), Floats(), at)
    terms = [np.ravel(b) * np.ravel(t) for b, t in zip(back, tangents, strict=True)]
    np.testing.assert_allclose(
        along, sum(map(np.sum, terms)), rtol=1e-10, atol=1e-12 * (1 + max(np.max(np.abs(t), initial=0.0) for t in terms))
    )


def whole_hessians_are_their_products(program, seed):
    at = points(seed)
    units = np.eye(np.size(at[0])).reshape(-1, *np.shape(at[0]))
    columns = np.stack([np.ravel(hvp(program)(*at, unit)) for unit in units], axis=-1)
    np.testing.assert_allclose(np.reshape(hessian(program)(*at), columns.shape), columns, rtol=1e-9, atol=1e-11)


JUDGEMENTS = [
    pytest.param(the_trace_is_the_function_bit_for_bit, ALL, id="trace"),
    pytest.param(every_transform_keeps_the_rules_and_states_the_types, ALL, id="transforms"),
    pytest.param(simplifying_keeps_value_and_gradient, ALL, id="simplify"),
    pytest.param(the_written_program_gives_the_same_bits, ALL, id="source"),
    pytest.param(compiled_and_interpreted_agree, ALL, id="compile"),
    pytest.param(the_tape_is_right_by_certified_truth, ALL, id="truth"),
    pytest.param(forward_and_reverse_are_transposes, ALL, id="forward"),
    pytest.param(whole_hessians_are_their_products, SMOOTH, id="hessians"),
    pytest.param(second_derivatives_agree_with_differences_of_first, SMOOTH, id="second-derivatives"),
]


@pytest.mark.parametrize(("judgement", "strategy"), JUDGEMENTS)
def test_random_array_programs(judgement, strategy) -> None:
    quick(given(strategy, SEED)(judgement))()


@pytest.mark.slow
@pytest.mark.parametrize(("judgement", "strategy"), JUDGEMENTS)
def test_many_random_array_programs(judgement, strategy) -> None:
    long(given(strategy, SEED)(judgement))()


def test_the_steps_reach_most_of_the_table() -> None:
    """A generator that draws little tests little."""
    used = set()
    for name in ONE | TWO | KINKED:
        used |= {e.primitive.name for e in trace(Program(((name, 0, 1), (name, 1, 0))), *points(1)).equations}
    assert len(used) >= 35
