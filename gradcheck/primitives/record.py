"""What is known about one operation, in one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradcheck.primitives.costs import Counts, Sized, per_element

Rule = Callable[..., Any]
CostRule = Callable[[tuple[Sized, ...], Sized, Mapping[str, Any]], Counts]
INF = float("inf")
_PLAIN = frozenset((bool, int, float))


@dataclass(frozen=True, slots=True)
class Interval:
    """The open interval an operand is drawn from in tests and proofs."""

    low: float = -INF
    high: float = INF


REAL, POSITIVE, UNIT = Interval(), Interval(0.0), Interval(-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Special:
    """A point where bugs live: `kind` is kink, tie, pole, removable, tail, zero, jump or edge; `at` the operands' values there."""

    kind: str
    at: tuple[float, ...]


def points(**kinds: Sequence[float | tuple[float, ...]]) -> tuple[Special, ...]:
    """Special points by kind, written as in a data sheet: `points(pole=[0.0], tail=[20.0, -20.0])`."""
    listed = [(kind.replace("_", " "), at) for kind, places in kinds.items() for at in places]
    return tuple(Special(kind, at if isinstance(at, tuple) else (at,)) for kind, at in listed)


@dataclass(frozen=True, slots=True)
class Example:
    """Operand shapes (or fixed arrays) and parameters at which an array rule is proved entry by entry."""

    operands: tuple[Any, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


class Exact:
    """A constant known exactly, such as log 2: a float to floats, itself to every other arithmetic.

    `form(m)` builds it from the functions of an arithmetic's namespace `m`.
    """

    __slots__ = ("form", "text", "value")

    def __init__(self, text: str, value: float, form: Callable[[Any], Any]) -> None:
        self.text, self.value, self.form = text, value, form

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return self.text


class Recorder(Protocol):
    """What a traced operand offers: writing one equation down."""

    def record(self, primitive: Primitive, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Primitive:
    """Everything known about one operation.

    evaluate    on float arrays: `evaluate(*inputs, **params)`, NumPy's own function
    adjoint     `adjoint(position, g, y, inputs, params)`: the cotangent of one operand, in traced operations
                (None: piecewise constant, no derivative flows)
    cost        exact operation counts from the types of inputs and output
    exact       the same operation over other scalars: `exact(m, *operands, **params)` with `m` the arithmetic's
                functions; elementwise records get scalars, the others object arrays. None: `evaluate` serves
    calls       the NumPy callables it stands for, each with the adapter from that callable's arguments
    scalar      Python source over `math` floats, `{0}` and `{1}` standing for the operands
    array       NumPy source likewise, where it differs from a call of the record's name
    pick        for selections: `pick(exact_inputs, inputs, **params)` takes from `inputs` what `exact_inputs` decide
    aligned     where signs of the result are arbitrary: `aligned(result, like)` chooses them as they are in `like`
    rounds      False where the result is exact (data movement, negation, selection)
    pieces      the open pieces of the domain on which one formula holds, such as "x > 0" or "a < b"; none: the whole
                domain is one. The rule is proved on each
    backward    True where libraries are accurate only backward (near a zero of the function, say): rounding inside acts like a
                change of the operands
    sums        True where results are sums of terms that may cancel: rounding inside acts like a change of the terms
    spread      where rounding moves all results alike, however small some are: by how many units of roundoff, times a size,
                `spread(inputs, params)`
    analytic    False where NumPy's complex form is not the analytic continuation, so that the complex step must refuse
    """

    name: str
    evaluate: Callable[..., Any]
    adjoint: Rule | None
    cost: CostRule
    elementwise: bool = False
    arity: int | None = None
    exact: Callable[..., Any] | None = None
    calls: Mapping[Any, Callable[..., Any] | None] = field(default_factory=dict)
    scalar: str | None = None
    array: str | None = None
    pick: Callable[..., Any] | None = None
    aligned: Callable[[Any, Any], Any] | None = None
    rounds: bool = True
    sums: bool = False
    backward: bool = False
    spread: Callable[..., Any] | None = None
    domains: tuple[Interval, ...] = ()
    pieces: tuple[str, ...] = ()
    special: tuple[Special, ...] = ()
    examples: tuple[Example, ...] = ()
    formula: str = ""
    commutes: bool = False
    analytic: bool = True

    @property
    def decision(self) -> bool:
        """Whether the result is piecewise constant, so that no derivative flows through it."""
        return self.adjoint is None

    def on_floats(self, values: Sequence[Any], params: Mapping[str, Any]) -> Any:
        """NumPy's result. Plain Python numbers alone give a plain number, which takes the precision of what it meets."""
        result = self.evaluate(*values, **params)
        if type(values[0]) in _PLAIN and all(type(v) in _PLAIN for v in values) and isinstance(result, np.ndarray | np.generic):
            return result.item() if result.ndim == 0 else result
        return result

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        for operand in inputs:
            recorder: Recorder | None = getattr(operand, "recorder", None)
            if recorder is not None:
                return recorder.record(self, inputs, params)
        return self.evaluate(*map(plain, inputs), **params)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def plain(value: Any) -> Any:
    """The value itself, or the float of an exact constant."""
    return value.value if isinstance(value, Exact) else value


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array, traced array or scalar."""
    shape = getattr(value, "shape", None)
    return np.shape(value) if shape is None else tuple(shape)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Undo broadcasting: sum `g` over the axes along which `shape` was stretched."""
    have = shape_of(g)
    if have == shape:
        return g
    lead = len(have) - len(shape)
    stretched = tuple(i for i, n in enumerate(have) if i < lead or (shape[i - lead] == 1 and n != 1))
    total = np.sum(g, axis=stretched) if stretched else g
    return total if shape_of(total) == shape else np.reshape(total, shape)


def elementwise(
    name: str,
    evaluate: Callable[..., Any],
    *rules: Rule | None,
    cost: Counts | CostRule,
    exact: Callable[..., Any] | None,
    calls: Iterable[Any] = (),
    **known: Any,
) -> Primitive:
    """A record whose operation acts on each element; one rule `(g, y, *operands) -> cotangent` per operand.

    No rules at all mean a decision (piecewise constant); broadcasting is undone here, once for all.
    """
    arity = known.pop("arity", len(rules) or 1)
    domains = known.pop("domains", (REAL,) * arity)
    return Primitive(
        name,
        evaluate,
        _elementwise_adjoint(rules) if rules else None,
        per_element(cost) if isinstance(cost, Counts) else cost,
        elementwise=True,
        arity=arity,
        exact=exact,
        calls=dict.fromkeys(calls),
        domains=domains,
        **known,
    )


def _elementwise_adjoint(rules: tuple[Rule | None, ...]) -> Rule:
    def adjoint(position: int, g: Any, y: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        rule = rules[position]
        if rule is None:
            return None
        return sum_to(rule(g, y, *inputs, **params), shape_of(inputs[position]))

    return adjoint
