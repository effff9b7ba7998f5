"""Releases that must not go out: each judge of tests/release rejects its wrong twin."""

from __future__ import annotations

import copy
import io
import tarfile

import pytest
import release_files
from releasing import judges, pythons
from releasing.pins import project_of

import gradcheck

VERSION = gradcheck.__version__


@pytest.mark.parametrize(
    "name, fault",
    [
        pytest.param("gradcheck/py.typed", "gradcheck/py.typed is missing", id="not typed"),
        pytest.param("gradcheck/rendering/assets/math.woff2", "math.woff2 is missing", id="without an asset"),
        pytest.param(
            f"gradcheck-{VERSION}.dist-info/licenses/gradcheck/rendering/assets/math-font-license.txt",
            "math-font-license",
            id="without a notice",
        ),
        pytest.param(f"gradcheck-{VERSION}.dist-info/entry_points.txt", "entry point", id="without commands"),
        pytest.param("+tests/conftest.py", "tests/conftest.py does not belong there", id="with tests"),
        pytest.param("+gradcheck/__pycache__/a.pyc", "does not belong there", id="with leftovers"),
    ],
)
def test_a_wheel_with_a_fault_is_rejected(root, built, tmp_path, name, fault):
    wheel = release_files.without(built.wheel, name, tmp_path / built.wheel.name)
    assert fault in "\n".join(judges.wheel_faults(wheel, release_files.sources(root), VERSION))


def test_a_wheel_of_another_version_is_rejected(root, built):
    assert judges.wheel_faults(built.wheel, release_files.sources(root), "9.9.9") == [f"metadata: Version is {VERSION!r}, not '9.9.9'"]


@pytest.mark.parametrize(
    "names, fault",
    [(["gradcheck-1/pyproject.toml"], "gradcheck/py.typed is missing"), (["gradcheck-1/.git/HEAD"], ".git/HEAD does not belong")],
)
def test_an_sdist_with_a_fault_is_rejected(tmp_path, names, fault):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as file:
        for name in names:
            file.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert fault in "\n".join(judges.sdist_faults(tmp_path / "a.tar.gz", "1"))


GOOD = "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-22\n\n### Added\n\n- A.\n\n## [1.0.0] - 2026-01-02\n\n### Fixed\n\n- B.\n"


@pytest.mark.parametrize(
    "old, new, fault",
    [
        ("", "", None),
        ("[1.1.0]", "[1.0.1]", "no section for 1.1.0"),
        ("## [Unreleased]\n", "", "not [Unreleased]"),
        (" - 2026-11-22", "", "not [VERSION] - DATE"),
        ("2026-11-22", "2026-11-32", "no date"),
        ("[1.0.0]", "[1.2.0]", "not in order"),
        ("2026-01-02", "2026-12-02", None),  # dates are weighed after versions: a fix of an old line may come later
        ("### Added", "### New", "'New' is none of"),
        ("# Changelog", "# News", "does not begin"),
    ],
)
def test_a_changelog_with_a_fault_is_rejected(old, new, fault):
    found = judges.changelog_faults(GOOD.replace(old, new, 1) if old else GOOD, "1.1.0")
    assert (found == []) if fault is None else (fault in "\n".join(found))


@pytest.mark.parametrize(
    "change",
    [
        {"version": "0.9.0"},
        {"date-released": "2020-01-01"},
        {"authors": []},
        {"authors": [{"email": "a"}]},
        {"title": ""},
        {"cff-version": "1.1.0"},
    ],
)
def test_a_citation_with_a_fault_is_rejected(root, change):
    data = release_files.read_yaml(root / "CITATION.cff")
    assert judges.citation_faults(data, VERSION, data["date-released"]) == []
    assert judges.citation_faults(data | change, VERSION, data["date-released"]) != []


def nightly(run):
    return lambda w: w["jobs"]["nightly"]["steps"].append({"run": run})


@pytest.mark.parametrize(
    "damage, fault",
    [
        pytest.param(nightly("make test-everything"), "make test-everything: no such target", id="a target that does not exist"),
        pytest.param(nightly(".ci/walk --fast"), ".ci/walk: no such file", id="a file that does not exist"),
        pytest.param(
            lambda w: w["jobs"]["nightly"]["steps"].append({"uses": "actions/checkout@main"}), "exact version", id="an action that moves"
        ),
        pytest.param(
            lambda w: w["jobs"]["nightly"]["steps"].append({"uses": "actions/checkout@v4"}), "exact version", id="a tag that moves"
        ),
        pytest.param(lambda w: w["jobs"]["build"].update(needs=["docs"]), "needs the job docs", id="a job that does not exist"),
        pytest.param(lambda w: w["jobs"]["tests"]["strategy"]["matrix"]["python-version"].pop(), "tested on", id="a Python left out"),
        pytest.param(lambda w: w["jobs"]["build"].pop("timeout-minutes"), "hangs", id="no limit"),
        pytest.param(lambda w: w["jobs"]["build"].pop("steps"), "no steps", id="no steps"),
        pytest.param(lambda w: w["jobs"]["build"]["steps"].append({"name": "nothing"}), "one of uses and run", id="an empty step"),
        pytest.param(lambda w: w.pop("jobs"), "no jobs", id="no jobs"),
    ],
)
def test_a_workflow_with_a_fault_is_rejected(root, damage, fault):
    good = release_files.read_yaml(root / ".github/workflows/ci.yml")
    bad = copy.deepcopy(good)
    damage(bad)
    known = pythons.supported(project_of(root))
    assert judges.workflow_faults(good, root, known) == []
    assert fault in "\n".join(judges.workflow_faults(bad, root, known))


@pytest.mark.slow
def test_a_wheel_that_is_not_typed_does_not_content_a_strict_user(built, tmp_path):
    said = release_files.typed(release_files.without(built.wheel, "gradcheck/py.typed", tmp_path / built.wheel.name), tmp_path)
    assert "py.typed" in said
