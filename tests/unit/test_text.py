"""Text of users, made safe to show; names of files made from it."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.rendering.text import cut, embedded, inert, label, one_line, slug

ANY = st.text(st.characters(exclude_categories=()), max_size=300)  # surrogates, controls, unassigned: all of it


@given(ANY)
def test_no_character_is_left_that_controls_or_hides_what_is_around_it(text):
    shown = inert(text, 1000)
    assert not [c for c in shown if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    shown.encode("utf-8")


@given(ANY, st.integers(1, 50))
def test_text_is_bounded_and_says_how_long_it_was(text, limit):
    shown = inert(text, limit)
    assert len(shown) <= 8 * limit + 40
    assert (f"({len(text):,} characters)" in shown) == (len(text) > limit)


@given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=80))
def test_ordinary_text_stays_as_it_is(text):
    assert inert(text, 100) == text


def test_marks_that_turn_text_around_are_written_out():
    assert inert("a\u202eb\u2066c\x00d") == "aU+202EbU+2066cU+0000d"


def test_one_line_has_no_breaks():
    assert one_line("a\n  b\t\tc\r\nd") == "a b c d"
    assert len(one_line("x" * 10**6)) < 700


@given(ANY, st.integers(1, 50))
def test_where_there_is_no_room_text_is_cut_with_an_ellipsis(text, limit):
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert shown.endswith("…") or shown == inert(text, len(text))


def test_a_label_is_one_bounded_line_that_keeps_its_direction():
    assert label("a\n\tb\x00\u202ec") == "a bU+0000U+202Ec"
    assert label("x" * 10**6, 60) == "x" * 59 + "…"
    assert label("\u2028" * 1000 + "x", 60) == "x"


@given(
    st.recursive(
        ANY | st.none() | st.floats(allow_nan=False, allow_infinity=False), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)
    )
)
def test_data_in_a_page_reads_back_and_cannot_end_its_element(data):
    written = embedded(data)
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == data


# file names
@pytest.mark.parametrize("name", ["f", "sine_of_square", "_x1", "A" * 60])
def test_an_ordinary_name_is_its_own_file(name):
    assert slug(name) == name


@given(ANY)
def test_any_name_makes_a_file_that_stays_in_its_folder(name):
    stem = slug(name)
    assert stem
    assert len(stem) <= 60
    assert set(stem) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


@given(ANY, ANY)
def test_different_names_make_different_files(a, b):
    assert (slug(a) == slug(b)) == (a == b)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "con.html", "<script>", "", "-", "é", "x" * 100_000])
def test_hostile_names_are_told_apart_by_a_digest(name):
    assert slug(name) != name
    assert "/" not in slug(name)
