"""Readers of assignments, templates and planters of mistakes that are wrong, on purpose: the tests of assignments must reject each."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import Phase, find, settings

from gradcheck.case import Case
from gradcheck.grading.assignments import asking, document, files, planted, reading, scaffold, subject, template
from gradcheck.grading.assignments.document import Fault
from gradcheck.grading.assignments.places import places
from tests.grading import test_assignment_begun as begun_tests
from tests.grading import test_assignment_places as places_tests
from tests.grading import test_assignments as reading_tests

beginning, planting = (import_module(f"gradcheck.grading.assignments.{name}") for name in ("scaffold", "planted"))
NOTICED = (AssertionError, pytest.fail.Exception)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cases.py").write_text(reading_tests.CASES)
    return tmp_path


def row(test, id):
    """A row of a test's table."""
    (mark,) = (m for m in test.pytestmark if m.name == "parametrize")
    return next(p.values for p in mark.args[1] if p.id == id)


FORM, SENSE = reading_tests.test_what_breaks_the_form_is_told, reading_tests.test_what_makes_no_sense_with_the_cases_is_told


def known_only(table, known, keys):
    """Unknown keys are passed over."""
    for key, value in table.items():
        if key in known["properties"]:
            yield from document._faults(value, known["properties"][key], (*keys, key))


def without_required(table, known, keys):
    return (f for f in OF_TABLE(table, known, keys) if "missing" not in f.message)


OF_TABLE = document._of_table
POINTS = asking.Asked.points
FITS = document.fits


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "test", "id"),
    [
        pytest.param(document, "_of_table", known_only, FORM, "misspelt", id="ignores unknown keys"),
        pytest.param(document, "_of_table", known_only, FORM, "late", id="ignores late policies"),
        pytest.param(document, "_of_table", without_required, FORM, "missing", id="asks for nothing"),
        pytest.param(document, "fits", lambda v, s, r: FITS(v, s, r) or isinstance(v, str), FORM, "type", id="takes any text"),
        pytest.param(
            document, "fits", lambda v, s, r: FITS(int(v) if isinstance(v, bool) else v, s, r), FORM, "bool", id="takes true for 1"
        ),
        pytest.param(document, "near", lambda word, known: "", FORM, "misspelt", id="suggests nothing"),
        pytest.param(reading, "_refuse_infinite", lambda *a: None, FORM, "nan", id="takes NaN"),
        pytest.param(reading, "_refuse_repeated", lambda *a: None, SENSE, "repeated", id="takes a name twice"),
        pytest.param(reading, "_refuse_repeated", lambda *a: None, SENSE, "functions", id="takes a function twice"),
        pytest.param(
            asking.Asked, "points", lambda self, credit: float(self.given.get("points", 1)), SENSE, "sum", id="credit need not sum"
        ),
        pytest.param(asking.Asked, "_hop", lambda self, name: name.removeprefix("d"), SENSE, "hop", id="credit for what nobody asks"),
        pytest.param(asking.Asked, "_refuse_unasked", lambda self: None, SENSE, "vjp", id="asks a number for its vjp"),
        pytest.param(asking.Asked, "_refuse_unasked", lambda self: None, SENSE, "names", id="asks a gradient for names"),
        pytest.param(asking.Asked, "names", lambda self: tuple(self.given.get("names", ())), SENSE, "variable", id="takes names on trust"),
        pytest.param(
            asking.Asked, "names", lambda self: tuple(self.given.get("names", ())), SENSE, "still", id="asks for a gradient of nothing"
        ),
        pytest.param(Case, "differentiable", lambda self, point: tuple(range(len(point)))[:3], SENSE, "integers", id="differentiates data"),
        pytest.param(asking, "is_drawn", lambda case: True, SENSE, "fixed", id="draws from fixed values"),
        pytest.param(asking, "point_from", lambda case, given: tuple(given), SENSE, "outside", id="takes any point"),
        pytest.param(
            reading, "_beside", lambda doc, key, name: doc.file.parent / name, SENSE, "solution", id="takes files that are not there"
        ),
    ],
)
def test_a_wrong_reader_is_noticed(folder, monkeypatch, owner, name, wrong, test, id):
    test(folder, *row(test, id))
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises((*NOTICED, ValueError)):  # a text for a number fails where it is used
        test(folder, *row(test, id))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(known_only, id="ignores unknown keys"),
        pytest.param(without_required, id="asks for nothing"),
        pytest.param(lambda table, known, keys: iter([*OF_TABLE(table, known, keys), *([Fault(keys, "")] if "digits" in table else [])]), id="refuses what is good"),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_a_reader_that_disagrees_with_the_schema_is_noticed(monkeypatch, wrong):
    monkeypatch.setattr(document, "_of_table", wrong)
    with pytest.raises(NOTICED):
        reading_tests.test_the_reader_and_the_schema_find_fault_with_the_same_documents()


# lines
def by_pattern(text):
    """Lines that look like a key: those in texts and arrays too."""
    found, table = {}, ()
    for n, line in enumerate(text.split("\n"), 1):
        if m := re.match(r"\s*\[+\s*(.+?)\s*\]+", line):
            table = tuple(m[1].split("."))
            found[table] = n
        elif m := re.match(r"\s*([\w.]+) *=", line):
            found[(*table, *m[1].split("."))] = n
    return found


def from_zero(text):
    return {way: line - 1 for way, line in places(text).items()}


def long_texts_are_one_line(text):
    return places(re.sub(r'"""(.|\n)*?"""|\'\'\'(.|\n)*?\'\'\'', "0", text))


def last_table_only(text):
    return {tuple(0 if isinstance(k, int) else k for k in way): line for way, line in places(text).items()}


def arrays_on_one_line(text):
    found = places(text)
    return {way: found[way[:-1]] if isinstance(way[-1], int) and len(way) > 2 else line for way, line in found.items()}


@pytest.mark.parametrize("twin", [by_pattern, from_zero, long_texts_are_one_line, last_table_only, arrays_on_one_line])
def test_wrong_lines_are_found_among_documents(twin):
    def shows(written):
        try:
            return twin(written[0]) != written[1]
        except Exception:
            return True

    text, expected = find(places_tests.documents(), shows, settings=settings(database=None, max_examples=1000, phases=[Phase.generate]))
    assert places(text) == expected


# digests
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda text, file: str(hash(text)), id="of the text alone"),
        pytest.param(lambda text, file: str(hash((text, file.read_bytes()))), id="not of what cases import"),
        pytest.param(lambda text, file: str([p.read_bytes() for p in sorted(file.parent.glob("*.py"))]), id="of the solution too"),
    ],
)
def test_a_wrong_digest_is_noticed(folder, monkeypatch, wrong):
    monkeypatch.setattr(reading, "digest", wrong)
    with pytest.raises(NOTICED):
        reading_tests.test_the_digest_tells_versions_apart(folder)


def test_neighbours_kept_from_another_assignment_are_noticed(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_forget", lambda *a: None)
    with pytest.raises(NOTICED):
        reading_tests.test_neighbours_of_one_name_in_two_folders_are_told_apart(folder, tmp_path)


# what is begun
@pytest.fixture
def example(tmp_path):
    folder = tmp_path / "hw 1"
    return folder, scaffold(folder, title='The "chain" rule | 1')


def test_a_wrong_solution_is_noticed(example):
    for right, wrong in (("* 2 * x", "* x"), ("dz[label] -= 1", "dz[label] += 1"), ("(1 - H**2)", "(1 - H)"), ('"dP": dP', '"dP": -dP')):
        file = example[0] / "solution.py"
        text = file.read_text()
        assert right in text
        file.write_text(text.replace(right, wrong))
        with pytest.raises(NOTICED):
            begun_tests.test_the_solution_is_right(example)
        file.write_text(text)


def test_a_scaffold_that_overwrites_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(beginning, "_require_empty", lambda folder: None)
    with pytest.raises(NOTICED):
        begun_tests.test_nothing_is_overwritten(tmp_path)


def test_a_template_that_gives_comments_away_is_noticed(tmp_path, monkeypatch):
    import inspect

    monkeypatch.setattr(template, "program", lambda f: inspect.getsource(f))
    (tmp_path / "mine.py").write_text(begun_tests.OWN)
    (tmp_path / "asg_helpers.py").write_text("HALF = 0.5\n")
    scaffold(tmp_path / "hw", source=tmp_path / "mine.py", name="own")
    with pytest.raises(NOTICED):
        begun_tests.test_the_template_states_what_a_student_needs(tmp_path / "hw")


# what is planted
def only_the_result(question, given, mutant):
    """The mistake in the gradients of the arguments, and none on the way."""
    found, right = ANSWER(question, given, mutant), ANSWER(question, given, None)
    return {n: right[n] if n[:1] == "d" else found[n] for n in right}


ANSWER = planting._answer


def test_planted_mistakes_that_are_none_are_noticed(example, monkeypatch, request):
    monkeypatch.setattr(planting, "_answer", lambda question, given, mutant: ANSWER(question, given, None))
    monkeypatch.setattr(request, "getfixturevalue", lambda name: example)
    with pytest.raises(NOTICED):
        begun_tests.test_planted_answers_are_wrong_and_of_many_kinds("begun", request)


def test_planted_mistakes_that_leave_the_way_there_right_are_noticed(example, monkeypatch):
    monkeypatch.setattr(planting, "_answer", only_the_result)
    with pytest.raises(NOTICED):
        begun_tests.test_a_mistake_at_a_hop_changes_what_comes_after_it_and_not_before(example)


def test_mistakes_of_one_kind_are_noticed(example, monkeypatch, request):
    mutants = planting.mutants_of
    monkeypatch.setattr(planting, "mutants_of", lambda scene: (m for m in mutants(scene) if m.kind == "sign"))
    monkeypatch.setattr(request, "getfixturevalue", lambda name: example)
    with pytest.raises(NOTICED):
        begun_tests.test_planted_answers_are_wrong_and_of_many_kinds("begun", request)


def test_a_subject_that_lists_every_variable_is_noticed(folder, monkeypatch):
    look = asking.subject
    monkeypatch.setattr(
        asking, "subject", lambda case, points: replace(found := look(case, points), variables=(*found.variables, *found.still))
    )
    with pytest.raises(NOTICED):
        reading_tests.test_the_backward_pass_asks_for_all_variables_that_a_gradient_reaches(folder)


def test_points_that_change_with_their_number_are_noticed(folder, monkeypatch):
    monkeypatch.setattr(reading_tests, "sampled", lambda case, seed, count: subject.sampled(case, seed + count, count))
    with pytest.raises(NOTICED):
        reading_tests.test_points_that_a_case_states_are_visible_besides_those_drawn(folder)


def test_the_planter_itself_is_what_is_tried():
    assert planted is planting.planted
