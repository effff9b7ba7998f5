"""Training by gradients: squared error and maximum likelihood, run until a stopping rule holds."""

import numpy as np
from scipy.special import expit

from gradcheck import Data, Evidence, Real, case, claim
from gradcheck.studies.training import LIKELIHOOD, LINE, NETWORK, PLACES, SIDES, SINE, T, written


@case(theta=Real(2), t=Data(T), y=Data(SINE), claims=["C18"])
def line_squared_error(theta, t, y):
    """Mean squared error of a straight line (S2; C18)."""
    return np.mean((theta[0] + theta[1] * t - y) ** 2) / 2


@line_squared_error.claimed_gradient
def mean_of_errors(theta, t, y):
    """The mean error, and the mean of error times t."""
    error = theta[0] + theta[1] * t - y
    return np.array([np.mean(error), np.mean(error * t)])


@line_squared_error.claimed_gradient(expect="wrong", kinds=["factor"])
def sum_of_errors(theta, t, y):
    """The sum where the loss has the mean."""
    error = theta[0] + theta[1] * t - y
    return np.array([np.sum(error), np.sum(error * t)])


@case(w=Real(2), b=Real(), x=Data(PLACES), y=Data(SIDES), claims=["C18"])
def labels_negative_log_likelihood(w, b, x, y):
    """Minus the mean log-likelihood of labels under a sigmoid of a linear score (S2; C18)."""
    p = expit(x @ w + b)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@labels_negative_log_likelihood.claimed_gradient
def probability_minus_label(w, b, x, y):
    """p - y, averaged against each input."""
    error = expit(x @ w + b) - y
    return error @ x / len(y), np.mean(error)


@labels_negative_log_likelihood.claimed_gradient(expect="wrong", kinds=["sign"])
def label_minus_probability(w, b, x, y):
    """The gradient of the log-likelihood, for that of its negative."""
    error = y - expit(x @ w + b)
    return error @ x / len(y), np.mean(error)


@labels_negative_log_likelihood.claimed_gradient(expect="wrong", kinds=["extra-factor"])
def squared_error_habit(w, b, x, y):
    """p (1 - p) kept, as squared error would need it."""
    p = expit(x @ w + b)
    error = (p - y) * p * (1 - p)
    return error @ x / len(y), np.mean(error)


@case(W=np.array([1.1, -0.8, 0.5]), b=np.array([0.2, -0.1, 0.3]), v=np.array([0.7, -0.6, 0.4]), t=Data(T), y=Data(SINE), claims=["C21"])
def curve_fit(W, b, v, t, y):
    """Squared error of a network with three tanh units, fitted to a curve (S3; C21)."""
    a = np.tanh(np.outer(t, W) + b)
    return np.mean((a @ v - y) ** 2) / 2


@curve_fit.claimed_gradient
def backward_to_every_weight(W, b, v, t, y):
    """The error back through v, the slope, and the outer product."""
    a = np.tanh(np.outer(t, W) + b)
    error = (a @ v - y) / len(t)
    dz = np.outer(error, v) * (1 - a**2)
    return t @ dz, dz.sum(axis=0), error @ a


@curve_fit.claimed_gradient(expect="wrong", kinds=["unknown"])
def summed_over_the_units(W, b, v, t, y):
    """The bias's gradient summed over the units, where it is summed over the data."""
    dW, _, dv = backward_to_every_weight(W, b, v, t, y)
    a = np.tanh(np.outer(t, W) + b)
    dz = np.outer((a @ v - y) / len(t), v) * (1 - a**2)
    return dW, dz.sum(axis=1)[:3], dv


@claim("C18")
def both_trainings_converge(run):
    """Loss curves of squared error and of maximum likelihood; the line's end is the least-squares solution."""
    line, labels = run.cases["line_squared_error"], run.cases["labels_negative_log_likelihood"]
    squared, likely = LINE.descent(line), LIKELIHOOD.descent(labels)
    best = np.linalg.lstsq(np.stack([T**0, T], axis=1), SINE, rcond=None)[0]
    gap = float(np.max(np.abs(squared.weights[0] - best)))
    shown = squared.stopped and likely.stopped and squared.falls() and likely.falls() and gap < 1e-8
    text = (
        f"squared error falls {written(squared.curve)} in {squared.steps} steps, to the least-squares line; "
        f"negative log-likelihood falls {written(likely.curve)} in {likely.steps} steps"
    )
    met = run.compare(line).met and run.compare(labels).met
    values = {"squared_steps": squared.steps, "squared_first": squared.curve[0], "squared_last": squared.curve[-1]}
    values |= {"likelihood_steps": likely.steps, "likelihood_first": likely.curve[0], "likelihood_last": likely.curve[-1]}
    return Evidence(shown and met, text, values)


@claim("C21")
def trained_until_the_rule_stops(run):
    """Forward, backward to every weight, a step, repeated; the rule stops it, not the limit."""
    net = run.cases["curve_fit"]
    found = NETWORK.descent(net)
    curve = found.curve
    shown = found.stopped and 1 < len(curve) < NETWORK.limit and curve[-1] < curve[0] and run.compare(net).met
    text = f"loss {written(curve)}; stopped after {found.steps} steps by the rule |gradient| <= {NETWORK.tolerance:g}"
    return Evidence(shown, text, {"steps": found.steps, "first_loss": curve[0], "last_loss": curve[-1], "gradient_norm": found.norm})
