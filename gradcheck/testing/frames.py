"""What a person sees of an error that their own function raised while it was checked: their frames, none of ours."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TypeVar

OURS = Path(__file__).parents[1]
Raised = TypeVar("Raised", bound=BaseException)


def without_ours(error: Raised) -> Raised:
    """The error without the frames between a test and its function. One raised by us keeps all: there they help."""
    frames: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if not frames or _ours(frames[-1]):
        return error
    kept: TracebackType | None = None
    for frame in reversed(frames):
        if not _ours(frame):
            kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return error.with_traceback(kept)


def _ours(trace: TracebackType) -> bool:
    return OURS in Path(trace.tb_frame.f_code.co_filename).parents
