"""What a benchmark consists of once its sources are read: named clips, units of work, and the input of each.

A unit is one clip under one condition. What is drawn for it depends on the seed, the clip's name and the condition
alone, so clips, conditions and systems can be added without changing what is there.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.conditions import CONDITIONS
from goodtake.degrade.draw import draw
from goodtake.degrade.parameters import Degradation
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, DatasetError
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.sources import clips_of
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.choice import with_unique_names
from goodtake.evaluation.systems.base import Case

BANK_PART = "dev"
"""Part of a sound library whose rooms and noises make the degraded clips; the engines learned on the other."""


@dataclass(frozen=True)
class Unit:
    """One clip under one condition.

    Args:
        clip: place in the list of clips.
        name: of the clip.
        condition: of the benchmark.
    """

    clip: int
    name: str
    condition: str


@dataclass(frozen=True)
class Facts:
    """What decides the input of a unit; rows made of other facts are made again.

    Args:
        clean: the clip, or the mixture of stems, (channel, time).
        stem: the reference of a mixture; None when the clip itself is the reference.
        degradation: drawn for the clip; None for stems.
        digest: SHA-256 of the samples.
    """

    clean: Wave
    stem: Wave | None
    degradation: Degradation | None
    digest: str

    @property
    def drawn(self) -> dict[str, Any] | None:
        """Every parameter of the degradation as plain values, for the row."""
        return None if self.degradation is None else dict(json.loads(self.degradation.to_json()))


def list_clips(benchmark: Benchmark, data_root: Path | None) -> list[EvaluationClip]:
    """Returns the clips of all sets; of several with one name the later ones get a number.

    Raises:
        GoodtakeError: a source is missing or holds none of what is asked.
    """
    clips = [clip for clip_set in benchmark.clips for clip in clips_of(clip_set, benchmark, data_root)]
    if not clips:
        raise DatasetError(f"benchmark {benchmark.name} has no clips: look at its sources and its data folder")
    return with_unique_names(clips)


def list_units(benchmark: Benchmark, clips: list[EvaluationClip]) -> Iterator[Unit]:
    """Yields every clip under every condition, clip by clip; a mixture without a stem is left out for that stem.

    Raises:
        ConfigError: a stem that no clip has.
    """
    if benchmark.task == "separate":
        stems = sorted({stem for clip in clips for stem in clip.load_stems})
        for condition in benchmark.conditions:
            if condition not in stems:
                raise ConfigError(
                    f"benchmark {benchmark.name}: no clip has a stem {condition!r}: "
                    f"there are {', '.join(stems) or 'none, choose a source of stems'}"
                )
    for number, clip in enumerate(clips):
        for condition in benchmark.conditions:
            if benchmark.task == "enhance" or condition in clip.load_stems:
                yield Unit(number, clip.name, condition)


def open_bank(benchmark: Benchmark, data_root: Path | None) -> Bank:
    """Returns the rooms, noises and microphones of the library, or an empty bank, for which they are simulated."""
    folder = None if data_root is None else data_root / BANK_PART
    if folder is None or not any((folder / kind).is_dir() for kind in ("rir", "noise", "mic")):
        return Bank(benchmark.sample_rate)
    return Bank.from_folder(folder, benchmark.sample_rate, lazy=True)


def digest_of_bank(bank: Bank) -> str:
    """Returns SHA-256 over the names that can be drawn: with other names other faults come."""
    names = [sorted(sounds) for sounds in (bank.rirs, bank.noises, bank.talkers, bank.microphones)]
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def draw_for(benchmark: Benchmark, clip: str, condition: str, bank: Bank) -> Degradation:
    """Draws what happens to a clip under a condition; equal for equal seed, names and bank."""
    words = np.frombuffer(hashlib.sha256(f"{clip}\0{condition}".encode()).digest(), "<u4")
    rng = np.random.default_rng([benchmark.seed, *(int(word) for word in words)])
    return draw(rng, CONDITIONS[condition], bank)


def find_facts(benchmark: Benchmark, clip: EvaluationClip, clean: Wave, condition: str, bank: Bank) -> Facts:
    """Returns what decides the input of a unit; no sound is made yet.

    Args:
        benchmark: task, seed and rate.
        clip: the clip.
        clean: what `clip.load` gave, (channel, time).
        condition: of the benchmark.
        bank: what is drawn from.

    Raises:
        GoodtakeError: the stem cannot be read.
    """
    if benchmark.task == "separate":
        stem = clip.load_stems[condition]()
        return Facts(clean, stem, None, digest_of_waves(clean, stem))
    return Facts(clean, None, draw_for(benchmark, clip.name, condition, bank), digest_of_waves(clean))


def make_case(benchmark: Benchmark, clip: str, condition: str, facts: Facts, bank: Bank) -> Case:
    """Makes what the systems are given: the degraded clip beside the clean one, or the mixture beside the stem.

    Raises:
        GoodtakeError: a sound of the bank cannot be read, or a codec cannot carry the clip.
    """
    if facts.stem is not None:
        return Case(facts.clean, facts.stem, benchmark.sample_rate, clip, condition)
    assert facts.degradation is not None  # a clip without stems is degraded
    pair = degrade(facts.clean, facts.degradation, bank)
    return Case(pair.degraded, pair.clean, benchmark.sample_rate, clip, condition)


def digest_of_waves(*waves: Wave) -> str:
    """Returns SHA-256 over shapes and samples."""
    digest = hashlib.sha256()
    for wave in waves:
        digest.update(repr(wave.shape).encode())
        digest.update(np.ascontiguousarray(wave, "<f4").tobytes())
    return digest.hexdigest()


def sounds_in(drawn: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Returns kind ("rir", "noise", "mic") and name of every recorded sound that went into a degraded clip."""
    if drawn is None:
        return []
    room, noise, microphone = drawn.get("room"), drawn.get("noise"), drawn.get("microphone")
    found = [("rir", room["rir"])] if room and room["rir"] else []
    found += [("noise", file) for layer in (noise or {}).get("layers", []) for file in layer["files"]]
    return [*found, ("mic", microphone)] if microphone else found
