"""What passes between the marking and a student's program: arrays in, raw numbers out, or how the program ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from gradcheck.grading.model import Limits

Ending = Literal[
    "missing", "import error", "exception", "time-out", "memory", "output limit", "crash", "protocol error", "infrastructure error"
]
Isolation = Literal["bubblewrap", "namespaces", "landlock", "none"]
ISOLATION: tuple[Isolation, ...] = ("bubblewrap", "namespaces", "landlock", "none")


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a student's function returned in the place of numbers: told by the name of its type, and text safe in length (not in characters)."""

    type: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call returned. `value` holds floats, ints, bools, plain arrays, None, or `Foreign`; tuples, lists and dicts by name hold these, one deep.

    `changed` are positions of arguments that the call changed in place; `notes` are types that were taken by their raw numbers
    ("matrix", "masked array").
    """

    value: Any
    changed: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended without an answer: from a closed list, with one line for the student and the line of their file where known.

    `why` tells endings of one kind apart: "cpu" or "wall" for a time-out, the name of the signal for a crash, the type for an exception.
    """

    ending: Ending
    message: str
    why: str = ""
    line: int | None = None
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """An answer as it came through the walls: raw bytes, the same for the same answer, and how they are read."""

    raw: bytes
    read: Callable[[bytes], Answer | Ended]

    def __call__(self) -> Answer | Ended:
        """The answer; a protocol error where the bytes are none."""
        return self.read(self.raw)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read off a submission's source, inside the walls, before any of it ran.

    `imports` are top-level packages; `functions` the names defined at top level, with `constant` those that return numbers written
    down whatever they are given; `shape` is a digest of the syntax without names, comments and formatting; `steps` are small literals (0 < h <= 0.01) by function.
    """

    imports: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
    shape: str = ""
    steps: Mapping[str, tuple[float, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A student's program as it goes through the walls: files by relative name, the one to run, cells of a notebook in its place.

    With `cells`, each is run in turn, those that fail are told of and passed over. `warnings` say what was removed or left out.
    """

    files: Mapping[str, bytes]
    main: str
    cells: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()


class Session(Protocol):
    """One student's program behind its walls. After an ending that killed it, the next question starts it anew."""

    def facts(self) -> Facts | Ended:
        """What the source says; an import error where it is no Python."""
        ...

    def begin(self, limits: Limits) -> None:
        """A question begins: its limits hold from here, and time starts anew. A program that an earlier question killed is started again when asked."""
        ...

    def ask(self, function: str, arguments: Sequence[Any]) -> Answer | Ended:
        """The function's answer for fresh copies of the arguments."""
        ...

    def ask_many(self, function: str, given: Sequence[Sequence[Any]]) -> Sequence[Answer | Unread | Ended]:
        """The answers for several sets of arguments, as if asked one after the other; an ending is the last of them."""
        ...

    def printed(self) -> str:
        """What was printed since this was last asked, bounded; what an ending carries is not among it."""
        ...

    def restart(self) -> None:
        """The program starts anew when it is next asked: nothing it remembers stays."""
        ...

    def close(self) -> None:
        """Nothing of the program runs on."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
