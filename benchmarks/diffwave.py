"""How fast DiffWave is in ONNX Runtime, beside what the machine's products of matrices allow.

    taskset -c 0,1 python benchmarks/diffwave.py             # the base size of paper 1, and the one sized for laptops
    taskset -c 0,1 python benchmarks/diffwave.py --steps 6 50

Weights are random: they change nothing here. A call is one answer of the network with its conditions kept, on one
window; the floor is the time in which this machine, in the same minutes, multiplies float32 matrices of 2048 x 2048
that cost as much. Calls and products take turns; medians count. Then whole sampling, windows' context and conditioner
included, for a second of sound. Aims on two cores for the base size: a call within twice the floor, six steps in 1.5 s.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from goodtake.bundles import load_bundle
from goodtake.enhancement.chain.diffwave import WINDOW_FRAMES, DiffWaveVocoder
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.models.diffwave import DiffWave, DiffWaveConfig
from goodtake.training.export import write_bundle
from goodtake.training.export_chain import graphs_of

RATE = 16_000
SIZES = {"base": DiffWaveConfig(), "small": DiffWaveConfig(layers=20, channels=32)}
FLOOR_AIM, SIX_STEPS_AIM = 2.0, 1.5


def operations(config: DiffWaveConfig) -> int:
    """Returns floating-point operations of one call a sample: two for each weight that meets it, conditions kept."""
    width = config.channels
    layer = width * 2 * width * 3 + width * 2 * width
    return 2 * (config.layers * layer + width * width + 2 * width)


def product_speed(size: int = 2048) -> float:
    """Returns floating-point operations a second of a product of float32 matrices."""
    matrix = torch.randn(size, size)
    return 2 * size**3 / taken(lambda: matrix @ matrix)


def taken(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def vocoder(config: DiffWaveConfig, folder: Path, threads: int, steps: int) -> DiffWaveVocoder:
    network = DiffWave(config).eval()
    nn.init.normal_(network.denoiser.leave.weight, std=0.01)
    write_bundle(folder, "diffwave", "chain", graphs_of({"diffwave": network}), {}, "# Random weights\n")
    bundle = load_bundle(folder)
    sessions = (bundle.session("conditioner", threads), bundle.session("denoiser", threads, frugal=True))
    return DiffWaveVocoder(*sessions, config.mel.hop_length, config.context_frames, steps, seed=0)


def measure(config: DiffWaveConfig, threads: int, rounds: int, all_steps: list[int]) -> tuple[list[float], list[float]]:
    """Returns seconds a second of sound: [call, floor] and, for each number of steps, the whole."""
    random = np.random.default_rng(0)
    frames = WINDOW_FRAMES + 2 * config.context_frames
    window = random.normal(-4, 2, (128, frames)).astype(np.float32)
    seconds = frames * config.mel.hop_length / RATE
    calls, floors, whole = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        made = vocoder(config, Path(folder), threads, 1)
        for number in range(rounds + 1):
            # One step against six: what the conditioner and the binding cost falls out of the difference.
            made.steps = 1
            one = taken(lambda: made.sample(window, 0))
            made.steps = 6
            six = taken(lambda: made.sample(window, 0))
            if number:  # the first warms up
                calls.append((six - one) / 5 / seconds)
                floors.append(operations(config) * RATE / product_speed())
        take = random.normal(-4, 2, (128, 5 * WINDOW_FRAMES)).astype(np.float32)
        samples = (take.shape[1] - 1) * config.mel.hop_length
        empty = np.zeros((1, 513, take.shape[1]), np.complex64)
        for steps in all_steps:
            made.steps = steps
            stream = made.stream(1, samples, WINDOW_FRAMES)
            spent = taken(lambda stream=stream: [*stream.feed(MelFrames(take[None], take, empty)), *stream.flush()])
            whole.append(spent / (samples / RATE))
    return [statistics.median(calls), statistics.median(floors)], whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, nargs="+", default=[6])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    headings = [f"{steps} steps, s" for steps in options.steps]
    print("| size | GFLOP a second of sound | a call, s | floor, s | call / floor | " + " | ".join(headings) + " |")
    print("|---" * (5 + len(headings)) + "|")
    missed = []
    for name, config in SIZES.items():
        (call, floor), whole = measure(config, options.threads, options.rounds, options.steps)
        cells = [f"{operations(config) * RATE / 1e9:.1f}", f"{call:.3f}", f"{floor:.3f}", f"{call / floor:.2f}"]
        print(f"| {name} | " + " | ".join([*cells, *(f"{seconds:.2f}" for seconds in whole)]) + " |", flush=True)
        six = dict(zip(options.steps, whole, strict=True)).get(6, 0.0)
        if name == "base" and call > FLOOR_AIM * floor:
            missed.append(f"a call of the base size takes {call / floor:.2f} times the floor, aim {FLOOR_AIM}")
        if six > SIX_STEPS_AIM:
            missed.append(f"six steps of the {name} size take {six:.2f} s, aim {SIX_STEPS_AIM}")
    print("FAIL: " + "; ".join(missed) if missed else "PASS")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
