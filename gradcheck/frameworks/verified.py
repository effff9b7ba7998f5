"""A plain NumPy function with a gradient that was found right: what can be taken into a framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit import argument_names, trace
from gradcheck.errors import GradientError
from gradcheck.gradients.products import vjp
from gradcheck.verdicts.check import check, chosen_at, points_of
from gradcheck.verdicts.claim import parts_of

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """`function(*arguments)`, and `pull(*arguments, cotangent)`: a tuple of arrays, one for each argument at `argnums`. Both are plain NumPy.

    A function of several results takes a cotangent for each.
    """

    function: Function
    pull: Function
    argnums: tuple[int, ...]
    name: str

    def again(self, argnums: tuple[int, ...], count: int) -> Verified:
        """The pullback as a function of `count` arguments, cotangents among them, with its own at some positions, by reverse mode: what is
        differentiated the second time.
        """

        def product(*given: Any) -> Any:
            found = tuple(self.pull(*given))
            return found if len(found) > 1 else found[0]

        product.__name__ = f"the gradient of {self.name}"
        return Verified(product, _by_tape(product, argnums, count), argnums, product.__name__)


def verified(function: Case | Function, at: Any, gradient: Function | None, *, argnums: Sequence[int] | None, seed: int) -> Verified:
    """The function with the gradient given, or our own. GradientError, with the verdict, unless it is right."""
    plain = function.function if isinstance(function, Case) else function
    points = points_of(function, at, seed)
    chosen = chosen_at(function, points[0], argnums)
    with np.errstate(all="ignore"):
        whole = np.shape(plain(*points[0])) == ()
    if gradient is None:
        trace(plain, *points[0], argnums=chosen)  # what cannot be followed is told as such
    pull = _by_tape(plain, chosen, len(points[0])) if gradient is None else _of_claim(plain, gradient, chosen, whole=whole)
    claim = pull if gradient is None else gradient
    verdict = check(function, claim, list(points), argnums=chosen, vjp=gradient is None or not whole, seed=seed)
    if not verdict.ok:
        raise GradientError(verdict)
    return Verified(plain, pull, chosen, getattr(function, "name", getattr(plain, "__name__", "f")))


def _by_tape(function: Function, argnums: tuple[int, ...], count: int) -> Function:
    """The pullback of a function of so many arguments; of several results, it takes a cotangent for each."""
    product = vjp(function, argnums)

    def pull(*given: Any) -> tuple[Any, ...]:
        cotangents = given[count:]
        return _tuple(product(*given[:count], cotangents[0] if len(cotangents) == 1 else cotangents))

    pull.__name__ = f"the gradient of {getattr(function, '__name__', 'f')} by reverse mode"
    return pull


def _of_claim(function: Function, gradient: Function, argnums: tuple[int, ...], *, whole: bool) -> Function:
    def pull(*given: Any) -> tuple[Any, ...]:
        *arguments, cotangent = given
        names = [argument_names(function, len(arguments))[i] for i in argnums]
        parts = parts_of(gradient(*arguments) if whole else gradient(*given), names)
        assert not isinstance(parts, str), parts  # its contract was checked
        return tuple(cotangent * p for p in parts) if whole else tuple(parts)

    return pull


def _tuple(parts: Any) -> tuple[Any, ...]:
    return tuple(parts) if isinstance(parts, tuple | list) else (parts,)
