"""What a failure says: the hop and its line, the entries, a reproduction that runs as it is pasted."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import pytest

HEAD = "import numpy as np\nfrom model import AT, forgets, gradient, loss\n"


def failure(result, name: str) -> str:
    """The section of a failed test."""
    return result.stdout.str().split(f"_ {name} _")[1].split("\n____")[0].split("\n====")[0]


def pasted(section: str) -> str:
    """The reproduction, without pytest's margin."""
    text = section.split("to see it again, paste into Python:\n")[1].split("\n\n")[0]
    lines = [re.sub(r"^E   ", "", line) for line in text.splitlines()]
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))


def test_the_whole_message(standard_project, snapshot):
    section = failure(standard_project.run(), "test_wrong")
    assert section == snapshot


def test_the_line_where_the_chain_rule_went_wrong_is_shown(standard_project):
    section = failure(standard_project.run(), "test_wrong")
    assert re.search(r"the chain rule went wrong at model.py:9, in z", section)
    assert re.search(r">    9 \|     z = X @ w \+ b", section)
    assert re.search(r"w +wrong +2 of 2", section)
    assert re.search(r"b +right +0 of 1", section)


REPRODUCED = {
    "in a module": (HEAD + "def test_it(gradcheck):\n    gradcheck(loss, grad=forgets, at=AT)\n", "forgets: wrong"),
    "in the test's file": (
        "import numpy as np\ndef f(x):\n    return np.sum(np.abs(x))\ndef g(x):\n    return 1.0 + 0 * x\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=(np.array([0.1, -0.3], dtype=np.float32),))\n",
        "g: wrong",
    ),
    "with a product": (
        "import numpy as np\ndef f(x):\n    return np.tanh(x)\ndef g(x, c):\n    return c\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=(np.array([0.1, -0.3]),), vjp=True)\n",
        "g: wrong",
    ),
    "with a domain": (
        "import numpy as np\nfrom gradcheck import Real\ndef f(x):\n    return np.sum(np.log(x))\ndef g(x):\n    return x\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, domain={'x': Real(2, low=0)})\n",
        "g: wrong",
    ),
    "infinite": (
        "import numpy as np\ndef f(x, y):\n    return np.sum(np.minimum(x, y))\ndef g(x, y):\n    return 2.0 * (x < y), 2.0 * (y < x)\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=(np.array([1.0, 2.0]), np.inf), argnums=(0, 1))\n",
        "g: ",
    ),
    "a tree": (
        "import numpy as np\ndef f(p):\n    return np.sum(p['a'] * p['b'][0])\ndef g(p):\n    return {'a': p['a'], 'b': [p['a']]}\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=({'a': np.ones(2), 'b': [np.full(2, 3.0)]},))\n",
        "g: wrong",
    ),
    "a case": (
        "from gradcheck import case\n@case(x=3.0)\ndef f(x):\n    return x**3\ndef g(x):\n    return x\ndef test_it(gradcheck):\n    gradcheck(f, grad=g)\n",
        "g: wrong",
    ),
    "many numbers": (
        "import numpy as np\ndef f(x):\n    return np.sum(x**2)\ndef g(x):\n    return 1.0 * x\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=(np.arange(1.0, 501.0),))\n",
        "g: wrong",
    ),
    "found by search": (
        "import numpy as np\ndef f(x):\n    return np.sum(np.abs(x))\ndef g(x):\n    return np.ones_like(x)\n"
        "def test_it(gradcheck):\n    gradcheck(f, grad=g, at=(np.ones(3),), search=True)\n",
        "g: wrong",
    ),
}


def test_the_reproduction_runs_as_it_is_pasted(project):
    files = {f"tests__test_r{i}": body for i, (body, _) in enumerate(REPRODUCED.values())}
    project.write(**{name: body.replace("test_it", f"test_it_{i}") for i, (name, body) in enumerate(files.items())})
    result = project.run("tests")
    assert result.parseoutcomes() == {"failed": len(REPRODUCED)}, result.stdout.str()
    scripts = [pasted(failure(result, f"test_it_{i}")) for i in range(len(REPRODUCED))]
    together = "".join(f"print('--- {i}')\n{script}\n" for i, script in enumerate(scripts))  # one process: loading takes longest
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", together], cwd=project.pytester.path, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    said = re.split(r"--- \d+\n", ran.stdout)[1:]
    for (name, (_, expected)), text in zip(REPRODUCED.items(), said, strict=True):
        assert text.startswith(expected), (name, text)
        assert "wrong" in text.splitlines()[0], (name, text)


def test_a_function_without_a_name_is_told_where_it_is(project):
    project.write(tests__test_it="def test_it(gradcheck):\n    gradcheck(lambda x: x * x, grad=lambda x: x, at=(1.5,))\n")
    text = pasted(failure(project.run("tests"), "test_it"))
    assert re.search(r"f = \.\.\.  # test_it\.<locals>\.<lambda> \(tests/test_it\.py:2\): it has no name to import", text)
    assert "print(check(f, grad, at=(1.5,)))" in text


def test_every_argument_has_its_verdict(project):
    body = """import numpy as np
def f(a, b, c):
    return np.sum(a * b) + c**2
def g(a, b, c):
    return b, a * 2, 2 * c
def test_it(gradcheck):
    gradcheck(f, grad=g, at=(np.ones(2), np.ones(2), 3.0))
"""
    project.write(tests__test_it=body)
    section = failure(project.run("tests"), "test_it")
    rows = re.findall(r"^E +(\w) +(right|wrong) +(\d of \d)", section, re.M)
    assert rows == [("a", "right", "0 of 2"), ("b", "wrong", "2 of 2"), ("c", "right", "0 of 1")]


@pytest.mark.parametrize("style", ["short", "line", "native", "no", "long"])
def test_every_style_of_traceback_works(standard_project, style):
    out = standard_project.run(f"--tb={style}").stdout.str()
    assert style == "no" or "forgets: wrong: differs" in out.partition("short test summary")[0]
    assert "INTERNALERROR" not in out
