"""Clips of Medley-solos-DB without the distorted electric guitar: the data of paper 1 (section 4.1)."""

from functools import partial
from pathlib import Path

from goodtake.datasets.medley_solos_db import CREDIT, LICENCE, SUBSETS, Track, read_tracks
from goodtake.datasets.sections import read_section
from goodtake.dsp.stft import Wave
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import check_kind, take
from goodtake.evaluation.sources.licences import may_publish


def medley_clips(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    """Returns clips of the subset that `kind` names; they last 2.97 s, less only when `seconds` is less.

    Raises:
        ConfigError: when the kind is no subset.
        DatasetError: when metadata or files are missing, or there are fewer than `count`.
    """
    check_kind(clip_set, SUBSETS)
    return [
        EvaluationClip(
            name=f"{track.subset}-{track.instrument.replace(' ', '_')}-{track.uuid4}",
            kind=track.subset,
            instrument=track.instrument,
            song=track.song_id,
            load=partial(_load, track, clip_set.seconds, benchmark),
            licence=LICENCE,
            credit=CREDIT,
            shareable=may_publish(LICENCE),
        )
        for track in take(read_tracks(root, clip_set.kind), clip_set, benchmark.seed)
    ]


def _load(track: Track, seconds: float, benchmark: Benchmark) -> Wave:
    return read_section(track.path, 0.0, seconds, benchmark.sample_rate, benchmark.channels)
