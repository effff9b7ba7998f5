"""An array that writes down what is done to it.

`TracedArray` answers NumPy's protocols, so a plain NumPy function needs no special import. It carries the concrete
value along: branches follow it, and shapes and dtypes are NumPy's own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.circuit import advice, ufuncs
from gradcheck.circuit.inplace import BY_ELEMENT, CREATE, IN_PLACE, create, refuse_plain
from gradcheck.circuit.memory import WHOLE, as_array, blank, is_plain, resolve
from gradcheck.circuit.methods import give_methods
from gradcheck.circuit.setting import writable, write
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, find, is_followed_through

if TYPE_CHECKING:
    from gradcheck.circuit.trace import Tracer

_ARITHMETIC = {"add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv}


class TracedArray:
    """A value of the circuit being written: `index` in it, and the concrete `value` at the traced point.

    `memory` is what the array shares with its views, if anything. A write makes all that share it stale.
    """

    __slots__ = ("__weakref__", "index", "memory", "recorder", "value")
    current: type[TracedArray]
    stale: type[TracedArray]
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recorder: Tracer, index: int, value: Any, memory: Any = None) -> None:
        self.recorder, self.index, self.value, self.memory = recorder, index, value, memory

    # what can be asked without an operation
    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise TraceError(self.recorder.here(advice.SHAPE))

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
        return self  # as NumPy's method does; its function copies

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
        return ufuncs.apply(self.recorder, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function in CREATE:
            return create(self, function, args, options)
        if is_followed_through(function):
            return function(*map(concrete, args), **options)
        if function in IN_PLACE and not (args and isinstance(args[0], TracedArray)):
            raise refuse_plain(self.recorder, function)
        known = IN_PLACE.get(function) or BY_ELEMENT.get(function) or find(function)
        if known is not None and options.get("out") is not None:
            out = options.pop("out")
            if not isinstance(out, TracedArray):
                raise TraceError(self.recorder.here(advice.OUT))
            return out.becomes(self.recorder.call(known, args, options, function.__name__), "unsafe")
        if known is not None:
            return self.recorder.call(known, args, options, function.__name__)
        if not any(self.recorder.varies(a) for a in (*args, *options.values()) if isinstance(a, TracedArray)):
            return function(*map(concrete, args), **{k: concrete(v) for k, v in options.items()})
        raise TraceError(self.recorder.here(advice.unknown(advice.called(function), "__call__", {})))

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
        if not self.recorder.varies(self):
            return float(self.value)
        raise TraceError(self.recorder.here(advice.FLOAT))

    def __complex__(self) -> complex:
        raise TraceError(self.recorder.here(advice.FLOAT))

    # indexing
    def __getitem__(self, index: Any) -> Any:
        return self.recorder.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.setitem(self, index, value)

    def becomes(self, other: Any, casting: Any = "same_kind") -> TracedArray:
        """Change in place, as `x += 1` does to an array: every name and view of it sees the change."""
        writable(self)
        if other.shape != self.shape:
            raise ValueError(f"non-broadcastable output operand with shape {self.shape} doesn't match the broadcast shape {other.shape}")
        if not np.can_cast(other.dtype, self.dtype, casting):
            raise TypeError(f"Cannot cast output from {other.dtype!r} to {self.dtype!r} with casting rule '{casting}'")
        write(self, WHOLE, other)
        return self

    # methods of arrays
    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)  # type: ignore[call-overload]

    def astype(self, dtype: Any, **options: Any) -> Any:
        wanted = np.dtype(dtype)
        if wanted.kind == "c":
            return self.recorder.pair(self, 0.0).astype(wanted)
        if wanted == self.dtype:
            return self.copy() if options.get("copy", True) else self
        made = BY_NAME["astype"](self, dtype=wanted.name)
        return as_array(made) if isinstance(self.value, np.ndarray) else made

    def copy(self, order: Any = "C") -> TracedArray:
        if not isinstance(self.value, np.ndarray):
            return TracedArray(self.recorder, self.index, self.value)
        value = self.value.copy(order=order)
        return blank(self, value) if is_plain(self) else TracedArray(self.recorder, self.index, value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __copy__(self) -> TracedArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> TracedArray:
        return self.copy()


class StaleArray(TracedArray):
    """A traced array that was written into, or looks at one that was: it looks its value up when it is asked for it."""

    __slots__ = ()

    @property
    def index(self) -> int:
        return resolve(self)

    @index.setter
    def index(self, number: int) -> None:
        """Nothing to keep: the number is out of date."""


TracedArray.current, TracedArray.stale = TracedArray, StaleArray


def concrete(value: Any) -> Any:
    """The value behind a traced one."""
    return value.value if isinstance(value, TracedArray) else value


_RECORDS = {ufunc: record for record in TABLE for ufunc, adapter in record.calls.items() if adapter is None and record.evaluate is ufunc}


def _is_number(inputs: tuple[Any, ...]) -> bool:
    """Whether a function is called with one traced float64 scalar."""
    return len(inputs) == 1 and type(inputs[0].value) is np.float64


def _give_operators() -> None:
    """Operators go straight to their record: NumPy's mixin takes four times as long."""
    two = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power", "matmul": "matmul",
        "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal",
        "mod": "remainder", "floordiv": "floor_divide",
    }  # fmt: skip
    for symbol, name in two.items():
        forward, backward = _binary(BY_NAME[name])
        setattr(TracedArray, f"__{symbol}__", forward)
        if symbol not in ("gt", "ge", "lt", "le", "eq", "ne"):
            setattr(TracedArray, f"__r{symbol}__", backward)
            setattr(TracedArray, f"__i{symbol}__", _in_place(forward))
    for symbol, function in {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}.items():
        forward, backward = _by_function(function)
        setattr(TracedArray, f"__{symbol}__", forward)
        setattr(TracedArray, f"__r{symbol}__", backward)
        setattr(TracedArray, f"__i{symbol}__", _in_place(forward))
    for symbol, name in {"neg": "negative", "abs": "absolute"}.items():
        setattr(TracedArray, f"__{symbol}__", _unary(BY_NAME[name]))
    setattr(TracedArray, "__invert__", lambda self: np.invert(self))  # noqa: B010  beside its kin
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


def _by_function(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator that NumPy's function stands for: it looks at types first."""
    return lambda self, other: function(self, other), lambda self, other: function(other, self)


def _alone(array: Any) -> bool:
    """Whether nothing else looks at an array's numbers."""
    return type(array) is TracedArray and array.memory is None


def _alike(a: Any, b: Any) -> bool:
    return bool(type(b) is np.ndarray and a.shape == b.shape and a.dtype == b.dtype and a.strides == b.strides)


def _unary(record: Any) -> Callable[..., Any]:
    return lambda self: self.recorder.record(record, (self,), None)


def _in_place(forward: Callable[..., Any]) -> Callable[..., Any]:
    def operator_in_place(self: TracedArray, other: Any) -> Any:
        result = forward(self, other)
        if not isinstance(self.value, np.ndarray):
            return result  # NumPy scalars are immutable: the name is rebound
        if _alone(self) and _alone(result) and _alike(self.value, result.value):
            self.index, self.value = result.index, result.value  # nobody else looks at it
            return self
        return self.becomes(result)

    return operator_in_place


_give_operators()
give_methods(TracedArray)
