"""Marks by answers: what is right earns, each kind of wrong is named, partial credit goes to parts, flags change nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from grading_local import BACKWARD, HOPS, NETWORK, SINE, SOFTMAX, LocalAsker, LocalSession, ask_function

from gradcheck import Real, case
from gradcheck.grading.answers import Answer, Ended, Facts, Foreign, Unread
from gradcheck.grading.marking import Memory, mark_question, mark_submission, prepare
from gradcheck.grading.marking.question import opening
from gradcheck.grading.model import Credit, Feedback
from gradcheck.grading.results import mark_from_dict


@cache
def prepared(question):
    return prepare({"sine": SINE, "network": NETWORK, "backward": BACKWARD, "hops": HOPS, "softmax": SOFTMAX}[question], 0)


def marked(question, function, **options):
    return mark_question(prepared(question), ask_function(function), **options)


def sine(x):
    return np.cos((x + 1) ** 2) * 2 * (x + 1)


def network(W, b, x, y):
    h = np.tanh(x @ W + b)
    dz = (h - y) / 2 * (1 - h**2)
    return x.T @ dz, dz.sum(0)


def backward(W, b, x, y):
    z = x @ W + b
    h = np.tanh(z)
    e = h - y
    de = 2 * e / 4
    dz = de * (1 - h**2)
    return {"value": (e**2).sum() / 4, "de": de, "dh": de, "dz": dz, "W": x.T @ dz, "b": dz.sum(0)}


def softmax(x, g):
    e = np.exp(x - x.max())
    s = e / e.sum()
    return s * (g - (g * s).sum())


RIGHT = [
    ("sine", sine),
    ("sine", lambda x: list(sine(x))),
    ("sine", lambda x: {"x": sine(x)}),
    ("sine", lambda x: (sine(x),)),
    ("network", network),
    ("network", lambda *a: dict(zip(("b", "W"), network(*a)[::-1], strict=True))),
    ("backward", backward),
    ("backward", lambda *a: {("d" + k if k in ("W", "b") else k): v for k, v in backward(*a).items()}),
    ("hops", lambda *a: {k: backward(*a)[k] for k in ("dh", "dz", "W", "b")}),
    ("softmax", softmax),
    ("sine", lambda x: tuple(np.float32(v) if v == np.float32(v) else v for v in sine(x))),
    ("network", lambda *a: tuple(list(part) for part in network(*a))),
    ("softmax", lambda x, g: [*softmax(x, g)]),
]


@pytest.mark.parametrize(("question", "function"), RIGHT)
def test_what_is_right_earns_all(question, function):
    mark = marked(question, function)
    assert (mark.outcome, mark.result, mark.earned) == ("graded", "right", mark.possible), mark.message
    assert mark.diagnosis is None
    assert mark.flags == ()
    assert all(p.result == "right" for p in mark.parts)


class Pretends:
    def __eq__(self, other):
        return True

    def __float__(self):
        return 1.0

    def __array__(self, *a, **k):
        raise AssertionError("never asked")


WRONG = [
    ("sine", lambda x: np.cos((x + 1) ** 2), "wrong value", "differs from the truth"),
    ("sine", lambda x: None, "wrong value", "`return` missing"),
    ("sine", lambda x: sine(x)[:, None], "wrong shape", "(3, 1), expected (3,)"),
    ("sine", lambda x: sine(x).sum(), "wrong shape", "(), expected (3,)"),
    ("sine", lambda x: sine(x) * np.nan, "non-finite", "not finite"),
    ("sine", lambda x: np.where(x > -np.inf, np.inf, x), "non-finite", "not finite"),
    ("sine", lambda x: sine(x) + 0j, "wrong value", "complex"),
    ("sine", lambda x: sine(x) > 0, "wrong value", "True and False"),
    ("sine", lambda x: "0.1 0.2 0.3", "wrong value", "a str"),
    ("sine", lambda x: Foreign("Pretends"), "wrong value", "a Pretends"),
    ("sine", lambda x: sine(x).astype(object), "wrong value", "object"),
    ("sine", lambda x: np.float64(3.0), "wrong shape", "expected (3,)"),
    ("sine", lambda x: True, "wrong value", "a bool"),
    ("sine", lambda x: [], "wrong value", "a list"),
    ("sine", lambda x: [sine(x), sine(x)], "wrong shape", "(2, 3), expected (3,)"),
    ("sine", lambda x: [*sine(x)][:2], "wrong shape", "(2,), expected (3,)"),
    ("network", lambda *a: [[*network(*a)[0], 1.0], network(*a)[1]], "wrong value", "a list"),
    ("sine", lambda x: {}, "wrong value", "no part for x"),
    ("network", lambda *a: network(*a)[0], "wrong value", "expected 2"),
    ("network", lambda *a: network(*a)[::-1], "wrong shape", "expected (3, 2)"),
    ("backward", network, "wrong value", "expected a dict with the keys 'value', 'W', 'b'"),
    ("backward", lambda *a: {k: v for k, v in backward(*a).items() if k != "dh"}, "wrong value", "no key 'dh'"),
    ("backward", lambda *a: backward(*a) | {"value": 1.0}, "wrong value", "value"),
    ("softmax", lambda x, g: softmax(x, np.ones(4)), "wrong value", "differs"),
    ("softmax", lambda x, g: softmax(x, g) * np.abs(g).sum(), "wrong value", "differs"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "function", "result", "said"), WRONG)
def test_what_is_wrong_is_named_and_never_earns_all(question, function, result, said):
    mark = marked(question, function)
    assert (mark.outcome, mark.result) == ("graded", result), mark.message
    assert said in mark.message
    assert mark.earned < mark.possible


def test_credit_goes_to_the_parts_that_are_right():
    mark = marked("network", lambda *a: (network(*a)[0], network(*a)[1] * 2))
    assert [(p.name, p.result, p.earned) for p in mark.parts] == [("W", "right", 4.0), ("b", "wrong value", 0.0)]
    assert mark.earned == 4
    assert mark.told.right == ("the gradient for W",)


def test_credit_is_shared_as_it_is_stated():
    credit = Credit(arguments={"W": 3, "b": 1}, shape=2, accuracy=2)
    question = prepare(replace(NETWORK, credit=credit), 0)

    def earned(function):
        return {p.name: p.earned for p in mark_question(question, ask_function(function)).parts}

    assert earned(network) == {"W": 3, "b": 1, "shape": 2, "accuracy": 2}
    assert earned(lambda *a: (network(*a)[0], 2 * network(*a)[1])) == {"W": 3, "b": 0, "shape": 2, "accuracy": 0}
    assert earned(lambda *a: (network(*a)[0].T, network(*a)[1])) == {"W": 0, "b": 1, "shape": 0, "accuracy": 0}
    assert earned(lambda *a: None) == {"W": 0, "b": 0, "shape": 0, "accuracy": 0}


def test_thirds_add_up():
    mark = mark_question(prepare(replace(BACKWARD, points=10), 0), ask_function(backward))
    assert mark.earned == 10


def test_gradients_in_another_order_are_named_at_once():
    mark = marked("network", lambda *a: network(*a)[::-1])
    assert mark.diagnosis.kind == "swapped"
    assert "in the order b, W, expected W, b" in mark.diagnosis.message


def test_hops_are_judged_one_by_one():
    mark = marked("backward", lambda *a: backward(*a) | {"dz": backward(*a)["dh"]})
    assert {p.name for p in mark.parts if p.result != "right"} == {"dz"}
    assert (mark.diagnosis.kind, mark.diagnosis.variable) == ("missing-factor", "h")


def test_the_first_wrong_hop_and_the_mistake_are_named():
    mark = marked(
        "network", lambda W, b, x, y: (lambda h: (x.T @ ((h - y) / 2 * (1 - h)), ((h - y) / 2 * (1 - h)).sum(0)))(np.tanh(x @ W + b))
    )
    assert (mark.diagnosis.kind, mark.diagnosis.variable, mark.diagnosis.found) == ("wrong-local-derivative", "h", "dh * (1 - h)")
    assert mark.told.where == "Look at h (tanh) from z."
    assert "derivative of one step" in mark.told.hint
    assert "1 - h ** 2" not in mark.told.hint
    assert mark.told.entries[0].yours != mark.told.entries[0].expected


@pytest.mark.parametrize(
    ("level", "where", "hint", "expected"), [("none", False, False, False), ("where", True, False, False), ("kind", True, True, True)]
)
def test_feedback_tells_as_much_as_it_should(level, where, hint, expected):
    question = prepare(replace(SINE, feedback=Feedback(level)), 0)
    told = mark_question(question, ask_function(lambda x: np.cos((x + 1) ** 2))).told
    assert (bool(told.where), bool(told.hint), any(e.expected for e in told.entries)) == (where, hint, expected)


CORNER = replace(SINE, name="corner", case=case(x=Real(3))(lambda x: np.sum(np.abs(x))), at=((np.array([0.0, 1.0, -2.0]),),))


def test_another_convention_is_never_shown_as_a_mistake():
    """At 0 the derivative of |x| may be anything from -1 to 1: what is off is shown where it is off."""
    question = prepare(CORNER, 0)
    flipped = mark_question(question, ask_function(lambda x: np.where(x > 1e-3, -1.0, np.sign(x))))
    assert {e.label for e in flipped.told.entries} == {"dx[1]"}
    beyond = mark_question(question, ask_function(lambda x: np.where(x == 0, np.nan, np.sign(x))))
    assert [(e.label, e.yours, e.expected) for e in beyond.told.entries] == [("dx[0]", "nan", "from -1 to 1")]


def test_a_point_to_try_can_be_read_and_pasted():
    mark = marked("network", lambda *a: (network(*a)[0] * 2, network(*a)[1]))
    assert max(map(len, mark.told.point.split("\n"))) <= 110
    assert mark.told.point.count("\n") >= 2
    assert [np.shape(a) for a in eval(mark.told.point, {"np": np})] == [np.shape(a) for a in prepared("network").spots[0].given]


def memorises(question):
    known = [s.given for s in question.spots if s.visible]
    return lambda x: sine(x) * (1 if any(np.array_equal(x, g[0]) for g in known) else 2)


def test_hidden_points_are_not_shown():
    question = prepared("sine")
    mark = mark_question(question, ask_function(memorises(question)))
    hidden = [repr(s.given[0].tolist()) for s in question.spots if not s.visible]
    assert mark.result == "wrong value"
    assert mark.told.entries
    assert mark.told.point
    assert not any(h in mark.told.point for h in hidden)
    shown = prepare(replace(SINE, feedback=Feedback(reveal_hidden=True)), 0)
    assert any(h in mark_question(shown, ask_function(memorises(shown))).told.point for h in hidden)


def quotient(h, scheme):
    def f(x):
        return np.sum(np.sin((x + 1) ** 2))

    def gradient(x):
        g = np.zeros(3)
        for i in range(3):
            d = np.zeros(3)
            d[i] = h
            g[i] = (f(x + d) - f(x - d)) / (2 * h) if scheme == "central" else (f(x + d) - f(x)) / h
        return g

    return gradient


FLAGGED = [
    ("sine", quotient(1e-6, "central"), "finite-differences"),
    ("sine", quotient(1e-4, "central"), "finite-differences"),
    ("sine", quotient(1e-7, "forward"), "finite-differences"),
    ("sine", quotient(3e-6, "forward"), "finite-differences"),
    ("sine", lambda x: np.array([0.1, 0.2, 0.3]), "hard-coded"),
    ("sine", lambda x: memorises(prepared("sine"))(x), "memorised-points"),
    ("sine", lambda x: sine(x) * (1 + 1e-6 * np.random.default_rng().random()), "non-deterministic"),
]


@pytest.mark.parametrize(("question", "function", "kind"), FLAGGED)
def test_what_is_not_derived_is_flagged(question, function, kind):
    assert kind in [f.kind for f in marked(question, function, steps=(3e-6,)).flags]


def test_inputs_changed_in_place_are_a_flag_not_a_mistake():
    def changes(x):
        result = sine(x)
        x += 1
        return result

    mark = marked("sine", changes)
    assert (mark.result, [f.kind for f in mark.flags]) == ("right", ["mutates-input"])


def test_rights_and_honest_mistakes_are_not_flagged():
    for function in (sine, lambda x: 2 * sine(x), lambda x: -sine(x), lambda x: sine(x) + 1e-3, lambda x: sine(x.astype(np.float32))):
        assert not {"finite-differences", "hard-coded", "memorised-points"} & {
            f.kind for f in marked("sine", function, steps=(1e-3,)).flags
        }


def test_a_function_that_raises_is_an_exception():
    def fails(x):
        raise ValueError("no idea")

    mark = marked("sine", fails)
    assert (mark.outcome, mark.result, mark.earned) == ("exception", "", 0.0)
    assert "no idea" in mark.message
    assert all(p.result == "" for p in mark.parts)


@pytest.mark.parametrize(
    "ending", ["missing", "import error", "time-out", "memory", "output limit", "crash", "protocol error", "infrastructure error"]
)
@pytest.mark.parametrize("when", [0, 3, 11])
def test_every_ending_is_an_outcome_of_its_own_whenever_it_comes(ending, when):
    calls = iter(range(1000))

    class Ends(LocalSession):
        def ask(self, function, arguments):
            return super().ask(function, arguments) if next(calls) < when else Ended(ending, "because")

    session = Ends({"sine_gradient": lambda x: sine(x) * (1 + 1e-9)})
    (mark,) = mark_submission(
        (prepared("sine"),), {"submission.py": "p"} | {"submission.py": PROGRAM}, lambda program: session, ("numpy",), Memory()
    ).questions
    assert mark.earned == 0
    if when < 10:
        assert mark.outcome == ending


PROGRAM = object()


def test_a_file_that_cannot_be_imported_costs_its_questions_alone():
    class Broken(LocalSession):
        def facts(self):
            return Ended("import error", "SyntaxError", line=3)

    second = prepare(replace(NETWORK, file="second.py"), 0)
    sessions = {"a": Broken({}), "b": LocalSession({"network_gradient": network})}
    marked = mark_submission((prepared("sine"), second), {"submission.py": "a", "second.py": "b"}, None, (), Memory())
    assert [q.outcome for q in marked.questions] == ["missing", "missing"]
    programs = {"submission.py": ("a",), "second.py": ("b",)}
    marked = mark_submission((prepared("sine"), second), programs, lambda program: sessions[program[0]], (), Memory())
    assert [(q.outcome, q.result) for q in marked.questions] == [("import error", ""), ("graded", "right")]
    assert "line 3" in marked.questions[0].message


@pytest.mark.parametrize(("name", "said"), [("sine_grad", "if sine_grad is meant, call it sine_gradient"), ("helper", "")])
def test_a_function_of_another_name_is_pointed_at(name, said):
    session = LocalSession({name: sine}, Facts(functions=(name,)))
    found = mark_submission((prepared("sine"),), {SINE.file: PROGRAM}, lambda program: session, ("numpy",), Memory())
    assert (found.questions[0].outcome, found.questions[0].earned) == ("missing", 0)
    assert found.questions[0].message.partition("; ")[2] == said


def test_imports_that_are_not_allowed_are_flagged():
    session = LocalSession({"sine_gradient": sine}, Facts(imports=("numpy", "math", "jax"), constant=("sine_gradient",), shape="s"))
    marked = mark_submission((prepared("sine"),), {"submission.py": PROGRAM}, lambda program: session, ("numpy",), Memory())
    assert [f.kind for f in marked.flags] == ["forbidden-import"]
    assert "jax" in marked.flags[0].evidence
    assert [f.kind for f in marked.questions[0].flags] == ["hard-coded"]
    assert marked.shape == "s"


def test_marks_survive_json():
    import json

    session = LocalSession({"network_gradient": lambda *a: (network(*a)[0], 2 * network(*a)[1])})
    (mark,) = mark_submission((prepared("network"),), {"submission.py": PROGRAM}, lambda program: session, (), Memory()).questions
    from gradcheck.grading.results import SubmissionMark

    whole = SubmissionMark("alice", "alice.py", "d", "bubblewrap", (mark,))
    again = mark_from_dict(json.loads(json.dumps(whole.to_dict())))
    assert again == whole
    assert again.earned == 4


def test_points_are_the_same_on_every_run_and_differ_by_seed():
    def points(seed):
        return [s.given[0].tolist() for s in prepare(SINE, seed).spots]

    assert points(1) == points(1)
    assert points(1) != points(2)
    assert len(points(1)) == 5


def remembered(memory, question, function):
    """The mark by a memory, whether it was worked out anew, and how often the program was started again."""
    counts, asker = [], LocalAsker(function)

    def marking(ask):
        counts.append(1)
        return mark_question(question, ask)

    return memory.mark(question.question.name, asker, opening(question), marking), len(counts), asker.restarts


def scaled(by):
    return lambda *a: (network(*a)[0], by * network(*a)[1])


def test_who_answers_alike_is_marked_alike_at_once():
    memory, question = Memory(), prepared("network")
    first, anew, _ = remembered(memory, question, scaled(2))
    assert anew == 1
    assert remembered(memory, question, scaled(2)) == (first, 0, 0)
    for function in (network, scaled(3), lambda *a: None):
        assert remembered(memory, question, function)[:2] == (mark_question(question, ask_function(function)), 1)
    assert remembered(memory, question, scaled(2)) == (first, 0, 0)


def test_who_answers_otherwise_later_is_not_taken_for_another():
    memory, question = Memory(), prepared("sine")
    known = [s.given[0] for s in question.spots]

    def elsewhere(value):
        return lambda x: 2 * sine(x) if any(np.array_equal(x, k) for k in known) else value(x)

    alike = [lambda x: 2 * sine(x), lambda x: 3 * sine(x), sine, lambda x: None]
    marks = [remembered(memory, question, elsewhere(f)) for f in alike]
    assert [m for m, _, _ in marks] == [mark_question(question, ask_function(elsewhere(f))) for f in alike]
    assert [(n, r) for _, n, r in marks] == [(1, 0), (1, 1), (1, 1), (1, 1)]
    assert all(remembered(memory, question, elsewhere(f))[0] == m for f, (m, _, _) in zip(alike, marks, strict=True))


def test_the_order_of_students_changes_no_mark():
    question = prepared("network")
    programs = [network, scaled(2), scaled(3), lambda *a: network(*a)[0], scaled(2), lambda *a: None]
    alone = [remembered(Memory(), question, p)[0] for p in programs]
    for order in (range(6), (4, 0, 5, 1, 3, 2)):
        memory = Memory()
        assert {i: remembered(memory, question, programs[i])[0] for i in order} == dict(enumerate(alone))


def test_memory_is_bounded(monkeypatch):
    from gradcheck.grading.marking import remembered as module

    monkeypatch.setattr(module, "LARGEST", 30)
    memory = Memory()
    for k in range(2, 12):
        remembered(memory, prepared("sine"), lambda x, k=k: sine(x) * k)
        assert memory.nodes <= 30 + 200


def test_answers_are_told_apart_by_every_bit():
    from gradcheck.grading.marking.remembered import digest

    values = [
        0.0, -0.0, 0, False, None, "0", np.float64(0), np.zeros(1), np.zeros((1, 1)), np.zeros(1, "f4"), np.array([-0.0]), [0.0], (0.0,), {"x": 0.0},
        {"y": 0.0}, [[0.0]], [0.0, 0.0], ["a", "b"], ["ab"], Foreign("a", "b"), Foreign("ab"), np.nan, [], (), {},
    ]  # fmt: skip
    answers = [
        *(Answer(v) for v in values),
        Answer(0.0, changed=(0,)),
        Answer(0.0, notes=("matrix",)),
        Ended("missing", "a"),
        Ended("missing", "b"),
        Ended("crash", "a"),
    ]
    assert len({digest(a) for a in answers}) == len(answers)
    assert digest(Ended("crash", "a", printed="x")) == digest(Ended("crash", "a"))
    assert digest(Unread(b"a", Answer)) != digest(Unread(b"b", Answer))
