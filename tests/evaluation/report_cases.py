"""Run folders with made-up rows, for the tests of reports."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from goodtake.config import dump
from goodtake.evaluation.recipe import Benchmark, SystemSpec
from goodtake.evaluation.rows import RECIPE_NAME, RUN_NAME, Row, write_row

RATE = 16_000
DEGRADATION = {"noise": {"layers": [{"kind": "coloured"}], "snr_db": 5.0}, "low_cut_hz": 35.0, "peak": 0.95}

ENHANCE = Benchmark(
    name="made",
    title="Made-up <figures> & more",
    seed=3,
    conditions=("all", "snr5"),
    systems=("nothing", "wiener", SystemSpec("studio", engine="studio"), SystemSpec("bound", kind="griffinlim")),
    metrics=("fwssnr", "mrs"),
)

SEPARATE = Benchmark(
    name="stems",
    task="separate",
    conditions=("bass", "drums"),
    systems=("nothing", SystemSpec("demucs", command="x"), SystemSpec("msg", command="y", after="demucs")),
    metrics=("onset_f1", "rolloff_error_cents"),
)


def row(clip: str, condition: str, system: str, metrics: dict[str, float | None], **other) -> Row:
    given = {
        "clip": clip,
        "kind": "phrases",
        "instrument": "flute",
        "song": clip.partition("-")[0],
        "condition": condition,
        "system": system,
        "after": "",
        "sample_rate": RATE,
        "channels": 1,
        "seconds": 2.0,
        "metrics": metrics,
        "seconds_taken": 0.5,
        "version": "1.0",
        "digest": f"{system}-digest",
        "clip_digest": f"{clip}-digest",
        "licence": "CC BY 4.0",
        "credit": "The <Players>",
        "shareable": True,
    }
    return Row(**{**given, **other})


def write_run(folder: Path, benchmark: Benchmark, rows: list[Row], oracles: tuple[str, ...] = ()) -> Path:
    """Writes what `goodtake evaluate` would."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECIPE_NAME).write_text(dump(benchmark), encoding="utf-8")
    names = dict.fromkeys(row.system for row in rows)
    systems = {name: {"digest": f"{name}-digest", "version": "1.0", "oracle": name in oracles} for name in names}
    program = {"goodtake": "0.1.0", "platform": "Linux", "bank": "b" * 64, "systems": systems}
    (folder / RUN_NAME).write_text(json.dumps(program), encoding="utf-8")
    for one in rows:
        write_row(folder, one)
    return folder


def enhance_rows(clips: int = 12, seed: int = 5) -> list[Row]:
    """Rows of four systems: studio is better than doing nothing on every clip, wiener by chance only."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(clips):
        for condition in ENHANCE.conditions:
            base = float(rng.normal(6, 1))
            gains = {"nothing": 0.0, "wiener": float(rng.normal(0, 1)), "studio": 1 + number / 10, "bound": 4.0}
            for system, gain in gains.items():
                rows.append(
                    row(
                        f"song{number // 2}-{number}",
                        condition,
                        system,
                        {"fwssnr": base + gain, "mrs": 2.0 - 0.1 * (base + gain)},
                        kind="phrases" if number % 2 else "mixes",
                        instrument="flute" if number < 6 else "piano",
                        degradation=DEGRADATION,
                    )
                )
    return rows


def separate_rows(clips: int = 10, seed: int = 8) -> list[Row]:
    """Rows of a separator and a post-processor that mends its bass and spoils its drums."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(clips):
        for stem, sign in (("bass", 1), ("drums", -1)):
            f1 = float(rng.uniform(0.3, 0.5))
            for system, after, shift in (("nothing", "", -0.2), ("demucs", "", 0.0), ("msg", "demucs", 0.1 * sign)):
                counts = [0] * 145
                counts[72 if system == "msg" else 90] = 50 + number
                counts[60] = 10
                metrics = {"onset_f1": f1 + shift, "rolloff_error_cents": 900 - 3000 * shift * sign + number}
                rows.append(
                    row(
                        f"track{number}",
                        stem,
                        system,
                        metrics,
                        after=after,
                        kind="test",
                        instrument=stem,
                        histograms={"rolloff_cents": counts},
                    )
                )
    return rows


def write_run_with_sound(
    folder: Path, benchmark: Benchmark, rows: list[Row], oracles: tuple[str, ...] = (), seconds: float = 0.5
) -> Path:
    """Writes a run that kept its sound: each system a tone of its own pitch, in noise; the input is much softer."""
    rng = np.random.default_rng(1)
    kept = []
    pitches = {"reference": 440.0, "nothing": 550.0, "wiener": 660.0, "studio": 880.0, "bound": 1100.0}
    for one in rows:
        place = f"audio/{one.condition}/{one.clip}"
        names = {"reference": "reference", "input": "nothing", "estimate": one.system}
        for name in dict.fromkeys(names.values()):
            file = folder / place / f"{name}.flac"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                time = np.arange(int(seconds * RATE)) / RATE
                level = 0.05 if name == "nothing" else 0.4
                wave = level * np.sin(2 * np.pi * pitches[name] * time) + 0.01 * rng.standard_normal(time.size)
                soundfile.write(file, wave.astype(np.float32), RATE)
        kept.append(replace(one, audio={key: f"{place}/{name}.flac" for key, name in names.items()}, seconds=seconds))
    return write_run(folder, benchmark, kept, oracles)
