"""`gradcheck write-backward`: what is printed and written, and one clear line for what is not; and the page about it."""

from __future__ import annotations

import importlib.util
import re
import shlex

import pytest
from click.testing import CliRunner

from gradcheck import check
from gradcheck.cli import main

CASE = "docs/examples/first_case.py::sine_of_square"
WRONG = """
import numpy as np
from gradcheck import case

@case(x=np.array([0.0, 0.0]))
def norm_squared(x):
    return np.sqrt(x @ x) * np.sqrt(x @ x)
"""


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["write-backward", *arguments])


@pytest.fixture(autouse=True)
def _at_the_top(root, monkeypatch):
    monkeypatch.chdir(root)


def test_the_source_is_printed_and_runs():
    result = invoke(CASE)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    scope: dict = {}
    exec(result.stdout, scope)
    scope["test_sine_of_square_gradient"]()
    assert check(scope["sine_of_square"], scope["sine_of_square_gradient"], at=(0.3,)).outcome == "right"


def test_the_options_choose_what_is_written(tmp_path):
    result = invoke(CASE, "--value", "--no-test", "-o", str(tmp_path / "sine.py"))
    assert (result.exit_code, result.stdout) == (0, "")
    text = (tmp_path / "sine.py").read_text()
    assert "def sine_of_square_value_and_gradient(x):" in text
    assert "def test_" not in text
    assert [p.name for p in tmp_path.iterdir()] == ["sine.py"]


def test_a_gradient_that_is_not_right_is_not_written(tmp_path):
    (tmp_path / "wrong.py").write_text(WRONG)
    result = invoke(f"{tmp_path / 'wrong.py'}::norm_squared", "-o", str(tmp_path / "out.py"))
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "gradcheck: nothing is handed out: norm_squared: what was written is wrong: not finite where the truth is finite, at array"
    )
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out.py").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("docs/examples/first_case.py::cosine",), "no case is called 'cosine'; there is sine_of_square"),
        (("docs/examples/first_case.py",), "first_case.py: expected FILE::NAME: docs/examples/first_case.py::sine_of_square"),
        (
            ("docs/building/kinds.py::kinds",),
            "no case is called 'kinds'; docs/building/kinds.py: holds no case: decorate a function with @case",
        ),
        (("missing.py::f",), "missing.py: no such file or folder"),
        ((CASE, "--value", "--for", "torch"), "--value: torch asks for value and gradient one by one"),
        ((CASE, "-o", "docs/README.md/x.py"), "cannot write the source"),
    ],
)
def test_bad_input_gets_one_line(arguments, says):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("target", ["torch", "jax"])
def test_a_framework_that_is_not_there_is_said_to_be_needed(target, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == target else found(name, *rest))
    result = invoke(CASE, "--for", target)
    assert result.exit_code == 2
    assert (
        f"gradcheck: {target} is not installed, so that what is written for it could not be verified: pip install 'gradcheck[{target}]'"
        in result.stderr
    )


def test_the_help_has_an_example():
    assert "gradcheck write-backward rosenbrock" in invoke("--help").stdout


# the page about it
def test_the_commands_of_the_page_run(root, tmp_path, monkeypatch):
    page = (root / "docs/how-to/write-a-backward-pass.md").read_text()
    commands = [line[2:] for block in re.findall(r"```console\n(.*?)```", page, re.S) for line in block.splitlines()]
    (tmp_path / "docs").symlink_to(root / "docs")
    monkeypatch.chdir(tmp_path)
    for command in commands:
        assert CliRunner().invoke(main, shlex.split(command)[1:]).exit_code == 0, command
    assert len(commands) == 3
    assert "sine_of_square_value_and_gradient" in (tmp_path / "sine_gradient.py").read_text()


def test_the_page_shows_what_is_written(root, tmp_path):
    page = (root / "docs/how-to/write-a-backward-pass.md").read_text()
    scope: dict = {"__name__": "guide"}
    blocks = re.findall(r"```python\n(.*?)```", page, re.S)
    for i, block in enumerate(blocks):
        (tmp_path / f"block{i}.py").write_text(block)
        exec(compile(block, str(tmp_path / f"block{i}.py"), "exec"), scope)
    assert len(blocks) == 4
    assert without_figures(blocks[1]) in without_figures(scope["source"])
    assert scope["refusal"].startswith("cheaper_gradient is written for the branch")


def without_figures(text):
    return re.sub(r"Verified by gradcheck.*?\n\n", "", text, flags=re.S)
