"""What the pytest plugin costs: a suite of many small gradient checks, and a suite that has none.

    python benchmarks/plugin.py [--checks 1000] [--rounds 15] [--json FILE]

Checks: one process, one core; the same checks through `check` in a plain loop stand beside, so that the plugin's own share is seen, and tests of the same
number that check nothing. Idle: pytest on a suite without gradient tests, with the plugin and with `-p no:gradcheck`, in turn, round by round; the median of
the rounds' differences in processor time with its quartiles, the least of each, and the plugin's import beside pytest's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = """
import numpy as np
import pytest

FUNCTIONS = [
    (lambda x: np.sin((x + 1) ** 2), lambda x: np.cos((x + 1) ** 2) * 2 * (x + 1), 1),
    (lambda x: np.sum(x**2), lambda x: 2 * x, 5),
    (lambda x: np.sum(np.tanh(x)), lambda x: 1 / np.cosh(x) ** 2, 5),
    (lambda x: np.log(np.sum(np.exp(x))), lambda x: np.exp(x) / np.sum(np.exp(x)), 4),
    (lambda x: np.sqrt(np.sum(x * x)), lambda x: x / np.sqrt(np.sum(x * x)), 3),
]
rng = np.random.default_rng(0)
CASES = [(*FUNCTIONS[i % len(FUNCTIONS)][:2], rng.normal(size=FUNCTIONS[i % len(FUNCTIONS)][2])) for i in range({checks})]
"""
CHECKED = (
    HEAD
    + """
@pytest.mark.parametrize("i", range({checks}))
def test_gradient(gradcheck, i):
    f, g, x = CASES[i]
    gradcheck(f, grad=g, at=(x if x.size > 1 else x[0],))
"""
)
LOOP = (
    HEAD
    + """
def test_all():
    from gradcheck import check
    for f, g, x in CASES:
        f, g, x = f, g, x if x.size > 1 else x[0]
        assert check(f, g, at=(x,)).ok
"""
)
EMPTY = """
import pytest

@pytest.mark.parametrize("i", range({checks}))
def test_nothing(i):
    pass
"""
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(folder: Path, *arguments: str) -> tuple[float, float]:
    """Seconds on the wall and of the processor, of pytest on a folder in a process of its own."""
    environment = os.environ | ONE_CORE
    before, start = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist", *arguments]
    if hasattr(os, "sched_setaffinity"):
        command = [sys.executable, "-c", f"import os, sys; os.sched_setaffinity(0, {{0}}); os.execv(sys.executable, {command!r})"]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603
    wall, after = time.perf_counter() - start, os.times()
    if result.returncode:
        raise SystemExit(f"pytest failed:\n{result.stdout}\n{result.stderr}")
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def many(checks: int) -> dict[str, float]:
    """Seconds of a suite of many small checks; of the same checks in a loop; of as many tests that check nothing."""
    found = {}
    for name, text in (("checks", CHECKED), ("loop", LOOP), ("nothing", EMPTY)):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, f"test_{name}.py").write_text(text.replace("{checks}", str(checks)))
            found[f"{name}_wall"], found[f"{name}_processor"] = run(Path(folder))
    return found


def idle(rounds: int) -> dict[str, float]:
    """Seconds that the plugin adds to a suite without gradient tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.joinpath("test_plain.py").write_text(EMPTY.replace("{checks}", "100"))
        pairs = []
        for i in range(rounds + 1):
            order = ((), ("-p", "no:gradcheck")) if i % 2 else (("-p", "no:gradcheck"), ())
            seconds = {arguments: run(folder, *arguments)[1] for arguments in order}
            pairs.append((seconds[()], seconds["-p", "no:gradcheck"]))
    pairs = pairs[1:]  # the first fills caches
    differences = sorted(a - b for a, b in pairs)
    quartiles = statistics.quantiles(differences, n=4)
    return {
        "with": statistics.median(a for a, _ in pairs), "without": statistics.median(b for _, b in pairs),
        "difference": statistics.median(differences), "low": quartiles[0], "high": quartiles[2], "import": imported(),
        "least_with": min(a for a, _ in pairs), "least_without": min(b for _, b in pairs),
    }  # fmt: skip


def imported() -> float:
    """Seconds of the processor that importing the plugin takes once pytest is there, the median of several processes."""
    code = "import pytest, time; t = time.process_time(); import gradcheck.pytest_plugin; print(time.process_time() - t)"
    command = [sys.executable, "-c", code]
    return statistics.median(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(9))  # noqa: S603


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = many(given.checks) | idle(given.rounds)
    print(
        f"{given.checks} small checks, a test each, on one core: {found['checks_wall']:.1f} s ({found['checks_processor']:.1f} s of the processor)"
    )
    print(f"  the same by `check` in one test: {found['loop_wall']:.1f} s; as many tests that check nothing: {found['nothing_wall']:.1f} s")
    print(
        f"without gradient tests: {found['with']:.3f} s with the plugin, {found['without']:.3f} s without, of the processor; "
        f"difference {1000 * found['difference']:.1f} ms (half of the rounds between {1000 * found['low']:.1f} and {1000 * found['high']:.1f})"
    )
    print(f"  the least of all rounds: {found['least_with']:.3f} s with, {found['least_without']:.3f} s without")
    print(f"  importing the plugin: {1000 * found['import']:.1f} ms")
    if given.json:
        given.json.write_text(re.sub(r"\s+", " ", json.dumps(found)) + "\n")


if __name__ == "__main__":
    main()
