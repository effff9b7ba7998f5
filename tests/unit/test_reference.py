"""The generated reference of primitives: up to date with the records, complete, and true to the rules it shows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import scipy

from gradcheck.primitives import BY_NAME, TABLE, followed
from gradcheck.rendering.reference import COMMAND, VERSIONS, page
from gradcheck.studies.catalogue import callables, catalogue, compositions, entry, public_names


@pytest.fixture(scope="module")
def written(every_proof) -> str:
    known = {p.name: p for p in every_proof}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gradcheck.studies.catalogue.prove", lambda record: known[record.name])
        return page(catalogue(), compositions())


@pytest.fixture
def committed(root) -> str:
    return (root / "docs/reference/primitives.md").read_text(encoding="utf-8")


def test_the_committed_reference_is_what_the_records_say(committed, written) -> None:
    if VERSIONS not in committed:
        pytest.skip(f"the reference was made with other versions of NumPy and SciPy than {VERSIONS}: it is NOT compared here")
    assert committed == written, f"docs/reference/primitives.md is out of date: run {COMMAND}"


def test_every_record_and_every_callable_stands_in_it(written) -> None:
    text = written
    assert [p.name for p in TABLE if not p.decision and f"\n#### {p.name}\n" not in text] == []
    named = {name for call in followed() for name in public_names(call)}
    assert [name for name in sorted(named) if f"`{name}`" not in text] == []


@pytest.mark.parametrize(
    "name, wanted",
    [
        pytest.param("tanh", "dx = (g / np.cosh(x)) / np.cosh(x)", id="one operand"),
        pytest.param("multiply", "db = g * a", id="two operands"),
        pytest.param("where", "dc: none: a decision", id="a decision among operands"),
        pytest.param("matmul", "db = a.T @ g", id="matrices"),
        pytest.param("var", "additions", id="costs"),
        pytest.param("erfinv", "- pieces: `0 < x < 1`, `-1 < x < 0`", id="pieces"),
    ],
)
def test_details(name, wanted, written) -> None:
    section = re.split(r"\n#{2,4} ", written.partition(f"\n#### {name}\n")[2])[0]
    assert wanted in section


def test_another_rule_gives_another_page() -> None:
    """The twin of the comparison: a page made from a record with a wrong rule differs, and its proof says failed."""
    tanh = BY_NAME["tanh"]
    wrong = entry(replace(tanh, adjoint=lambda position, g, y, inputs, params: g * (1.0 + y * y)))
    assert wrong.rules != entry(tanh).rules
    assert wrong.proof.status == "failed"
    assert page([wrong], []) != page([entry(tanh)], [])


def test_aliases_are_named_together() -> None:
    assert set(callables(BY_NAME["absolute"])) >= {"np.abs", "np.absolute", "np.fabs"}
    assert public_names(np.add.reduce) == ("np.add.reduce",)
    assert public_names(scipy.special.erf) == ("special.erf",)
