"""What other checkers say of the museum's exhibits, at their default settings: writes `cases/museum/checkers.json`, which the report's chapter reads.

Each rule, as it was and as it should be, is given to each checker the way its users would give it: as a `torch.autograd.Function`, a
`jax.custom_vjp` around a callback, a primitive of autograd's with its vjp, a function and its gradient to SciPy and numdifftools. Once at ten
points drawn from the case's domains, once at the point where the exhibit says that the mistake shows. A checker tells the mistake at a point where
it refuses the rule as it was and accepts the rule as it should be: what it says of right and wrong alike tells nothing.

    python benchmarks/museum.py

needs torch, jax, autograd and numdifftools, which are no dependencies of gradcheck; takes about two minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import Case, check, load_cases
from gradcheck.case import ClaimedGradient
from gradcheck.writing import write_files

MUSEUM = Path(__file__).parents[1] / "cases" / "museum"
POINTS, SEED = 10, 0

Point = tuple[Any, ...]
Gradient = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Checker:
    """A checker of gradients: its name, where its version is found, its settings in words, and whether it accepts a rule at a point."""

    name: str
    package: str
    settings: str
    accepts: Callable[[Callable[..., Any], Gradient, Point], bool]


def torch_accepts(function: Callable[..., Any], gradient: Gradient, point: Point) -> bool:
    """torch.autograd.gradcheck, slow mode, of a Function."""
    import torch

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *arguments: Any) -> Any:
            ctx.save_for_backward(*arguments)
            return torch.tensor(float(function(*(a.detach().numpy().copy() for a in arguments))), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            rows = gradient(*(a.detach().numpy().copy() for a in ctx.saved_tensors))
            return tuple(cotangent * torch.tensor(np.asarray(row, dtype=np.float64)) for row in rows)

    inputs = tuple(torch.tensor(np.asarray(a, dtype=np.float64), requires_grad=True) for a in point)
    return bool(torch.autograd.gradcheck(Rule.apply, inputs))


def jax_accepts(function: Callable[..., Any], gradient: Gradient, point: Point) -> bool:
    """jax.test_util.check_grads, reverse mode, of a custom_vjp."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", val=True)
    shapes = tuple(jax.ShapeDtypeStruct(np.shape(a), np.float64) for a in point)

    @jax.custom_vjp
    def rule(*arguments: Any) -> Any:
        return jax.pure_callback(lambda *a: np.float64(function(*map(_plain, a))), jax.ShapeDtypeStruct((), np.float64), *arguments)

    def adjoint(arguments: Any, cotangent: Any) -> Any:
        def called(*a: Any) -> Any:
            return tuple(np.asarray(row, dtype=np.float64) for row in gradient(*map(_plain, a)))

        return tuple(cotangent * row for row in jax.pure_callback(called, shapes, *arguments))

    rule.defvjp(lambda *a: (rule(*a), a), adjoint)
    check_grads(rule, tuple(np.asarray(a, dtype=np.float64) for a in point), order=1, modes=["rev"])
    return True


def autograd_accepts(function: Callable[..., Any], gradient: Gradient, point: Point) -> bool:
    """autograd.test_util.check_grads, reverse mode, of a primitive."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    rule = primitive(lambda *a: float(function(*a)))
    defvjp(rule, *(lambda ans, *a, i=i: lambda g: g * np.asarray(gradient(*a)[i], dtype=float) for i in range(len(point))))
    arguments = tuple(np.asarray(a, dtype=float) if np.ndim(a) else float(a) for a in point)
    check_grads(rule, tuple(range(len(point))), modes=["rev"], order=1)(*arguments)
    return True


def scipy_accepts(function: Callable[..., Any], gradient: Gradient, point: Point) -> bool:
    """scipy.optimize.check_grad, its result relative to the gradient's length."""
    from scipy.optimize import check_grad

    flat, whole = _flattened(point)
    claimed = _joined(gradient(*whole(flat)))
    error = check_grad(lambda x: float(function(*whole(x))), lambda x: _joined(gradient(*whole(x))), flat)
    return bool(error <= 1e-4 * np.linalg.norm(claimed)) or bool(error == 0)


def numdifftools_accepts(function: Callable[..., Any], gradient: Gradient, point: Point) -> bool:
    """numdifftools.Gradient, compared entry by entry."""
    import numdifftools

    flat, whole = _flattened(point)
    found = numdifftools.Gradient(lambda x: float(function(*whole(x))))(flat)
    return bool(np.allclose(_joined(gradient(*whole(flat))), found, rtol=1e-6))


CHECKERS = (
    Checker("torch", "torch", "torch.autograd.gradcheck, slow mode, defaults (float64)", torch_accepts),
    Checker("jax", "jax", "jax.test_util.check_grads, order 1, reverse mode, x64, else defaults", jax_accepts),
    Checker("autograd", "autograd", "autograd.test_util.check_grads, order 1, reverse mode, else defaults", autograd_accepts),
    Checker("scipy", "scipy", "scipy.optimize.check_grad, at most 1e-4 of the gradient's length", scipy_accepts),
    Checker("numdifftools", "numdifftools", "numdifftools.Gradient, defaults, compared with rtol 1e-6", numdifftools_accepts),
)


def _plain(a: Any) -> Any:
    return np.asarray(a) if np.ndim(a) else float(a)


def _joined(rows: Sequence[Any]) -> Any:
    return np.concatenate([np.ravel(np.asarray(row, dtype=float)) for row in rows])


def _flattened(point: Point) -> tuple[Any, Callable[[Any], Point]]:
    """The point as one vector, and the way back."""
    shapes = [np.shape(a) for a in point]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]
    return _joined(point), lambda x: tuple(_plain(p.reshape(s)) for p, s in zip(np.split(x, ends), shapes, strict=True))


def refuses(checker: Checker, case: Case, claim: ClaimedGradient, point: Point) -> bool:
    """Whether a checker refuses a rule at a point: whatever it raises is a refusal."""

    def gradient(*arguments: Any) -> tuple[Any, ...]:
        found = claim.function(*arguments)
        return found if isinstance(found, tuple) else (found,)

    try:
        with np.errstate(all="ignore"):
            return not checker.accepts(case.function, gradient, tuple(np.array(a) if np.ndim(a) else float(a) for a in point))
    except Exception:  # noqa: BLE001 - checkers say no by many kinds of errors
        return True


def drawn(case: Case) -> list[Point]:
    """Points as a user would draw them: from the domains, knowing nothing of the mistake."""
    rng = np.random.default_rng(SEED)
    return [tuple(d.sample(rng) for d in case.domains.values()) for _ in range(POINTS)]


def counted(wrong: Sequence[bool], right: Sequence[bool]) -> dict[str, int]:
    """At how many points each rule is refused, and at how many the two are told apart."""
    told = sum(w and not r for w, r in zip(wrong, right, strict=True))
    return {"points": len(wrong), "wrong_refused": sum(wrong), "right_refused": sum(right), "told": told}


def measured(checker: Checker, case: Case) -> dict[str, Any]:
    """What a checker says of both rules at random points, and where the mistake shows."""
    wrong, right = rules(case)
    places = {"random": drawn(case), "target": [case.at[-1]]}
    return {
        place: counted([refuses(checker, case, wrong, p) for p in points], [refuses(checker, case, right, p) for p in points])
        for place, points in places.items()
    }


def rules(case: Case) -> tuple[ClaimedGradient, ClaimedGradient]:
    """The rule as it was, and as it should be."""
    return next(c for c in case.claimed if c.expect == "wrong"), next(c for c in case.claimed if c.expect != "wrong")


def ours(case: Case) -> dict[str, Any]:
    """The same of gradcheck, and what its search finds from two random points, with no other given."""
    wrong, right = rules(case)
    found: dict[str, Any] = {}
    for place, points in (("random", drawn(case)), ("target", [case.at[-1]])):
        verdicts = [[check(case, c.function, at=[p]) for p in points] for c in (wrong, right)]
        found[place] = counted([not v.ok for v in verdicts[0]], [not v.ok for v in verdicts[1]])
    bare = replace(case, at=())
    searched = [check(bare, c.function, search=True) for c in (wrong, right)]
    remarks = sorted({f.kind for f in searched[0].findings}) if searched[0].ok else []
    found["search"] = {"wrong": searched[0].outcome, "right": searched[1].outcome, "aim": searched[0].aim, "remarks": remarks}
    return found


def exhibits() -> list[Case]:
    """The museum's cases."""
    found = load_cases(MUSEUM)
    if found.problems:
        sys.exit("\n".join(p.message for p in found.problems))
    return [c for c in found if c.exhibit is not None]


def made_with() -> Iterator[dict[str, str]]:
    """The checkers with their versions."""
    for checker in CHECKERS:
        yield {"name": checker.name, "version": metadata.version(checker.package), "settings": checker.settings}


def main() -> None:
    """Measure all, and write the file."""
    found = {}
    for case in exhibits():
        found[case.name] = {c.name: measured(c, case) for c in CHECKERS} | {"gradcheck": ours(case)}
        print(
            case.name,
            {k: v["random"]["told"] for k, v in found[case.name].items()},
            found[case.name]["gradcheck"]["search"],
            file=sys.stderr,
        )
    document = {"points": POINTS, "seed": SEED, "numpy": np.__version__, "checkers": list(made_with()), "exhibits": found}
    write_files(MUSEUM, [("checkers.json", json.dumps(document, indent=1) + "\n")])


if __name__ == "__main__":
    main()
