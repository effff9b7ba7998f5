"""A verified gradient as a torch.autograd.Function: what `to_torch` returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from gradcheck.errors import TraceError, UsageError
from gradcheck.frameworks.torch_arrays import array_of
from gradcheck.frameworks.verified import Verified


def wrapped(made: Verified) -> Callable[..., Any]:
    """The function of tensors. Where a tensor stands that the gradient was not verified for, it must not ask for one."""

    def function(*arguments: Any) -> Any:
        for i, a in enumerate(arguments):
            if isinstance(a, torch.Tensor) and a.requires_grad and i not in made.argnums:
                raise UsageError(f"{made.name}: argument {i} asks for a gradient, and none was verified for it: argnums={made.argnums}")
        return _run(made, arguments)

    function.__name__ = function.__qualname__ = made.name
    function.__doc__ = f"{made.name}, a NumPy function with a verified gradient, of tensors."
    return function


def _run(made: Verified, arguments: Sequence[Any]) -> Any:
    result = _Operation.apply(made, *(torch.as_tensor(a) if i in made.argnums else a for i, a in enumerate(arguments)))
    return result[0] if len(result) == 1 else result


class _Operation(torch.autograd.Function):  # type: ignore[misc]  # torch is not typed here
    """One NumPy function with its pullback; the pullback is run as an operation of the same kind, so that it can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, made: Verified, *arguments: Any) -> tuple[Any, ...]:
        tensors = [a for a in arguments if isinstance(a, torch.Tensor)]
        ctx.save_for_backward(*tensors)
        ctx.made, ctx.rest = made, [None if isinstance(a, torch.Tensor) else (a,) for a in arguments]
        like = _like(made, arguments)
        try:
            with np.errstate(all="ignore"):
                result = made.function(*(_array(a) for a in arguments))
        except TraceError as error:
            raise RuntimeError(f"{made.name} cannot be differentiated again: {error}") from None
        parts = result if isinstance(result, tuple) else (result,)
        return tuple(_tensor(p, like) for p in parts)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        made, saved = ctx.made, iter(ctx.saved_tensors)
        arguments = [next(saved) if rest is None else rest[0] for rest in ctx.rest]
        count = len(arguments)
        total = count + len(cotangents)
        again = made.again((*made.argnums, *range(count, total)), total)
        found = _run(again, (*arguments, *cotangents))
        parts = iter(found if isinstance(found, tuple) else (found,))
        by_position = {i: next(parts) for i in made.argnums}
        given = [by_position[i].to(arguments[i].dtype) if i in by_position else None for i in range(count)]
        return (None, *given)


def _like(made: Verified, arguments: Sequence[Any]) -> Any:
    """The tensor whose type and device a result keeps: of the widest type among those that are differentiated."""
    chosen = [arguments[i] for i in made.argnums]
    dtype = chosen[0].dtype
    for tensor in chosen[1:]:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return torch.empty((), dtype=dtype, device=chosen[0].device)


def _array(argument: Any) -> Any:
    return array_of(argument)[()] if isinstance(argument, torch.Tensor) else argument


def _tensor(value: Any, like: Any) -> Any:
    array = np.array(value, copy=True)
    tensor = torch.from_numpy(np.atleast_1d(array)).reshape(array.shape)
    return tensor.to(device=like.device, dtype=like.dtype if array.dtype.kind == "f" else tensor.dtype)
