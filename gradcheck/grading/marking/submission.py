"""Marking one submission: its questions one after the other, each on its own, behind the walls."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from gradcheck.grading.answers import Answer, Ended, Facts, Program, Session, Unread
from gradcheck.grading.marking.claim import Stopped
from gradcheck.grading.marking.points import Prepared
from gradcheck.grading.marking.question import ended_mark, mark_question, opening
from gradcheck.grading.marking.remembered import Memory
from gradcheck.grading.model import Limits
from gradcheck.grading.results import Flag, QuestionMark
from gradcheck.rendering.text import NAME, one_line, visible

PRINTED = 2000  # characters of what was printed that a mark keeps
Open = Callable[[Program], Session]
FATAL = ("time-out", "memory", "output limit", "crash", "protocol error", "infrastructure error")


class Marked:
    """The marks of a submission's questions, with what its source shows: flags, and the shape that copies share."""

    __slots__ = ("flags", "questions", "shape", "warnings")

    def __init__(self) -> None:
        self.questions: list[QuestionMark] = []
        self.flags: list[Flag] = []
        self.warnings: list[str] = []
        self.shape = ""


def mark_submission(
    questions: tuple[Prepared, ...], programs: Mapping[str, Program | str], open_: Open, allowed: tuple[str, ...], memory: Memory
) -> Marked:
    """The marks of all questions.

    `programs` gives the program, or why there is none, for each file that a question names; `open_` starts one behind the walls.
    """
    marked = Marked()
    asked = {p.question.function for p in questions}
    with ExitStack() as stack:
        sessions: dict[str, tuple[Session, Facts | Ended]] = {}
        for prepared in questions:
            file = prepared.question.file
            program = programs[file]
            if isinstance(program, str):
                marked.questions.append(ended_mark(prepared, Ended("missing", program)))
                continue
            if file not in sessions:
                session = stack.enter_context(open_(program))
                session.begin(prepared.question.limits)
                sessions[file] = session, session.facts()
                _note(marked, sessions[file][1], allowed)
            mark = _marked(prepared, *sessions[file], memory)
            marked.questions.append(_with_nearest(mark, prepared.question.function, sessions[file][1], asked))
        for session, _ in sessions.values():
            marked.warnings += [w for w in getattr(session, "warnings", ()) if w not in marked.warnings]
    return marked


def _marked(prepared: Prepared, session: Session, facts: Facts | Ended, memory: Memory) -> QuestionMark:
    if isinstance(facts, Ended):
        return ended_mark(prepared, facts)
    question = prepared.question
    session.begin(question.limits)
    asking = _Asking(session, question.function, question.limits)
    steps = (facts.steps or {}).get(question.function, ())
    key = (question.name, prepared.seed, steps)
    try:
        mark = memory.mark(key, asking, opening(prepared), lambda ask: mark_question(prepared, ask, steps))
    except Stopped as stopped:
        mark = ended_mark(prepared, stopped.ended)
    constant = (
        [Flag("hard-coded", "the function returns numbers that are written down, whatever it is given")]
        if question.function in facts.constant
        else []
    )
    return replace(mark, printed=visible(asking.printed), flags=(*mark.flags, *constant))


def _with_nearest(mark: QuestionMark, function: str, facts: Facts | Ended, asked: Container[str]) -> QuestionMark:
    """A mark that says, where the function is missing, which other of the file was perhaps meant."""
    if mark.outcome != "missing" or isinstance(facts, Ended):
        return mark
    near = get_close_matches(function, [name for name in facts.functions if name not in asked], 1, 0.7)
    return replace(mark, message=f"{mark.message}; if {one_line(near[0], NAME)} is meant, call it {function}") if near else mark


class _Asking:
    """The student's answers to one question. Raises Stopped where the program is killed, and ever after."""

    def __init__(self, session: Session, function: str, limits: Limits) -> None:
        self.session, self.function, self.limits = session, function, limits
        self.ended: Ended | None = None
        self.printed = ""

    def many(self, given: Sequence[tuple[Any, ...]]) -> Sequence[Answer | Unread | Ended]:
        if self.ended is not None:
            raise Stopped(self.ended)
        answers = self.session.ask_many(self.function, given)
        self.printed += self.session.printed()[: PRINTED - len(self.printed)]
        last = answers[-1]
        if isinstance(last, Ended):
            self.printed += last.printed[: PRINTED - len(self.printed)]
            self._stop_at(last)
        return answers

    def read(self, answer: Unread) -> Answer | Ended:
        found = answer()
        if isinstance(found, Ended):
            self._stop_at(found)
        return found

    def restart(self) -> None:
        self.session.restart()
        self.session.begin(self.limits)
        self.printed = ""

    def _stop_at(self, ended: Ended) -> None:
        if ended.ending in FATAL:
            self.ended = ended
            raise Stopped(ended)


def _note(marked: Marked, facts: Facts | Ended, allowed: tuple[str, ...]) -> None:
    """What a file's source shows."""
    if isinstance(facts, Ended):
        return
    marked.shape = marked.shape or facts.shape
    foreign = [name for name in facts.imports if name not in sys.stdlib_module_names and name not in allowed]
    if foreign:
        flag = Flag(
            "forbidden-import", f"imports {', '.join(foreign)}; allowed are {', '.join(allowed) or 'none'} and the standard library"
        )
        marked.flags += [] if flag in marked.flags else [flag]  # files for several questions tell the same of their neighbours
