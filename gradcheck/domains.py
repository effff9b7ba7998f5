"""Where a function's arguments live: real and integer domains, and data that is never differentiated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradcheck.errors import CaseError, DomainError

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy

__all__ = ["Data", "Domain", "Integer", "Real", "floating_positions"]

Shape = tuple[int, ...]


def _shape(shape: int | Shape) -> Shape:
    sizes = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    if any(not isinstance(n, int) or n < 0 for n in sizes):
        raise CaseError(f"shape {shape!r}: expected a whole number or a tuple of whole numbers, none negative")
    return sizes


def _ordered(low: float, high: float) -> None:
    if not low < high:
        raise CaseError(f"low={low!r}, high={high!r}: expected low < high")


@dataclass(frozen=True, slots=True, init=False)
class Real:
    """Floating-point numbers strictly between `low` and `high`, in an array of `shape` (default: a scalar).

    Points are drawn uniformly from a finite domain, at a logarithmic distance from a single finite
    bound, and from a standard normal where there is no bound.
    """

    shape: Shape
    low: float
    high: float

    def __init__(self, shape: int | Shape = (), *, low: float = float("-inf"), high: float = float("inf")) -> None:
        object.__setattr__(self, "shape", _shape(shape))
        object.__setattr__(self, "low", float(low))
        object.__setattr__(self, "high", float(high))
        _ordered(self.low, self.high)

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw one array (a scalar for shape ()), always inside the domain."""
        import numpy as np

        inner = np.nextafter(self.low, np.inf), np.nextafter(self.high, -np.inf)  # a draw may round to a bound far from 0
        return np.clip(self._drawn(rng), *inner)[()]

    def strategy(self, dtype: Any = None) -> SearchStrategy[Any]:
        """A Hypothesis strategy of what the domain holds, in float64 unless a `dtype` is given: always inside, shrinking to simple values.

        Ordinary values for the most part, and the places where bugs live: 0, ones and halves, next to the bounds, tails, tiny numbers, equal
        entries. Raises DomainError where no float of the dtype lies in the domain.
        """
        from gradcheck.strategies import reals

        return reals(self.shape, self.low, self.high, "float64" if dtype is None else dtype)

    def _drawn(self, rng: np.random.Generator) -> Any:
        import numpy as np

        lower, upper = np.isfinite(self.low), np.isfinite(self.high)
        if lower and upper:
            width = self.high - self.low
            return self.low + width * rng.uniform(1e-3, 1 - 1e-3, self.shape)
        step = np.exp(rng.standard_normal(self.shape))
        if lower:
            return self.low + step
        if upper:
            return self.high - step
        return rng.standard_normal(self.shape)

    def check(self, name: str, value: Any) -> None:
        """Raise DomainError unless `value` has the shape and lies strictly inside the bounds."""
        import numpy as np

        array = np.asarray(value)
        _check_shape(name, array.shape, self.shape)
        if array.dtype.kind not in "fiu":
            raise DomainError(f"argument {name}: got {array.dtype} values, expected real numbers")
        with np.errstate(over="ignore"):  # a bound may lie beyond the floats of a narrow dtype
            outside = ~((array > self.low) & (array < self.high))
        _check_inside(name, array, outside, f"{self.low:g} < {name} < {self.high:g}")


@dataclass(frozen=True, slots=True, init=False)
class Integer:
    """Whole numbers from `low` up to, not including, `high`; never differentiated."""

    shape: Shape
    low: int
    high: int

    def __init__(self, shape: int | Shape = (), *, low: int = 0, high: int = 10) -> None:
        object.__setattr__(self, "shape", _shape(shape))
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        _ordered(low, high)

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw one array of integers (a scalar for shape ())."""
        return rng.integers(self.low, self.high, self.shape)[()]

    def strategy(self) -> SearchStrategy[Any]:
        """A Hypothesis strategy of such arrays of int64 (NumPy scalars for shape ())."""
        from gradcheck.strategies import integers

        return integers(self.shape, self.low, self.high)

    def check(self, name: str, value: Any) -> None:
        """Raise DomainError unless `value` holds whole numbers of the shape, inside the bounds."""
        import numpy as np

        array = np.asarray(value)
        _check_shape(name, array.shape, self.shape)
        if array.dtype.kind not in "iu":
            raise DomainError(f"argument {name}: got {array.dtype} values, expected whole numbers")
        _check_inside(name, array, (array < self.low) | (array >= self.high), f"{self.low} <= {name} < {self.high}")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A fixed value that is not differentiated, whatever its type: labels, inputs, constants."""

    value: Any

    def sample(self, rng: np.random.Generator) -> Any:
        """The value itself."""
        return self.value

    def strategy(self) -> SearchStrategy[Any]:
        """A Hypothesis strategy that draws the value itself (a copy of an array)."""
        from gradcheck.strategies import fixed

        return fixed(self.value)

    def check(self, name: str, value: Any) -> None:
        """Any value is accepted: data is what the caller says it is."""


Domain = Real | Integer | Data


def _check_shape(name: str, got: Shape, expected: Shape) -> None:
    if got != expected:
        raise DomainError(f"argument {name}: got shape {got}, expected {expected}")


def _check_inside(name: str, array: Any, outside: Any, expected: str) -> None:
    import numpy as np

    if outside.any():
        first = tuple(int(i) for i in np.argwhere(outside)[0])
        place = f"{name}[{', '.join(map(str, first))}]" if first else name
        raise DomainError(f"argument {place} = {array[first]} lies outside its domain: expected {expected}")


def floating_positions(values: Sequence[Any]) -> tuple[int, ...]:
    """Positions of floats and float arrays, which can be differentiated; integers, booleans and objects are data."""
    return tuple(i for i, v in enumerate(values) if _is_floating(v))


def _is_floating(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return isinstance(value, float) if dtype is None else getattr(dtype, "kind", "") == "f"
