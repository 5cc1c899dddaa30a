"""Puts a run together from its recipe and the data at hand."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from goodtake.config import dump
from goodtake.datasets import medley_solos_db
from goodtake.datasets.ace_challenge import find_noises
from goodtake.datasets.clips import CleanClips, RenderClip
from goodtake.datasets.dns_challenge import find_rirs
from goodtake.datasets.index import INDEX_NAME, read_folder
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import Recordings
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.degrade.bank import Bank
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.training.checkpoints import has_checkpoint
from goodtake.training.engine import Devices, Engine, part_of
from goodtake.training.loop import LoopOptions, State, train
from goodtake.training.pairs import PairBatches
from goodtake.training.recipe import RECIPE_NAME, Recipe
from goodtake.training.samples import SampleWriter, draw_curves
from goodtake.training.tasks import make_task

SAMPLE_BATCH = 2**31
"""Number of the batch that samples are made of: one that no run reaches."""


def train_recipe(
    recipe: Recipe,
    data_root: Path,
    options: LoopOptions,
    report: Callable[[str], None],
    engine_run: Path | None = None,
    devices: Devices | None = None,
    rooms: Sequence[Path] = (),
    noises: Sequence[Path] = (),
) -> State:
    """Trains a recipe and returns the run's state.

    Args:
        recipe: what to train.
        data_root: a sound library (``index.csv``, ``train/``), Medley-solos-DB, or a plain folder of recordings.
        options: run folder, time, workers.
        report: called with lines of progress.
        engine_run: run folder or bundle of a studio engine, whose averaged weights "studio" and "take" begin with and
            "high" stands beside.
        devices: where to compute; one process on the CPU, or a GPU if there is one, when None.
        rooms: folders of room responses, in place of the library's.
        noises: folders of backgrounds, in place of the library's.

    Raises:
        ConfigError: when the engine is missing or a checkpoint does not fit.
        DatasetError: when the data is not whole.
    """
    engine = Engine(devices)
    task = make_task(recipe, engine, engine_run)
    if engine.is_main:
        report("reading the recordings")
    data = recipe.data
    bank = bank_from(data_root, recipe, rooms, noises)
    if engine.is_main and (rooms or noises):
        report(f"{len(bank.rirs):,} room responses, {len(bank.noises):,} backgrounds")
    clips = CleanClips(recordings_from(data_root, recipe), data.clips, render_from(data_root, recipe))
    part = part_of(data.batch_size, engine.rank, engine.processes)
    hop_length = FrameGrid.for_rate(data.sample_rate).hop_length
    batches = PairBatches(clips, bank, data, recipe.seed, hop_length, part)
    if engine.is_main:
        options.folder.mkdir(parents=True, exist_ok=True)
        if not has_checkpoint(options.folder):
            _write_recipe(recipe, options.folder)
    show = SampleWriter(options.folder, batches[SAMPLE_BATCH], data, task.sample) if task.sample else None

    def on_save(state: State) -> None:
        _write_recipe(recipe, options.folder)  # not before: a recipe that does not fit must not replace the run's own
        draw_curves(options.folder)
        if show:
            show(state.average, state.step)

    return train(
        recipe,
        task.model,
        batches,
        task.losses,
        options,
        report,
        on_save,
        steps_before=task.steps_before,
        adversary=task.adversary,
        engine=engine,
    )


def recordings_from(data_root: Path, recipe: Recipe) -> Recordings:
    """Returns the recordings of a sound library, the training clips of Medley-solos-DB, or all in a plain folder.

    Raises:
        DatasetError: when the data is missing, damaged or, unless the recipe allows it, not as much as was published.
    """
    data = recipe.data
    if (data_root / INDEX_NAME).is_file():
        return Recordings.from_index(data_root, "train", data.sample_rate, data.channels)
    medley = medley_solos_db.root_of(data_root)
    if medley is None:
        return Recordings.from_folder(data_root, data.sample_rate, data.channels)
    tracks = medley_solos_db.read_tracks(medley, "training")
    if data.whole:
        medley_solos_db.check_whole(tracks)
    medley_solos_db.check_lengths(tracks)
    return Recordings.from_entries(medley_solos_db.entries_of(tracks), data.sample_rate, data.channels)


def bank_from(data_root: Path, recipe: Recipe, rooms: Sequence[Path] = (), noises: Sequence[Path] = ()) -> Bank:
    """Returns the rooms, noises and microphones of a sound library, or simulated ones where there is none.

    Args:
        data_root: sound library, or data without rooms and noises.
        recipe: names the sample rate.
        rooms: folders of the DNS challenge's layout, or of nothing but responses; their files replace the library's.
        noises: folders of the ACE challenge's layout, or of nothing but backgrounds; these replace the library's.

    Raises:
        DatasetError: when a folder is missing or holds no audio.
    """
    library = (data_root / INDEX_NAME).is_file()
    own = Bank.from_folder(data_root / "train", recipe.data.sample_rate) if library else Bank(recipe.data.sample_rate)
    rirs = [path for folder in rooms for path in find_rirs(folder) or _all_audio(folder)]
    backgrounds = [path for folder in noises for path in find_noises(folder) or _all_audio(folder)]
    return own.with_files(rirs, backgrounds)


def _write_recipe(recipe: Recipe, folder: Path) -> None:
    temporary = folder / (RECIPE_NAME + ".partial")
    temporary.write_text(dump(recipe), encoding="utf-8")
    temporary.replace(folder / RECIPE_NAME)


def _all_audio(folder: Path) -> list[Path]:
    return [entry.path for entry in read_folder(folder)]


def render_from(data_root: Path, recipe: Recipe) -> RenderClip | None:
    """Returns a renderer over the library's training notes and scores, or None when the recipe wants none."""
    data = recipe.data
    if data.clips.rendered == 0 or not (data_root / INDEX_NAME).is_file():
        return None
    library = NoteLibrary.from_index(data_root, "train", data.sample_rate)
    library.preload()  # before the workers fork, so that they share it
    scores = read_scores(sorted((data_root / "scores" / "train").glob("*.mid")))
    renderer = Renderer(library, scores)

    def render(rng: np.random.Generator, samples: int) -> Wave:
        return renderer.clip(rng, samples, data.sample_rate, data.channels)

    return render
