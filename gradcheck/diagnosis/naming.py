"""From a wrong claim to findings: of its numbers, of its shape, of some of its arguments; or that no known mistake explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.diagnosis.diagnose import LARGEST, Explanation, Inquiry, explained
from gradcheck.diagnosis.finding import Finding, hop_of
from gradcheck.diagnosis.intermediate import GivenAt, first_wrong
from gradcheck.diagnosis.matching import Match, is_wrong
from gradcheck.diagnosis.points import Repeat
from gradcheck.diagnosis.scope import arrays_of
from gradcheck.diagnosis.shapes import unsummed, views
from gradcheck.diagnosis.wording import findings
from gradcheck.gradients.method import Problem

ENDLESS = 4 * LARGEST  # equations beyond which not even the sweep is made: the verdict alone must do
SHOWN = 4  # entries that an unexplained claim is told by
VIEWS = 6  # ways of looking at a gradient of another shape that are searched


def named(
    problem: Problem, claim: Sequence[Any], again: Repeat | None = None, *, given: GivenAt | None = None, code: Any = None, seed: int = 0
) -> tuple[Finding, ...]:
    """What is wrong with a claimed gradient of a traced function, the most likely first; empty where nothing is.

    `claim` holds one array for each differentiable argument, as the claim gives it at the problem's point; `again(problem)` gives it at
    others. Without it, findings rest on one point. `given(problem)` are named intermediate gradients, if there are any: the first wrong one
    on the way back decides. `code` is the claim's own function, if it is at hand: the arrays it knows are tried in the place of others.
    """
    if len(problem.circuit) > ENDLESS:
        return ()
    parts = tuple(np.asarray(c, dtype=float) for c in claim)
    other = tuple(j for j, (c, x) in enumerate(zip(parts, problem.inputs, strict=True)) if c.shape != np.shape(x))
    with np.errstate(all="ignore"):
        if not other:
            return _of_values(Inquiry(problem, parts, again, seed, around=tuple(arrays_of(code))), given)
        found = [f for j in other for f in _of_shape(problem, parts, again, j, seed)]
        fitting = tuple(j for j in range(len(parts)) if j not in other)
        if fitting:
            found += _of_the_rest(problem, parts, again, fitting, seed)
    return _once(found)


def _once(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each mistake once: several arguments may show the same."""
    kept: dict[Any, Finding] = {}
    for f in found:
        kept.setdefault((f.kind, f.hop.node if f.hop else None, f.found if f.kind != "unknown" else ""), f)
    return tuple(kept.values())


def _of_values(inquiry: Inquiry, given: GivenAt | None) -> tuple[Finding, ...]:
    if given is not None:
        inquiry.start()
        first = first_wrong(inquiry, given)
        if first:
            return first
    every = explained(inquiry)
    found: list[Finding] = []
    for explanation in every:
        what = _for(inquiry, explanation) if len(explanation.chosen) < len(inquiry.claim) else ""
        if explanation.stale is not None:
            found.append(_stale(inquiry, explanation))
        elif explanation.matches:
            found += findings(inquiry.scenes[0].circuit, explanation.matches, what=what)
        elif is_wrong(inquiry.scenes[0], explanation.chosen):
            found.append(_unknown(inquiry, explanation.chosen))
    known = [f for f in found if f.kind != "unknown"]
    return _once([*known, *(f for f in found if f.kind == "unknown")])


def _stale(inquiry: Inquiry, explanation: Explanation) -> Finding:
    circuit = inquiry.scenes[0].circuit
    assert explanation.stale is not None
    m, rate = explanation.stale
    changed, own = (circuit.names.get(circuit.inputs[j], f"argument {j}") for j in (m, explanation.chosen[0]))
    message = f"the gradient for {own} is formed with {changed} after a step of {rate:g} times its gradient: {changed} was updated before it was used"
    fix = f"form all gradients first, then update {changed}"
    return Finding(
        "stale-value",
        message,
        hop_of(circuit, circuit.inputs[m]),
        fix,
        changed,
        f"{changed} - {rate:g} * d{changed}",
        (),
        len(inquiry.scenes),
    )


def _for(inquiry: Inquiry, explanation: Explanation) -> str:
    circuit = inquiry.scenes[0].circuit
    names = [circuit.names.get(circuit.inputs[j], str(j)) for j in explanation.chosen]
    return f"for {', '.join(names)}: "


def _unknown(inquiry: Inquiry, chosen: tuple[int, ...]) -> Finding:
    """The entries that differ, and what was ruled out."""
    scene = inquiry.scenes[0]
    told, count, size = [], 0, 0
    for j in chosen:
        claim, truth = np.asarray(scene.claim[j]), np.asarray(scene.truth[j])
        name = scene.circuit.names.get(scene.circuit.inputs[j], f"argument {j}")
        size += claim.size
        if claim.shape != truth.shape:
            continue
        off = np.abs(claim - truth) > 1e-6 * max(float(np.max(np.abs(truth), initial=0.0)), 1e-300)
        count += int(off.sum())
        worst = sorted(np.argwhere(off).tolist(), key=lambda i: -abs(float(claim[tuple(i)] - truth[tuple(i)])))[:SHOWN]
        told += [f"{name}{i or ''} is {float(claim[tuple(i)]):.6g}, should be {float(truth[tuple(i)]):.6g}" for i in worst]
    hops = len(scene.parts)
    if len(scene.circuit) > LARGEST:
        out = f"not looked for hop by hop: the function has more than {LARGEST} operations"
    else:
        out = f"ruled out at {hops} hops and {len(inquiry.scenes)} points: {', '.join(inquiry.tried)}"
    return Finding(
        "unknown",
        f"no known mistake explains it; {count} of {size} entries differ: {'; '.join(told[:SHOWN])}; {out}",
        points=len(inquiry.scenes),
    )


def _of_shape(problem: Problem, claim: tuple[Any, ...], again: Repeat | None, j: int, seed: int) -> list[Finding]:
    """What a claim of another shape shows of the gradient, and what is wrong with it besides."""
    shape, wanted = np.shape(problem.inputs[j]), claim[j].shape
    plain = ["d"] * len(claim)
    inquiry = Inquiry(problem, claim, again, seed, tuple(plain))
    inquiry.start()
    bare = list(unsummed(inquiry.scenes, j))
    if bare:
        return list(findings(inquiry.scenes[0].circuit, [Match((bare[0],), len(inquiry.scenes))]))
    for kind, text in list(views(shape, wanted))[:VIEWS]:
        looked = Inquiry(problem, claim, again, seed, tuple(text if m == j else "d" for m in range(len(claim))))
        first = looked.start()
        seen = _shape_finding(first, j, kind, text, len(looked.scenes))
        if not any(is_wrong(s, (j,)) for s in looked.scenes):
            return [seen]
        matches = looked.matches((j,))
        if matches:
            return [seen, *findings(first.circuit, matches)]
    return [_unknown(inquiry, (j,))]


def _shape_finding(scene: Any, j: int, kind: str, text: str, points: int) -> Finding:
    circuit = scene.circuit
    name = circuit.names.get(circuit.inputs[j], f"argument {j}")
    seen = text.replace("np.", "").replace("(d", f"(d{name}").replace("d.T", f"d{name}.T").replace("d[", f"d{name}[")
    message = f"the gradient for {name} has shape {np.shape(scene.claim[j])}: it is {seen} where d{name} belongs"
    return Finding(
        kind, message, hop_of(circuit, circuit.inputs[j]), "return one entry for each entry of the argument", f"d{name}", seen, (), points
    )


def _of_the_rest(problem: Problem, claim: tuple[Any, ...], again: Repeat | None, fitting: tuple[int, ...], seed: int) -> list[Finding]:
    """Arguments whose gradient has the right shape, where others have not."""
    inquiry = Inquiry(problem, claim, again, seed)
    first = inquiry.start()
    found: list[Finding] = []
    for j in fitting:
        if any(is_wrong(s, (j,)) for s in inquiry.scenes):
            matches = inquiry.matches((j,))
            found += findings(first.circuit, matches) if matches else [_unknown(inquiry, (j,))]
    return found
