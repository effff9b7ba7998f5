"""Charts on a page opened from disk, under the policy of reports: drawn, themed, fitted, told, inert, and still there without scripts."""

from __future__ import annotations

import pytest

from browser.samples import STUDIES, hostile, scaling, v_curves
from browser.sites import charts_site
from browser.watching import COLOURS, until
from gradcheck.rendering.charts import charts_bundle, output

DRAWN = "html[data-charts=drawn]"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One chart, for what is the same of all."""
    return charts_site(tmp_path_factory.mktemp("chart"), [v_curves()])


def drawn(visited):
    visited.page.wait_for_selector(DRAWN)
    return visited.page


@pytest.mark.slow
def test_every_chart_is_drawn_and_fits_the_page(visit, tmp_path):
    studies = [make() for make in STUDIES]
    visited = visit(charts_site(tmp_path / "site", studies))
    page = drawn(visited)
    figures = page.locator("figure.chart").all()
    assert len(figures) == sum(len(study.charts) for study in studies) == page.locator("figure.chart-drawn").count()
    assert page.locator(".chart-live svg path").count() > 100
    assert not page.locator(".chart-static").first.is_visible()
    panels = "nodes => new Set(nodes.map(n => Math.round(n.getBoundingClientRect().top))).size"
    rows = []
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for figure in figures:
            until(lambda f=figure: f.locator(".chart-live svg").bounding_box()["width"] <= f.bounding_box()["width"] + 1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        rows.append(page.locator("#figure-scaling-scaling-all .chart-live .mark-group.cell > g").evaluate_all(panels))
    assert rows == [1, 3]  # panels stand under each other on a phone
    asked = [url for url in visited.requests if not url.startswith("data:")]
    assert sorted(url.rsplit("/", 1)[1] for url in asked) == ["charts.css", "charts.js", "index.html", "page.css", "vega.js"]


def colours(page):
    """The colours that lines have on the screen."""
    script = "nodes => [...new Set(nodes.map(n => getComputedStyle(n).stroke).filter(c => c !== 'none'))]"
    return set(page.locator("#figure-step-size-v-curve .chart-live .mark-line path").evaluate_all(script))


def test_the_dark_has_colours_of_its_own_and_the_reader_can_choose(visit, site):
    light, dark = drawn(visit(site)), drawn(visit(site, scheme="dark"))
    shown = colours(light)
    assert len(shown) >= 4
    assert not shown & colours(dark)
    light.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark.evaluate("document.documentElement.dataset.theme = 'light'")
    assert colours(dark) == shown
    assert not colours(light) & shown


def test_the_point_under_the_pointer_is_told(visit, site):
    page = drawn(visit(site))
    box = page.locator("#figure-step-size-v-curve .chart-live").bounding_box()
    page.mouse.move(box["x"] + 500, box["y"] + 60)
    page.mouse.move(box["x"] + 505, box["y"] + 62)
    tip = page.locator("#figure-step-size-v-curve .chart-tip")
    tip.wait_for(state="visible")
    assert tip.inner_text().startswith("forward\nstep h: ")
    page.mouse.move(box["x"] + 200, box["y"] + box["height"] - 90)
    until(lambda: "exactly 0" in tip.inner_text())
    assert tip.inner_text().startswith("complex step\n")


def test_a_series_is_brought_out_by_keyboard(visit, site):
    page = drawn(visit(site))
    faded = "nodes => nodes.filter(n => Number(getComputedStyle(n).opacity) < 0.5).length"
    lines = page.locator("#figure-step-size-v-curve .chart-live .mark-line path")
    button = page.get_by_role("button", name="central", exact=True)
    button.focus()
    assert lines.evaluate_all(faded) == 0
    page.keyboard.press("Enter")
    until(lambda: (button.get_attribute("aria-pressed"), lines.evaluate_all(faded)) == ("true", 3))
    page.keyboard.press("Enter")
    until(lambda: (button.get_attribute("aria-pressed"), lines.evaluate_all(faded)) == ("false", 0))


def test_the_wheel_scrolls_the_page_and_zooms_only_with_control(visit, site):
    page = drawn(visit(site))
    page.set_viewport_size({"width": 1200, "height": 450})
    box = page.locator("#figure-step-size-v-curve .chart-live").bounding_box()
    labels = "() => [...document.querySelectorAll('#figure-step-size-v-curve .role-axis-label text')].map(t => t.textContent).filter(Boolean).sort().join()"
    first = page.evaluate(labels)
    page.mouse.move(box["x"] + 500, box["y"] + 200)
    page.mouse.wheel(0, 120)
    until(lambda: page.evaluate("scrollY") > 0)
    assert page.evaluate(labels) == first
    page.keyboard.down("Control")
    for _ in range(5):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    until(lambda: page.evaluate(labels) != first)
    page.locator("#figure-step-size-v-curve .chart-live").dblclick(position={"x": 500, "y": 200})
    until(lambda: page.evaluate(labels) == first)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_of_charts_is_accessible(visit, site, assert_accessible, scheme):
    visited = visit(site, scheme=scheme)
    page = drawn(visited)
    assert_accessible(visited, COLOURS if scheme == "dark" else ())
    named = page.get_by_role("img", name="Error against step. Four curves of error against step.")
    assert named.count() == 1


def test_without_scripts_the_still_picture_and_the_table_are_there(visit, site):
    page = visit(site, scripts=False).page
    for picture in page.locator(".chart-static").all():
        assert picture.is_visible()
        assert picture.bounding_box()["height"] > 100
    page.locator("#figure-step-size-v-curve summary").click()
    assert page.locator("#figure-step-size-v-curve tbody tr").count() == len(v_curves().tables[0].rows)


def test_paper_shows_the_still_picture(visit, site):
    page = drawn(visit(site, scheme="dark"))
    page.emulate_media(media="print")
    assert page.locator(".chart-static").first.is_visible()
    assert not page.locator(".chart-live").first.is_visible()


@pytest.mark.slow
def test_hostile_text_is_shown_and_does_nothing(visit, tmp_path):
    visited = visit(charts_site(tmp_path / "site", [hostile()]))
    page = drawn(visited)
    assert page.evaluate("window.broken") is None
    assert page.locator("figure.chart-drawn").count() == len(hostile().charts)
    assert page.locator("main script:not([type='application/json']), main b, main iframe").count() == 0
    assert "<script>" in page.locator("figcaption").first.inner_text()
    assert "<script>" in page.locator(".chart-legend").first.inner_text()


def test_a_chart_that_cannot_be_drawn_stays_a_picture(visit, tmp_path):
    """The twin of the tests above: data that is no JSON."""
    site = charts_site(tmp_path / "site", [scaling()])
    text = (site / "index.html").read_text()
    (site / "index.html").write_text(text.replace('"spec":', '"spec":"', 1))
    visited = visit(site, faulty=True)
    page = drawn(visited)
    assert page.locator(".chart-static").first.is_visible()
    assert page.locator("figure.chart-drawn").count() == len(scaling().charts) - 1
    assert [fault for fault in visited.faults() if "stays a still picture" in fault]


@pytest.mark.slow
def test_another_version_of_the_modules_draws_with_vega_embed(visit, tmp_path, monkeypatch):
    charts_bundle.cache_clear()
    monkeypatch.setattr(output, "_INTERPRETERS", {})
    try:
        site = charts_site(tmp_path / "site", [v_curves()])
    finally:
        charts_bundle.cache_clear()
    assert 700_000 < (site / "vega.js").stat().st_size < 1_500_000
    assert drawn(visit(site)).locator("figure.chart-drawn").count() == 1
