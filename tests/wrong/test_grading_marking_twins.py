"""Markers that are wrong on purpose: each must be told from the real one by the programs that students hand in."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from grading_local import NETWORK, SINE, LocalAsker, LocalSession, ask_function

from gradcheck.grading.answers import Answer, Ended
from gradcheck.grading.marking import Memory, mark_question, mark_submission, prepare
from gradcheck.grading.marking.question import ended_mark, opening
from gradcheck.grading.results import Told


@cache
def prepared(name):
    return prepare({"sine": SINE, "network": NETWORK}[name], 0)


def sine(x):
    return np.cos((x + 1) ** 2) * 2 * (x + 1)


def network(W, b, x, y):
    h = np.tanh(x @ W + b)
    dz = (h - y) / 2 * (1 - h**2)
    return x.T @ dz, dz.sum(0)


def memorised(x):
    known = [s.given[0] for s in prepared("sine").spots if s.visible]
    return sine(x) * (1 if any(np.array_equal(x, k) for k in known) else 2)


class Counting:
    """Right when it is called first at a point, wrong when it is called again."""

    def __init__(self):
        self.seen = []

    def __call__(self, x):
        again = any(np.array_equal(x, s) for s in self.seen)
        self.seen.append(x.copy())
        return sine(x) * (2 if again else 1)


def raises(x):
    raise ValueError


BATTERY = [
    ("sine", lambda: sine, 1.0, "right"),
    ("sine", lambda: memorised, 0.0, "wrong value"),
    ("sine", Counting, 0.0, "wrong value"),
    ("sine", lambda: lambda x: sine(x)[:, None], 0.0, "wrong shape"),
    ("sine", lambda: lambda x: sine(x) * (1 + 1e-5), 0.0, "wrong value"),
    ("sine", lambda: lambda x: np.where(np.arange(3) == 1, np.nan, sine(x)), 0.0, "non-finite"),
    ("sine", lambda: lambda x: sine(x) + 0j, 0.0, "wrong value"),
    ("sine", lambda: lambda x: None, 0.0, "wrong value"),
    ("sine", lambda: raises, 0.0, "exception"),
    ("network", lambda: network, 1.0, "right"),
    ("network", lambda: lambda *a: (network(*a)[0], 2 * network(*a)[1]), 0.5, "wrong value"),
    ("network", lambda: lambda *a: (network(*a)[0].T, network(*a)[1]), 0.5, "wrong shape"),
]


def faults(marker):
    """Where a marker differs from what is due."""
    found = []
    for name, program, share, seen in BATTERY:
        mark = marker(prepared(name), ask_function(program()))
        got = mark.result if mark.outcome == "graded" else mark.outcome
        if (mark.earned, got) != (share * mark.possible, seen):
            found.append((name, seen, got, mark.earned))
    return found


def known_points_only(question, ask):
    return mark_question(replace(question, spots=tuple(s for s in question.spots if s.visible)), ask)


def asks_once(question, ask):
    answers = {}

    def remembering(given):
        key = b"".join(np.asarray(g).tobytes() for g in given)
        return answers.setdefault(key, ask(given)) if key not in answers else answers[key]

    return mark_question(question, remembering)


def by_closeness(compare):
    def marker(question, ask):
        mark = mark_question(question, ask)
        answers = [ask(s.given) for s in question.spots]
        close = all(
            isinstance(a, Answer) and len(question.names) == 1 and a.value is not None and compare(a.value, s.by.truth.floats()[0])
            for s, a in zip(question.spots, answers, strict=True)
        )
        return replace(mark, earned=mark.possible, result="right") if close else mark

    return marker


def nothing_partial(question, ask):
    mark = mark_question(question, ask)
    return mark if mark.result == "right" else replace(mark, earned=0.0)


def any_part_earns_all(question, ask):
    mark = mark_question(question, ask)
    return replace(mark, earned=mark.possible) if any(p.earned for p in mark.parts) else mark


def failures_forgiven(question, ask):
    mark = mark_question(question, ask)
    return mark if mark.outcome == "graded" else replace(mark, earned=mark.possible)


TWINS = {
    "looks at known points only": known_points_only,
    "asks once": asks_once,
    "broadcasts": by_closeness(lambda a, t: np.allclose(np.ravel(a), t)),
    "tolerates": by_closeness(lambda a, t: np.shape(a) == t.shape and np.allclose(a, t, rtol=1e-3)),
    "swallows nan": by_closeness(lambda a, t: np.shape(a) == t.shape and not np.nanmax(np.abs(a - t)) > 1e-12),
    "takes complex numbers": by_closeness(lambda a, t: np.shape(a) == t.shape and np.allclose(np.real(a), t, rtol=1e-9)),
    "gives nothing for parts": nothing_partial,
    "gives all for a part": any_part_earns_all,
    "forgives failures": failures_forgiven,
}


def test_the_marker_gives_what_is_due():
    assert faults(mark_question) == []


@pytest.mark.parametrize("twin", TWINS)
def test_a_wrong_marker_is_told_from_it(twin):
    assert faults(TWINS[twin]) != []


def shows_hidden(mark, question):
    hidden = [repr(s.given[0].tolist()) for s in question.spots if not s.visible]
    return any(h in mark.told.point for h in hidden)


def test_feedback_that_shows_hidden_points_is_rejected():
    question = prepared("sine")
    mark = mark_question(question, ask_function(memorised))
    assert not shows_hidden(mark, question)
    hidden = next(s for s in question.spots if not s.visible)
    assert shows_hidden(replace(mark, told=Told(point=repr(hidden.given[0].tolist()))), question)


class TrustsTheOpening(Memory):
    """Takes whoever answers the first questions alike for the same."""

    def mark(self, key, asker, given, marking):
        known = self.trees.setdefault(key, {})
        answers = asker.many(given)
        digest = repr([getattr(a, "value", a) for a in answers])
        if digest not in known:
            known[digest] = super().mark(("own", key), asker, given, marking)
        return known[digest]


class NeverStartsAnew(Memory):
    """Goes on with a program that was asked more than it need have been."""

    def mark(self, key, asker, given, marking):
        asker.restart = lambda: None
        return super().mark(key, asker, given, marking)


def elsewhere(value):
    known = [s.given[0] for s in prepared("sine").spots]
    return lambda x: 2 * sine(x) if any(np.array_equal(x, k) for k in known) else value(x)


class Restartable(LocalAsker):
    """A program that counts its calls, from the start again when it is started anew."""

    def __init__(self, make):
        super().__init__(make())
        self.make = make

    def restart(self):
        self.ask = ask_function(self.make())


def counting(limit):
    """Answers otherwise after so many calls: what it is asked beyond the need shows."""

    def make():
        calls = []

        def program(x):
            calls.append(1)
            factor = 7 if len(calls) == limit - 1 else 2 if len(calls) <= limit else -5
            return elsewhere(lambda x: factor * sine(x))(x)

        return program

    return make


PROGRAMS = [
    lambda: elsewhere(lambda x: 2 * sine(x)),
    counting(23),
    lambda: elsewhere(lambda x: 3 * sine(x)),
    lambda: elsewhere(sine),
]


def depends_on_others(make_memory):
    """Whether a mark depends on who was marked before."""
    question = prepared("sine")

    def marks(memory, programs):
        return [memory.mark("q", Restartable(p), opening(question), lambda ask: mark_question(question, ask)) for p in programs]

    alone = [marks(make_memory(), [p])[0] for p in PROGRAMS]
    return marks(make_memory(), PROGRAMS) != alone or marks(make_memory(), PROGRAMS[::-1]) != alone[::-1]


def test_marks_do_not_depend_on_others():
    assert not depends_on_others(Memory)


@pytest.mark.parametrize("twin", [TrustsTheOpening, NeverStartsAnew])
def test_memories_that_confuse_students_are_rejected(twin):
    assert depends_on_others(twin)


def test_a_failure_of_ours_that_is_counted_as_an_answer_is_rejected():
    """The mark of an infrastructure error is no zero: `complete` and `earned` say so, whatever else was answered."""
    from gradcheck.grading.results import SubmissionMark

    def whole(outcome):
        lost = ended_mark(prepared("sine"), Ended(outcome, "because"))
        return SubmissionMark("a", "a.py", "d", "none", (lost, mark_question(prepared("network"), ask_function(network))))

    assert (whole("infrastructure error").earned, whole("infrastructure error").complete) == (None, False)
    assert (whole("crash").earned, whole("crash").complete) == (8, True)

    class Fails(LocalSession):
        def ask(self, function, arguments):
            return Ended("infrastructure error", "the sandbox is gone") if self.asked > 12 else super().ask(function, arguments)

    session = Fails({"sine_gradient": lambda x: 2 * sine(x)})
    (mark,) = mark_submission((prepared("sine"),), {"submission.py": object()}, lambda program: session, (), Memory()).questions
    assert mark.outcome == "infrastructure error"  # though it came while the mistake was looked for, after the mark was known
