"""The guide to JAX, autograd and TensorFlow: every block runs."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
NEEDED = {"autograd": "autograd", "tensorflow": "tensorflow"}


def test_the_guide_runs(root, tmp_path):
    pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")
    blocks = re.findall(r"```python\n(.*?)```", (root / "docs/how-to/jax.md").read_text(), re.S)
    assert len(blocks) == 7
    scope: dict = {"__name__": "guide"}
    missing = []
    for i, block in enumerate(blocks):
        lacking = [m for m in NEEDED if f"import {m}" in block and find_spec(m) is None]
        if lacking:
            missing += lacking
            continue
        path = tmp_path / f"block{i}.py"
        path.write_text(block)
        exec(compile(block, str(path), "exec"), scope)
    assert "verdict" in scope
    if missing:
        pytest.skip(f"blocks for {', '.join(missing)} did not run: not installed")
