"""Files appear whole or not at all, one at a time."""

from __future__ import annotations

import pytest

from gradcheck.errors import UsageError
from gradcheck.writing import write_files


def test_text_and_bytes_are_written_below_the_folder(tmp_path):
    write_files(tmp_path / "out", [("a.md", "zwölf\n"), ("b/c.bin", b"\x00\xff")])
    assert (tmp_path / "out" / "a.md").read_bytes() == "zwölf\n".encode()
    assert (tmp_path / "out" / "b" / "c.bin").read_bytes() == b"\x00\xff"


def test_files_are_written_as_they_come_and_not_held(tmp_path):
    def made():
        for i in range(3):
            assert sorted(p.name for p in tmp_path.iterdir()) == [f"{n}.md" for n in range(i)]
            yield f"{i}.md", str(i)

    write_files(tmp_path, made())


def test_a_file_that_cannot_be_made_leaves_the_one_before_as_it_was(tmp_path):
    (tmp_path / "b.md").write_text("old")

    def made():
        yield "a.md", "new"
        raise KeyError("no content")

    with pytest.raises(KeyError):
        write_files(tmp_path, made())
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.md": "new", "b.md": "old"}


def test_a_failure_while_writing_leaves_no_trace(tmp_path, monkeypatch):
    (tmp_path / "a.md").write_text("old")

    def fails(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fails)
    with pytest.raises(UsageError, match="No space left on device"):
        write_files(tmp_path, [("a.md", "new")])
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.md": "old"}


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="cannot write the report"):
        write_files(tmp_path / "out", [("a.md", "text")])


def test_half_a_letter_is_written_as_its_code(tmp_path):
    write_files(tmp_path, [("a.md", "x\ud800y")])
    assert (tmp_path / "a.md").read_text() == "x\\ud800y"


def test_who_writes_alone_removes_what_a_killed_writer_left(tmp_path):
    left = (".a.md.x1_y2z3w", ".b.md.aaaaaaaa")
    others = (".a.md.short", ".a.mdx.aaaaaaaa", "a.md.aaaaaaaa", ".a.md.AAAAAAAA", ".keep")
    for name in (*left, *others):
        (tmp_path / name).write_text("")
    write_files(tmp_path, [("a.md", "new")])
    assert {p.name for p in tmp_path.iterdir()} == {"a.md", *left, *others}
    write_files(tmp_path, [("a.md", "newer"), ("c/b.md", "")], alone=True)
    assert {p.name for p in tmp_path.iterdir()} == {"a.md", "c", left[1], *others}
