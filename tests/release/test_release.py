"""What a release is made of: versions that agree, notices, a citation, a workflow, a wheel and an sdist with what belongs into them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import release_files
from releasing import judges, pins, pythons

import gradcheck


@pytest.fixture(scope="module")
def project(root):
    return pins.project_of(root)


def test_the_version_stands_in_one_place(root, project):
    assert "version" not in project
    assert project["dynamic"] == ["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", gradcheck.__version__)


def test_the_changelog_keeps_its_form(root):
    assert judges.changelog_faults((root / "CHANGELOG.md").read_text(), gradcheck.__version__) == []


def test_the_citation_is_that_of_this_version(root):
    data = release_files.read_yaml(root / "CITATION.cff")
    text = (root / "CHANGELOG.md").read_text()
    date = re.search(rf"^## \[{re.escape(gradcheck.__version__)}\] - (.*)$", text, re.M)[1]
    assert judges.citation_faults(data, gradcheck.__version__, date) == []


def test_the_workflow_calls_what_exists(root, project):
    data = release_files.read_yaml(root / ".github/workflows/ci.yml")
    assert judges.workflow_faults(data, root, pythons.supported(project)) == []


def test_the_classifiers_begin_where_the_package_does(project):
    known = pythons.supported(project)
    assert project["requires-python"] == f">={known[0]}"
    assert list(known) == ["3.11", "3.12", "3.13", "3.14"]


def test_every_font_and_script_that_comes_along_has_its_notice(root):
    notices = (root / "THIRD-PARTY.md").read_text()
    binary = [p for p in (root / "gradcheck").rglob("*") if p.suffix in (".woff2", ".woff", ".otf", ".ttf", ".png", ".ico", ".wasm")]
    assert [p.name for p in binary if f"/{p.name}`" not in notices] == []
    named = re.findall(r"`(gradcheck/[^`]*)`", notices)
    assert len(named) == 3
    assert [name for name in named if not (root / name).is_file()] == []


def test_what_the_security_policy_promises_is_what_the_page_on_grading_says(root):
    policy, page = (root / "SECURITY.md").read_text(), (root / "docs/explanation/grading-security.md").read_text()
    levels = re.search(r"^\| wall \| (.*) \|$", page, re.M)[1].split(" | ")
    assert levels == ["bubblewrap", "namespaces", "landlock", "none"]
    assert [level for level in levels if f"*{level}*" not in policy] == []
    assert "--i-trust-these-submissions" in policy
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", policy)
    assert [target for target, _ in links if not (root / target).is_file()] == []
    assert "## What is not guaranteed" in page  # where the link with an anchor leads


def test_the_wheel_holds_the_package_and_its_notices(root, built):
    assert judges.wheel_faults(built.wheel, release_files.sources(root), gradcheck.__version__) == []


def test_the_sdist_holds_what_its_tests_read(built):
    assert judges.sdist_faults(built.sdist, gradcheck.__version__) == []


def test_extras_that_are_asked_for_are_offered(project):
    """Messages say pip install 'gradcheck[...]'."""
    assert {"report", "fast", "dask", "all"} <= set(project["optional-dependencies"])


@pytest.mark.slow
def test_a_users_strict_type_checker_is_content_with_the_public_names(built, tmp_path):
    assert release_files.typed(built.wheel, tmp_path) == ""


def test_the_matrix_explains_itself(root):
    ran = subprocess.run([sys.executable, root / ".ci/matrix", "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert "lowest" in ran.stdout
    assert "--record" in ran.stdout
