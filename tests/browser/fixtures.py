"""Fixtures of the browser, for all tests: `browser`, `visit`, `assert_accessible`. Imported by tests/conftest.py; Playwright only when used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.watching import Visit, axe_source, chromium, violations

if TYPE_CHECKING:
    from gradcheck.studies.running import RunResult


# a module at a time: Playwright keeps an event loop running in this thread, which tests with their own must not meet; a start takes half a second
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium of the system."""
    path = chromium()
    api = pytest.importorskip(
        "playwright.sync_api", reason="the pages are NOT tested in a browser: playwright is missing, which is in the extra `dev`"
    )
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=sandbox, timeout=60_000)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens a page of a site: visit(site, "index.html", scheme="dark", width=390, scripts=False). Fails afterwards if any had faults.

    A test that wants faults calls visit(..., faulty=True) and looks at them itself.
    """
    opened: list[Visit] = []
    contexts: list[Any] = []

    def opening(
        site: Path, name: str = "index.html", *, scheme: str = "light", width: int = 1200, scripts: bool = True, faulty: bool = False
    ) -> Visit:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        contexts.append(context)
        context.set_default_timeout(60_000)
        made = Visit(context.new_page(), site)
        made.watch()
        made.page.goto((site / name).resolve().as_uri())
        if not faulty:
            opened.append(made)
        return made

    yield opening
    faults = [fault for made in opened for fault in made.faults()]
    for context in contexts:
        context.close()
    assert faults == [], "\n".join(faults)


@pytest.fixture(scope="session")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Path]:
    """A small report with a page of every kind: the run, and the folder of its site. To be looked at, not changed."""
    from browser.report_site import small_run, write_site

    folder = tmp_path_factory.mktemp("report")
    result = small_run(folder / "cases", Path(__file__).parent.parent.parent / "cases")
    return result, write_site(result, folder / "html")


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """The text of axe-core."""
    return axe_source(Path(pytestconfig.cache.mkdir("axe-core")) if pytestconfig.cache else Path())


@pytest.fixture
def assert_accessible(axe: str) -> Callable[..., None]:
    """Fails where axe-core finds anything serious or critical on a visited page, by all rules or by those named."""

    def judged(visited: Visit, rules: Sequence[str] = ()) -> None:
        found = violations(visited.page, axe, rules)
        assert found == [], "\n".join(found)

    return judged
