"""How long enhancing a file takes, side by side with noisereduce in one run.

    python benchmarks/speed.py                    # three minutes of 44.1 kHz stereo, five pairs
    taskset -c 0,1 python benchmarks/speed.py     # on two cores
    python benchmarks/speed.py --profile          # where goodtake's time goes, function by function

Both do the whole job from WAV to 16-bit WAV, in turns: goodtake, noisereduce, goodtake, and so on. noisereduce is
called as its users call it (non-stationary, all channels); goodtake is `enhance_file`, and once more the command in a
process of its own, start-up and loading of the model included. The file is made here: plucked tones, a room and noise.
The aims: goodtake is not slower than twice noisereduce (median of the ratios of the pairs), and at least 12 times real
time.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import noisereduce
import soundfile
from takes import SAMPLE_RATE, write_take

from goodtake.enhancement.enhancer import Enhancer
from goodtake.enhancement.files import enhance_file

LARGEST_RATIO = 2.0
LEAST_SPEED = 12.0


def reduce_noise(source: Path, target: Path) -> None:
    """Runs noisereduce over a file."""
    wave, sample_rate = soundfile.read(source, dtype="float32", always_2d=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reduced = noisereduce.reduce_noise(y=wave.T, sr=sample_rate, stationary=False)
    soundfile.write(target, reduced.T, sample_rate, subtype="PCM_16")


def seconds_of(job: Callable[[], object]) -> float:
    """Returns how long a job takes, seconds on the clock."""
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="length of the file")
    parser.add_argument("--repeat", type=int, default=5, help="pairs")
    parser.add_argument("--model", default="studio", help="installed model, or the folder of a bundle")
    parser.add_argument("--threads", type=int, default=0, help="of the networks; 0 takes all cores")
    parser.add_argument("--profile", action="store_true", help="profile goodtake and compare nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        take, target = Path(folder) / "take.wav", Path(folder) / "enhanced.wav"
        seconds = 60 * options.minutes
        write_take(take, seconds)
        if options.profile:
            profile(lambda: enhance_file(Enhancer(options.model, threads=options.threads), take, target))
        else:
            compare(take, target, seconds, options)


def compare(take: Path, target: Path, seconds: float, options: argparse.Namespace) -> None:
    """Times all three in turns and prints the table and the verdict."""
    enhancer = Enhancer(options.model, threads=options.threads)
    command = [sys.executable, "-m", "goodtake", "enhance", str(take), "-o", str(target), "--force", "--quiet"]
    command += ["--model", options.model, "--threads", str(options.threads)]
    jobs: dict[str, Callable[[], object]] = {
        "goodtake": lambda: enhance_file(enhancer, take, target, force=True),
        "noisereduce": lambda: reduce_noise(take, Path(f"{target}.reduced.wav")),
        "goodtake, the command": lambda: subprocess.run(command, check=True),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    result = enhance_file(enhancer, take, target, force=True)  # the first time pays for memory and caches
    if not result.changed:
        raise SystemExit("goodtake left the take as it is: there is nothing to time")
    reduce_noise(take, Path(f"{target}.reduced.wav"))
    for _ in range(options.repeat):
        for name, job in jobs.items():
            times[name].append(seconds_of(job))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{seconds:.0f} s of {SAMPLE_RATE} Hz stereo, {options.repeat} times in turns, {cores} cores, medians\n")
    print("| | seconds | slowest | x real time | time / noisereduce |")
    print("|---|---|---|---|---|")
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratios = {
        name: statistics.median(a / b for a, b in zip(values, times["noisereduce"], strict=True))
        for name, values in times.items()
    }
    for name, median in medians.items():
        print(f"| {name} | {median:.2f} | {max(times[name]):.2f} | {seconds / median:.1f} | {ratios[name]:.2f} |")
    ratio, speed = ratios["goodtake"], seconds / medians["goodtake"]
    passed = ratio <= LARGEST_RATIO and speed >= LEAST_SPEED
    print(
        f"\n{'PASS' if passed else 'FAIL'}: {ratio:.2f} times the time of noisereduce (at most {LARGEST_RATIO:g}), "
        f"{speed:.1f} times real time (at least {LEAST_SPEED:g})"
    )
    sys.exit(not passed)


def profile(job: Callable[[], object]) -> None:
    """Prints the functions that take most of the time of a job, their own time first."""
    profiler = cProfile.Profile()
    profiler.runcall(job)
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
