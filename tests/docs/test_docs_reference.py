"""The reference leaves nothing out: every public name, command, option, setting, kind of finding and document is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
from site_judging import without_entry

import gradcheck
from gradcheck.cli import main
from gradcheck.diagnosis import KINDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PUBLIC = [name for name in gradcheck.__all__ if not name.startswith("__")]


@pytest.fixture(scope="module")
def building():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        import building.kinds
        import building.measured
        import building.pictures
        import building.reference
        import building.texts

        yield building


def test_every_public_name_has_an_entry_with_an_example() -> None:
    assert without_entry((DOCS / "reference/python.md").read_text(), PUBLIC) == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda s: s.replace("<!-- made from the code: name hvp -->", ""), id="what the code says is missing"),
        pytest.param(lambda s: s.replace("### hvp", "### others"), id="no section"),
        pytest.param(lambda s: re.sub(r"(name hvp -->\n\n)```python.*?```", r"\1", s, flags=re.S), id="no example"),
    ],
)
def test_a_name_without_an_entry_is_found(spoil) -> None:
    assert without_entry(spoil((DOCS / "reference/python.md").read_text()), ["jvp", "hvp", "vjp"]) == ["hvp"]


def commands(name: str, command: click.Command, context: click.Context):
    yield name, command
    for sub in command.list_commands(context) if isinstance(command, click.Group) else ():
        yield from commands(f"{name} {sub}", command.get_command(context, sub), context)


def test_every_command_and_option_is_listed(building) -> None:
    text = building.reference.command_line()
    sections = dict(s.split("\n", 1) for s in re.split(r"^## ", text, flags=re.M)[1:])
    seen = 0
    for name, command in commands("gradcheck", main, click.Context(main)):
        for option in (p for p in command.params if isinstance(p, click.Option)):
            for spelled in (*option.opts, *option.secondary_opts):
                assert re.search(rf"{re.escape(spelled)}[ ,`/]", sections[name]), (name, spelled)
                seen += 1
    assert seen > 60
    assert "``" not in text.replace("```", "")


def test_every_kind_of_finding_is_listed_those_about_the_call_too(building) -> None:
    listed = building.kinds.kinds()
    assert set(KINDS) < set(listed)
    made = {node.args[i].value for node, i in findings_made()}
    assert made <= set(listed), made - set(listed)
    assert len(made & set(building.kinds.REMARKS)) >= 5
    assert all(f"| `{kind}` |" in building.reference.finding_kinds() for kind in listed)


def findings_made():
    """Calls that make a finding of a kind written out: Finding("kind", ...), _wrong(name, "kind", ...)."""
    for path in (ROOT / "gradcheck").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "Finding(" in text else ():
            at = {"Finding": 0, "_wrong": 1}.get(getattr(getattr(node, "func", None), "id", ""))
            if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant) and isinstance(node.args[at].value, str):
                yield node, at


def test_every_setting_and_option_of_pytest_is_listed(building) -> None:
    from gradcheck.settings import KNOWN, Settings
    from gradcheck.testing.options import MARKED

    text = building.reference.settings()
    assert all(f"| `{name}` |" in text for name in Settings.__slots__)
    assert all(f"`GRADCHECK_{name.upper()}`" in text for name in KNOWN)
    options = building.reference.pytest_options()
    plugin = (ROOT / "gradcheck/pytest_plugin.py").read_text()
    assert [o for o in set(re.findall(r'"(--gradcheck-[a-z-]+)"', plugin)) if f"`{o}`" not in options] == []
    assert [name for name in MARKED if f"gradcheck({name}=" not in options] == []


def test_every_document_is_listed_with_its_keys(building) -> None:
    import json

    from gradcheck.rendering.schema import NAMES, schema_text

    text = building.reference.schemas()
    for name in NAMES:
        schema = json.loads(schema_text(name))
        section = text.partition(f"## {schema['title']}\n")[2].partition("\n## ")[0]
        assert [key for key in schema["properties"] if f"| `{key}` |" not in section] == []


def test_every_mark_of_every_page_is_made(building) -> None:
    used = set()
    for path in DOCS.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        used |= set(building.texts.MADE.findall(text))
        assert "<!-- made" not in building.texts.made(text)
    assert {n for n in used if not n.startswith("name ")} == set(building.texts.TEXTS) | set(building.texts.MEASURED)


@pytest.mark.parametrize(
    "mark, error", [pytest.param("tables nobody makes", KeyError, id="text"), pytest.param("name nobody", AttributeError, id="name")]
)
def test_a_mark_that_nothing_makes_is_refused(building, mark, error) -> None:
    with pytest.raises(error):
        building.texts.made(f"<!-- made from the code: {mark} -->")


def test_the_measured_figures_are_those_of_the_report(building) -> None:
    """The page's tables against another file of the report, in which the same study is written out in words."""
    told = (ROOT / "reports/studies/scaling.md").read_text()
    rows = [line.split(" | ") for line in building.measured.slopes().splitlines()[2:]]
    assert len(rows) >= 15
    for row in rows:
        low, high = row[5].split(" to ")
        assert rf"{row[1]} {row[4]} \[{low}, {high}\]" in told
    most = max(float(line.split(" | ")[3]) for line in building.measured.ratios().splitlines()[2:] if " | tape | " in line)
    assert most == round(float(re.search(r"at most ([\d.]+) times ops\(f\), at pairs", told)[1]), 2)


def test_the_picture_of_the_tutorial_is_what_its_command_draws(run_tutorial) -> None:
    assert (run_tutorial / "sine.svg").read_text() == (DOCS / "tutorial/sine.svg").read_text()


@pytest.fixture
def run_tutorial(tmp_path, monkeypatch):
    import pages
    from click.testing import CliRunner

    (chain,) = [b for b in pages.blocks((DOCS / "tutorial/first-caught-bug.md").read_text()) if b.value == "chain.py"]
    (tmp_path / "chain.py").write_text(chain.text)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["graph", "chain.py::sine_of_square", "-o", "sine.svg"])
    assert done.exit_code == 0, done.output
    return tmp_path


def test_a_drawing_in_a_page_has_its_own_identifiers_and_no_style(building) -> None:
    text = "\n\n".join(["![a](sine.svg)"] * 2)
    shown = building.pictures.drawn(text, DOCS / "tutorial")
    found = re.findall(r' id="([^"]*)"', shown)
    assert len(found) == len(set(found)) == 4 and "<style" not in shown
    assert "\n\n" not in shown.split("</div>")[0]


def test_the_lessons_follow_every_claim() -> None:
    claims = re.findall(r"^(C\d\d),", (ROOT / "reports/csv/claims.csv").read_text(), re.M)
    listed = re.findall(r"\bC\d\d\b", (DOCS / "lessons/index.md").read_text().partition("| lesson |")[2])
    assert sorted(listed) == sorted(set(claims)) and len(listed) == 25
