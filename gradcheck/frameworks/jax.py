"""Gradients of JAX functions, judged: custom rules, and whatever jax.grad differentiates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gradcheck.case import Case
from gradcheck.diagnosis.finding import Finding
from gradcheck.domains import Domain
from gradcheck.errors import UsageError
from gradcheck.frameworks.jax_point import Leaves, carried, jax, precision_of, take_apart, working_in
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.leaves import name_of, points_of
from gradcheck.frameworks.subject import Subject, Twin, coarsest, joined, widened
from gradcheck.precision import PRECISIONS, Precision
from gradcheck.verdicts.positions import Argnums
from gradcheck.verdicts.verdict import SEVERITY, Verdict

Function = Callable[..., Any]
_NO_REVERSE = "Reverse-mode differentiation does not work"  # what JAX says of loops whose length depends on values


def check_jax(
    f: Function,
    at: Any = None,
    *,
    numpy: Function | Case | None = None,
    argnums: Argnums | None = None,
    search: bool | Literal["hypothesis"] = False,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge the gradient that JAX gives of a function: of a `jax.custom_vjp`, a `jax.custom_jvp`, or anything `jax.vjp` differentiates, under `jit` too.

    `at` is a tuple of the function's arguments, a dict by name, or a list of such points. Arguments are floats, arrays of NumPy or JAX, and pytrees of them,
    whose leaves are named by their paths (`params.w1[0]`). float64, float32, bfloat16 and float16 are judged at their own precision. The
    function's jaxpr is read as NumPy, so that truth is certified without a twin; `numpy` is a twin where that
    cannot be, and where neither is, the verdict is by differences. Results that are arrays, or trees of them, are judged by their vector-Jacobian products.
    Where a custom_jvp takes part, forward mode (`jax.jvp`) is judged too. `lax.stop_gradient` is taken at its word: what it
    holds is a constant. The other options are those of `check`.

    Raises UsageError where JAX is missing, or for a float64 point while JAX's 64-bit mode is off.
    """
    jax("check_jax")
    options: dict[str, Any] = {"search": search, "digits": digits, "domain": domain, "seed": seed}
    taken = [take_apart(f, p, argnums) for p in points_of(f, at)]
    leaves = taken[0][0]
    if not all(leaves.same(other) for other, _ in taken):
        raise UsageError("the points differ in more than their arrays' values: check them one by one")
    program = Program(f, leaves)
    arrays = [a for _, a in taken]
    return _judged(program, program.subject(arrays[0], numpy), arrays, options)


def _judged(program: Program, subject: Subject, arrays: list[tuple[Any, ...]], options: Mapping[str, Any]) -> Verdict:
    """Reverse mode, where JAX has it; forward mode, where there is no other or a custom_jvp takes part."""
    from gradcheck.frameworks.jax_forward import judge_forward, nonlinear

    used = program.primitives(arrays[0])
    by_rule = "custom_jvp_call" in used and "custom_vjp_call" not in used  # which has no forward mode
    if by_rule and (found := nonlinear(program, subject, arrays, options["seed"])) is not None:
        return found
    verdicts = []
    if program.can_reverse(arrays[0]):
        verdicts.append(judge(subject, arrays, argnums=program.leaves.chosen, **options))
    if not verdicts or by_rule:
        verdicts.append(judge_forward(program, subject, arrays, options))
    return min(verdicts, key=lambda v: SEVERITY.index(v.outcome))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A JAX function of the arrays among its arguments' leaves."""

    function: Function
    leaves: Leaves
    _read: dict[Any, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The function's."""
        return name_of(self.function)

    def subject(self, arrays: tuple[Any, ...], numpy: Function | Case | None) -> Subject:
        """What is judged, with its twin: the one given, or the program read."""
        function = self.read if numpy is None else self._of_arrays(numpy.function if isinstance(numpy, Case) else numpy)
        twin = Twin(function, "read" if numpy is None else "given")
        precision = self.precision(arrays)
        return Subject("JAX", self.name, self.leaves.names, self.value, self.vjp, precision, twin, contract=self.contract)

    def precision(self, arrays: tuple[Any, ...]) -> Precision:
        """The coarsest of the arguments and of what the program rounds them to."""
        return precision_of(self.leaves, iter(self._types(arrays)))

    def _types(self, arrays: tuple[Any, ...]) -> list[Any]:
        """The types of the program's values; nothing of a program that looks at values, which cannot be written down and is judged all the same."""
        try:
            return list(_types(self.jaxpr(arrays).jaxpr))
        except Exception:  # whatever JAX, or the function, says of that
            return []

    def value(self, *arrays: Any) -> Any:
        """The function's value, NumPy's."""
        with working_in(widened(arrays)):
            return carried(self._flat(arrays)(*self._differentiable(arrays)))

    def vjp(self, arrays: tuple[Any, ...], cotangent: Any, argnums: tuple[int, ...]) -> tuple[Any, ...]:
        """What JAX pulls a cotangent back to."""
        with working_in(widened((*arrays, cotangent))):
            import jax

            value, pull = jax.vjp(self._flat(arrays), *self._differentiable(arrays))
            found = dict(zip(self.leaves.chosen, pull(_like(cotangent, value)), strict=True))
        return tuple(carried(found[i]) for i in argnums)

    def jvp(self, arrays: tuple[Any, ...], tangents: Sequence[Any]) -> Any:
        """What JAX pushes tangents of the differentiable arrays forward to."""
        with working_in(widened((*arrays, *tangents))):
            import jax

            given = self._differentiable(arrays)
            pushed = tuple(_like(t, x) for t, x in zip(tangents, given, strict=True))
            return carried(jax.jvp(self._flat(arrays), given, pushed)[1])

    def can_reverse(self, arrays: tuple[Any, ...]) -> bool:
        """Whether JAX can: not through loops whose length depends on values."""
        try:
            value = np.asarray(self.value(*arrays))
            self.vjp(arrays, np.zeros_like(value), self.leaves.chosen)
        except ValueError as error:
            return _NO_REVERSE not in str(error)
        except Exception:  # whatever it is, the verdict will say it
            return True
        return True

    def contract(self, arrays: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Finding, ...]:
        """A rule's own forward pass must give the function's value; the narrow types tell less, so it is asked in float64 where it can compute in it."""
        try:
            return self._forward_rule(tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in map(np.asarray, arrays)))
        except Exception:  # a function written for one precision
            return self._forward_rule(arrays)

    def _forward_rule(self, arrays: tuple[Any, ...]) -> tuple[Finding, ...]:
        import jax

        value = np.asarray(self.value(*arrays), dtype=float)
        inside = [PRECISIONS[t.name] for t in self._types(arrays) if getattr(t, "name", "") in PRECISIONS]
        unit = float(coarsest(inside).eps)
        try:
            with working_in(widened(arrays)):
                ruled = carried(jax.vjp(self._flat(arrays), *self._differentiable(arrays))[0])
        except Exception:  # the verdict will say what is raised
            return ()
        other = np.asarray(ruled, dtype=float)
        size = float(np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))
        with np.errstate(all="ignore"):
            off = ~((np.abs(other - value) <= unit**0.5 * size) | (other == value) | (np.isnan(other) & np.isnan(value)))
        if not off.any():
            return ()
        at = tuple(int(i) for i in np.argwhere(off)[0])
        told = (
            f"its forward rule gives {float(other[at])!r} where the function gives {float(value[at])!r}: both must compute the same value"
        )
        return (Finding("wrong-forward", told),)

    def primitives(self, arrays: tuple[Any, ...]) -> set[str]:
        """The names of the program's primitives; nothing where it cannot be written down."""
        from gradcheck.frameworks.jaxpr.reading import primitives

        try:
            return set(primitives(self.jaxpr(arrays).jaxpr))
        except Exception:  # as above
            import jax

            return {"custom_jvp_call"} if isinstance(self.function, jax.custom_jvp) else set()

    def read(self, *arrays: Any) -> Any:
        """The program over NumPy."""
        from gradcheck.frameworks.jaxpr.reading import run_closed

        with working_in(_is_wide(arrays)):
            return joined(run_closed(self.jaxpr(arrays), [arrays[i] for i in self.leaves.chosen]))

    def jaxpr(self, arrays: Sequence[Any]) -> Any:
        """The program written down for arrays of these shapes: what is not differentiated stands in it as a constant."""
        import jax

        wide = _is_wide(arrays)
        rest = tuple(np.asarray(a) for i, a in enumerate(arrays) if i not in self.leaves.chosen)
        key = (wide, tuple(np.shape(arrays[i]) for i in self.leaves.chosen), tuple((r.shape, r.tobytes()) for r in rest))
        if key not in self._read:
            with working_in(wide):
                types = [np.dtype(np.float64) if wide else self.leaves.types[i] for i in self.leaves.chosen]
                like = [jax.ShapeDtypeStruct(np.shape(arrays[i]), t) for i, t in zip(self.leaves.chosen, types, strict=True)]
                self._read[key] = jax.make_jaxpr(self._flat(arrays, wide=wide))(*like)
        return self._read[key]

    def _flat(self, arrays: Sequence[Any], *, wide: bool | None = None) -> Function:
        """The function of its differentiable arrays; one flat tuple of float results, or the one there is."""
        wide = _is_wide(arrays) if wide is None else wide
        rest = {i: self.leaves.one(i, a, wide=wide) for i, a in enumerate(arrays) if i not in self.leaves.chosen}

        def flat(*given: Any) -> Any:
            from jax.tree_util import tree_leaves

            known = rest | dict(zip(self.leaves.chosen, given, strict=True))
            result = self.function(*self.leaves.arguments([known[i] for i in range(len(arrays))]))
            return _one(self.name, tree_leaves(result))

        return flat

    def _differentiable(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        given = self.leaves.theirs(arrays)
        return tuple(given[i] for i in self.leaves.chosen)

    def _of_arrays(self, numpy: Function) -> Function:
        return lambda *arrays: numpy(*self.leaves.arguments(arrays))


def _is_wide(arrays: Sequence[Any]) -> bool:
    """Whether float64 is asked for, of traced arrays too."""
    return any(getattr(a, "dtype", None) == np.float64 for a in arrays)


def _like(vector: Any, primal: Any) -> Any:
    import jax.numpy as jnp

    return jnp.asarray(np.asarray(vector).astype(primal.dtype)).reshape(primal.shape)


def _one(name: str, results: Sequence[Any]) -> Any:
    """The float results as one array, end to end; UsageError where there is none."""
    import jax.numpy as jnp

    floats = [r for r in map(jnp.asarray, results) if jnp.issubdtype(r.dtype, jnp.floating)]
    if not floats:
        held = ", ".join(str(jnp.asarray(r).dtype) for r in results) or "nothing"
        raise UsageError(f"{name} returns no floats, and only floats have a gradient: it returns {held}")
    return floats[0] if len(floats) == 1 else jnp.concatenate([jnp.ravel(r) for r in floats])


def _types(jaxpr: Any) -> Iterator[Any]:
    """The types of all values of a program, those of its inner programs too."""
    from gradcheck.frameworks.jaxpr.reading import inner_jaxprs

    for equation in jaxpr.eqns:
        for variable in equation.outvars:
            yield getattr(variable.aval, "dtype", None)
        for inner in inner_jaxprs(equation.params):
            yield from _types(inner)
