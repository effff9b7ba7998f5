"""Running a plain NumPy function once and writing down what it does."""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np
import scipy

from gradcheck.case import Case
from gradcheck.circuit import advice, complexes
from gradcheck.circuit.circuit import FLOAT64, Builder, Circuit, Place, remembering, type_of
from gradcheck.circuit.complexes import TracedComplex
from gradcheck.circuit.follow import followed, following_scipy
from gradcheck.circuit.gathering import array_of, holds_traced, of_one, reaches_inputs
from gradcheck.circuit.memory import FIXED, read, share
from gradcheck.circuit.naming import name_values
from gradcheck.circuit.setting import write
from gradcheck.circuit.traced import TracedArray
from gradcheck.circuit.trees import flat_function, holds_tree, take_apart
from gradcheck.domains import floating_positions
from gradcheck.errors import GradcheckError, TraceError
from gradcheck.primitives import BY_NAME, OPCODE, Primitive, plain
from gradcheck.primitives.structure import is_view

_HERE = __file__.rsplit("circuit", 1)[0]
_LIBRARIES = (_HERE, *(m.__file__.rsplit("__init__", 1)[0] for m in (np, scipy) if m.__file__))
_OBJECT_ERRORS = ("TracedArray", "not supported for the input types", "loop of ufunc does not support")  # in NumPy's messages
_NUMBERS = (TracedArray, np.ndarray, np.generic, int, float, complex, list, tuple)
_GETITEM = BY_NAME["getitem"]
_ELEMENTS_KEPT = 200_000  # elements of arrays that are known again when they are read again
_FRAMES_KEPT = 400  # frames whose local variables lend their names


class Tracer:
    """Writes a circuit while the function runs. `places=False` leaves source lines and names out."""

    def __init__(self, name: str, *, places: bool = True) -> None:
        self.builder = Builder(name)
        self.frames: dict[int, FrameType] = {}
        self.arrays: dict[int, tuple[Any, Any, int]] = {}
        self.complexes: dict[int, tuple[Any, TracedComplex]] = {}
        self._inside: dict[CodeType, bool] = {}
        self._places: dict[tuple[CodeType, int], int] = {}
        self._keep_places = places
        self._scalar_type = -1  # the number of the type of float64 scalars, once there is one
        self._numbers: dict[float, int] = {}
        self._elements: dict[tuple[int, int], TracedArray] = {}
        self._frame: FrameType | None = None  # the user's frame last met, and the lines its instructions stand on
        self._lines: dict[int, int] = {}

    def input(self, value: Any, name: str | None = None) -> TracedArray:
        """A traced argument."""
        if np.iscomplexobj(value):
            raise TraceError(f"{self.builder.name}: {advice.COMPLEX_INPUT}")
        return TracedArray(self, self.builder.input(type_of(value), name), value, FIXED)

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any] | None) -> Any:
        """Write one equation down and evaluate it."""
        operands, values = [], []
        for x in inputs:
            if type(x) is not TracedArray or x.recorder is not self:
                x = self.lift(x)
                if type(x) is TracedComplex:
                    return self._of_complex(primitive, inputs, params)
            operands.append(x.index)
            values.append(plain(x.value))
        value = primitive.on_floats(values, params or {})
        kind = FLOAT64 if value.__class__ is np.float64 else type_of(value)
        place = self._place(sys._getframe(1)) if self._keep_places else 0
        result = TracedArray(self, self.builder.append(OPCODE[primitive], tuple(operands), kind, params, place), value)
        if value.__class__ is np.ndarray and value.base is not None and isinstance(inputs[0], TracedArray):
            share(inputs[0], result, primitive, params)
        return result

    def record_scalar(self, opcode: int, operands: tuple[int, ...], value: Any) -> TracedArray:
        """Write one operation on float64 scalars down, its value known: `record` without what scalars do not need.

        Called by operators, two frames below the line that uses them.
        """
        builder = self.builder
        index = len(builder.opcodes)
        builder.opcodes.append(opcode)
        builder.operands.extend(operands)
        builder.starts.append(len(builder.operands))
        if self._scalar_type < 0:
            self._scalar_type = builder.type_id(FLOAT64)
        builder.types.append(self._scalar_type)
        frame = sys._getframe(2)
        place = self._lines.get(frame.f_lasti) if frame is self._frame else None
        builder.places.append(self._line(frame) if place is None else place)
        return TracedArray(self, index, value)

    def number(self, value: float) -> int:
        """The constant that a plain Python float is; zeros of either sign are told apart elsewhere."""
        known = self._numbers.get(value)
        if known is None:
            known = self.builder.constant(value)
            if value != 0.0:
                self._numbers[value] = known
        return known

    def _of_complex(self, primitive: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any] | None) -> Any:
        """The same for complex operands: several equations on their parts."""
        result = complexes.record(self, primitive, inputs, params or {})
        if result.shape and is_view(primitive, params) and isinstance(inputs[0], TracedComplex):
            return inputs[0].has_view(result)
        return result

    def pair(self, re: Any, im: Any) -> TracedComplex:
        """Two traced real arrays as one complex value."""
        return complexes.paired(self, re, im)

    def lift(self, value: Any) -> TracedArray:
        """A constant, or the traced values in a list or object array, gathered."""
        if isinstance(value, TracedArray):
            if value.recorder is not self:
                raise TraceError(self.here(advice.TWO_TRACES))
            return value
        if isinstance(value, np.ndarray):
            return self._lift_array(value) if value.ndim else self.lift(value[()])
        if isinstance(value, list | tuple):
            return self.lift(array_of(value))
        if isinstance(value, complex | np.complexfloating):
            return complexes.constant(self, value)
        return TracedArray(self, self.builder.constant(value), value)

    def _lift_array(self, value: Any) -> TracedArray:
        if value.dtype == object:
            return self.gather(value)
        if value.dtype.kind == "c":
            return self._lift_complex(value)
        known = self.arrays.get(id(value))
        if known is not None and np.array_equal(known[1], value):
            return TracedArray(self, known[2], known[1])
        copy = value.copy(order="K")  # the caller may change its array before the circuit is run again
        copy.flags.writeable = False
        index = self.builder.constant(copy)
        self.arrays[id(value)] = (value, copy, index)
        return TracedArray(self, index, copy)

    def _lift_complex(self, value: Any) -> TracedArray:
        known = self.complexes.get(id(value))
        if known is None or not np.array_equal(known[1].value, value):
            known = self.complexes[id(value)] = (value, complexes.constant(self, value))
        return known[1]

    def gather(self, objects: Any) -> TracedArray:
        """An object array holding traced scalars, such as np.array([a, b]), as one traced array."""
        elements = [self.lift(e) for e in objects.ravel()]
        if any(e.shape for e in elements):
            raise TraceError(self.here("an object array of traced arrays: join them with np.stack or np.concatenate"))
        gathered: Any = BY_NAME["stack"](*elements, axis=0)
        whole: TracedArray = np.reshape(gathered, objects.shape)  # type: ignore[assignment]
        whole.memory = None  # nobody else looks at it
        return whole

    def call(self, function: Callable[..., Any], inputs: Sequence[Any], options: Mapping[str, Any], name: str) -> Any:
        """Run a record or its adapter on what NumPy was called with."""
        try:
            return function(*map(self._gathered, inputs), **options)
        except GradcheckError:
            raise
        except TypeError as error:
            raise TraceError(self.here(f"np.{name}: {error}")) from error

    def _gathered(self, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == object:
            return self.gather(value)
        return value

    def getitem(self, array: TracedArray, index: Any) -> Any:
        """Record an index; traced whole numbers in it are followed as decisions. An element read again is the one read before."""
        alone = array.memory is None or array.memory is FIXED
        if alone and type(index) is int and type(array) is TracedArray:
            key = (array.index, index)
            known = self._elements.get(key)
            if known is None:
                known = self.record(_GETITEM, (array,), {"index": (index,)})
                if not known.shape and len(self._elements) < _ELEMENTS_KEPT:
                    self._elements[key] = known
            return known
        fixed = self.fixed_index(index)
        if not array.ndim and type(array) is not TracedComplex:
            return of_one(array, fixed)
        found = None if alone else read(array, fixed)
        return self.record(_GETITEM, (array,), {"index": fixed}) if found is None else found

    def setitem(self, array: TracedArray, index: Any, value: Any) -> None:
        """Note a write; what is written may be traced, plain, or a list of both."""
        if holds_traced(value):
            value = self.lift(value)
        if type(array) is TracedComplex or (type(value) is TracedComplex and array.dtype.kind != "c"):
            raise TraceError(self.here(advice.COMPLEX_WRITE))
        write(array, self.fixed_index(index), value)

    def fixed_index(self, index: Any) -> tuple[Any, ...]:
        """An index without traced parts: what they are is a decision."""
        return tuple(map(self._fixed_index, index if isinstance(index, tuple) else (index,)))

    def _fixed_index(self, part: Any) -> Any:
        if isinstance(part, TracedArray):
            if part.dtype.kind not in "iub":
                raise TraceError(self.here(advice.INDEX))
            return self.decide(part, np.asarray if part.shape else np.bool_ if part.dtype.kind == "b" else int)
        if isinstance(part, slice):
            return slice(*(None if p is None else int(p) for p in (part.start, part.stop, part.step)))
        if isinstance(part, list | np.ndarray):
            return np.array(part, dtype=None if np.size(part) or isinstance(part, np.ndarray) else int)  # x[[]] takes nothing
        return part

    def decide(self, traced: TracedArray, kind: Callable[[Any], Any]) -> Any:
        """Follow the concrete value and remember that the circuit holds only where it stays."""
        if kind is bool and traced.size != 1:
            raise TraceError(self.here(advice.BOOLEAN))
        if traced.dtype.kind == "f":
            traced = self.record(BY_NAME["not_equal"], (traced, 0), None)
        outcome = kind(traced.value)
        if isinstance(outcome, np.ndarray):
            outcome = outcome.copy()  # the array may be written into
        self.builder.guards.append((traced.index, outcome))
        return outcome

    def varies(self, traced: TracedArray) -> bool:
        """Whether a value depends on the inputs; asked before something is refused."""
        parts = (traced.re, traced.im) if isinstance(traced, TracedComplex) else (traced,)
        return reaches_inputs(self.builder, [p.index for p in parts if isinstance(p, TracedArray)])

    # where in the user's source
    def line(self) -> int:
        """The number of the user's line that is running."""
        return self._place(sys._getframe(1)) if self._keep_places else 0

    def _line(self, frame: FrameType) -> int:
        """The place of an instruction of a frame, kept where the frame is the user's own."""
        if not self._keep_places:
            return 0
        if self._is_inside(frame.f_code):
            return self._place(frame.f_back)
        if frame is not self._frame:
            self._frame, self._lines = frame, {}
        place = self._lines[frame.f_lasti] = self._place(frame)
        return place

    def _place(self, frame: FrameType | None) -> int:
        while frame is not None and self._is_inside(frame.f_code):
            frame = frame.f_back
        if frame is None:
            return 0
        if id(frame) not in self.frames and len(self.frames) < _FRAMES_KEPT:
            self.frames[id(frame)] = frame
        key = (frame.f_code, frame.f_lineno)
        place = self._places.get(key)
        if place is None:
            code = frame.f_code
            place = self._places[key] = self.builder.place_id(Place(code.co_filename, frame.f_lineno, code.co_name))
        return place

    def _is_inside(self, code: CodeType) -> bool:
        inside = self._inside.get(code)
        if inside is None:
            inside = self._inside[code] = code.co_filename.startswith(_LIBRARIES)
        return inside

    def here(self, what: str) -> str:
        """A message that starts with the user's line."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and self._is_inside(frame.f_code):
            frame = frame.f_back
        return what if frame is None else _with_line(what, frame.f_code.co_filename, frame.f_lineno)

    def at(self, error: BaseException, what: str) -> str:
        """A message that starts with the deepest line of the user's that an error passed."""
        passed = [(t.tb_frame.f_code, t.tb_lineno) for t in _tracebacks(error) if not self._is_inside(t.tb_frame.f_code)]
        return _with_line(what, passed[-1][0].co_filename, passed[-1][1]) if passed else what


def _with_line(what: str, file: str, line: int) -> str:
    text = linecache.getline(file, line).strip()
    return f"{file}:{line}: {what}" + (f" [{text}]" if text else "")  # one line: messages stand in tables and logs


def _tracebacks(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next


def trace(function: Callable[..., Any], *arguments: Any, argnums: Sequence[int] | None = None, **options: Any) -> Circuit:
    """Record a plain NumPy function at a point: the circuit that computes its value from its arguments.

    Float arguments become the circuit's inputs (`argnums` chooses others); integers, booleans and data are
    constants of it. Tuples, lists and dicts of arrays are taken apart into their leaves. Branches follow the values at this point and are kept as `guards`.

    Raises TraceError, naming the line and what to write instead, where the function leaves NumPy.
    """
    function = function.function if isinstance(function, Case) else function
    if holds_tree(arguments if argnums is None else [arguments[i] for i in argnums]):
        function, arguments, argnums = flattened(function, arguments, argnums)
    tracer = Tracer(getattr(function, "__name__", "f"))
    chosen = floating_positions(arguments) if argnums is None else tuple(argnums)
    names = argument_names(function, len(arguments))
    traced = {i: tracer.input(as_number(arguments[i]), names[i]) for i in chosen}  # the circuit's inputs in the order asked for
    given = [traced.get(i, a) for i, a in enumerate(arguments)]
    result = run(tracer, function, given, options)
    outputs = result if isinstance(result, tuple) else (result,)
    indices = tuple(_result(tracer, o).index for o in outputs)
    name_values(tracer.builder, tracer.frames.values(), tracer, indices)
    return remembering(tracer.builder.freeze(indices), [as_number(arguments[i]) for i in chosen])


def flattened(
    function: Callable[..., Any], arguments: tuple[Any, ...], argnums: Sequence[int] | None
) -> tuple[Callable[..., Any], tuple[Any, ...], tuple[int, ...]]:
    """The function of the leaves of its arguments, these leaves, and which of them are inputs."""
    layout, leaves, paths = take_apart(arguments, argument_names(function, len(arguments)), argnums)
    chosen = layout.leaves_of(range(len(arguments)) if argnums is None else argnums)
    return flat_function(function, layout, paths), tuple(leaves), chosen


def run(tracer: Tracer, function: Callable[..., Any], given: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Call the function on traced arguments; whatever NumPy raises along the way keeps its line."""
    with np.errstate(all="ignore"), following_scipy(function):
        try:
            return followed(function)(*given, **options)
        except GradcheckError:
            raise
        except Exception as error:
            clearer = _trace_error_behind(error) or _explained(tracer, error) or _not_its_own(tracer, function, given, options, error)
            if clearer is None:
                raise
            raise clearer from None


def _result(tracer: Tracer, value: Any) -> TracedArray:
    """A traced output; TraceError for what is no number."""
    result = tracer.lift(value) if isinstance(value, _NUMBERS) else None
    if isinstance(result, TracedComplex):
        raise TraceError(f"{tracer.builder.name}: {advice.COMPLEX_RESULT}")
    if result is None or result.dtype.kind not in "fiub":
        what = type(value).__name__ if result is None else f"{result.dtype} values"
        raise TraceError(f"{tracer.builder.name}: {advice.RESULT.format(what)}")
    return result


def _explained(tracer: Tracer, error: Exception) -> TraceError | None:
    """What NumPy or Python says of a traced array that cannot do what it was asked, with the user's line."""
    if isinstance(error, AttributeError) and isinstance(error.obj, TracedArray):
        return TraceError(tracer.at(error, advice.ATTRIBUTE.format(error.name)))
    if isinstance(error, TypeError) and any(sign in str(error) for sign in _OBJECT_ERRORS):
        return TraceError(tracer.at(error, advice.OBJECTS.format(str(error).partition(",")[0])))
    return None


def _not_its_own(
    tracer: Tracer, function: Callable[..., Any], given: Sequence[Any], options: Mapping[str, Any], error: Exception
) -> TraceError | None:
    """An error that the function does not raise on plain arrays: other frameworks raise all sorts when they meet a traced one."""
    try:
        function(*(g.value if isinstance(g, TracedArray) else g for g in given), **options)
    except Exception:  # noqa: BLE001  the function's own, then
        return None
    says = str(error).strip().partition("\n")[0]
    return TraceError(tracer.at(error, f"cannot be followed: a traced array met {type(error).__name__}: {says}"))


def _trace_error_behind(error: BaseException | None) -> TraceError | None:
    """NumPy wraps what __float__ raised into a ValueError of its own; find the clear message again."""
    while error is not None:
        if isinstance(error, TraceError):
            return error
        error = error.__cause__ or error.__context__
    return None


def as_number(value: Any) -> Any:
    """A plain float as NumPy's, so that 1/0 is inf and not an exception; arrays as they are."""
    array: Any = value if isinstance(value, np.ndarray) else np.asarray(value)
    return array[()] if array.ndim == 0 else array


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """Parameter names of a function; x0, x1, ... where they cannot be read. A function of leaves has their paths."""
    function = inspect.unwrap(function)
    if (paths := getattr(function, "__leaves__", None)) is not None:
        return list(paths)[:count]
    code = getattr(function, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code else []
    if names and getattr(function, "__self__", None) is not None:
        names = names[1:]
    return (names + [f"x{i}" for i in range(len(names), count)])[:count]
