"""A circuit's equations and rules as formulas over identifiers: `_v3` a value, `_d3` its derivative, `_c3` a constant array.

Of the ways people write a rule the first one is taken that gives, at this point, what the rule gave; else the rule itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, Floats, interpret, traced_rule
from gradcheck.circuit.circuit import CONSTANT
from gradcheck.circuit.formulas import OPERANDS, formulas, types_at
from gradcheck.circuit.simplify import live, simplify
from gradcheck.circuit.source import Program, applied, scalar_text
from gradcheck.derivation.algebra import constant_of, evaluate, number_tree, parse, replaced, shorter, text_of
from gradcheck.errors import GradcheckError
from gradcheck.primitives import Exact
from gradcheck.primitives.reductions import kept_shape

AGREE = 1e-9  # two ways to write a rule round differently; beyond this they differ
WRITTEN = 8  # elements of a constant array that are written out inside a formula
ALIKE = 4096  # elements of constant arrays up to which equal ones go by one name
MANY = 12  # operands beyond which the middle ones are left out
FAILURES = (ValueError, TypeError, NameError, IndexError, KeyError, AttributeError, ArithmeticError, GradcheckError, np.linalg.LinAlgError)


class Formulas:
    """Formulas of one circuit at one point; `env` holds what every identifier stands for."""

    def __init__(self, circuit: Circuit, env: dict[str, Any]) -> None:
        self.circuit, self.env = circuit, env
        self.constants: dict[str, tuple[str, Any]] = {}  # arrays too long to be written out: the user's name if there is one, and the array
        self._known: dict[tuple[Any, ...], str] = {}
        self.ids = {k: f"_v{k}" for k, opcode in enumerate(circuit.opcodes) if opcode != CONSTANT or k == circuit.outputs[0]}

    def operand(self, k: int) -> str:
        """How value k is written as an operand."""
        return self.ids[k] if k in self.ids else self.constant(k)

    def constant(self, k: int) -> str:
        """How the constant k is written."""
        return self._constant(self.circuit.constants[k], f"_c{k}", self.circuit.names.get(k, ""))

    def _constant(self, value: Any, fresh: str, name: str) -> str:
        if isinstance(value, Exact):
            return _exact(value)
        if not isinstance(value, np.ndarray):
            return _bracketed(scalar_text(float(value) if isinstance(value, np.float64) else value))
        if value.size <= WRITTEN and value.ndim == 1 and not name:
            return f"np.array({_listed(value)})"
        key = (name, value.shape, value.dtype.str, value.tobytes() if value.size <= ALIKE else id(value))
        known = self._known.setdefault(key, fresh)
        self.constants.setdefault(known, (name, value))
        self.env[known] = value
        return known

    def step(self, k: int, instead: Mapping[int, str] | None = None) -> str:
        """The right-hand side of equation k; `instead` stands for the operands at some positions."""
        read, primitive = self.circuit.inputs_of(k), self.circuit.primitive(k)
        assert primitive is not None
        if len(read) > MANY and primitive.name in ("stack", "concatenate"):
            some = ", ".join(map(self.operand, read[:3]))
            return f"np.{primitive.name}([{some}, ..., {self.operand(read[-1])}], axis={self.circuit.params[k]['axis']})"
        written = [(instead or {}).get(p) or self.operand(i) for p, i in enumerate(read)]
        return self._expression(self.circuit, k, written, f"_c{k}")

    def _expression(self, circuit: Circuit, k: int, operands: Sequence[str], fresh: str) -> str:
        """One equation in NumPy, where index arrays are written out or named apart."""
        names = [f"_o{p}" for p in range(len(operands))]
        program = Program(wanted=frozenset(names))
        tree = parse(applied(circuit, k, names, program))
        objects = {n: parse(self._index(v, f"{fresh}_{i}")) for i, (n, v) in enumerate(program.objects.items())}
        return text_of(replaced(tree, objects | {n: parse(o) for n, o in zip(names, operands, strict=True)}))

    def _index(self, value: Any, fresh: str) -> str:
        if value.size <= WRITTEN and value.ndim == 1:
            return f"np.array({value.tolist()})"
        return self._constant(value, fresh, "")

    def rule(self, k: int, position: int, cotangent: str, number: Any) -> str:
        """The cotangent of an operand of equation k, in terms of `cotangent`; `number` is what the rule gave."""
        circuit, primitive = self.circuit, self.circuit.primitive(k)
        assert primitive is not None
        read, types, params = circuit.inputs_of(k), types_at(circuit, k), circuit.params.get(k, {})
        for form in formulas(primitive, types, params, position):
            written = self._textbook(form, k, cotangent)
            if written is not None and self.agrees(written := self.fitted(written, number), number):
                return written
        given = (self._cotangent_value(cotangent, k), self.env[self.ids[k]], *(self.value(i) for i in read))
        return self._inline(
            simplify(traced_rule(primitive, position, given, params)), (cotangent, self.ids[k], *map(self.operand, read)), k
        )

    def slope(self, k: int, position: int) -> str:
        """The local derivative of an operation on each entry, before anything is added up over stretched axes."""
        circuit, primitive, shape = self.circuit, self.circuit.primitive(k), self.circuit.type(k).shape
        assert primitive is not None
        one, y = np.ones(shape)[()], self.env[self.ids[k]]
        read = [np.broadcast_to(self.value(i), shape)[()] for i in circuit.inputs_of(k)]
        rule = traced_rule(primitive, position, (one, y, *read), circuit.params.get(k, {}))
        (number,) = interpret(rule, Floats(), (one, y, *read))
        for form in formulas(primitive, types_at(circuit, k), circuit.params.get(k, {}), position):
            written = self._textbook(re.sub(r"^sum_to\((.*), \([\d, ]*\)\)$", r"\1", form), k, "1")
            if written is not None and self.agrees(written, number):
                return written
        return self._inline(simplify(rule), ("1", self.ids[k], *map(self.operand, circuit.inputs_of(k))), k)

    def _cotangent_value(self, cotangent: str, k: int) -> Any:
        return np.broadcast_to(self.env.get(cotangent, np.float64(1.0)), self.circuit.type(k).shape)[()]

    def value(self, k: int) -> Any:
        """The number of value k."""
        return self.env[self.ids[k]] if k in self.ids else self.circuit.constants[k]

    def _textbook(self, form: str, k: int, cotangent: str) -> str | None:
        """A form of the textbook in our identifiers; None where it does not fit the shapes."""
        read, type = self.circuit.inputs_of(k), self.circuit.type(k)
        names = OPERANDS.get(len(read), ())
        try:
            by = {n: parse(self.operand(i)) for n, i in zip(names, read, strict=False)}
            by |= {"g": parse(cotangent), "y": parse(self.ids[k])}
            kept = kept_shape(self.circuit.type(read[0]).shape, self.circuit.params.get(k, {}).get("axis"))
            for name in "gy":
                by[name.upper()] = by[name] if type.shape in (kept, ()) else parse(f"np.reshape({text_of(by[name])}, {kept})")
            tree, shape = parse(form), None
            if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "sum_to":
                inner, wanted = tree.args
                tree, shape = inner, ast.literal_eval(wanted)
            return summed(text_of(_times_slope(tree, by)), type.shape, shape)
        except FAILURES:
            return None

    def fitted(self, formula: str, number: Any) -> str:
        """The formula, stretched to the shape of its number where it lacks axes."""
        shape = np.shape(number)
        try:
            return formula if np.shape(evaluate(formula, self.env)) == shape else f"np.broadcast_to({formula}, {shape})"
        except FAILURES:
            return formula

    def agrees(self, formula: str, number: Any) -> bool:
        """Whether a formula gives the number, up to rounding."""
        try:
            found = evaluate(formula, self.env)
        except FAILURES:
            return False
        return agree(np.broadcast_to(found, np.shape(number)) if np.shape(found) == () else found, number)

    def _inline(self, rule: Circuit, given: Sequence[str], k: int) -> str:
        """A rule as one nested expression."""
        names = dict(zip(rule.inputs, given, strict=True))
        needed = live(rule)
        for i, opcode in enumerate(rule.opcodes):
            if opcode == CONSTANT:
                names[i] = self._constant(rule.constants[i], f"_c{k}_r{i}", "")
            elif opcode >= 0 and needed[i]:
                names[i] = self._expression(rule, i, [names[j] for j in rule.inputs_of(i)], f"_c{k}_r{i}")
        return text_of(shorter(parse(names[rule.outputs[0]])))


def _times_slope(tree: ast.expr, by: Mapping[str, ast.expr]) -> ast.expr:
    """A form in our identifiers; where it is a product with the cotangent, that comes first and the local derivative stays together."""
    whole = shorter(replaced(tree, by))
    node = tree
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        node = node.left
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    if node is tree or not (isinstance(node, ast.Name) and node.id == "g" and isinstance(tree, ast.BinOp)):
        return whole
    slope = shorter(replaced(tree, {**by, "g": ast.Constant(1)}))
    first, second = (slope, by["g"]) if constant_of(slope) is not None else (by["g"], slope)
    return shorter(ast.BinOp(first, ast.Mult(), second))


def agree(found: Any, number: Any) -> bool:
    """Whether two numbers are the same up to the rounding of another way to write them."""
    if np.shape(found) != np.shape(number):
        return False
    scale = np.max(np.abs(np.where(np.isfinite(number), number, 0.0)), initial=0.0) if np.size(number) else 0.0
    return bool(np.allclose(found, number, rtol=AGREE, atol=1e-12 * scale, equal_nan=True))


def summed(formula: str, shape: tuple[int, ...], wanted: tuple[int, ...] | None) -> str:
    """The formula, of the shape given, summed over the axes along which the shape wanted was stretched."""
    if wanted is None or wanted == shape:
        return formula
    lead = len(shape) - len(wanted)
    stretched = [lead + i for i, n in enumerate(wanted) if n == 1 and shape[lead + i] != 1]
    axes = [*range(lead), *stretched]
    if not axes:
        return f"np.reshape({formula}, {wanted})"
    if not stretched:
        return f"np.sum({formula}, axis={tuple(axes) if len(axes) > 1 else axes[0]})" if wanted else f"np.sum({formula})"
    over = f"np.sum({formula}, axis={tuple(axes) if len(axes) > 1 else axes[0]}, keepdims=True)"
    return over if not lead else f"np.reshape({over}, {wanted})"


def _exact(value: Exact) -> str:
    """An exact constant as a formula, where its text is one; else its nearest float."""
    text = re.sub(r"([\d)]) (?=[a-z])", r"\1 * ", value.text)
    try:
        if abs(evaluate(text, {}) - value.value) <= 1e-14 * abs(value.value):
            return f"({text})"
    except (*FAILURES, SyntaxError):
        pass
    return _bracketed(repr(value.value))


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _listed(value: Any) -> str:
    return "[" + ", ".join(text_of(number_tree(v)) if np.isfinite(v) else f"float('{v}')" for v in value.tolist()) + "]"
