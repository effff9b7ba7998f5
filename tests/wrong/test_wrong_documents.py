"""Damaged documents must break their schema: for the package jsonschema and for our own reader."""

from __future__ import annotations

import json

import jsonschema
import pytest
import sample_marks

from gradcheck.rendering.schema import fault, schema_text
from tests import documents

SAMPLES = {
    "run": (documents.run_document, ()),
    "verdict": (lambda: documents.read(list(documents.verdicts())[1]), ()),
    "searched": (lambda: documents.read(list(documents.verdicts())[6]), ("search",)),
    "study": (documents.study_read, ()),
    "marks": (sample_marks.document, ()),
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_damage_is_refused(sample):
    make, optional = SAMPLES[sample]
    name = "verdict" if sample == "searched" else sample
    good, judge = make(), jsonschema.Draft202012Validator(json.loads(schema_text(name)))
    tried = list(documents.damaged(good, optional))
    assert [what for what, data in tried if judge.is_valid(data)] == []
    assert [what for what, data in tried if fault(data, name) is None] == []
    assert len(tried) > 60
    kinds = {what.split()[0] for what, _ in tried}
    assert kinds >= {"without", "extra", "nan", "inf"}


@pytest.mark.parametrize("outcome, ok", [("right", False), ("kink", False), ("wrong", True), ("undecided", True)])
def test_a_verdict_that_contradicts_itself_is_refused(outcome, ok):
    data = documents.read(next(documents.verdicts())) | {"outcome": outcome, "ok": ok}
    assert not jsonschema.Draft202012Validator(json.loads(schema_text("verdict"))).is_valid(data)
    assert fault(data, "verdict") is not None


def test_a_case_that_failed_and_yet_has_numbers_is_refused():
    data = documents.run_document()
    data["cases"][0]["error"] = "it failed"
    assert fault(data, "run") is not None
    assert not jsonschema.Draft202012Validator(json.loads(schema_text("run"))).is_valid(data)
