"""Charts as data and as pictures: what is drawn, what is left out and said so, colours people can tell apart, bounded and inert output."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from contextlib import nullcontext
from html.parser import HTMLParser

import pytest
from browser.samples import STUDIES, depth, digits, hostile, scaling, v_curves
from jsonschema import ValidationError

from gradcheck.errors import UsageError
from gradcheck.rendering.charts import chart_html, chart_notes, chart_svg, charts_bundle, charts_css, figure, vega_spec
from gradcheck.rendering.charts.palette import DARK, GRID, INK, MUTED, PAGE, SERIES, TEXT, looks
from gradcheck.rendering.charts.values import MOST_NAMES, MOST_POINTS, drawn
from gradcheck.studies.study import Chart, Column, Rule, Study, Table

ALL = [pytest.param(study, chart, id=chart.name) for study in (make() for make in STUDIES) for chart in study.charts]


def one(rows, names="xy", **options):
    """A study with one chart of y over x."""
    table = Table("t", "T", tuple(Column(n, n) for n in names), tuple(rows))
    chart = Chart("c", "C", "t", "x", "y", **({"series": "s"} if "s" in names else {}), **options)
    return Study("one", "One", "?", (table,), charts=(chart,)), chart


# what is drawn
def test_points_keep_their_values_and_gaps():
    shown = drawn(*one([(3, 9.0), (1, 1.0), (2, None)]))
    assert [(p["x"], p["y"]) for p in shown.points] == [(1.0, 1.0), (2.0, None), (3.0, 9.0)]
    assert shown.notes == ("1 value was not measured: not drawn",)


def test_a_logarithmic_axis_shows_zeros_on_a_line_of_their_own():
    shown = drawn(*one([(1, 1e-3), (2, 0.0), (3, 1e-16)]))
    assert shown.y.zero == 1e-17
    assert [p["y"] for p in shown.points] == [1e-3, 1e-17, 1e-16]
    assert [p.get("o") for p in shown.points] == [None, "y", None]
    assert shown.rules == (Rule("y", 1e-17, "exactly 0"),)
    assert shown.notes[0].startswith("1 value is exactly 0, ")


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (-1.0, "1 value is negative, which has no place on a logarithmic axis: not drawn"),
        (math.inf, "1 value is not finite: not drawn"),
        (math.nan, "1 value is not finite: not drawn"),
        (10**400, "1 value is not finite: not drawn"),
    ],
)
def test_what_has_no_place_is_left_out_and_said(value, note):
    study, chart = one([(1, 1.0), (2, value)], kind="points")
    assert len(drawn(study, chart).points) == 1
    assert chart_notes(study, chart) == (note,)


def test_a_negative_value_has_its_place_on_a_linear_axis():
    shown = drawn(*one([(1, -1.0), (2, 3.0)], y_scale="linear"))
    assert (shown.notes, [p["y"] for p in shown.points]) == ((), [-1.0, 3.0])
    assert shown.y.low < -1 < 3 < shown.y.high


def test_axes_reach_over_intervals_and_rules():
    study, chart = scaling(), scaling().charts[0]
    shown = drawn(study, chart)
    ends = [v for r in study.table("times").records() for v in (r["q1"], r["q3"]) if v is not None]
    assert shown.y.low < min(ends)
    assert shown.y.high > max(ends)
    far = drawn(*one([(1, 1.0), (2, 2.0)], rules=(Rule("x", 1e6, "far"),)))
    assert far.x.high > 1e6


def test_an_interval_below_zero_ends_at_the_foot_of_a_logarithmic_axis():
    rows = [(1, 1.0, -0.5, 2.0), (2, 2.0, 1.5, 2.5)]
    shown = drawn(*one(rows, "xylh", low="l", high="h"))
    assert [(p["l"], p["h"]) for p in shown.points] == [(shown.y.low, 2.0), (1.5, 2.5)]


def test_bars_start_at_zero_and_a_logarithmic_bar_is_warned_about():
    assert drawn(*one([("a", 5.0), ("b", 6.0)], kind="bars", y_scale="linear")).y.low == 0
    assert chart_notes(*one([("a", 5.0)], kind="bars"))[0].startswith("the axis is logarithmic")


def test_many_points_of_a_line_are_drawn_and_some_are_marked():
    shown = drawn(*one([(k, k * 1.0) for k in range(1, 301)]))
    assert len(shown.points) == 300
    assert 10 <= sum("m" in p for p in shown.points) <= 20


def test_a_picture_is_bounded():
    names, chart = one([(f"case {k}", 1.0 + k) for k in range(2000)], kind="points")
    assert len(drawn(names, chart).points) == MOST_NAMES
    assert chart_notes(names, chart) == ("only the first 100 of 2000 names are drawn; the table has all of them",)
    points, chart = one([(k + 1, 1.0 + k) for k in range(7000)])
    assert len(drawn(points, chart).points) <= MOST_POINTS
    assert chart_notes(points, chart) == ("one point in 3 is drawn; the table has all of them",)


def test_names_that_read_alike_stay_apart():
    shown = drawn(*one([("a" * 500 + tail, 1, 1.0) for tail in "bc"], "sxy"))
    assert len(shown.series) == 2
    assert {p["s"] for p in shown.points} == set(shown.series)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "u"}, "chart c: no table is called 'u'; there are: t"),
        ({"low": "q"}, "chart c: table t has no column 'q'; there are: x, y"),
    ],
)
def test_a_chart_of_what_is_not_there_is_refused(change, message):
    study, chart = one([(1, 1.0)])
    with pytest.raises(ValueError, match=re.escape(message)):
        drawn(study, Chart(**({n: getattr(chart, n) for n in chart.__slots__} | change)))


def test_a_rule_on_an_axis_of_names_is_refused():
    with pytest.raises(ValueError, match="a rule on x needs numbers"):
        drawn(*one([("a", 1.0)], rules=(Rule("x", 1.0, "r"),)))


# pictures
@pytest.mark.parametrize(("study", "chart"), ALL)
def test_a_picture_is_small_the_same_each_time_and_says_what_it_shows(study, chart):
    svg = chart_svg(study, chart)
    assert svg == chart_svg(study, chart)
    assert len(svg) < 60_000
    tree = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert chart.reading.rstrip(".") in tree.find(f"{space}desc").text
    assert tree.get("aria-label") == tree.find(f"{space}title").text == chart.title
    assert not [
        e.tag
        for e in tree.iter()
        if e.tag.removeprefix(space) not in {"svg", "g", "path", "line", "text", "rect", "style", "title", "desc", "defs", "clipPath"}
    ]
    texts = {e.text for e in tree.iter(f"{space}text")}
    assert set(drawn(study, chart).series) <= texts
    assert {rule.label for rule in chart.rules} <= texts


def test_each_point_of_a_picture_stands_where_its_value_says():
    """Slope 2 of log against log is a straight line of slope 2 on the screen, in units of decades."""
    svg = chart_svg(*one([(10.0**k, 100.0**k) for k in range(5)]))
    marks = [tuple(map(float, m)) for m in re.findall(r'<path transform="translate\(([\d.-]+),([\d.-]+)\)"', svg)]
    assert len(marks) == 5
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(marks, marks[1:], strict=False)]
    assert all(step == pytest.approx(steps[0], abs=0.02) for step in steps)
    ticks = re.findall(r'translate\(([\d.-]+),[\d.-]+\)"[^>]*>([\d,]+)</text>', svg)
    assert {text for _, text in ticks} >= {"1", "10", "100", "1,000", "10,000"}


def test_powers_of_ten_are_raised():
    texts = re.findall(r">([^<>]+)</text>", chart_svg(v_curves(), v_curves().charts[0]))
    assert {"10⁰", "10⁻⁶", "10⁻¹²", "exactly 0"} <= set(texts)
    assert "10⁻²⁰⁰" in chart_svg(*one([(1, 1e-250), (2, 1e-180)]))


def test_every_colour_of_a_picture_has_one_for_the_dark():
    for study in (v_curves(), scaling(), digits(), depth()):
        for chart in study.charts:
            svg = chart_svg(study, chart)
            assert set(re.findall(r'(?:fill|stroke)="(#[^"]+)"', svg)) <= set(DARK)
    assert all(f'[stroke="{light}"]{{stroke:{dark}}}' in charts_css() for light, dark in DARK.items())


def test_a_specification_holds_only_colours_that_the_style_sheet_turns():
    for study in (make() for make in STUDIES):
        for chart in study.charts:
            assert set(re.findall(r"#[0-9a-fA-F]{6}\b", json.dumps(vega_spec(study, chart)))) <= set(DARK)


def checked(study, chart, monkeypatch):
    """The specifications of a chart, each part checked by Altair as it is made."""
    monkeypatch.setattr(figure, "debug_mode", lambda arg: nullcontext())
    return [figure.specification(chart, drawn(study, chart), interactive) for interactive in (False, True)]


@pytest.mark.parametrize(("study", "chart"), ALL)
def test_altair_accepts_every_part_and_the_check_changes_nothing(study, chart, monkeypatch):
    unchecked = [figure.specification(chart, drawn(study, chart), interactive) for interactive in (False, True)]
    assert checked(study, chart, monkeypatch) == unchecked


def test_a_part_that_is_not_of_the_grammar_is_noticed(monkeypatch):
    """The wrong twin of the test above."""
    monkeypatch.setattr(figure, "HEIGHT", "tall")
    with pytest.raises(ValidationError, match="tall"):
        checked(v_curves(), v_curves().charts[0], monkeypatch)


def test_specifications_do_not_depend_on_what_was_drawn_before():
    study = scaling()
    first = vega_spec(study, study.charts[0])
    vega_spec(study, study.charts[1])
    assert vega_spec(study, study.charts[0]) == first


@pytest.mark.parametrize(
    "study",
    [
        one([])[0],
        one([(1, None)])[0],
        one([(1, 1.0)])[0],
        one([(1, 0.0)])[0],
        one([("a", math.nan)], kind="bars")[0],
        one([(1, 1e-320), (2, 1.7e308)])[0],
    ],
    ids=["no rows", "nothing measured", "one point", "zero only", "not a number", "the ends of doubles"],
)
def test_poor_data_still_makes_a_picture(study):
    assert chart_svg(study, study.charts[0]).startswith("<svg")
    json.dumps(vega_spec(study, study.charts[0]), allow_nan=False)


def test_the_program_for_the_browser_is_one_script_without_vega_lite():
    script = charts_bundle()
    assert len(script) < 700_000
    assert "gradcheckVega" in script
    assert "Copyright (c) 2015-2023, University of Washington Interactive Data Lab" in script
    assert not re.search(r"\bimport\s*[\"'({*]|</script", script)


def test_without_the_extra_one_line_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(UsageError, match=r"^charts: altair is missing.*pip install 'gradcheck\[report\]'$"):
        chart_svg(v_curves(), v_curves().charts[0])


# pages
class Elements(HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def scripts(html):
    return re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, flags=re.S)


@pytest.mark.parametrize("chart", hostile().charts, ids=["lines", "points", "bars"])
def test_a_figure_holds_hostile_text_as_text(chart):
    html = str(chart_html(hostile(), chart))
    tags = {tag for tag, _ in Elements(html).found}
    assert tags <= {
        "figure",
        "img",
        "figcaption",
        "strong",
        "p",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "script",
    }
    assert html.count("<script") == html.count("</script>") == len(scripts(html)) == 1
    assert not [a for _, attrs in Elements(html).found for a in attrs if a.startswith("on") or a == "style"]
    assert "\u202e" not in html
    assert len(html) < 300_000
    assert json.loads(scripts(html)[0])["told"]["y"].startswith("'\"}]</script>")


def test_a_figure_has_caption_alternative_data_and_table():
    study = v_curves()
    html = str(chart_html(study, study.charts[0], image="charts/v.svg"))
    (image,) = [attrs for tag, attrs in Elements(html).found if tag == "img"]
    assert image["src"] == "charts/v.svg"
    assert image["alt"].endswith(
        "Lines across: best step of central differences at step h = 6.93e-06; best step of forward differences at step h = 2.11e-08; unit roundoff u at relative error = 1.11e-16."
    )
    assert "29 values are exactly 0" in html
    assert html.count("<tr>") == 1 + len(study.tables[0].rows)
    assert "<details" not in chart_html(study, study.charts[0], data=False)
    data = json.loads(scripts(html)[0])
    assert [s["name"] for s in data["series"]] == ["forward", "central", "five points", "complex step"]


def test_the_table_of_a_figure_is_bounded():
    html = str(chart_html(*one([(k + 1, 1.0) for k in range(1500)])))
    assert html.count("<tr>") == 1001
    assert "500 more rows" in html


# colours
def linear(colour):
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))]


def contrast(a, b):
    """WCAG 2's ratio of two colours."""
    low, high = sorted(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(v), strict=True)) for v in (a, b))
    return (high + 0.05) / (low + 0.05)


VISION = {  # Machado, Oliveira and Fernandes 2009, severity 1
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def oklab(colour, seen):
    r, g, b = (min(1, max(0, sum(m * c for m, c in zip(row, linear(colour), strict=True)))) for row in seen)
    cones = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    x, y, z = (c ** (1 / 3) for c in cones)
    return (
        0.2104542553 * x + 0.793617785 * y - 0.0040720468 * z,
        1.9779984951 * x - 2.428592205 * y + 0.4505937099 * z,
        0.0259040371 * x + 0.7827717662 * y - 0.808675766 * z,
    )


def nearest(colours, seen):
    """The least distance of two colours as somebody sees them."""
    seen_as = [oklab(c, seen) for c in colours]
    return min(math.dist(a, b) for i, a in enumerate(seen_as) for b in seen_as[:i])


@pytest.mark.parametrize("colours", [list(SERIES), list(SERIES.values())], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_series_are_told_apart_by_colour(colours, vision):
    assert nearest(colours, VISION[vision]) > (0.04 if vision == "tritanopia" else 0.055)


def test_colours_that_many_people_cannot_tell_apart_are_noticed():
    """The twin: red and green of a traffic light."""
    assert nearest(["#d62728", "#5c8a1e"], VISION["all colours"]) > 0.2
    assert nearest(["#b8571e", "#7f7a1c"], VISION["deuteranopia"]) < 0.055


def test_marks_and_text_stand_out_from_the_page():
    for dark in (False, True):
        see = DARK.__getitem__ if dark else str
        for paper in ([see(PAGE), "#ffffff"], [see(PAGE), "#0d1117"])[dark]:
            assert all(contrast(see(c), paper) >= 3 for c in SERIES)
            assert contrast(see(TEXT), paper) >= 4.5
            assert contrast(see(MUTED), paper) >= 4.5
    assert contrast("#f0e442", "#ffffff") < 3  # the twin: a yellow of a well-known palette
    assert set(INK) == {TEXT, MUTED, GRID, PAGE}


def test_series_differ_in_shape_too():
    first = looks(36)
    assert len({(look.colour, look.shape) for look in first}) == 36
    assert (
        len({look.shape for look in first[:6]}) == len({look.dash for look in first[:6]}) == len({look.colour for look in first[:6]}) == 6
    )
