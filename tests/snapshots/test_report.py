"""The committed report is what the code gives: counts, verdicts and the claims' values, to the last one.

Times, versions and errors in ulp differ between machines and are left out. After a change that is meant, run `make report` and
commit `reports/`. The quick suite runs some of the files of cases, whatever is drawn of all cases being left out; the whole is slow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.rendering.report import MEASURED

MEASUREMENTS = ("digits", "ulp", "allowed_ulp", "seconds", "reason", "evaluations", "details", "operations")
CLAIMS = [f"C{n:02d}" for n in range(1, 26)]


SAMPLE = (
    "chain_rule",
    "graphs",
    "museum/second_order",
    "museum/special_points",
    "museum/structure",
    "museum/ties",
    "neurons",
    "vector_calculus",
)
QUICK_STUDIES = ("step-size", "depth", "training")  # scaling and swell take seconds, and tests/unit looks at them each time


@dataclass(frozen=True)
class Fresh:
    """A report as the code gives it now: of all cases and studies, or of a sample."""

    folder: Path
    whole: bool

    def named(self, kept: Sequence[str], now: Sequence[str]) -> None:
        """The same things are there; of a sample some of them."""
        assert set(now) <= set(kept)
        assert now
        assert not self.whole or sorted(now) == sorted(kept)


@pytest.fixture(scope="module", params=["sample", pytest.param("whole", marks=pytest.mark.slow)])
def fresh(request, root, tmp_path_factory, every_proof):
    """The report as the code gives it now."""
    folder, whole = tmp_path_factory.mktemp("report"), request.param == "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr("gradcheck.verdicts.proof.proofs", lambda processes, only: every_proof)
        for site in ("case_file", "site_files"):  # HTML is looked at in tests/browser, and of all cases in a slow test there
            patch.setattr(f"gradcheck.rendering.site.build.{site}", lambda *told: ())
        patch.setattr("gradcheck.rendering.charts.chart_svg", lambda study, chart: "<svg/>")  # charts are drawn in tests of their own
        if not whole:
            patch.setattr("gradcheck.reporting.STUDIED", QUICK_STUDIES)
        files = ["cases"] if whole else [f"cases/{name}.py" for name in SAMPLE]
        result = CliRunner().invoke(main, ["run", *files, "--report", str(folder), "--studies", "--quick"])
    assert result.exit_code == 0, result.output
    return Fresh(folder, whole)


@pytest.fixture(scope="module")
def documents(root, fresh):
    return tuple(json.loads((folder / "report.json").read_text()) for folder in (root / "reports", fresh.folder))


def test_every_claim_is_shown_with_the_values_committed(documents, fresh):
    kept, now = ({c["id"]: c for c in d["claims"]} for d in documents)
    fresh.named(CLAIMS, list(now))
    for id_, claim in now.items():
        assert claim["verdict"] == "shown", claim["evidence"]
        numbers = {k: v for k, v in claim["values"].items()}
        assert set(numbers) == set(kept[id_]["values"])
        for name, value in numbers.items():
            assert kept[id_]["values"][name] == pytest.approx(value, rel=1e-6, abs=1e-12), (id_, name)


def test_every_case_has_the_counts_and_verdicts_committed(documents, fresh):
    kept, now = ({c["name"]: pinned(c) for c in d["cases"]} for d in documents)
    fresh.named(list(kept), list(now))
    assert now == {name: kept[name] for name in now}


def pinned(case: dict) -> dict:
    """A case without what is measured."""
    methods = [{k: v for k, v in m.items() if k not in MEASUREMENTS} for m in case["methods"]]
    claimed = [{k: v for k, v in c.items() if k != "reason"} for c in case["claimed"]]
    return case | {"methods": methods, "claimed": claimed}


@pytest.mark.slow
@pytest.mark.parametrize("fresh", ["whole"], indirect=True)
def test_the_front_page_is_committed_as_it_is_written(root, fresh):
    kept, now = ((folder / "README.md").read_text().partition(MEASURED)[0] for folder in (root / "reports", fresh.folder))
    assert now == kept


@pytest.mark.parametrize("part", ["cases", "studies", "latex"])
def test_every_page_is_committed(root, fresh, part):
    kept, now = ([p.name for p in (folder / part).iterdir()] for folder in (root / "reports", fresh.folder))
    fresh.named(kept, now)


def test_every_picture_is_committed(root, fresh):
    """But for the chart of times, which a quick run does not take; charts over few cases are others."""
    kept, now = ([p.name for p in (folder / "figures").iterdir()] for folder in (root / "reports", fresh.folder))
    graphs = [name for name in now if name.startswith("graph-")]
    fresh.named([name for name in kept if name != "scaling-times.svg"], now if fresh.whole else graphs)
    assert len(graphs) == (128 if fresh.whole else len(list((fresh.folder / "cases").iterdir())))


STUDIES = ("scaling", "step-size", "swell", "depth", "accuracy", "costs", "training", "museum")
OF_CASES = ("accuracy", "costs", "museum")  # a row for every case, and statements on all of them


def study_of(folder, name):
    return json.loads((folder / "studies" / f"{name}.json").read_text())


def each_study(*of_sample):
    """Those named of a sample, and all of the whole."""
    whole = [pytest.param("whole", name, marks=pytest.mark.slow, id=f"whole-{name}") for name in STUDIES]
    return pytest.mark.parametrize(("fresh", "name"), [("sample", name) for name in of_sample] + whole, indirect=["fresh"])


@each_study(*QUICK_STUDIES, *OF_CASES)
def test_what_a_study_counts_is_what_is_committed(root, fresh, name):
    """Every column that is not measured, of every table that a quick run makes; floats that rest on arithmetic may differ in the last digits."""
    kept, now = (study_of(folder, name) for folder in (root / "reports", fresh.folder))
    known = {t["name"]: t for t in kept["tables"]}
    for table in now["tables"]:
        rows, committed = pinned_rows(table), pinned_rows(known[table["name"]])
        if not fresh.whole and name in OF_CASES:
            if table["columns"][0]["name"] not in ("case", "exhibit"):  # it sums all of them up
                continue
            here = {row[0] for row in rows}
            assert len(here) >= 10
            committed = [row for row in committed if row[0] in here]
        assert rows == committed, table["name"]


@each_study(*QUICK_STUDIES)
def test_a_study_says_what_is_committed(root, fresh, name):
    kept, now = (study_of(folder, name) for folder in (root / "reports", fresh.folder))
    known = {s["name"]: s for s in kept["statements"]}
    for statement in now["statements"]:
        if not statement["measured"]:
            assert statement["verdict"] == known[statement["name"]]["verdict"] == "shown"
            assert statement["values"] == pytest.approx(known[statement["name"]]["values"], rel=1e-6)


def pinned_rows(table):
    kept = [i for i, c in enumerate(table["columns"]) if not c["measured"]]
    return [[close(row[i]) for i in kept] for row in table["rows"]]


def close(value):
    return pytest.approx(value, rel=1e-6, abs=1e-300) if isinstance(value, float) else value


def test_a_count_that_drifts_is_noticed(root):
    """The wrong twin: one operation more in one row."""
    table = next(t for t in study_of(root / "reports", "scaling")["tables"] if t["name"] == "operations")
    changed = json.loads(json.dumps(table))
    assert pinned_rows(changed) == pinned_rows(table)
    column = [c["name"] for c in table["columns"]].index("operations")
    changed["rows"][5][column] += 1
    assert pinned_rows(changed) != pinned_rows(table)


def test_gradients_of_cases_of_ten_operations_cost_at_most_five_times_the_function(documents, fresh):
    large = [c for c in documents[1]["cases"] if c["operations"]["function"] >= 10 and c["outcome"] == "right"]
    assert len(large) >= (30 if fresh.whole else 10)
    assert max(c["ratio"] for c in large) <= 5


def test_the_tape_is_within_8_ulp_or_what_its_conditioning_explains(documents):
    for case in documents[1]["cases"]:
        tape = next(m for m in case["methods"] if m["name"] == "tape")
        if case["outcome"] == "right":
            assert tape["ulp"] <= max(8, tape["allowed_ulp"]), case["name"]


def test_every_method_that_did_not_run_says_why(documents):
    for case in documents[1]["cases"]:
        for method in case["methods"]:
            assert method["digits"] is not None or len(method["reason"]) > 10, (case["name"], method["name"])


def test_the_mistakes_in_claimed_gradients_are_named_as_the_cases_say(documents, fresh):
    """The first finding is one of those stated; a case with several slips names them all."""
    claimed = [(c["name"], g) for c in documents[1]["cases"] for g in c["claimed"] if g["expected"] == "wrong" and g["expected_kinds"]]
    assert len(claimed) > (50 if fresh.whole else 20)
    for case, g in claimed:
        several = case.startswith("neuron_with")
        assert set(g["expected_kinds"]) <= set(g["kinds"]) if several else g["kinds"] and g["kinds"][0] in g["expected_kinds"], (case, g)
