"""Verdicts on random programs by the thousand: right gradients are never called wrong, wrong ones never right beyond the stated resolution."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from test_array_programs import KINKED, ONE, SHAPES, TWO, Program

from gradcheck import check, grad, trace
from gradcheck.circuit import Floats, interpret, reverse
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.verdicts.borderline import decided_by_rounding
from gradcheck.verdicts.judge import HIDES, NEGLIGIBLE, standard
from gradcheck.verdicts.tolerance import unit_roundoff

NAMES = sorted(ONE | TWO | KINKED)
CHUNK, CHUNKS = 2500, 8  # 20,000 programs in the slow test


@dataclass(frozen=True)
class Drawn:
    """A random program at a random point, in one of two precisions; a third have a number next to a kink."""

    program: Program
    at: tuple[Any, ...]

    @property
    def function(self) -> Any:
        program = self.program

        def function(x: Any, y: Any) -> Any:
            return program(x, y)

        return function


def drawn(seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    steps = tuple((str(rng.choice(NAMES)), int(rng.integers(4)), int(rng.integers(4))) for _ in range(rng.integers(2, 8)))
    dtype = np.float32 if seed % 4 == 0 else np.float64
    arguments = [rng.uniform(-1.5, 1.5, shape) for shape in SHAPES[seed % len(SHAPES)]]
    if seed % 3 == 0:
        x = arguments[seed % 2]
        np.atleast_1d(x).flat[0] = rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-300 if dtype is np.float64 else -30, -3)
    return Drawn(Program(steps), tuple(dtype(a) if not a.ndim else a.astype(dtype) for a in arguments))


def by_the_tape(function: Any, at: Any) -> Any:
    return grad(function, (0, 1))


def by_the_raw_sweep(function: Any, at: Any) -> Any:
    """Without simplification: other operations, other rounding."""

    def gradient(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return interpret(reverse(trace(function, x, y)), Floats(), (x, y))[1:]

    return gradient


def in_double(function: Any, at: Any) -> Any:
    """In higher precision than asked for, then rounded; NumPy's float64 scalars are doubled in no way."""

    def gradient(x: Any, y: Any) -> Any:
        wide = grad(function, (0, 1))(np.float64(x), np.float64(y))
        return tuple(np.asarray(g).astype(np.asarray(a).dtype)[()] for g, a in zip(wide, (x, y)))

    return gradient


WAYS = (by_the_tape, by_the_raw_sweep, in_double)


def judged(seed: int, tally: Counter[str]) -> list[str]:
    """What is amiss with the verdicts on one program; nothing, or lines to print. Outcomes are counted."""
    case, rng = drawn(seed), np.random.default_rng(seed + 1)
    with np.errstate(all="ignore"):
        if not np.isfinite(case.program(*case.at)):
            return []
    problem = problem_of(case.function, case.at, (0, 1))
    truth = certify(problem)
    claim = WAYS[seed % 3](case.function, case.at)
    verdict = check(case.function, claim, case.at)
    tally[f"claimed: {verdict.outcome}"] += 1
    if not isinstance(truth, Truth):
        return [] if verdict.outcome == "undecided" else [f"{seed}: {verdict.outcome} without a truth"]
    amiss = [] if verdict.ok or verdict.outcome == "undecided" else [f"{seed}: a right gradient, {claim.__name__}: {verdict}"]
    if truth.is_kink or decided_by_rounding(problem, truth.bits):
        return amiss
    by = standard(problem, truth)
    true = np.concatenate([np.ravel(t) for t in truth.floats()])
    entry = int(rng.integers(len(true)))
    size = abs(true[entry]) or float(np.max(np.abs(true), initial=0.0))
    floor = max(by.tolerance[entry] / size if size else np.inf, HIDES, NEGLIGIBLE * unit_roundoff(by.dtype))
    if not floor < 0.1:
        return amiss
    off = float(10.0 ** rng.uniform(np.log10(4 * floor), 0.3) * rng.choice([-1.0, 1.0]))
    found = check(case.function, perturbed(claim, entry, off, absolute=not true[entry] and size), case.at)
    tally[f"perturbed: {found.outcome}"] += 1
    return amiss if found.outcome == "wrong" else [*amiss, f"{seed}: entry {entry} off by {off:.2e}: {found}"]


def perturbed(claim: Any, entry: int, off: float, *, absolute: float) -> Any:
    """The claim with one entry times 1 + off, or where the truth is zero that much of the largest added."""

    def wrong(x: Any, y: Any) -> Any:
        parts = [np.array(p, order="C") for p in claim(x, y)]
        part, index = (parts[0], entry) if entry < parts[0].size else (parts[1], entry - parts[0].size)
        flat = part.reshape(-1)
        flat[index] = flat[index] + off * absolute if absolute else flat[index] * (1 + off)
        return tuple(p[()] for p in parts)

    return wrong


def all_judged(seeds: range) -> None:
    """Nothing amiss, and hardly a program for which there was nothing to judge."""
    tally: Counter[str] = Counter()
    assert [line for seed in seeds for line in judged(seed, tally)] == []
    assert tally["claimed: right"] + tally["claimed: kink"] >= 0.98 * len(seeds), tally
    assert tally["perturbed: wrong"] >= 0.9 * len(seeds), tally


def test_some_random_programs() -> None:
    all_judged(range(100))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_twenty_thousand_random_programs(chunk: int) -> None:
    all_judged(range(chunk * CHUNK, (chunk + 1) * CHUNK))
