"""A function's program as PyTorch runs it: the ATen operations it dispatches, with the lines that ask for them.

Recorded by a `TorchDispatchMode`, below autograd: of a torch.autograd.Function that is its forward without its backward. Operations that our table lacks
are taken apart by PyTorch's own decompositions.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.errors import TraceError
from gradcheck.frameworks import aten
from gradcheck.frameworks.torch_arrays import array_of, name_of, numpy_name

_DROPPED = ("device", "layout", "pin_memory", "memory_format", "non_blocking")
_SILENT = (
    "sym_size",
    "sym_numel",
    "sym_stride",
    "is_same_size",
    "_assert_scalar",
    "_assert_async",
    "_linalg_check_errors",
    "_has_compatible_shallow_copy_type",
)
_DEEP = 80  # frames looked through for the user's
LONGEST = 20_000  # operations


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of a step: of its result, or of one of its results."""

    index: int


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: what it reads (values by `Ref`, the rest as it is), which values it makes, where the user asks for it.

    `lines` are the user's frames, the innermost first.
    """

    op: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    results: tuple[int | None, ...]
    single: bool
    lines: tuple[tuple[str, int, str], ...]


@dataclass(slots=True)
class Program:
    """Steps in order; values are numbered: first the inputs, then constants and results as they come."""

    inputs: tuple[int, ...]
    steps: list[Step] = field(default_factory=list)
    constants: dict[int, Any] = field(default_factory=dict)
    outputs: tuple[int, ...] = ()
    casts: set[str] = field(default_factory=set)


class _Numbers:
    """Which tensor is which value; tensors are kept alive, so that an address means one of them."""

    def __init__(self, program: Program) -> None:
        self.program, self.known, self.alive, self.count = program, {}, [], 0  # type: ignore[var-annotated]

    def new(self, tensor: Any) -> int:
        number = self.known[id(tensor)] = self.count
        self.alive.append(tensor)
        self.count += 1
        return number

    def of(self, tensor: Any) -> int:
        """A tensor that nobody made under our eyes is a constant."""
        if id(tensor) not in self.known:
            self.program.constants[self.new(tensor)] = array_of(tensor)
        return int(self.known[id(tensor)])


def recorded(call: Callable[..., Any], tensors: Sequence[Any], outputs_of: Callable[[Any], list[Any]]) -> Program:
    """The program that a call runs on tensors. TraceError, naming the operation, for what NumPy has no counterpart of."""
    from torch.utils._python_dispatch import TorchDispatchMode

    program = Program(())
    numbers = _Numbers(program)
    program.inputs = tuple(numbers.new(t) for t in tensors)

    class Recorder(TorchDispatchMode):  # type: ignore[misc]  # torch is not typed here
        """Runs every operation as it is, and writes it down."""

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, options = _name(func), kwargs or {}
            if name.partition(".")[0] in _SILENT:
                return func(*args, **options)
            refuse(name, args)
            if aten.find(name) is None and name != "_local_scalar_dense":
                return _apart(self, func, name, args, options)
            result = func(*args, **options)
            _write(program, numbers, name, args, options, result)
            return result

    with Recorder():
        result = call(*tensors)
    program.outputs = tuple(numbers.of(t) for t in outputs_of(result))
    return program


def _name(func: Any) -> str:
    """`add.Tensor`; the plain name for the default overload, and a foreign namespace in front."""
    space, _, packet = func._schema.name.partition("::")
    overload = func._overloadname
    name = packet if overload == "default" else f"{packet}.{overload}"
    return name if space in ("aten", "prims") else f"{space}::{name}"


def refuse(name: str, args: Sequence[Any]) -> None:
    """What would make the program another one the next time."""
    if name.partition(".")[0] in aten.RANDOM and not (name.startswith("native_dropout") and args[2] is False):
        raise TraceError(f"it uses torch's {name}, which is random: judge it in eval mode, or give the random numbers as an argument")
    if name == "_local_scalar_dense" and args[0].dtype.is_floating_point:
        raise TraceError("it takes a number out of a tensor (.item(), float(...)), which no program of tensors tells")


def _apart(mode: Any, func: Any, name: str, args: Any, options: Any) -> Any:
    """An operation that the table lacks, by PyTorch's own decomposition, which is recorded in its place."""
    from torch._decomp import decomposition_table

    decomposition = decomposition_table.get(func)
    with mode:
        if decomposition is not None:
            return decomposition(*args, **options)
        result = func.decompose(*args, **options)
    if result is NotImplemented:
        raise TraceError(f"it uses torch's {name}, which gradcheck does not know as NumPy")
    return result


def _write(program: Program, numbers: _Numbers, name: str, args: Any, options: Any, result: Any) -> None:
    import torch

    if len(program.steps) >= LONGEST:
        raise TraceError(f"it runs more than {LONGEST} operations")
    read = tuple(_plain(a, numbers, program) for a in args)
    rest = {k: _plain(v, numbers, program) for k, v in options.items() if k not in _DROPPED}
    if not isinstance(result, torch.Tensor | tuple | list):  # a number taken out: a decision
        program.steps.append(Step("decide", (*read, result), {}, (), single=True, lines=tuple(_users_lines())))
        return
    parts = list(result) if isinstance(result, tuple | list) else [result]
    made = tuple(_result(p, numbers) for p in parts)
    program.casts |= {name_of(p.dtype) for p in parts if isinstance(p, torch.Tensor) and p.dtype.is_floating_point}
    program.steps.append(Step(name, read, rest, made, isinstance(result, torch.Tensor), tuple(_users_lines())))


def _result(part: Any, numbers: _Numbers) -> int | None:
    import torch

    if not isinstance(part, torch.Tensor):
        return None
    return int(numbers.known[id(part)]) if id(part) in numbers.known else numbers.new(part)


def _plain(value: Any, numbers: _Numbers, program: Program) -> Any:
    """An argument as data: tensors by number, dtypes by NumPy's name."""
    import torch

    if isinstance(value, torch.Tensor):
        return Ref(numbers.of(value))
    if isinstance(value, torch.dtype):
        program.casts |= {name_of(value)} if value.is_floating_point else set()
        return numpy_name(value)
    if isinstance(value, tuple | list):
        return [_plain(v, numbers, program) for v in value]
    if isinstance(value, torch.device | torch.layout | torch.memory_format):
        return None
    if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
        raise TraceError("it has sizes that are not known before it runs")
    return value if value is None or isinstance(value, bool | int | float | str) else np.asarray(value).item()


def _users_lines() -> Iterator[tuple[str, int, str]]:
    """The frames that are neither torch's nor ours, the innermost first."""
    import torch

    inside = (str(Path(torch.__file__).parent), str(Path(__file__).parent.parent))
    frame: Any = sys._getframe(1)
    for _ in range(_DEEP):
        if frame is None:
            return
        file = frame.f_code.co_filename
        if not file.startswith((*inside, "<frozen")):
            yield file, frame.f_lineno, frame.f_code.co_name
        frame = frame.f_back
