"""What changed between two reports, from their documents: verdicts, counts, accuracy, and which of it is worse.

Accuracy differs between machines: libraries round otherwise. A loss counts where rounding does not explain it. A computation that is
right stays below 5.1 times the spread that noisy floats measure (see SAFETY in verdicts/tolerance.py), and `allowed_ulp` is 32 times that
spread. So a method that only rounds has lost accuracy where its error exceeds a quarter of `allowed_ulp` and a digit more than before is wrong (two
where it was beyond a quarter before). Over the shipped cases at neighbouring points, where every rounding error is another, the error never passed a tenth
of it. Differences approximate: they have lost where two digits more are wrong, of those they can be expected to have; between neighbouring points that
was one at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gradcheck.verdicts.compare import FRAMEWORKS
from gradcheck.verdicts.verdict import SEVERITY

Direction = Literal["worse", "better", "changed", "within noise"]
Document = Mapping[str, Any]
ROUNDING = 0.25  # of allowed_ulp: eight measured spreads
EXPECTED_DIGITS = {"differences": 10.6, "forward-differences": 8.0}  # two thirds and half of a double's: more is luck
_WEIGHT = ("refuted", "not shown", "shown")
_SAME = 1e-6  # relative difference of a claim's value that libraries may make
_COUNTED = ("tape", "complex-step")  # methods whose evaluations and operations are the same on every machine


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of what (`case`, `claim`, ...), where (a case, a case's method, a claim), and both values.

    `direction` is worse, better, changed (neither), or within noise (differs between machines, and means nothing).
    """

    kind: str
    where: str
    old: Any
    new: Any
    direction: Direction
    note: str = ""


def changes(old: Document, new: Document) -> tuple[Change, ...]:
    """Every difference between two documents of runs, claims first, then case by case."""
    return tuple(_changes(old, new))


def regressions(found: Sequence[Change]) -> tuple[Change, ...]:
    """Those that are worse."""
    return tuple(c for c in found if c.direction == "worse")


def _changes(old: Document, new: Document) -> Iterator[Change]:
    yield from (Change("environment", k, a, b, "within noise") for k, a, b in _both(old["environment"], new["environment"]) if a != b)
    yield from _problems(old["problems"], new["problems"])
    for name, a, b in _both(_by(old["claims"], "id"), _by(new["claims"], "id")):
        yield from _claim(name, a, b)
    for name, a, b in _both(_by(old["cases"], "name"), _by(new["cases"], "name")):
        if a is None or b is None:
            yield _come_or_gone("case", name, a, b, "outcome")
        else:
            yield from _case(name, a, b)


def _by(items: Sequence[Mapping[str, Any]], key: str) -> dict[str, Mapping[str, Any]]:
    """Items by name; the second of a name is called "name (2)"."""
    met: Counter[str] = Counter()
    found = {}
    for item in items:
        met[item[key]] += 1
        found[item[key] if met[item[key]] == 1 else f"{item[key]} ({met[item[key]]})"] = item
    return found


def _both(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Every name of either with what each has under it, in the order of the new one; those that are gone last."""
    for name in [*new, *(n for n in old if n not in new)]:
        yield name, old.get(name), new.get(name)


def _come_or_gone(kind: str, where: str, old: Any, new: Any, word: str, gone: Direction = "changed") -> Change:
    if old is None:
        return Change(kind, where, None, new[word], "changed", "added")
    return Change(kind, where, old[word], None, gone, "removed")


def _problems(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    yield from (Change("file", p, None, "at fault", "worse") for p in new if p not in old)
    yield from (Change("file", p, "at fault", None, "better") for p in old if p not in new)


def _claim(name: str, old: Any, new: Any) -> Iterator[Change]:
    if old is None or new is None:
        yield _come_or_gone("claim", name, old, new, "verdict", gone="worse" if old and old["verdict"] == "shown" else "changed")
        return
    if old["verdict"] != new["verdict"]:
        yield Change("claim", name, old["verdict"], new["verdict"], _order(_WEIGHT, old["verdict"], new["verdict"]), new["evidence"])
    for key, a, b in _both(old["values"], new["values"]):
        if a != b:
            yield Change("value", f"{name}: {key}", a, b, "within noise" if _near(a, b) else "changed")


def _near(a: Any, b: Any) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
    return numbers and abs(a - b) <= _SAME * max(abs(a), abs(b))


def _order(words: Sequence[str], old: str, new: str) -> Direction:
    """Worse towards the first of the words."""
    return "worse" if words.index(new) < words.index(old) else "better"


def _case(name: str, old: Document, new: Document) -> Iterator[Change]:
    if old["outcome"] != new["outcome"] or ("error" in old) != ("error" in new):
        a, b = ("at fault" if "error" in d else d["outcome"] for d in (old, new))
        yield Change("outcome", name, a, b, _order(("at fault", *SEVERITY), a, b), new.get("error", ""))
    if "error" in old or "error" in new:
        return
    yield from _counts(name, old, new)
    for gradient, a, b in _both(_by(old["claimed"], "name"), _by(new["claimed"], "name")):
        yield from _claimed(f"{name}: {gradient}", a, b)
    by = [{m["name"]: m for m in d["methods"]} for d in (old, new)]
    allowed = max([m["allowed_ulp"] for d in by for m in d.values() if isinstance(m["allowed_ulp"], int | float)], default=None)
    for method, a, b in _both(*by):
        found = _method(f"{name}: {method}", a, b, allowed)
        yield from (replace(c, direction="within noise") for c in found) if method in FRAMEWORKS else found  # not our gradients


def _counts(name: str, old: Document, new: Document) -> Iterator[Change]:
    for what in ("inputs", "points"):
        if old[what] != new[what]:
            yield Change(what, name, old[what], new[what], "changed")
    for part in ("function", "gradient"):
        yield from _number(f"operations of the {part}", name, old["operations"][part], new["operations"][part])
    if old["ratio"] is not None and new["ratio"] is not None:
        yield from _number("ratio", name, old["ratio"], new["ratio"])
    elif old["ratio"] != new["ratio"]:
        yield Change("ratio", name, old["ratio"], new["ratio"], "changed")


def _number(kind: str, where: str, old: Any, new: Any) -> Iterator[Change]:
    """A count, of which fewer is better."""
    if old != new:
        yield Change(kind, where, old, new, "worse" if new > old else "better")


def _claimed(where: str, old: Any, new: Any) -> Iterator[Change]:
    if old is None or new is None:
        yield _come_or_gone("claimed gradient", where, old, new, "outcome")
        return
    was, is_ = (d["expected"] == d["outcome"] for d in (old, new))
    if (old["expected"], old["outcome"]) != (new["expected"], new["outcome"]):
        direction: Direction = "changed" if was == is_ else "better" if is_ else "worse"
        yield Change("claimed gradient", where, old["outcome"], new["outcome"], direction, f"expected {new['expected']}")
    if old["kinds"] != new["kinds"]:
        before, after = (set(d["expected_kinds"]) <= set(d["kinds"]) for d in (old, new))
        direction = "changed" if before == after else "better" if after else "worse"
        yield Change("mistakes named", where, ", ".join(old["kinds"]), ", ".join(new["kinds"]), direction)


def _method(where: str, old: Any, new: Any, allowed: float | None) -> Iterator[Change]:
    if old is None or new is None:
        yield _come_or_gone("method", where, old, new, "outcome")
        return
    a, b = ("not run" if d["evaluations"] is None else d["outcome"] for d in (old, new))
    if a != b:
        yield Change("method", where, a, b, _order((SEVERITY[0], "not run", *SEVERITY[1:]), a, b), new["reason"])
    for what in ("evaluations", "operations"):
        if old[what] != new[what] and None not in (old[what], new[what]):
            counted = new["name"] in _COUNTED
            yield from (
                _number(what, where, old[what], new[what]) if counted else (Change(what, where, old[what], new[what], "within noise"),)
            )
    if None not in (old["digits"], new["digits"], old["ulp"], new["ulp"]) and old["digits"] != new["digits"]:
        yield Change("digits", where, old["digits"], new["digits"], _accuracy(old, new, allowed))


def _accuracy(old: Document, new: Document, allowed: float | None) -> Direction:
    return "worse" if _lost(old, new, allowed) else "better" if _lost(new, old, allowed) else "within noise"


def _lost(before: Document, after: Document, allowed: float | None) -> bool:
    """Whether digits were lost that rounding does not explain."""
    promised = EXPECTED_DIGITS.get(before["name"])
    if promised is not None:
        return bool(min(before["digits"], promised) - after["digits"] >= 2)
    limit = ROUNDING * (allowed or 0.0)
    return float(after["ulp"]) > limit and bool(before["digits"] - after["digits"] >= (2 if float(before["ulp"]) > limit else 1))
