"""Values at which a wrong formula gives what the right one gives: z is 2, where z**2 and 2*z are equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, INPUT, setting_at
from gradcheck.diagnosis.scene import UNFIT
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.predicates import inputs_of, number_at
from gradcheck.mutation.probe import Probe
from gradcheck.mutation.wording import described

SAME = 1e-9


def coincidences(mutant: Mutant, own: Sequence[Probe]) -> Iterator[str]:
    """That both formulas give the same numbers at every point, with the value that makes them."""
    if mutant.edit is None or not all(_coincide(mutant, p) for p in own):
        return
    _, expected, found, _ = described(mutant, own[0].problem)
    where = _constant(mutant, own)
    equal = f"{found} and {expected} are equal"
    yield f"{where} at every point, where {equal}" if where else f"{equal} at every point"


def _coincide(mutant: Mutant, probe: Probe) -> bool:
    """Whether the mistake changes nothing at its own place."""
    e = mutant.edit
    assert e is not None
    if e.locus.what == INPUT:
        return not probe.differs(mutant)
    if e.locus.what != HOP:
        return False
    for locus in mutant.edits(probe.problem.circuit):
        part = probe.scene.parts.get((locus.k, locus.position))
        if part is None:
            continue
        setting = setting_at(probe.problem.circuit, locus)
        try:
            with np.errstate(all="ignore"):
                values = probe.scene.at_hop(locus.k, locus.position, probe.scene.cotangents[locus.k], part)
                found = setting.fitted(setting.evaluate(e.text, values))
        except UNFIT:
            return False
        if not np.allclose(found, part, rtol=SAME, atol=0.0):
            return False
    return True


def _constant(mutant: Mutant, own: Sequence[Probe]) -> str | None:
    """The value of the hop's operand where it is one number, the same at all points."""
    e = mutant.edit
    assert e is not None
    if e.locus.what == INPUT:
        values = {n: [inputs_of(p)[n] for p in own] for n in inputs_of(own[0])}
        return next((f"{n} is {_only(v):g}" for n, v in values.items() if _only(v) is not None), None)
    home = mutant.home
    for i in (home.inputs_of(e.locus.k)[e.locus.position], *home.inputs_of(e.locus.k)):
        if i in home.constants or i not in home.names:
            continue
        try:
            found = [p.scene.values[number_at(home, p, i)] for p in own]
        except KeyError:
            continue
        if (only := _only(found)) is not None:
            return f"{home.names[i]} is {only:g}"
    return None


def _only(values: Sequence[Any]) -> float | None:
    """The one number that all values are."""
    flat = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    return float(flat[0]) if flat.size and np.all(flat == flat[0]) else None
