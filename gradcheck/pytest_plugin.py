"""The pytest plugin: the fixture and marker `gradcheck`, cases as tests, a summary of what was checked.

pytest loads this module at every start, so it imports nothing that pytest has not imported itself; what works on gradients is in
`gradcheck.testing` and is imported when a first gradient is tested.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.testing.checking import GradientCheck
    from gradcheck.testing.session import GradientSession

CASES = pytest.StashKey[frozenset[Path]]()
CURRENT = pytest.StashKey[Any]()  # the test that runs
MARKER = "gradcheck(points=, search=, order=, digits=): how the fixture `gradcheck` checks in this test; tests that use it, and cases, are marked by themselves"
OPTIONS = ("--gradcheck-report", "--gradcheck-seed", "--gradcheck-mutate", "--gradcheck-mutate-strict")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and settings."""
    group = parser.getgroup("gradcheck", "gradient checks (gradcheck)")
    group.addoption(
        "--gradcheck-report", metavar="DIR", default=None, help="write a report of all checked gradients (HTML, JSON, CSV) into DIR"
    )
    group.addoption(
        "--gradcheck-seed",
        metavar="N",
        type=int,
        default=None,
        help="seed of drawn points, cotangents and searches (default 0: always the same)",
    )
    group.addoption(
        "--gradcheck-mutate",
        action="store_true",
        help="plant mistakes in every gradient found right, and tell which of them its test would not notice",
    )
    group.addoption("--gradcheck-mutate-strict", action="store_true", help="likewise, and fail tests that would not notice")
    parser.addini("gradcheck_cases", "files, folders or patterns of files whose cases are tests", type="linelist", default=[])


class _AsWritten:
    """Finds our modules as Python does.

    pytest compiles anew, so as to explain assertions, all modules of a wheel that brings a plugin. Ours have none to explain, and take longer
    to import then (measured: a first check 1.2 s instead of 0.8 s; 3 s where nothing is cached, as with PYTHONDONTWRITEBYTECODE).
    """

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Where one of our modules is; None for all others."""
        return PathFinder.find_spec(name, path, target) if name.startswith("gradcheck.") else None


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Come before pytest's own import hook, until the run ends."""
    theirs: Any = early_config.pluginmanager.rewrite_hook
    if theirs in sys.meta_path:
        sys.meta_path.insert(sys.meta_path.index(theirs), _AsWritten)
        early_config.add_cleanup(lambda: sys.meta_path.remove(_AsWritten) if _AsWritten in sys.meta_path else None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and find the files of cases."""
    config.addinivalue_line("markers", MARKER)
    named = _named_files(config)
    config.stash[CASES] = frozenset()
    if named:
        from gradcheck.testing.collecting import add_to_arguments, files_named

        files = frozenset(files_named(named, config.rootpath))
        config.stash[CASES] = files
        add_to_arguments(config, sorted(files))
    if _asked(config):
        session(config)


def _named_files(config: pytest.Config) -> list[str]:
    """What `gradcheck_cases` says: pytest's own setting, else that of [tool.gradcheck]."""
    named = list(config.getini("gradcheck_cases"))
    project = config.rootpath / "pyproject.toml"
    if named or not project.is_file() or not any(word in project.read_bytes() for word in (b"gradcheck_cases", b"tool.gradcheck")):
        return named
    from gradcheck.errors import CaseError
    from gradcheck.settings import settings

    try:
        return list(settings(config.rootpath).gradcheck_cases)
    except CaseError as error:
        raise pytest.UsageError(str(error)) from None


def _asked(config: pytest.Config) -> bool:
    """Whether the run as a whole is asked something; a seed in the environment is, since one that is none shall end the run, not every test."""
    option = config.option
    return (
        option.gradcheck_report is not None or option.gradcheck_mutate or option.gradcheck_mutate_strict or "GRADCHECK_SEED" in os.environ
    )


def session(config: pytest.Config) -> GradientSession:
    """What this run of pytest knows of its gradient checks; made when first asked for."""
    from gradcheck.testing.session import session_of

    return session_of(config)


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed and the files of cases, where there is something to say."""
    files = config.stash[CASES]
    if not files and not _asked(config) and config.option.gradcheck_seed is None:
        return None
    known = session(config)
    cases = f", cases of {len(files)} file{'s' if len(files) > 1 else ''}" if files else ""
    return f"gradcheck: seed {known.seed}{cases}{known.doing}"


@pytest.hookimpl(wrapper=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Generator[None, Any, Any]:
    """Enter folders that pytest does not enter, such as `build`, where they hold files of cases; nothing else in them is collected."""
    ignored = yield
    if not config.stash[CASES]:
        return ignored
    from gradcheck.testing.collecting import still_ignored

    files: frozenset[Path] = config.stash[CASES]
    return still_ignored(collection_path, files, config, ignored)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of cases."""
    if file_path not in parent.config.stash[CASES]:
        return None
    from gradcheck.testing.collecting import case_file

    return case_file(file_path, parent)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """A file of cases given by its path is no module of tests, unless it is named like one."""
    if module_path not in parent.config.stash[CASES]:
        return None
    from gradcheck.testing.collecting import instead_of_module

    return instead_of_module(module_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the fixture, so that -m gradcheck selects them."""
    for item in items:
        if "gradcheck" in getattr(item, "fixturenames", ()) and item.get_closest_marker("gradcheck") is None:
            item.add_marker(pytest.mark.gradcheck)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Remember which test runs: the fixture is one for the whole run, so that it can be used beside Hypothesis' @given."""
    before = item.config.stash.get(CURRENT, None)
    item.config.stash[CURRENT] = item
    try:
        return (yield)
    finally:
        item.config.stash[CURRENT] = before


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker with what it does not know, before the test runs."""
    if item.get_closest_marker("gradcheck") is not None:
        from gradcheck.testing.options import marked

        try:
            marked(item)
        except pytest.UsageError as error:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def gradcheck(request: pytest.FixtureRequest) -> GradientCheck:
    """Check a gradient: `gradcheck(f, grad=g, at=(x, y))`, with the options of `gradcheck.check`; or a case: `gradcheck(case)`.

    There is no tolerance to choose: the test fails where the gradient is wrong, and says where, how and why.
    """
    from gradcheck.testing.checking import GradientCheck

    config = request.config
    return GradientCheck(session(config), lambda: config.stash[CURRENT])


def pytest_report_teststatus(report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
    """With -v, digits and cost beside the outcome."""
    if report.when != "call" or not report.passed or hasattr(report, "wasxfail") or not _properties(report):
        return None
    from gradcheck.testing.summary import in_short

    return report.outcome, ".", f"PASSED {in_short(report)}".rstrip()


def _properties(report: Any) -> bool:
    return any(name == "gradcheck" for name, _ in getattr(report, "user_properties", ()))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """What was checked, how accurate, what the tests never look at."""
    reports = [r for rs in terminalreporter.stats.values() for r in rs if getattr(r, "when", None) and _properties(r)]
    if not reports:
        return
    from gradcheck.testing.summary import write_summary

    write_summary(terminalreporter, session(config), reports)
