"""The museum in a report: in the JSON document, the study, the chapter; and nowhere where there is no exhibit."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import takewhile

import pytest

from gradcheck import load_cases
from gradcheck.rendering.document import document, dumps
from gradcheck.rendering.schema import fault
from gradcheck.rendering.site.build import case_file, site_files
from gradcheck.rendering.site.curves import curves, svg_of
from gradcheck.rendering.site.source import body_of, compared
from gradcheck.rendering.study_page import study_page
from gradcheck.studies.museum import exhibits, museum
from gradcheck.studies.running import run

SMALL = '''
import numpy as np
from gradcheck import Real, case, exhibit

W = np.array([1.5, -0.5])

def _sign(x):
    return np.where(x < 0, -1.0, 1.0)

@exhibit(library="Lib <b>", source="lib/lib#12", year=2020, kind="special point", bug="1 at 0", shows="at 0 alone", along=("x", 0, -1.0, 1.0))
@case(x=Real(2), at=[(np.array([0.5, 1.0]),), (np.array([0.0, 1.0]),)])
def parabola(x):
    """Squares."""
    return W @ x**2

@parabola.claimed_gradient
def parabola_mended(x):
    return W * 2 * x

@parabola.claimed_gradient(expect="wrong")
def parabola_as_it_was(x):
    """With a docstring."""
    return W * np.where(x == 0, _sign(x), 2 * x)
'''
TALLY = {"points": 4, "wrong_refused": 0, "right_refused": 0, "told": 0}
SAID = {
    "points": 4, "seed": 0, "checkers": [{"name": "torch", "version": "2", "settings": "slow"}, {"name": "jax", "version": "1", "settings": "order 1"}],
    "exhibits": {
        "parabola": {
            "torch": {"random": TALLY, "target": {"points": 1, "wrong_refused": 1, "right_refused": 1, "told": 0}},
            "jax": {"random": TALLY, "target": {"points": 1, "wrong_refused": 1, "right_refused": 0, "told": 1}},
            "gradcheck": {"random": TALLY, "target": {"points": 1, "wrong_refused": 1, "right_refused": 0, "told": 1}, "search": {"wrong": "wrong", "remarks": []}},
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("exhibits")
    (made / "small.py").write_text(SMALL)
    (made / "checkers.json").write_text(json.dumps(SAID))
    return made


@pytest.fixture(scope="module")
def result(folder):
    return run(load_cases(folder))


@pytest.fixture(scope="module")
def pages(result):
    """The site's pages; without charts, which are drawn in tests of their own."""
    made = site_files(result, (replace(museum(result), charts=()),), ())
    return dict(takewhile(lambda file: not file[0].startswith(("figures/", "assets/")), made))


@pytest.fixture(scope="module")
def page(pages):
    return pages["museum.html"]


class Elements(HTMLParser):
    """Elements by tag, and whether they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.wrong = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_an_exhibit_reaches_the_document_and_its_schema_knows_it(result):
    data = json.loads(dumps(document(result)))
    assert fault(data, "run") is None
    (entry,) = data["cases"]
    assert entry["exhibit"] == {
        "library": "Lib <b>", "source": "lib/lib#12", "bug": "1 at 0", "shows": "at 0 alone", "kind": "special point", "year": 2020, "along": ["x", 0, -1.0, 1.0],
    }  # fmt: skip
    wrong = next(c for c in entry["claimed"] if c["expected"] == "wrong")
    assert wrong["finding"]


def test_a_document_of_an_exhibit_without_source_is_refused(result):
    data = json.loads(dumps(document(result)))
    del data["cases"][0]["exhibit"]["source"]
    assert "source" in fault(data, "run")


def test_the_study_counts_who_tells_the_mistake(result):
    study = museum(result)
    rows = {(r["checker"], r["place"]): r["caught"] for r in study.table("caught").records()}
    assert rows == {
        ("torch", "at random points"): 0, ("torch", "or where it shows"): 0, ("jax", "at random points"): 0, ("jax", "or where it shows"): 1,
        ("all of them", "at random points"): 0, ("all of them", "or where it shows"): 1, ("gradcheck", "at random points"): 0,
        ("gradcheck", "or where it shows"): 1, ("gradcheck, searching", "no point given"): 1,
    }  # fmt: skip
    assert [s.verdict for s in study.statements] == ["shown"] * 3
    assert study.met
    assert "Lib" in study_page(study, pictures=False)


def test_the_chapter_shows_the_exhibit(page):
    elements = Elements(page)
    assert (elements.wrong, elements.open) == ([], [])
    assert ("article", {"class": "exhibit", "id": "parabola"}) in elements.found
    text = re.sub(r"<[^>]+>", "", page)
    for said in (
        "lib/lib#12",
        "special point",
        "1 at 0",
        "It shows at 0 alone",
        "As it was",
        "As it should be",
        "gradcheck finds the point by itself.",
    ):
        assert said in text, said
    assert "At 4 random points none of torch, jax sees it." in text
    assert "Given the very point, jax tells it. Given the very point, torch refuses the right rule as well." in text
    assert "<b>" not in page  # what the exhibit says is text
    assert "style=" not in page


def test_what_differs_between_the_rules_is_marked():
    was, mended = compared("return W * 1 / x", "return W * -1 / x")
    assert "<mark>" not in was
    assert mended.count("<mark>") == 1


def test_the_body_of_a_rule_has_no_head(result):
    (shown,) = exhibits(result)
    assert body_of(shown.was[0].function) == "return W * np.where(x == 0, _sign(x), 2 * x)"
    assert body_of(shown.mended[0].function) == "return W * 2 * x"


def test_a_point_alone_is_drawn_as_a_dot(result):
    (shown,) = exhibits(result)
    drawn = curves(shown)
    assert not drawn.error
    assert drawn.was[drawn.x == 0.0].tolist() == [1.5]
    picture = svg_of(drawn)
    assert picture.count("<circle") == 1
    assert "style" not in picture


def test_a_rule_that_loses_digits_is_drawn_as_its_error(result):
    (shown,) = exhibits(result)
    lossy = replace(shown.was[0], function=lambda x: shown.mended[0].function(x) * (1 + 1e-9))
    drawn = curves(replace(shown, was=(lossy, shown.was[1])))
    assert drawn.error
    assert drawn.was[0] == pytest.approx(1e-9, rel=1e-6)


def test_where_there_is_no_number_there_is_a_cross(result):
    (shown,) = exhibits(result)
    nan = replace(shown.was[0], function=lambda x: shown.mended[0].function(x) * (x / x))
    assert svg_of(curves(replace(shown, was=(nan, shown.was[1])))).count('class="none"') == 1


@pytest.mark.slow
def test_the_chapter_has_its_chart(result):
    files = dict(site_files(result, (museum(result),), ()))
    assert files["figures/museum-caught.svg"].startswith("<svg")
    assert 'src="figures/museum-caught.svg"' in files["museum.html"]


def test_every_page_leads_to_the_museum_and_the_case_to_its_card(result, pages):
    assert all("museum.html" in pages[name] for name in ("index.html", "cost.html", "rules.html"))
    (case,) = dict(case_file(result.cases[0], [c.case for c in result.cases], 0)).values()
    assert "../museum.html#parabola" in case


def test_without_exhibits_there_is_no_museum(tmp_path):
    (tmp_path / "plain.py").write_text("from gradcheck import case\n\n@case(x=1.0)\ndef square(x):\n    return x**2\n")
    plain = run(load_cases(tmp_path))
    assert museum(plain) is None
    assert '"exhibit":' not in dumps(document(plain))
    names = dict(takewhile(lambda file: not file[0].startswith(("figures/", "assets/")), site_files(plain, (), ())))
    assert "museum.html" not in names
    assert "museum" not in names["index.html"].lower()


def test_without_a_file_of_checkers_the_rest_stands(tmp_path):
    (tmp_path / "small.py").write_text(SMALL)
    alone = run(load_cases(tmp_path))
    study = museum(alone)
    assert [t.name for t in study.tables] == ["exhibits"]
    assert "random points none" not in next(page for name, page in site_files(alone, (study,), ()) if name == "museum.html")
