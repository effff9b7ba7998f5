"""Wrong twins of reading submissions: each makes one mistake that graders have made, and what is asked of a reader rejects it."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from grading.hostile_files import GOOD, HOSTILE_NOTEBOOKS, HOSTILE_ZIPS, Member, build, notebook, ordinary

from gradcheck.grading.submissions import (
    Roster,
    Student,
    archive,
    choosing,
    collect,
    collecting,
    drafts,
    files,
    magics,
    names,
    roster,
    submission,
)
from gradcheck.grading.submissions import notebook as notebooks
from gradcheck.grading.submissions.bounds import Refusal

TOLD = "which is meant cannot be told"


def lay(folder: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def program(folder: Path, student: str = "ann"):
    return next(s.program() for s in collect(folder).submissions if s.student == student)


def refused(folder: Path) -> bool:
    return isinstance(program(folder), str)


# what is asked, each as a question with one right answer
def of_links(folder: Path) -> bool:
    lay(folder, {"class/ann.py": GOOD, "key": b"the key"})
    found = collect(folder / "class").submissions[0]
    (folder / "class" / "ann.py").unlink()
    (folder / "class" / "ann.py").symlink_to(folder / "key")
    return isinstance(found.program(), str)


def of_links_in_folders(folder: Path) -> bool:
    lay(folder, {"ann/submission.py": GOOD, "key": b""})
    (folder / "ann" / "key.txt").symlink_to(folder / "key")
    return refused(folder)


def of_zip(name: str):
    return lambda folder: refused(lay(folder, {"ann.zip": HOSTILE_ZIPS[name][0]}))


def of_strings(folder: Path) -> bool:
    source = 'x = """\n%not\n"""\ny = (1\n% 2)\n%this'
    return program(lay(folder, {"ann.ipynb": notebook(source)})).cells == (source.replace("%this", "pass"),)


def of_cell_magics(folder: Path) -> bool:
    return program(lay(folder, {"ann.ipynb": notebook("%%time\nx = 1", "%%bash\nrm")})).cells == ("pass\nx = 1", "pass\n")


def of_deep_notebooks(folder: Path) -> bool:
    return refused(lay(folder, {"ann.ipynb": HOSTILE_NOTEBOOKS["deep in outputs"][0]}))


PEOPLE = Roster((Student("kim"), Student("lee")))


def joined(folder: Path, name: str) -> list[str]:
    found = collect(lay(folder, {f"{name}.py": GOOD}), roster=Roster(PEOPLE.students))
    return [i for i in ("kim", "lee") if i not in found.absent]


def of_lookalikes(folder: Path) -> bool:
    return not any(joined(folder / str(k), name) for k, name in enumerate(("ｋｉｍ", "\u212aim", "кim", "lее")))


def of_case(folder: Path) -> bool:
    return joined(folder, "Kim") == ["kim"]


def of_ambiguous_logins(folder: Path) -> bool:
    return Roster((Student("a", email="x@a.edu"), Student("b", email="x@b.edu"))).find("x") is None


def of_two_submissions(folder: Path) -> bool:
    return TOLD in str(program(lay(folder, {"ann.py": GOOD, "ann.zip": ordinary({"submission.py": b""})})))


def of_attempts(folder: Path) -> bool:
    lay(folder, {"ann_1_10_submission-2.py": b"new = 1", "ann_1_11_submission-1.py": b"old = 1"})
    return program(folder, "1").files == {"submission.py": b"new = 1"}


def of_candidates(folder: Path) -> bool:
    return refused(lay(folder, {"ann/a.py": b"", "ann/b.py": b""}))


def of_shadows(folder: Path) -> bool:
    return set(program(lay(folder, {"ann/submission.py": GOOD, "ann/numpy.py": b"", "ann/h.py": b""})).files) == {"submission.py", "h.py"}


def of_pipes(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "ann.py")
    return refused(folder)


ASKED = {
    "links": of_links,
    "links in folders": of_links_in_folders,
    "paths": of_zip("leads out"),
    "links in zips": of_zip("symbolic link"),
    "sizes": of_zip("bomb that lies"),
    "sums": of_zip("wrong sum"),
    "overlaps": of_zip("overlapping entries"),
    "entries": of_zip("entries without end"),
    "duplicates": of_zip("duplicate"),
    "case": of_zip("clash of case"),
    "two names": of_zip("two names"),
    "zips in zips": of_zip("zip in a zip in a zip"),
    "strings": of_strings,
    "cell magics": of_cell_magics,
    "deep notebooks": of_deep_notebooks,
    "look-alikes": of_lookalikes,
    "upper and lower case": of_case,
    "ambiguous logins": of_ambiguous_logins,
    "two submissions": of_two_submissions,
    "attempts": of_attempts,
    "candidates": of_candidates,
    "shadows": of_shadows,
    "pipes": of_pipes,
}


def met(question: str, folder: Path) -> bool:
    try:
        return ASKED[question](folder)
    except Exception:  # a reader that fails has not met what is asked
        return False


@pytest.mark.parametrize("question", ASKED)
def test_the_reader_itself_meets_what_is_asked(tmp_path, question):
    assert ASKED[question](tmp_path)


def follows_links(folder, parts, limit):
    return Path(f"/proc/self/fd/{folder}", *parts).read_bytes(), False


def walks_links(folder, parts, bounds):
    top = Path(f"/proc/self/fd/{folder}", *parts)
    return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file())


def standard_index(file, most, directory):
    """What zipfile's users write: names are looked at, and that is all."""
    with zipfile.ZipFile(file) as z:
        return tuple(archive.Entry(n, n.encode(), 0, 0, 0, 0, 0, 0) for n in z.namelist())


def ends_anywhere(found, end):
    return (replace(e, end=end) for e in found)


def last_of_two(file, entry, limit):
    with zipfile.ZipFile(file) as z:
        return z.read(entry.name)


def trusts_sizes(file, entry):
    return zlib.decompressobj(-15).decompress(file.read(entry.packed))[: entry.unpacked]


def by_look(self, *keys):
    looks = lambda key: unicodedata.normalize("NFKC", key).casefold().translate(roster.skeleton.__globals__["_LOOKALIKES"])
    return next((s for s in self.students if looks(s.id) in map(looks, keys)), None)


def by_any_login(self, *keys):
    return next((s for s in self.students if {s.id, s.email, s.email.partition("@")[0]} & set(keys)), None)


def strips_every_line(source):
    lines = ["pass" if magics.is_magic(line) else line for line in source.split("\n")]
    return magics.Stripped("\n".join(lines))


def keeps_every_body(source):
    return magics.Stripped("\n".join("pass" if line.startswith("%") else line for line in source.split("\n")))


def loads_as_it_comes(content, name):
    return notebooks.json.loads(content)


def keeps_the_last(submissions, found):
    return list({s.student: s for s in submissions}.values()), []


def first_of_all(names_, wanted):
    return min(n for n in names_ if names.is_code(n))


def any_attempt(parts):
    return tuple(
        choosing_piece for item, named in parts[-1:] for choosing_piece in (submission.Piece(named.file, item.pieces[0].parts),)
    ), []


ANY = type("Any", (), {"__eq__": lambda self, other: True, "__ne__": lambda self, other: False, "__hash__": None})()
UNCHECKED = type("Zlib", (), {"crc32": staticmethod(lambda c: ANY), "decompressobj": zlib.decompressobj, "error": zlib.error})
SUMS = (archive, "zlib", UNCHECKED)  # in the module that reads zips alone
READ = (files, "read", follows_links)
EXTRACT = (archive, "extract", last_of_two)
TWINS = {
    "follows links": ([READ], {"links"}),
    "walks into links": ([READ, (files, "walk", walks_links)], {"links in folders"}),
    "minds no names": ([(names, "fault", lambda name: ""), (archive, "fault", lambda name: "")], {"paths"}),
    "reads an entry for what it is not": ([(archive, "_wrong", lambda *a: "")], {"links in zips"}),
    "trusts the declared size": ([(archive, "_inflate", trusts_sizes), SUMS], {"sizes"}),
    "checks no sums": ([SUMS], {"sums"}),
    "lets entries overlap": ([(archive, "_apart", ends_anywhere)], {"overlaps"}),
    "the standard library's reader": ([(archive, "index", standard_index), EXTRACT], {"entries", "links in zips"}),
    "keeps the last duplicate": ([(submission, "check", lambda names_: None)], {"duplicates", "case"}),
    "strips magics in strings": ([(notebooks, "strip", strips_every_line)], {"strings"}),
    "keeps what is no Python": ([(notebooks, "strip", keeps_every_body)], {"cell magics"}),
    "loads however deep": ([(notebooks, "_document", loads_as_it_comes)], {"deep notebooks"}),
    "joins by look": ([(Roster, "find", by_look)], {"look-alikes"}),
    "joins by exact name only": (
        [(Roster, "find", lambda self, *k: next((s for s in self.students if s.id in k), None))],
        {"upper and lower case"},
    ),
    "joins with the first of two": ([(Roster, "find", by_any_login)], {"ambiguous logins"}),
    "takes the last of two in silence": ([(collecting, "_one_each", keeps_the_last)], {"two submissions"}),
    "takes any attempt": ([(drafts, "_last_attempts", any_attempt)], {"attempts"}),
    "takes the first candidate": ([(choosing, "choose", first_of_all)], {"candidates"}),
    "lets files hide modules": ([(choosing, "hides", lambda name: "")], {"shadows"}),
}


@pytest.mark.parametrize("name", TWINS)
def test_a_reader_with_a_fault_is_rejected(tmp_path, monkeypatch, name):
    patches, questions = TWINS[name]
    for patch in patches:
        monkeypatch.setattr(*patch)
    for k, question in enumerate(sorted(questions)):
        assert not met(question, tmp_path / str(k)), question


def test_the_standard_library_would_keep_the_last_of_two():
    """Why the reader is our own."""
    with zipfile.ZipFile(io.BytesIO(build([Member(), Member(content=b"other")]))) as z:
        assert z.read("submission.py") == b"other"
    with pytest.raises(Refusal):
        names.check(["submission.py", "submission.py"])
