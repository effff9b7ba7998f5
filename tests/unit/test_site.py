"""The site as files: links lead somewhere, nothing is loaded from outside, no script or style stands in a page, hostile text is inert."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath
from types import SimpleNamespace

import pytest
from hostile import HOSTILE

from gradcheck import load_cases
from gradcheck.rendering.site.build import case_file, site_files
from gradcheck.rendering.site.front import faults
from gradcheck.rendering.site.page import Cell, Head, ticked, view
from gradcheck.rendering.site.pieces import embedded
from gradcheck.rendering.site.source import highlighted
from gradcheck.studies.accuracy import accuracy
from gradcheck.studies.costs import costs
from gradcheck.studies.running import CaseResult, RunResult, run
from gradcheck.studies.summary import failed


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of a few cases that mean no good, by the path of every file."""
    folder = tmp_path_factory.mktemp("cases")
    (folder / "hostile.py").write_text(HOSTILE)
    found = load_cases(folder)
    result = run(found)
    pages = [page for case in result.cases for page in case_file(case, found, 0)]
    return dict([*site_files(result, (costs(result), accuracy(result)), ()), *pages])


class Page(HTMLParser):
    """A page's elements, links and ids, and whether its elements are closed in order."""

    VOID = ("meta", "link", "input", "br", "img", "hr")

    def __init__(self, text):
        super().__init__()
        self.elements, self.links, self.ids, self.open, self.wrong = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.elements.append((tag, given))
        self.links += [given[k] for k in ("href", "src") if given.get(k)]
        if "id" in given:
            self.ids.append(given["id"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def pages(site):
    return {name: Page(text) for name, text in site.items() if name.endswith(".html")}


def test_there_is_a_page_for_every_case_and_chapter(site):
    assert {"index.html", "cost.html", "accuracy.html", "learning.html", "rules.html"} <= set(site)
    assert sum(name.startswith("cases/") for name in site) == 6


def test_every_file_stays_below_the_site(site):
    for name in site:
        assert not PurePosixPath(name).is_absolute()
        assert ".." not in PurePosixPath(name).parts
        assert len(name) < 100


def test_elements_are_closed_in_order_and_ids_are_unique(pages):
    for name, page in pages.items():
        assert (name, page.wrong, page.open) == (name, [], [])
        assert len(page.ids) == len(set(page.ids)), name


def test_every_link_leads_to_a_file_of_the_site(pages, site):
    count = 0
    for name, page in pages.items():
        for link in page.links:
            file, _, part = link.partition("#")
            target = name if not file else resolved(PurePosixPath(name).parent / file)
            assert target in site, (name, link)
            assert not part or part in pages[target].ids, (name, link)
            count += 1
    assert count > 50


def resolved(path):
    parts = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_no_script_or_style_stands_in_a_page(pages):
    """The Content-Security-Policy would refuse it; only data may stand in a script element."""
    for name, page in pages.items():
        for tag, attributes in page.elements:
            assert tag != "style", name
            assert "style" not in attributes, (name, tag)
            assert not [a for a in attributes if a.startswith("on")], (name, tag)
            if tag == "script":
                assert attributes.get("src") or attributes.get("type") == "application/json", name


def test_every_page_states_the_policy(pages):
    for page in pages.values():
        policies = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
        assert len(policies) == 1
        assert policies[0].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policies[0]


def test_hostile_text_is_inert_and_bounded(site):
    for name, text in site.items():
        if name.endswith(".html"):
            assert "<script>alert" not in text
            assert "<b>bold" not in text
            assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", text)
            assert len(text) < 60_000, name
            assert not re.search("[wxyz]{2000}", text), name


def test_the_names_can_still_be_read(site):
    index = site["index.html"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in index
    assert "U+202Etxt.exe" in index
    assert "(100,000 characters)" in index
    assert "Not as stated" in index
    assert '<a href="cases/failing.html">failing</a>' in index


def test_a_case_that_could_not_run_has_a_page_that_says_so(site):
    assert "ValueError: &lt;script&gt;" in site["cases/failing.html"]


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "a & b", "\u2028\u2029", "\\u003c", '"quoted"'])
def test_data_in_a_page_cannot_end_its_element(text):
    written = str(embedded({"text": text}))
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"text": text}


def test_words_between_backticks_are_code_and_still_inert():
    assert str(ticked("on `pairs`, <b> & `x < 1`")) == "on <code>pairs</code>, &lt;b&gt; &amp; <code>x &lt; 1</code>"
    assert str(ticked("one ` alone <b>")) == "one ` alone &lt;b&gt;"


def test_lines_of_source_can_be_found_by_number():
    text = str(highlighted("def f(x):\n    return '</span><script>'\n", 9))
    assert re.findall('class="line" data-line="([0-9]+)"', text) == ["9", "10"]
    assert "<script>" not in text


def test_a_list_of_faults_ends():
    case = SimpleNamespace(name="case", file="f.py", claims=(), exhibit=None)
    summary = failed(SimpleNamespace(name="case", summary="", claims=(), file="f.py", line=1, exhibit=None), "error")
    result = RunResult((CaseResult(case, summary),) * 2000, (), (), 0)
    listed = faults(result)
    assert len(listed) == 51
    assert listed[-1].text == "1,950 more"
    assert len(faults(RunResult((CaseResult(case, summary),) * 50, (), (), 0))) == 50


def test_large_tables_are_told_from_small_ones():
    sizes = [view("t", [Head("h")], [[Cell("x")]] * n).size for n in (1, 40, 41, 400, 401)]
    assert sizes == ["", "", "tall", "tall", "large tall"]
