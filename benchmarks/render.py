"""How many times faster than real time one core renders music; the aim is 50.

    python benchmarks/render.py                                   # on a small library of tones made for the purpose
    python benchmarks/render.py --notes DATA --scores DATA/scores/train
    python benchmarks/render.py --soundfont /usr/share/sounds/sf2/FluidR3_GM.sf2

Time is that of the process (one thread), drawing and applying together, after the notes have been decoded.
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.datasets.render.soundfont import SoundFontPlayer

SAMPLE_RATES = (16_000, 44_100)
NOTE_SECONDS = 4.0
NOTE_RATE = 44_100


def write_tones(root: Path) -> None:
    """Writes a library of tones as long as real notes: two winds, a piano, a bass and three drums."""
    rng = np.random.default_rng(0)
    seconds = np.arange(round(NOTE_SECONDS * NOTE_RATE)) / NOTE_RATE
    instruments = {"oboe": range(58, 92, 3), "clarinet": range(50, 88, 3), "piano": range(28, 100, 3)}
    instruments |= {"electric bass": range(28, 60, 3), "bass drum": [0], "snare drum": [0], "hi-hat closed": [0]}
    with (root / "index.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "instrument", "midi_pitch"])
        for instrument, pitches in instruments.items():
            for pitch in pitches:
                path = f"{instrument} {pitch}.wav"
                f0 = 440 * 2 ** ((pitch - 69) / 12)
                wave = rng.standard_normal(len(seconds)) * np.exp(-10 * seconds)
                if pitch:
                    wave = sum(np.sin(2 * np.pi * f0 * k * seconds) / k for k in range(1, 8) if f0 * k < 20_000)
                if instrument in ("piano", "electric bass"):
                    wave = wave * np.exp(-2 * seconds)
                soundfile.write(root / path, 0.2 * wave, NOTE_RATE)
                rows.writerow([path, instrument, pitch or ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path, help="folder of a note library (with index.csv)")
    parser.add_argument("--part", default="train", help="part of the library")
    parser.add_argument("--soundfont", type=Path, help="SoundFont to measure instead of notes")
    parser.add_argument("--scores", type=Path, nargs="*", default=[], help="MIDI files or folders")
    parser.add_argument("--seconds", type=float, nargs="*", default=[2.0, 10.0], help="lengths of the clips")
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--clips", type=int, default=40, help="clips per figure")
    options = parser.parse_args()
    scores = read_scores(options.scores) if options.scores else ()
    print("rate Hz   clip s   polyphony   x real time   (drawing %)")
    with tempfile.TemporaryDirectory() as folder:
        if not options.notes and not options.soundfont:
            write_tones(Path(folder))
        for sample_rate in SAMPLE_RATES:
            if options.soundfont:
                renderer = Renderer(SoundFontPlayer(options.soundfont), scores)
            else:
                library = NoteLibrary.from_index(options.notes or Path(folder), options.part, sample_rate)
                library.preload()
                renderer = Renderer(library, scores)
            for seconds in options.seconds:
                for polyphony in ("solo", "lines", "ensemble"):
                    total, drawing = measure(renderer, polyphony, seconds, sample_rate, options)
                    speed = options.clips * seconds / total
                    print(f"{sample_rate:7d} {seconds:8g}   {polyphony:9s} {speed:12.0f} {100 * drawing / total:12.0f}")


def measure(
    renderer: Renderer, polyphony: str, seconds: float, sample_rate: int, options: argparse.Namespace
) -> tuple[float, float]:
    """Seconds of processor time for all clips, and the part of it spent on drawing."""
    rng = np.random.default_rng(0)
    samples = round(seconds * sample_rate)
    renderer.clip(rng, samples, sample_rate, options.channels, polyphony)
    drawing, begin = 0.0, time.process_time()
    for _ in range(options.clips):
        drawn_from = time.process_time()
        plan = renderer.draw(rng, samples, sample_rate, options.channels, polyphony, sounding=True)
        drawing += time.process_time() - drawn_from
        renderer.apply(plan)
    return time.process_time() - begin, drawing


if __name__ == "__main__":
    main()
