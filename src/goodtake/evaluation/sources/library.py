"""Clips from the dev part of a sound library: what `docs/datasets.md` calls a folder with an `index.csv`.

Kinds: "phrases" (solo phrases of the Philharmonia Orchestra, from their start), "mixes" (crops of the other
performances) and "rendered" (music played on the library's notes by the renderer).
"""

from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np

from goodtake.datasets.index import Entry, read_index
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import read_clip, trim_silence
from goodtake.datasets.render import Renderer, RenderPlan
from goodtake.datasets.render.music import Music
from goodtake.datasets.render.scores import read_scores
from goodtake.datasets.sections import check_finite
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, DatasetError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import check_kind, safe_name, take, with_unique_names
from goodtake.evaluation.sources.licences import joined, may_publish

PART: Literal["dev"] = "dev"
PHRASES = "philharmonia"
"""Word in the library's name. Their terms forbid to pass the recordings on as they are, so they are never shared."""

RENDER_STREAM = 4
"""Added to the seed for rendered music: seed 7 gives the clips of the benchmarks before version 0.2."""


def library_clips(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    """Returns the clips of one kind.

    Raises:
        ConfigError: on an unknown kind, or rendered music without a count or a length.
        DatasetError: when the library has no index, nothing of that kind, or too few phrases.
    """
    check_kind(clip_set, tuple(KINDS))
    return with_unique_names(KINDS[clip_set.kind](clip_set, benchmark, root))


def _phrases(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    phrases, _ = _performances(root)
    if not phrases:
        raise DatasetError(f"{root} lists no {PART} performances of a library named {PHRASES}: use kind mixes")
    return [
        _clip(entry, "phrases", 0, partial(_load_phrase, entry.path, clip_set.seconds, benchmark))
        for entry in take(phrases, clip_set, benchmark.seed)
    ]


def _mixes(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    phrases, mixes = _performances(root)
    if not mixes:
        raise DatasetError(f"{root} lists no {PART} performances but those of {PHRASES}: use kind phrases")
    paths = tuple(entry.path for entry in mixes)
    return [
        _clip(
            mixes[number % len(mixes)],
            "mixes",
            number // len(mixes),
            partial(_load_mix, paths, number, len(phrases), clip_set.seconds, benchmark),
        )
        for number in range(clip_set.count or len(mixes))
    ]


def _rendered(clip_set: ClipSet, benchmark: Benchmark, root: Path) -> list[EvaluationClip]:
    if not clip_set.count or not clip_set.seconds:
        raise ConfigError("source library, kind rendered: this music has no end: give a count and seconds")
    renderer, notes, scores = _renderer(root, benchmark.sample_rate)
    titles = {score.name for score in scores}
    samples = round(clip_set.seconds * benchmark.sample_rate)
    clips = []
    for number in range(clip_set.count):
        rng = np.random.default_rng([benchmark.seed + RENDER_STREAM, number])
        plan = renderer.draw(rng, samples, benchmark.sample_rate, benchmark.channels, sounding=True)
        heard = [notes.note(source) for source in _sources(plan)]
        licence = joined(note.licence for note in heard)
        clips.append(
            EvaluationClip(
                name=f"rendered-{number:03d}",
                kind="rendered",
                instrument=plan.voices[0].instrument if len(plan.voices) == 1 else "",
                song=plan.music if plan.music in titles else f"rendered-{number:03d}",
                load=partial(_load_rendered, root, plan),
                licence=licence,
                credit=joined(note.credit or note.library for note in heard),
                shareable=all(may_publish(note.licence) for note in heard),
            )
        )
    return clips


KINDS = {"phrases": _phrases, "mixes": _mixes, "rendered": _rendered}


def _performances(root: Path) -> tuple[list[Entry], list[Entry]]:
    """Returns the phrases of the Philharmonia, and all other performances."""
    entries = read_index(root, PART, "performance")
    phrases = [entry for entry in entries if PHRASES in entry.library.lower()]
    return phrases, [entry for entry in entries if entry not in phrases]


def _clip(entry: Entry, kind: str, number: int, load: "partial[Wave]") -> EvaluationClip:
    return EvaluationClip(
        name=f"{kind}-{safe_name(entry.path.stem)}" + (f"-{number + 1}" if number else ""),
        kind=kind,
        instrument=entry.instrument if kind == "phrases" else "",
        song=entry.path.stem,
        load=load,
        licence=entry.licence,
        credit=entry.credit or entry.library,
        shareable=kind != "phrases" and may_publish(entry.licence),
    )


def _load_phrase(path: Path, seconds: float, benchmark: Benchmark) -> Wave:
    """Reads a phrase from its start; one that is shorter comes whole."""
    return _trimmed(path, benchmark.sample_rate, benchmark.channels)[
        :, : round(seconds * benchmark.sample_rate) or None
    ]


def _load_mix(paths: tuple[Path, ...], number: int, drawn_before: int, seconds: float, benchmark: Benchmark) -> Wave:
    """Reads crop `number`; where it starts depends on the draws before it, so on the lengths of earlier files."""
    rate, channels = benchmark.sample_rate, benchmark.channels
    wave = _trimmed(paths[number % len(paths)], rate, channels)
    samples = round(seconds * rate)
    if not samples:
        return wave
    rng = np.random.default_rng(benchmark.seed)
    rng.permutation(drawn_before)  # the phrases are drawn first, from the same seed
    start = 0
    for earlier in range(number + 1):
        length = wave.shape[1] if earlier == number else _trimmed_length(paths[earlier % len(paths)], rate, channels)
        start = int(rng.integers(max(1, length - samples)))
    return wave[:, start : start + samples]


def _load_rendered(root: Path, plan: RenderPlan) -> Wave:
    return _renderer(root, plan.sample_rate)[0].apply(plan).wave


def _trimmed(path: Path, sample_rate: int, channels: int) -> Wave:
    wave = trim_silence(read_clip(path, sample_rate, channels), sample_rate)
    if not wave.size:
        raise DatasetError(f"{path} holds no samples: mend it or take it out of the index")
    return check_finite(wave, path)


@lru_cache(maxsize=256)
def _trimmed_length(path: Path, sample_rate: int, channels: int) -> int:
    return int(_trimmed(path, sample_rate, channels).shape[1])


@lru_cache(maxsize=2)
def _renderer(root: Path, sample_rate: int) -> tuple[Renderer, NoteLibrary, tuple[Music, ...]]:
    """Opens notes and scores once in each process."""
    notes = NoteLibrary.from_index(root, PART, sample_rate)
    files = sorted((root / "scores" / PART).glob("*.mid"))
    scores = tuple(read_scores(files)) if files else ()
    return Renderer(notes, scores), notes, scores


def _sources(plan: RenderPlan) -> list[str]:
    return sorted({event.source for voice in plan.voices for event in voice.events} - {""})
