"""Measures an engine on the dev part of a sound library, beside doing nothing, condition by condition.

    python benchmarks/quality.py SOUND_LIBRARY --model studio --rate 16000 --out results.jsonl

Clips: dev performances ("phrases": solo players; "mixes": produced recordings) and music rendered from dev notes
("rendered"). Faults: dev noises, rooms and microphones, drawn from a seed, so every system hears the same clips.
The table gives the mean over clips; the rows hold every clip.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goodtake.datasets.index import read_index
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import read_clip, trim_silence
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.conditions import CONDITIONS
from goodtake.degrade.draw import draw
from goodtake.dsp.stft import Wave
from goodtake.enhancement.enhancer import Enhancer
from goodtake.metrics import METRICS, level_bias, measure

CLIP_SECONDS = 8.0
SHOWN = ("all", "eq", "snr5", "snr10", "snr15", "drr0", "drr3", "drr6", "clean")


@dataclass(frozen=True)
class DevClip:
    """A clean dev clip: its kind, name and wave (channel, time)."""

    kind: str
    name: str
    wave: Wave


def dev_clips(root: Path, sample_rate: int, channels: int, count: int) -> Iterator[DevClip]:
    """Yields up to `count` clips of each kind, spread over the files."""
    samples = round(CLIP_SECONDS * sample_rate)
    rng = np.random.default_rng(7)
    entries = read_index(root, "dev", "performance")
    phrases = [entry for entry in entries if "philharmonia" in entry.library.lower()]
    mixes = [entry for entry in entries if entry not in phrases]
    for entry in [phrases[i] for i in rng.permutation(len(phrases))[:count]]:
        wave = trim_silence(read_clip(entry.path, sample_rate, channels), sample_rate)
        yield DevClip("phrases", entry.path.stem, wave[:, :samples])
    for number in range(count):
        entry = mixes[number % len(mixes)]
        wave = trim_silence(read_clip(entry.path, sample_rate, channels), sample_rate)
        start = int(rng.integers(max(1, wave.shape[1] - samples)))
        yield DevClip("mixes", f"{entry.path.stem}@{start}", wave[:, start : start + samples])
    scores = read_scores(sorted((root / "scores" / "dev").glob("*.mid")))
    renderer = Renderer(NoteLibrary.from_index(root, "dev", sample_rate), scores)
    for number in range(count):
        wave = renderer.clip(np.random.default_rng([11, number]), samples, sample_rate, channels)
        yield DevClip("rendered", str(number), wave)


def rows_of(
    clip: DevClip, number: int, condition: str, bank: Bank, enhancer: Enhancer, names: list[str]
) -> Iterator[dict]:
    """Yields the row of doing nothing and the row of the engine for one clip under one condition."""
    rng = np.random.default_rng([3, number, sum(condition.encode())])
    drawn = draw(rng, CONDITIONS[condition], bank)
    pair = degrade(clip.wave, drawn, bank)
    enhanced = enhancer.enhance(pair.degraded, bank.sample_rate)
    for system, estimate in (("nothing", pair.degraded), (enhancer.model, enhanced)):
        values = measure(estimate, pair.clean, bank.sample_rate, names)
        yield {
            "kind": clip.kind,
            "clip": clip.name,
            "condition": condition,
            "system": system,
            **values,
            "level_bias_db": level_bias(estimate, pair.clean, bank.sample_rate).round(3).tolist(),
            "degradation": json.loads(drawn.to_json()),
        }


def print_tables(rows: list[dict], model: str, names: list[str]) -> None:
    """Prints the mean of each metric for doing nothing and for the model, and the relative change of MRS and L1."""
    for kind in ("real", "phrases", "mixes", "rendered"):
        print(f"\n{kind:10} {'':8}" + "".join(f"{name:>26}" for name in names))
        for condition in SHOWN:
            means = defaultdict(list)
            for row in rows:
                inside = row["kind"] in ("phrases", "mixes") if kind == "real" else row["kind"] == kind
                if inside and row["condition"] == condition:
                    for name in names:
                        means[row["system"], name].append(row[name])
            if not means:
                continue
            cells = []
            for name in names:
                before, after = np.mean(means["nothing", name]), np.mean(means[model, name])
                relative = name in ("mrs", "l1") and before > 0
                change = f"{100 * (after / before - 1):+.1f} %" if relative else f"{after - before:+.2f}"
                cells.append(f"{before:8.2f} ->{after:7.2f} {change:>7}")
            print(f"{'':10} {condition:8}" + "".join(f"{cell:>26}" for cell in cells))


def print_bias(rows: list[dict]) -> None:
    """Prints the mean bias of the bins by band and level under `all`, real performances: weak / middle / loud third."""
    print("\nbias in `all`, real performances, dB (weak / middle / loud third of the bins)")
    for system in sorted({row["system"] for row in rows}):
        chosen = [
            row["level_bias_db"]
            for row in rows
            if row["system"] == system and row["condition"] == "all" and row["kind"] != "rendered"
        ]
        if chosen:
            means = np.nanmean(np.array(chosen), axis=0)
            bands = zip(("35-200", "200-1k", "1-4k", "4-8k"), means, strict=True)
            print(
                f"  {system:10}" + "   ".join(f"{band}: " + " / ".join(f"{x:+.1f}" for x in row) for band, row in bands)
            )


_worker: dict[str, Any] = {}
"""Bank and engine of this process."""


def set_up(library: Path, rate: int, model: str, threads: int) -> None:
    """Loads what a worker needs."""
    _worker["bank"] = Bank.from_folder(library / "dev", rate)
    _worker["enhancer"] = Enhancer(model, threads=threads)


def measure_clip(clip: DevClip, number: int, conditions: list[str], names: list[str]) -> list[dict]:
    """Returns the rows of one clip under all conditions."""
    bank, enhancer = _worker["bank"], _worker["enhancer"]
    return [row for condition in conditions for row in rows_of(clip, number, condition, bank, enhancer, names)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--model", default="studio")
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--count", type=int, default=36, help="clips of each kind")
    parser.add_argument("--conditions", default=",".join(SHOWN))
    parser.add_argument("--metrics", default=",".join(METRICS))
    parser.add_argument("--threads", type=int, default=1, help="of the networks, in each process")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    names, conditions = arguments.metrics.split(","), arguments.conditions.split(",")
    clips = dev_clips(arguments.library, arguments.rate, arguments.channels, arguments.count)
    setup = (arguments.library, arguments.rate, arguments.model, arguments.threads)
    with ProcessPoolExecutor(arguments.jobs, initializer=set_up, initargs=setup) as pool:
        futures = [pool.submit(measure_clip, clip, number, conditions, names) for number, clip in enumerate(clips)]
        rows = [row for future in futures for row in future.result()]
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print_tables(rows, arguments.model, names)
    print_bias(rows)


if __name__ == "__main__":
    main()
