"""Studies as data, and as pages of Markdown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck import load_cases
from gradcheck.rendering.study_page import MEASURED, ROWS, study_page
from gradcheck.studies.costs import BOUND, costs
from gradcheck.studies.running import RunResult, run
from gradcheck.studies.study import Chart, Column, Statement, Study, Table

COLUMNS = (Column("n", "N"), Column("ops", "operations"), Column("time", "time", "s", measured=True))
TABLE = Table("costs", "Costs | of <b>", COLUMNS, ((1, 2, 0.5), (2, 4, None), (4, 8.25, 2.0)))
STUDY = Study(
    "a", "A <study>", "Is it *so*?", (TABLE,),
    (Statement("exact", "shown", "slope 1"), Statement("timed", "refuted", "slope 1.3 | in all", measured=True)),
    (Chart("b", "B", "costs", "n", "ops", caption="A [line] up.", reading="It rises."),), ("a note",),
)  # fmt: skip


def test_a_table_gives_columns_and_records():
    assert TABLE.column("ops") == (2, 4, 8.25)
    assert list(TABLE.records())[1] == {"n": 2, "ops": 4, "time": None}


def test_what_is_pinned_leaves_out_what_is_measured():
    pinned = TABLE.pinned()
    assert [c.name for c in pinned.columns] == ["n", "ops"]
    assert pinned.rows == ((1, 2), (2, 4), (4, 8.25))


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="a row of 2 values under 3 columns"):
        Table("t", "T", COLUMNS, ((1, 2),))


def test_a_study_is_met_when_every_statement_is_shown():
    assert not STUDY.met
    assert Study("a", "A", "?", (), (Statement("x", "shown", ""),)).met


# Markdown
@pytest.fixture(scope="module")
def page():
    return study_page(STUDY)


def test_what_is_measured_stands_apart(page):
    pinned, _, measured = page.partition(MEASURED)
    assert "exact" in pinned
    assert "time" not in pinned
    assert "timed" in measured
    assert "| 4 | 8.25 | 2 |" in measured


def test_text_stays_text(page):
    assert "<b>" not in page
    assert "<study>" not in page
    assert "slope 1.3 \\| in all" in page
    assert "![It rises.](../figures/a-b.svg)" in page
    assert "*A \\[line\\] up.*" in page


def test_a_long_table_says_where_the_rest_is():
    table = Table("t", "T", (Column("n", "N"),), tuple((i,) for i in range(200)))
    text = study_page(Study("s", "S", "?", (table,)))
    assert f"{ROWS} of 200 rows; all are in [s-t.csv](../csv/s-t.csv)." in text
    assert text.count("\n| ") == ROWS + 1


# costs of cases
@pytest.fixture(scope="module")
def result(root):
    found = load_cases(root / "cases" / "networks.py")
    return run(found, chosen=list(found)[:4])  # no claims


def test_costs_of_cases_are_those_of_their_circuits(result):
    study = costs(result)
    by_name = {r["case"]: r for r in study.tables[0].records()}
    for case in result.cases:
        c = case.comparison
        row = by_name[case.case.name]
        assert (row["function"], row["gradient"], row["ratio"]) == (c.circuit.operations, c.circuit.gradient().operations, c.ratio)
        assert row["per_input"] == (c.inputs + 1) * c.circuit.operations
    assert study.met


def test_a_gradient_that_costs_too_much_refutes_the_bound(result):
    """The wrong twin: every counted gradient made to repeat itself."""
    study = costs(result)
    worst = max(study.tables[0].column("ratio"))
    assert study.statements[0].values["largest"] == worst <= BOUND

    cases = tuple(replace(c, summary=replace(c.summary, ratio=3 * c.summary.ratio)) for c in result.cases)
    assert costs(RunResult(cases, (), (), 0)).statements[0].verdict == "refuted"


def test_without_cases_nothing_is_shown():
    study = costs(RunResult((), (), (), 0))
    assert [s.verdict for s in study.statements] == ["not shown"]
    assert study.charts == ()
