"""Functions seen as graphs of named steps: a local derivative on every edge, the gradient carried back over it."""

# ruff: noqa: RET504  a result that is named first carries its name into pictures and errors

import numpy as np

from gradcheck import Evidence, Integer, Real, case, claim, grad, trace
from gradcheck.derivation.hops import derive


@case(x=1.0, y=3.0, z=-3.0, claims=["C20"])
def sum_then_product(x, y, z):
    """p = x + y, g = p z (S3; C20). The source asks for dx/df, where it means df/dx, and draws p as q."""
    p = x + y
    g = p * z
    return g


@sum_then_product.claimed_gradient
def back_through_product_and_sum(x, y, z):
    """dg/dp = z goes on to x and y, dg/dz = p."""
    return z, z, x + y


@sum_then_product.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def upside_down_as_the_source_writes(x, y, z):
    """dx/dg for dg/dx."""
    return 1 / z, 1 / z, 1 / (x + y)


@sum_then_product.claimed_gradient(expect="wrong", kinds=["swapped"])
def factors_not_exchanged(x, y, z):
    """Each factor given its own value, where the other's belongs."""
    return x + y, x + y, z


def _drawn(derivation):
    """The graph in one line: steps with their values, edges with their local derivatives and what they carry back."""
    return "; ".join(
        f"{_node(derivation, hop.input)} -[{hop.value:.6g}]-> {_node(derivation, hop.output)} (back {hop.sent:.6g})"
        for hop in reversed(derivation.hops)
    )


def _node(derivation, name):
    return f"{name}={derivation.value(name):.6g}"


@claim("C04")
def the_chain_drawn(run):
    """The steps of C01 as a graph; the product of its edges is the derivative."""
    comparison = run.compare(run.cases["sine_of_square"])
    derivation = derive(comparison.circuit, (1.0,))
    hops = {f"d{hop.output}_d{hop.input}": float(hop.value) for hop in derivation.hops}
    product, slope = float(np.prod(list(hops.values()))), float(grad(run.cases["sine_of_square"])(1.0))
    expected = {"dy_dh": float(np.cos(4.0)), "dh_dz": 4.0, "dz_dx": 1.0}
    shown = hops == expected and product == slope and comparison.outcome == "right"
    return Evidence(
        shown, f"{_drawn(derivation)}; the edges multiply to dy/dx = {product:.6g}", hops | {"product": product, "dy_dx": slope}
    )


@claim("C20")
def the_graph_drawn(run):
    """The values forward and the gradients backward, on the drawn graph."""
    drawn = run.cases["sum_then_product"]
    derivation = derive(trace(drawn.function, *drawn.drawn()[0]), drawn.drawn()[0])
    forward = {name: float(derivation.value(name)) for name in ("p", "g")}
    back = {name: float(derivation.cotangents[name]) for name in ("g", "z", "p", "x", "y")}
    by_tape = [float(v) for v in grad(drawn, (0, 1, 2))(*drawn.drawn()[0])]
    shown = (
        forward == {"p": 4.0, "g": -12.0} and back == {"g": 1.0, "z": 4.0, "p": -3.0, "x": -3.0, "y": -3.0} and by_tape == [-3.0, -3.0, 4.0]
    )
    text = f"{_drawn(derivation)}; these are dg/dx, dg/dy, dg/dz: the source asks for dx/dg upside down, and labels p as q"
    return Evidence(shown and run.compare(drawn).met, text, forward | {f"dg_d{name}": value for name, value in back.items()})


@case(x=Real(), y=Real())
def diamond(x, y):
    """Two paths that part at s and meet at the end: sin(s) * cos(s) with s = x y."""
    s = x * y
    left = np.sin(s)
    right = np.cos(s)
    return left * right


@diamond.claimed_gradient
def both_sides_of_the_diamond(x, y):
    """cos 2s, by the sum of both sides."""
    slope = np.cos(x * y) ** 2 - np.sin(x * y) ** 2
    return slope * y, slope * x


@diamond.claimed_gradient(expect="wrong", kinds=["missing-path"])
def left_side_only(x, y):
    """The path through the cosine forgotten."""
    slope = np.cos(x * y) ** 2
    return slope * y, slope * x


@case(x=np.array([0.9, -1.4, 0.6, 1.1, -0.7]))
def ladder(x):
    """a and b take turns: each step reads both, so the paths double while the steps only add up."""
    a, b = x[0], x[1]
    for step in x[2:]:
        a, b = b * step + a, a * b
    return a + b


@ladder.claimed_gradient
def steps_taken_back(x):
    """The pairs kept on the way forward, used in reverse."""
    pairs = [(x[0], x[1])]
    for step in x[2:]:
        a, b = pairs[-1]
        pairs.append((b * step + a, a * b))
    da, db, dx = 1.0, 1.0, np.zeros(5)
    for i in range(4, 1, -1):
        (a, b), dx[i] = pairs[i - 2], da * pairs[i - 2][1]
        da, db = da + db * b, da * x[i] + db * a
    dx[:2] = da, db
    return dx


@ladder.claimed_gradient(expect="wrong", kinds=["unknown"])
def last_pair_used_throughout(x):
    """The same sweep with the values of the last step at every step."""
    a, b = x[0], x[1]
    for step in x[2:]:
        a, b = b * step + a, a * b
    da, db, dx = 1.0, 1.0, np.zeros(5)
    for i in range(4, 1, -1):
        dx[i] = da * b
        da, db = da + db * b, da * x[i] + db * a
    dx[:2] = da, db
    return dx


@case(x=np.array([1.3, -0.2, 0.8]))
def reused_array(x):
    """One vector read in three ways: summed, indexed and reversed."""
    return np.sum(x) * x[0] + x @ x[::-1]


@reused_array.claimed_gradient
def three_readings_added(x):
    """The sum's, the index's and twice the reversal's cotangent."""
    return x[0] + np.array([np.sum(x), 0.0, 0.0]) + 2 * x[::-1]


@reused_array.claimed_gradient(expect="wrong", kinds=["wrong-index"])
def index_sent_everywhere(x):
    """The cotangent of x[0] sent to all entries."""
    return x[0] + np.sum(x) + 2 * x[::-1]


@case(table=Real((4, 2)), rows=Integer(5, high=4))
def embedding_lookup(table, rows):
    """Rows of a table gathered by number, some more than once; a table's gradient adds up over its uses."""
    return np.sum(np.sin(table[rows]) * np.array([1.0, -2.0]))


@embedding_lookup.claimed_gradient
def added_at_every_use(table, rows):
    """np.add.at: repeated rows add up."""
    gradient = np.zeros_like(table)
    np.add.at(gradient, rows, np.cos(table[rows]) * np.array([1.0, -2.0]))
    return gradient


@embedding_lookup.claimed_gradient(expect="wrong", kinds=["missing-path"])
def last_use_wins(table, rows):
    """gradient[rows] += g adds once for a repeated row."""
    gradient = np.zeros_like(table)
    gradient[rows] += np.cos(table[rows]) * np.array([1.0, -2.0])
    return gradient


def _branching_sum(x):
    total = 0.0
    for step in x:
        total = total + (np.exp(step) if step < 0 else 1 + step * np.cos(step))
    return total


@case(x=Real(3, low=-2, high=2))
def branching_program(x):
    """A branch on a value and a loop: the graph is of what was executed."""
    return _branching_sum(x) ** 2


@branching_program.claimed_gradient
def the_branches_taken(x):
    """Each entry by the branch it took."""
    return 2 * _branching_sum(x) * np.where(x < 0, np.exp(x), np.cos(x) - x * np.sin(x))


@branching_program.claimed_gradient(expect="wrong", kinds=["unknown"])
def the_branches_not_taken(x):
    """The condition turned round."""
    return 2 * _branching_sum(x) * np.where(x > 0, np.exp(x), np.cos(x) - x * np.sin(x))
