"""The mistakes people make at one hop, value or input: kinds, formulas, and how common they are."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.circuit import ArrayType
from gradcheck.circuit.edits import HOP, INPUT, VALUE, Edit, Locus
from gradcheck.circuit.formulas import formulas, setting, types_at
from gradcheck.circuit.rules import HashedParams
from gradcheck.circuit.slips import slips
from gradcheck.diagnosis.indexing import index_edits
from gradcheck.diagnosis.mistake import Mistake
from gradcheck.primitives import BY_NAME, OPCODE, TABLE
from gradcheck.primitives.reductions import axes_of
from gradcheck.primitives.textbook import LOCAL

ENTRIES = 64  # entries up to which sizes of axes other than lengths are tried as factors
MOVING = ("getitem", "transpose", "reshape", "cumsum")
PARTS = 5  # parts of a value up to which every choice of them is tried
LINEAR = ("add", "subtract", "negative", "sum", "getitem", "reshape", "transpose", "broadcast_to", "concatenate", "stack", "astype")


def hop_mistakes(circuit: Circuit, k: int, position: int, *, several: bool) -> tuple[Mistake, ...]:
    """What is done wrong at the hop from value k to one of its operands; `several` where other parts reach that operand."""
    params = circuit.params.get(k, {})
    exponent = _exponent(circuit, k) if position == 0 else None
    found = _hop_mistakes(circuit.opcodes[k], position, types_at(circuit, k), HashedParams(params), exponent, several)
    if _is_weight(circuit, k, position):
        return tuple(replace(m, kind="missing-cotangent") if m.kind == "missing-factor" else m for m in found)
    return tuple(map(_of_constant, found)) if _by_number(circuit, k, position) else found


_PASSING = ("sum", "mean", "multiply", "divide", "negative", "add", "reshape")


def _is_weight(circuit: Circuit, k: int, position: int) -> bool:
    """Whether a hop multiplies by fixed weights, and what comes after only adds up: the weights are what came from above, in sum(weights * f(x))."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    weights = circuit.constants.get(read[1 - position]) if primitive.name == "multiply" else None
    if not isinstance(weights, np.ndarray) or not ((weights > 0).any() and (weights < 0).any()):
        return False  # masks, and weights of data, have one sign
    after = {k}
    for n in range(k + 1, len(circuit)):
        if any(i in after for i in circuit.inputs_of(n)):
            passing = circuit.primitive(n)
            assert passing is not None
            if passing.name not in _PASSING or not all(
                i in after or i in circuit.constants or passing.name == "add" for i in circuit.inputs_of(n)
            ):
                return False
            after.add(n)
    return True


def _by_number(circuit: Circuit, k: int, position: int) -> bool:
    """Whether a hop only multiplies by a number, or divides by one; a power of a number has one in its derivative too."""
    primitive, read = circuit.primitive(k), circuit.inputs_of(k)
    assert primitive is not None
    if primitive.name in ("multiply", "divide"):
        return read[1 - position] in circuit.constants and not circuit.type(read[1 - position]).shape
    return primitive.name == "power" and position == 1 and read[0] in circuit.constants


def _of_constant(m: Mistake) -> Mistake:
    """A constant number left out is a wrong factor."""
    lost = m.kind == "missing-factor" or (m.kind == "wrong-value" and m.text == "g * y")
    return replace(m, kind="factor") if lost else m


def _exponent(circuit: Circuit, k: int) -> float | None:
    """The exponent of a power, where it is a number."""
    if circuit.opcodes[k] != OPCODE[BY_NAME["power"]]:
        return None
    value = circuit.constants.get(circuit.inputs_of(k)[1])
    return None if value is None or np.shape(value) != () else float(value)


@lru_cache(maxsize=4096)
def _hop_mistakes(
    opcode: int, position: int, types: tuple[ArrayType, ...], params: HashedParams, exponent: float | None, several: bool
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
    if primitive.name == "getitem" and max(shape, default=1) > 1:
        found |= {"np.sum(d)": Mistake("wrong-index", "np.sum(d)", "d", 2.6)}
    for m in (
        *_reduced_local(primitive.name, types, params),
        *_of_moving(primitive.name, types, params, position),
        *_of_part(shape, _sizes(types), several=several, likely=_BENT if primitive.name not in (*LINEAR, "multiply", "matmul") else 0.0),
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


def _of_part(shape: tuple[int, ...], sizes: Sequence[int], *, several: bool, likely: float = 0.0) -> Iterator[Mistake]:
    """Of the part as a whole: its sign, a factor, left out, doubled."""
    yield Mistake("sign", "-d", "d", 1.6 - likely)
    yield Mistake("missing-path", "0 * d", "d", 1.3)
    yield Mistake("extra-path" if several else "factor", "2 * d", "d", 1.8)
    yield Mistake("factor", "d / 2", "d", 1.8)
    for n in sizes:
        yield Mistake("factor", f"d / {n}", "d", 1.9 - likely)
        yield Mistake("factor", f"{n} * d", "d", 1.9 - likely)


def _of_local(
    name: str, elementwise: bool, shape: tuple[int, ...], above: tuple[int, ...], base: str, names: tuple[str, ...]
) -> Iterator[Mistake]:
    """Of the local derivative: left out, taken twice, inverted, another function's, a value in its place."""
    stretched = shape != above
    wrap = (lambda text: f"sum_to({text}, {shape})") if stretched and elementwise else (lambda text: text)
    if elementwise or not stretched:
        yield Mistake({"cumsum": "missing-sum"}.get(name, "permuted" if name in MOVING else "missing-factor"), wrap("g"), base, 1.5)
    for local in LOCAL.get(name, ()) if elementwise and not (name == "power" and "b" not in base and "log" not in base) else ():
        yield Mistake("wrong-local-derivative", wrap(f"g * ({local})"), base, 2.35)
    if not elementwise or name in LINEAR:
        return
    for value in names[1:]:
        kind = (
            "wrong-local-derivative" if name in ("maximum", "minimum", "absolute") else "wrong-value"
        )  # the value is the mask times the operand
        yield Mistake(kind, wrap(f"g * {value}"), base, 2.1)
    if not stretched:
        yield Mistake("extra-factor", _renamed(base, "g", "d"), base, 2.3)
        yield Mistake("wrong-local-derivative", "g * g / d", base, 2.6)
        yield Mistake("missing-cotangent", "d / g", base, 2.4)
        yield Mistake("repeated-cotangent", "d * g", base, 2.6)
        for value in names[1:]:
            yield Mistake("extra-factor", f"d * {value}", base, 3.2)


def _reduced_local(name: str, types: Sequence[ArrayType], params: HashedParams) -> Iterator[Mistake]:
    """Other functions' derivatives for a reduction."""
    if name == "prod" and len(types[1].shape) == 1:
        for text in ("G * Y", "G", "G * x", "G * Y / x**2", "G * np.cumprod(np.concatenate([np.ones(1), x[:-1]]))"):
            yield Mistake("missing-factor" if "cumprod" in text else "wrong-local-derivative", text, "G * Y / x", 2.3)
    if name not in ("max", "min", "logsumexp"):
        return
    axes = axes_of(params.get("axis"), len(types[1].shape))
    count = int(np.prod([types[1].shape[a] for a in axes], dtype=int))
    axis = axes[0] if len(axes) == 1 else axes
    kind = "wrong-local-derivative" if name == "logsumexp" else "wrong-branch"
    if len(axes) == 1 and name != "logsumexp":
        place = np.arange(count).reshape([-1 if a == axes[0] else 1 for a in range(len(types[1].shape))]).tolist()
        yield Mistake("wrong-index", f"G * (np.array({place}) == 0)", "G * (x == Y)", 2.5)
    for local in LOCAL[name]:
        yield Mistake(kind, f"G * ({local.replace('axis=axis', f'axis={axis}').replace('/ n', f'/ {count}')})", "G", 2.4)


def _of_moving(name: str, types: Sequence[ArrayType], params: HashedParams, position: int) -> Iterator[Mistake]:
    """Entries put back where they do not come from."""
    shape = types[1 + position].shape
    if name == "getitem" and shape:
        index = params["index"]
        parts = index if isinstance(index, tuple) else (index,)
        for axis, part in enumerate(parts[: len(shape)]):
            if isinstance(part, slice | int | np.integer) and all(isinstance(p, slice | int | np.integer) for p in parts):
                for by in range(1, min(shape[axis], 9)):
                    yield Mistake("wrong-index", f"np.roll(d, {by}, {axis})", "d", 2.7 + 0.05 * by)
            elif isinstance(part, np.ndarray) and axis == 0 and sorted(part.ravel().tolist()) == list(range(shape[0])) and part.ndim == 1:
                yield Mistake("permuted", f"g[np.array({part.tolist()})]", "d", 2.0)
    elif name == "cumsum":
        yield Mistake("permuted", f"np.cumsum(g, {params.get('axis') or 0})", "d", 2.0)
    elif name == "reshape" and len(shape) == 2 and min(shape) > 1:
        yield Mistake("permuted", f"np.reshape(g, {shape[::-1]}).T", "d", 2.0)
    elif name == "transpose" and len(shape) == 2:
        yield Mistake("transposed", f"np.reshape(g, {shape})", "g.T", 2.0)


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
    yield Mistake("wrong-function", "0 * d + 1", "d", 1.7)


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


_BENT = 0.05  # what a wrong sign or factor is likelier where a function is differentiated than where numbers are passed on
INSIDE = 0.7  # what a mistake inside of what people differentiate as one is less likely


def edits_at(circuit: Circuit, hops: Sequence[tuple[int, int]], inside: Collection[int] = ()) -> Iterator[Edit]:
    """Every single mistake that is listed for a circuit whose cotangents flow along `hops`; those at values `inside` macros are less likely."""
    users: dict[int, int] = {}
    for k, position in hops:
        i = circuit.inputs_of(k)[position]
        users[i] = users.get(i, 0) + 1
    for k, position in hops:
        for m in hop_mistakes(circuit, k, position, several=users[circuit.inputs_of(k)[position]] > 1):
            yield (replace(m, rank=m.rank + INSIDE) if k in inside else m).at(Locus(HOP, k, position))
    for k in dict.fromkeys(k for k, _ in hops):
        read = circuit.inputs_of(k)
        if len(read) == 2 and read[0] == read[1] and {(k, 0), (k, 1)} <= set(hops):
            both = (Locus(HOP, k, 0), Locus(HOP, k, 1))
            yield Mistake("factor", "d / 2", "d", 1.2).at(*both)
            yield Mistake("factor", "2 * d", "d", 1.6).at(*both)
            yield Mistake("sign", "-d", "d", 1.5).at(*both)
        yield from index_edits(circuit, k)
    for i, count in users.items():
        for m in value_mistakes(circuit.type(i).shape, count):
            yield (replace(m, rank=m.rank + INSIDE) if i in inside else m).at(Locus(VALUE, i))
    for j in range(len(circuit.inputs)):
        for m in input_mistakes(circuit, j):
            yield m.at(Locus(INPUT, j))
