"""Shared by all tests: the project's own folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.fixtures import assert_accessible, axe, browser, small_report, visit

__all__ = ["assert_accessible", "axe", "browser", "small_report", "visit"]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def every_proof():
    """The proof of every rule, made once: tests that need it are of one group, so that one process makes it."""
    from gradcheck.verdicts.proof import proofs

    return proofs()
