"""The fixture `gradcheck`: what it takes, what it gives, what it refuses."""

from __future__ import annotations

import pytest

HEAD = """
import numpy as np
import pytest
from gradcheck import Data, Real, case
from model import AT, X, forgets, gradient, loss

def absolute(x):
    return np.sum(np.abs(x))

def by_sign(x):
    return np.sign(x)

def only_for_positive(x):
    return np.ones_like(x)

def layer(x):
    return np.tanh(x)

def product(x, g):
    return g / np.cosh(x) ** 2

def forgets_the_cotangent(x, g):
    return 1 / np.cosh(x) ** 2

@case(x=Real(3))
def squares(x):
    return np.sum(x**2)

@squares.claimed_gradient
def doubled(x):
    return 2 * x

@squares.claimed_gradient(expect="wrong")
def forgotten(x):
    return 1 * x

@case(x=2.0)
def cube(x):
    return x**3

@cube.claimed_gradient
def of_the_square(x):
    return 2 * x
"""

PASSES = {
    "a point": "gradcheck(loss, grad=gradient, at=AT)",
    "by position": "gradcheck(loss, gradient, AT)",
    "by name": "gradcheck(loss, grad=gradient, at={'w': np.ones(2), 'b': 0.5})",
    "points": "assert gradcheck(loss, grad=gradient, at=[AT, (np.ones(2), 2.0)]).outcome == 'right'",
    "drawn": "gradcheck(loss, grad=gradient, domain={'w': Real(2), 'b': Real()}, points=5)",
    "one argument": "gradcheck(loss, grad=lambda w, b: gradient(w, b)[0], at=AT, argnums=0)",
    "vjp": "gradcheck(layer, grad=product, at=(np.array([0.5, -1.0]),), vjp=True)",
    "hessian": "gradcheck(lambda x: np.sum(x**3), grad=lambda x: np.diag(6 * x), at=(np.array([1.0, 2.0]),), order=2)",
    "digits": "gradcheck(loss, grad=lambda w, b: tuple(g * (1 + 1e-7) for g in gradient(w, b)), at=AT, digits=5)",
    "search": "gradcheck(absolute, grad=by_sign, at=(np.array([1.0, 2.0]),), search=True)",
    "a case": "assert gradcheck(squares).met",
    "a case at points": "gradcheck(squares, at=[(np.ones(3),), (np.zeros(3) + 2.0,)])",
    "a case and a gradient": "gradcheck(squares, grad=doubled)",
    "a kink": "assert gradcheck(absolute, grad=by_sign, at=(np.array([0.0, 2.0]),)).outcome == 'kink'",
    "a black box": "gradcheck(lambda x: float(x) ** 2, grad=lambda x: 2 * x, at=(1.5,))",
    "a tree": "gradcheck(lambda p: np.sum(p['a'] * p['b']), grad=lambda p: {'a': p['b'], 'b': p['a']}, at=({'a': np.ones(2), 'b': np.full(2, 3.0)},))",
    "the verdict": "assert gradcheck(loss, grad=gradient, at=AT).judgement.accuracy.digits.min() > 12",
}

FAILS = {
    "wrong": ("gradcheck(loss, grad=forgets, at=AT)", "gradcheck.GradientError: forgets: wrong: differs from the truth"),
    "wrong at one of the points": ("gradcheck(absolute, grad=only_for_positive, at=[(np.ones(2),), (np.array([1.0, -1.0]),)])", "GradientError: only_for_positive: wrong"),
    "vjp": ("gradcheck(layer, grad=forgets_the_cotangent, at=(np.array([0.5, -1.0]),), vjp=True)", "GradientError: forgets_the_cotangent: wrong"),
    "search": ("gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),), search=True)", "found by search"),
    "search by Hypothesis": ("gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),), search='hypothesis')", "GradientError: only_for_positive: wrong"),
    "digits": ("gradcheck(loss, grad=lambda w, b: tuple(g * (1 + 1e-4) for g in gradient(w, b)), at=AT, digits=5)", "GradientError: <lambda>: wrong"),
    "a case": ("gradcheck(cube)", "GradientError: case cube: 1 of 1 claimed gradients not as expected"),
    "it raises": ("gradcheck(loss, grad=lambda w, b: 1 / 0, at=AT)", "ZeroDivisionError"),
    "no gradient": ("gradcheck(loss, at=AT)", "gradcheck.UsageError: gradcheck(loss): the gradient under test is missing"),
    "no point": ("gradcheck(loss, grad=gradient)", "gradcheck.UsageError: gradcheck(loss, grad=...): a point is needed"),
    "no function": ("gradcheck(3.0, grad=gradient, at=AT)", "gradcheck.UsageError: gradcheck(3.0): expected a function"),
    "a value for a gradient": ("gradcheck(loss, grad=gradient(*AT), at=AT)", "expected a function that returns the gradient, not its value"),
    "integers": ("gradcheck(absolute, grad=by_sign, at=(1,))", "give floats (1.0, not 1)"),
    "an unknown search": ("gradcheck(absolute, grad=by_sign, at=(1.0,), search='everywhere')", "everywhere"),
    "an unknown order": ("gradcheck(absolute, grad=by_sign, at=(1.0,), order=3)", "gradcheck(order=3): expected 1 or 2"),
    "no points": ("gradcheck(absolute, grad=by_sign, domain={'x': Real()}, points=0)", "gradcheck(points=0): expected how many points are drawn, 1"),
    "digits that all have": ("gradcheck(absolute, grad=by_sign, at=(1.0,), digits=-3)", "gradcheck(digits=-3): expected a number above 0"),
    "a seed below 0": ("gradcheck(absolute, grad=by_sign, at=(1.0,), seed=-1)", "gradcheck(seed=-1): expected a whole number, 0 or more"),
    "a domain of another": ("gradcheck(absolute, grad=by_sign, domain={'y': Real()})", "domain=['y']: the function's arguments are x, and each needs"),
}  # fmt: skip


def written(statements: dict) -> str:
    bodies = [s if isinstance(s, str) else s[0] for s in statements.values()]
    return HEAD + "".join(f"\ndef test_{i}(gradcheck):\n    {body}\n" for i, body in enumerate(bodies))


def test_what_is_right_passes(project):
    project.write(tests__test_calls=written(PASSES))
    result = project.run("tests", "-v")
    assert result.parseoutcomes() == {"passed": len(PASSES)}, result.stdout.str()


def test_what_is_wrong_fails_and_says_why(project):
    project.write(tests__test_calls=written(FAILS))
    result = project.run("tests", "-v")
    assert result.parseoutcomes() == {"failed": len(FAILS)}
    out = result.stdout.str()
    for i, (name, (_, said)) in enumerate(FAILS.items()):
        section = out.split(f"__ test_{i} __")[1].split("\n____")[0]
        assert said in section, (name, section)


def test_frames_of_the_toolkit_are_not_shown(project):
    project.write(tests__test_calls=written(FAILS))
    out = project.run("tests").stdout.str()
    assert "gradcheck/testing" not in out
    assert "gradcheck/verdicts" not in out
    assert "__tracebackhide__" not in out


def test_a_test_may_check_many_gradients_and_stops_at_the_first_that_is_wrong(project):
    body = "\ndef test_many(gradcheck):\n    for i in range(5):\n        gradcheck(loss, grad=gradient, at=(np.ones(2), float(i)))\n"
    project.write(tests__test_calls=HEAD + body)
    out = project.run("tests", "-v").stdout
    out.fnmatch_lines(["*test_many PASSED*5 checks*", "1 gradient in 5 checks: 1 right"])


def test_it_works_beside_given_and_is_checked_at_every_example(project):
    body = """
from hypothesis import given, settings, strategies as st

@settings(max_examples=20, derandomize=True, database=None)
@given(b=st.floats(-2, 2))
def test_everywhere(gradcheck, b):
    gradcheck(loss, grad=gradient, at=(np.ones(2), b))

@settings(max_examples=50, derandomize=True, database=None)
@given(x=st.floats(-2, 2))
def test_somewhere(gradcheck, x):
    gradcheck(absolute, grad=only_for_positive, at=(np.array([x]),))
"""
    project.write(tests__test_given=HEAD + body)
    result = project.run("tests")
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    assert "only_for_positive: wrong" in result.stdout.str()
    assert "function-scoped" not in result.stdout.str()


MARKERS = {
    "points": ("points=7", "gradcheck(loss, grad=gradient, domain={'w': Real(2), 'b': Real()})", "passed"),
    "a list of points": ("points=[(np.ones(2),), (np.array([1.0, -2.0]),)]", "gradcheck(absolute, grad=only_for_positive)", "failed"),
    "points of a call": ("points=[(np.ones(2),)]", "gradcheck(absolute, grad=only_for_positive)", "passed"),
    "search": ("search=True", "gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),))", "failed"),
    "a call wins": ("search=True", "gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),), search=False)", "passed"),
    "order": ("order=2", "gradcheck(lambda x: x**3, grad=lambda x: 6 * x, at=(1.5,))", "passed"),
    "digits": ("digits=3", "gradcheck(lambda x: x**3, grad=lambda x: 3.0001 * x * x, at=(1.5,))", "passed"),
    "seed": ("seed=5", "gradcheck(loss, grad=gradient, domain={'w': Real(2), 'b': Real()})", "passed"),
}


@pytest.mark.parametrize("marker, body, outcome", MARKERS.values(), ids=MARKERS)
def test_the_marker_says_how_a_test_checks(project, marker, body, outcome):
    project.write(tests__test_marked=HEAD + f"\n@pytest.mark.gradcheck({marker})\ndef test_it(gradcheck):\n    {body}\n")
    assert project.run("tests", "--strict-markers").parseoutcomes() == {outcome: 1}


def test_the_nearest_marker_wins(project):
    body = """
@pytest.mark.gradcheck(search=True, digits=3)
class TestBoth:
    @pytest.mark.gradcheck(search=False)
    def test_near(self, gradcheck):
        gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),))

    def test_far(self, gradcheck):
        gradcheck(absolute, grad=only_for_positive, at=(np.ones(2),))
"""
    project.write(tests__test_marked=HEAD + body)
    project.run("tests", "-v").stdout.fnmatch_lines(["*test_near PASSED*", "*test_far FAILED*"])


OF_CASES = {
    "search": ("search=True", "failed"),
    "without": ("search=False", "passed"),
    "points": ("points=40", "failed"),
    "digits": ("digits=0.1", "passed"),
}


@pytest.mark.parametrize("marker, outcome", OF_CASES.values(), ids=OF_CASES)
def test_the_marker_holds_for_the_gradients_of_a_case_too(project, marker, outcome):
    body = """
@case(x=Real(2, low=-0.1, high=9))
def absolutes(x):
    return np.sum(np.abs(x))

@absolutes.claimed_gradient
def by_one(x):
    return np.ones_like(x)
"""
    project.write(
        tests__test_marked=HEAD + body + f"\n@pytest.mark.gradcheck({marker})\ndef test_it(gradcheck):\n    gradcheck(absolutes)\n"
    )
    assert project.run("tests").parseoutcomes() == {outcome: 1}


BAD_MARKERS = {
    "search='x'": "search='x'): expected True, False or 'hypothesis'",
    "order=3": "order=3): expected 1 or 2",
    "digits='many'": "digits='many'): expected a number",
    "digits=-3": "digits=-3): expected a number above 0",
    "points=0": "points=0): expected how many points are drawn, 1 or more, or a list of points",
    "points=[]": "points=[]): expected how many points are drawn",
    "tolerance=1e-6": "tolerance=...): unknown; it knows points= (how many points are drawn, 1 or more, or a list of points), search=",
    "3": "gradcheck(3): takes keywords only",
}


@pytest.mark.parametrize("marker", BAD_MARKERS)
def test_a_marker_that_makes_no_sense_is_one_line(project, marker):
    project.write(tests__test_marked=HEAD + f"\n@pytest.mark.gradcheck({marker})\ndef test_it(gradcheck):\n    pass\n")
    result = project.run("tests")
    assert result.parseoutcomes() == {"errors": 1}
    assert BAD_MARKERS[marker] in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_tests_that_use_the_fixture_are_selected_by_the_marker(standard_project):
    out = standard_project.run("-m", "gradcheck", "--collect-only", "-q").stdout
    out.fnmatch_lines(["tests/test_model.py::test_right", "tests/test_model.py::test_wrong", "cases/mine.py::squares"])
    out.no_fnmatch_line("*test_nothing*")
