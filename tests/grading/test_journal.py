"""The journal of a run: whatever befalls its file, what stands before it is kept; nothing that it knows is graded twice."""

from __future__ import annotations

import subprocess
import sys

import class_rules
import pytest
from class_rules import MARKS, read, write_journal
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.errors import UsageError
from gradcheck.grading.classes import Journal
from gradcheck.grading.classes.journal import _line

SIZES = st.integers(0, 20_000)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("journal") / "journal.jsonl"


@given(SIZES)
@settings(max_examples=30, deadline=None)
def test_a_journal_that_is_cut_off_anywhere_loses_only_what_follows(path, size):
    ends = write_journal(path)
    class_rules.check_cut(Journal, path, size % (ends[-1] + 1))


@given(SIZES, st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_a_journal_with_a_wrong_byte_anywhere_loses_only_what_follows(path, at, byte):
    class_rules.check_changed(Journal, path, at, byte)


@given(SIZES, st.binary(min_size=1, max_size=200))
@settings(max_examples=20, deadline=None)
def test_bytes_that_are_no_line_lose_only_what_follows(path, at, garbage):
    ends = write_journal(path)
    content = path.read_bytes()
    at %= len(content)
    if at in (0, *ends) and garbage.endswith(b"\n"):
        garbage += b"x"
    path.write_bytes(content[:at] + garbage + content[at:])
    assert read(Journal, path) == class_rules.expected(ends, at)


def test_a_journal_that_is_cleared_keeps_what_comes_after(tmp_path):
    class_rules.check_cleared(Journal, tmp_path / "journal.jsonl")


def test_a_run_is_unfinished_from_its_start_to_its_end(tmp_path):
    class_rules.check_unfinished(Journal, tmp_path / "journal.jsonl")


def test_children_do_not_hold_the_journal(tmp_path):
    class_rules.check_children_let_go(Journal, tmp_path / "journal.jsonl")


def test_the_last_word_on_a_submission_holds(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.keep("key", MARKS[0])
        journal.keep("key", MARKS[1])
    with Journal(path) as journal:
        assert journal.marks == {"key": MARKS[1]}


def test_a_mark_of_another_version_is_not_known(tmp_path):
    path = tmp_path / "journal.jsonl"
    write_journal(path, MARKS[:1])
    odd = [
        {"key": "odd", "mark": MARKS[0].to_dict() | {"stars": 3}},
        {"key": "older", "mark": {"student": "a"}},
        {"key": "key1", "mark": MARKS[1].to_dict()},
    ]
    with path.open("ab") as file:
        file.writelines(map(_line, odd))
    assert set(read(Journal, path)) == {"key0", "key1"}


def test_two_graders_do_not_write_one_journal(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.keep("key", MARKS[0])
        with pytest.raises(UsageError, match="another grader is at work"), Journal(path):
            pass
    assert set(read(Journal, path)) == {"key"}


FULL = """
import resource, sys
sys.path.insert(0, {tests!r})
from class_rules import MARKS
from gradcheck.errors import UsageError
from gradcheck.grading.classes import Journal
from pathlib import Path

with Journal(Path(sys.argv[1])) as journal:
    journal.start()
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    kept = 0
    try:
        for n, mark in enumerate(MARKS):
            journal.keep(f"key{{n}}", mark)
            kept += 1
    except UsageError as error:
        print(kept, len(journal.marks), "make room, then add --resume" in str(error))
"""


@pytest.mark.slow
def test_a_full_disk_costs_no_mark_that_was_told_of(tmp_path, root):
    path = tmp_path / "journal.jsonl"
    write_journal(tmp_path / "whole.jsonl")
    size = (tmp_path / "whole.jsonl").stat().st_size // 2
    program = FULL.format(tests=str(root / "tests"))
    done = subprocess.run([sys.executable, "-c", program, str(path), str(size)], capture_output=True, text=True, check=True)
    kept, known, said = done.stdout.split()
    assert said == "True" and 0 < int(kept) < len(MARKS)
    assert kept == known == str(len(read(Journal, path)))


def test_nothing_is_kept_where_no_file_can_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot keep a journal there"), Journal(tmp_path / "file" / "journal.jsonl"):
        pass


@pytest.mark.parametrize("after", [pytest.param(0, marks=pytest.mark.slow), 3])
def test_a_run_that_was_ended_goes_on(tmp_path, after):
    class_rules.check_resumed(tmp_path, after)


def test_only_what_has_changed_is_graded_again(tmp_path):
    class_rules.check_only_what_changed(tmp_path / "class")


def test_a_failure_of_ours_is_no_zero_and_is_graded_again(tmp_path):
    class_rules.check_our_failure_is_no_zero(tmp_path / "class")


@pytest.mark.slow
def test_marks_are_the_same_however_many_work_at_them(tmp_path):
    class_rules.check_any_number_of_workers(tmp_path)
