"""Assignments: read with every error in one line that names file, line and key; begun, stated to students, tried with planted mistakes."""

from __future__ import annotations

import tomllib

import jsonschema
import numpy as np
import pytest

from gradcheck.errors import CaseError, UsageError
from gradcheck.grading.assignments import read_assignment, sampled
from gradcheck.grading.assignments.document import faults_of, schema
from gradcheck.grading.assignments.files import local_files
from gradcheck.grading.model import ASKS, LEVELS, SHOWN, Credit, Feedback, Limits
from tests import documents

CASES = """
import numpy as np
from gradcheck import Data, Integer, Real, case

@case(x=Real(low=-1, high=2))
def sine(x):
    z = x**2
    return np.sin(z)

@case(W=Real((3, 2)), b=Real(3), x=Data(np.ones(2)), c=Integer(high=3))
def soft(W, b, x, c):
    z = W @ x + b
    m = np.max(z)
    e = np.exp(z - m)
    s = np.sum(e)
    loss = np.log(s) + m - z[c]
    return loss

@case(x=1.5, y=2.0)
def fixed(x, y):
    return x * y

@case(x=Real(4))
def squares(x):
    return x**2

@case(x=Real())
def root(x):
    return np.sqrt(x)

@case(x=Real(low=0), at=[(4.0,), (9.0,)])
def stated(x):
    return np.sqrt(x)

@case(x=Real())
def opaque(x):
    return np.float64(float(x))

@case(x=Integer())
def counted(x):
    return x * 2

@case(x=Real(), dz=Real())
def clash(x, dz):
    z = x * dz
    return z * z
"""

SINE = '[[questions]]\nname = "sine"\n'
SOFT = '[[questions]]\nname = "soft"\n'
FIXED = '[[questions]]\nname = "fixed"\n'
HEAD = 'schema_version = 1\nname = "hw1"\n'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cases.py").write_text(CASES)
    return tmp_path


def reading(folder, text):
    (folder / "assignment.toml").write_text(text)
    return read_assignment(folder)


def message(folder, text):
    with pytest.raises((CaseError, UsageError)) as error:
        reading(folder, text)
    assert "\n" not in str(error.value)
    return str(error.value).replace(f"{folder}/", "")


# what is read
def test_every_key_is_read(folder):
    (folder / "solution.py").write_text("")
    a = reading(folder, documents.ASSIGNMENT)
    assert (a.name, a.title, a.seed, a.per_student, a.imports) == ("hw1", "Homework 1", 3, True, ("numpy", "scipy"))
    assert (a.path, a.solution, a.points) == (folder / "assignment.toml", folder / "solution.py", 7.0)
    q, sine = a.questions
    assert (q.name, q.title, q.case.name, q.function, q.asks, q.names) == (
        "softmax",
        "A softmax loss",
        "soft",
        "backward",
        "backward",
        ("z", "e"),
    )
    assert (q.points, q.visible, q.hidden, q.digits, q.file) == (6.0, 1, 2, 8, "nets.py")
    assert q.credit == Credit({"W": 2.0, "b": 1.0}, {"z": 1.5}, 0.5, 1.0)
    assert q.feedback == Feedback("formula", "never", reveal_hidden=True)
    assert q.limits == Limits(1.0, 8.0, 512, 2, 32, 1, 64, 8)
    assert sine.limits == Limits(2.5, 8.0, 512, 2, 32, 1, 64, 8)
    assert sine.feedback == Feedback("where", "never", reveal_hidden=True)
    (W, b, x, c), (_, _, given, _) = q.at
    assert W.dtype == b.dtype == float and W.tolist() == [[1, 2], [3, 4], [5, 6]] and b.tolist() == [1.5, 2, 3]
    assert x.tolist() == [0, 1] and c == 2 and np.asarray(c).dtype.kind == "i"
    assert given.tolist() == [1, 1]  # left out: the case's own


def test_what_is_left_out_has_sensible_defaults(folder):
    a = reading(folder, HEAD + SINE)
    (q,) = a.questions
    assert (a.title, a.seed, a.per_student, a.imports, a.solution) == ("hw1", 0, False, ("numpy",), None)
    assert (q.title, q.case.name, q.function, q.asks, q.names, q.points) == ("sine", "sine", "sine_gradient", "gradient", (), 1.0)
    assert (q.visible, q.hidden, q.at, q.digits, q.file) == (2, 3, (), None, "submission.py")
    assert (q.credit, q.feedback, q.limits) == (Credit(), Feedback(), Limits())
    assert a.question("sine") is q


def test_the_file_itself_may_be_named(folder):
    reading(folder, HEAD + SINE)
    (folder / "assignment.toml").rename(folder / "hw.toml")
    assert read_assignment(folder / "hw.toml").path == folder / "hw.toml"
    assert read_assignment(str(folder / "hw.toml")).name == "hw1"


def test_a_case_of_fixed_values_has_its_one_point(folder):
    (q,) = reading(folder, HEAD + FIXED).questions
    assert (q.visible, q.hidden, q.at) == (0, 0, ((1.5, 2.0),))
    (q,) = reading(folder, HEAD + FIXED + "at = [[3, 4], {y = 5}]").questions
    assert [tuple(map(float, p)) for p in q.at] == [(3.0, 4.0), (1.5, 5.0)]
    assert all(isinstance(v, float) for p in q.at for v in p)


def test_points_that_a_case_states_are_visible_besides_those_drawn(folder):
    (q,) = reading(folder, HEAD + SINE.replace("sine", "stated")).questions
    assert (q.visible, q.hidden, q.at) == (2, 3, ((4.0,), (9.0,)))
    drawn = sampled(q.case, 0, 3)
    assert len({float(p[0]) for p in drawn} - {4.0, 9.0}) == 3
    assert sampled(q.case, 0, 2) == drawn[:2]
    (q,) = reading(folder, HEAD + SINE.replace("sine", "stated") + "at = []").questions
    assert q.at == ()


def test_the_backward_pass_asks_for_all_variables_that_a_gradient_reaches(folder):
    (q,) = reading(folder, HEAD + SOFT + 'asks = "backward"').questions
    assert q.names == ("z", "e", "s")  # not m, whose gradients cancel, nor the result


def test_points_are_the_credits_sum_where_they_are_not_stated(folder):
    (q,) = reading(folder, HEAD + SOFT + "credit = {arguments = {W = 2, b = 0.5}}").questions
    assert q.points == 2.5
    (q,) = reading(folder, HEAD + SOFT + "points = 0.3\ncredit = {arguments = {W = 0.1, b = 0.2}}").questions
    assert q.points == 0.3  # 0.1 + 0.2 is not 0.3 in floats


def test_more_processor_time_allows_more_time_by_the_clock(folder):
    (q,) = reading(folder, HEAD + SINE + "limits = {cpu_seconds = 20}").questions
    assert (q.limits.cpu_seconds, q.limits.wall_seconds) == (20.0, 40.0)


def test_files_of_other_systems_are_read(folder):
    (folder / "assignment.toml").write_bytes(b"\xef\xbb\xbf" + (HEAD + SINE).replace("\n", "\r\n").encode())
    assert read_assignment(folder).name == "hw1"


# errors: the key, the value, what was expected
def _(text, expected, id):
    return pytest.param(text, expected, id=id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        _(HEAD + SINE + 'points = "ten"', 'assignment.toml:5: questions[0].points = "ten": expected a number of 0 or more', "type"),
        _(HEAD + SINE + "points = true", "assignment.toml:5: questions[0].points = true: expected a number of 0 or more", "bool"),
        _(HEAD + SINE + "points = -1", "assignment.toml:5: questions[0].points = -1: expected a number of 0 or more", "negative"),
        _(HEAD + SINE + "points = inf", "assignment.toml:5: questions[0].points = Infinity: expected a number of 0 or more", "infinite"),
        _(HEAD + SINE + "points = nan", "assignment.toml:5: questions[0].points = NaN: expected a finite number", "nan"),
        _(HEAD + SINE + "points = 2020-01-01", 'assignment.toml:5: questions[0].points = "2020-01-01": expected a number of 0 or more', "date"),
        _(HEAD + SINE + SINE.replace("sine", "root") + "\npionts = 1", "assignment.toml:8: questions[1].pionts: no such key in [[questions]]; did you mean points?", "misspelt"),
        _(HEAD + SINE + "cpu_seconds = 1", "assignment.toml:5: questions[0].cpu_seconds: no such key in [[questions]]; it belongs in [limits]", "elsewhere"),
        _(HEAD + SINE + "seed = 1", "assignment.toml:5: questions[0].seed: no such key in [[questions]]; it belongs in the top of the file", "at the top"),
        _(HEAD + SINE + "level = 'kind'", "assignment.toml:5: questions[0].level: no such key in [[questions]]; it belongs in [feedback]", "feedback"),
        _(HEAD + "[limits]\nmemry_mb = 512\n" + SINE, "assignment.toml:4: limits.memry_mb: no such key in [limits]; did you mean memory_mb?", "in a table"),
        _(HEAD + "[limits]\nmemory_mb = 1\n" + SINE, "assignment.toml:4: limits.memory_mb = 1: expected a whole number of MB from 256 to 65536", "bounds"),
        _(HEAD + "[limits]\nmemory_mb = 512.5\n" + SINE, "assignment.toml:4: limits.memory_mb = 512.5: expected a whole number of MB from 256 to 65536", "whole"),
        _("late_days = 2\n" + HEAD + SINE, "assignment.toml:1: late_days: late policy is left to the LMS: set due dates and penalties there, and take this key out", "late"),
        _(HEAD + SINE + "due = 2026-01-01", "assignment.toml:5: questions[0].due: late policy is left to the LMS: set due dates and penalties there, and take this key out", "due"),
        _('schema_version = 1\nname = "a b"\n' + SINE, 'assignment.toml:2: name = "a b": expected a name of letters, digits, `_`, `-` and `.`, at most 64, that begins with a letter or digit', "name"),
        _('name = "a"\n' + SINE, "assignment.toml:1: schema_version: is missing: expected 1", "missing"),
        _('schema_version = 2\nname = "a"\n' + SINE, "assignment.toml:1: schema_version = 2: expected 1", "version"),
        _(HEAD, "assignment.toml:1: questions: is missing: expected one table [[questions]] for each question", "no questions"),
        _(HEAD + "[questions]\nname = 'a'", 'assignment.toml:3: questions = {"name": "a"}: expected one table [[questions]] for each question', "one bracket"),
        _(HEAD + SINE + "[questions.credit]\nargs = {}", "assignment.toml:6: questions[0].credit.args: no such key in [questions.credit]; did you mean arguments?", "credit"),
        _(HEAD + SINE + 'asks = "gradeint"', 'assignment.toml:5: questions[0].asks = "gradeint": expected one of gradient, vjp, intermediates, backward; did you mean gradient?', "a word"),
        _(HEAD + SINE + 'file = "../submission.py"', 'assignment.toml:5: questions[0].file = "../submission.py": expected the name of a file, such as "submission.py" or "homework.ipynb"', "path"),
        _(HEAD + SINE + '"\\u202e" = 1', 'assignment.toml:5: questions[0]."U+202E": no such key in [[questions]]; known are ' + ", ".join(schema()["$defs"]["question"]["properties"]), "hostile key"),
    ],
)  # fmt: skip
def test_what_breaks_the_form_is_told(folder, text, expected):
    assert message(folder, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        _(HEAD + SINE + "[x\n", "assignment.toml:5: no TOML: Expected ']' at the end of a table declaration", "bracket"),
        _(HEAD + "a b", "assignment.toml:3: no TOML: Expected '=' after a key in a key/value pair", "no sign ="),
        _(HEAD + 'title = "a', "assignment.toml:3: no TOML: Unterminated string, at the end of the file", "unterminated"),
        _(HEAD + 'name = "b"\n', "assignment.toml:3: no TOML: Cannot overwrite a value", "twice"),
        _("x = " + "[" * 5000, "assignment.toml: no TOML: arrays or tables are nested too deep", "nested"),
    ],
)
def test_what_is_no_toml_is_told(folder, text, expected):
    assert message(folder, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        _(HEAD + '[[questions]]\nname = "sin"', 'assignment.toml:4: questions[0].name = "sin": no case of that name in cases.py; did you mean sine?', "near"),
        _(HEAD + SINE + 'case = "zzz"', 'assignment.toml:5: questions[0].case = "zzz": no case of that name in cases.py; there are sine, soft, fixed, squares, root, stated, opaque, counted, clash', "case"),
        _(HEAD + SINE + 'function = "lambda"', "assignment.toml:5: questions[0].function = \"lambda\": is a word of Python's own, and no function can be called so", "keyword"),
        _(HEAD + SINE + 'function = "a-b"', 'assignment.toml:5: questions[0].function = "a-b": expected a name as Python has them: letters, digits and `_`, not a digit first', "identifier"),
        _(HEAD + SINE + 'names = ["z"]', 'assignment.toml:5: questions[0].names = ["z"]: gradient asks for no variables by name: ask for intermediates or backward', "names"),
        _(HEAD + SOFT + 'asks = "intermediates"', "assignment.toml:3: questions[0].names: is missing: intermediates asks for variables by name: z, e, s", "no names"),
        _(HEAD + SOFT + 'asks = "intermediates"\nnames = [\n"z",\n"ee"]', 'assignment.toml:8: questions[0].names[1] = "ee": soft has no variable of that name; did you mean e?', "variable"),
        _(HEAD + SOFT + 'asks = "intermediates"\nnames = ["q"]', 'assignment.toml:6: questions[0].names[0] = "q": soft has no variable of that name; it has z, e, s, loss', "no variable"),
        _(HEAD + SOFT + 'asks = "intermediates"\nnames = ["m"]', 'assignment.toml:6: questions[0].names[0] = "m": no gradient flows through m at every point; ask for z, e, s, loss', "still"),
        _(HEAD + SOFT + 'asks = "backward"\nnames = ["b"]', 'assignment.toml:6: questions[0].names[0] = "b": is an argument of soft, whose gradient is asked for anyway', "argument"),
        _(HEAD + SOFT + 'asks = "backward"\nnames = ["z", "z"]', 'assignment.toml:6: questions[0].names[1] = "z": is listed twice', "twice"),
        _(HEAD + SINE.replace("sine", "clash") + 'asks = "backward"\nnames = ["z"]', 'assignment.toml:6: questions[0].names[0] = "z": its gradient would be dz, which is an argument: call one of them otherwise', "clash"),
        _(HEAD + SOFT + "points = 5\ncredit = {arguments = {W = 2, b = 2}}", "assignment.toml:5: questions[0].points = 5: the credit sums to 4: make them equal, or leave points out", "sum"),
        _(HEAD + SOFT + "credit = {arguments = {w = 2}}", "assignment.toml:5: questions[0].credit.arguments.w: soft has no argument of that name; did you mean W?", "credit"),
        _(HEAD + SOFT + "credit = {arguments = {W = 1, c = 2}}", "assignment.toml:5: questions[0].credit.arguments.c: c is not differentiated, so that nobody is asked for its gradient; asked for are W, b", "integers"),
        _(HEAD + SOFT + "credit = {hops = {z = 2}}", "assignment.toml:5: questions[0].credit.hops.z: gradient asks for no variables: ask for intermediates or backward, with `names`", "hops"),
        _(HEAD + SOFT + 'asks = "backward"\n[questions.credit.hops]\nz = 1\ndz = 2', "assignment.toml:8: questions[0].credit.hops.dz = 2: z is listed twice", "hop twice"),
        _(HEAD + SOFT + 'asks = "backward"\nnames = ["z"]\n[questions.credit.hops]\ne = 1', "assignment.toml:8: questions[0].credit.hops.e: is not among the variables asked for: z", "hop"),
        _(HEAD + SOFT + "credit = {shape = 0}", "assignment.toml:5: questions[0].credit: gives no points: leave it out to share the points equally", "no credit"),
        _(HEAD + SINE + SINE, 'assignment.toml:6: questions[1].name = "sine": the question at line 4 is called so: give each a name of its own', "repeated"),
        _(HEAD + SINE + '[[questions]]\nname = "root2"\ncase = "sine"\nfunction = "sine_gradient"', 'assignment.toml:8: questions[1].function = "sine_gradient": the question sine asks for a function of that name in submission.py too', "functions"),
        _(HEAD + SINE + 'asks = "vjp"', 'assignment.toml:5: questions[0].asks = "vjp": case sine returns a number, which has a gradient: ask for that', "vjp"),
        _(HEAD + SINE.replace("sine", "squares"), "assignment.toml:3: questions[0].asks = \"gradient\": case squares returns an array of shape (4,), which has no gradient: ask for the vjp", "array"),
        _(HEAD + SINE + "visible = 0\nhidden = 0", "assignment.toml:6: questions[0].hidden: leaves no point to ask for: visible, hidden and `at` together give none", "no points"),
        _(HEAD + FIXED + "at = []", "assignment.toml:5: questions[0].at: leaves no point to ask for: visible, hidden and `at` together give none", "none stated"),
        _(HEAD + FIXED + "hidden = 2", "assignment.toml:5: questions[0].hidden = 2: case fixed has fixed values, so that no point can be drawn: give it domains, such as Real(3), or leave hidden out", "fixed"),
        _(HEAD + FIXED + "at = [[1, 2, 3]]", "assignment.toml:5: questions[0].at[0] = [1, 2, 3]: 3 values, and fixed takes 2: x, y", "values"),
        _(HEAD + FIXED + "at = [[1, 2],\n[[1, 2], 3]]", "assignment.toml:6: questions[0].at[1] = [[1, 2], 3]: argument x: got shape (2,), expected ()", "shape"),
        _(HEAD + FIXED + "at = [{z = 1}]", 'assignment.toml:5: questions[0].at[0] = {"z": 1}: z is no argument of fixed, which takes x, y', "no argument"),
        _(HEAD + FIXED + "at = [[1, [2, [3]]]]", "assignment.toml:5: questions[0].at[0] = [1, [2, [3]]]: argument y: rows of different lengths make no array", "ragged"),
        _(HEAD + FIXED + "at = [[true, 1]]", "assignment.toml:5: questions[0].at[0] = [true, 1]: argument x: got bool values, expected real numbers", "booleans"),
        _(HEAD + FIXED + 'at = [["a", 1]]', 'assignment.toml:5: questions[0].at[0] = ["a", 1]: expected a point: [1.0, [2.0, 3.0]] in the order of the arguments, or {x = 1.0, w = [2.0, 3.0]}', "text"),
        _(HEAD + SINE + "at = [[5]]", "assignment.toml:5: questions[0].at[0] = [5]: argument x = 5.0 lies outside its domain: expected -1 < x < 2", "outside"),
        _(HEAD + SOFT + "at = [{b = [1, 2, 3]}]", 'assignment.toml:5: questions[0].at[0] = {"b": [1, 2, 3]}: no value for the argument W of soft, which takes W, b, x, c', "left out"),
        _(HEAD + SINE + "limits = {wall_seconds = 2}", "assignment.toml:5: questions[0].limits.wall_seconds = 2: expected at least cpu_seconds, 5", "clock"),
        _(HEAD + "limits = {wall_seconds = 9}\n" + SINE + "limits = {cpu_seconds = 20}", "assignment.toml:6: questions[0].limits.cpu_seconds = 20: expected at most wall_seconds, 9", "two tables"),
        _(HEAD + 'solution = "answers.py"\n' + SINE, 'assignment.toml:3: solution = "answers.py": there is no such file beside the assignment, where there is cases.py', "solution"),
        _(HEAD + 'cases = "case.py"\n' + SINE, 'assignment.toml:3: cases = "case.py": there is no such file beside the assignment, where there is cases.py', "cases"),
        _(HEAD + SINE.replace("sine", "counted"), "assignment.toml:3: questions[0].case: case counted returns int64 values: a gradient needs floats", "counted"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_with_the_cases_is_told(folder, text, expected):
    assert message(folder, text) == expected


def test_a_case_that_is_not_finite_where_points_are_drawn_is_told(folder):
    told = message(folder, HEAD + SINE.replace("sine", "root"))
    assert told.startswith("assignment.toml:3: questions[0].case: case root is not finite at x = -")
    assert told.endswith(": give domains where it is, such as Real(low=0)")


def test_a_case_that_cannot_be_followed_is_told(folder):
    told = message(folder, HEAD + SINE.replace("sine", "opaque"))
    assert told.startswith("assignment.toml:3: questions[0].case: case opaque cannot be followed, so that no truth is known: ")


def test_a_fault_of_the_cases_is_told_with_its_own_line(folder):
    (folder / "cases.py").write_text(CASES + "\nboo\n")
    assert message(folder, HEAD + SINE).startswith(f"cases.py:{CASES.count(chr(10)) + 2}: NameError")
    (folder / "cases.py").write_text("x = 1\n")
    assert message(folder, HEAD + SINE) == "cases.py: holds no case: decorate a function with @case(...), or leave the file out"


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(
        UsageError, match=r"assignment.toml: cannot be read: No such file or directory: `gradcheck assignment new FOLDER` begins"
    ):
        read_assignment(tmp_path)
    (tmp_path / "assignment.toml").write_bytes(b"name = 1\ntitle = '\xff'\n")
    with pytest.raises(CaseError, match=r"assignment.toml:2: not UTF-8: byte 0xff: save the file as UTF-8"):
        read_assignment(tmp_path)
    (tmp_path / "assignment.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(CaseError, match="is larger than 1000000 bytes"):
        read_assignment(tmp_path)


# the schema and the reader
def test_the_words_of_the_schema_are_those_of_the_model():
    defs = schema()["$defs"]
    assert (tuple(defs["asks"]["enum"]), tuple(defs["level"]["enum"]), tuple(defs["shown"]["enum"])) == (ASKS, LEVELS, SHOWN)
    assert set(defs["limits"]["properties"]) == set(Limits.__slots__)
    assert set(defs["feedback"]["properties"]) == set(Feedback.__slots__)
    assert set(defs["credit"]["properties"]) == set(Credit.__slots__)


def test_every_key_of_the_schema_is_described():
    for at in documents.places(schema()):
        here = documents.part(schema(), at)
        if len(at) > 1 and at[-2] == "properties":
            assert here["description"].endswith("."), at
        if isinstance(here, dict) and "properties" in here:
            assert here.get("additionalProperties", True) is not True, at


def test_the_reader_and_the_schema_find_fault_with_the_same_documents():
    """At every place of a document with every key, values of every type, keys gone and keys too many."""
    good, judge = documents.assignment_read(), jsonschema.Draft202012Validator(schema())
    assert judge.is_valid(good) and not list(faults_of(good))
    disagree, refused, taken = [], 0, 0
    for at in documents.places(good):
        if "at" in at[:-2] or at[-1:] == (1,) and "imports" in at:
            continue  # what follows is alike
        here = documents.part(good, at)
        changes = [True, -1, 1.0, 1.5, 1e300, "z", "submission.py", "a\n", [], {}, [[1.0], {"x": [True]}], [["a"]], documents.GONE]
        found = [documents.changed(good, at, c) for c in changes] if at else []
        if isinstance(here, dict):
            found.append(documents.changed(good, (*at, "unknown"), 1))
        for data in found:
            faults = list(faults_of(data))
            refused, taken = refused + bool(faults), taken + (not faults)
            if bool(faults) is judge.is_valid(data):
                disagree.append((at, faults[:1]))
    assert disagree[:3] == []
    assert refused > 500 and taken > 50


# digests
def test_the_digest_tells_versions_apart(folder):
    (folder / "cases.py").write_text("from helpers import half\n" + CASES)
    (folder / "helpers.py").write_text("import deep.numbers\nhalf = 0.5\n")
    (folder / "deep").mkdir()
    (folder / "deep" / "__init__.py").write_text("from . import other\n")
    (folder / "deep" / "numbers.py").write_text("")
    (folder / "deep" / "other.py").write_text("")
    (folder / "solution.py").write_text("")
    first = reading(folder, HEAD + SINE).digest
    names = [p.relative_to(folder).as_posix() for p in local_files(folder / "cases.py")]
    assert names == ["cases.py", "deep/__init__.py", "deep/numbers.py", "deep/other.py", "helpers.py"]
    (folder / "solution.py").write_text("changed = 1\n")
    (folder / "unrelated.py").write_text("")
    assert read_assignment(folder).digest == first
    seen = {first}
    for name in names:
        (folder / name).write_text((folder / name).read_text() + "\n")
        seen.add(read_assignment(folder).digest)
    assert len(seen) == 6
    assert reading(folder, HEAD + SINE + "\n").digest not in seen


def test_neighbours_of_one_name_in_two_folders_are_told_apart(folder, tmp_path):
    found = []
    for value in (2.0, 3.0):
        place = tmp_path / f"a{value:g}"
        place.mkdir()
        (place / "cases.py").write_text(
            "import asg_neighbour\n" + CASES + "\n@case(x=1.0)\ndef scaled(x):\n    return FACTOR * x\n\nFACTOR = asg_neighbour.FACTOR\n"
        )
        (place / "asg_neighbour.py").write_text(f"FACTOR = {value}\n")
        found.append(reading(place, HEAD + SINE.replace("sine", "scaled")).questions[0].case(1.0))
    assert found == [2.0, 3.0]


def test_the_document_used_here_is_toml():
    assert tomllib.loads(documents.ASSIGNMENT)["questions"][0]["credit"]["hops"] == {"dz": 1.5}
