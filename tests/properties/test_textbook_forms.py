"""Gradients as textbooks write them: never called wrong while half of their digits remain, never right once changed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special

from gradcheck import check

FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)
HALF = {d: -math.log10(float(np.finfo(d).eps)) / 2 for d in (FLOAT64, FLOAT32)}
OFF = {FLOAT64: 1e-6, FLOAT32: 1e-3}
SCALES = (1e-300, 1e-155, 1e-100, 1e-30, 1e-16, 1e-8, 1e-5, 1e-3, 0.03, 0.3, 1.0, 3.0, 9.0, 18.0, 36.0, 40.0, 90.0, 300.0, 700.0)
HUGE = (*SCALES, 1e5, 1e8, 1e16, 1e38, 1e100, 1e155, 1e300)
QUICK, MANY = {FLOAT64: 2, FLOAT32: 1}, 16  # points of each form


@dataclass(frozen=True)
class Form:
    """A function, its gradient as a textbook writes it, and what draws each argument: at a scale of its own, or an ordinary one."""

    name: str
    function: Callable[..., Any]
    gradient: Callable[..., Any]
    arguments: tuple[Callable[..., Any], ...]
    argnums: tuple[int, ...] = (0,)

    def point(self, rng, dtype, ordinary=False):
        return tuple(np.asarray(draw(rng, dtype, ordinary)).astype(dtype)[()] for draw in self.arguments)


# what draws one number: by type, and whether it is an ordinary one
def positive(scales):
    def draw(rng, dtype, ordinary):
        if ordinary:
            return rng.uniform(0.3, 2.5)
        info = np.finfo(dtype)
        known = [s for s in scales if 4 * float(info.tiny) < s < float(info.max) / 4]
        return rng.choice(known) * rng.uniform(0.7, 1.4)

    return draw


def real(scales):
    return lambda rng, dtype, ordinary: rng.choice([-1.0, 1.0]) * positive(scales)(rng, dtype, ordinary)


def share(rng, dtype, ordinary):
    """Between 0 and 1, near either end too."""
    if ordinary:
        return rng.uniform(0.1, 0.9)
    near = positive(SCALES[:10])(rng, dtype, ordinary)
    return 1 - max(near, float(np.finfo(dtype).eps)) if rng.random() < 0.5 else near


def inside(rng, dtype, ordinary):
    """Between -1 and 1."""
    return rng.choice([-1.0, 1.0]) * share(rng, dtype, ordinary)


def coin(rng, dtype, ordinary):
    return float(rng.integers(2))


def count(rng, dtype, ordinary):
    return float(rng.integers(1, 9))


def array(draw, *shape, alike=0.3):
    """Entries of scales of their own, or all of one."""

    def of_scale(scales):
        return lambda rng, dtype, ordinary: scales(rng, dtype, ordinary) * rng.uniform(0.5, 1.0)

    def filled(rng, dtype, ordinary):
        if not ordinary and rng.random() < alike:
            one = draw(rng, dtype, ordinary)
            return one * rng.uniform(0.5, 1.0, shape) if draw not in (coin, count) else np.full(shape, one)
        each = draw if draw in (coin, count, share) else of_scale(draw)
        return np.array([each(rng, dtype, ordinary) for _ in range(math.prod(shape))]).reshape(shape)

    return filled


def each(name, function, gradient, draw):
    """A form for numbers, tried on one or on three at once."""

    def total(x):
        return np.sum(function(x))

    def one_or_three(rng, dtype, ordinary):
        return draw(rng, dtype, ordinary) if rng.random() < 0.6 else np.array([draw(rng, dtype, ordinary) for _ in range(3)])

    return Form(name, total, gradient, (one_or_three,))


R, P, RH, PH = real(SCALES), positive(SCALES), real(HUGE), positive(HUGE)
RT, PT = real([s for s in SCALES if s < 4]), positive([s for s in SCALES if s < 4])
VECTOR, WEIGHTS, SQUARE = array(R, 4), array(RT, 4), array(RT, 4, 4)


# the functions and the gradients that need a name
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_value(function, rule):
    """A gradient written in terms of the value y and x."""
    return lambda x: rule(function(x), x)


def decay_ratio(x):
    e = np.exp(-x)
    return e / (1 + e) ** 2


def density(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_tanh_slope(x):
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)


def mish_slope(x):
    t = np.tanh(np.log1p(np.exp(x)))
    return t + x * sigmoid(x) * (1 - t * t)


def huber(x):
    return np.where(np.abs(x) <= 1.5, 0.5 * x * x, 1.5 * (np.abs(x) - 0.75))


def tanh_by_exponentials(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_plain(x):
    return np.exp(x) / np.sum(np.exp(x))


def lse_plain(x):
    return np.log(np.sum(np.exp(x)))


def lse_shifted(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def less_one_hot(p):
    p = p.copy()
    p[1] -= 1
    return p


def norm(x):
    return np.sqrt(np.sum(x * x))


def normalised(x, w):
    return np.sum(w * (x / norm(x)))


def normalised_back(x, w):
    u = x / norm(x)
    return (w - u * np.sum(u * w)) / norm(x)


def normalised_quotient(x, w):
    r = norm(x)
    return w / r - x * np.sum(x * w) / r**3


def cosine(x, y):
    return np.sum(x * y) / (norm(x) * norm(y))


def cosine_back(x, y):
    c, nx, ny = cosine(x, y), norm(x), norm(y)
    return y / (nx * ny) - c * x / nx**2, x / (nx * ny) - c * y / ny**2


def std(x):
    return np.sqrt(np.mean((x - np.mean(x)) ** 2))


def layer_norm(x, w):
    return np.sum(w * (x - np.mean(x)) / np.sqrt(np.mean((x - np.mean(x)) ** 2) + 1e-5))


def layer_norm_back(x, w):
    r = np.sqrt(np.mean((x - np.mean(x)) ** 2) + 1e-5)
    h = (x - np.mean(x)) / r
    return (w - np.mean(w) - h * np.mean(w * h)) / r


def others(x):
    return np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


def least_squares(w, X, y):
    return 0.5 * np.sum((X @ w - y) ** 2)


def logistic(w, X, y):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def logistic_by_hand(w, X, y):
    s = sigmoid(X @ w)
    return -np.mean(y * np.log(s) + (1 - y) * np.log(1 - s))


def cross_entropy(z, y):
    s = sigmoid(z)
    return -np.sum(y * np.log(s) + (1 - y) * np.log(1 - s))


def net(W1, W2, x, y):
    return 0.5 * np.sum((W2 @ np.tanh(W1 @ x) - y) ** 2)


def net_back(W1, W2, x, y):
    h = np.tanh(W1 @ x)
    d = W2 @ h - y
    return np.outer((W2.T @ d) * (1 - h**2), x), np.outer(d, h)


def relu_net(W1, W2, x, y):
    return 0.5 * np.sum((W2 @ np.maximum(W1 @ x, 0) - y) ** 2)


def relu_net_back(W1, W2, x, y):
    a = W1 @ x
    h = np.maximum(a, 0)
    d = W2 @ h - y
    return np.outer((W2.T @ d) * (a > 0), x), np.outer(d, h)


def sigmoid_net(W1, W2, x, y):
    z = W2 @ sigmoid(W1 @ x)
    return np.sum(np.logaddexp(0, z) - y * z)


def sigmoid_net_back(W1, W2, x, y):
    h = sigmoid(W1 @ x)
    d = sigmoid(W2 @ h) - y
    return np.outer((W2.T @ d) * h * (1 - h), x), np.outer(d, h)


def softmax_entropy(x):
    p = softmax(x)
    return -np.sum(p * np.log(p))


def softmax_entropy_back(x):
    p = softmax(x)
    return -p * (np.log(p) - np.sum(p * np.log(p)))


def attention(x, v):
    return np.sum(softmax(x) * v)


def attention_back(x, v):
    p = softmax(x)
    return p * (v - np.sum(p * v)), p


def determinant(A):
    return A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]


def cofactors(A):
    return np.array([[A[1, 1], -A[1, 0]], [-A[0, 1], A[0, 0]]])


def rayleigh(x, A):
    return np.sum(x * (A @ x)) / np.sum(x * x)


def correlation(x, y):
    a, b = x - np.mean(x), y - np.mean(y)
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def correlation_back(x, y):
    a, b = x - np.mean(x), y - np.mean(y)
    return b / (norm(a) * norm(b)) - correlation(x, y) * a / np.sum(a * a)


def gaussian_nll(x, m, s):
    return np.sum(np.log(s) + (x - m) ** 2 / (2 * s * s))


def variational_kl(m, v):
    return 0.5 * np.sum(m * m + np.exp(v) - v - 1)


FORMS = [
    # sigmoid, tanh and their kin
    each("sigmoid: s (1 - s)", sigmoid, by_value(sigmoid, lambda s, x: s * (1 - s)), R),
    each("sigmoid: s - s^2", sigmoid, by_value(sigmoid, lambda s, x: s - s**2), R),
    each("sigmoid: e / (1 + e)^2", sigmoid, decay_ratio, R),
    each("sigmoid: s(x) s(-x)", sigmoid, lambda x: sigmoid(x) * sigmoid(-x), R),
    each("expit: s (1 - s)", special.expit, by_value(special.expit, lambda s, x: s * (1 - s)), R),
    each("sigmoid by tanh: (1 - t^2) / 4", lambda x: 0.5 + 0.5 * np.tanh(x / 2), lambda x: 0.25 * (1 - np.tanh(x / 2) ** 2), R),
    each("tanh: 1 - t^2", np.tanh, lambda x: 1 - np.tanh(x) ** 2, R),
    each("tanh: (1 - t)(1 + t)", np.tanh, lambda x: (1 - np.tanh(x)) * (1 + np.tanh(x)), R),
    each("tanh: 1 / cosh^2", np.tanh, lambda x: 1 / np.cosh(x) ** 2, R),
    each("tanh: 4 / (e^x + e^-x)^2", np.tanh, lambda x: 4 / (np.exp(x) + np.exp(-x)) ** 2, R),
    each("tanh by exponentials: 1 - t^2", tanh_by_exponentials, by_value(tanh_by_exponentials, lambda t, x: 1 - t * t), R),
    each("softplus, log1p: sigmoid", lambda x: np.log1p(np.exp(x)), sigmoid, R),
    each("softplus, log: e / (1 + e)", lambda x: np.log(1 + np.exp(x)), lambda x: np.exp(x) / (1 + np.exp(x)), R),
    each("softplus, logaddexp: 1 - 1 / (1 + e)", lambda x: np.logaddexp(0, x), lambda x: 1 - 1 / (1 + np.exp(x)), R),
    each("log-sigmoid: 1 - s", lambda x: -np.log1p(np.exp(-x)), lambda x: 1 - sigmoid(x), R),
    each("swish: s + x s (1 - s)", lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)), R),
    each("silu: y + s (1 - y)", lambda x: x / (1 + np.exp(-x)), lambda x: x * sigmoid(x) + sigmoid(x) * (1 - x * sigmoid(x)), R),
    each("gelu: Phi + x phi", lambda x: x * special.ndtr(x), lambda x: special.ndtr(x) + x * density(x), R),
    each(
        "gelu by erf: (1 + erf) / 2 + x phi",
        lambda x: 0.5 * x * (1 + special.erf(x / math.sqrt(2))),
        lambda x: 0.5 * (1 + special.erf(x / math.sqrt(2))) + x * density(x),
        R,
    ),
    each("gelu by tanh: product rule", gelu_tanh, gelu_tanh_slope, R),
    each("mish: t + x s (1 - t^2)", lambda x: x * np.tanh(np.log1p(np.exp(x))), mish_slope, R),
    each("elu: y + 1", lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda x: np.where(x > 0, 1, (np.exp(x) - 1) + 1), R),
    each("softsign: 1 / (1 + |x|)^2", lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2, RH),
    each("softsign: (1 - |y|)^2", lambda x: x / (1 + np.abs(x)), lambda x: (1 - np.abs(x / (1 + np.abs(x)))) ** 2, RH),
    each("log cosh: tanh by exponentials", lambda x: np.log(np.cosh(x)), tanh_by_exponentials, R),
    each("log cosh: sinh / cosh", lambda x: np.log(np.cosh(x)), lambda x: np.sinh(x) / np.cosh(x), R),
    each("log sigmoid of logits: s (1 - s) / s", lambda x: np.log(sigmoid(x)), lambda x: sigmoid(x) * (1 - sigmoid(x)) / sigmoid(x), R),
    # roots, powers, quotients
    each("sqrt: 1 / (2 sqrt x)", np.sqrt, lambda x: 1 / (2 * np.sqrt(x)), PH),
    each("sqrt: y / (2 x)", np.sqrt, lambda x: np.sqrt(x) / (2 * x), PH),
    each("sqrt: x^-1/2 / 2", lambda x: x**0.5, lambda x: 0.5 * x**-0.5, PH),
    each("1 / sqrt: -y^3 / 2", lambda x: 1 / np.sqrt(x), lambda x: -0.5 * (1 / np.sqrt(x)) ** 3, PH),
    each("cbrt: y / (3 x)", np.cbrt, lambda x: np.cbrt(x) / (3 * x), RH),
    each("x^2.5: p y / x", lambda x: x**2.5, lambda x: 2.5 * x**2.5 / x, PH),
    each("x^3: 3 x x", lambda x: x**3, lambda x: 3 * x * x, RH),
    each("x^7 by logarithms: 7 exp(6 log x)", lambda x: x**7, lambda x: 7 * np.exp(6 * np.log(x)), PH),
    each("1 / x: -y^2", lambda x: 1 / x, lambda x: -((1 / x) ** 2), RH),
    each("1 / (1 + x^2): -2 x y^2", lambda x: 1 / (1 + x**2), lambda x: -2 * x * (1 / (1 + x**2)) ** 2, RH),
    each("x / (1 + x): ((1 + x) - x) / (1 + x)^2", lambda x: x / (1 + x), lambda x: ((1 + x) - x) / (1 + x) ** 2, PH),
    each("sqrt(1 + x^2) - 1: x / r", lambda x: np.sqrt(1 + x * x) - 1, lambda x: x / np.sqrt(1 + x * x), RH),
    each("|x|: x / |x|", np.abs, lambda x: x / np.abs(x), RH),
    each("|x|: x / sqrt(x^2)", np.abs, lambda x: x / np.sqrt(x * x), RH),
    each("huber: where", huber, lambda x: np.where(np.abs(x) <= 1.5, x, 1.5 * x / np.abs(x)), RH),
    each("squared hinge: -2 (1 - x)+", lambda x: np.maximum(0, 1 - x) ** 2, lambda x: -2 * np.maximum(0, 1 - x), RH),
    each("squared hinge: where 2 x - 2", lambda x: np.maximum(0, 1 - x) ** 2, lambda x: np.where(x < 1, 2 * x - 2, 0), RH),
    each("cubic, expanded: 3 (x - 1)^2", lambda x: x**3 - 3 * x**2 + 3 * x - 1, lambda x: 3 * (x - 1) ** 2, RH),
    each("cubic, factored: 3 x^2 - 6 x + 3", lambda x: (x - 1) ** 3, lambda x: 3 * x**2 - 6 * x + 3, RH),
    # exponentials and logarithms
    each("exp(-x^2): -2 x y", lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-x * x), R),
    each("exp(-x^2): -2 x exp(-x)^x", lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-x) ** x, R),
    each("x exp(-x): e - x e", lambda x: x * np.exp(-x), lambda x: np.exp(-x) - x * np.exp(-x), R),
    each("x exp(x): (1 + 1 / x) y", lambda x: x * np.exp(x), lambda x: (1 + 1 / x) * (x * np.exp(x)), R),
    each("expm1: y + 1", np.expm1, lambda x: np.expm1(x) + 1, R),
    each("log1p: 1 / (1 + x)", np.log1p, lambda x: 1 / (1 + x), PH),
    each("log(1 + x): exp(-y)", lambda x: np.log(1 + x), lambda x: np.exp(-np.log(1 + x)), PH),
    each("log x^2: 2 x / x^2", lambda x: np.log(x * x), lambda x: 2 * x / (x * x), RH),
    each("log 3 x: 1 / x", lambda x: np.log(3 * x), lambda x: 1 / x, PH),
    each("-x log x: -log x - 1", lambda x: -x * np.log(x), lambda x: -np.log(x) - 1, PH),
    each("-x log x: y / x - 1", lambda x: -x * np.log(x), lambda x: (-x * np.log(x)) / x - 1, PH),
    each("binary entropy: log((1 - p) / p)", lambda p: -p * np.log(p) - (1 - p) * np.log(1 - p), lambda p: np.log((1 - p) / p), share),
    each(
        "binary entropy: log(1 - p) - log p", lambda p: -p * np.log(p) - (1 - p) * np.log1p(-p), lambda p: np.log(1 - p) - np.log(p), share
    ),
    each("logit: 1 / (p (1 - p))", lambda p: np.log(p / (1 - p)), lambda p: 1 / (p * (1 - p)), share),
    each("logit: 1 / p + 1 / (1 - p)", lambda p: np.log(p) - np.log(1 - p), lambda p: 1 / p + 1 / (1 - p), share),
    each("student t: (n + 1) x / (n + x^2)", lambda x: 2.5 * np.log1p(x * x / 4), lambda x: 5 * x / (4 + x * x), RH),
    each("x^x: y (log x + 1)", lambda x: x**x, lambda x: x**x * (np.log(x) + 1), P),
    each("(e^x - 1) / x: (x e - e + 1) / x^2", lambda x: np.expm1(x) / x, lambda x: (x * np.exp(x) - np.exp(x) + 1) / x**2, R),
    each("log(e^x - 1): 1 / (1 - e^-x)", lambda x: np.log(np.exp(x) - 1), lambda x: 1 / (1 - np.exp(-x)), P),
    # circular and hyperbolic functions
    each("sin: cos as a shifted sin", np.sin, lambda x: np.sin(x + math.pi / 2), R),
    each("cos: -sin as a shifted cos", np.cos, lambda x: -np.cos(x - math.pi / 2), R),
    each("sin: sqrt(1 - y^2), signed", np.sin, lambda x: np.copysign(np.sqrt(1 - np.sin(x) ** 2), np.cos(x)), R),
    each("sin^2: sin 2x", lambda x: np.sin(x) ** 2, lambda x: np.sin(2 * x), R),
    each("sin^2: 2 sin cos", lambda x: np.sin(x) ** 2, lambda x: 2 * np.sin(x) * np.cos(x), R),
    each("cos 2x: -4 sin cos", lambda x: np.cos(2 * x), lambda x: -4 * np.sin(x) * np.cos(x), R),
    each("sin x / x: (x cos - sin) / x^2", lambda x: np.sin(x) / x, lambda x: (x * np.cos(x) - np.sin(x)) / x**2, R),
    each("(1 - cos x): 2 sin(x/2) cos(x/2)", lambda x: 1 - np.cos(x), lambda x: 2 * np.sin(x / 2) * np.cos(x / 2), R),
    each("tan: 1 / cos^2", np.tan, lambda x: 1 / np.cos(x) ** 2, R),
    each("tan: 1 + tan^2", np.tan, lambda x: 1 + np.tan(x) ** 2, R),
    each("arctan: 1 / (1 + x^2)", np.arctan, lambda x: 1 / (1 + x**2), RH),
    each("arctan: cos^2 of y", np.arctan, lambda x: np.cos(np.arctan(x)) ** 2, RH),
    each("arcsin: 1 / sqrt(1 - x^2)", np.arcsin, lambda x: 1 / np.sqrt(1 - x**2), inside),
    each("arcsin: 1 / sqrt((1 - x)(1 + x))", np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), inside),
    each("arcsin: 1 / cos y", np.arcsin, lambda x: 1 / np.cos(np.arcsin(x)), inside),
    each("arccos: -1 / sqrt(1 - x^2)", np.arccos, lambda x: -1 / np.sqrt(1 - x * x), inside),
    each("sinh: by exponentials", np.sinh, lambda x: (np.exp(x) + np.exp(-x)) / 2, R),
    each("cosh: by exponentials", np.cosh, lambda x: (np.exp(x) - np.exp(-x)) / 2, R),
    each("sinh: sqrt(1 + y^2)", np.sinh, lambda x: np.sqrt(1 + np.sinh(x) ** 2), R),
    each("sinh by exponentials: cosh", lambda x: (np.exp(x) - np.exp(-x)) / 2, np.cosh, R),
    each("arcsinh by log: 1 / sqrt(1 + x^2)", lambda x: np.log(x + np.sqrt(1 + x * x)), lambda x: 1 / np.sqrt(1 + x * x), RH),
    each("arctanh: 1 / (1 - x^2)", np.arctanh, lambda x: 1 / (1 - x**2), inside),
    each("arctanh by log: partial fractions", lambda x: 0.5 * np.log((1 + x) / (1 - x)), lambda x: 0.5 / (1 + x) + 0.5 / (1 - x), inside),
    each("erf: 2 / sqrt(pi) exp(-x^2)", special.erf, lambda x: 2 / math.sqrt(math.pi) * np.exp(-(x**2)), R),
    each("Phi: phi", special.ndtr, density, R),
    each("log Phi: phi / Phi", lambda x: np.log(special.ndtr(x)), lambda x: density(x) / special.ndtr(x), R),
    # sums, means, norms
    Form("norm: x / |x|", norm, lambda x: x / norm(x), (array(RH, 4),)),
    Form("norm: x (x.x)^-1/2", norm, lambda x: x * np.sum(x**2) ** -0.5, (array(RH, 4),)),
    Form("norm: x / linalg.norm", norm, lambda x: x / np.linalg.norm(x), (array(RH, 4),)),
    Form("hypot: x / h, y / h", np.hypot, lambda x, y: (x / np.hypot(x, y), y / np.hypot(x, y)), (RH, RH), (0, 1)),
    Form("hypot by hand: x / r", lambda x, y: np.sqrt(x**2 + y**2), lambda x, y: x / np.hypot(x, y), (RH, RH)),
    Form(
        "p-norm: y^(1-p) |x|^p / x",
        lambda x: np.sum(np.abs(x) ** 3) ** (1 / 3),
        lambda x: np.abs(x) ** 3 / x / np.sum(np.abs(x) ** 3) ** (2 / 3),
        (array(RH, 4),),
    ),
    Form("normalised: (w - u u.w) / |x|", normalised, normalised_back, (VECTOR, WEIGHTS)),
    Form("normalised: w / r - x x.w / r^3", normalised, normalised_quotient, (VECTOR, WEIGHTS)),
    Form("cosine similarity: both", cosine, cosine_back, (VECTOR, VECTOR), (0, 1)),
    Form(
        "distance: (x - y) / d",
        lambda x, y: norm(x - y),
        lambda x, y: ((x - y) / norm(x - y), (y - x) / norm(x - y)),
        (VECTOR, VECTOR),
        (0, 1),
    ),
    Form("product: prod / x", np.prod, lambda x: np.prod(x) / x, (array(R, 4),)),
    Form("product: exp of logs, over x", np.prod, lambda x: np.exp(np.sum(np.log(x))) / x, (array(P, 4),)),
    Form("product of three: the others", lambda x: x[0] * x[1] * x[2], others, (array(RH, 3),)),
    Form("variance: 2 (x - m) / n", np.var, lambda x: 2 * (x - np.mean(x)) / len(x), (array(RH, 4),)),
    Form("variance: 2 x / n - 2 m / n", np.var, lambda x: 2 * x / len(x) - 2 * np.mean(x) / len(x), (array(RH, 4),)),
    Form("E x^2 - (E x)^2: 2 (x - m) / n", lambda x: np.mean(x * x) - np.mean(x) ** 2, lambda x: 2 * (x - np.mean(x)) / 4, (array(RH, 4),)),
    Form("std: (x - m) / (n s)", np.std, lambda x: (x - np.mean(x)) / (len(x) * np.std(x)), (array(RH, 4),)),
    Form("std by hand: (x - m) / (n s)", std, lambda x: (x - np.sum(x) / 4) / (4 * np.std(x)), (array(RH, 4),)),
    Form("layer norm: by hand", layer_norm, layer_norm_back, (VECTOR, WEIGHTS)),
    Form("correlation: by hand", correlation, correlation_back, (VECTOR, VECTOR)),
    Form(
        "geometric mean: y / (n x)",
        lambda x: np.exp(np.mean(np.log(x))),
        lambda x: np.exp(np.mean(np.log(x))) / (len(x) * x),
        (array(PH, 4),),
    ),
    Form("geometric mean, root: y / (n x)", lambda x: np.prod(x) ** 0.25, lambda x: np.exp(np.mean(np.log(x))) / (4 * x), (array(P, 4),)),
    Form(
        "harmonic mean: y^2 / (n x^2)",
        lambda x: len(x) / np.sum(1 / x),
        lambda x: (len(x) / np.sum(1 / x)) ** 2 / (len(x) * x**2),
        (array(PH, 4),),
    ),
    Form(
        "weighted mean: (x - m) / sum w",
        lambda w, x: np.sum(w * x) / np.sum(w),
        lambda w, x: (x - np.sum(w * x) / np.sum(w)) / np.sum(w),
        (array(P, 4), VECTOR),
    ),
    Form(
        "mean squared error: 2 (p - y) / n",
        lambda p, y: np.mean((p - y) ** 2),
        lambda p, y: 2 / len(p) * p - 2 / len(p) * y,
        (array(RH, 4), VECTOR),
    ),
    Form("log of a product: 1 / x", lambda x: np.log(np.prod(x)), lambda x: 1 / x, (array(P, 3),)),
    Form("quotient: 1 / y, -z / y", lambda x, y: x / y, lambda x, y: (1 / y, -(x / y) / y), (RH, RH), (0, 1)),
    Form("power: p y / x, y log x", lambda x, p: x**p, lambda x, p: (p * x**p / x, x**p * np.log(x)), (P, real(SCALES[5:14])), (0, 1)),
    Form("atan2: x / r^2, -y / r^2", np.arctan2, lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)), (RH, RH), (0, 1)),
    Form(
        "atan2: x / h / h",
        np.arctan2,
        lambda y, x: (x / np.hypot(x, y) / np.hypot(x, y), -y / np.hypot(x, y) / np.hypot(x, y)),
        (RH, RH),
        (0, 1),
    ),
    Form(
        "arctan of y / x: atan2's",
        lambda y, x: np.arctan(y / x),
        lambda y, x: (x / (x * x + y * y), -y / (x * x + y * y)),
        (RH, RH),
        (0, 1),
    ),
    Form("polar: x = r cos t", lambda r, t: r * np.cos(t), lambda r, t: (np.sin(t + math.pi / 2), -r * np.sin(t)), (PH, R), (0, 1)),
    Form(
        "polar: r^2 sin 2t / 2",
        lambda r, t: r * np.cos(t) * (r * np.sin(t)),
        lambda r, t: (r * np.sin(2 * t), r * r * np.cos(2 * t)),
        (P, R),
        (0, 1),
    ),
    Form(
        "logaddexp: exp(x - z)", np.logaddexp, lambda x, y: (np.exp(x - np.logaddexp(x, y)), np.exp(y - np.logaddexp(x, y))), (R, R), (0, 1)
    ),
    Form("logaddexp: sigmoids", np.logaddexp, lambda x, y: (sigmoid(x - y), sigmoid(y - x)), (R, R), (0, 1)),
    # losses and likelihoods
    Form("log-sum-exp, plain: softmax", lse_plain, softmax_plain, (VECTOR,)),
    Form("log-sum-exp, plain: shifted softmax", lse_plain, softmax, (VECTOR,)),
    Form("log-sum-exp, shifted: softmax", lse_shifted, softmax, (VECTOR,)),
    Form("log-sum-exp, shifted: exp(x - y)", lse_shifted, lambda x: np.exp(x - lse_shifted(x)), (VECTOR,)),
    Form("logsumexp: plain softmax", lambda x: special.logsumexp(x), softmax_plain, (VECTOR,)),
    Form("cross-entropy: softmax - one-hot", lambda x: lse_shifted(x) - x[1], lambda x: less_one_hot(softmax(x)), (VECTOR,)),
    Form(
        "cross-entropy, log_softmax: softmax - one-hot", lambda x: -special.log_softmax(x)[1], lambda x: less_one_hot(softmax(x)), (VECTOR,)
    ),
    Form(
        "cross-entropy, log of softmax: softmax - one-hot",
        lambda x: -np.log(softmax_plain(x)[1]),
        lambda x: less_one_hot(softmax(x)),
        (VECTOR,),
    ),
    Form("softmax entropy: -p (log p + H)", softmax_entropy, softmax_entropy_back, (VECTOR,)),
    Form("attention: p (v - m), p", attention, attention_back, (VECTOR, WEIGHTS), (0, 1)),
    Form("binary cross-entropy, sigmoid: s - y", cross_entropy, lambda z, y: sigmoid(z) - y, (array(R, 3), array(coin, 3))),
    Form(
        "binary cross-entropy, logits: s - y",
        lambda z, y: np.sum(np.logaddexp(0, z) - y * z),
        lambda z, y: sigmoid(z) - y,
        (array(R, 3), array(coin, 3)),
    ),
    Form(
        "binary cross-entropy, soft labels: s - y",
        lambda z, y: np.sum(np.logaddexp(0, z) - y * z),
        lambda z, y: sigmoid(z) - y,
        (array(R, 3), array(share, 3)),
    ),
    Form(
        "binary cross-entropy of p: (p - y) / (p (1 - p))",
        lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)),
        lambda p, y: (p - y) / (p * (1 - p)),
        (array(share, 3), array(coin, 3)),
    ),
    Form(
        "binary cross-entropy of p: (1 - y) / (1 - p) - y / p",
        lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)),
        lambda p, y: (1 - y) / (1 - p) - y / p,
        (array(share, 3), array(share, 3)),
    ),
    Form("logistic loss: -y s(-y z)", lambda z: np.sum(np.log1p(np.exp(-z))), lambda z: -sigmoid(-z), (array(R, 3),)),
    Form("poisson, rate: 1 - k / m", lambda m, k: np.sum(m - k * np.log(m)), lambda m, k: 1 - k / m, (array(PH, 3), array(count, 3))),
    Form("poisson, rate: (m - k) / m", lambda m, k: np.sum(m - k * np.log(m)), lambda m, k: (m - k) / m, (array(PH, 3), array(count, 3))),
    Form(
        "poisson, log rate: exp(z) - k", lambda z, k: np.sum(np.exp(z) - k * z), lambda z, k: np.exp(z) - k, (array(R, 3), array(count, 3))
    ),
    Form(
        "gaussian: (m - x) / s^2, 1 / s - d^2 / s^3",
        gaussian_nll,
        lambda x, m, s: ((m - x) / s**2, 1 / s - (x - m) ** 2 / s**3),
        (R, R, P),
        (1, 2),
    ),
    Form("gaussian: (1 - z^2) / s", gaussian_nll, lambda x, m, s: (1 - ((x - m) / s) ** 2) / s, (R, R, P), (2,)),
    Form(
        "divergence: log(p / q) + 1, -p / q",
        lambda p, q: np.sum(p * np.log(p / q)),
        lambda p, q: (np.log(p / q) + 1, -p / q),
        (array(share, 3), array(share, 3)),
        (0, 1),
    ),
    Form(
        "divergence: log p - log q + 1",
        lambda p, q: np.sum(p * (np.log(p) - np.log(q))),
        lambda p, q: np.log(p) - np.log(q) + 1,
        (array(share, 3), array(share, 3)),
    ),
    Form("variational divergence: m, (e^v - 1) / 2", variational_kl, lambda m, v: (m, 0.5 * (np.exp(v) - 1)), (VECTOR, VECTOR), (0, 1)),
    Form(
        "gaussian kernel: -(x - y) k",
        lambda x, y: np.exp(-np.sum((x - y) ** 2) / 2),
        lambda x, y: -(x - y) * np.exp(-np.sum(x * x + y * y - 2 * x * y) / 2),
        (WEIGHTS, WEIGHTS),
    ),
    # matrices
    Form("quadratic form: (A + A') x", lambda x, A: x @ A @ x, lambda x, A: (A + A.T) @ x, (VECTOR, SQUARE)),
    Form("quadratic form: A x + A' x", lambda x, A: np.sum(x * (A @ x)), lambda x, A: A @ x + A.T @ x, (VECTOR, SQUARE)),
    Form(
        "bilinear form: A y, A' x, x y'",
        lambda x, A, y: x @ A @ y,
        lambda x, A, y: (A @ y, np.outer(x, y), x @ A),
        (VECTOR, SQUARE, VECTOR),
        (0, 1, 2),
    ),
    Form(
        "rayleigh quotient: 2 (A x - r x) / x.x",
        rayleigh,
        lambda x, A: ((A + A.T) @ x - 2 * rayleigh(x, A) * x) / (x @ x),
        (VECTOR, SQUARE),
    ),
    Form("least squares: X' (X w - y)", least_squares, lambda w, X, y: X.T @ (X @ w - y), (array(R, 2), array(RT, 4, 2), WEIGHTS)),
    Form("least squares: X' X w - X' y", least_squares, lambda w, X, y: X.T @ X @ w - X.T @ y, (array(R, 2), array(RT, 4, 2), WEIGHTS)),
    Form(
        "logistic regression: X' (s - y) / n",
        logistic,
        lambda w, X, y: X.T @ (sigmoid(X @ w) - y) / len(y),
        (array(R, 2), array(R, 4, 2), array(coin, 4)),
    ),
    Form(
        "logistic regression by hand: X' (s - y) / n",
        logistic_by_hand,
        lambda w, X, y: X.T @ (sigmoid(X @ w) - y) / len(y),
        (array(R, 2), array(RT, 4, 2), array(coin, 4)),
    ),
    Form("tanh net: backward by hand", net, net_back, (array(R, 3, 2), array(RT, 2, 3), array(RT, 2), array(RT, 2)), (0, 1)),
    Form("relu net: backward by hand", relu_net, relu_net_back, (array(R, 3, 2), array(RT, 2, 3), array(RT, 2), array(RT, 2)), (0, 1)),
    Form(
        "sigmoid net: backward by hand",
        sigmoid_net,
        sigmoid_net_back,
        (array(R, 3, 2), array(RT, 2, 3), array(RT, 2), array(coin, 2)),
        (0, 1),
    ),
    Form("determinant: cofactors", determinant, cofactors, (array(R, 2, 2),)),
    Form(
        "log |det|: inverse, transposed",
        lambda A: np.log(np.abs(determinant(A))),
        lambda A: cofactors(A) / determinant(A),
        (array(R, 2, 2),),
    ),
    Form("trace of a product: B'", lambda A, B: np.trace(A @ B), lambda A, B: (B.T, A.T), (array(RH, 2, 3), array(R, 3, 2)), (0, 1)),
    Form("frobenius: 2 A", lambda A: np.trace(A.T @ A), lambda A: A + A, (array(RH, 2, 3),)),
    Form(
        "ridge: X' (X w - y) + l w",
        lambda w, X, y: least_squares(w, X, y) + 0.05 * np.sum(w**2),
        lambda w, X, y: X.T @ (X @ w - y) + 0.1 * w,
        (array(R, 2), array(RT, 4, 2), WEIGHTS),
    ),
]

# points at which judging by the scatter over nearby points alone went wrong, and why
UNDERFLOW = "squares of deviations below 1e-162 underflow: their scatter is 0, so they look constant"
CONSTANT = "the rounding of an intermediate value is the same all over the neighbourhood, so it persists"
EDGE = "neighbours leave the domain, too few are left, and every deviation counts as persistent"
VANISHED = "the tape underflows, so its spread is 0 and excuses nothing"


def f32(*numbers):
    return np.array(numbers, np.float32)


LOGISTIC = np.array([[0.2931394, 0.28217316], [0.15298465, 0.1694195], [0.18229026, 0.17890445], [0.26403214, 0.15092591]])
ONCE_WRONG = [
    ("sigmoid: s (1 - s)", (-700.0,), UNDERFLOW),
    ("sigmoid: s - s^2", (-600.0,), UNDERFLOW),
    ("sigmoid: s(x) s(-x)", (-400.0,), UNDERFLOW),
    ("swish: s + x s (1 - s)", (-500.0,), UNDERFLOW),
    ("silu: y + s (1 - y)", (-700.0,), UNDERFLOW),
    ("x^7 by logarithms: 7 exp(6 log x)", (1e-30,), UNDERFLOW),
    ("x exp(x): (1 + 1 / x) y", (-720.0,), UNDERFLOW),
    ("log(1 + x): exp(-y)", (7e154,), UNDERFLOW),
    ("product: exp of logs, over x", (np.array([0.02, 80.0, 0.02, 7e-301]),), UNDERFLOW),
    ("product: prod / x", (np.array([8e-156, 9e-156, 300.0, -1e-8]),), UNDERFLOW),
    ("log-sum-exp, plain: shifted softmax", (np.array([500.0, -90.0, -1e-5, -0.03]),), UNDERFLOW),
    ("cross-entropy, log of softmax: softmax - one-hot", (np.array([394.0, 0.0, 36.7, 0.0]),), UNDERFLOW),
    ("binary cross-entropy, sigmoid: s - y", (np.array([-411.0]), np.array([0.0])), UNDERFLOW),
    ("sigmoid net: backward by hand", (np.array([[-400.0]]), np.array([[1.0]]), np.array([1.0]), np.array([0.0])), UNDERFLOW),
    ("sin: cos as a shifted sin", (-400.0,), CONSTANT),
    ("sin: cos as a shifted sin", (np.float32(33),), CONSTANT),
    ("cos: -sin as a shifted cos", (600.0,), CONSTANT),
    ("cos: -sin as a shifted cos", (np.float32(19),), CONSTANT),
    ("polar: x = r cos t", (70.0, 800.0), CONSTANT),
    ("polar: x = r cos t", (np.float32(0.04), np.float32(20)), CONSTANT),
    ("correlation: by hand", (f32(1.2e-3, 12, 0.21, 87), f32(6.4e-4, 6.2e-4, 5.9e-4, 7.5e-4)), CONSTANT),
    ("layer norm: by hand", (f32(6.8, -7.53e-6, -24, -3.28), f32(-9.06e-9, -9.61e-9, -7.88e-9, -8.97e-9)), CONSTANT),
    (
        "logistic regression by hand: X' (s - y) / n",
        (np.array([408.934006, -499.6298133]), LOGISTIC, np.array([0.0, 0.0, 0.0, 1.0])),
        CONSTANT,
    ),
    (
        "normalised: w / r - x x.w / r^3",
        (f32(167.51813, 0.017250001, -15.845638, 35.945034), f32(-3.851299e-17, -3.967768e-17, -6.3631325e-17, -7.4538138e-17)),
        CONSTANT,
    ),
    ("log(e^x - 1): 1 / (1 - e^-x)", (9.288367418419204e-09,), CONSTANT),
    ("tanh net: backward by hand", (np.array([[8.0]]), np.array([[1e-155]]), np.array([1.0]), np.array([3.0])), CONSTANT),
    ("arcsin: 1 / sqrt(1 - x^2)", (np.array([0.99999999, 1 - 2**-53]),), EDGE),
    ("arcsin: 1 / cos y", (np.array([1 - 2**-52, 1 - 2**-52, -0.31326503]),), EDGE),
    ("arcsin: 1 / cos y", (f32(-7.530866e-9, 0.9999999, 0.9999999),), EDGE),
    ("arccos: -1 / sqrt(1 - x^2)", (np.array([-0.99999999, 1 - 2**-53]),), EDGE),
    ("arctanh: 1 / (1 - x^2)", (f32(-0.41398656, 0.9999999, -0.9992192),), EDGE),
    ("arctan: cos^2 of y", (-1e300,), VANISHED),
    ("arctan of y / x: atan2's", (1e100, 1e-100), VANISHED),
]
HIDDEN = "the tape cancels, so its tolerance hides the change, and its own deviation excuses what persists"
ONCE_RIGHT = [
    ("softsign: 1 / (1 + |x|)^2", (1e12,), HIDDEN),
    ("softsign: 1 / (1 + |x|)^2", (1e100,), HIDDEN),
    ("softsign: 1 / (1 + |x|)^2", (np.float32(1e8),), HIDDEN),
    ("binary cross-entropy, soft labels: s - y", (f32(30), f32(0.99999)), HIDDEN),
]
NAMED = {form.name: form for form in FORMS}


def drawn(form, dtype, number, seed, ordinary=False):
    """Points drawn for a form where it is finite."""
    rng = np.random.default_rng([zlib.crc32(form.name.encode()), dtype.itemsize, seed])
    found = []
    with np.errstate(all="ignore"):
        for _ in range(20 * number):
            point = form.point(rng, dtype, ordinary)
            if len(found) < number and np.isfinite(form.function(*point)):
                found.append(point)
    assert len(found) == number
    return found


def judged(form, point, gradient=None):
    """The verdict; None where the type does not hold the truth."""
    with np.errstate(all="ignore"):
        verdict = check(form.function, gradient or form.gradient, point, argnums=form.argnums)
        assert verdict.judgement is not None, verdict.reason
        truth = verdict.judgement.accuracy.truth.astype(np.result_type(*point))
    return verdict if np.isfinite(truth).all() else None


def digits(verdict):
    return verdict.judgement.accuracy.digits.min()


# the judgements
def never_wrong_while_half_the_digits_remain(form, point):
    verdict = judged(form, point)
    if verdict is not None:
        assert verdict.outcome != "undecided", (point, str(verdict))
        assert verdict.ok or digits(verdict) < HALF[np.result_type(*point)], (point, str(verdict))


def never_right_once_changed(form, point, twins):
    """Where the form is so accurate, and its truth so far from underflow, that the change is no rounding; how many changes were judged."""
    dtype = np.result_type(*point)
    verdict = judged(form, point)
    if verdict is None or digits(verdict) < 1 - math.log10(OFF[dtype]):
        return 0
    if (np.abs(verdict.judgement.accuracy.truth) < float(np.finfo(dtype).tiny) / OFF[dtype]).any():
        return 0
    for twin in twins:
        changed = judged(form, point, changed_by(twin, form.gradient, OFF[dtype]))
        assert changed.outcome == "wrong", (point, twin.__name__, str(changed))
    return len(twins)


def changed_by(twin, gradient, off):
    def changed(*at):
        parts = gradient(*at)
        if isinstance(parts, tuple):
            return tuple(twin(np.array(part, order="C"), off) for part in parts)
        return twin(np.array(parts, order="C"), off)

    return changed


def scaled(part, off):
    return part * np.asarray(1 + off, part.dtype)


def flipped(part, off):
    return -part


def halved(part, off):
    return part / 2


def off_in_one_entry(part, off):
    part.reshape(-1)[-1:] *= 1 + off
    return part


TWINS = (scaled, flipped, halved, off_in_one_entry)
EACH = [pytest.param(form, dtype, id=f"{form.name}, {dtype}") for form in FORMS for dtype in (FLOAT64, FLOAT32)]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_textbook_form_is_never_wrong_while_half_the_digits_remain(form):
    for dtype, number in QUICK.items():
        for point in drawn(form, dtype, number, 0):
            never_wrong_while_half_the_digits_remain(form, point)


@pytest.mark.slow
@pytest.mark.parametrize("form, dtype", EACH)
def test_a_textbook_form_is_never_wrong_at_many_points(form, dtype):
    for point in drawn(form, dtype, MANY, 1):
        never_wrong_while_half_the_digits_remain(form, point)


@pytest.mark.parametrize("turn", range(0, len(FORMS), 3))
def test_a_changed_form_is_never_right(turn):
    form, dtype = FORMS[turn], (FLOAT64, FLOAT32)[turn // 4 % 2]
    assert never_right_once_changed(form, *drawn(form, dtype, 1, 2, ordinary=True), TWINS[turn % 4 :][:1]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("form, dtype", EACH)
def test_a_changed_form_is_never_right_at_many_points(form, dtype):
    never_right_once_changed(form, *drawn(form, dtype, 1, 3, ordinary=True), TWINS)
    for point, twin in zip(drawn(form, dtype, 2, 4), (scaled, off_in_one_entry)):
        never_right_once_changed(form, point, (twin,))


def known(points):
    return [pytest.param(name, point, id=f"{name}, {i}: {why}") for i, (name, point, why) in enumerate(points)]


@pytest.mark.parametrize("name, point", known(ONCE_WRONG))
def test_a_form_is_not_called_wrong_where_scatter_misleads(name, point):
    never_wrong_while_half_the_digits_remain(NAMED[name], tuple(np.asarray(x)[()] for x in point))


@pytest.mark.parametrize("name, point", known(ONCE_RIGHT))
def test_a_changed_form_is_not_called_right_where_the_tape_cancels(name, point):
    assert never_right_once_changed(NAMED[name], tuple(np.asarray(x)[()] for x in point), TWINS) == len(TWINS)
