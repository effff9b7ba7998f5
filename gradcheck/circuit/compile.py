"""A circuit as a Python function: straight-line source over `math` floats for scalars, NumPy for arrays.

Results may differ from interpretation by 4 ulp per operation (`math.tanh` is another tanh than NumPy's). Where `math` raises,
NumPy would give inf or NaN: the circuit is then interpreted instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit.buffers import Buffers, ufunc_of
from gradcheck.circuit.circuit import CONSTANT, Circuit
from gradcheck.circuit.interpret import Floats, interpret
from gradcheck.circuit.source import Program, expression, scalar_text, scope
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, Exact, plain

LIMIT = 60_000  # equations; compiling costs about 15 us and 3.5 kB each
_GETITEM, _SCATTER, _STACK = (OPCODE[BY_NAME[n]] for n in ("getitem", "scatter", "stack"))


@dataclass(frozen=True, slots=True)
class Body:
    """A circuit's lines of Python with the names of its inputs and outputs (watched values last) and what they refer to.

    `quiet`: arrays are about, whose warnings are to be silenced; `fresh`: the outputs that nobody else holds;
    `lock`: held while it runs, if it has buffers that only one call can use at a time.
    """

    lines: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scope: dict[str, Any]
    quiet: bool
    fresh: frozenset[int]
    lock: Any = None


def body(circuit: Circuit, *, limit: int = LIMIT) -> Body | None:
    """The lines that compute the outputs and the values that guards watch; None for circuits too long for source."""
    if len(circuit) > limit:
        return None
    return Writer(circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))).body()


def interpreter(circuit: Circuit) -> Callable[..., tuple[Any, ...]]:
    """The circuit run equation by equation: its outputs, then the values its guards watch."""
    watched = circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))
    return lambda *inputs: interpret(watched, Floats(), inputs)


def compile_circuit(circuit: Circuit, *, limit: int = LIMIT) -> Callable[..., tuple[Any, ...]]:
    """A function of the circuit's inputs that returns its outputs, then the values its guards watch.

    Above `limit` equations it interprets, which needs no compilation.
    """
    written = body(circuit, limit=limit)
    slow = interpreter(circuit)
    return slow if written is None else guarded(compiled(written), slow)


def compiled(written: Body) -> Callable[..., Any]:
    """The lines as a function. Raises ArithmeticError or ValueError where NumPy gives inf or NaN."""
    lines = [*written.lines, f"return ({', '.join(written.outputs)},)"]
    text = f"def compiled({', '.join(written.inputs)}):\n    " + "\n    ".join(lines) + "\n"
    namespace = dict(written.scope)
    exec(compile(text, "<compiled>", "exec"), namespace)  # noqa: S102  our own text, no user input in it
    return namespace["compiled"]  # type: ignore[no-any-return]


def exclusive(circuit: Circuit, written: Body, slow: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """A program with buffers, one call at a time; a call that comes meanwhile is interpreted."""
    fast = compiled(written)
    kept = [k not in written.fresh or circuit.outputs.count(k) > 1 for k in circuit.outputs]
    kept += [True] * (len(written.outputs) - len(kept))

    def run(*inputs: Any) -> tuple[Any, ...]:
        if not written.lock.acquire(blocking=False):
            return slow(*inputs)  # type: ignore[no-any-return]
        try:
            results = fast(*inputs)
            return tuple(r.copy() if own and isinstance(r, np.ndarray) else r for r, own in zip(results, kept, strict=True))
        except (ArithmeticError, ValueError):
            return slow(*inputs)  # type: ignore[no-any-return]
        finally:
            written.lock.release()

    return run


def guarded(fast: Callable[..., Any], slow: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    """A program that is interpreted where `math` raises."""

    def run(*inputs: Any) -> tuple[Any, ...]:
        try:
            return fast(*inputs)  # type: ignore[no-any-return]
        except (ArithmeticError, ValueError):
            return slow(*inputs)  # type: ignore[no-any-return]

    return run


class Writer:
    """Writes the program. Scalars of float64 become Python floats, unless another float type is about."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit, self.program = circuit, Program()
        self.scope = scope()
        self.pure = all(t.dtype == np.float64 or t.dtype.kind != "f" for t in circuit.type_table)
        self.lists: dict[int, str] = {}
        self.buffers = Buffers(circuit)

    def body(self) -> Body:
        """The program's lines, and what stands around them."""
        circuit, program = self.circuit, self.program
        self.name_constants()
        for k, opcode in enumerate(circuit.opcodes):
            program.names.setdefault(k, f"v{k}" if opcode != CONSTANT else "")
        lines = [line for k in circuit.inputs for line in self.input_lines(k)]
        lines += [f"v{k} = {self.right(k, self.buffers.donor(k))}" for k, opcode in enumerate(circuit.opcodes) if opcode >= 0]
        inputs, outputs = (tuple(program.names[k] for k in which) for which in (circuit.inputs, circuit.outputs))
        quiet = not self.pure or any(t.shape for t in circuit.type_table)
        return Body(tuple(lines), inputs, outputs, self.scope | program.objects, quiet, frozenset(filter(self.is_fresh, circuit.outputs)))

    def name_constants(self) -> None:
        """Plain numbers are written out, others are referred to."""
        for k in self.circuit.constants:
            self.program.names[k] = self._constant(k)

    def is_fresh(self, k: int) -> bool:
        """Whether the array of value k is made by its equation, so that nobody else holds it."""
        return self.buffers.owner[k] == k or self.circuit.opcodes[k] in (_SCATTER, _STACK)

    def _constant(self, k: int) -> str:
        value = plain(self.circuit.constants[k])
        if isinstance(value, np.ndarray) or (isinstance(value, np.generic) and not (self.pure and isinstance(value, np.float64))):
            name = f"k{len(self.program.objects)}"
            self.program.objects[name] = value
            return name
        number = float(value) if isinstance(value, np.float64 | Exact) else value
        return f"({scalar_text(number)})"

    def input_lines(self, k: int) -> list[str]:
        """Scalars as Python floats; an array read element by element also as a list."""
        type = self.circuit.type(k)
        if not type.shape:
            return [f"v{k} = float(v{k})"] if self.pure and type.dtype == np.float64 else []
        if self.pure and len(type.shape) == 1 and self._elements_read(k) >= 4:
            self.lists[k] = f"l{k}"
            return [f"l{k} = v{k}.tolist()"]
        return []

    def _elements_read(self, k: int) -> int:
        circuit = self.circuit
        wanted = (j for j, opcode in enumerate(circuit.opcodes) if opcode == _GETITEM and circuit.inputs_of(j) == (k,))
        return sum(not circuit.type(j).shape for j in wanted)

    def right(self, k: int, donor: int | None = None) -> str:
        """The right-hand side of equation k, written into a donor's array if there is one."""
        circuit, program = self.circuit, self.program
        primitive, read = TABLE[circuit.opcodes[k]], circuit.inputs_of(k)
        if donor is not None:
            return self._into(k, donor)
        if circuit.opcodes[k] == _GETITEM and read[0] in self.lists and not circuit.type(k).shape:
            place = next(p for p in circuit.params[k]["index"] if p is not Ellipsis)
            return f"{self.lists[read[0]]}[{int(place)}]"
        if circuit.opcodes[k] == _SCATTER:
            whole = _elements_in_order(circuit, k)
            if whole is not None:
                elements = ", ".join(program.names[i] if i is not None else "0.0" for i in whole)
                return f"np.array([{elements}], dtype='{circuit.type(k).dtype}')"
        if self.pure and primitive.scalar is not None and self._is_scalar(k) and all(map(self._is_scalar, read)):
            return primitive.scalar.format(*(program.names[i] for i in read))
        if primitive.array is not None or primitive.elementwise or primitive.name == "scatter":
            return expression(circuit, k, program)
        return self._call(k)

    def _into(self, k: int, donor: int) -> str:
        """The operation written into an array that is no longer needed."""
        ufunc = ufunc_of(TABLE[self.circuit.opcodes[k]])
        assert ufunc is not None
        self.program.objects[f"u_{ufunc.__name__}"] = ufunc
        operands = ", ".join(self.program.names[i] for i in self.circuit.inputs_of(k))
        return f"u_{ufunc.__name__}({operands}, out=v{donor})"

    def _is_scalar(self, k: int) -> bool:
        return not self.circuit.type(k).shape

    def _call(self, k: int) -> str:
        circuit, program = self.circuit, self.program
        name = f"p{k}"
        program.objects[name] = circuit.params.get(k, {})
        primitive = TABLE[circuit.opcodes[k]]
        operands = ", ".join(program.names[i] for i in circuit.inputs_of(k))
        return f"{primitive.name}({operands}, **{name})" if program.objects[name] else f"{primitive.name}({operands})"


def _elements_in_order(circuit: Circuit, k: int) -> Sequence[int | None] | None:
    """For a vector put together from scalars at different places: the value for each place."""
    params, read = circuit.params[k], circuit.inputs_of(k)
    if len(params["shape"]) != 1 or any(circuit.type(i).shape for i in read) or params["shape"][0] > 2 * len(read) + 8:
        return None
    places: list[int | None] = [None] * params["shape"][0]
    for index, i in zip(params["indices"], read, strict=True):
        position = index[0] if len(index) == 1 else None
        if not isinstance(position, int | np.integer) or places[position] is not None:
            return None
        places[position] = i
    return places
