"""gradcheck graph as a user meets it: files, standard output, formats, themes, and one clear line for bad input."""

from __future__ import annotations

import re
import shlex
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from gradcheck.cli import main

CASES = """
import numpy as np
from gradcheck import case

@case(x=1.0)
def chain(x):
    z = x + 1
    h = z**2
    return np.sin(h)

@case(r=3.5, x=0.3, steps=100)
def loop(r, x, steps):
    for _ in range(steps):
        x = r * x * (1 - x)
    return x
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.py").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["graph", *arguments])


def test_svg_goes_to_the_file_and_what_it_stands_for_to_stderr(here):
    result = invoke("chain", "-o", "out/chain.svg")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "out/chain.svg: 3 recorded operations\n")
    tree = ElementTree.parse(here / "out" / "chain.svg").getroot()
    assert "z = 2" in {"".join(t.itertext()) for t in tree.iter("{http://www.w3.org/2000/svg}text")}


def test_without_a_file_it_is_printed(here):
    result = invoke("chain")
    assert result.exit_code == 0 and result.stderr == ""
    ElementTree.fromstring(result.stdout)


@pytest.mark.parametrize(
    "arguments, begins",
    [
        pytest.param(("--format", "dot"), "digraph", id="printed"),
        pytest.param(("-o", "f.dot"), "digraph", id="by its ending"),
        pytest.param(("-o", "f.gv"), "digraph", id="by the other ending"),
        pytest.param(("-o", "f.txt", "--format", "dot"), "digraph", id="by the option"),
        pytest.param(("-o", "f.svg"), "<svg", id="svg"),
    ],
)
def test_the_format_is_as_asked(here, arguments, begins):
    result = invoke("chain", *arguments)
    assert result.exit_code == 0, result.output
    written = (here / arguments[1]).read_text() if arguments[0] == "-o" else result.stdout
    assert written.startswith(begins)


def test_a_case_is_named_by_its_file_too(here):
    assert invoke("cases/a.py::chain").stdout == invoke("chain", "--cases", "cases/a.py").stdout == invoke("chain").stdout


def test_the_theme_is_as_asked(here):
    assert "prefers-color-scheme" in invoke("chain").stdout
    dark = invoke("chain", "--theme", "dark").stdout
    assert "prefers-color-scheme" not in dark and "#12161b" in dark


def test_long_loops_fold_unless_told_otherwise(here):
    assert "300 recorded operations, drawn as 1 node" in invoke("loop").stdout
    assert "drawn as" not in invoke("loop", "--no-fold", "--format", "dot").stdout


@pytest.mark.parametrize(
    "arguments, says, code",
    [
        pytest.param(("chian",), "no case is called 'chian'; did you mean chain?", 2, id="a name"),
        pytest.param(
            ("chain", "-o", "f.png"),
            "f.png: a drawing is written as .svg or .dot: give a name that ends so, or --format",
            2,
            id="an ending",
        ),
        pytest.param(("nothere.py::chain",), "nothere.py: no such file or folder", 2, id="a file"),
        pytest.param(("chain", "-o", "cases/a.py/f.svg"), "cases/a.py: cannot write the drawing", 2, id="a folder"),
    ],
)
def test_bad_input_gets_one_line(here, arguments, says, code):
    result = invoke(*arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""


def test_without_pygraphviz_it_says_what_to_do(here, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pygraphviz", None)
    result = invoke("chain", "-o", "f.svg")
    assert result.exit_code == 2
    assert "pip install 'gradcheck[report]' (DOT text does without: --format dot)" in result.stderr
    assert not (here / "f.svg").exists()
    assert invoke("chain", "--format", "dot").exit_code == 0


def test_a_case_with_a_hostile_name_and_docstring_is_drawn(here):
    (here / "cases" / "b.py").write_text(
        "from gradcheck import case\n@case(x=1.0)\ndef f(x):\n    '''<script>alert(1)</script> `|` $x$ \\u202e'''\n    return x * x\n"
        "f.function.__name__ = '<script>\\u202e' + 'A' * 10**5\n"
    )
    name = "<script>\u202e" + "A" * 10**5
    result = invoke(name)
    assert result.exit_code == 0, result.output[:300]
    tree = ElementTree.fromstring(result.stdout)
    assert not list(tree.iter("{http://www.w3.org/2000/svg}script"))
    assert "\u202e" not in result.stdout and len(result.stdout) < 20_000


# the guide
def test_the_guides_commands_run_as_written(root, tmp_path, monkeypatch):
    guide = (root / "docs/how-to/draw-a-graph.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", guide, re.S) for line in block.splitlines()]
    assert len(lines) == 5
    (tmp_path / "cases").symlink_to(root / "cases")
    monkeypatch.chdir(tmp_path)
    for line in lines:
        words, _, target = line.partition(" > ")
        result = CliRunner().invoke(main, shlex.split(words)[1:])
        assert result.exit_code == 0, (line, result.output)
        written = result.stdout if target else (tmp_path / words.split()[-1]).read_text()
        assert written.startswith("digraph" if "dot" in line else "<svg")


def test_the_guides_python_runs_as_written(root, capsys):
    guide = (root / "docs/how-to/draw-a-graph.md").read_text()
    scope: dict = {}
    for block in re.findall(r"```python\n(.*?)```", guide, re.S):
        exec(compile(block, "guide", "exec"), scope)
    assert capsys.readouterr().out == "<drawing of many: 30000 recorded operations, drawn as 1 node>\n"
    assert ">z<" in scope["drawing"].svg and scope["elsewhere"].picture.nodes[0].value == 2.0
