"""Studies from the command line: exit codes, one JSON document, CSV that keeps every bit, text that stays text."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.rendering.document import study_document
from gradcheck.rendering.study import LINE, ROWS, WIDEST, csv_files, study_text
from gradcheck.studies.registry import STUDIES
from gradcheck.studies.study import Chart, Column, Rule, Statement, Study, Table


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["study", *arguments])


def test_the_command_knows_every_study():
    text = invoke("--help").stdout
    assert all(name in text for name in STUDIES)
    assert "Exits 0 if every statement is shown" in " ".join(text.split())


def test_a_study_is_text_and_exits_0_when_all_is_shown():
    result = invoke("training")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("3 of 3 statements shown\n")
    assert "shown: squared error: the loss falls until the rule stops it" in result.stdout


def test_json_is_one_document_with_every_bit():
    result = invoke("training", "--json")
    document = json.loads(result.stdout)
    study = STUDIES["training"]()
    assert (document["schema_version"], document["name"], document["met"]) == (1, "training", True)
    assert [tuple(row) for row in document["tables"][1]["rows"]] == list(study.tables[1].rows)
    assert [s["verdict"] for s in document["statements"]] == ["shown"] * 3
    assert document["charts"][0]["table"] == "curves"


def test_csv_files_keep_every_bit(tmp_path):
    result = invoke("training", "--csv", str(tmp_path / "out"))
    assert result.exit_code == 0
    assert "3 files written" in result.stderr
    with (tmp_path / "out" / "training-curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["training"], int(r["step"]), float(r["loss"])) for r in rows] == list(STUDIES["training"]().table("curves").rows)


def test_a_study_of_a_case(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text(
        "import numpy as np\nfrom gradcheck import case\n@case(x=0.75)\ndef f(x):\n    return np.exp(np.sin(x))\n"
    )
    monkeypatch.chdir(tmp_path)
    result = invoke("step-size", "--case", "a.py::f", "--json")
    assert result.exit_code == 0, result.output
    assert {row[0] for row in json.loads(result.stdout)["tables"][0]["rows"]} == {"f"}
    accurate = invoke("accuracy", "--cases", "a.py")
    assert accurate.exit_code == 0, accurate.output
    assert "the tape is more accurate than differences (measured)" in accurate.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        pytest.param(["shape"], 2, "'shape' is not one of 'scaling', 'step-size'", id="no such study"),
        pytest.param(["depth", "--case", "f"], 2, "only `step-size` studies a single case", id="a case for another study"),
        pytest.param(["depth", "--cases", "x"], 2, "depth has functions of its own", id="cases for another study"),
        pytest.param(["accuracy", "--cases", "nowhere.py"], 2, "no such file or folder", id="no such file"),
        pytest.param(["step-size", "--case", "f"], 2, "there is no folder 'cases'", id="no folder of cases"),
        pytest.param(["training", "--seed", "x"], 2, "not a valid integer", id="seed no number"),
        pytest.param(["training", "--csv", "taken"], 2, "taken", id="a file in the way"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, monkeypatch, arguments, code, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("")
    result = invoke(*arguments)
    assert result.exit_code == code
    assert what in result.stderr
    assert "Traceback" not in result.output


def test_a_case_that_cannot_be_studied_is_at_fault(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("import numpy as np\nfrom gradcheck import case\n@case(x=0.0)\ndef f(x):\n    return np.abs(x)\n")
    monkeypatch.chdir(tmp_path)
    result = invoke("step-size", "--case", "a.py::f")
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert "this point is a kink" in result.stderr


def test_help_and_names_import_no_numpy():
    code = "import sys, gradcheck.cli, gradcheck.studies.registry; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# rendering
HOSTILE = "<script>\x1b[31m\u202egnp|`$\\\n" + "x" * 10**5


def made(*, verdict="shown", rows=3):
    table = Table(
        "t",
        "Title " + HOSTILE,
        (Column("name", "name"), Column("value", "value", "s", measured=True)),
        tuple((HOSTILE, 1 / 3 + i) for i in range(rows)),
    )
    statement = Statement("said " + HOSTILE, verdict, "because " + HOSTILE, {"v": 1 / 3, "inf": float("inf")})
    chart = Chart("c", "C", "t", "name", "value", rules=(Rule("y", 2.0, "two"),))
    return Study("hostile", "Title", "Why?", (table,), (statement,), (chart,), ("note",))


def test_hostile_text_is_inert_and_bounded():
    text = study_text(made())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert max(map(len, text.splitlines())) <= LINE + 100
    assert all(len(line) < 2 * WIDEST + 40 for line in text.splitlines() if line.startswith("  <script>"))


def test_long_tables_are_cut_and_say_so():
    assert f"({ROWS} of 1000 rows" in study_text(made(rows=1000))
    assert "rows, evenly taken" not in study_text(made(rows=ROWS))


def test_a_statement_that_is_not_shown_is_seen():
    assert study_text(made(verdict="refuted")).endswith("0 of 1 statements shown")
    assert "refuted: said" in study_text(made(verdict="refuted"))
    assert not made(verdict="not shown").met


def test_documents_and_files_hold_everything():
    study = made(rows=1000)
    document = study_document(study)
    assert len(document["tables"][0]["rows"]) == 1000
    assert document["charts"][0]["rules"] == [{"axis": "y", "at": 2.0, "label": "two"}]
    files = dict(csv_files(study))
    assert set(files) == {"hostile-t.csv", "hostile-statements.csv"}
    read = list(csv.reader(files["hostile-t.csv"].splitlines(keepends=True)))
    assert float(read[1][1]) == 1 / 3
    assert "\x1b" not in files["hostile-t.csv"]
    assert len(read[1][0]) < 2100
