"""Single neurons: the sigmoid neuron of S4 with its questioner's slips, other activations, and saturation."""

# ruff: noqa: RET504  a result that is named first carries its name into pictures and errors

import numpy as np
from scipy.special import erf, expit

from gradcheck import Data, Evidence, Real, case, check, claim, grad
from gradcheck.derivation.hops import derive

W, X = np.array([2.0, -3.0, -3.0]), np.array([-1.0, -2.0])
OTHER_W = np.array([2.0, -3.0, -2.5])  # at W the slip that reads w2 for w1 shows nothing: both are -3


def _neuron(w, x):
    p = w[0] * x[0] + w[1] * x[1] + w[2]
    a = 1 / (1 + np.exp(-p))
    return a


@case(w=W, x=X, claims=["C23"])
def sigmoid_neuron(w, x):
    """sigma(w0 x0 + w1 x1 + w2) with its bias as the last weight (S4; C23)."""
    p = w[0] * x[0] + w[1] * x[1] + w[2]
    a = 1 / (1 + np.exp(-p))
    return a


@sigmoid_neuron.claimed_gradient
def output_times_its_complement(w, x):
    """sigma' = (1 - a) a, times the other factor of each product."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return slope * np.array([x[0], x[1], 1.0]), slope * w[:2]


@sigmoid_neuron.claimed_gradient(expect="wrong", kinds=["swapped"])
def weights_and_inputs_swapped(w, x):
    """The gradients of the weights and of the inputs with each other's factors."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return slope * np.array([w[0], w[1], 1.0]), slope * x


@sigmoid_neuron.claimed_gradient(expect="wrong", kinds=["missing-path"])
def bias_forgotten(w, x):
    """Nothing flows into the bias."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return slope * np.array([x[0], x[1], 0.0]), slope * w[:2]


@claim("C23")
def the_neurons_numbers(run):
    """Pre-activation, output and both gradients, certified to the last bit."""
    neuron = run.cases["sigmoid_neuron"]
    comparison = run.compare(neuron)
    truth, p = comparison.points[0].truth, float(derive(comparison.circuit, (W, X)).value("p"))
    sigma, (by_w, by_x) = float(truth.value.mid()), truth.floats()
    expected_w = [-0.19661193324148185, -0.3932238664829637, 0.19661193324148185]
    exact = by_w.tolist() == expected_w and by_x.tolist() == [0.3932238664829637, -0.5898357997244456]
    close = all(np.all(np.abs(g / t - 1) < 1e-15) for g, t in zip(grad(neuron, (0, 1))(W, X), (by_w, by_x), strict=True))
    shown = p == 1.0 and sigma == 0.7310585786300049 and exact and close and comparison.met
    text = f"p = {p:g}, sigma = {sigma!r}, d/dx = {by_x.tolist()}, d/dw = {by_w.tolist()}"
    values = {"p": p, "sigma": sigma, "slope": float(by_w[2])}
    values |= {f"dw{i}": float(v) for i, v in enumerate(by_w)} | {f"dx{i}": float(v) for i, v in enumerate(by_x)}
    return Evidence(shown, text, values)


# the questioner's five slips (S4, C24): each alone, then all together as the code was


@case(w=W, x=X, claims=["C24"])
def neuron_with_precedence_slip(w, x):
    """The neuron of C23; its gradient under test forms the output as 1/1 + exp(-p) (S4; C24, slip 1)."""
    return _neuron(w, x)


def _slipped_output(w, x):
    p = w[0] * x[0] + w[1] * x[1] + w[2]
    return 1 / 1 + np.exp(-p)


@neuron_with_precedence_slip.claimed_gradient(expect="wrong", kinds=["precedence"])
def brackets_forgotten(w, x):
    """Everything right but the output, which lacks the brackets of its denominator."""
    a = _slipped_output(w, x)
    slope = (1 - a) * a
    return slope * np.array([x[0], x[1], 1.0]), slope * w[:2]


@case(w=W, x=X, claims=["C24"])
def neuron_with_output_for_its_derivative(w, x):
    """The neuron of C23; its gradient under test takes a where (1 - a) a belongs (S4; C24, slip 2)."""
    return _neuron(w, x)


@neuron_with_output_for_its_derivative.claimed_gradient(expect="wrong", kinds=["wrong-value"])
def value_taken_for_slope(w, x):
    """The output a in place of its derivative."""
    a = _neuron(w, x)
    return a * np.array([x[0], x[1], 1.0]), a * w[:2]


@case(w=W, x=X, claims=["C24"])
def neuron_with_inputs_components_added(w, x):
    """The neuron of C23; its gradient under test adds up the components of d/dx (S4; C24, slip 3)."""
    return _neuron(w, x)


@neuron_with_inputs_components_added.claimed_gradient(expect="wrong", kinds=["shape", "missing-sum"])
def one_number_for_both_inputs(w, x):
    """d/dx as a single number."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return slope * np.array([x[0], x[1], 1.0]), slope * w[0] + slope * w[1]


@case(w=Real(3), x=Real(2), at=[(W, X), (OTHER_W, X)], claims=["C24"])
def neuron_with_wrong_weight(w, x):
    """The neuron of C23, also where w1 and w2 differ; its gradient under test reads w2 where w1 belongs (S4; C24, slip 4)."""
    return _neuron(w, x)


@neuron_with_wrong_weight.claimed_gradient(expect="wrong", kinds=["wrong-index"])
def bias_read_for_a_weight(w, x):
    """w2, the bias, in place of w1."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return slope * np.array([x[0], x[1], 1.0]), slope * np.array([w[0], w[2]])


@case(w=W, x=X, claims=["C24"])
def neuron_with_weights_components_added(w, x):
    """The neuron of C23; its gradient under test adds up the components of d/dw (S4; C24, slip 5)."""
    return _neuron(w, x)


@neuron_with_weights_components_added.claimed_gradient(expect="wrong", kinds=["shape", "missing-sum"])
def one_number_for_all_weights(w, x):
    """d/dw as a single number."""
    a = _neuron(w, x)
    slope = (1 - a) * a
    return x[0] * slope + x[1] * slope + 1 * slope, slope * w[:2]


@case(w=W, x=X, claims=["C24"])
def neuron_with_all_five_slips(w, x):
    """The neuron of C23; its gradient under test is the questioner's code as it was asked about (S4; C24)."""
    return _neuron(w, x)


@neuron_with_all_five_slips.claimed_gradient(expect="wrong", kinds=["precedence", "wrong-value", "shape", "missing-sum", "wrong-index"])
def as_the_questioner_wrote_it(w, x):
    """All five slips together."""
    a = _slipped_output(w, x)
    dx = w[0] * a + w[2] * a
    dw = x[0] * a + x[1] * a + 1 * a
    return dw, dx


SLIPS = {
    "neuron_with_precedence_slip": "1/1 + exp(-p)",
    "neuron_with_output_for_its_derivative": "a for (1 - a) a",
    "neuron_with_inputs_components_added": "d/dx one number",
    "neuron_with_wrong_weight": "w2 for w1",
    "neuron_with_weights_components_added": "d/dw one number",
}


def _named(judged):
    """Whether the diagnosis of a claimed gradient names all its mistakes."""
    claimed, verdict = judged
    return set(claimed.kinds) <= set(verdict.kinds)


@claim("C24")
def five_slips_found(run):
    """Each slip alone and all five together are found wrong; the forward slip already by its value."""
    together = run.compare(run.cases["neuron_with_all_five_slips"])
    alone = [run.compare(run.cases[name]) for name in SLIPS]
    rejected = [c.claimed[0][1].outcome == "wrong" and c.outcome == "right" for c in (*alone, together)]
    named = [_named(c.claimed[0]) for c in (*alone, together)]
    hidden = check(run.cases["neuron_with_wrong_weight"], bias_read_for_a_weight, at=(W, X)).outcome
    right, slipped = float(together.points[0].truth.value.mid()), float(_slipped_output(W, X))
    shown = all(rejected) and all(named) and hidden == "right" and right == 0.7310585786300049 and slipped != right
    text = (
        f"{sum(rejected[:-1])} of {len(SLIPS)} slips found and {sum(named[:-1])} named alone, {sum(rejected[-1:])} of 1 found and "
        f"{sum(named[-1:])} named all together; "
        f"the forward slip gives {slipped:.12g} for {right:.12g}; "
        f"w2 read for w1 is judged {hidden} at the question's own weights, where both are -3, and wrong at others"
    )
    values = {f"found_slip_{i}": int(r) for i, r in enumerate(rejected[:-1], start=1)}
    return Evidence(shown, text, values | {"found_together": int(rejected[-1]), "sigma": right, "sigma_slipped": slipped})


# other neurons


@case(w=Real(3), x=Data(np.array([0.5, -1.2, 2.0])), y=Data(0.3))
def tanh_neuron_loss(w, x, y):
    """Squared error of a tanh neuron."""
    return (np.tanh(w @ x) - y) ** 2


@tanh_neuron_loss.claimed_gradient
def error_times_slope_times_input(w, x, y):
    """Twice the error, the slope, the input."""
    a = np.tanh(w @ x)
    return 2 * (a - y) / np.cosh(w @ x) ** 2 * x


@tanh_neuron_loss.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def sigmoid_slope_on_tanh(w, x, y):
    """The sigmoid's slope used on tanh."""
    a = np.tanh(w @ x)
    return 2 * (a - y) * a * (1 - a) * x


@case(w=Real(4), x=Data(np.array([1.0, -0.5, 0.25, 2.0])))
def gelu_neuron(w, x):
    """The exact GELU, z times the normal distribution function of z."""
    z = w @ x
    return z * 0.5 * (1 + erf(z / np.sqrt(2)))


@gelu_neuron.claimed_gradient
def product_rule_with_density(w, x):
    """The distribution function plus z times the density."""
    z = w @ x
    return (0.5 * (1 + erf(z / np.sqrt(2))) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)) * x


@gelu_neuron.claimed_gradient(expect="wrong", kinds=["missing-path"])
def distribution_alone(w, x):
    """The second term of the product rule forgotten."""
    return 0.5 * (1 + erf(w @ x / np.sqrt(2))) * x


@case(z=np.array([-1.3, 0.4, 2.0]))
def softplus_sum(z):
    """log(1 + exp(z)), summed: the smooth ReLU."""
    return np.sum(np.log1p(np.exp(z)))


@softplus_sum.claimed_gradient
def softplus_slope(z):
    """The sigmoid."""
    return expit(z)


@softplus_sum.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def relu_slope(z):
    """The slope of the ReLU it smooths."""
    return np.where(z > 0, 1.0, 0.0)


@case(w=np.array([1.5, -2.0]), x=Data(np.array([20.0, 4.5])))
def saturated_neuron(w, x):
    """A sigmoid at p = 21: its slope is 7.6e-10, and 1 - a has lost more than half of its digits."""
    return expit(w @ x)


@saturated_neuron.claimed_gradient
def slope_from_both_tails(w, x):
    """sigma(p) sigma(-p), accurate in both tails."""
    return expit(w @ x) * expit(-(w @ x)) * x


@saturated_neuron.claimed_gradient(expect="wrong", kinds=["precision"])
def complement_that_cancels(w, x):
    """1 - a cancels: a formula right on paper and not in floats."""
    a = expit(w @ x)
    return a * (1 - a) * x
