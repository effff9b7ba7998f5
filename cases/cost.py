"""What gradients cost, counted: the theorem, differences, Hessian products; and how adjoints shrink and grow with depth."""

import numpy as np
import sympy
from scipy.special import expit

from gradcheck import Data, Evidence, Real, case, claim, hvp, trace
from gradcheck.circuit import hessian_vector
from gradcheck.gradients.differences import Differences
from gradcheck.gradients.method import problem_of
from gradcheck.gradients.symbolic import formula_of
from gradcheck.studies.depth import DEPTHS, REGIMES, adjoint_norms, slope_by_depth, slope_by_layer
from gradcheck.studies.fitting import slope as fitted

# functions of any size


@case(r=Real(low=3.2, high=3.9), x=Real(low=0.1, high=0.9), steps=Data(5), claims=["C11"])
def iterated_map(r, x, steps):
    """The logistic map x := r x (1 - x), iterated: two inputs, any number of operations."""
    for _ in range(steps):
        x = r * x * (1 - x)
    return x


@iterated_map.claimed_gradient
def carried_along(r, x, steps):
    """Both derivatives carried along with x."""
    dr, dx = 0.0, 1.0
    for _ in range(steps):
        slope = r * (1 - 2 * x)
        dr, dx, x = x * (1 - x) + slope * dr, slope * dx, r * x * (1 - x)
    return dr, dx


@iterated_map.claimed_gradient(expect="wrong", kinds=["missing-path"])
def parameter_moved_once(r, x, steps):
    """r acts at every step; only its last use is counted."""
    before = iterated_map.function(r, x, steps - 1)
    return before * (1 - before), carried_along(r, x, steps)[1]


@case(x=Real(5), claims=["C11", "C12", "C13"])
def neighbours(x):
    """A sum over neighbouring entries: as many operations as inputs, up to a factor."""
    return np.sum(np.sin(x[:-1] * x[1:]) + np.exp(-(x[1:] ** 2)))


@neighbours.claimed_gradient
def both_neighbours(x):
    """Each entry has a neighbour to the left and one to the right."""
    c, g = np.cos(x[:-1] * x[1:]), np.zeros_like(x)
    g[:-1] += c * x[1:]
    g[1:] += c * x[:-1] - 2 * x[1:] * np.exp(-(x[1:] ** 2))
    return g


@neighbours.claimed_gradient(expect="wrong", kinds=["missing-path"])
def left_neighbour_only(x):
    """The slice x[:-1] forgotten."""
    g = np.zeros_like(x)
    g[1:] = np.cos(x[:-1] * x[1:]) * x[:-1] - 2 * x[1:] * np.exp(-(x[1:] ** 2))
    return g


def _matrix(n):
    return np.cos(np.arange(n * n, dtype=float).reshape(n, n)) / np.sqrt(n)


@case(x=Real(4), A=Data(_matrix(4)), claims=["C11", "C13"])
def dense_layer(x, A):
    """A dense layer and a sum of squares: operations grow with the square of the inputs."""
    return np.sum(np.tanh(A @ x) ** 2)


@dense_layer.claimed_gradient
def transpose_times_slope(x, A):
    """A^T times the slope of the square of tanh."""
    a = np.tanh(A @ x)
    return A.T @ (2 * a * (1 - a**2))


@dense_layer.claimed_gradient(expect="wrong", kinds=["transposed"])
def matrix_times_slope(x, A):
    """A for A^T."""
    a = np.tanh(A @ x)
    return A @ (2 * a * (1 - a**2))


# studies


def _regimes(cases):
    """Circuits of growing size: inputs fixed, inputs as many as operations, operations with the square of the inputs."""
    chain, band, dense = (cases[name].function for name in ("iterated_map", "neighbours", "dense_layer"))
    yield "l fixed", [trace(chain, 3.7, 0.4, 2**k) for k in range(3, 11)]
    yield "N ~ l", [trace(band, np.linspace(-1, 1, 2**k)) for k in range(3, 11)]
    yield "N ~ l^2", [trace(dense, np.linspace(-1, 1, 2**k), _matrix(2**k), argnums=(0,)) for k in range(3, 10)]


@claim("C11")
def the_theorem(run):
    """Operations of value and gradient together against those of the function, in three regimes of N and l."""
    values, parts, shown = {}, [], True
    for number, (regime, circuits) in enumerate(_regimes(run.cases), start=1):
        size, cost = ([c.operations for c in cs] for cs in (circuits, [c.gradient() for c in circuits]))
        ratios, slope = [g / n for g, n in zip(cost, size, strict=True)], fitted(size, cost)
        shown = shown and slope.within(0.95, 1.05) and max(ratios) <= 5
        parts.append(f"{regime}: N = {size[0]} to {size[-1]}, slope {slope}, ratio at most {max(ratios):.3f}")
        values |= {f"slope_{number}": slope.value, f"low_{number}": slope.low, f"high_{number}": slope.high, f"ratio_{number}": max(ratios)}
    met = all(run.compare(run.cases[name]).met for name in ("iterated_map", "neighbours", "dense_layer"))
    return Evidence(shown and met, "; ".join(parts), values)


@claim("C12")
def differences_cost_more(run):
    """Evaluations of differences and their total cost against the tape's, over growing l; where the tape becomes cheaper."""
    function, sizes = run.cases["neighbours"].function, [2**k for k in range(4, 10)]
    problems = [problem_of(function, (np.linspace(-1, 1, n),), (0,)) for n in sizes]
    forward, central = ([Differences(central=c, extrapolate=False).gradient(p).evaluations for p in problems] for c in (False, True))
    totals = [e * p.circuit.operations for e, p in zip(forward, problems, strict=True)]
    calls, total = fitted(sizes, forward), fitted(sizes, totals)
    tape = fitted(sizes, [p.circuit.gradient().operations for p in problems])
    counted = forward == [n + 1 for n in sizes] and central == [2 * n for n in sizes]
    shown = counted and calls.within(0.95, 1.05) and total.within(1.95, 2.05) and tape.within(0.95, 1.05)
    crossover = _crossover(function)
    text = (
        f"l = {sizes[0]} to {sizes[-1]}: forward {forward[0]} to {forward[-1]} evaluations (l + 1), "
        f"central {central[0]} to {central[-1]} (2 l), slope {calls}; "
        f"operations in all {total}, the tape's {tape}; the tape is cheaper from l = {crossover}"
    )
    values = {"slope_evaluations": calls.value, "slope_operations": total.value, "slope_tape": tape.value, "crossover": crossover}
    return Evidence(shown and crossover > 0, text, values | {"forward_last": forward[-1], "central_last": central[-1]})


def _crossover(function):
    """The smallest l at which one gradient costs fewer operations than l + 1 evaluations."""
    for n in range(2, 20):
        circuit = trace(function, np.linspace(-1, 1, n))
        if circuit.gradient().operations < (n + 1) * circuit.operations:
            return n
    return 0


@claim("C13")
def hessian_products_are_cheap(run):
    """Operations of the Hessian times a vector against the function's, and against the whole Hessian, column by column."""
    values, parts, shown, regimes = {}, [], True, dict(_regimes(run.cases))
    for number, regime in enumerate(("N ~ l", "N ~ l^2"), start=1):
        circuits = regimes[regime]
        size, inputs = [c.operations for c in circuits], [c.type(c.inputs[0]).size for c in circuits]
        product = [hessian_vector(c).operations for c in circuits]
        slope, ratio = fitted(size, product), max(p / n for p, n in zip(product, size, strict=True))
        columns = inputs[-1] * product[-1]
        shown = shown and slope.within(0.95, 1.05) and ratio <= 10 and columns > 100 * product[-1]
        parts.append(f"{regime}: slope {slope}, at most {ratio:.3f} N, {product[-1]} operations where all columns take {columns}")
        values |= {f"slope_{number}": slope.value, f"ratio_{number}": ratio, f"product_{number}": product[-1], f"columns_{number}": columns}
    gap = _hessian_gap(run.cases["neighbours"])
    text = f"{'; '.join(parts)}; right against SymPy's Hessian within {'1e-13' if gap < 1e-13 else f'{gap:.1g}'}"
    return Evidence(shown and gap < 1e-13, text, values)


def _hessian_gap(case_):
    """The largest relative error of the products with unit vectors, against SymPy's Hessian."""
    x = np.array([0.4, -0.9, 1.3, 0.2])
    symbols, formula = formula_of(trace(case_.function, x))
    exact = np.array(sympy.hessian(formula, symbols).subs(dict(zip(symbols, map(sympy.Rational, x), strict=True))).evalf(30), dtype=float)
    columns = np.stack([hvp(case_)(x, e) for e in np.eye(len(x))])
    return float(np.max(np.abs(columns - exact)) / np.max(np.abs(exact)))


# depth


@case(b=Real((3, 2)), gain=Data(1.0), claims=["C10"])
def deep_sigmoid_network(b, gain):
    """Sigmoid layers, each with a bias of its own: gradients by the biases are the adjoints of the layers (S2; C10)."""
    h = np.full(b.shape[1], 0.5)
    for bias in b:
        h = expit(gain * (_mixing(b.shape[1]) @ (h - 0.5)) + bias)
    return np.sum(h**2)


@deep_sigmoid_network.claimed_gradient
def layer_by_layer(b, gain):
    """The cotangent sent back through every layer, kept at each bias."""
    W, states = gain * _mixing(b.shape[1]), [np.full(b.shape[1], 0.5)]
    for bias in b:
        states.append(expit(W @ (states[-1] - 0.5) + bias))
    dh, db = 2 * states[-1], np.zeros_like(b)
    for k in range(len(b), 0, -1):
        db[k - 1] = dh * states[k] * (1 - states[k])
        dh = W.T @ db[k - 1]
    return db


@deep_sigmoid_network.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def slopes_forgotten(b, gain):
    """No slope of the sigmoid at the layers in between: nothing vanishes."""
    W, states = gain * _mixing(b.shape[1]), [np.full(b.shape[1], 0.5)]
    for bias in b:
        states.append(expit(W @ (states[-1] - 0.5) + bias))
    dh, db = 2 * states[-1] * states[-1] * (1 - states[-1]), np.zeros_like(b)
    for k in range(len(b), 0, -1):
        db[k - 1] = dh
        dh = W.T @ dh
    return db


def _mixing(n):
    """A reflection: lengths are kept, entries are mixed."""
    v = np.arange(1.0, n + 1)
    return np.eye(n) - 2 * np.outer(v, v) / (v @ v)


@claim("C10")
def adjoints_by_depth(run):
    """The adjoints' norms in nets of depth 1 to 50, by layer, saturated and badly scaled: slopes of their logarithms."""
    net, values, parts, shown = run.cases["deep_sigmoid_network"], {}, [], run.compare(run.cases["deep_sigmoid_network"]).met
    for regime in REGIMES:
        norms = adjoint_norms(net, regime)
        by_depth, by_layer = slope_by_depth(norms).value, slope_by_layer(norms).value
        vanishes = regime.does == "vanish"
        shown = shown and (by_depth < -0.5 < 0.5 < by_layer if vanishes else by_depth > 0.5 > -0.5 > by_layer)
        key = "vanishing" if vanishes else "exploding"
        parts.append(
            f"{regime.name}: {regime.does} from {norms[0][0]:.3g} at depth 1 to {norms[-1][0]:.3g} at depth {DEPTHS[-1]}, log slope {by_depth:.3f} a layer"
        )
        values |= {f"{key}_slope_by_depth": float(by_depth), f"{key}_slope_by_layer": float(by_layer)}
        values |= {f"{key}_depth_{d}": float(norms[d - 1][0]) for d in (1, 10, 20, 30, 40, 50)}
    return Evidence(bool(shown), f"adjoints of the first layer, {'; '.join(parts)}", values)
