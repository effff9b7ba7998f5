"""Random loops in loops, folded: each operation in exactly one part, in an order in which they can be computed, and small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import draw, trace
from gradcheck.rendering.graph.folding import by_lines, by_whole_lines, folded, needed, owners, unfolded

STEPS = {
    "sine": lambda h, x: np.sin(h),
    "times": lambda h, x: h * x,
    "again": lambda h, x: h + h * 0.5,
    "plus": lambda h, x: h + x * x,
    "minus": lambda h, x: 1 - h,
}
BODY = st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4)
LOOPS = st.lists(st.tuples(st.integers(1, 12), BODY, st.integers(1, 4)), min_size=1, max_size=4)


class Loops:
    """Loops one after the other, each with an inner loop over its body's first step."""

    __name__ = "loops"

    def __init__(self, loops) -> None:
        self.loops = loops

    def __call__(self, x):
        h = x
        for rounds, body, inner in self.loops:
            for _ in range(rounds):
                for _ in range(inner):
                    h = STEPS[body[0]](h, x)
                for step in body[1:]:
                    h = STEPS[step](h, x)
        return h * x


def judge(folding) -> None:
    """Every needed operation once; what a part reads from others is computed before."""
    circuit, owner = folding.circuit, owners(folding)
    held = np.concatenate([p.equations for p in folding.parts])
    assert sorted(held.tolist()) == needed(circuit).tolist()
    for k in held.tolist():
        assert all(owner[i] <= owner[k] for i in circuit.inputs_of(k) if owner[i] >= 0)


@settings(max_examples=60, deadline=None)
@given(LOOPS)
def test_a_folding_stands_for_every_operation_once(loops):
    circuit = trace(Loops(loops), 0.3)
    for folding in (plain := unfolded(circuit), found := folded(circuit), by_lines(found), by_whole_lines(plain)):
        judge(folding)
    assert len(found.parts) <= len(plain.parts)
    for part in found.parts:
        if part.repeat is not None:
            assert part.repeat.rounds >= 3 and len(part.equations) % part.rounds == 0


@settings(max_examples=30, deadline=None)
@given(LOOPS)
def test_rounds_of_a_part_do_the_same(loops):
    circuit = trace(Loops(loops), 0.3)
    for part in folded(circuit).parts:
        rounds = part.equations.reshape(part.rounds, -1)
        kinds = [[circuit.primitive(int(k)).name for k in row] for row in rounds]
        assert all(row == kinds[0] for row in kinds)


@settings(max_examples=30, deadline=None)
@given(BODY, st.integers(5, 300))
def test_a_plain_loop_folds_into_a_few_parts(body, rounds):
    circuit = trace(Loops([(rounds, body, 1)]), 0.3)
    assert len(folded(circuit).parts) <= 3 + 3 * len(body)


@settings(max_examples=25, deadline=None)
@given(LOOPS, st.booleans())
def test_a_drawing_says_how_much_it_stands_for(loops, fold):
    circuit = trace(Loops(loops), 0.3)
    drawn = draw(circuit, fold=fold).picture
    assert sum(n.operations for n in drawn.nodes) == len(circuit.equations) - drawn.unneeded == drawn.operations
    assert f"{drawn.operations} recorded operation" in drawn.description


@pytest.mark.parametrize("size", [pytest.param(20_000, id="20 thousand"), pytest.param(166_000, id="a million", marks=pytest.mark.slow)])
def test_a_long_loop_is_drawn_as_one_node(size):
    def long(x):
        h = x
        for _ in range(size):
            h = np.sin(h) * x + h * 0.5 + np.tanh(h)
        return h

    drawn = draw(trace(long, 0.3)).picture
    assert [(n.kind, n.operations) for n in drawn.nodes] == [("input", 0), ("rounds", 6 * size)]
    assert drawn.nodes[1].sign.startswith(f"{size} × (sin")
