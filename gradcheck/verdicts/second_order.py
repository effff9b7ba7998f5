"""Judging second derivatives: a claimed Hessian column by column, a claimed Hessian-vector product along random vectors.

The gradient along a fixed vector is a scalar function; its gradient is the Hessian times the vector. So every column, and every product,
is judged as a gradient is, by a truth of its own and without tolerances.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.circuit import argument_names
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain
from gradcheck.errors import ShapeError, TraceError
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.second import confirm, on_grid, slope_along
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.accuracy import joined
from gradcheck.verdicts.claim import broken_contract, claimed_entries, labels
from gradcheck.verdicts.judge import Judgement, standard
from gradcheck.verdicts.raising import told
from gradcheck.verdicts.verdict import SEVERITY, Verdict
from gradcheck.verdicts.vjp import linear

VECTORS = 2  # random vectors a product is tried with
Point = tuple[Any, ...]
Pair = tuple[Callable[..., Any], Callable[..., Any]]
Check = Callable[..., Verdict]


@dataclass(frozen=True, slots=True)
class SecondOrder:
    """A function and its claimed Hessian, or the claimed product of its Hessian with a vector given after the arguments."""

    function: Callable[..., Any]
    claim: Callable[..., Any]
    is_product: bool
    seed: int

    def pairs(self, point: Point, chosen: tuple[int, ...]) -> Iterator[Pair]:
        """Scalar functions whose gradients the claim gives: one for each column, or for each random vector."""
        for vector, claim in self._directed(point, chosen):
            yield slope_along(self.function, chosen, vector), claim

    def judge(self, point: Point, chosen: tuple[int, ...], domains: Mapping[int, Domain], check: Check) -> list[Verdict]:
        """The verdicts at a point: one for a Hessian, one for each vector of a product."""
        name = getattr(self.claim, "__name__", "hessian")
        try:
            plain = problem_of(self.function, point, chosen, domains)
        except TraceError as error:
            return [Verdict("undecided", f"second derivatives of a function that cannot be traced are not checked: {error}", name)]
        shape = None if self.is_product else self._shape(plain, chosen)
        if shape is not None:
            return [broken_contract(name, (shape,))]
        verdicts = []
        for vector, claim in self._directed(point, chosen):
            along = problem_of(slope_along(self.function, chosen, vector), point, chosen, domains)
            truth = certify(along)
            if not isinstance(truth, Truth):
                return [Verdict("undecided", f"the truth is not known here: {truth.reason}", name)]
            confirm(plain, vector, truth)
            verdicts.append(check(along, claim, standard(along, truth)))
        return verdicts + self._linear(plain) if self.is_product else [merged(verdicts, labels(plain))]

    def _shape(self, plain: Problem, chosen: tuple[int, ...]) -> Finding | None:
        """How the claimed Hessian raises, or does not have the shape of one."""
        given = [a.copy() if isinstance(a, np.ndarray) else a for a in plain.arguments]
        try:
            with np.errstate(all="ignore"):
                hessian_rows(self.claim(*given), self.function, plain.arguments, chosen)
        except ShapeError as error:
            return Finding("shape", str(error))
        except Exception as error:  # whatever a claim raises where the function has a value
            return Finding("raises", f"raises {told(error)} where the function gives {plain.value!s}")
        return None

    def _directed(self, point: Point, chosen: tuple[int, ...]) -> Iterator[tuple[tuple[Any, ...], Callable[..., Any]]]:
        """Vectors, and the claim made with each: its columns, or its products."""
        shapes = [np.shape(point[i]) for i in chosen]
        types = [np.result_type(point[i]) for i in chosen]
        if not self.is_product:
            for column, unit in enumerate(np.eye(sum(map(_size, shapes)))):
                yield _parted(unit, shapes, types), self._column(column, chosen)
            return
        rng = np.random.default_rng(self.seed)
        for _ in range(VECTORS):
            size = sum(map(_size, shapes))
            vector = _parted(on_grid(rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 2.0, size)), shapes, types)
            yield vector, self._product(vector)

    def _product(self, vector: tuple[Any, ...]) -> Callable[..., Any]:
        @wraps(self.claim)
        def product(*arguments: Any) -> Any:
            return self.claim(*arguments, *self.given(vector, len(arguments)))

        return product

    def given(self, vector: tuple[Any, ...], arguments: int) -> tuple[Any, ...]:
        """The vector as the claim takes it: one array, a tuple for several arguments, or one parameter for each."""
        copies = tuple(v.copy() if isinstance(v, np.ndarray) else v for v in vector)
        return copies if len(vector) == 1 or parameters(self.claim) == arguments + len(vector) else (copies,)

    def _column(self, column: int, chosen: tuple[int, ...]) -> Callable[..., Any]:
        @wraps(self.claim)
        def of_hessian(*arguments: Any) -> Any:
            return [row[..., column] for row in hessian_rows(self.claim(*arguments), self.function, arguments, chosen)]

        return of_hessian

    def _linear(self, plain: Problem) -> list[Verdict]:
        """Whether the product is linear in its vector."""
        shapes, types = [np.shape(x) for x in plain.inputs], [x.dtype for x in plain.inputs]

        def product(vector: Any) -> Any:
            parts = claimed_entries(self._product(_parted(vector, shapes, types)), plain)
            return None if isinstance(parts, Finding) else np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in parts])

        vector = np.random.default_rng(self.seed).uniform(0.5, 2.0, plain.size).astype(plain.dtype)
        return linear(product, vector, getattr(self.claim, "__name__", "hvp"), "vector")


def is_product(claim: Callable[..., Any], arguments: int, *, vjp: bool) -> bool:
    """Whether a claim takes a vector after the arguments: it says so, or has a parameter for it."""
    takes = parameters(claim)
    return vjp or (takes is not None and takes > arguments)


def parameters(claim: Callable[..., Any]) -> int | None:
    """How many positional parameters without a default a claim has; None where that cannot be told."""
    try:
        known = inspect.signature(claim).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in known):
        return None
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in known)


def hessian_rows(result: Any, function: Callable[..., Any], arguments: Sequence[Any], chosen: tuple[int, ...]) -> list[Any]:
    """For each argument an array of its shape plus one axis, along which all columns lie. ShapeError where the claim does not fit.

    A claim for one argument is one array of the argument's shape twice over, or a square matrix; for several a tuple of tuples, or a dict of dicts.
    """
    names = [argument_names(function, len(arguments))[i] for i in chosen]
    shapes = [np.shape(arguments[i]) for i in chosen]
    size = sum(map(_size, shapes))
    if not isinstance(result, Mapping | tuple | list) or (len(chosen) == 1 and isinstance(result, list)):
        whole = _array(result)
        if whole is not None and whole.shape == (size, size):
            cuts = np.cumsum([_size(s) for s in shapes])[:-1]
            return [part.reshape(*s, size) for part, s in zip(np.split(whole, cuts), shapes, strict=True)]
        result = [[result]] if len(chosen) == 1 else result
    rows = _listed(result, names)
    return [_row(_listed(row, names), i, names, shapes) for i, row in enumerate(rows)]


def _row(blocks: list[Any], i: int, names: list[str], shapes: list[tuple[int, ...]]) -> Any:
    """The blocks of one argument side by side."""
    arrays = [_array(b) for b in blocks]
    for other, block, wide in zip(names, arrays, shapes, strict=True):
        if block is None or block.shape not in ((*shapes[i], *wide), (_size(shapes[i]), _size(wide))):
            got = "ragged rows" if block is None else f"shape {block.shape}"
            raise ShapeError(f"the Hessian's block for {names[i]}, {other} has {got}, expected {(*shapes[i], *wide)}")
    return np.concatenate([np.reshape(b, (*shapes[i], -1)) for b in arrays], axis=-1)


def _array(value: Any) -> Any:
    """As an array; None for rows of different lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        return None


def _listed(result: Any, names: list[str]) -> list[Any]:
    """The parts for all arguments, in order."""
    if isinstance(result, Mapping):
        missing = [n for n in names if n not in result]
        if missing:
            raise ShapeError(f"the Hessian names no part for {missing[0]}")
        return [result[n] for n in names]
    if not isinstance(result, tuple | list) or len(result) != len(names):
        got = f"{len(result)} parts" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
        raise ShapeError(f"the Hessian has {got}, expected {len(names)} by {len(names)}: for {', '.join(names)}")
    return list(result)


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))


def _parted(flat: Any, shapes: Sequence[tuple[int, ...]], types: Sequence[Any]) -> tuple[Any, ...]:
    ends = np.cumsum([0, *map(_size, shapes)])
    return tuple(flat[a:b].reshape(s).astype(t)[()] for (a, b), s, t in zip(pairwise(ends), shapes, types, strict=True))


def merged(verdicts: Sequence[Verdict], names: tuple[str, ...]) -> Verdict:
    """One verdict on a Hessian from those on its columns; entries are named by row and column."""

    def digits(v: Verdict) -> float:
        return -1.0 if v.judgement is None else float(np.min(v.judgement.accuracy.digits, initial=np.inf))

    worst = min(range(len(verdicts)), key=lambda j: (SEVERITY.index(verdicts[j].outcome), digits(verdicts[j])))
    chosen = verdicts[worst]
    judgements = [v.judgement for v in verdicts if v.judgement is not None]
    if len(judgements) < len(verdicts):
        return chosen
    reason = chosen.reason if chosen.ok else f"column {names[worst]}: {chosen.reason}"
    found = tuple(dict.fromkeys(f for v in verdicts for f in v.findings if v.outcome == chosen.outcome))
    entries = tuple(e for v in verdicts for e in v.entries)
    joint = Judgement(chosen.outcome, entries, joined([j.accuracy for j in judgements]), reason, judgements[worst].kinds)
    all_labels = tuple(f"{row}, {column}" for column in names for row in names)
    return Verdict(chosen.outcome, reason, chosen.name, entries, all_labels, joint, found)
