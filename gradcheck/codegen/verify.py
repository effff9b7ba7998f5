"""Judging source that was written: it is run, and what it gives is judged like anybody's gradient, and set beside the tape's."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from gradcheck.circuit import Floats, as_number, interpret
from gradcheck.codegen.shapes import Sizes, resized
from gradcheck.codegen.subject import Subject, copies, derived
from gradcheck.errors import GradcheckError, GradientError
from gradcheck.verdicts.check import Verdict, check

ELSEWHERE = "is written for"  # what every refusal of the written source says
DRAWN = 2  # points drawn beside a case's own
SIZES = (5, 7, 3, 4, 6, 8)
_numbered = count()


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: outcomes at the points, the least correct digits and the largest error in ulp, and the largest distance from the tape.

    Both distances are in units in the last place of the largest entry of each argument's gradient.
    """

    points: tuple[tuple[Any, ...], ...]
    elsewhere: int
    drawn: int
    sizes: tuple[str, ...]
    kinks: int
    ulp: float
    digits: float
    from_tape: int


def run_source(source: str, name: str = "written") -> dict[str, Any]:
    """The names that source defines; its lines are kept, so that errors and traces can show them."""
    file = f"<{name} {next(_numbered)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"__name__": name}
    exec(compile(source, file, "exec"), scope)  # noqa: S102  our own text, whose only inputs are arrays
    return scope


def verified(subject: Subject, value: Callable[..., Any], claim: Callable[..., Any], sizes: Sizes) -> Verified:
    """Judge a written gradient at the subject's points, at a few drawn ones, and at other sizes. GradientError unless it is right.

    `value` is the written function, which must give the subject's value, but for rounding.
    """
    kept, elsewhere, found = [], 0, []
    for point in subject.points:
        verdict = judged(subject, claim, point, required=True)
        if verdict is None:
            elsewhere += 1
            continue
        require_value(subject, value, point)
        kept.append(point)
        found.append(verdict)
    if not kept:
        raise GradcheckError(f"{subject.name}: the written source refuses every point")
    extra = [v for p in _drawn(subject) if (v := judged(subject, claim, p, required=False)) is not None]
    tried = [text for text, point in _resized(subject, sizes) if judged(subject, claim, point, required=False) is not None]
    accuracies = [v.judgement.accuracy for v in found if v.judgement is not None]
    return Verified(
        tuple(kept), elsewhere, len(extra), tuple(tried), sum(v.outcome == "kink" for v in found),
        max((float(np.max(a.ulp, initial=0.0)) for a in accuracies), default=0.0),
        min((float(np.min(a.digits, initial=17.0)) for a in accuracies), default=17.0),
        max(from_tape(subject, claim, p) for p in kept),
    )  # fmt: skip


def judged(subject: Subject, claim: Callable[..., Any], point: Sequence[Any], *, required: bool) -> Verdict | None:
    """The verdict at a point; None where the source says it is not for it. GradientError where it is wrong, or, where required, undecided."""
    given = tuple(as_number(a) if isinstance(a, float) else a for a in point)
    if not _has_value(subject, given):
        return None
    if _is_elsewhere(subject, claim, given):
        return None
    verdict = check(subject.function, claim, given, argnums=subject.argnums, vjp=subject.vjp)
    if not verdict.ok and (required or verdict.outcome == "wrong"):
        said = f"{subject.name}: what was written is {verdict.outcome}: {verdict.reason}, at {', '.join(map(repr, given))}"
        raise GradientError(verdict, " ".join(said.split()))
    return verdict if verdict.ok else None


def require_value(subject: Subject, value: Callable[..., Any], point: Sequence[Any]) -> None:
    """Raise WrongValueError where the written function's value differs from the subject's by more than rounding can explain."""
    with np.errstate(all="ignore"):
        given = [as_number(a) if isinstance(a, float) else a for a in point]
        ours, theirs = np.asarray(subject.function(*copies(given))), np.asarray(value(*copies(given)))
        if ours.shape != theirs.shape:
            raise WrongValueError(f"{subject.name}: the written function gives shape {theirs.shape}, not {ours.shape}")
        parts = tape_at(subject, given, (np.ones_like(ours),) if subject.vjp else ())
        moved = sum(float(np.sum(np.abs(np.asarray(point[i], dtype=float) * g))) for i, g in zip(subject.argnums, parts, strict=True))
    scale = np.max(np.abs(ours), initial=0.0) + (moved if np.isfinite(moved) else 0.0)
    eps = float(np.finfo(ours.dtype).eps) if ours.dtype.kind == "f" else 2.0**-52
    if not np.all(np.abs(ours - theirs) <= eps**0.75 * scale):
        raise WrongValueError(
            f"{subject.name}: the written function gives {theirs.tolist()} where the function gives {ours.tolist()}, at {tuple(point)!r}"
        )


class WrongValueError(GradcheckError):
    """The function that was written is another function: a defect in gradcheck."""


def _is_elsewhere(subject: Subject, claim: Callable[..., Any], point: Sequence[Any]) -> bool:
    """Whether the source says that it is not for a point; whatever else it raises there is judged."""
    try:
        with np.errstate(all="ignore"):
            claim(*copies(point), *_cotangent(subject, point))
    except Exception as error:  # noqa: BLE001
        return ELSEWHERE in str(error)
    return False


def _has_value(subject: Subject, point: Sequence[Any]) -> bool:
    try:
        with np.errstate(all="ignore"):
            return bool(np.isfinite(subject.function(*copies(point))).all())
    except Exception:  # noqa: BLE001  whatever a function raises at points of ours
        return False


def _cotangent(subject: Subject, point: Sequence[Any]) -> tuple[Any, ...]:
    if not subject.vjp:
        return ()
    with np.errstate(all="ignore"):
        value = np.asarray(subject.function(*copies(point)))
    return (np.random.default_rng(7).standard_normal(value.shape).astype(value.dtype),)


def from_tape(subject: Subject, claim: Callable[..., Any], point: Sequence[Any]) -> int:
    """The largest distance from the tape's gradient, in ulp of the largest entry of each argument's, rounded up."""
    given = [as_number(a) if isinstance(a, float) else a for a in point]
    cotangent = _cotangent(subject, given)
    ours = tape_at(subject, given, cotangent)
    with np.errstate(all="ignore"):
        theirs = parts_of(subject, claim(*copies(given), *cotangent))
    return max((_ulps(o, t) for o, t in zip(ours, theirs, strict=True)), default=0)


def tape_at(subject: Subject, point: Sequence[Any], cotangent: tuple[Any, ...] = ()) -> list[Any]:
    """The tape's gradient: its circuit, equation by equation, over NumPy's floats."""
    tape = derived(subject, point, value=False)
    inputs = [as_number(point[i]) for i in tape.positions]
    with np.errstate(all="ignore"):
        return list(interpret(tape.circuit, Floats(), [*inputs, *cotangent]))


def parts_of(subject: Subject, result: Any) -> list[Any]:
    """A gradient as a list, an array for each argument."""
    return [result] if len(subject.argnums) == 1 else list(result)


def _ulps(ours: Any, theirs: Any) -> int:
    a, b = np.asarray(ours), np.asarray(theirs)
    if not a.size:
        return 0
    with np.errstate(all="ignore"):
        gap = np.abs(a - b)[np.isfinite(a)]
        unit = np.spacing(np.max(np.abs(a[np.isfinite(a)]), initial=np.finfo(a.dtype).tiny))
    return int(np.ceil(float(np.max(gap, initial=0.0)) / float(unit)))


def _drawn(subject: Subject) -> list[tuple[Any, ...]]:
    if subject.case is None:
        return []
    rng = np.random.default_rng(20_26)
    try:
        return [tuple(d.sample(rng) for d in subject.case.domains.values()) for _ in range(DRAWN)]
    except Exception:  # noqa: BLE001  data that only a point states
        return []


def _resized(subject: Subject, sizes: Sizes) -> list[tuple[str, tuple[Any, ...]]]:
    """A point of other sizes, where they are free."""
    if not sizes.groups:
        return []
    chosen = dict(zip(sizes.groups, SIZES, strict=False))
    letters = sizes.letters()
    text = ", ".join(f"{letters[group[0]]} = {n}" for group, n in chosen.items())
    return [(text, tuple(resized(subject.points[0], chosen, 3)))]
