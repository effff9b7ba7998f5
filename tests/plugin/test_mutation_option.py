"""`--gradcheck-mutate`: which mistakes a test would not notice, and why."""

from __future__ import annotations

import json
import re

WEAK = """
import numpy as np

def leaky(x):
    return np.sum(np.where(x > 0, x, 0.1 * x) ** 2)

def gradient(x):
    return 2 * np.where(x > 0, x, 0.01 * x)

def test_weak(gradcheck):
    gradcheck(leaky, grad=gradient, at=(np.array([1.0, 2.0]),))

def test_strong(gradcheck):
    gradcheck(leaky, grad=gradient, at=[(np.array([1.0, 2.5]),), (np.array([-1.5, 3.0]),)])
"""


def section(result) -> str:
    return re.search(r"=+ gradient checks =+\n(.*?)\n=+ ", re.sub(r"slowest.*\n", "", result.stdout.str()), re.S).group(1).strip()


def test_survivors_are_named_with_the_reason_and_a_point_to_add(project):
    project.write(tests__test_weak=WEAK)
    result = project.run("tests", "--gradcheck-mutate")
    assert result.parseoutcomes() == {"passed": 2}
    told = section(result)
    assert re.search(r"mistakes planted: \d+ of \d+ noticed, \d+ survive in 1 tests?:", told), told
    assert "tests/test_weak.py::test_weak, gradient:" in told
    assert "test_strong" not in told.split("mistakes planted")[1]
    assert "wrong-branch" in told
    assert re.search(r"no point has .*x below 0|no point has x < 0", told)
    point = re.search(r"a point that shows it: at=(\(.*\))", told).group(1)
    project.write(tests__test_weak=WEAK.replace("at=(np.array([1.0, 2.0]),)", f"at=[(np.array([1.0, 2.0]),), {point}]"))
    assert told.count("not noticed") > section(project.run("tests", "--gradcheck-mutate")).count("not noticed")


def test_strict_fails_the_tests_that_would_not_notice(project):
    project.write(tests__test_weak=WEAK)
    result = project.run("tests", "--gradcheck-mutate-strict", "-v")
    assert result.parseoutcomes() == {"passed": 1, "failed": 1}
    result.stdout.fnmatch_lines(
        ["*test_weak FAILED*", "*test_strong PASSED*", "E*gradient: * planted mistakes noticed*", "E*not noticed: no point has*"]
    )


def test_mistakes_are_planted_only_where_asked(project):
    project.write(tests__test_weak=WEAK)
    assert "mistakes" not in section(project.run("tests"))


def test_what_is_wrong_already_is_not_scored(project):
    body = WEAK.replace("2 * np.where", "3 * np.where")
    project.write(tests__test_weak=body)
    result = project.run("tests", "--gradcheck-mutate")
    assert result.parseoutcomes() == {"failed": 2}
    assert "mistakes planted" not in result.stdout.str()


def test_a_function_that_cannot_be_followed_says_so(project):
    project.write(tests__test_box="def test_it(gradcheck):\n    gradcheck(lambda x: float(x) ** 2, grad=lambda x: 2 * x, at=(1.5,))\n")
    assert re.search(r"test_box.py::test_it: no mistakes planted: ", section(project.run("tests", "--gradcheck-mutate")))


def test_cases_and_their_claimed_gradients_are_scored(project):
    result = project.run("--gradcheck-mutate", "--junitxml=out.xml")
    told = section(result)
    assert re.search(r"mistakes planted: (\d+) of \1 noticed$", told, re.M), told
    text = (project.pytester.path / "out.xml").read_text().replace("&quot;", '"')
    scores = [json.loads(t)["mutation"] for t in re.findall(r'name="gradcheck" value="(\{.*?\})" />', text) if "mutation" in t]
    assert len(scores) == 3  # squares, doubled, sine; not what is expected to be wrong
    assert all(s["killed"] > 0 and not s["survivors"] for s in scores)


def test_what_one_check_of_a_test_notices_is_noticed(project):
    loop = (
        WEAK
        + """
def test_loop(gradcheck):
    for x in (np.array([1.0, 2.5]), np.array([-1.5, 3.0])):
        gradcheck(leaky, grad=gradient, at=(x,))

def test_loop_the_other_way(gradcheck):
    for x in (np.array([-1.5, 3.0]), np.array([1.0, 2.5])):
        gradcheck(leaky, grad=gradient, at=(x,))
"""
    )
    project.write(tests__test_weak=loop)
    told = section(project.run("tests", "--gradcheck-mutate"))
    assert "survive in 1 test:" in told
    assert "test_weak.py::test_weak, gradient:" in told


def test_a_case_is_scored_at_the_points_of_the_call(project):
    body = (
        WEAK
        + """
from gradcheck import Real, case
kinked = case(x=Real(2))(leaky)

def test_case_weak(gradcheck):
    gradcheck(kinked, at=(np.array([1.0, 2.5]),))
"""
    )
    project.write(tests__test_weak=body)
    assert "test_case_weak, leaky:" in section(project.run("tests", "--gradcheck-mutate"))
