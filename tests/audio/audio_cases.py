"""Signals and files that the audio tests share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from goodtake.audio import AudioInfo, open_reader, open_writer


def noise(channels: int, frames: int, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """Noise without its top octave, so that lossy codecs keep most of it: (channel, frames) float32."""
    white = np.random.default_rng(seed).standard_normal((channels, frames)) * level
    window = np.hanning(9) / np.hanning(9).sum()
    return np.stack([np.convolve(row, window)[:frames] for row in white]).astype(np.float32)


def spec(
    codec: str = "pcm",
    rate: int = 44_100,
    channels: int = 2,
    *,
    bits: int | None = None,
    is_float: bool = False,
    bit_rate: int | None = None,
    container: str = "wav",
    frames: int | None = None,
    tags: Mapping[str, str] | None = None,
) -> AudioInfo:
    """The format of an imagined input that is no file."""
    return AudioInfo(
        path=Path("-"),
        name="imagined",
        container=container,
        codec=codec,
        sample_rate=rate,
        channels=channels,
        frames=frames,
        bit_depth=bits,
        is_float=is_float,
        bit_rate=bit_rate,
        tags=tags or {},
    )


def write(path: Path, wave: np.ndarray, like: AudioInfo, block: int = 30_011) -> Path:
    """Write a wave (channel, time) in blocks of an odd length."""
    with open_writer(path, like) as writer:
        for start in range(0, wave.shape[1], block):
            writer.write(wave[:, start : start + block])
    return path


def copy(source: Path, target: Path) -> Path:
    """Read and write block by block, as a tool that changes nothing would."""
    with open_reader(source) as reader, open_writer(target, reader.info) as writer:
        for block in reader.blocks(10_007):
            writer.write(block)
    return target


def offset(reference: np.ndarray, estimate: np.ndarray) -> int:
    """By how many samples ``estimate`` lags ``reference``: the peak of their cross-correlation, first channel."""
    n = 1 << (2 * reference.shape[1]).bit_length()
    cross = np.fft.irfft(np.fft.rfft(reference[0], n).conj() * np.fft.rfft(estimate[0], n))
    lag = int(np.argmax(cross))
    return lag if lag < n // 2 else lag - n
