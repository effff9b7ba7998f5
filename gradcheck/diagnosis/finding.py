"""What a diagnosis says: a kind, a place, a sentence, and hints that tell a student more and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.circuit import Circuit

KINDS: Mapping[str, str] = {
    "sign": "the sign is flipped",
    "factor": "a constant factor is wrong or missing",
    "missing-factor": "a local derivative is left out of the product",
    "extra-factor": "there is a factor too many",
    "wrong-local-derivative": "the derivative of one step is not what it should be",
    "wrong-value": "another value stands where one belongs",
    "missing-path": "one of the ways the value acts is not added up",
    "extra-path": "one of the ways the value acts is counted twice",
    "missing-cotangent": "what comes from above is not multiplied in",
    "repeated-cotangent": "what comes from above is multiplied in twice",
    "transposed": "a matrix is transposed where it should not be, or not where it should",
    "wrong-axis": "an array is reduced along the wrong axis",
    "missing-sum": "a sum over copies of one value is missing",
    "wrong-branch": "the condition of a branch is inverted, missing, or taken of something else",
    "tie": "what equal values get does not add up to the whole",
    "wrong-index": "an index is off, or a repeated one is not accumulated",
    "permuted": "the entries stand in another order",
    "swapped": "two parts stand in each other's place",
    "precedence": "brackets are missing",
    "wrong-function": "it is the gradient of another function",
    "stale-value": "a value is used from before or after it was changed",
    "shape": "the shape is not that of the argument",
    "nonfinite": "an entry is not finite where the true one is",
    "precision": "the formula is right, and its floats lose digits",
    "unknown": "no known mistake explains it",
}
LEVELS = ("where", "kind", "formula")


@dataclass(frozen=True, slots=True)
class Hop:
    """A step of the chain rule: the value `node` formed by `operation`, the variable that holds it, and where that is written."""

    node: int
    operation: str
    name: str | None = None
    operand: str | None = None
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        called = f"{self.name} ({self.operation})" if self.name else self.operation
        called = f"{called} from {self.operand}" if self.operand else called
        return f"{called} at {self.file}:{self.line}" if self.file else called

    def to_dict(self) -> dict[str, Any]:
        """The hop as plain data."""
        return {
            "node": self.node,
            "operation": self.operation,
            "name": self.name,
            "operand": self.operand,
            "file": self.file,
            "line": self.line,
        }


def hop_of(circuit: Circuit, k: int, operand: int | None = None) -> Hop:
    """The hop that forms value k, or sends its cotangent on to `operand`."""
    primitive, place = circuit.primitive(k), circuit.place(k)
    what = primitive.name if primitive else "input"
    below = None if operand is None else _variable(circuit, operand)
    return Hop(k, what, name_of(circuit, k), below, place.file if place else None, place.line if place else None)


def name_of(circuit: Circuit, k: int) -> str | None:
    """The variable that holds a value, or that its line of source goes into."""
    if k in circuit.names or circuit.opcodes[k] < 0:
        return _variable(circuit, k)
    known, place = {k}, circuit.places[k]
    for n in range(k + 1, len(circuit)):
        if circuit.places[n] == place and any(i in known for i in circuit.inputs_of(n)):
            if n in circuit.names:
                return _variable(circuit, n)
            known.add(n)
    return None


def _variable(circuit: Circuit, k: int) -> str | None:
    """The name of a value without the number of its round, where the variable's last value stands on the same line."""
    name = circuit.names.get(k)
    base, _, number = (name or "").rpartition("_")
    if base and number.isdigit() and any(v == base and circuit.places[n] == circuit.places[k] for n, v in circuit.names.items()):
        return base
    return name


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found wrong: a stable `kind` (see KINDS), the `hop` it concerns where known, and a sentence.

    `expected` and `found` are the formulas at the hop, `fix` what to do. `equivalent` are other explanations that give the same numbers
    at all points tried. `points` says at how many points it was seen to hold; a finding that rests on one may be a coincidence.
    """

    kind: str
    message: str
    hop: Hop | None = None
    fix: str = ""
    expected: str = ""
    found: str = ""
    equivalent: tuple[Finding, ...] = ()
    points: int = 0

    def hint(self, level: str = "formula") -> str:
        """What to tell a student: `where` it is, what `kind` of mistake it is, or the `formula` as well."""
        if level not in LEVELS:
            raise ValueError(f"level={level!r}: expected one of {', '.join(LEVELS)}")
        at = f"Look at {self.hop}." if self.hop else "Look at the gradient as a whole."
        said = [at, f"There, {KINDS.get(self.kind, self.kind)}." if level != "where" else "", self._formula() if level == "formula" else ""]
        return " ".join(s for s in said if s)

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain data."""
        data: dict[str, Any] = {"kind": self.kind, "hop": None if self.hop is None else self.hop.to_dict(), "message": self.message}
        data |= {"fix": self.fix, "expected": self.expected, "found": self.found, "points": self.points}
        return data | {
            "equivalent": [{"kind": f.kind, "hop": None if f.hop is None else str(f.hop), "message": f.message} for f in self.equivalent]
        }

    def _formula(self) -> str:
        if self.expected and self.found:
            return f"It should be {self.expected}; yours acts like {self.found}."
        return f"{self.fix[:1].upper()}{self.fix[1:]}." if self.fix else ""
