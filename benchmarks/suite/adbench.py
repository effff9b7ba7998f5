"""The four problems of ADBench (Srajer, Kukelova, Fitzgibbon, 2018), written from the published formulas; made-up data of the usual sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import multigammaln

from suite import plain
from suite.rotations import inner, rotate, rotated, rotated_back, summed_at
from suite.workload import Workload


# GMM
def gmm(rows: int, dimension: int, components: int) -> Workload:
    """Log-likelihood of a Gaussian mixture with the Wishart prior (gamma = 1, m = 0).

    Arguments: mixture weights (k,), means (k, d) and, for each component, the logarithms of the diagonal of the inverse covariance's
    triangular root, then its strict lower triangle, column by column (k, d + d(d-1)/2).
    """
    n, d, k = rows, dimension, components
    rng = np.random.default_rng(5)
    data, lower = rng.normal(size=(n, d)), d * (d - 1) // 2
    arguments = (rng.normal(size=k), rng.uniform(size=(k, d)), 0.3 * rng.normal(size=(k, d + lower)))
    columns, below = np.triu_indices(d, 1)
    place = np.zeros((d, d), dtype=int)  # where each entry of the root stands in (0, diagonal, strict lower triangle)
    place[np.arange(d), np.arange(d)] = 1 + np.arange(d)
    place[below, columns] = 1 + d + np.arange(lower)
    constant = -0.5 * n * d * np.log(2 * np.pi) - k * ((d + 1) * d * (-0.5 * np.log(2.0)) - multigammaln(0.5 * (d + 1), d))
    constant = float(constant)

    def make(m: Any) -> Any:
        x, zero, root_place = m.asarray(data), m.zeros((k, 1)), m.asarray(place)

        def objective(alphas: Any, means: Any, roots: Any) -> Any:
            scales, triangle = m.exp(roots[:, :d]), roots[:, d:]
            logs = m.sum(roots[:, :d], axis=1)
            root = m.concatenate([zero, scales, triangle], axis=1)[:, root_place]
            y = m.matmul(x - means[:, None, :], m.swapaxes(root, 1, 2))
            inner = (alphas + logs)[:, None] - 0.5 * m.sum(y * y, axis=2)
            prior = 0.5 * (m.sum(scales * scales) + m.sum(triangle * triangle))
            return constant + m.sum(m.logsumexp(inner, axis=0)) - n * m.logsumexp(alphas, axis=0) + prior

        return objective

    def hand(alphas: Any, means: Any, roots: Any) -> Any:
        scales, triangle = np.exp(roots[:, :d]), roots[:, d:]
        root = np.zeros((k, d, d))
        root[:, np.arange(d), np.arange(d)], root[:, below, columns] = scales, triangle
        off = data - means[:, None, :]
        y = off @ root.swapaxes(1, 2)
        inner = (alphas + roots[:, :d].sum(1))[:, None] - 0.5 * np.einsum("kni,kni->kn", y, y)
        each, all_weights = plain.logsumexp(inner, 0), plain.logsumexp(alphas, 0)
        share = np.exp(inner - each)
        total, weighted = share.sum(1), share[:, :, None] * y
        of_root = -(weighted.swapaxes(1, 2) @ off)
        of_roots = np.empty_like(roots)
        of_roots[:, :d] = total[:, None] + (of_root[:, np.arange(d), np.arange(d)] + scales) * scales
        of_roots[:, d:] = of_root[:, below, columns] + triangle
        of_means = (weighted.sum(1)[:, None, :] @ root)[:, 0]
        prior = 0.5 * (np.vdot(scales, scales) + np.vdot(triangle, triangle))
        value = constant + each.sum() - n * all_weights + prior
        return value, (total - n * np.exp(alphas - all_weights), of_means, of_roots)

    known = {"data": data, "n": n, "d": d, "k": k, "place": place, "constant": constant}
    return Workload(f"f_gmm_{n}x{d}x{k}", "gmm", arguments, make, hand, known)


# BA
def _scene(cameras: int, points: int, observations: int) -> tuple[Any, ...]:
    """Cameras (rotation, centre, focal length, principal point, two distortions), points, weights, who sees what, and where."""
    rng = np.random.default_rng(8)
    cams = np.concatenate(
        [
            0.3 * rng.normal(size=(cameras, 3)), rng.normal(size=(cameras, 3)) - [0, 0, 8.0], 5.0 + rng.uniform(size=(cameras, 1)),
            0.1 * rng.normal(size=(cameras, 2)), 0.01 * rng.normal(size=(cameras, 2)),
        ],
        axis=1,
    )  # fmt: skip
    seen_by, seen = rng.permutation(observations) % cameras, rng.permutation(observations) % points
    return cams, rng.normal(size=(points, 3)), rng.uniform(0.5, 1.5, observations), seen_by, seen, rng.normal(size=(observations, 2))


def projected(m: Any, cams: Any, points: Any) -> Any:
    """Where each camera sees its point: turned, divided by depth, radially distorted, scaled and shifted."""
    local = rotate(m, cams[:, 0:3], points - cams[:, 3:6])
    flat = local[:, 0:2] / local[:, 2:3]
    square = m.sum(flat * flat, axis=1)[:, None]
    bent = flat * (1.0 + cams[:, 9:10] * square + cams[:, 10:11] * (square * square))
    return bent * cams[:, 6:7] + cams[:, 7:9]


def _projected(cams: Any, points: Any) -> tuple[Any, Any]:
    """projected(cams, points) in NumPy, and what its adjoint needs of it."""
    local, turn = rotated(cams[:, 0:3], points - cams[:, 3:6])
    depth = local[:, 2:3]
    flat = local[:, 0:2] / depth
    square = inner(flat, flat)
    factor = 1.0 + cams[:, 9:10] * square + cams[:, 10:11] * (square * square)
    bent = flat * factor
    return bent * cams[:, 6:7] + cams[:, 7:9], (cams, turn, depth, flat, square, factor, bent)


def _projected_back(kept: Any, g: Any) -> tuple[Any, Any]:
    """Cotangents of cameras and points, by hand."""
    cams, turn, depth, flat, square, factor, bent = kept
    of_bent = g * cams[:, 6:7]
    of_factor = inner(of_bent, flat)
    of_flat = of_bent * factor + flat * (2.0 * of_factor * (cams[:, 9:10] + 2.0 * cams[:, 10:11] * square))
    of_local = np.concatenate([of_flat, -inner(of_flat, flat)], axis=1) / depth
    of_rotation, of_offset = rotated_back(turn, of_local)
    return np.concatenate(
        [of_rotation, -of_offset, inner(g, bent), g, of_factor * square, of_factor * (square * square)], axis=1
    ), of_offset


def bundle(cameras: int, points: int, observations: int) -> Workload:
    """Bundle adjustment: the sum of the squares of all weighted reprojection errors and of the weights' own errors 1 - w**2."""
    *arguments, seen_by, seen, features = _scene(cameras, points, observations)

    def make(m: Any) -> Any:
        camera_of, point_of, feature = m.asarray(seen_by), m.asarray(seen), m.asarray(features)

        def objective(cams: Any, x: Any, w: Any) -> Any:
            e = w[:, None] * (projected(m, cams[camera_of], x[point_of]) - feature)
            v = 1.0 - w * w
            return m.sum(e * e) + m.sum(v * v)

        return objective

    def hand(cams: Any, x: Any, w: Any) -> Any:
        place, kept = _projected(cams[seen_by], x[seen])
        off = place - features
        e, v = w[:, None] * off, 1.0 - w * w
        of_own, of_target = _projected_back(kept, 2.0 * e * w[:, None])
        slopes = summed_at(of_own, seen_by, len(cams)), summed_at(of_target, seen, len(x)), 2.0 * inner(e, off)[:, 0] - 4.0 * w * v
        return np.vdot(e, e) + v @ v, slopes

    known = {"seen_by": seen_by, "seen": seen, "features": features}
    return Workload(f"i_bundle_{cameras}x{points}x{observations}", "bundle", tuple(arguments), make, hand, known)


def bundle_blocks(cameras: int, points: int, observations: int) -> Workload:
    """Bundle adjustment's sparse Jacobian: for each observation the 2 by 11, 2 by 3 and 2 by 1 blocks of its two reprojection errors."""
    cams, x, w, seen_by, seen, features = _scene(cameras, points, observations)

    def make(m: Any) -> Any:
        feature = m.asarray(features)
        return lambda own, target, weight: weight[:, None] * (projected(m, own, target) - feature)

    def hand(own: Any, target: Any, weight: Any) -> Any:
        place, kept = _projected(own, target)
        off, blocks = place - features, []
        for column in range(2):
            seed = np.zeros_like(off)
            seed[:, column] = weight
            blocks.append((*_projected_back(kept, seed), off[:, column]))
        return weight[:, None] * off, tuple(np.stack(pair) for pair in zip(*blocks, strict=True))

    name = f"i_bundle_jacobian_{cameras}x{points}x{observations}"
    return Workload(name, "blocks", (cams[seen_by], x[seen], w), make, hand, {"features": features}, columns=2)


# LSTM
def lstm(layers: int, width: int, length: int) -> Workload:
    """Mean log-loss of the next character under ADBench's LSTM, whose weight matrices are diagonal.

    Arguments: gate weights and biases (layers, 2, 4, width), and the scales of input and output and the output's bias (3, width). The gates
    forget and output see a layer's input, ingate and change its hidden state; the normaliser is log(2 + sum(exp)), as published.
    """
    rng = np.random.default_rng(9)
    arguments = (0.5 * rng.normal(size=(layers, 2, 4, width)), 0.5 * rng.normal(size=(3, width)))
    state, text = 0.1 * rng.normal(size=(layers, 2, width)), np.eye(width)[rng.integers(width, size=length)]
    scale = -1.0 / ((length - 1) * width)

    def make(m: Any) -> Any:
        start, letters = m.asarray(state), m.asarray(text)

        def loss(main: Any, extra: Any) -> Any:
            hidden, cell, total = [start[i, 0] for i in range(layers)], [start[i, 1] for i in range(layers)], 0.0
            for t in range(length - 1):
                x = letters[t] * extra[0]
                for i in range(layers):
                    w, b = main[i, 0], main[i, 1]
                    forget, out = 1.0 / (1.0 + m.exp(-(x * w[0] + b[0]))), 1.0 / (1.0 + m.exp(-(x * w[2] + b[2])))
                    into, change = 1.0 / (1.0 + m.exp(-(hidden[i] * w[1] + b[1]))), m.tanh(hidden[i] * w[3] + b[3])
                    cell[i] = cell[i] * forget + into * change
                    hidden[i] = x = out * m.tanh(cell[i])
                y = x * extra[1] + extra[2]
                total = total + m.sum(letters[t + 1] * (y - m.log(m.sum(m.exp(y)) + 2.0)))
            return scale * total

        return loss

    def hand(main: Any, extra: Any) -> Any:
        gates = np.empty((length - 1, layers, 4, width))
        cells, tanhs, hidden = (np.empty((length, layers, width)) for _ in range(3))
        inputs = np.empty((length - 1, layers, width))
        hidden[0], cells[0] = state[:, 0], state[:, 1]
        first = text[:-1] * extra[0]
        for t in range(length - 1):
            x = first[t]
            for i in range(layers):
                inputs[t, i] = x
                h, a = hidden[t, i], gates[t, i]
                a[0], a[1], a[2], a[3] = x, h, x, h
                a *= main[i, 0]
                a += main[i, 1]
                a[:3] = 1.0 / (1.0 + np.exp(-a[:3]))
                a[3] = np.tanh(a[3])
                cells[t + 1, i] = cells[t, i] * a[0] + a[1] * a[3]
                tanhs[t + 1, i] = np.tanh(cells[t + 1, i])
                x = hidden[t + 1, i] = a[2] * tanhs[t + 1, i]
        last, letters = hidden[1:, -1], text[1:]
        y = last * extra[1] + extra[2]
        grown = np.exp(y)
        sums = grown.sum(1) + 2.0
        value = scale * (np.vdot(letters, y) - letters.sum(1) @ np.log(sums))
        of_y = scale * (letters - grown * (letters.sum(1) / sums)[:, None])
        of_extra = np.stack([np.zeros(width), (of_y * last).sum(0), of_y.sum(0)])
        of_main, of_hidden, of_cell, from_out = np.zeros_like(main), np.zeros((layers, width)), np.zeros((layers, width)), of_y * extra[1]
        for t in range(length - 2, -1, -1):
            of_x = from_out[t]
            for i in range(layers - 1, -1, -1):
                forget, into, out, change = gates[t, i]
                up = of_hidden[i] + of_x
                squashed = tanhs[t + 1, i]
                of_cell[i] += up * out * (1.0 - squashed * squashed)
                back = np.stack(
                    [
                        of_cell[i] * cells[t, i] * forget * (1.0 - forget), of_cell[i] * change * into * (1.0 - into),
                        up * squashed * out * (1.0 - out), of_cell[i] * into * (1.0 - change * change),
                    ]
                )  # fmt: skip
                x, h = inputs[t, i], hidden[t, i]
                of_main[i, 0] += back * np.stack([x, h, x, h])
                of_main[i, 1] += back
                through = back * main[i, 0]
                of_x, of_hidden[i] = through[0] + through[2], through[1] + through[3]
                of_cell[i] *= forget
            of_extra[0] += of_x * text[t]
        return value, (of_main, of_extra)

    known = {"state": state, "text": text, "scale": scale, "layers": layers, "width": width, "length": length}
    return Workload(f"j_lstm_{layers}x{width}x{length}", "lstm", arguments, make, hand, known)
