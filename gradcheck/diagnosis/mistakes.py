"""The mistakes people make at one hop, value or input: kinds, formulas, and how common they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gradcheck.circuit import Circuit
from gradcheck.circuit.circuit import ArrayType, freeze_params
from gradcheck.circuit.edits import HOP, INPUT, VALUE, Edit, Locus
from gradcheck.circuit.formulas import formulas, setting, types_at
from gradcheck.circuit.slips import slips
from gradcheck.primitives import BY_NAME, OPCODE, TABLE, Exact
from gradcheck.primitives.textbook import LOCAL

ENTRIES = 64  # entries up to which sizes of axes other than lengths are tried as factors
PARTS = 5  # parts of a value up to which every choice of them is tried
LINEAR = ("add", "subtract", "negative", "sum", "getitem", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "astype")


@dataclass(frozen=True, slots=True)
class Mistake:
    """An edit without its place."""

    kind: str
    text: str
    base: str
    rank: float

    def at(self, *loci: Locus, refs: tuple[tuple[str, tuple[str, Any]], ...] = ()) -> Edit:
        """The mistake made somewhere."""
        return Edit(self.kind, loci, self.text, self.base, refs, self.rank)


def hop_mistakes(circuit: Circuit, k: int, position: int, *, several: bool) -> tuple[Mistake, ...]:
    """What is done wrong at the hop from value k to one of its operands; `several` where other parts reach that operand."""
    params = circuit.params.get(k, {})
    exponent = _exponent(circuit, k) if position == 0 else None
    return _hop_mistakes(circuit.opcodes[k], position, types_at(circuit, k), _Key(params), exponent, several)


def _exponent(circuit: Circuit, k: int) -> float | None:
    """The exponent of a power, where it is a number."""
    if circuit.opcodes[k] != OPCODE[BY_NAME["power"]]:
        return None
    value = circuit.constants.get(circuit.inputs_of(k)[1])
    return float(value) if isinstance(value, int | float | Exact) or getattr(value, "shape", None) == () else None


class _Key(dict[str, Any]):
    """Parameters that hash by value."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(freeze_params(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and freeze_params(self) == freeze_params(other)


@lru_cache(maxsize=4096)
def _hop_mistakes(
    opcode: int, position: int, types: tuple[ArrayType, ...], params: _Key, exponent: float | None, several: bool
) -> tuple[Mistake, ...]:
    primitive = TABLE[opcode]
    names = tuple(n for n, t in zip(setting(primitive, types, params, position).names, (types[0], *types), strict=True) if t.floating)
    forms = formulas(primitive, types, params, position)
    if exponent is not None:
        forms = tuple(_with_exponent(f, exponent) for f in forms[:1])
    found: dict[str, Mistake] = {}
    for order, form in enumerate(forms):
        for slip in slips(form, names):
            found.setdefault(slip.text, Mistake(slip.kind, slip.text, form, slip.rank + 0.3 * order))
    shape, above = types[1 + position].shape, types[0].shape
    base = forms[0] if forms else "d"
    for m in (
        *_of_part(shape, _sizes(types), several=several),
        *_of_local(primitive.name, primitive.elementwise, shape, above, base, names),
        *_of_array(shape),
    ):
        found.setdefault(m.text, Mistake(m.kind, m.text, base, m.rank))
    return tuple(found.values())


def _with_exponent(form: str, exponent: float) -> str:
    """A power's rule with its exponent in numbers."""
    n: float = int(exponent) if exponent == int(exponent) else exponent
    below = "a" if n == 2 else f"a**{n - 1}" if n > 1 else f"a**({n - 1})"
    head, tail = form.split("g * b * a**(b - 1)")
    return f"{head}g * {n} * {below}{tail}" if n != 1 else form


def _sizes(types: Sequence[ArrayType]) -> tuple[int, ...]:
    """Numbers that stand for sizes at a hop: lengths of axes, and of whole arrays."""
    lengths = [n for t in types for n in t.shape] + [t.size for t in types]
    return tuple(dict.fromkeys(n for n in lengths if n > 2))


def _of_part(shape: tuple[int, ...], sizes: Sequence[int], *, several: bool) -> Iterator[Mistake]:
    """Of the part as a whole: its sign, a factor, left out, doubled."""
    yield Mistake("sign", "-d", "d", 1.6)
    yield Mistake("missing-path", "0 * d", "d", 1.3)
    yield Mistake("extra-path" if several else "factor", "2 * d", "d", 1.8)
    yield Mistake("factor", "d / 2", "d", 1.8)
    for n in sizes:
        yield Mistake("factor", f"d / {n}", "d", 1.9)
        yield Mistake("factor", f"{n} * d", "d", 1.9)


def _of_local(
    name: str, elementwise: bool, shape: tuple[int, ...], above: tuple[int, ...], base: str, names: tuple[str, ...]
) -> Iterator[Mistake]:
    """Of the local derivative: left out, taken twice, inverted, another function's, a value in its place."""
    stretched = shape != above
    wrap = (lambda text: f"sum_to({text}, {shape})") if stretched and elementwise else (lambda text: text)
    if elementwise or not stretched:
        yield Mistake("missing-factor", wrap("g"), base, 1.0)
    if not elementwise or name in LINEAR:
        return
    for local in LOCAL.get(name, ()):
        yield Mistake("wrong-local-derivative", wrap(f"g * ({local})"), base, 2.2)
    for value in names[1:]:
        yield Mistake("wrong-value", wrap(f"g * {value}"), base, 2.1)
    if not stretched:
        yield Mistake("extra-factor", _renamed(base, "g", "d"), base, 2.3)
        yield Mistake("wrong-local-derivative", "g * g / d", base, 2.6)
        yield Mistake("missing-cotangent", "d / g", base, 2.4)
        yield Mistake("repeated-cotangent", "d * g", base, 2.6)
        for value in names[1:]:
            yield Mistake("extra-factor", f"d * {value}", base, 3.2)


def _renamed(text: str, old: str, new: str) -> str:
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
    return ast.unparse(tree)


def _of_array(shape: tuple[int, ...]) -> Iterator[Mistake]:
    """Of the order of an array's entries, and of sums over them."""
    if len(shape) >= 2 and shape[-1] == shape[-2]:
        yield Mistake("transposed", "np.swapaxes(d, -1, -2)" if len(shape) > 2 else "d.T", "d", 1.7)
    for axis, n in enumerate(shape):
        if n > 1:
            yield Mistake("permuted", f"np.flip(d, {axis})", "d", 2.8)
            for by in (1, -1):
                yield Mistake("wrong-index", f"np.roll(d, {by}, {axis})", "d", 2.8)
                yield Mistake("wrong-index", f"shift(d, {by}, {axis})", "d", 2.8)
            if len(shape) > 1:
                yield Mistake("wrong-axis", f"np.sum(d, axis={axis}, keepdims=True)", "d", 3.0)
                yield Mistake("factor", f"np.mean(d, axis={axis}, keepdims=True)", "d", 3.2)
    if shape and max(shape) > 1:
        yield Mistake("wrong-axis", "np.sum(d)", "d", 2.6)
        yield Mistake("wrong-axis", "np.mean(d)", "d", 3.0)
    if len(shape) == 2 and shape[0] == shape[1]:
        yield Mistake("missing-path", "d * np.eye(len(d))", "d", 2.8)


ACTIVATIONS = ("x * (1 - x)", "(1 - x**2)", "(x > 0)", "sigmoid(x) * (1 - sigmoid(x))", "(1 - np.tanh(x)**2)")


def value_mistakes(shape: tuple[int, ...], parts: int) -> Iterator[Mistake]:
    """What is done wrong where the parts of a value's cotangent meet, and with the cotangent itself."""
    if parts >= 2:
        yield from _of_meeting(parts)
        yield from (m for m in _of_part(shape, (), several=False) if m.kind in ("sign", "factor"))
        yield from _of_array(shape)
    for activation in ACTIVATIONS:
        yield Mistake("extra-factor", f"d * {activation}", "d", 2.9)
    yield Mistake("repeated-cotangent", "d * d", "d", 3.0)
    yield Mistake("missing-cotangent", "0 * d + 1", "d", 2.4)


def _of_meeting(parts: int) -> Iterator[Mistake]:
    """Parts assigned where they should be added, and all choices of some of them."""
    order = [f"p{i}" for i in range(parts)]
    whole = " + ".join(order)
    for names in (order, order[::-1]):
        yield Mistake("missing-path", f"overwrite({', '.join(names)})", whole, 2.0)
    if parts == 2:
        for i in (0, 1):
            yield Mistake("missing-path", f"2 * {order[i]}", whole, 2.2)
    for i in (0, parts - 1):
        yield Mistake("missing-path", order[i], whole, 1.4)
    if parts <= PARTS:
        for mask in range(1, (1 << parts) - 1):
            chosen = [n for i, n in enumerate(order) if mask >> i & 1]
            yield Mistake("missing-path", " + ".join(chosen), whole, 1.4 + 0.1 * (parts - len(chosen)))


def input_mistakes(circuit: Circuit, j: int) -> Iterator[Mistake]:
    """What is done wrong with a finished gradient."""
    types = [circuit.type(k) for k in circuit.inputs]
    shape = types[j].shape
    yield Mistake("sign", "-d", "d", 1.0)
    for n in (2, *sorted({s for t in circuit.type_table for s in (*t.shape, t.size) if 2 < s <= 10**7})[:ENTRIES]):
        yield Mistake("factor", f"d / {n}", "d", 1.1 if n == 2 else 1.2)
        yield Mistake("factor", f"{n} * d", "d", 1.1 if n == 2 else 1.2)
    yield Mistake("missing-path", "0 * d", "d", 1.3)
    yield Mistake("wrong-value", "x + 0 * d", "d", 2.5)
    yield from _of_array(shape)
    if len(shape) == 2 and shape[0] != shape[1]:
        yield Mistake("permuted", f"np.reshape(d.T, {shape})", "d", 2.9)
    for m, other in enumerate(types):
        if m != j and other.shape == shape:
            yield Mistake("swapped", f"d{m}", "d", 2.0)


def edits_at(circuit: Circuit, hops: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    """Every single mistake that is listed for a circuit whose cotangents flow along `hops`."""
    users: dict[int, int] = {}
    for k, position in hops:
        i = circuit.inputs_of(k)[position]
        users[i] = users.get(i, 0) + 1
    for k, position in hops:
        for m in hop_mistakes(circuit, k, position, several=users[circuit.inputs_of(k)[position]] > 1):
            yield m.at(Locus(HOP, k, position))
    for i, count in users.items():
        for m in value_mistakes(circuit.type(i).shape, count):
            yield m.at(Locus(VALUE, i))
    for j in range(len(circuit.inputs)):
        for m in input_mistakes(circuit, j):
            yield m.at(Locus(INPUT, j))
