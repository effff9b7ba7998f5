"""The lemmas behind backpropagation: affine maps, elementwise maps and sums, checked in floats and proved by SymPy."""

import numpy as np
import sympy

from gradcheck import Data, Evidence, Real, case, check, claim, grad, trace
from gradcheck.gradients.symbolic import formula_of
from gradcheck.primitives import TABLE

SHAPES = ((1, 1), (2, 3), (3, 2), (1, 4), (4, 1))
U = np.array([0.3, -1.1, 0.8])


def _outer(z):
    """A scalar function of z that couples all its entries, for the lemmas to be proved under."""
    return np.sin(z @ z)


@case(W=Real((2, 3)), b=Real(2), u=Data(U), claims=["C06"])
def affine_weights(W, b, u):
    """J(W u + b) by the weights and the bias (S2, lemma 1; C06)."""
    z = W @ u + b
    return np.sin(z @ z)


@affine_weights.claimed_gradient
def lemma_one(W, b, u):
    """dJ/dW = (dJ/dz) u^T, dJ/db = dJ/dz."""
    z = W @ u + b
    dz = np.cos(z @ z) * 2 * z
    return np.outer(dz, u), dz


@affine_weights.claimed_gradient(expect="wrong", kinds=["shape", "transposed"])
def outer_product_turned_round(W, b, u):
    """u (dJ/dz)^T: the right numbers in the transposed places."""
    z = W @ u + b
    dz = np.cos(z @ z) * 2 * z
    return np.outer(u, dz), dz


@case(
    W=Data(np.array([[1.2, -0.7, 0.4], [0.1, 0.9, -1.5], [-0.6, 0.2, 0.5]])), b=Data(np.array([0.3, -0.2, 0.1])), u=Real(3), claims=["C08"]
)
def affine_input(W, b, u):
    """J(W u + b) by the input (S2, lemma 3; C08)."""
    tau = W @ u + b
    return np.sin(tau @ tau)


@affine_input.claimed_gradient
def lemma_three(W, b, u):
    """dJ/du = W^T dJ/dtau."""
    tau = W @ u + b
    return W.T @ (np.cos(tau @ tau) * 2 * tau)


@affine_input.claimed_gradient(expect="wrong", kinds=["transposed"])
def weights_not_transposed(W, b, u):
    """W where W^T belongs: a square matrix hides it from the shapes."""
    tau = W @ u + b
    return W @ (np.cos(tau @ tau) * 2 * tau)


@case(z=Real(4), claims=["C07"])
def elementwise_map(z):
    """J(sigma(z)) with sigma acting on each entry (S2, lemma 2; C07)."""
    a = np.tanh(z)
    return np.sin(a @ a)


@elementwise_map.claimed_gradient
def lemma_two(z):
    """dJ/dz = dJ/da times sigma'(z), entry by entry."""
    a = np.tanh(z)
    return np.cos(a @ a) * 2 * a / np.cosh(z) ** 2


@elementwise_map.claimed_gradient(expect="wrong", kinds=["wrong-local-derivative"])
def slope_taken_at_the_output(z):
    """sigma' taken at a, where it belongs at z."""
    a = np.tanh(z)
    return np.cos(a @ a) * 2 * a / np.cosh(a) ** 2


@case(h=Real(5), theta=Real(5), claims=["C16"])
def sum_of_products(h, theta):
    """sum_k h_k theta_k: the derivative of a sum is the sum of derivatives (S2; C16)."""
    return np.sum(h * theta)


@sum_of_products.claimed_gradient
def the_other_factor(h, theta):
    """d/dh_i = theta_i, d/dtheta_i = h_i."""
    return theta, h


@sum_of_products.claimed_gradient(expect="wrong", kinds=["wrong-axis"])
def the_whole_sum_at_every_entry(h, theta):
    """The other factors summed, as if every entry moved every term."""
    return np.full(5, theta.sum()), np.full(5, h.sum())


@claim("C06")
def lemma_one_proved(run):
    """All entries of dJ/dW and dJ/db: the lemma's formula is SymPy's derivative, and the tape's."""
    return _proof(run, "affine_weights", "dJ/dW = (dJ/dz) u^T and dJ/db = dJ/dz", lambda rows, columns: slice(0, rows * columns + rows))


@claim("C08")
def lemma_three_proved(run):
    """All entries of dJ/du: the lemma's formula is SymPy's derivative, and the tape's."""
    return _proof(run, "affine_input", "dJ/du = W^T dJ/dtau", lambda rows, columns: slice(rows * columns + rows, None))


def _proof(run, case_name, lemma, chosen):
    """Count the entries, over several shapes, at which the three formulas differ by exactly 0."""
    entries = [e for shape in SHAPES for e in list(zip(*_three_ways(*shape), strict=True))[chosen(*shape)]]
    proved = sum(sympy.expand(a - c) == 0 == sympy.expand(b - c) for a, b, c in entries)
    met = run.compare(run.cases[case_name]).met
    text = f"{lemma}: {proved} of {len(entries)} entries over {len(SHAPES)} shapes proved equal to SymPy's derivative and to the tape's"
    return Evidence(proved == len(entries) > 0 and met, text, {"entries_proved": proved, "entries": len(entries), "shapes": len(SHAPES)})


def _three_ways(rows, columns):
    """The derivatives of J(W u + b) by all entries of W, b and u: SymPy's, the tape's, the lemmas'."""
    circuit = trace(lambda W, b, u: _outer(W @ u + b), np.ones((rows, columns)), np.ones(rows), np.ones(columns))
    symbols, formula = formula_of(circuit)
    tape = circuit.gradient(value=False)
    by_tape = [e for k in tape.outputs for e in sympy.flatten(formula_of(tape.with_outputs((k,)))[1].tolist())]
    W, b, u = (sympy.Matrix(r, c, e) for r, c, e in _blocks(symbols, rows, columns))
    zs, outer = formula_of(trace(_outer, np.ones(rows)))
    at_z = dict(zip(zs, W * u + b, strict=True))
    dz = sympy.Matrix([outer.diff(z).subs(at_z, simultaneous=True) for z in zs])
    return [formula.diff(s) for s in symbols], by_tape, [*(dz * u.T), *dz, *(W.T * dz)]


def _blocks(symbols, rows, columns):
    size = rows * columns
    return (rows, columns, symbols[:size]), (rows, 1, symbols[size : size + rows]), (columns, 1, symbols[size + rows :])


@claim("C16")
def sums_proved(run):
    """d/dh_i sum_k h_k theta_k = theta_i for sums of up to six terms, and a sum of functions differentiated term by term."""
    gaps = []
    for n in range(1, 7):
        symbols, formula = formula_of(trace(lambda h, theta: np.sum(h * theta), np.ones(n), np.ones(n)))
        gaps += [formula.diff(symbols[i]) - symbols[n + i] for i in range(n)]
    terms = [np.sin, np.exp, np.tanh, lambda x: x**3, lambda x: np.log(1 + x * x)]
    (x,), whole = formula_of(trace(lambda x: sum(t(x) for t in terms), 0.5))
    parts = [formula_of(trace(t, 0.5)) for t in terms]
    gaps.append(whole.diff(x) - sum(part.diff(s) for (s,), part in parts).subs({s: x for (s,), _ in parts}))
    proved = sum(sympy.expand(gap) == 0 for gap in gaps)
    met = run.compare(run.cases["sum_of_products"]).met
    text = f"d/dh_i sum h_k theta_k = theta_i and (sum f_k)' = sum f_k': {proved} of {len(gaps)} identities proved by SymPy"
    return Evidence(proved == len(gaps) and met, text, {"identities_proved": proved, "identities": len(gaps)})


@claim("C07")
def every_elementwise_primitive(run):
    """dJ/dz = dJ/da sigma'(z) for each elementwise primitive that has a rule, at points of its domain."""
    records = [r for r in TABLE if r.elementwise and not r.decision]
    verdicts = {r.name: [_checked(r, point) for point in _points(r)] for r in records}
    failed = [name for name, outcomes in verdicts.items() if set(outcomes) != {"right"}]
    checked = sum(map(len, verdicts.values()))
    shown = not failed and len(records) > 0 and run.compare(run.cases["elementwise_map"]).met
    text = f"{len(records) - len(failed)} of {len(records)} elementwise primitives right at all of {checked} checks against the truth"
    text += f"; not so: {', '.join(failed)}" if failed else ""
    return Evidence(shown, text, {"primitives": len(records), "right": len(records) - len(failed), "checks": checked})


def _points(record, count=3):
    """Points of the primitive's own domain, drawn with fixed seeds; a condition is a fixed choice."""
    drawn = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        operands = [np.float64(Real(low=d.low, high=d.high).sample(rng)) for d in record.domains]
        drawn.append((seed % 2 == 0, *operands[1:]) if record.name == "where" else tuple(operands))
    return drawn


def _checked(record, point):
    """Whether the tape is right for a weighted sum of the primitive's result."""
    params = record.examples[0].params if record.examples else {}
    positions = tuple(i for i, x in enumerate(point) if isinstance(x, float))

    def weighted(*operands):
        return 1.5 * record(*operands, **params)

    return check(weighted, grad(weighted, positions), at=point, argnums=positions).outcome


NEEDED = ("add", "subtract", "multiply", "divide", "sin", "cos", "exp", "log", "expit", "tanh", "maximum", "logaddexp")


@claim("C19")
def every_rule_checked(run):
    """Each primitive with a rule, elementwise or not, against the truth; the operations of networks are among them."""
    records = [r for r in TABLE if not r.decision]
    outcomes = {r.name: {_checked(r, p) for p in _points(r, 1)} if r.elementwise else set(_examples_checked(r)) for r in records}
    right = [name for name, found in outcomes.items() if found == {"right"}]
    present = [name for name in NEEDED if name in right]
    text = f"{len(right)} of {len(records)} primitives with a rule right against the truth, {', '.join(present)} among them"
    text += "".join(f"; {name}: {', '.join(sorted(found)) or 'unchecked'}" for name, found in outcomes.items() if name not in right)
    shown = len(right) == len(records) and len(present) == len(NEEDED)
    return Evidence(shown, text, {"rules": len(records), "right": len(right), "needed": len(NEEDED), "needed_right": len(present)})


def _examples_checked(record):
    """The outcomes at the record's own examples: drawn operands of the shapes it names."""
    for example in record.examples:
        rng = np.random.default_rng(0)
        point = tuple(Real(o, low=0.3, high=2.0).sample(rng) if isinstance(o, tuple) else o for o in example.operands)
        yield _example_checked(record, tuple(np.float64(x) if np.ndim(x) == 0 else x for x in point), example.params)


def _example_checked(record, point, params):
    def weighted(*operands):
        result = record(*operands, **params)
        return np.sum(result * np.cos(np.arange(np.size(result))).reshape(np.shape(result)))

    positions = tuple(range(len(point)))
    return check(weighted, grad(weighted, positions), at=point, argnums=positions).outcome
