"""Opening a page from disk and writing down everything that is wrong with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

AXE = "4.10.3"  # of axe-core; a newer one may know more faults, so it is changed on purpose
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The system's Chromium, or a skip that says how to get one."""
    given = os.environ.get("GRADCHECK_CHROMIUM")
    found = given or next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"the pages are NOT tested in a browser: install chromium (looked for {', '.join(_NAMES)}), or set GRADCHECK_CHROMIUM")
    return found


@dataclass
class Visit:
    """One page, opened below `site`; `faults` lists what it must not do."""

    page: Any
    site: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Write down what the page asks for and complains of. What is not on disk below the site is refused, never fetched."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(f"not caught: {error}"))
        self.page.route("**/*", lambda route: route.continue_() if self.own(route.request.url) else route.abort())

    def own(self, url: str) -> bool:
        """Whether an address is part of the site."""
        return url.startswith((self.site.resolve().as_uri() + "/", "data:", "about:"))

    def faults(self) -> list[str]:
        """Requests that leave the site, errors and warnings of the console, violations of the Content-Security-Policy."""
        return [f"leaves the site: {url[:200]}" for url in self.requests if not self.own(url)] + self.complaints


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something is true. Playwright's own wait_for_function needs `eval`, which the policy of the pages forbids."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def axe_source(cache: Path) -> str:
    """The text of axe.min.js, fetched once by npm; a skip that says why where that fails."""
    script = cache / f"axe-{AXE}.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("accessibility is NOT tested: npm is missing, which fetches axe-core")
        folder = cache / f"npm-{os.getpid()}"  # workers fetch apart, and the last rename wins
        folder.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run([npm, "pack", f"axe-core@{AXE}", "--silent"], cwd=folder, capture_output=True, timeout=60, check=True)
            shutil.unpack_archive(next(folder.glob("*.tgz")), folder, filter="data")
            (folder / "package" / "axe.min.js").replace(script)
        except (subprocess.SubprocessError, OSError, StopIteration) as error:
            pytest.skip(f"accessibility is NOT tested: npm could not fetch axe-core {AXE}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return script.read_text(encoding="utf-8")


COLOURS = ("color-contrast",)  # the rule that another theme can break; the others look at what the themes share


def violations(page: Any, axe: str, rules: Sequence[str] = ()) -> list[str]:
    """What axe-core finds serious or critical on a page, one line for each rule: of all rules, or of those named."""
    page.evaluate(axe + "; undefined")
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("(options) => axe.run(document, options).then(result => result.violations)", options)
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['impact']}: {v['id']}: {v['help']}: {'; '.join(node['html'][:120] for node in v['nodes'][:3])}" for v in grave]
