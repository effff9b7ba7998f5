"""Whether an expression is zero: falsified at random rational points first, then simplified, cheap ways first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

DIGITS = 60  # of every numerical evaluation
ZERO = sympy.Rational(1, 10**50)
_SIMPLIFY_LIMIT = 400  # operations; SymPy's simplify takes seconds beyond
_STRATEGIES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("as written", lambda e: e),
    ("expand", sympy.expand),
    ("cancel", lambda e: _cancelled(e)),
    ("hyperexpand", lambda e: _hyperexpanded(e)),
    ("simplify", lambda e: sympy.simplify(e)),
    ("rewrite in exp", lambda e: sympy.simplify(e.rewrite(sympy.exp))),
    ("rewrite in gamma", lambda e: sympy.simplify(sympy.expand_func(e.rewrite(sympy.gamma)))),
)


def _cancelled(expression: Any) -> Any:
    """Over one denominator, as it stands (seconds quicker where that is enough), else multiplied out first."""
    found = sympy.cancel(sympy.together(expression))
    return found if found == 0 else sympy.cancel(sympy.together(sympy.expand(expression, power_exp=True, power_base=True)))


def _hyperexpanded(expression: Any) -> Any:
    """Hypergeometric functions and polylogarithms written in elementary ones."""
    if not expression.has(sympy.hyper, sympy.polylog):
        return expression
    return sympy.simplify(sympy.hyperexpand(sympy.expand_func(expression)))


def simplified_to_zero(difference: Any) -> str | None:
    """The name of the first strategy that gives 0; None where none does."""
    for name, strategy in _STRATEGIES:
        if name.startswith(("simplify", "rewrite")) and sympy.count_ops(difference) > _SIMPLIFY_LIMIT:
            return None
        try:
            if strategy(difference) == 0:
                return name
        except (sympy.PolynomialError, NotImplementedError, RecursionError):
            continue
    return None


def number(expression: Any, point: dict[Any, Any]) -> Any:
    """An expression at a rational point, to 60 digits; None where SymPy finds no number."""
    value = sympy.sympify(expression).subs(point)
    found = value if value.is_Rational else value.evalf(DIGITS)
    return found if found.is_number and found.is_finite and found.is_extended_real is not False else None


def agree(first: Any, second: Any) -> bool:
    """Whether two numbers of moderate size are equal to 50 places."""
    return bool(abs(first - second) <= ZERO * (1 + abs(first) + abs(second)))
