"""Names, docstrings and messages that would do harm in a spreadsheet, in LaTeX or on a page: they come out as text.

The readers here are not ours: Python's csv, and a tokeniser of LaTeX that knows which letters are commands.
"""

from __future__ import annotations

import csv
import io
import re

import pytest

from gradcheck import case
from gradcheck.rendering.latex import latex_escape
from gradcheck.rendering.report import case_files, entry_rows, report_files
from gradcheck.rendering.tabular import csv_text, latex_text, markdown_text
from gradcheck.studies.collection import Cases
from gradcheck.studies.running import run
from gradcheck.studies.study import Column, Table

FORMULAS = ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd", "@SUM(A1)", "  =1+1", "\t=1+1", "\r=1+1", "＝1+1", '=HYPERLINK("http://x")']
TEXTS = [*FORMULAS, "<script>alert(1)</script>", "a|b`c`", "\\input{/etc/passwd}", "$x^2$ %&#_{}~", "\u202egnirts", "\x00\x1b]0;x\x07", "x" * 10**5,
         "line\nline", '"quoted", and "more"', "^^5cinput", "--", "?`!`", "\u2028x", "[1]", "*"]  # fmt: skip


def cell(text):
    return Table("t", "T", (Column("a", "a"), Column("b", "b")), ((text, 1.5),))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_spreadsheet_sees_no_formula_and_one_line(text):
    written = csv_text(cell(text))
    head, row = csv.reader(io.StringIO(written))
    assert row[1] == "1.5"
    assert row[0][:1] not in tuple("=+-@＝＋－＠\t\r")
    assert written.count("\n") == 2
    assert all(c.isprintable() for c in row[0])
    assert len(row[0]) < 2100


@pytest.mark.parametrize("number", [-1.5, -3, float("-inf")])
def test_a_negative_number_is_not_taken_for_a_formula(number):
    assert list(csv.reader(io.StringIO(csv_text(cell(number)))))[1][0] == repr(number)
    assert list(csv.reader(io.StringIO(csv_text(cell(str(number))))))[1][0] == str(number)


def test_the_unguarded_text_would_be_a_formula():
    out = io.StringIO()
    csv.writer(out).writerow([FORMULAS[0]])
    assert out.getvalue().startswith("=")


COMMANDS = r"\\textbackslash\{\}|\\textasciicircum\{\}|\\textasciitilde\{\}|\\textless\{\}|\\textgreater\{\}|\\textbar\{\}|\\char34\{\}|\\textasciigrave\{\}|\\textquotesingle\{\}|\\[{}$&#%_]|\{\}"


def active(latex: str) -> str:
    """What LaTeX would not print as it stands, once the commands for letters are taken out."""
    return "".join(re.findall(r"[\\{}$&#%_^~]|[^\x20-\x7e]", re.sub(COMMANDS, "", latex)))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_latex_prints_a_text_and_runs_nothing(text):
    assert active(latex_escape(text)) == ""
    row = latex_text(cell(text)).split("\\endfoot\n")[1].splitlines()
    assert len(row) == 2
    assert row[0].endswith(r" & $1.5$ \\")


@pytest.mark.parametrize("text", ["\\input{x}", "a_b", "50%", "$x$", "a & b", "\u202e"])
def test_what_is_not_escaped_is_seen(text):
    assert active(text) != ""


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_markdown_keeps_a_text_in_its_cell(text):
    line = markdown_text(cell(text)).splitlines()
    assert len(line) == 3
    assert len(re.findall(r"(?<!\\)\|", line[2])) == 3
    assert "<" not in line[2] and "\u202e" not in line[2] and len(line[2]) < 1500


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "../../outside", "=1+1", "x" * 10**5, "\u202ea|b`$\\"])
def test_a_hostile_case_makes_a_whole_report_inside_its_folder(name, tmp_path):
    def square(x):
        return x * x

    square.__name__, square.__doc__ = name, f"{name} {name}"
    made = case(x=3.0)(square)
    made.claimed_gradient(square, expect="wrong")
    result = run(Cases([made, case(x=1)(square)], [], []))
    files = {
        **dict(report_files(result, (), entries=map(entry_rows, result.cases))),
        **{n: t for c in result.cases for n, t in case_files(c)},
    }
    for path, text in files.items():
        assert (tmp_path / path).resolve().is_relative_to(tmp_path)
        assert len(path) < 120
        if not path.endswith(".json"):
            assert "\u202e" not in text
        if path.endswith(".md"):
            assert "<script>" not in text
            assert max(map(len, text.splitlines())) < 5000
