"""Products of matrices, whatever they are written as, as one call of np.matmul on views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import ArrayType


@dataclass(frozen=True, slots=True)
class Shaping:
    """A view of an array: its axes in another order, then another shape."""

    axes: tuple[int, ...] | None = None
    shape: tuple[int, ...] | None = None

    @property
    def plain(self) -> bool:
        """Whether it is the array as it is."""
        return self.axes is None and self.shape is None

    def of(self, array: Any) -> Any:
        """The view."""
        seen = array if self.axes is None else array.transpose(self.axes)
        return seen if self.shape is None else seen.reshape(self.shape)

    def source(self, name: str) -> str:
        """The view as source of Python."""
        seen = name if self.axes is None else f"{name}.transpose({self.axes})"
        return seen if self.shape is None else f"{seen}.reshape({self.shape})"


PLAIN = Shaping()


@dataclass(frozen=True, slots=True)
class Lowered:
    """A function of NumPy that takes `out`, with how its operands and its result are seen."""

    function: str
    operands: tuple[Shaping, ...]
    result: Shaping = PLAIN


def lower(name: str, operands: Sequence[ArrayType], params: Mapping[str, Any], result: ArrayType) -> Lowered | None:
    """The product as a call; None where another way is as good."""
    if any(t.dtype != result.dtype for t in operands) or result.size == 0 or any(t.size == 0 for t in operands):
        return None
    if name == "matmul" and not params:
        return Lowered("np.matmul", (PLAIN, PLAIN))
    if name == "dot" and not params and max(len(t.shape) for t in operands) <= 2 and min(len(t.shape) for t in operands) >= 1:
        return Lowered("np.matmul", (PLAIN, PLAIN))
    if name == "outer" and all(len(t.shape) == 1 for t in operands) and not params:
        return Lowered("np.multiply", (Shaping(shape=(*operands[0].shape, 1)), PLAIN))
    if name == "einsum" and len(operands) == 2:
        return _einsum(str(params.get("subscripts", "")), operands)
    return None


def _einsum(subscripts: str, operands: Sequence[ArrayType]) -> Lowered | None:
    """Two operands, every index once in each: batch indices, those summed over, and one of each operand's own."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    left, comma, right = inputs.partition(",")
    if not arrow or not comma or "." in subscripts or any(len(set(t)) < len(t) for t in (left, right, output)):
        return None
    batch = [i for i in output if i in left and i in right]
    summed = [i for i in left if i in right and i not in output]
    rows, columns = ([i for i in output if i in mine and i not in other] for mine, other in ((left, right), (right, left)))
    if len(rows) != 1 or len(columns) != 1 or len(summed) != 1 or set(left + right) != {*batch, *summed, *rows, *columns}:
        return None
    sizes: dict[str, set[int]] = {}
    for text, type in ((left, operands[0]), (right, operands[1])):
        for i, n in zip(text, type.shape, strict=True):
            sizes.setdefault(i, set()).add(n)
    if any(len(n) > 1 for n in sizes.values()):
        return None
    product = [*batch, *rows, *columns]
    return Lowered(
        "np.matmul",
        (_order(left, [*batch, *rows, *summed]), _order(right, [*batch, *summed, *columns])),
        _order(output, product),
    )


def _order(have: str, want: list[str]) -> Shaping:
    axes = tuple(have.index(i) for i in want)
    return PLAIN if axes == tuple(np.arange(len(axes))) else Shaping(axes=axes)
