"""The benchmark suite: what it times is right, what is wrong is shown as wrong, and nothing is dropped. No time is asserted."""

from __future__ import annotations

import json

import compare
import numpy as np
import pytest
from suite.catalogue import FULL, QUICK, SMALL, chosen
from suite.measure import error
from suite.prediction import facts, fits
from suite.report import report
from suite.running import Limits, run
from suite.timing import in_turn
from suite.verify import complex_step_error

PEERS = {
    "off-by-a-hundredth": (
        "numpy",
        "value, slopes = w.hand(*w.arguments)\n    return Ready(lambda: (value, [1.01 * g for g in slopes]), lambda r: r)",
    ),
    "raising": ("numpy", "raise RuntimeError('boom')"),
    "refusing": ("numpy", "raise NoForm('not for me')"),
    "absent": ("no_such_package", "pass"),
}


@pytest.fixture
def plugins(tmp_path):
    """Files of peers, as a user would join one."""
    files = []
    for name, (needs, body) in PEERS.items():
        path = tmp_path / f"{name.replace('-', '_')}.py"
        path.write_text(
            f"from suite.peers import NoForm, Peer, Ready\n\nPEER = Peer('{name}', '{needs}', (), '')\n\n\ndef build(w):\n    {body}\n\n\n"
            f"BUILDERS = {{'{name}': build}}\n"
        )
        files.append(str(path))
    return tuple(files)


# the hand-written gradients
@pytest.mark.parametrize("name", SMALL)
def test_a_gradient_by_hand_is_right(name):
    assert complex_step_error(SMALL[name]()) < 1e-13


@pytest.mark.parametrize("name", SMALL)
def test_a_gradient_by_hand_that_is_off_is_seen(name):
    w = SMALL[name]()

    def off(*arguments):
        value, (*before, last) = w.hand(*arguments)
        return value, (*before, last * (1 + 1e-6))

    assert complex_step_error(w, off) > 1e-11


def test_names_are_those_of_the_workloads():
    assert [make().name for make in FULL.values()] == list(FULL)
    assert set(QUICK) <= set(FULL)
    assert chosen(["c_rosenbrock_10", "a_"]) == ["a_sine", "c_rosenbrock_10"]
    assert chosen(["nobody"]) == []


# the suite
@pytest.mark.slow
def test_the_command_measures_and_writes(tmp_path, capsys):
    files = tmp_path / "a.json", tmp_path / "a.md"
    command = ["--quick", "--peers", "hand,gradcheck", "--workloads", "a_sine,c_rosenbrock_10,b_product_10"]
    assert compare.main([*command, "--json", str(files[0]), "--markdown", str(files[1])]) == 0
    document, text = json.loads(files[0].read_text()), capsys.readouterr().out
    assert [(r["workload"], r["peer"], r["status"]) for r in document["rows"]] == [
        (w, p, "ok") for w in ("a_sine", "b_product_10", "c_rosenbrock_10") for p in ("hand", "gradcheck")
    ]
    assert all(r["over hand"] > 0 and r["error"] < 1e-12 and r["setup"] >= 0 for r in document["rows"])
    assert len(document["fits"]) >= 3
    assert "Nothing: everything asked for was measured." in text
    assert "| workload" in files[1].read_text()


@pytest.mark.parametrize("wrong", [["--peers", "nobody"], ["--workloads", "nothing"]])
def test_an_unknown_name_is_said_with_the_known_ones(wrong, capsys):
    with pytest.raises(SystemExit) as end:
        compare.main(wrong)
    assert end.value.code == 2
    assert "a_sine" in (said := capsys.readouterr().err) or "gradcheck" in said


def test_what_cannot_be_measured_is_shown(plugins, monkeypatch):
    """The wrong twin: a peer whose gradient is wrong is shown as wrong and has no ratio; the others say why they have none."""
    from suite.peers import PEERS as KNOWN
    from suite.peers import load_plugins

    for name in PEERS:
        monkeypatch.delitem(KNOWN, name, raising=False)
    load_plugins(plugins)
    rows = list(run(["hand", *PEERS], ["a_sine"], Limits(quick=True, plugins=plugins)))
    for name in PEERS:
        del KNOWN[name]
    assert [r["status"] for r in rows] == ["ok", "wrong", "failed", "no form", "not installed"]
    assert "over hand" not in rows[1]
    assert rows[1]["error"] == pytest.approx(0.01)
    text = report(rows, [])
    ratios, errors = (text.split(title)[1].split("\n\n")[1] for title in ("NumPy value and gradient", "relative to its largest entry"))
    assert ratios.splitlines()[-1].split()[2:] == ["WRONG", "failed", "-", "n/i"]
    assert errors.splitlines()[-1].split()[2:4] == ["1e-02", "!"]
    for reason in ("RuntimeError: boom", "not for me", "no_such_package", "gradient off by 1.0e-02"):
        assert reason in text


def test_a_measurement_that_takes_too_long_is_dnf():
    (row,) = run(["hand"], ["a_sine"], Limits(seconds=1e-3))
    assert row["status"] == "DNF"
    assert "DNF" in report([row], [])


@pytest.mark.parametrize(
    "found",
    [
        pytest.param((1.0, [np.ones(3), np.ones(1)]), id="one-gradient-too-many"),
        pytest.param((1.0, [np.ones((3, 1))]), id="other-shape"),
        pytest.param((1.0, [np.array([1.0, np.nan, 1.0])]), id="nan"),
        pytest.param((1.1, [np.ones(3)]), id="other-value"),
        pytest.param((1.0, [np.array([1.0, 1.0, 1.001])]), id="an-entry-off"),
    ],
)
def test_what_differs_has_an_error(found):
    expected = (1.0, [np.ones(3)])
    assert error(expected, expected) == 0
    assert error(found, expected) > 1e-8


def test_every_round_times_everyone():
    called = []
    seconds = in_turn({n: lambda n=n: called.append(n) for n in "ab"}, rounds=4, target=1e-7, budget=10.0)
    assert {n: len(s) for n, s in seconds.items()} == {"a": 4, "b": 4}
    assert set(called) == {"a", "b"}


# predicted against measured
def made_up(seconds):
    rng = np.random.default_rng(0)
    counts = ("calls", "scalar equations", "array equations", "operations", "transcendental", "bytes", "constant bytes")
    each = [{c: float(10 ** rng.uniform(1, 5)) for c in counts} for _ in range(12)]
    return [{"workload": str(k), "facts": f, "peer seconds": seconds(k, f)} for k, f in enumerate(each)]


def test_a_fit_finds_the_costs():
    fit = next(
        f for f in fits(made_up(lambda k, f: 2e-9 * f["operations"] + 3e-9 * f["bytes"])) if f["model"] == "calls, operations, bytes"
    )
    assert fit["nanoseconds"] == pytest.approx({"calls": 0.0, "operations": 2.0, "bytes": 3.0}, abs=1e-6)
    assert (fit["r squared"], fit["worst"], fit["worst left out"]) == pytest.approx((1.0, 1.0, 1.0))


def test_a_fit_of_unrelated_times_is_seen_to_be_bad():
    noise = np.random.default_rng(1).permutation(10.0 ** np.arange(-9, 3))
    assert all(f["r squared"] < 0.5 and f["worst left out"] > 10 for f in fits(made_up(lambda k, f: float(noise[k]))))


def test_facts_are_counted_of_all_columns():
    w = SMALL["i_bundle_jacobian"]()
    assert facts(w)["operations"] > 2 * 5 * 50
