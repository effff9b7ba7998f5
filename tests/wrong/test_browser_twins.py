"""Pages that are wrong on purpose: what watches pages in the browser must notice each, and must let the right page pass."""

from __future__ import annotations

import pytest
from browser.sites import page
from browser.watching import COLOURS, violations

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def test_a_page_without_faults_passes(visit, axe, tmp_path):
    visited = visit(page(tmp_path / "site", f'<img src="{PIXEL}" alt="a dot">'))
    assert (visited.faults(), violations(visited.page, axe)) == ([], [])


@pytest.mark.parametrize(
    ("body", "head", "fault"),
    [
        pytest.param('<img src="http://127.0.0.1:9/x.png" alt="x">', "", "127.0.0.1", id="an image from a server"),
        pytest.param(
            "", '<link rel="stylesheet" href="https://example.invalid/x.css">', "example.invalid", id="a style sheet from a server"
        ),
        pytest.param("<script>window.ran = 1</script>", "", "Content Security Policy", id="a script in the page"),
        pytest.param('<p style="color: red">x</p>', "", "Content Security Policy", id="a style in the page"),
        pytest.param('<button onclick="window.ran = 1">x</button>', "", "Content Security Policy", id="a script in an attribute"),
        pytest.param("", '<script src="eval.js"></script>', "unsafe-eval", id="a script that compiles text"),
        pytest.param("", '<script src="throws.js"></script>', "not caught: ", id="a script that fails"),
        pytest.param("", '<script src="missing.js"></script>', "ERR_FILE_NOT_FOUND", id="a file that is not there"),
    ],
)
def test_a_fault_of_a_page_is_noticed(visit, tmp_path, body, head, fault):
    site = page(tmp_path / "site", body, head)
    (site / "eval.js").write_text("Function('return 1')();")
    (site / "throws.js").write_text("null.x;")
    visited = visit(site, faulty=True)
    visited.page.locator("h1, button").last.click()
    assert [found for found in visited.faults() if fault in found]
    assert visited.page.evaluate("window.ran") is None


def test_what_is_asked_for_outside_is_noticed_where_no_policy_forbids_it(visit, tmp_path):
    site = page(tmp_path / "site", '<img src="http://127.0.0.1:9/x.png" alt="x"><img src="../other.png" alt="y">')
    text = (site / "index.html").read_text()
    (site / "index.html").write_text(text.replace("Content-Security-Policy", "X-Nothing"))
    (tmp_path / "other.png").write_bytes(b"")
    faults = visit(site, faulty=True).faults()
    assert [f for f in faults if f.startswith("leaves the site: http://127.0.0.1:9/")]
    assert [f for f in faults if f.startswith("leaves the site: file:") and f.endswith("/other.png")]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        pytest.param(f'<img src="{PIXEL}">', "image-alt", id="a picture without words"),
        pytest.param("<button></button>", "button-name", id="a button without a name"),
        pytest.param('<p class="faint">faint</p>', "color-contrast", id="grey on white"),
    ],
)
def test_what_not_everyone_can_use_is_noticed(visit, axe, tmp_path, body, rule):
    site = page(tmp_path / "site", body, '<link rel="stylesheet" href="a.css">')
    (site / "a.css").write_text(".faint { color: #bbb; background: #fff; }")
    shown = visit(site).page
    assert [found for found in violations(shown, axe) if rule in found]
    assert bool(violations(shown, axe, COLOURS)) == (rule in COLOURS)
