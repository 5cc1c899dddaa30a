"""Clips from any folder of recordings: whole files, or crops in which there is something to hear."""

from functools import partial
from pathlib import Path

from goodtake.datasets.index import read_folder
from goodtake.datasets.sections import read_section, seconds_of, sounding_start
from goodtake.dsp.stft import Wave
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import check_kind, rng_of, safe_name, take, take_crops, with_unique_names

KIND = "recordings"
"""Of the clips; the set itself names none."""


def folder_clips(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    """Returns a clip for each recording below the folder, or `count` clips spread over them.

    With `seconds` each clip is a crop, drawn from the seed and its name; a recording that is shorter comes whole. With
    `seconds: 0` clips are whole files. Nothing is known of the licence, so no clip is shareable.

    Raises:
        ConfigError: when the set names a kind.
        DatasetError: when it is no folder, holds no audio, or has fewer whole files than `count`.
    """
    check_kind(clip_set, ("",))
    names = {entry.path.relative_to(root).as_posix(): entry for entry in read_folder(root)}
    places = sorted(names)  # the order of the entries differs between systems
    chosen = take_crops(places, clip_set, benchmark.seed)
    if not clip_set.seconds:
        chosen = [(place, 0) for place in take(places, clip_set, benchmark.seed)]
    clips = []
    for place, number in chosen:
        song = place.rpartition(".")[0]
        name = safe_name(song) + (f"-{number + 1}" if number else "")
        load = partial(_load, names[place].path, name, clip_set.seconds, benchmark)
        clips.append(EvaluationClip(name, KIND, names[place].instrument, song, load))
    return with_unique_names(clips)


def _load(path: Path, name: str, seconds: float, benchmark: Benchmark) -> Wave:
    rate, channels = benchmark.sample_rate, benchmark.channels
    start_s = 0.0
    if seconds:
        start_s = sounding_start(
            rng_of(benchmark.seed, name),
            seconds_of(path) - seconds,
            lambda start_s: [read_section(path, start_s, seconds, rate, channels)],
        )
    return read_section(path, start_s, seconds, rate, channels)
