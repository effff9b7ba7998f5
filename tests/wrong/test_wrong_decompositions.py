"""Wrong rules of decompositions, each a mistake often made: all must fail the proof by identity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import check
from gradcheck.primitives import BY_NAME
from gradcheck.primitives.factors import folded, triangle
from gradcheck.primitives.spectra import parted
from gradcheck.primitives.stacks import flipped, scaled
from gradcheck.verdicts.proof import defining, engine, identities, prove

TRIANGULAR, EIGENVECTORS = BY_NAME["solve_triangular"], BY_NAME["eigvectorsh"]


def cholesky(half):
    def rule(position, g, y, inputs, params):
        factor, g = (y, g) if params["lower"] else (flipped(y), flipped(g))
        n = factor.shape[-1]
        left = TRIANGULAR(flipped(factor), triangle(np.matmul(flipped(factor), g), n, diagonal=half), lower=False)
        across = flipped(TRIANGULAR(flipped(factor), flipped(left), lower=False))
        return triangle(across + flipped(across), n, lower=params["lower"], diagonal=0.5)

    return rule


def cholesky_symmetric(position, g, y, inputs, params):
    found = BY_NAME["cholesky"].adjoint(position, g, y, inputs, params)
    return (found + flipped(found)) / 2.0


def qr_without_copyltu(position, g, y, inputs, params):
    (a,) = inputs
    q = BY_NAME["qr_q"](a, y)
    k = min(a.shape[-2:])
    return np.matmul(q, flipped(TRIANGULAR(y[..., :k], np.matmul(g, flipped(y)), lower=False)))


def eigenvectors(turn):
    def rule(position, g, y, inputs, params):
        if position == 1:
            return None
        inside = parted(turn(np.matmul(flipped(y), g / 2.0)), inputs[1])
        return folded(np.matmul(np.matmul(y, inside), flipped(y)), params["lower"])

    return rule


def eigenvectors_forgotten(position, g, y, inputs, params):
    return None if position == 1 else 0.0 * inputs[0]


def eigenvalues_unfolded(position, g, y, inputs, params):
    v = EIGENVECTORS(inputs[0], y, lower=params["lower"], dtype=y.dtype.name)
    return np.matmul(scaled(v, g), flipped(v))


def singular_transposed(position, g, y, inputs, params):
    rows = inputs[0].shape[-2]
    both = BY_NAME["svdvectors"](inputs[0], y, dtype=y.dtype.name)
    return np.matmul(scaled(both[..., :rows, :], g / 2.0), flipped(both[..., rows:, :]))


def singular_without_projection(position, g, y, inputs, params):
    """As if U and V were square."""
    if position == 1:
        return None
    rows, s = inputs[0].shape[-2], inputs[1]
    u, v, gu, gv = y[..., :rows, :], y[..., rows:, :], g[..., :rows, :], g[..., rows:, :]
    left, right = np.matmul(flipped(u), gu), np.matmul(flipped(v), gv)
    inside = parted(left, s, squares=True) * np.expand_dims(s, -2) + np.expand_dims(s, -1) * parted(right, s, squares=True)
    return np.matmul(np.matmul(u, inside), flipped(v))


def general_not_normalised(position, g, y, inputs, params):
    if position == 1:
        return None
    w, n = inputs[1], y.shape[-1]
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1) + np.eye(n)
    return np.linalg.solve(flipped(y), np.matmul((1.0 - np.eye(n)) * np.matmul(flipped(y), g) / gap, flipped(y)))


def pinv_as_inverse(position, g, y, inputs, params):
    return -np.matmul(np.matmul(flipped(y), g), flipped(y))


def lstsq_without_residual(position, g, y, inputs, params):
    z = np.matmul(flipped(BY_NAME["pinv"](inputs[0], rcond=1e-15)), g)
    if position == 1:
        return z
    x, z = (np.reshape(v, (v.shape[0], -1)) for v in (y, z))
    return -np.matmul(z, flipped(x))


WRONG = [
    pytest.param("cholesky", cholesky(1.0), id="cholesky, diagonal not halved"),
    pytest.param("cholesky", cholesky_symmetric, id="cholesky, symmetric gradient"),
    pytest.param("qr_r", qr_without_copyltu, id="qr without copyltu"),
    pytest.param("eigvectorsh", eigenvectors(flipped), id="eigh, sign of F"),
    pytest.param("eigvectorsh", eigenvectors(lambda m: m * 2.0), id="eigh, factor"),
    pytest.param("eigvectorsh", eigenvectors_forgotten, id="eigh, no vectors"),
    pytest.param("eigvalsh", eigenvalues_unfolded, id="eigvalsh, both triangles"),
    pytest.param("svdvals", singular_transposed, id="svdvals, half"),
    pytest.param("svdvectors", singular_without_projection, id="svd as if square"),
    pytest.param("eigvectors", general_not_normalised, id="eig, columns not kept at length 1"),
    pytest.param("pinv", pinv_as_inverse, id="pinv as inverse"),
    pytest.param("lstsq", lstsq_without_residual, id="lstsq without residual"),
]


@pytest.mark.parametrize("name, rule", WRONG)
def test_a_wrong_rule_fails_its_proof_by_identity(name, rule) -> None:
    proof = prove(replace(BY_NAME[name], adjoint=rule))
    assert proof.status == "failed"
    assert proof.counterexample is not None


def test_a_counterexample_says_along_which_parameter() -> None:
    found = prove(replace(BY_NAME["cholesky"], adjoint=cholesky(1.0))).counterexample
    assert "along t0" in str(found)


def test_right_rules_written_otherwise_pass() -> None:
    assert prove(replace(BY_NAME["cholesky"], adjoint=cholesky(0.5))).status == "by defining identity"
    assert prove(replace(BY_NAME["eigvectorsh"], adjoint=eigenvectors(lambda m: m))).status == "by defining identity"


def test_a_chart_that_is_not_the_function_proves_nothing(monkeypatch) -> None:
    chart = identities.charts_of(BY_NAME["cholesky"])[1]
    monkeypatch.setattr(engine, "charts_of", lambda primitive: (replace(chart, result=2 * chart.result),))
    assert "not what cholesky gives" in prove(BY_NAME["cholesky"]).detail
    half = chart.operands[0].copy()
    half[0, 1] = half[1, 0]  # a symmetric matrix: no parameter moves the triangle that is not read
    monkeypatch.setattr(engine, "charts_of", lambda primitive: (replace(chart, operands=(half,), parameters=chart.parameters[:-1]),))
    assert "do not reach every entry" in prove(BY_NAME["cholesky"]).detail


def test_points_alone_refute_as_well(monkeypatch) -> None:
    monkeypatch.setattr(engine, "simplified", lambda primitive, chart: True)
    monkeypatch.setattr(defining, "POINTS", 1)
    assert prove(replace(BY_NAME["qr_r"], adjoint=qr_without_copyltu)).status == "failed"


S = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.2], [0.1, -0.2, 3.0]])


@pytest.mark.parametrize(
    "function, claim",
    [
        pytest.param(lambda a: np.linalg.eigvalsh(a)[0], lambda a: np.outer(np.linalg.eigh(a)[1][0], np.linalg.eigh(a)[1][0]), id="a row for a column"),
        pytest.param(lambda a: np.sum(np.linalg.svdvals(a)), lambda a: (np.linalg.svd(a)[0] @ np.linalg.svd(a)[2]).T + 1e-6, id="nuclear norm, off"),
        pytest.param(lambda a: np.linalg.cond(a), lambda a: np.linalg.cond(a) * np.linalg.inv(a).T, id="condition"),
        pytest.param(lambda a: np.sum(np.linalg.cholesky(a)), lambda a: np.tril(np.linalg.inv(np.linalg.cholesky(a))), id="cholesky as a root"),
    ],
)  # fmt: skip
def test_wrong_claims_are_found(function, claim) -> None:
    assert check(function, claim, (S,)).outcome == "wrong"
