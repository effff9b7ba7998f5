"""What the end of a run tells of its gradient checks: how many, how accurate, what they never look at, which took long."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gradcheck.case import Outcome
from gradcheck.rendering.text import label, one_line
from gradcheck.testing.record import Record, records_of
from gradcheck.testing.session import GradientSession

OUTCOMES: tuple[Outcome, ...] = ("right", "kink", "undecided", "wrong")
SLOWEST = 3
POINTS = 5  # special points never visited that are named
LONG = 0.1  # seconds from which on a check is worth telling of
Test = tuple[str, Record]  # a test's id, and what it checked


def in_short(report: Any) -> str:
    """Beside PASSED with -v: digits and cost."""
    records = records_of(report.user_properties)
    digits = [r.digits for r in records if r.digits is not None and r.outcome in ("right", "kink")]
    told = [f"{min(digits):.1f} digits"] if digits else []
    told += [f"{r.outcome}, as expected" for r in records if r.outcome == "wrong" and r.met][:1]
    if len(records) == 1 and records[0].gradient_operations is not None:
        first = records[0]
        told.append(f"{first.gradient_operations:,} operations" + (f", {first.ratio:.2g} x f" if first.ratio else ""))
    if len(records) > 1 or any(r.times > 1 for r in records):
        told.append(f"{sum(r.times for r in records)} checks")
    return f"[{', '.join(told)}]" if told else ""


def write_summary(reporter: Any, session: GradientSession, reports: Sequence[Any]) -> None:
    """The section `gradient checks`."""
    # the last report of a test holds what its setup, call and teardown checked; a test run again counts once
    by_test = {r.nodeid: r for r in sorted(reports, key=lambda r: r.stop)}
    tests = [(node, record) for node, r in sorted(by_test.items()) for record in records_of(r.user_properties)]
    reporter.section("gradient checks")
    for line in (*_counts(tests), *_accuracy(tests), *_never(tests), *_slowest(tests, reporter.config), *_mutation(tests)):
        reporter.line(line.replace(f"{Path.cwd()}/", ""))
    if session.report is not None:
        reporter.line(f"report: {session.report.first}")
        for fault in session.report.faults:
            reporter.line(f"  NOT WHOLE: {one_line(fault)}")
        if session.report.lacking is not None:
            reporter.line(f"  without pictures and HTML: {session.report.lacking} is missing: pip install 'gradcheck[report]'")


def _counts(tests: Sequence[Test]) -> Iterator[str]:
    gradients = [r for _, r in tests if r.what == "gradient"]
    if gradients:
        outcomes = Counter(r.outcome for r in gradients)
        times = sum(r.times for r in gradients)
        checks = f" in {times:,} checks" if times != len(gradients) else ""
        yield f"{_number(len(gradients), 'gradient')}{checks}: " + ", ".join(f"{outcomes[o]} {o}" for o in OUTCOMES if outcomes[o])
    cases = [r for _, r in tests if r.what == "case"]
    claimed = [r for _, r in tests if r.what == "claimed"]
    if cases or claimed:
        unmet = sum(not r.met for r in (*cases, *claimed))
        met = "all as stated" if not unmet else f"{unmet} not as stated"
        counted = [_number(len(rs), what) for rs, what in ((cases, "case"), (claimed, "claimed gradient")) if rs]
        yield f"{' with '.join(counted)}: {met}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _accuracy(tests: Sequence[Test]) -> Iterator[str]:
    known = [(node, r) for node, r in tests if r.digits is not None and r.outcome == "right"]
    if known:
        node, worst = min(known, key=lambda t: t[1].digits if t[1].digits is not None else math.inf)
        ulp = f" ({worst.ulp:.3g} ulp)" if worst.ulp else ""
        yield f"least accurate of those right: {worst.digits:.1f} digits{ulp}, {label(worst.name)} in {one_line(node)}"


def _never(tests: Sequence[Test]) -> Iterator[str]:
    """Special points that no test of their function visits, a line for each function."""
    by_function: dict[tuple[str, str], list[Record]] = {}
    for _, r in tests:
        by_function.setdefault((r.function, r.place), []).append(r)
    missed = [(name, left) for (name, _), rs in by_function.items() if (left := _never_by_any(rs))]
    if not missed:
        return
    total = sum(len(left) for _, left in missed)
    yield f"{_number(total, 'special point')} never visited by the points given (search=True looks there):"
    for name, left in missed[:POINTS]:
        more = f", and {len(left) - 1} more" if len(left) > 1 else ""
        yield f"  {label(name)}: {one_line(left[0], 160)}{more}"
    if len(missed) > POINTS:
        yield f"  ... and of {_number(len(missed) - POINTS, 'more function')}"


def _never_by_any(records: Sequence[Record]) -> list[str]:
    """Those that every test of the function misses; what only counts, and is not looked at, is left out."""
    looked = [r for r in records if r.looked]
    return [p for p in looked[0].never if all(p in r.never for r in looked)] if looked else []


def _slowest(tests: Sequence[Test], config: Any) -> Iterator[str]:
    slow = sorted((t for t in tests if t[1].seconds >= LONG), key=lambda t: -t[1].seconds)[:SLOWEST]
    if slow:
        workers = getattr(config.option, "numprocesses", None)
        shared = f", timed while {workers} workers shared the machine" if workers else ""
        yield f"slowest: {', '.join(f'{r.seconds:.2g} s {one_line(node, 120)}' for node, r in slow)}{shared}"


def _mutation(tests: Sequence[Test]) -> Iterator[str]:
    scored = [(node, r) for node, r in tests if r.mutation is not None]
    if scored:
        from gradcheck.rendering.mutation import scores_text

        yield from scores_text([(node, r.name, r.mutation or {}) for node, r in scored]).splitlines()
