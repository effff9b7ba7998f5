"""A function written once, with where its arguments live and the gradients claimed for it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from gradcheck.domains import Data, Domain, Integer, Real, floating_positions
from gradcheck.errors import CaseError, DomainError, UsageError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_Function = TypeVar("_Function", bound=Callable[..., Any])
Outcome = Literal["right", "wrong", "kink", "undecided"]
SEVERITY: tuple[Outcome, ...] = ("wrong", "undecided", "kink", "right")
RESERVED = ("at", "argnums", "claims")
DRAWN = 2  # points drawn where a case states domains and no points


@dataclass(frozen=True, slots=True)
class ClaimedGradient:
    """A gradient under test: what it is called with, and what is expected of it."""

    function: Callable[..., Any]
    expect: Outcome
    kinds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim's function found: whether the claim is shown, in one line, with its numbers."""

    shown: bool
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim by its id, and the function that returns the evidence for it."""

    id: str
    function: Callable[..., Evidence]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A mistake that a library once made, which a case shows: whose it was, where it is told of, what was wrong, and where it shows.

    `kind` is the sort of mistake in a word or two. `along` names an argument, one of its entries (counted from 0 over the flattened
    array), and the ends of a stretch of its values: over it, the wrong derivative can be drawn beside the right one.
    """

    library: str
    source: str
    bug: str
    shows: str
    kind: str
    year: int | None = None
    along: tuple[str, int, float, float] | None = None


@dataclass(eq=False, slots=True)
class Case:
    """A plain NumPy function with domains or fixed values for its arguments. Calling it calls the function. `module` is where it was made."""

    function: Callable[..., Any]
    domains: Mapping[str, Domain]
    at: tuple[tuple[Any, ...], ...]
    argnums: tuple[int, ...] | None = None
    claims: tuple[str, ...] = ()
    claimed: list[ClaimedGradient] = field(default_factory=list)
    module: str = ""
    called: str = ""
    exhibit: Exhibit | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<case {self.name}({', '.join(self.parameters)})>"

    @property
    def name(self) -> str:
        """What it is called: the function's name, unless it has one of its own."""
        return self.called or getattr(self.function, "__name__", "case")

    @property
    def file(self) -> str:
        """Where the function is written."""
        try:
            return inspect.getsourcefile(self.function) or "?"
        except TypeError:  # a function of NumPy's own, written in C
            return "?"

    @property
    def line(self) -> int:
        """The first line of the function; 0 where it has none."""
        return int(getattr(getattr(inspect.unwrap(self.function), "__code__", None), "co_firstlineno", 0))

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments the case gives, in order."""
        return tuple(self.domains)

    def drawn(self, seed: int = 0, count: int = DRAWN) -> tuple[tuple[Any, ...], ...]:
        """The stated points, or `count` drawn from the domains; one where nothing is drawn at random."""
        import numpy as np

        if self.at:
            return self.at
        rng = np.random.default_rng(seed)
        drawn = any(isinstance(d, Real | Integer) for d in self.domains.values())
        return tuple(tuple(d.sample(rng) for d in self.domains.values()) for _ in range(count if drawn else 1))

    def points(self, *given: Any, **options: Any) -> SearchStrategy[tuple[Any, ...]]:
        """A Hypothesis strategy of points, tuples of the arguments in order: from the domains, and among them the points stated with `at`.

        It takes nothing: `drawn(seed, count)` gives a few points at once.
        """
        if given or options:
            raise UsageError(f"case {self.name}: points() is a Hypothesis strategy and takes nothing: drawn(seed, count) gives points")
        from gradcheck.strategies import either, stated

        if not self.at:
            return either([[d.strategy() for d in self.domains.values()]])
        around = [[_around(d, value) for d, value in zip(self.domains.values(), point, strict=True)] for point in self.at]
        return either([*around, *stated(self.at)])

    def differentiable(self, point: Sequence[Any]) -> tuple[int, ...]:
        """Positions of the differentiable arguments: those of `argnums`, else floats that are not data."""
        if self.argnums is not None:
            return self.argnums
        data = {i for i, d in enumerate(self.domains.values()) if isinstance(d, Data | Integer) and not isinstance(d, Fixed)}
        return tuple(i for i in floating_positions(point) if i not in data)

    def domain_at(self) -> dict[int, Domain]:
        """Domains by argument position."""
        return dict(enumerate(self.domains.values()))

    @overload
    def claimed_gradient(self, function: _Function, *, expect: Outcome = "right", kinds: Sequence[str] = ()) -> _Function: ...

    @overload
    def claimed_gradient(
        self, function: None = None, *, expect: Outcome = "right", kinds: Sequence[str] = ()
    ) -> Callable[[_Function], _Function]: ...

    def claimed_gradient(self, function: Callable[..., Any] | None = None, *, expect: Outcome = "right", kinds: Sequence[str] = ()) -> Any:
        """Register a gradient under test, called with the case's arguments. Use it as a decorator.

        `expect` is the verdict it should meet, `kinds` the mistakes a diagnosis should name.
        """
        if expect not in ("right", "wrong", "kink", "undecided"):
            raise CaseError(f"claimed_gradient(expect={expect!r}): expected one of right, wrong, kink, undecided")

        def register(claimed: Callable[..., Any]) -> Callable[..., Any]:
            self.claimed.append(ClaimedGradient(claimed, expect, tuple(kinds)))
            return claimed

        return register if function is None else register(function)


def _around(domain: Domain, value: Any) -> SearchStrategy[Any]:
    """What an argument may be where a point states its value: data stays as it is, and so do shape and precision."""
    from gradcheck.strategies import fixed, like

    if isinstance(domain, Data):
        return fixed(value)
    return like(value, domain.low, domain.high) if isinstance(domain, Real) else domain.strategy()


class Fixed(Data):
    """A value given in @case(x=1.0): fixed, but differentiated where it is floating-point."""

    __slots__ = ()


@overload
def case(function: Callable[..., Any], **given: Any) -> Case: ...


@overload
def case(function: None = None, **given: Any) -> Callable[[Callable[..., Any]], Case]: ...


def case(function: Callable[..., Any] | None = None, **given: Any) -> Any:
    """Make a plain NumPy function a case. Use it as a decorator.

    Keywords name the function's arguments, each with a fixed value or a domain (`Real`, `Integer`, `Data`).
    Reserved: `at` (a tuple or dict for one point, a list of them for several), `argnums` (positions or names of the
    arguments to differentiate) and `claims` (ids of the claims the case illustrates).

    Raises CaseError where the keywords do not fit the function, DomainError where a point lies outside.

        @case(x=1.0)
        def sine_of_square(x):
            z = x + 1
            h = z**2
            return np.sin(h)
    """
    if function is not None and not callable(function):
        raise CaseError(f"@case({function!r}): expected keywords naming the function's arguments, such as @case(x=1.0)")
    module = str(sys._getframe(1).f_globals.get("__name__", ""))  # a function made elsewhere does not tell where its case is

    def make(f: Callable[..., Any]) -> Case:
        _require_function(f)
        at, argnums, claims = (given.get(word) for word in RESERVED)
        stated = _with_defaults(f, {k: v for k, v in given.items() if k not in RESERVED})
        names = _parameters(f, stated, at)
        domains = {n: _domain(stated[n]) if n in stated else Data(None) for n in names}
        points = _points(f.__name__, names, domains, at)
        if not points and any(n not in stated for n in names):
            missing = next(n for n in names if n not in stated)
            raise CaseError(f"case {f.__name__}: no value or domain for argument {missing!r}: write @case({missing}=...) or give at=")
        unbound = {
            n: Real(_shape(points[0][i])) if n not in stated and floating_positions(points[0][i : i + 1]) else d
            for i, (n, d) in enumerate(domains.items())
        }
        return Case(f, unbound if points else domains, points, _argnums(f.__name__, names, argnums), _claims(claims), module=module)

    return make if function is None else make(function)


def _require_function(f: Any) -> None:
    """A case needs what a Python function has: a name, a place in a file, named arguments."""
    if isinstance(f, Case):
        raise CaseError(f"case {f.name}: is a case already")
    if not isinstance(f, FunctionType | MethodType):
        raise CaseError(f"@case(...): expected a Python function, got {type(f).__name__}: write one that calls it")


def _with_defaults(f: Callable[..., Any], stated: dict[str, Any]) -> dict[str, Any]:
    """The defaults of arguments that stand before a stated one are data: arguments are given by position."""
    parameters = list(inspect.signature(f).parameters.values())
    last = max((i for i, p in enumerate(parameters) if p.name in stated), default=-1)
    skipped = [p for p in parameters[:last] if p.name not in stated and p.default is not p.empty]
    return stated | {p.name: Data(p.default) for p in skipped}


def _parameters(f: Callable[..., Any], stated: Mapping[str, Any], at: Any) -> tuple[str, ...]:
    parameters = inspect.signature(f).parameters
    for name in stated:
        if name not in parameters:
            raise CaseError(f"case {f.__name__}: {name!r} is no argument of the function, which takes {', '.join(parameters) or 'none'}")
    needed = [
        n
        for n, p in parameters.items()
        if n in stated or (p.default is p.empty and p.kind is not p.VAR_KEYWORD and p.kind is not p.VAR_POSITIONAL)
    ]
    for name in needed:
        if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY:
            raise CaseError(f"case {f.__name__}: argument {name!r} is keyword-only, and a case gives its arguments by position")
    if not needed:
        raise CaseError(f"case {f.__name__}: a case needs at least one argument")
    return tuple(needed)


def _domain(value: Any) -> Domain:
    if isinstance(value, type) and value in (Real, Integer, Data):
        raise CaseError(f"a case was given {value.__name__} itself: write {value.__name__}(...)")
    return value if isinstance(value, Real | Integer | Data) else Fixed(value)


def _points(name: str, names: tuple[str, ...], domains: Mapping[str, Domain], at: Any) -> tuple[tuple[Any, ...], ...]:
    if at is None:
        return ()
    stated = at if isinstance(at, list) else [at]
    if not stated:
        raise CaseError(f"case {name}: at=[] holds no point")
    return tuple(_point(name, names, domains, p) for p in stated)


def _point(name: str, names: tuple[str, ...], domains: Mapping[str, Domain], point: Any) -> tuple[Any, ...]:
    """One point as a tuple: what `at` leaves out comes from the fixed values."""
    if not isinstance(point, tuple | dict):
        point = (point,)
    known = dict(zip(names, point, strict=False)) if isinstance(point, tuple) else dict(point)
    if len(known) > len(names) or (isinstance(point, tuple) and len(point) > len(names)) or set(known) - set(names):
        raise CaseError(f"case {name}: the point {point!r} does not fit the arguments {', '.join(names)}")
    for n, domain in domains.items():
        if n not in known and isinstance(domain, Data) and domain.value is not None:
            known[n] = domain.value
        if n not in known:
            raise CaseError(f"case {name}: the point {point!r} gives no value for argument {n!r}")
        try:
            domain.check(n, known[n])
        except DomainError as error:
            raise DomainError(f"case {name}: {error}") from None
    return tuple(known[n] for n in names)


def _argnums(name: str, names: tuple[str, ...], argnums: Any) -> tuple[int, ...] | None:
    if argnums is None:
        return None
    chosen = argnums if isinstance(argnums, tuple | list) else (argnums,)
    positions = [names.index(a) if isinstance(a, str) and a in names else a for a in chosen]
    for p in positions:
        if not isinstance(p, int) or not 0 <= p < len(names) or positions.count(p) > 1:
            raise CaseError(f"case {name}: argnums={argnums!r}: expected different positions or names among {', '.join(names)}")
    return tuple(positions)


def _claims(claims: Any) -> tuple[str, ...]:
    return () if claims is None else (claims,) if isinstance(claims, str) else tuple(claims)


def _shape(value: Any) -> tuple[int, ...]:
    import numpy as np

    return np.shape(value)


def exhibit(
    *,
    library: str,
    source: str,
    bug: str,
    shows: str,
    kind: str,
    year: int | None = None,
    along: tuple[str, int, float, float] | None = None,
) -> Callable[[Case], Case]:
    """Make a case an exhibit: a mistake that a library once made. Stands above `@case`; for the fields see `Exhibit`.

    Of the gradients claimed for it, one is the library's rule as it was (`expect="wrong"`), one as it should be. By convention its first point
    is an ordinary one and its last is where the mistake shows.

    Raises CaseError where something is left empty, above all the source, and where `along` does not fit the arguments.
    """
    told = Exhibit(library, source, bug, shows, kind, year, along)

    def make(shown: Case) -> Case:
        if not isinstance(shown, Case):
            raise CaseError(f"@exhibit(...): expected a case, got {type(shown).__name__}: write @exhibit(...) above @case(...)")
        for word, text in (("source", source), ("library", library), ("bug", bug), ("shows", shows), ("kind", kind)):
            if not isinstance(text, str) or not text.strip():
                hint = ": say where the mistake is told of, such as 'pytorch/pytorch#773'" if word == "source" else ""
                raise CaseError(f"exhibit {shown.name}: {word}={text!r} is empty{hint}")
        if along is not None and (len(along) != 4 or along[0] not in shown.parameters or not along[2] < along[3]):
            raise CaseError(
                f"exhibit {shown.name}: along={along!r}: expected (argument, entry, from, to), the argument among {', '.join(shown.parameters)}"
            )
        shown.exhibit = told
        return shown

    return make


def claim(id: str) -> Callable[[Callable[..., Evidence]], Claim]:
    """Mark a function of a case file as the evidence for a claim: it takes the run and returns an `Evidence`."""
    if not isinstance(id, str) or not id:
        raise CaseError(f"@claim({id!r}): expected the claim's id, such as @claim('C02')")
    return lambda function: Claim(id, function)
