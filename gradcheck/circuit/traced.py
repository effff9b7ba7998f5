"""An array that writes down what is done to it.

`TracedArray` answers NumPy's protocols, so a plain NumPy function needs no special import. It carries the concrete
value along: branches follow it, and shapes and dtypes are NumPy's own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, ref

import numpy as np

from gradcheck.circuit import advice
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, find, is_followed_through
from gradcheck.primitives.composed import accumulated, outer_of

if TYPE_CHECKING:
    from gradcheck.circuit.trace import Tracer

_REDUCE = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
    np.logaddexp: BY_NAME["logsumexp"],
}
_ARITHMETIC = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}
_STEP_BY_STEP = (np.maximum, np.minimum, np.logaddexp, np.logaddexp2, np.hypot)
_ACCUMULATE = {np.add: np.cumsum, np.multiply: np.cumprod}


class TracedArray:
    """A value of the circuit being written: `index` in it, and the concrete `value` at the traced point."""

    __slots__ = ("__weakref__", "fixed", "index", "recorder", "value", "views")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Tracer, index: int, value: Any, fixed: bool = False) -> None:
        self.recorder, self.index, self.value, self.fixed = recorder, index, value, fixed
        self.views: list[ReferenceType[TracedArray]] | None = None

    # what can be asked without an operation
    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        return int(np.size(self.value))

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.asarray(self.value).dtype

    @property
    def T(self) -> Any:
        return np.transpose(self)  # type: ignore[call-overload]

    @property
    def mT(self) -> Any:
        return np.swapaxes(self, -1, -2)  # type: ignore[call-overload]

    @property
    def real(self) -> TracedArray:
        self.recorder.builder.complex_values = True  # a complex step would end here
        return self

    @property
    def imag(self) -> Any:
        self.recorder.builder.complex_values = True
        return np.zeros(self.shape, self.dtype)[()]

    def conj(self) -> TracedArray:
        self.recorder.builder.complex_values = True
        return self.copy()

    def conjugate(self) -> TracedArray:
        return self.conj()

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"<traced {self.value!r}>"

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    # NumPy's protocols
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        record = _RECORDS.get(ufunc)
        if record is not None and not options and method == "__call__" and _is_number(inputs):
            value = ufunc(*(x.value for x in inputs))
            if type(value) is np.float64:
                return self.recorder.record_scalar(OPCODE[record], tuple(x.index for x in inputs), value)
        out = options.pop("out", None)
        if out is not None and not (len(out) == 1 and isinstance(out[0], TracedArray)):
            raise TraceError(self.recorder.here(advice.OUT))
        function = _ufunc_method(ufunc, method)
        if function is None or (method == "__call__" and options):
            raise TraceError(self.recorder.here(advice.unknown(f"np.{ufunc.__name__}", method, options)))
        result = self.recorder.call(function, inputs, options, ufunc.__name__)
        return out[0].becomes(result) if out is not None else result

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if is_followed_through(function):
            return function(*map(concrete, args), **options)
        known = find(function)
        if known is None:
            raise TraceError(self.recorder.here(advice.unknown(advice.called(function), "__call__", {})))
        return self.recorder.call(known, args, options, function.__name__)

    # decisions on values are followed and remembered
    def __bool__(self) -> bool:
        return bool(self.recorder.decide(self, bool))

    def __index__(self) -> int:
        if self.dtype.kind not in "iub":
            raise TraceError(self.recorder.here(advice.INDEX))
        return int(self.recorder.decide(self, int))

    def __int__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        raise TraceError(self.recorder.here(advice.FLOAT))

    def __complex__(self) -> complex:
        raise TraceError(self.recorder.here(advice.FLOAT))

    def item(self, *index: Any) -> Any:
        raise TraceError(self.recorder.here(advice.ITEM))

    def tolist(self) -> Any:
        raise TraceError(self.recorder.here(advice.ITEM))

    # indexing
    def __getitem__(self, index: Any) -> Any:
        return self.recorder.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TraceError(self.recorder.here(advice.SETITEM))

    def becomes(self, other: Any) -> TracedArray:
        """Change in place, as `x += 1` does to an array: every name bound to it sees the change.

        Refused where views are in use: they share the array's memory, which a circuit cannot.
        """
        if self.fixed or any(view() is not None for view in self.views or ()):
            raise TraceError(self.recorder.here(advice.INPLACE))
        if other.shape != self.shape:
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} doesn't match the broadcast shape {other.shape}")
        other = other.astype(self.dtype)
        self.index, self.value = other.index, other.value
        return self

    def has_view(self, view: TracedArray) -> TracedArray:
        """Remember that `view` shares this array's memory; returns the view."""
        view.fixed = True
        self.views = self.views or []
        self.views.append(ref(view))
        return view

    # methods of arrays
    def sum(self, axis: Any = None, **options: Any) -> Any:
        return np.sum(self, axis=axis, **options)  # type: ignore[call-overload]

    def mean(self, axis: Any = None, **options: Any) -> Any:
        return np.mean(self, axis=axis, **options)  # type: ignore[call-overload]

    def prod(self, axis: Any = None, **options: Any) -> Any:
        return np.prod(self, axis=axis, **options)  # type: ignore[call-overload]

    def max(self, axis: Any = None, **options: Any) -> Any:
        return np.max(self, axis=axis, **options)  # type: ignore[call-overload]

    def min(self, axis: Any = None, **options: Any) -> Any:
        return np.min(self, axis=axis, **options)  # type: ignore[call-overload]

    def var(self, axis: Any = None, **options: Any) -> Any:
        return np.var(self, axis=axis, **options)  # type: ignore[call-overload]

    def std(self, axis: Any = None, **options: Any) -> Any:
        return np.std(self, axis=axis, **options)  # type: ignore[call-overload]

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)  # type: ignore[call-overload]

    def astype(self, dtype: Any, **options: Any) -> Any:
        wanted = np.dtype(dtype)
        if wanted.kind == "c":
            return self.recorder.pair(self, 0.0).astype(wanted)
        return self.copy() if wanted == self.dtype else BY_NAME["astype"](self, dtype=wanted.name)

    def copy(self, order: str = "C") -> TracedArray:
        return TracedArray(self.recorder, self.index, self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __copy__(self) -> TracedArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> TracedArray:
        return self.copy()


def concrete(value: Any) -> Any:
    """The value behind a traced one."""
    return value.value if isinstance(value, TracedArray) else value


_RECORDS = {ufunc: record for record in TABLE for ufunc, adapter in record.calls.items() if adapter is None and record.evaluate is ufunc}


def _is_number(inputs: tuple[Any, ...]) -> bool:
    """Whether a function is called with one traced float64 scalar."""
    return len(inputs) == 1 and type(inputs[0].value) is np.float64


def _ufunc_method(ufunc: np.ufunc, method: str) -> Callable[..., Any] | None:
    if method == "__call__":
        return find(ufunc)
    if method == "outer" and find(ufunc) is not None:
        return outer_of(ufunc)
    if method == "reduce" and ufunc in _REDUCE:
        return lambda x, axis=0, **options: _REDUCE[ufunc](x, axis=axis, **options)  # type: ignore[operator]
    if method == "accumulate" and ufunc in _STEP_BY_STEP:
        return accumulated(ufunc)
    if method == "accumulate" and ufunc in _ACCUMULATE:
        return lambda x, axis=0, **options: _ACCUMULATE[ufunc](x, axis=axis, **options)  # type: ignore[operator]
    return None


def _give_operators() -> None:
    """Operators go straight to their record: NumPy's mixin takes four times as long."""
    two = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "matmul": "matmul",
        "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal",
        "and": "logical_and", "or": "logical_or", "mod": "remainder", "floordiv": "floor_divide",
    }  # fmt: skip
    for symbol, name in two.items():
        forward, backward = _binary(BY_NAME[name])
        setattr(TracedArray, f"__{symbol}__", forward)
        if symbol not in ("gt", "ge", "lt", "le", "eq", "ne"):
            setattr(TracedArray, f"__r{symbol}__", backward)
            setattr(TracedArray, f"__i{symbol}__", _in_place(forward))
    for symbol, name in {"neg": "negative", "abs": "absolute", "invert": "logical_not"}.items():
        setattr(TracedArray, f"__{symbol}__", _unary(BY_NAME[name]))
    setattr(TracedArray, "__pos__", lambda self: self.copy())  # noqa: B010  beside its kin


def _binary(record: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator and its reflection; arithmetic on float64 scalars, of which there may be millions, is written down at once."""
    opcode, arithmetic = OPCODE[record], _ARITHMETIC.get(record.name)

    def forward(self: TracedArray, other: Any) -> Any:
        recorder, a = self.recorder, self.value
        if type(a) is np.float64 and arithmetic is not None:
            if type(other) is TracedArray:
                b = other.value
                if type(b) is np.float64 and other.recorder is recorder:
                    return recorder.record_scalar(opcode, (self.index, other.index), arithmetic(a, b))
            elif type(other) is float:
                return recorder.record_scalar(opcode, (self.index, recorder.number(other)), arithmetic(a, other))
        return recorder.record(record, (self, other), None)

    def backward(self: TracedArray, other: Any) -> Any:
        recorder, a = self.recorder, self.value
        if type(a) is np.float64 and arithmetic is not None and type(other) is float:
            return recorder.record_scalar(opcode, (recorder.number(other), self.index), arithmetic(other, a))
        return recorder.record(record, (other, self), None)

    return forward, backward


def _unary(record: Any) -> Callable[..., Any]:
    return lambda self: self.recorder.record(record, (self,), None)


def _in_place(forward: Callable[..., Any]) -> Callable[..., Any]:
    def operator_in_place(self: TracedArray, other: Any) -> Any:
        result = forward(self, other)
        return self.becomes(result) if self.ndim else result  # NumPy scalars are immutable: the name is rebound

    return operator_in_place


def _give_methods() -> None:
    """Methods that NumPy's functions and object arrays call on an element: x.sqrt() for np.sqrt, x.dot(y), x.clip(...)."""
    for name in (
        "ravel",
        "squeeze",
        "dot",
        "clip",
        "cumsum",
        "cumprod",
        "trace",
        "swapaxes",
        "argmax",
        "argmin",
        "take",
        "any",
        "all",
        "repeat",
        "diagonal",
        "argsort",
    ):
        setattr(TracedArray, name, _method(getattr(np, name)))
    TracedArray.compress = lambda self, condition, axis=None: np.compress(condition, self, axis=axis)  # type: ignore[attr-defined]
    TracedArray.flatten = lambda self: np.ravel(self).copy()  # type: ignore[attr-defined]
    for record in TABLE:
        for function in record.calls if record.elementwise else ():
            if isinstance(function, np.ufunc) and not hasattr(TracedArray, function.__name__):
                setattr(TracedArray, function.__name__, _method(function))


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, *args, **options: function(self, *args, **options)


def _refuse(symbol: str) -> Callable[..., Any]:
    def refused(self: TracedArray, *others: Any) -> Any:
        raise TraceError(self.recorder.here(advice.unknown(f"the operator {symbol}", "__call__", {})))

    return refused


_give_operators()
_give_methods()
for _name, _symbol in {"divmod": "divmod", "round": "round", "xor": "^"}.items():
    setattr(TracedArray, f"__{_name}__", _refuse(_symbol))
    setattr(TracedArray, f"__r{_name}__", _refuse(_symbol))
