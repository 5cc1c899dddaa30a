"""How fast the metrics are on one core, and what memory a growing set of clips takes.

    python benchmarks/metrics.py
    python benchmarks/metrics.py --only fad mrs      # these, and the paper's four together

Speed: one clip and its noisy twin, 16 kHz mono and 44.1 kHz stereo, in a process with one thread, as an evaluation
has one per core; processor time, so that the figures hold on a busy machine too. `--threads 0` leaves the BLAS its own
number of threads, whose waiting then counts as well. "paper1" is the paper's four figures together: fwSSNR, MRS, L1 and
FAD's share, which is the embedding of the estimate and of the reference and their moments. The aim: at least 20 times
real time. Memory: a process of its own measures those four for 10 and for 100 clips, one after the other; its peak may
grow by a tenth at most.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from goodtake.errors import MissingExtraError
from goodtake.metrics import METRICS, Moments, embed, frechet_distance, measure
from goodtake.metrics.embeddings import DEFAULT_EMBEDDING, find_embedding

FORMATS = ((16_000, 1), (44_100, 2))
PAPER1 = ("fwssnr", "mrs", "l1")
LEAST_SPEED = 20.0
LARGEST_GROWTH = 1.1
CLIPS = (10, 100)
CLIP_SECONDS = 8.0

_KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Unit of the peak that the system tells, in bytes."""


def make_pair(seconds: float, sample_rate: int, channels: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Returns plucked tones with noise 15 dB below, and the same without it: (channel, time) float32 each."""
    rng = np.random.default_rng(seed)
    samples = round(seconds * sample_rate)
    clean = np.zeros((channels, samples))
    since = np.arange(sample_rate) / sample_rate
    for start in range(0, samples, sample_rate // 2):
        pitch = 110 * 2 ** (rng.integers(24) / 12)
        note = sum(np.exp(-(3 + k) * since) / k * np.sin(2 * np.pi * pitch * k * since) for k in range(1, 12))
        part = min(sample_rate, samples - start)
        clean[:, start : start + part] += rng.uniform(0.3, 1, (channels, 1)) * 0.2 * note[:part]
    noise = rng.standard_normal(clean.shape) * clean.std() * 10 ** (-15 / 20)
    return (clean + noise).astype(np.float32), clean.astype(np.float32)


def four_of_paper1(estimate: np.ndarray, reference: np.ndarray, sample_rate: int, sets: list[Moments]) -> None:
    """Measures a pair by fwSSNR, MRS and L1 and adds both clips to the sets whose distance FAD is."""
    measure(estimate, reference, sample_rate, PAPER1)
    for moments, clip in zip(sets, (estimate, reference), strict=True):
        moments.add(embed(DEFAULT_EMBEDDING, clip, sample_rate))


def empty_sets() -> list[Moments]:
    dimension = find_embedding(DEFAULT_EMBEDDING).dimension
    return [Moments(dimension), Moments(dimension)]


def jobs(estimate: np.ndarray, reference: np.ndarray, sample_rate: int) -> dict[str, Callable[[], object]]:
    """Returns what is timed, by name."""
    named: dict[str, Callable[[], object]] = {
        "paper1": lambda: four_of_paper1(estimate, reference, sample_rate, empty_sets()),
        "fad": lambda: [Moments.of(embed(DEFAULT_EMBEDDING, clip, sample_rate)) for clip in (estimate, reference)],
    }
    for name, metric in METRICS.items():
        named[name] = lambda metric=metric: metric.function(estimate, reference, sample_rate)  # type: ignore[misc]
    return named


def speed_of(job: Callable[[], object], seconds: float, repeat: int) -> float:
    """Returns how many seconds of sound a job does in a second of this core; the median of the repeats."""
    job()  # the first time pays for imports, memory and tables
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        job()
        times.append(time.process_time() - begin)
    return seconds / statistics.median(times)


def print_speed(seconds: float, repeat: int, only: list[str]) -> float:
    """Prints the table of speeds and returns the least of paper 1's four together."""
    pairs = [(*make_pair(seconds, rate, channels), rate) for rate, channels in FORMATS]
    tables = [jobs(*pair) for pair in pairs]
    print(f"{seconds:.0f} s, processor time, medians of {repeat}: times real time\n")
    print("| | " + " | ".join(f"{rate / 1000:g} kHz, {channels} ch" for rate, channels in FORMATS) + " |")
    print("|---|" + "---|" * len(FORMATS))
    slowest = float("inf")
    for name in dict.fromkeys(["paper1", *(only or tables[0])]):
        cells = []
        for table in tables:
            try:
                speed = speed_of(table[name], seconds, repeat)
            except MissingExtraError as error:
                cells.append(str(error))
                continue
            cells.append(f"{speed:.1f}")
            slowest = min(slowest, speed) if name == "paper1" else slowest
        title = "**fwssnr + mrs + l1 + fad**" if name == "paper1" else name
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)
    return slowest


def peak_mb(clips: int) -> float:
    """Returns the peak resident memory of measuring that many clips, MB; to be called once in a fresh process."""
    sample_rate, channels = FORMATS[-1]
    sets = empty_sets()
    for seed in range(clips):
        four_of_paper1(*make_pair(CLIP_SECONDS, sample_rate, channels, seed), sample_rate, sets)
    frechet_distance(*sets)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE / 1e6


def print_memory() -> float:
    """Prints the table of peaks and returns how much the last exceeds the first."""
    print(f"\n| clips of {CLIP_SECONDS:g} s, 44.1 kHz stereo | peak, MB |\n|---|---|")
    peaks = []
    for clips in CLIPS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            peaks.append(pool.apply(peak_mb, (clips,)))
        print(f"| {clips} | {peaks[-1]:.0f} |", flush=True)
    return peaks[-1] / peaks[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the clip")
    parser.add_argument("--repeat", type=int, default=5, help="times that each is measured")
    parser.add_argument("--only", nargs="*", default=[], choices=["paper1", "fad", *METRICS], help="what is timed")
    parser.add_argument("--threads", type=int, default=1, help="of the BLAS; 0 leaves it its own number")
    options = parser.parse_args()
    if options.threads:
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[variable] = str(options.threads)  # read by the fresh processes below
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        slowest = pool.apply(print_speed, (options.seconds, options.repeat, options.only))
    growth = print_memory()
    passed = slowest >= LEAST_SPEED and growth <= LARGEST_GROWTH
    print(f"\n{'PASS' if passed else 'FAIL'}: ", end="")
    print(f"paper 1's four together {slowest:.1f} times real time (at least {LEAST_SPEED:g}), ", end="")
    print(f"{CLIPS[1]} clips take {growth:.2f} times the memory of {CLIPS[0]} (at most {LARGEST_GROWTH:g})")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
