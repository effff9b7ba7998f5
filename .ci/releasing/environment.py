"""One clean environment: made outside the checkout, filled, and tried."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from releasing import checks
from releasing.result import Combination, Outcome

_TESTED = (
    "tests",
    "cases",
    "docs",
    "benchmarks",
    "reports",
    "pyproject.toml",
)  # what the tests read, but not the package: that is the one installed
_LISTED = "import importlib.metadata as m, json; print(json.dumps(sorted({d.metadata['Name'].lower(): d.version for d in m.distributions()}.items())))"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to install where. `pins` are lines of a constraints file, for the core and for the extra `all`; None takes the newest."""

    interpreter: str
    python: str
    dependencies: str
    artifact: Path
    pins: tuple[str, ...] | None
    version: str

    @property
    def kind(self) -> str:
        return "wheel" if self.artifact.suffix == ".whl" else "sdist"


@dataclass(frozen=True, slots=True)
class Place:
    """A virtual environment and the folder that commands run in."""

    folder: Path
    uv: Path
    warnings: str  # what Python does with warnings: "error" or "default"

    @property
    def bin(self) -> Path:
        return self.folder / "venv" / "bin"

    def run(self, words: Iterable[str], seconds: int = 600, folder: str = ".") -> subprocess.CompletedProcess[str]:
        """Run a command of the environment: nothing of the caller's Python comes in."""
        program, *rest = words
        known = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "GRADCHECK", "PYTEST"))}
        settings = {
            "PATH": f"{self.bin}{os.pathsep}{known.get('PATH', '')}",
            "PYTHONWARNINGS": self.warnings,
            "NO_COLOR": "1",
            "PYTHONPATH": "",
        }
        command = [self.bin / program if (self.bin / program).exists() else program, *rest]
        return subprocess.run(  # noqa: S603 - our own commands
            command,
            cwd=self.folder / "work" / folder,
            env={**known, **settings},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )


def tried(plan: Plan, folder: Path, root: Path, uv: Path, *, tests: bool, tell: Callable[[str], None]) -> Combination:
    """Install and try one combination in `folder`, which must not be there yet."""
    # warnings are errors where everything is the newest; what an old release of another package says of a new Python is not ours
    place = Place(folder, uv, "error" if plan.dependencies == "newest" else "default")
    (folder / "work").mkdir(parents=True)
    checks.lay_out(folder / "work")
    _lay_out_tests(root, folder / "work" / "suite")
    outcomes: list[Outcome] = []
    parts = (("", checks.core(plan.version), checks.CORE_TESTS), ("[all]", checks.extras(), checks.EXTRA_TESTS))
    for extra, wanted, files in parts:
        outcomes.append(_timed(f"install{extra}", lambda extra=extra: _installed(plan, place, extra)))
        if not outcomes[-1].passed:
            break
        for check in (*wanted, *([checks.suite(files)] if tests else [])):
            outcomes.append(_timed(check.name, lambda check=check: answered(check, place)))
            tell(f"  {check.name}: {'passed' if outcomes[-1].passed else 'FAILED'}")
    listed = place.run(["python", "-c", _LISTED])
    installed = tuple((n, v) for n, v in json.loads(listed.stdout)) if listed.returncode == 0 else ()
    return Combination(plan.python, plan.dependencies, plan.kind, installed, tuple(outcomes))


def answered(check: checks.Check, place: Place) -> str:
    """What is wrong with the answer of a check; empty where nothing is."""
    environment = (
        Place(place.folder, place.uv, "default") if check.name.startswith("tests") else place
    )  # the tests have filters of their own
    try:
        ran = environment.run(check.words, check.seconds, check.folder)
    except subprocess.TimeoutExpired:
        return f"not done after {check.seconds} s"
    said = ran.stdout + ran.stderr
    if ran.returncode != check.exits:
        return f"exit code {ran.returncode} instead of {check.exits}\n{said}"
    return "" if check.prints in said else f"{check.prints!r} is missing in\n{said}"


def _timed(name: str, act: Callable[[], str]) -> Outcome:
    start = time.monotonic()
    fault = act()
    return Outcome(name, not fault, round(time.monotonic() - start, 1), "\n".join(fault.splitlines()[:1] + fault.splitlines()[1:][-12:]))


def _installed(plan: Plan, place: Place, extra: str) -> str:
    """What went wrong when installing; empty where nothing did. Wheels only, but for ours: an old package that must be compiled is no promise kept."""
    if not place.bin.exists():
        made = _uv(place, ["venv", "--quiet", "--python", plan.interpreter, str(place.folder / "venv")])
        if made.returncode:
            return f"no environment: {made.stderr}"
    words = [
        "pip",
        "install",
        "--python",
        str(place.bin / "python"),
        "--only-binary",
        ":all:",
        *(["--no-binary", "gradcheck"] if plan.kind == "sdist" else []),
    ]
    if plan.pins is not None:
        pins = place.folder / "lowest.txt"
        pins.write_text("\n".join(plan.pins) + "\n", encoding="utf-8")
        words += ["--constraint", str(pins)]
    source = str(plan.artifact)
    ran = _uv(place, [*words, f"gradcheck{extra} @ file://{source}"])
    if ran.returncode:
        return f"not installed\n{ran.stderr}"
    lacking = _not_as_pinned(plan, place) if plan.pins is not None else ""
    return lacking or _from_elsewhere(place)


def _not_as_pinned(plan: Plan, place: Place) -> str:
    """The packages that are not at their lower bound, asked of the environment."""
    code = (
        "import sys, importlib.metadata as m\nfrom packaging.requirements import Requirement\n"
        "for line in sys.argv[1:]:\n    r = Requirement(line)\n    if r.marker is None or r.marker.evaluate():\n"
        "        try:\n            v = m.version(r.name)\n        except m.PackageNotFoundError:\n            continue\n"
        "        if not r.specifier.contains(v, prereleases=True):\n            print(r.name, v, 'instead of', r.specifier)\n"
    )
    said = place.run(["python", "-c", code, *(plan.pins or ())])
    return said.stdout + said.stderr


def _from_elsewhere(place: Place) -> str:
    said = place.run(["python", "-c", "import gradcheck, sys; print(gradcheck.__file__); sys.exit(sys.prefix not in gradcheck.__file__)"])
    return f"gradcheck is imported from elsewhere: {said.stdout}{said.stderr}" if said.returncode else ""


def _uv(place: Place, words: Iterable[str]) -> subprocess.CompletedProcess[str]:
    known: Mapping[str, str] = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(  # noqa: S603 - the tool that we installed
        [place.uv, "--no-config", *words],
        env={**known, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def _lay_out_tests(root: Path, folder: Path) -> None:
    folder.mkdir()
    for name in _TESTED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "html", ".hypothesis"))
        elif (root / name).exists():
            shutil.copy2(root / name, folder / name)
