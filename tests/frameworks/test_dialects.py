"""Every elementwise operation that `write-backward` spells in a dialect, next to its record wherever that has a value: what is verified at a case's points holds beyond."""

from __future__ import annotations

import re
from contextlib import nullcontext

import numpy as np
import pytest
from scipy import special

from gradcheck.codegen.dialects import DIALECTS
from gradcheck.primitives import BY_NAME as RECORDS

REACH = 4.0  # how far the operands go
POINTS = 64
OWN = re.compile(r"\b(?!_\d)(order|a|b|c|s|n|axis|dtype|offset|shape|axes|keepdims)\b")


def named(dialect):
    """The operations that take operands alone."""
    return sorted(n for n, text in DIALECTS[dialect].table.items() if n in RECORDS and RECORDS[n].elementwise and not OWN.search(text))


def scope_of(dialect):
    if dialect == "numpy":
        return {"np": np, "special": special}, np.asarray
    if dialect == "torch":
        torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-all installs it")
        return {"torch": torch}, torch.as_tensor
    jax = pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")
    import jax.numpy as jnp

    return {"jax": jax, "jnp": jnp}, jnp.asarray


def operands(name):
    """From the record's domain, and from all around: where the function has a value, the spelling must have it too."""
    rng = np.random.default_rng(0)
    inside = [
        rng.uniform(max(d.low, -REACH), d.high if d.high < REACH else max(d.low, -REACH) + REACH, POINTS) for d in RECORDS[name].domains
    ]
    return [np.concatenate([x, rng.uniform(-REACH, REACH, POINTS)]) for x in inside]


def apart(name, text, scope, array):
    """How far the spelling is from the record, next to the larger of the value and 1."""
    given = operands(name)
    if name in ("logical_and", "logical_or", "logical_not", "where"):
        given[0] = given[0] > 0
    code = re.sub(r"_(\d)", r"given[\1]", text)
    with np.errstate(all="ignore"):
        found = np.asarray(eval(code, {**scope, "given": [array(g) for g in given]}), dtype=float)
        known = np.asarray(RECORDS[name].on_floats(given, {}), dtype=float)
    there = np.isfinite(known)
    return float(np.max(np.abs(found - known)[there] / np.maximum(1, np.abs(known[there])), initial=0.0))


def faults(dialect, table):
    scope, array = scope_of(dialect)
    found = {name: apart(name, table[name], scope, array) for name in named(dialect)}
    return {name: off for name, off in found.items() if not off <= 1e-9}


def in_64_bits(dialect):
    if dialect != "jax":
        return nullcontext()
    return pytest.importorskip("jax", reason="jax is not installed: make test-all installs it").enable_x64(True)


@pytest.mark.parametrize("dialect", ["numpy", "torch", "jax"])
def test_every_spelling_is_its_record(dialect):
    with in_64_bits(dialect):
        assert faults(dialect, DIALECTS[dialect].table) == {}
    assert len(named(dialect)) > 40


def test_a_spelling_that_holds_on_half_of_the_domain_is_found():
    table = {**DIALECTS["torch"].table, "gamma": "torch.exp(torch.lgamma(_0))"}
    assert set(faults("torch", table)) == {"gamma"}
