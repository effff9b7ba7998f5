"""`gradcheck check MODULE:F MODULE:G --at JSON`."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from gradcheck.cli import main

MODEL = """
import numpy as np

def loss(w, x):
    return np.sum((w * x) ** 2)

def right(w, x):
    return 2 * w * x**2, 2 * x * w**2

def wrong(w, x):
    return 2 * w * x, 2 * x * w

def outer(x):
    return np.outer(x, x)

def outer_vjp(x, g):
    return (g + g.T) @ x

number = 3
"""


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    return lambda *arguments: CliRunner().invoke(main, ["check", *arguments])


@pytest.mark.parametrize("place", ["model.py", "model"])
@pytest.mark.parametrize("name, code", [("right", 0), ("wrong", 1)])
@pytest.mark.parametrize("at", ["[[1.0, -2.0], [0.5, 3.0]]", '{"w": [1.0, -2.0], "x": [0.5, 3.0]}'])
def test_the_exit_code_is_the_verdict(invoke, place, name, code, at):
    result = invoke(f"{place}:loss", f"{place}:{name}", "--at", at)
    assert result.exit_code == code, result.output
    assert result.stdout.startswith(f"{name}: {name}")


def test_a_wrong_gradient_is_shown_entry_by_entry_with_what_to_do(invoke):
    text = invoke("model.py:loss", "model.py:wrong", "--at", "[[1.0, -2.0], [0.5, 3.0]]").stdout
    for part in ("w[0]", "x[1]", "claimed / true", "off by (ulp)", "missing-factor", "multiply by the local derivative"):
        assert part in text


def test_the_verdict_as_json(invoke):
    data = json.loads(invoke("model.py:loss", "model.py:wrong", "--at", "[[1.0, -2.0], [0.5, 3.0]]", "--json").stdout)
    assert (data["outcome"], data["ok"], len(data["entries"])) == ("wrong", False, 4)
    assert data["entries"][0] | {"ulp": 0, "digits": 0, "digits_lost": 0, "condition": 0} == {
        "entry": "w[0]",
        "outcome": "wrong",
        "claimed": 1.0,
        "truth": 0.5,
        "ulp": 0,
        "digits": 0,
        "digits_lost": 0,
        "condition": 0,
    }


def test_a_vector_jacobian_product(invoke):
    assert invoke("model.py:outer", "model.py:outer_vjp", "--at", "[[1.0, -2.0]]", "--vjp").exit_code == 0
    assert invoke("model.py:outer", "model.py:outer", "--at", "[[1.0, -2.0]]").exit_code == 3


@pytest.mark.parametrize(
    "arguments, code, what",
    [
        pytest.param(["model.py:loss", "model.py:right", "--at", "[1"], 2, "not JSON", id="json"),
        pytest.param(["model.py:loss", "model.py:right", "--at", "3"], 2, "expected a list of arguments", id="number"),
        pytest.param(["model.py:loss", "model.py:right", "--at", "[[1.0], [[1.0], [1.0, 2.0]]]"], 2, "different lengths", id="ragged"),
        pytest.param(["model.py:loss", "model.py:right", "--at", "[1, 2]"], 2, "1.0, not 1", id="whole numbers"),
        pytest.param(["model.py:loss", "model.py:rihgt", "--at", "[1.0]"], 2, "has no rihgt", id="name"),
        pytest.param(
            ["model.py:loss", "model.py:right", "--at", "[1.0]"], 2, "--at has 1 argument: model.py:loss takes (w, x)", id="too few"
        ),
        pytest.param(["model.py:loss", "model.py:right", "--at", "[1.0, 2.0, 3.0]"], 2, "--at has 3 arguments", id="too many"),
        pytest.param(
            ["model.py:loss", "model.py:right", "--at", '{"w": 1.0}'], 2, "--at has w: model.py:loss takes (w, x)", id="a name is missing"
        ),
        pytest.param(["model.py:number", "model.py:right", "--at", "[1.0]"], 2, "expected a function", id="no function"),
        pytest.param(["nowhere:loss", "model.py:right", "--at", "[1.0]"], 2, "nowhere", id="module"),
        pytest.param(["loss", "model.py:right", "--at", "[1.0]"], 2, "MODULE:NAME", id="no colon"),
        pytest.param(["broken:loss", "model.py:right", "--at", "[1.0]"], 3, "ZeroDivisionError", id="broken module"),
        pytest.param(["broken.py:loss", "model.py:right", "--at", "[1.0]"], 3, "broken.py:1", id="broken file"),
    ],
)
def test_bad_input_is_one_clear_line(invoke, arguments, code, what):
    result = invoke(*arguments)
    assert result.exit_code == code
    (line,) = result.stderr.strip().splitlines()
    assert what in line


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(("model.py:loss",), "expected GRADIENT, or --framework", id="neither"),
        pytest.param(("model.py:loss", "model.py:right", "--framework", "torch"), "no GRADIENT", id="both"),
        pytest.param(("model.py:loss", "--framework", "torch", "--vjp"), "no GRADIENT, --vjp or --order", id="a product"),
        pytest.param(("model.py:loss", "--framework", "rocket"), "'rocket' is not one of", id="another framework"),
    ],
)
def test_a_framework_stands_in_the_gradients_place(invoke, arguments, what):
    ran = invoke(*arguments, "--at", "[[1.0], [2.0]]")
    assert ran.exit_code == 2
    assert what in ran.output


def test_a_framework_that_is_missing_is_one_line(invoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    ran = invoke("model.py:loss", "--framework", "torch", "--at", "[[1.0], [2.0]]")
    assert ran.exit_code == 2
    assert 'check_torch needs PyTorch: pip install "gradcheck[torch]"' in ran.output
    assert "Traceback" not in ran.output
