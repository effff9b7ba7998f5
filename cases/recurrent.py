"""Recurrent networks: backpropagation through time is backpropagation on the unrolled graph."""

import numpy as np
from scipy.special import expit

from gradcheck import Data, Evidence, Real, case, claim, grad

STEPS = np.array([[0.5, -1.0], [1.2, 0.3], [-0.4, 0.9], [0.1, -0.7]])
READ = np.array([1.0, -0.5])


def _unrolled(Ws, u):
    """The state after one step for each matrix of Ws."""
    h = np.zeros(2)
    for W, x in zip(Ws, STEPS, strict=True):
        h = np.tanh(W @ h + u * x)
    return h


@case(W=np.array([[0.6, -0.9], [0.8, 0.4]]), u=np.array([1.1, -0.7]), claims=["C22"])
def recurrent_network(W, u):
    """h := tanh(W h + u x) over four inputs: the same W at every step (S3; C22)."""
    return READ @ _unrolled([W] * len(STEPS), u)


@recurrent_network.claimed_gradient
def through_time(W, u):
    """Back from the last step to the first, each step's part added."""
    states = [np.zeros(2)]
    for x in STEPS:
        states.append(np.tanh(W @ states[-1] + u * x))
    dW, du, dh = np.zeros_like(W), np.zeros_like(u), READ
    for t in range(len(STEPS), 0, -1):
        dz = dh * (1 - states[t] ** 2)
        dW, du, dh = dW + np.outer(dz, states[t - 1]), du + dz * STEPS[t - 1], W.T @ dz
    return dW, du


@recurrent_network.claimed_gradient(expect="wrong", kinds=["missing-path"])
def last_step_only(W, u):
    """Truncated after one step: the state before it taken for a constant."""
    before = np.zeros(2)
    for x in STEPS[:-1]:
        before = np.tanh(W @ before + u * x)
    dz = READ / np.cosh(W @ before + u * STEPS[-1]) ** 2
    return np.outer(dz, before), dz * STEPS[-1]


@recurrent_network.claimed_gradient(expect="wrong", kinds=["transposed"])
def sent_back_untransposed(W, u):
    """W where W^T sends the cotangent to the step before."""
    states = [np.zeros(2)]
    for x in STEPS:
        states.append(np.tanh(W @ states[-1] + u * x))
    dW, du, dh = np.zeros_like(W), np.zeros_like(u), READ
    for t in range(len(STEPS), 0, -1):
        dz = dh * (1 - states[t] ** 2)
        dW, du, dh = dW + np.outer(dz, states[t - 1]), du + dz * STEPS[t - 1], W @ dz
    return dW, du


@claim("C22")
def shared_weight_sums_its_uses(run):
    """A copy of W for every step: the copies' gradients add up to the shared weight's."""
    shared = run.cases["recurrent_network"]
    ((W, u),) = shared.drawn()
    copies = grad(lambda *Ws: READ @ _unrolled(Ws, u), tuple(range(len(STEPS))))(*[W] * len(STEPS))
    whole = grad(shared)(W, u)
    gap = float(np.max(np.abs(sum(copies) - whole) / np.abs(whole)))
    uses = [float(np.linalg.norm(c)) for c in copies]
    shown = len(copies) == len(STEPS) and sum(n > 0 for n in uses) == len(STEPS) - 1 and gap < 1e-13 and run.compare(shared).met
    text = (
        f"dJ/dW of the shared weight has norm {np.linalg.norm(whole):.6g}; "
        f"its {len(uses)} uses have norms {', '.join(f'{n:.4g}' for n in uses)} "
        f"(0 at the first step, from state 0) and add up to it within {'1e-13' if gap < 1e-13 else f'{gap:.1g}'}"
    )
    return Evidence(shown, text, {"norm": float(np.linalg.norm(whole))} | {f"norm_step_{t}": n for t, n in enumerate(uses, start=1)})


@case(h=0.4, c=-0.7, b=np.array([0.3, 1.0, -0.5, 0.8]), r=Data(np.array([0.9, -0.4, 0.7, 1.1])))
def lstm_cell(h, c, b, r):
    """One step of an LSTM unit: input, forget and output gates that multiply, a candidate, and a cell that adds."""
    i, f, o, g = r * h + b
    cell = expit(f) * c + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(cell)


def _gates(h, c, b, r):
    z = r * h + b
    i, f, o = expit(z[:3])
    g = np.tanh(z[3])
    return i, f, o, g, np.tanh(f * c + i * g)


@lstm_cell.claimed_gradient
def through_gates_and_cell(h, c, b, r):
    """The output gate and the cell, then what the cell was made of."""
    i, f, o, g, t = _gates(h, c, b, r)
    dcell = o * (1 - t**2)
    dz = np.array([dcell * g * i * (1 - i), dcell * c * f * (1 - f), t * o * (1 - o), dcell * i * (1 - g**2)])
    return dz @ r, dcell * f, dz


@lstm_cell.claimed_gradient(expect="wrong", kinds=["missing-path"])
def forget_gate_constant(h, c, b, r):
    """Nothing flows through the forget gate."""
    i, f, o, g, t = _gates(h, c, b, r)
    dcell = o * (1 - t**2)
    dz = np.array([dcell * g * i * (1 - i), 0.0, t * o * (1 - o), dcell * i * (1 - g**2)])
    return dz @ r, dcell * f, dz


@lstm_cell.claimed_gradient(expect="wrong", kinds=["swapped"])
def gates_in_another_order(h, c, b, r):
    """Input and forget gate exchanged on the way back."""
    dh, dc, dz = through_gates_and_cell(h, c, b, r)
    return dh, dc, dz[[1, 0, 2, 3]]


@case(w=Data(np.array([0.9, -0.4, 0.7])), r=np.array([0.5, -1.2, 0.8]), x=Data(np.array([0.8, -0.3])))
def gated_recurrent_unit(w, r, x):
    """One gated recurrent unit over two inputs: update gate, reset gate, candidate."""
    h = 0.2
    for v in x:
        z, s = expit(w[0] * v + r[0] * h), expit(w[1] * v + r[1] * h)
        h = (1 - z) * h + z * np.tanh(w[2] * v + r[2] * (s * h))
    return h


@case(a=Real(), x=Real(5), at=[(0.9, np.array([1.0, -0.4, 0.3, 0.8, -1.2])), (0.7, np.array([0.6, -0.4, 0.3, 0.8, -1.2]))])
def exponential_average(a, x):
    """s := a s + (1 - a) x, the linear recurrence whose last value is squared."""
    s = 0.0
    for v in x:
        s = a * s + (1 - a) * v
    return s**2


@exponential_average.claimed_gradient
def weights_by_age(a, x):
    """Older inputs count less by a factor a for each step; a acts at every step."""
    n = len(x)
    age = np.arange(n)[::-1]
    weights = (1 - a) * a**age
    da = -(a**age) @ x + (1 - a) * (age[:-1] * a ** (age[:-1] - 1)) @ x[:-1]
    return 2 * (weights @ x) * da, 2 * (weights @ x) * weights


@exponential_average.claimed_gradient(expect="wrong", kinds=["permuted"])
def weights_in_the_wrong_order(a, x):
    """Ages counted from the wrong end."""
    n = len(x)
    age = np.arange(n)[::-1]
    weights = (1 - a) * a**age
    da = -(a**age) @ x + (1 - a) * (age[:-1] * a ** (age[:-1] - 1)) @ x[:-1]
    return 2 * (weights @ x) * da, 2 * (weights @ x) * weights[::-1]
