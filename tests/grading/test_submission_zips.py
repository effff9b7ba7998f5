"""Zips: what every tool writes is read, what no tool should write is refused, and nothing leaves memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from grading.hostile_files import GOOD, HOSTILE_ZIPS, Member, build, notebook, ordinary
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.grading.submissions import collect
from gradcheck.grading.submissions.archive import extract, index
from gradcheck.grading.submissions.bounds import MB, Refusal


def handed_in(folder: Path, content: bytes):
    """What comes of a zip in a class with one more student."""
    (folder / "ann.zip").write_bytes(content)
    (folder / "ben.py").write_bytes(GOOD)
    ann, ben = collect(folder).submissions
    assert ben.program().files == {"submission.py": GOOD}  # the batch goes on
    return ann


@pytest.mark.parametrize("name", HOSTILE_ZIPS)
def test_a_hostile_zip_is_refused_for_its_student_alone(tmp_path, name):
    content, words = HOSTILE_ZIPS[name]
    program = handed_in(tmp_path, content).program()
    assert isinstance(program, str)
    assert words in program
    assert "\n" not in program and program.isprintable()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ann.zip", "ben.py"]  # nothing was unpacked


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(build([Member()]), id="plain"),
        pytest.param(build([Member(method=zipfile.ZIP_STORED)]), id="stored"),
        pytest.param(build([Member()], wide=True), id="64-bit records"),
        pytest.param(build([Member("./submission.py")]), id="from the folder itself"),
        pytest.param(
            ordinary({"hw1/submission.py": GOOD, "__MACOSX/hw1/._submission.py": b"x", "hw1/.DS_Store": b"x"}), id="as macOS packs"
        ),
        pytest.param(ordinary({"a/b/submission.py": GOOD, "a/b/__pycache__/submission.cpython-311.pyc": b"x"}), id="in folders"),
    ],
)
def test_an_ordinary_zip_is_read(tmp_path, content):
    assert handed_in(tmp_path, content).program().files == {"submission.py": GOOD}


def test_a_zip_brings_helpers_and_small_data(tmp_path):
    content = ordinary(
        {"w/submission.py": GOOD, "w/part.py": b"a = 1", "w/lib/__init__.py": b"", "w/d/x.csv": b"1,2", "w/report.pdf": b"%PDF"}
    )
    loaded = handed_in(tmp_path, content).load()
    assert list(loaded.files) == ["d/x.csv", "lib/__init__.py", "part.py", "submission.py"]
    assert loaded.warnings == ("passed over: w/report.pdf (programs, notebooks and small data files are taken, 50 MB in all)",)
    assert loaded.program().main == "submission.py"


def test_a_streamed_zip_with_sizes_behind_the_data_is_read(tmp_path):
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("submission.py", GOOD)
    assert handed_in(tmp_path, pipe.data).program().files == {"submission.py": GOOD}


def test_a_bomb_is_unpacked_no_further_than_it_says(tmp_path):
    ann = handed_in(tmp_path, HOSTILE_ZIPS["bomb that lies"][0])
    tracemalloc.start()
    try:
        ann.load()
        assert tracemalloc.get_traced_memory()[1] < 2 * MB  # of 8 MB
    finally:
        tracemalloc.stop()


def test_a_notebook_in_a_zip(tmp_path):
    assert handed_in(tmp_path, ordinary({"hw.ipynb": notebook("x = 1")})).program().cells == ("x = 1",)


def everything(content: bytes) -> dict[str, bytes]:
    """All that our reader finds in a zip; raises nothing but refusals."""
    file = io.BytesIO(content)
    return {e.name: extract(file, e, MB) for e in index(file, 1_000, MB)}


PIECES = st.lists(
    st.tuples(st.text(min_size=1, max_size=8), st.binary(max_size=60), st.sampled_from([0, 8])),
    max_size=4,
    unique_by=lambda piece: piece[0],
)


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.sampled_from([c for c, _ in HOSTILE_ZIPS.values() if len(c) < 2_000]), st.data())
def test_whatever_the_bytes_are_they_are_read_or_refused(content, data):
    cut = data.draw(st.integers(0, len(content)))
    changed = bytearray(content[:cut] + data.draw(st.binary(max_size=4)) + content[cut + data.draw(st.integers(0, 4)) :])
    try:
        assert isinstance(everything(bytes(changed)), dict)
    except Refusal as refusal:
        assert str(refusal).isprintable()


@settings(max_examples=60)
@given(PIECES)
def test_what_is_read_is_what_the_standard_library_reads(pieces):
    content = build([Member(name, data, method, flags=0x800) for name, data, method in pieces])
    try:
        ours = everything(content)
    except Refusal:
        return  # a name that we do not take
    with zipfile.ZipFile(io.BytesIO(content)) as z:
        assert ours == {n.removeprefix("./"): z.read(n) for n in z.namelist() if not n.endswith("/")}
