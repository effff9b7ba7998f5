"""Pages of a report that are wrong on purpose: the judgements of the browser's tests must notice each, and let the right page pass."""

from __future__ import annotations

import shutil

import pytest
from browser.judging import (
    choosing_faults,
    drawn,
    filter_faults,
    keyboard_faults,
    paper_faults,
    policy_faults,
    sideways_faults,
    sorting_faults,
    stepping_faults,
    table_faults,
    theme_faults,
    unscripted_faults,
)
from browser.watching import violations

pytestmark = pytest.mark.slow  # half a hundred broken copies of the site, each in a browser

SMALL, CASE, LARGE = "cases/sine_of_square.html", "cases/sigmoid_neuron.html", "cases/convolution_and_pooling.html"
SCRIPT, STYLE, GRAPH = "assets/site.js", "assets/site.css", "assets/graph.css"


@pytest.fixture
def twin(small_report, tmp_path):
    """A copy of the small report with one text in one file replaced, everywhere it stands."""

    def made(file, old, new):
        site = tmp_path / "twin"
        shutil.copytree(small_report[1], site)
        text = (site / file).read_text()
        assert old in text, f"{file} has no {old!r} any more: the twin would be right"
        (site / file).write_text(text.replace(old, new))
        return site

    return made


def noticed(faults, said):
    assert [fault for fault in faults if said in fault], faults


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(SCRIPT, ".textContent);\n    this.said", '.textContent).filter((step) => step.phase === "forward");\n    this.said', "is hidden", id="no backward pass"),
        pytest.param(SMALL, '"phase": "backward"', '"phase": "forward"', "no backward pass", id="no backward pass in the data"),
        pytest.param(SCRIPT, "this.steps.slice(0, at)", "this.steps", "is shown", id="everything at once"),
        pytest.param(SCRIPT, 'querySelectorAll(".lit, .done, .now").forEach', 'querySelectorAll(".now").forEach', "on the way back: ", id="what was lit stays lit on the way back"),
        pytest.param(SCRIPT, '=== "forward" ? ".value" : ".gradient"', '=== "forward" ? ".gradient" : ".value"', "is shown", id="gradients forward"),
        pytest.param(SCRIPT, 'if (now) item.classList.add("now")', 'item.classList.add("now")', "is not marked", id="every node at work"),
        pytest.param(SCRIPT, "` ${step.text}`", "``", "it says", id="nothing said"),
        pytest.param(SCRIPT, "this.range.value = this.at;\n    this.range.setAttribute(\"aria-valuetext\", `step", "this.range.setAttribute(\"aria-valuetext\", `step", "the slider stands at", id="the slider stays"),
        pytest.param(SCRIPT, "line === step.line", "line === step.line + 1", "marked", id="the next line marked"),
        pytest.param(STYLE, ".stepping .node:not(.done), .stepping .wire:not(.done) { opacity: 0.35; }", "", "not faded", id="nothing faded"),
    ],
)  # fmt: skip
def test_a_wrong_stepper_is_noticed(visit, twin, file, old, new, said):
    noticed(stepping_faults(visit(twin(file, old, new), SMALL).page), said)


def in_tables(page):
    cases, gradients = page.locator("table.filterable").nth(0), page.locator("table.filterable").nth(1)
    faults = [*filter_faults(cases, "sine"), *choosing_faults(gradients, "expected", "wrong")]
    return [*faults, *sorting_faults(cases, "inputs", True), *sorting_faults(cases, "outcome", False)]


def test_right_tables_pass(visit, small_report):
    assert in_tables(visit(small_report[1]).page) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("row.hidden = !visible || open >= this.limit", "row.hidden = false", "shown without 'sine'", id="a filter that hides nothing"),
        pytest.param("row.hidden = !visible || open >= this.limit", "row.hidden ||= !visible", "does not bring all rows back", id="a filter that only hides"),
        pytest.param("row.hidden = !visible", "row.hidden = visible", "hidden with 'sine'", id="a filter that hides what fits"),
        pytest.param("`${found} of ${this.rows.length}`", "this.rows.length", "rows fit, it says", id="a wrong count"),
        pytest.param("textContent.trim() === select.value", "textContent.trim() !== select.value", "where expected is chosen as wrong", id="a menu the wrong way round"),
        pytest.param("(a > b) - (a < b)", "String(a).localeCompare(b)", "inputs is not ascending", id="numbers sorted as words"),
        pytest.param('? 1 : -1;\n      this.reorder', '? 1 : 1;\n      this.reorder', "is not descending", id="only upward"),
        pytest.param("missing(a) - missing(b)", "missing(b) - missing(a)", "is not ascending", id="what is missing first"),
        pytest.param("head.hidden = this.flat || ", "head.hidden = ", "between sorted rows", id="groups that stay"),
        pytest.param("this.reorder(this.sorted);", "", "bring the first order back", id="no way back"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_noticed(visit, twin, old, new, said):
    noticed(in_tables(visit(twin(SCRIPT, old, new)).page), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param('<meta http-equiv="Content-Security-Policy"', '<meta name="policy"', "the policy is []", id="without its policy"),
        pytest.param("script-src 'self'", "script-src 'self' 'unsafe-inline'", "unsafe-inline", id="with a loose policy"),
        pytest.param('<meta charset="utf-8">', '<meta charset="utf-8"><script src="assets/theme.js"></script>', "before the policy", id="with its policy too late"),
    ],
)  # fmt: skip
def test_a_page_without_its_policy_is_noticed(visit, twin, old, new, said):
    noticed(policy_faults(visit(twin("index.html", old, new)).page), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("<thead>", "<tbody hidden>", "without headings", id="without headings"),
        pytest.param(' scope="col"', "", "without headings", id="headings of nothing"),
        pytest.param('<caption class="unseen">', '<caption class="unseen" hidden></caption><caption>', "without a caption", id="without a caption"),
        pytest.param('<th scope="row">', "<td>", "a row without a heading", id="rows without headings"),
        pytest.param(' tabindex="0"', "", "no box that the keyboard reaches", id="a box that the keyboard does not reach"),
    ],
)  # fmt: skip
def test_a_table_that_not_everyone_can_read_is_noticed(visit, twin, old, new, said):
    noticed(table_faults(visit(twin("rules.html", old, new), "rules.html", faulty=True).page), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(".scroll { overflow-x: auto; max-width: 100%; }", "", "the page is ", id="boxes that do not scroll"),
        pytest.param(".scroll { overflow-x: auto; max-width: 100%; }", "body { overflow-x: hidden; } .scroll { overflow: visible; }", "", id="a page that is cut off"),
    ],
)  # fmt: skip
def test_a_page_wider_than_a_phone_is_noticed(visit, twin, old, new, said):
    noticed(sideways_faults(visit(twin(STYLE, old, new), CASE, width=390).page), said)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(STYLE, "--ground: #0f141a", "--ground: #ffffff", "page has the same colour", id="a dark that is white"),
        pytest.param(SCRIPT, "root.dataset.theme = label.textContent = next", "label.textContent = next", "the page is ", id="a button that does nothing"),
        pytest.param(SCRIPT, 'themes = ["auto", "light", "dark"]', 'themes = ["auto", "dark", "light"]', "the button says", id="another order"),
        pytest.param(GRAPH, "[data-theme=", "[data-other=", "gradient has the same colour", id="a graph that does not follow"),
    ],
)  # fmt: skip
def test_a_theme_that_does_not_follow_is_noticed(visit, twin, file, old, new, said):
    noticed(theme_faults(visit(twin(file, old, new), CASE).page), said)


def test_charts_that_do_not_follow_the_theme_are_noticed(visit, twin):
    page = visit(twin("assets/charts.css", '[data-theme="dark"]', '[data-theme="night"]')).page
    drawn(page)
    noticed(theme_faults(page), "axis has the same colour")


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(CASE, '<a class="skip"', '<a class="skip" tabindex="-1"', "the first stop is ", id="a skip link that is not reached"),
        pytest.param(STYLE, ".skip:focus { left: 0.5rem;", ".skip:focus {", "out of sight", id="a skip link that stays out of sight"),
        pytest.param(STYLE, "outline: 3px solid var(--focus)", "outline: 0", "without a mark", id="no mark where the keyboard is"),
        pytest.param(CASE, 'picture" tabindex="0"', 'picture" tabindex="-1"', "scrolls, but not by keyboard", id="a picture that the keyboard does not reach"),
    ],
)  # fmt: skip
def test_what_the_keyboard_does_not_reach_is_noticed(visit, twin, file, old, new, said):
    page = visit(twin(file, old, new), CASE).page
    page.set_viewport_size({"width": 700, "height": 900})  # the picture is wider
    noticed(keyboard_faults(page, 30), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("details::details-content { content-visibility: visible;", "details::details-content {", "folded: ", id="folded on paper"),
        pytest.param(".top, .controls,", ".top,", "to be pressed: ", id="buttons on paper"),
        pytest.param("overflow: visible; max-height: none; border: 0; }", "}", "cut off: ", id="boxes on paper"),
        pytest.param("@media screen {\n  :root[data-theme", "@media all {\n  :root[data-theme", "ink is ", id="pale ink"),
    ],
)  # fmt: skip
def test_a_page_that_is_not_whole_on_paper_is_noticed(visit, twin, old, new, said):
    page = visit(twin(STYLE, old, new), LARGE).page
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    noticed(paper_faults(page), said)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(CASE, '<div class="controls" hidden>', '<div class="controls">', "does nothing: ", id="buttons without scripts"),
        pytest.param(CASE, '<svg xmlns', '<svg visibility="hidden" xmlns', "not to be read: ", id="a picture that waits for a script"),
        pytest.param(STYLE, ".scripted .large", ".scroll", "not to be read: ", id="rows that wait for a script"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_without_scripts_is_noticed(visit, twin, file, old, new, said):
    noticed(unscripted_faults(visit(twin(file, old, new), CASE, scripts=False).page), said)


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        pytest.param(STYLE, "--muted: #55606e", "--muted: #b0b6bd", "color-contrast", id="pale text"),
        pytest.param(CASE, ' aria-label="Step">', ">", "label", id="a slider without a name"),
        pytest.param(CASE, '<html lang="en"', "<html", "html-has-lang", id="no language"),
    ],
)  # fmt: skip
def test_what_not_everyone_can_use_is_noticed(visit, twin, axe, file, old, new, rule):
    noticed(violations(visit(twin(file, old, new), CASE).page, axe), rule)
