"""What an array and its views share, so that a write into one is seen by all, as in NumPy.

The numbers are kept once, in a real array that NumPy's own views look at. The circuit cannot be written into: a write
is noted, and becomes an equation when the array is next read as a whole, many writes together. Arrays that share the
memory become stale at a write (another class of the same layout, so that the others pay nothing), and look their value up when asked.
"""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType, ref

import numpy as np

from gradcheck.circuit import advice
from gradcheck.circuit.writes import Elements, Part, assembled, unravelled
from gradcheck.errors import TraceError
from gradcheck.primitives import BY_NAME, Primitive
from gradcheck.primitives.structure import is_basic

Index = tuple[Any, ...]
Steps = tuple[tuple[Primitive, Any], ...]
FIXED: Any = "fixed"  # the memory of arguments and of their views, which are not written into
WHOLE: Index = (Ellipsis,)
_GETITEM = BY_NAME["getitem"]
_MANY = 32


class Memory:
    """The numbers of one array: as NumPy has them now, and as the circuit knows them.

    `index` is the value that the circuit last had of the whole (None: a constant not yet written down), `pending` the writes since,
    `known` the elements whose value is known apart. `unwritten` marks what np.empty_like left undefined.
    """

    __slots__ = ("index", "known", "limit", "members", "numbers", "pending", "plain", "recorder", "stale", "unwritten")

    def __init__(self, recorder: Any, numbers: Any, index: int | None) -> None:
        self.recorder, self.numbers, self.index = recorder, numbers, index
        self.pending: list[Elements | Part] = []
        self.known: dict[int, Any] = {}
        self.members: list[ReferenceType[Any]] = []
        self.limit, self.stale, self.plain = _MANY, False, index is None
        self.unwritten: Any = None

    def join(self, array: Any) -> None:
        """One more array that looks at these numbers."""
        if len(self.members) > self.limit:
            self.members = [m for m in self.members if m() is not None]
            self.limit = 2 * len(self.members) + _MANY
        self.members.append(ref(array))

    def changed(self) -> None:
        """What the arrays know of their values holds no longer."""
        if not self.stale:
            for member in self.members:
                array = member()
                if array is not None:
                    array.__class__ = array.stale
            self.stale = True

    @property
    def behind(self) -> bool:
        """Whether the circuit does not yet know the numbers as they are."""
        return bool(self.pending) or self.index is None

    def current(self) -> int:
        """The circuit's value of the whole, with all that was written."""
        if self.behind:
            self.index, self.pending = assembled(self.recorder, self.numbers, self.index, self.pending), []
        assert self.index is not None
        return self.index

    def require_written(self, steps: Steps) -> None:
        """Raise TraceError where what is read was never written."""
        if self.unwritten is None:
            return
        if not self.unwritten.any():
            self.unwritten = None
        elif np.any(_followed(self.unwritten, steps)):
            raise TraceError(self.recorder.here(advice.UNWRITTEN))

    # writing, in coordinates of the whole
    def element(self, place: int, operand: Any) -> None:
        """Note that one element now has this value: a number of the circuit, or a plain number."""
        if self.plain and operand.__class__ is not int:
            self.index = None
        else:
            last = self.pending[-1] if self.pending else None
            if not isinstance(last, Elements):
                last = Elements()
                self.pending.append(last)
            last.values[place], last.line = operand, self.recorder.line()
            self.known[place], self.plain = operand, False
        if self.unwritten is not None:
            self.unwritten.flat[place] = False
        self.changed()

    def part(self, index: Index, operand: Any, shape: tuple[int, ...]) -> None:
        """Note that the elements at the index, which meets none twice, now have these values."""
        self.known.clear()
        if self.plain and operand.__class__ is not int:
            self.index = None
        else:
            self.pending.append(Part(index, operand, shape, self.recorder.line()))
            self.plain = False
        if self.unwritten is not None:
            self.unwritten[index] = False
        self.changed()

    def whole(self, operand: int | None) -> None:
        """Note that everything now has this value of the circuit; None: plain numbers."""
        self.known.clear()
        self.pending.clear()
        self.plain = operand is None
        self.index, self.unwritten = operand, None
        self.changed()


class View:
    """How a view looks at a memory: the operations that lead from the whole to it."""

    __slots__ = ("_places", "memory", "steps")

    def __init__(self, memory: Memory, steps: Steps) -> None:
        self.memory, self.steps, self._places = memory, steps, None

    @property
    def places(self) -> Any:
        """Where in the whole, counted along it, each element of the view lies."""
        if self._places is None:
            shape = self.memory.numbers.shape
            self._places = _followed(np.arange(self.memory.numbers.size).reshape(shape), self.steps)
        return self._places


def _followed(whole: Any, steps: Steps) -> Any:
    for primitive, params in steps:
        whole = primitive.evaluate(whole, **params)
    return whole


def memory_of(array: Any) -> Memory:
    """The memory of an array, which begins when something must be remembered."""
    held = array.memory
    if held.__class__ is View:
        return held.memory
    if held is None:
        if not array.value.flags.writeable:
            array.value = array.value.copy(order="K")
        held = array.memory = Memory(array.recorder, array.value, array.index)
        held.join(array)
    return held  # type: ignore[no-any-return]


def _steps(array: Any) -> Steps:
    return array.memory.steps if array.memory.__class__ is View else ()


def share(array: Any, result: Any, primitive: Primitive, params: Any) -> None:
    """Let a result of one operand be a view of it, where NumPy's result looks at the operand's numbers."""
    base = result.value.base
    if base is not array.value and not np.may_share_memory(array.value, result.value):
        return
    if array.memory is FIXED:
        result.memory = FIXED
    elif array.memory is not None or array.value.flags.writeable:
        memory = memory_of(array)
        result.memory = View(memory, (*_steps(array), (primitive, params or {})))
        memory.join(result)


def look(array: Any, index: Index, numbers: Any) -> Any:
    """A view whose elements lie at an index that NumPy itself would copy, as those of a diagonal: `numbers` looks at the array's."""
    found = array.recorder.record(_GETITEM, (array,), {"index": index})
    if array.memory is FIXED:
        found.memory = FIXED
    elif np.may_share_memory(array.value, numbers):
        memory = memory_of(array)
        found.value, found.memory = numbers, View(memory, (*_steps(array), (_GETITEM, {"index": index})))
        memory.join(found)
    return found


def resolve(array: Any) -> int:
    """The number of a stale array's value, read again from its memory."""
    memory, steps = memory_of(array), _steps(array)
    memory.require_written(steps)
    number = memory.current()
    if steps:
        whole = array.current(memory.recorder, number, memory.numbers, FIXED)
        for primitive, params in steps:
            whole = memory.recorder.record(primitive, (whole,), params)
        number = whole.index
    array.__class__, memory.stale = array.current, False
    array.index = number
    return number


def blank(like: Any, numbers: Any, *, written: bool = True) -> Any:
    """A new array that holds plain numbers so far; `written=False` where NumPy leaves them undefined."""
    array = like.stale(like.recorder, None, numbers)
    array.memory = Memory(like.recorder, numbers, None)
    array.memory.join(array)
    array.memory.stale = True
    if not written:
        array.memory.unwritten = np.ones(numbers.shape, dtype=bool)
    return array


def as_array(traced: Any) -> Any:
    """A traced number as an array without axes, which unlike a number can be written into."""
    if isinstance(traced.value, np.ndarray) or traced.dtype.kind == "c":
        return traced
    return traced.current(traced.recorder, traced.index, np.array(traced.value))


def is_plain(array: Any) -> bool:
    """Whether an array holds plain numbers only, to which nothing traced was written."""
    return array.memory is not None and array.memory is not FIXED and memory_of(array).plain


# reading what is not yet in the circuit
def read(array: Any, index: Index) -> Any:
    """An element written before, or a view that is not read yet; None where the index is to be recorded as usual."""
    memory = memory_of(array)
    if not (memory.known or memory.behind):
        return None
    place = place_of(array, index)
    if place is not None:
        return _element(array, memory, index, place)
    if not (memory.behind and is_basic(index)):
        return None
    view = array.stale(memory.recorder, None, array.value[index], View(memory, (*_steps(array), (_GETITEM, {"index": index}))))
    memory.join(view)
    return view


def place_of(array: Any, index: Index) -> int | None:
    """Where in the whole the one element lies that an index of whole numbers means; None for other indices."""
    shape = array.value.shape
    if len(index) != len(shape) or not all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in index):
        return None
    if any(not -n <= i < n for i, n in zip(index, shape, strict=True)):
        return None  # NumPy's own error comes with the usual reading
    if array.memory.__class__ is View:
        return int(array.memory.places[index])
    place = 0
    for i, n in zip(index, shape, strict=True):
        place = place * n + (int(i) if i >= 0 else int(i) + n)
    return place


def _element(array: Any, memory: Memory, index: Index, place: int) -> Any:
    value, known = array.value[index], memory.known.get(place)
    if known.__class__ is int:
        return array.current(memory.recorder, known, value)
    if any(entry.__class__ is Part for entry in memory.pending):
        return None
    if known is not None or memory.index is None:  # a plain number, which nothing traced has been written over
        memory.require_written((*_steps(array), (_GETITEM, {"index": index})))
        return value
    whole = array.current(memory.recorder, memory.index, memory.numbers, FIXED)
    return memory.recorder.record(_GETITEM, (whole,), {"index": unravelled(place, memory.numbers.shape)})
