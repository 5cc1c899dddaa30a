"""Music that the project makes itself: no files, free of rights, the same everywhere."""

from functools import partial
from pathlib import Path

from goodtake.datasets.synthetic import SOLOISTS, STEMS, make_mixture, make_solo, make_stems
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import check_kind

KINDS = ("solo", "ensemble", "stems")
LICENCE = "CC0"
CREDIT = "made by goodtake"
SEEDS_APART = 1_000_003
"""Clips of one seed are never those of the next."""


def synthetic_clips(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    """Returns made clips: "solo" (five instruments in turn), "ensemble" (four parts), or "stems", the same with parts.

    Args:
        clip_set: kind, count and seconds; neither may be 0.
        benchmark: seed, rate and channels.
        root: not looked at.

    Raises:
        ConfigError: on an unknown kind, or without a count or a length.
    """
    check_kind(clip_set, KINDS)
    if not clip_set.count or not clip_set.seconds:
        raise ConfigError("source synthetic: this music has no end: give a count and seconds")
    clips = []
    for number in range(clip_set.count):
        name = f"{clip_set.kind}-{number:03d}"
        soloist = SOLOISTS[number % len(SOLOISTS)] if clip_set.kind == "solo" else ""
        settings = (benchmark.seed * SEEDS_APART + number, clip_set.seconds, benchmark)
        load = partial(_load_solo, soloist, *settings) if soloist else partial(_load_mixture, *settings)
        stems = {stem: partial(_load_stem, stem, *settings) for stem in STEMS} if clip_set.kind == "stems" else {}
        clips.append(
            EvaluationClip(name, clip_set.kind, soloist, name, load, dict(stems), LICENCE, CREDIT, shareable=True)
        )
    return clips


def _load_solo(soloist: str, seed: int, seconds: float, benchmark: Benchmark) -> Wave:
    return make_solo(seed, soloist, seconds, benchmark.sample_rate, benchmark.channels)


def _load_mixture(seed: int, seconds: float, benchmark: Benchmark) -> Wave:
    return make_mixture(make_stems(seed, seconds, benchmark.sample_rate, benchmark.channels))


def _load_stem(stem: str, seed: int, seconds: float, benchmark: Benchmark) -> Wave:
    return make_stems(seed, seconds, benchmark.sample_rate, benchmark.channels)[stem]
