"""The project's shape: public names, light imports, layers, sizes, and nothing that ties it to one machine."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys

import pytest

import gradcheck

NAMES = [
    "Case",
    "CaseError",
    "Circuit",
    "Comparison",
    "Data",
    "DomainError",
    "Evidence",
    "Exhibit",
    "GradcheckError",
    "GradientError",
    "Integer",
    "NonFiniteError",
    "Real",
    "ShapeError",
    "TraceError",
    "UsageError",
    "Verdict",
    "__version__",
    "assert_gradient",
    "case",
    "check",
    "check_autograd",
    "check_jax",
    "check_tensorflow",
    "check_torch",
    "claim",
    "compare",
    "diagnose",
    "draw",
    "exhibit",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load_cases",
    "to_jax",
    "to_torch",
    "trace",
    "value_and_grad",
    "vjp",
    "write_backward",
]
HEAVY = ("numpy", "scipy", "sympy", "pandas", "flint", "pytest", "hypothesis")


def python(code: str, cwd) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120, check=True).stdout


# public names
def test_the_public_names_are_these():
    assert sorted(gradcheck.__all__) == sorted(NAMES)
    assert len(set(gradcheck.__all__)) == len(gradcheck.__all__)
    assert dir(gradcheck) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there(name):
    assert getattr(gradcheck, name) is not None


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"__version__"}))
def test_every_public_name_is_documented(name):
    assert (getattr(gradcheck, name).__doc__ or "").strip()


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gradcheck' has no attribute 'gradient'"):
        gradcheck.gradient  # noqa: B018


def test_case_is_the_decorator_whatever_else_is_imported(tmp_path, root):
    (tmp_path / "a.py").write_text("from gradcheck import case\n\n@case(x=1.0)\ndef f(x):\n    return x * x\n")
    code = (
        "import gradcheck, gradcheck.case\n"
        "first = gradcheck.case\n"
        "from gradcheck import case, load_cases\n"
        f"(found,) = load_cases({str(tmp_path)!r})\n"
        "import gradcheck.verdicts.compare, gradcheck.cli\n"
        "print(callable(first), gradcheck.case is first, case is first, type(found).__name__, first(x=1.0)(lambda x: x)(3.0))"
    )
    assert python(code, root).split() == ["True", "True", "True", "Case", "3.0"]


# imports
@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("import gradcheck", id="the package"),
        pytest.param("from gradcheck import Real, Data, Integer, CaseError, case, claim", id="domains and cases"),
        pytest.param("import gradcheck.cli", id="the command line"),
        pytest.param(
            "from gradcheck.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit as e:\n    assert not e.code", id="--version"
        ),
        pytest.param(
            "from gradcheck.cli import main\ntry:\n    main(['run', '--help'])\nexcept SystemExit as e:\n    assert not e.code", id="help"
        ),
    ],
)
def test_what_must_start_at_once_imports_nothing_heavy(statement, root):
    code = f"{statement}\nimport sys, json\nprint()\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    assert json.loads(python(code, root).splitlines()[-1]) == []


def test_what_is_heavy_is_seen_when_it_is_imported(root):
    """The twin of the test above: the same question about a module that does import NumPy."""
    code = f"import gradcheck.verdicts.compare\nimport sys, json\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    assert "numpy" in json.loads(python(code, root))


def test_the_version_is_printed(root):
    command = [sys.executable, "-m", "gradcheck.cli", "--version"]
    assert gradcheck.__version__ in subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True).stdout


def modules(root):
    return sorted((root / "gradcheck").rglob("*.py"))


def test_every_module_can_be_imported_alone(root):
    names = [".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for p in modules(root)]
    assert len(names) > 50
    for name in names:
        assert importlib.import_module(name)


def test_the_layers_hold(root):
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed: the layers in pyproject.toml are NOT checked here; pip install -e .[dev]")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


# sizes
def functions(path):
    """Every function of a file with its code lines: no blank lines, comments or docstring."""
    text = path.read_text()
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            written = {n for statement in body for n in range(statement.lineno, statement.end_lineno + 1)}
            yield node.name, sum(1 for n in written if lines[n - 1].strip() and not lines[n - 1].strip().startswith("#"))


def test_code_lines_are_counted_as_said(tmp_path):
    (tmp_path / "a.py").write_text('def f(x):\n    """Doc.\n\n    More.\n    """\n    # why\n\n    y = (\n        x\n    )\n    return y\n')
    assert list(functions(tmp_path / "a.py")) == [("f", 4)]


GENERATED = ("gradcheck/compiled/kernels.py",)  # one branch for every instruction; held to its records by a test of its own


def written(root):
    return [p for p in modules(root) if p.relative_to(root).as_posix() not in GENERATED]


def test_modules_stay_under_400_lines(root):
    sizes = {p.relative_to(root).as_posix(): len(p.read_text().splitlines()) for p in written(root)}
    assert {name: n for name, n in sizes.items() if n >= 400} == {}


def test_functions_stay_under_50_code_lines_and_are_mostly_short(root):
    sizes = {f"{p.relative_to(root)}:{name}": n for p in written(root) for name, n in functions(p)}
    assert {name: n for name, n in sizes.items() if n >= 50} == {}
    assert statistics.median(sizes.values()) <= 8
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= 20


# nothing of one machine
def committed(root):
    """What git keeps; outside a checkout, every text file but what tools leave behind."""
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, timeout=60, check=True).stdout
        return [root / name for name in listed.splitlines() if (root / name).is_file()]
    hidden = (".venv", ".git", "__pycache__", ".ruff_cache", ".pytest_cache", ".mypy_cache", ".import_linter_cache", ".hypothesis")
    return [p for p in root.rglob("*") if p.is_file() and not set(hidden) & set(p.relative_to(root).parts)]


def test_nothing_committed_names_a_machine_or_a_folder_outside(root):
    patterns = ["/" + "work/", "../" + "shared", "shared" + "/bench", "/" + "root/"]
    found = []
    files = committed(root)
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(root)}: {pattern}" for pattern in patterns if pattern in text]
    assert len(files) > 100
    assert found == []
