"""A small project that the plugin's tests run pytest on, in this process or in one of its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages

import pytest

import gradcheck
from gradcheck import Real, case, check, compare


@pytest.fixture(autouse=True, scope="session")
def everything_loaded():
    """pytester unloads what an inner run loads: NumPy does not survive that, and loading it all again takes seconds."""
    for found in walk_packages(gradcheck.__path__, "gradcheck."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
    import hypothesis.extra.numpy

    with suppress(ImportError):
        import numba

        numba.njit(lambda x: x + 1.0)(1.0)

    with suppress(ImportError):
        import altair
        import vl_convert  # can be loaded once in a process

        assert altair
        assert vl_convert

    str(check(lambda x: abs(x) ** 3, lambda x: x, at=(1.5,), search=True))
    compare(case(x=Real(2))(lambda x: (x * x).sum()))
    assert hypothesis.extra.numpy


MODEL = '''
import numpy as np

X = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])
y = np.array([0.5, -1.0, 2.0])


def loss(w, b):
    z = X @ w + b
    h = np.tanh(z)
    return np.mean((h - y) ** 2)


def gradient(w, b):
    h = np.tanh(X @ w + b)
    d = 2 * (h - y) / len(y) * (1 - h**2)
    return X.T @ d, d.sum()


def forgets(w, b):
    """The tanh is not differentiated on the way to w."""
    h = np.tanh(X @ w + b)
    d = 2 * (h - y) / len(y)
    return X.T @ d, (d * (1 - h**2)).sum()


AT = (np.array([0.5, -0.25]), 0.125)
'''

CASES = """
import numpy as np

from gradcheck import Real, case


@case(x=Real(3))
def squares(x):
    return np.sum(x**2)


@squares.claimed_gradient
def doubled(x):
    return 2 * x


@squares.claimed_gradient(expect="wrong")
def forgotten(x):
    return 1 * x


@case(x=1.0)
def sine(x):
    return np.sin(x)
"""

TESTS = """
from model import AT, forgets, gradient, loss


def test_right(gradcheck):
    gradcheck(loss, grad=gradient, at=AT)


def test_wrong(gradcheck):
    gradcheck(loss, grad=forgets, at=AT)


def test_nothing():
    pass
"""


class Project:
    """Files, and pytest run on them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def write(self, **files: str) -> None:
        """Python files by name, `__` for a folder; `ini` is pytest.ini, `pyproject` pyproject.toml."""
        for name, text in files.items():
            special = {"ini": "pytest.ini", "pyproject": "pyproject.toml"}
            path = self.pytester.path / special.get(name, f"{name.replace('__', '/')}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, *arguments: str) -> pytest.RunResult:
        """In this process: quick, and what it imports stays."""
        return self.pytester.runpytest_inprocess("-p", "no:randomly", *arguments)

    def apart(self, *arguments: str) -> pytest.RunResult:
        """In a process of its own."""
        return self.pytester.runpytest_subprocess("-p", "no:randomly", *arguments)


@pytest.fixture
def project(pytester, monkeypatch):
    """A model with a right and a wrong gradient, and two cases."""
    monkeypatch.delitem(sys.modules, "model", raising=False)  # another test's
    made = Project(pytester)
    made.write(model=MODEL, cases__mine=CASES, ini="[pytest]\ntestpaths = tests\npythonpath = .\ngradcheck_cases = cases\n")
    (pytester.path / "tests").mkdir()
    return made


@pytest.fixture
def standard_project(project):
    """The same with tests of them."""
    project.write(tests__test_model=TESTS)
    return project
