"""`gradcheck compare-reports OLD NEW`: what it reads, and one clear line for what it cannot read."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.rendering.document import dumps
from tests import documents


@pytest.fixture(scope="module")
def good():
    return dumps(documents.run_document())


def invoke(*arguments):
    return CliRunner().invoke(main, ["compare-reports", *map(str, arguments)])


def test_the_committed_report_has_not_changed_from_itself(root):
    result = invoke(root / "reports", root / "reports" / "report.json")
    assert (result.exit_code, result.stdout) == (0, "0 worse, 0 better, 0 changed otherwise, 0 within noise\n")


def without(key):
    return lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != key})


UNREADABLE = {
    "garbage": (lambda text: "\x00\xff garbage", "no JSON"),
    "empty": (lambda text: "", "no JSON"),
    "truncated": (lambda text: text[: len(text) // 2], "no JSON"),
    "NaN": (lambda text: text.replace('"ratio": 2', '"ratio": NaN, "x": 2', 1), "NaN is no number of JSON"),
    "a list": (lambda text: "[]", "no report of a run: the document is [], expected object"),
    "another document": (lambda text: '{"name": "gradcheck"}', "no report of a run: the document has no key 'schema_version'"),
    "a missing key": (without("cases"), "no report of a run: the document has no key 'cases'"),
    "another version": (
        lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
        "schema version 2, this gradcheck reads 1",
    ),
    "deep": (lambda text: "[" * 10**5, "no JSON"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("first", [True, False])
def test_what_cannot_be_read_is_one_clear_line_and_exits_2(good, tmp_path, kind, first):
    make, what = UNREADABLE[kind]
    (tmp_path / "good.json").write_text(good)
    (tmp_path / "bad.json").write_text(make(good))
    names = [tmp_path / "bad.json", tmp_path / "good.json"]
    result = invoke(*(names if first else names[::-1]))
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    assert "bad.json" in line and what in line
    assert len(line) < 500


def test_bytes_that_are_no_text(good, tmp_path):
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good.json").write_text(good)
    result = invoke(tmp_path / "bad.json", tmp_path / "good.json")
    assert result.exit_code == 2
    assert "bad.json: no JSON" in result.stderr


@pytest.mark.parametrize("make", [lambda p: p / "nowhere", lambda p: p], ids=["no such file", "a folder without a report"])
def test_a_missing_report(tmp_path, make):
    result = invoke(make(tmp_path), make(tmp_path))
    assert result.exit_code == 2
    assert "cannot be read: No such file or directory" in result.stderr


def test_the_help_teaches():
    text = invoke("--help").stdout
    for part in ("run cases --report before", "OLD and NEW", "Exits 0 when nothing is worse, 1 when something is, 2"):
        assert part in " ".join(text.split())


@pytest.mark.parametrize("command", [["--help"], ["compare-reports", "--help"], ["schema", "run"]])
def test_help_and_schemas_import_no_numpy(command):
    code = f"import sys; from gradcheck.cli import main; main({command!r}, standalone_mode=False); print('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.splitlines()[-1] == "False"
