"""A report is written whole: what fails in one case is told there, and everything else stands."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

from gradcheck import case
from gradcheck.errors import UsageError
from gradcheck.parallel import can_fork
from gradcheck.rendering.site import case_page
from gradcheck.reporting import Made, Report, faults_of
from gradcheck.studies.collection import Cases
from gradcheck.studies.running import run

pytest.importorskip("pygraphviz")


def square(x):
    return x * x


def cube(x):
    return x * x * x


def report(folder, *functions, processes=1):
    """A report of cases of these functions at 3, and its files by path."""
    made = tuple(case(x=3.0)(f) for f in functions)
    written = Report(folder, made, 0)
    result = faults_of(run(Cases(made, (), ()), each=written.case, processes=processes))
    written.whole(result, (), ())
    return result, {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*") if p.suffix in (".md", ".html", ".csv", ".svg")
    }


def fails_for(name, real):
    """A function of ours with a defect that one case brings to light."""

    def made(first, *more, **how):
        if name in str(getattr(first, "name", first)):
            raise KeyError("defect")
        return real(first, *more, **how)

    return made


def failing(monkeypatch, where, attribute, name):
    monkeypatch.setattr(where, attribute, fails_for(name, getattr(where, attribute)))


PLACES = [
    pytest.param("gradcheck.rendering.material", "derive", "the derivation", ("cases/cube.md", "html/cases/cube.html"), id="derivation"),
    pytest.param("gradcheck.rendering.material", "picture", "the picture", ("html/cases/cube.html",), id="picture"),
    pytest.param("gradcheck.derivation.chain", "chain_of", "the derivation", ("html/cases/cube.html",), id="mathematics"),
]


@pytest.mark.parametrize("module, attribute, what, pages", PLACES)
def test_a_part_that_fails_is_told_in_its_place_and_the_rest_stands(tmp_path, monkeypatch, module, attribute, what, pages):
    import importlib

    failing(monkeypatch, importlib.import_module(module), attribute, "cube")
    result, files = report(tmp_path, square, cube)
    (problem,) = result.problems
    assert problem.startswith(f"case cube: {what} could not be made: KeyError: 'defect' (test_reporting.py:")
    assert result.faulty
    for page in pages:
        assert f"{what} could not be made: KeyError" in files[page].replace("&#39;", "'")
        assert "At fault" not in files[page]
    for path, text in files.items():
        assert "could not be made" not in text or path in (*pages, "README.md", "html/index.html")
    assert "could not be made" in files["README.md"] and "could not be made" in files["html/index.html"]
    assert {c.summary.outcome for c in result.cases} == {"right"}


def test_a_page_that_fails_says_so_itself(tmp_path, monkeypatch):
    failing(monkeypatch, case_page, "facts", "cube")
    result, files = report(tmp_path, square, cube)
    assert len(result.problems) == 1
    assert re.search(r"At fault: case cube: its page could not be made: KeyError", files["html/cases/cube.html"])
    assert "At fault" not in files["cases/cube.md"] + files["html/cases/square.html"]
    assert len(re.findall("^cube,", files["csv/entries.csv"], re.M)) == len(re.findall("^square,", files["csv/entries.csv"], re.M)) > 0


def test_nothing_is_told_where_nothing_fails(tmp_path):
    result, files = report(tmp_path, square, cube)
    assert result.problems == ()
    assert not any("could not be made" in text for text in files.values())


@pytest.mark.skipif(not can_fork(), reason="the system cannot fork")
def test_a_case_whose_process_dies_while_its_pages_are_made_has_a_page(tmp_path, monkeypatch):
    here = os.getpid()

    def dies(c, *more):
        if c.name == "cube" and os.getpid() != here:
            os._exit(3)
        return real(c, *more)

    real = case_page.facts
    monkeypatch.setattr(case_page, "facts", dies)
    result, files = report(tmp_path, square, cube, processes=2)
    assert "the process that compared it ended with exit code 3" in files["html/cases/cube.html"]
    assert result.faulty and result.cases[0].met
    assert 'href="cases/cube.html"' in files["html/index.html"]


def test_a_folder_that_cannot_be_written_ends_the_run_at_once(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="cannot write the report"):
        report(tmp_path / "out", square)


def test_a_case_that_could_not_run_has_its_page(tmp_path):
    def fails(x):
        raise ValueError("<b>no</b>")

    result, files = report(tmp_path, fails)
    assert isinstance(result.cases[0].made, Made) and result.cases[0].made.faults == ()
    assert "ValueError: &lt;b&gt;no&lt;/b&gt;" in files["html/cases/fails.html"]


def silent(x):
    return 3.0


def itself(x):
    return x


@pytest.mark.parametrize("function", [silent, itself], ids=["constant", "identity"])
def test_functions_of_no_operations_have_whole_pages(tmp_path, function):
    result, files = report(tmp_path, function)
    assert result.problems == () and result.met
    assert "could not be" not in files[f"html/cases/{function.__name__}.html"]


def test_arguments_of_no_entries_have_whole_pages(tmp_path):
    made = (case(x=np.zeros(0), y=1.0)(lambda x, y: np.sum(x) + y**2), case(x=np.zeros((0, 3)))(lambda x: np.sum(x) + 1.0))
    for f, name in zip(made, ("some", "none"), strict=True):
        f.function.__name__ = name
    written = Report(tmp_path, made, 0)
    result = faults_of(run(Cases(made, (), ()), each=written.case))
    assert result.problems == () and result.met
    assert [c.error for c in result.cases] == [None, None]
