"""What a circuit costs in memory: the bytes it moves, and the most it holds at once.

Both speak of the numbers alone, as NumPy stores them: what an operation allocates inside itself, and Python's own objects, come on
top. Views (reshape, transpose, broadcast_to, slices) move nothing and live in the array they look at.
"""

from __future__ import annotations

from gradcheck.circuit.circuit import Circuit
from gradcheck.circuit.interpret import last_uses
from gradcheck.primitives import BY_NAME
from gradcheck.primitives.structure import is_view

_RESHAPE, _GETITEM = BY_NAME["reshape"], BY_NAME["getitem"]


def bytes_moved(circuit: Circuit) -> int:
    """Bytes read and written, equation by equation: every operand once, and the result. Indexing reads only what it takes."""
    homes, total = _homes(circuit), 0
    for k, opcode in enumerate(circuit.opcodes):
        if opcode < 0 or homes[k] != k:
            continue
        written = _bytes(circuit, k)
        if circuit.primitive(k) is _GETITEM:
            total += 2 * written
        else:  # a broadcast view is no larger in memory than what it looks at
            total += written + sum(min(_bytes(circuit, i), _bytes(circuit, homes[i])) for i in circuit.inputs_of(k))
    return total


def peak_bytes(circuit: Circuit) -> int:
    """The largest total size of the values alive at once, run in order and each freed after its last use.

    Inputs and constants are held by others and count throughout; outputs, and the decisions guarded, stay to the end. An equation's operands
    are alive while its result is written.
    """
    homes = _homes(circuit)
    ends = _ends(circuit, homes)
    held = sum(_bytes(circuit, k) for k, opcode in enumerate(circuit.opcodes) if opcode < 0)
    dying: dict[int, int] = {}
    peak = held
    for k, opcode in enumerate(circuit.opcodes):
        if opcode >= 0 and homes[k] == k:
            held += _bytes(circuit, k)
            dying[ends[k]] = dying.get(ends[k], 0) + _bytes(circuit, k)
        peak = max(peak, held)
        held -= dying.pop(k, 0)
    return peak


def _bytes(circuit: Circuit, k: int) -> int:
    type = circuit.type(k)
    return type.size * type.dtype.itemsize


def _homes(circuit: Circuit) -> list[int]:
    """For every value, the value in whose array it lives: its own number, unless it is a view.

    NumPy copies where a reshape meets an array whose numbers do not stand in order, as in another view.
    """
    homes: list[int] = []
    for k in range(len(circuit)):
        primitive, read = circuit.primitive(k), circuit.inputs_of(k)
        looks = primitive is not None and circuit.type(k).shape and is_view(primitive, circuit.params.get(k))
        copies = looks and primitive is _RESHAPE and homes[read[0]] != read[0] and circuit.primitive(read[0]) is not _RESHAPE
        homes.append(homes[read[0]] if looks and not copies else k)
    return homes


def _ends(circuit: Circuit, homes: list[int]) -> list[int]:
    """For every value, the equation after which neither it nor a view of it is read again."""
    ends = [k if end < 0 else end for k, end in enumerate(last_uses(circuit))]
    for k, _ in circuit.guards:
        ends[k] = len(circuit)
    for k, home in enumerate(homes):
        ends[home] = max(ends[home], ends[k])
    return ends
