"""Where a function is not differentiable: whether a claim lies in the joint convex hull of the limiting gradients.

All entries of all arguments are taken together: at a tie of a maximum, giving the whole to each tied entry lies between the one-sided derivatives entry
by entry, and yet outside the hull.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.gradients.limits import limiting_gradients
from gradcheck.gradients.method import Problem

RANDOM, ROUNDS = 24, 24  # directions tried at random, and then towards the claim
RESOLUTION = 1e-9  # of an entry's largest value, to which a point is in the hull
TOGETHER = 1e3  # weight of the condition that shares add up to 1
ROUND = 0.8  # share of directions that find a piece of their own where the hull is round, as of norms and of eigenvalues
NEAR, STAYS = 1e-6, 0.9  # a claim outside a round hull is farther off than that, and keeps that share of its distance half way
MANY_KINKS = 6  # entries that bend, beyond which not every piece is visited
HULL_LIMIT = 64  # inputs up to which pieces are worked out


def in_hull(claim: Any, problem: Problem, slack: Any, left: Any, right: Any) -> bool | None:
    """Whether the claim is a mean of limiting gradients, within the slack of each entry; None where that stays open.

    The pieces are found by directions: those that the claim itself points to, random ones, the axes, then again and again from the nearest point of the
    hull known so far towards the claim and away from it, which adds the piece that could reach it (Gilbert's algorithm). With many kinks at once not
    every piece is visited: a claim that is not reached is then rejected only if it leaves the range of all pieces seen.
    """
    if len(claim) > HULL_LIMIT:
        return None
    directions = list(_directions(claim, left, right))
    vertices, gaps, exhausted = list(limiting_gradients(problem, iter(directions))), [], False
    round_ = len(vertices) > ROUND * len(directions)
    for _ in range(ROUNDS):
        if not vertices:
            return None
        known = np.array(vertices)
        gap = claim - nearest(known, claim)
        if (np.abs(gap) <= slack + RESOLUTION * _scale(known, claim)).all():
            return True
        gaps.append(float(np.max(np.abs(gap) / _scale(known, claim))))
        more = [v for v in limiting_gradients(problem, iter((gap, -gap))) if not any(np.array_equal(v, w) for w in vertices)]
        exhausted = not more
        if exhausted:
            break
        vertices += more
    if round_ and (gaps[-1] < NEAR or (not exhausted and gaps[-1] < STAYS * gaps[len(gaps) // 2])):
        return None
    few = np.count_nonzero(np.ptp(np.array(vertices), axis=0) > slack) <= MANY_KINKS
    return False if few or _out_of_range(claim, np.vstack([vertices, [left, right]]), slack) else None


def _out_of_range(claim: Any, vertices: Any, slack: Any) -> bool:
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return bool(((claim < low - slack) | (claim > high + slack)).any())


def _directions(claim: Any, left: Any, right: Any) -> Iterator[Any]:
    """Directions the claim points to, random ones, then near each axis, both ways; off the axes, so that no further tie is met.

    An entry equal to the derivative from one side points to that side; one between them points both ways in turn.
    """
    size, rng = len(claim), np.random.default_rng(0)
    lean = np.where(right == left, 0.0, np.where(np.abs(claim - right) < np.abs(claim - left), 1.0, -1.0))
    middle = np.abs(claim - (left + right) / 2) < 0.25 * np.abs(right - left)
    if claim.any():
        yield from (claim, -claim)  # the gradient of a norm is its own direction
    for _ in range(RANDOM // 4):
        aside = rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 1.0, size)
        size_of_step = rng.uniform(0.5, 1.0, size)
        yield np.where(middle | (lean == 0), aside, lean * size_of_step)
        yield np.where(middle | (lean == 0), -aside, lean * size_of_step)
    for _ in range(RANDOM):
        yield rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 1.0, size)
    for unit in np.eye(size)[:RANDOM]:
        aside = 2.0**-6 * rng.uniform(-1.0, 1.0, size)
        yield unit + aside
        yield aside - unit


def nearest(vertices: Any, claim: Any) -> Any:
    """The point of the convex hull nearest to the claim, by non-negative least squares, each entry measured by its largest value."""
    from scipy.optimize import nnls

    scale = _scale(vertices, claim)
    system = np.vstack([(vertices / scale).T, TOGETHER * np.ones(len(vertices))])  # the last row: shares add up to 1
    shares, _ = nnls(system, np.append(claim / scale, TOGETHER), maxiter=50 * len(vertices))
    return (shares / float(shares.sum())) @ vertices


def _scale(vertices: Any, claim: Any) -> Any:
    largest = np.maximum(np.max(np.abs(vertices), axis=0), np.abs(claim))
    return np.where(largest == 0, 1.0, largest)


def convention(claim: Any, left: Any, right: Any, slack: Any) -> str:
    """Which rule of thumb the claim follows where the sides differ: zero, left, right, half, or a mix of them."""
    bent = np.abs(left - right) > slack
    candidates = {"zero": 0.0 * left, "half": (left + right) / 2, "left": left, "right": right}
    for name, values in candidates.items():
        if (np.abs(claim - values)[bent] <= slack[bent]).all():
            return name
    return "mixed"
