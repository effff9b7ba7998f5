"""Marks remembered by answers: who answers alike is marked alike, at once.

Marking is a function of the answers alone: what is asked next follows from what was answered before. So the marks of a question form a tree: at each node what is
asked, at each branch an answer, at each leaf a mark. A submission is asked along the tree; where it answers as another did to the end, the mark is that one's.
Nothing is taken for granted of answers that were not given, so a mark is the same whoever was marked before, and whichever process marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.grading.answers import Answer, Ended, Foreign
from gradcheck.grading.results import QuestionMark

LARGEST = 20_000  # nodes that are kept
Ask = Callable[[tuple[Any, ...]], "Answer | Ended"]


@dataclass(slots=True)
class _Node:
    """What is asked here and where each answer leads; or the mark at the end."""

    asked: tuple[Any, ...] | None = None
    branches: dict[bytes, _Node] = field(default_factory=dict)
    mark: QuestionMark | None = None


@dataclass(slots=True)
class Memory:
    """The trees of all questions; forgotten as a whole when they grow large."""

    trees: dict[Any, _Node] = field(default_factory=dict)
    nodes: int = 0

    def mark(self, key: Any, ask: Ask, marking: Callable[[Ask], QuestionMark]) -> QuestionMark:
        """The mark that `marking(ask)` gives; worked out only where no one has answered alike. `key` tells questions, and all else the mark depends on, apart."""
        if self.nodes > LARGEST:
            self.trees, self.nodes = {}, 0
        replay = _Replay(ask)
        node = self.trees.setdefault(key, _Node())
        while node.asked is not None:
            branch = node.branches.get(digest(replay.ask(node.asked)))
            if branch is None:
                break
            node = branch
        if node.mark is not None:
            return node.mark
        mark = marking(replay.again)
        self._keep(self.trees[key], replay.path, mark)
        return mark

    def _keep(self, node: _Node, path: list[tuple[tuple[Any, ...], Answer | Ended]], mark: QuestionMark) -> None:
        for asked, answer in path:
            if node.asked is None:
                node.asked = asked
                self.nodes += 1
            node = node.branches.setdefault(digest(answer), _Node())
        node.mark = mark


@dataclass(slots=True)
class _Replay:
    """The answers so far, given again to whoever asks in the same order, and then the student's own."""

    live: Ask
    path: list[tuple[tuple[Any, ...], Answer | Ended]] = field(default_factory=list)
    given: int = 0

    def ask(self, arguments: tuple[Any, ...]) -> Answer | Ended:
        answer = self.live(arguments)
        self.path.append((tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments), answer))
        return answer

    def again(self, arguments: tuple[Any, ...]) -> Answer | Ended:
        if self.given < len(self.path):
            self.given += 1
            return self.path[self.given - 1][1]
        self.given += 1
        return self.ask(arguments)


def digest(answer: Answer | Ended) -> bytes:
    """Tells answers apart by all that marking looks at: not by what was printed."""
    found = hashlib.sha256()
    if isinstance(answer, Ended):
        _add(found, ("ended", answer.ending, answer.message, answer.why, answer.line))
    else:
        _add(found, ("answer", answer.value, answer.changed, answer.notes))
    return found.digest()


def _add(found: Any, value: Any) -> None:
    """A value with its type and structure, so that none can be taken for another."""
    if isinstance(value, np.ndarray):
        found.update(f"array {value.dtype.str} {value.shape} ".encode())
        found.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, np.generic):
        found.update(f"{type(value).__name__} ".encode() + value.tobytes())
    elif isinstance(value, Mapping):
        found.update(f"dict {len(value)} ".encode())
        for key, item in value.items():
            _add(found, key)
            _add(found, item)
    elif isinstance(value, list | tuple):
        found.update(f"{type(value).__name__} {len(value)} ".encode())
        for item in value:
            _add(found, item)
    elif isinstance(value, Foreign):
        _add(found, ("foreign", value.type, value.text))
    else:
        text = (value.hex() if type(value) is float else repr(value)).encode("utf-8", "surrogatepass")
        found.update(f"{type(value).__name__} {len(text)} ".encode() + text)
