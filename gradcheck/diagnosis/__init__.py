"""What is wrong with a wrong gradient: the hop of the chain rule, and the mistake."""

from gradcheck.diagnosis.finding import KINDS, Finding, Hop

__all__ = ["KINDS", "Finding", "Hop"]
