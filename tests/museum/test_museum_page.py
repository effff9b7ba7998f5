"""The page on the museum: its figures are those measured, its example is an exhibit as the museum's are."""

from __future__ import annotations

import json
import re

import pytest

from gradcheck import load_cases
from gradcheck.studies.museum import checkers_beside, counted, exhibits, museum
from gradcheck.studies.running import run


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "explanation" / "museum.md").read_text()


@pytest.fixture(scope="module")
def said(root):
    return json.loads((root / "cases" / "museum" / "checkers.json").read_text())


def told(said, *checkers, anywhere):
    places = ("random", "target") if anywhere else ("random",)
    return sum(any(by[c][p]["told"] for c in checkers for p in places) for by in said["exhibits"].values())


def test_the_table_is_what_was_measured(page, said):
    found = [(int(a), int(b) if b else None) for a, b in re.findall(r"^\| [^|]+\| (\d+)[^|]*\| ?(\d*) ?\|$", page, re.M)]
    names = [c["name"] for c in said["checkers"]]
    groups = [(n,) for n in names] + [tuple(names), ("gradcheck",)]
    expected = [(told(said, *g, anywhere=False), told(said, *g, anywhere=True)) for g in groups]
    search = sum(by["gradcheck"]["search"]["wrong"] == "wrong" for by in said["exhibits"].values())
    assert found == [*expected, (search, None)]


def test_the_words_are_what_was_measured(page, said):
    names = [c["name"] for c in said["checkers"]]
    total, blind = len(said["exhibits"]), len(said["exhibits"]) - told(said, *names, anywhere=False)
    assert f"holds {total} derivatives" in page
    assert f"{blind} of the {total} are told by none of the five" in page
    assert total - told(said, *names, anywhere=True) == 3  # "three mistakes pass all five even at the very point"
    searches = {n: by["gradcheck"]["search"] for n, by in said["exhibits"].items()}
    left = [n for n, s in searches.items() if s["wrong"] != "wrong"]
    assert (len(left), sum(bool(searches[n]["remarks"]) for n in left)) == (9, 5)
    assert {n for n in left if not searches[n]["remarks"]} == {"masked_logsumexp", "squared_norm", "chosen_norm", "length"}


def test_the_versions_named_are_those_measured_with(page, said):
    for checker, name in zip(said["checkers"], ("gradcheck", "check_grads", "check_grads", "check_grad", "numdifftools"), strict=True):
        assert f"{name} {'.'.join(checker['version'].split('.')[:2])}" in page


def test_the_example_is_an_exhibit(page, tmp_path):
    (block,) = re.findall(r"```python\n(.*?)```", page, re.S)
    (tmp_path / "mine.py").write_text(block)
    result = run(load_cases(tmp_path))
    assert result.met
    assert not result.faulty
    shown = exhibits(result)
    assert [s.exhibit.library for s in shown] == ["JAX"]
    assert museum(result).met
    assert counted(shown, checkers_beside(shown), lambda s: True, "torch") == 0
