"""The complex step: an imaginary part so small that its square vanishes carries the derivative without cancellation.

Squire & Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.circuit import describe
from gradcheck.errors import UsageError
from gradcheck.gradients.method import Gradient, Problem, Refused

_STEP = 1e-100


@dataclass(frozen=True, slots=True)
class ComplexStep:
    """One complex evaluation for every input, where all operations are analytic in NumPy's complex form."""

    name: str = "complex-step"

    def gradient(self, problem: Problem) -> Gradient | Refused:
        """Every partial derivative as an imaginary part, or the operation that stands in the way."""
        reason = _obstacle(problem)
        if reason is not None:
            return Refused(self.name, reason)
        start = time.perf_counter()
        try:
            entries = tuple(_partials(problem, a) for a in range(len(problem.inputs)))
        except (TypeError, ValueError, UsageError, np.exceptions.ComplexWarning) as error:  # a gradient of ours refuses them too
            return Refused(self.name, f"the function does not take complex numbers: {str(error).splitlines()[0]}")
        return Gradient(self.name, problem.value, entries, None, problem.size, None, time.perf_counter() - start)

    def planned(self, problem: Problem) -> int:
        """The evaluations that the entries take."""
        return problem.size


def _obstacle(problem: Problem) -> str | None:
    circuit = problem.circuit
    if circuit.complex_values:
        return "the function forms complex numbers itself"
    for equation in circuit.equations:
        if equation.primitive is not None and not equation.primitive.analytic:
            return f"not analytic: {describe(circuit, equation.index)}"
    if any(x.dtype != np.float64 for x in problem.inputs):
        return "only float64 has the room for so small a step"
    return None


def _step(size: float) -> float:
    """Small beside the number itself, so that its square vanishes next to a pole or a root at 0 too."""
    return min(_STEP, size * 2.0**-66 or float(np.finfo(float).smallest_subnormal)) if size else _STEP


def _partials(problem: Problem, argument: int) -> Any:
    x = problem.inputs[argument]
    result = np.empty(np.shape(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        for index in np.ndindex(np.shape(x)):
            inputs = list(problem.inputs)
            moved = np.array(x, dtype=complex)
            moved[index] += 1j * (step := _step(abs(float(np.asarray(x)[index]))))
            inputs[argument] = moved[()]
            result[index] = float(np.imag(problem.at(tuple(inputs)))) / step
    return result[()]
