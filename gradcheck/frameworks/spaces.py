"""The NumPy namespaces of JAX and PyTorch: what stands in for NumPy's and SciPy's functions there, and how each differentiates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from gradcheck.circuit import Circuit
from gradcheck.circuit.source import definition, program
from gradcheck.errors import UsageError
from gradcheck.frameworks.rebinding import UNCHANGED, rebound

Function = Callable[..., Any]
LIBRARIES = ("numpy", "scipy", "jax", "torch", "builtins", "gradcheck")


class Space(Protocol):
    """A framework's NumPy."""

    name: str

    def differentiate(self, function: Function, arguments: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        """Value and gradient of a function written for this namespace, as NumPy's arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Namespaces:
    """What `np`, `np.linalg`, `np.fft` and `scipy.special` are there, and operations of circuits that have no name in NumPy."""

    np: Any
    special: Any
    operations: Mapping[str, Function]
    array: Function  # one of NumPy's arrays of floats as one of theirs

    def stand_in(self, value: Any) -> Any:
        """What stands in for a value that a function written for NumPy reads; AttributeError where there is nothing."""
        import scipy.special

        modules = {
            id(np): self.np,
            id(np.linalg): self.np.linalg,
            id(np.fft): getattr(self.np, "fft", None),
            id(scipy.special): self.special,
        }
        if id(value) in modules:
            return modules[id(value)]
        if value is scipy:
            return SimpleNamespace(special=self.special)
        if is_data(value):
            return self.array(value)
        return self._function(value)

    def _function(self, value: Any) -> Any:
        """What stands in for one of NumPy's or SciPy's functions that was imported by its name."""
        home = (getattr(value, "__module__", None) or "").split(".")
        if isinstance(value, np.ufunc):
            return getattr(self.np if hasattr(np, value.__name__) else self.special, value.__name__)
        if not callable(value) or isinstance(value, type) or home[0] not in ("numpy", "scipy"):
            return UNCHANGED
        if home[0] == "scipy":
            return getattr(self.special, value.__name__)
        return getattr(self.np if getattr(np, value.__name__, None) is value else self.np.linalg, value.__name__)


def rebound_to(function: Function, spaces: Namespaces) -> Function:
    """The function with NumPy and SciPy swapped for a framework's, in a copy."""
    return rebound(function, spaces.stand_in, LIBRARIES)


def circuit_in(circuit: Circuit, spaces: Namespaces) -> Function:
    """The recorded circuit's lines, run over a framework's namespaces. UsageError names an operation that it lacks."""
    written = program(circuit)
    text = definition(circuit, written)
    constants = {name: spaces.array(v) if is_data(v) else v for name, v in written.objects.items()}
    scope = {**spaces.operations, **constants, "np": spaces.np, "special": spaces.special}
    exec(compile(text, "<circuit>", "exec"), scope)  # noqa: S102  our own text, no user input in it
    made: Function = next(
        v for k, v in reversed(scope.items()) if callable(v) and getattr(v, "__code__", None) and v.__code__.co_filename == "<circuit>"
    )

    def run(*inputs: Any) -> Any:
        try:
            return made(*inputs)
        except NameError as error:
            raise UsageError(f"it has no {error.name}") from None

    return run


def jax_space() -> tuple[Space, Namespaces]:
    """JAX's, in float64 where the point is."""
    import jax.numpy as jnp
    import jax.scipy.special as special
    from jax import lax

    def put(array: Any, values: Any, *, index: Any) -> Any:
        return array.at[index].set(values)

    def scatter(*operands: Any, indices: Sequence[Any], shape: Any) -> Any:
        result = jnp.zeros(shape, jnp.result_type(*operands))
        for operand, index in zip(operands, indices, strict=True):
            result = result.at[index].add(operand)
        return result

    operations: dict[str, Function] = {
        "put": put, "scatter": scatter, "argsort": jnp.argsort, "astype": lambda x, dtype: jnp.asarray(x).astype(dtype), "betainc": special.betainc,
        "cholesky": jnp.linalg.cholesky, "eigvalsh": jnp.linalg.eigvalsh, "eigvectorsh": lambda a: jnp.linalg.eigh(a)[1],
        "gammainc": special.gammainc, "gammaincc": special.gammaincc, "logabsdet": lambda a: jnp.linalg.slogdet(a)[1], "detsign": lambda a: jnp.linalg.slogdet(a)[0],
        "logsumexp": special.logsumexp, "log_softmax": _jax_nn("log_softmax"), "softmax": _jax_nn("softmax"), "pinv": jnp.linalg.pinv,
        "polygamma": special.polygamma, "searchsorted": jnp.searchsorted, "svdvals": lambda a: jnp.linalg.svd(a, compute_uv=False), "zeta": special.zeta,
        "expn": special.expn, "hyp1f1": special.hyp1f1, "digamma": lax.digamma,
    }  # fmt: skip
    return _Jax(), Namespaces(
        jnp, _Special(special, {"softmax": operations["softmax"], "log_softmax": operations["log_softmax"]}), operations, jnp.asarray
    )


def _jax_nn(name: str) -> Function:
    def applied(x: Any, axis: Any = None) -> Any:
        import jax

        found = getattr(jax.nn, name)
        return found(x, axis=axis) if axis is not None else found(x.ravel(), axis=0).reshape(x.shape)

    return applied


class _Special:
    """A namespace of special functions, with others beside it."""

    def __init__(self, module: Any, besides: Mapping[str, Function]) -> None:
        self._module, self._besides = module, besides

    def __getattr__(self, name: str) -> Any:
        return self._besides[name] if name in self._besides else getattr(self._module, name)


class _Jax:
    name = "jax"

    def differentiate(self, function: Function, arguments: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        import jax
        import jax.numpy as jnp

        from gradcheck.frameworks.jax_point import in_x64

        with in_x64(jax), np.errstate(all="ignore"):
            given = [jnp.asarray(a) if i in argnums or is_data(a) else a for i, a in enumerate(arguments)]
            value, entries = self._run(jax.value_and_grad(function, argnums=argnums), given)
            return np.asarray(value)[()], tuple(np.asarray(e)[()] for e in entries)

    def _run(self, derivative: Function, given: Sequence[Any]) -> Any:
        """As one program, which takes a tenth of the time; operation by operation where values decide on the way."""
        import jax

        traced = [i for i, a in enumerate(given) if isinstance(a, jax.Array)]

        def of_arrays(*arrays: Any) -> Any:
            whole = list(given)
            for i, array in zip(traced, arrays, strict=True):
                whole[i] = array
            return derivative(*whole)

        try:
            return jax.jit(of_arrays)(*(given[i] for i in traced))
        except Exception:  # whatever it is, the operations say it themselves
            return derivative(*given)


def is_data(value: Any) -> bool:
    """Whether a value is an array of floats, which no library multiplies with another's."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def torch_space() -> tuple[Space, Namespaces]:
    """PyTorch's: its NumPy namespace, whose arrays hold tensors."""
    import torch
    import torch._numpy as tnp

    def of_tensors(function: Function) -> Function:
        def applied(*arguments: Any, **options: Any) -> Any:
            given = [a.tensor if isinstance(a, tnp.ndarray) else a for a in arguments]
            like = next((g for g in given if isinstance(g, torch.Tensor)), None)
            given = [
                torch.as_tensor(g, dtype=like.dtype) if like is not None and isinstance(g, float | np.ndarray | np.floating) else g
                for g in given
            ]
            if "axis" in options:
                options["dim"] = options.pop("axis")
            return tnp.asarray(function(*given, **options))

        return applied

    def softmax(kind: str) -> Function:
        inner = of_tensors(getattr(torch.special, kind))
        return lambda x, axis=None: inner(x, dim=axis) if axis is not None else inner(x.ravel(), dim=0).reshape(x.shape)

    def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        dims = tuple(range(x.ndim)) if axis is None else axis
        return of_tensors(torch.logsumexp)(x, dim=dims, keepdim=keepdims)

    def put(array: Any, values: Any, *, index: Any) -> Any:
        result = tnp.asarray(array).copy()
        result[index] = values
        return result

    def scatter(*operands: Any, indices: Sequence[Any], shape: Any) -> Any:
        result = tnp.zeros(shape, dtype=tnp.asarray(operands[0]).dtype)
        for operand, index in zip(operands, indices, strict=True):
            mask = tnp.zeros(shape, dtype=result.dtype)
            places = np.arange(int(np.prod(shape))).reshape(shape)[index]
            flat = torch.zeros(int(np.prod(shape)), dtype=tnp.asarray(operand).tensor.dtype)
            spread = tnp.broadcast_to(operand, places.shape).tensor.reshape(-1)
            mask = tnp.asarray(flat.index_add(0, torch.as_tensor(places.ravel()), spread).reshape(shape))
            result = result + mask
        return result

    class Special:
        def __getattr__(self, name: str) -> Any:
            known = {"logsumexp": logsumexp, "softmax": softmax("softmax"), "log_softmax": softmax("log_softmax")}
            return known[name] if name in known else of_tensors(getattr(torch.special, name))

    special = Special()
    operations: dict[str, Function] = {
        "put": put, "scatter": scatter, "argsort": tnp.argsort, "astype": lambda x, dtype: tnp.asarray(x).astype(dtype),
        "logsumexp": logsumexp, "softmax": special.softmax, "log_softmax": special.log_softmax, "cholesky": of_tensors(torch.linalg.cholesky),
        "eigvalsh": of_tensors(torch.linalg.eigvalsh), "logabsdet": of_tensors(lambda a: torch.linalg.slogdet(a)[1]), "svdvals": of_tensors(torch.linalg.svdvals),
        "detsign": of_tensors(lambda a: torch.linalg.slogdet(a)[0]), "pinv": of_tensors(torch.linalg.pinv), "polygamma": of_tensors(torch.special.polygamma),
        "eigvectorsh": of_tensors(lambda a: torch.linalg.eigh(a)[1]), "gammainc": special.gammainc, "gammaincc": special.gammaincc,
    }  # fmt: skip
    return _Torch(), Namespaces(_TorchNumPy(tnp), special, operations, lambda a: tnp.asarray(a.copy()))


class _TorchNumPy:
    """PyTorch's NumPy namespace, where arrays made of lists of arrays keep the trail: its own makes numbers of them."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def array(self, value: Any, *rest: Any, **options: Any) -> Any:
        """np.array."""
        return self._module.array(self._stacked(value), *rest, **options)

    def asarray(self, value: Any, *rest: Any, **options: Any) -> Any:
        """np.asarray."""
        return self._module.asarray(self._stacked(value), *rest, **options)

    def _stacked(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and _holds(value, self._module.ndarray):
            return self._module.stack([self._module.asarray(self._stacked(v)) for v in value])
        return value


def _holds(value: Any, kind: type) -> bool:
    return any(isinstance(v, kind) or (isinstance(v, list | tuple) and _holds(v, kind)) for v in value)


class _Torch:
    name = "torch"

    def differentiate(self, function: Function, arguments: tuple[Any, ...], argnums: tuple[int, ...]) -> tuple[Any, tuple[Any, ...]]:
        import torch
        import torch._numpy as tnp

        leaves = {i: torch.tensor(np.asarray(arguments[i]), requires_grad=True) for i in argnums}
        given = [tnp.ndarray(leaves[i]) if i in argnums else tnp.asarray(a.copy()) if is_data(a) else a for i, a in enumerate(arguments)]
        value = function(*given)
        tensor = value.tensor if isinstance(value, tnp.ndarray) else torch.as_tensor(value)
        found = torch.autograd.grad(tensor, list(leaves.values()), allow_unused=True) if tensor.requires_grad else [None] * len(leaves)
        entries = (torch.zeros_like(x) if g is None else g for x, g in zip(leaves.values(), found, strict=True))
        return tensor.detach().numpy()[()], tuple(e.numpy()[()] for e in entries)
