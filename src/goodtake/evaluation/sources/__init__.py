"""Where the clean clips of a benchmark come from: sound libraries, folders, published datasets, our own music."""

from collections.abc import Callable
from pathlib import Path

from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.folder import folder_clips
from goodtake.evaluation.sources.library import library_clips
from goodtake.evaluation.sources.medley_solos_db import medley_clips
from goodtake.evaluation.sources.musdb18 import musdb_clips
from goodtake.evaluation.sources.synthetic import synthetic_clips

SOURCES: dict[str, Callable[[ClipSet, Benchmark, Path], list[EvaluationClip]]] = {
    "library": library_clips,
    "folder": folder_clips,
    "medley-solos-db": medley_clips,
    "musdb18": musdb_clips,
    "synthetic": synthetic_clips,
}
"""Each takes the clip set, the benchmark and the folder where the set lies."""

WITHOUT_FILES = frozenset({"synthetic"})


def clips_of(clip_set: ClipSet, benchmark: Benchmark, data_root: Path | None) -> list[EvaluationClip]:
    """Returns the clips of a set, not yet read: the same names and sounds on every machine for one seed.

    Args:
        clip_set: which clips.
        benchmark: seed, rate and channels.
        data_root: folder that a relative path of the set starts from; None is the current folder.

    Raises:
        ConfigError: on an unknown source or kind, a missing path, or a count or length that this source cannot give.
        DatasetError: when files are missing or damaged, or there are fewer than `count`.
    """
    source = clip_set.source
    if source not in SOURCES:
        raise ConfigError(f"unknown source {source!r}: use one of {', '.join(SOURCES)}")
    if clip_set.count < 0 or clip_set.seconds < 0:
        raise ConfigError(f"source {source}: {clip_set.count} clips of {clip_set.seconds:g} s: give 0 or more of both")
    if source in WITHOUT_FILES and clip_set.path:
        raise ConfigError(f"source {source} needs no files: leave out path {clip_set.path!r}")
    if source not in WITHOUT_FILES and not clip_set.path and data_root is None:
        raise ConfigError(f"source {source} needs a folder: give its path in the recipe, or a data folder")
    return SOURCES[source](clip_set, benchmark, (data_root or Path()) / clip_set.path)
