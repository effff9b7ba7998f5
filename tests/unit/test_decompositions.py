"""Factors, spectra, least squares, norms and stacks: all methods, at ordinary, special and degenerate matrices."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import TraceError, check, compare, grad, hvp, trace

L = np.linalg
RNG = np.random.default_rng(0)
G, W = RNG.normal(size=(3, 3)), RNG.normal(size=(4, 4))
S = G @ G.T + np.eye(3)
TALL, WIDE = G[:, :2], G[:2]
STACK = RNG.normal(size=(2, 2, 2)) + 2 * np.eye(2)
ONE = np.array([[1.75]])


def weighed(x):
    """A number that depends on every entry, and on signs."""
    return np.sum(x * W[: x.shape[-2], : x.shape[-1]])


def eigh(a, uplo="L"):
    w, v = L.eigh(a, UPLO=uplo)
    return weighed(v) + np.sum(w * W[0, : w.shape[-1]])


def svd(a):
    u, s, vh = L.svd(a, full_matrices=False)
    return weighed(u) + weighed(vh) + np.sum(s * W[0, : s.shape[-1]])


def eig(a):
    w, x = map(np.real, L.eig(a))
    return weighed(x) + np.sum(w * W[0, : w.shape[-1]])


def qr(a):
    q, r = L.qr(a)
    return weighed(q) + weighed(r)


def lstsq(a):
    x, residuals, rank, s = L.lstsq(a, a[:, 0] ** 2, rcond=None)
    return np.sum(x * W[0, : x.shape[0]]) + np.sum(residuals) + rank * s[0]


FUNCTIONS = [
    pytest.param(lambda a: weighed(L.cholesky(a)), S, id="cholesky"),
    pytest.param(lambda a: weighed(L.cholesky(a, upper=True)), S, id="cholesky, upper"),
    pytest.param(lambda a: weighed(L.cholesky((a + a.T) / 2)), S, id="cholesky of the symmetric part"),
    pytest.param(lambda a: weighed(L.cholesky(a)), ONE, id="cholesky 1x1"),
    pytest.param(lambda a: weighed(L.cholesky(a @ a.mT)), STACK, id="cholesky, stack"),
    *(pytest.param(qr, a, id=f"qr {n}") for n, a in {"square": G, "tall": TALL, "wide": WIDE, "1x1": ONE, "stack": STACK}.items()),
    pytest.param(lambda a: weighed(L.qr(a, mode="r")), WIDE, id="qr r"),
    pytest.param(lambda a: weighed(L.qr(a, mode="complete")[0]), WIDE, id="qr complete"),
    pytest.param(eigh, S, id="eigh"),
    pytest.param(lambda a: eigh(a, "U"), S, id="eigh U"),
    *(pytest.param(eigh, a, id=f"eigh {n}") for n, a in {"1x1": ONE, "stack": STACK}.items()),
    pytest.param(lambda a: np.sum(L.eigvalsh(a) * W[0, :3]), S, id="eigvalsh"),
    *(pytest.param(svd, a, id=f"svd {n}") for n, a in {"square": G, "tall": TALL, "wide": WIDE, "1x1": ONE, "stack": STACK}.items()),
    pytest.param(lambda a: np.sum(L.svd(a, compute_uv=False) * W[0, :2]), TALL, id="svd without vectors"),
    pytest.param(eig, S + np.triu(G) / 4, id="eig"),
    pytest.param(lambda a: np.sum(np.real(L.eigvals(a)) * W[0, :3]), S + np.triu(G) / 4, id="eigvals"),
    *(pytest.param(lambda a: weighed(L.pinv(a)), a, id=f"pinv {n}") for n, a in {"tall": TALL, "wide": WIDE, "stack": STACK[..., :1]}.items()),
    *(pytest.param(lstsq, a, id=f"lstsq {n}") for n, a in {"tall": TALL, "wide": WIDE}.items()),
    *(pytest.param(lambda a, o=o: L.norm(a, o), WIDE, id=f"norm {o}") for o in (2, -2, "nuc")),
    pytest.param(lambda a: np.sum(L.norm(a, 2, axis=(0, 2), keepdims=True) * W[0, 0]), STACK, id="norms of a stack"),
    pytest.param(lambda a: L.vector_norm(a) + np.sum(L.vector_norm(a, axis=0, ord=3)) + L.matrix_norm(a, ord=2), WIDE, id="new norms"),
    *(pytest.param(lambda a, p=p: L.cond(a, p), STACK[0], id=f"cond {p}") for p in (None, -2, 1, "fro")),
    pytest.param(lambda a: L.multi_dot([W[0, :2], a, a.T @ a, G[0]]), WIDE, id="multi_dot"),
    pytest.param(lambda a: np.sum(L.tensorsolve(np.reshape(a, (2, 1, 2)), WIDE[:, :1])), STACK[0], id="tensorsolve"),
    pytest.param(lambda a: np.sum(L.tensorinv(np.reshape(a, (2, 1, 2)), ind=1) * W[0, :2]), STACK[0], id="tensorinv"),
    pytest.param(lambda a: np.sum(L.inv(a) * W[:2, :2]) + np.sum(L.det(a) * W[0, :2]) + L.slogdet(a)[1][1], STACK, id="inverses of a stack"),
    pytest.param(lambda a: weighed(L.solve(a, a[0])) + np.sum(L.solve(a, a[0, 0])), STACK, id="solutions of a stack"),
    pytest.param(lambda a: weighed(L.matrix_power(a, -2)) + np.sum(L.trace(a) * np.sum(L.diagonal(a), -1)), STACK, id="powers and traces of a stack"),
]  # fmt: skip


@pytest.mark.parametrize("function, a", FUNCTIONS)
def test_all_methods_agree(function, a) -> None:
    found = compare(function, a)
    assert found.outcome == "right", str(found)


@pytest.mark.parametrize("function, a", FUNCTIONS)
def test_the_tape_is_right_in_float32(function, a) -> None:
    a = a.astype(np.float32)
    assert check(function, grad(function), (a,)).outcome == "right"
    assert grad(function)(a).dtype == np.float32


SECOND = [
    f for f in FUNCTIONS if f.id in ("cholesky", "qr tall", "qr wide", "eigh", "svd tall", "svd wide", "eig", "pinv wide", "lstsq tall")
]


@pytest.mark.parametrize("function, a", SECOND)
def test_rules_can_be_differentiated_again(function, a) -> None:
    assert check(function, lambda a, v: hvp(function)(a, v), (a,), order=2).outcome == "right"


# claims by hand
def logdet(a):
    return 2 * np.sum(np.log(np.diag(L.cholesky(a))))


def symmetric(a):
    return L.inv(a)


def triangular(a):
    return np.tril(L.inv(a)) + np.tril(L.inv(a), -1)


@pytest.mark.parametrize(
    "function, gradient, outcome",
    [
        pytest.param(logdet, triangular, "right", id="the triangle that is read"),
        pytest.param(logdet, symmetric, "wrong", id="the symmetric gradient"),
        pytest.param(lambda a: logdet((a + a.T) / 2), symmetric, "right", id="the symmetric gradient of a symmetric function"),
        pytest.param(lambda a: np.sum(np.log(L.eigvalsh((a + a.T) / 2))), symmetric, "right", id="by eigenvalues"),
        pytest.param(lambda a: np.sum(np.log(L.svdvals(a))), lambda a: L.inv(a).T, "right", id="by singular values"),
        pytest.param(lambda a: np.sum(np.log(np.abs(np.diag(L.qr(a, "r"))))), lambda a: L.inv(a).T, "right", id="by QR"),
        pytest.param(lambda a: np.sum(np.log(np.real(L.eigvals(a)))), lambda a: L.inv(a).T, "right", id="by eigenvalues of any matrix"),
        pytest.param(
            lambda a: np.sum(np.log(np.real(L.eigvals(a)))), lambda a: L.inv(a), "right", id="which a symmetric point cannot tell apart"
        ),
        pytest.param(lambda a: L.norm(a, "nuc"), lambda a: L.svd(a)[0] @ L.svd(a)[2], "right", id="nuclear norm"),
        pytest.param(lambda a: L.norm(a, 2), lambda a: np.outer(L.svd(a)[0][:, 0], L.svd(a)[2][0]), "right", id="spectral norm"),
        pytest.param(lambda a: L.norm(a, 2), lambda a: np.outer(L.svd(a)[2][0], L.svd(a)[0][:, 1]), "wrong", id="other vectors"),
    ],
)
def test_claims(function, gradient, outcome) -> None:
    assert check(function, gradient, (S,)).outcome == outcome


def test_the_symmetric_gradient_is_told_what_it_is() -> None:
    verdict = check(logdet, symmetric, (S,))
    assert verdict.kinds == ("one-triangle",)
    assert "np.linalg.cholesky reads one triangle" in verdict.reason
    assert "one triangle" not in check(logdet, lambda a: 1.01 * symmetric(a), (S,)).reason


@pytest.mark.parametrize("flip", [pytest.param(lambda v: v, id="as it is"), pytest.param(lambda v: -v, id="turned")])
def test_what_does_not_depend_on_signs_is_right_with_any_sign(flip) -> None:
    def projected(a):
        v = flip(L.eigh((a + a.T) / 2)[1][:, -1])
        return v @ W[:3, :3] @ v

    assert compare(projected, S).outcome == "right"


# degenerate matrices
TWICE = np.diag([1.0, 1.0, 2.0])
UNIT = np.array([0.6, 0.8, 0.0])


def lowest(a):
    return L.eigvalsh((a + a.T) / 2)[0]


DEGENERATE = [
    pytest.param(lambda a: np.sum(L.eigvalsh(a)), np.eye(3), TWICE, "right", id="the sum of equal eigenvalues is smooth"),
    pytest.param(lambda a: np.sum(L.eigvalsh(a)), 1.01 * np.eye(3), TWICE, "wrong", id="and its gradient is one"),
    pytest.param(lambda a: L.eigvalsh(a)[-1], np.diag([0.0, 0, 1]), TWICE, "right", id="the eigenvalue beside them"),
    pytest.param(lambda a: L.eigh(a)[1][:, -1] @ W[0, :3], None, TWICE, "right", id="and its vector"),
    pytest.param(lowest, np.diag([1.0, 0, 0]), TWICE, "kink", id="one of the equal ones"),
    pytest.param(lowest, np.outer(UNIT, UNIT), TWICE, "kink", id="with any vector of their space"),
    pytest.param(lowest, np.diag([0.5, 0.5]), np.eye(2), "kink", id="or the mean"),
    pytest.param(lowest, 1.1 * np.outer(UNIT, UNIT)[:2, :2], np.eye(2), "wrong", id="but not more"),
    pytest.param(lowest, np.diag([1.3, -0.3]), np.eye(2), "wrong", id="nor beyond"),
    pytest.param(lambda a: weighed(L.eigh(a)[1]), 0 * TWICE, TWICE, "undecided", id="vectors of equal eigenvalues"),
    pytest.param(lambda a: L.norm(a, "nuc"), np.eye(3), TWICE, "right", id="nuclear norm at equal singular values"),
    pytest.param(lambda a: L.norm(a, "nuc"), np.diag([1.0, 0]), np.diag([2.0, 0]), "kink", id="nuclear norm without full rank"),
    pytest.param(lambda a: L.norm(a, "nuc"), np.diag([1.0, 3]), np.diag([2.0, 0]), "wrong", id="and beyond its hull"),
    pytest.param(lambda a: weighed(np.abs(L.qr(a)[1])), None, np.triu(np.abs(G)) + np.eye(3), "right", id="QR of a triangular matrix, whatever its signs"),
    pytest.param(qr, 0 * G, np.triu(np.abs(G)) + np.eye(3), "undecided", id="QR of a triangular matrix, where signs jump"),
    pytest.param(lambda a: np.sum(np.real(L.eigvals(a))), np.eye(3), TWICE, "undecided", id="equal eigenvalues of any matrix"),
]  # fmt: skip


@pytest.mark.parametrize("function, claim, a, outcome", DEGENERATE)
def test_degenerate_matrices(function, claim, a, outcome) -> None:
    verdict = check(function, grad(function) if claim is None else (lambda a: claim), (a,))
    assert verdict.outcome == outcome, str(verdict)


def test_an_undecided_verdict_says_why() -> None:
    assert "any basis" in check(lambda a: weighed(L.eigh(a)[1]), lambda a: 0 * a, (TWICE,)).reason
    assert "jumps" in check(qr, lambda a: 0 * a, (np.eye(3),)).reason


def test_vectors_of_equal_eigenvalues_have_no_finite_gradient_on_the_tape() -> None:
    with np.errstate(all="ignore"):
        assert not np.isfinite(grad(lambda a: weighed(L.eigh(a)[1]))(TWICE)).all()


@pytest.mark.parametrize("gap", [1e-3, 1e-7])
def test_nearly_equal_eigenvalues(gap) -> None:
    a = np.diag([1.0, 1.0 + gap, 2.0]) + gap * 0.1 * (G + G.T)
    assert check(lambda a: L.eigvalsh(a)[0], grad(lambda a: L.eigvalsh(a)[0]), (a,)).outcome == "right"
    assert check(eigh, grad(eigh), (a,)).outcome == "right"


def test_ill_conditioned_matrices() -> None:
    a = 1.0 / (np.arange(5)[:, None] + np.arange(5) + 1.0)  # Hilbert's: condition 5e5
    b = np.arange(5.0)
    for function in (lambda a: np.sum(L.inv(a)), lambda a: b @ L.solve(a, b), logdet, lambda a: L.cond(a), lambda a: np.sum(L.pinv(a))):
        assert check(function, grad(function), (a,)).outcome == "right"


# what is not followed
@pytest.mark.parametrize(
    "function, a, message",
    [
        pytest.param(lambda a: np.sum(L.svd(a)[0]), TALL, "full_matrices=False", id="svd with further columns"),
        pytest.param(lambda a: np.sum(L.qr(a, mode="complete")[0]), TALL, "any basis", id="qr with further columns"),
        pytest.param(lambda a: np.sum(L.qr(a, mode="raw")[0]), TALL, "reduced and r", id="qr raw"),
        pytest.param(lambda a: np.real(L.eigvals(a))[0], np.array([[0.0, 1], [-1, 0]]), "complex", id="complex eigenvalues"),
        pytest.param(lambda a: np.sum(L.pinv(a)), np.ones((2, 2)), "full rank", id="pinv without full rank"),
        pytest.param(lambda a: L.lstsq(a, a[:, 0])[0][0], np.ones((3, 2)), "full rank", id="lstsq without full rank"),
        pytest.param(lambda a: np.sum(L.cholesky(a)), TALL, "square", id="a rectangle"),
        pytest.param(lambda a: np.sum(L.inv(a)), TALL, "square", id="the inverse of a rectangle"),
        pytest.param(lambda a: L.norm(a, 3), TALL, "are followed", id="an order matrices do not have"),
    ],
)
def test_what_is_not_followed_says_so(function, a, message) -> None:
    with pytest.raises(TraceError, match=message):
        trace(function, a)


@pytest.mark.parametrize(
    "function, shape, leading",
    [
        pytest.param(L.cholesky, (60, 60), 60**3 / 3, id="cholesky"),
        pytest.param(lambda a: L.qr(a, mode="r"), (90, 60), 2 * 60**2 * (90 - 20), id="qr r"),
        pytest.param(lambda a: L.qr(a)[0], (90, 60), 4 * 60**2 * (90 - 20), id="qr"),
        pytest.param(L.eigvalsh, (60, 60), 4 / 3 * 60**3, id="eigvalsh"),
        pytest.param(L.svdvals, (90, 60), 4 * 90 * 60**2 - 4 / 3 * 60**3, id="svdvals"),
        pytest.param(L.inv, (60, 60), 8 / 3 * 60**3, id="inv"),
    ],
)
def test_leading_costs(function, shape, leading) -> None:
    a = np.eye(*shape) + 0.01 * np.ones(shape)
    assert trace(function, a).operations == pytest.approx(leading, rel=0.06)


def test_a_stack_costs_as_much_as_its_matrices() -> None:
    for function in (L.inv, L.det, L.cholesky, L.eigvalsh, L.svdvals, lambda a: L.solve(a, a)):
        one, three = trace(function, np.eye(3)).operations, trace(function, np.stack([np.eye(3)] * 3)).operations
        assert three == 3 * one
