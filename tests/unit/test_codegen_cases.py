"""The source written of every shipped case is run: it agrees with the tape to the last ulp that it states, and its own test passes."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck import GradientError, check, load_cases, write_backward
from gradcheck.codegen.frameworks import claim_of
from gradcheck.codegen.subject import subject_of
from gradcheck.codegen.verify import ELSEWHERE, run_source, tape_at

FOLDER = Path(__file__).parents[2] / "cases"
CASES = tuple(load_cases(FOLDER))
QUICK = (  # the others are of the same kinds
    "rosenbrock", "quadratic_form", "softmax_cross_entropy", "huber_loss", "log_sum_exp_of_large", "relu_network", "branching_program",
    "embedding_lookup", "recurrent_network", "diamond",
)  # fmt: skip


@pytest.fixture(autouse=True)
def jax_as_it_was():
    """The tests that are written for JAX turn its 64-bit mode on, as a user's would."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)


def some(case):
    marks = () if case.name in QUICK else (pytest.mark.slow,)
    return pytest.param(case, id=f"{Path(case.file).stem}-{case.name}", marks=marks)


def stated(text):
    """The ulp that a docstring states."""
    words = " ".join(text.split())
    found = re.search(r"within (\d+) ulp of the tape's", words)
    return int(found.group(1)) if found else 0 if "equal to the tape's to the last bit" in words else None


def farthest(subject, claim, points):
    """The largest distance from the tape in ulp of each argument's largest entry, and at how many points."""
    worst, met = 0.0, 0
    for point in points:
        given = [np.float64(a) if isinstance(a, float) else a for a in point]
        cotangent = (np.cos(np.arange(np.size(v := subject.function(*given)))).reshape(np.shape(v)),) if subject.vjp else ()
        try:
            found = claim(*given, *cotangent)
        except ValueError as error:
            assert ELSEWHERE in str(error)
            continue
        met += 1
        for one, other in zip((found,) if len(subject.argnums) == 1 else found, tape_at(subject, given, cotangent), strict=True):
            assert np.shape(one) == np.shape(other)
            largest = np.max(np.abs(other), initial=0.0)
            worst = max(worst, float(np.max(np.abs(one - other), initial=0.0) / np.spacing(largest)))
    return worst, met


def tape_is_wrong_somewhere(case, subject):
    """Whether gradcheck's own tape is not right at one of a case's points."""

    def tape(*point):
        found = tape_at(subject, point)
        return found[0] if len(found) == 1 else tuple(found)

    return any(not check(case, tape, p, argnums=subject.argnums).ok for p in case.drawn())


def written(case, subject, target):
    """The source; None where the tape itself is not right, so that nothing may be written."""
    try:
        return write_backward(case, target=target)
    except GradientError:
        assert tape_is_wrong_somewhere(case, subject)
        return None


def test_there_are_cases():
    assert len(CASES) > 60
    assert {c.name for c in CASES} >= set(QUICK)


@pytest.mark.parametrize("case", [some(c) for c in CASES])
def test_numpy_source_agrees_with_the_tape_to_the_ulp_stated(case):
    subject = subject_of(case)
    text = written(case, subject, "numpy")
    if text is None:
        return
    scope = run_source(text)
    tests = [name for name in scope if name.startswith("test_")]
    claim = scope[tests[0].removeprefix("test_")]
    worst, met = farthest(subject, claim, subject.points)
    assert len(tests) == 1
    assert stated(text) is not None
    assert worst <= stated(text)
    assert met > 0
    own = set(Path(case.file).read_text().splitlines())
    assert [line for line in text.splitlines() if len(line) > 104 and line not in own] == []
    scope[tests[0]]()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.parametrize("case", [pytest.param(c, id=f"{Path(c.file).stem}-{c.name}") for c in CASES])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_framework_source_agrees_with_the_tape_to_the_ulp_stated(case, target):
    if importlib.util.find_spec(target) is None:
        pytest.skip(f"{target} is not installed: what is written for it is NOT checked here; pip install {target}")
    subject = subject_of(case)
    text = written(case, subject, target)
    if text is None:
        return
    scope = run_source(text)
    worst, met = farthest(subject, claim_of(target, subject, scope[case.name]), subject.points)
    assert stated(text) is not None
    assert worst <= stated(text)
    assert met > 0
    scope[f"test_{case.name}"]()


JUDGED = ("diamond", "softmax_cross_entropy", "relu_network", "three_paths")


@pytest.mark.slow
@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gradcheck_s_own_judge_of_the_framework_finds_it_right(target, name):
    pytest.importorskip(target, reason=f"{target} is not installed: what is written for it is NOT judged here")
    judge = getattr(gradcheck, f"check_{target}", None)
    if judge is None:
        pytest.skip(f"this gradcheck has no check_{target}: what is written is judged through NumPy alone")
    case = next(c for c in CASES if c.name == name)
    subject = subject_of(case)
    scope = run_source(write_backward(case, target=target))
    if target == "torch":
        (subclass,) = (v for n, v in scope.items() if n.endswith("Function"))
        verdict = judge(subclass, at=subject.points[0], argnums=subject.argnums)
    else:
        import jax

        with jax.enable_x64(new_val=True):
            verdict = judge(scope[name], at=subject.points[0], argnums=subject.argnums)
    assert verdict.outcome == "right"


INSIDE = {"torch": set(), "jax": {"iterated_map", "branching_program"}}  # cases for which NumPy works inside: jax.jit sees no values


@pytest.mark.slow
@pytest.mark.parametrize("target", ["torch", "jax"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nearly_everything_is_in_the_frameworks_own_operations(target):
    if importlib.util.find_spec(target) is None:
        pytest.skip(f"{target} is not installed: what is written for it is NOT checked here; pip install {target}")
    plain = [c for c in CASES if Path(c.file).parent == FOLDER]
    inside = {c.name for c in plain if "Works in NumPy inside" in write_backward(c, target=target, test=False)}
    assert INSIDE[target] <= inside
    assert len(inside) <= len(INSIDE[target]) + len(plain) // 20, inside
