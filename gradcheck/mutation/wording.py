"""A mutant in words: the place, what belongs there, and what is written instead."""

from __future__ import annotations

from dataclasses import replace

from gradcheck.circuit import argument_names
from gradcheck.diagnosis.finding import Hop, hop_of
from gradcheck.diagnosis.matching import Match
from gradcheck.diagnosis.wording import findings
from gradcheck.gradients.method import Problem
from gradcheck.mutation.mutant import ENTRY, Mutant


def described(mutant: Mutant, problem: Problem) -> tuple[Hop | None, str, str, str]:
    """The hop, the right formula, the wrong one, and a sentence."""
    if mutant.site is not None:
        return _of_site(mutant)
    if mutant.kind == ENTRY:
        return _of_entry(mutant, problem)
    assert mutant.edit is not None
    told = findings(mutant.home, [Match((mutant.edit,), 2)])[0]
    message = told.message.partition(": ")[0]
    return told.hop, told.expected, told.found, f"{message}: {told.found} for {told.expected}"


def _of_site(mutant: Mutant) -> tuple[Hop | None, str, str, str]:
    site = mutant.site
    assert site is not None
    hop = Hop(-1, "branch", None, None, site.file, site.line)
    side = "where it holds" if mutant.outcome else "where it does not hold"
    expected, found = f"the derivative of the side that `{site.source}` takes", f"the derivative of the side {side}"
    return hop, expected, found, f"`{site.source}` is ignored at {site}: {found}, always"


def _of_entry(mutant: Mutant, problem: Problem) -> tuple[Hop | None, str, str, str]:
    assert mutant.edit is not None and mutant.entry is not None
    j = mutant.edit.locus.k
    name = argument_names(problem.function, len(problem.arguments))[problem.argnums[j]]
    hop = replace(hop_of(mutant.home, mutant.home.inputs[j]), name=name)
    expected = f"d{entry_name(name, mutant.entry)}"
    if mutant.other is not None:
        found = f"d{entry_name(name, mutant.other)}"
        return hop, expected, found, f"one entry of the gradient for {name} is its neighbour's: {found} for {expected}"
    found = f"-{expected}" if mutant.edit.kind == "sign" else "0"
    said = "has its sign turned" if mutant.edit.kind == "sign" else "is left at zero"
    return hop, expected, found, f"one entry of the gradient for {name} {said}: {found} for {expected}"


def entry_name(name: str, entry: tuple[int, ...]) -> str:
    """An entry as it is read: x[1, 2]."""
    return f"{name}[{', '.join(map(str, entry))}]" if entry else name
