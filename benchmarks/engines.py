"""How fast every engine is: seconds of sound enhanced in a second.

    taskset -c 0,1 python benchmarks/engines.py                       # all installed models, on two cores
    taskset -c 0,1 python benchmarks/engines.py my-bundle --seconds 20
    taskset -c 0,1 python benchmarks/engines.py paper1 --steps 6 50

Each hears and enhances a made recording in memory, 16 kHz mono and 44.1 kHz stereo; loading the model is not counted.
The median of the rounds counts: seconds of sound a second, and seconds that all cores together compute for a second of
sound, which a busy machine changes less. Aims on two cores, 16 kHz mono: mel2mel-fast 15 times real time,
mel2mel-griffinlim 10 times, six steps of DiffWave 1.5 s for a second.
"""

import argparse
import statistics
import sys
import time
from itertools import islice

import numpy as np
from takes import SAMPLE_RATE, bars

from goodtake.audio import resample_clip
from goodtake.bundles import installed_models
from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.engine import ChainEngine
from goodtake.enhancement.enhancer import Enhancer

AIMS = {("mel2mel-fast", None): 15.0, ("mel2mel-griffinlim", None): 10.0, ("paper1", 6): 1 / 1.5}
"""Least speed by model and steps, 16 kHz mono."""


def recordings(seconds: float) -> dict[str, tuple[Wave, int]]:
    """Returns the takes by name, (channel, time) and rate."""
    made = islice(bars(np.random.default_rng(0)), int(seconds / 2) + 1)
    stereo = np.concatenate(list(made), axis=1)[:, : round(seconds * SAMPLE_RATE)]
    mono = np.asarray(resample_clip(stereo.mean(axis=0, keepdims=True), SAMPLE_RATE, 16_000), np.float32)
    return {"16 kHz mono": (mono, 16_000), "44.1 kHz stereo": (stereo, SAMPLE_RATE)}


def speed(enhancer: Enhancer, wave: Wave, rate: int, rounds: int) -> tuple[float, float]:
    """Returns seconds of sound a second, and seconds of processors a second of sound."""
    taken, computed = [], []
    for _ in range(rounds):
        begin, begun = time.perf_counter(), time.process_time()
        enhancer.enhance(wave, rate)
        taken.append(time.perf_counter() - begin)
        computed.append(time.process_time() - begun)
    seconds = wave.shape[1] / rate
    return float(seconds / statistics.median(taken)), float(statistics.median(computed) / seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="installed models or folders of bundles; all installed when left out")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the recordings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of the networks")
    parser.add_argument("--steps", type=int, nargs="+", default=[6], help="of diffusion musecoders")
    options = parser.parse_args()
    takes = recordings(options.seconds)
    print("| model | steps | " + " | ".join(takes) + " |")
    print("|---|---|" + "---|" * len(takes))
    missed = []
    for model in options.models or installed_models():
        enhancer = Enhancer(model, threads=options.threads)
        engine = enhancer.engine
        samples_in_steps = isinstance(engine, ChainEngine) and "steps" in engine.settings.options
        for steps in options.steps if samples_in_steps else [None]:
            if steps:
                enhancer = Enhancer(model, threads=options.threads, steps=steps)
            speeds = [speed(enhancer, wave, rate, options.rounds) for wave, rate in takes.values()]
            name = engine.bundle.name
            print(
                f"| {name} | {steps or ''} | "
                + " | ".join(f"{fast:.1f}x, {cores:.3f} s" for fast, cores in speeds)
                + " |",
                flush=True,
            )
            aim = AIMS.get((name, steps))
            if aim and speeds[0][0] < aim:
                missed.append(f"{name} {speeds[0][0]:.1f}x, aim {aim:.1f}x")
    print("FAIL: " + "; ".join(missed) if missed else "PASS")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
