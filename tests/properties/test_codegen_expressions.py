"""Whatever is written where it is read keeps its value: brackets, signs, broken lines; and random programs keep their gradients."""

from __future__ import annotations

import ast
from textwrap import dedent

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_array_programs import KINKED, ONE, TWO, Program, programs

from gradcheck.codegen.expressions import assignment, fill, number, text_of, without_sign
from gradcheck.codegen.numpy_module import write_numpy
from gradcheck.codegen.subject import subject_of
from gradcheck.codegen.verify import from_tape, require_value, run_source

quick = settings(derandomize=True, deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
NAMES = {"a": 0.75, "bb": -1.5, "c_3": 2.5}
TEMPLATES = ("_0 + _1", "_0 - _1", "_0 * _1", "_0 / _1", "_0 ** _1", "-_0", "abs(_0)", "max(_0, _1)")


def leaves():
    names = st.sampled_from(sorted(NAMES)).map(lambda n: (ast.Name(n), NAMES[n]))
    numbers = st.floats(-8, 8).map(lambda v: (number(v), v))
    return names | numbers | st.integers(-5, 5).map(lambda v: (number(v), v))


def applied(template, first, second):
    """An expression with the value that it has when its operands are values."""
    (a, x), (b, y) = first, second
    try:
        value = eval(template, {"_0": x, "_1": y})
    except (ArithmeticError, ValueError):
        return first
    return first if isinstance(value, complex) else (fill(template, [a, b]), value)


trees = st.recursive(leaves(), lambda inner: st.builds(applied, st.sampled_from(TEMPLATES), inner, inner), max_leaves=25)


def same(a, b):
    return a == b or (a != a and b != b)


@quick
@given(trees)
def test_an_expression_keeps_its_value_through_brackets(tree):
    node, value = tree
    assert same(eval(text_of(node), dict(NAMES)), value)


@quick
@given(trees)
def test_a_long_line_keeps_its_value_when_it_is_broken(tree):
    node, value = tree
    lines = assignment("result_with_a_name_that_takes_up_most_of_the_line_so_that_every_expression_must_be_broken", node)
    scope = dict(NAMES)
    exec(dedent("\n".join(lines)), scope)
    assert same(scope["result_with_a_name_that_takes_up_most_of_the_line_so_that_every_expression_must_be_broken"], value)


@quick
@given(trees)
def test_taking_the_sign_away_gives_the_negative(tree):
    node, value = tree
    bare = without_sign(node)
    if bare is not None:
        assert same(-eval(text_of(bare), dict(NAMES)), value)


def is_kept(program: Program, seed: int) -> None:
    """A random program's written gradient is the tape's, at the point and wherever its sizes are said to be free."""
    rng = np.random.default_rng(seed)
    point = tuple(rng.uniform(-1.5, 1.5, shape) for shape in ((3,), (2, 2)))
    subject = subject_of(program, point)
    written = write_numpy(subject)
    scope = run_source(written.source())
    assert from_tape(subject, scope[written.name], point) <= 64  # ulp of the largest entry: sums may be in another order
    require_value(subject, scope[subject.name], point)


@settings(derandomize=True, deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
@given(programs(ONE | TWO | KINKED), st.integers(0, 2**31))
def test_random_programs_keep_their_gradients(program, seed):
    is_kept(program, seed)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(programs(ONE | TWO | KINKED), st.integers(0, 2**31))
def test_many_random_programs_keep_their_gradients(program, seed):
    is_kept(program, seed)
