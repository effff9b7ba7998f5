"""The fixture `gradcheck`: a gradient checked inside a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from gradcheck.case import Case
from gradcheck.domains import Domain
from gradcheck.errors import GradcheckError, GradientError, UsageError
from gradcheck.testing.asked import Asked
from gradcheck.testing.frames import without_ours
from gradcheck.testing.options import MARKED, fits, marked
from gradcheck.testing.record import add_record
from gradcheck.testing.session import GradientSession
from gradcheck.verdicts.check import Verdict
from gradcheck.verdicts.compare import Comparison


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GradientCheck:
    """Checks gradients in the test that runs. One for the whole run of pytest, so that it can be used beside Hypothesis' @given."""

    session: GradientSession
    current: Callable[[], pytest.Item | None]

    def __repr__(self) -> str:
        return "<fixture gradcheck>"  # pytest prints it with every failure

    def __call__(
        self,
        function: Case | Callable[..., Any],
        grad: Callable[..., Any] | None = None,
        at: Any = None,
        *,
        argnums: Any = None,
        vjp: bool = False,
        search: bool | str | None = None,
        order: int | None = None,
        digits: float | None = None,
        domain: Mapping[str, Domain] | None = None,
        points: int | list[Any] | None = None,
        seed: int | None = None,
    ) -> Verdict | Comparison:
        """Fail the test unless the gradient is right; return the verdict.

        `function` is a plain NumPy function, with `grad`, the gradient under test, and `at`, a point (a tuple of the arguments, or a dict by name) or
        a list of points; or a case, which brings its points. A case without `grad` is compared as a whole, its claimed gradients too. `points` says
        how many points are drawn from the domains, where there is no `at`, or is a list of points itself. The other options are those of `gradcheck.check`; what is not given here
        comes from the test's marker. Raises GradientError, UsageError for a call that makes no sense.
        """
        __tracebackhide__ = True
        item = self.current()
        said = {} if item is None else marked(item)
        given = {"points": points, "search": search, "order": order, "digits": digits, "seed": seed}
        options = {"order": 1, "search": False, "seed": self.session.seed} | said | {k: v for k, v in given.items() if v is not None}
        try:
            _require_sense(options)
            if isinstance(options.get("points"), list):
                stated = options.pop("points")
                at = stated if at is None else at
            if grad is None and isinstance(function, Case):
                return self._case(function, item, options | {"at": at})
            asked = asked_of(function, grad, at, options, argnums=argnums, vjp=vjp, domain=domain)
            return self._gradient(asked, item)
        except (GradientError, GradcheckError) as caught:
            error: Exception = caught.with_traceback(None)
        except Exception as caught:  # the function's own
            error = without_ours(caught)
        raise error

    def torch(self, function: Any, at: Any = None, **options: Any) -> Verdict:
        """Fail the test unless the gradient PyTorch gives is right: `gradcheck.check_torch` with its options."""
        __tracebackhide__ = True
        return self.framework("torch", function, at, **options)

    def framework(self, framework: str, function: Any, at: Any = None, **options: Any) -> Verdict:
        """The same for a framework by name: `gradcheck.check_<framework>` judges, the run's seed and the test's marker count."""
        __tracebackhide__ = True
        from gradcheck.testing.frameworks import checked

        try:
            return checked(framework, function, at, options, self.session, self.current())
        except (GradientError, GradcheckError) as caught:
            error: Exception = caught.with_traceback(None)
        except Exception as caught:  # the function's own
            error = without_ours(caught)
        raise error

    def _gradient(self, asked: Asked, item: pytest.Item | None) -> Verdict:
        from gradcheck.testing.gradients import tested

        start = time.perf_counter()
        found = tested(asked, self.session, "" if item is None else item.nodeid)
        if item is not None:
            add_record(item.user_properties, found.record("gradient", time.perf_counter() - start))
            self.session.reported(item.nodeid, asked, found.verdict)
        found.require()
        return found.verdict

    def _case(self, case: Case, item: pytest.Item | None, options: dict[str, Any]) -> Comparison:
        from gradcheck.testing.cases import test_whole_case

        return test_whole_case(case, self.session, item, options)


def _require_sense(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if not fits(name, value):
            raise UsageError(f"gradcheck({name}={value!r}): expected {MARKED[name]}")


def asked_of(
    function: Any, grad: Any, at: Any, options: dict[str, Any], *, argnums: Any, vjp: bool, domain: Mapping[str, Domain] | None
) -> Asked:
    """What a call asks, or UsageError in one line."""
    if not callable(function):
        raise UsageError(f"gradcheck({function!r}): expected a function or a case first: gradcheck(f, grad=g, at=(x,))")
    name = getattr(function, "__name__", getattr(function, "name", "f"))
    if grad is None:
        raise UsageError(f"gradcheck({name}): the gradient under test is missing: gradcheck({name}, grad=..., at=...)")
    if not callable(grad):
        raise UsageError(f"gradcheck({name}, grad={grad!r}): expected a function that returns the gradient, not its value")
    count = options.pop("points", None)
    if at is None and domain is None and not isinstance(function, Case):
        raise UsageError(f"gradcheck({name}, grad=...): a point is needed: at=(x, y), or domain={{'x': Real(3)}} to draw some, or a case")
    return Asked(
        function, grad, at, argnums, vjp, options["search"], options["order"], options.get("digits"), domain, options["seed"], count
    )
