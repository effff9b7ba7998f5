"""A point at which mutants are looked at: the sweep in floats, the truth, and whether `check` would notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.diagnosis.scene import UNFIT, Scene, scene_of
from gradcheck.domains import Domain
from gradcheck.errors import GradcheckError
from gradcheck.gradients.limits import limiting_gradients
from gradcheck.gradients.method import Problem, problem_of
from gradcheck.gradients.truth import Truth, certify
from gradcheck.mutation.branches import decided, traced_otherwise
from gradcheck.mutation.mutant import Mutant
from gradcheck.verdicts.borderline import decided_by_rounding
from gradcheck.verdicts.check import check_problem
from gradcheck.verdicts.coverage import hops, touches
from gradcheck.verdicts.judge import UNUSUAL, Standard, standard
from gradcheck.verdicts.kinks import HULL_LIMIT
from gradcheck.verdicts.tolerance import unit_roundoff

PLAIN = 100.0  # tolerances beyond which no second look would call an error rounding
OUTSIDE = 1e-3  # of the largest entry: so far out of the range of the pieces a claim is wrong
WAYS = 24  # directions in which pieces are looked for; as many pieces are too many
APART, NOTHING = 1e-6, 1e-12  # of an entry, and of the largest, by which gradients differ that are different
Point = tuple[Any, ...]
Arrays = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Probe:
    """A scalar function at a point, of several where the claim is a product: its sweep in floats, and its truth when asked for."""

    point: Point
    problem: Problem
    scene: Scene
    right: Any
    by: Standard | None = None
    known: dict[str, Any] = field(default_factory=dict)

    def gradient(self, mutant: Mutant) -> Arrays:
        """The gradient with the mistake made; the right one where it has no place here."""
        return self._typed(self._of_site(mutant) if mutant.site is not None else self._edited(mutant))

    def flat(self, mutant: Mutant) -> Any:
        """The same in one vector."""
        return flattened(self.gradient(mutant))

    def differs(self, mutant: Mutant) -> bool:
        """Whether floats tell the mutant from the right gradient."""
        found = self.flat(mutant)
        if not np.isfinite(self.right).all():
            return False
        scale = float(np.max(np.abs(self.right), initial=0.0))
        with np.errstate(all="ignore"):
            return not bool(np.all(np.abs(found - self.right) <= APART * np.abs(self.right) + NOTHING * scale))  # NaN differs

    def standard(self) -> Standard | None:
        """What gradients are judged by here, made once; None where the truth is not known."""
        if self.by is None and "refused" not in self.known:
            truth = certify(self.problem) if np.isfinite(self.problem.value) else None
            if isinstance(truth, Truth):
                self.by = standard(self.problem, truth)
            else:
                self.known["refused"] = True
        return self.by

    def is_tied(self) -> bool:
        """Whether operands of a decision are equal, or a bend is met: what is right there is a convention, and tells nothing."""
        if "tied" not in self.known:
            circuit, values = self.problem.circuit, self.scene.values
            self.known["tied"] = any(s.kind in ("tie", "kink") and touches(circuit, k, s, values) for _, k, s in hops(circuit))
        return bool(self.known["tied"])

    def bends(self) -> bool:
        """Whether the function is known to have no derivative here."""
        by = self.standard()
        return by is not None and by.truth.is_kink

    def notices(self, mutant: Mutant, digits: float | None) -> bool:
        """Whether `check` calls the mutant wrong here: seen at once from floats where it is plain, else judged in full."""
        by = self.standard()
        if by is None:
            return False
        found = self.flat(mutant)
        plain = self._plainly(found, by, digits) if self._smooth(by) else self._plainly_outside(found, by, digits)
        if plain is not None:
            return plain
        claim = planted(self.problem.function, self.problem.argnums, self.problem.domains, mutant)
        return check_problem(self.problem, claim, by, digits=digits).outcome == "wrong"

    def _plainly(self, claim: Any, by: Standard, digits: float | None) -> bool | None:
        """What is plain without a second look; None for the rest."""
        true = self.known.setdefault("true", flattened(by.truth.floats()))
        with np.errstate(all="ignore"):
            error = np.abs(claim - true)
        stated = 0.0 if digits is None else 10.0**-digits * np.abs(true)
        if bool(np.all(error <= UNUSUAL / 2 * unit_roundoff(by.dtype) * np.abs(true) + stated / 2)):
            return False
        return True if bool(np.any(~(error <= PLAIN * by.tolerance + 2 * stated))) else None

    def _smooth(self, by: Standard) -> bool:
        """Whether neither conventions nor decisions by rounding have a say here."""
        if "smooth" not in self.known:
            self.known["smooth"] = not by.truth.is_kink and decided_by_rounding(self.problem, by.truth.bits) is None
        return bool(self.known["smooth"])

    def _plainly_outside(self, claim: Any, by: Standard, digits: float | None) -> bool | None:
        """At a kink: a claim far out of the range of the few pieces that meet here is wrong; None for others."""
        if not by.truth.is_kink or digits is not None or self.problem.size > HULL_LIMIT:
            return None
        if "pieces" not in self.known:
            ways = np.random.default_rng(0).uniform(-1.0, 1.0, (WAYS, self.problem.size))
            self.known["pieces"] = [self.right, flattened(by.truth.floats()), *limiting_gradients(self.problem, iter(ways))]
        pieces = np.array(self.known["pieces"])
        if len(pieces) > WAYS:
            return None
        low, high = pieces.min(axis=0), pieces.max(axis=0)
        room = OUTSIDE * float(np.max(np.abs(pieces))) + PLAIN * by.tolerance
        return True if bool(np.any((claim < low - room) | (claim > high + room))) else None

    def _edited(self, mutant: Mutant) -> Arrays:
        edits = mutant.edits(self.problem.circuit)
        if not edits:
            return self.scene.truth
        try:
            with np.errstate(all="ignore"):
                return self.scene.swept(edits)
        except UNFIT:
            return self.scene.truth

    def _of_site(self, mutant: Mutant) -> Arrays:
        assert mutant.site is not None
        here = decided(self.problem.circuit).get(mutant.site, {mutant.outcome})
        if here == {mutant.outcome}:
            return self.scene.truth
        key = f"{mutant.site} {mutant.outcome}"
        if key not in self.known:
            self.known[key] = self._otherwise(mutant)
        found: Arrays = self.known[key]
        return found

    def _otherwise(self, mutant: Mutant) -> Arrays:
        assert mutant.site is not None
        p = self.problem
        try:
            circuit = traced_otherwise(p.function, p.arguments, p.argnums, {mutant.site: mutant.outcome})
            return scene_of(Problem(p.function, p.arguments, p.argnums, circuit, p.value, p.domains), ()).truth
        except Exception:  # whatever a user's function raises on a side it never meant to take here
            return self.scene.truth

    def _typed(self, parts: Arrays) -> Arrays:
        return tuple(np.asarray(p, dtype=x.dtype)[()] for p, x in zip(parts, self.problem.inputs, strict=True))


def flattened(parts: Arrays) -> Any:
    """All entries in one vector of float64."""
    return np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in parts])


def probe_of(function: Callable[..., Any], point: Point, chosen: tuple[int, ...], domains: Mapping[int, Domain]) -> Probe:
    """A probe of one scalar function. TraceError where it cannot be followed."""
    return probe_at(problem_of(function, point, chosen, domains), point)


def probe_at(problem: Problem, point: Point, by: Standard | None = None) -> Probe:
    """A probe of a problem, with the standard where it is known."""
    scene = scene_of(problem, ())
    return Probe(point, problem, scene, flattened(scene.truth), by)


def probes_at(pairs: Callable[..., Any], point: Point, chosen: tuple[int, ...], domains: Mapping[int, Domain]) -> tuple[Probe, ...] | None:
    """The probes at a point, one for each scalar function; None where the function cannot be had there."""
    try:
        found = tuple(probe_of(f, point, chosen, domains) for f, _ in pairs(point, chosen))
    except Exception:  # whatever a user's function raises at a point nobody asked about
        return None
    return found if all(np.isfinite(np.asarray(p.problem.value, dtype=float)) for p in found) else None


def planted(
    function: Callable[..., Any], argnums: tuple[int, ...], domains: Mapping[int, Domain], mutant: Mutant
) -> Callable[..., tuple[Any, ...]]:
    """A mutant as a claimed gradient: called with the function's arguments, it returns what the wrong gradient would."""

    def gradient(*arguments: Any) -> tuple[Any, ...]:
        if not all(isinstance(arguments[i], np.ndarray | np.generic | float) for i in argnums):
            raise GradcheckError("a mutant takes plain arrays")
        return probe_of(function, arguments, argnums, domains).gradient(mutant)

    return gradient
