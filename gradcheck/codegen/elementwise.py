"""Calls and elementwise operations as expressions of a dialect."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.codegen.expressions import fill, number, parse, text_of, without_sign

if TYPE_CHECKING:
    from gradcheck.circuit import Circuit
    from gradcheck.codegen.statements import Writer


def refuse(w: Writer, name: str) -> Any:
    """Raise for what the dialect cannot say."""
    from gradcheck.codegen.statements import UnwritableError

    raise UnwritableError(f"{name} has no counterpart in {w.dialect.name}")


def called(w: Writer, k: int, name: str, operands: list[ast.expr]) -> ast.expr:
    """An operation by its template, parameters as one writes them."""
    template = w.dialect.table.get(name)
    if template is None:
        return refuse(w, name)  # type: ignore[no-any-return]
    params = dict(w.circuit.params.get(k, {}))
    if name == "recurrence":
        w.helpers["recurrence"] = None
    if name == "einsum":
        params.pop("optimize", None)
    named = {p: _parameter(w, k, p, v) for p, v in params.items()}
    return _without_defaults(fill(template, operands, **_plainer(w, k, named, params)))


def _parameter(w: Writer, k: int, name: str, value: Any) -> ast.expr:
    if name == "dtype":
        return ast.Constant(value) if w.dialect.name != "torch" else parse(f"torch.{value}")
    if isinstance(value, tuple):
        return ast.Tuple([_parameter(w, k, name, v) for v in value])
    return ast.Constant(value) if isinstance(value, str | None) else number(value, w.dialect.module)


def _plainer(w: Writer, k: int, named: dict[str, ast.expr], params: dict[str, Any]) -> dict[str, ast.expr]:
    """Axes as one writes them: one number for one axis, nothing for all of them."""
    axis = params.get("axis")
    read = w.circuit.inputs_of(k)
    ndim = len(w.circuit.type(read[0]).shape)
    if isinstance(axis, tuple):
        if len(axis) == ndim and not params.get("keepdims"):
            axis = None
        elif len(axis) == 1:
            axis = axis[0]
        named["axis"] = ast.Constant(None) if axis is None else _parameter(w, k, "axis", axis)
    if "axis" not in params:
        named["axis"] = ast.Constant(None)
    primitive = w.circuit.primitive(k)
    soft = primitive is not None and primitive.name in ("softmax", "log_softmax", "logsumexp")
    if axis is None and w.dialect.name == "torch" and (soft or params.get("keepdims")):
        named["axis"] = ast.Constant(0) if ndim == 1 else parse(str(tuple(range(ndim))))
    named.setdefault("keepdims", ast.Constant(value=False))
    return named


def _without_defaults(node: ast.expr) -> ast.expr:
    """Keywords at their defaults are left out."""
    if isinstance(node, ast.Call):
        node.keywords = [
            q for q in node.keywords
            if not (
                (q.arg in ("axis", "dim") and isinstance(q.value, ast.Constant) and q.value.value is None)
                or (q.arg in ("keepdims", "keepdim") and isinstance(q.value, ast.Constant) and q.value.value is False)
                or (q.arg == "offset" and isinstance(q.value, ast.Constant) and q.value.value == 0)
            )
        ]  # fmt: skip
    return node


def elementwise(w: Writer, k: int, name: str) -> ast.expr:
    """An elementwise operation, with what NumPy stretches by itself left to it."""
    circuit = w.circuit
    read = tuple(_unstretched(w, i, circuit.inputs_of(k), circuit.type(k).shape) for i in circuit.inputs_of(k))
    operands = [w.nodes[i] for i in read]
    whole = _alias(w, k, name, read)
    if whole is not None:
        return whole
    plain = [i in circuit.constants and not circuit.type(i).shape for i in read]
    if name in ("add", "subtract", "multiply", "divide", "power"):
        operands = [_whole(w, i, read) for i in read]
        if w.dialect.tensors and circuit.type(k).floating:
            operands = [_cast(w, i, n, read) for i, n in zip(read, operands, strict=True)]
    if name in ("add", "subtract", "negative"):
        return _summed(w, name, operands)
    if name == "multiply" and (masked := _masked(w, read)) is not None:
        return masked
    if w.dialect.tensors and any(plain):
        return _of_tensors(w, k, name, operands, plain)
    return called(w, k, name, operands)


def _cast(w: Writer, i: int, node: ast.expr, read: tuple[int, ...]) -> ast.expr:
    """Whole numbers beside a plain number are cast: torch would make them float32."""
    circuit = w.circuit
    beside = all(not circuit.type(j).shape for j in read if j != i)
    if circuit.type(i).floating or i in circuit.constants or not beside or not circuit.type(i).shape:
        return node
    return fill("_0.to(torch.float64)", [node])


def _summed(w: Writer, name: str, operands: list[ast.expr]) -> ast.expr:
    """Sums and differences of what has a sign as differences and sums."""
    bare = [without_sign(o) for o in operands]
    if name == "negative":
        return bare[0] or fill("-_0", operands)
    if bare[1] is not None:
        return fill("_0 - _1" if name == "add" else "_0 + _1", [operands[0], bare[1]])
    if name == "add" and bare[0] is not None and not isinstance(bare[0], ast.Constant):
        return fill("_0 - _1", [operands[1], bare[0]])
    return fill("_0 + _1" if name == "add" else "_0 - _1", operands)


def _alias(w: Writer, k: int, name: str, read: tuple[int, ...]) -> ast.expr | None:
    """Once a value of the same type is the value, minus once its negative."""
    circuit = w.circuit
    for one, other in ((0, 1), (1, 0)) if name == "multiply" else ((1, 0),) if name == "divide" else ():
        value = circuit.constants.get(read[one])
        if isinstance(value, float) and abs(value) == 1.0 and circuit.type(read[other]) == circuit.type(k):
            node = w.nodes[read[other]]
            return node if value > 0 else without_sign(node) or fill("-_0", [node])
    return None


def _whole(w: Writer, i: int, read: tuple[int, ...]) -> ast.expr:
    """Beside floats 2.0 is written 2, and once a whole number that number."""
    circuit, node = w.circuit, w.nodes[i]
    if not any(circuit.type(j).floating and j not in circuit.constants for j in read if j != i):
        return node
    value, primitive = circuit.constants.get(i), circuit.primitive(i)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 and (value or not np.signbit(value)):
        return w.sized(value) or number(int(value))
    if primitive is not None and primitive.name == "multiply" and not isinstance(node, ast.Name):
        one, other = circuit.inputs_of(i)
        if _is_number(circuit, one, 1.0) and not circuit.type(other).floating:
            return w.nodes[other]
    return node


def _unstretched(w: Writer, i: int, read: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """What was stretched, or given axes, only for NumPy to stretch is left to NumPy: the value it was made of."""
    circuit, others = w.circuit, [w.circuit.type(j).shape for j in read if j != i]
    behind = scalar_behind(circuit, i)
    if behind != i and others and not isinstance(w.nodes[i], ast.Name) and np.broadcast_shapes(*others) == shape:
        return behind
    while not isinstance(w.nodes[i], ast.Name) and others and (source := _made_by_stretching(circuit, i)) is not None:
        if np.broadcast_shapes(circuit.type(source).shape, *others) != shape:
            break
        i = source
    return i


def _made_by_stretching(circuit: Circuit, i: int) -> int | None:
    """What a value is copies of: stretched, given axes in front, or multiplied by ones of a larger shape; None where it is not."""
    primitive = circuit.primitive(i)
    if primitive is None or primitive.name not in ("reshape", "broadcast_to", "multiply"):
        return None
    if primitive.name == "multiply":
        one, other = circuit.inputs_of(i)
        return other if scalar_behind(circuit, one) in circuit.constants and _is_one(circuit, one) else None
    (source,) = circuit.inputs_of(i)
    have, want = circuit.type(source).shape, circuit.type(i).shape
    in_front = want == (1,) * (len(want) - len(have)) + have
    return source if primitive.name == "broadcast_to" or in_front or not have else None


def scalar_behind(circuit: Circuit, i: int) -> int:
    """The number that an array is copies of; the value itself where it is not."""
    start = i
    while (primitive := circuit.primitive(i)) is not None and primitive.name in ("reshape", "broadcast_to"):
        (i,) = circuit.inputs_of(i)
    return i if not circuit.type(i).shape else start


def _is_one(circuit: Circuit, i: int) -> bool:
    return _is_number(circuit, scalar_behind(circuit, i), 1.0) and bool(circuit.type(i).shape)


def _is_number(circuit: Circuit, i: int, value: float) -> bool:
    found = circuit.constants.get(i)
    return isinstance(found, float) and found == value


def _masked(w: Writer, read: tuple[int, ...]) -> ast.expr | None:
    """Ones where a condition holds, times a value: the value where it holds."""
    circuit = w.circuit
    for mask, other in (read, read[::-1]):
        primitive = circuit.primitive(mask)
        if primitive is not None and primitive.name == "where" and not isinstance(w.nodes[mask], ast.Name):
            condition, a, b = circuit.inputs_of(mask)
            inside = _is_number(circuit, a, 1.0) and _is_number(circuit, b, 0.0)
            outside = _is_number(circuit, a, 0.0) and _is_number(circuit, b, 1.0)
            if (inside or outside) and circuit.type(mask).shape == circuit.type(other).shape:
                kept = [w.nodes[condition], w.nodes[other], ast.Constant(0.0)]
                template = w.dialect.table["where"]
                return fill(template, kept if inside else [kept[0], kept[2], kept[1]])
    return None


def _of_tensors(w: Writer, k: int, name: str, operands: list[ast.expr], plain: list[bool]) -> ast.expr:
    """Functions of torch that take tensors alone, with a number among their operands."""
    if name in ("maximum", "minimum"):
        bound, other = (0, 1) if plain[0] else (1, 0)
        return fill(f"torch.clamp(_0, {'min' if name == 'maximum' else 'max'}=_1)", [operands[other], operands[bound]])
    if name == "where":
        if plain[1] and plain[2]:
            dtype = parse(f"torch.{w.circuit.type(k).dtype.name}")
            if text_of(operands[1]) in ("1", "1.0") and text_of(operands[2]) in ("0", "0.0"):
                return fill("_0.to(_1)", [operands[0], dtype])
            operands[1] = fill("torch.tensor(_0, dtype=_1)", [operands[1], dtype])
        return called(w, k, name, operands)
    if name in ("hypot", "arctan2", "fmod", "logaddexp", "logaddexp2"):
        like = operands[plain.index(False)]
        operands = [fill("torch.full_like(_0, _1)", [like, o]) if p else o for o, p in zip(operands, plain, strict=True)]
    return called(w, k, name, operands)
