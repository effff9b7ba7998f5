"""Work in several processes at once: children of this one, so that functions and data need not be sent to them, only results back.

Where the system cannot fork (Windows) or one process is asked for, the work is done here, one item after the other, with the same results.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lost:
    """An item whose process ended without a result, and how: "was ended by signal 9 (Killed)"."""

    how: str


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception on its way from a child to whoever asked for the work."""

    error: BaseException


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether children can be made that share what this process holds."""
    return "fork" in multiprocessing.get_all_start_methods()


def in_order(
    work: Callable[[int], T], count: int, *, processes: int, started: Callable[[int], None] = lambda item: None, apart: bool = False
) -> Iterator[T | Lost]:
    """The results of work(0), work(1), ... in order, made by so many processes; `started` is told here of each item that is begun.

    Results are pickled. An exception that `work` raises is raised here, and ends the rest. A process that dies costs its own item, which
    is `Lost`; another takes its place.
    """
    waiting: dict[int, T | Lost] = {}
    turn = 0
    for item, result in as_finished(work, range(count), processes=processes, started=started, apart=apart):
        waiting[item] = result
        while turn in waiting:
            yield waiting.pop(turn)
            turn += 1


def as_finished(
    work: Callable[[int], T],
    items: Sequence[int],
    *,
    processes: int,
    started: Callable[[int], None] = lambda item: None,
    apart: bool = False,
    ending: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, T | Lost]]:
    """The same, for some items, each with its result as soon as it is there.

    With one process, or one item, the work is done here, unless it is to be done `apart`, so that it cannot end this process. Children
    call `ending` when there is no more for them to do.
    """
    if ((processes <= 1 or len(items) <= 1) and not apart) or not items or not can_fork():
        for item in items:
            started(item)
            yield item, work(item)
        return
    with _crew(_Crew(work, min(processes, len(items)), items, started, ending)) as crew:
        done = 0
        while done < len(items):
            finished = crew.next()
            done += len(finished)
            yield from finished.items()


@contextmanager
def _crew(crew: _Crew[T]) -> Iterator[_Crew[T]]:
    try:
        yield crew
    finally:
        crew.dismiss()


@dataclass(slots=True)
class _Worker:
    """A child, the line to it, and the item it works on."""

    process: Any
    line: Connection
    item: int | None = None


class _Crew(Generic[T]):
    """Children that take one item after another."""

    def __init__(
        self, work: Callable[[int], T], size: int, items: Sequence[int], started: Callable[[int], None], ending: Callable[[], None]
    ) -> None:
        self.work, self.started, self.ending = work, started, ending
        self.left = iter(items)
        self.workers: list[_Worker] = []
        for _ in range(size):
            self._hire()

    def next(self) -> Mapping[int, T | Lost]:
        """What is finished, once something is."""
        lines = {w.line: w for w in self.workers if w.item is not None}
        return dict(self._take(lines[line]) for line in wait(list(lines)) if isinstance(line, Connection))

    def dismiss(self) -> None:
        """End every child: one that waits is let go, one that works is stopped."""
        for worker in self.workers:
            if worker.item is None and worker.process.is_alive():
                with suppress(OSError):
                    worker.line.send(None)
            else:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.line.close()

    def _hire(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=_serve, args=(self.work, self.ending, theirs, ours))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads: NumPy's keep no lock while nothing is computed
            warnings.filterwarnings(
                "ignore", r"os\.fork\(\) was called", RuntimeWarning
            )  # of JAX's threads: no child of ours calls it then
            process.start()
        theirs.close()  # so that the line ends when the child does
        worker = _Worker(process, ours)
        self.workers.append(worker)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        worker.item = next(self.left, None)
        if worker.item is not None:
            self.started(worker.item)
            with suppress(OSError):  # it has died meanwhile: its line ends, and the item is lost
                worker.line.send(worker.item)

    def _take(self, worker: _Worker) -> tuple[int, T | Lost]:
        item = worker.item
        assert item is not None
        try:
            result = worker.line.recv()
        except (EOFError, OSError):
            return item, self._replace(worker)
        if isinstance(result, Raised):
            raise result.error
        self._give(worker)
        return item, result

    def _replace(self, worker: _Worker) -> Lost:
        worker.process.join()
        worker.line.close()
        self.workers.remove(worker)
        self._hire()
        return Lost(ended(worker.process.exitcode))


def ended(code: int) -> str:
    """How a process ended, by its exit code, in words that follow it."""
    return f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with exit code {code}"


def _serve(work: Callable[[int], Any], ending: Callable[[], None], line: Connection, other_end: Connection) -> None:
    """What a child does: an item in, its result out, until the line ends."""
    other_end.close()
    try:
        while (item := _received(line)) is not None:
            try:
                message = packed(work(item))
            except KeyboardInterrupt:
                return
            except Exception as error:  # told to whoever asked for the work
                message = packed(Raised(error))
            line.send_bytes(message)
    finally:
        ending()


def _received(line: Connection) -> int | None:
    """The next item; None where there is none."""
    try:
        item: int | None = line.recv()
    except (EOFError, KeyboardInterrupt):
        return None
    return item


def packed(result: Any) -> bytes:
    """A result, or what was raised in its place, as it goes between processes."""
    try:
        data = pickle.dumps(result)
        if isinstance(result, Raised):
            pickle.loads(data)  # noqa: S301  our own; some exceptions go in and don't come out
        return data
    except Exception as error:
        if isinstance(result, Raised):
            return pickle.dumps(Raised(RuntimeError(f"{type(result.error).__name__}: {result.error}")))
        return pickle.dumps(Raised(TypeError(f"a result cannot be sent between processes: {error}")))
