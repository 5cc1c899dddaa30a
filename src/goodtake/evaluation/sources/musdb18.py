"""Mixtures of MUSDB18 with their stems. Paper 2 (section 4.4) takes a segment of 7 s from each of the 50 test songs."""

from functools import lru_cache, partial
from pathlib import Path

from goodtake.datasets.musdb18 import CREDIT, LICENCE, MIXTURE, SPLITS, STEMS, Song, read_songs
from goodtake.datasets.sections import sounding_start
from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import check_kind, rng_of, safe_name, take_crops, with_unique_names
from goodtake.evaluation.sources.licences import may_publish

LISTENING_RATE = 16_000
"""At which a segment is judged silent or not, whatever the benchmark's rate, Hz."""


def musdb_clips(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    """Returns segments of the songs of the split that `kind` names; whole songs for `seconds: 0`.

    Where a segment begins is drawn from the seed and its name, so that all four stems sound where there is such a
    place (the paper does not say how its segments were chosen).

    Raises:
        ConfigError: when the kind is no split.
        DatasetError: when the folder is not that of MUSDB18 or a song lacks a file.
    """
    check_kind(clip_set, tuple(SPLITS))
    clips = []
    for song, number in take_crops(read_songs(root, clip_set.kind), clip_set, benchmark.seed):
        name = safe_name(song.name) + (f"-{number + 1}" if number else "")
        load = {sound: partial(_load, song, sound, name, clip_set.seconds, benchmark) for sound in (MIXTURE, *STEMS)}
        clips.append(
            EvaluationClip(
                name=name,
                kind=song.split,
                instrument="",
                song=song.name,
                load=load.pop(MIXTURE),
                load_stems=dict(load),
                licence=LICENCE,
                credit=CREDIT,
                shareable=may_publish(LICENCE),
            )
        )
    return with_unique_names(clips)


def _load(song: Song, sound: str, name: str, seconds: float, benchmark: Benchmark) -> Wave:
    rate, channels = benchmark.sample_rate, benchmark.channels
    return song.read(sound, _start_s(song, name, seconds, benchmark.seed), seconds, rate, channels)


@lru_cache(maxsize=1024)
def _start_s(song: Song, name: str, seconds: float, seed: int) -> float:
    """Returns where a segment begins: the same for the mixture and all stems, at every rate."""
    if not seconds:
        return 0.0
    longest_s = song.seconds - seconds
    if longest_s < 0:
        raise DatasetError(f"{song.path} lasts {song.seconds:.1f} s, {seconds:g} s are wanted: set seconds to less")
    return sounding_start(
        rng_of(seed, name),
        longest_s,
        lambda start_s: [song.read(stem, start_s, seconds, LISTENING_RATE, 1) for stem in STEMS],
    )
