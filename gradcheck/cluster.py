"""Work on a Dask cluster that is running already: payloads go to its workers, results come back, and what is lost with a worker is done again.

Nothing but plain data and names of functions is sent: gradcheck must be installed where the workers run, in the same version, with the same versions of what computes.
Every worker does the work in child processes of its own (see `apart`), one for each of its threads.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import pickle
import queue
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gradcheck.apart import Crew, Spec
from gradcheck.errors import UsageError
from gradcheck.parallel import Lost, Raised

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
REACHED = 10.0  # seconds for the scheduler to answer, and for the first worker to be there
PATIENCE = 60.0  # seconds to wait for workers where all have gone
TICK = 0.5  # seconds between looks at the workers
AHEAD = 2  # payloads sent for each thread of a worker: one is worked at, one waits
ATTEMPTS = 3  # times that a payload is sent again where the cluster gave it up for no fault of its own
COMPUTING = ("numpy", "scipy", "sympy", "python-flint", "pandas")
Say = Callable[[str], None]


@cache
def versions() -> Mapping[str, str]:
    """What the results of this process rest on: Python, gradcheck with a digest of its source, the packages that compute."""
    from importlib.metadata import PackageNotFoundError, version

    import gradcheck

    def known(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "none"

    source = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("*.py")):
        source.update(f"{file.relative_to(folder).as_posix()}\n".encode() + file.read_bytes())
    python = ".".join(map(str, sys.version_info[:2]))
    own = f"{gradcheck.__version__} (source {source.hexdigest()[:12]})"
    return {"Python": python, "gradcheck": own, **{p: known(p) for p in COMPUTING}}


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """In which versions a worker differs, in words: "NumPy 2.3 there, 2.4 here"; "" where in none."""
    return ", ".join(f"{name} {there.get(name, 'none')} there, {known} here" for name, known in here.items() if there.get(name) != known)


@contextmanager
def connected(address: str, *, say: Say = lambda line: None, advice: str = "", patience: float = PATIENCE) -> Iterator[Cluster]:
    """The cluster whose scheduler listens at an address such as tcp://10.0.0.1:8786, for as long as the context lasts.

    `say` is told what there is to wait for, `advice` ends the message where all workers are gone for longer than `patience` seconds. UsageError, in one line, where the
    extra `dask` is missing, nobody answers within some ten seconds, no worker is there, or one has other versions than this process.
    """
    client = _client(address)
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:  # what they say of lost connections is said here, once
        logger.setLevel(logging.CRITICAL)
    try:
        cluster = Cluster(address, client, say, advice, patience)
        cluster.check()
        yield cluster
    finally:
        with suppress(Exception), _quietly():
            client.close(timeout=5)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _client(address: str) -> Client:
    try:
        with _quietly():
            from distributed import Client
    except ImportError as error:
        raise UsageError(f"--dask {address}: needs the extra `dask`: pip install 'gradcheck[dask]'") from error
    scheme, separator, place = address.partition("://")
    host, colon, port = place.rpartition(":")
    if not (scheme and separator and host and colon and port.isdecimal()):
        raise UsageError(f"--dask {address}: expected the address of a Dask scheduler, such as tcp://10.0.0.1:8786")
    try:
        with _quietly():
            return Client(address, timeout=REACHED, set_as_default=False)
    except ValueError as error:
        raise UsageError(f"--dask {address}: {error}: expected an address such as tcp://10.0.0.1:8786") from error
    except OSError as error:
        raise UsageError(
            f"--dask {address}: no Dask scheduler answers there: start one with `dask scheduler`, or look at the address"
        ) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Warnings of the library are no news to whoever grades: of other versions we tell ourselves, large payloads are meant to be."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado|asyncio)\b.*")
        warnings.filterwarnings("ignore", message="Sending large graph")
        warnings.filterwarnings("ignore", message=r"[\s\S]*Mismatched versions found")
        yield


@dataclass(slots=True, eq=False)
class _Sent(Generic[T]):
    """A payload that is out, and how often it was sent."""

    item: int
    payload: bytes
    times: int = 1


@dataclass(slots=True, eq=False)
class Cluster:
    """A running cluster; see `connected`."""

    address: str
    client: Client
    say: Say
    advice: str = ""
    patience: float = PATIENCE
    _told: bool = field(default=False, init=False)

    def check(self) -> None:
        """UsageError where no worker is there, or one does not fit."""
        try:
            self.client.wait_for_workers(1, timeout=REACHED)
            found = self.client.sync(self.client._run, versions, on_error="return", callback_timeout=2 * REACHED)
        except (OSError, TimeoutError) as error:
            raise UsageError(f"--dask {self.address}: no worker is there: start some with `dask worker {self.address}`") from error
        for worker, there in sorted(found.items()):
            if isinstance(there, Exception):
                raise UsageError(
                    f"--dask {self.address}: worker {worker} cannot work for gradcheck: {type(there).__name__}: {there}: install it there"
                )
            if why := differing(versions(), there):
                raise UsageError(f"--dask {self.address}: worker {worker} differs: {why}: results would too: install the same versions")

    def as_finished(
        self,
        function: Callable[[Any, Any], T],
        payloads: Iterable[Any],
        *,
        prepare: Callable[[Any], AbstractContextManager[Any]] = nullcontext,
        common: Any = None,
        started: Callable[[int], None] = lambda item: None,
        most: int | None = None,
    ) -> Iterator[tuple[int, T | Lost]]:
        """The results of `function(held, payload)`, by the number of the payload, each as soon as it is there.

        `function` and `prepare` are functions of modules; the context `prepare(common)` gives `held`, once in every process that works. Payloads are plain data, read as
        they are sent: no more than `most` are out at a time (two for each thread of the cluster's). An exception that `function` raises is raised here, and
        ends the rest. A payload is sent again when its worker dies, as often as the cluster's setting `allowed-failures` has it, and then `Lost`; at
        once where it ends the child process that it is worked at in. UsageError where all workers are gone, and none comes back.
        """
        batch: _Batch[T] = _Batch(self, function, prepare, common, most)
        try:
            for item, payload in enumerate(payloads):
                while batch.full():
                    yield from batch.next()
                started(item)
                batch.send(_Sent(item, pickle.dumps(payload)))
            while batch.out:
                yield from batch.next()
        finally:
            batch.end()

    def threads(self) -> int:
        """How many pieces of work the cluster does at a time; 0 where it cannot be reached, or has no worker."""
        try:
            return sum(self.client.sync(self.client.scheduler.ncores, callback_timeout=5).values())
        except Exception:  # whatever a lost connection raises
            return 0


class _Batch(Generic[T]):
    """The payloads that are out, and the results that have come."""

    def __init__(self, cluster: Cluster, function: Any, prepare: Any, common: Any, most: int | None) -> None:
        self.cluster, self.client, self.most = cluster, cluster.client, most
        self.out: dict[Future, _Sent[T]] = {}
        self.done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self.name = f"gradcheck-{uuid.uuid4().hex[:12]}"
        self.spec = Spec(function, prepare, self.name)
        self.limit, self.looked, self.absent = 1, 0.0, 0.0
        self.given = pickle.dumps(common)
        self.common = self._give()

    def _give(self) -> Future:
        """What is common to all payloads: a task, not scattered data, so that it is made again where its worker dies."""
        with _quietly():
            return self.client.submit(_given, self.given, key=f"{self.name}-common-{uuid.uuid4().hex[:6]}", pure=False)

    def full(self) -> bool:
        """Whether as much is out as may be."""
        self._look()
        return len(self.out) >= self.limit

    def send(self, sent: _Sent[T]) -> None:
        """Have a payload worked at."""
        with _quietly():
            key = f"{self.name}-{sent.item}-{sent.times}"
            future = self.client.submit(_on_worker, self.spec, dict(versions()), self.common, sent.payload, key=key, pure=False)
        self.out[future] = sent
        future.add_done_callback(self.done.put)

    def next(self) -> list[tuple[int, T | Lost]]:
        """What has come, within a moment; perhaps nothing."""
        try:
            future = self.done.get(timeout=TICK)
        except queue.Empty:
            self._look()
            return []
        sent = self.out.get(future)
        if sent is None:
            return []
        result = self._result(future, sent)
        if result is None:
            return []
        return [(sent.item, result)]

    def _result(self, future: Future, sent: _Sent[T]) -> T | Lost | None:
        """The result; None where it is still to come: its worker died before it could be fetched, or the cluster forgot it."""
        from distributed import KilledWorker
        from distributed.client import CancelledError

        try:
            result = future.result(timeout=REACHED)
        except TimeoutError:
            future.add_done_callback(self.done.put)
            self._look()
            return None
        except KilledWorker as error:
            result = Lost(f"was lost with its worker, and so were those that tried again (the last was {error.last_worker.address})")
        except CancelledError:
            return self._again(future, sent)
        except Exception as error:
            result = Lost(f"could not be done on the cluster: {type(error).__name__}: {error}")
        del self.out[future]
        if isinstance(result, Raised):
            raise result.error
        return result  # type: ignore[no-any-return]

    def _again(self, future: Future, sent: _Sent[T]) -> Lost | None:
        del self.out[future]
        self._look(now=True)
        if sent.times > ATTEMPTS:
            return Lost("was given up by the cluster")
        if self.common.status in ("cancelled", "lost", "error"):  # the scheduler was started anew, and knows nothing
            self.common = self._give()
        self.send(_Sent(sent.item, sent.payload, sent.times + 1))
        return None

    def _look(self, *, now: bool = False) -> None:
        """See how many work. UsageError where nobody has for too long."""
        if not now and time.monotonic() - self.looked < 2 * TICK:
            return
        threads, self.looked = self.cluster.threads(), time.monotonic()
        self.limit = self.most or max(1, AHEAD * threads)
        if threads:
            self.absent = 0.0
            return
        if not self.absent:
            self.absent = self.looked
            self.cluster.say(f"no worker is left at {self.cluster.address}: waiting {self.cluster.patience:g} seconds for one")
        elif self.looked - self.absent > self.cluster.patience:
            raise UsageError(
                f"--dask {self.cluster.address}: all workers are gone, and none came for {self.cluster.patience:g} seconds: start some{self.cluster.advice}"
            )

    def end(self) -> None:
        """Nothing of it is begun any more; what is being worked at is not waited for."""
        with suppress(Exception), _quietly():
            self.client.sync(self.client._cancel, [*self.out, self.common], callback_timeout=5)
        self.out.clear()


def _given(common: bytes) -> bytes:
    return common


def _on_worker(spec: Spec, expected: Mapping[str, str], common: bytes, payload: bytes) -> Any:
    """What a worker's thread does with a payload. A worker that has joined since, with other versions, does nothing."""
    from distributed import get_worker

    worker = get_worker()
    if why := differing(expected, versions()):
        return Raised(UsageError(f"worker {worker.address}, which has joined since, differs: {why}: install the same versions there"))
    return _crew(f"{worker.name}" if str(worker.name) == worker.address else f"{worker.name} ({worker.address})").do(spec, common, payload)


@cache
def _crew(where: str) -> Crew:
    """The children of this worker's process, which end with it."""
    crew = Crew(where)
    atexit.register(crew.dismiss)
    return crew
