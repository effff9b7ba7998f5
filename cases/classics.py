"""Functions everybody tries first: test functions of optimisation, and the building blocks of machine learning."""

import numpy as np
from scipy.special import expit, gammaln, log_softmax, logsumexp, softmax

from gradcheck import Data, Integer, Real, case

# test functions of optimisation


@case(x=Real(4, low=-2, high=2))
def rosenbrock(x):
    """The chained Rosenbrock function (Rosenbrock 1960)."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@rosenbrock.claimed_gradient
def valley_slopes(x):
    """Every inner entry stands in two terms."""
    curve, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
    g[:-1] = -400 * curve * x[:-1] - 2 * (1 - x[:-1])
    g[1:] += 200 * curve
    return g


@rosenbrock.claimed_gradient(expect="wrong", kinds=["factor"])
def valley_slopes_halved(x):
    """200 where the square gives 400."""
    curve, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
    g[:-1] = -200 * curve * x[:-1] - 2 * (1 - x[:-1])
    g[1:] += 200 * curve
    return g


@rosenbrock.claimed_gradient(expect="wrong", kinds=["missing-path"])
def second_term_overwrites(x):
    """= where += belongs: what the first term sent is lost."""
    curve, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
    g[:-1] = -400 * curve * x[:-1] - 2 * (1 - x[:-1])
    g[1:] = 200 * curve
    return g


@case(x=Real(5, low=0.5, high=1.5))
def speelpenning(x):
    """Speelpenning's product of all entries (1980): the classic of reverse mode."""
    return np.prod(x)


@speelpenning.claimed_gradient
def products_from_both_ends(x):
    """The product of the entries before and of those after."""
    before, after = np.cumprod(np.append(1.0, x[:-1])), np.cumprod(np.append(1.0, x[:0:-1]))[::-1]
    return before * after


@speelpenning.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def products_of_those_before(x):
    """The entries after forgotten."""
    return np.cumprod(np.append(1.0, x[:-1]))


@case(x=Real(4), at=[np.array([1.5, 0.0, -2.0, 0.7]), np.array([1.5, 0.4, -2.0, 0.7])])  # with the zero alone, three entries are 0
def speelpenning_with_a_zero(x):
    """The product with one factor 0: its derivative by that factor is not 0, and y / x fails there."""
    return np.prod(x)


speelpenning_with_a_zero.claimed_gradient(products_from_both_ends)


@speelpenning_with_a_zero.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def product_divided_by_each(x):
    """y / x, not a number where x is 0."""
    return np.prod(x) / x


@case(x=Real(low=-4, high=4), y=Real(low=-4, high=4))
def himmelblau(x, y):
    """Himmelblau's function of two variables, with four minima (1972)."""
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@himmelblau.claimed_gradient
def both_squares(x, y):
    """Each variable moves both squares."""
    p, q = x**2 + y - 11, x + y**2 - 7
    return 4 * x * p + 2 * q, 2 * p + 4 * y * q


@himmelblau.claimed_gradient(expect="wrong", kinds=["missing-path"])
def own_square_only(x, y):
    """Each variable's part in the other square forgotten."""
    return 4 * x * (x**2 + y - 11), 4 * y * (x + y**2 - 7)


@case(x=Real(3, low=-5, high=5))
def rastrigin(x):
    """Rastrigin's function: a bowl with ripples (1974)."""
    return 10 * x.size + np.sum(x**2 - 10 * np.cos(2 * np.pi * x))


@rastrigin.claimed_gradient
def bowl_and_ripples(x):
    """2x and the ripples' slope."""
    return 2 * x + 20 * np.pi * np.sin(2 * np.pi * x)


@rastrigin.claimed_gradient(expect="wrong", kinds=["factor"])
def ripples_without_inner_factor(x):
    """2 pi from inside the cosine forgotten."""
    return 2 * x + 10 * np.sin(2 * np.pi * x)


@case(x=Real(3))
def ackley(x):
    """Ackley's function: an exponential of a root and one of a mean of cosines (1987)."""
    return -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e


# vectors and matrices


@case(x=Real(3), A=Real((3, 3)))
def quadratic_form(x, A):
    """x^T A x with a matrix that need not be symmetric."""
    return x @ A @ x


@quadratic_form.claimed_gradient
def matrix_and_its_transpose(x, A):
    """(A + A^T) x, and x x^T."""
    return (A + A.T) @ x, np.outer(x, x)


@quadratic_form.claimed_gradient(expect="wrong", kinds=["missing-path", "transposed"])
def as_if_symmetric(x, A):
    """2 A x, right only for a symmetric matrix."""
    return 2 * A @ x, np.outer(x, x)


@case(a=Real(3), b=Real(3))
def cosine_similarity(a, b):
    """The cosine of the angle between two vectors."""
    return a @ b / np.sqrt((a @ a) * (b @ b))


@cosine_similarity.claimed_gradient
def projected_away(a, b):
    """What is left of the other unit vector beside one's own."""
    na, nb = np.sqrt(a @ a), np.sqrt(b @ b)
    c = a @ b / (na * nb)
    return (b / nb - c * a / na) / na, (a / na - c * b / nb) / nb


@cosine_similarity.claimed_gradient(expect="wrong", kinds=["missing-path"])
def lengths_held_constant(a, b):
    """The lengths treated as constants."""
    n = np.sqrt((a @ a) * (b @ b))
    return b / n, a / n


@case(x=Real((4, 2)), y=Real((3, 2)))
def gaussian_kernel_sum(x, y):
    """The sum of exp(-|x_i - y_j|^2) over all pairs: broadcasting, and its undoing."""
    d = x[:, None, :] - y[None, :, :]
    return np.sum(np.exp(-np.sum(d**2, axis=2)))


@gaussian_kernel_sum.claimed_gradient
def summed_over_the_partners(x, y):
    """Each point is pulled by all of the other set."""
    d = x[:, None, :] - y[None, :, :]
    pull = -2 * np.exp(-np.sum(d**2, axis=2))[:, :, None] * d
    return pull.sum(axis=1), -pull.sum(axis=0)


@gaussian_kernel_sum.claimed_gradient(expect="wrong", kinds=["sign"])
def both_pulled_alike(x, y):
    """The minus of y forgotten."""
    d = x[:, None, :] - y[None, :, :]
    pull = -2 * np.exp(-np.sum(d**2, axis=2))[:, :, None] * d
    return pull.sum(axis=1), pull.sum(axis=0)


# losses

FEATURES = np.array([[0.2, -1.1, 0.7], [1.4, 0.3, -0.6], [-0.9, 0.8, 0.1], [0.5, -0.2, 1.3]])


@case(w=Real(3), X=Data(FEATURES), y=Data(np.array([1.0, -1.0, -1.0, 1.0])))
def logistic_regression(w, X, y):
    """The logistic loss log(1 + exp(-y x.w)) of labels -1 and 1, with a penalty."""
    return np.sum(np.logaddexp(0.0, -y * (X @ w))) + 0.1 * w @ w


@logistic_regression.claimed_gradient
def margins_sent_back(w, X, y):
    """Each example pulls with the probability of the other label."""
    return X.T @ (-y * expit(-y * (X @ w))) + 0.2 * w


@logistic_regression.claimed_gradient(expect="wrong", kinds=["missing-path"])
def penalty_forgotten(w, X, y):
    """The loss's part alone."""
    return X.T @ (-y * expit(-y * (X @ w)))


@logistic_regression.claimed_gradient(expect="wrong", kinds=["factor"])
def penalty_not_doubled(w, X, y):
    """The derivative of w.w taken for w."""
    return X.T @ (-y * expit(-y * (X @ w))) + 0.1 * w


@case(W=Real((3, 3)), X=Data(FEATURES), labels=Data(np.array([0, 2, 1, 0])))
def softmax_cross_entropy(W, X, labels):
    """The mean cross-entropy of softmax scores for four examples of three classes."""
    logp = log_softmax(X @ W, axis=1)
    return -np.mean(logp[np.arange(len(labels)), labels])


@softmax_cross_entropy.claimed_gradient
def probability_minus_one_hot(W, X, labels):
    """p minus 1 at the label, averaged against the features."""
    error = softmax(X @ W, axis=1) - np.eye(3)[labels]
    return X.T @ error / len(labels)


@softmax_cross_entropy.claimed_gradient(expect="wrong", kinds=["wrong-axis"])
def softmax_down_the_columns(W, X, labels):
    """The softmax taken over the examples."""
    error = softmax(X @ W, axis=0) - np.eye(3)[labels]
    return X.T @ error / len(labels)


@softmax_cross_entropy.claimed_gradient(expect="wrong", kinds=["factor"])
def summed_and_not_averaged(W, X, labels):
    """The sum over the examples where the loss has the mean."""
    return X.T @ (softmax(X @ W, axis=1) - np.eye(3)[labels])


@case(x=np.array([1000.0, 999.0, 998.5]))
def log_sum_exp_of_large(x):
    """log(sum(exp(x))) shifted by the largest entry, where exp(x) itself overflows."""
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


@log_sum_exp_of_large.claimed_gradient
def shifted_softmax(x):
    """The softmax, shifted by the largest entry."""
    e = np.exp(x - np.max(x))
    return e / e.sum()


@log_sum_exp_of_large.claimed_gradient(expect="wrong", kinds=["nonfinite"])
def softmax_that_overflows(x):
    """inf / inf."""
    return np.exp(x) / np.exp(x).sum()


@case(r=np.array([0.3, -2.5, 1.7, -0.6]))
def huber_loss(r):
    """Huber's loss with threshold 1: a parabola that goes on as a line (1964)."""
    return np.sum(np.where(r**2 <= 1.0, r**2 / 2, np.abs(r) - 0.5))


@huber_loss.claimed_gradient
def clipped_residual(r):
    """The residual, clipped."""
    return np.clip(r, -1.0, 1.0)


@huber_loss.claimed_gradient(expect="wrong", kinds=["wrong-branch"])
def never_clipped(r):
    """The parabola's slope everywhere."""
    return r


@case(x=Real(3), at=[np.array([1.5, 0.0, -0.7]), np.array([1.5, 0.9, -0.7])])  # on the kink, and beside it
def absolute_sum(x):
    """sum |x| where one entry is 0: a kink, with slopes -1 and 1."""
    return np.sum(np.abs(x))


@absolute_sum.claimed_gradient(expect="kink")
def sign_of_each(x):
    """The convention of np.sign: 0 at 0."""
    return np.sign(x)


@case(mu=Real(2), log_sigma=Real(2), logits=Real(2), x=Data(np.array([-1.2, 0.4, 2.1])))
def gaussian_mixture(mu, log_sigma, logits, x):
    """The negative log-likelihood of three points under a mixture of two Gaussians."""
    z = (x[:, None] - mu) / np.exp(log_sigma)
    logp = log_softmax(logits) - log_sigma - z**2 / 2 - np.log(2 * np.pi) / 2
    return -np.sum(logsumexp(logp, axis=1))


def _responsibilities(mu, log_sigma, logits, x):
    z = (x[:, None] - mu) / np.exp(log_sigma)
    return z, softmax(logits - log_sigma - z**2 / 2, axis=1)


@gaussian_mixture.claimed_gradient
def weighted_by_responsibility(mu, log_sigma, logits, x):
    """Each component's part, weighted by its responsibility for each point."""
    z, r = _responsibilities(mu, log_sigma, logits, x)
    return -np.sum(r * z / np.exp(log_sigma), axis=0), np.sum(r * (1 - z**2), axis=0), len(x) * softmax(logits) - r.sum(axis=0)


@gaussian_mixture.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def normalisation_forgotten(mu, log_sigma, logits, x):
    """The logits' softmax taken for unnormalised weights."""
    z, r = _responsibilities(mu, log_sigma, logits, x)
    return -np.sum(r * z / np.exp(log_sigma), axis=0), np.sum(r * (1 - z**2), axis=0), -r.sum(axis=0)


@case(rate=Real(3, low=0.5, high=4.0), counts=Integer(3, high=6))
def poisson_likelihood(rate, counts):
    """The log-likelihood of counts under Poisson distributions."""
    return np.sum(counts * np.log(rate) - rate - gammaln(counts + 1.0))


@poisson_likelihood.claimed_gradient
def counts_over_rate(rate, counts):
    """counts / rate - 1."""
    return counts / rate - 1


@poisson_likelihood.claimed_gradient(expect="wrong", kinds=["missing-path"])
def counts_over_rate_alone(rate, counts):
    """The exponential's part forgotten."""
    return counts / rate


# layers


@case(Q=Real((2, 4)), K=Real((3, 4)), V=Real((3, 1)))
def attention(Q, K, V):
    """One attention head, softmax(Q K^T / sqrt d) V, squared and summed."""
    scores = Q @ K.T / np.sqrt(Q.shape[1])
    return np.sum((softmax(scores, axis=1) @ V) ** 2)


@attention.claimed_gradient
def through_weights_and_values(Q, K, V):
    """The values' part, and the softmax's Jacobian for queries and keys."""
    d = np.sqrt(Q.shape[1])
    P = softmax(Q @ K.T / d, axis=1)
    dO = 2 * P @ V
    dP = dO @ V.T
    dS = P * (dP - np.sum(P * dP, axis=1, keepdims=True)) / d
    return dS @ K, dS.T @ Q, P.T @ dO


@attention.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def softmax_as_if_elementwise(Q, K, V):
    """p (1 - p) for the softmax, as if its entries did not share a sum."""
    d = np.sqrt(Q.shape[1])
    P = softmax(Q @ K.T / d, axis=1)
    dO = 2 * P @ V
    dS = P * (1 - P) * (dO @ V.T) / d
    return dS @ K, dS.T @ Q, P.T @ dO


@attention.claimed_gradient(expect="wrong", kinds=["factor"])
def scale_forgotten(Q, K, V):
    """1 / sqrt d missing on the way back."""
    dQ, dK, dV = through_weights_and_values(Q, K, V)
    return 2 * dQ, 2 * dK, dV


@case(x=Real((4, 2)), gamma=Real(2), beta=Real(2), target=Data(np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 0.3], [-1.0, 1.0]])))
def batch_normalisation(x, gamma, beta, target):
    """Columns normalised over the batch, scaled and shifted, against a target."""
    xhat = (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5)
    return np.sum((gamma * xhat + beta - target) ** 2) / 2


@batch_normalisation.claimed_gradient
def through_mean_and_variance(x, gamma, beta, target):
    """The mean's and the variance's paths subtracted."""
    s = np.sqrt(np.var(x, axis=0) + 1e-5)
    xhat = (x - np.mean(x, axis=0)) / s
    dy = gamma * xhat + beta - target
    dxhat = dy * gamma
    dx = (dxhat - np.mean(dxhat, axis=0) - xhat * np.mean(dxhat * xhat, axis=0)) / s
    return dx, np.sum(dy * xhat, axis=0), np.sum(dy, axis=0)


@batch_normalisation.claimed_gradient(expect="wrong", kinds=["missing-path"])
def statistics_held_constant(x, gamma, beta, target):
    """Mean and variance treated as constants."""
    s = np.sqrt(np.var(x, axis=0) + 1e-5)
    xhat = (x - np.mean(x, axis=0)) / s
    dy = gamma * xhat + beta - target
    return dy * gamma / s, np.sum(dy * xhat, axis=0), np.sum(dy, axis=0)


@batch_normalisation.claimed_gradient(expect="wrong", kinds=["unknown"])
def summed_over_the_features(x, gamma, beta, target):
    """gamma's and beta's gradients summed over the wrong axis."""
    dx, _, _ = through_mean_and_variance(x, gamma, beta, target)
    xhat = (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5)
    dy = gamma * xhat + beta - target
    return dx, np.sum(dy * xhat, axis=1)[:2], np.sum(dy, axis=1)[:2]


@case(x=Real(6), k=Real(3), target=Data(np.array([0.4, -0.8, 1.1, 0.2])))
def convolution(x, k, target):
    """A kernel slid over a signal, against a target: every weight is shared by all positions."""
    y = np.array([k @ x[i : i + 3] for i in range(4)])
    return np.sum((y - target) ** 2) / 2


@convolution.claimed_gradient
def correlated_back(x, k, target):
    """Errors spread by the flipped kernel, and correlated with the signal."""
    error = np.array([k @ x[i : i + 3] for i in range(4)]) - target
    return np.convolve(error, k), np.array([error @ x[j : j + 4] for j in range(3)])


@convolution.claimed_gradient(expect="wrong", kinds=["permuted"])
def kernel_flipped(x, k, target):
    """The kernel's gradient in the reverse order, as for a true convolution."""
    error = np.array([k @ x[i : i + 3] for i in range(4)]) - target
    return np.convolve(error, k), np.array([error @ x[j : j + 4] for j in range(3)])[::-1]


@case(X=Real((4, 4), low=-1, high=1), k=Data(np.array([[1.0, -0.5], [0.3, 0.8]])))
def convolution_and_pooling(X, k):
    """A 2 x 2 kernel over a 4 x 4 image, tanh, and the largest of each row."""
    rows = [[np.sum(k * X[i : i + 2, j : j + 2]) for j in range(3)] for i in range(3)]
    return np.sum(np.max(np.tanh(np.array(rows)), axis=1) ** 2)
