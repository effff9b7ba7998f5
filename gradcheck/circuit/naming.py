"""Giving values the names of the user's local variables, read from the frames the function ran in."""

from __future__ import annotations

from collections.abc import Iterable
from types import FrameType
from typing import Any

import numpy as np

from gradcheck.circuit.circuit import Builder
from gradcheck.circuit.complexes import TracedComplex
from gradcheck.circuit.traced import TracedArray


def name_values(builder: Builder, frames: Iterable[FrameType], tracer: Any, outputs: tuple[int, ...]) -> None:
    """Name values after the variables that hold them when the function has returned; outer functions name first."""
    for frame in sorted(frames, key=_depth):
        for name, held in list(frame.f_locals.items()):
            for index, label in _values_of(held, name) if isinstance(held, TracedArray) and held.recorder is tracer else ():
                if index not in builder.constants:
                    builder.names.setdefault(index, label)
        _name_arrays(builder, frame, tracer)
    _name_result(builder, outputs)
    _name_earlier_rounds(builder)


def _values_of(held: TracedArray, name: str) -> list[tuple[int, str]]:
    """The values a variable holds: two for a complex one."""
    if isinstance(held, TracedComplex):
        return [(p.index, f"{name}_{which}") for p, which in ((held.re, "re"), (held.im, "im")) if isinstance(p, TracedArray)]
    return [(held.index, name)] if type(held) is TracedArray else []  # a stale one would have to be read first


def _name_result(builder: Builder, outputs: tuple[int, ...]) -> None:
    """A single result that no variable holds is called y, where that name is free."""
    if len(outputs) == 1 and builder.opcodes[outputs[0]] >= 0 and "y" not in builder.names.values():
        builder.names.setdefault(outputs[0], "y")


def _name_arrays(builder: Builder, frame: FrameType, tracer: Any) -> None:
    """Constant arrays under the names the function knows them by: its variables, cells and globals."""
    known = {n: frame.f_globals.get(n) for n in frame.f_code.co_names} | frame.f_locals
    for name, held in known.items():
        if id(held) in tracer.arrays and tracer.arrays[id(held)][0] is held:
            builder.names.setdefault(tracer.arrays[id(held)][2], name)


def _depth(frame: FrameType) -> int:
    depth, outer = 0, frame.f_back
    while outer is not None:
        depth, outer = depth + 1, outer.f_back
    return depth


def _name_earlier_rounds(builder: Builder) -> None:
    """In a loop only the last round's value still has its variable: number the earlier ones h_1, h_2, ..."""
    taken = set(builder.names.values())
    places, opcodes = np.array(builder.places), np.array(builder.opcodes)
    for last, name in list(builder.names.items()):
        if last in builder.inputs or last in builder.constants or not places[last]:
            continue
        alike = np.flatnonzero((places[:last] == places[last]) & (opcodes[:last] == opcodes[last]))
        for count, k in enumerate(map(int, alike), start=1):
            if k not in builder.names and f"{name}_{count}" not in taken:
                builder.names[k] = f"{name}_{count}"
