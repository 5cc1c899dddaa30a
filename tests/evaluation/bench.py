"""Small benchmarks for the tests: clips made on the spot, systems that are counted."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from goodtake.evaluation.recipe import Benchmark, ClipSet, SystemSpec
from goodtake.evaluation.rows import ROWS_NAME, read_rows
from goodtake.evaluation.sources.base import EvaluationClip

RATE = 16_000
COPY = SystemSpec("copy", command="cp {input} {output}")


def music(seed: int, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    """A few decaying tones, (channel, time)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tones = [np.sin(2 * np.pi * rng.uniform(100, 3000) * time) * np.exp(-(time % 0.5) * 6) / n for n in range(1, 6)]
    wave = 0.1 * sum(tones) + 1e-4 * rng.standard_normal(time.size)
    return np.tile(wave, (channels, 1)).astype(np.float32)


def make_folder(root: Path, clips: str = "ab") -> None:
    """Writes `root/music/a.wav`, ..."""
    (root / "music").mkdir(exist_ok=True)
    for clip in clips:
        soundfile.write(root / "music" / f"{clip}.wav", music(ord(clip))[0], RATE, "FLOAT")


def benchmark(**changes: object) -> Benchmark:
    """Two clips, two conditions, two systems."""
    small = Benchmark(
        name="small",
        clips=(ClipSet("folder", "music", seconds=0.0),),
        conditions=("snr10", "clean"),
        systems=("nothing", COPY),
        metrics=("fwssnr", "l1", "fad"),
    )
    return replace(small, **changes)


class Sources:
    """Stands for `clips_of`: clips from memory, and how often each was read."""

    def __init__(self, clips: str = "ab", stems: dict[str, tuple[str, ...]] | None = None) -> None:
        self.waves = {clip: music(ord(clip)) for clip in clips}
        self.stems = stems or {}
        self.reads: list[str] = []

    def __call__(self, clip_set: ClipSet, benchmark: Benchmark, data_root: Path | None) -> list[EvaluationClip]:
        return [self.clip(name) for name in self.waves]

    def clip(self, name: str) -> EvaluationClip:
        stems = {stem: lambda stem=stem: music(len(name + stem) * 7) for stem in self.stems.get(name, ())}
        return EvaluationClip(
            name, "tones", "organ", f"song-{name}", lambda: self.load(name), stems, "CC0", "A. N.", True
        )

    def load(self, name: str) -> np.ndarray:
        self.reads.append(name)
        wave = self.waves[name]
        if isinstance(wave, Exception):
            raise wave
        return wave.copy()


class Louder:
    """A system that doubles the level, notes what it was asked, and fails where it is told to."""

    version, oracle = "1.0", False

    def __init__(self, name: str = "louder", digest: str = "d1", fails: object = None) -> None:
        self.name, self.digest, self.fails = name, digest, fails
        self.calls: list[tuple[str, str]] = []
        self.cases: list[object] = []

    def __call__(self, case):
        self.calls.append((case.clip, case.condition))
        self.cases.append(case)
        if self.fails is not None:
            return self.fails(case)
        return 2 * case.degraded


def figures(run: Path) -> list[dict]:
    """All that a row says but the time it took, in the order of names."""
    rows = sorted(read_rows(run), key=lambda row: (row.clip, row.condition, row.system))
    return [vars(replace(row, seconds_taken=0.0)) for row in rows]


def two(lab, **changes):
    """`nothing` and a counted system."""
    lab.systems["louder"] = Louder()
    return benchmark(systems=("nothing", SystemSpec("louder", kind="command", command="x")), **changes)


def keys(place):
    lines = (place / ROWS_NAME).read_text().splitlines()
    return Counter((row["clip"], row["condition"], row["system"]) for row in map(json.loads, lines))
