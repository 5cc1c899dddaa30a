"""``goodtake models`` and ``goodtake export``: what is installed, and bundles of one's own runs."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from goodtake.errors import BundleError, ConfigError, MissingExtraError


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
            {
                "name": b.name,
                "engine": b.engine,
                "title": b.title,
                "megabytes": _megabytes(b.folder),
                "default": b.name == DEFAULT_MODEL,
            }
            for b in bundles
        ]
        typer.echo(json_module.dumps(rows, indent=2))
        return
    width = max(len(bundle.name) for bundle in bundles)
    for bundle in bundles:
        default = "  (default)" if bundle.name == DEFAULT_MODEL else ""
        typer.echo(f"{bundle.name:{width}} {_megabytes(bundle.folder):6.1f} MB  {bundle.title}{default}")


def export_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run folders: one of the studio engine and one of the high net (or a model that has one), "
            "or those that hold the networks of a chain.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the bundle to write.")],
    name: Annotated[
        str | None, typer.Option(help="Of the model; the name of the folder, or of a studio recipe, when left out.")
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(help="Stages of a chain, such as mel2mel+griffinlim; all networks when left out.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Model card, Markdown.")] = None,
) -> None:
    """Turn training runs into a bundle that enhance can use."""
    try:
        from goodtake.training.export_chain import export_chain
        from goodtake.training.export_studio import export_run
        from goodtake.training.recipe import RECIPE_NAME, load_recipe
    except ImportError as error:
        raise MissingExtraError("torch", "train") from error

    if load_recipe(runs[0] / RECIPE_NAME).task == "chain":
        export_chain(runs, output, name, pipeline, card)
    elif len(runs) != 2 or pipeline:
        raise ConfigError(
            f"{runs[0]} is a run of the studio engine: give a run of the high net beside it, no --pipeline"
        )
    else:
        export_run(runs[0], runs[1], output, card, name)
    typer.echo(f"{output} is ready: goodtake enhance --model {output} take.wav")


def _megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6, 1)
