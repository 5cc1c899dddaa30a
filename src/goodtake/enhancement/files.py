"""Enhances files: the reader's blocks through both passes into a writer, with nothing left behind when it fails."""

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from goodtake.audio import AudioInfo, AudioReader, open_reader, open_writer
from goodtake.audio.atomic import AtomicFile, disk_errors
from goodtake.audio.formats import OutputFormat
from goodtake.audio.info import STANDARD_STREAM
from goodtake.audio.pcm import float_to_int, int_to_float
from goodtake.dsp.stft import Wave
from goodtake.enhancement.enhancer import Enhancer, Store, Survey
from goodtake.enhancement.level import CEILING
from goodtake.errors import UnreadableAudioError, UnwritableAudioError

BLOCK_FRAMES = 65_536
COPY_BYTES = 1 << 20
LARGEST_SAMPLE = 1e9
"""Powers of spectra stay far below the largest float32; files that store 16-bit numbers as floats stay below this."""

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

    def to_dict(self) -> dict[str, object]:
        """Returns plain values for JSON."""
        survey = self.survey
        return {
            "source": self.source,
            "target": self.target,
            "residual": self.residual,
            "changed": self.changed,
            "sample_rate": survey.sample_rate,
            "channels": survey.channels,
            "samples": survey.samples,
            "loudness_lufs": survey.loudness if math.isfinite(survey.loudness) else None,
            "wet": survey.judgement.wet if survey.judgement else 0.0,
        }

    def summary(self) -> str:
        """Returns a line for people."""
        if not self.changed:
            return f"{self.source} -> {self.target}: left as it is"
        assert self.survey.judgement is not None
        return f"{self.source} -> {self.target}: enhanced by {100 * self.survey.judgement.wet:.0f} %"


class SpoolStore(Store):
    """Keeps a take in an unnamed temporary file between two passes.

    Args:
        folder: where; the system's choice when None. It needs four bytes a sample and channel.
        channels: of the waves.
    """

    def __init__(self, folder: Path | None, channels: int) -> None:
        self._channels = channels
        with _spool_errors(folder):
            self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by close()
        self._folder = folder

    def put(self, wave: Wave) -> None:
        """Adds (channel, time)."""
        with _spool_errors(self._folder):
            self._file.write(np.ascontiguousarray(wave.T, np.float32).tobytes())

    def take(self) -> Iterator[Wave]:
        """Yields what was put, in blocks."""
        block_bytes = BLOCK_FRAMES * self._channels * 4
        with _spool_errors(self._folder):
            self._file.seek(0)  # writes what is buffered, which may find the disk full
            data = self._file.read(block_bytes)
        while data:
            yield np.ascontiguousarray(np.frombuffer(data, np.float32).reshape(-1, self._channels).T)
            with _spool_errors(self._folder):
                data = self._file.read(block_bytes)

    def close(self) -> None:
        """Gives the space back."""
        with suppress(OSError):  # a full disk keeps what is buffered from being written, and it is not wanted any more
            self._file.close()


@contextmanager
def _spool_errors(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = folder or tempfile.gettempdir()
        raise UnwritableAudioError(
            f"{place}: no room for the work in progress ({error.strerror}); free some, or give another place with -o"
        ) from error


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

    A take that is to be left as it is becomes a copy, byte for byte, when the output is of the input's own kind: lossy
    formats would lose by being encoded again.

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
    source, target = str(source), str(target)
    piped = target == STANDARD_STREAM
    with ExitStack() as stack:
        reader = stack.enter_context(open_reader(source))
        # Outputs are begun before the work, so that what cannot be written fails at once; but nothing may go down a
        # pipe before the input is known to be whole. They end in reverse order: no residual without its output.
        options: dict[str, Any] = {"overwrite": force, "source": source}
        rest = stack.enter_context(open_writer(residual, reader.info, **options)) if residual else None
        writer = None if piped else stack.enter_context(open_writer(target, reader.info, **options))
        survey = survey_reader(enhancer, reader, lambda done: progress("listening", done, reader.info.frames))
        writer = writer or stack.enter_context(open_writer(target, reader.info, **options))
        changed = survey.acts(enhancer.strength)
        if not changed and _same_kind(source, target, reader.info, writer.output):
            blocks: Iterator[Wave] = iter(())
            if rest:
                for start in range(0, survey.samples, BLOCK_FRAMES):
                    rest.write(np.zeros((survey.channels, min(BLOCK_FRAMES, survey.samples - start)), np.float32))
            writer.abort()
            _copy(Path(source), Path(target), force)
        else:
            store = SpoolStore(None if piped else Path(target).resolve().parent, survey.channels)
            stack.callback(store.close)
            blocks = enhancer.stream(
                lambda: reader.blocks(BLOCK_FRAMES),
                survey,
                store=store,
                ceiling=ceiling_for(writer.output, survey),
                progress=lambda done: progress("enhancing", done, survey.samples),
            )
        originals = _Rebuffer(reader.blocks(BLOCK_FRAMES)) if rest and changed else None
        for block in blocks:
            writer.write(block)
            if rest:
                original = originals.read(block.shape[1]) if originals else block
                rest.write(original - _as_stored(block, writer.output))
            progress("writing", writer.frames, survey.samples)
        return FileResult(source, target, str(residual) if residual else None, survey, changed)


def survey_reader(enhancer: Enhancer, reader: AudioReader, progress: Callable[[int], None]) -> Survey:
    """Runs the first pass over an open file.

    Raises:
        UnreadableAudioError: when the file is damaged, or its samples are beyond all reason.
    """
    info = reader.info

    def blocks() -> Iterator[Wave]:
        for block in reader.blocks(BLOCK_FRAMES):
            if np.abs(block).max(initial=0.0) > LARGEST_SAMPLE:
                raise UnreadableAudioError(
                    f"{info.name}: holds samples of more than {LARGEST_SAMPLE:.0e}, where 1 is full scale; "
                    "this is not sound: export it again"
                )
            yield block

    return enhancer.survey(blocks(), info.sample_rate, info.channels, progress)


def _same_kind(source: str, target: str, info: AudioInfo, output: OutputFormat) -> bool:
    """Tells whether the very bytes of the input are what the output should be."""
    return (
        STANDARD_STREAM not in (source, target)
        and Path(source).suffix.lower() == Path(target).suffix.lower()
        and (output.container, output.codec) == (info.container, info.codec)
    )


def _copy(source: Path, target: Path, force: bool) -> None:
    file = AtomicFile(target, force)
    try:
        with source.open("rb") as original, disk_errors(target):
            shutil.copyfileobj(original, file.file, COPY_BYTES)
        file.commit()
    except BaseException:
        file.discard()
        raise


def _as_stored(block: Wave, output: OutputFormat) -> Wave:
    """Returns a block as the output will give it back, so that output and residual add up to the input exactly."""
    if output.bit_depth is None or output.is_float:
        return block
    return int_to_float(float_to_int(block, output.bit_depth), output.bit_depth)


def ceiling_for(output: OutputFormat, survey: Survey) -> float | None:
    """Returns the highest sample an output may have: none for floats, else at least what the take had itself."""
    return None if output.is_float else min(1.0, max(CEILING, survey.peak))


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
