"""Commands on assignments: begin one, write what students fill in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gradcheck.cli.group import FAILED, OK, Group, main
from gradcheck.errors import UsageError


@main.group(cls=Group)
def assignment() -> None:
    """Coursework: begin an assignment, try it, write the template for students.

    An assignment is a folder with

    \b
        assignment.toml   the questions: points, partial credit, limits, feedback
        cases.py          the functions whose gradients are asked for, plain NumPy with @case
        solution.py       your own answers
        student/          what students are given

    \b
        gradcheck assignment new hw1 --title "Homework 1"
        gradcheck assignment check hw1
        gradcheck assignment template hw1 -o hw1/student/submission.py

    Then mark what is handed in: gradcheck grade hw1 submissions

    What every key of assignment.toml means: docs/reference/assignment.md, and `gradcheck schema assignment` for editors.
    """


@assignment.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--title", help="What students read (default: the name).")
@click.option("--name", help="What files and gradebooks call it: letters, digits, `_`, `-`, `.` (default: after the folder).")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Make a question of every case in this file, instead of examples.")
def new(folder: Path, title: str | None, name: str | None, source: Path | None) -> None:
    """Begin an assignment in a new or empty FOLDER.

    It holds three questions of rising size that mark as they stand, with answers: a gradient, intermediate gradients of a softmax loss,
    and the whole backward pass of a network. Its files explain every key; change them until they ask what you want.

    \b
        gradcheck assignment new hw1 --title "Homework 1: the chain rule"
        gradcheck assignment new hw2 --from my_cases.py

    With --from, every case of the file becomes a question of one point, and the answers are left for you to write. Files that the cases
    import from beside them are copied too. Nothing is ever overwritten.
    """
    from gradcheck.grading.assignments import scaffold

    files = scaffold(folder, title=title, name=name, source=source)
    for file in files:
        click.echo(str(folder / file))
    click.echo(f"gradcheck: {len(files)} files written; next: read {folder / 'README.md'}", err=True)


@assignment.command()
@click.argument("path", metavar="ASSIGNMENT", type=click.Path(path_type=Path))
@click.option("--file", "file", help="Which file, where questions have files of their own.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file (default: print).")
def template(path: Path, file: str | None, output: Path | None) -> None:
    """Write the file that students fill in.

    ASSIGNMENT is a folder with an assignment.toml, or such a file. Each function is stated with its arguments, where these live, and what to
    return, from the case's docstring, program and domains; comments of the program are left out. Run it again after a change of the assignment.
    """
    from gradcheck.grading.assignments import files_of, read_assignment, student_template
    from gradcheck.writing import write_files

    found = read_assignment(path)
    files = files_of(found)
    if file is None and len(files) > 1:
        raise UsageError(f"{found.path}: the questions ask for {', '.join(files)}: choose one with --file")
    text = student_template(found, file)
    if output is None:
        click.echo(text, nl=False)
        return
    write_files(output.parent, [(output.name, text)], "the template")
    click.echo(f"written to {output}", err=True)


@assignment.command()
@click.argument("path", metavar="ASSIGNMENT", type=click.Path(path_type=Path))
@click.option(
    "--count",
    type=click.IntRange(1, 100),
    default=12,
    show_default=True,
    help="Mistakes planted in the function of each question, besides those of form.",
)
@click.option(
    "--sandbox",
    "level",
    type=click.Choice(["auto", "bubblewrap", "namespaces", "landlock", "none"]),
    default="auto",
    show_default=True,
    help="The walls your solution runs behind.",
)
def check(path: Path, count: int, level: str) -> None:
    """Try an assignment before students see it.

    Your solution is marked as a submission is. Mistakes are planted in right answers, and marked: each should lose points, and what the
    student would be told of it should help.

    \b
        gradcheck assignment check hw1

    Exits 0 if the solution gets all points and no mistake does, 1 if not.
    """
    from gradcheck.cli.finding import Progress
    from gradcheck.cli.grading import isolation_of
    from gradcheck.grading.assignments import read_assignment
    from gradcheck.grading.classes import How, trial_text, try_assignment

    found = read_assignment(path)
    how = How(isolation_of(level, trusted=True))
    trial = try_assignment(found, how, count=count, progress=Progress(None))
    click.echo(trial_text(trial), nl=False)
    sys.exit(OK if trial.good else FAILED)


@assignment.command()
@click.argument("path", metavar="ASSIGNMENT", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("autograder.zip"),
    show_default=True,
    help="Write this file.",
)
@click.option(
    "--wheel",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The gradcheck to take along (default: built from its sources, or this release from the registry).",
)
@click.option(
    "--with",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that the cases read, to take along too (may be repeated).",
)
@click.option(
    "--with-solution",
    is_flag=True,
    help="Take your solution along. Students' programs never see it, but whoever gets hold of the zip does.",
)
def gradescope(path: Path, output: Path, wheel: Path | None, files: tuple[Path, ...], with_solution: bool) -> None:
    """Make the zip that Gradescope takes as an autograder.

    \b
        gradcheck assignment gradescope hw1 -o autograder.zip

    Upload it under "Configure Autograder". What students see and when follows `feedback.shown` of each question.
    """
    from gradcheck.grading.assignments import read_assignment
    from gradcheck.grading.exports import gradescope_zip
    from gradcheck.studies.elsewhere import local_files

    found = read_assignment(path)
    local = [file for case in {q.case.file for q in found.questions} for file in local_files(Path(case))]
    names = gradescope_zip(found, output, files=[*local, *files], wheel=wheel, with_solution=with_solution)
    click.echo("\n".join(names))
    click.echo(f"written to {output}", err=True)
