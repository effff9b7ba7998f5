"""Arrays of exact scalars: NumPy moves them about, the arithmetic computes with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.arithmetic.enclosures import Undecidable
from gradcheck.primitives import Exact, Primitive


def box(value: Any) -> Any:
    """A scalar object as a 0-d object array; arrays as they are."""
    if isinstance(value, np.ndarray):
        return value
    boxed = np.empty((), dtype=object)
    boxed[()] = value
    return boxed


class ObjectArithmetic(ABC):
    """Circuits over object arrays. A subclass says what a number is; it is also the namespace `m` of exact forms.

    `decides` where comparisons have an outcome. `unsettled` says which parts of a result were left undetermined (NaN), `jump` where an
    operation is not continuous.
    """

    decides = True
    unsettled = ""
    jump = ""

    @abstractmethod
    def number(self, value: Any) -> Any:
        """One float, integer or boolean as a scalar of this arithmetic."""

    def constant(self, value: Any) -> Any:
        """A constant of the circuit; an exact one is built from its form."""
        if isinstance(value, Exact):
            return value.form(self)
        if isinstance(value, np.ndarray) and value.ndim:
            return self.array(value)
        return self.number(value)

    def array(self, value: Any) -> Any:
        """An array of floats as an object array of scalars."""
        numbers = np.empty(value.shape, dtype=object)
        numbers.ravel()[:] = [self.number(v) for v in value.ravel()]  # both in C order: `numbers` is new and contiguous
        return numbers

    def apply(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """One operation: elementwise ones scalar by scalar, the others as NumPy on object arrays."""
        if primitive.elementwise:
            return self._each(primitive, inputs, params)
        boxed = [box(x) for x in inputs]
        if primitive.exact is not None:
            result = primitive.exact(self, *boxed, **params)
        else:
            result = primitive.evaluate(*boxed, **params)
        if isinstance(result, np.ndarray | np.generic) and result.ndim == 0:
            return (
                result.item() if result.dtype.kind in "iub" else np.asarray(result)[()]
            )  # NumPy's own integers take a series for a sequence
        return result

    def _each(self, primitive: Primitive, inputs: Sequence[Any], params: Mapping[str, Any]) -> Any:
        form = primitive.exact
        assert form is not None, primitive
        if not any(isinstance(x, np.ndarray) for x in inputs):
            return form(self, *inputs, **params)
        return np.frompyfunc(lambda *scalars: form(self, *scalars, **params), len(inputs), 1)(*map(box, inputs))

    # spectra: only of enclosures
    def eigenvalues(self, a: Any, largest: int | None = None) -> Any:
        """The largest eigenvalues of a symmetric matrix (None: all), ascending."""
        raise NotImplementedError("eigenvalues have no formula here")

    def eigenvectors(self, a: Any, like: Callable[[Any], Any], largest: int | None = None) -> Any:
        """Their eigenvectors as columns, of length 1, with the signs that floats get: `like(floats)`."""
        raise NotImplementedError("eigenvectors have no formula here")

    def spectrum(self, a: Any, like: Callable[[Any], Any]) -> Any:
        """Real eigenvalues of any matrix in the order floats get: `like(floats)` gives values and vectors."""
        raise NotImplementedError("eigenvalues have no formula here")

    def spectral_vectors(self, a: Any, like: Callable[[Any], Any]) -> Any:
        """Their eigenvectors likewise."""
        raise NotImplementedError("eigenvectors have no formula here")

    def divide(self, a: Any, b: Any) -> Any:
        """A quotient."""
        return a / b

    # decisions shared by every ordered arithmetic
    def logical_and(self, a: Any, b: Any) -> Any:
        """Both."""
        return bool(a) and bool(b)

    def logical_or(self, a: Any, b: Any) -> Any:
        """Either."""
        return bool(a) or bool(b)

    def logical_not(self, a: Any) -> Any:
        """Not."""
        return not a

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """One of two."""
        return a if condition else b

    def absolute(self, x: Any) -> Any:
        """x or -x."""
        return x if self.greater_equal(x, 0) else -x

    def greater_equal(self, a: Any, b: Any) -> Any:
        """Whether a >= b."""
        raise Undecidable("an arithmetic without order")

    def size(self, x: Any) -> float:
        """About how large a number is, to choose a pivot by; any order will do where there is none."""
        return float(x != 0)

    def rint(self, x: Any) -> Any:
        """The nearest whole number, the even one of two."""
        above = x + self.constant(0.5)
        whole = self.floor(above)
        between = self.equal(above, whole) and not self.equal(self.floor(self.divide(whole, 2)) * 2, whole)
        return whole - 1 if between else whole

    def floor(self, x: Any) -> Any:
        """The largest whole number not above x."""
        raise Undecidable("an arithmetic without order")

    def equal(self, a: Any, b: Any) -> Any:
        """Whether a and b are the same."""
        raise Undecidable("an arithmetic without order")

    def isnan(self, x: Any) -> bool:
        """Exact arithmetics hold numbers only."""
        return False

    def isfinite(self, x: Any) -> bool:
        """Exact arithmetics hold numbers only."""
        return True
