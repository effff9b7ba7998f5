"""What PyTorch's users write, as subjects: functions of tensors, torch.autograd.Function, torch.nn.Module.

Arguments may be nested; their tensors are the subject's arguments, named by their paths, and all else is bound. A module's parameters come first. The
module is called through `torch.func.functional_call` on copies, with the state of the random numbers kept, so it is left as it was.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import ShapeError, UsageError
from gradcheck.frameworks.subject import coarsest, joined
from gradcheck.frameworks.torch_arrays import array_of, given_tensor, precision_of, split_cotangent, tensor_of
from gradcheck.precision import Precision

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A user's function of tensors with its arguments at a point: `call(*tensors)` gives it the `tensors`, in the user's structure.

    `whole(*leaves)` puts leaves into that structure; `inputs` says which of the tensors are floating-point.
    """

    name: str
    call: Function
    whole: Callable[..., tuple[Any, ...]]
    names: tuple[str, ...]
    tensors: tuple[Any, ...]
    positions: tuple[int, ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        """Positions of the floating-point tensors."""
        return tuple(i for i, t in enumerate(self.tensors) if t.dtype.is_floating_point)

    @property
    def point(self) -> tuple[Any, ...]:
        """The tensors as arrays."""
        return tuple(array_of(t) for t in self.tensors)

    @property
    def precision(self) -> Precision:
        """The coarsest precision among the floating-point tensors."""
        return coarsest([precision_of(self.tensors[i].dtype, self.names[i]) for i in self.inputs])

    def outputs(self, tensors: Sequence[Any]) -> list[Any]:
        """The floating-point results. ShapeError where there is none."""
        with untouched_randomness():
            return float_outputs(self.call(*tensors), self.name)

    def made(self, arguments: Sequence[Any]) -> list[Any]:
        """Arrays as tensors of the kinds that the user gave."""
        wide = any(
            np.asarray(a).dtype == np.float64 and np.asarray(p).dtype != np.float64 for a, p in zip(arguments, self.point, strict=True)
        )
        arrays = [np.asarray(a, dtype=np.float64) if wide and np.asarray(a).dtype.kind == "f" else a for a in arguments]
        return [tensor_of(a, t) for a, t in zip(arrays, self.tensors, strict=True)]

    def value(self, *arguments: Any) -> Any:
        """NumPy in, NumPy out: results joined."""
        return joined([array_of(o) for o in self.outputs(self.made(arguments))])

    def vjp(self, arguments: tuple[Any, ...], cotangent: Any, argnums: tuple[int, ...]) -> tuple[Any, ...]:
        """What torch's autograd returns for the arguments at some positions; zeros where it returns None, as torch takes it."""
        tensors = self.made(arguments)
        found = pulled(self, tensors, argnums, lambda outputs: split_cotangent(cotangent, outputs))
        return tuple(np.zeros_like(array_of(tensors[i])) if g is None else array_of(g) for i, g in zip(argnums, found, strict=True))


def pulled(
    written: Written, tensors: list[Any], argnums: Sequence[int], cotangents: Callable[[list[Any]], list[Any]], *, retain: bool = False
) -> tuple[Any, ...]:
    """Gradients as torch gives them, None where it gives none. `tensors` become leaves."""
    import torch

    leaves = require(tensors, argnums)
    with torch.enable_grad(), untouched_randomness():
        outputs = float_outputs(written.call(*leaves), written.name)
        parts = [(o, c) for o, c in zip(outputs, cotangents(outputs), strict=True) if o.requires_grad]
        if not parts:
            return (None,) * len(argnums)
        ends, seeds = zip(*parts, strict=True)
        found: tuple[Any, ...] = torch.autograd.grad(ends, [leaves[i] for i in argnums], seeds, allow_unused=True, retain_graph=retain)
    return found


def require(tensors: Sequence[Any], argnums: Sequence[int]) -> list[Any]:
    """Fresh leaves, of which those at some positions ask for a gradient."""
    return [t.detach().clone().requires_grad_(i in argnums) for i, t in enumerate(tensors)]


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Random numbers are the same in every call, and the user's own go on as if there had been none."""
    import torch

    with torch.random.fork_rng(devices=[]):
        yield


def float_outputs(result: Any, name: str) -> list[Any]:
    """The floating-point tensors of a result, in order."""
    import torch
    from torch.utils import _pytree

    found = [t for t in _pytree.tree_leaves(result) if isinstance(t, torch.Tensor) and t.dtype.is_floating_point]
    if not found:
        raise ShapeError(f"{name} returns {type(result).__name__}: expected a floating-point tensor, or several")
    return found


def written_of(subject: Any, at: Sequence[Any], names: Sequence[str] | None, *, parameters: bool = True) -> Written:
    """A function, a torch.autograd.Function or a module, with its arguments at a point."""
    import torch

    if isinstance(subject, torch.nn.Module):
        return _of_module(subject, at, names, parameters=parameters)
    if inspect.isclass(subject) and issubclass(subject, torch.autograd.Function):
        function: Any = subject
        return _of_function(function.apply, at, names, function.__name__, _forward_names(function))
    if not callable(subject):
        raise UsageError(
            f"check_torch({subject!r}): expected a function of tensors, a torch.autograd.Function (the class) or a torch.nn.Module"
        )
    return _of_function(subject, at, names, getattr(subject, "__name__", type(subject).__name__), _parameter_names(subject))


def _forward_names(function: Any) -> list[str]:
    """The names of a Function's arguments: those of `forward` but for the context."""
    import torch

    known = _parameter_names(function.forward)
    return known if function.setup_context is not torch.autograd.Function.setup_context else known[1:]


def _parameter_names(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _of_function(call: Function, at: Sequence[Any], names: Sequence[str] | None, name: str, known: list[str]) -> Written:
    called = list(names) if names is not None else [known[i] if i < len(known) else f"x{i}" for i in range(len(at))]
    whole, tensors, paths, positions = _taken_apart(at, called)
    return Written(name, lambda *leaves: call(*whole(*leaves)), whole, paths, tensors, positions)


def _of_module(module: Any, at: Sequence[Any], names: Sequence[str] | None, *, parameters: bool) -> Written:
    """The function of a module's parameters and inputs. Buffers are copied at each call: what it writes into them is lost."""
    import torch

    own = {n: p for n, p in module.named_parameters() if p.requires_grad and p.dtype.is_floating_point} if parameters else {}
    known = list(names) if names is not None else _parameter_names(module.forward)
    whole, tensors, paths, positions = _taken_apart(at, [known[i] if i < len(known) else f"x{i}" for i in range(len(at))])
    count = len(own)

    def call(*leaves: Any) -> Any:
        buffers = {n: b.detach().clone() for n, b in module.named_buffers()}
        wide = bool(leaves) and all(t.dtype == torch.float64 for t in leaves if t.dtype.is_floating_point)
        if wide:
            buffers = {n: b.double() if b.dtype.is_floating_point else b for n, b in buffers.items()}
        given = {**buffers, **_frozen(module, own, wide=wide), **dict(zip(own, leaves[:count], strict=True))}
        return torch.func.functional_call(module, given, whole(*leaves[count:]))

    held = tuple(p.detach().clone() for p in own.values())
    inner = tuple(own) + paths
    return Written(type(module).__name__, call, whole, inner, held + tensors, (*[-1] * count, *positions))


def _frozen(module: Any, own: dict[str, Any], *, wide: bool) -> dict[str, Any]:
    """The parameters that are not under test."""
    rest = {n: p.detach() for n, p in module.named_parameters() if n not in own}
    return {n: p.double() if wide and p.dtype.is_floating_point else p for n, p in rest.items()}


def _taken_apart(
    at: Sequence[Any], names: list[str]
) -> tuple[Callable[..., tuple[Any, ...]], tuple[Any, ...], tuple[str, ...], tuple[int, ...]]:
    """How leaves go back into the arguments, the tensors among them, their names, and the argument each is of.

    Python's own numbers are data, unless nothing else is there to differentiate.
    """
    import torch
    from torch.utils import _pytree

    kinds: tuple[Any, ...] = (torch.Tensor, np.ndarray, np.generic)
    flat = [_pytree.tree_flatten_with_path(a) for a in at]
    leaves = [(i, names[i] + _pytree.keystr(path), leaf) for i, (found, _) in enumerate(flat) for path, leaf in found]
    if not any(isinstance(leaf, kinds) for _, _, leaf in leaves):
        kinds = (*kinds, float)
    chosen = [k for k, (_, _, leaf) in enumerate(leaves) if isinstance(leaf, kinds)]
    if not chosen:
        raise UsageError("at= holds no tensor and no array: there is nothing to differentiate")
    everything, specs = [leaf for _, _, leaf in leaves], [spec for _, spec in flat]

    def whole(*given: Any) -> tuple[Any, ...]:
        filled = list(everything)
        for k, value in zip(chosen, given, strict=True):
            filled[k] = value
        arguments, start = [], 0
        for spec in specs:
            arguments.append(_pytree.tree_unflatten(filled[start : start + spec.num_leaves], spec))
            start += spec.num_leaves
        return tuple(arguments)

    tensors = tuple(given_tensor(leaves[k][2], leaves[k][1]) for k in chosen)
    return whole, tensors, tuple(leaves[k][1] for k in chosen), tuple(leaves[k][0] for k in chosen)
