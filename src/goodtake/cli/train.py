"""``goodtake train``: trains a recipe, resumes what a run folder holds, ends cleanly when told to."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from goodtake.errors import MissingExtraError


def train_command(
    recipe: Annotated[Path, typer.Argument(help="Recipe, such as recipes/train/studio.yaml.")],
    data: Annotated[
        Path,
        typer.Option(help="Sound library (a folder with index.csv), Medley-solos-DB, or any folder of recordings."),
    ],
    run: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME of the recipe by default.")] = None,
    rooms: Annotated[
        list[Path] | None, typer.Option(help="Room responses, as the DNS challenge has them; may be repeated.")
    ] = None,
    noises: Annotated[
        list[Path] | None, typer.Option(help="Backgrounds, as the ACE challenge has them; may be repeated.")
    ] = None,
    engine: Annotated[
        Path | None, typer.Option(help="Run folder or model of an engine to go on from, or to stand beside (high).")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(help="End cleanly after that many minutes.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of the networks; 0 takes all cores.")] = 0,
    workers: Annotated[int, typer.Option(help="Processes that make batches.")] = 1,
    accelerator: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    devices: Annotated[int, typer.Option(help="Processes on each machine, one device each.")] = 1,
    nodes: Annotated[int, typer.Option(help="Machines, each started with this command by the cluster's launcher.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress lines.")] = False,
) -> None:
    """Train a recipe, or go on with a run folder where it stopped."""
    from goodtake.training.allocator import keep_memory

    keep_memory()
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "train") from error
    from goodtake.training.engine import Devices
    from goodtake.training.loop import LoopOptions
    from goodtake.training.recipe import load_recipe
    from goodtake.training.run import train_recipe

    if threads:
        torch.set_num_threads(threads)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    loaded = load_recipe(recipe)
    options = LoopOptions(
        run or Path("runs") / loaded.name, max_minutes=max_minutes, workers=workers, stop=lambda: stopping
    )
    report = (lambda line: None) if quiet else typer.echo
    where = Devices(accelerator, devices, nodes)
    state = train_recipe(loaded, data, options, report, engine, where, rooms or (), noises or ())
    typer.echo(f"{state.step} steps done; the run is in {options.folder}")
