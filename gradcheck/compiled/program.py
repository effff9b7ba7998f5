"""Scalar programs: what the machine runs, and where its inputs and outputs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ZERO = 0  # the cell that holds 0.0, for places that nothing is written to


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Instructions (operation, result, three operands) over cells of one float64 each.

    `cells` holds the constants; `inputs` are the first cell and the shape of each argument; `outputs` the cells of
    each result, an array of cell numbers of its shape; `watched` the cells whose values decide whether the program
    still stands for the function.
    """

    code: NDArray[np.uint32]
    cells: NDArray[np.float64]
    inputs: tuple[tuple[int, tuple[int, ...]], ...]
    outputs: tuple[NDArray[np.int64], ...]
    watched: tuple[int, ...]

    def run(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs' values, then those that are watched."""
        from gradcheck.compiled.kernels import run

        cells = self.cells.copy()
        for (start, shape), value in zip(self.inputs, inputs, strict=True):
            cells[start : start + _size(shape)] = np.reshape(value, -1)
        run(self.code, cells)
        return (*(cells[where][()] for where in self.outputs), *(cells[k] for k in self.watched))

    def run_many(self, points: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs at many points at once: every argument, and every result, has the points along its first axis."""
        from gradcheck.compiled.kernels import run_many

        count = len(points[0])
        cells = np.repeat(self.cells[:, None], count, axis=1)
        for (start, shape), value in zip(self.inputs, points, strict=True):
            cells[start : start + _size(shape)] = np.reshape(value, (count, -1)).T
        run_many(self.code, cells)
        return tuple(np.moveaxis(cells[where], -1, 0) for where in self.outputs)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def available() -> bool:
    """Whether numba is installed, which the machine needs (the extra `fast`)."""
    from importlib.util import find_spec

    return find_spec("numba") is not None


def loaded() -> bool:
    """Whether numba is imported already, so that using it costs little."""
    import sys

    return "numba" in sys.modules


def ready() -> bool:
    """Whether the machine is there: it is compiled by its first use, and kept beside the package or in the user's cache."""
    try:
        from gradcheck.compiled import kernels
    except (ImportError, RuntimeError):  # no numba for this Python; no folder to keep compiled code in
        return False
    return callable(kernels.run)
