"""`search="hypothesis"`: explores, shrinks, and tries first what failed before."""

from __future__ import annotations

import re

import pytest

BUG = """
import numpy as np

CALLS = []

def f(x):
    return np.sum(np.maximum(x, 0.0) ** 2 + x)

def g(x):
    CALLS.append(np.array(x))
    return np.where(x > {limit}, 1.0, 2 * np.maximum(x, 0.0) + 1)

def test_it(gradcheck):
    try:
        gradcheck(f, grad=g, at=(np.array([0.5, -1.0]),), search="hypothesis")
    finally:
        print("calls", len(CALLS), "second", CALLS[min(len(CALLS) - 1, {own})].tolist())
"""


def run(project, limit: float, own: int = 2, *arguments: str):
    project.write(tests__test_looking=BUG.format(limit=limit, own=own))
    return project.run("tests", *arguments)


def witness(result) -> str:
    return re.search(r"print\(check\(f, g, at=(.*)\)\)", result.stdout.str()).group(1)


def test_what_is_found_is_minimal_and_can_be_pasted(project):
    result = run(project, 3.0)
    assert result.parseoutcomes() == {"failed": 1}
    assert "hypothesis" in result.stdout.str().lower()
    values = [float(v) for v in re.findall(r"-?\d+\.\d+", witness(result))]
    assert sorted(values) == [0.0, 4.0]  # the simplest number above 3, and nothing else
    assert not (project.pytester.path / ".hypothesis").exists()


def test_a_found_witness_is_tried_first_next_time_and_the_runs_agree(project):
    first, again = run(project, 3.0), run(project, 3.0)
    assert witness(first) == witness(again)
    calls = [int(re.search(r"calls (\d+)", r.stdout.str()).group(1)) for r in (first, again)]
    assert calls[1] <= calls[0]
    mended = run(project, 1e300)
    assert mended.parseoutcomes() == {"passed": 1}
    kept = list((project.pytester.path / ".pytest_cache" / "d" / "gradcheck").glob("*"))
    assert len(kept) == 1


def test_a_broken_store_does_no_harm(project):
    run(project, 3.0)
    (kept,) = (project.pytester.path / ".pytest_cache" / "d" / "gradcheck").glob("*")
    kept.write_text("{ not json")
    assert run(project, 3.0).parseoutcomes() == {"failed": 1}


def test_the_marker_may_ask_for_it(project):
    body = "import pytest\n" + BUG.format(limit=3.0, own=1).replace(', search="hypothesis"', "").replace(
        "def test_it", '@pytest.mark.gradcheck(search="hypothesis")\ndef test_it'
    )
    project.write(tests__test_looking=body)
    assert project.run("tests").parseoutcomes() == {"failed": 1}


STRATEGIES = """
import numpy as np
from gradcheck import Data, Integer, Real, case, check
from hypothesis import given, settings

quick = settings(max_examples=15, derandomize=True, database=None)

@case(x=Real(3, low=0), n=Integer(low=1, high=4), scale=Data(2.0))
def f(x, n, scale):
    return np.sum(np.log(x)) * n * scale

@quick
@given(f.points())
def test_points(gradcheck, point):
    x, n, scale = point
    assert (x > 0).all() and 1 <= n < 4 and scale == 2.0
    assert gradcheck(f, grad=lambda x, n, scale: n * scale / x, at=point, digits=8).ok

@quick
@given(Real(2, low=-1, high=1).strategy())
def test_strategy(x):
    assert x.shape == (2,) and (abs(x) < 1).all()
"""


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "2"), marks=pytest.mark.slow)], ids=["alone", "workers"])
def test_strategies_of_domains_and_cases(project, workers):
    project.write(tests__test_drawing=STRATEGIES)
    assert (project.apart if workers else project.run)("tests", *workers).parseoutcomes() == {"passed": 2}
