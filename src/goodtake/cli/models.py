"""``goodtake models`` and ``goodtake export``: what is installed, and bundles of one's own runs."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from goodtake.errors import BundleError, MissingExtraError


def models_command(
    name: Annotated[
        str | None, typer.Argument(help="Installed model, or the folder of a bundle, whose card to show.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: of one model, its configuration.")] = False,
) -> None:
    """List the installed models, or show the card of one."""
    from goodtake.bundles import DEFAULT_MODEL, find_bundle, installed_models

    if name is not None:
        bundle = find_bundle(name)
        typer.echo(json_module.dumps(bundle.config, indent=2) if json else bundle.card.rstrip())
        return
    bundles = [find_bundle(installed) for installed in installed_models()]
    if not bundles and not json:
        raise BundleError(
            "no model is installed: reinstall goodtake, or give enhance the folder of a bundle by --model"
        )
    if json:
        rows = [
            {"name": b.name, "engine": b.engine, "megabytes": _megabytes(b.folder), "default": b.name == DEFAULT_MODEL}
            for b in bundles
        ]
        typer.echo(json_module.dumps(rows, indent=2))
        return
    for bundle in bundles:
        default = "  (default)" if bundle.name == DEFAULT_MODEL else ""
        typer.echo(f"{bundle.name:12} {_megabytes(bundle.folder):6.1f} MB  {bundle.title}{default}")


def export_command(
    run: Annotated[Path, typer.Argument(help="Run folder of the studio engine.")],
    high_run: Annotated[Path, typer.Argument(help="Run folder of the high net, or a model that has one.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the bundle to write.")],
    card: Annotated[Path | None, typer.Option(help="Model card, Markdown.")] = None,
) -> None:
    """Turn a training run into a bundle that enhance can use."""
    try:
        from goodtake.training.export_studio import export_run
    except ImportError as error:
        raise MissingExtraError("torch", "train") from error

    export_run(run, high_run, output, card)
    typer.echo(f"{output} is ready: goodtake enhance --model {output} take.wav")


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6, 1)
