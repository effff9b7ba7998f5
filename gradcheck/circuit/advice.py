"""What to say when a function cannot be followed: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FLOAT = (
    "a traced value was made a plain Python number, which loses the trail. "
    "Use NumPy's function (np.sin instead of math.sin, no float(...)); instead of writing into np.zeros(...), "
    "write into np.zeros_like(x) of a traced x, or collect the values in a list and call np.array(list) or np.stack(list)"
)
ITEM = "a traced array was taken apart with .item() or .tolist(). Index it instead: x[0], x[i, j]"
INDEX = "a traced floating-point value was used as an index or a count. Compute indices from shapes or from integer data"
INPLACE = (
    "an argument of the function, a view of one, or a part of a complex array, was written into; others would see the change. "
    "Write into a copy: x = x.copy() first, or x = x + ... instead of x += ..."
)
COMPLEX_WRITE = (
    "a complex array, or a view of one, was written into, or complex values into a real array. "
    "Build it from its parts: np.where, np.concatenate or np.stack; write z = z * ... instead of z *= ... where views of it are in use"
)
UNWRITTEN = "entries made by np.empty_like(...) were read before anything was written there. Start with np.zeros_like(...) instead"
OUT = "out= writes a traced result into a plain array. Bind the result to a name instead, or start with np.zeros_like(x) of a traced x"
PLAIN = "{} writes traced values into a plain array. Start with np.zeros_like(x) or np.empty_like(x) of a traced x, or with x.copy()"
WHERE = "where= without out= leaves the other elements undefined. Give out=np.zeros_like(x), or write np.where(condition, f(x), other)"
SHAPE = "x.shape = ... is not followed. Write x = x.reshape(...)"
BITS = "{} reads or moves the bits of a traced array. Write it with arithmetic and NumPy's functions"
METHOD = "x.{}(...) is not followed. Write it with NumPy's functions from the table of primitives"
BOOLEAN = "the truth value of a traced array with several elements is ambiguous. Use .any(), .all() or np.where(condition, a, b)"

COMPLEX = (
    "{} of complex values is not followed. Work with their parts: z.real, z.imag, np.abs(z), np.angle(z). "
    "Complex numbers have no order: compare np.abs(z) or a part"
)
COMPLEX_ARRAY = "np.array([...]) of complex values under way. Join them with np.stack([...])"
COMPLEX_CAST = "a complex value was cast to {}, which drops its imaginary part. Write z.real"
COMPLEX_INPUT = (
    "a complex argument cannot be differentiated: pass its real and imaginary part as two real arguments and form re + 1j * im inside"
)
COMPLEX_RESULT = "the function returned a complex value, and a derivative here is that of real numbers: return its real part, its imaginary part or np.abs(z)**2"
RESULT = "the function returned {}, expected a number or an array of numbers. Is a return statement missing?"
OBJECTS = (
    "an array of traced values made by np.array([...]) met a function that takes no such array: {}. "
    "Join traced values with np.stack([...]) or np.concatenate([...])"
)
ATTRIBUTE = "a traced array has no .{}: write it with NumPy functions from the table of primitives"
TWO_TRACES = (
    "values of two different traces were mixed: a traced value outlived its function, or an inner derivative's function reads "
    "a traced value of the outer one: pass it as an argument"
)


def called(function: Any) -> str:
    """A function's name as its users write it."""
    module = (getattr(function, "__module__", "") or "").replace("numpy", "np").replace("np._core.", "np.")
    return f"{module}.{getattr(function, '__name__', function)}".lstrip(".")


def called_ufunc(ufunc: Any) -> str:
    """A ufunc's name as its users write it."""
    import numpy as np

    name: str = ufunc.__name__
    return f"np.{name}" if vars(np).get(name) is ufunc else f"special.{name}"


def unknown(name: str, method: str, options: Mapping[str, Any]) -> str:
    """A function, or a way of calling it, that has no record."""
    if options:
        return f"{name}(..., {next(iter(options))}=...) is not followed. Leave the option out"
    dotted = name if method == "__call__" else f"{name}.{method}"
    return f"{dotted} has no derivative rule here. Write it with operations from the table of primitives, or add a record for it"
