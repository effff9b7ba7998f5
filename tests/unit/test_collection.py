"""Finding cases: order, neighbours, and one line for every file at fault."""

from __future__ import annotations

import sys
import textwrap

import pytest

from gradcheck import CaseError, UsageError, load_cases
from gradcheck.studies.collection import load_file

HEAD = "import numpy as np\nfrom gradcheck import case, claim, Evidence, Real\n"


@pytest.fixture
def write(tmp_path):
    """Write a file of cases below an empty folder; returns its path."""

    def put(name: str, body: str):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + textwrap.dedent(body))
        return path

    return put


def a_case(name: str) -> str:
    return f"@case(x=1.0)\ndef {name}(x):\n    return x * x\n"


def names(found):
    return [c.name for c in found]


def test_cases_come_in_the_order_of_files_and_lines(write, tmp_path):
    write("b.py", a_case("zebra") + a_case("ant"))
    write("a.py", a_case("mouse"))
    write("sub/c.py", a_case("owl"))
    found = load_cases(tmp_path)
    assert names(found) == ["mouse", "zebra", "ant", "owl"]
    assert not found.problems


def test_paths_are_taken_in_the_order_given(write):
    a, b = write("a.py", a_case("first")), write("b.py", a_case("second"))
    assert names(load_cases(b, a)) == ["second", "first"]
    assert names(load_cases(str(a))) == ["first"]


def test_files_with_an_underscore_are_helpers(write, tmp_path):
    write("_helper.py", a_case("hidden"))
    write("a.py", a_case("seen"))
    assert names(load_cases(tmp_path)) == ["seen"]


def test_projects_of_their_own_are_left_out(write, tmp_path):
    write("a.py", a_case("mine"))
    write("other/cases/b.py", a_case("theirs"))
    (tmp_path / "other" / "pyproject.toml").write_text("")
    assert names(load_cases(tmp_path)) == ["mine"]
    assert names(load_cases(tmp_path / "other")) == ["theirs"]


def test_neighbours_can_be_imported_and_their_cases_count_once(write, tmp_path):
    write("neighbour_of_collection.py", "FACTOR = 3.0\n" + a_case("theirs"))
    write("z.py", "from neighbour_of_collection import FACTOR, theirs\n@case(x=2.0)\ndef mine(x):\n    return FACTOR * x\n")
    before = list(sys.path)
    try:
        found = load_cases(tmp_path)
    finally:
        sys.modules.pop("neighbour_of_collection", None)
    assert names(found) == ["theirs", "mine"]
    assert found.named("mine")(2.0) == 6.0
    assert not found.problems
    assert sys.path == before


def test_a_file_may_hold_a_claim_alone(write):
    found = load_cases(write("a.py", "@claim('X1')\ndef x1(run):\n    return Evidence(shown=True, text='t')\n"))
    assert names(found) == []
    assert [c.id for c in found.claims] == ["X1"]
    assert not found.problems


def test_aliases_of_a_case_are_one_case(write):
    found = load_cases(write("a.py", a_case("f") + "g = f\n"))
    assert names(found) == ["f"]
    assert not found.problems


PROBLEMS = [
    pytest.param("x = 1\n", "a.py: holds no case", id="no case"),
    pytest.param("\n\ndef f(:\n", "a.py:5: syntax error: ", id="syntax"),
    pytest.param("import no_such_module\n", "a.py:3: ModuleNotFoundError: No module named 'no_such_module'", id="import"),
    pytest.param("x = 1\n1 / 0\n", "a.py:4: ZeroDivisionError", id="raises"),
    pytest.param("@case(y=1.0)\ndef f(x):\n    return x\n", "a.py:3: case f: 'y' is no argument", id="case at fault"),
    pytest.param("def inner():\n    raise KeyError('boo')\n\ninner()\n", "a.py:4: KeyError: 'boo'", id="deepest line of the file"),
    pytest.param("@case(x=Real(-1))\ndef f(x):\n    return x\n", "a.py:3: shape -1: expected", id="domain at fault"),
]


@pytest.mark.parametrize("body, message", PROBLEMS)
def test_a_file_at_fault_is_one_line_and_the_others_are_read(write, tmp_path, body, message):
    path = write("a.py", body)
    write("b.py", a_case("good"))
    found = load_cases(tmp_path)
    assert names(found) == ["good"]
    (problem,) = found.problems
    assert problem.file == str(path)
    assert problem.message.startswith(f"{tmp_path}/{message}")
    assert "\n" not in problem.message


def test_a_syntax_error_in_a_neighbour_names_the_neighbour(write, tmp_path):
    write("_broken_neighbour.py", "def f(:\n")
    write("a.py", "import _broken_neighbour\n")
    (problem,) = load_cases(tmp_path).problems
    assert f"{tmp_path / '_broken_neighbour.py'}:3: syntax error" in problem.message


def test_a_repeated_name_is_named_with_both_places(write, tmp_path):
    a, b = write("a.py", a_case("twin")), write("b.py", "\n" + a_case("twin") + a_case("only"))
    found = load_cases(tmp_path)
    (problem,) = found.problems
    assert problem.message == f"{b}:4: case twin is already defined at {a}:3: rename one"


LOST = [
    pytest.param(a_case("f") + a_case("f"), "a.py:3: case f is hidden by the one at line 6: rename one", id="shadowed"),
    pytest.param(
        a_case("f") + "f = 3\n" + a_case("g"), "a.py:3: case f is lost: its name was given to something else, or deleted", id="rebound"
    ),
    pytest.param(
        a_case("g") + "class Cases:\n" + textwrap.indent(a_case("f"), "    "),
        "a.py:7: case f is inside class Cases, where no case is looked for: move it to the top of the file",
        id="in a class",
    ),
    pytest.param(
        "import gradcheck as gc\n" + a_case("f").replace("@", "@gc.") + "f = None\n" + a_case("g"),
        "a.py:4: case f is lost",
        id="other name",
    ),
]


@pytest.mark.parametrize("body, message", LOST)
def test_a_case_that_cannot_be_found_is_named(write, tmp_path, body, message):
    found = load_cases(write("a.py", body))
    assert len(found) == 1
    (problem,) = found.problems
    assert problem.message.startswith(f"{tmp_path}/{message}")


KEPT = [
    pytest.param("cases = [case(x=float(n))(f) for n, f in enumerate([np.sin, np.cos])]\n".replace("np.sin, np.cos", "lambda x: x * x, lambda x: -x"), 2, id="list"),
    pytest.param("from math import hypot\nimport statistics\nmine = case(data=np.ones(3))(statistics.fmean)\n", 1, id="function made elsewhere"),
    pytest.param("def made(n):\n    @case(x=1.0)\n    def power(x):\n        return x**n\n    return power\nsquare, cube = made(2), made(3)\n", 2, id="made by a function"),
    pytest.param("import functools\ndef plain(f):\n    @functools.wraps(f)\n    def g(x):\n        return f(x)\n    return g\n@case(x=1.0)\n@plain\ndef f(x):\n    return x\n", 1, id="decorated twice"),
    pytest.param("if False:\n    @case(x=1.0)\n    def f(x):\n        return x\n" + a_case("g"), 1, id="left out by a condition"),
    pytest.param("# -*- coding: latin-1 -*-\n" + a_case("f"), 1, id="coding"),
]  # fmt: skip


@pytest.mark.parametrize("body, count", KEPT)
def test_cases_are_found_however_they_are_made(write, body, count):
    found = load_cases(write("a.py", body))
    assert len(found) == count
    assert [p.message for p in found.problems if "lost" in p.message or "hidden" in p.message] == []


@pytest.mark.parametrize("name, message", [("nowhere.py", "no such file or folder"), ("empty", "holds no Python file")])
def test_paths_without_files_are_usage_errors(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        load_cases(tmp_path / name)


def test_load_file_raises_what_load_cases_collects(write):
    with pytest.raises(CaseError, match=r"a\.py:3: NameError"):
        load_file(write("a.py", "undefined\n"))


def test_cases_are_a_sequence(write):
    found = load_cases(write("a.py", a_case("f") + a_case("g") + a_case("h")))
    assert len(found) == 3
    assert found[1].name == "g"
    assert names(found[1:]) == ["g", "h"]
    assert names(reversed(found)) == ["h", "g", "f"]
    assert repr(found) == "<3 cases, 0 claims, 0 files at fault>"


@pytest.mark.parametrize(
    "name, message",
    [
        pytest.param("squaer", "no case is called 'squaer'; did you mean square?", id="near"),
        pytest.param("xyz", "no case is called 'xyz'; there is square", id="far"),
    ],
)
def test_a_name_that_is_none_gets_a_hint(write, name, message):
    found = load_cases(write("a.py", a_case("square")))
    assert found.named("square").name == "square"
    with pytest.raises(UsageError) as caught:
        found.named(name)
    assert str(caught.value) == message
