"""Rules as circuits of their own, worked out once for all equations of a kind: in a loop of a hundred thousand operations there are few kinds.

Of a kind are equations of one operation with one type for each operand, the same constants and the same parameters: a rule depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, inline, interpret, local_derivative, traced_rule
from gradcheck.circuit.circuit import constant_key, freeze_params, type_of

_MARK = "\x00{}\x00"  # stands for a name, which never holds it


@dataclass(frozen=True, slots=True)
class Local:
    """The local derivative of a kind of hop as a circuit of the result and the operands that are no constants, and as text."""

    circuit: Circuit
    text: str

    def written(self, names: Sequence[str]) -> str:
        """The text in the names of the result and those operands."""
        text = self.text
        for i in range(len(self.circuit.inputs)):
            text = text.replace(_MARK.format(i), names[i])
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """The rules of a circuit's equations."""

    circuit: Circuit
    rules: dict[Any, Circuit] = field(default_factory=dict)
    locals: dict[Any, Local] = field(default_factory=dict)

    def sent(self, k: int, position: int, given: tuple[Any, ...]) -> tuple[Any, Circuit]:
        """What equation k sends to an operand: `given` are the cotangent, the result and the operands. The rule too."""
        primitive, params = self.circuit.primitive(k), self.circuit.params.get(k, {})
        assert primitive is not None
        key = (*self._kind(k, position), type_of(given[0]))
        rule = self.rules.get(key)
        if rule is None:
            rule = self.rules[key] = traced_rule(primitive, position, given, params)
        return interpret(rule, Floats(), given)[0], rule

    def local(self, k: int, position: int) -> Local:
        """The local derivative of an elementwise operation."""
        key = self._kind(k, position)
        if key not in self.locals:
            circuit, read = self.circuit, (k, *self.circuit.inputs_of(k))
            values = {i: circuit.constants.get(i, _stand_in(circuit, i)) for i in read}
            found = local_derivative(circuit, k, position, values, dict.fromkeys(read, "x"))
            assert found is not None
            self.locals[key] = Local(found, inline(found, {i: _MARK.format(n) for n, i in enumerate(found.inputs)}))
        return self.locals[key]

    def slope(self, k: int, position: int, values: Sequence[Any]) -> Any:
        """The local derivative as a number, at the values of the circuit."""
        found = self.local(k, position).circuit
        return interpret(found, Floats(), self.moving(k, values)[: len(found.inputs)])[0]

    def written(self, k: int, position: int, names: Mapping[int, str]) -> str:
        """The local derivative as text in the names of the circuit's values."""
        return self.local(k, position).written(self.moving(k, names))

    def moving(self, k: int, known: Any) -> list[Any]:
        """What is known of the result and of the operands that are no constants."""
        return [known[k], *(known[i] for i in self.circuit.inputs_of(k) if i not in self.circuit.constants)]

    def _kind(self, k: int, position: int) -> tuple[Any, ...]:
        circuit = self.circuit
        read = tuple(constant_key(circuit.constants[i]) if i in circuit.constants else circuit.types[i] for i in circuit.inputs_of(k))
        params = circuit.params.get(k)
        return circuit.opcodes[k], position, circuit.types[k], read, None if params is None else freeze_params(params)


def _stand_in(circuit: Circuit, k: int) -> Any:
    type = circuit.type(k)
    return type.dtype.type(1).item() if type.weak else np.ones(type.shape, type.dtype)[()]
