"""Wrong drawings, on purpose: a fold that loses rounds, numbers on the wrong wire, labels over each other, steps out of order."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gradcheck import trace
from gradcheck.rendering.graph import folding as folding_module
from gradcheck.rendering.graph.build import picture
from gradcheck.rendering.graph.folding import Folding, Part, folded
from gradcheck.rendering.graph.labels import Box
from gradcheck.rendering.graph.layout import layout


@pytest.fixture
def judgement(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tests of drawings, whose judgements these are."""
    monkeypatch.syspath_prepend(root / "tests" / "unit")
    return import_module("test_graph_drawing")


def repeated(x):
    h = x
    for _ in range(50):
        h = np.sin(h) * x
    return h + x


@pytest.fixture
def drawn():
    return picture(trace(lambda x, y: np.sin(x * y) + x * 2 + y, 0.3, 0.7), (np.float64(0.3), np.float64(0.7)))


def without_last_round(part: Part) -> Part:
    size = len(part.equations) // part.rounds
    return replace(part, equations=part.equations[:-size]) if part.repeat else part


def with_first_round_twice(part: Part) -> Part:
    size = len(part.equations) // part.rounds
    return replace(part, equations=np.concatenate([part.equations[:size], part.equations[:-size]])) if part.repeat else part


@pytest.mark.parametrize("spoiled", [without_last_round, with_first_round_twice])
def test_a_fold_that_loses_a_round_is_noticed(spoiled):
    right = folded(trace(repeated, 0.3))
    assert any(p.repeat for p in right.parts)
    with pytest.raises(ValueError, match=r"the parts stand for \d+ operations \(\d+ different ones\), the circuit has 101"):
        Folding(right.circuit, tuple(spoiled(p) for p in right.parts), right.operations)


def test_a_fold_that_drops_a_part_is_noticed_where_it_is_drawn(monkeypatch):
    right = folding_module._Level.parts
    monkeypatch.setattr(folding_module._Level, "parts", lambda self: list(right(self))[1:])
    with pytest.raises(ValueError, match="the circuit has 101"):
        picture(trace(repeated, 0.3), fold=True)


def test_a_picture_that_leaves_a_node_out_is_noticed(drawn):
    with pytest.raises(ValueError, match="the nodes stand for 4 operations, the circuit has 5"):
        replace(drawn, nodes=drawn.nodes[:-1])


def spoil_wire(drawn, kind, change):
    wires = list(drawn.wires)
    at = next(i for i, w in enumerate(wires) if w.kind == kind and w.gradient is not None and w.target != "out")
    wires[at] = replace(wires[at], gradient=change(wires[at].gradient))
    return replace(drawn, wires=tuple(wires))


def spoil_input(drawn, change):
    nodes = list(drawn.nodes)
    nodes[0] = replace(nodes[0], gradient=change(nodes[0].gradient))
    return replace(drawn, nodes=tuple(nodes))


CHANGES = {"sign": lambda g: -g, "a little": lambda g: g * (1 + 1e-6), "nothing": lambda g: g * 0}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["plain", "trunk", "branch"])
def test_a_wrong_number_on_a_wire_is_noticed(judgement, drawn, kind, change):
    judgement.judge_numbers(drawn)
    with pytest.raises(AssertionError):
        judgement.judge_numbers(spoil_wire(drawn, kind, CHANGES[change]))


@pytest.mark.parametrize("change", CHANGES)
def test_a_wrong_gradient_at_an_input_is_noticed(judgement, drawn, change):
    with pytest.raises(AssertionError):
        judgement.judge_numbers(spoil_input(drawn, CHANGES[change]))


def test_labels_over_each_other_are_noticed(judgement, drawn):
    placed = layout(drawn)
    judgement.judge_room(placed)
    key, label = next(iter(placed.labels.items()))
    wider = replace(label, box=Box(label.box.width + 300, label.box.height))
    with pytest.raises(AssertionError, match="overlap"):
        judgement.judge_room(replace(placed, labels={**placed.labels, key: wider}))


def test_a_wire_through_another_label_is_noticed(judgement, drawn):
    placed = layout(drawn)
    judgement.judge_wires(drawn, placed)
    wire = next(w.key for w in drawn.wires if w.kind == "plain")
    x, y = placed.curves[wire][-1][0]
    moved = {k: replace(p, x=x + 5, y=y) if k != wire else p for k, p in placed.labels.items()}
    with pytest.raises(AssertionError, match="crosses"):
        judgement.judge_wires(drawn, replace(placed, labels=moved))


def test_operands_in_the_wrong_order_are_noticed(judgement):
    apart = picture(trace(lambda a, b: a / b, 2.0, 3.0), (np.float64(2.0), np.float64(3.0)))
    placed = layout(apart)
    judgement.judge_wires(apart, placed)
    flipped = {k: replace(p, y=placed.height - p.y) for k, p in placed.labels.items()}
    with pytest.raises(AssertionError, match="out of order"):
        judgement.judge_wires(apart, replace(placed, labels=flipped, curves=dict.fromkeys(placed.curves, ())))


@pytest.mark.parametrize(
    "disorder",
    [
        pytest.param(lambda told: told[::-1], id="backwards"),
        pytest.param(lambda told: told[:-1], id="the last hop missing"),
        pytest.param(lambda told: [*told, told[-1]], id="a hop told twice"),
        pytest.param(lambda told: [told[i] for i in np.random.default_rng(0).permutation(len(told))], id="shuffled"),
    ],
)
def test_steps_out_of_order_are_noticed(judgement, drawn, monkeypatch, disorder):
    right = judgement.steps
    judgement.judge_steps(drawn)
    monkeypatch.setattr(judgement, "steps", lambda d: disorder(right(d)))
    with pytest.raises(AssertionError):
        judgement.judge_steps(drawn)
