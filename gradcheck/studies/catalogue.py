"""What the records say of every operation, gathered for readers: callables, rules as traced, costs, points, proofs; and what is composed of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from gradcheck.circuit import Circuit, inline, simplify, traced_rule
from gradcheck.circuit.circuit import type_of
from gradcheck.primitives import TABLE, Example, Primitive, followed
from gradcheck.verdicts.proof import Proof, prove
from gradcheck.verdicts.proof.regions import operand_names
from gradcheck.verdicts.proof.settings import brief

_HOMES: tuple[tuple[str, Any], ...] = (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft), ("special", special))
_LONG = 110  # characters of a rule that is shown as one expression


@dataclass(frozen=True, slots=True)
class Cost:
    """Operation counts at one example: `at` says for which shapes and parameters."""

    at: str
    counts: str


@dataclass(frozen=True, slots=True)
class Entry:
    """All a record says of its operation. `rules` holds one text for every operand: an expression, a program, or why there is none."""

    name: str
    family: str
    formula: str
    callables: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    costs: tuple[Cost, ...]
    domain: str
    pieces: tuple[str, ...]
    special: tuple[str, ...]
    notes: tuple[str, ...]
    proof: Proof
    decision: bool


@dataclass(frozen=True, slots=True)
class Composition:
    """A callable that is followed through an adapter; `through` is the record it is listed with, if there is one."""

    name: str
    through: str
    says: str


def catalogue() -> tuple[Entry, ...]:
    """Every record of the table, in its order, with its proof."""
    return tuple(map(entry, TABLE))


def entry(record: Primitive) -> Entry:
    """What one record says."""
    return Entry(
        record.name, _family(record), record.formula, callables(record), tuple(_rules(record)), tuple(_costs(record)), _domain(record), record.pieces,
        tuple(f"{s.kind} at {', '.join(map(repr, s.at))}" for s in record.special), tuple(_notes(record)), prove(record), record.decision,
    )  # fmt: skip


def compositions() -> tuple[Composition, ...]:
    """The callables that lead to an adapter of ours, by name, with the first line of what it says."""
    listed = {call: record.name for record in TABLE for call in record.calls if not record.elementwise or record.calls[call] is not None}
    found = [(call, adapter) for call, adapter in followed().items() if not isinstance(adapter, Primitive)]
    named = {
        name: Composition(name, listed.get(call, ""), _first_line(name, adapter)) for call, adapter in found for name in public_names(call)
    }
    return tuple(named[name] for name in sorted(named))


def public_names(function: Any) -> tuple[str, ...]:
    """What users call a NumPy or SciPy callable: np.absolute and np.abs are one."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return (f"np.{owner.__name__}.{function.__name__}",)
    found = [
        f"{home}.{n}"
        for home, module in _HOMES
        for n in sorted(dir(module))
        if not n.startswith("_") and getattr(module, n, None) is function
    ]
    return tuple(dict.fromkeys(found)) or (getattr(function, "__name__", str(function)),)


def callables(record: Primitive) -> tuple[str, ...]:
    """The public callables that lead to a record."""
    return tuple(dict.fromkeys(name for call in record.calls for name in public_names(call)))


def _first_line(name: str, adapter: Callable[..., Any]) -> str:
    """What an adapter says of itself, without the name it stands for."""
    says = (inspect.getdoc(adapter) or "").partition("\n")[0] if inspect.isfunction(adapter) else ""
    home, _, rest = says.partition(" ") if says.startswith(("np.", "scipy.")) else ("", "", says)
    return rest.rstrip(".") if not home.endswith((".", ":", ";")) or rest else ""


def _family(record: Primitive) -> str:
    """The module that states the record; others only import it."""
    from gradcheck import primitives

    modules = {n: m for n, m in vars(primitives).items() if inspect.ismodule(m) and m.__name__.startswith(primitives.__name__)}
    holding = [n for n, m in modules.items() if any(isinstance(v, Primitive) and v.name == record.name for v in vars(m).values())]
    return next((n for n in holding if f'"{record.name}"' in inspect.getsource(modules[n])), "other")


def _names(record: Primitive, count: int) -> list[str]:
    if record.elementwise and record.exact is not None and record.arity == count:
        return list(operand_names(record))
    return ["x"] if count == 1 else list("abcdefgh"[:count])


def _example(record: Primitive) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Operands at which a rule is traced, which never looks at their values."""
    example = record.examples[0] if record.examples else Example(())
    if record.elementwise:
        truth = [p for p in record.pieces if "True" in p]
        first: list[Any] = [np.bool_(1)] if truth else []
        return (*first, *[np.float64(0.5)] * ((record.arity or 1) - len(first))), example.params
    return tuple(_filled(o) for o in example.operands), example.params


def _filled(operand: Any) -> Any:
    if not isinstance(operand, tuple):
        return operand
    square = len(operand) >= 2 and operand[-2] == operand[-1]
    return np.broadcast_to(np.eye(operand[-1]), operand) if square else np.ones(operand)[()]


def _rules(record: Primitive) -> Iterator[tuple[str, str]]:
    if record.decision:
        return
    operands, params = _example(record)
    names = _names(record, len(operands))
    with np.errstate(all="ignore"):
        y = record.evaluate(*operands, **params)
    for i, name in enumerate(names):
        if isinstance(operands[i], np.bool_):
            yield name, "none: a decision"
            continue
        circuit = traced_rule(record, i, (np.ones(np.shape(y))[()], y, *operands), params)
        yield name, _written(simplify(circuit), ("g", "y", *names))


def _written(circuit: Circuit, names: tuple[str, ...]) -> str:
    """One expression where it is short, else the program."""
    text = inline(circuit, dict(zip(circuit.inputs, names, strict=True)))
    if len(text) <= _LONG:
        return text
    for k, name in zip(circuit.inputs, names, strict=True):
        circuit.names[k] = name  # type: ignore[index]
    return circuit.source().rstrip()


def _costs(record: Primitive) -> Iterator[Cost]:
    examples = record.examples or (Example(()),)
    for example in examples if not record.elementwise else examples[:1]:
        operands = _example(record)[0] if record.elementwise else tuple(_filled(o) for o in example.operands)
        if not operands:
            continue
        with np.errstate(all="ignore"):
            output = record.evaluate(*operands, **example.params)
        counts = record.cost(tuple(map(type_of, operands)), type_of(output), example.params)
        text = (
            ", ".join(f"{n} {kind.removesuffix('s') if n == 1 else kind}" for kind in counts.__slots__ if (n := getattr(counts, kind)))
            or "none"
        )
        shapes = ", ".join("x".join(map(str, np.shape(o))) or "scalar" for o in operands)
        given = ", ".join(f"{k}={brief(v)}" for k, v in example.params.items())
        yield Cost("an element" if record.elementwise else f"{shapes} ({given})" if given else shapes, text)


def _domain(record: Primitive) -> str:
    if not record.elementwise or record.exact is None or not record.arity:
        return ""
    bounded = [(n, d) for n, d in zip(operand_names(record), record.domains, strict=False) if np.isfinite(d.low) or np.isfinite(d.high)]
    return ", ".join(f"{d.low:g} < {n} < {d.high:g}".replace("-inf < ", "").replace(" < inf", "") for n, d in bounded) or "everywhere"


def _notes(record: Primitive) -> Iterator[str]:
    if not record.rounds and not record.decision:
        yield "exact: nothing is rounded"
    if record.sums:
        yield "a sum of terms that may cancel"
    if record.backward:
        yield "accurate backward: rounding inside acts like a change of the operands"
    if not record.analytic and not record.decision:
        yield "not analytic: the complex step refuses"
