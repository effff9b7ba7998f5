"""Quantiles, sequences, samples, products and special functions as compositions: NumPy's value, and a gradient that the truth confirms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from gradcheck import TraceError, check, grad, trace
from gradcheck.circuit import Floats, interpret
from gradcheck.primitives import numeric, quantiles, sequences

X = np.array([0.3, -1.2, 2.0, 0.7, -0.4, 1.1])
M = X.reshape(2, 3)
P = np.array([0.2, 0.5, 0.3])
Q = np.array([0.4, 0.35, 0.25])
S = np.array([[2.1, 0.3, 0.5], [0.4, 1.8, 0.2], [0.6, 0.1, 2.5]])
T = np.random.default_rng(0).uniform(0.1, 0.9, (2, 3, 4))
SOME = np.array([True, False, True, True, True, False])
METHODS = """inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull median_unbiased normal_unbiased
lower higher midpoint nearest""".split()


def holed(x):
    return np.where(SOME, x, np.nan)


CALLS = [
    (np.real_if_close, lambda x: np.real_if_close(x * x), X),
    (np.linalg.tensorsolve, lambda x: np.linalg.tensorsolve(np.eye(6).reshape(2, 3, 6) + 0.1 * x.reshape(2, 3, 1), x.reshape(2, 3)), X),
    (np.linalg.tensorsolve, lambda x: np.linalg.tensorsolve(np.moveaxis(np.eye(6).reshape(2, 3, 6), 2, 0) + 0.1 * x[:, None, None], x.reshape(6), axes=(1, 2)), X),
    (np.linalg.tensorinv, lambda x: np.linalg.tensorinv(np.eye(6).reshape(2, 3, 6) + 0.1 * x, ind=2), X), (np.astype, lambda x: np.astype(x, np.float64), X),
    (np.bincount, lambda x: np.bincount(np.array([0, 2, 0, 1, 1, 3]), weights=x, minlength=6), X), (np.gradient, lambda h: np.gradient(X, h), np.float64(0.7)),
    (np.nanpercentile, lambda q: np.nanpercentile(X, q), np.array([33.0, 55.0])),
    # quantiles
    (np.quantile, lambda x: np.quantile(x, [0.1, 0.5, 0.77], axis=1), M), (np.quantile, lambda x: np.quantile(x, [0.1, 0.5], axis=(0, 2), keepdims=True), T),
    (np.quantile, lambda q: np.quantile(X, q), np.array([0.33, 0.55])), *[(np.quantile, lambda x, m=m: np.quantile(x, 0.3, method=m), X) for m in METHODS],
    (np.median, lambda x: np.median(x, axis=(0, 1)), T), (np.median, np.median, X), (np.percentile, lambda x: np.percentile(x, [20, 70]), X),
    (np.nanmean, lambda x: np.nanmean(holed(x)), X), (np.nanvar, lambda x: np.nanvar(holed(x), ddof=1), X), (np.nanstd, lambda x: np.nanstd(x, axis=1), M),
    (np.nansum, lambda x: np.nansum(holed(x)), X), (np.nanmax, lambda x: np.nanmax(holed(x)), X), (np.nanmin, lambda x: np.nanmin(x, axis=0), M),
    (np.nanprod, lambda x: np.nanprod(holed(x)), X), (np.nanmedian, lambda x: np.nanmedian(holed(x).reshape(2, 3), axis=1), X),
    (np.nanquantile, lambda x: np.nanquantile(holed(x), 0.3), X), (np.nanpercentile, lambda x: np.nanpercentile(holed(x), [30, 60]), X),
    (np.nancumsum, lambda x: np.nancumsum(holed(x)), X), (np.nancumprod, lambda x: np.nancumprod(holed(x)), X),
    # sequences
    (np.linspace, lambda x: np.linspace(x[0], x[1], 7), X), (np.linspace, lambda x: np.linspace(x, x**2, 4, endpoint=False, axis=1), X),
    (np.logspace, lambda x: np.logspace(x[0], x[1], 5), X), (np.geomspace, lambda x: np.geomspace(x[0], x[2], 5), X),
    (np.diff, lambda x: np.diff(x, prepend=0.0, append=x[:1]), X), (np.diff, lambda x: np.diff(x, axis=0, prepend=1.0), M), (np.diff, lambda x: np.diff(x, n=2), X),
    (np.ediff1d, lambda x: np.ediff1d(x, to_end=x[:1], to_begin=2.0), X), (np.unwrap, lambda x: np.unwrap(3 * x), X), (np.unwrap, lambda x: np.unwrap(x, period=1.3), X),
    (np.cumulative_sum, lambda x: np.cumulative_sum(x, axis=1, include_initial=True), M), (np.cumulative_prod, np.cumulative_prod, X),
    (np.gradient, lambda x: np.gradient(x)[0], M), (np.gradient, lambda x: np.gradient(x, np.array([0, 1.0, 3, 4, 7, 9]), edge_order=2), X),
    (np.gradient, lambda x: np.gradient(x, 2.0, axis=1), M), (np.polyadd, lambda x: np.polyadd(x, x[:2]), X), (np.polysub, lambda x: np.polysub(x[:2], x), X),
    (np.polymul, lambda x: np.polymul(x, x[:3]), X), (np.polyder, lambda x: np.polyder(x, 2), X), (np.polyint, lambda x: np.polyint(x, 2, k=[1.0, 2.0]), X),
    (np.poly, np.poly, X), (np.polyval, lambda x: np.polyval(np.array([1.0, -2.0, 0.5]), x), X), (np.polyval, lambda x: np.polyval(x, 0.7), X),
    (np.vander, np.vander, X), (np.vander, lambda x: np.vander(x, 4, increasing=True), X), (np.average, lambda x: np.average(x, weights=x**2, returned=True)[1], X),
    (np.average, lambda x: np.average(x, axis=1, weights=P), M), (np.cov, np.cov, M), (np.cov, lambda x: np.cov(x, x**2, ddof=0), X),
    (np.corrcoef, lambda x: np.corrcoef(np.stack([x, x**2, np.sin(x)])), X), (np.correlate, lambda x: np.correlate(x, P, "full"), X),
    (np.correlate, lambda x: np.correlate(P, x, "same"), X), (np.histogram, lambda x: np.histogram(x, 4)[1], X),
    (np.histogram, lambda x: np.histogram(X, bins=3, weights=x)[0], X), (np.histogram, lambda x: np.histogram(x, bins=3, density=True)[0], X),
    (np.histogram_bin_edges, lambda x: np.histogram_bin_edges(x, 5), X), (np.unique, np.unique, X), (np.union1d, lambda x: np.union1d(x, x**2), X),
    (np.unique, lambda x: np.unique(np.concatenate([x, x]), return_counts=True)[0], X),
    # numbers, places, products and loops
    (np.positive, np.positive, X), (np.divmod, lambda x: np.divmod(x, 0.67)[1], X), (np.modf, lambda x: np.modf(1.1 * x)[0], X),
    (np.frexp, lambda x: np.frexp(1.1 * x)[0], X), (np.fix, lambda x: x * np.fix(1.1 * x), X), (np.isclose, lambda x: x * np.isclose(x, 0.3001, atol=1e-3), X),
    (np.allclose, lambda x: x * (1.0 + np.allclose(x, 1.0)), X), (np.array_equal, lambda x: x * (1.0 + np.array_equal(x, x + 0.0)), X),
    (np.nonzero, lambda x: x[np.nonzero(x > 0)], X), (np.flatnonzero, lambda x: x[np.flatnonzero(x > 0)], X), (np.argwhere, lambda x: x[np.argwhere(x > 0)], X),
    (np.count_nonzero, lambda x: x * np.count_nonzero(x > 0), X), (np.cross, lambda x: np.cross(x, P), M), (np.cross, lambda x: np.cross(x, x.T, axis=0), S),
    (np.linalg.cross, lambda x: np.linalg.cross(x, P), M), (np.vecdot, lambda x: np.vecdot(x, x[0]), M), (np.linalg.vecdot, lambda x: np.linalg.vecdot(x, x**2, axis=0), M),
    (np.matvec, lambda x: np.matvec(x, x[0]), M), (np.vecmat, lambda x: np.vecmat(P[:2], x), M), (np.linalg.outer, lambda x: np.linalg.outer(x, x), P),
    (np.linalg.matmul, lambda x: np.linalg.matmul(x, x), S), (np.linalg.tensordot, lambda x: np.linalg.tensordot(x, x, axes=1), S),
    (np.linalg.matrix_transpose, np.linalg.matrix_transpose, M), (np.linalg.trace, lambda x: np.linalg.trace(x, offset=1), S),
    (np.linalg.diagonal, np.linalg.diagonal, T), (np.linalg.vector_norm, lambda x: np.linalg.vector_norm(x, axis=0, ord=3), M),
    (np.linalg.vector_norm, np.linalg.vector_norm, M), (np.linalg.matrix_norm, np.linalg.matrix_norm, M),
    (np.apply_along_axis, lambda x: np.apply_along_axis(lambda r: r * r.sum(), 0, x), M), (np.apply_along_axis, lambda x: np.apply_along_axis(np.sum, 1, x), M),
    (np.apply_over_axes, lambda x: np.apply_over_axes(np.sum, x, [0, 2]), T),
    # scipy.special
    (special.huber, lambda x: special.huber(0.8, x), X), (special.huber, lambda x: special.huber(x, 1.3), P), (special.pseudo_huber, lambda x: special.pseudo_huber(0.8, x), X),
    (special.pseudo_huber, lambda x: special.pseudo_huber(x, 1.3), P), (special.boxcox, lambda x: special.boxcox(x, [0.0, 0.3, -1.0]), P),
    (special.boxcox, lambda c: special.boxcox(1.7, c), np.array([0.0, 0.3, 1e-9])), (special.boxcox1p, lambda x: special.boxcox1p(x, 0.4), P),
    (special.inv_boxcox, lambda x: special.inv_boxcox(x, [0.5, 0.0, -0.2]), P), (special.inv_boxcox1p, lambda x: special.inv_boxcox1p(x, 0.5), P),
    (special.cosm1, special.cosm1, X), (special.exp10, special.exp10, X), (special.powm1, lambda x: special.powm1(x, 0.3), P), (special.cbrt, special.cbrt, X),
]  # fmt: skip
if hasattr(special, "softplus"):
    CALLS.append((special.softplus, special.softplus, X))
FURTHER = [
    (np.ldexp, lambda x: np.ldexp(x, [1, 2, 0, -1, 3, 5]), X), (np.clip, lambda x: np.clip(X, x - 0.3, x[::-1] + 0.1), X), (np.trace, lambda x: np.trace(x, 1, 1, 2), T),
    (np.median, np.median, X), (np.median, lambda x: np.median(x, axis=1), M), (np.quantile, lambda x: np.quantile(x, 0.3), X), (np.percentile, lambda x: np.percentile(x, 80), X), (np.average, lambda x: np.average(x, weights=np.arange(1.0, 7.0)), X), (np.average, lambda x: np.average(x, axis=1, weights=P), M), (np.polyval, lambda x: np.polyval(np.array([1.0, -2.0, 0.5]), x), X), (np.polyval, lambda x: np.polyval(x, 0.7), X), (np.cross, lambda x: np.cross(x, P), M), (np.gradient, np.gradient, X), (np.gradient, lambda x: np.gradient(x, 0.5), X), (np.sinc, np.sinc, X), (np.diff, np.diff, X), (np.diff, lambda x: np.diff(x, n=2), X), (np.diff, lambda x: np.diff(x, axis=0), M), (special.betaln, lambda x: special.betaln(x, 1.5), P), (special.exprel, special.exprel, X), (special.beta, lambda x: special.beta(x, 1.5), P),
    (np.logaddexp, lambda x: special.logsumexp(x, b=x**2), X), (np.logaddexp, lambda x: special.logsumexp(x, b=x, return_sign=True)[0], X),
    (np.logaddexp, lambda x: special.logsumexp(x, b=P, axis=1, keepdims=True), M), (special.multigammaln, lambda x: special.multigammaln(x + 2, 3), P),
    (special.factorial, special.factorial, P), (special.comb, lambda x: special.comb(5.5, x), P), (special.polygamma, lambda x: special.polygamma([0, 1, 2], x), P),
    (special.zeta, lambda x: special.zeta([2.0, 3.0, 4.5], x), P), (special.gammainc, lambda x: special.gammainc(Q, x), P), (special.iv, lambda x: special.iv([0, 1.5, 2], x), P),
    (special.ive, lambda x: special.ive([0, 1.5, 2], x), P), (special.kn, lambda x: special.kn(2, x), P), (special.yn, lambda x: special.yn(1, x), P),
    (special.jn, lambda x: special.jn(3, x), X), (special.expn, lambda x: special.expn([0, 1, 3], x), P), (special.fresnel, lambda x: special.fresnel(x)[1], X),
    (special.sici, lambda x: special.sici(x)[1], P), (special.shichi, lambda x: special.shichi(x)[0], X), (special.chdtr, lambda x: special.chdtr(3, x), P),
    (special.chdtrc, lambda x: special.chdtrc(3, x), P), (special.gdtr, lambda x: special.gdtr(x, 2.0, 0.4), P), (special.gdtrc, lambda x: special.gdtrc(x, 2.0, 0.4), P),
    (special.betaincc, lambda x: special.betaincc(2.0, 1.5, x), P), (special.spherical_jn, lambda x: special.spherical_jn(2, x), X),
    (special.spherical_in, lambda x: special.spherical_in(1, x), X), (special.hyp1f1, lambda x: special.hyp1f1(0.5, 1.5, x), X),
    (special.hyp2f1, lambda x: special.hyp2f1(0.5, 1.5, 2.5, x), P), (np.i0, np.i0, X),
    # moves
    (np.roll, lambda x: np.roll(x, (1, 2), (0, 1)), M), (np.interp, lambda x: np.interp(0.35, np.sort(x), x**2), X), (np.inner, lambda x: np.inner(x, x[0]), T),
    (np.dot, lambda x: np.dot(x, np.moveaxis(x, 2, 1)), T), (np.dot, lambda x: np.dot(x, x[0].T), T),
    # einsum in every form
    (np.einsum, lambda x: np.einsum("ii", x), S), (np.einsum, lambda x: np.einsum("ii->i", x), S), (np.einsum, lambda x: np.einsum(x, [0, 1], x, [1, 2], [0, 2]), S),
    (np.einsum, lambda x: np.einsum(x, [0, 1], x[0], [1]), S), (np.einsum, lambda x: np.einsum(x, [Ellipsis, 0], x, [Ellipsis, 0]), T),
    (np.einsum, lambda x: np.einsum("...i,...i", x, x[:1]), T), (np.einsum, lambda x: np.einsum("ij,jk,kl->il", x, x, x, optimize="optimal"), S),
    (np.einsum, lambda x: np.einsum("ij,jk,kl->il", x, x, x, optimize=np.einsum_path("ij,jk,kl->il", x, x, x)[0]), S),
    (np.einsum, lambda x: np.einsum("ij,ij->i", x, x[:, :1]), S), (np.einsum, lambda x: np.einsum("iij->j", x), T[:, :2]), (np.einsum, lambda x: np.einsum("iii", x), T[:, :2, :2]),
    (np.einsum, lambda x: np.einsum("...ij,jk->...ik", x, x[0].T), T), (np.einsum, lambda x: np.einsum("i...,...->i...", x, x[0]), T), (np.einsum, lambda x: np.einsum("ba", x), M),
]  # fmt: skip
CASES = [pytest.param(call, at, id=f"{function.__name__} {i}") for i, (function, call, at) in enumerate((*CALLS, *FURTHER))]


def weighed(call):
    def function(x):
        result = call(x)
        return np.sum(result * np.cos(np.arange(np.size(result)).reshape(np.shape(result))))

    return function


def test_every_composition_is_tried() -> None:
    assert {function for function, _, _ in CALLS} >= set(quantiles.COMPOSED) | set(sequences.COMPOSED) | set(numeric.COMPOSED)


@pytest.mark.parametrize("call, at", CASES)
def test_value_and_gradient(call, at) -> None:
    (value,) = interpret(trace(call, at), Floats(), (at,))
    assert np.shape(value) == np.shape(call(at))
    np.testing.assert_allclose(value, call(at), rtol=3e-14, atol=1e-15)
    function = weighed(call)
    assert check(function, grad(function), (at,)).outcome == "right"
    assert check(function, lambda x: grad(function)(x) * (1 + 1e-8), (at,)).outcome == "wrong"


def test_a_running_decision_is_watched_by_kept_traces() -> None:
    gradient = grad(lambda x: np.nansum(np.where(x > 0, x, np.nan)) + np.quantile(x, 0.3))
    assert [gradient(x).round(12).tolist() for x in (P, -P, P)] == [[1.4, 1.0, 1.6], [0.0, 0.4, 0.6], [1.4, 1.0, 1.6]]


def test_an_index_of_numbers_is_right_for_every_quantile_of_many() -> None:
    x = np.random.default_rng(1).normal(size=40)
    for q in np.linspace(0.0, 1.0, 17):
        picked = grad(lambda v, q=q: np.quantile(v, q))(x)
        assert picked @ x == pytest.approx(np.quantile(x, q), abs=1e-14)
        assert picked.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "function, message",
    [
        pytest.param(lambda x: special.gammainc(x, 0.5), "no closed form", id="gammainc in a"),
        pytest.param(lambda x: special.iv(x, 0.5), "no closed form", id="order of a Bessel function"),
        pytest.param(lambda x: special.zeta(x), "no closed form", id="zeta of s"),
        pytest.param(lambda x: special.expn(1.5, x), "whole number", id="expn of broken order"),
        pytest.param(lambda x: special.inv_boxcox(0.3, x), "make it data", id="lambda of inv_boxcox"),
        pytest.param(lambda x: special.comb(5.0, x, exact=True), "exact=True", id="exact comb"),
        pytest.param(lambda x: np.interp(0.3, x, x), "increasing knots", id="knots that do not increase"),
        pytest.param(lambda x: np.quantile(x, 0.3, weights=x, method="inverted_cdf"), "weights", id="weighted quantile"),
        pytest.param(lambda x: np.quantile(X, x[3], method="hazen"), "traced q", id="traced q by another method"),
        pytest.param(lambda x: np.cross(x[:2], x[:2]), "three components", id="cross in the plane"),
        pytest.param(lambda x: np.unique(x.reshape(2, 3), axis=0), "axis", id="unique rows"),
        pytest.param(lambda x: np.histogram(x, bins="auto")[0], "number of bins", id="bins by a rule"),
        pytest.param(lambda x: np.gradient(x, x), "must be fixed", id="traced coordinates"),
        pytest.param(lambda x: np.isclose(x, x, equal_nan=True), "equal_nan", id="isclose of NaN"),
        pytest.param(lambda x: np.geomspace(x[1], x[0], 5), "positive ends", id="geomspace of a negative end"),
    ],
)
def test_what_is_not_followed_says_so(function, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, X)
