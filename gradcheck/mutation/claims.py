"""A mutant as a claimed gradient in the form a test takes: a gradient, a vector-Jacobian product, a Hessian, or its product with a vector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.domains import Domain
from gradcheck.gradients.second import slope_along
from gradcheck.mutation.mutant import Mutant
from gradcheck.mutation.probe import planted
from gradcheck.verdicts.check import Question
from gradcheck.verdicts.second_order import is_product


def as_claim(question: Question, mutant: Mutant, chosen: tuple[int, ...], domains: Mapping[int, Domain]) -> Callable[..., Any]:
    """The gradient with the mistake, to be given to `check` in the place of the claim that was tested."""
    if question.order == 2:
        return _second(question, mutant, chosen, domains)
    if not question.vjp:
        return planted(question.function, chosen, domains, mutant)

    def product(*given: Any) -> Any:
        *arguments, cotangent = given

        def weighed(*inner: Any) -> Any:
            return np.sum(cotangent * question.function(*inner))

        weighed.weighs = True  # type: ignore[attr-defined]
        return planted(weighed, chosen, domains, mutant)(*arguments)

    return product


def _second(question: Question, mutant: Mutant, chosen: tuple[int, ...], domains: Mapping[int, Domain]) -> Callable[..., Any]:
    def along(arguments: tuple[Any, ...], vector: tuple[Any, ...]) -> tuple[Any, ...]:
        return planted(slope_along(question.function, chosen, vector), chosen, domains, mutant)(*arguments)

    def product(*given: Any) -> Any:
        *arguments, vector = given
        return along(tuple(arguments), vector if isinstance(vector, tuple) else (vector,))

    def hessian(*arguments: Any) -> Any:
        inputs = [np.asarray(arguments[i]) for i in chosen]
        ends = np.cumsum([0, *(x.size for x in inputs)])
        columns = []
        for unit in np.eye(int(ends[-1])):
            parts = [unit[a:b].reshape(x.shape).astype(x.dtype)[()] for a, b, x in zip(ends[:-1], ends[1:], inputs, strict=True)]
            columns.append(np.concatenate([np.ravel(p) for p in along(arguments, tuple(parts))]))
        return np.stack(columns, axis=1)

    takes_vector = is_product(question.gradient, _count(question.function), vjp=question.vjp)
    return wraps(question.gradient)(product if takes_vector else hessian)  # its parameters say which of the two it is


def _count(function: Callable[..., Any]) -> int:
    code: Any = getattr(function, "__code__", None)
    return int(code.co_argcount) if code is not None else 1
