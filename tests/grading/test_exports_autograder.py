"""The zip that Gradescope takes: what is in it, and its scripts run in a folder that stands for /autograder."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import sample_marks as sample

from gradcheck import load_cases
from gradcheck.errors import UsageError
from gradcheck.grading.exports import gradescope_zip


@pytest.fixture
def assignment(tmp_path):
    folder = tmp_path / "homework 1"
    (folder / "submissions").mkdir(parents=True)
    (folder / "cases.py").write_text(
        "from gradcheck import case\nfrom helper import two\n\n\n@case(x=1.0)\ndef sine(x):\n    return x * two\n"
    )
    (folder / "helper.py").write_text("two = 2.0\n")
    (folder / "assignment's own.toml").write_text('name = "homework"\n')
    (folder / "solution.py").write_text("SOLUTION = 1\n")
    (folder / "roster.csv").write_text("ann\n")
    (folder / "submissions" / "ann.py").write_text("x\n")
    sys.path.insert(0, str(folder))
    try:
        (found,) = load_cases(folder / "cases.py")
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("helper", None)
    questions = (dataclasses.replace(sample.assignment().questions[0], case=found),)
    return dataclasses.replace(
        sample.assignment(), questions=questions, path=folder / "assignment's own.toml", solution=folder / "solution.py"
    )


@pytest.fixture
def wheel(tmp_path):
    """A file by the name of a wheel: these tests do not install it."""
    file = tmp_path / "gradcheck-0.1.0-py3-none-any.whl"
    file.write_bytes(b"a wheel")
    return file


def helper(assignment):
    return assignment.path.parent / "helper.py"


def test_the_zip_holds_the_assignment_and_nothing_that_lies_about(assignment, wheel, tmp_path):
    out = tmp_path / "autograder.zip"
    names = gradescope_zip(assignment, out, files=[helper(assignment)], wheel=wheel)
    with zipfile.ZipFile(out) as file:
        assert tuple(file.namelist()) == names == (
            "assignment/assignment's own.toml", "assignment/cases.py", "assignment/helper.py", "assignment/solution.py", "run_autograder",
            "setup.sh", "wheels/gradcheck-0.1.0-py3-none-any.whl",
        )  # fmt: skip
        assert b"SOLUTION" not in file.read("assignment/solution.py")
        modes = {i.filename: stat.S_IMODE(i.external_attr >> 16) for i in file.infolist()}
        assert modes["setup.sh"] == modes["run_autograder"] == 0o755 and modes["assignment/cases.py"] == 0o644
        assert f"release=gradcheck=={metadata.version('gradcheck')}\n".encode() in file.read("setup.sh")
        assert b"assignment='assignment'\"'\"'s own.toml'\n" in file.read("run_autograder")
        assert b"/autograder}" in file.read("run_autograder")


def test_the_solution_comes_along_when_asked_for(assignment, wheel, tmp_path):
    gradescope_zip(assignment, tmp_path / "a.zip", wheel=wheel, with_solution=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        assert b"SOLUTION" in file.read("assignment/solution.py")


def test_the_same_files_make_the_same_zip(assignment, wheel, tmp_path):
    for name in ("a.zip", "b.zip"):
        gradescope_zip(assignment, tmp_path / name, wheel=wheel)
        os.utime(assignment.path, (1, 1))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_lies_elsewhere_is_refused(assignment, wheel, tmp_path):
    elsewhere = tmp_path / "elsewhere.py"
    elsewhere.write_text("x = 1\n")
    link = assignment.path.parent / "link.py"
    link.symlink_to(elsewhere)
    for file in (elsewhere, link):
        with pytest.raises(UsageError, match="lies outside the assignment's folder"):
            gradescope_zip(assignment, tmp_path / "a.zip", files=[file], wheel=wheel)
    with pytest.raises(UsageError, match=r"gone\.py: cannot be put into the autograder"):
        gradescope_zip(assignment, tmp_path / "a.zip", files=[assignment.path.parent / "gone.py"], wheel=wheel)
    with pytest.raises(UsageError, match="no wheel of gradcheck"):
        gradescope_zip(assignment, tmp_path / "a.zip", wheel=elsewhere)
    assert not (tmp_path / "a.zip").exists()


# the scripts
@pytest.fixture
def autograder(assignment, wheel, tmp_path):
    """A folder that stands for /autograder, as Gradescope lays it out, with a stand-in for gradcheck."""
    root = tmp_path / "clean directory"
    gradescope_zip(assignment, tmp_path / "a.zip", wheel=wheel)
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        file.extractall(root / "source")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "submission").mkdir()
    (root / "submission" / "submission.py").write_text("def f(): pass\n")
    (root / "submission" / "link").symlink_to("/etc/passwd")
    (root / "submission_metadata.json").write_text("{}")
    (root / "gradcheck-environment" / "bin").mkdir(parents=True)
    return root


def run(root, grader):
    """Run the autograder with such a grader in the place of gradcheck."""
    program = root / "gradcheck-environment" / "bin" / "gradcheck"
    program.write_text("#!/bin/sh\n" + grader)
    program.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "GRADESCOPE_ROOT": str(root), "GRADCHECK_USER": "root", "SECRET": "key"}
    return subprocess.run(["sh", str(root / "run_autograder")], env=environment, cwd=root, capture_output=True, text=True, timeout=60)


def test_results_are_put_where_gradescope_looks(autograder):
    grader = 'printf "%s\\n" "$@" > "$HOME/../../called"\nls -d "$HOME/.." >/dev/null\ncat "$3/submission.py" >&2\ntest -L "$3/link"\necho "{\\"score\\": 1, \\"output\\": \\"$SECRET\\"}" > "$5"\n'
    ran = run(autograder, grader.replace('"$HOME/../../called"', f"'{autograder}/called'"))
    assert (ran.returncode, ran.stderr) == (0, "def f(): pass\n")
    assert json.loads((autograder / "results/results.json").read_text()) == {"score": 1, "output": ""}  # the environment was emptied
    called = (autograder / "called").read_text().splitlines()
    assert called[:2] == ["grade", str(autograder / "source/assignment/assignment's own.toml")] and called[3] == "--gradescope"
    assert sorted(p.name for p in (autograder / "results").iterdir()) == ["results.json"]


@pytest.mark.parametrize(
    "grader",
    [
        pytest.param("exit 4\n", id="fails"),
        pytest.param("exit 0\n", id="writes nothing"),
        pytest.param("kill -9 $$\n", id="is killed"),
        pytest.param('ln -s /etc/passwd "$5"\n', id="leaves a link"),
        pytest.param('mkdir "$5"\n', id="leaves a folder"),
    ],
)
def test_what_fails_leaves_no_results_not_even_older_ones(autograder, grader):
    (autograder / "results").mkdir()
    (autograder / "results" / "results.json").write_text('{"score": 5}')
    ran = run(autograder, grader)
    assert ran.returncode == 1 and "This is no zero: choose Rerun Autograder" in ran.stderr
    assert list((autograder / "results").iterdir()) == []


def test_results_count_whatever_the_exit_code(autograder):
    assert run(autograder, 'echo "{}" > "$5"; exit 1\n').returncode == 0
    assert (autograder / "results/results.json").read_text() == "{}\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give up its rights")
def test_the_grader_is_not_root(assignment, wheel):
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        root = Path(made) / "autograder"
        gradescope_zip(assignment, Path(made) / "a.zip", wheel=wheel)
        with zipfile.ZipFile(Path(made) / "a.zip") as file:
            file.extractall(root / "source")
        (root / "submission").mkdir(mode=0o700)
        (root / "submission" / "submission.py").write_text("secret of root\n")
        program = root / "gradcheck-environment" / "bin" / "gradcheck"
        program.parent.mkdir(parents=True)
        program.write_text(
            '#!/bin/sh\ncat "$3/submission.py"; touch "$3/mine"; touch "$(dirname "$0")/broken" 2>/dev/null && exit 3\nid -un > "$5"; id -Gn >> "$5"\n'
        )
        program.chmod(0o755)
        environment = {"PATH": os.environ["PATH"], "GRADESCOPE_ROOT": str(root), "GRADCHECK_USER": "nobody"}
        ran = subprocess.run(["sh", str(root / "source" / "run_autograder")], env=environment, capture_output=True, text=True, timeout=60)
        assert (ran.returncode, ran.stdout) == (0, "secret of root\n"), ran.stderr
        assert (root / "results/results.json").read_text().split() == ["nobody", "nogroup"]


def test_the_set_up_installs_the_wheel_that_came_along(autograder, tmp_path):
    """With a Python that only writes down what it is asked."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\necho "$@" >> "$GRADESCOPE_ROOT/asked"\n'
        'if [ "${2:-}" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; printf "#!/bin/sh\\necho gradcheck 0.1.0\\n" > "$3/bin/gradcheck"; chmod +x "$3/bin/gradcheck"; fi\n'
    )
    python.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "GRADESCOPE_ROOT": str(autograder), "GRADCHECK_PYTHON": str(python)}
    (autograder / "asked").unlink(missing_ok=True)
    ran = subprocess.run(["sh", str(autograder / "source" / "setup.sh")], env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, "gradcheck 0.1.0\n"), ran.stderr
    assert (
        (autograder / "asked")
        .read_text()
        .splitlines()[-1]
        .endswith(f"--disable-pip-version-check {autograder}/source/wheels/gradcheck-0.1.0-py3-none-any.whl")
    )
    shutil.rmtree(autograder / "source" / "wheels")
    subprocess.run(["sh", str(autograder / "source" / "setup.sh")], env=environment, capture_output=True, timeout=60, check=True)
    assert (autograder / "asked").read_text().splitlines()[-1].endswith(f"gradcheck=={metadata.version('gradcheck')}")


def test_the_set_up_says_when_no_python_will_do(autograder, tmp_path):
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "GRADESCOPE_ROOT": str(autograder)}
    ran = subprocess.run(["sh", str(autograder / "source" / "setup.sh")], env=environment, capture_output=True, text=True, timeout=60)
    assert (
        ran.returncode == 1
        and ran.stderr
        == "setup.sh: no Python from 3.11 on: choose a newer base image (Ubuntu 24.04) in the assignment's autograder settings\n"
    )


@pytest.mark.slow
def test_a_wheel_is_built_from_the_sources_and_set_up(assignment, tmp_path):
    """Builds a wheel, makes an environment of its own, and installs the wheel there; what it depends on is lent by this one."""
    root = tmp_path / "clean directory"
    gradescope_zip(assignment, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        file.extractall(root / "source")
    (wheel,) = (root / "source" / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as file:
        wanted = {
            "templates/student.html",
            "templates/class.html",
            "templates/marks.css",
            "autograder_files/setup.sh",
            "autograder_files/run_autograder",
        }
        assert {f"gradcheck/grading/exports/{name}" for name in wanted} <= set(file.namelist())
    lent = os.pathsep.join(p for p in sys.path if p.endswith("site-packages"))
    environment = os.environ | {
        "GRADESCOPE_ROOT": str(root),
        "GRADCHECK_PYTHON": sys.executable,
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": lent,
    }
    ran = subprocess.run(
        ["sh", str(root / "source" / "setup.sh")], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1].startswith("gradcheck")
    assert list((root / "gradcheck-environment").glob("lib/*/site-packages/gradcheck/grading/exports"))


def test_the_scripts_are_posix(root):
    folder = root / "gradcheck/grading/exports/autograder_files"
    scripts = sorted(folder.iterdir())
    assert [s.name for s in scripts] == ["run_autograder", "setup.sh"]
    for script in scripts:
        assert script.read_text().startswith("#!/bin/sh\n") and "\nset -eu\n" in script.read_text()
        subprocess.run(["sh", "-n", str(script)], check=True, timeout=10)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", *map(str, scripts)], check=True, timeout=60)
