"""Which clips the page plays, and all it needs for each: sound, pictures, what was done to it, who is to be named."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goodtake.audio import read_audio
from goodtake.degrade.parameters import degradation_from_dict
from goodtake.degrade.request import describe
from goodtake.dsp.stft import Wave
from goodtake.errors import UnreadableAudioError
from goodtake.evaluation.report.collect import Evaluation, song_of
from goodtake.evaluation.report.measures import condition_title, digits, short
from goodtake.evaluation.report.sound import (
    frequency_ticks,
    match_loudness,
    mp3_bytes,
    spectrogram_levels,
    spectrogram_png,
)
from goodtake.evaluation.report.table import number
from goodtake.evaluation.report.tables import system_title
from goodtake.evaluation.rows import REFERENCE, Row
from goodtake.metrics import METRICS

INPUT = "input"
RANKS = ("median", "worst", "best")
"""In the order in which they are taken when not all fit."""

LONGEST_S = 30
"""Of longer clips the beginning is played."""


@dataclass(frozen=True)
class Pick:
    """A clip that was chosen.

    Args:
        condition: its condition.
        clip: its name.
        rank: "best", "median", "worst", or "" when all clips are shown.
        gain: of the chosen system over the baseline by the chosen metric; None when it could not be measured.
        said: the gain as text.
    """

    condition: str
    clip: str
    rank: str
    gain: float | None
    said: str = ""


@dataclass(frozen=True)
class Version:
    """One version of a clip.

    Args:
        name: "reference", "input" or a system.
        title: for people.
        sound: data URI of an MP3.
        picture: data URI of a spectrogram.
        figure: by the chosen metric, as text; "" for the reference.
        gain_db: what it was turned up by to be as loud as the others.
    """

    name: str
    title: str
    sound: str
    picture: str
    figure: str
    gain_db: float


@dataclass(frozen=True)
class Player:
    """One clip with all its versions.

    Args:
        pick: why it is here.
        title: clip, in words.
        condition: in words.
        seconds: length.
        versions: reference, input, systems.
        degradation: what was done to it, in words; "" for stems.
        credit: whom to name.
        licence: of the clip.
        ticks: of the frequency axis: share of its height, label.
        loudness: common to all versions, in words.
    """

    pick: Pick
    title: str
    condition: str
    seconds: float
    versions: tuple[Version, ...]
    degradation: str
    credit: str
    licence: str
    ticks: tuple[tuple[float, str], ...]
    loudness: str


def choose(evaluation: Evaluation, system: str, metric: str, limit: int | None, only_shareable: bool) -> list[Pick]:
    """Returns the clips to play: of each condition the median, worst and best by the gain of a system.

    Args:
        evaluation: rows.
        system: whose gain ranks them.
        metric: by which.
        limit: most clips; None takes every clip of every condition.
        only_shareable: pass over clips whose licence forbids publishing them.
    """
    ranked = {}
    for condition in evaluation.conditions:
        rows = [row for row in evaluation.rows_of(system, condition) if _playable(row, only_shareable)]
        nothing = {row.clip: row.metrics.get(metric) for row in evaluation.rows_of(evaluation.baseline, condition)}
        gains = [(_gain(row.metrics.get(metric), nothing.get(row.clip), metric), row.clip) for row in rows]
        ranked[condition] = sorted(
            ((gain, clip) for gain, clip in gains), key=lambda entry: (entry[0] is None, entry[0] or 0.0, entry[1])
        )
    if limit is None:
        return [_pick(condition, clip, "", gain, metric) for condition, gains in ranked.items() for gain, clip in gains]
    picks: list[Pick] = []
    for rank in RANKS:
        for condition, gains in ranked.items():
            known = [entry for entry in gains if entry[0] is not None]
            if not known:
                continue
            gain, clip = known[{"worst": 0, "median": (len(known) - 1) // 2, "best": len(known) - 1}[rank]]
            if not any((pick.condition, pick.clip) == (condition, clip) for pick in picks):
                picks.append(_pick(condition, clip, rank, gain, metric))
    order = {condition: number for number, condition in enumerate(evaluation.conditions)}
    ranks = ("best", "median", "worst")
    return sorted(picks[:limit], key=lambda pick: (order[pick.condition], ranks.index(pick.rank)))


def left_out(evaluation: Evaluation) -> int:
    """Returns how many clips may not be published."""
    return sum(not row.shareable for row in evaluation.clips)


def make_player(evaluation: Evaluation, pick: Pick, metric: str) -> Player:
    """Reads the versions of a clip and makes sound and pictures of them.

    Raises:
        UnreadableAudioError: a kept file is missing or damaged.
        UnwritableAudioError: the encoder is missing.
    """
    files, figures, row = _files(evaluation, pick, metric)
    rate = row.sample_rate
    waves = {}
    for name, file in files.items():
        wave, info = read_audio(file)
        if info.sample_rate != rate:
            raise UnreadableAudioError(
                f"{file} has {info.sample_rate} Hz, its row {rate} Hz: run goodtake evaluate again"
            )
        waves[name] = np.asarray(wave[:, : LONGEST_S * rate], np.float32)
    versions, loudness = make_versions(evaluation, waves, rate, figures)
    words = [row.clip, *(word for word in (row.instrument, row.kind) if word)]
    return Player(
        pick,
        " · ".join(words),
        condition_title(pick.condition),
        min(row.seconds, LONGEST_S),
        versions,
        describe(degradation_from_dict(row.degradation)) if row.degradation else "",
        row.credit or song_of(row),
        row.licence,
        tuple(frequency_ticks(rate)),
        loudness,
    )


def make_versions(
    evaluation: Evaluation, waves: dict[str, Wave], rate: int, figures: dict[str, str]
) -> tuple[tuple[Version, ...], str]:
    """Returns sound and picture of every version at one loudness, and that loudness in words.

    Args:
        evaluation: whose systems have titles.
        waves: (channel, time) by version: "reference", "input" or a system.
        rate: Hz.
        figures: as text, by version.

    Raises:
        UnwritableAudioError: the encoder is missing.
    """
    matched = match_loudness(waves, rate)
    levels = {name: spectrogram_levels(wave, rate) for name, wave in matched.waves.items()}
    top = max(float(np.max(level)) for level in levels.values())
    versions = tuple(
        Version(
            name,
            {REFERENCE: "Reference", INPUT: "Input"}.get(name) or system_title(evaluation, name),
            _data_uri("audio/mpeg", mp3_bytes(matched.waves[name], rate)),
            _data_uri("image/png", spectrogram_png(levels[name], top)),
            figures.get(name, ""),
            matched.gains_db[name],
        )
        for name in waves
    )
    return versions, "" if matched.loudness_lufs is None else f"{number(matched.loudness_lufs, 1)} LUFS"


def _files(evaluation: Evaluation, pick: Pick, metric: str) -> tuple[dict[str, Path], dict[str, str], Row]:
    """Returns the file and the figure of every version, and one row of the clip."""
    files: dict[str, Path] = {}
    figures: dict[str, str] = {}
    first: Row | None = None
    for name in evaluation.systems:
        for place in evaluation.numbers_of(name, pick.condition):
            row = evaluation.rows[place]
            if row.clip != pick.clip or not row.audio:
                continue
            first = first or row
            for version in (REFERENCE, INPUT):
                if version in row.audio:
                    files.setdefault(version, evaluation.origins[place] / row.audio[version])
            said = name if name != evaluation.baseline or INPUT not in files else INPUT
            if said == name and "estimate" in row.audio:
                files[name] = evaluation.origins[place] / row.audio["estimate"]
            value = row.metrics.get(metric)
            if value is not None:
                figures[said] = f"{short(metric)} {number(value, digits(metric))}"
    assert first is not None  # `choose` takes clips with sound only
    ordered = {name: files[name] for name in (REFERENCE, INPUT, *evaluation.systems) if name in files}
    return ordered, figures, first


def _pick(condition: str, clip: str, rank: str, gain: float | None, metric: str) -> Pick:
    said = "" if gain is None else f"gain {number(gain, digits(metric), signed=True)}"
    return Pick(condition, clip, rank, gain, said)


def _playable(row: Row, only_shareable: bool) -> bool:
    return bool(row.audio) and "estimate" in row.audio and (row.shareable or not only_shareable)


def _gain(ours: float | None, nothing: float | None, metric: str) -> float | None:
    if ours is None or nothing is None:
        return None
    return ours - nothing if METRICS[metric].direction == "up" else nothing - ours


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
