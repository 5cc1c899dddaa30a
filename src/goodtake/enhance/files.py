"""Enhances files: the reader's blocks through both passes into a writer, with nothing left behind when it fails."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from goodtake.audio import AudioInfo, open_reader, open_writer
from goodtake.dsp.stft import Wave
from goodtake.enhance.enhancer import Enhancer, Store, Survey
from goodtake.enhance.level import CEILING
from goodtake.errors import UnwritableAudioError

BLOCK_FRAMES = 65_536
STANDARD_STREAM = "-"

StageProgress = Callable[[str, int, "int | None"], None]
"""Called with the stage ("listening", "enhancing", "writing"), samples done, and samples in all when known."""


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Args:
        source: the input.
        target: the output.
        residual: what was taken away, when asked for.
        survey: what was learnt of the take.
        changed: False when the take was left as it is.
    """

    source: str
    target: str
    residual: str | None
    survey: Survey
    changed: bool


class SpoolStore(Store):
    """Keeps a take in an unnamed temporary file between two passes.

    Args:
        folder: where; the system's choice when None. It needs four bytes a sample and channel.
        channels: of the waves.
    """

    def __init__(self, folder: Path | None, channels: int) -> None:
        self._channels = channels
        try:
            self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by close()
        except OSError as error:
            raise UnwritableAudioError(f"cannot write into {folder} ({error.strerror}): choose another folder") from error

    def put(self, wave: Wave) -> None:
        """Adds (channel, time)."""
        try:
            self._file.write(np.ascontiguousarray(wave.T, np.float32).tobytes())
        except OSError as error:
            raise UnwritableAudioError(f"no room for the work in progress ({error.strerror}): free some space") from error

    def take(self) -> Iterator[Wave]:
        """Yields what was put, in blocks."""
        self._file.seek(0)
        block_bytes = BLOCK_FRAMES * self._channels * 4
        while data := self._file.read(block_bytes):
            yield np.ascontiguousarray(np.frombuffer(data, np.float32).reshape(-1, self._channels).T)

    def close(self) -> None:
        """Gives the space back."""
        self._file.close()


def enhance_file(
    enhancer: Enhancer,
    source: str | Path,
    target: str | Path,
    residual: Path | None = None,
    *,
    force: bool = False,
    progress: StageProgress = lambda stage, done, total: None,
) -> FileResult:
    """Enhances one file into another of the same rate, channels, length, depth and tags.

    Args:
        enhancer: model and strength.
        source: the take; "-" reads WAV from standard input.
        target: what to write; "-" writes WAV to standard output.
        residual: where to write what was taken away, or None.
        force: overwrite existing files.
        progress: see `StageProgress`.

    Raises:
        UnreadableAudioError: when the input is not whole, finite audio.
        UnwritableAudioError: when the output cannot be written; nothing stays behind.
        OutputExistsError: when the output is there already, or is the input.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(open_reader(source))
        info = reader.info
        writer = stack.enter_context(open_writer(target, like=info, overwrite=force, source=source))
        rest = stack.enter_context(open_writer(residual, like=info, overwrite=force, source=source)) if residual else None
        survey = survey_reader(enhancer, reader, lambda done: progress("listening", done, info.frames))
        folder = Path(target).resolve().parent if str(target) != STANDARD_STREAM else None
        store = SpoolStore(folder, info.channels)
        stack.callback(store.close)
        outputs = enhancer.stream(
            lambda: reader.blocks(BLOCK_FRAMES),
            survey,
            store=store,
            ceiling=ceiling_for(info, survey),
            progress=lambda done: progress("enhancing", done, survey.samples),
        )
        originals = _Rebuffer(reader.blocks(BLOCK_FRAMES)) if rest else None
        for block in outputs:
            writer.write(block)
            if rest and originals:
                rest.write(originals.read(block.shape[1]) - block)
        return FileResult(
            str(source), str(target), str(residual) if residual else None, survey, survey.acts(enhancer.strength)
        )


def survey_reader(enhancer: Enhancer, reader: "AudioReader", progress: Callable[[int], None]) -> Survey:
    """Runs the first pass over an open file."""
    info = reader.info
    return enhancer.survey(reader.blocks(BLOCK_FRAMES), info.sample_rate, info.channels, progress)


def ceiling_for(info: AudioInfo, survey: Survey) -> float | None:
    """Returns the highest sample an output may have: none for floats, else at least what the take had itself."""
    return None if info.is_float else min(1.0, max(CEILING, survey.peak))


class _Rebuffer:
    """Reads a stream of blocks in the sizes that another stream comes in."""

    def __init__(self, blocks: Iterator[Wave]) -> None:
        self._blocks = iter(blocks)
        self._held: Wave | None = None

    def read(self, samples: int) -> Wave:
        """Returns the next samples, (channel, samples)."""
        while self._held is None or self._held.shape[1] < samples:
            block = next(self._blocks)
            self._held = block if self._held is None else np.concatenate([self._held, block], axis=1)
        taken, self._held = self._held[:, :samples], self._held[:, samples:]
        return taken
