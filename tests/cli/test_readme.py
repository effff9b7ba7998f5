"""Every command and example of the README runs and prints what the README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def readme(root):
    return (root / "README.md").read_text()


def run(root, line: str) -> str:
    words = shlex.split(line)
    program = {"gradcheck": [sys.executable, "-m", "gradcheck.cli"], "python": [sys.executable]}[words[0]]
    return subprocess.run([*program, *words[1:]], cwd=root, capture_output=True, text=True, timeout=120, check=True).stdout


def test_console_examples_print_what_they_say(root, readme):
    blocks = re.findall(r"```console\n(.*?)```", readme, re.S)
    assert len(blocks) == 2
    for block in blocks:
        command, _, shown = block.partition("\n")
        assert run(root, command.removeprefix("$ ")).strip() == shown.strip()


def test_the_explanation_shown_is_the_explanation_printed(root, readme):
    shown = re.search(r"```\n(Backward, hop by hop.*?)```", readme, re.S).group(1)
    assert shown in run(root, "gradcheck explain docs/examples/first_case.py::sine_of_square")


def test_the_example_is_the_file(root, readme):
    code = re.search(r"```python\n(.*?)```", readme, re.S).group(1)
    assert code in (root / "docs/examples/first_case.py").read_text()


def test_the_two_commands_exist_in_the_makefile(root, readme):
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.M)
    assert readme.splitlines()[3].startswith("make report")
    assert readme.splitlines()[4].startswith("make test")
    assert {"report", "test", "test-all", "check"} <= set(targets)
