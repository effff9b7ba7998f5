"""Proofs of adjoint rules: each rule against SymPy's derivative of the operation's exact form."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from gradcheck.arithmetic.enclosures import Undecidable
from gradcheck.errors import GradcheckError
from gradcheck.parallel import Lost, in_order
from gradcheck.primitives import TABLE, Primitive
from gradcheck.verdicts.proof.balls import certified, is_flat
from gradcheck.verdicts.proof.broadcasting import broadcasts
from gradcheck.verdicts.proof.defining import POINTS, refuted, simplified
from gradcheck.verdicts.proof.identities import Chart, charts_of
from gradcheck.verdicts.proof.settings import Entry, Setting, entries, settings_of
from gradcheck.verdicts.proof.vanishing import agree, number, simplified_to_zero

Status = Literal["proven", "exact at random rational points", "by defining identity", "certified", "decision", "failed"]
_STRENGTH: tuple[Status, ...] = ("proven", "by defining identity", "exact at random rational points", "certified", "failed")
_NOT_EVALUATED = (GradcheckError, ArithmeticError, LookupError, TypeError, ValueError, NotImplementedError)  # what a wrong rule may raise
_SCREENING, _POINTS = 2, 8  # points at which a rule is refuted before it is simplified, and compared where it cannot be


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Where a rule is wrong: the operands and cotangents there, the rule's value and the true derivative."""

    operand: int
    point: Mapping[str, str]
    rule: str
    derivative: str

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {v}" for k, v in self.point.items())
        return f"operand {self.operand} at {where}: the rule gives {self.rule}, the derivative is {self.derivative}"


@dataclass(frozen=True, slots=True)
class Piece:
    """One open piece of a domain, or one example of shapes: how far the rule is proved there, and by what."""

    where: str
    status: Status
    evidence: str
    counterexample: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof status of a primitive's rule: the weakest over its pieces, and a line that says why."""

    name: str
    formula: str
    status: Status
    detail: str
    pieces: tuple[Piece, ...] = ()

    @property
    def counterexample(self) -> Counterexample | None:
        """The first place where the rule is wrong."""
        return next((p.counterexample for p in self.pieces if p.counterexample is not None), None)


def proofs(processes: int = 1, only: Collection[str] | None = None) -> tuple[Proof, ...]:
    """The proof of every record of the table, or of those named in `only`, in its order; in several processes where more than one is asked for."""
    todo = [p for p in TABLE if only is None or p.name in only]
    found = tuple(in_order(lambda item: prove(todo[item]), len(todo), processes=processes))
    lost = next((r.how for r in found if isinstance(r, Lost)), None)
    if lost is not None:
        raise GradcheckError(f"the process that proved the rules {lost}")
    return tuple(r for r in found if not isinstance(r, Lost))


def prove(primitive: Primitive) -> Proof:
    """Prove a record's rule for every operand, on every open piece of its domain or for every example of shapes.

    Deterministic: random points and orders depend on the record's name alone.
    """
    if primitive.decision:
        return _decision(primitive)
    rng = random.Random(primitive.name)  # noqa: S311  sample points need no secrecy
    charts = charts_of(primitive)
    pieces = (
        _by_identities(primitive, charts, rng) if charts else [_piece(primitive, setting, rng) for setting in settings_of(primitive, rng)]
    )
    if primitive.elementwise and (primitive.arity or 1) > 1:
        pieces.append(_broadcast(primitive, rng))
    if not pieces:
        return Proof(primitive.name, primitive.formula, "failed", "the record gives no example to prove its rule on")
    status = max((p.status for p in pieces), key=_STRENGTH.index)
    return Proof(primitive.name, primitive.formula, status, _detail(primitive, status, pieces), tuple(pieces))


def _piece(primitive: Primitive, setting: Setting, rng: random.Random) -> Piece:
    """The weakest status over all entries of all operands on one piece."""
    try:
        found = [_entry(primitive, setting, e, rng) for e in entries(primitive, setting, rng)]
    except Undecidable:  # SymPy has no form of the operation
        moving = [i for i, x in enumerate(setting.operands) if sympy.sympify(x).free_symbols] if primitive.elementwise else []
        found = [_by_balls(primitive, setting, i, rng) for i in moving]
    except _NOT_EVALUATED as error:
        return Piece(setting.text, "failed", str(error))
    if not found:
        return Piece(setting.text, "failed", "no entry of any operand has a rule")
    worst = max(found, key=lambda p: _STRENGTH.index(p.status))
    if worst.status != "proven":
        return worst
    return Piece(setting.text, "proven", ", ".join(dict.fromkeys(p.evidence for p in found)))


def _entry(primitive: Primitive, setting: Setting, entry: Entry, rng: random.Random) -> Piece:
    """One entry: refuted at rational points, else simplified to zero, else compared at more points, else by balls."""
    screened = [_compared(setting, entry, rng) for _ in range(_SCREENING)]
    refuted = next((p for p in screened if isinstance(p, Counterexample)), None)
    if refuted is not None:
        return Piece(setting.text, "failed", str(refuted), refuted)
    how = simplified_to_zero(entry.rule - entry.derivative)
    if how is not None:
        return Piece(setting.text, "proven", how)
    further = screened + [_compared(setting, entry, rng) for _ in range(_POINTS - _SCREENING)]
    refuted = next((p for p in further if isinstance(p, Counterexample)), None)
    if refuted is not None:
        return Piece(setting.text, "failed", str(refuted), refuted)
    if all(further):
        return Piece(setting.text, "exact at random rational points", f"equal to 50 digits at {_POINTS} random rational points")
    return _by_balls(primitive, setting, entry.operand, rng)


def _compared(setting: Setting, entry: Entry, rng: random.Random) -> Counterexample | bool:
    """Rule and derivative at one random rational point: a counterexample, agreement, or False where SymPy has no number."""
    point = setting.region.sample(rng)
    cotangents = sorted((entry.rule.free_symbols | entry.derivative.free_symbols) - set(setting.region.parameters), key=str)
    point |= {g: sympy.Rational(rng.randint(1, 12), rng.choice((5, 7, 9))) for g in cotangents}
    rule, derivative = number(entry.rule, point), number(entry.derivative, point)
    if derivative is None:
        return False
    if rule is not None and agree(rule, derivative):
        return True
    operands = {n: str(sympy.sympify(x).subs(point)) for n, x in setting.region.operands.items()}
    shown = {str(g): str(point[g]) for g in cotangents}
    return Counterexample(entry.operand, operands | shown, "no number" if rule is None else _digits(rule), _digits(derivative))


def _digits(value: Any) -> str:
    return str(sympy.N(value, 17))


def _by_balls(primitive: Primitive, setting: Setting, operand: int, rng: random.Random) -> Piece:
    if not primitive.elementwise:
        return Piece(setting.text, "failed", "SymPy can neither simplify nor evaluate it")
    found = certified(primitive, operand, [setting.floats(rng) for _ in range(_POINTS)], setting.params)
    if isinstance(found, str):
        return Piece(setting.text, "certified", found)
    point = {f"operand {i}": repr(float(x)) for i, x in enumerate(found.point)}
    wrong = Counterexample(operand, point, str(found.rule), str(found.derivative))
    return Piece(setting.text, "failed", str(wrong), wrong)


def _by_identities(primitive: Primitive, charts: tuple[Chart, ...], rng: random.Random) -> list[Piece]:
    """One chart after the other, until one refutes the rule."""
    pieces: list[Piece] = []
    for chart in charts:
        pieces.append(_by_identity(primitive, chart, rng))
        if pieces[-1].status == "failed":
            break
    return pieces


def _by_identity(primitive: Primitive, chart: Chart, rng: random.Random) -> Piece:
    """A decomposition's rule against the identity that defines it: at rational points exactly, and, where it is small, simplified."""
    try:
        found = refuted(primitive, chart, rng)
        everywhere = found is None and chart.symbolic and simplified(primitive, chart)
    except _NOT_EVALUATED as error:
        return Piece(chart.text, "failed", str(error))
    if found is not None:
        where, rule, true = found
        wrong = Counterexample(0, {"the identity": where}, rule, true)
        return Piece(chart.text, "failed", str(wrong), wrong)
    how = "simplified to 0 along every parameter" if everywhere else f"exactly 0 along every parameter at {POINTS} random rational points"
    return Piece(chart.text, "by defining identity", f"{primitive.formula}, differentiated: {how}")


def _broadcast(primitive: Primitive, rng: random.Random) -> Piece:
    """Whether stretched operands get the sum of the cotangents of all their copies."""
    try:
        problem = broadcasts(primitive, rng)
    except _NOT_EVALUATED as error:
        problem = str(error)
    return Piece("stretched operands", "proven" if problem is None else "failed", problem or "sums of symbolic cotangents")


def _decision(primitive: Primitive) -> Proof:
    """A record without a rule must be flat: its derivative is 0 wherever it has one."""
    rng = random.Random(primitive.name)  # noqa: S311  sample points need no secrecy
    steep = None if not primitive.elementwise else is_flat(primitive, rng)
    if steep is not None:
        piece = Piece(str(steep), "failed", "the record has no rule, but its derivative is not 0")
        return Proof(primitive.name, primitive.formula, "failed", f"{piece.evidence} at {piece.where}", (piece,))
    return Proof(primitive.name, primitive.formula, "decision", "piecewise constant: no derivative flows")


def _detail(primitive: Primitive, status: Status, pieces: list[Piece]) -> str:
    if status == "failed":
        failed = next(p for p in pieces if p.status == "failed")
        return f"wrong on {failed.where}: {failed.evidence}"
    weak = [p for p in pieces if p.status not in ("proven", "by defining identity")]
    if weak:
        return "; ".join(f"on {p.where}: {p.evidence}" for p in weak)
    where = "; ".join(dict.fromkeys(p.where for p in _shown(pieces)))
    return where if where == "everywhere" else f"on {where}" if primitive.elementwise else f"every entry for shapes {where}"


def _shown(pieces: list[Piece]) -> Iterator[Piece]:
    return (p for p in pieces if p.where != "stretched operands")
