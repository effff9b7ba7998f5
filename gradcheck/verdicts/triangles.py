"""The symmetric gradient claimed of a function that reads one triangle of its matrix, as np.linalg.cholesky and eigh do."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.gradients.method import Problem
from gradcheck.precision import info
from gradcheck.verdicts.accuracy import Accuracy

READERS = {"cholesky": "np.linalg.cholesky", "eigvalsh": "np.linalg.eigvalsh (or eigh)", "eigvectorsh": "np.linalg.eigh"}


def symmetric_claim(accuracy: Accuracy, problem: Problem) -> str | None:
    """What to say of a wrong claim that is right along symmetric matrices; None for other claims."""
    read = [e.primitive.name for e in problem.circuit.equations if e.primitive is not None and e.primitive.name in READERS]
    if not read or not _same_along_symmetric(accuracy, problem):
        return None
    return (
        f"the claim agrees with the truth along symmetric matrices, but {READERS[read[0]]} reads one triangle alone, so its derivative is there, "
        "twice what the symmetric gradient has off the diagonal: write (A + A.T) / 2 in the function, or claim np.tril(S) + np.tril(S, -1)"
    )


def _same_along_symmetric(accuracy: Accuracy, problem: Problem) -> bool:
    start = 0
    for x in problem.inputs:
        off, true = (v[start : start + np.size(x)].reshape(np.shape(x)) for v in (accuracy.claim - accuracy.truth, accuracy.truth))
        start += np.size(x)
        size = float(np.max(np.abs(true), initial=0.0)) or 1.0
        whole: Any = off + np.swapaxes(off, -1, -2) if np.ndim(x) > 1 and np.shape(x)[-1] == np.shape(x)[-2] else off
        if not np.all(np.abs(whole) <= float(info(accuracy.dtype).eps) ** 0.5 * size):
            return False
    return True
