"""What a test asks of a gradient, with its points: plain data for all that is done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path
from typing import Any

from gradcheck.case import Case
from gradcheck.domains import Domain


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A function, the gradient under test, and the options of `gradcheck.check`; `count` is how many points are drawn where `at` is None."""

    function: Case | Callable[..., Any]
    gradient: Callable[..., Any]
    at: Any = None
    argnums: Any = None
    vjp: bool = False
    search: bool | str = False
    order: int = 1
    digits: float | None = None
    domain: Mapping[str, Domain] | None = None
    seed: int = 0
    count: int | None = None

    def options(self) -> dict[str, Any]:
        """The options as `check` takes them."""
        return {
            "argnums": self.argnums, "vjp": self.vjp, "search": self.search, "order": self.order, "digits": self.digits,
            "domain": self.domain, "seed": self.seed,
        }  # fmt: skip

    def points(self) -> Any:
        """The points for `check`: those given, or as many drawn as are asked for; None where it draws them itself."""
        if self.at is not None or self.count is None:
            return self.at
        from gradcheck.verdicts.check import drawn

        if isinstance(self.function, Case):
            stated = self.function.at
            return list(stated) if stated else list(self.function.drawn(self.seed, self.count))
        assert self.domain is not None
        return drawn(self.function, self.domain, self.seed, self.count)

    @property
    def plain(self) -> Callable[..., Any]:
        """The function itself."""
        return self.function.function if isinstance(self.function, Case) else self.function

    @property
    def function_name(self) -> str:
        """What the function is called."""
        return str(getattr(self.plain, "__name__", "f"))

    @property
    def name(self) -> str:
        """What the gradient is called."""
        return str(getattr(self.gradient, "__name__", "gradient"))

    @property
    def place(self) -> str:
        """Where the function is written; empty where that is not known."""
        code = getattr(unwrap(self.plain), "__code__", None)
        return "" if code is None else f"{Path(code.co_filename).name}:{code.co_firstlineno}"
