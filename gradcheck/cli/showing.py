"""Commands on one case or gradient: explain, graph, check; and studies."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradcheck.cli.finding import Progress, away, dask_option, find_cases, one_case, refuse_both, report_problems, workers_option
from gradcheck.cli.group import FAILED, OK, main, say
from gradcheck.errors import UsageError
from gradcheck.studies.registry import STUDIES

if TYPE_CHECKING:
    from gradcheck.settings import Settings
    from gradcheck.studies.study import Study


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
    text = explain_case(one_case(case, where, known), seed=known.seed, format=form)
    if output is None:
        click.echo(text, nl=False)
        return
    from gradcheck.writing import write_files

    write_files(Path(output).parent, [(Path(output).name, text)], "the derivation")
    click.echo(f"written to {output}", err=True)


@main.command()
@click.argument("function")
@click.argument("gradient", required=False)
@click.option(
    "--framework",
    type=click.Choice(["torch", "jax", "autograd", "tensorflow"]),
    help="FUNCTION is this framework's, and the gradient that it gives is judged: no GRADIENT then.",
)
@click.option(
    "--at",
    "at",
    required=True,
    help="The point as JSON: a list of arguments, or an object by name. Write 1.0, not 1, for a number to differentiate.",
)
@click.option(
    "--argnums", multiple=True, metavar="ARGUMENT", help="An argument to differentiate, by name or position (default: all floats)."
)
@click.option("--vjp", is_flag=True, help="The function returns an array, and the gradient takes a cotangent after the arguments.")
@click.option(
    "--order", type=click.IntRange(1, 2), default=1, help="2: GRADIENT is the Hessian, or its product with a vector it takes last."
)
@click.option("--search", is_flag=True, help="Look where bugs live too: ties, zeros, branch boundaries, tails; print what was covered.")
@click.option("--digits", type=float, help="Ask only for so many correct digits.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(
    function: str,
    gradient: str | None,
    framework: str | None,
    at: str,
    argnums: tuple[str, ...],
    vjp: bool,
    order: int,
    search: bool,
    digits: float | None,
    as_json: bool,
) -> None:
    """Judge a gradient: FUNCTION and GRADIENT as MODULE:NAME or FILE.py:NAME.

    \b
        gradcheck check model.py:loss model.py:gradient --at '[[0.5, -1.0]]'
        gradcheck check model.py:Swish --framework torch --at '[[0.5, -1.0]]'

    Where it is wrong, the hop of the chain rule and the mistake are named.

    Exits 0 if the gradient is right (or a convention at a kink), 1 if it is not.
    """
    from gradcheck.loading import load_object, read_point, require_call
    from gradcheck.rendering.document import dumps
    from gradcheck.verdicts.check import check as judge

    chosen = tuple(int(a) if a.lstrip("-").isdigit() else a for a in argnums) or None
    options: dict[str, Any] = {"argnums": chosen, "search": search, "digits": digits}
    if framework is not None:
        if gradient is not None or vjp or order != 1:
            raise UsageError(f"--framework {framework} judges the gradient {framework} gives: no GRADIENT, --vjp or --order beside it")
        judged, point = load_object(function), read_point(at)
        require_call(function, judged, point)
        verdict = _framework_check(framework)(judged, point, **options)
    elif gradient is None:
        raise UsageError("expected GRADIENT, or --framework: gradcheck check MODULE:FUNCTION MODULE:GRADIENT --at JSON")
    else:
        judged, claim, point = load_object(function), load_object(gradient), read_point(at)
        require_call(function, judged, point)
        verdict = judge(judged, claim, point, vjp=vjp, order=order, **options)
    click.echo(dumps(verdict.to_dict()) if as_json else str(verdict), nl=not as_json)
    sys.exit(OK if verdict.ok else FAILED)


def _framework_check(framework: str) -> Any:
    """The framework's check: gradcheck.check_torch and its kin."""
    import gradcheck

    return getattr(gradcheck, f"check_{framework}")


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
    drawing = draw(one_case(case, where, known), fold=fold, theme=theme, seed=known.seed)
    text = drawing.dot if (form or ending.lstrip(".")) in ("dot", "gv") else drawing.svg
    if output is None:
        click.echo(text, nl=False)
        return
    write_files(Path(output).parent, [(Path(output).name, text)], "the drawing")
    click.echo(f"{output}: {drawing.picture.caption}", err=True)


@main.command()
@click.argument("name", type=click.Choice(list(STUDIES)), metavar="NAME")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
@click.option("--csv", "folder", type=click.Path(file_okay=False), help="Write every table into this folder too, as CSV files.")
@click.option("--quick/--full", default=False, help="Quick: counts only, nothing is timed (scaling). Full is the default.")
@click.option("--seed", type=int, help="Seed of intervals and drawn points (default 0).")
@click.option("--case", "case", help="step-size: the case whose differences are studied, by name or FILE::NAME.")
@click.option("--cases", "where", multiple=True, help="accuracy, step-size: files or folders of cases (default: the folder `cases`).")
@workers_option
@dask_option
def study(
    name: str, as_json: bool, folder: str | None, quick: bool, seed: int | None, case: str | None, where: tuple[str, ...],
    processes: int | None, cluster: str | None,
) -> None:  # fmt: skip
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

    if name != "accuracy" and (processes is not None or cluster is not None):
        raise UsageError(
            f"--{'dask' if processes is None else 'workers'}: {name} is measured in one process; `accuracy` compares many cases"
        )
    refuse_both(processes, cluster)
    known = settings(seed=seed)
    found = _accuracy(known, case, where, processes, cluster) if name == "accuracy" else _study(name, quick, known, case, where)
    if folder is not None:
        write_files(Path(folder), csv_files(found))
        click.echo(f"{len(found.tables) + 1} files written to {folder}", err=True)
    click.echo(dumps(study_document(found)) if as_json else study_text(found), nl=not as_json)
    sys.exit(OK if found.met else FAILED)


def _accuracy(known: Settings, case: str | None, where: tuple[str, ...], processes: int | None, cluster: str | None) -> Study:
    """The study of accuracy over the cases that are there."""
    from gradcheck.studies.accuracy import accuracy_of, scored
    from gradcheck.studies.running import run as run_cases

    _refuse_case("accuracy", case)
    found, _ = find_cases(where, known)
    report_problems(found)
    with away(cluster, scored) as elsewhere:
        result = run_cases(
            found, seed=known.seed, progress=Progress(None), chosen=list(found), processes=processes, named=False,
            each=lambda result: scored(found, result), away=elsewhere,
        )  # fmt: skip
    for error in filter(None, (c.error for c in result.cases)):
        say(error)
    return accuracy_of([s for c in result.cases for s in c.made or ()])


def _refuse_case(name: str, case: str | None) -> None:
    if case is not None and name != "step-size":
        raise UsageError(f"--case {case}: only `step-size` studies a single case")


def _study(name: str, quick: bool, known: Settings, case: str | None, where: tuple[str, ...]) -> Study:
    """The study asked for. UsageError for options that are another study's."""
    _refuse_case(name, case)
    if where and case is None:
        raise UsageError(f"--cases: {name} has functions of its own; `accuracy` takes cases, and `step-size` with --case")
    progress = Progress(None)
    if case is None:
        return STUDIES[name](seed=known.seed, quick=quick, progress=progress)
    from gradcheck.studies.step_size import step_size, subject_of_case
    from gradcheck.verdicts.compare import problems_of

    chosen = one_case(case, where, known)
    problem = next(problems_of(chosen, None, None, known.seed))
    return step_size(subjects=[subject_of_case(problem, chosen.name)], seed=known.seed, progress=progress)
