"""Commands on whole folders: run, list, compare-reports, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradcheck.cli.finding import Progress, away, dask_option, find_cases, refuse_both, report_problems, workers_option
from gradcheck.cli.group import FAILED, FAULT, OK, main, say
from gradcheck.errors import UsageError

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.reporting import Report
    from gradcheck.studies.collection import Cases
    from gradcheck.studies.running import RunResult
    from gradcheck.studies.study import Study


@main.command()
@click.argument("cases", nargs=-1)
@click.option(
    "--report",
    type=click.Path(file_okay=False),
    help="Write the report into this folder: html/index.html, README.md, report.json, CSV and LaTeX tables, pictures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--seed", type=int, help="Seed of points drawn from domains (default 0).")
@click.option("--studies", is_flag=True, help="With --report: the studies of cost, steps, depth and training too (about two minutes).")
@click.option("--quick", is_flag=True, help="With --studies: counts only, nothing is timed.")
@click.option(
    "--frameworks",
    metavar="NAMES",
    help="Compare torch, jax or both (torch,jax) beside our methods (default: with --report those that are installed; none for none).",
)
@workers_option
@dask_option
def run(
    cases: tuple[str, ...], report: str | None, as_json: bool, seed: int | None, studies: bool, quick: bool, processes: int | None,
    cluster: str | None, frameworks: str | None,
) -> None:  # fmt: skip
    """Compare every case's gradients and weigh every claim.

    CASES are files, folders, or names of cases (default: the folder `cases`). Exits 0 when all is as stated; a wrong
    gradient that is expected to be wrong is as stated.
    """
    from gradcheck.frameworks.methods import asked
    from gradcheck.rendering.comparison import run_text
    from gradcheck.rendering.document import document, dumps
    from gradcheck.settings import settings
    from gradcheck.studies.running import run as run_cases
    from gradcheck.verdicts.compare import FRAMEWORKS

    if studies and report is None:
        raise UsageError("--studies: a report is needed to put them in: add --report FOLDER, or run `gradcheck study NAME`")
    if quick and not studies:
        raise UsageError("--quick: there are no studies to shorten: add --studies, or leave it out")
    beside = asked(frameworks, otherwise=() if report is None else FRAMEWORKS)
    known = settings(seed=seed)
    refuse_both(processes, cluster)
    found, chosen = find_cases(cases, known)
    written = _report(report, found, chosen, known.seed)
    told = _studies(known.seed, quick) if studies else ()
    with away(cluster, *_pages(written)) as elsewhere:
        result = run_cases(
            found, seed=known.seed, progress=Progress(len(found) + len(found.claims)), chosen=chosen, processes=processes,
            named=as_json or written is not None, each=None if written is None else written.case, away=elsewhere, frameworks=beside,
        )  # fmt: skip
    if written is not None:
        result = _finish(written, result, told, processes)
    click.echo(dumps(document(result)) if as_json else run_text(result), nl=not as_json)
    for problem in (*result.problems, *(c.error for c in result.cases if c.error)):
        say(problem)
    sys.exit(FAULT if result.faulty else OK if result.met else FAILED)


@main.command(name="list")
@click.argument("cases", nargs=-1)
def list_cases(cases: tuple[str, ...]) -> None:
    """List the cases found, with what they are and where."""
    from gradcheck.rendering.explanation import short_path
    from gradcheck.rendering.layout import table
    from gradcheck.settings import settings

    found, chosen = find_cases(cases, settings())
    shown = list(found) if chosen is None else chosen
    rows = [[c.name, ", ".join(c.parameters), " ".join(c.claims), f"{short_path(c.file)}:{c.line}", c.summary] for c in shown]
    click.echo(table(rows, ["case", "arguments", "claims", "where", ""], indent=""))
    report_problems(found)


@main.command()
@click.argument("document", type=click.Choice(["run", "verdict", "study", "assignment", "marks", "gradescope"]), default="run")
def schema(document: str) -> None:
    """Print the JSON Schema of a document.

    DOCUMENT is `run` (of `gradcheck run --json` and report.json; the default), `verdict` (of `gradcheck check --json`), `study` (of
    `gradcheck study --json`), `assignment` (what an assignment.toml holds: editors that know TOML check and complete by it), `marks` (of
    marks.json) or `gradescope` (of results.json). The schemas are of draft 2020-12.
    """
    from gradcheck.rendering.schema import schema_text

    click.echo(schema_text(document), nl=False)


@main.command(name="compare-reports")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the changes as one JSON document.")
@click.option("--all", "everything", is_flag=True, help="List what differs between machines too: digits within rounding, versions.")
def compare_reports(old: Path, new: Path, as_json: bool, everything: bool) -> None:
    """List what changed from one report to another.

    OLD and NEW are folders written by `gradcheck run --report`, or report.json files.

    \b
        gradcheck run cases --report before
        ...change something...
        gradcheck run cases --report after
        gradcheck compare-reports before after

    Worse are: a verdict or a claim that was better before, a claimed gradient that no longer gets the verdict expected of it, a mistake no
    longer named, more operations, and digits lost beyond what rounding explains. Times are never compared.

    Exits 0 when nothing is worse, 1 when something is, 2 where a report cannot be read.
    """
    from gradcheck.loading import read_report
    from gradcheck.rendering.changes import changes_document, changes_text
    from gradcheck.rendering.document import dumps
    from gradcheck.studies.changes import changes, regressions

    found = changes(read_report(old), read_report(new))
    click.echo(dumps(changes_document(found, everything=everything)) if as_json else changes_text(found, everything=everything), nl=False)
    sys.exit(FAILED if regressions(found) else OK)


def _pages(written: Report | None) -> tuple[Any, ...]:
    """How pages are made on a cluster, and taken from there."""
    if written is None:
        return ()
    from gradcheck.reporting import PagesThere

    return PagesThere(written.seed, written.pictures), written.take


def _studies(seed: int, quick: bool) -> tuple[Study, ...]:
    from gradcheck.reporting import study_all

    return study_all(seed=seed, quick=quick, progress=Progress(None))


def _report(folder: str | None, found: Cases, chosen: list[Case] | None, seed: int) -> Report | None:
    """The report to be written, if one is; without the extra `report` it has neither pictures nor the site, which is said."""
    if folder is None:
        return None
    from gradcheck.reporting import Report, missing

    lacking = missing()
    if lacking is not None:
        said = f"the report is written without pictures and HTML: {lacking} is missing, which is in the extra `report`"
        click.echo(f"gradcheck: {said}: pip install 'gradcheck[report]'", err=True)
    return Report(Path(folder), tuple(found if chosen is None else chosen), seed, lacking is None)


def _finish(report: Report, result: RunResult, studies: tuple[Study, ...], processes: int | None) -> RunResult:
    """Prove the rules (with studies all of them, else those the cases rest on), and write what tells of all cases.

    Gives the result with what could not be written among its problems.
    """
    from gradcheck.parallel import cores
    from gradcheck.reporting import faults_of, primitives_of
    from gradcheck.verdicts.proof import proofs

    click.echo("proving the rules, writing the report", err=True)
    result = faults_of(result)
    report.whole(result, studies, proofs(processes or cores(), None if studies else primitives_of(result)))
    first = "html/index.html" if report.pictures else "README.md"
    click.echo(f"report written to {report.folder / first}", err=True)
    return result
