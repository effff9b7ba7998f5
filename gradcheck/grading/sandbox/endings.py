"""How a program ended, in words for the student."""

from __future__ import annotations

import os
import signal

from gradcheck.grading.answers import Ended, Ending
from gradcheck.grading.model import Limits

SAID: frozenset[str] = frozenset(("missing", "import error", "exception", "memory", "output limit"))
"""What a program may say of itself; everything else is seen from outside."""


def timed_out(limits: Limits, why: str) -> Ended:
    """Too much of the processor's time ("cpu") or of the wall's. Which of them ends first may depend on the machine's load, so the student is told of both."""
    message = (
        f"did not end within {limits.cpu_seconds:g} s of computing, {limits.wall_seconds:g} s in all; look for a loop that does not end"
    )
    return Ended("time-out", message, why)


def too_much_printed(limits: Limits) -> Ended:
    """More text than is read."""
    return Ended("output limit", f"printed more than {limits.printed_kb} kB; remove the prints", "printed")


def too_much_written(limits: Limits) -> Ended:
    """More files than there is room for."""
    return Ended("output limit", f"wrote more than {limits.file_mb} MB, or thousands of files", "files")


def too_much_handed_in(limits: Limits) -> Ended:
    """Files that fill the program's folder before it runs."""
    return Ended("output limit", f"the files handed in take more than {limits.file_mb} MB: hand in only what you wrote", "files")


def too_large(limits: Limits) -> Ended:
    """A larger answer than is read."""
    return Ended("output limit", f"the answer is larger than {limits.result_mb} MB", "result")


def out_of_frame(what: object) -> Ended:
    """Bytes that answer no question."""
    return Ended("protocol error", f"the program wrote where only answers go: {what}", "frame")


def failed(what: object) -> Ended:
    """Ours."""
    return Ended("infrastructure error", f"{what}")


def crashed(status: int) -> Ended:
    """From what the kernel says of the process."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in signal.valid_signals() and number < 32 else f"signal {number}"
        return Ended("crash", f"the program crashed ({name})", name)
    return Ended("crash", "the program ended itself before it answered", "exit")


def closed() -> Ended:
    """It lives, but its line is closed."""
    return Ended("protocol error", "the program closed the line that its answers go through", "closed")


def said(ending: str, message: str, why: str, line: int) -> Ended | None:
    """What a program says of itself; None where it may not say that."""
    if ending not in SAID:
        return None
    kind: Ending = next(name for name in ("missing", "import error", "exception", "memory", "output limit") if name == ending)
    return Ended(kind, " ".join(message.split())[:500], why[:80], line or None)
