"""ADBench's hand tracking, simple variant: a skinned hand of 22 bones posed by 26 numbers and compared with observed points."""

from __future__ import annotations

from typing import Any

import numpy as np

from suite import plain
from suite.rotations import rotate, rotated, rotated_back, summed_at
from suite.workload import Workload

FINGERS, SEGMENTS = 5, 4  # the palm's two bones stay; each finger has three posed bones and a tip
BONES = 2 + FINGERS * SEGMENTS


def _rigid(rng: np.random.Generator, *shape: int) -> tuple[Any, Any]:
    """Random rotations and small translations."""
    turn = rng.normal(size=(int(np.prod(shape)), 3))
    turned = np.stack([rotate(plain, turn, np.tile(axis, (len(turn), 1))) for axis in np.eye(3)], axis=2)
    return turned.reshape(*shape, 3, 3), 0.3 * rng.normal(size=(*shape, 3))


def _skeleton(rng: np.random.Generator, vertices: int) -> tuple[Any, ...]:
    """Palm, the fingers' base transforms, and the constant part of the skinning: positions = blend @ transforms, linear in them."""
    (palm_turn, palm_shift), (turns, shifts) = _rigid(rng, 2), _rigid(rng, FINGERS, SEGMENTS)
    weights = rng.uniform(size=(vertices, BONES)) * (rng.uniform(size=(vertices, BONES)) < 0.15)
    weights[np.arange(vertices), rng.integers(BONES, size=vertices)] += 0.5
    weights /= weights.sum(1, keepdims=True)
    base = rng.normal(size=(vertices, BONES, 3))  # a vertex as each bone sees it, at rest: the inverse base transform already applied
    blend = np.concatenate([weights[:, :, None] * base, weights[:, :, None]], axis=2).reshape(vertices, BONES * 4)
    return palm_turn, palm_shift, turns, shifts, blend


def _bend(m: Any, flex: Any, spread: Any) -> Any:
    """The rotation of one joint of every finger (fingers, 3, 3): about x by `flex`, then about z by `spread`."""
    c, s, cz, sz = m.cos(flex), m.sin(flex), m.cos(spread), m.sin(spread)
    rows = [m.stack([cz, -sz * c, sz * s], axis=1), m.stack([sz, cz * c, -cz * s], axis=1), m.stack([0.0 * s, s, c], axis=1)]
    return m.stack(rows, axis=1)


def _bend_back(flex: Any, spread: Any, g: Any) -> tuple[Any, Any]:
    c, s, cz, sz = np.cos(flex), np.sin(flex), np.cos(spread), np.sin(spread)
    of_flex = g[:, 0, 1] * sz * s + g[:, 0, 2] * sz * c - g[:, 1, 1] * cz * s - g[:, 1, 2] * cz * c + g[:, 2, 1] * c - g[:, 2, 2] * s
    of_spread = -sz * g[:, 0, 0] + cz * (g[:, 1, 0] - g[:, 0, 1] * c + g[:, 0, 2] * s) + sz * (g[:, 1, 2] * s - g[:, 1, 1] * c)
    return of_flex, of_spread


def hand_tracking(points: int, vertices: int = 544) -> Workload:
    """Half the sum of squared distances between points and their vertices of the posed hand.

    The argument: axis and angle of the whole hand, its translation, then for each finger the flexion and spread of its base and the
    flexion of two further joints (26). Data: a random skeleton, skinning weights, and points near a pose.
    """
    rng = np.random.default_rng(10)
    palm_turn, palm_shift, turns, shifts, blend = _skeleton(rng, vertices)
    match, cloud = rng.integers(vertices, size=points), rng.normal(size=(points, 3))
    pose = np.concatenate([0.5 * rng.normal(size=6), 0.4 * rng.normal(size=FINGERS * SEGMENTS)])
    palm = np.concatenate([palm_turn.swapaxes(1, 2), palm_shift[:, None, :]], axis=1).reshape(8, 3)

    def make(m: Any) -> Any:
        turn, shift, still, start = m.asarray(turns), m.asarray(shifts), m.asarray(palm), m.asarray(palm_turn[1])
        origin, blending, vertex, seen = m.asarray(palm_shift[1]), m.asarray(blend), m.asarray(match), m.asarray(cloud)
        none, ones = m.zeros(FINGERS), m.asarray(np.ones((vertices, 1)))

        def objective(theta: Any) -> Any:
            fingers = m.reshape(theta[6:], (FINGERS, SEGMENTS))
            about, along, placed = start, origin, []
            for j in range(SEGMENTS):
                along = _moved(m, about, shift[:, j]) + along
                about = m.matmul(about, turn[:, j])
                if j < 3:
                    about = m.matmul(about, _bend(m, fingers[:, 0 if j == 0 else j + 1], fingers[:, 1] if j == 0 else none))
                placed.append(m.concatenate([m.swapaxes(about, 1, 2), along[:, None, :]], axis=1))
            bones = m.reshape(m.stack(placed, axis=1), (FINGERS * SEGMENTS * 4, 3))
            skin = m.dot(blending, m.concatenate([still, bones], axis=0))
            posed = rotate(m, theta[None, 0:3] * ones, skin) + theta[3:6]
            e = posed[vertex] - seen
            return 0.5 * m.sum(e * e)

        return objective

    def hand(theta: Any) -> Any:
        fingers = theta[6:].reshape(FINGERS, SEGMENTS)
        flexes, spreads = fingers[:, [0, 2, 3]].T, np.stack([fingers[:, 1], np.zeros(FINGERS), np.zeros(FINGERS)])
        bends = [_bend(plain, flexes[j], spreads[j]) for j in range(3)]
        about, along, before, placed = np.tile(palm_turn[1], (FINGERS, 1, 1)), np.tile(palm_shift[1], (FINGERS, 1)), [], []
        for j in range(SEGMENTS):
            before.append(about)
            along = _moved(plain, about, shifts[:, j]) + along
            about = about @ turns[:, j]
            if j < 3:
                about = about @ bends[j]
            placed.append(np.concatenate([about.swapaxes(1, 2), along[:, None, :]], axis=1))
        skin = blend @ np.concatenate([palm, np.stack(placed, axis=1).reshape(-1, 3)])
        axis = np.tile(theta[0:3], (vertices, 1))
        posed, kept = rotated(axis, skin)
        e = (posed + theta[3:6])[match] - cloud
        of_posed = summed_at(e, match, vertices)
        of_axis, of_skin = rotated_back(kept, of_posed)
        of_placed = (blend.T @ of_skin)[8:].reshape(FINGERS, SEGMENTS, 4, 3)
        of_fingers, of_about, of_along = np.zeros_like(fingers), np.zeros((FINGERS, 3, 3)), np.zeros((FINGERS, 3))
        for j in range(SEGMENTS - 1, -1, -1):
            of_about = of_about + of_placed[:, j, :3].swapaxes(1, 2)
            of_along = of_along + of_placed[:, j, 3]
            if j < 3:
                carried = before[j] @ turns[:, j]
                of_flex, of_spread = _bend_back(flexes[j], spreads[j], carried.swapaxes(1, 2) @ of_about)
                of_fingers[:, 0 if j == 0 else j + 1] = of_flex
                of_fingers[:, 1] += of_spread if j == 0 else 0.0
                of_about = of_about @ bends[j].swapaxes(1, 2)
            of_about = of_about @ turns[:, j].swapaxes(1, 2) + of_along[:, :, None] * shifts[:, None, j]
        return 0.5 * np.vdot(e, e), (np.concatenate([of_axis.sum(0), of_posed.sum(0), of_fingers.ravel()]),)

    known = {"turns": turns, "shifts": shifts, "palm": palm, "start": palm_turn[1], "origin": palm_shift[1], "blend": blend}
    return Workload(f"k_hand_{BONES}x{points}", "hand", (pose,), make, hand, known | {"match": match, "cloud": cloud, "vertices": vertices})


def _moved(m: Any, turns: Any, vectors: Any) -> Any:
    """Each finger's vector in its parent's frame."""
    return m.sum(turns * vectors[:, None, :], axis=2)
