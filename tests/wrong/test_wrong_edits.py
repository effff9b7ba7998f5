"""Wrong ways to plant mistakes, on purpose: the judgement that compares the edited circuit with the sweep in floats sees each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from gradcheck.circuit import edits as edits_module
from gradcheck.circuit.edits import INPUT, VALUE, Locus, _Planted
from gradcheck.diagnosis.functions import _written_otherwise
from gradcheck.diagnosis.mistakes import edits_at
from gradcheck.diagnosis.scene import Scene

right_part, right_total, right_write = _Planted.part, _Planted.total, _Planted._write


@pytest.fixture
def judgement(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The test of edits, whose judgement this is."""
    monkeypatch.syspath_prepend(root / "tests" / "unit")
    return import_module("test_edits")


def no_part(self, builder, k, position, g, part):
    return part


def part_of_the_other_operand(self, builder, k, position, g, part):
    return right_part(self, builder, k, 0, g, part)


def no_total(self, builder, k, parts, total):
    self.cotangents[k] = total
    return total


def parts_in_reverse(self, builder, k, parts, total):
    return right_total(self, builder, k, parts[::-1], total)


def cotangent_before_the_mistake(self, builder, k, parts, total):
    changed = right_total(self, builder, k, parts, total)
    self.cotangents[k] = total
    return total if self.edits.get(Locus(VALUE, k)) else changed


def no_result(self, builder, cotangents):
    return cotangents


def result_of_the_first(self, builder, cotangents):
    found = [self.edits.get(Locus(INPUT, j)) for j in range(len(cotangents))]
    return [cotangents[0] if e is not None else c for e, c in zip(found, cotangents)]


def reads_itself(self, builder, found, locus, values):
    return right_write(self, builder, found, locus, {n: values["d"] for n in values})


TWINS = [
    pytest.param("part", no_part, id="hops-left-alone"),
    pytest.param("part", part_of_the_other_operand, id="another-operand"),
    pytest.param("total", no_total, id="values-left-alone"),
    pytest.param("total", parts_in_reverse, id="parts-in-reverse"),
    pytest.param("total", cotangent_before_the_mistake, id="cotangent-before-the-mistake"),
    pytest.param("result", no_result, id="inputs-left-alone"),
    pytest.param("result", result_of_the_first, id="the-first-input"),
    pytest.param("_write", reads_itself, id="other-names"),
]


def disagreements(judgement: ModuleType, scene: Scene, edits) -> int:
    return sum(not judgement.alike(judgement.planted(scene, e), judgement.swept(scene, e)) for e in edits)


@pytest.mark.parametrize(("method", "twin"), TWINS)
def test_a_wrong_way_to_plant_is_seen(monkeypatch, judgement, method, twin) -> None:
    scene = judgement.scene("of one shape")
    edits = list(edits_at(scene.circuit, list(scene.parts)))[::2]
    assert disagreements(judgement, scene, edits) == 0
    monkeypatch.setattr(_Planted, method, twin)
    assert disagreements(judgement, scene, edits) > 0


def test_a_function_left_as_it_is_is_seen(monkeypatch, judgement) -> None:
    scene = judgement.scene("of one shape")
    edits = list(_written_otherwise(scene.circuit, sorted(scene.cotangents)))
    assert disagreements(judgement, scene, edits) == 0
    monkeypatch.setattr(edits_module, "other_function", lambda circuit, e: circuit)
    assert disagreements(judgement, scene, edits) > 0


def test_an_order_that_is_read_as_ones_is_seen(monkeypatch, judgement) -> None:
    scene = judgement.scene("getitem")
    swapped = [e for e in edits_at(scene.circuit, list(scene.parts)) if e.refs and e.kind == "swapped"]
    assert disagreements(judgement, scene, swapped) == 0
    written = edits_module.written
    ones = lambda text, setting, names, types, fixed: written(text, setting, names, types, {n: 0 * v + 1 for n, v in fixed.items()})
    monkeypatch.setattr(edits_module, "written", ones)
    assert disagreements(judgement, scene, swapped) > 0


@pytest.mark.parametrize("name", ["reductions", "cross entropy", "broadcasts"])
def test_equal_outcomes_are_not_all_there_is_to_see(judgement, name) -> None:
    """The judgement tells gradients apart: those of different mistakes differ."""
    scene = judgement.scene(name)
    found = [judgement.swept(scene, e) for e in edits_at(scene.circuit, list(scene.parts))][:60]
    known = [g for g in found if g is not None]
    assert sum(judgement.alike(a, b) for a, b in zip(known, known[1:])) < len(known) / 3
