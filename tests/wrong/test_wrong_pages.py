"""Pages that do not do what they say: each is rejected by what runs the documentation, and the message names the line."""

from __future__ import annotations

import pages
import pytest

TICKS = "```"


def page(*blocks: str) -> str:
    return "# A page\n\n" + "\n\n".join(blocks) + "\n"


def fenced(language: str, text: str) -> str:
    return f"{TICKS}{language}\n{text}\n{TICKS}"


def run(text: str, tmp_path, root, **options):
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "page.md").write_text(text)
    return pages.run_page(tmp_path / "page.md", folder, root, **options)


@pytest.mark.parametrize(
    "text, said",
    [
        pytest.param(page(fenced("python", "1 / 0")), "page.md:3: the block fails: ZeroDivisionError", id="block that fails"),
        pytest.param(page(fenced("python", "assert 2 == 3")), "AssertionError", id="assertion"),
        pytest.param(page(fenced("python", "x = 1"), fenced("python", "y")), "page.md:7: the block fails: NameError", id="second block"),
        pytest.param(page(fenced("python", "print(1)"), fenced("output", "2")), "the page shows", id="another output"),
        pytest.param(page(fenced("python", "print('a b')"), fenced("output", "a ... c")), "the page shows", id="dots do not cover it"),
        pytest.param(page(fenced("python", "pass"), fenced("output", "1")), "the page shows", id="nothing printed"),
        pytest.param(page(fenced("output", "1")), "no block of Python stands before", id="output alone"),
        pytest.param(page(fenced("console", "$ false")), "`false` ends with 1", id="command that fails"),
        pytest.param(page(fenced("console", "$ echo a\nb")), "it prints", id="command with another output"),
        pytest.param(page(fenced("console", "$ false\n$ echo $?\n0")), "`echo $?`", id="another exit code"),
        pytest.param(page("<!-- file: ../out.py -->\n" + fenced("python", "x = 1")), "not in the page's own folder", id="file elsewhere"),
        pytest.param(page("<!-- file: cases/out.py -->\n" + fenced("python", "x = 1")), "own folder", id="file in the project"),
    ],
)
def test_a_page_that_is_wrong_is_rejected(text, said, tmp_path, root) -> None:
    with pytest.raises(pages.Failed) as failed:
        run(text, tmp_path, root)
    assert said in str(failed.value)


def test_a_page_that_is_right_runs(tmp_path, root) -> None:
    text = page(
        "<!-- file: a/b.txt -->\n" + fenced("text", "hello"),
        fenced("console", "$ cat a/b.txt\nhello\n$ false\n$ echo $?\n1\n$ echo 1 2 3\n1 ... 3"),
        fenced("python", "from pathlib import Path\nx = Path('a/b.txt').read_text()\nprint(x)"),
        fenced("output", "hello"),
        "<!-- not run: it is not there -->\n" + fenced("python", "import nothing_of_that_name"),
        "1. In a list:\n\n   " + fenced("python", "y = x").replace("\n", "\n   "),
    )
    assert run(text, tmp_path, root)["y"] == "hello\n"


def test_a_page_without_its_framework_is_skipped_and_says_so(tmp_path, root, monkeypatch) -> None:
    monkeypatch.setattr(pages, "FRAMEWORKS", ("nothing_of_that_name",))
    with pytest.raises(pytest.skip.Exception, match="needs nothing_of_that_name, which is not installed"):
        run(page(fenced("python", "import nothing_of_that_name")), tmp_path, root)


def test_a_block_that_needs_a_framework_is_left_out_alone(tmp_path, root) -> None:
    needs = "<!-- needs: nothing_of_that_name -->\n" + fenced("python", "import nothing_of_that_name")
    with pytest.raises(pytest.skip.Exception, match="page.md:4: this block needs nothing_of_that_name.*the other blocks ran"):
        run(page(needs, fenced("output", "1"), fenced("python", "x = 1")), tmp_path, root)


def test_what_follows_such_a_block_is_still_judged(tmp_path, root) -> None:
    needs = "<!-- needs: nothing_of_that_name -->\n" + fenced("python", "import nothing_of_that_name")
    with pytest.raises(pages.Failed, match="ZeroDivisionError"):
        run(page(needs, fenced("python", "1 / 0")), tmp_path, root)


@pytest.mark.slow
def test_a_page_of_which_a_test_fails_is_rejected(tmp_path, root) -> None:
    failing, passing = "def test_a():\n    assert False", "def test_b():\n    pass"
    with pytest.raises(pages.Failed, match="tests that fail: \\['test_a'\\]"):
        run(page(fenced("python", failing), fenced("python", passing)), tmp_path, root)


@pytest.mark.slow
def test_a_test_that_should_fail_and_does_not_is_rejected(tmp_path, root) -> None:
    with pytest.raises(pages.Failed, match="of which the page says \\['test_b'\\]"):
        run(page("<!-- test that fails: test_b -->\n" + fenced("python", "def test_b():\n    pass")), tmp_path, root)
