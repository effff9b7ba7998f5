"""Pages of marks, opened from disk in a browser: a student's, which stands alone, and the class's; light, dark, on a phone, on paper, without scripts."""

from __future__ import annotations

import pytest
import sample_marks as sample

from browser.judging import (
    choosing_faults,
    drawn,
    filter_faults,
    paper_faults,
    sideways_faults,
    sorting_faults,
    table_faults,
    unscripted_faults,
)
from browser.watching import COLOURS, violations
from gradcheck.grading.exports import student_folders, write_class

pytestmark = pytest.mark.slow  # a site of its own is written for them
CLASS = "html/index.html"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marks")
    write_class(sample.whole_class(), folder)
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A class whose every text is markup."""
    folder = tmp_path_factory.mktemp("hostile")
    marks = sample.poisoned(sample.small_class(), '"><script>document.title="taken"</script><img src=x onerror=alert(1)>')
    write_class(marks, folder)
    return folder, student_folders(marks)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("students/result1/index.html", id="a wrong gradient"),
        pytest.param("students/result0/index.html", id="all right"),
        pytest.param("students/outcome8/index.html", id="not marked"),
        pytest.param("students/refused/index.html", id="refused"),
        pytest.param(CLASS, id="the class"),
    ],
)
def test_a_page_is_sound(visit, written, axe, name):
    visited = visit(written, name)
    page = visited.page
    drawn(page)
    found = {"tables": table_faults(page), "light": violations(page, axe)}
    page.emulate_media(color_scheme="dark")
    found["dark"] = violations(page, axe, COLOURS)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    found["dark"] += [] if dark == "rgb(15, 20, 26)" else [f"the ground is {dark}"]
    page.emulate_media(color_scheme="light")
    found["phone"] = [*sideways_faults(page)]
    assert {k: v for k, v in found.items() if v} == {}


def test_a_student_page_needs_neither_scripts_nor_files(visit, written):
    """It stands alone: nothing is fetched, no script is in it, and its one sheet is let in by its digest."""
    visited = visit(written, "students/result1/index.html", scripts=False)
    assert visited.requests == [(written / "students/result1/index.html").resolve().as_uri()]
    assert "points" in visited.page.inner_text("main") and "Hint:" in visited.page.inner_text("main")
    assert visited.page.locator("p.verdict").evaluate("e => getComputedStyle(e).fontWeight") == "600"


def test_a_policy_that_does_not_fit_the_sheet_is_noticed(visit, written, tmp_path):
    """The twin: one character of the sheet changed, which a page that takes any style would not mind."""
    text = (written / "students/result1/index.html").read_text()
    (tmp_path / "twin.html").write_text(text.replace("box-sizing: border-box", "box-sizing:  border-box"))
    visited = visit(tmp_path, "twin.html", faulty=True)
    assert any("Content Security Policy" in fault for fault in visited.faults())


def test_the_table_of_students_is_filtered_and_sorted(visit, written):
    page = visit(written, CLASS).page
    table = page.get_by_role("region", name="Students").locator("table")
    found = filter_faults(table, "result") + choosing_faults(table, "status", "not marked") + sorting_faults(table, "total", number=True)
    assert found == []


def test_the_links_to_students_lead_somewhere(visit, written):
    page = visit(written, CLASS).page
    links = page.get_by_role("region", name="Students").locator("a").evaluate_all("all => all.map((a) => a.getAttribute('href'))")
    assert len(links) == 17 and all((written / "html" / link).resolve().is_file() for link in links)


def test_the_class_can_be_read_without_scripts_and_on_paper(visit, written):
    assert unscripted_faults(visit(written, CLASS, scripts=False).page) == []
    page = visit(written, CLASS).page
    drawn(page)
    assert [f for f in paper_faults(page) if not f.startswith("cut off")] == []


def test_markup_of_users_stays_text(visit, hostile):
    folder, names = hostile
    for name in (CLASS, f"students/{names[0]}/index.html"):
        page = visit(folder, name).page
        assert page.title() != "taken" and "<script>document.title" in page.inner_text("main")
        assert page.locator("main img:not(.chart-static)").count() == 0


def test_a_wall_of_text_stays_on_the_page(visit, tmp_path):
    marks = sample.poisoned(sample.small_class(), "x" * 1_000_000)
    write_class(marks, tmp_path, formats=["html"])
    for name in (CLASS, f"students/{student_folders(marks)[0]}/index.html"):
        page = visit(tmp_path, name).page
        drawn(page)
        assert sideways_faults(page) == []
