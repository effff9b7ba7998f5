"""What is tried in every environment, as data: commands with what they must answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODEL = '''import numpy as np

from gradcheck import Real, case


def loss(w, x):
    return np.sum(np.tanh(w * x) ** 2)


def right(w, x):
    y = np.tanh(w * x)
    return 2 * y * (1 - y**2) * x, 2 * y * (1 - y**2) * w


def wrong(w, x):
    y = np.tanh(w * x)
    return 2 * y * x, 2 * y * w


@case(x=Real(3))
def sine(x):
    """The sum of the sines of squares."""
    z = x**2
    return np.sum(np.sin(z))


@sine.claimed_gradient
def by_hand(x):
    return np.cos(x**2) * 2 * x


@sine.claimed_gradient(expect="wrong")
def forgets_the_square(x):
    return np.cos(x**2)
'''

TESTS = """import numpy as np
import pytest

from gradcheck import GradientError
from model import loss, right, wrong

AT = (np.array([0.5, -0.2]), np.array([1.0, 2.0]))


def test_right(gradcheck):
    gradcheck(loss, grad=right, at=AT)


def test_wrong(gradcheck):
    with pytest.raises(GradientError):
        gradcheck(loss, grad=wrong, at=AT)
"""

ASSIGNMENT = """schema_version = 1
name = "hw"
cases = "cases.py"

[[questions]]
name = "sine"
points = 4
"""

HANDED_IN = """import numpy as np


def sine_gradient(x):
    return np.cos(x**2){rest}
"""

IMPORTS = """import gradcheck
import numpy as np
for name in gradcheck.__all__:
    getattr(gradcheck, name)
assert gradcheck.grad(lambda x: np.sum(np.sin(x) ** 2))(np.ones(3)).shape == (3,)
import importlib.util
print("extras:", *(m for m in ("jinja2", "numba", "distributed") if importlib.util.find_spec(m)))
"""

FAST = """import gradcheck, gradcheck.cluster, numba, numpy as np
gradient = gradcheck.grad(lambda x: np.sum(np.sin(x * x)))
x = np.linspace(0.1, 1.0, 5)
for _ in range(100):
    found = gradient(x)
np.testing.assert_allclose(found, np.cos(x * x) * 2 * x, rtol=1e-14)
print("fast")
"""

GRADES = """import json, pathlib
marks = {s["student"]: (s["earned"], s["possible"]) for s in json.loads(pathlib.Path("marks/marks.json").read_text())["submissions"]}
assert marks["ada"] == (4.0, 4.0), marks
assert marks["bob"][0] < 4.0, marks
print("marks as they should be")
"""


@dataclass(frozen=True, slots=True)
class Check:
    """A command and what it must answer: its exit code, and text that it must print."""

    name: str
    words: tuple[str, ...]  # "gradcheck" and "python" are those of the environment
    prints: str = ""
    exits: int = 0
    seconds: int = 300
    folder: str = "."


def core(version: str) -> tuple[Check, ...]:
    """What holds without any extra."""
    point = '{"w": [0.5, -0.2], "x": [1.0, 2.0]}'
    return (
        Check("version", ("gradcheck", "--version"), version),
        Check("import", ("python", "-c", IMPORTS), "extras:\n"),
        Check("list", ("gradcheck", "list", "model.py"), "sine"),
        Check("run", ("gradcheck", "run", "model.py"), "2/2 as expected"),
        Check("explain", ("gradcheck", "explain", "model.py::sine"), "np.cos(z)"),
        Check("check: right", ("gradcheck", "check", "model:loss", "model:right", "--at", point), "right"),
        Check("check: wrong", ("gradcheck", "check", "model:loss", "model:wrong", "--at", point), "wrong", exits=1),
        Check("pytest plugin", ("python", "-m", "pytest", "-q", "project"), "2 passed"),
        Check("grade", ("gradcheck", "grade", "hw", "handed", "-o", "marks", "--fresh", "--no-html"), "sandbox"),
        Check("marks", ("python", "-c", GRADES), "marks as they should be"),
        Check(
            "what an extra is for", ("gradcheck", "graph", "model.py::sine", "-o", "sine.svg"), "pip install 'gradcheck[report]'", exits=2
        ),
    )


def extras() -> tuple[Check, ...]:
    """What the extra `all` brings."""
    return (
        Check("report", ("python", "-m", "pytest", "-q", "project", "--gradcheck-report", "report"), "2 passed"),
        Check("site", ("python", "-c", "print(len(open('report/html/index.html').read()) > 1000)"), "True"),
        Check("graph", ("gradcheck", "graph", "model.py::sine", "-o", "sine.svg")),
        Check("fast and dask", ("python", "-c", FAST), "fast"),
    )


CORE_TESTS = ("unit/test_case_decorator.py", "unit/test_check.py", "unit/test_trace.py", "unit/test_truth.py", "unit/test_imperative.py")
EXTRA_TESTS = ("unit/test_stretches.py", "unit/test_graph_drawing.py")


def suite(files: tuple[str, ...]) -> Check:
    """A part of the project's own tests, run on what is installed."""
    words = ("python", "-m", "pytest", "-q", "-m", "not slow", *(f"tests/{f}" for f in files))
    return Check("tests: " + ("core" if files == CORE_TESTS else "extras"), words, " passed", seconds=900, folder="suite")


def lay_out(folder: Path) -> None:
    """The files that the commands work on."""
    for name, text in {
        "model.py": MODEL,
        "project/test_model.py": TESTS,
        "project/conftest.py": "import pathlib, sys\n\nsys.path.insert(0, str(pathlib.Path(__file__).parent.parent))\n",
        "hw/assignment.toml": ASSIGNMENT,
        "hw/cases.py": MODEL,
        "handed/ada.py": HANDED_IN.format(rest=" * 2 * x"),
        "handed/bob.py": HANDED_IN.format(rest=""),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
