"""How much memory enhancing takes, for ten minutes and for two hours of stereo.

    python benchmarks/memory.py
    python benchmarks/memory.py --minutes 1 10

For each length a 44.1 kHz stereo WAV is made on disk, `goodtake enhance` works on it in a process of its own, and the
peak of that process's resident memory is read from the system when it has ended. The aim: under 600 MB, however long
the file. Two hours need 5 GB of free disk (input, output, work in progress), all given back at the end.
"""

import argparse
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from takes import SAMPLE_RATE, write_take

LARGEST_MB = 600.0
LARGEST_GROWTH = 1.15
"""The longest file may take this many times the memory of the shortest."""

_KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Unit of the peak that the system tells, in bytes."""


def peak_mb(command: list[str]) -> float:
    """Returns the peak resident memory of a command, MB; to be called once in a fresh process."""
    subprocess.run(command, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _KILOBYTE / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 120.0], help="lengths of the files")
    parser.add_argument("--model", default="studio", help="installed model, or the folder of a bundle")
    parser.add_argument("--folder", type=Path, help="where the files lie meanwhile; the system's choice by default")
    options = parser.parse_args()
    peaks = []
    print(f"| minutes of {SAMPLE_RATE} Hz stereo | peak, MB | seconds | x real time |")
    print("|---|---|---|---|")
    for minutes in sorted(options.minutes):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            take, target = Path(folder) / "take.wav", Path(folder) / "enhanced.wav"
            write_take(take, 60 * minutes)
            command = [sys.executable, "-m", "goodtake", "enhance", str(take), "-o", str(target), "--quiet"]
            begin = time.perf_counter()
            with multiprocessing.get_context("spawn").Pool(1) as fresh:  # so that only this command counts
                peaks.append(fresh.apply(peak_mb, [[*command, "--model", options.model]]))
            seconds = time.perf_counter() - begin
            if target.stat().st_size != take.stat().st_size:
                raise SystemExit(f"{minutes:g} minutes in, another length out")
        print(f"| {minutes:g} | {peaks[-1]:.0f} | {seconds:.0f} | {60 * minutes / seconds:.1f} |", flush=True)
    passed = max(peaks) < LARGEST_MB and peaks[-1] <= LARGEST_GROWTH * peaks[0]
    print(
        f"\n{'PASS' if passed else 'FAIL'}: at most {max(peaks):.0f} MB (less than {LARGEST_MB:.0f}), "
        f"the longest {peaks[-1] / peaks[0]:.2f} times the shortest (at most {LARGEST_GROWTH:g})"
    )
    sys.exit(not passed)


if __name__ == "__main__":
    main()
