"""Finished outputs in a folder: what another program made of the clips of a benchmark, elsewhere or earlier.

FOLDER/CONDITION/CLIP.wav     (or .flac)
"""

from pathlib import Path

import numpy as np

from goodtake.audio import read_audio
from goodtake.bundles.bundle import sha256
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, DatasetError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import digest_of

SUFFIXES = (".wav", ".flac")


class Finished:
    """Reads outputs from a folder.

    Raises:
        DatasetError: there is no such folder.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        self.folder, self.version = Path(spec.folder), ""
        if not self.folder.is_dir():
            raise DatasetError(f"system {spec.name}: there is no folder {self.folder}: give that of finished outputs")
        files = sorted(path for path in self.folder.glob("*/*") if path.suffix in SUFFIXES)
        hashes = {path.relative_to(self.folder).as_posix(): sha256(path) for path in files}
        self.digest = digest_of(kind="folder", files=hashes)

    def __call__(self, case: Case) -> Wave:
        """Returns the finished output, (channel, time).

        Raises:
            DatasetError: there is none for this clip and condition.
            ConfigError: it has another sample rate.
            UnreadableAudioError: it is damaged, or holds NaN.
        """
        places = [self.folder / case.condition / f"{case.clip}{suffix}" for suffix in SUFFIXES]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise DatasetError(
                f"{places[0]} is missing (and so is {places[1].name}): put the output there, or leave it out"
            )
        wave, info = read_audio(path)
        if info.sample_rate != case.sample_rate:
            raise ConfigError(
                f"{path} has {info.sample_rate} Hz: expected {case.sample_rate} Hz, as the benchmark says"
            )
        return np.asarray(wave, np.float32)
