"""The statements of a gradient at their most general: for any sizes, for any data, or for what the point has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.codegen.dialects import Dialect
from gradcheck.codegen.shapes import PRIMES, Axis, Sizes, resized, revalued, sizes_of
from gradcheck.codegen.statements import Body, Writer
from gradcheck.codegen.subject import Derived, Subject, derived
from gradcheck.errors import GradcheckError

LONG = 1500  # equations up to which other sizes are tried


@dataclass(frozen=True, slots=True)
class General:
    """A body with what it stands for: sizes that are free, and arguments whose values it holds fast, which must be as at the point."""

    body: Body
    sizes: Sizes
    fixed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What statements are written in: a dialect, names that are taken, arrays that the module holds, and whether the value is wanted too."""

    dialect: Dialect
    taken: Collection[str] = ()
    known: Mapping[str, Any] = field(default_factory=dict)
    value: bool = False


def body_at(
    subject: Subject, point: Sequence[Any], setting: Setting, *, texts: Mapping[int, str] | None = None, by_name: bool = True
) -> Body:
    """The statements as the point has them."""
    found = derived(subject, point, value=setting.value)
    return Writer(found.circuit, setting.dialect, setting.taken, texts or {}, by_name, setting.known).write()


def general_body(subject: Subject, setting: Setting) -> General:
    """The most general statements that stay the same, to the letter, at other sizes and for other data."""
    point = subject.points[0]
    plain = derived(subject, point, value=setting.value)
    here = body_at(subject, point, setting)
    if not here.guards and len(plain.circuit.equations) <= LONG:
        sizes = _unbranched(subject, sizes_of(subject, point), plain)
        found = _for_any_size(subject, setting, sizes)
        if found is None and len(sizes.groups) > 1:
            alone = [g for g in sizes.groups if _for_any_size(subject, setting, Sizes((g,)))]
            sizes = Sizes(tuple(alone))
            found = _for_any_size(subject, setting, sizes) if alone else None
        if found is not None:
            return General(found, sizes)
    data = _data(subject, point)
    held = tuple(i for i in data if i not in plain.positions)
    if not here.guards and not held and _same_for_other_data(subject, setting, here):
        return General(here, Sizes())
    literal = body_at(subject, point, setting, by_name=False)
    return General(literal, Sizes(), held)


def _unbranched(subject: Subject, sizes: Sizes, plain: Derived) -> Sizes:
    """The sizes that change nothing of what the function does: it takes the same steps at larger and at smaller ones."""
    kept = []
    for group in sizes.groups:
        steps = [_steps(subject, resized(subject.points[0], {group: n}, 0)) for n in (PRIMES[0][0], 5, 3)]
        if all(taken in (None, _taken(plain.forward)) for taken in steps) and steps[0] is not None:
            kept.append(group)
    return Sizes(tuple(kept))


def _steps(subject: Subject, point: Sequence[Any]) -> list[int] | None:
    """The operations of a function at a point; None where it has none there."""
    try:
        return _taken(derived(subject, point, value=False).forward)
    except (GradcheckError, ArithmeticError, ValueError, IndexError):
        return None


def _taken(circuit: Circuit) -> list[int]:
    return [opcode for opcode in circuit.opcodes if opcode >= 0]


def _data(subject: Subject, point: Sequence[Any]) -> list[int]:
    return [i for i in range(len(point)) if i not in subject.argnums]


def _for_any_size(subject: Subject, setting: Setting, sizes: Sizes) -> Body | None:
    """Statements that are the same at two sets of sizes, and hold no data fast."""
    if not sizes.groups:
        return None
    point = subject.points[0]
    found: list[Body] = []
    for seed, primes in enumerate(PRIMES):
        there = resized(point, dict(zip(sizes.groups, primes, strict=False)), seed)
        try:
            body = body_at(subject, there, setting, texts=sizes.texts(subject, point, primes))
        except (GradcheckError, ArithmeticError, ValueError):  # a function that minds its sizes after all
            return None
        if body.guards or (found and body.text != found[0].text):
            return None
        found.append(body)
    return found[0]


def _same_for_other_data(subject: Subject, setting: Setting, here: Body) -> bool:
    """Whether other data give the same statements; small data that happen to be others' equals are drawn anew."""
    point = subject.points[0]
    data = [i for i in _data(subject, point) if isinstance(point[i], np.ndarray)]
    for seed in range(3 if data else 0):
        try:
            if body_at(subject, revalued(point, data, seed), setting).text != here.text:
                return False
        except (GradcheckError, ArithmeticError, ValueError):
            return False
    return True


def shape_lines(subject: Subject, general: General, letters: dict[Axis, str]) -> dict[str, str]:
    """Every array argument's shape, a letter for a size that is free."""
    return {
        name: f"[{', '.join(letters.get((i, axis), str(n)) for axis, n in enumerate(a.shape))}]"
        for i, (name, a) in enumerate(zip(subject.parameters, subject.points[0], strict=True))
        if isinstance(a, np.ndarray)
    }
