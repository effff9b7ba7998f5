"""Assignments as they are begun, what students are given, and mistakes planted in right answers."""

from __future__ import annotations

import ast
import importlib.util

import numpy as np
import pytest
from click.testing import CliRunner

from gradcheck import check, load_cases
from gradcheck.cli import main
from gradcheck.errors import CaseError, UsageError
from gradcheck.grading.assignments import files_of, planted, read_assignment, right_answer, sampled, scaffold, student_template
from gradcheck.grading.assignments.document import schema

FILES = {
    "assignment.toml",
    "cases.py",
    "solution.py",
    "README.md",
    "roster.csv",
    "assignment.schema.json",
    "student/submission.py",
    "student/README.md",
}
OWN = (
    '''
import numpy as np
from asg_helpers import HALF
from gradcheck import Data, Integer, Real, case

def squashed(z):
    """Hint: dz = 1 - y^2."""
    return np.tanh(z)  # a comment that gives it away

@case(w=Real(3), x=Data(np.ones(3)))
def neuron(w, x):
    r"""A neuron.

    \\sigma(w x), """ + 'said "so"' + """
    """
    z = HALF * w @ x  # dz = ...
    y = squashed(z)
    return y

@case(x=Real((2, 3), low=0), k=Integer(high=2), cotangent=1.5)
def roots(x, k, cotangent):
    return np.sqrt(x) * cotangent

@case(x=Real())
def root(x):
    return np.sqrt(x)

@case(x=1.0)
def größe(x):
    return x * x
'''.replace('r"""A', "r'''A")
    .replace('''""" + 'said "so"' + """''', 'said """so""".')
    .replace('    """\n    z = HALF', "    '''\n    z = HALF")
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The example assignment."""
    folder = tmp_path_factory.mktemp("begun") / "hw 1"
    return folder, scaffold(folder, title='The "chain" rule | 1')


@pytest.fixture
def own(tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "asg_helpers.py").write_text("HALF = 0.5\n")
    scaffold(tmp_path / "hw", source=tmp_path / "mine.py", name="own")
    return tmp_path / "hw"


def functions(path):
    spec = importlib.util.spec_from_file_location("asg_answers", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def points(question, seed=0):
    return (*question.at, *sampled(question.case, seed, 3))


# beginning
def test_everything_is_there_and_makes_an_assignment(begun):
    folder, files = begun
    assert set(files) == FILES
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"} == FILES
    a = read_assignment(folder)
    assert (a.name, a.title, a.points) == ("hw-1", 'The "chain" rule | 1', 14.0)
    assert [q.asks for q in a.questions] == ["gradient", "intermediates", "backward"]


def test_the_file_explains_every_key(begun):
    text = (begun[0] / "assignment.toml").read_text()
    tables = [schema(), *(d for d in schema()["$defs"].values())]
    missing = [k for d in tables for k in d.get("properties", {}) if f"{k} =" not in text and f"{k}]" not in text]
    assert missing == []


def test_the_solution_is_right(begun):
    """Every part of every answer, by the package's own judgement."""
    a = read_assignment(begun[0])
    module = functions(a.solution)
    for q in a.questions:
        answer = getattr(module, q.function)
        for p in points(q):
            assert check(q.case, answer, p).ok, q.name
            if q.asks != "gradient":
                found, expected = answer(*p), right_answer(q)(*p)
                assert set(found) == set(expected)
                for n in expected:
                    np.testing.assert_allclose(found[n], expected[n], rtol=1e-10, atol=1e-12)


def test_what_is_handed_out_runs_and_does_nothing_yet(begun):
    module = functions(begun[0] / "student" / "submission.py")
    for q in read_assignment(begun[0]).questions:
        with pytest.raises(NotImplementedError):
            getattr(module, q.function)(*points(q)[0])
    page = (begun[0] / "student" / "README.md").read_text()
    assert page.startswith('# The "chain" rule | 1\n')
    assert "| Sine of a square | `sine_of_square_gradient` in `submission.py` | 2 |" in page


def test_students_are_given_no_answers(begun):
    folder = begun[0]
    for file in (f for f in (folder / "student").iterdir() if f.is_file()):  # another test may have run what is there
        assert "cos(" not in file.read_text() and "dz = " not in file.read_text()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(UsageError, match="is not empty: name a folder that is new or empty, so that nothing is overwritten"):
        scaffold(tmp_path)
    with pytest.raises(UsageError, match="is a file: name a folder"):
        scaffold(tmp_path / "mine.txt")
    with pytest.raises(UsageError, match=r"--name a b: expected a name of letters"):
        scaffold(tmp_path / "new", name="a b")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.txt"]


# from cases there are
def test_every_case_that_can_be_asked_for_is_a_question(own):
    a = read_assignment(own)
    assert [(q.name, q.asks, q.points) for q in a.questions] == [("neuron", "gradient", 1.0), ("roots", "vjp", 1.0)]
    assert a.questions[0].title == "A neuron"
    text = (own / "assignment.toml").read_text()
    assert "# root is left out: case root is not finite at" in text and "# größe is left out: a question's name has" in text
    assert (own / "solution.py").read_text().startswith("# The instructor's own answers, to be written here.")
    assert {"mine.py", "asg_helpers.py"} <= {p.name for p in own.iterdir()}
    assert len(load_cases(own / "mine.py")) == 4


def test_the_template_states_what_a_student_needs(own):
    text = (own / "student" / "submission.py").read_text()
    tree = ast.parse(text)
    neuron, roots = (n for n in tree.body if isinstance(n, ast.FunctionDef))
    assert ast.unparse(neuron.args) == "w, x" and ast.unparse(roots.args) == "x, k, cotangent, cotangent_"
    doc = ast.get_docstring(neuron)
    for said in (
        "A neuron (1 point).",
        "\\sigma(w x), said '''so'''.",
        "z = HALF * w @ x\n    y = squashed(z)\n    return y",
        "HALF = 0.5",
        "def squashed(z):\n        return np.tanh(z)",
        "w  an array of shape (3,)\n    x  an array of shape (3,), given",
        "Return the gradient with respect to w: an array of shape (3,).",
    ):
        assert said in doc, said
    assert "dz" not in text and "Hint" not in text and "gives it away" not in text
    doc = ast.get_docstring(roots)
    for said in (
        "an array of shape (2, 3), 0 < x\n    k          a whole number, 0 <= k < 2",
        "Return the vector-Jacobian product with respect to x, cotangent: a tuple (dx, dcotangent), each of its argument's shape.",
        "`cotangent_` has the result's shape, (2, 3)",
    ):
        assert said in doc, said


def test_cases_that_cannot_be_used_are_told(tmp_path):
    with pytest.raises(UsageError, match="is no file: name a Python file with cases"):
        scaffold(tmp_path / "hw", source=tmp_path)
    for name, text, kind, told in (
        ("solution.py", OWN, UsageError, "the assignment has a file of that name: give the file of cases another"),
        (
            "bad.py",
            "from gradcheck import Real, case\n@case(x=1)\ndef f(x):\n    return x\n",
            CaseError,
            "no case can be asked for: f is left out",
        ),
        ("none.py", "x = 1\n", CaseError, "holds no case"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / "asg_helpers.py").write_text("HALF = 0.5\n")
        with pytest.raises(kind, match=told):
            scaffold(tmp_path / "hw", source=tmp_path / name)
        assert not (tmp_path / "hw").exists()


def test_questions_of_several_files_have_several_templates(begun, tmp_path):
    text = (begun[0] / "assignment.toml").read_text().replace("points = 8", 'points = 8\nfile = "net.py"')
    (tmp_path / "cases.py").write_text((begun[0] / "cases.py").read_text())
    (tmp_path / "assignment.toml").write_text(text.replace('solution = "solution.py"', ""))
    a = read_assignment(tmp_path)
    assert files_of(a) == ["submission.py", "net.py"]
    assert "def two_layer" in student_template(a, "net.py") and "def two_layer" not in student_template(a)
    with pytest.raises(UsageError, match=r"other.py: no question asks for a file of that name; they ask for submission.py, net.py"):
        student_template(a, "other.py")
    result = CliRunner().invoke(main, ["assignment", "template", str(tmp_path)])
    assert (result.exit_code, "the questions ask for submission.py, net.py: choose one with --file" in result.stderr) == (2, True)


# commands
def test_an_assignment_is_begun_and_its_template_written_from_the_command_line(tmp_path):
    folder = tmp_path / "hw1"
    result = CliRunner().invoke(main, ["assignment", "new", str(folder), "--title", "Homework 1", "--name", "h1"])
    assert result.exit_code == 0, result.stderr
    assert {line.removeprefix(f"{folder}/") for line in result.stdout.splitlines()} == FILES
    printed = CliRunner().invoke(main, ["assignment", "template", str(folder)])
    assert printed.stdout == (folder / "student" / "submission.py").read_text()
    written = CliRunner().invoke(main, ["assignment", "template", str(folder), "-o", str(tmp_path / "s.py")])
    assert (written.exit_code, (tmp_path / "s.py").read_text()) == (0, printed.stdout)
    again = CliRunner().invoke(main, ["assignment", "new", str(folder)])
    assert again.exit_code == 2 and "is not empty" in again.stderr


def test_a_fault_of_the_assignment_ends_the_command_in_one_line(tmp_path):
    (tmp_path / "assignment.toml").write_text("schema_version = 1\nnames = 2\n")
    result = CliRunner().invoke(main, ["assignment", "template", str(tmp_path)])
    assert result.exit_code == 3
    assert result.stderr == f"gradcheck: {tmp_path}/assignment.toml:1: name: is missing: expected {schema()['$defs']['name']['title']}\n"


# planted mistakes
def differs(a, b):
    """Whether two answers are told apart: by what they hold, their shapes or their numbers."""
    if type(a) is not type(b):
        return True
    if isinstance(a, dict):
        return set(a) != set(b) or any(differs(a[n], b[n]) for n in a)
    if isinstance(a, tuple):
        return len(a) != len(b) or any(map(differs, a, b))
    return np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=1e-6, atol=1e-12)


def given(question, point):
    return (*point, np.full(np.shape(question.case(*point)), 0.75)) if question.asks == "vjp" else point


@pytest.mark.parametrize("which", ["begun", "own"])
def test_planted_answers_are_wrong_and_of_many_kinds(which, request):
    found = request.getfixturevalue(which)
    for q in read_assignment(found[0] if which == "begun" else found).questions:
        mistakes = planted(q)
        swept = [m for m in mistakes if not m.of_contract]
        assert 8 <= len(swept) <= 12
        assert len({m.kind for m in swept}) >= 5
        assert {"sign", "factor", "missing-factor"} <= {m.kind for m in swept}
        assert all(m.hop and m.message and ".py" not in m.hop + m.message for m in swept)
        for m in mistakes:
            if m.kind == "raises":
                with pytest.raises(ValueError, match="planted"):
                    m.answer(*given(q, points(q)[0]))
                continue
            assert any(differs(m.answer(*given(q, p)), right_answer(q)(*given(q, p))) for p in points(q)), (q.name, m)


def test_planted_answers_are_found_wrong_by_the_check(begun):
    a = read_assignment(begun[0])
    q = a.question("softmax_loss")
    for m in planted(q):
        found = [check(q.case, m.answer, p).outcome for p in points(q)]
        assert "wrong" in found or m.kind == "missing-part", m  # the part left out is dz, which is not asked for there


def test_planted_mistakes_of_the_contract(begun):
    a = read_assignment(begun[0])
    kinds = {q.name: [m.kind for m in planted(q, count=0)] for q in a.questions}
    assert kinds["sine_of_square"] == ["shape", "none", "nan", "raises"]
    assert kinds["two_layer_network"] == ["shape", "none", "nan", "transposed", "missing-part", "raises"]


def test_planted_mistakes_are_the_same_every_time(begun):
    q = read_assignment(begun[0]).question("two_layer_network")
    assert [(m.kind, m.hop, m.message) for m in planted(q, 5)] == [(m.kind, m.hop, m.message) for m in planted(q, 5)]
    assert len([m for m in planted(q, 5) if not m.of_contract]) == 5


def test_a_mistake_at_a_hop_changes_what_comes_after_it_and_not_before(begun):
    q = read_assignment(begun[0]).question("two_layer_network")
    point = points(q)[0]
    right = right_answer(q)(*point)
    mistake = next(m for m in planted(q) if m.hop.startswith("H (tanh)"))
    found = mistake.answer(*point)
    wrong = {n for n in right if differs(found[n], right[n])}
    assert wrong == {"dZ", "W1", "b1"}
    assert mistake.line == (begun[0] / "cases.py").read_text().splitlines().index("    H = np.tanh(Z)") + 1


def test_a_function_of_one_branch_is_planted_with_the_other(tmp_path):
    text = "import numpy as np\nfrom gradcheck import Real, case\n\n@case(x=Real())\ndef bent(x):\n    if x > 0:\n        z = 2 * x\n    else:\n        z = 3 * x\n    y = z * z\n    return y\n"
    (tmp_path / "cases.py").write_text(text)
    (tmp_path / "assignment.toml").write_text(
        'schema_version = 1\nname = "b"\n[[questions]]\nname = "bent"\nasks = "backward"\nat = [[1.0], [-1.0]]\n'
    )
    (q,) = read_assignment(tmp_path).questions
    assert q.names == ("z",)
    (branch,) = (m for m in planted(q, 50) if m.kind == "wrong-branch" and "ignored" in m.message)
    assert float(right_answer(q)(np.float64(-1.0))["x"]) == -18.0
    assert float(branch.answer(np.float64(-1.0))["x"]) == -8.0
    assert float(branch.answer(np.float64(1.0))["x"]) == 8.0
