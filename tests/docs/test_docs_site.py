"""The site of the documentation: it builds without a warning, its links hold, it loads nothing from elsewhere, and a browser shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from site_judging import broken_links, loaded_from_elsewhere

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MISSING = "the site of the documentation is NOT tested: {} is missing, which is in the extra `docs`"


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """As `make docs` does."""
    for name in ("sphinx", "myst_parser", "furo", "jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(name, reason=MISSING.format(name))
    (command,) = re.findall(r"^\t\$\(BIN\)/python (-m sphinx .*)$", (ROOT / "Makefile").read_text(), re.M)
    words = [{"docs": str(source), "build/docs": str(target), "build/doctrees": f"{target}-trees"}.get(w, w) for w in command.split()]
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("site") / "docs"
    done = build(DOCS, target)
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr[-4000:]
    return target


@pytest.mark.slow
def test_it_builds_without_a_warning_and_holds_every_page(site) -> None:
    pages = [p.relative_to(DOCS).with_suffix(".html") for p in DOCS.rglob("*.md") if p != DOCS / "README.md"]
    assert len(pages) > 60
    assert [p for p in pages if not (site / p).is_file()] == []


@pytest.mark.slow
def test_every_link_and_anchor_within_it_leads_somewhere(site) -> None:
    assert list(broken_links(site)) == []


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site) -> None:
    assert list(loaded_from_elsewhere(site)) == []
    assert (site / "_static/math.woff2").is_file()


@pytest.mark.slow
def test_formulas_lessons_and_what_is_made_from_the_code_are_in_it(site) -> None:
    noise, lesson, names = (
        (site / p).read_text() for p in ("explanation/noise.html", "lessons/1-the-chain-rule.html", "reference/python.html")
    )
    assert noise.count("<math ") > 5
    assert not any(re.search("<script[^>]*(mathjax|katex)", t, re.I) for t in (noise, lesson, names))
    assert 'class="graph wires"' in lesson and "as printed: wrong" in re.sub("<[^>]*>", "", lesson)
    assert "ipykernel_" not in lesson
    import gradcheck

    assert [n for n in gradcheck.__all__ if not n.startswith("__") and f'id="gradcheck.{n}"' not in names] == []
    assert "made from the code" not in names + noise


@pytest.mark.slow
@pytest.mark.parametrize("scheme, width", [("light", 1300), ("dark", 1300), ("light", 390), ("dark", 390)])
@pytest.mark.parametrize("name", ["index.html", "how-to/read-a-verdict.html", "reference/python.html", "lessons/2-graphs-and-paths.html"])
def test_a_browser_shows_it(site, visit, name, scheme, width) -> None:
    page = visit(site, name, scheme=scheme, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(float, re.findall(r"[\d.]+", ground)[:3])) / 3
    assert (brightness < 60) == (scheme == "dark")
    assert page.locator("h1").count() == 1


@pytest.mark.slow
def test_drawings_follow_the_choice_of_the_reader(site, visit) -> None:
    page = visit(site, "lessons/1-the-chain-rule.html", scheme="light").page
    colour = "getComputedStyle(document.querySelector('svg.graph .node circle')).stroke"
    light = page.evaluate(colour)
    page.evaluate("document.body.dataset.theme = 'dark'")
    assert page.evaluate(colour) != light


@pytest.mark.slow
def test_search_works_from_disk(site, visit) -> None:
    page = visit(site, "index.html").page
    page.goto((site / "search.html").as_uri() + "?q=hessian")
    page.wait_for_selector("#search-results li a")
    assert any("gradcheck.hessian" in text for text in page.locator("#search-results li").all_text_contents())


FAULTY = """# A faulty page

[Nowhere](nowhere.md), and [no such place](index.md#nowhere).

<!-- made from the code: name check -->

```{eval-rst}
.. autofunction:: gradcheck.no_such_name
```

See {py:func}`gradcheck.neither`.
"""


@pytest.mark.slow
def test_a_build_with_faults_fails_and_names_each(tmp_path) -> None:
    source = tmp_path / "docs"
    for name in ("building", "_static"):
        shutil.copytree(DOCS / name, source / name)
    shutil.copy(DOCS / "conf.py", source)
    for name in ("gradcheck", "cases", "reports"):
        (tmp_path / name).symlink_to(ROOT / name)
    (source / "index.md").write_text("# Home\n\n```{toctree}\nfaulty\nmissing\n```\n")
    (source / "faulty.md").write_text(FAULTY)
    (source / "alone.md").write_text("# In no table of contents\n")
    done = build(source, tmp_path / "site")
    assert done.returncode != 0
    for said in ("nowhere.md", "no_such_name", "gradcheck.neither", "'missing'", "alone.md", "#nowhere"):
        assert said.strip("#") in done.stderr, (said, done.stderr)


@pytest.mark.parametrize(
    "body, said",
    [
        pytest.param('<a href="other.html">x</a>', "index.html: other.html: no such file", id="page"),
        pytest.param('<a href="#there">x</a>', "index.html: #there: no such anchor", id="anchor"),
        pytest.param('<a href="second.html#there">x</a>', "index.html: second.html#there: no such anchor", id="anchor elsewhere"),
        pytest.param('<img src="picture.svg">', "index.html: picture.svg: no such file", id="picture"),
    ],
)
def test_a_broken_link_is_found(tmp_path, body, said) -> None:
    (tmp_path / "index.html").write_text(body + '<a href="second.html#here">good</a><a href="https://example.org/x">far</a>')
    (tmp_path / "second.html").write_text('<p id="here">here</p>')
    assert list(broken_links(tmp_path)) == [said]


@pytest.mark.parametrize(
    "name, text",
    [
        pytest.param("a.html", '<script src="https://cdn.example.org/x.js"></script>', id="script"),
        pytest.param("a.html", '<link rel="stylesheet" href="//fonts.example.org/css">', id="style sheet"),
        pytest.param("a.html", '<img src="http://example.org/x.png">', id="picture"),
        pytest.param("a.css", "@font-face { src: url('https://fonts.example.org/x.woff2'); }", id="font"),
        pytest.param("a.css", '@import "https://fonts.example.org/x.css";', id="import"),
        pytest.param("a.js", 'import("https://cdn.example.org/x.js")', id="module"),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(tmp_path, name, text) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "good.html").write_text('<a href="https://example.org">a link is no asset</a><img src="x.svg">')
    (tmp_path / "good.css").write_text("a { background: url('data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\">') }")
    assert len(list(loaded_from_elsewhere(tmp_path))) == 1


@pytest.mark.slow
def test_every_lesson_is_executed_into_a_notebook(tmp_path) -> None:
    """As `make lessons` does; every cell runs, and pictures are put out."""
    nbformat = pytest.importorskip("nbformat", reason=MISSING.format("nbformat"))
    for name in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(name, reason=MISSING.format(name))
    command = [sys.executable, str(DOCS / "building/lessons.py"), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-4000:]
    sources = sorted(p.stem for p in (DOCS / "lessons").glob("[0-9]*.md"))
    assert len(sources) >= 6
    for stem in sources:
        cells = nbformat.read(tmp_path / f"{stem}.ipynb", as_version=4).cells
        code = [c for c in cells if c.cell_type == "code"]
        outputs = [o for c in code for o in c.outputs]
        assert all(c.execution_count for c in code)
        assert not any(o.output_type == "error" or o.get("name") == "stderr" for o in outputs), stem
        told = "\n".join(c.source for c in cells)
        assert "A wrong gradient to catch" in told and told.count("**Question") >= 3, stem


@pytest.mark.slow
def test_a_lesson_with_a_cell_that_fails_is_refused(tmp_path) -> None:
    for name in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(name, reason=MISSING.format(name))
    text = (DOCS / "lessons/1-the-chain-rule.md").read_text()
    lesson = tmp_path / "failing.md"
    lesson.write_text(text.replace("circuit = trace(f, 1.0)", "circuit = trace(f, 1.0) / 0"))
    code = f"import sys; sys.path.insert(0, {str(DOCS)!r}); from pathlib import Path; from building.lessons import executed; executed(Path({str(lesson)!r}), Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0 and "CellExecutionError" in done.stderr
    assert not (tmp_path / "failing.ipynb").exists()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "reference/python.html", "reference/command-line.html", "lessons/2-graphs-and-paths.html"])
def test_pages_are_accessible(site, visit, assert_accessible, name, scheme) -> None:
    assert_accessible(visit(site, name, scheme=scheme))
