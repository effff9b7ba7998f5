"""Operations on shapes, parts and whole arrays, and those that need statements of their own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.codegen.elementwise import called, elementwise, refuse, scalar_behind
from gradcheck.codegen.expressions import assignment, fill, number, text_of

if TYPE_CHECKING:
    from gradcheck.circuit import Circuit
    from gradcheck.codegen.statements import Writer


def written(w: Writer, k: int) -> ast.expr | None:
    """Equation k in terms of what it reads; None where it needs statements, which are then written."""
    primitive = w.circuit.primitive(k)
    assert primitive is not None
    special = SHAPED.get(primitive.name)
    if special is not None:
        return special(w, k)
    if primitive.elementwise:
        return elementwise(w, k, primitive.name)
    return called(w, k, primitive.name, [w.nodes[i] for i in w.circuit.inputs_of(k)])


# shapes
def shape_node(w: Writer, shape: tuple[int, ...]) -> ast.expr:
    """A shape: that of something named, else numbers."""
    named = _like(w, shape, None)
    if named and shape:
        return fill("_0.shape", [ast.Name(named)])
    return ast.Tuple([w.sized(n) or number(n) for n in shape])


def _like(w: Writer, shape: tuple[int, ...], dtype: Any) -> str | None:
    """A named value of a shape, and of a type where that matters; arguments first."""
    circuit = w.circuit
    for k in (*circuit.inputs, *(k for k in w.named if k not in circuit.inputs)):
        if k in w.named and circuit.type(k).shape == shape and (dtype is None or circuit.type(k).dtype == dtype):
            return w.named[k]
    return None


def filled(w: Writer, shape: tuple[int, ...], dtype: Any, value: ast.expr) -> ast.expr:
    """An array of one number."""
    module, like, text = w.dialect.module, _like(w, shape, dtype), text_of(value)
    word = {"0.0": "zeros", "1.0": "ones", "0": "zeros", "1": "ones"}.get(text)
    if like:
        return fill(f"{module}.{word}_like(_0)" if word else f"{module}.full_like(_0, _1)", [ast.Name(like), value])
    typed = "" if dtype == np.float64 and module != "torch" else f", dtype={module}.{dtype.name}"
    return fill(f"{module}.{word}(_0{typed})" if word else f"{module}.full(_0, _1{typed})", [shape_node(w, shape), value])


def _broadcast(w: Writer, k: int) -> ast.expr:
    (i,) = w.circuit.inputs_of(k)
    type, source = w.circuit.type(k), w.circuit.type(i)
    if source.shape == () and (not w.dialect.tensors or _of_constants(w.circuit, i)):
        return filled(w, type.shape, type.dtype, w.nodes[i])
    template = "_0.expand(_1)" if w.dialect.name == "torch" else f"{w.dialect.module}.broadcast_to(_0, _1)"
    return fill(template, [w.nodes[i], shape_node(w, type.shape)])


def _of_constants(circuit: Circuit, i: int) -> bool:
    """Whether a number is made of constants alone, so that it is plain Python's."""
    primitive = circuit.primitive(i)
    return i in circuit.constants or (primitive is not None and all(_of_constants(circuit, j) for j in circuit.inputs_of(i)))


def _reshape(w: Writer, k: int) -> ast.expr:
    (i,) = w.circuit.inputs_of(k)
    have, want, node = w.circuit.type(i).shape, w.circuit.type(k).shape, w.nodes[i]
    if have and (index := _new_axes(have, want)) is not None:
        return subscript(node, index)
    if want and (index := _dropped_axes(have, want)) is not None:
        return subscript(node, index)
    if len(want) == 1 and len(have) > 1:
        return fill({"torch": "torch.ravel(_0)"}.get(w.dialect.name, f"{w.dialect.module}.ravel(_0)"), [node])
    return fill(f"{w.dialect.module}.reshape(_0, _1)", [node, shape_node(w, want)])


_ALL = ast.Slice()


def _new_axes(have: tuple[int, ...], want: tuple[int, ...]) -> list[ast.expr] | None:
    """The index that puts axes of size 1 in."""
    if len(want) <= len(have):
        return None
    index: list[ast.expr] = []
    j = 0
    for n in want:
        if j < len(have) and have[j] == n and (n != 1 or len(want) - len(index) <= len(have) - j):
            index.append(_ALL)
            j += 1
        elif n == 1:
            index.append(ast.Constant(None))
        else:
            return None
    return index if j == len(have) else None


def _dropped_axes(have: tuple[int, ...], want: tuple[int, ...]) -> list[ast.expr] | None:
    """The index that takes axes of size 1 out."""
    back = _new_axes(want, have)
    if back is None:
        return None
    index: list[ast.expr] = [ast.Constant(0) if isinstance(b, ast.Constant) else _ALL for b in back]
    return index


def subscript(node: ast.expr, index: list[ast.expr]) -> ast.expr:
    """An index without what says nothing: whole axes at its end."""
    while len(index) > 1 and isinstance(index[-1], ast.Slice) and index[-1] is _ALL:
        index = index[:-1]
    return ast.Subscript(node, index[0] if len(index) == 1 else ast.Tuple(index))


def _transpose(w: Writer, k: int) -> ast.expr:
    (i,) = w.circuit.inputs_of(k)
    node, axes = w.nodes[i], w.circuit.params[k]["axes"]
    if axes == (1, 0):
        return node.value if isinstance(node, ast.Attribute) and node.attr == "T" else ast.Attribute(node, "T")
    return called(w, k, "transpose", [node])


# parts
def index_nodes(w: Writer, index: Any) -> list[ast.expr]:
    """An index, part by part."""
    parts = index if isinstance(index, tuple) else (index,)
    return [_index_part(w, p) for p in parts]


def _index_part(w: Writer, part: Any) -> ast.expr:
    if isinstance(part, slice):
        if (part.start, part.stop, part.step) == (None, None, None):
            return _ALL
        return ast.Slice(*(None if e is None else number(e) for e in (part.start, part.stop, part.step)))
    if isinstance(part, np.ndarray):
        from gradcheck.codegen.statements import _array_key

        decided = w.decided.get(_array_key(part))
        if decided is not None and decided in w.nodes:
            w.met.add(decided)
            return w.nodes[decided]
        return w.array(part, uses=2 if part.size > 4 else 1)
    return ast.Constant(part) if part is None or part is Ellipsis else number(part)


def _getitem(w: Writer, k: int) -> ast.expr:
    (i,) = w.circuit.inputs_of(k)
    index, node = w.circuit.params[k]["index"], w.nodes[i]
    if w.dialect.name == "torch":
        return _torch_getitem(w, node, w.circuit.type(i).shape, index)
    return _part_of(node, index_nodes(w, index) or [ast.Constant(Ellipsis)])


def _part_of(node: ast.expr, index: list[ast.expr]) -> ast.expr:
    """A part; of what only got new axes, in one index."""
    if not isinstance(node, ast.Subscript) or not all(isinstance(p, ast.Slice) for p in index):
        return subscript(node, index)
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not all(p is _ALL or (isinstance(p, ast.Constant) and p.value is None) for p in inner):
        return subscript(node, index)
    both = [*inner, *[_ALL] * (len(index) - len(inner))]
    if any(isinstance(b, ast.Constant) and p is not _ALL for b, p in zip(both, index, strict=False)):
        return subscript(node, index)
    merged = [b if isinstance(b, ast.Constant) else p for b, p in zip(both, [*index, *[_ALL] * len(both)], strict=False)]
    return subscript(node.value, merged)


def _torch_getitem(w: Writer, node: ast.expr, shape: tuple[int, ...], index: Any) -> ast.expr:
    """torch has no slices that run backward: what they take is taken forward, and flipped."""
    parts, flipped, axis = [], [], 0
    backward = [isinstance(p, slice) and p.step is not None and p.step < 0 for p in index]
    if any(backward) and not all(isinstance(p, slice | int) for p in index):
        return refuse(w, "an index that runs backward")  # type: ignore[no-any-return]
    for position, (p, back) in enumerate(zip(index, backward, strict=True)):
        if back:
            flipped.append(axis)
            p = _forward(p, shape[position])
        parts.append(p)
        axis += not isinstance(p, int)
    part = subscript(node, index_nodes(w, tuple(parts)))
    whole = all(isinstance(p, slice) and (p.start, p.stop, p.step) == (None, None, None) for p in parts)
    taken = node if whole and flipped else part
    return fill(f"torch.flip(_0, {tuple(flipped)})", [taken]) if flipped else taken


def _forward(part: slice, size: int) -> slice:
    """What a slice takes that runs backward, taken forward."""
    if part.step < -1:
        taken = range(size)[part]
        return slice(taken[-1], taken[0] + 1, -part.step) if len(taken) else slice(0, 0)
    if part.start is None and part.stop is None:
        return slice(None)
    if part.start is None and part.stop >= 0:
        return slice(part.stop + 1, None)
    taken = range(size)[part]
    return slice(taken[-1], taken[0] + 1) if len(taken) else slice(0, 0)


def _joined(w: Writer, k: int) -> ast.expr:
    primitive, read, axis = w.circuit.primitive(k), w.circuit.inputs_of(k), w.circuit.params[k]["axis"]
    assert primitive is not None
    name, module = primitive.name, w.dialect.module
    parts = [w.nodes[i] for i in read]
    if w.dialect.tensors:
        dtype = w.circuit.type(k).dtype.name
        parts = [fill(f"torch.tensor(_0, dtype=torch.{dtype})", [p]) if i in w.circuit.constants and not w.circuit.type(i).shape else p
                 for p, i in zip(parts, read, strict=True)]  # fmt: skip
    if name == "stack" and axis == 0 and not w.dialect.tensors and not any(w.circuit.type(i).shape for i in read):
        return fill(f"{module}.array(_0)", [ast.List(parts)])
    name = "cat" if w.dialect.tensors and name == "concatenate" else name
    return fill(f"{module}.{name}(_0{f', {w.dialect.axis}={axis}' if axis else ''})", [ast.List(parts)])


# statements of their own
def _scatter(w: Writer, k: int) -> ast.expr | None:
    """Zeros to which parts are added; where the parts are all of it, they are put together."""
    params, read = w.circuit.params[k], w.circuit.inputs_of(k)
    parts, indices, shape = [w.nodes[i] for i in read], params["indices"], params["shape"]
    if len(indices) == 1 and all(p is None or (isinstance(p, slice) and p == slice(None)) for p in indices[0]):
        made = w.circuit.primitive(read[0])
        (source,) = w.circuit.inputs_of(read[0]) if made is not None and made.name == "reshape" else (None,)
        if source is not None and w.circuit.type(source).shape == shape and not isinstance(parts[0], ast.Name):
            return w.nodes[source]
        return subscript(parts[0], [ast.Constant(0) if p is None else _ALL for p in indices[0]])
    ordered = _rows(indices, shape)
    if ordered is not None and not any(i in w.circuit.constants for i in read):
        scalars = len(shape) == 1 and not w.dialect.tensors
        return fill(f"{w.dialect.module}.{'array' if scalars else 'stack'}(_0)", [ast.List([parts[j] for j in ordered])])
    for i, part in zip(read, parts, strict=True):
        if len(text_of(part)) > LINE and not isinstance(part, ast.Name):
            w.give_name(i, None)
    type = w.circuit.type(k)
    target = w.unused(w.circuit.names[k]) if k in w.circuit.names else w.fresh(k)
    w.say(assignment(target, filled(w, type.shape, type.dtype, ast.Constant(0.0))))
    touched = np.zeros(shape, dtype=bool)
    for i, index in zip([_plainest(w, i) for i in read], indices, strict=True):
        _add_at(w, target, index, w.nodes[i], touched, scalar=not w.circuit.type(i).shape)
    w.named[k] = target
    w.nodes[k] = ast.Name(target)
    return None


LINE = 76


def _plainest(w: Writer, i: int) -> int:
    """A number that stands at every place written is written as a number."""
    behind = scalar_behind(w.circuit, i)
    return behind if not isinstance(w.nodes[i], ast.Name) and not w.circuit.type(behind).shape else i


def _rows(indices: tuple[Any, ...], shape: tuple[int, ...]) -> list[int] | None:
    """The order in which parts stand, where each is one row and no row is missing or met twice."""
    rows = [index[0] if len(index) == 1 and isinstance(index[0], int | np.integer) else None for index in indices]
    if None in rows or not shape or len(rows) != shape[0]:
        return None
    places = [int(r) % shape[0] for r in rows if r is not None]
    return [places.index(r) for r in range(shape[0])] if len(set(places)) == shape[0] else None


def _add_at(w: Writer, target: str, index: Any, value: ast.expr, touched: Any, *, scalar: bool) -> None:
    """One part added: with = where nothing was written before, with np.add.at where places may be met twice."""
    if w.dialect.name == "torch" and any(isinstance(p, slice) and (p.step or 1) < 0 for p in index):
        index, flipped = _turned(w, index, value, touched.shape)
        value = value if scalar else flipped
    node = subscript(ast.Name(target), index_nodes(w, index) or [ast.Constant(Ellipsis)])
    arrays = [p for p in index if isinstance(p, np.ndarray)]
    nodes = index_nodes(w, index)
    once = not arrays or arrays[0].dtype.kind == "b" or any("arange(" in text_of(n) for n in nodes)
    if w.dialect.functional:
        place = text_of(subscript(ast.parse(f"{target}.at", mode="eval").body, index_nodes(w, index) or [ast.Constant(Ellipsis)]))
        w.say(assignment(target, fill(f"{place}.add(_0)", [value])))
    elif once:
        before = bool(touched[index].any())
        w.say(assignment(text_of(node), value, sign="+=" if before else "="))
    elif w.dialect.name == "torch":
        if any(not isinstance(p, np.ndarray) for p in index):
            refuse(w, "adding at an index of arrays and slices")
        tensor = fill(f"torch.as_tensor(_0, dtype={target}.dtype)", [value]) if scalar else value  # it may be a plain number
        w.say([f"    {target}.index_put_(({', '.join(map(text_of, nodes))},), {text_of(tensor)}, accumulate=True)"])
    else:
        where = text_of(nodes[0]) if len(nodes) == 1 and arrays else f"({', '.join(_slice_text(n) for n in nodes)})"
        w.say([f"    np.add.at({target}, {where}, {text_of(value)})"])
    touched[index] = True


def _turned(w: Writer, index: Any, value: ast.expr, shape: tuple[int, ...]) -> tuple[Any, ast.expr]:
    """An index that runs backward, run forward with what is written there flipped."""
    if any(not isinstance(p, slice) for p in index):
        refuse(w, "adding at an index that runs backward")
    axes = tuple(axis for axis, p in enumerate(index) if (p.step or 1) < 0)
    forward = tuple(_forward(p, n) if (p.step or 1) < 0 else p for p, n in zip(index, shape, strict=False))
    return forward, fill(f"torch.flip(_0, {axes})", [value])


def _slice_text(node: ast.expr) -> str:
    """A part of an index outside brackets."""
    if not isinstance(node, ast.Slice):
        return text_of(node)
    return f"slice({', '.join('None' if e is None else text_of(e) for e in (node.lower, node.upper, node.step))})"


def _put(w: Writer, k: int) -> ast.expr | None:
    """A copy that is written into."""
    x, value = w.circuit.inputs_of(k)
    type = w.circuit.type(k)
    target = w.unused(w.circuit.names[k]) if k in w.circuit.names else w.fresh(k)
    index = index_nodes(w, w.circuit.params[k]["index"]) or [ast.Constant(Ellipsis)]
    if w.dialect.functional or (x in w.circuit.constants and not isinstance(w.nodes[x], ast.Name)):
        w.say(assignment(target, w.nodes[x]))
    else:
        cast = (
            ""
            if w.circuit.type(x).dtype == type.dtype
            else ".astype(float)"
            if w.dialect.name == "numpy"
            else f".to(torch.{type.dtype.name})"
        )
        w.say(assignment(target, fill(f"_0{cast}.copy()" if w.dialect.name == "numpy" else f"_0{cast}.clone()", [w.nodes[x]])))
    if w.dialect.functional:
        place = text_of(subscript(ast.parse(f"{target}.at", mode="eval").body, index))
        w.say(assignment(target, fill(f"{place}.set(_0)", [w.nodes[value]])))
    else:
        w.say(assignment(text_of(subscript(ast.Name(target), index)), w.nodes[value]))
    w.named[k] = target
    w.nodes[k] = ast.Name(target)
    return None


def _einsum(w: Writer, k: int) -> ast.expr:
    operands = [w.nodes[i] for i in w.circuit.inputs_of(k)]
    call = fill(f"{w.dialect.module}.einsum(_0)", [ast.Constant(w.circuit.params[k]["subscripts"])])
    assert isinstance(call, ast.Call)
    call.args += operands
    return call


def _cholesky(w: Writer, k: int) -> ast.expr:
    (i,) = w.circuit.inputs_of(k)
    if w.circuit.params[k]["lower"]:
        return called(w, k, "cholesky", [w.nodes[i]])
    return fill(f"{w.dialect.module}.linalg.cholesky(_0, upper=True)", [w.nodes[i]])


def _solve_triangular(w: Writer, k: int) -> ast.expr:
    """SciPy's, by its keywords."""
    if w.dialect.name != "numpy":
        return refuse(w, "solve_triangular")  # type: ignore[no-any-return]
    params, options = w.circuit.params[k], ""
    w.helpers["scipy.linalg"] = None
    if params["lower"]:
        options += ", lower=True"
    if params.get("unit"):
        options += ", unit_diagonal=True"
    return fill(f"scipy.linalg.solve_triangular(_0, _1{options})", [w.nodes[i] for i in w.circuit.inputs_of(k)])


def _fourier(w: Writer, k: int) -> ast.expr:
    """A Fourier transform with real and imaginary parts apart: a helper that goes with the source."""
    primitive = w.circuit.primitive(k)
    assert primitive is not None
    if w.dialect.name != "numpy":
        return refuse(w, primitive.name)  # type: ignore[no-any-return]
    w.helpers[primitive.name] = None
    call = ast.Call(ast.Name(primitive.name), [w.nodes[i] for i in w.circuit.inputs_of(k)], [])
    params = w.circuit.params[k]
    sizes = {"n": w.sized(params["n"])} if "n" in params else {}
    call.keywords = [ast.keyword(name, sizes.get(name) or ast.Constant(value)) for name, value in params.items()]
    return call


def _outer(w: Writer, k: int) -> ast.expr:
    operands = [
        fill("torch.ravel(_0)", [w.nodes[i]]) if w.dialect.name == "torch" and len(w.circuit.type(i).shape) != 1 else w.nodes[i]
        for i in w.circuit.inputs_of(k)
    ]
    return called(w, k, "outer", operands)


SHAPED: dict[str, Callable[[Writer, int], ast.expr | None]] = {
    "broadcast_to": _broadcast, "reshape": _reshape, "transpose": _transpose, "getitem": _getitem, "stack": _joined, "concatenate": _joined,
    "scatter": _scatter, "put": _put, "einsum": _einsum, "cholesky": _cholesky, "solve_triangular": _solve_triangular, "fft": _fourier,
    "outer": _outer, "rfft": _fourier, "irfft": _fourier,
}  # fmt: skip
