"""What the gradients of a run's cases cost, counted: value and gradient together against the function alone."""

from __future__ import annotations

from gradcheck.studies.running import RunResult
from gradcheck.studies.study import Chart, Column, Rule, Statement, Study, Table

BOUND = 5  # Baur and Strassen 1983; Griewank 1989: value and gradient together cost at most about five times the value
LARGE = 10  # operations from which on the ratio says something: a single power needs a logarithm for its two derivatives

COLUMNS = (
    Column("case", "case"),
    Column("inputs", "inputs l"),
    Column("function", "ops f"),
    Column("gradient", "ops f + gradient"),
    Column("ratio", "ratio"),
    Column("per_input", "ops of l + 1 evaluations"),
)


def costs(result: RunResult) -> Study:
    """Operation counts of every case that ran, their ratios against the bound, and what forward differences would take."""
    rows = []
    for case in result.cases:
        c = case.summary
        if c.ratio is not None and c.operations is not None and c.inputs is not None:
            rows.append((c.name, c.inputs, c.operations, c.gradient_operations, c.ratio, (c.inputs + 1) * c.operations))
    table = Table("costs", "Operations of every case", COLUMNS, tuple(rows))
    chart = Chart(
        "ratios", "Ratio of costs by size", "costs", x="function", y="ratio", kind="points", y_scale="linear", rules=(Rule("y", BOUND, f"bound {BOUND}"),),
        caption="Every case: how many times the function's operations its value and gradient take together.",
        reading=_reading(table),
    )  # fmt: skip
    return Study(
        "costs", "What the gradients of the cases cost", "How many operations do value and gradient take together, for every operation of the function?",
        (table,), (_bounded(table),), (chart,) if rows else (),
    )  # fmt: skip


def _large(table: Table) -> list[float]:
    return [r for n, r in zip(table.column("function"), table.column("ratio"), strict=True) if n >= LARGE]


def _bounded(table: Table) -> Statement:
    ratios, name = _large(table), f"ops(f and gradient) / ops(f) is at most {BOUND}"
    if not ratios:
        return Statement(name, "not shown", f"no case has {LARGE} operations")
    largest, cheaper = max(ratios), sum(r[3] < r[5] for r in table.rows)
    text = f"at most {largest:.3g} over {len(ratios)} cases of {LARGE} operations or more; cheaper than l + 1 evaluations in {cheaper} of {len(table.rows)} cases"
    return Statement(name, "shown" if largest <= BOUND else "refuted", text, {"largest": largest})


def _reading(table: Table) -> str:
    ratios = sorted(_large(table))
    if not ratios:
        return "No case is large enough to speak of."
    return f"Ratios of the {len(ratios)} cases of {LARGE} operations or more lie between {ratios[0]:.3g} and {ratios[-1]:.3g}, half of them below {ratios[len(ratios) // 2]:.3g}."
