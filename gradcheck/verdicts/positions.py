"""Arguments to differentiate, given by position or by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from gradcheck.case import Case
from gradcheck.circuit import argument_names
from gradcheck.errors import UsageError

Argnums: TypeAlias = int | str | Sequence[int | str]


def positions(function: Case | Callable[..., Any], count: int, argnums: Argnums) -> tuple[int, ...]:
    """Positions of arguments, of which the function takes `count`, given by position or by name."""
    return positions_among(argument_names(function.function if isinstance(function, Case) else function, count), argnums)


def positions_among(names: Sequence[str], argnums: Argnums) -> tuple[int, ...]:
    """The same for arguments of these names. UsageError for a name that is none of them."""
    given = (argnums,) if isinstance(argnums, int | str) else tuple(argnums)
    unknown = next((a for a in given if isinstance(a, str) and a not in names), None)
    if unknown is not None:
        raise UsageError(f"argnums={argnums!r}: no argument is called {unknown!r}: the function takes {', '.join(names)}")
    return tuple(names.index(a) if isinstance(a, str) else a for a in given)
