"""Frames and raw numbers, the only things that cross the walls. Both ends speak it; the trusted end believes nothing it reads.

A frame is a header (magic, kind, number of the question, size) and so many bytes. A value is a tag and its raw bytes: no pickle, no code, no names looked up.
"""

from __future__ import annotations

import builtins
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

MAGIC = b"GCw1"
HEADER = struct.Struct("!4sBQQ")
PROGRAM, FACTS, IMPORT, CALLS, DONE, VALUES, ENDED = range(1, 8)
ANSWERED, FAILED = b"v", b"e"  # what each of several answers is
DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
ITEMS, PARTS = 65536, 1024  # plain numbers in a tuple or list of an answer, and anything in a tuple, list or dict
TEXT = 16000  # characters of any text in an answer
DIMENSIONS = 32
_KINDS = tuple(np.dtype(name) for name in DTYPES)
_CODES = {kind: code for code, kind in enumerate(_KINDS)}
_SHAPES = tuple(struct.Struct(f"!{n}Q") for n in range(65))
_INTEGER = 512  # bytes
_SIZE = struct.Struct("!Q")
_FLOAT, _COMPLEX, _SHORT = struct.Struct("<d"), struct.Struct("<dd"), struct.Struct("!H")
_tobytes, _ndarray, _generic, _float64, _complex128 = np.ndarray.tobytes, np.ndarray, np.generic, np.float64, np.complex128
_asarray, _frombuffer, _any, _uint8 = np.asarray, np.frombuffer, np.any, np.uint8
globals()["__builtins__"] = dict(vars(builtins))  # a program patches its own and NumPy's: not those that we go on with


class ProtocolError(Exception):
    """Bytes that match nothing that may be said here."""


class TooLarge(Exception):  # noqa: N818 - it is an outcome
    """More than the limit on results."""


class Strange(Exception):  # noqa: N818 - it is an outcome
    """A value that has no raw numbers."""


def frame(kind: int, number: int, body: bytes) -> bytes:
    """A frame as bytes."""
    return HEADER.pack(MAGIC, kind, number, len(body)) + body


def size_of(header: bytes, *, kinds: tuple[int, ...], number: int, most: int) -> tuple[int, int]:
    """The kind and size that a header states, before a byte of the body is read. Raises ProtocolError and TooLarge."""
    magic, kind, found, size = HEADER.unpack(header)
    if magic != MAGIC or kind not in kinds or found != number:
        raise ProtocolError("a frame that answers no question")
    if size > most:
        raise TooLarge
    return kind, size


# writing


def encode(value: Any, *, deep: int = 1) -> bytes:
    """A value as bytes; tuples, lists and dicts to the depth `deep`. Raises Strange."""
    return b"".join(_pieces(value, deep))


def _pieces(value: Any, deep: int) -> Iterator[bytes]:
    kind = type(value)
    if kind in _WRITERS:
        yield _WRITERS[kind](value)
    elif kind is _ndarray:
        yield from _array_pieces(value)
    elif isinstance(value, _generic):
        yield from _array_pieces(_asarray(value), b"g")
    elif kind in (tuple, list) and deep:
        yield (b"t" if kind is tuple else b"l") + _SIZE.pack(len(value))
        for item in value:
            yield from _pieces(item, deep - 1)
    elif kind is dict and deep and all(type(name) is str for name in value):
        yield b"d" + _SIZE.pack(len(value))
        for name, item in value.items():
            yield text_bytes(name)
            yield from _pieces(item, deep - 1)
    else:
        raise Strange


def _integer(value: int) -> bytes:
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if len(raw) > _INTEGER:
        raise Strange
    return b"i" + _SHORT.pack(len(raw)) + raw


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"N",
    bool: lambda value: b"T" if value else b"F",
    float: lambda value: b"f" + _FLOAT.pack(value),
    _float64: lambda value: b"f" + _FLOAT.pack(value),
    complex: lambda value: b"c" + _COMPLEX.pack(value.real, value.imag),
    _complex128: lambda value: b"c" + _COMPLEX.pack(value.real, value.imag),
    int: _integer,
    str: lambda value: b"s" + text_bytes(value),
}


def _array_pieces(array: np.ndarray[Any, Any], tag: bytes = b"a") -> Iterator[bytes]:
    code = _CODES.get(array.dtype)
    if code is None:
        array = array.astype(array.dtype.newbyteorder("<")) if array.dtype.kind in "iufc" else array
        code = _CODES.get(array.dtype)
    if code is None:
        raise Strange
    yield tag + bytes((code, array.ndim)) + _SHAPES[array.ndim].pack(*array.shape)
    yield _tobytes(array)


def foreign_bytes(type_name: str, text: str) -> bytes:
    """What stands for a value without raw numbers."""
    return b"x" + text_bytes(type_name) + text_bytes(text)


def text_bytes(text: str) -> bytes:
    """Text with its length; lone surrogates are replaced."""
    raw = text.encode("utf-8", "replace")
    return _SIZE.pack(len(raw)) + raw


# reading


class Reader:
    """Takes values off bytes, never past their end. Every failure is a ProtocolError, whatever the bytes."""

    __slots__ = ("_at", "_bytes", "_foreign", "_trusting")

    def __init__(self, data: bytes, foreign: Callable[[str, str], Any] | None = None, *, trusting: bool = False) -> None:
        """`foreign` makes what stands for a value without numbers. `trusting`: text, and structures of any depth, are meant (questions)."""
        self._bytes = memoryview(data)
        self._at = 0
        self._foreign = foreign
        self._trusting = trusting

    def take(self, size: int) -> memoryview:
        """The next `size` bytes."""
        if not 0 <= size <= len(self._bytes) - self._at:
            raise ProtocolError("a frame that ends early")
        self._at += size
        return self._bytes[self._at - size : self._at]

    def size(self, most: int | None = None) -> int:
        """A size or count, at most `most`."""
        number = int(_SIZE.unpack(self.take(_SIZE.size))[0])
        if most is not None and number > most and not self._trusting:
            raise ProtocolError(f"a count of {number}")
        return number

    def text(self) -> str:
        """Text of bounded length."""
        try:
            return str(self.take(self.size(4 * TEXT)), "utf-8")
        except UnicodeDecodeError:
            raise ProtocolError("text that is no text") from None

    def value(self, deep: int = 1) -> Any:
        """A value; structures to the depth `deep`."""
        tag = bytes(self.take(1))
        if tag in b"tld" and (deep > 0 or self._trusting):
            return self._structure(tag, deep - 1)
        if tag in b"NTF":
            return {b"N": None, b"T": True, b"F": False}[tag]
        if tag in b"ag":
            array = self._array()
            if tag == b"g" and array.ndim:
                raise ProtocolError("a scalar with dimensions")
            return array if tag == b"a" else array[()]
        return self._plain(tag)

    def _plain(self, tag: bytes) -> Any:
        match tag:
            case b"f":
                return _FLOAT.unpack(self.take(8))[0]
            case b"c":
                return complex(*_COMPLEX.unpack(self.take(16)))
            case b"i":
                (size,) = _SHORT.unpack(self.take(2))
                if size > _INTEGER:
                    raise ProtocolError("an integer of too many digits")
                return int.from_bytes(self.take(size), "little", signed=True)
            case b"x" if self._foreign is not None:
                return self._foreign(self.text(), self.text())
            case b"s" if self._trusting:
                return str(self.take(self.size()), "utf-8")
        raise ProtocolError("a value of no known kind")

    def _structure(self, tag: bytes, deep: int) -> Any:
        count = self.size(PARTS if tag == b"d" else ITEMS)
        if tag == b"d":
            named = {self.text(): self.value(deep) for _ in range(count)}
            if len(named) != count:
                raise ProtocolError("a name given twice")
            return named
        many = count > PARTS and not self._trusting
        items = [self._number() for _ in range(count)] if many else [self.value(deep) for _ in range(count)]
        return tuple(items) if tag == b"t" else items

    def _number(self) -> Any:
        tag = bytes(self.take(1))
        if tag not in (b"f", b"i", b"c"):
            raise ProtocolError("a structure of too many parts")
        return self._plain(tag)

    def _array(self) -> np.ndarray[Any, Any]:
        code, dimensions = self.take(2)
        if code >= len(DTYPES) or dimensions > DIMENSIONS:
            raise ProtocolError("an array of no known kind")
        shape = _SHAPES[dimensions].unpack(self.take(8 * dimensions))
        dtype = _KINDS[code]
        count = 1
        for n in shape:  # sizes are Python's integers: no product wraps around
            count *= n
        data = self.take(count * dtype.itemsize)
        try:
            array = _frombuffer(data, dtype=dtype).reshape(shape).copy()
        except (ValueError, OverflowError) as error:  # no elements, along an axis too long for NumPy
            raise ProtocolError(f"an array of a shape that cannot be: {error}") from None
        if dtype.kind == "b" and bool(_any(array.view(_uint8) > 1)):
            raise ProtocolError("a truth value that is neither")
        return array

    @property
    def left(self) -> int:
        """Bytes not taken yet."""
        return len(self._bytes) - self._at

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._bytes):
            raise ProtocolError("more bytes than the value has")
