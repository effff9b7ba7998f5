"""What is wrong with what is released: each judge gives the list of faults, empty where there is none."""

from __future__ import annotations

import datetime
import email
import re
import tarfile
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")  # Keep a Changelog 1.1
_LEFTOVERS = re.compile(
    r"(^|/)(__pycache__|\.git|\.venv|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.hypothesis|html|dist|build)(/|$)|\.pyc$"
)
_IN_SDIST = (
    "pyproject.toml", "README.md", "LICENSE", "THIRD-PARTY.md", "CHANGELOG.md", "CITATION.cff", "SECURITY.md", "CONTRIBUTING.md", "Makefile",
    "gradcheck/py.typed", "tests/conftest.py", "cases/", "docs/README.md", "benchmarks/", "reports/report.json", ".ci/run", ".ci/matrix", ".github/workflows/ci.yml",
)  # fmt: skip


def wheel_faults(wheel: Path, sources: Collection[str], version: str) -> list[str]:
    """A wheel must hold the whole package and its notices, and nothing else. `sources` are the package's files in the checkout, as `gradcheck/...`."""
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        info = next((n.partition("/")[0] for n in names if n.partition("/")[0].endswith(".dist-info")), "")
        metadata = email.message_from_bytes(file.read(f"{info}/METADATA")) if f"{info}/METADATA" in names else {}
        entries = file.read(f"{info}/entry_points.txt").decode() if f"{info}/entry_points.txt" in names else ""
    faults = [f"{name} is missing" for name in sorted({*sources, "gradcheck/py.typed"} - names)]
    faults += [
        f"{name} does not belong there"
        for name in sorted(names)
        if not name.startswith(("gradcheck/", f"{info}/")) or _LEFTOVERS.search(name)
    ]
    faults += _metadata_faults(metadata, version)
    licences = [f"{info}/licenses/{name}" for name in ("LICENSE", "THIRD-PARTY.md", "gradcheck/rendering/assets/math-font-license.txt")]
    faults += [f"{name} is missing" for name in licences if name not in names]
    points = ("[console_scripts]\ngradcheck = gradcheck.cli:main", "[pytest11]\ngradcheck = gradcheck.pytest_plugin")
    return faults + [f"the entry point {p!r} is missing" for p in points if p not in entries]


def sdist_faults(sdist: Path, version: str) -> list[str]:
    """An sdist must hold what the tests read, and nothing that tools leave behind."""
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
        top = {name.partition("/")[0] for name in file.getnames()}
    faults = [
        f"{wanted} is missing"
        for wanted in _IN_SDIST
        if not any(n == wanted or (wanted.endswith("/") and n.startswith(wanted)) for n in names)
    ]
    faults += [f"{name} does not belong there" for name in sorted(names) if _LEFTOVERS.search(name)]
    return faults + ([] if top == {f"gradcheck-{version}"} else [f"its folder is {sorted(top)}, not gradcheck-{version}"])


def _metadata_faults(metadata: Mapping[str, str], version: str) -> Iterator[str]:
    wanted = {"Name": "gradcheck", "Version": version, "Requires-Python": ">=3.11", "Description-Content-Type": "text/markdown"}
    for key, value in wanted.items():
        if metadata.get(key) != value:
            yield f"metadata: {key} is {metadata.get(key)!r}, not {value!r}"
    if not metadata.get("License-Expression", "").startswith("MIT"):
        yield "metadata: no License-Expression"


def changelog_faults(text: str, version: str) -> list[str]:
    """Keep a Changelog: [Unreleased] first, then versions with dates, latest first, the present one among them; changes under the six kinds."""
    sections = re.findall(r"^## (.*)$", text, re.M)
    faults = [] if text.startswith("# Changelog\n") else ["it does not begin with `# Changelog`"]
    faults += [] if sections[:1] == ["[Unreleased]"] else ["the first section is not [Unreleased]"]
    released = [(s, re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", s)) for s in sections if s != "[Unreleased]"]
    faults += [f"{s!r} is not [VERSION] - DATE" for s, m in released if m is None]
    known = [(tuple(int(n) for n in m.groups()[:3]), m[4]) for _, m in released if m]
    faults += [f"{day} is no date" for _, day in known if not _is_date(day)]
    faults += [] if known == sorted(known, reverse=True) else ["the versions or their dates are not in order, latest first"]
    faults += [] if version in {".".join(map(str, v)) for v, _ in known} else [f"there is no section for {version}"]
    return faults + [f"{kind!r} is none of {', '.join(_KINDS)}" for kind in re.findall(r"^### (.*)$", text, re.M) if kind not in _KINDS]


def citation_faults(data: Mapping[str, Any], version: str, date: str) -> list[str]:
    """What the Citation File Format 1.2 asks for, and the version and date of the changelog."""
    faults = [f"{key} is missing" for key in ("cff-version", "message", "title", "authors") if not data.get(key)]
    faults += [f"an author without a name: {a}" for a in data.get("authors", ()) if not ({"name"} <= set(a) or {"family-names"} <= set(a))]
    wanted = {"cff-version": "1.2.0", "type": "software", "version": version, "date-released": date}
    return faults + [f"{key} is {data.get(key)!r}, not {value!r}" for key, value in wanted.items() if data.get(key) != value]


def workflow_faults(data: Mapping[Any, Any], root: Path, pythons: Iterable[str]) -> list[str]:
    """A workflow must call what exists: targets of make, files of the checkout, jobs; with actions at an exact version, on every Python."""
    jobs: Mapping[str, Any] = data.get("jobs") or {}
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    faults = (
        [] if jobs and (True in data or "on" in data) else ["it has no jobs, or nothing that starts them"]
    )  # YAML 1.1 reads `on` as true
    for name, job in jobs.items():
        faults += [f"{name}: {fault}" for fault in _job_faults(job, set(jobs), targets, root)]
    tested = {str(v) for job in jobs.values() for v in job.get("strategy", {}).get("matrix", {}).get("python-version", ())}
    return faults + ([] if tested == set(pythons) else [f"tested on {sorted(tested)}, not on {sorted(pythons)}"])


def _job_faults(job: Mapping[str, Any], jobs: set[str], targets: set[str], root: Path) -> Iterator[str]:
    if not job.get("runs-on") or not job.get("steps"):
        yield "no runs-on, or no steps"
    if "timeout-minutes" not in job:
        yield "no timeout-minutes: a job that hangs would run for hours"
    yield from (f"needs the job {n}, which does not exist" for n in job.get("needs", ()) if n not in jobs)
    for step in job.get("steps", ()):
        if ("uses" in step) == ("run" in step):
            yield f"a step must have one of uses and run: {step}"
        if "uses" in step and not re.fullmatch(r"[\w.-]+/[\w./-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})", step["uses"]):
            yield f"{step['uses']} is not at an exact version"
        called = str(step.get("run", ""))
        yield from (f"make {t}: no such target" for t in re.findall(r"\bmake ((?!-)[a-z-]+)", called) if t not in targets)
        yield from (f"{f}: no such file" for f in re.findall(r"(?<![\w/])(\.ci/[\w/.-]+)", called) if not (root / f).is_file())


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
