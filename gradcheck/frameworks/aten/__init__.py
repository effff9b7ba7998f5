"""ATen operations as plain NumPy: what PyTorch's programs are made of, in a form that our tracer follows.

`find("add.Tensor")` gives the NumPy function of an operation, called as ATen calls it, or None. The tables are data: names in, expressions out;
nothing here imports torch. Dtypes come as NumPy's names, tensors as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.frameworks.aten import elementwise, linear, moving, network, placing, reductions

__all__ = ["MAKES", "RANDOM", "TABLE", "find"]

TABLE: Mapping[str, Callable[..., Any]] = {
    **elementwise.TABLE,
    **reductions.TABLE,
    **moving.TABLE,
    **placing.TABLE,
    **linear.TABLE,
    **network.TABLE,
}
MAKES = frozenset(
    {"full", "zeros", "ones", "empty", "eye", "new_zeros", "new_ones", "new_empty", "new_full", "arange", "linspace", "scalar_tensor"}
)
RANDOM = frozenset({
    "bernoulli", "bernoulli_", "normal", "normal_", "normal_functional", "uniform", "uniform_", "rand", "rand_like", "randn", "randn_like",
    "randint", "randint_like", "randperm", "multinomial", "native_dropout", "dropout", "poisson", "exponential_", "geometric_", "cauchy_",
    "log_normal_", "random_", "rrelu_with_noise", "_fused_dropout", "binomial", "_standard_gamma", "_sample_dirichlet",
})  # fmt: skip


def find(name: str) -> Callable[..., Any] | None:
    """The NumPy function of an operation: of this overload, else of all; an operation in place (`mul_`) writes what the other gives."""
    packet = name.partition(".")[0]
    known = TABLE.get(name) or TABLE.get(packet)
    if known is not None or not packet.endswith("_") or packet.startswith("__"):
        return known
    overload = name.removeprefix(packet)
    plain = TABLE.get(packet[:-1] + overload) or TABLE.get(packet[:-1])
    return None if plain is None else placing.in_place(plain)
