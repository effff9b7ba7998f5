"""How fast a class is graded, behind which walls, with how much memory; and whether every mark is as it should be.

Run from the project's folder: `python benchmarks/coursework.py [--count 300]`. Everything is pinned to one core. The class of 300 students and 5 questions is generated
with known mistakes (see classroom.py); programs that have to be timed out are left out of the timing, since they take what their limit allows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread

import classroom


def main() -> None:
    """Grade the class in each way, and print submissions a minute, memory and marks that are not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--levels", nargs="*", default=["bubblewrap", "namespaces", "landlock"])
    given = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for count in sorted({max(20, given.count // 6), given.count}):
        with tempfile.TemporaryDirectory() as place:
            assignment, handed = classroom.write(Path(place), class_ := classroom.pupils(count, slow=False))
            for level in given.levels:
                for way in ("--one-shot", "--fork-server"):
                    output = Path(place) / f"marks{way}{level}"
                    seconds, peak = timed(
                        [sys.executable, "-m", "gradcheck.cli", "grade", str(assignment), str(handed), "-o", str(output), "--workers", "1", "--sandbox", level, way, "--no-html"]
                    )  # fmt: skip
                    wrong = unexpected(output / "marks.json", class_)
                    print(
                        f"{count:5} submissions  {level:11} {way:14} {seconds:7.1f} s  {60 * count / seconds:8.0f} a minute  peak {peak / 1e6:6.0f} MB  {wrong} marks not as expected",
                        flush=True,
                    )


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and the largest sum of resident memory of the process and all below it."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603  our own command
    peak = [0.0]
    watcher = Thread(target=watch, args=(process, peak))
    watcher.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - start
    watcher.join()
    if process.returncode:
        raise SystemExit(errors.decode()[-2000:])
    return seconds, peak[0]


def watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Proportional memory of the grader's own processes; those of students are bounded by their limits."""
    while process.poll() is None:
        peak[0] = max(peak[0], sum(map(resident, [process.pid, *children(process.pid)])))
        time.sleep(0.2)


def children(pid: int) -> list[int]:
    """The processes directly below one: workers."""
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def resident(pid: int) -> float:
    """Bytes of proportional memory."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)


def unexpected(file: Path, class_: list[classroom.Pupil]) -> int:
    """Marks of questions that are not those known beforehand."""
    due = {p.student: p for p in class_}
    found = 0
    for submission in json.loads(file.read_text())["submissions"]:
        for q in submission["questions"]:
            expected = due[submission["student"]].answers[q["question"]]
            seen = q["result"] if q["outcome"] == "graded" else q["outcome"]
            found += (q["earned"], seen) != (expected.earned, expected.seen)
    return found


if __name__ == "__main__":
    main()
