"""Complex values in a trace: pairs of traced real arrays, so that the circuit stays real and no arithmetic has to learn of them.

A part that is 0 everywhere is kept as the plain number 0.0 and costs nothing: 1j * x has no real part, exp(1j * x) is cos x + i sin x.
Complex operations are written out in real ones, in forms that do not overflow early.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

import numpy as np

from gradcheck.circuit import advice
from gradcheck.circuit.forms import FORMS
from gradcheck.circuit.memory import FIXED
from gradcheck.circuit.pairs import ZERO, zero
from gradcheck.circuit.traced import TracedArray, concrete
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, Primitive, shape_of

if TYPE_CHECKING:
    from gradcheck.circuit.trace import Tracer


class TracedComplex(TracedArray):
    """A complex value of the circuit being written: `re` and `im` are traced real arrays, or 0.0 where a part vanishes."""

    __slots__ = ("fixed", "im", "re", "views")

    def __init__(self, recorder: Tracer, re: Any, im: Any) -> None:
        self.recorder, self.re, self.im, self.memory, self.fixed = recorder, re, im, None, False
        self.views: list[ReferenceType[TracedComplex]] = []

    @property
    def value(self) -> Any:
        """The concrete value at the traced point."""
        z = np.empty(self.shape, self.dtype)
        z.real, z.imag = concrete(self.re), concrete(self.im)
        return z[()]

    @property  # type: ignore[misc]
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.im if zero(self.re) else self.re)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=int))

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.result_type(concrete(self.re), concrete(self.im), np.complex64)

    @property
    def is_real(self) -> bool:
        """Whether the imaginary part is known to vanish."""
        return zero(self.im)

    @property
    def real(self) -> TracedArray:
        return self._part(self.re)

    @property
    def imag(self) -> TracedArray:
        return self._part(self.im)

    def _part(self, part: Any) -> TracedArray:
        """A part on its own; changing it in place would change the whole, which is refused."""
        part = self.recorder.lift(np.zeros(self.shape, part_type(self.dtype))) if zero(part) else part.copy()
        part.memory = FIXED
        return part  # type: ignore[no-any-return]

    def conj(self) -> TracedComplex:
        """The complex conjugate."""
        return paired(self.recorder, self.re, -self.im)

    def conjugate(self) -> TracedComplex:
        return self.conj()

    def copy(self, order: Any = "C") -> TracedComplex:
        return TracedComplex(self.recorder, self.re, self.im)

    def astype(self, dtype: Any, **options: Any) -> Any:
        wanted = np.dtype(dtype)
        if wanted.kind != "c":
            raise TraceError(self.recorder.here(advice.COMPLEX_CAST.format(wanted)))
        return paired(self.recorder, *(p if zero(p) else p.astype(part_type(wanted)) for p in (self.re, self.im)))

    def becomes(self, other: Any, casting: Any = "same_kind") -> TracedComplex:
        """Change in place, as `z *= 2` does; refused where views are in use, for pairs share no memory."""
        if self.fixed or any(view() is not None for view in self.views):
            raise TraceError(self.recorder.here(advice.COMPLEX_WRITE))
        if other.shape != self.shape:
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} doesn't match the broadcast shape {other.shape}")
        other = other.astype(self.dtype)
        self.re, self.im = other.re, other.im
        return self

    def has_view(self, view: TracedComplex) -> TracedComplex:
        """Remember that `view` shares this array's memory; returns the view."""
        view.fixed = True
        self.views.append(ref(view))
        return view

    def __array__(self, *args: Any, **options: Any) -> Any:
        raise TraceError(self.recorder.here(advice.COMPLEX_ARRAY))

    def __bool__(self) -> bool:
        return bool(self.recorder.record(BY_NAME["not_equal"], (self, 0), None))

    def __index__(self) -> int:
        raise TraceError(self.recorder.here(advice.INDEX))


def part_type(dtype: Any) -> Any:
    """The type of the parts of complex numbers of a type."""
    return np.empty((), dtype).real.dtype


def paired(tracer: Tracer, re: Any, im: Any, shape: tuple[int, ...] | None = None) -> TracedComplex:
    """A complex value of two parts, both brought to its shape and precision."""
    if shape is None:
        shape = shape_of(im if zero(re) else re)
    tracer.builder.complex_values = True
    if zero(re) and zero(im) and shape:
        re = np.zeros(shape)
    kind = np.result_type(concrete(re), concrete(im), np.float32)
    return TracedComplex(tracer, _fit(tracer, re, kind, shape), _fit(tracer, im, kind, shape))


def _fit(tracer: Tracer, part: Any, kind: Any, shape: tuple[int, ...]) -> Any:
    """A copy of a part: the caller may change what it gave in place."""
    if zero(part):
        return part
    part = tracer.lift(part)
    weak = isinstance(part.value, int | float) and not isinstance(part.value, np.generic)
    if part.dtype != kind and not (weak and shape == ()):
        part = part.astype(kind)
    return part.copy() if part.shape == shape else np.broadcast_to(part, shape)


def constant(tracer: Tracer, value: Any) -> TracedComplex:
    """A complex constant, taken apart."""
    parts = [np.array(p)[()] if np.shape(value) else type(p)(p) for p in (value.real, value.imag)]
    re, im = (float(np.ravel(p)[0]) if np.size(p) and not np.any(p) else p for p in parts)
    return paired(tracer, re, im, np.shape(value))


def record(tracer: Tracer, primitive: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
    """Write an operation on complex operands down, in real ones; TraceError where it has no complex form here."""
    form = FORMS.get(primitive.name)
    if form is None:
        name = next((f"np.{c.__name__}" for c in primitive.calls), primitive.name)
        raise TraceError(tracer.here(advice.COMPLEX.format(name)))
    operands = [tracer.lift(x) for x in inputs]
    pairs = [(z.re, z.im) if isinstance(z, TracedComplex) else (z, ZERO) for z in operands]
    result = form(primitive, pairs, params)
    if not isinstance(result, tuple):
        return result
    shape = np.broadcast_shapes(*(z.shape for z in operands)) if primitive.elementwise else None
    if shape is None and zero(result[0]) and zero(result[1]):
        shape = np.shape(primitive.evaluate(*(np.zeros(z.shape) for z in operands), **params))
    re, im = result
    return paired(tracer, re, im, shape)
