"""Running a jaxpr over NumPy: on plain arrays, or on traced ones, which records it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any

import numpy as np

from gradcheck.circuit.traced import TracedArray
from gradcheck.errors import TraceError
from gradcheck.frameworks.jaxpr import elementwise, factors, structure, sums
from gradcheck.frameworks.jaxpr.control import FLOW
from gradcheck.frameworks.jaxpr.rules import Rule, as_numpy

RULES: Mapping[str, Rule] = {**elementwise.RULES, **structure.RULES, **sums.RULES, **factors.RULES}


def run(jaxpr: Any, constants: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a jaxpr; TraceError names a primitive that the table does not have, where a traced value meets it."""
    values: dict[Any, Any] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*map(as_array, constants), *inputs), strict=True))
    for equation in jaxpr.eqns:
        read = [_read(values, v) for v in equation.invars]
        outputs = _outputs(equation, read)
        values.update(zip(equation.outvars, outputs, strict=True))
    return [_read(values, v) for v in jaxpr.outvars]


def run_closed(closed: Any, inputs: Sequence[Any]) -> list[Any]:
    """The same for a jaxpr that brings its constants."""
    return run(closed.jaxpr, closed.consts, inputs)


def primitives(jaxpr: Any) -> Iterator[str]:
    """The names of all primitives of a jaxpr, those of its inner ones too."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in inner_jaxprs(equation.params):
            yield from primitives(inner)


def inner_jaxprs(params: Mapping[str, Any]) -> Iterator[Any]:
    """The jaxprs in an equation's parameters."""
    for value in params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if hasattr(item, "jaxpr") and hasattr(item.jaxpr, "eqns"):
                yield item.jaxpr
            elif hasattr(item, "eqns"):
                yield item


def as_array(value: Any) -> Any:
    """A constant as NumPy's, in the type it is read in; keys of random numbers as they are."""
    dtype = getattr(value, "dtype", None)
    if dtype is not None and not isinstance(dtype, np.dtype):
        return value
    array = np.asarray(value)
    return array.astype(as_numpy(array.dtype), copy=False)[()]


def _read(values: Mapping[Any, Any], variable: Any) -> Any:
    if not hasattr(variable, "val"):
        return values[variable]
    return np.asarray(variable.val).astype(as_numpy(variable.aval.dtype))[()]


def _outputs(equation: Any, inputs: list[Any]) -> list[Any]:
    name, params = equation.primitive.name, equation.params
    if name in FLOW:
        return FLOW[name](run_closed, params, inputs)
    rule = RULES.get(_meant(equation))
    if rule is None:
        return _left_to_jax(equation, inputs)
    try:
        found = _standing(_place(equation), name)(rule, params, *inputs)
    except TraceError as error:
        raise TraceError(f"JAX's primitive {name} is not read here: {error}") from error
    return list(found) if isinstance(found, list) else [found]


def _meant(equation: Any) -> str:
    """A primitive's name; a number that is compared with itself is asked whether it is one."""
    name: str = equation.primitive.name
    alone = name in ("eq", "ne") and len({id(v) for v in equation.invars}) == 1
    return f"{name} itself" if alone else name


def _left_to_jax(equation: Any, inputs: Sequence[Any]) -> list[Any]:
    """What does not depend on the inputs, such as random numbers from a fixed key, is computed by JAX."""
    name = equation.primitive.name
    if any(isinstance(x, TracedArray) for x in inputs):
        raise TraceError(
            f"JAX's primitive {name} has no reading in NumPy yet: judged by differences; give the function's NumPy twin (numpy=...)"
        )
    given = [_in_its_type(x, v.aval) for x, v in zip(inputs, equation.invars, strict=True)]
    found = equation.primitive.bind(*given, **equation.params)
    return [as_array(v) for v in (found if equation.primitive.multiple_results else [found])]


def _in_its_type(value: Any, aval: Any) -> Any:
    return value.astype(aval.dtype) if isinstance(value, np.ndarray | np.generic) else value


def _place(equation: Any) -> tuple[str, int]:
    """The user's line behind an equation."""
    from jax.extend import source_info_util

    found = _PLACE.match(source_info_util.summarize(equation.source_info))
    return ("", 0) if found is None else (found["file"], int(found["line"]))


_PLACE = re.compile(r"(?P<file>.+?\.py):(?P<line>\d+)")
_STANDING: dict[tuple[str, int, str], Callable[..., Any]] = {}


def _standing(place: tuple[str, int], name: str) -> Callable[..., Any]:
    """A call that stands on the user's line: what is recorded in it is placed there."""
    file, line = place
    if not file:
        return lambda rule, params, *inputs: rule(params, *inputs)
    key = (file, line, name)
    if key not in _STANDING:
        code: CodeType = (lambda rule, params, *inputs: rule(params, *inputs)).__code__
        function = lambda rule, params, *inputs: None
        function.__code__ = code.replace(co_filename=file, co_firstlineno=line, co_name=name)
        _STANDING[key] = function
    return _STANDING[key]
