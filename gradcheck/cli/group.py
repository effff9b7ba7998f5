"""The group of commands: what stands before them all, and how errors end."""

from __future__ import annotations

import sys
from typing import Any

import click

import gradcheck
from gradcheck.errors import GradcheckError, UsageError

OK, FAILED, USAGE, FAULT, INTERNAL = range(5)
LONGEST = 2000  # characters of a message
EXIT_CODES = "Exit codes: 0 all as stated, 1 a check failed, 2 usage, 3 a case or setting is at fault, 4 internal error."


class Group(click.Group):
    """Turns our errors into one clear line and an exit code, and suggests the nearest command."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            fail(str(error), USAGE)
        except GradcheckError as error:
            fail(str(error), FAULT)
        except BrokenPipeError:
            raise
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # anything else is a defect of ours: say so, with the traceback on request
            if ctx.params.get("traceback"):
                raise
            fail(f"internal error: {type(error).__name__}: {error} (run `gradcheck --traceback ...` and report it)", INTERNAL)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            raise click.UsageError(f"no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else "")) from error


def say(message: str) -> None:
    """One line on stderr; what a user's function says in it cannot steer the terminal."""
    from gradcheck.rendering.text import one_line

    click.echo(f"gradcheck: {one_line(message, LONGEST)}", err=True)


def fail(message: str, code: int) -> None:
    """The line that ends a command."""
    say(message)
    sys.exit(code)


@click.group(cls=Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
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
