"""What gradients cost as functions grow: operations counted exactly, time measured, and the orders O(N + l) and O(N l) weighed on both.

Cost model: every addition, multiplication, division, elementary function and comparison is one operation, for arrays by element; moving numbers is
free (docs/explanation/what-is-counted.md). N is the operations of f, l its inputs.

Bounds on ops(f and gradient) / ops(f): 5 for rational functions, by arithmetic operations (Baur and Strassen, The complexity of partial
derivatives, Theoretical Computer Science 22, 1983); 3 to 4, where memory accesses are weighed too (Griewank and Walther, Evaluating
Derivatives, 2nd ed. 2008, section 4.6, the cheap gradient principle). A Hessian times a vector: 7 to 10 evaluations of f (the same, section 5.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.studies.families import FAMILIES, RING, Family
from gradcheck.studies.fitting import Slope, slope
from gradcheck.studies.study import Chart, Column, Rule, Statement, Study, Table, Weighed
from gradcheck.studies.timing import Timing, in_turn
from gradcheck.studies.ways import CONTROL, TAPE, WAYS, Way, traced

Progress = Callable[[str], None]
COUNTED, MEASURED = 0.02, 0.15  # how far the whole interval of a slope may lie from the order claimed: of operations, of time
BAUR_STRASSEN, GRIEWANK, GRIEWANK_SECOND = 5.0, 4.0, 10.0
CROSSOVER = 16  # inputs up to which the crossover is looked for
CHEAP = ("tape", "HVP")  # methods whose operations for each of f are weighed against bounds
SHORT_ROUNDS = 15  # for the calls of microseconds at which times cross over


@dataclass(frozen=True, slots=True)
class Sample:
    """A cost at one size: operations, or a time with its quartiles and what ran it."""

    family: Family
    way: Way
    operations_of_f: int
    inputs: int
    operations: int | None = None
    timing: Timing | None = None
    engine: str = ""

    @property
    def cost(self) -> float:
        """Operations, or median seconds."""
        return float(self.operations or 0) if self.timing is None else self.timing.median

    @property
    def size(self) -> int:
        """N + l."""
        return self.operations_of_f + self.inputs


@dataclass(frozen=True, slots=True)
class Fit:
    """How fast one way's cost grows over one family, and what its order makes one expect."""

    family: Family
    way: Way
    against: str
    found: Slope
    expected: int
    allowed: float
    decades: float

    @property
    def verdict(self) -> Weighed:
        """Shown if the whole interval lies near what is expected, refuted if it lies elsewhere."""
        low, high = self.expected - self.allowed, self.expected + self.allowed
        return "shown" if self.found.within(low, high) else "refuted" if self.found.beyond(low, high) else "not shown"

    def __str__(self) -> str:
        return f"{self.family.name} {self.found} against {self.against}, {self.expected} expected"


def scaling(
    *,
    families: Sequence[Family] = FAMILIES,
    ways: Sequence[Way] = WAYS,
    control: Way | None = CONTROL,
    times: bool = True,
    seed: int = 0,
    progress: Progress = lambda what: None,
) -> Study:
    """Weigh what every way costs over every family; `control` is a way that the study must refute.

    `ways` may hold a gradient of one's own (`of_gradient`). Without `times`, everything is counted and nothing differs between machines.
    """
    everything = (*ways, control) if control is not None else tuple(ways)
    counted = list(_counted(families, everything, progress))
    fits = _fits(counted, COUNTED, seed)
    crossovers = [(f, _crossover(f)) for f in families if f.power is not None]
    summaries = [_slopes(fits, "slopes", "Slopes of log operations against log size", measured=False), _crossovers(crossovers)]
    first = families[0]
    samples = [_operations(counted), _ratios(counted), _glance(counted, first)]
    statements = [*_order_statements(fits, control, "operations"), *_ratio_statements(counted), *_crossover_statement(crossovers)]
    if times:
        timed = _timed(families, everything, progress)
        time_fits = _fits(timed, MEASURED, seed)
        summaries.insert(1, _slopes(time_fits, "time-slopes", "Slopes of log time against log size", measured=True))
        samples.append(_times(timed))
        statements += [*_order_statements(time_fits, control, "time"), *(_crossover_in_time(progress) if RING in families else [])]
    tables = (*summaries, *samples)
    return Study(
        "scaling",
        "What gradients cost as functions grow",
        QUESTION,
        tables,
        tuple(statements),
        (_at_a_glance(first, fits), *_charts(fits, counted, times)),
        NOTES,
    )


QUESTION = (
    "Does a gradient by reverse mode cost O(N + l), and so a Hessian times a vector, where differences cost O(N l)? N is the number of operations of f, "
    "l of its inputs."
)
NOTES = (
    "Slopes are least squares of log cost against log size, with 95 % intervals of a bootstrap over pairs.",
    "Times are processor time: medians with quartiles over rounds in which all calls take turns. Slopes of time cannot tell N from N log N; slopes of operations can.",
    "Loops of more than 2000 operations are reversed without a search for common subexpressions: on `pairs` 2.8 operations for each of f become 3.0.",
    "Baur and Strassen's bound is proved for rational functions; here it is held against elementary functions too, each counted as one operation.",
    "Where N is proportional to l, slopes are against l: 1 for O(N + l), 2 for O(N l). Elsewhere they are against N + l or N l.",
)


# counting and timing
def _taken(families: Sequence[Family], ways: Sequence[Way], timed: bool) -> Iterator[tuple[Family, int, list[Way]]]:
    """Every family at every size, with the ways meant for it."""
    for family in families:
        for size in family.timed if timed else family.sizes:
            only = [w for w in ways if family.name in ((w.timed_on if timed else w.only) or (family.name,))]
            if only:
                yield family, size, only


def _counted(families: Sequence[Family], ways: Sequence[Way], progress: Progress) -> Iterator[Sample]:
    for family, size, chosen in _taken(families, ways, timed=False):
        progress(f"counting {family.name} {size}")
        member = family.make(size)
        circuit = traced(member)
        for way in chosen:
            if member.inputs <= way.counted:
                yield Sample(family, way, circuit.operations, member.inputs, way.operations(member, circuit))


def _timed(families: Sequence[Family], ways: Sequence[Way], progress: Progress) -> list[Sample]:
    """Times, taken in turn among all sizes and ways of a family."""
    samples = []
    for family in families:
        calls, places = {}, []
        for _, size, chosen in _taken([family], ways, timed=True):
            progress(f"preparing {family.name} {size}")
            member = family.make(size)
            circuit = traced(member)
            for way in chosen:
                if member.inputs <= way.timed:
                    call = way.call(member, circuit)
                    calls[way.name, size] = call.run
                    places.append((way, size, circuit, member.inputs, call.engine))
        if not calls:
            continue
        times = in_turn(calls, progress=lambda what, name=family.name: progress(f"{name}: {what}"))  # type: ignore[misc]
        samples += [
            Sample(family, way, c.operations, inputs, None, times[way.name, size], engine) for way, size, c, inputs, engine in places
        ]
    return samples


def _fits(samples: Sequence[Sample], allowed: float, seed: int) -> list[Fit]:
    """The slope of every way over every family at which it has four sizes or more."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for s in samples:
        groups.setdefault((s.way.name, s.family.name), []).append(s)
    return [_fit(group, allowed, seed) for group in groups.values() if len(group) >= 4]


def _fit(group: Sequence[Sample], allowed: float, seed: int) -> Fit:
    family, way = group[0].family, group[0].way
    by_inputs = family.power == 1
    sizes = [float(s.inputs) if by_inputs else float(way.order.size(s.operations_of_f, s.inputs)) for s in group]
    found = slope(sizes, [s.cost for s in group], seed=seed)
    decades = math.log10(max(s.size for s in group) / min(s.size for s in group))
    return Fit(family, way, "l" if by_inputs else way.order.name, found, way.order.degree if by_inputs else 1, allowed, decades)


# statements
def _order_statements(fits: Sequence[Fit], control: Way | None, what: str) -> Iterator[Statement]:
    for name in dict.fromkeys(f.way.name for f in fits):
        of_way = [f for f in fits if f.way.name == name]
        way = of_way[0].way
        verdicts = {f.verdict for f in of_way}
        found: Weighed = "refuted" if "refuted" in verdicts else "not shown" if "not shown" in verdicts else "shown"
        title = f"{name} O({way.order.name}), by {what}"
        if control is not None and name == control.name:
            found, title = ("shown" if found == "refuted" else "refuted"), f"a gradient {name} is refuted as O({way.order.name}), by {what}"
        evidence = f"slopes (allowed: {of_way[0].allowed:g} from what is expected): {'; '.join(map(str, of_way))}"
        values = {f"{f.family.name}_{part}": getattr(f.found, field) for f in of_way for part, field in _PARTS}
        values |= {f"{f.family.name}_decades": f.decades for f in of_way}
        yield Statement(title, found, evidence, values, measured=what == "time")


_PARTS = (("slope", "value"), ("low", "low"), ("high", "high"))


def _ratio_statements(counted: Sequence[Sample]) -> Iterator[Statement]:
    """The constants behind the orders, against the bounds of theory."""
    bounds = (
        ("tape", BAUR_STRASSEN, "Baur and Strassen 1983"),
        ("tape", GRIEWANK, "Griewank and Walther 2008"),
        ("HVP", GRIEWANK_SECOND, "Griewank and Walther 2008"),
    )
    for name, bound, source in bounds:
        ratios = [(s.cost / s.operations_of_f, s) for s in counted if s.way.name == name]
        if not ratios:
            continue
        worst, where = max(ratios, key=lambda r: r[0])
        what = "f and gradient" if name == "tape" else "Hessian times vector"
        text = f"at most {worst:.3f} times ops(f), at {where.family.name} with l = {where.inputs}, N = {where.operations_of_f}"
        verdict: Weighed = "shown" if worst <= bound else "refuted"
        yield Statement(f"ops({what}) <= {bound:g} ops(f) ({source})", verdict, text, {"ratio": worst, "bound": bound})


def _crossover(family: Family) -> int | None:
    """The smallest l at which one gradient costs fewer operations than l + 1 evaluations, as forward differences need."""
    for member in map(family.make, range(1, CROSSOVER + 1)):
        circuit = traced(member)
        if TAPE.operations(member, circuit) < (member.inputs + 1) * circuit.operations:
            return member.inputs
    return None


def _crossover_statement(found: Sequence[tuple[Family, int | None]]) -> list[Statement]:
    known = {f.name: n for f, n in found if n is not None}
    if not found:
        return []
    text = ", ".join(f"{f.name} {f'not up to l = {CROSSOVER}' if n is None else f'from l = {n}'}" for f, n in found)
    verdict: Weighed = "shown" if len(known) == len(found) else "refuted"
    return [
        Statement("the tape takes fewer operations than l + 1 evaluations", verdict, text, {f"{k}_inputs": n for k, n in known.items()})
    ]


def _crossover_in_time(progress: Progress) -> list[Statement]:
    """The same by time, on the ring: from which l on the tape is quicker at every size measured."""
    calls: dict[tuple[str, int], Callable[[], Any]] = {}
    for n in range(1, CROSSOVER + 1):
        member = RING.make(n)
        calls["f", n] = lambda m=member: m.function(*m.arguments)  # type: ignore[misc]
        calls["tape", n] = TAPE.call(member, traced(member)).run
    times = in_turn(calls, rounds=SHORT_ROUNDS, progress=lambda what: progress(f"crossover: {what}"))
    slower = [n for n in range(1, CROSSOVER + 1) if times["tape", n].median >= (n + 1) * times["f", n].median]
    first = max(slower, default=0) + 1
    shown = first <= CROSSOVER
    verdict: Weighed = "shown" if shown else "refuted"
    text = f"from l = {first} on, of l = 1 to {CROSSOVER} on the ring" if shown else f"not up to l = {CROSSOVER} on the ring"
    return [Statement("the tape takes less time than l + 1 evaluations", verdict, text, {"inputs": first}, measured=True)]


# tables and charts
_WHERE = (
    Column("family", "family"),
    Column("regime", "regime"),
    Column("way", "method"),
    Column("inputs", "l", "inputs"),
    Column("operations_of_f", "N", "operations"),
    Column("size", "N + l"),
)


def _measured(name: str, heading: str, unit: str = "") -> Column:
    """A column that differs between machines."""
    return Column(name, heading, unit, measured=True)


def _where(s: Sample) -> tuple[Any, ...]:
    return s.family.name, s.family.regime, s.way.name, s.inputs, s.operations_of_f, s.size


def _operations(counted: Sequence[Sample]) -> Table:
    columns = (*_WHERE, Column("operations", "operations", "operations"))
    return Table("operations", "Operations, counted", columns, tuple((*_where(s), s.operations) for s in counted))


def _crossovers(found: Sequence[tuple[Family, int | None]]) -> Table:
    title, columns = (
        "From where the tape takes fewer operations than l + 1 evaluations",
        (Column("family", "family"), Column("regime", "regime"), Column("inputs", "from l")),
    )
    return Table("crossovers", title, columns, tuple((f.name, f.regime, n) for f, n in found))


def _ratios(counted: Sequence[Sample]) -> Table:
    """Operations per operation of f, for ways that claim O(N + l) and keep it."""
    rows = tuple((*_where(s), s.cost / s.operations_of_f) for s in counted if s.way.name in CHEAP)
    return Table("ratios", "Operations for each operation of f", (*_WHERE, Column("ratio", "operations / N")), rows)


def _glance(counted: Sequence[Sample], family: Family) -> Table:
    """One family alone, against its inputs: the picture that tells the theorem."""
    rows = tuple((s.way.name, s.inputs, s.cost) for s in counted if s.family is family)
    columns = (Column("way", "method"), Column("inputs", "inputs l"), Column("operations", "operations"))
    return Table("glance", f"Operations of one gradient of the {family.name}", columns, rows)


def _times(timed: Sequence[Sample]) -> Table:
    columns = (
        *_WHERE, _measured("seconds", "median", "s"), _measured("low", "lower quartile", "s"), _measured("high", "upper quartile", "s"),
        _measured("rounds", "rounds"), _measured("engine", "run by"),
    )  # fmt: skip
    rows = ((*_where(s), s.timing.median, s.timing.low, s.timing.high, s.timing.rounds, s.engine) for s in timed if s.timing is not None)
    return Table("times", "Processor time of one call", columns, tuple(rows))


def _slopes(fits: Sequence[Fit], name: str, title: str, *, measured: bool) -> Table:
    columns = (
        Column("way", "method"), Column("order", "order claimed"), Column("family", "family"), Column("regime", "regime"), Column("against", "against"),
        Column("points", "sizes"), Column("decades", "decades of N + l"), Column("slope", "slope", "", measured), Column("low", "low", "", measured),
        Column("high", "high", "", measured), Column("expected", "expected"), Column("allowed", "within"), Column("verdict", "verdict", "", measured),
    )  # fmt: skip
    rows = (
        (f.way.name, f"O({f.way.order.name})", f.family.name, f.family.regime, f.against, f.found.points, f.decades, f.found.value, f.found.low,
         f.found.high, f.expected, f.allowed, f.verdict) for f in fits
    )  # fmt: skip
    return Table(name, title, columns, tuple(rows))


def _slopes_in_words(fits: Sequence[Fit]) -> str:
    """The slopes of every method, least and largest."""
    found: dict[str, list[float]] = {}
    for f in fits:
        found.setdefault(f"{f.way.name} against {f.against}", []).append(f.found.value)
    ends = ((name, f"{min(v):.2f}", f"{max(v):.2f}") for name, v in found.items())
    return "; ".join(f"{name} {low}" if low == high else f"{name} {low} to {high}" for name, low, high in ends) or "too few sizes to tell"


def _at_a_glance(family: Family, fits: Sequence[Fit]) -> Chart:
    return Chart(
        "glance", "One gradient, as inputs grow", "glance", "inputs", "operations", "way",
        caption=f"Operations of one gradient of the {family.name}. Slope 1 on these axes grows as the inputs do, slope 2 as their square.",
        reading=f"A line for each method. Slopes: {_slopes_in_words([f for f in fits if f.family is family])}.",
    )  # fmt: skip


def _charts(fits: Sequence[Fit], counted: Sequence[Sample], times: bool) -> tuple[Chart, ...]:
    operations = Chart(
        "operations", "Operations as functions grow", "operations", "size", "operations", "way", "family",
        caption="On doubly logarithmic axes O(N + l) has slope 1; O(N l) is steeper wherever l grows with N, with slope 2 where l is proportional to it.",
        reading=f"A line for each method, a panel for each family. Slopes: {_slopes_in_words(fits)}.",
    )  # fmt: skip
    ratio = Chart(
        "ratios", "What each operation of f costs", "ratios", "size", "ratio", "way", "family", y_scale="linear",
        rules=(Rule("y", BAUR_STRASSEN, "Baur and Strassen: 5"), Rule("y", GRIEWANK_SECOND, "Griewank, second order: 10")),
        caption="How many operations of value and gradient, or of a Hessian times a vector, stand for each operation of f: a line that stays level is O(N + l).",
        reading=f"A line for each method, a panel for each family. {_ratios_in_words(counted)}.",
    )  # fmt: skip
    time = Chart(
        "times", "Time as functions grow", "times", "size", "seconds", "way", "family", low="low", high="high",
        caption="Processor time of one call, medians with quartiles: its slope is that of the operations, once functions are large enough that the call itself costs little.",
        reading="A line for each method with its quartiles, a panel for each family. The table of slopes tells how steep they are.",
    )  # fmt: skip
    return (operations, ratio, time) if times else (operations, ratio)


def _ratios_in_words(counted: Sequence[Sample]) -> str:
    """Between which ratios every method stays."""
    found: dict[str, list[float]] = {}
    for s in counted:
        if s.way.name in CHEAP:
            found.setdefault(s.way.name, []).append(s.cost / s.operations_of_f)
    return "; ".join(f"{name}: {min(v):.2f} to {max(v):.2f}" for name, v in found.items()) or "No method claims O(N + l)"
