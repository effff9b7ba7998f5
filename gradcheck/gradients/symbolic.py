"""SymPy's own derivative of the function's formula. Our rules are not used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np

from gradcheck.circuit import Circuit, cost_of, interpret, unguarded
from gradcheck.gradients.method import Gradient, Problem, Refused

LIMIT = 20_000  # operations of the formula written out, times inputs: about the size of the derivatives written out
INPUT_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Symbolic:
    """The circuit over symbols is a formula; SymPy differentiates it; the result is evaluated in floats.

    Refuses, saying so, when the formula written out, once for every input, holds more than `limit` operations, or when there are
    more than `inputs` symbols: derivation time grows with both and would soon be minutes.
    """

    limit: int = LIMIT
    inputs: int = INPUT_LIMIT
    name: str = "symbolic"

    def gradient(self, problem: Problem) -> Gradient | Refused:
        """Every partial derivative by SymPy, with its operations counted written out and after sharing."""
        reason = self._too_large(problem)
        if reason is not None:
            return Refused(self.name, reason)
        start = time.perf_counter()
        try:
            symbols, formula = formula_of(problem.circuit)
            formed = time.perf_counter()
            expressions, deriving = _derived(tuple(symbols), formula)
        except NotImplementedError as error:
            return Refused(self.name, f"the function is no formula: {error}")
        except (TypeError, ArithmeticError) as error:
            return Refused(self.name, f"SymPy has no formula: {str(error).splitlines()[0]}")
        try:
            program, writing = _program(tuple(symbols), expressions)
            written = time.perf_counter()
            numbers = _evaluated(program, problem.inputs)
        except (TypeError, ValueError, NameError, ArithmeticError, NotImplementedError) as error:
            return Refused(self.name, f"SymPy's derivative cannot be evaluated in floats: {str(error).splitlines()[0]}")
        seconds = (formed - start) + deriving + writing + (time.perf_counter() - written)
        written_out, shared = _counts(expressions)
        details = {"written_out": written_out, "shared": shared}
        return Gradient(self.name, numbers[0], _arrange(problem, numbers[1:]), None, 1, written_out, seconds, details)

    def _too_large(self, problem: Problem) -> str | None:
        if problem.size > self.inputs:
            return f"{problem.size} inputs; symbolic derivation is limited to {self.inputs}"
        size = written_out(problem.circuit)
        if size * problem.size > self.limit:
            return f"the formula written out holds {size} operations for {problem.size} inputs; symbolic derivation is limited to a product of {self.limit}"
        return None


# the points of a case mostly have one formula: its derivatives, their program and their counts are worked out once, for the last few formulas;
# the seconds that this took count at every point, as if each were alone
@lru_cache(maxsize=4)
def _derived(symbols: tuple[Any, ...], formula: Any) -> tuple[tuple[Any, ...], float]:
    """The formula and its partial derivatives, and the seconds that took."""
    start = time.perf_counter()
    expressions = (formula, *(_flat_steps(formula.diff(s)) for s in symbols))
    return expressions, time.perf_counter() - start


def _flat_steps(derivative: Any) -> Any:
    """Steps are flat wherever they have a derivative; SymPy leaves the derivative of floor standing."""
    import sympy

    if not derivative.has(sympy.Derivative):
        return derivative
    steps = sympy.floor, sympy.ceiling
    return derivative.replace(lambda e: isinstance(e, sympy.Derivative) and isinstance(e.expr, steps), lambda e: sympy.S.Zero).doit()


def written_out(circuit: Circuit) -> int:
    """Operations of the outputs as formulas without shared parts, counted without forming them."""
    sizes = [0.0] * len(circuit)  # of one element
    for k in range(len(circuit)):
        read = circuit.inputs_of(k)
        if read:
            own = cost_of(circuit, k).operations / max(circuit.type(k).size, 1)
            sizes[k] = min(own + sum(reads * sizes[i] for i, reads in zip(read, _reads(circuit, k, read), strict=True)), 1e15)
    return int(min(sum(sizes[k] * circuit.type(k).size for k in circuit.outputs), 1e15))


def _reads(circuit: Circuit, k: int, read: tuple[int, ...]) -> list[float]:
    """How many elements of each operand one element of the result is written with."""
    primitive, size = circuit.primitive(k), max(circuit.type(k).size, 1)
    assert primitive is not None
    if primitive.name in ("matmul", "dot", "inner", "einsum"):
        return [max(cost_of(circuit, k).multiplications / size, 1.0)] * len(read)
    if primitive.name in ("sum", "mean", "prod", "max", "min", "logsumexp", "trace", "cumsum", "cumprod"):
        return [circuit.type(read[0]).size / size]
    if primitive.name in ("inv", "solve", "det", "logabsdet"):  # written out, a determinant is a sum of n! products
        return [float(factorial(circuit.type(read[0]).shape[0]))] * len(read)
    if primitive.name in ("fft", "rfft", "irfft"):
        params = circuit.params[k]
        return [float(params.get("n") or circuit.type(read[0]).shape[params["axis"]])] * len(read)
    if primitive.name in ("softmax", "log_softmax", "var"):
        return [2.0 * cost_of(circuit, k).operations / size]
    return [1.0] * len(read)


def formula_of(circuit: Circuit) -> tuple[list[Any], Any]:
    """The symbols of all input elements, and the function's formula in them."""
    import sympy

    from gradcheck.arithmetic.symbols import Symbols

    arrays = [symbols_for(circuit.names.get(k, f"x{k}"), circuit.type(k).shape) for k in circuit.inputs]
    (formula,) = interpret(unguarded(circuit), Symbols(), arrays)
    return [s for a in arrays for s in np.ravel(np.array(a, dtype=object))], sympy.sympify(formula)


def symbols_for(name: str, shape: tuple[int, ...]) -> Any:
    """A real symbol, or an object array of them, named like the argument: x, x_0, x_0_1."""
    import sympy

    if not shape:
        return sympy.Symbol(name, real=True)
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        array[index] = sympy.Symbol("_".join([name, *map(str, index)]), real=True)
    return array


@lru_cache(maxsize=4)
def _program(symbols: tuple[Any, ...], expressions: tuple[Any, ...]) -> tuple[Callable[..., Any], float]:
    """The expressions as a Python function of floats, and the seconds that took. Shared parts are computed once; scalars, so that case distinctions stay Python's own."""
    import sympy

    start = time.perf_counter()
    modules = [_float_functions(), "math"]
    found = sympy.lambdify(symbols, list(expressions), modules=modules, cse=True, docstring_limit=0, use_imps=False)
    return found, time.perf_counter() - start


def _evaluated(program: Callable[..., Any], inputs: tuple[Any, ...]) -> list[float]:
    with np.errstate(all="ignore"):
        return [float(v) for v in program(*(np.float64(v) for x in inputs for v in np.ravel(x)))]


def _float_functions() -> dict[str, Any]:
    """What SymPy's functions are called over floats: NumPy's, which give inf and NaN where `math` raises."""
    from scipy import special

    same = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "log1p", "expm1", "cbrt", "sign", "floor")
    arcs = {f"a{n}": getattr(np, f"arc{n}") for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
    named = {
        "atan2": np.arctan2,
        "ceil": np.ceil,
        "ceiling": np.ceil,
        "loggamma": special.gammaln,
        "lgamma": special.gammaln,
        "gamma": special.gamma,
    }
    steps = {"Heaviside": lambda x, half=0.5: np.heaviside(x, half), "DiracDelta": lambda x, *_: 0.0 if x else np.inf}
    specials = {n: getattr(special, n) for n in ("erf", "erfc", "erfinv", "erfcinv", "digamma", "polygamma", "zeta")}
    specials |= {
        "besseli": special.iv, "besselj": special.jv, "besselk": special.kv, "bessely": special.yv, "expint": special.expn, "Ei": special.expi,
        "lowergamma": lambda a, x: special.gammainc(a, x) * special.gamma(a), "elliptic_k": special.ellipk, "elliptic_e": special.ellipe,
        "Si": lambda x: special.sici(x)[0], "Ci": lambda x: special.sici(x)[1], "Shi": lambda x: special.shichi(x)[0],
        "Chi": lambda x: special.shichi(x)[1], "fresnels": lambda x: special.fresnel(x)[0], "fresnelc": lambda x: special.fresnel(x)[1],
        "hyper": _hypergeometric,
        "polylog": lambda order, x: special.spence(1.0 - x) if order == 2 else -np.log1p(-x),
    }  # fmt: skip
    return {n: getattr(np, n) for n in same} | arcs | named | steps | specials


def _hypergeometric(upper: Any, lower: Any, x: Any) -> Any:
    from scipy import special

    return special.hyp1f1(upper[0], lower[0], x) if len(upper) == 1 else special.hyp2f1(upper[0], upper[1], lower[0], x)


@lru_cache(maxsize=4)
def _counts(expressions: tuple[Any, ...]) -> tuple[int, int]:
    """Operations as written out, and after common subexpressions are shared."""
    import sympy

    replacements, reduced = sympy.cse(expressions, order="none")
    return _count(expressions), _count([*(e for _, e in replacements), *reduced])


def _count(expressions: Iterable[Any]) -> int:
    return int(sum(e.count_ops() for e in expressions))


def _arrange(problem: Problem, flat: list[float]) -> tuple[Any, ...]:
    arranged, start = [], 0
    for x in problem.inputs:
        arranged.append(np.array(flat[start : start + np.size(x)]).reshape(np.shape(x))[()])
        start += np.size(x)
    return tuple(arranged)
