"""What to say when a function cannot be followed: what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FLOAT = (
    "a traced value was made a plain Python number, which loses the trail. "
    "Use NumPy's function (np.sin instead of math.sin, no float(...)); instead of writing into np.zeros(...), "
    "collect the values in a list and call np.array(list) or np.stack(list)"
)
ITEM = "a traced array was taken apart with .item() or .tolist(). Index it instead: x[0], x[i, j]"
INDEX = "a traced floating-point value was used as an index or a count. Compute indices from shapes or from integer data"
SETITEM = (
    "a traced array was written into. Build the result from its parts: "
    "np.where(condition, new, old), np.concatenate([...]) or np.stack([...])"
)
INPLACE = (
    "an argument, a view of an array, or an array with views in use was changed in place; the change would reach others. "
    "Write x = x + ... instead of x += ..."
)
OUT = "out= writes a traced result into a plain array. Bind the result to a name instead"
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


def unknown(name: str, method: str, options: Mapping[str, Any]) -> str:
    """A function, or a way of calling it, that has no record."""
    if options:
        return f"{name}(..., {next(iter(options))}=...) is not followed. Leave the option out, or use np.where for where="
    dotted = name if method == "__call__" else f"{name}.{method}"
    return f"{dotted} has no derivative rule here. Write it with operations from the table of primitives, or add a record for it"
