"""gradcheck verifies gradients: derived three ways, settled by a certified truth, with costs counted.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

if TYPE_CHECKING:
    from gradcheck.case import Case, Evidence, Exhibit, case, claim, exhibit
    from gradcheck.circuit import Circuit, trace
    from gradcheck.codegen.write import write_backward
    from gradcheck.display import draw
    from gradcheck.domains import Data, Integer, Real
    from gradcheck.errors import CaseError, DomainError, GradcheckError, GradientError, NonFiniteError, ShapeError, TraceError, UsageError
    from gradcheck.frameworks.hips import check_autograd
    from gradcheck.frameworks.jax import check_jax
    from gradcheck.frameworks.jax_out import to_jax
    from gradcheck.frameworks.tensorflow import check_tensorflow
    from gradcheck.frameworks.torch import check_torch, to_torch
    from gradcheck.gradients.functional import grad, value_and_grad
    from gradcheck.gradients.jacobians import hessian, jacobian
    from gradcheck.gradients.products import hvp, jvp, vjp
    from gradcheck.studies.collection import load_cases
    from gradcheck.verdicts.check import Verdict, assert_gradient, check
    from gradcheck.verdicts.compare import Comparison, compare
    from gradcheck.verdicts.diagnose import diagnose

_HOME = {
    "Case": "case", "Evidence": "case", "Exhibit": "case", "case": "case", "claim": "case", "exhibit": "case",
    "Circuit": "circuit", "trace": "circuit",
    "draw": "display", "write_backward": "codegen.write",
    "Data": "domains", "Integer": "domains", "Real": "domains",
    "CaseError": "errors", "DomainError": "errors", "GradcheckError": "errors", "GradientError": "errors", "NonFiniteError": "errors",
    "ShapeError": "errors", "TraceError": "errors", "UsageError": "errors",
    "check_autograd": "frameworks.hips", "check_jax": "frameworks.jax", "check_tensorflow": "frameworks.tensorflow",
    "to_jax": "frameworks.jax_out",
    "check_torch": "frameworks.torch", "to_torch": "frameworks.torch",
    "grad": "gradients.functional", "value_and_grad": "gradients.functional", "hessian": "gradients.jacobians", "jacobian": "gradients.jacobians",
    "hvp": "gradients.products", "jvp": "gradients.products", "vjp": "gradients.products",
    "load_cases": "studies.collection",
    "Verdict": "verdicts.check", "assert_gradient": "verdicts.check", "check": "verdicts.check",
    "Comparison": "verdicts.compare", "compare": "verdicts.compare", "diagnose": "verdicts.diagnose",
}  # fmt: skip

__all__ = [
    "Case",
    "CaseError",
    "Circuit",
    "Comparison",
    "Data",
    "DomainError",
    "Evidence",
    "Exhibit",
    "GradcheckError",
    "GradientError",
    "Integer",
    "NonFiniteError",
    "Real",
    "ShapeError",
    "TraceError",
    "UsageError",
    "Verdict",
    "__version__",
    "assert_gradient",
    "case",
    "check",
    "check_autograd",
    "check_jax",
    "check_tensorflow",
    "check_torch",
    "claim",
    "compare",
    "diagnose",
    "draw",
    "exhibit",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "load_cases",
    "to_jax",
    "to_torch",
    "trace",
    "value_and_grad",
    "vjp",
    "write_backward",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    value = getattr(import_module(f"gradcheck.{_HOME[name]}"), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """The package, where `case` is the decorator: Python would put the module of that name there when it is loaded."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.case if name == "case" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return __all__
