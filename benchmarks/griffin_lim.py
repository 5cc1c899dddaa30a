"""How fast mel inversion and Griffin-Lim are, beside librosa's in the same run, and how near both come.

    pip install librosa
    OPENBLAS_NUM_THREADS=1 python benchmarks/griffin_lim.py
    python benchmarks/griffin_lim.py my_recording.wav --seconds 20

Both solve the same 16 kHz mono clip in 100 iterations: synthetic music, or the beginning of a file. Rounds of ours and
of librosa's take turns and the median of each counts, so that a busy machine hits both alike. librosa's mel inversion,
by L-BFGS-B, is given our mel matrix and the number of iterations as a limit. The aim: both together take at most 0.1 s
for a second of audio. One thread each: on a busy machine the threads of matrix products wait for each other, and
librosa's inversion then takes ten times as long.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from takes import SAMPLE_RATE, bars

from goodtake.audio import read_audio, resample_clip
from goodtake.dsp.griffin_lim import ITERATIONS, MOMENTUM, magnitude_to_wave, spectral_convergence
from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp.mel_inversion import mel_to_magnitude
from goodtake.dsp.stft import stft

MOST_SECONDS = 0.1
CONFIG = MelConfig()
FloatArray = NDArray[np.float32]


def load(path: Path | None, seconds: float) -> FloatArray:
    """Returns the clip, (time,)."""
    if path is None:
        wave = np.concatenate(list(islice(bars(np.random.default_rng(0)), int(seconds / 2) + 1)), axis=1)
        rate = SAMPLE_RATE
    else:
        read, info = read_audio(path)
        wave, rate = np.asarray(read, np.float32), info.sample_rate
    mono = wave[:, : round(seconds * rate)].mean(axis=0, keepdims=True)
    return np.asarray(resample_clip(mono, rate, CONFIG.sample_rate)[0], np.float32)


def ways(wave: FloatArray) -> dict[str, Callable[[], FloatArray]]:
    """Returns what is timed; names end in whose it is."""
    import librosa

    grid, bank = CONFIG.grid, mel_filterbank(CONFIG)
    magnitude = np.abs(stft(wave, grid))
    mel = bank @ magnitude**2
    return {
        "mel inversion, goodtake": lambda: mel_to_magnitude(mel, CONFIG),
        "mel inversion, librosa": lambda: np.sqrt(librosa.util.nnls(bank, mel, maxiter=ITERATIONS)),
        "Griffin-Lim, goodtake": lambda: magnitude_to_wave(magnitude, grid, wave.size, np.random.default_rng(0)),
        "Griffin-Lim, librosa": lambda: librosa.griffinlim(
            magnitude,
            n_iter=ITERATIONS,
            momentum=MOMENTUM,
            hop_length=grid.hop_length,
            n_fft=grid.n_fft,
            length=wave.size,
            pad_mode="constant",
            random_state=0,
        ),
    }


def error(name: str, wave: FloatArray, result: FloatArray) -> float:
    """Returns the relative error of the bands, or of the magnitudes."""
    magnitude = np.abs(stft(wave, CONFIG.grid))
    if name.startswith("Griffin"):
        return spectral_convergence(np.asarray(result, np.float32), magnitude, CONFIG.grid)
    bank = mel_filterbank(CONFIG)
    mel = bank @ magnitude**2
    return float(np.linalg.norm(bank @ result**2 - mel) / np.linalg.norm(mel))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="a recording; synthetic music by default")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    wave = load(options.file, options.seconds)
    seconds = wave.size / CONFIG.sample_rate
    timed = ways(wave)
    results = {name: way() for name, way in timed.items()}  # the first round, which compiles and caches, does not count
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(options.rounds):
        for name, way in timed.items():
            begin = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - begin) / seconds)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    print(f"{seconds:.1f} s of 16 kHz mono, {ITERATIONS} iterations, median of {options.rounds} rounds\n")
    print("| | s per second of audio | x real time | relative error | time / librosa's |")
    print("|---|---|---|---|---|")
    for name, median in medians.items():
        ratio = median / medians[name.partition(",")[0] + ", librosa"]
        print(f"| {name} | {median:.4f} | {1 / median:.0f} | {error(name, wave, results[name]):.4f} | {ratio:.2f} |")
    ours, theirs = (
        sum(median for name, median in medians.items() if name.endswith(whose)) for whose in ("goodtake", "librosa")
    )
    print(f"| together, goodtake | {ours:.4f} | {1 / ours:.0f} | | {ours / theirs:.2f} |")
    passed = ours <= MOST_SECONDS and ours < theirs
    print(f"\n{'PASS' if passed else 'FAIL'}: {ours:.3f} s for a second of audio (at most {MOST_SECONDS})")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
