"""Everything gradcheck raises on purpose.

GradcheckError
├── CaseError            a case or a file of cases is at fault
│   └── DomainError      a point lies outside its domain
├── TraceError           the function cannot be followed through NumPy
├── ShapeError           a scalar was needed, or shapes do not fit
├── NonFiniteError       NaN or infinity where a number was needed
├── CircuitError         a circuit breaks its own rules (a defect in gradcheck)
└── UsageError           a call that makes no sense
GradientError            (an AssertionError) a claimed gradient is not right
"""

from __future__ import annotations


class GradcheckError(Exception):
    """What every error raised on purpose derives from: one clear message, no traceback needed."""


class CaseError(GradcheckError):
    """A case, or a file of cases, is at fault; the message says which and where."""


class DomainError(CaseError):
    """A point lies outside the domain its case states."""


class TraceError(GradcheckError):
    """The function cannot be followed; the message names the line and what to write instead."""


class ShapeError(GradcheckError):
    """A scalar was needed and something else came, or shapes do not fit."""


class NonFiniteError(GradcheckError):
    """NaN or infinity appeared; the message says at which step first."""


class CircuitError(GradcheckError):
    """A circuit breaks its own rules: a defect in gradcheck itself, please report it."""


class UsageError(GradcheckError):
    """A call that makes no sense: a wrong option, an unknown name."""


class GradientError(AssertionError):
    """A claimed gradient is not right; carries the verdict as `.verdict`, and tells it in words, or in the `text` given."""

    def __init__(self, verdict: object, text: str | None = None) -> None:
        super().__init__(str(verdict) if text is None else text)
        self.verdict = verdict


for _error in (GradcheckError, CaseError, DomainError, TraceError, ShapeError, NonFiniteError, UsageError, GradientError):
    _error.__module__ = "gradcheck"  # tracebacks name them as users import them
