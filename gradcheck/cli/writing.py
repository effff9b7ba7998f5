"""The command that writes a verified gradient as source."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from gradcheck.cli.finding import one_case
from gradcheck.cli.group import FAILED, main, say
from gradcheck.errors import GradientError, UsageError


@main.command("write-backward")
@click.argument("case")
@click.option(
    "--for", "target", type=click.Choice(["numpy", "torch", "jax"]), default="numpy",
    help="numpy: plain NumPy (the default); torch: a torch.autograd.Function; jax: a jax.custom_vjp.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write into this file (default: print).")
@click.option("--test/--no-test", default=True, help="With a test that can be pasted (the default), or without.")
@click.option("--value/--no-value", default=False, help="numpy: a function that returns value and gradient together, too.")
@click.option("--cases", "where", multiple=True, help="Files or folders to look in (default: the folder `cases`).")
@click.option("--seed", type=int, help="Seed of points drawn from domains (default 0).")
def write_backward(case: str, target: str, output: str | None, test: bool, value: bool, where: tuple[str, ...], seed: int | None) -> None:
    """Write a case's verified gradient as source to paste.

    CASE is a name, or FILE::NAME. What is written has been run, and judged against the certified truth at the case's points and
    at others; its docstring says what was found, and for which shapes, data and branch it is written.

    \b
        gradcheck write-backward rosenbrock
        gradcheck write-backward model.py::loss --value -o loss_gradient.py
        gradcheck write-backward model.py::loss --for torch -o loss_torch.py

    Exits 1, and writes nothing, where the gradient is not right at one of the case's points.
    """
    from gradcheck.codegen.write import Target
    from gradcheck.codegen.write import write_backward as write
    from gradcheck.settings import settings
    from gradcheck.writing import write_files

    if value and target != "numpy":
        raise UsageError(f"--value: {target} asks for value and gradient one by one; it is an option of --for numpy")
    known = settings(seed=seed)
    chosen = one_case(case, where, known)
    try:
        text = write(chosen, target=cast(Target, target), value=value, test=test, seed=known.seed)
    except GradientError as error:
        say(f"nothing is handed out: {error}")
        sys.exit(FAILED)
    if output is None:
        click.echo(text, nl=False)
        return
    write_files(Path(output).parent, [(Path(output).name, text)], "the source")
    click.echo(f"written to {output}", err=True)
