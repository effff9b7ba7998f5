"""Between tensors and arrays: exact both ways, float16 and bfloat16 travelling in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import UsageError
from gradcheck.frameworks.subject import needed
from gradcheck.precision import NARROW, PRECISIONS, Precision


def torch_for(function: str) -> Any:
    """PyTorch, or one clear line where it is not installed."""
    return needed("torch", function, "PyTorch", "gradcheck[torch]")


def name_of(dtype: Any) -> str:
    """A torch dtype's name: float32, bfloat16, int64."""
    return str(dtype).removeprefix("torch.")


def precision_of(dtype: Any, what: str = "a tensor") -> Precision:
    """The precision of a floating dtype. UsageError for float8 and complex ones."""
    found = PRECISIONS.get(name_of(dtype))
    if found is None:
        raise UsageError(f"{what} holds {name_of(dtype)}: gradients are judged in {', '.join(PRECISIONS)}")
    return found


def numpy_name(dtype: Any) -> str:
    """The NumPy type that carries a torch dtype exactly."""
    name = name_of(dtype)
    return PRECISIONS[name].carrier if name in PRECISIONS else {"bool": "bool", "half": "float32"}.get(name, name)


def array_of(tensor: Any) -> Any:
    """A tensor's numbers as an array of their own; a number where it has no axes."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if name_of(tensor.dtype) in {p.name for p in NARROW}:
        tensor = tensor.float()
    return np.array(tensor.cpu().numpy(), copy=True)


def tensor_of(array: Any, like: Any) -> Any:
    """An array as a tensor of `like`'s dtype and device; in float64 where the array is and the dtype is another float."""
    import torch

    values = np.array(array, copy=True)
    dtype = torch.float64 if values.dtype == np.float64 and like.dtype.is_floating_point else like.dtype
    if values.dtype == np.longdouble and values.dtype != np.float64:
        values, dtype = values.astype(np.float64), torch.float64
    return torch.from_numpy(np.atleast_1d(values)).reshape(values.shape).to(device=like.device, dtype=dtype)


def given_tensor(value: Any, what: str) -> Any:
    """What a user gives as an argument, as a tensor without history: a tensor, an array, a NumPy number."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{what} holds {array.dtype} values: expected numbers")
    return torch.from_numpy(np.array(np.atleast_1d(array), copy=True)).reshape(array.shape)


def split_cotangent(cotangent: Any, outputs: Sequence[Any]) -> list[Any]:
    """A joined cotangent as one tensor for each output, in its dtype."""
    flat, start, parts = np.ravel(np.asarray(cotangent)), 0, []
    for output in outputs:
        piece = flat[start : start + output.numel()].reshape(tuple(output.shape))
        parts.append(tensor_of(piece, output).to(output.dtype))
        start += output.numel()
    return parts
