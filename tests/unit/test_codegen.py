"""Writing gradients as source: what it is general in, what it refuses, and what it keeps of its author's own."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.special import expit

from gradcheck import TraceError, UsageError, assert_gradient, case, check, write_backward
from gradcheck.codegen.bodies import Setting, general_body
from gradcheck.codegen.dialects import DIALECTS, JAX, NUMPY, TORCH
from gradcheck.codegen.frameworks import _own_operations
from gradcheck.codegen.statements import UnwritableError
from gradcheck.codegen.subject import subject_of
from gradcheck.codegen.verify import run_source

RNG = np.random.default_rng(0)
SLOPE = 0.1
ROWS = np.array([[1.0, -2.0], [0.5, 3.0]])


def squashed(z):
    return expit(SLOPE * z)


def layer(W, x, b):
    """A layer of three squashed units."""
    z = W @ x + b  # the score
    return np.sum(squashed(z) ** 2)  # and its size


def smoothed(x, n, how="mean"):
    for _ in range(n):
        x = (x[1:] + x[:-1]) / 2
    return np.sum(x**2) if how == "mean" else np.max(x)


def array_valued(W, x):
    a = np.tanh(W @ x)
    return a / np.sum(a * a)


def written_into(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] ** 2
    y[0] += np.sin(x[2])
    return y @ y


def largest(x):
    return x[np.argmax(x)] ** 2


def positives(x):
    return np.sum(x[x > 0] ** 2)


def in_order(x, w):
    return np.sort(x) @ w


def looked_up(table, rows):
    return np.sum(np.sin(table[rows]) @ ROWS)


def averaged(x):
    return np.mean(x**2) + np.var(x)


def branched(x):
    return np.sum(x**3) if np.sum(x) > 0 else np.sum(x**2)


def short_or_long(x):
    return np.sum(np.sin(x)) if len(x) < 8 else np.sum(np.cos(x))


def single(x):
    return np.sum(np.exp(-x * x) * 0.3)


def triangular(A, b):
    L = np.linalg.cholesky(A @ A.T + np.eye(2))
    return np.sum(np.linalg.solve(L, b) ** 2)


def shadowed(gamma, x):
    """A variable with the name of one of SciPy's functions."""
    return np.sum(gamma * expit(x))


def spectrum(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 2) + np.fft.fft(x).imag @ x


FUNCTIONS = [
    pytest.param(layer, (RNG.standard_normal((3, 2)), RNG.standard_normal(2), RNG.standard_normal(3)), id="layer"),
    pytest.param(smoothed, (RNG.standard_normal(5), 2, "mean"), id="a loop and a word"),
    pytest.param(array_valued, (RNG.standard_normal((3, 2)), RNG.standard_normal(2)), id="an array"),
    pytest.param(written_into, (RNG.standard_normal(4),), id="writes in place"),
    pytest.param(largest, (RNG.standard_normal(4),), id="a decision"),
    pytest.param(positives, (RNG.standard_normal(6),), id="a mask"),
    pytest.param(in_order, (RNG.standard_normal(4), np.arange(4.0)), id="an order"),
    pytest.param(looked_up, (RNG.standard_normal((3, 2)), np.array([0, 2, 0])), id="an index with repeats"),
    pytest.param(averaged, (RNG.standard_normal(4),), id="divided by the size"),
    pytest.param(single, (RNG.standard_normal(3).astype(np.float32),), id="single precision"),
    pytest.param(triangular, (RNG.standard_normal((2, 2)), RNG.standard_normal(2)), id="triangular systems"),
    pytest.param(spectrum, (RNG.standard_normal(5),), id="Fourier transforms"),
    pytest.param(shadowed, (RNG.standard_normal(3), RNG.standard_normal(3)), id="a name of SciPy's"),
]


def scope_of(function, at, **options):
    return run_source(write_backward(function, at, **options))


@pytest.mark.parametrize(("function", "at"), FUNCTIONS)
def test_what_is_written_is_right_and_its_test_passes(function, at):
    scope = scope_of(function, at)
    vjp = f"{function.__name__}_vjp" in scope
    name = f"{function.__name__}_{'vjp' if vjp else 'gradient'}"
    assert check(function, scope[name], at, vjp=vjp).outcome == "right"
    scope[f"test_{name}"]()


@pytest.mark.parametrize(
    ("function", "at", "other"),
    [
        pytest.param(layer, (np.ones((3, 2)), np.ones(2), np.ones(3)), (np.ones((4, 5)), np.ones(5), np.ones(4)), id="two sizes"),
        pytest.param(looked_up, (np.ones((3, 2)), np.array([0, 2])), (np.ones((7, 2)), np.array([6, 1, 6, 6])), id="rows and their number"),
        pytest.param(averaged, (np.arange(4.0),), (np.arange(7.0),), id="divided by the size"),
        pytest.param(in_order, (np.array([3.0, 1.0]), np.ones(2)), (np.array([3.0, 1.0, 2.0]), np.arange(3.0)), id="another order"),
    ],
)
def test_where_sizes_are_free_it_is_right_at_others(function, at, other):
    scope = scope_of(function, at)
    assert_gradient(function, scope[f"{function.__name__}_gradient"], at=other)


@pytest.mark.parametrize(
    ("function", "at", "other", "says"),
    [
        pytest.param(smoothed, (np.arange(5.0), 2), (np.arange(6.0), 2), "x of shape [5], got (6,)", id="a loop over the size"),
        pytest.param(smoothed, (np.arange(5.0), 2), (np.arange(5.0), 3), "the branch where n == 2", id="rounds of a loop"),
        pytest.param(smoothed, (np.arange(5.0), 2, "mean"), (np.arange(5.0), 2, "max"), "one value of how alone", id="a word"),
        pytest.param(branched, (np.arange(3.0),), (-np.arange(3.0),), "the branch where np.sum(x) > 0", id="a branch"),
        pytest.param(branched, (-np.arange(3.0),), (np.arange(3.0),), "the branch where np.sum(x) <= 0", id="the other branch"),
        pytest.param(largest, (np.array([1.0, 2.0]),), (np.array([2.0, 1.0]),), "the branch where np.argmax(x) == 1", id="a place"),
        pytest.param(short_or_long, (np.ones(3),), (np.ones(9),), "x of shape [3], got (9,)", id="a branch on the size"),
    ],
)
def test_elsewhere_it_raises_and_says_what_it_is_for(function, at, other, says):
    name = f"{function.__name__}_gradient"
    with pytest.raises(ValueError, match=f"^{name} is written for ") as error:
        scope_of(function, at)[name](*other)
    assert says in str(error.value)


def test_the_author_s_source_comes_along_with_what_it_needs():
    text = write_backward(layer, (np.ones((3, 2)), np.ones(2), np.ones(3)), test=False)
    assert inspect.getsource(layer) in text
    assert inspect.getsource(squashed) in text
    assert "SLOPE = 0.1\n" in text
    assert "from scipy.special import expit\n" in text
    assert "gradcheck" not in "".join(line for line in text.splitlines() if line.startswith(("import", "from")))


def test_comments_stay_with_their_lines():
    def commented(x):
        # what is squared
        z = x + 1  # moved
        return np.sum(z**2 * np.sin(z))

    gradient = write_backward(commented, (np.ones(3),), test=False).partition("def commented_gradient")[2]
    assert "    # what is squared\n    z = x + 1  # moved\n" in gradient


def test_what_leans_on_more_is_written_as_recorded():
    factor = 3.0

    def leaning(x):
        return np.sum(np.sin(factor * x))

    text = write_backward(leaning, (np.ones(3),), test=False)
    assert "leaning as recorded at a point" in text
    assert "y = np.sum(np.sin(3 * x))" in text


def test_known_arrays_and_their_rows_go_by_their_names():
    def rows_read(x):
        return x @ ROWS[0] + np.sin(x @ ROWS[1])

    text = write_backward(rows_read, (np.ones(2),), test=False)
    assert "ROWS[1]" in text.partition("rows_read_gradient(x)")[2]


def test_value_and_gradient_together():
    scope = scope_of(averaged, (np.arange(4.0),), value=True)
    value, gradient = scope["averaged_value_and_gradient"](np.arange(4.0))
    assert value == averaged(np.arange(4.0))
    np.testing.assert_array_equal(gradient, scope["averaged_gradient"](np.arange(4.0)))


def test_the_branch_not_taken_at_other_points_is_left_out():
    text = write_backward(branched, [(np.arange(3.0),), (-np.arange(3.0),)])
    assert "at 1 point:" in text
    run_source(text)["test_branched_gradient"]()


def test_kinks_are_told_of():
    def corner(x):
        return np.sum(np.abs(x))

    text = write_backward(corner, (np.array([0.0, 1.0]),))
    assert "with 1 kink among them" in " ".join(text.split())


def test_an_argument_given_back_is_a_copy():
    def product(x, y):
        return x @ y

    x = np.ones(3)
    (dx, dy) = scope_of(product, (x, np.arange(3.0)))["product_gradient"](x, np.arange(3.0))
    assert not np.shares_memory(dy, x)


@pytest.mark.parametrize(
    ("function", "at", "error", "says"),
    [
        pytest.param(lambda p: p["a"] ** 2, ({"a": 1.0},), UsageError, "is a tuple, list or dict of arrays", id="a tree"),
        pytest.param(lambda x: (x, x), (1.0,), UsageError, "returns a tuple", id="two results"),
        pytest.param(
            lambda A: np.linalg.eigvalsh(A)[0], (np.eye(2) * [1, 2],), UsageError, r"grad\(f\) computes the gradient", id="no NumPy for it"
        ),
        pytest.param(lambda x: float(x) ** 2, (1.0,), TraceError, "loses the trail", id="not followed"),
        pytest.param(lambda x: np.log(x), (-1.0,), Exception, "is not finite", id="no value"),
        pytest.param(lambda x: sum(x * i for i in range(6000)), (1.0,), UsageError, "unrolls to", id="too long to read"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_line(function, at, error, says):
    with pytest.raises(error, match=says) as found:
        write_backward(function, at)
    assert "\n" not in str(found.value)


def test_an_unknown_target_is_refused():
    with pytest.raises(UsageError, match="target='tf': expected one of 'numpy', 'torch', 'jax'"):
        write_backward(averaged, (np.ones(3),), target="tf")


# the frameworks, as far as they can be looked at without them
@pytest.mark.parametrize("dialect", [TORCH, JAX], ids=lambda d: d.name)
@pytest.mark.parametrize(
    ("function", "at"), [p for p in FUNCTIONS if p.id in ("layer", "an array", "an index with repeats", "divided by the size")]
)
def test_a_framework_s_source_is_python_of_that_framework(function, at, dialect):
    text = _own_operations(subject_of(function, at), dialect).source()
    compile(text, "written", "exec")
    assert f"import {dialect.name}" in text
    assert "np." not in text.replace("jnp.", "")


def test_jax_refuses_decisions_on_values():
    with pytest.raises(UnwritableError, match="decisions on values"):
        _own_operations(subject_of(branched, (np.ones(3),)), JAX)


def test_data_get_no_cotangent():
    @case(x=np.ones(3), n=2)
    def scaled(x, n):
        return np.sum(n * x**2)

    text = _own_operations(subject_of(scaled), TORCH).source()
    assert "return cotangent * dx, None" in text
    assert "n = torch.as_tensor(n, dtype=torch.int64)" in text  # a number that is no tensor could not be saved


@pytest.mark.parametrize("target", sorted(DIALECTS))
def test_a_template_is_filled_with_every_operand(target):
    """Every template of two operands has both, and none names a third."""
    from gradcheck.primitives import BY_NAME

    for name, template in DIALECTS[target].table.items():
        arity = BY_NAME[name].arity if name in BY_NAME else None
        assert name in BY_NAME, name
        if BY_NAME[name].elementwise and arity:
            assert [f"_{i}" in template for i in range(arity + 1)] == [True] * arity + [False], (name, template)


def test_general_bodies_are_those_of_the_point():
    body = general_body(subject_of(averaged, (np.arange(4.0),)), Setting(NUMPY)).body
    assert any("len(x)" in line for line in body.backward)
