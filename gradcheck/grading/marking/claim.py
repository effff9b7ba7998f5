"""A student's function as the verdicts call it: numbers from behind the walls, told apart from how it ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.grading.answers import Answer, Ended
from gradcheck.grading.marking.points import Prepared, Spot
from gradcheck.grading.marking.reading import read_answer

Ask = Callable[[tuple[Any, ...]], "Answer | Ended"]


class NoAnswerError(ArithmeticError):
    """The student's function gave no answer at a point that only the marking looks at."""


class Stopped(BaseException):
    """The student's program ended for good: no code that goes on after errors may go on after this."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.message)
        self.ended = ended


class Claim:
    """The answers at one spot as a gradient: by name, those asked for before from the table, others when they are needed.

    Verdicts and diagnosis call it as they would the function itself. It takes plain arrays of floats only, so that no
    object of ours, and nothing that is traced, goes through the walls.
    """

    def __init__(self, prepared: Prepared, spot: Spot, table: list[Answer], ask: Ask, chosen: tuple[str, ...]) -> None:
        self.prepared, self.spot, self.table, self.ask, self.chosen = prepared, spot, table, ask, chosen
        self.__name__ = prepared.question.function
        self.calls = 0

    def __call__(self, *arguments: Any) -> dict[str, Any]:
        given = tuple(_plain(a) for a in arguments)
        found = read_answer(self._answered(given).value, self.prepared, self.spot).fitting()
        if any(name not in found for name in self.chosen):
            raise NoAnswerError("the answer has another form here")
        arguments_named = {n: found[n] for n in self.chosen}
        return arguments_named | {n: p for n, p in found.items() if n not in self.prepared.names and n != "value"}

    def _answered(self, given: tuple[Any, ...]) -> Answer:
        if len(given) == len(self.spot.problem.arguments) and _same(given, self.spot.problem.arguments):
            self.calls += 1
            return self.table[(self.calls - 1) % len(self.table)]
        answer = self.ask((*given, *self.spot.extra))
        if isinstance(answer, Ended):
            raise NoAnswerError(answer.message)
        return answer


def _plain(argument: Any) -> Any:
    """Arguments as they go through the walls."""
    if isinstance(argument, np.ndarray):
        if type(argument) is not np.ndarray or argument.dtype.kind not in "fiub" or argument.dtype.itemsize > 8:
            raise NoAnswerError(f"arrays of {argument.dtype} are not sent")
        return argument
    if isinstance(argument, np.generic):
        if argument.dtype.itemsize > 8:
            raise NoAnswerError(f"numbers of {argument.dtype} are not sent")
        return argument
    if argument is None or isinstance(argument, bool | int | float | str | list | tuple | dict):
        return argument
    raise NoAnswerError(f"{type(argument).__name__} is not sent")


def _same(given: tuple[Any, ...], own: tuple[Any, ...]) -> bool:
    return all(
        a is b or (np.shape(a) == np.shape(b) and np.asarray(a).tobytes() == np.asarray(b).tobytes())
        for a, b in zip(given, own, strict=True)
    )
