"""Proofs of the adjoint rules, and their agreement with certified truth in floats."""

from gradcheck.verdicts.proof.agreement import Agreement, agreement
from gradcheck.verdicts.proof.engine import Counterexample, Piece, Proof, Status, proofs, prove

__all__ = ["Agreement", "Counterexample", "Piece", "Proof", "Status", "agreement", "proofs", "prove"]
