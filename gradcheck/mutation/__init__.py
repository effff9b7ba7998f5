"""How good a gradient test is: mistakes are planted in the gradient, and the test's own points are asked whether they notice."""

from gradcheck.mutation.score import case_score, mutation_score
from gradcheck.mutation.survivor import Score, Survivor

__all__ = ["Score", "Survivor", "case_score", "mutation_score"]
