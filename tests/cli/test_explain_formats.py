"""`gradcheck explain` in its formats: what is written where, and one clear line for bad input."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from gradcheck.cli import main

CASE = "docs/examples/first_case.py::sine_of_square"


def invoke(*arguments: str):
    return CliRunner().invoke(main, ["explain", *arguments])


@pytest.fixture(autouse=True)
def _at_the_top(root, monkeypatch):
    monkeypatch.chdir(root)


def test_tables_stay_the_default():
    plain, named = invoke(CASE), invoke(CASE, "--format", "text")
    assert plain.output == named.output
    assert "  y -> h  np.cos(h)         -0.653644  dy = 1          dh += -0.653644" in plain.output


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("latex", "\\frac{\\partial y}{\\partial h} &= \\cos h \\approx -0.653644"),
        ("markdown", "```math\n\\begin{align*}"),
        ("html", '<math display="block" alttext="∂y/∂h">'),
    ],
)
def test_each_format_holds_the_local_derivative(format, expected):
    result = invoke(CASE, "--format", format)
    assert result.exit_code == 0, result.output
    assert expected in result.stdout
    assert result.stderr == ""


def test_a_file_is_written_whole_and_named(tmp_path):
    target = tmp_path / "new" / "derivation.md"
    result = invoke(CASE, "--format", "markdown", "-o", str(target))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"written to {target}\n"
    assert target.read_text() == invoke(CASE, "--format", "markdown").stdout
    assert [p.name for p in target.parent.iterdir()] == ["derivation.md"]


def test_bad_input_gets_one_clear_line(tmp_path):
    unknown = invoke(CASE, "--format", "pdf")
    assert unknown.exit_code == 2
    assert "'pdf' is not one of 'text', 'latex', 'markdown', 'html'" in unknown.output
    (tmp_path / "file").write_text("")
    blocked = invoke(CASE, "-o", str(tmp_path / "file" / "x.html"))
    assert blocked.exit_code == 2
    assert "cannot write" in blocked.stderr
    assert len(blocked.stderr.splitlines()) == 1


def test_without_the_extra_only_pages_are_refused(monkeypatch):
    import sys

    from gradcheck.rendering.mathematics.mathml import mathml

    mathml.cache_clear()
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    assert invoke(CASE, "--format", "latex").exit_code == 0
    refused = invoke(CASE, "--format", "html")
    assert refused.exit_code == 2
    assert refused.stderr == "gradcheck: mathematics in HTML: needs the extra `report`: pip install 'gradcheck[report]'\n"
