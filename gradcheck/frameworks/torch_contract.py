"""What a PyTorch backward must keep besides its values: what came in unchanged, the same result twice, any layout of what comes in, None where nothing flows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.frameworks.torch_arrays import array_of, precision_of
from gradcheck.frameworks.torch_subject import Written, float_outputs, pulled, require, untouched_randomness
from gradcheck.verdicts.raising import told

Cotangents = Callable[[list[Any]], list[Any]]


def breaches(written: Written, arguments: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Finding, ...]:
    """The first way in which the backward breaks the contract, at a point; nothing where it keeps it."""
    tensors = written.made(arguments)
    try:
        plain = pulled(written, tensors, argnums, random_cotangents)
    except Exception as error:  # whatever a user's backward raises
        return (_raised(error, "with an ordinary cotangent"),)
    tests = (_touched, _twice, _layouts, _alone, _one_output)
    return next((found for test in tests if (found := tuple(test(written, tensors, argnums, plain)))), ())


def nones(written: Written, arguments: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Finding, ...]:
    """Arguments for which the backward gives None, which torch takes for zero."""
    found = pulled(written, written.made(arguments), argnums, random_cotangents)
    missing = [written.names[i] for i, g in zip(argnums, found, strict=True) if g is None]
    return (Finding("none", f"the backward gives None for {', '.join(missing)}, which torch takes for zero"),) if missing else ()


def random_cotangents(outputs: Sequence[Any]) -> list[Any]:
    """A cotangent of signs and sizes that no symmetry hides, exact in every precision."""
    import torch

    rng = np.random.default_rng(7)
    draws = [rng.choice([-1.0, 1.0], tuple(o.shape)) * rng.integers(8, 25, tuple(o.shape)) / 16 for o in outputs]
    return [torch.as_tensor(d, dtype=o.dtype, device=o.device).reshape(o.shape) for d, o in zip(draws, outputs, strict=True)]


def _raised(error: Exception, when: str) -> Finding:
    says = told(error)
    kind = "shape" if "invalid gradient" in str(error) or "incorrect number of gradients" in str(error) else "raises"
    return Finding(kind, f"the backward raises {says}, {when}")


def _touched(written: Written, tensors: list[Any], argnums: tuple[int, ...], plain: Sequence[Any]) -> Iterator[Finding]:
    """Whether the incoming gradient, or an argument, is another one afterwards."""
    import torch

    leaves = require(tensors, argnums)
    with torch.enable_grad(), untouched_randomness():
        outputs = [o for o in float_outputs(written.call(*leaves), written.name) if o.requires_grad]
        for name, leaf, before in zip(written.names, leaves, tensors, strict=True):
            if not same(leaf.detach(), before, exact=True):
                yield Finding("mutates-input", f"the forward changes its argument {name} in place")
        if not outputs:
            return
        seeds = random_cotangents(outputs)
        kept = [s.clone() for s in seeds]
        torch.autograd.grad(outputs, [leaves[i] for i in argnums], seeds, allow_unused=True)
    if not all(same(a, b, exact=True) for a, b in zip(seeds, kept, strict=True)):
        yield Finding("mutates-cotangent", "the backward changes the incoming gradient in place: other functions read it too")
    for name, leaf, before in zip(written.names, leaves, tensors, strict=True):
        if not same(leaf.detach(), before, exact=True):
            yield Finding("mutates-input", f"the backward changes the argument {name} in place")


def _twice(written: Written, tensors: list[Any], argnums: tuple[int, ...], plain: Sequence[Any]) -> Iterator[Finding]:
    """Whether the same graph gives the same gradient again: it does not where the backward changes what it has saved."""
    import torch

    leaves = require(tensors, argnums)
    with torch.enable_grad(), untouched_randomness():
        outputs = [o for o in float_outputs(written.call(*leaves), written.name) if o.requires_grad]
        if not outputs:
            return
        pull = partial(torch.autograd.grad, outputs, [leaves[i] for i in argnums], allow_unused=True, retain_graph=True)
        try:
            first, second = pull(random_cotangents(outputs)), pull(random_cotangents(outputs))
        except Exception as error:  # whatever a user's backward raises
            yield _raised(error, "the second time it is run (retain_graph=True)")
            return
    if not _all_same(first, second) or not _all_same(first, plain):
        yield Finding(
            "non-deterministic", "the backward gives another gradient the second time: it changes what the forward saved, or is random"
        )


def _layouts(written: Written, tensors: list[Any], argnums: tuple[int, ...], plain: Sequence[Any]) -> Iterator[Finding]:
    """Whether a cotangent of the same numbers in another layout gives the same: expanded from one number, and not contiguous."""
    ways: tuple[tuple[str, Cotangents, Cotangents], ...] = (
        ("an expanded cotangent, as after .sum()", _constant, _expanded),
        ("a cotangent that is not contiguous, as after a transpose", random_cotangents, _strided),
    )
    for what, one, other in ways:
        try:
            expected = plain if one is random_cotangents else pulled(written, tensors, argnums, one)
            found = pulled(written, tensors, argnums, other)
        except Exception as error:  # whatever a user's backward raises
            yield _raised(error, f"with {what}")
            return
        if not _all_same(expected, found, plain):  # sums of one number may cancel to nothing but rounding
            yield Finding("layout", f"the backward gives another gradient for {what}: it reads memory, not numbers")


def _constant(outputs: list[Any]) -> list[Any]:
    return [o.new_full(o.shape, 1.25) for o in outputs]


def _expanded(outputs: list[Any]) -> list[Any]:
    return [o.new_full((), 1.25).expand(o.shape) for o in outputs]


def _strided(outputs: list[Any]) -> list[Any]:
    """The same numbers with steps between them, axes turned."""
    found = []
    for cotangent in random_cotangents(outputs):
        if cotangent.dim() == 0:
            found.append(cotangent)
            continue
        axes = tuple(reversed(range(cotangent.dim())))
        wide = cotangent.new_zeros((*reversed(cotangent.shape), 2))
        wide[..., 0] = cotangent.permute(axes)
        found.append(wide[..., 0].permute(axes))
    return found


def _alone(written: Written, tensors: list[Any], argnums: tuple[int, ...], plain: Sequence[Any]) -> Iterator[Finding]:
    """Whether each gradient is the same where it alone is asked for."""
    for position, expected in zip(argnums, plain, strict=True) if len(argnums) > 1 else ():
        name = written.names[position]
        try:
            (found,) = pulled(written, tensors, (position,), random_cotangents)
        except Exception as error:  # whatever a user's backward raises
            yield _raised(error, f"where only {name} needs a gradient")
            return
        if not _all_same([expected], [found]):
            yield Finding("needs-input-grad", f"the gradient for {name} is another one where only {name} needs a gradient")


def _one_output(written: Written, tensors: list[Any], argnums: tuple[int, ...], plain: Sequence[Any]) -> Iterator[Finding]:
    """Whether outputs that nobody uses count as zero: of several, each is pulled back alone."""
    import torch

    leaves = require(tensors, argnums)
    with torch.enable_grad(), untouched_randomness():
        outputs = [o for o in float_outputs(written.call(*leaves), written.name) if o.requires_grad]
        if len(outputs) < 2:
            return
        seeds, wanted = random_cotangents(outputs), [leaves[i] for i in argnums]
        for i, (output, seed) in enumerate(zip(outputs, seeds, strict=True)):
            padded = [s if j == i else torch.zeros_like(s) for j, s in enumerate(seeds)]
            try:
                with_zeros = torch.autograd.grad(outputs, wanted, padded, allow_unused=True, retain_graph=True)
                alone = torch.autograd.grad(output, wanted, seed, allow_unused=True, retain_graph=True)
            except Exception as error:  # whatever a user's backward raises
                yield _raised(error, f"where only output {i} is used")
                return
            if not _all_same(with_zeros, alone):
                yield Finding("unused-output", f"the gradient is another one where only output {i} is used than where the others get zeros")


def _all_same(first: Sequence[Any], second: Sequence[Any], beside: Sequence[Any] | None = None) -> bool:
    return all(same(a, b, beside=c) for a, b, c in zip(first, second, beside or first, strict=True))


def same(a: Any, b: Any, *, exact: bool = False, beside: Any = None) -> bool:
    """Equal numbers: bit for bit, or to half the digits next to the largest, here or in `beside` (sums may run in another order). None is zero."""
    if a is None or b is None:
        other = b if a is None else a
        return other is None or not bool((other != 0).any())
    if a.shape != b.shape:
        return False
    x, y = np.asarray(array_of(a)), np.asarray(array_of(b))
    if exact or x.dtype.kind != "f":
        return bool(np.array_equal(x, y, equal_nan=x.dtype.kind == "f"))
    finite = np.isfinite(x) & np.isfinite(y)
    off = np.abs(x[finite].astype(float) - y[finite].astype(float))
    others = np.zeros(1) if beside is None else np.asarray(array_of(beside), dtype=float)
    size = max(float(np.max(np.abs(v[np.isfinite(v)]), initial=0.0)) for v in (x, others))
    return bool(np.array_equal(x[~finite], y[~finite], equal_nan=True) and (off <= precision_of(a.dtype).eps ** 0.5 * size).all())
