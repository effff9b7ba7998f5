"""NumPy as a namespace `m` for the workloads: what gradcheck traces and what plain NumPy runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import (  # noqa: F401  the namespace
    arange,
    asarray,
    concatenate,
    cos,
    cross,
    dot,
    exp,
    log,
    logaddexp,
    matmul,
    max,
    maximum,
    reshape,
    sin,
    sqrt,
    stack,
    sum,
    swapaxes,
    tanh,
    zeros,
)


def logsumexp(a: Any, axis: int) -> Any:
    """log(sum(exp(a))) without overflow."""
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(a - top), axis=axis))
