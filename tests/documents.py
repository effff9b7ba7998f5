"""Documents to test with: runs, verdicts and studies of a few small functions, and every way to damage them."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck import Evidence, Real, case, check, claim
from gradcheck.rendering.document import document, dumps, study_document
from gradcheck.studies.collection import Cases, Problematic
from gradcheck.studies.running import RunResult, run
from gradcheck.studies.study import Chart, Column, Rule, Statement, Study, Table

GONE = "gone"


def tanh_of_dot(w, x):
    """A neuron."""
    return np.tanh(w @ x)


def kinked(x):
    return np.abs(x)


def crash(x):
    raise KeyError("boo")


def result() -> RunResult:
    """A run with a right, a kinked and a faulty case, claimed gradients right and wrong, and claims of each verdict."""
    neuron = case(w=Real(2), x=Real(2))(tanh_of_dot)
    neuron.claimed_gradient(lambda w, x: (x / np.cosh(w @ x) ** 2, w / np.cosh(w @ x) ** 2), expect="right")
    neuron.claimed_gradient(lambda w, x: (1.0 * x, 1.0 * w), expect="wrong", kinds=["missing-factor"])
    values = {"inf": float("inf"), "nan": float("nan"), "slope": 0.1 + 0.2, "minus zero": -0.0, "n": 3}
    claims = [
        claim("A1")(lambda session: Evidence(True, "so it is", values)),
        claim("A2")(lambda session: Evidence(False, "not so")),
        claim("A3")(lambda session: 1 / 0),
    ]
    problem = Problematic("a.py", "a.py: holds no case")
    return run(Cases([neuron, case(x=0.0)(kinked), case(x=1.0)(crash)], claims, [problem]))


def study() -> Study:
    """A study with a bit of everything."""
    columns = (Column("n", "N"), Column("cost", "cost", "operations"), Column("time", "time", "s", measured=True))
    rows = ((1, 2, 1e-5), (10, np.int64(20), None), (100, 200, float("inf")))
    chart = Chart("growth", "Growth", "sizes", "n", "cost", rules=(Rule("x", 10.0, "here"),), caption="It grows.")
    statement = Statement("O(N)", "shown", "slope 1", {"slope": 1.0})
    return Study("growth", "Growth", "How does it grow?", (Table("sizes", "Sizes", columns, rows),), (statement,), (chart,), ("a note",))


def verdicts() -> Iterator[dict[str, Any]]:
    """Verdicts of every kind, as `check --json` prints them."""
    w, x = np.array([0.5, -1.0]), np.array([2.0, 0.25])
    yield check(tanh_of_dot, lambda w, x: (x / np.cosh(w @ x) ** 2, w / np.cosh(w @ x) ** 2), (w, x)).to_dict()
    yield check(tanh_of_dot, lambda w, x: (x, w), (w, x)).to_dict()
    yield check(tanh_of_dot, lambda w, x: (x * np.nan, w * np.inf), (w, x)).to_dict()
    yield check(tanh_of_dot, lambda w, x: x[:1], (w, x)).to_dict()
    yield check(tanh_of_dot, lambda w, x: 1 / 0, (w, x)).to_dict()
    yield check(kinked, lambda x: np.sign(x), (0.0,)).to_dict()
    yield check(kinked, lambda x: np.sign(x) + 3 * (x == 0), (1.0,), search=True).to_dict()
    yield check(lambda x: float(np.sin(float(x))), lambda x: np.cos(x), (1.0,)).to_dict()
    yield check(lambda x: np.outer(x, x), lambda x, g: (g + g.T) @ x, (x,), vjp=True).to_dict()


def read(data: Any) -> Any:
    """What a reader of the printed document gets."""
    return json.loads(dumps(data))


ASSIGNMENT = """
schema_version = 1
name = "hw1"
title = "Homework 1"
cases = "cases.py"
solution = "solution.py"
file = "submission.py"
seed = 3
per_student_seeds = true
imports = {allowed = ["numpy", "scipy"]}
limits = {cpu_seconds = 2.5, wall_seconds = 8, memory_mb = 512, processes = 2, open_files = 32, file_mb = 1, printed_kb = 64, result_mb = 8}
feedback = {level = "where", shown = "never", reveal_hidden = true}

[[questions]]
name = "softmax"
title = "A softmax loss"
case = "soft"
function = "backward"
asks = "backward"
names = ["z", "e"]
points = 6
visible = 1
hidden = 2
at = [[[[1, 2], [3, 4], [5, 6]], [1.5, 2, 3], [0, 1], 2], {W = [[0, 1], [2, 3], [4, 5]], b = [0.5, 0, 0], c = 0}]
digits = 8
file = "nets.py"
credit = {arguments = {W = 2, b = 1}, hops = {dz = 1.5}, shape = 0.5, accuracy = 1}
feedback = {level = "formula"}
limits = {cpu_seconds = 1}

[[questions]]
name = "sine"
"""


def assignment_read() -> dict[str, Any]:
    """An assignment with every key there is."""
    return tomllib.loads(ASSIGNMENT)


def run_document() -> dict[str, Any]:
    """The run as it is read back."""
    return read(document(result()))


def study_read() -> dict[str, Any]:
    """The study as it is read back."""
    return read(study_document(study()))


# damage
def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a document."""
    yield at
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(part, (*at, key))


def part(value: Any, at: tuple[Any, ...]) -> Any:
    """What is at a place."""
    for key in at:
        value = value[key]
    return value


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """A copy with something else at a place, or nothing where it is GONE; what is elsewhere is shared."""
    if not at:
        return new
    key, *rest = at
    copied = copy.copy(value)
    if new is GONE and not rest:
        del copied[key]
    else:
        copied[key] = changed(value[key] if rest else None, tuple(rest), new)
    return copied


OPEN = ("values", "details")  # objects whose keys are anybody's


def missing_keys(value: Any, optional: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The document without one of the keys it must have."""
    for at in places(value):
        if at and isinstance(at[-1], str) and not set(OPEN) & set(at[:-1]) and at[-1] not in optional:
            yield f"without {at}", changed(value, at, GONE)


def extra_keys(value: Any) -> Iterator[tuple[str, Any]]:
    """The document with a key that nobody knows, in each of its objects."""
    for at in places(value):
        if isinstance(part(value, at), dict) and not set(OPEN) & set(at):
            yield f"extra in {at}", changed(value, (*at, "extra"), 1)


def wrong_words(value: Any) -> Iterator[tuple[str, Any]]:
    """The document with a verdict that is no word of ours."""
    for at in places(value):
        if (
            at
            and at[-1] in ("outcome", "verdict", "expected")
            and isinstance(part(value, at), str)
            and "hop" not in at
            and not {"findings", "told", "diagnosis"} & set(at)
        ):
            yield f"rigth at {at}", changed(value, at, "rigth")


def not_numbers(value: Any) -> Iterator[tuple[str, Any]]:
    """The document with NaN, infinity or a list where a number belongs."""
    for at in places(value):
        if isinstance(part(value, at), float | int) and not isinstance(part(value, at), bool):
            yield f"nan at {at}", changed(value, at, float("nan"))
            yield f"inf at {at}", changed(value, at, float("inf"))
            yield f"object at {at}", changed(value, at, {"1": object.__name__, "x": [float("nan")]})


def damaged(value: Any, optional: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every damage of one kind in one place."""
    yield from missing_keys(value, optional)
    yield from extra_keys(value)
    yield from wrong_words(value)
    yield from not_numbers(value)
