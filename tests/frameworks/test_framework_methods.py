"""PyTorch and JAX as methods of a comparison: beside ours, judged alike, and never deciding a case."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from click.testing import CliRunner

from gradcheck import UsageError, case, compare
from gradcheck.cli import main
from gradcheck.frameworks import methods as module
from gradcheck.frameworks.methods import asked
from gradcheck.frameworks.rebinding import UNCHANGED, rebound
from gradcheck.studies.accuracy import Score, accuracy_of
from gradcheck.studies.changes import changes
from gradcheck.studies.summary import summarise

INSTALLED = [n for n in ("torch", "jax") if find_spec(n) is not None]
installed = pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if n in INSTALLED else pytest.mark.skip(f"{n} is not installed: make test-all installs it"))
        for n in ("torch", "jax")
    ],
)
WEIGHTS = np.array([[0.5, -0.25], [1.0, 2.0]])


def helper(x):
    return np.tanh(WEIGHTS @ x)


@case(x=np.array([0.5, -1.5]))
def rebindable(x):
    return np.sum(helper(x)) + np.array([x[0], x[1] * 2]).sum()


@case(x=np.array([0.5, -1.5]))
def in_place(x):
    y = np.zeros_like(x)
    y[0] = x[0] ** 2
    y[1] = y[0] * np.exp(x[1])
    return np.sum(y)


@case(x=np.array([-22.0, 1.0]))
def in_the_tail(x):
    return np.sum(np.expm1(x))


@case(x=np.array([0.5, 1.5]))
def special(x):
    from scipy import special

    return np.sum(special.ellipk(x / 2))


@installed
@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("function", "way"), [(rebindable, "np is"), (in_place, None)], ids=["rebindable", "in-place"])
def test_beside_ours(name, dtype, function, way):
    comparison = compare(function.function, (np.array([0.5, -1.5], dtype),), frameworks=[name])
    theirs = comparison.method(name)[0]
    assert theirs.outcome == "right", theirs.reason
    assert theirs.gradient.entries[0].dtype == dtype
    assert (way or name) in theirs.reason + theirs.gradient.details["way"]


@pytest.mark.slow
def test_writing_in_place_goes_by_the_circuit_in_jax():
    pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")
    assert "[its circuit in jax.numpy]" in compare(in_place, frameworks=["jax"]).method("jax")[0].reason


@installed
@pytest.mark.slow
def test_lost_digits_are_shown_and_do_not_fail_a_case(name):
    comparison = compare(in_the_tail, frameworks=[name])
    assert comparison.method(name)[0].outcome == "wrong"  # expm1(x) + 1 has no digit left at -22
    assert comparison.outcome == "right"
    summary = summarise(in_the_tail, comparison)
    assert summary.met
    assert name not in summary.unmet


@installed
@pytest.mark.slow
def test_what_a_framework_lacks_is_refused_with_the_reason(name):
    theirs = compare(special, frameworks=[name]).method(name)[0]
    assert theirs.gradient is None
    assert "ellipk" in theirs.reason


@pytest.mark.slow
def test_jax_is_never_left_in_64_bits():
    jax = pytest.importorskip("jax", reason="jax is not installed: make test-all installs it")
    compare(rebindable, frameworks=["jax"])
    assert not jax.config.jax_enable_x64


@pytest.mark.slow
@pytest.mark.skipif(len(INSTALLED) < 2, reason="torch and jax are not both installed: make test-all installs them")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_run_with_both_and_its_report(tmp_path, processes):
    file = tmp_path / "case_tail.py"
    file.write_text(
        "import numpy as np\nfrom gradcheck import case\n\n@case(x=np.array([-22.0, 1.0]))\ndef tail(x):\n    return np.sum(np.expm1(x))\n\n"
        "@case(x=1.0)\ndef plain(x):\n    return np.sin(x)\n"
    )
    command = [
        sys.executable,
        "-W",
        "error::RuntimeWarning",
        "-m",
        "gradcheck.cli",
        "run",
        str(file),
        "--report",
        str(tmp_path / "out"),
        "--json",
        "--processes",
        processes,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "fork" not in done.stderr
    names = [m["name"] for m in json.loads(done.stdout)["cases"][0]["methods"]]
    assert names[-2:] == ["torch", "jax"]
    table = (tmp_path / "out/csv/accuracy-frameworks.csv").read_text()
    assert "tail,0,torch,wrong" in table
    assert "tail,0,jax,wrong" in table
    assert "plain" not in table


def test_what_is_asked_for():
    assert asked("none") == asked("") == asked(None) == ()
    assert asked(None, otherwise=("torch", "jax")) == tuple(INSTALLED)
    with pytest.raises(UsageError, match="expected torch, jax"):
        asked("tensorflow")


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_a_framework_that_is_missing_is_told_in_one_line(name, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    (tmp_path / "case_one.py").write_text("from gradcheck import case\n\n@case(x=1.0)\ndef f(x):\n    return x * x\n")
    result = CliRunner().invoke(main, ["run", str(tmp_path), "--frameworks", name])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "is not installed: pip install" in result.stderr


def test_nothing_is_loaded_unless_asked():
    code = "import sys, gradcheck.frameworks.methods as m; m.asked('none'); print([n for n in ('torch', 'jax') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def score(method, digits, outcome="right"):
    return Score("f", 0, method, outcome, digits, 2, True)


@pytest.mark.parametrize(
    ("theirs", "listed"),
    [(score("jax", 15.5), False), (score("jax", 12.0), True), (score("jax", 0.0, "wrong"), True), (score("jax", None, "kink"), False)],
)
def test_where_frameworks_lose_digits(theirs, listed):
    study = accuracy_of([score("tape", 15.9), theirs])
    table = next(t for t in study.tables if t.name == "frameworks")
    assert bool(table.rows) == listed
    assert not any(t.name == "frameworks" for t in accuracy_of([score("tape", 15.9)]).tables)


def test_what_a_framework_does_is_no_regression():
    def document(outcome):
        method = {
            "name": "jax",
            "outcome": outcome,
            "evaluations": 1,
            "operations": None,
            "digits": 3.0,
            "ulp": 1.0,
            "allowed_ulp": None,
            "reason": "",
        }
        entry = {
            "name": "f",
            "outcome": "right",
            "inputs": 1,
            "points": 1,
            "operations": {"function": 1, "gradient": 2},
            "ratio": 2.0,
            "claimed": [],
        }
        return {"environment": {}, "problems": [], "claims": [], "cases": [entry | {"methods": [method]}]}

    (change,) = changes(document("right"), document("wrong"))
    assert change.direction == "within noise"


def test_a_copy_reads_other_modules_and_the_original_its_own():
    class Other:
        @staticmethod
        def tanh(x):
            return ("tanh", x)

    copy = rebound(helper, lambda value: Other if value is np else UNCHANGED, ("numpy",))
    assert copy(np.ones(2))[0] == "tanh"
    assert helper.__globals__["np"] is np


def test_comparisons_have_our_methods_alone_unless_asked():
    assert {m.method for m in compare(rebindable).points[0].measured}.isdisjoint({"torch", "jax"})
