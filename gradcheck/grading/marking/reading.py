"""What an answer holds, part by part: raw numbers of the right shape, or what is there instead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.grading.answers import Foreign
from gradcheck.grading.marking.hops import VALUE
from gradcheck.grading.marking.points import Prepared, Spot
from gradcheck.grading.results import Result
from gradcheck.rendering.text import one_line
from gradcheck.verdicts.claim import parts_of


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a part is no answer: "wrong value" for what is no array of real numbers, "wrong shape", "non-finite"."""

    result: Result
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The parts of one answer by name (arguments "W", hops "dz", "value"): arrays of real numbers, or misfits."""

    parts: Mapping[str, Any] = field(default_factory=dict)

    def misfit(self, name: str) -> Misfit | None:
        """Why a part is no answer, if it is none."""
        found = self.parts.get(name)
        return found if isinstance(found, Misfit) else None

    def fitting(self) -> dict[str, Any]:
        """The parts that are arrays of numbers of the right shape."""
        return {n: p for n, p in self.parts.items() if not isinstance(p, Misfit)}


def read_answer(value: Any, prepared: Prepared, spot: Spot) -> Reading:
    """The parts of what a student's function returned at a spot."""
    wanted = expected_parts(prepared, spot)
    arguments = list(prepared.names)
    if prepared.question.asks in ("intermediates", "backward"):
        if not isinstance(value, Mapping):
            return _all(wanted, f"{_told(value)} was returned, expected a dict with the keys {_listed(keys_of(prepared))}")
        found: Any = {name: _named(value, name, arguments) for name in wanted}
    else:
        if value is None:
            return _all(wanted, "None was returned: is the `return` missing?")
        if len(arguments) == 1 and (rows := _stacked(value)) is not None and rows.shape == np.shape(wanted[arguments[0]]):
            value = rows
        parts = parts_of(value, arguments)
        if isinstance(parts, str):
            return _all(wanted, parts)
        found = dict(zip(arguments, parts, strict=True))
    return Reading({name: _part(_label(name, arguments), found[name], np.asarray(wanted[name])) for name in wanted})


def expected_parts(prepared: Prepared, spot: Spot) -> dict[str, Any]:
    """What each part should look like: an array of the right shape by name."""
    wanted = dict(zip(prepared.names, spot.problem.inputs, strict=True))
    wanted |= {f"d{name}": spot.hops.by_name[name].truth for name in prepared.hops}
    return wanted | ({VALUE: spot.hops.by_name[VALUE].truth} if prepared.question.asks == "backward" else {})


def keys_of(prepared: Prepared) -> list[str]:
    """The keys of the dict that is asked for."""
    value = [VALUE] if prepared.question.asks == "backward" else []
    return [*value, *prepared.names, *(f"d{name}" for name in prepared.hops)]


def _named(given: Mapping[Any, Any], name: str, arguments: list[str]) -> Any:
    """A part by its key; an argument's gradient may be called W or dW."""
    if name in given:
        return given[name]
    if name in arguments and f"d{name}" in given:
        return given[f"d{name}"]
    return Misfit("wrong value", f"the dict has no key {name!r}")


def _label(name: str, arguments: list[str]) -> str:
    return f"the gradient for {name}" if name in arguments else name


def _all(wanted: Mapping[str, Any], message: str) -> Reading:
    return Reading(dict.fromkeys(wanted, Misfit("wrong value", message)))


def _part(label: str, part: Any, meant: Any) -> Any:
    """An array of real numbers of the right shape, or why it is none.

    Verdicts excuse the rounding of the type that holds the numbers; three digits show nothing, so half floats are held to the precision they were asked in.
    """
    shape = meant.shape
    if isinstance(part, Misfit):
        return part
    if (stacked := _stacked(part)) is not None:
        part = stacked
    if part is None:
        return Misfit("wrong value", f"{label} is None, expected an array of shape {shape}")
    if not isinstance(part, np.ndarray | np.generic | float | int) or isinstance(part, bool):
        return Misfit("wrong value", f"{label} is {_told(part)}, expected {_meant(shape)}")
    array = np.asarray(part)
    if array.dtype.kind not in "fiu":
        kind = {"c": "complex numbers", "b": "True and False"}.get(array.dtype.kind, str(array.dtype))
        return Misfit("wrong value", f"{label} holds {kind}, expected real numbers")
    if array.shape != shape:
        return Misfit("wrong shape", f"{label} has shape {array.shape}, expected {shape}")
    return array.astype(float)[()] if array.dtype == np.float16 and meant.dtype != np.float16 else part


def _meant(shape: tuple[int, ...]) -> str:
    return f"an array of numbers of shape {shape}" if shape else "a number"


def _stacked(values: Any) -> Any:
    """A list of numbers, or of rows that are alike, as an array; None for everything else."""
    if (
        not isinstance(values, list | tuple)
        or not values
        or not all(_is_numeric(v) for v in values)
        or len({np.shape(v) for v in values}) > 1
    ):
        return None
    found = np.array(values)
    return found if found.dtype.kind in "fiu" else _floats(values)  # whole numbers may be longer than any of NumPy's


def _is_numeric(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiu"
    return isinstance(value, float | int) and not isinstance(value, bool)


def _floats(values: Any) -> Any:
    """Plain numbers as an array; integers beyond all floats as infinities."""
    try:
        return np.array(values, dtype=float)
    except OverflowError:
        return np.array([_float(v) for v in values])


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _told(value: Any) -> str:
    if isinstance(value, Foreign):
        return one_line(f"{_article(value.type)} {value.type}", 80)
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return {"list": "a list", "tuple": "a tuple", "dict": "a dict", "NoneType": "None"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"


def _listed(names: list[str]) -> str:
    return ", ".join(repr(n) for n in names)
