"""Lists of traced values as arrays, arrays without axes as numbers, and what depends on inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import Builder
from gradcheck.circuit.traced import TracedArray
from gradcheck.primitives import BY_NAME


def holds_traced(value: Any) -> bool:
    """Whether a list or an object array has traced values in it."""
    if isinstance(value, np.ndarray):
        return value.dtype == object and holds_traced(value.ravel().tolist())
    return isinstance(value, list | tuple) and any(isinstance(v, TracedArray) or holds_traced(v) for v in value)


def array_of(values: Sequence[Any]) -> Any:
    """A list as an array; traced vectors in it, however deep, are joined as np.array would join them."""
    if not holds_traced(values):
        return np.array(values)
    parts: list[Any] = [array_of(v) if isinstance(v, list | tuple) else v for v in values]
    if any(isinstance(p, TracedArray) and p.shape for p in parts):
        whole: list[Any] = [p if isinstance(p, TracedArray) else np.asarray(p) for p in parts]
        return np.stack(whole)
    objects = np.empty((len(parts), *np.shape(parts[0])), dtype=object)
    for k, part in enumerate(parts):
        objects[k] = part
    return objects


def of_one(array: TracedArray, index: tuple[Any, ...]) -> Any:
    """Indexing what has no axes: the number, the array itself, or it with new axes; compiled programs have plain floats there."""
    number = array.value[index]
    if not isinstance(number, np.ndarray):
        return TracedArray(array.recorder, array.index, number)
    if all(part is None or part is Ellipsis for part in index):
        return np.reshape(array, number.shape) if number.shape else array  # type: ignore[call-overload]
    return array.recorder.record(BY_NAME["getitem"], (np.reshape(array, (1,)),), {"index": (np.zeros(number.shape, dtype=int),)})  # type: ignore[call-overload]


def reaches_inputs(builder: Builder, numbers: list[int]) -> bool:
    """Whether any of some values depends on an input."""
    waiting, seen = list(numbers), set[int]()
    while waiting:
        k = waiting.pop()
        if k in builder.inputs:
            return True
        if k not in seen:
            seen.add(k)
            waiting += builder.operands[builder.starts[k] : builder.starts[k + 1]]
    return False
