"""Are the hand-written gradients right? Small ones entry by entry against gradcheck's certified truth, all by the complex step.

The complex step shares nothing with gradcheck: NumPy's complex arithmetic carries the derivative of the plain function along a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from suite import plain
from suite.catalogue import FULL, SMALL
from suite.workload import Workload

STEP, DIRECTIONS, CLOSE = 1e-30, 4, 1e-13


def verified() -> Iterator[tuple[str, str, bool]]:
    """(workload, what was found, whether it is right) for each."""
    for name, make in SMALL.items():
        w = make()
        outcomes = [_certified(w, c) for c in range(max(w.columns, 1))]
        yield f"{name} (small)", f"certified: {', '.join(outcomes)}", set(outcomes) == {"right"}
    for name, make in (*SMALL.items(), *FULL.items()):
        off = complex_step_error(make())
        yield name, f"complex step: off by {off:.0e}", off <= CLOSE


def _certified(w: Workload, column: int) -> str:
    """gradcheck's verdict on the hand-written gradient."""
    from gradcheck import check

    function, take = w.make(plain), bool(w.columns)

    def chosen(*a: Any) -> Any:
        return np.sum(function(*a)[:, column]) if take else function(*a)

    def by_hand(*a: Any) -> Any:
        parts = tuple(g[column] if take else g for g in w.hand(*a)[1])
        return parts if len(parts) > 1 else parts[0]

    return check(chosen, by_hand, at=w.arguments).outcome


def complex_step_error(w: Workload, hand: Callable[..., Any] | None = None) -> float:
    """The largest difference between the complex step and the gradient's product with random directions, relative to its terms' sizes."""
    m = SimpleNamespace(**{name: getattr(plain, name) for name in dir(plain) if not name.startswith("_")})
    m.logaddexp = lambda a, b: np.log(np.exp(a) + np.exp(b))  # NumPy's knows no complex numbers
    function, (_, gradients) = w.make(m), (hand or w.hand)(*w.arguments)
    rng, worst = np.random.default_rng(0), 0.0
    for _ in range(DIRECTIONS):
        along = [rng.normal(size=np.shape(a)) for a in w.arguments]
        value = function(*(a + 1j * STEP * d for a, d in zip(w.arguments, along, strict=True)))
        slopes = np.atleast_1d(np.sum(np.imag(value), axis=0) if w.columns else np.imag(value)) / STEP
        for c, slope in enumerate(slopes):
            terms = [np.ravel((g[c] if w.columns else g) * d) for g, d in zip(gradients, along, strict=True)]
            worst = max(worst, abs(slope - sum(t.sum() for t in terms)) / sum(np.abs(t).sum() for t in terms))
    return float(worst)
