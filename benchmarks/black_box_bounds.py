"""Are the error bounds of differences of a black box ever violated? Random smooth functions, judged by the certified truth.

Each function composes random NumPy functions of one to four inputs at a random point, well or badly scaled, in float64 or float32. The black box
sees only values; the truth comes from the trace. Printed: violations, the share left undecided, digits, evaluations, and how
often gradients that are off by a stated factor are called wrong.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.errors import GradcheckError, TraceError
from gradcheck.gradients.directional import entry_slope
from gradcheck.gradients.method import problem_of, untraced
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.black_box import judge_black_box, noise_of

UNARY: tuple[Callable[..., Any], ...] = (
    np.sin, np.cos, np.tanh, np.exp, np.arctan, np.square, np.sinh, np.expm1,
    lambda u: np.log1p(u * u), lambda u: np.sqrt(1 + u * u), lambda u: 1 / (1 + u * u), lambda u: 1 / (1 + np.exp(-u)), lambda u: u**3,
)  # fmt: skip
BINARY: tuple[Callable[..., Any], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.arctan2,
    np.hypot,
    np.logaddexp,
    lambda u, v: u / (1 + v * v),
)
FACTORS = (1e-2, 1e-4, 1e-6)
SIZES = ((-0.5, 0.5), (-0.5, 0.5), (-3.0, 3.0), (-8.0, 8.0))  # powers of ten by which points are scaled


@dataclass
class Tally:
    """What was counted."""

    functions: int = 0
    entries: int = 0
    violations: int = 0
    between_floats: int = 0
    violated: list[str] = field(default_factory=list)
    unbounded: int = 0
    excess: list[float] = field(default_factory=list)
    digits: list[float] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    detected: dict[str, int] = field(default_factory=dict)
    skipped: int = 0


def draw(rng: np.random.Generator) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A random function and a point: a short program over its inputs, the scale of each input taken up by its first use, or not."""
    count, dtype = int(rng.integers(1, 5)), [np.float64, np.float64, np.float32][rng.integers(3)]
    low, high = SIZES[rng.integers(len(SIZES))]
    point = tuple(dtype(rng.standard_normal() * 10.0 ** rng.uniform(low, high)) for _ in range(count))
    fitted = rng.random() < 0.7
    factors = [dtype((1.0 if abs(x) < 1 and not fitted else rng.uniform(0.3, 3.0) / abs(x)) if x else 1.0) for x in point]
    program = [(int(rng.integers(2)), int(rng.integers(97)), rng.random(), rng.random()) for _ in range(int(rng.integers(2, 9)))]

    def function(*x: Any) -> Any:
        values = [a * f for a, f in zip(x, factors, strict=True)]
        for kind, which, a, b in program:
            u, v = values[int(a * len(values))], values[int(b * len(values))]
            values.append(UNARY[which % len(UNARY)](u) if kind else BINARY[which % len(BINARY)](u, v))
        return sum(values[1:], start=values[0])

    return function, point


def measure(tally: Tally, function: Callable[..., Any], point: tuple[Any, ...], verdicts: bool) -> None:
    """One function: every entry's bound against the truth, and verdicts on right and wrong gradients."""
    argnums = tuple(range(len(point)))
    truth = _truth(function, point, argnums)
    if truth is None:
        tally.skipped += 1
        return
    problem = untraced(function, point, argnums)
    noise, _ = noise_of(problem)
    tally.functions += 1
    for index, true in enumerate(truth):
        found = entry_slope(problem, index, noise)
        tally.entries += 1
        tally.evaluations.append(found.evaluations)
        if not found.bounded:
            tally.unbounded += 1
            continue
        off = abs(found.value - true)
        tally.excess.append(off / found.error if found.error else float(off > 0))
        if off > found.error:
            tally.violations += 1
            wild = _varies(function, point, index, true, found.error)
            tally.between_floats += wild
            why = "the gradient varies by more than its bound between adjacent floats" if wild else "no excuse"
            tally.violated.append(f"{point[0].dtype}: function {tally.functions + tally.skipped - 1}, entry {index}: {why}")
        tally.digits.append(-np.log10(max(found.error / max(abs(true), 1e-300), 1e-17)))
    if verdicts:
        _verdicts(tally, function, point, argnums, truth)


def _truth(function: Callable[..., Any], point: tuple[Any, ...], argnums: tuple[int, ...]) -> Any:
    try:
        found = certify(problem_of(function, point, argnums))
    except GradcheckError:
        return None
    if not isinstance(found, Truth) or found.is_kink:
        return None
    true = np.array([float(t) for t in found.floats()])
    return true if np.isfinite(true).all() and np.isfinite(true.astype(point[0].dtype)).all() else None


def _varies(function: Callable[..., Any], point: tuple[Any, ...], index: int, true: float, bound: float) -> bool:
    """Whether the true slope at either float next to this one differs by more than the bound: values at floats cannot show it."""
    for end in (-np.inf, np.inf):
        near = tuple(np.nextafter(x, x.dtype.type(end)) if i == index else x for i, x in enumerate(point))
        truth = _truth(function, near, tuple(range(len(point))))
        if truth is None or abs(truth[index] - true) > bound:
            return True
    return False


def _verdicts(tally: Tally, function: Callable[..., Any], point: tuple[Any, ...], argnums: tuple[int, ...], truth: Any) -> None:
    dtype = point[0].dtype

    def outcome(claim: Any) -> str:
        error = TraceError("not asked to trace")
        return judge_black_box(function, lambda *_: tuple(dtype.type(c) for c in claim), point, argnums, error).outcome

    right = outcome(truth)
    tally.outcomes[f"{dtype}: {right}"] = tally.outcomes.get(f"{dtype}: {right}", 0) + 1
    for factor in FACTORS:
        found = outcome(truth * (1 + factor))
        key = f"{dtype}: off by {factor:g}: {found}"
        tally.detected[key] = tally.detected.get(key, 0) + 1


def summary(tally: Tally) -> dict[str, Any]:
    """The figures."""
    return {
        "functions": tally.functions,
        "without a truth": tally.skipped,
        "entries": tally.entries,
        "violations": tally.violations,
        "of these, the gradient varies by more than the bound between adjacent floats": tally.between_floats,
        "violated": tally.violated,
        "no bound": tally.unbounded,
        "error over bound, largest": max(tally.excess, default=0.0),
        "error over bound, median": statistics.median(tally.excess),
        "digits, median": statistics.median(tally.digits),
        "fewer than 3 digits": sum(d < 3 for d in tally.digits) / max(tally.entries, 1),
        "evaluations per entry, median": statistics.median(tally.evaluations),
        "right gradients": tally.outcomes,
        "wrong gradients": dict(sorted(tally.detected.items())),
    }


def main() -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verdicts", type=int, default=1000, help="how many functions also get verdicts")
    arguments = parser.parse_args()
    tally, start = Tally(), time.perf_counter()
    with np.errstate(all="ignore"):
        for k in range(arguments.number):
            measure(tally, *draw(np.random.default_rng([arguments.seed, k])), k < arguments.verdicts)
    print(json.dumps(summary(tally) | {"seconds": round(time.perf_counter() - start)}, indent=1))


if __name__ == "__main__":
    main()
