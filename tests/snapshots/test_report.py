"""The committed report is what the code gives: counts, verdicts and the claims' values, to the last one.

Times, versions and errors in ulp differ between machines and are left out. After a change that is meant, run `make report` and
commit `reports/`.
"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.rendering.report import MEASURED

MEASUREMENTS = ("digits", "ulp", "allowed_ulp", "seconds", "reason", "evaluations", "details", "operations")
CLAIMS = [f"C{n:02d}" for n in range(1, 26)]


@pytest.fixture(scope="module")
def fresh(root, tmp_path_factory):
    """The report as the code gives it now, and the exit code of the run."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = CliRunner().invoke(main, ["run", "cases", "--report", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def documents(root, fresh):
    return tuple(json.loads((folder / "report.json").read_text()) for folder in (root / "reports", fresh))


def test_every_claim_is_shown_with_the_values_committed(documents):
    kept, now = ({c["id"]: c for c in d["claims"]} for d in documents)
    assert sorted(now) == CLAIMS
    for id_, claim in now.items():
        assert claim["verdict"] == "shown", claim["evidence"]
        numbers = {k: v for k, v in claim["values"].items()}
        assert set(numbers) == set(kept[id_]["values"])
        for name, value in numbers.items():
            assert kept[id_]["values"][name] == pytest.approx(value, rel=1e-6, abs=1e-12), (id_, name)


def test_every_case_has_the_counts_and_verdicts_committed(documents):
    kept, now = ({c["name"]: pinned(c) for c in d["cases"]} for d in documents)
    assert now == kept


def pinned(case: dict) -> dict:
    """A case without what is measured."""
    methods = [{k: v for k, v in m.items() if k not in MEASUREMENTS} for m in case["methods"]]
    claimed = [{k: v for k, v in c.items() if k != "reason"} for c in case["claimed"]]
    return case | {"methods": methods, "claimed": claimed}


def test_the_front_page_is_committed_as_it_is_written(root, fresh):
    kept, now = ((folder / "README.md").read_text().partition(MEASURED)[0] for folder in (root / "reports", fresh))
    assert now == kept


def test_every_case_has_a_page(root, fresh):
    kept, now = (sorted(p.name for p in (folder / "cases").iterdir()) for folder in (root / "reports", fresh))
    assert now == kept


def test_gradients_of_cases_of_ten_operations_cost_at_most_five_times_the_function(documents):
    large = [c for c in documents[1]["cases"] if c["operations"]["function"] >= 10 and c["outcome"] == "right"]
    assert len(large) >= 30
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
