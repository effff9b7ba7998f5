"""The lemmas behind backpropagation, and which hop rests on which: affine maps, maps of each entry, and what is sent to the input.

Lemma 1: z = W u + b gives dJ/dW = (dJ/dz) u^T and dJ/db = dJ/dz. Lemma 2: a = s(z), entry by entry, gives dJ/dz = dJ/da . s'(z).
Lemma 3: z = W u + b gives dJ/du = W^T dJ/dz.
"""

from __future__ import annotations

from gradcheck.circuit import Circuit

PRODUCTS = ("matmul", "dot")


def lemma_of(circuit: Circuit, k: int, position: int) -> str:
    """What a hop over equation k to its operand rests on, where that is one of the lemmas; else nothing."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    shapes = [circuit.type(i).shape for i in read]
    if primitive.name in PRODUCTS:
        return _of_product(len(shapes[0]), len(shapes[1]), position)
    if not primitive.elementwise or not circuit.type(k).shape:
        return ""
    if primitive.name == "add" and _is_affine(circuit, read[1 - position]):
        return "lemma 1" if shapes[position] == circuit.type(k).shape else "lemma 1, summed over its copies"
    each = primitive.name not in ("add", "subtract") and shapes[position] == circuit.type(k).shape
    return "lemma 2" if each else ""


def _of_product(left: int, right: int, position: int) -> str:
    if (left, right) == (2, 1):
        return ("lemma 1", "lemma 3")[position]
    if (left, right) == (2, 2):  # Z = A U has a column A u for each column u of U, and the same A in all
        return ("lemma 1, summed over columns", "lemma 3, column by column")[position]
    if (left, right) == (1, 2):  # z = A^T x: the matrix comes second
        return ("lemma 3", "lemma 1")[position] + ", transposed"
    return ""


def _is_affine(circuit: Circuit, k: int) -> bool:
    """Whether a value is a matrix times something, to which a bias is added."""
    primitive = circuit.primitive(k)
    if primitive is None or primitive.name not in PRODUCTS:
        return False
    return any(len(circuit.type(i).shape) == 2 for i in circuit.inputs_of(k))
