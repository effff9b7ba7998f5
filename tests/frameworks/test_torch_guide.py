"""Every Python block of the guide to PyTorch runs, and the shell's line."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="PyTorch is not installed: make test-all installs it")

from gradcheck.cli import main  # noqa: E402


def test_the_guide_runs(root, tmp_path, gradcheck, monkeypatch):
    text = (root / "docs/how-to/torch.md").read_text()
    scope: dict = {"__name__": "guide"}
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len(blocks) > 5
    for i, block in enumerate(blocks):
        path = tmp_path / f"block{i}.py"
        path.write_text(block)
        exec(compile(block, str(path), "exec"), scope)
    scope["test_swish"](gradcheck)
    monkeypatch.chdir(root)
    (line,) = re.findall(r"```\n(gradcheck check .*?)\n```", text)
    assert CliRunner().invoke(main, shlex.split(line)[1:]).exit_code == 0
