"""Values at which a wrong formula gives what the right one gives: z is 2, where z**2 and 2*z are equal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.circuit.edits import HOP, INPUT, names_of, setting_at
from gradcheck.circuit.formulas import shown
from gradcheck.diagnosis.scene import UNFIT
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.predicates import inputs_of, number_at, worded
from gradcheck.mutation.probe import Probe
from gradcheck.mutation.wording import described

SAME = 1e-9


def coincidences(mutant: Mutant, own: Sequence[Probe]) -> Iterator[str]:
    """That both formulas give the same numbers at every point, with the value that makes them."""
    if mutant.edit is None or not all(_coincide(mutant, p) for p in own):
        return
    found, expected = _factors(mutant, own[0])
    where = _constant(mutant, own)
    equal = f"{found} and {expected} are equal"
    if where in (f"{expected} is 1", f"{found} is 1"):
        yield f"{where} at every point"
    else:
        yield f"{where} at every point, where {equal}" if where else f"{equal} at every point"


def _factors(mutant: Mutant, first: Probe) -> tuple[str, str]:
    """The wrong formula and the right one; without what comes from above, where both only multiply it."""
    e = mutant.edit
    assert e is not None
    _, expected, found, _ = described(mutant, first.problem)
    if e.locus.what != HOP or not all(t == "g" or (t.startswith("g * ") and "g" not in t[4:]) for t in (e.text, e.base)):
        return found, expected
    home = mutant.home
    read = home.inputs_of(e.locus.k)
    names = dict(zip(setting_at(home, e.locus).names[1:], (e.locus.k, *read), strict=True))
    words = {n: worded(first, i) if first.problem.circuit is home else home.names.get(i) for n, i in names.items()}
    wrong, right = (_filled("1" if t == "g" else t[4:], words) for t in (e.text, e.base))
    return (found, expected) if wrong is None or right is None else (wrong, right)


def _filled(text: str, words: dict[str, str | None]) -> str | None:
    """A formula with the user's words for its names; None where there are none."""
    used = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} & set(words)
    if any(words[n] is None for n in used):
        return None
    return re.sub(r"[a-z]\w*", lambda m: _bracketed(words[m[0]], text) if m[0] in used else m[0], shown(text))


def _bracketed(word: str | None, text: str) -> str:
    """An expression in brackets, unless it stands alone."""
    assert word is not None
    return word if text.isidentifier() or re.fullmatch(r"[\w.\[\]]+", word) else f"({word})"


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
    for i in _read(mutant):
        word = worded(own[0], i) if own[0].problem.circuit is home else home.names.get(i)
        if i in home.constants or word is None:
            continue
        try:
            found = [p.scene.values[number_at(home, p, i)] for p in own]
        except KeyError:
            continue
        if (only := _only(found)) is not None:
            return f"{word} is {only:g}"
    return None


def _read(mutant: Mutant) -> list[int]:
    """The values that the two formulas read, operands before the result."""
    e, home = mutant.edit, mutant.home
    assert e is not None
    read = (*home.inputs_of(e.locus.k), e.locus.k)
    used = names_of(e.text) | names_of(e.base)
    names = (*setting_at(home, e.locus).names[2:], "y")
    return [i for n, i in zip(names, read, strict=True) if n in used or n.upper() in used]


def _only(values: Sequence[Any]) -> float | None:
    """The one number that all values are."""
    flat = np.concatenate([np.ravel(np.asarray(v, dtype=float)) for v in values])
    return float(flat[0]) if flat.size and np.all(flat == flat[0]) else None
