"""Explanations in words: what is wrong, where, and what to write instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gradcheck.circuit import Circuit
from gradcheck.circuit.edits import FUNCTION, HOP, INPUT, Edit, Locus, setting_at
from gradcheck.circuit.formulas import shown
from gradcheck.diagnosis.finding import Finding, Hop, hop_of
from gradcheck.diagnosis.matching import Group, Match
from gradcheck.diagnosis.points import COTANGENT
from gradcheck.primitives import TABLE

TIES = 6  # equivalent explanations that are told
NEARBY = 1.2  # how much less likely an explanation may be that says where a factor of the whole gradient comes from

FIX: Mapping[str, str] = {
    "sign": "flip the sign",
    "factor": "put the right factor in",
    "missing-factor": "multiply by the local derivative of this step",
    "extra-factor": "leave that factor out",
    "wrong-local-derivative": "use the derivative of this step, taken at its input",
    "wrong-value": "use the value that belongs there",
    "missing-path": "add up what comes back along every use of the value (+=, not =)",
    "extra-path": "count each use of the value once",
    "missing-cotangent": "multiply by what comes from above",
    "repeated-cotangent": "multiply by what comes from above once",
    "transposed": "check the shapes: the gradient of A in A @ B is g @ B.T, that of B is A.T @ g",
    "wrong-axis": "sum over the axes along which the value was copied, and no others",
    "missing-sum": "sum over the axes along which the value was copied",
    "wrong-branch": "let the gradient through where the function took this branch",
    "tie": "divide what comes from above among the equal values, or give it to one of them",
    "wrong-index": "send each entry back to where it was read",
    "permuted": "undo the order in which the function reads the entries",
    "swapped": "exchange the two",
    "precedence": "put the brackets back",
    "wrong-function": "differentiate the function that is given",
    "stale-value": "use the value that the function had at this step",
}


def findings(circuit: Circuit, matches: list[Match], *, what: str = "") -> tuple[Finding, ...]:
    """The best explanation as findings, one for each of its mistakes, with the equivalent ones."""
    matches = [_of_product(circuit, m) for m in matches]
    matches = sorted(matches, key=lambda m: (round(m.rank, 6), _is_ours(circuit, m), not _is_named(circuit, m)))  # of equals the user's
    told = _told(circuit, matches[0], what)
    others = tuple(f for m in matches[1 : 1 + TIES] for f in _told(circuit, m, what)[:1])
    if told[0].hop is None or told[0].hop.operation == "input":
        located = _located(circuit, matches)
        told[0] = _at(told[0], located) if located is not None else told[0]
    return (replace(told[0], equivalent=others), *told[1:])


def _weighing(circuit: Circuit) -> int:
    """The equation in which our own wrapper weighs the results of a vector-Jacobian product; beyond the last where there is none."""
    weights = {k for k in circuit.constants if circuit.names.get(k) == COTANGENT}
    return next((k for k in range(len(circuit)) if weights & set(circuit.inputs_of(k))), len(circuit)) if weights else len(circuit)


def _is_ours(circuit: Circuit, match: Match) -> bool:
    """Whether a mistake sits where our own wrapper adds up the results of a vector-Jacobian product."""
    return match.edits[0].locus.what != INPUT and match.edits[0].locus.k >= _weighing(circuit)


def _of_product(circuit: Circuit, match: Match) -> Match:
    """In a vector-Jacobian product, a cotangent of 1 is one that was forgotten."""
    if _weighing(circuit) == len(circuit) or match.edits[0].text not in ("0 * d + 1", "g"):
        return match
    forgotten = match.edits[0].text == "0 * d + 1" or _is_ours(circuit, match)
    return Match(tuple(replace(e, kind="missing-cotangent") for e in match.edits), match.points) if forgotten else match


def _is_named(circuit: Circuit, match: Match) -> bool:
    """Whether a mistake sits at a value that a variable holds, or at the hop to one."""
    locus = match.edits[0].locus
    if locus.what == INPUT:
        return False
    if locus.what == FUNCTION:
        return True
    below = circuit.inputs_of(locus.k)[locus.position] if locus.what == HOP else locus.k
    return below in circuit.names and circuit.opcodes[below] >= 0


def _located(circuit: Circuit, matches: list[Match]) -> Hop | None:
    """Where a mistake of a whole gradient may have been made: the best explanation that knows a place."""
    for m in matches:
        if m.edits[0].locus.what == HOP and m.rank <= matches[0].rank + NEARBY:
            return _place(circuit, m.edits[0])
    return None


def _at(found: Finding, hop: Hop) -> Finding:
    message = f"{found.message}; most likely in {hop}"
    return replace(found, message=message, hop=hop)


def _told(circuit: Circuit, match: Match, what: str) -> list[Finding]:
    """One finding for each different mistake of a match."""
    rounds: dict[tuple[str, str], list[Edit]] = {}
    for e in match.edits:
        rounds.setdefault((e.kind, e.text), []).append(e)
    return [f for edits in rounds.values() for f in _one(circuit, tuple(edits), match.points, what)]


def _one(circuit: Circuit, edits: Group, points: int, what: str) -> list[Finding]:
    first = edits[0]
    if first.locus.what == FUNCTION:
        return [_other_function(circuit, first, points, what)]
    hop = _place(circuit, first)
    names = _names(circuit, first)
    expected = "the sum of all parts" if first.base.startswith("p0") else _formula(first.base, names)
    found = _formula(first.text, names)
    where = f"in {hop}" if hop.operation != "input" else f"in the gradient for {hop.name}" if hop.name else "in the gradient"
    more = f", and alike at {len(edits) - 1} more" if len(edits) > 1 else ""
    message = f"{what}{_sentence(first)} {where}{more}: {expected} expected, {found} fits the numbers{_weak(points)}"
    fix = FIX.get(first.kind, "")
    kinds = (first.kind, *first.also)
    return [Finding(k, message, hop, FIX.get(k, fix), expected, found, (), points) for k in kinds]


def _other_function(circuit: Circuit, e: Edit, points: int, what: str) -> Finding:
    """The gradient of a function with one equation written otherwise."""
    variant = e.refs[0][1][1]
    hop = hop_of(circuit, variant.k)
    own = [_word(circuit, i) for i in circuit.inputs_of(variant.k)]
    other = [_word(circuit, i) for i in variant.operands]
    primitive = circuit.primitive(variant.k)
    assert primitive is not None
    expected, found = f"{primitive.name}({', '.join(own)})", f"{TABLE[variant.opcode].name}({', '.join(other)})"
    said = "a factor is left out of the function itself" if e.kind == "missing-factor" else _sentence(e)
    message = f"{what}{said}: with {found} for {expected} in {hop}{_weak(points)}"
    return Finding(e.kind, message, hop, FIX["wrong-function"], expected, found, (), points)


def _weak(points: int) -> str:
    """The caveat of what was seen once."""
    return "" if points > 1 else " (seen at one point only)"


def _word(circuit: Circuit, i: int) -> str:
    """A value as people would call it."""
    primitive = circuit.primitive(i)
    return circuit.names.get(i) or _number(circuit, i) or _read(circuit, i) or (f"a {primitive.name}" if primitive else "an array")


def _place(circuit: Circuit, e: Edit) -> Hop:
    """The hop of a mistake; of a function that is spelled out, the hop from its value to what it is a function of."""
    if e.site is None:
        return _hop(circuit, e.locus)
    k, called = e.site
    return replace(hop_of(circuit, k, e.locus.k), operation=called)


def _hop(circuit: Circuit, locus: Locus) -> Hop:
    if locus.what == INPUT:
        return hop_of(circuit, circuit.inputs[locus.k])
    operand = circuit.inputs_of(locus.k)[locus.position] if locus.what == HOP else None
    return hop_of(circuit, locus.k, operand)


def _names(circuit: Circuit, e: Edit) -> dict[str, str]:
    """Names of a formula in the user's own words, where there are any."""
    locus = e.locus
    if locus.what == HOP:
        read = circuit.inputs_of(locus.k)
        own, target = circuit.names.get(locus.k), circuit.names.get(read[locus.position])
        names = {"g": f"d{own}" if own else "upstream", "y": own or "out", "d": f"d{target}" if target else "right"}
        for name, i in zip(setting_at(circuit, locus).names[2:], read, strict=True):
            names[name] = circuit.names.get(i) or _number(circuit, i) or name
    else:
        k = circuit.inputs[locus.k] if locus.what == INPUT else locus.k
        own = circuit.names.get(k)
        names = {"d": f"d{own}" if own else "right", "x": own or "x"}
        if locus.what == INPUT:
            names |= {f"d{m}": f"d{circuit.names.get(i, m)}" for m, i in enumerate(circuit.inputs)}
    for name, (kind, ref) in e.refs:
        names[name] = _referred(circuit, kind, ref, name)
    names["G"], names["Y"] = names.get("g", "upstream"), names.get("y", "out")
    return names


def _number(circuit: Circuit, i: int) -> str | None:
    value = circuit.constants.get(i)
    return f"{float(value):g}" if value is not None and getattr(value, "shape", ()) == () else None


def _referred(circuit: Circuit, kind: str, ref: Any, name: str) -> str:
    if kind == "value":
        return circuit.names.get(ref) or _read(circuit, ref) or {"y": "out"}.get(name, name)
    if kind == "cotangent":
        own = circuit.names.get(ref)
        return f"d{own}" if own else "upstream"
    if kind == "variant":
        own = circuit.names.get(ref.k)
        return f"{own}_miswritten" if own else "miswritten"
    return {"t": "label", "m": "mask", "w": "other"}.get(name, name)


def _read(circuit: Circuit, k: int) -> str | None:
    """How an element of a named array is written."""
    primitive = circuit.primitive(k)
    whole = circuit.names.get(circuit.inputs_of(k)[0]) if primitive is not None and primitive.name == "getitem" else None
    return f"{whole}{list(circuit.params[k]['index'])}" if whole and all(isinstance(i, int) for i in circuit.params[k]["index"]) else None


def _formula(text: str, names: Mapping[str, str]) -> str:
    """A formula with the user's names; what is no formula to a reader, in words."""
    for start, words in _WORDS:
        if text.startswith(start):
            return words
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    plain = shown(ast.unparse(tree))
    return re.sub(r" \+ 0 \* \w+|^0 \* \w+ \+ ", "", re.sub(r"^0 \* \w+$", "nothing", plain))


_WORDS = (  # formulas of our own that say less than words
    ("overwrite(", "the part written last alone (= for +=)"),
    ("np.reshape(np.reshape(d, (-1,))[p]", "the two parts exchanged"),
    ("d * m", "one of the repeated readings alone"),
    ("p", "some of its parts alone"),
    ("2 * p", "one of its parts twice"),
)


def _sentence(e: Edit) -> str:
    """What is wrong, before the place."""
    if e.kind == "factor" and (by := _factor(e.text)):
        return f"off by the factor {by}"
    return {
        "sign": "the sign is flipped",
        "factor": "a constant factor is wrong",
        "missing-factor": "the local derivative is left out",
        "extra-factor": "a factor too many",
        "wrong-local-derivative": "the local derivative is wrong",
        "wrong-value": "another value stands where one belongs",
        "missing-path": "what comes back this way is not added up",
        "extra-path": "what comes back is counted twice, or does not belong",
        "missing-cotangent": "what comes from above is left out",
        "repeated-cotangent": "what comes from above is multiplied twice",
        "transposed": "a matrix is transposed",
        "wrong-axis": "summed along the wrong axis",
        "missing-sum": "the sum over copies is missing",
        "wrong-branch": "the branch is wrong",
        "wrong-index": "an index is off",
        "permuted": "the entries stand in the wrong order",
        "swapped": "two things stand in each other's place",
        "precedence": "brackets are missing",
        "wrong-function": "this is the gradient of another function",
        "stale-value": "a value of another step is used",
    }[e.kind]


def _factor(text: str) -> str | None:
    """The factor of a formula that only scales."""
    found = re.fullmatch(r"(-?[\d.e+-]+) \* d(?: / (\d+))?|d / (\d+)", text)
    if found is None:
        return None
    return f"1/{found[3]}" if found[3] else f"{found[1]}/{found[2]}" if found[2] else found[1]
