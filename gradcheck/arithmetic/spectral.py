"""Eigenvalues and eigenvectors for the arithmetics of enclosures, whatever a number of theirs is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, arb_mat

from gradcheck.arithmetic import spectra
from gradcheck.arithmetic.enclosures import Undecidable
from gradcheck.arithmetic.objects import ObjectArithmetic

UNSETTLED = "eigenvectors of equal eigenvalues (singular vectors likewise) are any basis of their space, without a derivative of their own"


class Spectral(ObjectArithmetic):
    """An arithmetic whose numbers are balls or series of them. `ties` counts equal eigenvalues that a direction had to order."""

    ties: int

    @abstractmethod
    def coefficients(self, a: Any) -> list[Any]:
        """A matrix as a list of matrices (lists of rows) of balls, one for each power of t."""

    @abstractmethod
    def joined(self, coefficients: list[Any]) -> Any:
        """A number from its coefficients."""

    def eigenvalues(self, a: Any, largest: int | None = None) -> Any:
        """The largest eigenvalues of a symmetric matrix, ascending; equal ones as they part along the direction."""
        found, tied = spectra.pairs(self._matrices(a), vectors=False, largest=len(a) if largest is None else largest)
        self.ties += tied
        return _vector([self.joined(p.value) for p in found])

    def eigenvectors(self, a: Any, like: Callable[[Any], Any], largest: int | None = None) -> Any:
        """Their eigenvectors as columns, of length 1, with the signs that floats get; NaN for those of equal eigenvalues."""
        matrices = self._matrices(a)
        found, _ = spectra.pairs(matrices, vectors=True, largest=len(a) if largest is None else largest)
        return self._columns([p.vector for p in found], like(_floats(matrices[0])))

    def spectrum(self, a: Any, like: Callable[[Any], Any]) -> Any:
        """Real, distinct eigenvalues of any matrix, in the order that floats get."""
        matrices = self._matrices(a)
        return _vector([self.joined(p.value) for p in spectra.general_pairs(matrices, like(_floats(matrices[0])), vectors=False)])

    def spectral_vectors(self, a: Any, like: Callable[[Any], Any]) -> Any:
        """Their eigenvectors, of length 1, with the signs that floats get."""
        matrices = self._matrices(a)
        reference = like(_floats(matrices[0]))
        return self._columns([p.vector for p in spectra.general_pairs(matrices, reference, vectors=True)], reference[1])

    def _matrices(self, a: Any) -> list[Any]:
        found = [arb_mat(rows) for rows in self.coefficients(a)]
        if not all(e.is_finite() for matrix in found for e in matrix.entries()):
            raise ValueError("a matrix with an entry that is not finite has no eigenvalues")
        return found

    def _columns(self, vectors: list[Any], reference: Any) -> Any:
        size = len(reference)
        found = np.empty((size, len(vectors)), dtype=object)
        for k, vector in enumerate(vectors):
            if vector is None:
                self.unsettled = UNSETTLED
                found[:, k] = arb.nan()
                continue
            column = [self.joined([c[i, 0] for c in vector]) for i in range(size)]
            total: Any = 0
            for x in column:
                total = total + x * x
            length = _sign(vector[0], reference[:, k]) * self.sqrt(total)
            for i, x in enumerate(column):
                found[i, k] = self.divide(x, length)
        return found

    @abstractmethod
    def sqrt(self, x: Any) -> Any:
        """The square root."""


def _sign(vector: Any, reference: Any) -> int:
    along = sum((vector[i, 0] * float(r) for i, r in enumerate(reference)), arb(0))
    if along.contains(0):
        raise Undecidable("the sign of an eigenvector is open at this precision")
    return 1 if along > 0 else -1


def _floats(matrix: Any) -> Any:
    return np.array([[float(e.mid()) for e in row] for row in matrix.tolist()])


def _vector(numbers: list[Any]) -> Any:
    found = np.empty(len(numbers), dtype=object)
    for i, number in enumerate(numbers):
        found[i] = number
    return found
