"""Reverse mode: the circuit's adjoint, evaluated in floats."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from gradcheck.circuit import Floats, interpret
from gradcheck.gradients.method import Gradient, Problem


@dataclass(frozen=True, slots=True)
class Tape:
    """One forward and one reverse sweep give value and gradient together."""

    name: str = "tape"

    def gradient(self, problem: Problem) -> Gradient:
        """Value and gradient; the counted operations are those of both together."""
        circuit = problem.circuit.gradient()
        start = time.perf_counter()
        with np.errstate(all="ignore"):
            value, *entries = interpret(circuit, Floats(), problem.inputs)
        seconds = time.perf_counter() - start
        return Gradient(self.name, value, tuple(entries), None, 1, circuit.operations, seconds)
