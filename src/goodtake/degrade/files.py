"""Degrades a sound file: the same format with the faults in it, and the drawn parameters beside it as JSON.

The file is worked on whole, because a room, a ratio and a peak belong to all of it. So it may last half an hour at
48 kHz in mono, a quarter of an hour in stereo; that takes 4 GB of memory.
"""

import json
from pathlib import Path

import numpy as np

from goodtake.audio.atomic import AtomicFile, check_output, disk_errors
from goodtake.audio.info import STANDARD_STREAM, AudioInfo
from goodtake.audio.reader import BLOCK_FRAMES, open_reader
from goodtake.audio.writer import open_writer
from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degraded_half
from goodtake.degrade.parameters import Degradation
from goodtake.degrade.request import Request
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

LARGEST_SAMPLES = 30 * 60 * 48_000
"""Samples of all channels together."""


def degrade_file(
    source: Path,
    output: Path,
    request: Request | Degradation,
    bank_folder: Path | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> Degradation:
    """Writes the degraded file, and its parameters under the same name ending in ``.json``.

    Args:
        source: a sound file; "-" is standard input.
        output: where to; "-" is standard output, and then no parameters are written.
        request: what to draw, or parameters to apply again.
        bank_folder: rooms, noises and microphones; None simulates and generates them.
        seed: of the drawing.
        overwrite: whether existing files may be replaced.

    Returns:
        The parameters that were applied.

    Raises:
        GoodtakeError: the input cannot be read, is too long, the output cannot be written or is there already, or the
            parameters do not fit.
    """
    record = None if str(output) == STANDARD_STREAM else output.with_suffix(".json")
    if record is not None:
        origin = None if str(source) == STANDARD_STREAM else source
        check_output(output, origin, overwrite)
        check_output(record, origin, overwrite)
    wave, info = _read_whole(source)
    bank = Bank(info.sample_rate) if bank_folder is None else Bank.from_folder(bank_folder, info.sample_rate, lazy=True)
    drawn = request.draw(np.random.default_rng(seed), bank) if isinstance(request, Request) else request
    degraded = degraded_half(wave, drawn, bank)
    with open_writer(output, info, overwrite=overwrite, source=source) as writer:
        for start in range(0, degraded.shape[1], BLOCK_FRAMES):
            writer.write(degraded[:, start : start + BLOCK_FRAMES])
    if record is not None:
        write_parameters(drawn, record, overwrite)
    return drawn


def degraded_path(source: Path, output: Path | None) -> Path:
    """Returns where the degraded file goes: beside the source, into a folder, or just where it was said.

    >>> degraded_path(Path("clean.wav"), None).name
    'clean.degraded.wav'
    """
    if output is None and str(source) == STANDARD_STREAM:
        raise ConfigError("the input is standard input: say where the output goes with -o")
    name = f"{source.stem}.degraded{source.suffix}"
    if output is None:
        return source.with_name(name)
    return output / name if output.is_dir() else output


def read_parameters(path: Path) -> Degradation:
    """Reads the parameters beside a degraded file.

    Raises:
        ConfigError: when the file cannot be read or holds something else.
    """
    try:
        return Degradation.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): give the .json of a degraded file") from error
    except (UnicodeDecodeError, ConfigError) as error:
        raise ConfigError(f"{path}: {error}") from error


def write_parameters(degradation: Degradation, path: Path, overwrite: bool) -> None:
    """Writes the parameters as indented JSON; the file appears when it is whole."""
    file = AtomicFile(path, overwrite)
    try:
        with disk_errors(path):
            file.file.write((json.dumps(json.loads(degradation.to_json()), indent=2) + "\n").encode())
        file.commit()
    except BaseException:
        file.discard()
        raise


def _read_whole(source: Path) -> tuple[Wave, AudioInfo]:
    with open_reader(source) as reader:
        longest = LARGEST_SAMPLES // reader.info.channels
        blocks, frames = [], 0
        for block in reader.blocks():
            frames += block.shape[1]
            if frames > longest:
                minutes = longest / reader.info.sample_rate / 60
                raise ConfigError(f"{reader.info.name}: longer than {minutes:.0f} minutes: cut it into parts first")
            blocks.append(block.astype(np.float32))
        return np.concatenate(blocks, axis=1), reader.info
