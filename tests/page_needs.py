"""What pages of the documentation speak of, and need to find in their folder: a class that has handed in, marks, an assignment."""

from __future__ import annotations

import shutil
from pathlib import Path


def a_class(folder: Path) -> None:
    """A roster, and what two students handed in."""
    (folder / "roster.csv").write_text("student id,name\nada,Ada\ncarl,Carl\n")
    (folder / "submissions").mkdir()
    (folder / "submissions" / "ada.py").write_text("def gradient(x):\n    return 2 * x\n")


def marks(folder: Path) -> None:
    """The marks of a class, an export of Canvas, and an assignment with a helper."""
    import sample_marks as sample

    from gradcheck.grading.assignments import scaffold
    from gradcheck.grading.exports import write_class

    write_class(sample.whole_class(), folder / "marks", formats=["json"])
    (folder / "exported.csv").write_text("Student,SIS Login ID,Homework 1 (1234)\nA,result1,\n")
    scaffold(folder / "homework")
    (folder / "homework" / "helper.py").write_text("HALF = 0.5\n")


def a_checkout(folder: Path) -> None:
    """A copy of the project, to be changed."""
    root = Path(__file__).parents[1]
    left_out = shutil.ignore_patterns("__pycache__", "*.nbc", "*.nbi")
    for name in ("gradcheck", "tests", "benchmarks"):
        shutil.copytree(root / name, folder / name, ignore=left_out)
    shutil.copy(root / "pyproject.toml", folder)
    (folder / "docs").unlink()
    shutil.copytree(root / "docs" / "reference", folder / "docs" / "reference")


NEEDS = {"how-to/add-a-primitive.md": a_checkout, "how-to/collect-submissions.md": a_class, "how-to/export-marks.md": marks}
