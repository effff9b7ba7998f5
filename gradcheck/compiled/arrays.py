"""Circuits over arrays as straight-line NumPy in few buffers: what a careful author would write by hand.

Arrays that are not returned live in buffers that are kept between calls, so that large ones cost no page faults and views
are taken once. Groups of elementwise operations run block by block where numba is there.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from gradcheck.circuit.buffers import ufunc_of
from gradcheck.circuit.circuit import INPUT, Circuit
from gradcheck.circuit.compile import Body, Writer
from gradcheck.circuit.interpret import Floats
from gradcheck.compiled import products
from gradcheck.compiled.fusion import address, aligned, block_program, pattern
from gradcheck.compiled.schedule import Step, schedule
from gradcheck.compiled.stacking import stacked
from gradcheck.primitives.structure import is_basic

COPIED = 4096  # elements of inputs that are copied into a buffer, which costs less than asking where they are
_VIEWS = ("reshape", "transpose", "broadcast_to")
_LOWERED = ("matmul", "dot", "einsum", "outer")


def array_body(circuit: Circuit, *, fused: bool) -> Body:
    """The circuit as lines that compute its outputs and what its guards watch, in buffers of their own.

    `fused`: groups run block by block, and in whatever order suits; else equations are run in theirs.
    """
    watched = circuit.with_outputs((*circuit.outputs, *(k for k, _ in circuit.guards)))
    return _Plan(stacked(watched) if fused else watched, fused=fused).body()


class _Plan:
    """The program under way: what every value is called, and the array behind it where that is fixed."""

    def __init__(self, circuit: Circuit, *, fused: bool) -> None:
        self.circuit, self.writer = circuit, Writer(circuit)
        self.steps = schedule(circuit, fused=fused)
        self.names, self.objects = self.writer.program.names, self.writer.program.objects
        self.fixed: dict[int, Any] = {}  # values whose array is the same at every call
        self.lines: list[str] = []
        self.warns = False  # whether NumPy is called for more than moving numbers
        self.free: dict[int, list[Any]] = {}
        self.base: dict[int, int] = {}  # the value whose buffer a fixed value lies in
        self.last = self._last_steps()
        self.ends: dict[int, int] = {}  # the step after which a buffer is free
        self.returned = frozenset(circuit.outputs)
        self.fresh: set[int] = set()
        self.readers = _readers(circuit)
        self.writer.name_constants()
        for k in circuit.inputs:
            self._input(k)
        for k, value in circuit.constants.items():
            if isinstance(value, np.ndarray) and value.ndim:
                self.fixed[k] = value
        for number, step in enumerate(self.steps):
            self._step(step)
            self._release(number)

    def body(self) -> Body:
        """The lines, with everything they refer to."""
        circuit = self.circuit
        arguments, outputs = tuple(f"v{k}" for k in circuit.inputs), tuple(self.names[k] for k in circuit.outputs)
        return Body(
            tuple(self.lines), arguments, outputs, self.writer.scope | self.objects, quiet=self.warns, fresh=frozenset(self.fresh), lock=Lock()
        )  # fmt: skip

    def _last_steps(self) -> dict[int, int]:
        """The step after which nobody reads a value."""
        last = {i: number for number, step in enumerate(self.steps) for k in step.equations for i in self.circuit.inputs_of(k)}
        return last | dict.fromkeys(self.circuit.outputs, len(self.steps))

    def _input(self, k: int) -> None:
        type = self.circuit.type(k)
        self.names[k] = f"v{k}"
        if not type.shape:
            self.lines += self.writer.input_lines(k)
        elif type.size <= COPIED:
            self._fix(k, aligned(type.size * type.dtype.itemsize).view(type.dtype).reshape(type.shape))
            self.lines.append(f"{self.names[k]}[...] = v{k}")

    def _fix(self, k: int, array: Any, base: int | None = None) -> None:
        """Give a value an array of its own, or a view of the buffer of another."""
        self.fixed[k], self.names[k] = array, f"b{k}"
        self.objects[f"b{k}"] = array
        if base is not None:
            self.base[k] = base
            self.ends[base] = max(self.ends.get(base, -1), self.last.get(k, -1))

    def _buffer(self, k: int) -> None:
        """An array for value k out of those that are free; decisions within groups are numbers."""
        type = self.circuit.type(k)
        dtype = type.dtype if type.dtype != bool else np.dtype(np.float64)
        size = type.size * dtype.itemsize
        waiting = self.free.get(size)
        raw = waiting.pop() if waiting else aligned(size)
        self._fix(k, raw.view(dtype).reshape(type.shape), k)

    def _release(self, number: int) -> None:
        """Buffers that neither a value nor a view of it needs after this step are free."""
        for k in [k for k, end in self.ends.items() if end <= number]:
            raw = self.fixed[k].reshape(-1).view(np.uint8)
            self.free.setdefault(raw.size, []).append(raw)
            del self.ends[k]

    def _step(self, step: Step) -> None:
        if step.shape is not None:
            self._group(step)
            return
        (k,) = step.equations
        if self._view(k) or self._known(k):
            return
        self.warns = True
        if not (self._number(k) or self._product(k) or self._ufunc(k) or self._sum(k) or self._joined(k)):
            self.names[k] = f"v{k}"
            self.lines.append(f"v{k} = {self.writer.right(k)}")
            if self.writer.is_fresh(k):
                self.fresh.add(k)
            else:
                self._pin(k)

    def _pin(self, k: int) -> None:
        """What may be a view of an operand, made at each call, keeps the operand's buffer for good."""
        for i in self.circuit.inputs_of(k):
            if i in self.base:
                self.ends[self.base[i]] = len(self.steps)

    def _view(self, k: int) -> bool:
        """Views of fixed arrays are taken once."""
        circuit, primitive, read = self.circuit, self.circuit.primitive(k), self.circuit.inputs_of(k)
        assert primitive is not None
        params = circuit.params.get(k, {})
        if read and read[0] in self.fixed and (primitive.name in _VIEWS or (primitive.name == "getitem" and is_basic(params["index"]))):
            view = Floats().apply(primitive, [self.fixed[read[0]]], params)
            if isinstance(view, np.ndarray) and view.ndim and np.may_share_memory(view, self.fixed[read[0]]):
                self._fix(k, view, self.base.get(read[0]))
                return True
        return False

    def _known(self, k: int) -> bool:
        """Arrays put together from constants alone are made once."""
        circuit, primitive = self.circuit, self.circuit.primitive(k)
        assert primitive is not None
        read = circuit.inputs_of(k)
        if primitive.name != "concatenate" or not all(i in circuit.constants for i in read) or k in circuit.outputs:
            return False
        self._fix(k, Floats().apply(primitive, [circuit.constants[i] for i in read], circuit.params[k]))
        return True

    def _joined(self, k: int) -> bool:
        """Arrays joined in a buffer."""
        circuit, primitive, type = self.circuit, self.circuit.primitive(k), self.circuit.type(k)
        assert primitive is not None
        read = circuit.inputs_of(k)
        if primitive.name != "concatenate" or not type.shape or any(circuit.type(i).dtype != type.dtype for i in read):
            return False
        operands, axis = ", ".join(self.names[i] for i in read), circuit.params[k].get("axis", 0)
        self.lines.append(f"np.concatenate(({operands},), axis={axis!r}, out={self._target(k)})")
        return True

    def _number(self, k: int) -> bool:
        """Scalars are computed as Python does."""
        if self.circuit.type(k).shape or any(self.circuit.type(i).shape for i in self.circuit.inputs_of(k)):
            return False
        self.names[k] = f"v{k}"
        self.lines.append(f"v{k} = {self.writer.right(k)}")
        return True

    def _target(self, k: int) -> str:
        """Where a result goes: an array of its own if it is returned, else a buffer."""
        type = self.circuit.type(k)
        if k in self.returned:
            self.names[k] = f"v{k}"
            self.fresh.add(k)
            self.lines.append(f"v{k} = np.empty({type.shape}, {self._object(type.dtype)})")
        else:
            self._buffer(k)
        return self.names[k]

    def _object(self, value: Any) -> str:
        name = f"d{len(self.objects)}"
        self.objects[name] = value
        return name

    def _product(self, k: int) -> bool:
        """Products of matrices, written where they belong."""
        circuit, primitive = self.circuit, self.circuit.primitive(k)
        assert primitive is not None
        if primitive.name not in _LOWERED or not circuit.type(k).shape:
            return False
        read = circuit.inputs_of(k)
        lowered = products.lower(primitive.name, [circuit.type(i) for i in read], circuit.params.get(k, {}), circuit.type(k))
        if lowered is None:
            return False
        operands = [self._shaped(i, how) for i, how in zip(read, lowered.operands, strict=True)]
        target = self._target(k)
        out = self._shaped(k, lowered.result)
        del target
        self.lines.append(f"{lowered.function}({', '.join(operands)}, out={out})")
        return True

    def _shaped(self, k: int, how: products.Shaping) -> str:
        """A value seen in other axes: once if it is fixed, at each call if not."""
        if how.plain:
            return self.names[k]
        if k in self.fixed:
            return self._object(how.of(self.fixed[k]))
        return how.source(self.names[k])

    def _ufunc(self, k: int) -> bool:
        """An elementwise operation that NumPy writes into a given array."""
        primitive, type = self.circuit.primitive(k), self.circuit.type(k)
        assert primitive is not None
        ufunc = ufunc_of(primitive)
        if ufunc is None or not type.shape or k in self.circuit.params or ufunc.nout != 1:
            return False
        operands = ", ".join(self.names[i] for i in self.circuit.inputs_of(k))
        target = self._target(k)
        self.objects[f"u_{ufunc.__name__}"] = ufunc
        self.lines.append(f"u_{ufunc.__name__}({operands}, out={target})")
        return True

    def _sum(self, k: int) -> bool:
        """np.sum by its ufunc, which takes a third of the time on small arrays."""
        circuit, primitive, type = self.circuit, self.circuit.primitive(k), self.circuit.type(k)
        assert primitive is not None
        params = circuit.params.get(k, {})
        (read, *_) = circuit.inputs_of(k)
        if primitive.name != "sum" or set(params) - {"axis", "keepdims"} or type.dtype != circuit.type(read).dtype:
            return False
        self.objects["u_total"] = np.add.reduce
        options = f"axis={params.get('axis')!r}, keepdims={params.get('keepdims', False)!r}"
        if type.shape:
            operand = self.names[read]
            self.lines.append(f"u_total({operand}, {options}, out={self._target(k)})")
        else:
            self.names[k] = f"v{k}"
            self.lines.append(f"v{k} = u_total({self.names[read]}, {options})")
        return True

    def _group(self, step: Step) -> None:
        """A group of elementwise equations, run block by block."""
        circuit, members = self.circuit, set(step.equations)
        stored = {k for k in members if k in self.returned or any(j not in members for j in self.readers.get(k, ()))}
        program = block_program(circuit, step, stored)
        n = len(self.objects)
        self.objects |= {f"before{n}": program.before, f"code{n}": program.code, f"slots{n}": program.slots, f"cells{n}": program.cells}
        self.objects[f"keep{n}"] = program.scratch
        for slot, k in program.operands:
            self._address(n, program, slot, self._flat(k, step.shape or ()), 0)
        for place, k in program.numbers:
            self._cell(n, program, place, k)
        numbers = []
        for slot, k, offset in program.results:
            if k not in self.fixed and self.names.get(k) is None:
                if circuit.type(k).shape:
                    self._target(k)
                else:
                    self._fix(k, np.empty(1))
                    numbers.append(k)
            self._address(n, program, slot, k, offset)
        self.objects["run_blocks"] = _kernel()
        self.lines.append(f"run_blocks(before{n}, code{n}, slots{n}, {program.total}, {program.block})")
        for k in numbers:
            self.lines.append(f"v{k} = b{k}.item()")
            self.names[k] = f"v{k}"
            del self.fixed[k]

    def _flat(self, k: int, shape: tuple[int, ...]) -> int | str:
        """An operand whose elements stand in a row: itself, or a copy made at each call."""
        circuit = self.circuit
        fits = pattern(circuit.type(k).shape, shape) is not None
        array = self.fixed.get(k)
        if fits and (array is None or array.flags.c_contiguous):
            return k
        copy = np.empty(circuit.type(k).shape if fits else shape)
        name = self._object(copy)
        if array is not None and k in circuit.constants:
            copy[...] = array
        else:
            self.lines.append(f"{name}[...] = {self.names[k]}")
        return name

    def _address(self, n: int, program: Any, slot: int, k: int | str, offset: int) -> None:
        """Fill in where an array is: now if it is fixed, else at each call."""
        array = self.objects[k] if isinstance(k, str) else self.fixed.get(k)
        if array is not None:
            program.slots[slot, 0] = address(array) + offset
            return
        assert isinstance(k, int)
        if self.circuit.opcodes[k] == INPUT or k not in self.fresh:
            self.lines.append(f"{self.names[k]} = np.ascontiguousarray({self.names[k]})")
        plus = f" + {offset}" if offset else ""
        self.lines.append(f"slots{n}[{slot}, 0] = {self.names[k]}.__array_interface__['data'][0]{plus}")

    def _cell(self, n: int, program: Any, place: int, k: int) -> None:
        """Fill in a scalar operand."""
        value = self.circuit.constants.get(k)
        if value is not None:
            program.cells[place] = np.asarray(getattr(value, "value", value)).reshape(-1)[0]
        else:
            text = self.names[k] if not self.circuit.type(k).shape else f"{self.names[k]}.item()"
            self.lines.append(f"cells{n}[{place}] = {text}")


def _readers(circuit: Circuit) -> dict[int, list[int]]:
    """The equations that read each value."""
    readers: dict[int, list[int]] = {}
    for j, opcode in enumerate(circuit.opcodes):
        for i in circuit.inputs_of(j) if opcode >= 0 else ():
            readers.setdefault(i, []).append(j)
    return readers


def _kernel() -> Any:
    from gradcheck.compiled.kernels import run_blocks

    return run_blocks
