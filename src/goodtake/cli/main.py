"""The command line: every command is a thin layer over the library, and is imported when it is called."""

import sys

import typer

from goodtake import __version__
from goodtake.cli.degrade import degrade_command  # command modules import nothing heavy: --help answers at once
from goodtake.cli.enhance import enhance_command
from goodtake.cli.models import export_command, models_command
from goodtake.cli.train import train_command
from goodtake.errors import GoodtakeError

app = typer.Typer(
    name="goodtake",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goodtake {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    """Makes a take sound like it was recorded in a studio."""


app.command("enhance")(enhance_command)
app.command("degrade")(degrade_command)
app.command("models")(models_command)
app.command("train")(train_command)
app.command("export")(export_command)


def run() -> None:
    """Runs the command line; an error of the user's becomes one line and exit status 1."""
    try:
        app()
    except GoodtakeError as error:
        typer.echo(f"goodtake: {error}", err=True)
        sys.exit(1)
