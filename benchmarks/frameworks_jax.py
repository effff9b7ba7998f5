"""The JAX half of `frameworks.py`: check_jax beside jax.test_util.check_grads at its defaults, on docs/examples/jax_functions.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from frameworks import Row


def ours(function: Any, at: tuple[Any, ...]) -> tuple[bool, bool]:
    """Whether our verdict passes it, and whether it is undecided."""
    from gradcheck import check_jax

    outcome = check_jax(function, at).outcome
    return outcome in ("right", "kink"), outcome == "undecided"


def theirs(function: Any, at: tuple[Any, ...]) -> tuple[bool, bool]:
    """The same of JAX's own checker, in the modes that the function has."""
    import jax
    from jax.test_util import check_grads

    try:
        check_grads(function, at, order=1, modes=("rev",) if isinstance(function, jax.custom_vjp) else ("fwd", "rev"))
    except Exception:  # noqa: BLE001  what is wrong may also raise
        return False, False
    return True, False


def rows() -> Iterator[Row]:
    """Both checkers on every function, right and wrong, in every precision."""
    import jax
    import jax.numpy as jnp
    from jax_functions import SUITE

    for name, ask in {"gradcheck": ours, "jax.test_util.check_grads": theirs}.items():
        for pair in SUITE:
            for dtype in pair.dtypes:
                at = tuple(np.asarray(x).astype(jnp.dtype(dtype)) for x in pair.at)
                for function in (pair.right, pair.wrong):
                    with jax.enable_x64(dtype == "float64"):
                        ask(function, at)  # compiles
                        start = time.perf_counter()
                        passed, undecided = ask(function, at)
                        seconds = time.perf_counter() - start
                    yield Row(name, dtype, pair.name, function is pair.right, passed, undecided, seconds)
