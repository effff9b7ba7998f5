"""A student's program as the marking knows it: asked, answered, started anew after it was killed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Self, TypeVar

from gradcheck.grading.answers import Answer, Ended, Facts, Foreign, Program, Unread
from gradcheck.grading.model import Limits
from gradcheck.grading.sandbox import endings
from gradcheck.grading.sandbox.clock import Clock, cpu_of
from gradcheck.grading.sandbox.inside import protocol
from gradcheck.grading.sandbox.inside.jobs import MANY
from gradcheck.grading.sandbox.peer import Peer
from gradcheck.grading.sandbox.stages import Infrastructure

_T = TypeVar("_T")
_CPU_TIMES, _CPU_MORE = 8, 10.0  # the kernel's own limit stands behind ours, for several questions
_TOGETHER, _CHUNK = 64, 1 << 18  # calls, and bytes of their arguments, that are sent in one frame
_SHEETS = 4096
_RESTARTS = 2  # of a program that does not survive its import
_NOTED, _NOTE, _PAGE = 21, 600, 4096  # notes that are kept and their characters; bytes in which files are stored


def cpu_ceiling(limits: Limits) -> int:
    """Seconds after which the kernel ends a program by itself."""
    return math.ceil(limits.cpu_seconds * _CPU_TIMES + _CPU_MORE)


class Sheets:
    """Arguments as bytes. Tuples that come again, as they do for every student of a class, are written once; nobody changes what is in them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sequence[Any], bytes]] = {}

    def of(self, arguments: Sequence[Any]) -> bytes:
        """The bytes of a call's arguments."""
        known = self._known.get(id(arguments))
        if known is not None and known[0] is arguments:
            return known[1]
        raw = [protocol.encode(argument, deep=99) for argument in arguments]
        written = protocol._SIZE.pack(len(raw)) + b"".join(protocol._SIZE.pack(len(r)) + r for r in raw)
        if len(self._known) >= _SHEETS:
            self._known.clear()
        if isinstance(arguments, tuple) and len(written) <= _CHUNK:
            self._known[id(arguments)] = arguments, written
        return written


class SandboxSession:
    """See `Session`. `start` starts the program behind new walls. `warnings` are of the program, and of cells that failed once it is imported."""

    def __init__(self, program: Program, start: Callable[[Limits], Peer], allowed: Sequence[str], sheets: Sheets | None = None) -> None:
        self._program = program
        self._sheets = sheets or Sheets()
        self._start = start
        self._allowed = tuple(allowed)
        self._limits = Limits()
        self._clock = Clock(self._limits)
        self._peer: Peer | None = None
        self._standing = self._limits
        self._imported = False
        self._stillborn: list[Ended] = []
        self._over: Ended | None = None
        self._facts: Facts | Ended | None = None
        self._printed = ""
        self.warnings: list[str] = []

    def facts(self) -> Facts | Ended:
        """See `Session`."""
        if self._facts is None:
            found = self._retried(self._ask_facts)
            if isinstance(found, Ended) and found.ending == "infrastructure error":
                return found
            if isinstance(found, Ended) and not self._stillborn:
                found = replace(
                    found,
                    ending="import error",
                    message=f"Python could not read the file: {found.message.removeprefix('the file is no Python: ')}",
                )
                self._stillborn = [found] * _RESTARTS
            self._facts = found
        return self._facts

    def begin(self, limits: Limits) -> None:
        """See `Session`."""
        peer = self._peer
        if peer is not None and (_lasting(limits) != _lasting(self._standing) or not peer.is_quiet or self._is_worn(peer, limits)):
            self._stop()
        self._limits, self._clock, self._over = limits, Clock(limits), None
        if self._peer is not None:
            self._clock.watch(self._peer.process)
            self._peer.printed = 0

    def ask(self, function: str, arguments: Sequence[Any]) -> Answer | Ended:
        """See `Session`."""
        (answer,) = self.ask_many(function, [arguments])
        return answer() if isinstance(answer, Unread) else answer

    def ask_many(self, function: str, given: Sequence[Sequence[Any]]) -> list[Unread | Ended]:
        """See `Session`."""
        answers: list[Unread | Ended] = []
        while len(answers) < len(given):
            found = self._next(function, given[len(answers) :])
            answers += [found] if isinstance(found, Ended) else found
            if isinstance(answers[-1], Ended):
                break
        return answers

    def restart(self) -> None:
        """See `Session`."""
        self._stop()

    def printed(self) -> str:
        """See `Session`."""
        text, self._printed = self._printed, ""
        return text

    def close(self) -> None:
        """See `Session`."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # asking

    def _next(self, function: str, given: Sequence[Sequence[Any]]) -> list[Unread | Ended] | Ended:
        """The first answers, at least one."""
        if self._over is not None:
            return self._over
        if len(self._stillborn) >= _RESTARTS:
            return self._stillborn[-1]
        found = self._retried(lambda: self._ask(function, given))
        if self._peer is None and isinstance(found, Ended) and found.ending != "infrastructure error":
            self._over = found
        return found

    def _retried(self, act: Callable[[], _T | Ended]) -> _T | Ended:
        """Once more where something of ours was lost."""
        answer = self._tried(act)
        if isinstance(answer, Ended) and answer.ending == "infrastructure error":
            self._stop()
            answer = self._tried(act)
        return answer

    def _tried(self, act: Callable[[], _T | Ended]) -> _T | Ended:
        try:
            return act()
        except Infrastructure as error:
            self._stop()
            return endings.failed(error)
        except _Unfit as unfit:
            self._stop()
            self._stillborn = [unfit.ended] * _RESTARTS
            return unfit.ended
        except BaseException:
            self._stop()
            raise

    def _ask_facts(self) -> Facts | Ended:
        return self._exchange(protocol.FACTS, b"", lambda reader, peer: _facts(self._texts(reader, peer)))

    def _ask(self, function: str, given: Sequence[Sequence[Any]]) -> list[Unread | Ended] | Ended:
        if self._peer is None:
            self._running()
        if not self._imported:
            noted = self._exchange(protocol.IMPORT, b"", self._texts)
            if isinstance(noted, Ended):
                if noted.ending != "infrastructure error":
                    self._stillborn += [noted] * (_RESTARTS if noted.ending == "import error" else 1)
                    self._stop()
                return noted
            self._imported = True
            self._stillborn.clear()
            self.warnings = [note[:_NOTE] for note in noted[:_NOTED]]
        bodies, size = list[bytes](), 0
        for arguments in given[:_TOGETHER]:
            bodies.append(self._sheets.of(arguments))
            size += len(bodies[-1])
            if size > _CHUNK:
                break
        body = protocol.text_bytes(function) + protocol._SIZE.pack(len(bodies)) + b"".join(bodies)
        return self._exchange(protocol.CALLS, body, partial(self._answers, len(bodies)))

    # the program

    def _running(self) -> Peer:
        if self._peer is None:
            if not _fits(self._program, self._limits):
                raise _Unfit(endings.too_much_handed_in(self._limits))
            peer = self._start(self._limits)
            self._peer, self._standing, self._imported = peer, self._limits, False
            self._clock.watch(peer.process)
            taken = self._exchange(protocol.PROGRAM, self._handed_over(), self._texts, ours=True)
            if isinstance(taken, Ended):
                raise _Unfit(taken)
        return self._peer

    def _handed_over(self) -> bytes:
        program = self._program
        stated = {
            "main": program.main, "cells": None if program.cells is None else list(program.cells), "files": list(program.files),
            "allowed": self._allowed, "most": self._limits.result_mb << 20,
        }  # fmt: skip
        contents = b"".join(protocol._SIZE.pack(len(content)) + content for content in program.files.values())
        return protocol.text_bytes(json.dumps(stated)) + contents

    def _exchange(self, kind: int, body: bytes, read: Callable[[protocol.Reader, Peer], _T], *, ours: bool = False) -> _T | Ended:
        """A question and its answer, read strictly; whoever gives none that can be read is ended."""
        peer = self._peer or self._running()
        answers = (protocol.VALUES if kind == protocol.CALLS else protocol.DONE, protocol.ENDED)
        found = peer.exchange(kind, body, answers, self._limits, self._clock)
        if not isinstance(found, Ended):
            try:
                return self._read(found, read, peer)
            except protocol.ProtocolError as error:
                found = endings.out_of_frame(error)
        self._stop()
        if ours and found.ending != "output limit":
            raise Infrastructure(f"a program could not be handed over: {found.message}; {peer.text()[-300:]}")
        return replace(found, printed=peer.text())

    def _read(self, found: tuple[int, bytes], read: Callable[[protocol.Reader, Peer], _T], peer: Peer) -> _T | Ended:
        kind, body = found
        reader = protocol.Reader(body, _foreign)
        if kind != protocol.ENDED:
            value = read(reader, peer)
            reader.end()
            return value
        said = _said(reader)
        return replace(said, printed=peer.text())

    @staticmethod
    def _texts(reader: protocol.Reader, peer: Peer) -> tuple[str, ...]:
        return tuple(reader.text() for _ in range(reader.size(protocol.ITEMS)))

    def _answers(self, most: int, reader: protocol.Reader, peer: Peer) -> list[Unread | Ended]:
        """The answers of a frame: as many as were asked for, or fewer."""
        found: list[Unread | Ended] = []
        while reader.left and len(found) < most:
            raw = bytes(reader.take(reader.size()))
            if raw[:1] == protocol.ANSWERED:
                found.append(Unread(raw, _answer))
                continue
            if raw[:1] != protocol.FAILED or reader.left:
                raise protocol.ProtocolError("an answer of no known kind")
            found.append(replace(_said(protocol.Reader(raw[1:])), printed=peer.text()))
        if not found:
            raise protocol.ProtocolError("a frame without an answer")
        self._printed += peer.text()
        return found

    def _is_worn(self, peer: Peer, limits: Limits) -> bool:
        """Whether the kernel's own limit would end it within the next question."""
        used = cpu_of(peer.process)
        return math.isnan(used) or used + limits.cpu_seconds + 1 > cpu_ceiling(self._standing)

    def _stop(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


class _Unfit(Exception):  # noqa: N818 - it is an outcome
    """Files that cannot be stored where the program runs, through no fault of ours."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.message)
        self.ended = ended


def _fits(program: Program, limits: Limits) -> bool:
    """Whether the files handed in leave room in the program's folder."""
    folders = {parent for name in program.files for parent in PurePosixPath(name).parents}
    stored = sum(-(-len(content) // _PAGE) * _PAGE for content in program.files.values())
    return stored <= limits.file_mb << 20 and len(program.files) + len(folders) < MANY


def _foreign(type_name: str, text: str) -> Foreign:
    return Foreign(type_name[:80], text[:200])


def _lasting(limits: Limits) -> tuple[int, ...]:
    """What holds as long as a process lives."""
    return limits.memory_mb, limits.processes, limits.open_files, limits.file_mb, limits.result_mb


def _said(reader: protocol.Reader) -> Ended:
    """The ending that a program states of a call."""
    line = reader.size(1 << 31)
    said = endings.said(reader.text(), reader.text(), *(reader.text(), line))
    reader.end()
    if said is None:
        raise protocol.ProtocolError("an ending that a program may not state")
    return said


def _answer(raw: bytes) -> Answer | Ended:
    """An answer as it came."""
    reader = protocol.Reader(raw[1:], Foreign)
    try:
        changed = tuple(reader.size() for _ in range(reader.size(1000)))
        notes = tuple(reader.text()[:80] for _ in range(reader.size(16)))
        value = reader.value()
        reader.end()
    except protocol.ProtocolError as error:
        return endings.out_of_frame(error)
    return Answer(value, changed, notes)


def _facts(texts: tuple[str, ...]) -> Facts:
    try:
        imports, functions, constant, shape, steps = (tuple(text.split("\n")) if text else () for text in texts)
        found = {name: tuple(map(float, values.split())) for name, _, values in (row.partition(" ") for row in steps)}
    except ValueError:
        raise protocol.ProtocolError("facts of no known kind") from None
    return Facts(imports, functions, constant, "".join(shape), found)
