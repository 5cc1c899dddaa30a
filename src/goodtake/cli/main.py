"""The command line: every command is a thin layer over the library, and is imported when it is called."""

import sys

import typer

from goodtake.errors import GoodtakeError

app = typer.Typer(
    name="goodtake",
    help="goodtake makes a take sound like it was recorded in a studio.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Command modules import nothing heavy at their top, so that --help answers at once.
from goodtake.cli.train import train_command  # noqa: E402

app.command("train")(train_command)


def run() -> None:
    """Runs the command line; errors become one line and a non-zero exit status."""
    try:
        app(standalone_mode=False)
    except GoodtakeError as error:
        typer.echo(f"goodtake: {error}", err=True)
        sys.exit(1)
