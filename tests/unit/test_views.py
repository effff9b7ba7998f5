"""Every function whose result looks at its argument's numbers does so traced as well, and no other does."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.circuit import inplace
from gradcheck.circuit.traced import TracedArray
from gradcheck.primitives import _FOLLOWED as FOLLOWED

FUNCTIONS = sorted(
    {f for f in (*FOLLOWED, *inplace.BY_ELEMENT) if str(getattr(f, "__module__", "")).startswith("numpy")},
    key=lambda f: f"{f.__module__}.{f.__name__}",
)
SHAPES = [(4,), (2, 2), (2, 3), (2, 2, 2), (1, 3, 1), ()]
MORE = [(), (0,), (1,), (-1,), (2,), (0, 1), (1, 0), ((1, 0),), ((-1,),), ((2, 3),), (1, 2), ([1],), (2, -1), ("b",)]


def results(found):
    return list(found) if isinstance(found, tuple | list) else [found]


def laid_out(array, layout):
    return {"C": lambda: array * 1.0, "T": lambda: (array * 1.0).T, "flipped": lambda: (array * 1.0)[::-1] if array.ndim else array * 1.0}[
        layout
    ]()


def looks(function, shape, layout, more):
    """Which results look at the argument: by NumPy, and traced; None where NumPy, or the trace, has no result."""
    x = np.cos(1.0 + np.arange(float(np.prod(shape, dtype=int)))).reshape(shape)
    plain = laid_out(x, layout)
    try:
        with np.errstate(all="ignore"):
            expected = [isinstance(r, np.ndarray) and np.shares_memory(r, plain) for r in results(function(plain, *more))]
    except Exception:
        return None
    seen = []

    def traced(x):
        argument = laid_out(x, layout)
        for r in results(function(argument, *more)):
            if not isinstance(r, TracedArray) or not isinstance(r.value, np.ndarray) or not r.size:
                seen.append(False)
                continue
            seen.append(r is argument or (r.memory is not None and _memory(r) is _memory(argument)))
        return 0.0

    try:
        trace(traced, x)
    except Exception:
        return None
    return expected, seen


def _memory(array):
    held = array.memory
    return getattr(held, "memory", held)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", [pytest.param(f, id=f"{f.__module__}.{f.__name__}") for f in FUNCTIONS])
def test_results_look_at_their_argument_as_numpys_do(function) -> None:
    if isinstance(function, np.ufunc):
        return
    wrong = []
    for shape in SHAPES:
        for layout in ("C", "T", "flipped"):
            for more in MORE:
                found = looks(function, shape, layout, more)
                if found is not None and found[0] != found[1]:
                    wrong.append((shape, layout, more, *found))
    assert wrong == []


METHODS = [
    "ravel",
    "flatten",
    "copy",
    "conj",
    "squeeze",
    "transpose",
    "swapaxes",
    "diagonal",
    "reshape",
    "astype",
    "repeat",
    "take",
    "clip",
    "round",
]


@pytest.mark.parametrize("name", METHODS)
def test_results_of_methods_look_at_the_array_as_numpys_do(name) -> None:
    def method(x, *more):
        return getattr(x, name)(*more)

    found = [
        looks(method, shape, layout, more) for shape in SHAPES for layout in ("C", "T", "flipped") for more in (*MORE, (float,), (-1, 2))
    ]
    assert sum(f is not None for f in found) >= 9
    assert [f for f in found if f is not None and f[0] != f[1]] == []


@pytest.mark.parametrize("name", ["T", "mT", "real"])
def test_attributes_look_at_the_array(name) -> None:
    for shape in SHAPES[1:4]:
        assert looks(lambda x: getattr(x, name), shape, "C", ()) == ([True], [True])


def test_a_copy_that_is_none_is_seen(monkeypatch) -> None:
    monkeypatch.setattr(TracedArray, "ravel", lambda self, order="C": np.reshape(self, (-1,)))
    assert looks(np.ravel, (2, 2), "flipped", ()) == ([False], [True]) or looks(lambda x: np.flip(x).ravel(), (2, 2), "C", ()) == (
        [False],
        [True],
    )
