"""A store of failing inputs: what a search found wrong is tried first by the next.

One JSON file for each key. The input itself is kept, float by float and bit for bit, so that it outlives versions of everything else.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.errors import UsageError
from gradcheck.writing import write_files

if TYPE_CHECKING:
    import numpy as np

VERSION = 1
KEPT = 8  # points of one key, the newest first
LARGEST = 1_000_000  # characters of a file: larger points are not kept
SIZES = ("8", "16", "32", "64")
DTYPES = ("float16", "float32", "float64", "bool", *(kind + size for kind in ("int", "uint") for size in SIZES))
Point = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Failing inputs by key, in files of a folder that is made when first needed.

    The key is any text that tells checks apart, such as a test's id. Reading never fails: a file that is broken, or is none of ours, holds
    nothing. Files appear whole; where two processes write at once, the last one's point is kept for certain.
    """

    folder: Path

    def load(self, key: str) -> tuple[Point, ...]:
        """The points kept for a key, the newest first, at most 8."""
        try:
            with self.path(key).open(encoding="utf-8") as file:
                data = json.loads(file.read(LARGEST + 1))
            if data["version"] != VERSION or data["key"] != key:
                return ()
            return tuple(_point(p) for p in data["points"][:KEPT])
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError, struct.error, RecursionError, MemoryError):
            return ()

    def save(self, key: str, point: Point) -> bool:
        """Keep a point, as the newest; False where it, or the file, cannot be written."""
        try:
            points = [_as_data(tuple(point)), *(_as_data(p) for p in self.load(key))]
        except (TypeError, ValueError, RecursionError):
            return False
        different = [p for i, p in enumerate(points) if p not in points[:i]]
        text = json.dumps({"version": VERSION, "key": key, "points": different[:KEPT]}, indent=1)
        if len(text) > LARGEST:
            text = json.dumps({"version": VERSION, "key": key, "points": different[:1]})
        if len(text) > LARGEST:
            return False
        try:
            write_files(self.folder, [(self.path(key).name, text)], "the witness")
        except UsageError:
            return False
        return True

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.folder / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def _point(data: Any) -> Point:
    value = _value(data)
    if not isinstance(value, tuple):
        raise TypeError("a point is a tuple of arguments")
    return value


def _as_data(value: Any) -> Any:
    """The value in JSON's terms; whatever JSON has no word for is an object with one name, its type. Raises TypeError for what is not kept."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return {"int": str(value)}
    if type(value) is float:
        return {"bits": struct.pack(">d", value).hex()} if math.isnan(value) else {"float": value.hex()}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_as_data(v) for v in value]}
    if type(value) is dict:
        return {"dict": [[_as_data(k), _as_data(v)] for k, v in value.items()]}
    return _numbers(value)


def _numbers(value: Any) -> Any:
    """An array, or a NumPy scalar, with its dtype and shape: the bytes of its numbers, the lowest first, in hexadecimal."""
    import numpy as np

    if type(value) is not np.ndarray and not isinstance(value, np.generic):
        raise TypeError(f"{type(value).__name__} is not kept")
    if value.dtype.name not in DTYPES:
        raise TypeError(f"{value.dtype} is not kept")
    data = {"dtype": value.dtype.name, "hex": np.asarray(value).astype(_little(value.dtype)).tobytes().hex()}
    return {"array": data | {"shape": list(value.shape)}} if isinstance(value, np.ndarray) else {"scalar": data}


def _value(data: Any) -> Any:
    """The value that was written; raises TypeError, ValueError or KeyError for what never was."""
    if data is None or isinstance(data, bool | str):
        return data
    if not isinstance(data, dict) or len(data) != 1:
        raise TypeError("expected an object with one name")
    ((kind, inner),) = data.items()
    return READ[kind](inner)


def _array(inner: Any) -> Any:
    import numpy as np

    if inner["dtype"] not in DTYPES:
        raise ValueError(f"{inner['dtype']}: nothing of this dtype is kept")
    dtype: np.dtype[Any] = np.dtype(inner["dtype"])
    return np.frombuffer(bytes.fromhex(inner["hex"]), _little(dtype)).astype(dtype).reshape(tuple(inner.get("shape", ())))


READ: dict[str, Callable[[Any], Any]] = {
    "int": int,
    "float": float.fromhex,
    "bits": lambda inner: struct.unpack(">d", bytes.fromhex(inner))[0],
    "list": lambda inner: [_value(v) for v in inner],
    "tuple": lambda inner: tuple(_value(v) for v in inner),
    "dict": lambda inner: {_value(k): _value(v) for k, v in inner},
    "array": _array,
    "scalar": lambda inner: _array(inner)[()],
}


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype with its lowest byte first, so that files mean the same on all machines."""
    return dtype.newbyteorder("<")
