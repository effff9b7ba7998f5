"""The self-test as text."""

from __future__ import annotations

from gradcheck.grading.selftest.running import Held, Selftest
from gradcheck.rendering.text import LINE, one_line


def selftest_text(found: Selftest) -> str:
    """Every attack with what came of it, those that were not held last and in full."""
    how = "forked from a warm server" if found.fork_server else "one process each"
    lines = [f"Walls: {found.isolation}, {how}", f"Probes show to stand: {', '.join(found.standing) or 'none'}", ""]
    for kind in dict.fromkeys(a.attack.kind for a in found.attacks):
        lines.append(kind)
        lines += [_line(a) for a in found.attacks if a.attack.kind == kind]
    broken = [a for a in found.attacks if a.tried and a.faults]
    lines += ["", *(f"NOT HELD  {a.attack.kind}: {a.attack.name}: {one_line('; '.join(a.faults), LINE)}" for a in broken)]
    lines += [f"LEFT BEHIND  {what}" for what in found.left]
    tried = sum(a.tried for a in found.attacks)
    skipped = len(found.attacks) - tried
    told = f"{sum(a.held for a in found.attacks)} of {len(found.attacks)} attacks held"
    return "\n".join([*lines, told + (f"; {skipped} not tried, since the wall they need does not stand" if skipped else "")]) + "\n"


def _line(held: Held) -> str:
    mark = "held     " if held.held else "NOT TRIED" if not held.tried else "NOT HELD "
    return f"  {mark}  {held.attack.name}: {one_line(held.seen, LINE)}"
