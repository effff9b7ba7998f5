"""Feed-forward networks with one, two and three layers: shared prefixes, kinks, likelihoods, residual connections."""
# ruff: noqa: RET504  a result that is named first carries its name into pictures and errors

import numpy as np
from scipy.special import expit

from gradcheck import Data, Evidence, Real, case, claim, grad, jacobian, trace, value_and_grad
from gradcheck.derivation.hops import derive

# one hidden unit: a shared prefix


@case(w1=0.7, w2=-1.3, x=Data(1.5), y=Data(0.4), claims=["C03"])
def one_hidden_unit(w1, w2, x, y):
    """One hidden unit, an output activation, squared loss (S0; C03)."""
    z = w1 * x
    h = np.tanh(z)
    r = w2 * h
    yhat = 1 / (1 + np.exp(-r))
    J = (yhat - y) ** 2 / 2
    return J


@one_hidden_unit.claimed_gradient
def prefix_formed_once(w1, w2, x, y):
    """dJ/dyhat * dyhat/dr, formed once and used for both weights."""
    h = np.tanh(w1 * x)
    yhat = expit(w2 * h)
    prefix = (yhat - y) * yhat * (1 - yhat)
    return prefix * w2 / np.cosh(w1 * x) ** 2 * x, prefix * h


@one_hidden_unit.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def output_activation_forgotten(w1, w2, x, y):
    """dyhat/dr left out of the prefix."""
    h = np.tanh(w1 * x)
    prefix = expit(w2 * h) - y
    return prefix * w2 / np.cosh(w1 * x) ** 2 * x, prefix * h


@claim("C03")
def together_and_apart(run):
    """Operations of both derivatives in one sweep, against two sweeps, one for each weight."""
    net = run.cases["one_hidden_unit"]
    (point,) = net.drawn()
    forward = trace(net.function, *point, argnums=(0, 1)).operations
    both, first, second = (trace(net.function, *point, argnums=a).gradient().operations for a in ((0, 1), (0,), (1,)))
    backward, apart = both - forward, first + second - 2 * forward
    shown = both < first + second and backward < apart and run.compare(net).met
    text = (
        f"{both} operations for both weights together, {first} + {second} = {first + second} apart; "
        f"without the forward parts {backward} against {apart}"
    )
    values = {"together": both, "w1_alone": first, "w2_alone": second, "backward_together": backward, "backward_apart": apart}
    return Evidence(shown, text, values)


# two layers with ReLU: each adjoint once, and the kink

W1 = np.array([[0.6, -1.1], [2.0, -1.0], [-0.8, 0.5]])
B1, W2, B2 = np.array([0.2, 0.0, -0.3]), np.array([[1.2, -0.4, 0.7], [-0.9, 0.8, 0.3]]), np.array([0.1, -0.5])
X, Y = np.array([1.0, -0.5]), np.array([1.0, 0.0])
AT_KINK = np.array([1.0, 2.0])  # the second row of W1 gives exactly 0
RELU = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}
OTHER_W1 = np.array([[0.9, -0.2], [-1.4, 0.1], [0.9, 0.7]])  # another unit is off: at W1 alone nothing flows through the third


def _relu_loss(W1, b1, W2, b2, x, y):
    z = W1 @ x + b1
    a = np.maximum(z, 0)
    h = W2 @ a + b2
    return np.sum((y - h) ** 2) / 2


def backward_pass(W1, b1, W2, b2, x, y):
    """Last layer first, weights after activations, each adjoint formed once."""
    z = W1 @ x + b1
    a = np.maximum(z, 0)
    dh = W2 @ a + b2 - y
    dz = np.where(z > 0, W2.T @ dh, 0)
    return np.outer(dz, x), dz, np.outer(dh, a), dh


@case(x=Data(X), y=Data(Y), at=[RELU, {**RELU, "W1": OTHER_W1}], claims=["C09"])
def relu_network(W1, b1, W2, b2, x, y):
    """z = W1 x + b1, a = ReLU(z), h = W2 a + b2, J = (y - h)**2 / 2 (S2; C09)."""
    z = W1 @ x + b1
    a = np.maximum(z, 0)
    h = W2 @ a + b2
    J = np.sum((y - h) ** 2) / 2
    return J


relu_network.claimed_gradient(backward_pass)


@relu_network.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def relu_passes_everything(W1, b1, W2, b2, x, y):
    """The ReLU taken for the identity on the way back."""
    a = np.maximum(W1 @ x + b1, 0)
    dh = W2 @ a + b2 - y
    dz = W2.T @ dh
    return np.outer(dz, x), dz, np.outer(dh, a), dh


@relu_network.claimed_gradient(expect="wrong", kinds=["sign"])
def error_turned_round(W1, b1, W2, b2, x, y):
    """y - h for h - y."""
    return tuple(-g for g in backward_pass(W1, b1, W2, b2, x, y))


@relu_network.claimed_gradient(expect="wrong", kinds=["wrong-value"])
def activation_before_the_relu(W1, b1, W2, b2, x, y):
    """z where a belongs in dJ/dW2."""
    dW1, db1, _, dh = backward_pass(W1, b1, W2, b2, x, y)
    return dW1, db1, np.outer(dh, W1 @ x + b1), dh


@case(x=Data(AT_KINK), y=Data(Y), at=[RELU, {**RELU, "W1": OTHER_W1}], claims=["C09"])
def relu_network_at_the_kink(W1, b1, W2, b2, x, y):
    """The network of C09 where one z is exactly 0, and J has no derivative by that row of weights (S2; C09)."""
    return _relu_loss(W1, b1, W2, b2, x, y)


@relu_network_at_the_kink.claimed_gradient(expect="kink")
def slope_zero_at_zero(W1, b1, W2, b2, x, y):
    """The usual convention: ReLU has slope 0 at 0."""
    return backward_pass(W1, b1, W2, b2, x, y)


def _products(circuit):
    return sum(e.primitive.name in ("matmul", "outer") for e in circuit.equations)


@claim("C09")
def each_adjoint_once(run):
    """The tape's sweep against the textbook's: matrix products, equations formed twice, order; and what is reported at the kink."""
    net, kinked = run.compare(run.cases["relu_network"]), run.compare(run.cases["relu_network_at_the_kink"])
    point = run.cases["relu_network"].drawn()[0]
    tape, by_hand = net.circuit.gradient(value=False), trace(lambda *w: backward_pass(*w, *point[4:]), *point[:4])
    twice = len(list(tape.equations)) - len({(e.primitive.name, e.inputs, str(e.params)) for e in tape.equations})
    dW1, db1, dW2, db2 = tape.outputs
    truth, reported = kinked.points[0].truth, float(kinked.points[0]["tape"].gradient.entries[1][1])
    above, below = (float(side[1][1].mid()) for side in (truth.entries, truth.left))
    smooth = net.met and _products(tape) == _products(by_hand) and twice == 0 and max(dW2, db2) < min(dW1, db1)
    shown = smooth and kinked.outcome == "kink" and min(below, above) <= reported <= max(below, above)
    text = (
        f"{_products(tape)} matrix products forward and backward, as by hand, {twice} equations formed twice, second layer first; "
        f"at z = 0 a {kinked.outcome}: dJ/db1 is {below:.6g} from below and {above:.6g} from above, the tape reports {reported:.6g}"
    )
    values = {"products": _products(tape), "products_by_hand": _products(by_hand), "formed_twice": twice}
    return Evidence(shown, text, values | {"below": below, "above": above, "reported": reported})


# sigmoid networks: likelihoods and the recursion

DATA = np.array([[0.5, -1.0], [1.5, 0.3], [-0.7, 0.8], [0.2, 0.9]])
LABELS = np.array([1, 0, 1, 1])
NET = {"W": np.array([[0.8, -0.5], [0.3, 1.1]]), "b": np.array([0.1, -0.2]), "v": np.array([1.4, -0.9]), "c": 0.3}


def _probabilities(W, b, v, c, x):
    return expit(expit(x @ W.T + b) @ v + c)


def errors_sent_back(W, b, v, c, x, y):
    """The gradient of the log-likelihood: y - yhat, sent back through both layers."""
    a = expit(x @ W.T + b)
    dr = y - expit(a @ v + c)
    dz = np.outer(dr, v) * a * (1 - a)
    return dz.T @ x, dz.sum(axis=0), a.T @ dr, dr.sum()


@case(**NET, x=Data(DATA[0]), y=Data(1), claims=["C15"])
def likelihood_of_one_label(W, b, v, c, x, y):
    """yhat**y (1 - yhat)**(1 - y) of a network with one hidden sigmoid layer (S2; C15)."""
    yhat = _probabilities(W, b, v, c, x)
    return yhat**y * (1 - yhat) ** (1 - y)


@likelihood_of_one_label.claimed_gradient
def slope_of_the_probability(W, b, v, c, x, y):
    """The likelihood times the gradient of its logarithm."""
    yhat = _probabilities(W, b, v, c, x)
    dW, db, dv, dc = errors_sent_back(W, b, v, c, x[None], np.array([y]))
    return yhat * dW, yhat * db, yhat * dv, yhat * dc


@case(**NET, x=Data(DATA), y=Data(LABELS), claims=["C15"])
def likelihood(W, b, v, c, x, y):
    """The product of the likelihoods of all labels (S2; C15)."""
    yhat = _probabilities(W, b, v, c, x)
    return np.prod(yhat**y * (1 - yhat) ** (1 - y))


@likelihood.claimed_gradient
def product_times_the_logs_gradient(W, b, v, c, x, y):
    """The product times the gradient of its logarithm."""
    return tuple(likelihood.function(W, b, v, c, x, y) * g for g in errors_sent_back(W, b, v, c, x, y))


@likelihood.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def gradient_of_the_logarithm(W, b, v, c, x, y):
    """The gradient of the logarithm given for the product's."""
    return errors_sent_back(W, b, v, c, x, y)


@case(**NET, x=Data(DATA), y=Data(LABELS), claims=["C15", "C18"])
def log_likelihood(W, b, v, c, x, y):
    """sum of y log yhat + (1 - y) log(1 - yhat) (S2; C15). The source prints a product between the two terms."""
    yhat = _probabilities(W, b, v, c, x)
    return np.sum(y * np.log(yhat) + (1 - y) * np.log(1 - yhat))


log_likelihood.claimed_gradient(errors_sent_back)


@log_likelihood.claimed_gradient(expect="wrong", kinds=["missing-path"])
def second_term_forgotten(W, b, v, c, x, y):
    """Only the labels that are 1."""
    a = expit(x @ W.T + b)
    dr = y * (1 - expit(a @ v + c))
    dz = np.outer(dr, v) * a * (1 - a)
    return dz.T @ x, dz.sum(axis=0), a.T @ dr, dr.sum()


@log_likelihood.claimed_gradient(expect="wrong", kinds=["missing-sum"])
def first_example_alone(W, b, v, c, x, y):
    """The sum over the data forgotten."""
    return errors_sent_back(W, b, v, c, x[:1], y[:1])


@case(**NET, x=Data(DATA), y=Data(LABELS), claims=["C15"])
def log_likelihood_as_misprinted(W, b, v, c, x, y):
    """With the product the source prints between its two terms: 0 for every label, whatever the weights (S2; C15)."""
    yhat = _probabilities(W, b, v, c, x)
    return np.sum(y * np.log(yhat) * (1 - y) * np.log(1 - yhat))


@log_likelihood_as_misprinted.claimed_gradient(expect="wrong", kinds=["wrong-function"])
def gradient_of_the_sum(W, b, v, c, x, y):
    """The gradient of what was meant."""
    return errors_sent_back(W, b, v, c, x, y)


def _generated(n):
    """Inputs on a curve, labelled by the side of a line they lie on; no two-layer net fits all of them surely."""
    t = np.arange(n) + 0.5
    x = np.stack([np.sin(1.7 * t), np.cos(0.9 * t)], axis=1)
    return x, (x[:, 0] + 0.4 * np.sin(3.1 * t) > x[:, 1]).astype(int)


@claim("C15")
def the_logarithm_stays_finite(run):
    """Both gradients right; the product underflows where its logarithm does not; ascent climbs; the misprint is 0."""
    names = ("likelihood_of_one_label", "likelihood", "log_likelihood", "log_likelihood_as_misprinted")
    met = all(run.compare(run.cases[name]).met for name in names)
    product, logarithm, misprint = (value_and_grad(run.cases[name], (0, 1, 2, 3)) for name in names[1:])
    many, start = _generated(1500), (*NET.values(),)
    (p, dp), (log_p, dlog) = product(*start, *many), logarithm(*start, *many)
    norms = [float(np.sqrt(sum(np.sum(g**2) for g in gradient))) for gradient in (dp, dlog)]
    curve = _ascent(logarithm, start, (DATA, LABELS), 0.3, 40)
    zero, right = float(misprint(*start, DATA, LABELS)[0]), float(curve[0])
    climbs = all(b > a for a, b in zip(curve, curve[1:], strict=False))
    shown = met and p == 0 and norms[0] == 0 and np.isfinite(log_p) and norms[1] > 1 and climbs and zero == 0 != right
    text = (
        f"1500 labels: the product is {p:g} with gradient {norms[0]:g}, its logarithm {log_p:.6g} with gradient norm {norms[1]:.6g}; "
        f"40 steps of ascent climb from {curve[0]:.6g} to {curve[-1]:.6g}; "
        f"the source's misprint, a product of the two terms, is {abs(zero):g} for {right:.6g}"
    )
    values = {"likelihood": float(p), "log_likelihood": float(log_p), "likelihood_gradient": norms[0], "log_likelihood_gradient": norms[1]}
    return Evidence(bool(shown), text, values | {"ascent_from": float(curve[0]), "ascent_to": float(curve[-1]), "misprint": abs(zero)})


def _ascent(value_and_gradient, weights, data, rate, steps):
    """The values along theta := theta + rate * gradient."""
    curve = []
    for _ in range(steps):
        value, gradient = value_and_gradient(*weights, *data)
        weights = tuple(w + rate * g for w, g in zip(weights, gradient, strict=True))
        curve.append(value)
    return curve


@case(
    x=np.array([0.4, -1.2, 0.7]), W=Data(np.array([[0.9, -0.4, 0.2], [-1.3, 0.5, 0.8]])), W1=Data(np.array([[1.1, -0.6]])), claims=["C25"]
)
def two_sigmoid_layers(x, W, W1):
    """sigma(W1 sigma(W x + b) + b1), the chain rule applied until x is reached (S4; C25)."""
    z = W @ x + 0.1
    a1 = expit(z)
    z1 = W1 @ a1 - 0.2
    a2 = expit(z1)
    return np.sum(a2)


@two_sigmoid_layers.claimed_gradient
def recursion_unrolled(x, W, W1):
    """One factor for every hop, from the last to the first."""
    a1 = expit(W @ x + 0.1)
    a2 = expit(W1 @ a1 - 0.2)
    return (a2 * (1 - a2)) @ W1 @ np.diag(a1 * (1 - a1)) @ W


@two_sigmoid_layers.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def inner_slope_forgotten(x, W, W1):
    """The recursion with one of its factors left out."""
    a1 = expit(W @ x + 0.1)
    a2 = expit(W1 @ a1 - 0.2)
    return (a2 * (1 - a2)) @ W1 @ W


@claim("C25")
def recursion_until_the_input(run):
    """The recursion as the tool derives it, and the product of its hops' Jacobians against the gradient."""
    layers = run.cases["two_sigmoid_layers"]
    ((x, W, W1),) = layers.drawn()
    comparison = run.compare(layers)
    derivation = derive(comparison.circuit, (x,))
    unfolded = [line.partition("'")[0] for line in derivation.recursion if line.partition("'")[0] in ("z", "a1", "z1", "a2")]
    z, a1, z1 = (derivation.value(name) for name in ("z", "a1", "z1"))
    hops = [jacobian(expit)(z1), jacobian(lambda a: W1 @ a - 0.2)(a1), jacobian(expit)(z), jacobian(lambda x: W @ x + 0.1)(x)]
    product, gradient = np.linalg.multi_dot(hops)[0], grad(layers)(x, W, W1)
    gap = float(np.max(np.abs(product / gradient - 1)))
    shown = unfolded == ["a2", "z1", "a1", "z"] and gap < 1e-14 and comparison.met
    numbers = ", ".join(f"{v:.6g}" for v in gradient)
    text = f"a2' = f'(z1) z1' unfolds through {', '.join(unfolded)} to x; the product of {len(hops)} hops is the gradient {numbers}"
    return Evidence(
        shown, text, {f"da2_dx{i}": float(v) for i, v in enumerate(gradient)} | {f"product_{i}": float(v) for i, v in enumerate(product)}
    )


@case(x=Real(3), V=Real((3, 3)), k=Real(3))
def residual_block(x, V, k):
    """x + tanh(V x + k), squared and summed: the cotangent goes round the block and through it."""
    return np.sum((x + np.tanh(V @ x + k)) ** 2)


@residual_block.claimed_gradient
def around_and_through(x, V, k):
    """The identity's path and the block's path added."""
    t = np.tanh(V @ x + k)
    out = 2 * (x + t)
    dz = out / np.cosh(V @ x + k) ** 2
    return out + V.T @ dz, np.outer(dz, x), dz


@residual_block.claimed_gradient(expect="wrong", kinds=["missing-path"])
def through_the_block_only(x, V, k):
    """The skip connection forgotten."""
    t = np.tanh(V @ x + k)
    dz = 2 * (x + t) / np.cosh(V @ x + k) ** 2
    return V.T @ dz, np.outer(dz, x), dz


@case(E=Real((2, 4)), x=Data(np.array([0.3, -0.8, 1.2, 0.5])))
def tied_autoencoder(E, x):
    """E^T tanh(E x) against x: one matrix used twice, once transposed."""
    return np.sum((E.T @ np.tanh(E @ x) - x) ** 2) / 2


@tied_autoencoder.claimed_gradient
def both_uses_added(E, x):
    """The decoder's part and the encoder's part."""
    code = np.tanh(E @ x)
    error = E.T @ code - x
    return np.outer(code, error) + np.outer(E @ error / np.cosh(E @ x) ** 2, x)


@tied_autoencoder.claimed_gradient(expect="wrong", kinds=["missing-path"])
def encoder_only(E, x):
    """The decoder's part forgotten."""
    error = E.T @ np.tanh(E @ x) - x
    return np.outer(E @ error / np.cosh(E @ x) ** 2, x)
