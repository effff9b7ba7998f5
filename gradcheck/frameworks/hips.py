"""Gradients of HIPS autograd, judged: functions written with autograd.numpy, and primitives whose rules were written with defvjp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.case import Case
from gradcheck.circuit.traced import TracedArray
from gradcheck.domains import Domain
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.leaves import Leaves, all_taken_apart, name_of, points_of
from gradcheck.frameworks.rebinding import UNCHANGED, rebound
from gradcheck.frameworks.subject import Subject, Twin, joined, needed
from gradcheck.precision import PRECISIONS
from gradcheck.verdicts.positions import Argnums
from gradcheck.verdicts.verdict import Verdict

Function = Callable[..., Any]
_LIBRARIES = ("numpy", "scipy", "autograd", "builtins")


def check_autograd(
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
    """Judge the gradient that HIPS autograd gives of a function: of a primitive with rules of its own (`defvjp`), or of anything built of them.

    `at` is a tuple of the function's arguments, a dict by name, or a list of such points; arguments may be tuples, lists and dicts of arrays. Truth is certified: the
    function is run with NumPy in autograd.numpy's place, in a copy, primitives as the functions they wrap. `numpy` is a twin where that cannot be; where neither can,
    differences decide. Results that are arrays are judged by their vector-Jacobian products. The other options are those of `check`.
    """
    needed("autograd", "check_autograd", "HIPS autograd", "autograd")
    leaves, points = all_taken_apart(f, points_of(f, at), argnums)
    program = _Program(f, leaves)
    twin = leaves.twin(numpy) or Twin(program.rebound(), "rebound")
    subject = Subject("autograd", name_of(f), leaves.names, program.value, program.vjp, leaves.precision, twin)
    return judge(subject, points, argnums=leaves.chosen, search=search, digits=digits, domain=domain, seed=seed)


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """A function of autograd's, of its arguments' leaves."""

    function: Function
    leaves: Leaves

    def value(self, *arrays: Any) -> Any:
        with np.errstate(all="ignore"):
            return _carried(self._flat(*self.leaves.theirs(arrays)))

    def vjp(self, arrays: tuple[Any, ...], cotangent: Any, argnums: tuple[int, ...]) -> tuple[Any, ...]:
        from autograd import make_vjp

        given = self.leaves.theirs(arrays)
        with np.errstate(all="ignore"):
            pull, value = make_vjp(self._flat, tuple(argnums))(*given)
            found = pull(np.asarray(cotangent).astype(np.asarray(value).dtype)[()])
        return tuple(_carried(g) for g in found)

    def rebound(self) -> Function:
        """The function with NumPy in autograd's place."""
        plain = rebound(self.function, _numpy_for, _LIBRARIES)
        return lambda *arrays: joined(plain(*self.leaves.layout.arguments(arrays)))

    def _flat(self, *leaves: Any) -> Any:
        return _joined(self.function(*self.leaves.layout.arguments(leaves)))


def _carried(array: Any) -> Any:
    array = np.asarray(array)
    return array.astype(PRECISIONS[array.dtype.name].carrier)[()] if array.dtype.name in PRECISIONS else array.astype(np.float64)[()]


def _joined(result: Any) -> Any:
    """Several results end to end, by autograd's own functions."""
    import autograd.numpy as anp

    parts = list(result.values()) if isinstance(result, dict) else list(result) if isinstance(result, tuple | list) else None
    if parts is None:
        return result
    return _joined(parts[0]) if len(parts) == 1 else anp.concatenate([anp.ravel(_joined(p)) for p in parts])


def _numpy_for(value: Any) -> Any:
    """What stands in for something of autograd's."""
    import autograd.numpy as anp
    from autograd.tracer import getval

    inner = getattr(value, "fun", None)
    if getattr(value, "_is_autograd_primitive", False) and inner is not None:
        return inner
    if value is getval:
        return _held
    name = getattr(value, "__name__", "")
    module = name if isinstance(value, type(np)) else getattr(value, "__module__", None) or ""
    if not isinstance(module, str) or not module.startswith(("autograd.numpy", "autograd.scipy")):
        return UNCHANGED
    if isinstance(value, type(np)):
        return _module_for(name)
    return next((getattr(np, n) for n in dir(anp) if getattr(anp, n, None) is value and hasattr(np, n)), UNCHANGED)


def _module_for(name: str) -> Any:
    from importlib import import_module

    plain = name.removeprefix("autograd.").replace("numpy_wrapper", "").replace(".numpy_", ".").rstrip(".")
    return import_module(plain)


def _held(value: Any) -> Any:
    return value.value if isinstance(value, TracedArray) else value
