"""What a case can be asked: the points it has, the arguments and variables there are gradients for, the shape of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.case import Case, Fixed
from gradcheck.diagnosis.scene import Scene, scene_of
from gradcheck.domains import Data, Integer, Real
from gradcheck.errors import CaseError, GradcheckError
from gradcheck.gradients.method import problem_of
from gradcheck.rendering.text import one_line
from gradcheck.verdicts.vjp import weighted

TRIED = 3  # points drawn to see that the case can be asked for there
Point = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A case looked at where it is asked for. `arguments` are the differentiable ones; `variables` lie on the way to the result at every point.

    `shape` is the result's; `still` are variables of the function that no gradient flows through; `shapes` are those of arguments and variables.
    """

    case: Case
    arguments: tuple[str, ...]
    variables: tuple[str, ...]
    still: tuple[str, ...]
    result: str
    shape: tuple[int, ...]
    shapes: Mapping[str, tuple[int, ...]]


def is_drawn(case: Case) -> bool:
    """Whether points can be drawn: some argument lives in a domain."""
    return any(isinstance(d, Real | Integer) for d in case.domains.values())


def sampled(case: Case, seed: int | Sequence[int], count: int) -> tuple[Point, ...]:
    """So many points drawn from the domains, whatever points the case states; the same for the same seed, and the first ones whatever the count."""
    rng = np.random.default_rng(seed)
    return tuple(tuple(d.sample(rng) for d in case.domains.values()) for _ in range(count))


def stated(case: Case) -> tuple[Point, ...]:
    """The points a case has without drawing: those it states, or its fixed values."""
    return case.at or (() if is_drawn(case) else case.drawn())


def point_from(case: Case, given: Any) -> Point:
    """A point written in TOML, in the order of the arguments or by name; what is left out comes from the case's fixed values.

    Raises CaseError, in words that follow the point, where it does not fit.
    """
    names = case.parameters
    if isinstance(given, list) and len(given) > len(names):
        raise CaseError(f"{len(given)} values, and {case.name} takes {len(names)}: {', '.join(names)}")
    known = dict(zip(names, given, strict=False)) if isinstance(given, list) else given
    for name in known:
        if name not in names:
            raise CaseError(f"{one_line(name)} is no argument of {case.name}, which takes {', '.join(names)}")
    return tuple(_argument(case, n, known) for n in names)


def _argument(case: Case, name: str, known: Any) -> Any:
    domain = case.domains[name]
    if name not in known:
        if isinstance(domain, Data) and domain.value is not None:
            return domain.value
        raise CaseError(f"no value for the argument {name} of {case.name}, which takes {', '.join(case.parameters)}")
    value = _array(name, known[name])
    if isinstance(domain, Real) or (isinstance(domain, Fixed) and np.asarray(domain.value).dtype.kind == "f"):
        if value.dtype.kind not in "fiu":
            raise CaseError(f"argument {name}: got {value.dtype} values, expected real numbers")
        value = value.astype(float)
    domain.check(name, value)
    if isinstance(domain, Fixed) and value.shape != np.shape(domain.value):
        raise CaseError(f"argument {name}: got shape {value.shape}, expected {np.shape(domain.value)}")
    return value[()]


def _array(name: str, value: Any) -> Any:
    try:
        return np.array(value)
    except ValueError as error:
        raise CaseError(f"argument {name}: rows of different lengths make no array") from error
    except OverflowError as error:
        raise CaseError(f"argument {name}: a number is too large") from error


def subject(case: Case, points: Sequence[Point]) -> Subject:
    """The case at its points, traced. CaseError, in one line, where it raises, is not finite, or cannot be followed at one."""
    seen = [_seen(case, p) for p in points]
    first, shape = seen[0]
    names = [set(_active(scene)) for scene, _ in seen]
    variables = tuple(n for n in _active(first) if all(n in here for here in names))
    circuit = first.circuit
    still = tuple(n for k, n in sorted(circuit.names.items()) if circuit.opcodes[k] >= 0 and n not in variables)
    arguments = tuple(case.parameters[i] for i in first.problem.argnums)
    result = circuit.names.get(circuit.outputs[0], "") if shape == () else ""
    shapes = {n: circuit.type(k).shape for k, n in circuit.names.items()}
    shapes |= {n: np.shape(v) for n, v in zip(arguments, first.problem.inputs, strict=True)}
    return Subject(case, arguments, variables, still, result, shape, shapes)


def _active(scene: Scene) -> list[str]:
    """Variables that a gradient arrives at, in the order of the function."""
    circuit = scene.circuit
    return [n for k, n in sorted(circuit.names.items()) if circuit.opcodes[k] >= 0 and k in scene.cotangents and k not in scene.still]


def _seen(case: Case, point: Point) -> tuple[Scene, tuple[int, ...]]:
    value = _value(case, point)
    argnums = case.differentiable(point)
    if not argnums:
        raise CaseError(f"case {case.name} has no differentiable argument: give floats (1.0, not 1) or a Real domain")
    function = case.function
    if value.shape != ():
        function, _ = next(iter(weighted(case.function, case.function, point, 0)))
    try:
        return scene_of(problem_of(function, point, argnums, case.domain_at()), ()), value.shape
    except GradcheckError as error:
        raise CaseError(f"case {case.name} cannot be followed, so that no truth is known: {one_line(str(error))}") from error


def _value(case: Case, point: Point) -> Any:
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(case.function(*(a.copy() if isinstance(a, np.ndarray) else a for a in point)))
    except Exception as error:  # whatever an instructor's function raises where it was to have a value
        raise CaseError(f"case {case.name} raises {type(error).__name__}: {one_line(str(error))} at {_written(case, point)}") from error
    if value.dtype.kind != "f":
        raise CaseError(f"case {case.name} returns {value.dtype} values: a gradient needs floats")
    if not np.isfinite(value).all():
        raise CaseError(f"case {case.name} is not finite at {_written(case, point)}: give domains where it is, such as Real(low=0)")
    return value


def _written(case: Case, point: Point) -> str:
    texts = (f"{n} = {one_line(repr(np.asarray(v).tolist()), 80)}" for n, v in zip(case.parameters, point, strict=True))
    return ", ".join(texts)
