"""A student's program on its side of the walls: its files written out, its source read, imported, and its functions called with numbers.

Whatever the program does to this module happens in its own process: what it can say is bounded by what the other end takes.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import gc
import json
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from . import facts, protocol
from .protocol import ANSWERED, CALLS, DONE, ENDED, FACTS, FAILED, HEADER, IMPORT, PROGRAM, VALUES, Strange

_MODULE = "submission"
_MESSAGE = 500  # characters
_NOTED = 20  # cells that failed
_view, _array, _generic, _bool, _float, _int = np.ndarray.view, np.ndarray, np.generic, np.bool_, float.__float__, int.__int__
_long, _clong, _float64, _complex128, _made = np.longdouble, np.clongdouble, np.float64, np.complex128, np.array
_os_read, _os_write, _nbytes = os.read, os.write, np.ndarray.nbytes.__get__
globals()["__builtins__"] = dict(vars(builtins))  # as in protocol


class Failed(Exception):  # noqa: N818 - it is an outcome
    """An ending to tell of."""

    def __init__(self, ending: str, message: str, why: str = "", line: int = 0) -> None:
        super().__init__(ending, message, why, line)
        self.parts = (ending, message, why, line)


class Told(NamedTuple):
    """The program as it was handed over."""

    main: str
    cells: list[str] | None
    files: dict[str, bytes]
    allowed: tuple[str, ...]
    most: int


def serve(channel: int, folder: Path) -> None:
    """Answer questions from the channel until it closes."""
    program: Told | None = None
    names: dict[str, Any] = {}
    while True:
        header = _read(channel, HEADER.size)
        _, kind, number, size = HEADER.unpack(header)
        body = _read(channel, size)
        try:
            if kind == PROGRAM:
                program = _told(body)
                _write_files(program, folder)
                answer = DONE, _texts()
            else:
                assert program is not None
                answer = _answer(kind, body, program, folder, names)
        except Failed as failed:
            answer = ENDED, _ended(*failed.parts)
        del body
        _flush()
        _write(channel, protocol.frame(answer[0], number, answer[1]))
        del answer


def _answer(kind: int, body: bytes, program: Told, folder: Path, names: dict[str, Any]) -> tuple[int, bytes]:
    if kind == FACTS:
        return DONE, _facts(program)
    if kind == IMPORT:
        noted: list[str] = []
        names.update(module=_imported(program, folder, noted))
        return DONE, _texts(*noted)
    assert kind == CALLS
    return VALUES, _called(body, vars(names["module"]), folder, program.most)


def _told(body: bytes) -> Told:
    reader = protocol.Reader(body, trusting=True)
    stated = json.loads(reader.text())
    files = {name: bytes(reader.take(reader.size())) for name in stated["files"]}
    return Told(stated["main"], stated["cells"], files, tuple(stated["allowed"]), stated["most"])


def _write_files(program: Told, folder: Path) -> None:
    """A name that cannot be a file's is the program's own fault; a full disk is ours."""
    for name, content in program.files.items():
        try:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (ValueError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Failed("import error", f"{name[:80]!a} is no name for a file here", type(error).__name__) from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise Failed("import error", f"{name[:80]!a}... is too long a name", "ENAMETOOLONG") from None


def _facts(program: Told) -> bytes:
    beside = [content for name, content in program.files.items() if name.endswith(".py") and name != program.main]
    try:
        said = facts.read([program.files[program.main]] if program.cells is None else program.cells, beside)
    except (SyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        raise Failed("import error", f"the file is no Python: {_text(error)}", type(error).__name__, line or 0) from None
    except (RecursionError, MemoryError) as error:
        raise Failed("import error", "the file nests too deep for Python's parser", type(error).__name__) from None
    steps = (f"{name} {' '.join(map(repr, values))}" for name, values in said.steps.items())
    return _texts(
        *("\n".join(facts.first(part, protocol.TEXT)) for part in (said.imports, said.functions, said.constant, (said.shape,), steps))
    )


# importing


class _Refusal:
    """Last in the search for modules: says what may be imported."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = allowed

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if path is None:
            allowed = ", ".join((*self._allowed, "the standard library"))
            raise ModuleNotFoundError(
                f"{name!r} may not be imported here: allowed are {allowed}, and files handed in beside this one", name=name
            )


def _imported(program: Told, folder: Path, noted: list[str]) -> types.ModuleType:
    main = folder / program.main
    sys.path += dict.fromkeys((str(main.parent), str(folder)))
    sys.meta_path.append(_Refusal(program.allowed))
    module = types.ModuleType(_MODULE)
    module.__file__ = str(main)
    sys.modules[_MODULE] = module
    stem = main.stem
    if stem not in sys.stdlib_module_names and stem not in program.allowed:
        sys.modules.setdefault(stem, module)
    if program.cells is None:
        _run(program.files[program.main], str(main), module, folder)
    else:
        for count, cell in enumerate(program.cells, 1):
            try:
                _run(cell, f"cell {count}", module, folder)
            except Failed as failed:
                if len(noted) == _NOTED:
                    noted.append("and more cells failed")
                if len(noted) > _NOTED:
                    continue
                where = f", line {failed.parts[3]}" if failed.parts[3] else ""
                noted.append(f"cell {count}{where}: {failed.parts[1]}"[:_MESSAGE])
    return module


def _run(source: bytes | str, path: str, module: types.ModuleType, folder: Path) -> None:
    try:
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))  # noqa: S102 - this is what the walls are for
    except MemoryError:
        raise Failed("memory", "the program ran out of memory while it was imported", "import") from None
    except BaseException as error:  # noqa: BLE001
        raise _failure("import error", error, folder) from None


def _failure(ending: str, error: BaseException, folder: Path) -> Failed:
    kind = _bounded(type(error).__name__, 80)
    text = str.replace(_text(error), str(folder), "/submission")  # which is called otherwise in every run where there are no mounts
    line = error.lineno if isinstance(error, SyntaxError) else _line(error, folder)
    return Failed(ending, f"{kind}: {text}" if text else kind, kind, line if type(line) is int and line > 0 else 0)


def _line(error: BaseException, folder: Path) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith((str(folder), "cell ")):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _text(error: BaseException) -> str:
    try:
        return _bounded(error.msg if isinstance(error, SyntaxError) else str(error), _MESSAGE)
    except BaseException:  # noqa: BLE001 - the student's own __str__
        return ""


def _bounded(text: object, most: int) -> str:
    return str(text[:most]) if isinstance(text, str) else ""


# calling


def _called(body: bytes, module: dict[str, Any], folder: Path, most: int) -> bytes:
    """The answers to several calls, each with its size; up to the first that fails, or as many as one frame holds."""
    reader = protocol.Reader(body, trusting=True)
    name, answers, size = reader.text(), list[bytes](), 0
    for _ in range(reader.size()):
        raw = [bytes(reader.take(reader.size())) for _ in range(reader.size())]
        try:
            answer = ANSWERED + _call(name, raw, module, folder, most)
        except Failed as failed:
            answer = FAILED + _ended(*failed.parts)
        size += len(answer)
        if answers and size > most:
            break  # it is asked for again
        answers += (protocol._SIZE.pack(len(answer)), answer)
        if answer[:1] == FAILED:
            break
    return b"".join(answers)


def _call(name: str, raw: list[bytes], module: dict[str, Any], folder: Path, most: int) -> bytes:
    function = module.get(name)
    if not callable(function):
        what = "is no function" if name in module else "is not defined"
        raise Failed("missing", f"{name} {what} in the file handed in")
    arguments = [protocol.Reader(part, trusting=True).value() for part in raw]
    try:
        value = function(*arguments)
    except MemoryError:
        raise Failed("memory", "the call ran out of memory") from None
    except BaseException as error:  # noqa: BLE001
        raise _failure("exception", error, folder) from None
    return _encoded(value, [i for i, (argument, part) in enumerate(zip(arguments, raw)) if _changed(argument, part)], most)


def _encoded(value: object, changed: Sequence[int], most: int) -> bytes:
    notes: dict[str, None] = {}
    try:
        if _weight(value) > most:
            raise Failed("output limit", f"the answer is larger than {most // 2**20} MB")
        body = _plain(value, notes, 1)
        said = list(notes)[:16]
        head = [
            protocol._SIZE.pack(len(changed)),
            *map(protocol._SIZE.pack, changed),
            protocol._SIZE.pack(len(said)),
            *map(protocol.text_bytes, said),
        ]
        return b"".join([*head, body])
    except MemoryError:
        raise Failed("memory", "the answer is too large for the memory there is") from None


def _changed(argument: object, raw: bytes) -> bool:
    try:
        return protocol.encode(argument, deep=99) != raw
    except BaseException:  # noqa: BLE001 - no longer what was given
        return True


def _weight(value: Any) -> int:
    """Bytes of numbers, before any is copied."""
    kind = type(value)
    if issubclass(kind, _array):
        return int(_nbytes(value))
    if issubclass(kind, tuple | list | dict) and len(value) <= protocol.ITEMS:
        inner = dict.values(value) if issubclass(kind, dict) else list(value)
        return sum(int(_nbytes(item)) if issubclass(type(item), _array) else 16 for item in inner)
    return 0


def _plain(value: Any, notes: dict[str, None], deep: int) -> bytes:
    """A value by its raw numbers, told of in `notes` where it was of another type; what has none by its type and text."""
    try:
        kind = type(value)
        if deep and issubclass(kind, tuple | list | dict) and _is_short(value, kind):
            return _structure(value, notes)
        return protocol.encode(_rows(value) if not deep and issubclass(kind, tuple | list) else _numbers(value, notes), deep=0)
    except (MemoryError, Failed):
        raise
    except BaseException:  # noqa: BLE001 - Strange, or the student's own methods
        return _foreign(value)


def _rows(value: Any) -> np.ndarray[Any, Any]:
    """A matrix written as lists of lists, as an array. Raises what NumPy raises where it is none, and Strange where it holds no real numbers."""
    found = _made(value)
    if found.dtype.kind not in "fiu":
        raise Strange
    return found


def _is_short(value: Any, kind: type) -> bool:
    """Whether a structure has few enough parts; plain numbers may be many."""
    if len(value) <= protocol.PARTS or issubclass(kind, dict):
        return len(value) <= protocol.PARTS
    return len(value) <= protocol.ITEMS and all(type(item) in (float, int, complex, _float64, _complex128) for item in value)


def _structure(value: Any, notes: dict[str, None]) -> bytes:
    kind = type(value)
    base: Any = next(b for b in (tuple, list, dict) if issubclass(kind, b))
    if kind is not base:
        notes[_bounded(kind.__name__, 80)] = None
    if base is dict:
        items = list(dict.items(value))
        if any(type(name) is not str for name, _ in items):
            raise Strange
        pieces = [protocol.text_bytes(name[: protocol.TEXT]) + _plain(item, notes, 0) for name, item in items]
    else:
        pieces = [_plain(item, notes, 0) for item in base.__iter__(value)]
    tag = {tuple: b"t", list: b"l", dict: b"d"}[base]
    return b"".join([tag, protocol._SIZE.pack(len(pieces)), *pieces])


def _numbers(value: Any, notes: dict[str, None]) -> object:
    kind = type(value)
    if issubclass(kind, _array):
        return _raw_array(value, notes)
    if kind in (_long, _clong):
        notes["longdouble"] = None
        return _complex128(value) if kind is _clong else _float64(value)
    if value is None or kind in (bool, int, float, complex) or issubclass(kind, _generic):
        return bool(value) if kind is _bool else value
    for base, raw in ((int, _int), (float, _float)):
        if issubclass(kind, base):
            notes[_bounded(kind.__name__, 80)] = None
            return raw(value)
    raise Strange


def _raw_array(value: Any, notes: dict[str, None]) -> np.ndarray[Any, Any]:
    kind = type(value)
    if kind is not _array:
        masked = sys.modules.get("numpy.ma")
        notes["masked array" if masked is not None and issubclass(kind, masked.MaskedArray) else _bounded(kind.__name__, 80)] = None
        value = _view(value, _array)
    if value.dtype.char in "gG" and value.dtype.itemsize > 8:
        notes["longdouble"] = None
        with np.errstate(all="ignore"):
            value = value.astype(_float64 if value.dtype.char == "g" else _complex128)
    plain: np.ndarray[Any, Any] = value
    return plain


def _foreign(value: Any) -> bytes:
    try:
        kind = type(value)
        name = f"{kind.__name__} of {value.dtype.name}" if kind is _array else kind.__name__
        text = repr(value) if kind in (str, bytes, set, frozenset, range) and len(value) < 1000 else ""
        return protocol.foreign_bytes(_bounded(name, 80), _bounded(text, 200))
    except BaseException:  # noqa: BLE001
        return protocol.foreign_bytes("object", "")


# the channel


def _texts(*texts: str) -> bytes:
    return b"".join([protocol._SIZE.pack(len(texts)), *map(protocol.text_bytes, texts)])


def _ended(ending: str, message: str, why: str, line: int) -> bytes:
    gc.collect() if ending == "memory" else None
    return b"".join([protocol._SIZE.pack(line), *map(protocol.text_bytes, (ending, message, why))])


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):  # they are the student's to break
            stream.flush()


def _read(channel: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = _os_read(channel, min(size - len(parts), 1 << 20))
        if not part:
            _leave()
        parts += part
    return bytes(parts)


def _write(channel: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[_os_write(channel, left) :]


def _leave() -> NoReturn:
    os._exit(0)
