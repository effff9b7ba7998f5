"""The example project works as its README and the guide say, and its tests would notice mistakes."""

from __future__ import annotations

import re
import shutil
import tomllib

import pytest

GUIDE = "docs/how-to/test-gradients-with-pytest.md"


@pytest.fixture
def example(root, pytester):
    shutil.copytree(
        root / "docs/examples/pytest-project",
        pytester.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(".pytest_cache", "__pycache__"),
    )
    return pytester


def run(pytester, *arguments: str):
    return pytester.runpytest_inprocess("-p", "no:randomly", *arguments)


@pytest.mark.slow
def test_every_test_passes_would_notice_mistakes_and_prints_what_the_guide_shows(root, example):
    result = run(example, "--gradcheck-mutate", "-v")
    assert result.parseoutcomes() == {"passed": 9}
    printed = result.stdout.str()
    assert re.search(r"mistakes planted: (\d+) of \1 noticed$", printed, re.M)
    shown = re.findall(r"^(?:cases/distances|\d+ gradients|\d+ case ).*$", (root / GUIDE).read_text(), re.M)
    assert len(shown) == 5
    assert [line for line in shown if line not in printed] == []


SPOILED = {
    "src/ratings/model.py": (
        "X.T @ d + w, np.sum(d)",
        "X.T @ d, np.sum(d)",
        ["test_logistic_gradient", "test_logistic_gradient_wherever_it_is"],
    ),
    "src/ratings/layers.py": ("x.T @ d, np.sum(d, axis=0)", "x.T @ d, d[0]", ["test_dense"]),
    "cases/distances.py": ("2.0 * (u - v), 2.0 * (v - u)", "2.0 * (u - v), 2.0 * (v + u)", ["by_hand"]),
}


@pytest.mark.parametrize("file", SPOILED)
@pytest.mark.slow
def test_a_mistake_in_it_is_found_by_the_tests_of_that_gradient(example, file):
    right, wrong, tests = SPOILED[file]
    path = example.path / file
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    result = run(example)
    assert result.parseoutcomes()["failed"] == len(tests)
    for test in tests:
        assert re.search(rf"FAILED \S*{test} ", result.stdout.str())


@pytest.mark.slow
def test_the_commands_of_its_readme_run(example):
    commands = re.findall(r"^pytest(.*?)(?:#.*)?$", (example.path / "README.md").read_text(), re.M)
    assert len(commands) == 4
    for arguments in commands:
        if not arguments.strip().startswith("--gradcheck"):  # run above, and by test_report_option.py
            assert run(example, *arguments.split(), "-q").ret == 0


def test_its_settings_and_workflow_are_what_the_guide_tells(root):
    folder = root / "docs/examples/pytest-project"
    options = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    guide = (root / GUIDE).read_text()
    told = tomllib.loads(re.search(r"```toml\n(.*?)```", guide, re.S).group(1))["tool"]["pytest"]["ini_options"]
    assert told.items() <= options.items()
    workflow = (folder / ".github/workflows/gradients.yml").read_text()
    for option in re.findall(r"--gradcheck-[a-z-]+", workflow):
        assert option in guide
    assert "\t" not in workflow


def blocks(root) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (root / GUIDE).read_text(), re.S)


def test_the_blocks_of_the_guide_run_in_a_file_of_tests(root, pytester):
    pytester.path.joinpath("test_first.py").write_text("\n".join(blocks(root)))
    result = run(pytester, "-q")
    assert result.parseoutcomes() == {"failed": 1, "passed": 3}
    failure = re.search(r"```text\n(E .*?)```", (root / GUIDE).read_text(), re.S).group(1)
    said = [line.rstrip() for line in result.stdout.lines]
    for line in failure.splitlines():
        assert line.rstrip() in said, line


def test_the_first_test_of_the_guide_is_short(root):
    (first, *_) = blocks(root)
    assert len([line for line in first.splitlines() if line.strip()]) <= 8
