"""The recordings that the benchmarks of speed and memory work on: made bar by bar, so any length fits.

Plucked chords and a tune over them in a small room, with steady noise: it gives an enhancer all of its work to do. The
same seconds give the same bytes.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from goodtake.dsp.convolution import convolve
from goodtake.dsp.stft import Wave

SAMPLE_RATE = 44_100
BAR = 2 * SAMPLE_RATE
"""Samples of a bar; it rings on for another."""

RMS = 0.1
NOISE_RMS = 0.02
CHORDS = ((50, 57, 62, 66), (47, 54, 59, 62), (43, 50, 55, 59), (45, 52, 57, 61))
"""MIDI pitches of a bar each: D, B minor, G, A."""

TUNE = (74, 76, 78, 81, 83, 86)
VARIATIONS = 16


def write_take(path: Path, seconds: float) -> None:
    """Writes that many seconds of 44.1 kHz stereo as 16-bit WAV."""
    left = round(seconds * SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        for bar in bars(np.random.default_rng(0)):
            file.write(np.round(np.clip(bar[:, :left].T, -1, 1) * 32767).astype(np.int16))
            left -= bar.shape[1]
            if left <= 0:
                return


def bars(rng: np.random.Generator) -> Iterator[Wave]:
    """Yields bar after bar, (2, BAR), without end; the music comes round, the noise does not."""
    music = [play(CHORDS[number % len(CHORDS)], rng) for number in range(VARIATIONS)]
    scale = np.float32(RMS / np.sqrt(np.mean(np.concatenate(music) ** 2) * 2))
    ringing = np.zeros((2, BAR), np.float32)
    while True:
        for bar in music:
            noise = rng.standard_normal((2, BAR), dtype=np.float32)
            yield ringing + scale * bar[:, :BAR] + np.float32(NOISE_RMS) * noise
            ringing = scale * bar[:, BAR:]


def play(chord: tuple[int, ...], rng: np.random.Generator) -> Wave:
    """Returns one bar of chord and tune in the room: (2, 2 * BAR)."""
    wave = np.zeros((2, 2 * BAR), np.float32)
    for eighth in range(8):
        for pitch in (chord[eighth % len(chord)], int(rng.choice(TUNE))):
            start = eighth * BAR // 8
            wave[:, start:] += rng.uniform(0.3, 1.0, (2, 1)) * pluck(pitch)[: wave.shape[1] - start]
    time = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    room = 0.03 * rng.standard_normal((2, len(time))) * np.exp(-6.9 * time / 0.4)
    room[:, 0] = 1.0
    return convolve(wave, room)


@lru_cache(maxsize=64)
def pluck(pitch: int) -> Wave:
    """Returns a decaying tone with harmonics up to 12 kHz: (2 * BAR,)."""
    time = np.arange(2 * BAR) / SAMPLE_RATE
    f0_hz = 440 * 2 ** ((pitch - 69) / 12)
    numbers = range(1, max(2, int(12_000 / f0_hz)))
    tone = sum(np.sin(2 * np.pi * f0_hz * n * time) * np.exp(-(1.5 + 0.6 * n) * time) / n for n in numbers)
    return np.asarray(tone, np.float32)
