"""Marks remembered by answers: who answers alike is marked alike, at once.

Marking is a function of the answers alone: what is asked next follows from what was answered before. So the marks of a question form a tree: at each node what is
asked, at each branch an answer, at each leaf a mark. A submission is asked along the tree; where it answers as another did to the end, the mark is that one's.
Nothing is taken for granted of answers that were not given, so a mark is the same whoever was marked before, and whichever process marks.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradcheck.grading.answers import Answer, Ended, Foreign, Unread
from gradcheck.grading.results import QuestionMark

LARGEST = 20_000  # nodes that are kept
TOGETHER, MOST_HELD = 64, 1 << 24  # answers asked for at once, bytes of those that nobody has looked at yet
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
            if node is None:  # it was asked what it need not have been asked: once more, from the start
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

    def _keep(self, node: _Node, path: Sequence[tuple[Given, bytes]], mark: QuestionMark) -> None:
        for asked, answer in path:
            if node.asked is None:
                node.asked = asked
                self.nodes += 1
            node.latest = node.branches.setdefault(answer, _Node())
            node = node.latest
        node.mark = mark


def _followed(node: _Node, path: Sequence[tuple[Given, bytes]]) -> _Node | None:
    """The node that answers lead to; None where one of them is new, or answers another question."""
    for asked, answer in path:
        if node.asked is not None and not _same(asked, node.asked):
            return None
        branch = node.branches.get(answer)
        if branch is None:
            return None
        node = branch
    return node


@dataclass(slots=True)
class _Replay:
    """The answers so far, given again to whoever asks in the same order, and then the student's own.

    Of the path only digests are kept; `ahead` are answers that nobody has asked for again yet.
    """

    asker: Asker
    path: list[tuple[Given, bytes]] = field(default_factory=list)
    ahead: deque[Said] = field(default_factory=deque)
    held: int = 0
    largest: int = 0
    ended: bool = False

    def extend(self, given: Sequence[Given]) -> None:
        """Ask for these too, which nobody changes; not for all where the answers are large."""
        taken = 0
        while taken < len(given) and not self.ended and self.held <= MOST_HELD:
            asked = given[taken : taken + min(TOGETHER, 1 + MOST_HELD // (1 + self.largest))]
            for arguments, answer in zip(asked, self.asker.many(asked), strict=False):
                self._take(arguments, answer)
            taken += len(asked)

    def again(self, arguments: Given) -> Answer | Ended:
        """The next answer in turn."""
        if not self.ahead:
            kept = _kept(arguments)
            self._take(kept, self.asker.many([kept])[0])
        answer = self.ahead.popleft()
        self.held -= _weight(answer)
        return self.asker.read(answer) if isinstance(answer, Unread) else answer

    def _take(self, arguments: Given, answer: Said) -> None:
        self.path.append((arguments, digest(answer)))
        self.ahead.append(answer)
        self.held += _weight(answer)
        self.largest = max(self.largest, _weight(answer))
        self.ended = isinstance(answer, Ended)


def _weight(answer: Said) -> int:
    return len(answer.raw) if isinstance(answer, Unread) else 0


def _same(asked: Given, other: Given) -> bool:
    return asked is other or digest(Answer(asked)) == digest(Answer(other))


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
