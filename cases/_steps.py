"""Reading a scalar circuit as a graph: its steps by name, and the local derivative on every edge."""

from collections import defaultdict

from gradcheck import grad, trace
from gradcheck.circuit import Floats, trail


def steps(function, *point):
    """The values of a function's arguments and named steps, by name."""
    circuit = trace(function, *point)
    values = trail(circuit, Floats(), point)
    return {name: values[k] for k, name in circuit.names.items()}


def edges(function, *point):
    """Every edge of the graph as (from, to, local derivative), from the inputs to the output, by value number."""
    circuit = trace(function, *point)
    values = trail(circuit, Floats(), point)
    found = []
    for equation in circuit.equations:
        read = [values[i] for i in equation.inputs]
        for position, i in enumerate(equation.inputs):
            if i not in circuit.constants:
                found.append((i, equation.index, _local(equation, position, read)))
    return circuit, values, found


def _local(equation, position, read):
    return float(grad(lambda *operands: equation.primitive(*operands, **equation.params), position)(*read))


def adjoints(circuit, found):
    """The derivative of the output by every step: over each edge once, from the output back."""
    reached = defaultdict(float, {circuit.outputs[0]: 1.0})
    for start, end, local in reversed(found):
        reached[start] += reached[end] * local
    return {circuit.names.get(k, f"v{k}"): value for k, value in reached.items()}


def picture(circuit, values, found):
    """The graph as text: each step with its value, each edge with its local derivative and the gradient it carries."""
    names, carried = circuit.names, adjoints(circuit, found)

    def node(k):
        return f"{names.get(k, f'v{k}')}={float(values[k]):.6g}"

    def back(k):
        return carried[names.get(k, f"v{k}")]

    return [f"{node(a)} -[{d:.6g}]-> {node(b)} (back {back(b) * d:.6g})" for a, b, d in found]


def certified(comparison):
    """The value and the gradient as the truth has them at the first point, rounded to floats."""
    truth = comparison.points[0].truth
    return float(truth.value.mid()), truth.floats()
