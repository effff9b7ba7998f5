"""Marks remembered by answers: who answers alike is marked alike, at once.

Marking is a function of the answers alone: what is asked next follows from what was answered before. So the marks of a question form a tree: at each node what is
asked, at each branch an answer, at each leaf a mark. A submission is asked along the tree; where it answers as another did to the end, the mark is that one's.
Nothing is taken for granted of answers that were not given, so a mark is the same whoever was marked before, and whichever process marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradcheck.grading.answers import Answer, Ended, Foreign, Unread
from gradcheck.grading.results import QuestionMark

LARGEST = 20_000  # nodes that are kept
Given = tuple[Any, ...]
Said = Answer | Unread | Ended
Ask = Callable[[Given], "Answer | Ended"]


class Asker(Protocol):
    """A student's program that answers several questions at once, and can be started anew."""

    def many(self, given: Sequence[Given]) -> Sequence[Said]:
        """The answers in turn; an ending is the last."""
        ...

    def read(self, answer: Unread) -> Answer | Ended:
        """An answer, once its numbers are needed."""
        ...

    def restart(self) -> None:
        """Nothing it remembers stays."""
        ...


@dataclass(slots=True)
class _Node:
    """What is asked here and where each answer leads; or the mark at the end. `latest` is the branch that was made last."""

    asked: Given | None = None
    branches: dict[bytes, _Node] = field(default_factory=dict)
    latest: _Node | None = None
    mark: QuestionMark | None = None


@dataclass(slots=True)
class Memory:
    """The trees of all questions; forgotten as a whole when they grow large."""

    trees: dict[Any, _Node] = field(default_factory=dict)
    nodes: int = 0

    def mark(self, key: Any, asker: Asker, opening: Sequence[Given], marking: Callable[[Ask], QuestionMark]) -> QuestionMark:
        """The mark that `marking(ask)` gives; worked out only where no one has answered alike.

        `key` tells questions, and all else the mark depends on, apart. `opening` is what is asked first, whatever is answered.
        """
        if self.nodes > LARGEST:
            self.trees, self.nodes = {}, 0
        tree = self.trees.setdefault(key, _Node())
        replay = _Replay(asker)
        replay.extend(opening)
        node = _followed(tree, replay.path)
        if node is not None and node.mark is None:
            self._guess(node, replay)
            node = _followed(tree, replay.path)
            if node is None or node.mark is None:  # it was asked what it need not have been asked: once more, from the start
                asker.restart()
                replay = _Replay(asker)
                replay.extend(opening)
        if node is not None and node.mark is not None:
            return node.mark
        mark = marking(replay.again)
        self._keep(tree, replay.path, mark)
        return mark

    def _guess(self, node: _Node, replay: _Replay) -> None:
        """Ask all at once what was asked of the last one who answered so far like this one."""
        given: list[Given] = []
        while node.asked is not None and node.latest is not None:
            given.append(node.asked)
            node = node.latest
        replay.extend(given)

    def _keep(self, node: _Node, path: Sequence[tuple[Given, Said]], mark: QuestionMark) -> None:
        for asked, answer in path:
            if node.asked is None:
                node.asked = asked
                self.nodes += 1
            node.latest = node.branches.setdefault(digest(answer), _Node())
            node = node.latest
        node.mark = mark


def _followed(node: _Node, path: Sequence[tuple[Given, Said]]) -> _Node | None:
    """The node that answers lead to; None where one of them is new."""
    for _, answer in path:
        branch = node.branches.get(digest(answer))
        if branch is None:
            return None
        node = branch
    return node


@dataclass(slots=True)
class _Replay:
    """The answers so far, given again to whoever asks in the same order, and then the student's own."""

    asker: Asker
    path: list[tuple[Given, Said]] = field(default_factory=list)
    given: int = 0

    def extend(self, given: Sequence[Given]) -> None:
        """Ask for these too, which nobody changes."""
        if given and not (self.path and isinstance(self.path[-1][1], Ended)):
            self.path += zip(given, self.asker.many(given), strict=False)

    def again(self, arguments: Given) -> Answer | Ended:
        """The next answer in turn."""
        if self.given == len(self.path):
            kept = _kept(arguments)
            self.path.append((kept, self.asker.many([kept])[0]))
        self.given += 1
        answer = self.path[self.given - 1][1]
        return self.asker.read(answer) if isinstance(answer, Unread) else answer


def _kept(arguments: Given) -> Given:
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


def digest(answer: Said) -> bytes:
    """Tells answers apart by all that marking looks at: not by what was printed."""
    found = hashlib.sha256()
    if isinstance(answer, Unread):
        return hashlib.sha256(b"raw " + answer.raw).digest()
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
