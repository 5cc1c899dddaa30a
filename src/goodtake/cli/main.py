"""The command line: every command is a thin layer over the library, and is imported when it is called."""

import os
import sys
import warnings
from typing import Any

import typer
import typer.core

from goodtake import __version__
from goodtake.cli.degrade import degrade_command  # command modules import nothing heavy: --help answers at once
from goodtake.cli.diagnose import diagnose_command
from goodtake.cli.ending import complain, settle_output
from goodtake.cli.enhance import enhance_command
from goodtake.cli.evaluate import evaluate_command
from goodtake.cli.models import export_command, models_command
from goodtake.cli.report import report_command
from goodtake.cli.train import train_command
from goodtake.errors import GoodtakeError


class _Commands(typer.core.TyperGroup):
    """Says in one line that a command was interrupted; Typer itself would end without a word, or with several."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            complain("interrupted: nothing unfinished was kept")
            sys.exit(getattr(error, "status", 130))


app = typer.Typer(
    name="goodtake",
    cls=_Commands,
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
app.command("diagnose")(diagnose_command)
app.command("degrade")(degrade_command)
app.command("models")(models_command)
app.command("train")(train_command)
app.command("export")(export_command)
app.command("evaluate")(evaluate_command)
app.command("report")(report_command)


def run() -> None:
    """Runs the command line. Whatever fails becomes one line, an exit status other than 0, and no traceback.

    Statuses: 1 for what a user can mend and for our own faults, 2 for wrong usage, 128 + signal when interrupted.
    """
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # for developers; python -W default shows them
        try:
            app()
        except GoodtakeError as error:
            complain(error)
            sys.exit(1)
        except OSError as error:  # mostly standard output on a full disk
            complain(f"{error.filename or 'standard output'}: {error.strerror or error}; give another place")
            sys.exit(1)
        except Exception as error:
            if os.environ.get("GOODTAKE_DEBUG"):
                raise
            complain(
                f"fault in goodtake itself ({type(error).__name__}: {error}); please report it with the file at hand"
            )
            sys.exit(1)
        finally:
            settle_output()
