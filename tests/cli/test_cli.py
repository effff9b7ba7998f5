"""The command line as a user meets it: output, exit codes, one clear line for bad input."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from gradcheck.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, and a way to put case files into it."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import math\nimport numpy as np\nfrom gradcheck import case, claim, Evidence, Real\n" + textwrap.dedent(body))
        return path

    return write


def invoke(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


SQUARE = """
    @case(x=3.0)
    def square(x):
        '''x times x.'''
        return x * x
    """


def test_run_exits_0_when_all_is_as_stated(here):
    here("a.py", SQUARE)
    result = invoke("run", "a.py")
    assert result.exit_code == 0, result.output
    assert "1 of 1 cases as stated" in result.stdout
    assert result.stderr == ""


def test_a_wrong_gradient_that_is_expected_to_be_wrong_is_as_stated(here):
    here("a.py", SQUARE + "\n    @square.claimed_gradient(expect='wrong')\n    def half(x):\n        return x\n")
    assert invoke("run", "a.py").exit_code == 0


@pytest.mark.parametrize("expect, factor", [("right", "1.0"), ("wrong", "2.0")])
def test_run_exits_1_when_a_claimed_gradient_is_not_as_expected(here, expect, factor):
    here("a.py", SQUARE + f"\n    @square.claimed_gradient(expect='{expect}')\n    def mine(x):\n        return {factor} * x\n")
    result = invoke("run", "a.py")
    assert result.exit_code == 1
    assert f"expected {expect}" in result.stdout


@pytest.mark.parametrize("shown, verdict, code", [("True", "shown", 0), ("False", "refuted", 1), ("1/0", "not shown", 1)])
def test_claims_decide_the_exit_code(here, shown, verdict, code):
    here(
        "a.py",
        SQUARE
        + f"\n    @claim('X1')\n    def x1(run):\n        return Evidence(shown={shown}, text='t', values={{'inf': float('inf')}})\n",
    )
    result = invoke("run", "a.py", "--json")
    claims = json.loads(result.stdout)["claims"]
    assert (result.exit_code, claims[0]["id"], claims[0]["verdict"]) == (code, "X1", verdict)


FAULTS = {
    "math": ("@case(x=1.0)\ndef f(x):\n    return math.sin(x)", "np.sin instead of math.sin", "a.py:6"),
    "writes": ("@case(x=Real(2))\ndef f(x):\n    y = np.zeros(2)\n    y[0] = x[0]\n    return y.sum()", "np.stack", "a.py:7"),
    "item": ("@case(x=1.0)\ndef f(x):\n    return x.item() ** 2", "Index it instead", "a.py:6"),
    "setitem": ("@case(x=Real(2))\ndef f(x):\n    x[0] = 1.0\n    return x.sum()", "x = x.copy() first", "a.py:6"),
    "in place": ("@case(x=Real(2))\ndef f(x):\n    x += 1.0\n    return x.sum()", "x = x + ...", "a.py:6"),
    "unknown": ("@case(x=Real(3))\ndef f(x):\n    return np.roots(x)", "np.roots has no derivative rule", "a.py:6"),
    "vector": ("@case(x=Real(2))\ndef f(x):\n    return x * x", "needs a scalar result", "shape (2,)"),
    "text": ("@case(x=1.0)\ndef f(x):\n    return 'hello'", "returned str, expected a number", "case f"),
    "nothing": ("@case(x=1.0)\ndef f(x):\n    pass", "returned NoneType, expected a number", "Is a return statement missing?"),
    "integer": ("@case(n=3)\ndef f(n):\n    return n * n", "1.0, not 1", "case f"),
    "not finite": ("@case(x=-1.0)\ndef f(x):\n    z = x + 0.5\n    return np.log(z)", "first appears in y (log)", "a.py:7"),
    "raises": ("@case(x=1.0)\ndef f(x):\n    raise KeyError('boo')", "KeyError: 'boo'", "a.py:4"),
    "random": ("@case(x=1.0)\ndef f(x):\n    return x * np.random.rand()", "look for random numbers", "case f"),
    "outside": (
        "@case(x=Real(2, low=0), at=([1.0, -1.0],))\ndef f(x):\n    return x.sum()",
        "x[1] = -1.0 lies outside its domain",
        "a.py:4",
    ),
    "wrong name": ("@case(y=1.0)\ndef f(x):\n    return x", "'y' is no argument of the function, which takes x", "a.py:4"),
    "no value": ("@case\ndef f(x):\n    return x", "no value or domain for argument 'x'", "a.py:4"),
    "empty": ("", "holds no case", "a.py"),
    "syntax": ("def f(:", "syntax error", "a.py:4"),
    "import": ("import no_such_module", "ModuleNotFoundError", "a.py:4"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_clear_line_and_the_other_files_still_run(here, fault):
    body, what, where = FAULTS[fault]
    here("a.py", body)
    here("good.py", SQUARE)
    result = invoke("run", ".")
    assert result.exit_code == 3
    (line,) = result.stderr.strip().splitlines()
    assert what in line
    assert where in line
    assert "Traceback" not in result.output
    assert "square  " in result.stdout


def test_a_derivation_too_large_says_so_instead_of_hanging(here):
    here(
        "a.py", "@case(x=np.linspace(0.9, 1.1, 60))\ndef f(x):\n    p = 1.0\n    for i in range(60):\n        p = p * x[i]\n    return p\n"
    )
    result = invoke("run", "a.py", "--json")
    symbolic = next(m for m in json.loads(result.stdout)["cases"][0]["methods"] if m["name"] == "symbolic")
    assert result.exit_code == 0
    assert "60 inputs; symbolic derivation is limited to" in symbolic["reason"]


@pytest.mark.parametrize(
    "arguments, what",
    [
        pytest.param(["run", "nowhere.py"], "nowhere.py: no such file or folder", id="missing file"),
        pytest.param(["run"], "there is no folder 'cases'", id="missing default folder"),
        pytest.param(["run", "sqare"], "no file, folder or case is called 'sqare'", id="missing name"),
        pytest.param(["run", "a.py", "sqare"], "did you mean square?", id="name misspelt"),
        pytest.param(["explain", "a.py::sqare"], "did you mean square?", id="explain misspelt"),
        pytest.param(["rnu"], "did you mean run?", id="command misspelt"),
        pytest.param(["run", "--sede", "1"], "--seed", id="option misspelt"),
        pytest.param(["run", "--seed", "x"], "not a valid integer", id="seed no number"),
    ],
)
def test_usage_errors_exit_2(here, arguments, what):
    here("a.py", SQUARE)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert what in result.stderr


def test_json_is_one_document_of_the_agreed_form(here):
    here("a.py", SQUARE + "\n    @square.claimed_gradient(expect='wrong', kinds=['factor'])\n    def half(x):\n        return x\n")
    document = json.loads(invoke("run", "a.py", "--json").stdout)
    assert set(document) >= {"schema_version", "environment", "claims", "cases"}
    assert document["schema_version"] == 1
    (found,) = document["cases"]
    assert (found["name"], found["file"], found["outcome"], found["inputs"]) == ("square", "a.py", "right", 1)
    assert found["operations"] == {"function": 1, "gradient": 2}
    assert found["ratio"] == 2.0
    assert [(c["name"], c["expected"], c["outcome"]) for c in found["claimed"]] == [("half", "wrong", "wrong")]
    assert [m["name"] for m in found["methods"]] == ["symbolic", "tape", "differences", "forward-differences", "complex-step"]
    for method in found["methods"]:
        assert set(method) >= {"name", "outcome", "digits", "ulp", "evaluations", "operations", "seconds", "reason"}


def test_ratio_is_null_where_the_function_has_no_operations(here):
    here("a.py", "@case(x=1.0)\ndef f(x):\n    return x\n")
    assert json.loads(invoke("run", "a.py", "--json").stdout)["cases"][0]["ratio"] is None


def test_a_case_can_be_chosen_by_name(here):
    here("cases/a.py", SQUARE + "\n    @case(x=1.0)\n    def other(x):\n        return x + 1\n")
    result = invoke("run", "square")
    assert "1 of 1 cases" in result.stdout
    assert "other" not in result.stdout


def test_explain_derives_hop_by_hop(here):
    here("a.py", "@case(x=1.0)\ndef f(x):\n    z = x + 1\n    h = z**2\n    return np.sin(h)\n")
    result = invoke("explain", "a.py::f")
    assert result.exit_code == 0
    for line in (
        "y -> h  np.cos(h)",
        "h -> z  2.0 * z",
        "y' = np.cos(h) * h'",
        "dy/dx = -2.61457",
        "dh = np.cos(h)",
        "# backward",
        "return y, dz",
        "bytes moved                   64                 128",
        "bytes at once, at most        40                  64",
    ):
        assert line in result.stdout


def test_a_report_is_written_whole(here, tmp_path):
    here("a.py", SQUARE)
    result = invoke("run", "a.py", "--report", "out")
    assert result.exit_code == 0, result.output
    written = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    tables = {f"csv/{n}.csv" for n in ("cases", "methods", "claimed", "claims", "values", "entries")}
    tables |= {f"latex/{n}.tex" for n in ("cases", "claimed", "claims")}
    tables |= {f"csv/{n}.csv" for n in ("accuracy-digits", "accuracy-summary", "accuracy-statements", "costs-costs", "costs-statements")}
    studies = {f"studies/{n}.{ending}" for n in ("accuracy", "costs") for ending in ("md", "json")}
    pictures = {f"figures/{n}.svg" for n in ("graph-square", "accuracy-methods", "accuracy-digits", "costs-ratios")}
    pages = {f"html/{n}.html" for n in ("index", "cost", "accuracy", "learning", "rules", "cases/square")}
    apart = {name for name in written if name.startswith(("html/assets/", "html/figures/"))}
    assert written - apart == {"README.md", "report.json", "primitives.md", "cases/square.md", *tables, *studies, *pictures, *pages}
    assert "report written to out/html/index.html" in result.stderr


def test_a_report_without_the_extra_has_no_pictures_and_says_so(here, tmp_path, monkeypatch):
    here("a.py", SQUARE)
    monkeypatch.setattr("gradcheck.reporting.EXTRA", ("no_such_package",))
    result = invoke("run", "a.py", "--report", "out")
    assert result.exit_code == 0, result.output
    assert "no_such_package is missing, which is in the extra `report`: pip install 'gradcheck[report]'" in result.stderr
    assert (tmp_path / "out" / "README.md").is_file()
    assert not (tmp_path / "out" / "html").exists()
    assert not (tmp_path / "out" / "figures").exists()


def test_studies_need_a_report_to_stand_in(here):
    here("a.py", SQUARE)
    result = invoke("run", "a.py", "--studies")
    assert result.exit_code == 2
    assert "--studies: a report is needed to put them in: add --report FOLDER" in result.stderr


def test_quick_is_for_studies(here):
    here("a.py", SQUARE)
    result = invoke("run", "a.py", "--quick")
    assert result.exit_code == 2
    assert result.stderr.startswith("gradcheck: --quick: there are no studies to shorten")


def test_a_report_that_cannot_be_written_leaves_a_clear_line(here, tmp_path):
    here("a.py", SQUARE)
    (tmp_path / "out").write_text("a file is in the way")
    result = invoke("run", "a.py", "--report", "out")
    assert result.exit_code == 2
    assert "out" in result.stderr


def test_settings_come_from_the_project_file_and_the_environment(here, tmp_path, monkeypatch):
    here("mine/a.py", "@case(x=Real())\ndef f(x):\n    return x * x\n")
    (tmp_path / "pyproject.toml").write_text('[tool.gradcheck]\ncases = "mine"\nseed = 7\n')
    assert json.loads(invoke("run", "--json").stdout)["environment"]["seed"] == 7
    monkeypatch.setenv("GRADCHECK_SEED", "8")
    assert json.loads(invoke("run", "--json").stdout)["environment"]["seed"] == 8
    assert json.loads(invoke("run", "--json", "--seed", "9").stdout)["environment"]["seed"] == 9


@pytest.mark.parametrize(
    "line, what", [("cuses = 'x'", "no setting 'cuses'"), ("seed = 'x'", "expected int"), ("seed = ", "pyproject.toml")]
)
def test_a_bad_setting_is_named(here, tmp_path, line, what):
    (tmp_path / "pyproject.toml").write_text(f"[tool.gradcheck]\n{line}\n")
    result = invoke("run")
    assert result.exit_code == 3
    assert what in result.stderr


@pytest.mark.slow
def test_a_hostile_case_name_stays_text_in_the_report(here, tmp_path):
    here("a.py", "def f(x):\n    '''<script>alert(1)</script> | `x`'''\n    return x * x\nf = case(x=1.0)(f)\n")
    invoke("run", "a.py", "--report", "out")
    page = (tmp_path / "out/cases/f.md").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_help_teaches():
    text = invoke("--help").stdout
    assert "@case(x=1.0)" in text
    assert "Exit codes" in text
    for command in ("run", "list", "explain"):
        assert invoke(command, "--help").exit_code == 0
