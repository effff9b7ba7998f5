"""The chain rule on numbers: one local derivative for every hop, multiplied along a path, added over paths."""

# ruff: noqa: RET504  a result that is named first carries its name into pictures and errors

import numpy as np

from gradcheck import Evidence, Real, case, claim, grad, jacobian, trace
from gradcheck.derivation.hops import derive


@case(x=Real(), at=[1.0, 0.3], claims=["C01", "C02", "C04"])  # at 1 alone, 2z and z**2 are both 4
def sine_of_square(x):
    """y = sin((x + 1)**2), a chain of three hops (S0, S1; C01, C02, C04)."""
    z = x + 1
    h = z**2
    y = np.sin(h)
    return y


@sine_of_square.claimed_gradient
def one_factor_per_hop(x):
    """cos h, times 2z, times 1."""
    z = x + 1
    return np.cos(z**2) * (2 * z) * 1


@sine_of_square.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def forgets_the_inner_derivative(x):
    """The outermost hop alone."""
    return np.cos((x + 1) ** 2)


@sine_of_square.claimed_gradient(expect="wrong", kinds=["factor"])
def loses_the_exponent(x):
    """The derivative of z**2 taken for z."""
    return np.cos((x + 1) ** 2) * (x + 1)


@sine_of_square.claimed_gradient(expect="wrong", kinds=["sign"])
def sine_differentiates_to_minus_cosine(x):
    """The sign of the other function's rule."""
    return -np.cos((x + 1) ** 2) * 2 * (x + 1)


@sine_of_square.claimed_gradient(expect="wrong", kinds=["wrong-value"])
def cosine_at_the_wrong_place(x):
    """The outer derivative taken at z, where it belongs at h."""
    z = x + 1
    return np.cos(z) * 2 * z


@claim("C01")
def a_product_of_hops(run):
    """The values along the chain, and the derivative as the product of the hops, certified to the last bit."""
    comparison = run.compare(run.cases["sine_of_square"])
    truth, derivation = comparison.points[0].truth, derive(comparison.circuit, (1.0,))
    (slope,) = map(float, truth.floats())
    found = {"z": float(derivation.value("z")), "h": float(derivation.value("h")), "y": float(truth.value.mid()), "dy_dx": slope}
    exact = found == {"z": 2.0, "h": 4.0, "y": -0.7568024953079282, "dy_dx": -2.6145744834544478}
    by_hops = np.prod([hop.value for hop in derivation.hops])
    shown = exact and abs(by_hops / slope - 1) < 1e-15 and comparison.met
    factors = " * ".join(f"{hop.value:.6g}" for hop in derivation.hops)
    text = f"x = 1: z = {found['z']:g}, h = {found['h']:g}, y = {found['y']!r}, dy/dx = {factors} = {slope!r}"
    return Evidence(bool(shown), text, found)


def _written_out(x):
    return np.cos((x + 1) ** 2) * (2 * (x + 1))


@claim("C02")
def five_operations_against_six(run):
    """Counted on the gradient's circuit, and on the derivative as one writes it out."""
    kept = trace(run.cases["sine_of_square"].function, 1.0).gradient(value=False).operations
    repeated = trace(_written_out, 1.0).operations
    text = f"{kept} operations with the forward values kept, {repeated} written out, where x + 1 is formed twice"
    return Evidence(kept == 5 and repeated == 6, text, {"kept": kept, "written_out": repeated})


@case(theta=np.array([0.7, -0.4]), claims=["C05"])
def three_paths(theta):
    """J(g1, g2, g3) of three functions of theta: three paths from either theta to J (S2; C05)."""
    return _outer(_inner(theta))


def _inner(theta):
    return np.array([theta[0] * theta[1], np.sin(theta[0]) + theta[1] ** 2, np.exp(theta[1] - theta[0])])


def _outer(g):
    return g[0] * g[1] + np.log(g[2] + 2.0) * g[1] + g[2] ** 2


@three_paths.claimed_gradient
def every_path_added(theta):
    """Each row of the inner Jacobian, weighted by the outer derivative."""
    (a, b), g = theta, _inner(theta)
    by_g = np.array([g[1], g[0] + np.log(g[2] + 2.0), g[1] / (g[2] + 2.0) + 2 * g[2]])
    by_theta = np.array([[b, a], [np.cos(a), 2 * b], [-g[2], g[2]]])
    return by_g @ by_theta


@three_paths.claimed_gradient(expect="wrong", kinds=["missing-path"])
def one_path_forgotten(theta):
    """The path through g3 left out."""
    (a, b), g = theta, _inner(theta)
    return np.array([g[1], g[0] + np.log(g[2] + 2.0)]) @ np.array([[b, a], [np.cos(a), 2 * b]])


@claim("C05")
def paths_add_up(run):
    """sum_j dJ/dg_j * dg_j/dtheta_i against the derivative of the composition."""
    composed = run.cases["three_paths"]
    (theta,) = composed.drawn()[0]
    paths = grad(_outer)(_inner(theta))[:, None] * jacobian(_inner)(theta)
    whole = grad(composed)(theta)
    gap = float(np.max(np.abs(paths.sum(axis=0) - whole)))
    shown = len(paths) >= 3 and np.all(paths != 0) and gap <= 1e-14 and run.compare(composed).outcome == "right"
    text = f"{len(paths)} paths to theta_0 add up to {paths[:, 0].sum():.12g}, the derivative is {whole[0]:.12g}; largest gap {gap:.1g}"
    values = {f"path_{j}_to_theta_{i}": float(paths[j, i]) for i in range(2) for j in range(len(paths))}
    return Evidence(bool(shown), text, values | {f"dJ_dtheta_{i}": float(whole[i]) for i in range(2)})


@case(a=2.0, b=-3.0, c=10.0, claims=["C14"])
def product_with_a_sum(a, b, c):
    """L = c (a + 2b) in three steps (S2; C14). The source prints the last as L = e * e; it is c * e."""
    d = 2 * b
    e = a + d
    L = c * e
    return L


@product_with_a_sum.claimed_gradient
def from_right_to_left(a, b, c):
    """dL/dL = 1 first, then e, d and the inputs."""
    return c, 2 * c, a + 2 * b


@product_with_a_sum.claimed_gradient(expect="wrong", kinds=["wrong-function"])
def as_the_source_prints_it(a, b, c):
    """The derivatives of e * e."""
    e = a + 2 * b
    return 2 * e, 4 * e, 0.0


@case(a=2.0, b=-3.0, claims=["C14"])
def product_as_misprinted(a, b):
    """L = e * e, what the source prints for L = c * e: another function, without c (S2; C14)."""
    d = 2 * b
    e = a + d
    L = e * e
    return L


@product_as_misprinted.claimed_gradient
def square_of_the_sum(a, b):
    """The right derivatives of the wrong function."""
    e = a + 2 * b
    return 2 * e, 4 * e


@claim("C14")
def the_product_and_its_misprint(run):
    """The derivatives of L = c (a + 2b), and those of the misprinted L = e * e."""
    printed_right, misprinted = run.cases["product_with_a_sum"], run.cases["product_as_misprinted"]
    a, b, c = printed_right.drawn()[0]
    right = [float(g) for g in grad(printed_right, (0, 1, 2))(a, b, c)]
    wrong = [float(g) for g in grad(misprinted, (0, 1))(a, b)]
    shown = right == [c, 2 * c, a + 2 * b] and wrong != right[:2] and run.compare(printed_right).met
    numbers = "dL/da = {:g}, dL/db = {:g}, dL/dc = {:g}".format(*right)
    text = f"L = c e at a = 2, b = -3, c = 10: {numbers}; the misprint L = e * e gives dL/da = {wrong[0]:g}, dL/db = {wrong[1]:g} and no c"
    values = dict(zip(("dL_da", "dL_db", "dL_dc", "misprint_dL_da", "misprint_dL_db"), right + wrong, strict=True))
    return Evidence(shown, text, values)


@case(x=0.8, y=1.7, z=-2.3, claims=["C17"])
def chain_of_sums(x, y, z):
    """f = g + y, g = h + z, h = x: the derivative by x is 1 along the chain (S2; C17)."""
    h = x
    g = h + z
    f = g + y
    return f


@chain_of_sums.claimed_gradient
def ones(x, y, z):
    """Every sum passes its cotangent on."""
    return 1.0, 1.0, 1.0


@chain_of_sums.claimed_gradient(expect="wrong", kinds=["wrong-function"])
def multiplied_by_the_others(x, y, z):
    """A sum treated as a product."""
    return y * z, 1.0, y


@claim("C17")
def one_along_the_chain(run):
    """df/dx of the chain of sums."""
    chain = run.cases["chain_of_sums"]
    found = float(grad(chain)(*chain.drawn()[0]))
    return Evidence(found == 1.0 and run.compare(chain).outcome == "right", f"df/dx = {found:g} along the chain of sums", {"dfdx": found})


@case(x=Real(low=0.2, high=2.0))
def nested_elementary(x):
    """log(1 + exp(sin(x**2) / x)): five different rules in one chain."""
    s = np.sin(x**2) / x
    return np.log(1.0 + np.exp(s))


@nested_elementary.claimed_gradient
def sigmoid_times_quotient_rule(x):
    """The sigmoid of s times the quotient rule."""
    s = np.sin(x**2) / x
    return (2 * x**2 * np.cos(x**2) - np.sin(x**2)) / x**2 / (1 + np.exp(-s))


@nested_elementary.claimed_gradient(expect="wrong", kinds=["missing-factor"])
def quotient_of_derivatives(x):
    """The derivative of a quotient taken for the quotient of derivatives."""
    s = np.sin(x**2) / x
    return 2 * x * np.cos(x**2) / (1 + np.exp(-s))


@case(x=Real(low=0.3, high=1.5))
def power_tower(x):
    """x**(x**x): the base and the exponent both move."""
    return x ** (x**x)


@power_tower.claimed_gradient
def base_and_exponent(x):
    """One term for each place where x stands."""
    t = x**x
    return x**t * (t / x + t * (np.log(x) + 1) * np.log(x))


@power_tower.claimed_gradient(expect="wrong", kinds=["missing-path"])
def power_rule_alone(x):
    """The exponent treated as a constant."""
    t = x**x
    return t * x ** (t - 1)


@case(x=Real(low=-1.5, high=1.5))
def shared_square(x):
    """exp(s) * cos(s) + s with s = x**2: the chain splits and meets again."""
    s = x**2
    return np.exp(s) * np.cos(s) + s


@shared_square.claimed_gradient
def three_ways_through_s(x):
    """The three ways through s added, then the hop to x."""
    s = x**2
    return (np.exp(s) * (np.cos(s) - np.sin(s)) + 1) * 2 * x


@shared_square.claimed_gradient(expect="wrong", kinds=["missing-path"])
def last_write_wins(x):
    """Only the last way through s kept, as when cotangents are assigned and not added."""
    return 2 * x
