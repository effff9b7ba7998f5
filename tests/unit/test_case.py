"""Cases: what the decorator takes, what it refuses and how, the points, and the gradients claimed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gradcheck import CaseError, Data, DomainError, Evidence, Integer, Real, case, claim, load_cases


def product(x, y):
    """A product.

    More about it.
    """
    return x * y


def test_a_case_is_callable_and_knows_its_function() -> None:
    made = case(x=2.0, y=3.0)(product)
    assert (made(4.0, 5.0), made.name, made.parameters, made.summary) == (20.0, "product", ("x", "y"), "A product.")
    assert made.file == __file__
    assert Path(__file__).read_text().splitlines()[made.line - 1].startswith("def product")
    assert repr(made) == "<case product(x, y)>"


REFUSED = [
    pytest.param({"z": 1.0}, "case product: 'z' is no argument of the function, which takes x, y", id="unknown-argument"),
    pytest.param({"x": 1.0}, "no value or domain for argument 'y'", id="missing-argument"),
    pytest.param({"x": 1.0, "y": 1.0, "argnums": 2}, "positions or names among x, y", id="argnums-too-large"),
    pytest.param({"x": 1.0, "y": 1.0, "argnums": "z"}, "positions or names among x, y", id="argnums-unknown"),
    pytest.param({"x": 1.0, "y": 1.0, "at": []}, "at=[] holds no point", id="no-point"),
    pytest.param({"at": (1.0, 2.0, 3.0)}, "does not fit the arguments x, y", id="point-too-long"),
    pytest.param({"at": {"x": 1.0, "q": 2.0}}, "does not fit the arguments x, y", id="point-unknown-name"),
    pytest.param({"x": Real(), "y": Real(), "at": (1.0,)}, "gives no value for argument 'y'", id="point-too-short"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_keywords_that_do_not_fit_are_refused_in_words(given, message) -> None:
    with pytest.raises(CaseError, match=re.escape(message)):
        case(**given)(product)


def test_a_function_given_no_keywords_is_told_what_to_write() -> None:
    with pytest.raises(CaseError, match=re.escape("expected keywords naming the function's arguments, such as @case(x=1.0)")):
        case(1.0)


def test_a_point_outside_its_domain_names_case_and_argument() -> None:
    with pytest.raises(DomainError, match=r"case product: argument x = .* lies outside its domain: expected 0 < x < inf"):
        case(x=Real(low=0), y=1.0, at=(-1.0,))(product)


POINTS = [
    pytest.param({"x": 2.0, "y": 3.0}, [(2.0, 3.0)], id="fixed"),
    pytest.param({"at": (2.0, 3.0)}, [(2.0, 3.0)], id="one-tuple"),
    pytest.param({"at": {"y": 3.0, "x": 2.0}}, [(2.0, 3.0)], id="one-dict"),
    pytest.param({"y": Data(3), "x": Real(), "at": [(1.0,), {"x": 2.0}]}, [(1.0, 3), (2.0, 3)], id="data-filled-in"),
]


@pytest.mark.parametrize(("given", "points"), POINTS)
def test_stated_points(given, points) -> None:
    assert [tuple(p) for p in case(**given)(product).drawn()] == points


def test_drawn_points_follow_the_seed_and_stay_in_the_domain() -> None:
    made = case(x=Real(3, low=0), y=Integer(low=1, high=4))(product)
    first, again, other = made.drawn(seed=1), made.drawn(seed=1), made.drawn(seed=2)
    assert len(first) == 2
    assert all(np.array_equal(a, b) for p, q in zip(first, again, strict=True) for a, b in zip(p, q, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])
    assert all((x > 0).all() and 1 <= y < 4 for x, y in first)
    assert len(made.drawn(count=5)) == 5


DIFFERENTIABLE = [
    pytest.param({"x": 1.0, "y": 2}, (0,), id="float-and-int"),
    pytest.param({"x": np.ones(2), "y": Data(np.ones(2))}, (0,), id="data-is-not"),
    pytest.param({"x": Real(), "y": Integer()}, (0,), id="integers-are-not"),
    pytest.param({"x": 1.0, "y": 2.0, "argnums": 1}, (1,), id="argnums-number"),
    pytest.param({"x": 1.0, "y": 2.0, "argnums": "y"}, (1,), id="argnums-name"),
    pytest.param({"x": 1.0, "y": 2.0, "argnums": ("y", 0)}, (1, 0), id="argnums-several"),
    pytest.param({"x": np.float32(1), "y": np.arange(2)}, (0,), id="numpy-types"),
]


@pytest.mark.parametrize(("given", "positions"), DIFFERENTIABLE)
def test_what_is_differentiated(given, positions) -> None:
    made = case(**given)(product)
    assert made.differentiable(made.drawn()[0]) == positions


def test_arguments_with_defaults_may_be_left_out() -> None:
    @case(x=1.0)
    def scaled(x, factor=3.0):
        return factor * x

    assert (scaled.parameters, scaled(2.0)) == (("x",), 6.0)


def test_claimed_gradients_are_registered_with_what_is_expected_of_them() -> None:
    made = case(x=2.0, y=3.0)(product)

    @made.claimed_gradient
    def right(x, y):
        return y, x

    @made.claimed_gradient(expect="wrong", kinds=["swapped"])
    def swapped(x, y):
        return x, y

    assert [(c.name, c.expect, c.kinds) for c in made.claimed] == [("right", "right", ()), ("swapped", "wrong", ("swapped",))]
    assert right(2.0, 3.0) == (3.0, 2.0)  # the decorator gives the function back


def test_an_unknown_expectation_is_refused() -> None:
    with pytest.raises(CaseError, match="expected one of right, wrong, kink, undecided"):
        case(x=2.0, y=3.0)(product).claimed_gradient(expect="maybe")


def test_claims_name_their_id() -> None:
    @claim("C99")
    def evidence(run):
        return Evidence(shown=True, text="seen")

    assert (evidence.id, evidence.function(None).text) == ("C99", "seen")
    with pytest.raises(CaseError, match="expected the claim's id"):
        claim(evidence)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.py").write_text("from gradcheck import case\n@case(x=1.0)\ndef square(x):\n    return x * x\n")
    (tmp_path / "_private.py").write_text("raise RuntimeError('never read')\n")
    return tmp_path


BROKEN = [
    pytest.param("def f(:\n", ":1: syntax error: ", id="syntax"),
    pytest.param("\nimport nothing_of_that_name\n", ":2: ModuleNotFoundError: ", id="import"),
    pytest.param("from gradcheck import case\n@case(y=1.0)\ndef f(x):\n    return x\n", ":2: case f: 'y' is no argument", id="case"),
    pytest.param("x = 1\n", "holds no case", id="empty"),
    pytest.param(
        "from gradcheck import case\n@case(x=1.0)\ndef square(x):\n    return x\n", "case square is already defined at", id="repeated"
    ),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_file_is_reported_with_its_line_and_the_others_are_loaded(folder, text, message) -> None:
    (folder / "other.py").write_text(text)
    found = load_cases(folder)
    assert found[0].name == "square"
    (problem,) = found.problems
    assert message in problem.message
    assert "\n" not in problem.message


def test_cases_are_found_by_name_and_near_misses_suggested(folder) -> None:
    from gradcheck import UsageError

    found = load_cases(folder)
    assert (len(found), found.named("square")(3.0)) == (1, 9.0)
    with pytest.raises(UsageError, match="no case is called 'sqare'; did you mean square"):
        found.named("sqare")
    with pytest.raises(UsageError, match="no such file or folder"):
        load_cases(folder / "nowhere")
