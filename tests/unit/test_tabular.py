"""A run's tables, and the same table as CSV, LaTeX and Markdown."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from gradcheck.rendering.report import PRINTED, case_files, entry_rows, report_files
from gradcheck.rendering.tabular import csv_text, latex_text, markdown_text
from gradcheck.studies.study import Column, Table
from gradcheck.studies.tables import CASES, CLAIMED, CLAIMS, ENTRIES, METHODS, VALUES, entries_table, only, tables
from tests import documents


@pytest.fixture(scope="module")
def result():
    return documents.result()


@pytest.fixture(scope="module")
def found(result):
    return {t.name: t for t in tables(result)}


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_tables_of_a_run(found):
    assert {n: t.columns for n, t in found.items()} == {
        "cases": CASES, "methods": METHODS, "claimed": CLAIMED, "claims": CLAIMS, "values": VALUES,
    }  # fmt: skip
    assert found["cases"].column("case") == ("tanh_of_dot", "kinked", "crash")
    assert found["cases"].column("outcome") == ("right", "kink", "at fault")
    assert found["cases"].column("met") == ("yes", "yes", "no")
    assert found["cases"].column("inputs") == (4, 1, None)
    assert found["claims"].column("verdict") == ("shown", "refuted", "not shown")
    assert set(found["methods"].column("case")) == {"tanh_of_dot", "kinked"}


def test_claimed_gradients_with_the_mistakes_named(found):
    first, second = found["claimed"].records()
    assert (first["outcome"], first["met"], first["kinds"]) == ("right", "yes", "")
    assert (second["outcome"], second["met"], second["kinds"], second["expected_kinds"]) == (
        "wrong",
        "yes",
        "missing-factor",
        "missing-factor",
    )


def test_entries_hold_every_entry_of_every_gradient_beside_the_truth(result):
    comparison = result.cases[0].comparison
    table = entries_table(comparison)
    assert table.columns == ENTRIES
    frame = comparison.frame()
    assert len(table.rows) == len(frame)
    assert table.column("gradient") == tuple(frame["gradient"])
    assert table.column("truth") == tuple(frame["truth"])
    assert set(table.column("entry")) == {"0", "1"}
    tape = [r for r in table.records() if r["method"] == "tape" and r["point"] == 0]
    (w, x) = comparison.points[0].problem.inputs
    expected = np.concatenate([x, w]) / np.cosh(w @ x) ** 2
    assert [r["gradient"] for r in tape] == pytest.approx(expected, rel=1e-12)


def test_what_is_measured_is_marked_and_can_be_left_out(found):
    assert [c.name for c in found["cases"].pinned().columns][-2:] == ["claims", "error"]
    assert "seconds" not in [c.name for t in found.values() for c in t.pinned().columns]
    assert "digits" not in [c.name for c in found["methods"].pinned().columns]


def test_some_columns_in_another_order(found):
    table = only(found["cases"], "outcome", "case")
    assert table.rows[0] == ("right", "tanh_of_dot")
    with pytest.raises(ValueError, match="colour"):
        only(found["cases"], "colour")


def test_the_files_of_a_report(result):
    files = dict(report_files(result, (), entries=map(entry_rows, result.cases)))
    assert set(files) == {
        "README.md", "report.json", "primitives.md", *(f"csv/{n}.csv" for n in ("cases", "methods", "claimed", "claims", "values", "entries")),
        *(f"latex/{n}.tex" for n in PRINTED),
    }  # fmt: skip
    rows = read(files["csv/entries.csv"])
    assert {r["case"] for r in rows} == {"tanh_of_dot", "kinked"}
    assert len(rows) == sum(len(c.comparison.frame()) for c in result.cases if c.comparison)
    assert [n for c in result.cases for n, _ in case_files(c)] == ["cases/tanh_of_dot.md", "cases/kinked.md", "cases/crash.md"]


TABLE = Table(
    "sizes", "Sizes & times", (Column("n", "N"), Column("time", "time", "s", measured=True), Column("what", "what", "")),
    ((10, 1.25e-5, "a_b"), (np.int64(-3), float("-inf"), None), (True, float("nan"), "x" * 60), (0, -0.0, "[1]"), (2, 1e22, "--")),
)  # fmt: skip


def test_csv():
    text = csv_text(TABLE)
    assert text == f"n,time,what\n10,1.25e-05,a_b\n-3,-inf,\nTrue,nan,{'x' * 60}\n0,-0.0,[1]\n2,1e+22,'--\n"
    assert csv_text(TABLE, head=False) == text.partition("\n")[2]


def test_markdown():
    lines = markdown_text(TABLE).splitlines()
    assert lines[0] == "| N | time (s) | what |"
    assert lines[2] == "| 10 | 1.25e-05 | a\\_b |"
    assert lines[3] == "| -3 | -inf |  |"


def test_latex():
    text = latex_text(TABLE)
    assert text.startswith(
        "% needs \\usepackage{booktabs,longtable,array,textcomp}\n\\begin{longtable}{rr>{\\raggedright\\arraybackslash}p{0.65\\linewidth}}\n"
    )
    assert r"\caption{Sizes \& times}\label{tab:sizes} \\" in text
    assert r"N & time (s) & what \\" in text
    assert r"$10$ & $1.25 \times 10^{-5}$ & a\_b \\" in text
    assert r"$-3$ & $-\infty$ &  \\" in text
    assert r"True & $\mathrm{NaN}$ & " in text
    assert r"$0$ & $0$ & {}[1] \\" in text
    assert r"$2$ & $1 \times 10^{22}$ & -{}- \\" in text
    assert text.endswith("\\end{longtable}\n")
    assert text.isascii()


def test_a_unit_stands_in_the_heading():
    assert [c.titled for c in TABLE.columns] == ["N", "time (s)", "what"]
    assert Column("N", "operations", "operations").titled == "operations"
