"""Which way a circuit is run: the first calls are interpreted, hot circuits become source, hot scalar programs go to the machine.

Every way costs something once and less at each call. The next is taken when the calls so far have cost, by estimate, as
much as it would (the ski rental rule: never much more than twice the best that could have been known). Estimates are of
counts, not clocks, so that the same calls give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.compile import LIMIT, Body, body, compiled, exclusive, guarded, interpreter
from gradcheck.compiled import program
from gradcheck.compiled.arrays import array_body
from gradcheck.compiled.assemble import assemble
from gradcheck.compiled.program import Program

# seconds; measured on one machine, used as ratios
_INTERPRETED, _SCALAR, _ARRAY, _ELEMENT = 2.5e-6, 0.03e-6, 0.8e-6, 1e-9  # an equation interpreted; of source, by kind; an element
_WRITING, _ASSEMBLING = 10e-6, 1e-6  # an equation
_SOON = 20e-3  # source that is written in less is written at the second call
_IMPORT, _WORTH = 0.3, 0.015  # importing numba; what earlier calls must have cost for that to be worth it
_KEPT = 1 << 28  # elements of all results together, above which arrays are made anew at each call
_FUSED = 500  # elements computed in a call from which blocks are worth it
_HEAVY = 1e-3  # a call from which the second one already goes to numba
_CALL, _INSTRUCTION = 1.0e-6, 3e-9  # the machine


class Engine:
    """A circuit and the way it is run at present; `changed` says that the way is new since somebody looked.

    `ordered`: its equations are run in their order, and arrays dropped after their last use, because memory depends on it.
    """

    __slots__ = ("_arrays", "_each", "_fuse", "_machine", "changed", "circuit", "form", "fused", "ordered", "run", "settled", "spent")

    def __init__(self, circuit: Circuit, *, ordered: bool = False) -> None:
        self.circuit, self.ordered = circuit, ordered
        self.form: Body | Program | None = None
        self.run: Callable[..., tuple[Any, ...]] = interpreter(circuit)
        self.changed = self.settled = self.fused = False
        self.spent = 0.0
        self._each = _estimate(circuit)
        self._arrays = _is_of_arrays(circuit)
        self._machine = not ordered and program.available()  # whether the machine might run it
        self._fuse = self._machine and self._arrays and _elements(circuit) >= _FUSED  # whether blocks might

    def __call__(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outputs, then the values that guards watch."""
        if not self.settled:
            self._choose()
            self.spent += self._now()
        return self.run(*inputs)

    @property
    def way(self) -> str:
        """How the circuit is run at present, in words."""
        if self.form is None:
            return "interpreted"
        if isinstance(self.form, Program):
            return "machine"
        return "NumPy source in blocks" if self.fused else "NumPy source" if self._arrays else "Python source"

    def grace(self) -> int | None:
        """How many calls may go by uncounted before numba is due; None where nothing better is to be hoped for."""
        if self.settled:
            return None
        calls = int(max(0.0, _WORTH + len(self.circuit) * _ASSEMBLING - self.spent) / self._each[1]) + 1
        self.spent += calls * self._each[1]
        return calls

    def _now(self) -> float:
        """What a call costs as things are."""
        return self._each[0 if self.form is None else 1 if isinstance(self.form, Body) else 2]

    def _choose(self) -> None:
        """Change to a better way if the calls so far, and this one, have cost as much as the change."""
        n, due = len(self.circuit), self.spent + self._now()
        if self._machine and self._now() > self._each[2] and due >= n * _ASSEMBLING + self._import():
            self._to_machine()
        if self.form is None and n <= LIMIT and self.spent and due >= n * _WRITING - _SOON:
            self._to_source(fused=False)
        if self._fuse and isinstance(self.form, Body) and due >= self._import():
            self._fuse = False
            if program.ready():
                self._to_source(fused=True)
        hopes = self._fuse or (self._machine and self._each[1] > self._each[2])
        self.settled = isinstance(self.form, Program) or (isinstance(self.form, Body) and not hopes)

    def _import(self) -> float:
        if program.loaded():
            return 0.0
        if not self.spent:
            return _IMPORT
        return _WORTH if self._each[1] < _HEAVY else 0.0

    def _to_machine(self) -> None:
        found = assemble(self.circuit)
        self._machine = found is not None and program.ready()
        if found is not None and self._machine:
            self.form, self.changed = found, True
            self.run = lambda *inputs: found.run(inputs)

    def _to_source(self, *, fused: bool) -> None:
        slow = interpreter(self.circuit)
        self.changed, self.fused = True, fused
        if self._arrays:
            self.form = array_body(self.circuit, fused=fused)
            self.run = exclusive(self.circuit, self.form, slow)
        else:
            self.form = body(self.circuit)
            assert self.form is not None
            self.run = guarded(compiled(self.form), slow)


def _is_of_arrays(circuit: Circuit) -> bool:
    """Whether a circuit of float64 works on arrays rather than on numbers, and they are not too large to be kept between calls."""
    floats = all(t.dtype == np.float64 or t.dtype.kind != "f" for t in circuit.type_table)
    arrays = sum(circuit.type(k).size > 1 for k, opcode in enumerate(circuit.opcodes) if opcode >= 0)
    return floats and _elements(circuit) <= _KEPT and 2 * arrays > sum(opcode >= 0 for opcode in circuit.opcodes)


def _elements(circuit: Circuit) -> int:
    """How many numbers a call computes."""
    return sum(circuit.type(k).size for k, opcode in enumerate(circuit.opcodes) if opcode >= 0)


def _estimate(circuit: Circuit) -> tuple[float, float, float]:
    """Seconds for a call: interpreted, as source, and on the machine."""
    sizes = np.array([t.size for t in circuit.type_table] or [1])[np.asarray(circuit.types, np.int64)]
    sizes = sizes[np.asarray(circuit.opcodes) >= 0]
    arrays, elements = int((sizes != 1).sum()), int(sizes.sum())
    return (
        len(sizes) * _INTERPRETED + elements * _ELEMENT,
        (len(sizes) - arrays) * _SCALAR + arrays * _ARRAY + elements * _ELEMENT,
        _CALL + elements * _INSTRUCTION,
    )
