"""Raising exactly where the function raises: part of a gradient's contract."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import GradcheckError
from gradcheck.verdicts.verdict import Verdict

_OURS = str(Path(__file__).parent.parent)
_LIBRARIES = tuple(str(Path(m.__file__).parent) for m in (np, scipy) if m.__file__)


def raised(function: Callable[..., Any], point: Sequence[Any]) -> Exception | None:
    """What the function raises at a point because of the values there; None where it has a value.

    Errors that come of a wrong call (types, shapes, a missing argument) are the caller's to see: they pass through. An error is of the
    values if it is arithmetic's, linear algebra's, or raised by a `raise` statement in the function's own code.
    """
    try:
        with np.errstate(all="ignore"):
            function(*(a.copy() if isinstance(a, np.ndarray) else a for a in point))
    except GradcheckError:
        raise
    except Exception as error:
        if isinstance(error, ArithmeticError | np.linalg.LinAlgError) or _is_deliberate(error):
            return error
        raise
    return None


def _is_deliberate(error: Exception) -> bool:
    """Whether a `raise` statement of the user's raised it, not NumPy (whose own Python code raises too, for shapes) or Python itself."""
    if isinstance(error, TypeError | NameError | AttributeError):
        return False
    *_, last = traceback.extract_tb(error.__traceback__)
    if last.filename.startswith(_LIBRARIES):
        return False
    return re.search(r"\braise\b", linecache.getline(last.filename, last.lineno or 0)) is not None


def both_raise(gradient: Callable[..., Any], point: Sequence[Any], extra: Sequence[Any], error: Exception) -> Verdict:
    """The verdict where the function raises: right if the gradient raises too."""
    name = getattr(gradient, "__name__", "gradient")
    try:
        with np.errstate(all="ignore"):
            gradient(*(a.copy() if isinstance(a, np.ndarray) else a for a in point), *extra)
    except Exception as other:
        return Verdict("right", f"raises {told(other)}, as it should: the function raises {told(error)}; no numbers were compared", name)
    message = f"returns a result where the function raises {told(error)}"
    return Verdict("wrong", message, name, findings=(Finding("raises", message),))


def told(error: Exception) -> str:
    """An error in one line: its type, what it says, and where it came from."""
    passed = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_OURS)]
    where = f" ({Path(passed[-1].filename).name}:{passed[-1].lineno})" if passed else ""
    says = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}{': ' if says else ''}{says}{where}"
