"""The published schemas: real documents keep to them, for the package jsonschema and for our own reader alike."""

from __future__ import annotations

import json

import jsonschema
import pytest
import sample_marks
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.errors import UsageError
from gradcheck.grading.exports import gradescope_results
from gradcheck.rendering.schema import NAMES, fault, schema_text
from tests import documents


def validator(name):
    return jsonschema.Draft202012Validator(json.loads(schema_text(name)))


def complaints(data, name):
    return [f"{e.json_path}: {e.message[:200]}" for e in validator(name).iter_errors(data)]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name):
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:gradcheck:{name}:1"


@pytest.mark.parametrize("name", ["run", "verdict", "study"])
def test_objects_are_closed_and_name_what_they_need(name):
    """Strict: no object takes keys it does not know, but those whose keys are anybody's."""
    schema = json.loads(schema_text(name))
    for at in documents.places(schema):
        here = documents.part(schema, at)
        if isinstance(here, dict) and here.get("type") == "object" and "properties" in here:
            assert here["additionalProperties"] is False, at
            others = (
                {"search", "workers", "exhibit", "finding"} if name != "gradescope" else set(here["properties"])
            )  # Gradescope's fields are not for us to require
            assert set(here["properties"]) - set(here["required"]) <= others, at


def test_there_is_no_schema_of_another_name():
    with pytest.raises(UsageError, match="there are run, verdict, study, assignment"):
        schema_text("grade")


def test_the_committed_report_keeps_to_its_schema(root):
    data = json.loads((root / "reports" / "report.json").read_text())
    assert complaints(data, "run") == []
    assert fault(data, "run") is None


def test_a_run_keeps_to_its_schema():
    data = documents.run_document()
    assert complaints(data, "run") == []
    assert fault(data, "run") is None
    assert [c["outcome"] for c in data["cases"]] == ["right", "kink", "undecided"]
    assert "boo" in data["cases"][2]["error"]
    assert data["claims"][0]["values"] == {"inf": "inf", "nan": "nan", "slope": 0.1 + 0.2, "minus zero": -0.0, "n": 3}


def test_verdicts_keep_to_their_schema():
    found = [documents.read(v) for v in documents.verdicts()]
    for data in found:
        assert complaints(data, "verdict") == [], data["reason"]
        assert fault(data, "verdict") is None
    assert {v["outcome"] for v in found} >= {"right", "wrong", "kink"}
    assert any("search" in v for v in found)
    assert any(v["findings"] for v in found)


def test_a_study_keeps_to_its_schema():
    data = documents.study_read()
    assert complaints(data, "study") == []
    assert fault(data, "study") is None
    assert data["tables"][0]["rows"] == [[1, 2, 1e-5], [10, 20, None], [100, 200, "inf"]]
    assert data["met"] is True


SAMPLES = {
    "run": documents.run_document,
    "verdict": lambda: documents.read(list(documents.verdicts())[1]),
    "study": documents.study_read,
    "marks": sample_marks.document,
    "gradescope": lambda: gradescope_results(
        sample_marks.small_class().submissions[0], sample_marks.assignment(), leaderboard=[("a", 1.0)]
    ),
    "assignment": documents.assignment_read,
}


@pytest.mark.parametrize("name", NAMES)
def test_our_reader_and_jsonschema_agree_on_every_other_value(name):
    """At every place, values of every type: both take them, or neither does."""
    good, judge = SAMPLES[name](), validator(name)
    disagree, taken, refused = [], 0, 0
    for at in documents.places(good):
        if any(isinstance(key, int) and key > 0 for key in at[2:]):
            continue  # what follows the first of a list is alike
        for other in (None, True, -1, 1.5, "", "right", {}):
            data = documents.changed(good, at, other)
            ours = fault(data, name) is None
            taken, refused = taken + ours, refused + (not ours)
            if ours != judge.is_valid(data):
                disagree.append((at, other, fault(data, name)))
    assert disagree == []
    assert taken > 20 and refused > 100


@pytest.mark.parametrize("name", NAMES)
def test_the_command_prints_the_schema(name):
    result = CliRunner().invoke(main, ["schema", name])
    assert (result.exit_code, result.stdout) == (0, schema_text(name))


def test_the_command_prints_the_schema_of_runs_by_default():
    assert CliRunner().invoke(main, ["schema"]).stdout == schema_text("run")


def test_a_fault_says_where_what_and_what_was_expected():
    data = documents.run_document()
    data["cases"][1]["outcome"] = "rigth"
    assert fault(data, "run") == 'cases[1].outcome is "rigth", expected one of right, wrong, kink, undecided'
    assert fault([], "run") == "the document is [], expected object"
    assert fault({"x" * 10**5: 1}, "run") == "the document has no key 'schema_version'"
