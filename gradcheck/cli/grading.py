"""Commands on coursework: grade."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from gradcheck.cli.finding import Progress, refuse_both
from gradcheck.cli.group import FAILED, OK, main, say
from gradcheck.errors import UsageError

if TYPE_CHECKING:
    from gradcheck.grading.answers import Isolation
    from gradcheck.grading.classes import How, Journal
    from gradcheck.grading.model import Assignment
    from gradcheck.grading.results import ClassMarks
    from gradcheck.grading.submissions import Collected

STOPPED = 130  # as shells say of what Ctrl-C ended
LEVELS = ("auto", "bubblewrap", "namespaces", "landlock", "none")


@main.command()
@click.argument("assignment", type=click.Path(path_type=Path), required=False)
@click.argument("submissions", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("marks"),
    show_default=True,
    help="Write marks, feedback and the journal into this folder.",
)
@click.option(
    "--roster",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV of the class: ids, names, e-mails; an exported gradebook will do.",
)
@click.option(
    "--sandbox",
    "level",
    type=click.Choice(LEVELS),
    default="auto",
    show_default=True,
    help="The walls: the strongest this machine has, or those named.",
)
@click.option("--i-trust-these-submissions", "trusted", is_flag=True, help="With --sandbox=none: run them with no walls at all.")
@click.option(
    "--fork-server/--one-shot",
    default=False,
    help="Fork a pristine child for each from a process with NumPy loaded: ten times as fast. One-shot is the default.",
)
@click.option("--workers", type=click.IntRange(1), help="Grade so many at a time (default: the cores).")
@click.option("--dask", "cluster", metavar="ADDRESS", help="Grade on a running Dask cluster, such as tcp://10.0.0.1:8786 (extra `dask`).")
@click.option("--resume", is_flag=True, help="Go on with a run that was ended: nothing is graded twice.")
@click.option("--fresh", is_flag=True, help="Grade everything again, or with --only those named, whatever earlier runs have marked.")
@click.option("--only", multiple=True, metavar="STUDENT", help="Grade only this student; marks of others stay (may be repeated).")
@click.option(
    "--canvas", type=click.Path(dir_okay=False, path_type=Path), help="A gradebook exported from Canvas, to be filled in as canvas.csv."
)
@click.option("--canvas-column", metavar="NAME", help="The assignment's column in it, such as 'Homework 3 (12345)'.")
@click.option(
    "--gradescope",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SUBMISSIONS is one student's: write results.json for Gradescope here.",
)
@click.option("--html/--no-html", default=True, help="Pages for each student and for the class (extra `report`).")
@click.option("--json", "as_json", is_flag=True, help="Print the marks as one JSON document.")
@click.option("--selftest", is_flag=True, help="Try the walls of this machine with the attack suite, and report each.")
def grade(
    assignment: Path | None, submissions: Path | None, output: Path, roster: Path | None, level: str, trusted: bool, fork_server: bool,
    workers: int | None, cluster: str | None, resume: bool, fresh: bool, only: tuple[str, ...], canvas: Path | None, canvas_column: str | None,
    gradescope: Path | None, html: bool, as_json: bool, selftest: bool,
) -> None:  # fmt: skip
    """Mark coursework: hand-written gradients, each in a sandbox of its own.

    ASSIGNMENT is the file assignment.toml, or its folder (`gradcheck assignment new` makes one). SUBMISSIONS is a folder of .py files, notebooks, zips or folders, a
    zip as a learning platform exports it, or one file.

    \b
        gradcheck grade hw1 submissions --roster roster.csv -o marks
        gradcheck grade --selftest

    Writes marks.json, gradebook.csv, junit.xml, a page and a text for each student, and html/index.html for the class. Only inputs go into a student's process, and
    only numbers come out; truths and marks stay outside. An infrastructure error is never a zero: its cells stay empty.

    Exits 0 when every submission has its mark, 1 when some could not be marked, or a wall did not hold in the self-test. Ctrl-C keeps what
    is known (130): add --resume to go on.
    """
    if selftest:
        _selftest(level, trusted=trusted, fork_server=fork_server)
        return
    if assignment is None or submissions is None:
        raise UsageError("grade: name the assignment and the submissions: gradcheck grade hw1/assignment.toml submissions (or --selftest)")
    if resume and fresh:
        raise UsageError("--resume goes on with a run, --fresh starts over: give one of them")
    refuse_both(workers, cluster)
    if canvas is not None:
        _see_canvas(canvas, canvas_column)
    if gradescope is not None and cluster is not None:
        raise UsageError("--gradescope marks one submission, here: leave --dask out")
    from gradcheck.grading.assignments import read_assignment
    from gradcheck.grading.sandbox.layout import see_packages

    with redirect_stdout(sys.stderr):  # what cases print is no result
        found = read_assignment(assignment)
    if cluster is None:
        see_packages(found.imports)
    how = _how(level, trusted=trusted, fork_server=fork_server, workers=workers, away=cluster is not None)
    if gradescope is not None:
        _one(found, submissions, how, gradescope)
        return
    collected = _collected(found, submissions, roster, only)
    marks = _grade(
        found, collected, how, output, resume=resume, fresh=fresh, only=only, cluster=cluster, html=html, canvas=(canvas, canvas_column)
    )
    if only:
        marks = replace(marks, submissions=tuple(m for m in marks.submissions if m.student in only))
    _tell(marks, output, as_json=as_json)
    sys.exit(OK if all(m.complete for m in marks.submissions) else FAILED)


def _how(level: str, *, trusted: bool, fork_server: bool, workers: int | None, away: bool = False) -> How:
    """The walls to grade behind, told first. UsageError where there are none, and none was not asked for; what a cluster's machines have is seen there."""
    from gradcheck.grading.classes import How
    from gradcheck.parallel import cores

    named = away and level not in ("auto", "none")
    isolation = cast("Isolation", level) if named else isolation_of(level, trusted=trusted)
    start = "forked from a warm server" if fork_server else "one process each"
    walls = "NO WALLS: every program can read and write what you can" if isolation == "none" else f"sandbox: {isolation}"
    click.echo(f"{walls}, {start}", err=True)
    return How(isolation, fork_server, workers or cores())


def isolation_of(level: str, *, trusted: bool) -> Isolation:
    """The walls asked for, or the strongest there are. UsageError, with the reasons, where they do not stand."""
    from gradcheck.grading.answers import ISOLATION
    from gradcheck.grading.sandbox import probe, strongest

    if level == "none":
        if not trusted:
            raise UsageError(
                "--sandbox=none: runs every submission with your rights; if you have read them all, add --i-trust-these-submissions"
            )
        return "none"
    if level != "auto":
        (found,) = probe([name for name in ISOLATION if name == level])
        if not found.stands:
            raise UsageError(f"--sandbox={level}: does not stand on this machine: {found.reason}")
        return found.isolation
    found = strongest()
    if found.isolation == "none":
        reasons = "; ".join(f"{f.isolation}: {f.reason}" for f in probe() if f.isolation != "none")
        raise UsageError(
            f"no sandbox stands on this machine ({reasons}): install bubblewrap, or, if you trust them, add --sandbox=none --i-trust-these-submissions"
        )
    return found.isolation


def _collected(found: Assignment, place: Path, roster: Path | None, only: tuple[str, ...]) -> Collected:
    """The class. UsageError where there is nothing to grade: a wrong folder would else pass for a class that handed nothing in."""
    from gradcheck.grading.submissions import collect, read_roster

    collected = collect(place, file=_files(found), roster=None if roster is None else read_roster(roster))
    if not collected.submissions:
        raise UsageError(f"{place}: no submissions there: expected .py files, notebooks, zips or folders, one for each student")
    unknown = [s for s in only if s not in {c.student for c in collected.submissions}]
    if unknown:
        raise UsageError(f"--only {unknown[0]}: there is no submission of that student")
    return collected


def _see_canvas(exported: Path, column: str | None) -> None:
    """What is wrong with an exported gradebook is said before anything is graded."""
    from gradcheck.grading.exports import canvas_column

    if column is None:
        raise UsageError("--canvas: name the assignment's column too: --canvas-column 'Homework 3 (12345)'")
    canvas_column(exported, column)


def _grade(
    found: Assignment, collected: Collected, how: How, output: Path, *, resume: bool, fresh: bool, only: tuple[str, ...],
    cluster: str | None, html: bool, canvas: tuple[Path | None, str | None],
) -> ClassMarks:  # fmt: skip
    """Grade, write everything, and only then call the run finished."""
    from gradcheck.grading.classes import Journal, grade_class
    from gradcheck.grading.exports import canvas_csv, write_class
    from gradcheck.writing import write_files

    with Journal(output / "journal.jsonl") as journal:
        _ready(journal, resume=resume, fresh=fresh, only=only)
        known = len(journal.marks)
        if known:
            click.echo(f"{known} marks are known from earlier; what has changed is graded", err=True)
        progress = Progress(len(only or collected.submissions))
        try:
            with redirect_stdout(sys.stderr):
                marks = grade_class(found, collected, how, journal, progress, only=only, cluster=cluster, say=say)
        except KeyboardInterrupt:
            say(f"stopped; {len(journal.marks)} marks are kept in {journal.path}: add --resume to go on")
            sys.exit(STOPPED)
        notes = write_class(marks, output, assignment=found, html=html)
        if canvas[0] is not None and canvas[1] is not None:
            filled = canvas_csv(marks, canvas[0], canvas[1])
            write_files(output, [("canvas.csv", filled.text)], "the gradebook")
            notes = (*notes, *filled.warnings)
        journal.finish()
    for note in notes:
        say(note)
    return marks


def _ready(journal: Journal, *, resume: bool, fresh: bool, only: tuple[str, ...]) -> None:
    """An unfinished run is gone on with, or thrown away, only where that is said."""
    if fresh:
        journal.forget(only) if only else journal.clear()
    elif not journal.finished and not resume:
        raise UsageError(
            f"{journal.path}: a run was ended with {len(journal.marks)} marks known: add --resume to go on, or --fresh to start over"
        )


def _tell(marks: ClassMarks, output: Path, *, as_json: bool) -> None:
    from gradcheck.grading.exports import class_text, marks_json

    click.echo(marks_json(marks) if as_json else class_text(marks), nl=False)
    click.echo(f"written to {output}", err=True)


def _one(found: Assignment, place: Path, how: How, target: Path) -> None:
    """One student's submission, for Gradescope: results.json, or none at all where something of ours failed."""
    from gradcheck.grading.classes import Grader
    from gradcheck.grading.exports import gradescope_results, json_text, submitter
    from gradcheck.grading.submissions import collect_one
    from gradcheck.writing import write_files

    metadata = place.parent / "submission_metadata.json"
    student, name, email = submitter(metadata) if metadata.is_file() else (place.stem, "", "")
    grader = Grader(found, how)
    try:
        mark = grader.grade(collect_one(place, student=student, name=name, email=email, file=_files(found)))
    finally:
        grader.close()
    write_files(target.parent, [(target.name, json_text(gradescope_results(mark, found)))], "the results")
    click.echo(f"{mark.student}: {mark.earned:g} of {mark.possible:g}, written to {target}", err=True)


def _files(found: Assignment) -> tuple[str, ...]:
    """The files that questions ask for."""
    return tuple(dict.fromkeys(q.file for q in found.questions))


def _selftest(level: str, *, trusted: bool, fork_server: bool) -> None:
    from gradcheck.grading.selftest import selftest, selftest_text

    isolation = isolation_of(level, trusted=trusted)
    found = selftest(isolation, fork_server=fork_server, progress=Progress(None))
    click.echo(selftest_text(found), nl=False)
    sys.exit(OK if found.held else FAILED)
