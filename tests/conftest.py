"""Shared by all tests: the project's own folders."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from browser.fixtures import assert_accessible, axe, browser, small_report, visit

__all__ = ["assert_accessible", "axe", "browser", "small_report", "visit"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def every_proof():
    """The proof of every rule; tests that need it are of one group, so that one process makes it."""
    from proving import proof_of

    from gradcheck.primitives import TABLE

    return tuple(proof_of(primitive.name) for primitive in TABLE)


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The wheel and the sdist of this checkout. To be looked at, not changed."""
    import release_files

    return release_files.built(root, tmp_path_factory.mktemp("dist"))


def pytest_configure() -> None:
    """Look for cycles seldom: ten thousand tests that are collected are looked through each time, and none of them is to go."""
    gc.set_threshold(50_000, 20, 100)


LONGEST = (
    "proofs",
    "tests/browser/test_site_in_a_browser.py",
    "tests/browser/test_charts_in_a_browser.py",
    "tests/plugin/test_options.py",
    "tests/unit/test_charts.py",
    "tests/unit/test_diagnosed_mistakes.py",
    "tests/plugin/test_example_project.py",
)
RELEASED = ("tests/release/test_release.py", "tests/wrong/test_wrong_releases.py")  # they judge the same wheel
PROVING = ("tests/unit/test_primitive_proofs.py", "tests/unit/test_reference.py", "tests/snapshots/test_report.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup`: a file's tests go to one worker, so that what a file makes is made once; those that need every proof to the same.

    Marks of groups would do, but pytest 9.2 ignores the names that xdist 3.8 gives to marked tests.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "proofs" if file in PROVING else "release" if file in RELEASED else file

        def _assign_work_unit(self, node: Any) -> None:
            for scope in reversed(LONGEST):  # what takes long comes first, or one worker waits for the other at the end
                if scope in self.workqueue:
                    self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    return ByFile(config, log)
