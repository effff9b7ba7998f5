"""Five written sources as people see them. Digits and ulp differ between machines and are left out."""

from __future__ import annotations

import re

import pytest

from gradcheck import load_cases, write_backward
from gradcheck.codegen.dialects import JAX, TORCH
from gradcheck.codegen.frameworks import _own_operations
from gradcheck.codegen.subject import subject_of


@pytest.fixture(scope="module")
def cases(root):
    return load_cases(root / "cases")


def readable(text):
    """The source with what was measured left out."""
    return re.sub(r"    Verified by gradcheck.*?\n\n", "    Verified by gradcheck ...\n\n", text, flags=re.S)


@pytest.mark.parametrize("name", ["rosenbrock", "relu_network", "softmax_cross_entropy", "batch_normalisation", "branching_program"])
def test_numpy_source(cases, name, snapshot):
    assert readable(write_backward(cases.named(name), test=False)) == snapshot


@pytest.mark.parametrize("dialect", [TORCH, JAX], ids=lambda d: d.name)
def test_framework_source(cases, dialect, snapshot):
    assert _own_operations(subject_of(cases.named("softmax_cross_entropy")), dialect).source() == snapshot
