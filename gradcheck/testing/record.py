"""What a test keeps of a checked gradient: plain data that crosses processes and reaches JUnit as properties of the test."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gradcheck.case import SEVERITY, Outcome

PROPERTY = "gradcheck"  # the name of the property that holds a record as JSON; others are made of it for people


@dataclass(frozen=True, slots=True)
class Record:
    """A gradient checked by a test, `times` over where the test checks it again at other points: then the worst is kept.

    `what` is "gradient" (of the test's own), "case" or "claimed"; `met` whether the outcome is as it should be. `digits` and `ulp` are of the worst
    entry, `operations` and `gradient_operations` of the circuits (both None where the function cannot be followed), `seconds` of all its
    checks. `never` are special points that the test's points do not touch, where that was `looked` at. `mutation` is its score (see `gradcheck.mutation`). `place` is where the function is written.
    """

    what: str
    name: str
    function: str
    outcome: Outcome
    met: bool
    reason: str = ""
    kinds: tuple[str, ...] = ()
    times: int = 1
    digits: float | None = None
    ulp: float | None = None
    operations: int | None = None
    gradient_operations: int | None = None
    seconds: float = 0.0
    looked: bool = False
    never: tuple[str, ...] = ()
    mutation: dict[str, Any] | None = None
    place: str = ""

    @property
    def ratio(self) -> float | None:
        """ops(f and gradient) / ops(f)."""
        return self.gradient_operations / self.operations if self.operations and self.gradient_operations else None

    def to_json(self) -> str:
        """One line of JSON, infinities as strings."""
        data = {k: _told(v) for k, v in asdict(self).items() if v not in (None, "", (), {})}
        return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _told(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


_NUMBERS = ("digits", "ulp", "seconds")


def record_of(text: str) -> Record:
    """A record as `to_json` wrote it; one of another version may hold other fields, which are left out."""
    data = json.loads(text)
    known = {f.name for f in fields(Record)}
    data = {
        k: tuple(v) if isinstance(v, list) else float(v) if k in _NUMBERS and isinstance(v, str) else v
        for k, v in data.items()
        if k in known
    }
    return Record(**data)


def records_of(properties: Iterable[tuple[str, object]]) -> list[Record]:
    """The records among a report's properties."""
    return [record_of(str(value)) for name, value in properties if name == PROPERTY]


def merged(old: Record, new: Record) -> Record:
    """The worse of two records of one gradient, with the checks and seconds of both, and the special points that neither touches."""
    both = tuple(p for p in old.never if p in new.never) if old.looked and new.looked else (*old.never, *new.never)
    return replace(
        min(old, new, key=_standing),
        times=old.times + new.times,
        seconds=old.seconds + new.seconds,
        looked=old.looked or new.looked,
        never=both,
        mutation=_survived_both(old.mutation, new.mutation),
    )


def _standing(record: Record) -> tuple[bool, int, float]:
    """How records are ordered, the worst first."""
    return record.met, SEVERITY.index(record.outcome), math.inf if record.digits is None else record.digits


def _survived_both(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The score of a test that checks a gradient twice: a planted mistake that one of the checks notices is noticed."""
    if old is None or new is None or old["reason"] or new["reason"]:
        scored = [s for s in (old, new) if s is not None]
        return dict(min(scored, key=lambda s: bool(s["reason"]))) if scored else None
    known = {(s["kind"], s["message"]) for s in old["survivors"]}
    left = [s for s in new["survivors"] if (s["kind"], s["message"]) in known]
    return {**new, "killed": new["killed"] + len(new["survivors"]) - len(left), "survivors": left}


def add_record(properties: list[tuple[str, object]], record: Record) -> None:
    """Put a record among a test's properties, with what people look for in JUnit beside it; one of the same gradient is merged."""
    key = (record.what, record.name, record.function, record.place)
    for i, (name, value) in enumerate(properties):
        if name == PROPERTY and isinstance(value, str):
            known = record_of(value)
            if (known.what, known.name, known.function, known.place) == key:
                properties[i] = (PROPERTY, merged(known, record).to_json())
                break
    else:
        properties.append((PROPERTY, record.to_json()))
    _summarise(properties)


def _summarise(properties: list[tuple[str, object]]) -> None:
    """The worst of a test's records as properties of their own."""
    worst = min(records_of(properties), key=_standing)
    told = {"outcome": worst.outcome, "digits": worst.digits, "operations": worst.operations, "ratio": worst.ratio}
    properties[:] = [p for p in properties if not p[0].startswith(f"{PROPERTY}.")]
    properties += [
        (f"{PROPERTY}.{name}", f"{value:.4g}" if isinstance(value, float) else str(value))
        for name, value in told.items()
        if value is not None
    ]
