"""A verified gradient as a torch.autograd.Function: what `to_torch` returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradcheck.errors import TraceError, UsageError
from gradcheck.frameworks.torch_arrays import array_of
from gradcheck.frameworks.verified import Verified


def wrapped(made: Verified) -> Callable[..., Any]:
    """The function of tensors. Where a tensor stands that the gradient was not verified for, it must not ask for one."""

    def function(*arguments: Any) -> Any:
        for i, a in enumerate(arguments):
            if getattr(a, "requires_grad", False) and i not in made.argnums:
                raise UsageError(f"{made.name}: argument {i} asks for a gradient, and none was verified for it: argnums={made.argnums}")
        return _run(made, arguments)

    function.__name__ = function.__qualname__ = made.name
    function.__doc__ = f"{made.name}, a NumPy function with a verified gradient, of tensors."
    return function


def _run(made: Verified, arguments: Sequence[Any]) -> Any:
    import torch

    given = (torch.as_tensor(a) if i in made.argnums else a for i, a in enumerate(arguments))
    result = _operation().apply(made, *given)
    return result[0] if len(result) == 1 else result


@cache
def _operation() -> Any:
    """The torch.autograd.Function: made when first used, for it derives from torch's."""
    import torch

    class Operation(torch.autograd.Function):  # type: ignore[misc]  # torch is not typed here
        """One NumPy function with its pullback; the pullback is run as an operation of the same kind, so that it can be differentiated again."""

        @staticmethod
        def forward(ctx: Any, made: Verified, *arguments: Any) -> tuple[Any, ...]:
            is_tensor = [isinstance(a, torch.Tensor) for a in arguments]
            ctx.save_for_backward(*(a for a, kept in zip(arguments, is_tensor, strict=True) if kept))
            ctx.made, ctx.rest = made, [None if kept else (a,) for a, kept in zip(arguments, is_tensor, strict=True)]
            return _computed(made, arguments)

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
            saved = iter(ctx.saved_tensors)
            return (None, *_pulled(ctx.made, [next(saved) if rest is None else rest[0] for rest in ctx.rest], cotangents))

    return Operation


def _computed(made: Verified, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """The function's results as tensors."""
    like = _like(made, arguments)
    try:
        with np.errstate(all="ignore"):
            result = made.function(*(_array(a) for a in arguments))
    except TraceError as error:
        raise RuntimeError(f"{made.name} cannot be differentiated again: {error}") from None
    return tuple(_tensor(p, like) for p in (result if isinstance(result, tuple) else (result,)))


def _pulled(made: Verified, arguments: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """One gradient for each argument, None for data."""
    count = len(arguments)
    total = count + len(cotangents)
    found = _run(made.again((*made.argnums, *range(count, total)), total), (*arguments, *cotangents))
    by_position = dict(zip(made.argnums, found if isinstance(found, tuple) else (found,), strict=True))
    return [by_position[i].to(a.dtype) if i in by_position else None for i, a in enumerate(arguments)]


def _like(made: Verified, arguments: Sequence[Any]) -> Any:
    """The tensor whose type and device a result keeps: of the widest type among those that are differentiated."""
    import torch

    chosen = [arguments[i] for i in made.argnums]
    dtype = chosen[0].dtype
    for tensor in chosen[1:]:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return torch.empty((), dtype=dtype, device=chosen[0].device)


def _array(argument: Any) -> Any:
    return array_of(argument)[()] if hasattr(argument, "detach") else argument


def _tensor(value: Any, like: Any) -> Any:
    import torch

    array = np.array(value, copy=True)
    tensor = torch.from_numpy(np.atleast_1d(array)).reshape(array.shape)
    return tensor.to(device=like.device, dtype=like.dtype if array.dtype.kind == "f" else tensor.dtype)
