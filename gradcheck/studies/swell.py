"""How large a gradient is: written out by hand rules, with common subexpressions shared, and as a tape, as functions grow.

Cost model of all three: every addition, multiplication, division, power and function call is one operation; a minus sign in a sum is free, since it
makes a subtraction of an addition. Written out means that every entry is an expression of its own in the inputs. Such expressions are counted as trees,
without being formed: SymPy keeps equal parts once, and each part is counted once and added up as often as it stands there.

Griewank, On automatic differentiation, 1989, has Speelpenning's product, whose derivatives written out take l (l - 2) multiplications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.circuit import Circuit, trace
from gradcheck.gradients.symbolic import formula_of
from gradcheck.studies.fitting import Slope, slope, trend
from gradcheck.studies.study import Chart, Column, Statement, Study, Table, Weighed

Progress = Callable[[str], None]
SMALL = 16  # operations of f from which the tape's growth is judged: below, single operations show
LINEAR, BOUND = 0.05, 5.0  # how far the whole interval of the tape's slope against N may lie from 1; the most operations for each of f
WIDTH = 2  # of the nets


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Functions of growing size, and how theory says that their gradient written out grows: as size^p or as 2^(p size), with p `at_least` so much.

    Derivatives are written out up to the size `formed`. A product of l inputs has l derivatives of l - 2 multiplications; a composition d deep has d factors of up to d operations; where a function uses
    its argument twice, or a layer every unit of the last, each step doubles what is written.
    """

    name: str
    make: Callable[[int], tuple[Callable[..., Any], Any]]
    sizes: tuple[int, ...]
    formed: int
    grows: Literal["power", "factor"]
    at_least: float


def product(x: Any) -> Any:
    """Speelpenning's product of all inputs."""
    result = x[0]
    for i in range(1, len(x)):
        result = result * x[i]
    return result


def composition(depth: int) -> Callable[[Any], Any]:
    """A function that uses its argument once, nested: sin(sin(...))."""

    def composed(x: Any) -> Any:
        for _ in range(depth):
            x = np.sin(x)
        return x

    return composed


def iteration(steps: int) -> Callable[[Any], Any]:
    """A function that uses its argument twice, nested: the logistic map."""

    def iterated(x: Any) -> Any:
        for _ in range(steps):
            x = 3.5 * x * (1 - x)
        return x

    return iterated


def net(layers: int) -> Callable[[Any], Any]:
    """A tanh net of WIDTH units in every layer."""
    weights = [np.round(8 * np.cos(np.arange(WIDTH * WIDTH, dtype=float).reshape(WIDTH, WIDTH) + k)) / 8 for k in range(layers)]

    def network(x: Any) -> Any:
        for W in weights:
            x = np.tanh(W @ x)
        return np.sum(x)

    return network


GROWTHS = (
    Growth("product", lambda n: (product, np.linspace(0.9, 1.1, n)), (3, 4, 6, 8, 12, 16, 24, 32, 128, 256, 512), 32, "power", 1.5),
    Growth(
        "composition", lambda n: (composition(n), np.float64(0.3)), (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 128, 256, 512), 48, "power", 1.5
    ),
    Growth("iteration", lambda n: (iteration(n), np.float64(0.3)), (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 32, 64, 128), 9, "factor", 1.0),
    Growth("net", lambda n: (net(n), np.linspace(0.3, 0.4, WIDTH)), (1, 2, 3, 4, 5, 8, 16, 32, 64), 4, "factor", 1.0),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Operations of one function, and of its gradient in three forms; None where its derivatives were not formed."""

    growth: Growth
    size: int
    function: int
    written: int | None
    shared: int | None
    tape: int


def swell(*, growths: Sequence[Growth] = GROWTHS, seed: int = 0, progress: Progress = lambda what: None) -> Study:
    """Count the gradient's operations written out, shared and on the tape; beyond the sizes at which they are formed the tape alone."""
    sizes = [s for growth in growths for s in _sizes(growth, progress)]
    statements = [s for growth in growths for s in _statements(growth, [s for s in sizes if s.growth is growth], seed)]
    return Study("swell", "Expression swell", QUESTION, (_table(sizes),), tuple(statements), (_chart(sizes),), NOTES)


QUESTION = "How many operations does a gradient take when every entry is written out, when common subexpressions are shared, and as a tape?"
NOTES = (
    "Value and gradient together, in one cost model: additions, multiplications, divisions, powers and function calls count one each.",
    "Shared: SymPy's common subexpression elimination over all entries. It starts from the written-out form, and may not find the tape's way.",
    "SymPy forms the derivatives up to the size at which that takes about a second; beyond, the tape alone is counted.",
)


def _sizes(growth: Growth, progress: Progress) -> Iterator[Sizes]:
    for size in growth.sizes:
        progress(f"{growth.name} {size}")
        function, point = growth.make(size)
        circuit = trace(function, point)
        written, shared = _written_and_shared(circuit) if size <= growth.formed else (None, None)
        yield Sizes(growth, size, circuit.operations, written, shared, circuit.gradient().operations)


def _written_and_shared(circuit: Circuit) -> tuple[int, int]:
    """Operations of value and all derivatives, as trees, and after sharing."""
    import sympy

    symbols, formula = formula_of(circuit)
    entries = [formula, *(formula.diff(s) for s in symbols)]
    replacements, reduced = sympy.cse(entries, order="canonical")
    return tree_operations(entries), tree_operations([*(e for _, e in replacements), *reduced])


def _parts(expressions: Sequence[Any]) -> list[Any]:
    """Every different subexpression, operands before what uses them."""
    found: dict[Any, None] = {}
    waiting = [(e, False) for e in reversed(expressions)]
    while waiting:
        e, ready = waiting.pop()
        if ready:
            found[e] = None
        elif e not in found:
            waiting.append((e, True))
            waiting += [(a, False) for a in e.args]
    return list(found)


def tree_operations(expressions: Sequence[Any]) -> int:
    """Operations of expressions written out, equal parts as often as they stand there; counted without writing them out."""
    known: dict[Any, int] = {}  # by subexpression
    for part in _parts(expressions):
        known[part] = _own(part) + sum(known[a] for a in part.args)
    return sum(known[e] for e in expressions)


def _own(part: Any) -> int:
    """The operations of one part beside those of its operands."""
    if part.is_Atom:
        return 0
    if part.is_Mul:
        return sum(bool(a != -1) for a in part.args) - 1
    return (len(part.args) - 1) if part.is_Add else 1


# statements, tables and charts
def _statements(growth: Growth, sizes: Sequence[Sizes], seed: int) -> Iterator[Statement]:
    formed = [s for s in sizes if s.written is not None]
    yield _swell_statement(growth, formed, _growth(growth, formed, seed))
    yield _tape_statement(growth, [s for s in sizes if s.function >= SMALL], seed)


def _growth(growth: Growth, formed: Sequence[Sizes], seed: int) -> Slope:
    """The exponent of the size, or the logarithm to base 2 of the factor at each step."""
    sizes, written = [s.size for s in formed], [s.written or 1 for s in formed]
    return slope(sizes, written, seed=seed) if growth.grows == "power" else trend(sizes, np.log2(written), seed=seed)


def _swell_statement(growth: Growth, formed: Sequence[Sizes], found: Slope) -> Statement:
    verdict: Weighed = "shown" if found.low >= growth.at_least else "refuted" if found.high < growth.at_least else "not shown"
    first, last = formed[0], formed[-1]
    how = "as size^p, p" if growth.grows == "power" else "as 2^(p size), p"
    text = f"p = {found}; from size {first.size} to {last.size}: written out {first.written} to {last.written} operations, shared {first.shared} to {last.shared}"
    values = {
        "p": found.value,
        "low": found.low,
        "high": found.high,
        "written": float(last.written or 0),
        "shared": float(last.shared or 0),
    }
    return Statement(f"{growth.name}: the gradient written out grows {how} >= {growth.at_least:g}", verdict, text, values)


def _tape_statement(growth: Growth, sizes: Sequence[Sizes], seed: int) -> Statement:
    found, ratio = slope([s.function for s in sizes], [s.tape for s in sizes], seed=seed), max(s.tape / s.function for s in sizes)
    linear = found.near(1.0, LINEAR) and ratio <= BOUND
    verdict: Weighed = "shown" if linear else "refuted" if found.beyond(1 - LINEAR, 1 + LINEAR) or ratio > BOUND else "not shown"
    text = f"slope {found} of log operations against log N (allowed: {LINEAR:g} from 1), and at most {ratio:.3f} N; N = {sizes[0].function} to {sizes[-1].function}"
    values = {"slope": found.value, "low": found.low, "high": found.high, "ratio": ratio}
    return Statement(f"{growth.name}: the tape is linear in N", verdict, text, values)


FORMS = (("written", "written out"), ("shared", "common subexpressions shared"), ("tape", "tape"), ("function", "f alone"))


def _table(sizes: Sequence[Sizes]) -> Table:
    """One row for each form, so that a chart can tell them apart by series."""
    columns = (Column("growth", "functions"), Column("size", "size"), Column("function", "N", "operations"), Column("form", "form"), Column("operations", "operations", "operations"))  # fmt: skip
    rows = ((s.growth.name, s.size, s.function, form, getattr(s, field)) for s in sizes for field, form in FORMS)
    return Table("swell", "Operations of value and gradient, by form", columns, tuple(rows))


def _chart(sizes: Sequence[Sizes]) -> Chart:
    largest = {s.growth.name: s for s in sizes if s.written is not None}
    ends = (
        f"{name} of size {s.size}: {s.written} operations written out, {s.shared} shared, {s.tape} by the tape, {s.function} of f alone"
        for name, s in largest.items()
    )
    return Chart(
        "swell", "Operations of the gradient in three forms", "swell", "function", "operations", "form", "growth",
        caption="Written out, a gradient outgrows its function: as a power of it where operands stand side by side, exponentially where they are nested and used twice. A tape does not.",
        reading=f"Four lines for each function: the gradient in three forms, and f. {'; '.join(ends)}.",
    )  # fmt: skip
