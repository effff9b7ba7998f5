"""Calls and flow of control: what is called is run in place, loops are unrolled, branches follow the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr.rules import concrete

Run = Callable[[Any, Sequence[Any]], list[Any]]
_STEPS = 100_000  # steps of a loop that are unrolled
_SOLVED = 256  # unknowns of a linear system given by its product alone


def _closed(key: str) -> Callable[..., list[Any]]:
    return lambda run, params, inputs: run(params[key], inputs)


def _open(key: str) -> Callable[..., list[Any]]:
    """A call whose jaxpr holds no constants of its own."""

    def call(run: Run, params: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
        return run(_Closed(params[key]), inputs)

    return call


class _Closed:
    """An open jaxpr as a closed one."""

    def __init__(self, jaxpr: Any) -> None:
        self.jaxpr, self.consts = getattr(jaxpr, "jaxpr", jaxpr), getattr(jaxpr, "consts", ())


def _while(run: Run, params: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
    tests, steps = params["cond_nconsts"], params["body_nconsts"]
    for_test, for_step, carry = inputs[:tests], inputs[tests : tests + steps], list(inputs[tests + steps :])
    for _ in range(_STEPS):
        if not bool(concrete(run(params["cond_jaxpr"], [*for_test, *carry])[0])):
            return carry
        carry = run(params["body_jaxpr"], [*for_step, *carry])
    raise TraceError(f"a while loop of more than {_STEPS:,} steps")


def _cond(run: Run, params: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
    branches = params["branches"]
    chosen = int(np.clip(int(concrete(inputs[0])), 0, len(branches) - 1))
    return run(branches[chosen], inputs[1:])


def _scan(run: Run, params: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
    fixed, carried, length = params["num_consts"], params["num_carry"], params["length"]
    constants, carry, columns = inputs[:fixed], list(inputs[fixed : fixed + carried]), inputs[fixed + carried :]
    if length > _STEPS:
        raise TraceError(f"a scan of {length:,} steps")
    rows: list[list[Any]] = []
    order = range(length - 1, -1, -1) if params["reverse"] else range(length)
    for k in order:
        found = run(params["jaxpr"], [*constants, *carry, *(c[k] for c in columns)])
        carry = found[:carried]
        rows.append(found[carried:])
    if params["reverse"]:
        rows.reverse()
    avals = params["jaxpr"].out_avals[carried:]
    return [*carry, *(_stacked([row[i] for row in rows], aval) for i, aval in enumerate(avals))]


def _stacked(rows: list[Any], aval: Any) -> Any:
    return np.stack(rows) if rows else np.zeros((0, *aval.shape), dtype=np.dtype(aval.dtype))


def _linear_solve(run: Run, params: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
    """The matrix is what the product makes of the unit vectors: JAX solves with a factorisation it does not differentiate."""
    lengths, jaxprs = params["const_lengths"], params["jaxprs"]
    count = sum(lengths)
    for_product, right = inputs[: lengths.matvec], inputs[count:]
    if len(right) != 1 or np.size(right[0]) > _SOLVED:
        raise TraceError(f"a linear system of more than {_SOLVED} unknowns, or of several arrays")
    (b,) = right
    units = np.eye(np.size(b), dtype=np.result_type(b))
    columns = [np.reshape(run(jaxprs.matvec, [*for_product, u.reshape(np.shape(b))])[0], (-1,)) for u in units]
    return [np.reshape(np.linalg.solve(np.stack(columns, axis=1), np.reshape(b, (-1,))), np.shape(b))]


FLOW: Mapping[str, Callable[..., list[Any]]] = {
    "while": _while, "cond": _cond, "scan": _scan, "linear_solve": _linear_solve, "custom_linear_solve": _linear_solve,
    "jit": _closed("jaxpr"), "pjit": _closed("jaxpr"), "closed_call": _closed("call_jaxpr"), "core_call": _open("call_jaxpr"),
    "remat2": _open("jaxpr"), "remat": _open("jaxpr"), "checkpoint": _open("jaxpr"), "custom_vjp_call": _open("call_jaxpr"),
    "custom_vjp_call_jaxpr": _open("fun_jaxpr"), "custom_jvp_call": _open("call_jaxpr"), "call": _open("call_jaxpr"),
}  # fmt: skip
