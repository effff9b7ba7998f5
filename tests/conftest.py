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
