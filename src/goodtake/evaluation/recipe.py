"""What a benchmark consists of. A recipe in `recipes/evaluate` is YAML and says how it differs from its base.

```yaml
base: paper1.yaml
clips: [{source: folder, path: my_recordings}]
systems: [nothing, {name: mine, command: "denoise {input} {output}"}]
```
"""

from dataclasses import dataclass, field
from pathlib import Path

from goodtake.config import load_dataclass


@dataclass(frozen=True)
class ClipSet:
    """Clips of one origin.

    Args:
        source: key of `sources.SOURCES`: "library", "folder", "medley-solos-db", "musdb18", "synthetic".
        path: where it lies; relative paths are looked for below the recipe's `--data` folder. "" for "synthetic".
        kind: which of the source's clips, as each source explains: "phrases", "mixes", "rendered", "test", ...
        count: clips taken, spread over the files by the seed; 0 takes all.
        seconds: length of each clip; 0 takes whole files.
    """

    source: str
    path: str = ""
    kind: str = ""
    count: int = 0
    seconds: float = 8.0


@dataclass(frozen=True)
class SystemSpec:
    """One system under test.

    Args:
        name: in tables and rows.
        kind: key of `systems.SYSTEMS` ("nothing", "noisereduce", "afftdn", "wiener", "griffinlim", "engine", "command",
            "folder", ...); "" is the same as `name`, or what the filled field below says.
        engine: name of an installed model or folder of a bundle.
        strength: of the engine.
        command: external command line with {input} and {output}, both WAV files; {rate}, {condition} and {clip} are
            filled in too. No shell.
        folder: of finished outputs, `FOLDER/CONDITION/CLIP.wav` (or .flac).
        after: name of another system of the benchmark, whose output this one is given in place of the input.
        options: what else the kind understands.
    """

    name: str
    kind: str = ""
    engine: str = ""
    strength: float = 1.0
    command: str = ""
    folder: str = ""
    after: str = ""
    options: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    """Clips x conditions x systems x metrics.

    Args:
        name: of the benchmark; its run folder is `runs/evaluate/NAME` unless said otherwise.
        title: a line for reports.
        task: "enhance": conditions are degradations of clean clips. "separate": conditions are stems; the input is the
            mixture and the reference the stem (paper 2).
        seed: of everything drawn: crops, degradations, resampling of intervals.
        sample_rate: of all clips, Hz.
        channels: 1 or 2.
        clips: where they come from.
        conditions: keys of `degrade.conditions.CONDITIONS`, or names of stems.
        systems: names of systems without options, or `SystemSpec`s.
        metrics: keys of `metrics.METRICS` and of `metrics.SET_METRICS`.
        baseline: name of the system that all others are compared with, beside each other baseline.
        align: remove delay and gain of each output before it is measured; what was removed stands in the row.
        keep_audio: keep reference, input and outputs of every clip as FLAC, for players and pictures.
    """

    name: str
    title: str = ""
    task: str = "enhance"
    seed: int = 1
    sample_rate: int = 16_000
    channels: int = 1
    clips: tuple[ClipSet, ...] = ()
    conditions: tuple[str, ...] = ("all",)
    systems: tuple[SystemSpec | str, ...] = ("nothing",)
    metrics: tuple[str, ...] = ("fwssnr", "mrs", "l1", "fad")
    baseline: str = "nothing"
    align: bool = False
    keep_audio: bool = True


def load_benchmark(path: Path) -> Benchmark:
    """Reads a benchmark and its bases.

    Raises:
        ConfigError: when a file is missing, is not YAML, has a key or type that a benchmark does not have, or names a
            condition, system kind, source or metric that does not exist.
    """
    from goodtake.evaluation.checks import check_benchmark  # the parts it knows take their types from this file

    benchmark = load_dataclass(Benchmark, path)
    check_benchmark(benchmark, str(path))
    return benchmark
