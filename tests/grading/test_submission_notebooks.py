"""Notebooks: code cells in order, magics taken out where they stand and listed, everything else refused in words."""

from __future__ import annotations

import json
import time

import pytest
from grading.hostile_files import HOSTILE_NOTEBOOKS, notebook
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.grading.submissions.bounds import Refusal
from gradcheck.grading.submissions.magics import strip
from gradcheck.grading.submissions.notebook import read_notebook


@pytest.mark.parametrize("name", HOSTILE_NOTEBOOKS)
def test_a_hostile_notebook_is_refused(name):
    content, words = HOSTILE_NOTEBOOKS[name]
    with pytest.raises(Refusal, match=words) as refusal:
        read_notebook(content, "hw.ipynb")
    assert str(refusal.value).startswith("hw.ipynb ")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_formats_and_encodings(version, encoding):
    content = notebook(["x = 1\n", "y = 'é'"], "def f():\n    return x", version=version).decode().encode(encoding)
    assert read_notebook(content, "hw.ipynb").cells == ("x = 1\ny = 'é'", "def f():\n    return x")


def test_only_code_cells_are_taken():
    document = json.loads(notebook("x = 1"))
    document["cells"] = [{"cell_type": "markdown", "source": "%not"}, {"cell_type": "raw", "source": "!no"}, *document["cells"]]
    assert read_notebook(json.dumps(document).encode(), "hw.ipynb").cells == ("x = 1",)


def test_what_was_removed_is_listed():
    read = read_notebook(notebook("%matplotlib inline\nx = 1", "y = 2\n!rm -rf ~", "get_ipython().magic('x')"), "hw.ipynb")
    assert read.warnings == (
        "cell 1, line 1: removed %matplotlib inline",
        "cell 2, line 2: removed !rm -rf ~",
        "cell 3 asks for get_ipython(), which does not exist where programs are marked",
    )


def test_another_language_is_noted():
    assert "written in R" in read_notebook(notebook("x <- 1", metadata={"language_info": {"name": "R"}}), "hw.ipynb").warnings[0]


STRIPPED = {
    "line magic": ("%matplotlib inline\nx = 1", "pass\nx = 1"),
    "indented": ("if x:\n    %run a.py\n", "if x:\n    pass\n"),
    "shell": ("!pip install torch", "pass"),
    "help": ("?f\nf?\nf??\nnp.sum?", "pass\npass\npass\npass"),
    "assigned": ("x = !ls\ny = %timeit -o f()\na, b = !ls\nd['k'] = !ls", "pass\npass\npass\npass"),
    "continued": ("!ls \\\n  -l\nx = 1", "pass\n  pass\nx = 1"),
    "quotes in a magic": ("!echo \"it's\nx = '''\n%in\n'''", "pass\nx = '''\n%in\n'''"),
    "kept body": ("%%time\nx = 1\n%load a", "pass\nx = 1\npass"),
    "dropped body": ("\n%%bash\nls\nrm", "pass\n\n\n"),
    "written file": ("%%writefile a.py\nx = 1", "pass\n"),
    "line ends": ("%a\r\nx = 1\r%b", "pass\nx = 1\npass"),
}
LEFT = {
    "triple quotes": 'x = """\n%not\n!nor\nthis?\n"""',
    "triple quotes of the other kind": "x = '''\n\"\"\"\n%not\n'''",
    "escaped quotes": "x = '''\n\\'''\n%not\n'''",
    "remainder in brackets": "x = (a\n % b\n)",
    "remainder after a backslash": "x = a \\\n % b",
    "string over lines": "x = 'a \\\n%not'",
    "a string that looks assigned": "print('a = !b')\nx = 'y = %z'",
    "in a comment": "# %not\nx = 1  # ''' !not\ny = 2",
    "in-place remainder": "x %= y\nx != y",
    "list of strings": "x = [\n'%a',\n%b\n]",
    "bracket in a string": "x = '('\ny = \"[\"\nz = 1",
    "docstring": "def f():\n    '''\n    %time f()\n    !ls\n    '''\n    return 1",
    "decorator and unpacking": "@g\ndef f(*a, **k): pass\n*a, b = c",
}


@pytest.mark.parametrize("name", STRIPPED)
def test_magics_are_replaced_where_they_stand(name):
    source, expected = STRIPPED[name]
    assert strip(source).source == expected
    assert strip(source).removed


@pytest.mark.parametrize("name", LEFT)
def test_python_is_left_alone(name):
    assert strip(LEFT[name]).source == LEFT[name]
    assert not strip(LEFT[name]).removed


def test_what_follows_a_closed_bracket_is_a_statement_again():
    assert strip("x = '('\n%a\ny = (1,\n2)\n%b").source == "x = '('\npass\ny = (1,\n2)\npass"


@pytest.mark.parametrize(
    "line", [" " * 300_000 + "x", "a," * 150_000, "a = " * 75_000, "a" * 300_000 + "[" * 10, "\\" * 300_000, "'" * 300_001], ids=range(6)
)
def test_no_line_takes_long(line):
    start = time.process_time()
    strip(line)
    assert time.process_time() - start < 2


@settings(max_examples=100)
@given(st.text(alphabet="%!?='\"#\\()[] \nax", max_size=60))
def test_lines_keep_their_numbers(source):
    stripped = strip(source)
    assert stripped.source.count("\n") == source.count("\n")
    assert strip(stripped.source).removed == []  # nothing is left


@settings(max_examples=60)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(["nbformat", "cells", "cell_type", "source", "worksheets", "input", "metadata"]), s, max_size=4
            )
        ),
    ).map(lambda d: json.dumps(d).encode())
)
def test_whatever_the_bytes_are_they_are_read_or_refused(content):
    try:
        assert isinstance(read_notebook(content, "hw.ipynb").cells, tuple)
    except Refusal as refusal:
        assert str(refusal).isprintable()
