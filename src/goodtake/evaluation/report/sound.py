"""Sound for the page: versions of a clip brought to one loudness, as MP3, and their spectrograms on one scale.

MP3 is the one lossy format that every browser plays. All versions of a clip go through the same encoder with the same
settings, so its delay is the same in each and switching between them stays in step.
"""

from __future__ import annotations

import math
import struct
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from goodtake.audio import AudioInfo, open_writer, resample_clip
from goodtake.audio.formats import MP3_RATES
from goodtake.audio.info import STANDARD_STREAM
from goodtake.diagnosis.png import magma
from goodtake.dsp.loudness import integrated_loudness
from goodtake.dsp.stft import FrameGrid, Wave, stft

HIGHEST_PEAK = 0.9
LOUDEST_LUFS = -16.0
RANGE_DB = 80.0
LEVELS = 48
"""Colours of a spectrogram: few enough for small files, more than an eye tells apart over 80 dB."""
IMAGE_ROWS, IMAGE_COLUMNS = 112, 320
LOWEST_HZ = 60.0
FREQUENCY_TICKS = ((100, "100"), (300, "300"), (1000, "1k"), (3000, "3k"), (10000, "10k"))


@dataclass(frozen=True)
class Matched:
    """Versions of one clip at one loudness.

    Args:
        waves: by version, (channel, time).
        gains_db: what each was turned up by.
        loudness_lufs: of them all; None when the reference version is silent and nothing was matched.
    """

    waves: dict[str, Wave]
    gains_db: dict[str, float]
    loudness_lufs: float | None


def match_loudness(waves: Mapping[str, Wave], sample_rate: int) -> Matched:
    """Brings versions of a clip to one integrated loudness (ITU-R BS.1770-4), as loud as none of them clips.

    Silent versions stay silent.

    Args:
        waves: by version, each (channel, time).
        sample_rate: Hz.
    """
    loudness = {name: integrated_loudness(wave, sample_rate) for name, wave in waves.items()}
    heard = {name: value for name, value in loudness.items() if math.isfinite(value)}
    if not heard:
        return Matched({name: wave.copy() for name, wave in waves.items()}, dict.fromkeys(waves, 0.0), None)
    peaks = {name: float(np.abs(waves[name]).max()) for name in heard}
    room = min(heard[name] + 20 * math.log10(HIGHEST_PEAK / peaks[name]) for name in heard)
    target = min(LOUDEST_LUFS, room)
    gains = {name: target - heard[name] if name in heard else 0.0 for name in waves}
    matched = {
        name: np.asarray(wave * np.float32(10 ** (gains[name] / 20)), np.float32) for name, wave in waves.items()
    }
    return Matched(matched, gains, target)


def mp3_bytes(wave: Wave, sample_rate: int) -> bytes:
    """Returns a clip as MP3: 48 kbit/s per channel at 16 kHz, 64 to 80 at 44.1 and 48 kHz.

    Args:
        wave: (channel, time); of more than two channels the first two are taken.
        sample_rate: Hz; what MP3 does not have is resampled to 48 kHz.

    Raises:
        UnwritableAudioError: the encoder is missing, or the disk for temporary files is full.
    """
    wave = wave[:2]
    if sample_rate not in MP3_RATES:
        wave, sample_rate = np.asarray(resample_clip(wave, sample_rate, 48_000), np.float32), 48_000
    per_channel = 48_000 if sample_rate <= 16_000 else 56_000 if sample_rate <= 24_000 else 72_000
    like = AudioInfo(
        path=Path(STANDARD_STREAM),
        name="player",
        container="mp3",
        codec="mp3",
        sample_rate=sample_rate,
        channels=wave.shape[0],
        frames=wave.shape[1],
        bit_rate=per_channel * wave.shape[0],
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp3"
        with open_writer(file, like) as writer:
            writer.write(wave)
        return file.read_bytes()


def spectrogram_levels(wave: Wave, sample_rate: int) -> NDArray[np.float64]:
    """Returns levels in dB on a logarithmic frequency axis, low at the bottom row: (channel, time) -> (row, column).

    Powers of the channels are averaged; each place takes the strongest bin and frame that falls into it.
    """
    grid = FrameGrid.for_rate(sample_rate)
    power = np.mean(np.abs(stft(wave, grid)) ** 2, axis=0) / (grid.n_fft * 3 / 8)  # (freq, frame)
    frequencies = LOWEST_HZ * (sample_rate / 2 / LOWEST_HZ) ** (np.arange(IMAGE_ROWS + 1) / IMAGE_ROWS)
    bins = frequencies / (sample_rate / grid.n_fft)
    low = np.floor(bins[:-1]).astype(int)
    high = np.maximum(np.ceil(bins[1:]).astype(int), low + 1)
    rows = np.stack([power[a : min(b, len(power))].max(axis=0) for a, b in zip(low, high, strict=True)])
    cuts = np.linspace(0, rows.shape[1], IMAGE_COLUMNS + 1)
    first = np.minimum(cuts[:-1].astype(int), rows.shape[1] - 1)
    last = np.maximum(np.ceil(cuts[1:]).astype(int), first + 1)
    columns = np.stack([rows[:, a:b].max(axis=1) for a, b in zip(first, last, strict=True)], axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(columns, 1e-14))
    return levels[::-1]


def spectrogram_png(levels: NDArray[np.float64], top_db: float) -> bytes:
    """Returns levels as a PNG with a palette: `top_db` is the brightest, 80 dB below it black."""
    steps = np.clip(np.round((levels - top_db) / RANGE_DB * (LEVELS - 1)) + LEVELS - 1, 0, LEVELS - 1).astype(np.uint8)
    height, width = steps.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), steps], axis=1)  # no filter
    palette = magma(np.linspace(0, 1, LEVELS)).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # eight bits, palette
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def frequency_ticks(sample_rate: int) -> list[tuple[float, str]]:
    """Returns the labels of the frequency axis: share of its height from the bottom, and what they say."""
    octaves = math.log(sample_rate / 2 / LOWEST_HZ)
    ticks = [(math.log(hz / LOWEST_HZ) / octaves, said) for hz, said in FREQUENCY_TICKS]
    return [(place, said) for place, said in ticks if place < 0.96]
