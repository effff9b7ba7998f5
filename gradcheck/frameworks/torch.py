"""PyTorch: `check_torch` judges gradients that are written there, `to_torch` takes verified ones there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from gradcheck.case import Case
from gradcheck.domains import Domain
from gradcheck.errors import TraceError, UsageError
from gradcheck.frameworks.judging import judge
from gradcheck.frameworks.subject import Subject, Twin, coarsest
from gradcheck.frameworks.torch_arrays import torch_for
from gradcheck.precision import NARROW, PRECISIONS
from gradcheck.verdicts.positions import Argnums, positions_among
from gradcheck.verdicts.verdict import SEVERITY, Verdict

__all__ = ["check_torch", "subject_of", "to_torch"]


def check_torch(
    subject: Any,
    at: Any = None,
    *,
    numpy: Callable[..., Any] | Case | None = None,
    argnums: Argnums | None = None,
    parameters: bool = True,
    names: Sequence[str] | None = None,
    search: bool | Literal["hypothesis"] = False,
    digits: float | None = None,
    domain: Mapping[str, Domain] | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge the gradient that PyTorch gives: of a torch.autograd.Function (its backward), a function of tensors, or a torch.nn.Module.

    `at` is a tuple of the arguments, tensors or NumPy arrays, nested as the function takes them, or a list of such tuples; the worst verdict is
    returned. Integer tensors and Python's numbers are data. Of a module, the gradients of its parameters (unless `parameters=False`) and of
    its floating-point inputs are judged, and the module is left as it was. Tensors may be float64, float32, float16 or bfloat16: each is judged at its own precision.

    The truth is certified: the forward is read as NumPy, operation by operation, or is the `numpy` twin that you give (a function of
    arrays, or a case). Where neither can be, differences decide as far as their error bounds reach. `argnums` counts arguments of the
    function; `names` renames them; the other options are those of `check`. Also judged: that the backward leaves what comes in as it was, gives the same twice, takes
    any layout of its cotangent, and is linear in it. Raises UsageError where PyTorch is missing or the call makes no sense; what the forward raises passes through.
    """
    torch_for("check_torch")
    points = at if isinstance(at, list) else [at]
    if at is None or not points:
        raise UsageError("check_torch: a point is needed: at=(x, w), tensors or arrays")
    verdicts = []
    for point in points:
        arguments = point if isinstance(point, tuple) else (point,)
        made, where, chosen = subject_of(subject, arguments, numpy=numpy, argnums=argnums, parameters=parameters, names=names)
        verdicts.append(judge(made, where, argnums=chosen, search=search, digits=digits, domain=domain, seed=seed))
    return min(verdicts, key=lambda v: SEVERITY.index(v.outcome))


def subject_of(
    subject: Any,
    at: tuple[Any, ...],
    *,
    numpy: Callable[..., Any] | Case | None = None,
    argnums: Argnums | None = None,
    parameters: bool = True,
    names: Sequence[str] | None = None,
) -> tuple[Subject, tuple[Any, ...], tuple[int, ...]]:
    """What is judged, the point as arrays, and the positions that are differentiated."""
    from gradcheck.frameworks import torch_contract
    from gradcheck.frameworks.torch_subject import written_of

    written = written_of(subject, at, names, parameters=parameters)
    chosen = _chosen(written, argnums)
    made = Subject(
        "PyTorch", written.name, written.names, written.value, written.vjp, written.precision,
        contract=partial(torch_contract.breaches, written), remark=partial(torch_contract.nones, written),
    )  # fmt: skip
    if numpy is not None:
        given = numpy.function if isinstance(numpy, Case) else numpy
        count = sum(p < 0 for p in written.positions)
        if count:
            raise UsageError(f"{written.name}: a NumPy twin of a module needs its parameters as arguments: give it with parameters=False")
        return replace(made, twin=Twin(lambda *leaves: given(*written.whole(*leaves)), "given")), written.point, chosen
    return _read(made, written), written.point, chosen


def _arguments(written: Any) -> list[str]:
    """Names of the arguments that are given, from those of their leaves."""
    owned = {p: re.split(r"[.\[]", n)[0] for p, n in zip(written.positions, written.names, strict=True) if p >= 0}
    return [owned.get(p, "") for p in range(max(owned, default=-1) + 1)]


def _chosen(written: Any, argnums: Argnums | None) -> tuple[int, ...]:
    """The positions among the tensors of the arguments asked for: all floats, and a module's parameters in any case."""
    wanted = None if argnums is None else set(positions_among(_arguments(written), argnums))
    found = tuple(i for i in written.inputs if wanted is None or written.positions[i] < 0 or written.positions[i] in wanted)
    if not found:
        raise UsageError(
            f"{written.name}: no floating-point tensor at the point{'' if argnums is None else f' at argnums={argnums!r}'}: nothing to differentiate"
        )
    return found


def _read(made: Subject, written: Any) -> Subject:
    """With the forward's own program as its twin, where it can be read."""
    from gradcheck.frameworks.torch_program import recorded
    from gradcheck.frameworks.torch_reading import as_numpy
    from gradcheck.frameworks.torch_subject import float_outputs, require, untouched_randomness

    try:
        with untouched_randomness():
            program = recorded(written.call, require(written.tensors, written.inputs), lambda result: float_outputs(result, written.name))
        function = as_numpy(program, written.names, written.name)
    except TraceError as error:
        return replace(made, untwinned=str(error))
    except Exception as error:  # whatever torch raises where it is looked at while it runs
        written.value(*written.point)  # the user's own error passes through
        return replace(made, untwinned=f"its program could not be recorded: {type(error).__name__}: {str(error).partition(chr(10))[0]}")
    inside = [PRECISIONS[name] for name in program.casts if name in PRECISIONS]
    narrow = [p for p in inside if p in NARROW and p != made.precision]
    return replace(made, twin=Twin(function, "read"), precision=coarsest([made.precision, *inside]), widens=not narrow)


def to_torch(
    function: Case | Callable[..., Any],
    at: Any = None,
    gradient: Callable[..., Any] | None = None,
    *,
    argnums: Sequence[int] | None = None,
    seed: int = 0,
) -> Callable[..., Any]:
    """A plain NumPy function as a function of tensors, with a gradient that was verified first.

    Without `gradient` it is our own, by reverse mode; else the one given, called as in `check` (with a cotangent after the arguments where the
    function returns an array). It is judged at the points of `at`, or the case's own. The function that is returned takes tensors where the
    NumPy function takes floating-point arrays, on any device and in any precision, which its result keeps (float16 and bfloat16 are computed in float32), and data as it is.
    It can be differentiated again wherever the gradient can be traced. Raises GradientError with the verdict where the gradient is not right, TraceError where
    there is none to make, UsageError where PyTorch or a point is missing.
    """
    torch_for("to_torch")
    from gradcheck.frameworks.torch_wrapping import wrapped
    from gradcheck.frameworks.verified import verified

    return wrapped(verified(function, at, gradient, argnums=argnums, seed=seed))
