"""Real recordings on the page: what nobody has a clean version of, as every system makes it.

Paper 1's demo page ends with such recordings, found in the world and not made by a simulation.
"""

from collections.abc import Callable
from pathlib import Path

from goodtake.datasets.index import read_folder
from goodtake.datasets.recordings import read_clip
from goodtake.dsp.stft import Wave
from goodtake.errors import GoodtakeError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.report.collect import Evaluation
from goodtake.evaluation.report.players import INPUT, LONGEST_S, Pick, Player, make_versions
from goodtake.evaluation.report.sound import frequency_ticks
from goodtake.evaluation.systems import make_system
from goodtake.evaluation.systems.base import Case, System

TITLE = "Real-world recordings"
CONDITION = "recordings"
"""Stands for the condition where a system asks for one, as the outputs of a folder do: FOLDER/recordings/NAME.wav."""


def make_recording_players(
    evaluation: Evaluation, folder: Path, progress: Callable[[str], None] = lambda line: None
) -> list[Player]:
    """Runs every system but the oracles on the recordings of a folder and makes a player of each recording.

    A text file of the same name beside a recording, NAME.txt, says whom to name.

    Args:
        evaluation: whose systems, rate and channels are taken.
        folder: of recordings; of long ones the first 30 s.
        progress: is told what is being done.

    Raises:
        DatasetError: the folder holds no recordings, or one cannot be read.
        GoodtakeError: a system cannot be set up.
    """
    benchmark = evaluation.benchmark
    specs = [SystemSpec(spec) if isinstance(spec, str) else spec for spec in benchmark.systems]
    systems = {spec.name: make_system(spec, benchmark) for spec in specs if spec.name != evaluation.baseline}
    after = {spec.name: "" if spec.after == evaluation.baseline else spec.after for spec in specs}
    players = []
    for entry in read_folder(folder):
        progress(f"real-world recording {entry.path.name}")
        wave = read_clip(entry.path, benchmark.sample_rate, benchmark.channels)[:, : LONGEST_S * benchmark.sample_rate]
        waves, failed = run_all(wave, entry.path.stem, benchmark.sample_rate, systems, after)
        versions, loudness = make_versions(evaluation, waves, benchmark.sample_rate, {})
        notes = entry.path.with_suffix(".txt")
        players.append(
            Player(
                Pick(CONDITION, entry.path.stem, "", None),
                entry.path.stem,
                TITLE,
                wave.shape[1] / benchmark.sample_rate,
                versions,
                "; ".join(failed),
                notes.read_text(encoding="utf-8").strip() if notes.is_file() else "",
                "",
                tuple(frequency_ticks(benchmark.sample_rate)),
                loudness,
            )
        )
    return players


def run_all(
    wave: Wave, name: str, sample_rate: int, systems: dict[str, System], after: dict[str, str]
) -> tuple[dict[str, Wave], list[str]]:
    """Returns the recording and what each system makes of it, and why those that failed did.

    Args:
        wave: (channel, time).
        name: of the recording.
        sample_rate: Hz.
        systems: by name, in the order of the benchmark; oracles are passed over.
        after: by name, the system whose output each one is given; "" for the recording.
    """
    waves, failed = {INPUT: wave}, []
    for system, make in systems.items():
        source = after.get(system) or INPUT
        if make.oracle or source not in waves:
            continue
        try:
            waves[system] = make(Case(waves[source], waves[source], sample_rate, name, CONDITION))
        except GoodtakeError as error:
            failed.append(f"{system}: {error}")
    return waves, failed
