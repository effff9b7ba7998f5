"""Every block of Python and every command of the documentation runs, and prints what the page shows (tests/pages.py says how)."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pages
import pytest
from click.testing import CliRunner
from page_needs import NEEDS

from gradcheck import check
from gradcheck.cli import main
from gradcheck.diagnosis import KINDS

DOCS = Path(__file__).parents[2] / "docs"
GENERATED = {"reference/primitives.md"}  # its blocks are rules as they are traced; tests/unit/test_reference.py holds it to the records
SLOW = {  # what takes longer than a second or two, beside pages with commands, frameworks or lessons
    "explanation/certified-truth.md",
    "how-to/check-a-gradient.md",
    "how-to/explore-with-hypothesis.md",
    "how-to/export-marks.md",
    "how-to/test-gradients-with-pytest.md",
}
LEFT_OUT = {
    ("explanation/grading-security.md", "run by"): 1,
    ("how-to/cost-studies.md", "run by"): 1,
    ("how-to/grade-at-scale.md", "not run"): 4,
    ("how-to/mark-coursework.md", "run by"): 8,
    ("how-to/read-a-report.md", "run by"): 1,
    ("reference/assignment.md", "not run"): 1,
    ("reference/assignment.md", "run by"): 1,
    ("tutorial/first-caught-bug.md", "not run"): 1,
}


def listed() -> list[str]:
    """Every page with a block to run, or with a mark that says why not."""
    found = [p.relative_to(DOCS).as_posix() for p in sorted(DOCS.rglob("*.md")) if "examples" not in p.parts]
    return [name for name in [*found, "../README.md"] if name not in GENERATED and runs(name)]


def runs(name: str) -> bool:
    return any(b.language in ("python", "console", "output") for b in pages.blocks((DOCS / name).read_text(encoding="utf-8")))


def is_slow(name: str) -> bool:
    found = [b for b in pages.blocks((DOCS / name).read_text(encoding="utf-8")) if b.mark in ("", "needs")]
    heavy = any(b.language == "console" or pages.frameworks(b.text) or b.mark == "needs" for b in found)
    return name in SLOW or name.startswith("lessons/") or (heavy and name != "reference/python.md")


def of_page(name: str):
    return pytest.param(name, id=name.removeprefix("../"), marks=[pytest.mark.slow] if is_slow(name) else [])


@pytest.fixture(scope="session")
def run_guide(root, tmp_path_factory):
    """Run a page's blocks, one after the other, once; gives what they define. Of a slow page the Python alone, unless the `whole` is asked for."""
    known: dict[tuple[str, bool], dict] = {}

    def run(name: str, *, whole: bool = False) -> dict:
        whole = whole or not is_slow(name)
        if (name, whole) not in known:
            known[name, whole] = pages.run_page(DOCS / name, tmp_path_factory.mktemp("page"), root, NEEDS.get(name), whole=whole)
        return known[name, whole]

    return run


@pytest.mark.parametrize("name", [of_page(name) for name in listed()])
def test_every_block_of_the_page_runs_and_prints_what_it_shows(run_guide, name):
    run_guide(name, whole=True)


def test_what_is_left_out_is_counted_and_has_a_reason(root):
    found = Counter((name, block.mark) for name in listed() for block in pages.blocks((DOCS / name).read_text()) if "run" in block.mark)
    assert found == LEFT_OUT
    for name in listed():
        for block in pages.blocks((DOCS / name).read_text()):
            if block.mark == "run by":
                assert Path(name).name in (root / block.value).read_text() or "selftest" in (root / block.value).read_text()
            assert not (block.mark and not block.value.strip())


def test_the_page_on_complex_numbers_runs(run_guide):
    scope = run_guide("how-to/complex-and-fourier.md")
    assert check(scope["power"], lambda x: scope["power_gradient"](x) / 2, at=(scope["x"],)).outcome == "wrong"


def test_what_can_be_followed_is(run_guide):
    scope = run_guide("how-to/functions-that-can-be-followed.md")
    assert "error" not in scope  # the last block met its TraceError


def test_the_how_to_blocks_run_and_their_gradients_are_right(run_guide):
    scope = run_guide("how-to/check-a-gradient.md")
    scope["test_gradient"]()
    case = scope["mean_squared_error"]
    assert check(case, scope["by_hand"]).outcome == "right"
    assert check(case, lambda w, X, y: X.T @ (X @ w - y) / len(y)).outcome == "wrong"


def test_the_derivatives_taken_are_held_to_something():
    assert sum(block.text.count("assert ") for block in pages.blocks((DOCS / "how-to/derivatives.md").read_text())) > 8


def test_the_mistake_of_the_page_on_mistakes_is_named(run_guide):
    scope = run_guide("how-to/name-a-mistake.md")
    assert scope["finding"].kind == "wrong-local-derivative"
    assert (scope["finding"].hop.name, scope["finding"].expected, scope["finding"].found) == ("h", "dh * (1 - h ** 2)", "dh * (1 - h)")
    assert scope["found"][0].message.startswith("dz is the first wrong gradient on the way back")


def test_the_page_on_mistakes_lists_every_kind(root):
    text = (root / "docs/how-to/name-a-mistake.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


def test_a_gradient_of_ones_own_is_weighed_as_the_page_on_costs_says(run_guide):
    scope = run_guide("how-to/cost-studies.md")
    assert check(scope["pairs"], scope["one_entry_at_a_time"], at=(scope["np"].linspace(-1, 1, 5),)).outcome == "right"


@pytest.mark.slow
def test_the_commands_of_the_page_on_costs_run(root, tmp_path, monkeypatch):
    commands = re.findall(r"^\$ gradcheck (study .*)$", (root / "docs/how-to/cost-studies.md").read_text(), re.M)
    assert {c.split()[1] for c in commands} == {"scaling", "step-size", "swell", "depth", "training"}
    (tmp_path / "cases").symlink_to(root / "cases")
    monkeypatch.chdir(tmp_path)
    for command in commands:
        if command.split()[1] in ("scaling", "swell"):  # they take long, and run with the test of the committed report
            main.commands["study"].make_context("study", command.split()[1:])
            continue
        result = CliRunner().invoke(main, command.split())
        assert result.exit_code == 0, (command, result.output)
    assert (tmp_path / "out" / "training-curves.csv").is_file()


def test_the_page_on_formats_lists_every_column_and_schema(root):
    from gradcheck.rendering.schema import NAMES
    from gradcheck.studies import tables

    text = (root / "docs/reference/report-formats.md").read_text()
    columns = {c.name for t in (tables.CASES, tables.METHODS, tables.CLAIMED, tables.CLAIMS, tables.VALUES, tables.ENTRIES) for c in t}
    assert [name for name in columns if f"`{name}`" not in text] == []
    assert [name for name in NAMES if f"gradcheck schema {name}" not in text] == []


def test_the_page_on_documents_lists_every_key(root):
    import json

    from gradcheck.rendering.schema import schema_text

    text = (root / "docs/reference/run-json.md").read_text()
    schema = json.loads(schema_text("run"))
    objects = [schema, schema["properties"]["claims"]["items"], *(schema["$defs"][n] for n in ("case", "claimed", "method"))]
    assert [key for o in objects for key in o["properties"] if f"`{key}`" not in text] == []


def test_the_page_on_assignments_lists_every_key_and_its_examples_are_good(root, tmp_path):
    from gradcheck.grading.assignments import read_assignment, scaffold
    from gradcheck.grading.assignments.document import schema

    text = (root / "docs/reference/assignment.md").read_text()
    tables = [schema(), *schema()["$defs"].values()]
    assert [key for t in tables for key in t.get("properties", {}) if f"`{key}`" not in text] == []
    words = [word for t in tables for word in t.get("enum", ())]
    assert [word for word in words if f"`{word}`" not in text] == []
    scaffold(tmp_path / "hw1")  # has the cases and the solution that the example names
    (tmp_path / "hw1" / "assignment.toml").write_text(re.search(r"```toml\n(.*?)```", text, re.S)[1])
    (question,) = read_assignment(tmp_path / "hw1").questions
    assert (question.names, question.points) == (("z",), 4.0)
    program = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S)[1:]).replace('"hw1"', repr(str(tmp_path / "hw1")))
    exec(program, {})


def test_the_guide_to_derivations_runs(root, run_guide, monkeypatch, tmp_path):
    scope = run_guide("how-to/show-a-derivation.md")
    assert scope["by_lemma"]["lemma 2"].startswith("dy/dz = dy/da * (1 - a ** 2) ≈ ")
    assert scope["document"].count("\\begin{align*}") > 3
    commands = re.findall(r"^\$ gradcheck (.*)$", (root / "docs/how-to/show-a-derivation.md").read_text(), re.M)
    monkeypatch.chdir(root)
    for command in commands:
        *arguments, file = command.split()
        assert CliRunner().invoke(main, [*arguments, str(tmp_path / file)]).exit_code == 0
        assert (tmp_path / file).stat().st_size > 1000
    assert len(commands) == 3


def test_the_commands_of_the_page_on_reports_run(root, tmp_path, monkeypatch):
    commands = re.findall(r"^\$ gradcheck (run .*)$", (root / "docs/how-to/read-a-report.md").read_text(), re.M)
    (tmp_path / "docs").symlink_to(root / "docs")
    monkeypatch.chdir(tmp_path)
    assert len(commands) == 2
    result = CliRunner().invoke(main, [*commands[0].split(), "--processes", "2"])
    assert result.exit_code == 0, result.output
    assert commands[1] == commands[0] + " --studies --quick"  # run by the test of the committed report, over all cases
    assert (tmp_path / "out/html/cases/sine_of_square.html").is_file()


def test_every_page_is_listed(root):
    listed = (root / "docs/README.md").read_text()
    pages = [
        p.relative_to(root / "docs").as_posix()
        for p in (root / "docs").rglob("*.md")
        if p.parent.name in ("tutorial", "how-to", "explanation", "reference", "lessons") and p.name != "index.md"
    ]
    assert [p for p in pages if p not in listed] == []


def test_the_page_on_hypothesis_finds_the_simplest_point(run_guide):
    scope = run_guide("how-to/explore-with-hypothesis.md")
    scope["test_entropy_of_each"]()
    scope["test_arguments_are_positive"]()
    assert scope["again"].witness[0].tolist() == [0.0, 4.0]
    assert np.isfinite(scope["divergence"](*scope["divergence"].drawn(seed=1)[0]))
