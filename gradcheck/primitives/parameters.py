"""Functions of one variable with parameters that are data: orders, shapes, exponents. One record for each value of the parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.primitives.record import shape_of

MANY = 256  # different parameter values in one call


def of_parameters(record: Callable[..., Any], *names: str, whole: bool = False, last: bool = True) -> Callable[..., Any]:
    """The record called as SciPy's function is, with the parameters before the variable (`last=False`: after it).

    Raises TypeError for parameters that are traced: the record has no derivative in them. Arrays of parameters are followed value by value.
    """

    def adapter(*given: Any) -> Any:
        if len(given) != len(names) + 1:
            raise TypeError(f"{_name(record)} takes {' and '.join(names)} and one variable here")
        *parameters, x = given if last else (*given[1:], given[0])
        if any(getattr(p, "recorder", None) is not None for p in parameters):
            raise TypeError(
                f"the derivative of {_name(record)} in {' and '.join(names)} has no closed form: make them data, not arguments to differentiate"
            )
        return each_parameter(record, x, {n: np.asarray(p) for n, p in zip(names, parameters, strict=True)}, whole)

    return adapter


def each_parameter(record: Callable[..., Any], x: Any, parameters: dict[str, Any], whole: bool) -> Any:
    """The record of `x` at fixed parameters; for arrays of parameters, once for every different value, put together again."""
    if whole and any(np.any(p != np.floor(p)) or np.any(p < 0) for p in parameters.values()):
        raise TypeError(f"{_name(record)} of an order that is no whole number of at least 0 is not followed")
    kind: Any = int if whole else float
    if all(p.ndim == 0 for p in parameters.values()):
        return record(x, **{n: kind(p) for n, p in parameters.items()})
    shape = np.broadcast_shapes(shape_of(x), *(p.shape for p in parameters.values()))
    rows = np.stack([np.broadcast_to(p, shape).ravel() for p in parameters.values()])
    different, which = np.unique(rows, axis=1, return_inverse=True)
    if different.shape[1] > MANY:
        raise TypeError(f"{_name(record)} of {different.shape[1]} different parameters in one call is not followed: up to {MANY} are")
    flat = np.reshape(np.broadcast_to(x, shape), (-1,))
    places = [np.flatnonzero(which.ravel() == k) for k in range(different.shape[1])]
    parts = [record(flat[i], **{n: kind(p) for n, p in zip(parameters, different[:, k], strict=True)}) for k, i in enumerate(places)]
    back = np.argsort(np.concatenate(places), kind="stable")
    return np.reshape(np.concatenate(parts)[back], shape)


def _name(record: Callable[..., Any]) -> str:
    return getattr(record, "name", getattr(record, "__name__", "the function").strip("_"))
