"""`gradcheck run --processes N`: the same report whatever N; a process that dies is told with its case. Generated cases are as stated."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import many_cases
import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.parallel import can_fork

pytestmark = pytest.mark.skipif(not can_fork(), reason="the system cannot fork: cases are compared in one process")
MEASURED = ("seconds",)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gradcheck.verdicts.proof.proofs", lambda processes, only: ())  # they take long, and are tested elsewhere
    many_cases.write(tmp_path / "cases", len(many_cases.KINDS))
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(main, ["run", "cases", *arguments])


def untimed(value):
    """A document without times."""
    if isinstance(value, dict):
        return {k: untimed(v) for k, v in value.items() if k not in MEASURED}
    return [untimed(v) for v in value] if isinstance(value, list) else value


def written(folder: Path) -> dict[str, object]:
    """Every file of a report by its name, without times."""
    found: dict[str, object] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        text = "" if path.suffix == ".woff2" else path.read_text()
        if path.suffix == ".json":
            found[name] = untimed(json.loads(text))
        elif path.suffix == ".html":
            found[name] = re.sub(r"[-+\d.e]*\d[-+\d.e]*( [mu]?s\b)?", "#", text)  # times stand in cells and in what they are sorted by
        elif path.suffix == ".csv":
            found[name] = [untimed(row) for row in csv.DictReader(text.splitlines())]
        else:
            found[name] = text.partition("## Measured")[0]
    return found


@pytest.mark.slow
def test_a_report_is_the_same_whatever_the_number_of_processes(folder):
    alone, together = invoke("--report", "one", "--processes", "1"), invoke("--report", "three", "--processes", "3")
    assert (alone.exit_code, together.exit_code) == (0, 0)
    assert alone.stdout == together.stdout
    assert "8 of 8 cases as stated" in alone.stdout
    one, three = written(folder / "one"), written(folder / "three")
    assert one == three
    assert len([name for name in one if name.startswith("cases/")]) == len([name for name in one if name.startswith("html/cases/")]) == 8
    assert not list(folder.rglob(".*"))


def test_a_process_that_dies_is_told_with_its_case_and_the_report_is_written(folder):
    (folder / "cases" / "dies.py").write_text(
        "import os\nfrom gradcheck import case\n\n\n@case(x=1.0)\ndef deadly(x):\n    os.kill(os.getpid(), 9)\n"
    )
    result = invoke("--report", "out", "--processes", "2")
    assert result.exit_code == 3
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("gradcheck:")]
    assert "case deadly" in line and "dies.py:5" in line and "was ended by signal 9" in line
    assert "8 of 9 cases as stated" in result.stdout
    assert "deadly" in (folder / "out" / "README.md").read_text()


def test_a_page_that_cannot_be_written_is_one_clear_line(folder):
    (folder / "out").mkdir()
    (folder / "out" / "cases").write_text("a file is in the way")
    result = invoke("--report", "out", "--processes", "2")
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert "cannot write the report" in line


def test_no_process_is_no_number_of_processes(folder):
    assert invoke("--processes", "0").exit_code == 2


def test_a_generated_folder_is_the_same_every_time():
    assert list(many_cases.generated(40)) == list(many_cases.generated(40))
    assert list(many_cases.generated(40)) != list(many_cases.generated(40, seed=1))
    assert sum(text.count("@case(") for _, text in many_cases.generated(60)) == 60
