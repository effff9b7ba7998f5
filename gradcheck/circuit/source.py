"""A circuit as readable Python: the forward part, then the backward part, with the user's variable names.

The same text, over `math` floats where it can, is what a compiled circuit runs.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import CONSTANT, Circuit
from gradcheck.circuit.simplify import live
from gradcheck.primitives import TABLE, Exact, Primitive

_PYTHON = {"f": "float", "b": "bool", "i": "int", "u": "int"}
_INLINE = 16  # elements of an index or constant array that are written out


@dataclass(slots=True)
class Program:
    """Lines of Python, the objects they refer to by name, the name of every value, and the names users gave."""

    lines: list[str] = field(default_factory=list)
    objects: dict[str, Any] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()


def write(circuit: Circuit) -> str:
    """A function definition with one line per equation. It runs next to `import numpy as np` (see `scope` for the operations
    that have no NumPy name), unless it refers to large constants, which are left out.
    """
    written = program(circuit)
    constants = [f"    {name} = {_array_text(value)}" for name, value in written.objects.items()]
    return definition(circuit, written, constants)


def definition(circuit: Circuit, written: Program, constants: Sequence[str] = ()) -> str:
    """The lines as a function of the circuit's inputs, after lines that make the constants."""
    arguments = ", ".join(written.names[k] for k in circuit.inputs)
    head = f"def {_identifier(circuit.name)}({arguments}):"
    results = ", ".join(written.names[k] for k in circuit.outputs)
    return "\n".join([head, *constants, *written.lines, f"    return {results}"]) + "\n"


def program(circuit: Circuit) -> Program:
    """One line per equation, and the constants they refer to by name."""
    namer = _Namer(circuit)
    written = Program(wanted=frozenset(namer.wanted))
    for k, opcode in enumerate(circuit.opcodes):
        written.names[k] = _literal(circuit, k, written) if opcode == CONSTANT else namer.name(k)
        namer.used.add(written.names[k])
        if k == circuit.backward and written.lines:
            written.lines.append("    # backward")
        if opcode >= 0:
            comment = _shape_comment(circuit, k)
            written.lines.append(f"    {written.names[k]} = {expression(circuit, k, written)}{comment}")
    return written


class _Namer:
    """The user's names where they are free, v0, v1, ... elsewhere."""

    def __init__(self, circuit: Circuit) -> None:
        self.circuit, self.used, self.next = circuit, set(_RESERVED), 0
        self.wanted = set(circuit.names.values())

    def name(self, k: int, otherwise: str = "") -> str:
        wanted = _identifier(self.circuit.names.get(k, otherwise))
        if wanted and wanted not in self.used:
            self.used.add(wanted)
            return wanted
        while (fresh := f"v{self.next}") in self.used or fresh in self.wanted:
            self.next += 1
        self.used.add(fresh)
        return fresh


def _identifier(name: str) -> str:
    clean = re.sub(r"\W", "_", name)
    if not clean:
        return ""
    return f"_{clean}" if clean[0].isdigit() or keyword.iskeyword(clean) else clean


def expression(circuit: Circuit, k: int, program: Program) -> str:
    """The right-hand side of equation k in NumPy."""
    text, type = _operation(circuit, k, program), circuit.type(k)
    return f"{_PYTHON[type.dtype.kind]}({text})" if type.weak and _is_mixed(circuit) else text


def _is_mixed(circuit: Circuit) -> bool:
    """Whether other precisions than float64 are about, so that it matters which numbers are plain Python's."""
    return any(t.floating and t.dtype != np.float64 for t in circuit.type_table)


def _operation(circuit: Circuit, k: int, program: Program) -> str:
    return applied(circuit, k, [program.names[i] for i in circuit.inputs_of(k)], program)


def applied(circuit: Circuit, k: int, operands: list[str], program: Program) -> str:
    """The operation of equation k in NumPy, on operands given as text."""
    primitive, params = TABLE[circuit.opcodes[k]], circuit.params.get(k, {})
    if primitive.name == "transpose" and params["axes"] == (1, 0):
        return _bracketed(operands[0], "") + ".T"
    if primitive.array is not None:
        return _fill(primitive.array, operands, params, program)
    if primitive.name == "scatter":
        return _scatter(operands, params, program)
    if primitive.name == "put":
        return f"put({operands[0]}, {operands[1]}, index=({_tuple_text(params['index'], program)},))"
    options = [f"{name}={value!r}" for name, value in params.items()]
    return f"{_callable(primitive)}({', '.join([*operands, *options])})"


def _fill(template: str, operands: list[str], params: Mapping[str, Any], program: Program) -> str:
    text = template.replace("{*}", ", ".join(operands))
    for i, operand in enumerate(operands):
        text = text.replace("{" + str(i) + "}", _bracketed(operand, template))
    for name, value in params.items():
        rendered = index_text(value, program) if name == "index" else repr(value)
        text = text.replace("{" + name + "}", rendered)
    return text


def _bracketed(operand: str, template: str) -> str:
    """Brackets around a sign or an operator inside another operator."""
    if template.startswith(("np.", "special.")) or not (operand.startswith("-") or " " in _outside_brackets(operand)):
        return operand
    return f"({operand})"


def _outside_brackets(text: str) -> str:
    """What of an expression stands outside all brackets."""
    outside, depth = "", 0
    for c in text:
        depth += c in "(["
        outside += c if depth == 0 else ""
        depth -= c in ")]"
    return outside


def inline(circuit: Circuit, names: Mapping[int, str]) -> str:
    """The first output as one nested expression of the inputs' names."""
    program = Program(names=dict(names))
    circuit = _unstretched(circuit)
    needed = live(circuit)
    for k, opcode in enumerate(circuit.opcodes):
        if opcode == CONSTANT:
            value = circuit.constants[k]
            program.names[k] = value.text if isinstance(value, Exact) else _literal(circuit, k, program)
        elif opcode >= 0 and needed[k]:
            program.names[k] = expression(circuit, k, program)
    return written_out(program.names[circuit.outputs[0]], program)


def written_out(text: str, program: Program) -> str:
    """A formula with the nameless arrays it reads in their places: short ones entry by entry, long ones as dots."""
    for name, value in program.objects.items():
        if re.fullmatch(r"k\d+", name):
            text = re.sub(rf"\b{name}\b", "[...]" if value.size > _INLINE else str(value.tolist()), text)
    return text


def _unstretched(circuit: Circuit) -> Circuit:
    """A result that is one number copied along axes reads best as that number."""
    k = circuit.outputs[0]
    primitive = circuit.primitive(k)
    stretched = primitive is not None and primitive.name == "broadcast_to" and circuit.inputs_of(k)[0] in circuit.constants
    return circuit.with_outputs(circuit.inputs_of(k)) if stretched else circuit


def value_names(circuit: Circuit) -> dict[int, str]:
    """A distinct readable name for every value: constants but for the result go by their numbers."""
    namer, names = _Namer(circuit), {}
    for k, opcode in enumerate(circuit.opcodes):
        if opcode == CONSTANT and k != circuit.outputs[0]:
            names[k] = _literal(circuit, k, Program())
        else:
            names[k] = namer.name(k, "y" if opcode == CONSTANT else "")
    return names


def index_text(index: Any, program: Program) -> str:
    """An index as it is written between brackets."""
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(_part_text(p, program) for p in parts) or "()"


def _part_text(part: Any, program: Program) -> str:
    if isinstance(part, slice):
        ends = ["" if e is None else str(e) for e in (part.start, part.stop)]
        return ":".join(ends) + ("" if part.step is None else f":{part.step}")
    if isinstance(part, np.ndarray):
        return _stored(part, program)
    return "..." if part is Ellipsis else repr(int(part) if isinstance(part, np.integer) else part)


def _stored(value: Any, program: Program, wanted: str = "") -> str:
    """Keep an array under the user's name for it, or k0, k1, ..."""
    taken = {*program.objects, *program.names.values(), *_RESERVED}
    fresh = (name for i in count(len(program.objects)) if (name := f"k{i}") not in taken | program.wanted)
    name = wanted if wanted and wanted not in taken else next(fresh)
    program.objects[name] = value
    return name


def _scatter(operands: list[str], params: Mapping[str, Any], program: Program) -> str:
    indices = ", ".join(f"({_tuple_text(i, program)},)" if i else "()" for i in params["indices"])
    return f"scatter({', '.join(operands)}, indices=({indices},), shape={params['shape']!r})"


def _tuple_text(index: Any, program: Program) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(_slice_text(p) if isinstance(p, slice) else _part_text(p, program) for p in parts)


def _slice_text(part: slice) -> str:
    return f"slice({part.start}, {part.stop}, {part.step})"


def _callable(primitive: Primitive) -> str:
    function = primitive.evaluate
    if isinstance(function, np.ufunc) or getattr(function, "__module__", "").startswith("numpy"):
        return f"np.{function.__name__}"
    return primitive.name


_RESERVED = {"np", "math", "special", "abs", *_PYTHON.values()} | {p.name for p in TABLE if p.array is None and _callable(p) == p.name}


def _literal(circuit: Circuit, k: int, program: Program) -> str:
    value = circuit.constants[k]
    if isinstance(value, Exact):
        return repr(value.value)
    if isinstance(value, np.ndarray):
        return _stored(value, program, _identifier(circuit.names.get(k, "")))
    if isinstance(value, np.float64) and not _is_mixed(circuit):
        value = float(value)
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """A plain number as Python reads it back, every bit kept."""
    if isinstance(value, np.generic):
        return f"np.{value!r}".replace("np.np.", "np.")
    if isinstance(value, float) and not np.isfinite(value):
        return f"float('{value}')"
    return repr(value)


def _array_text(value: Any) -> str:
    if value.size > _INLINE:
        return f"...  # constant array {value.dtype}{list(value.shape)}"
    numbers = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value.tolist()))
    plain = value.size and value.dtype in (np.float64, np.int64, np.bool_)
    array = f"np.array({numbers})" if plain else f"np.array({numbers}, dtype='{value.dtype}')"
    return array if value.size else f"{array}.reshape({value.shape})"


def _shape_comment(circuit: Circuit, k: int) -> str:
    shape = circuit.type(k).shape
    return f"  # {list(shape)}" if shape else ""


def scope() -> dict[str, Any]:
    """What the written program refers to: NumPy, SciPy's functions, and operations that have no NumPy name."""
    import math

    from scipy import special

    own: dict[str, Callable[..., Any]] = {p.name: p.evaluate for p in TABLE}
    return own | {"np": np, "math": math, "special": special, "abs": abs, "float": float, "bool": bool, "int": int}
