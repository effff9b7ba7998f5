"""The command line. Results go to stdout, progress to stderr; heavy imports wait until they are needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import gradcheck
from gradcheck.errors import CaseError, GradcheckError, UsageError

if TYPE_CHECKING:
    from gradcheck.case import Case
    from gradcheck.settings import Settings
    from gradcheck.studies.collection import Cases
    from gradcheck.studies.study import Study

OK, FAILED, USAGE, FAULT, INTERNAL = range(5)
EXIT_CODES = "Exit codes: 0 all as stated, 1 a check failed, 2 usage, 3 a case or setting is at fault, 4 internal error."


class _Group(click.Group):
    """Turns our errors into one clear line and an exit code, and suggests the nearest command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _fail(str(error), USAGE)
        except GradcheckError as error:
            _fail(str(error), FAULT)
        except BrokenPipeError:
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # anything else is a defect of ours: say so, with the traceback on request
            if ctx.params.get("traceback"):
                raise
            _fail(f"internal error: {type(error).__name__}: {error} (run `gradcheck --traceback ...` and report it)", INTERNAL)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            raise click.UsageError(f"no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else "")) from error


def _fail(message: str, code: int) -> None:
    click.echo(f"gradcheck: {message}", err=True)
    sys.exit(code)


@click.group(cls=_Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(gradcheck.__version__, prog_name="gradcheck")
@click.option("--traceback", is_flag=True, help="Show the traceback of an internal error.")
def main(traceback: bool) -> None:
    """Verify gradients: derived three ways, settled by a certified truth, with costs counted.

    A case is a plain NumPy function with a point or a domain:

    \b
        @case(x=1.0)
        def sine_of_square(x):
            return np.sin((x + 1)**2)

    Put cases into files in a folder and run `gradcheck run FOLDER`.
    """


@main.command()
@click.argument("cases", nargs=-1)
@click.option(
    "--report",
    type=click.Path(file_okay=False),
    help="Write README.md, report.json, CSV and LaTeX tables and a page per case into this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--seed", type=int, help="Seed of points drawn from domains (default 0).")
@click.option("--processes", type=click.IntRange(1), help="Compare cases in so many processes (default: one, or the cores for 200 cases).")
def run(cases: tuple[str, ...], report: str | None, as_json: bool, seed: int | None, processes: int | None) -> None:
    """Compare every case's gradients and weigh every claim.

    CASES are files, folders, or names of cases (default: the folder `cases`). Exits 0 when all is as stated; a wrong
    gradient that is expected to be wrong is as stated.
    """
    from gradcheck.rendering.comparison import run_text
    from gradcheck.rendering.document import document, dumps
    from gradcheck.settings import settings
    from gradcheck.studies.running import run as run_cases

    known = settings(seed=seed)
    found, chosen = _find(cases, known)
    result = run_cases(
        found, seed=known.seed, progress=_Progress(len(found) + len(found.claims)), chosen=chosen, processes=processes,
        named=as_json or report is not None, each=None if report is None else partial(_write_case, Path(report)),
    )  # fmt: skip
    if report is not None:
        _write_report(Path(report), result, processes)
    click.echo(dumps(document(result)) if as_json else run_text(result), nl=not as_json)
    for problem in (*result.problems, *(c.error for c in result.cases if c.error)):
        click.echo(f"gradcheck: {problem}", err=True)
    sys.exit(FAULT if result.faulty else OK if result.met else FAILED)


@main.command(name="list")
@click.argument("cases", nargs=-1)
def list_cases(cases: tuple[str, ...]) -> None:
    """List the cases found, with what they are and where."""
    from gradcheck.rendering.explanation import short_path
    from gradcheck.rendering.layout import table
    from gradcheck.settings import settings

    found, chosen = _find(cases, settings())
    shown = list(found) if chosen is None else chosen
    rows = [[c.name, ", ".join(c.parameters), " ".join(c.claims), f"{short_path(c.file)}:{c.line}", c.summary] for c in shown]
    click.echo(table(rows, ["case", "arguments", "claims", "where", ""], indent=""))
    _report_problems(found)


@main.command()
@click.argument("case")
@click.option("--cases", "where", multiple=True, help="Files or folders to look in (default: the folder `cases`).")
@click.option("--seed", type=int, help="Seed of points drawn from domains (default 0).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "latex", "markdown", "html"]),
    default="text",
    help="Tables as text (the default), or mathematics: align* for LaTeX, Markdown, a page that stands alone.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write into this file.")
def explain(case: str, where: tuple[str, ...], seed: int | None, form: str, output: str | None) -> None:
    """Derive a case's gradient step by step.

    CASE is a name, or FILE::NAME. Prints the forward table, the backward table hop by hop with local derivatives and
    running products, the graph, the chain rule unrolled, the operation counts and the program. In mathematics: the
    function, each local derivative, what arrives at every value, the product along every path, the chain rule unrolled.
    """
    from gradcheck.display import explain_case
    from gradcheck.settings import settings

    known = settings(seed=seed)
    file, _, name = case.rpartition("::")
    found, _ = _find((file,) if file else where, known)
    text = explain_case(found.named(name), seed=known.seed, format=form)
    if output is None:
        click.echo(text, nl=False)
        return
    from gradcheck.writing import write_files

    write_files(Path(output).parent, [(Path(output).name, text)], "the derivation")
    click.echo(f"written to {output}", err=True)


@main.command()
@click.argument("function")
@click.argument("gradient")
@click.option(
    "--at",
    "at",
    required=True,
    help="The point as JSON: a list of arguments, or an object by name. Write 1.0, not 1, for a number to differentiate.",
)
@click.option("--argnums", type=int, multiple=True, help="Position of an argument to differentiate (default: all floats).")
@click.option("--vjp", is_flag=True, help="The function returns an array, and the gradient takes a cotangent after the arguments.")
@click.option(
    "--order", type=click.IntRange(1, 2), default=1, help="2: GRADIENT is the Hessian, or its product with a vector it takes last."
)
@click.option("--search", is_flag=True, help="Look where bugs live too: ties, zeros, branch boundaries, tails; print what was covered.")
@click.option("--digits", type=float, help="Ask only for so many correct digits.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(
    function: str,
    gradient: str,
    at: str,
    argnums: tuple[int, ...],
    vjp: bool,
    order: int,
    search: bool,
    digits: float | None,
    as_json: bool,
) -> None:
    """Judge a gradient: FUNCTION and GRADIENT as MODULE:NAME or FILE.py:NAME.

    \b
        gradcheck check model.py:loss model.py:gradient --at '[[0.5, -1.0]]'

    Where it is wrong, the hop of the chain rule and the mistake are named.

    Exits 0 if the gradient is right (or a convention at a kink), 1 if it is not.
    """
    from gradcheck.loading import load_object, read_point
    from gradcheck.rendering.document import dumps
    from gradcheck.verdicts.check import check as judge

    options: dict[str, Any] = {"argnums": argnums or None, "vjp": vjp, "order": order, "search": search, "digits": digits}
    verdict = judge(load_object(function), load_object(gradient), read_point(at), **options)
    click.echo(dumps(verdict.to_dict()) if as_json else str(verdict), nl=not as_json)
    sys.exit(OK if verdict.ok else FAILED)


@main.command()
@click.argument("case")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to this file, .svg or .dot (default: print).")
@click.option("--format", "form", type=click.Choice(["svg", "dot"]), help="What to draw as (default: by the file's ending, else svg).")
@click.option("--cases", "where", multiple=True, help="Files or folders to look in (default: the folder `cases`).")
@click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", help="Colours; auto follows the reader's.")
@click.option("--fold/--no-fold", default=None, help="Fold loops and repeated blocks (default: above 200 nodes).")
@click.option("--seed", type=int, help="Seed of points drawn from domains (default 0).")
def graph(case: str, output: str | None, form: str | None, where: tuple[str, ...], theme: str, fold: bool | None, seed: int | None) -> None:
    """Draw a case's computation graph: the value above every wire, the gradient below.

    CASE is a name, or FILE::NAME. The drawing is SVG, or DOT text for other tools.
    """
    from gradcheck.display import draw
    from gradcheck.settings import settings
    from gradcheck.writing import write_files

    ending = Path(output).suffix if output else ""
    if form is None and output and ending not in (".svg", ".dot", ".gv"):
        raise UsageError(f"{output}: a drawing is written as .svg or .dot: give a name that ends so, or --format")
    known = settings(seed=seed)
    file, _, name = case.rpartition("::")
    found, _ = _find((file,) if file else where, known)
    drawing = draw(found.named(name), fold=fold, theme=theme, seed=known.seed)
    text = drawing.dot if (form or ending.lstrip(".")) in ("dot", "gv") else drawing.svg
    if output is None:
        click.echo(text, nl=False)
        return
    write_files(Path(output).parent, [(Path(output).name, text)], "the drawing")
    click.echo(f"{output}: {drawing.picture.caption}", err=True)


STUDY_NAMES = ("scaling", "step-size", "swell", "depth", "accuracy", "training")


@main.command()
@click.argument("name", type=click.Choice(STUDY_NAMES), metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--csv", "folder", type=click.Path(file_okay=False), help="Write every table into this folder too, as CSV files.")
@click.option("--quick/--full", default=False, help="Quick: counts only, nothing is timed (scaling). Full is the default.")
@click.option("--seed", type=int, help="Seed of intervals and drawn points (default 0).")
@click.option("--case", "case", help="step-size: the case whose differences are studied, by name or FILE::NAME.")
@click.option("--cases", "where", multiple=True, help="accuracy, step-size: files or folders of cases (default: the folder `cases`).")
def study(name: str, as_json: bool, folder: str | None, quick: bool, seed: int | None, case: str | None, where: tuple[str, ...]) -> None:
    """Measure how gradients behave as functions grow, and weigh what theory says of it.

    \b
        scaling    operations and time: is the tape O(N + l), are differences O(N l)?
        step-size  the error of differences against their step, and where it is least
        swell      a gradient written out, with subexpressions shared, on the tape
        depth      adjoints that vanish and explode in deep networks
        accuracy   correct digits of every method over all cases
        training   loss curves until a stopping rule holds

    \b
        gradcheck study scaling --quick
        gradcheck study step-size --case sine_of_square
        gradcheck study depth --csv out

    Exits 0 if every statement is shown, 1 if not. Counts are the same on every machine; what is measured is marked. A full
    `scaling` takes about a minute, and its times are best taken on an idle machine.
    """
    from gradcheck.rendering.document import dumps, study_document
    from gradcheck.rendering.study import csv_files, study_text
    from gradcheck.settings import settings
    from gradcheck.writing import write_files

    found = _study(name, quick, settings(seed=seed), case, where)
    if folder is not None:
        write_files(Path(folder), csv_files(found))
        click.echo(f"{len(found.tables) + 1} files written to {folder}", err=True)
    click.echo(dumps(study_document(found)) if as_json else study_text(found), nl=not as_json)
    sys.exit(OK if found.met else FAILED)


def _study(name: str, quick: bool, known: Settings, case: str | None, where: tuple[str, ...]) -> Study:
    """The study asked for. UsageError for options that are another study's."""
    from gradcheck.studies.registry import STUDIES

    if case is not None and name != "step-size":
        raise UsageError(f"--case {case}: only `step-size` studies a single case")
    if where and name != "accuracy" and case is None:
        raise UsageError(f"--cases: {name} has functions of its own; `accuracy` takes cases, and `step-size` with --case")
    progress = _Progress(None)
    if name == "accuracy":
        from gradcheck.studies.accuracy import accuracy
        from gradcheck.studies.running import run as run_cases

        found, _ = _find(where, known)
        _report_problems(found)
        return accuracy(run_cases(found, seed=known.seed, progress=progress, chosen=list(found)))
    if case is None:
        return STUDIES[name](seed=known.seed, quick=quick, progress=progress)
    from gradcheck.studies.step_size import step_size, subject_of_case
    from gradcheck.verdicts.compare import problems_of

    file, _, plain = case.rpartition("::")
    chosen = _find((file,) if file else where, known)[0].named(plain)
    problem = next(problems_of(chosen, None, None, known.seed))
    return step_size(subjects=[subject_of_case(problem, chosen.name)], seed=known.seed, progress=progress)


@main.command()
@click.argument("document", type=click.Choice(["run", "verdict", "study"]), default="run")
def schema(document: str) -> None:
    """Print the JSON Schema of a document.

    DOCUMENT is `run` (of `gradcheck run --json` and report.json; the default), `verdict` (of `gradcheck check --json`) or `study` (of
    `gradcheck study --json`). The schemas are of draft 2020-12.
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


def _find(arguments: tuple[str, ...], known: Settings) -> tuple[Cases, list[Case] | None]:
    """The cases of the paths given, and those chosen by name if any argument is no path."""
    from gradcheck.studies.collection import load_cases

    paths = [a for a in arguments if Path(a).exists()]
    names = [a for a in arguments if a not in paths]
    for name in names:
        if "/" in name or name.endswith(".py"):
            raise UsageError(f"{name}: no such file or folder")
    if not paths and not Path(known.cases).exists():
        what = f"no file, folder or case is called {names[0]!r}" if names else f"there is no folder {known.cases!r}"
        raise UsageError(f"{what}: name files or folders of cases, or run where the folder {known.cases!r} is")
    found = load_cases(*(paths or [known.cases]))
    if not found and not found.problems:
        raise CaseError(f"{', '.join(paths) or known.cases}: holds no case")
    return found, [found.named(n) for n in names] if names else None


def _report_problems(found: Cases) -> None:
    for problem in found.problems:
        click.echo(f"gradcheck: {problem.message}", err=True)
    if found.problems:
        sys.exit(FAULT)


def _write_case(folder: Path, result: Any) -> str:
    """Write a case's pages where its comparison is, and give its rows of the table of entries."""
    from gradcheck.rendering.report import case_files, entry_rows
    from gradcheck.writing import write_files

    write_files(folder, case_files(result))
    return entry_rows(result)


def _write_report(folder: Path, result: Any, processes: int | None) -> None:
    from gradcheck.parallel import cores
    from gradcheck.rendering.report import report_files
    from gradcheck.verdicts.proof import proofs
    from gradcheck.writing import write_files

    rows = (c.made or "" for c in result.cases)
    write_files(folder, report_files(result, proofs(processes or cores()), rows))
    click.echo(f"report written to {folder / 'README.md'}", err=True)


class _Progress:
    """One line on stderr per second, once a run has lasted a second; without a total where that is not known."""

    def __init__(self, total: int | None) -> None:
        import time

        self.clock: Callable[[], float] = time.monotonic
        self.total, self.done, self.last = total, 0, self.clock()

    def __call__(self, what: str) -> None:
        self.done += 1
        now = self.clock()
        if now - self.last >= 1:
            self.last = now
            click.echo(what if self.total is None else f"[{self.done}/{self.total}] {what}", err=True)


if __name__ == "__main__":
    main()
