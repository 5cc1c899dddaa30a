"""Makes the recording that the README enhances, with nothing that comes from outside but a SoundFont under MIT.

    python scripts/make_example.py     # examples/clean.flac, take.flac, take.json: the same bytes every time

A short piece for flute, guitar and piano, written here, is played on the SoundFont by the project's own renderer; then
`goodtake.degrade` puts the players into a simulated room with a fan and has them recorded by a thin, dull microphone,
too softly. Needs `pip install pyfluidsynth` and FluidSynth (Debian: `apt install fluidsynth fluid-soundfont-gm`).
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from goodtake.datasets.render import Renderer
from goodtake.datasets.render.plan import Event, MixPlan, RenderPlan, VoicePlan
from goodtake.datasets.render.soundfont import SoundFontPlayer
from goodtake.degrade.files import degrade_file
from goodtake.degrade.parameters import Degradation, Equaliser, Noise, NoiseLayer, Room

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SAMPLE_RATE = 44_100
SECONDS = 13.0
BPM = 92.0
FIRST_BEAT_S = 0.35
"""The room is heard alone before the music begins."""

# Notes with their lengths in beats, 4/4, D major; "-" is a rest. Chords are joined with "+".
FLUTE = """F#5:1.5 G5:.5 A5:1.5 F#5:.5  D6:1.5 C#6:.5 B5:1 A5:1  B5:1.5 A5:.5 G5:1 F#5:.5 G5:.5
    A5:1 F#5:.5 D5:.5 E5:2  D5:2.4"""
GUITAR = """D3:.5 A3:.5 D4:.5 F#4:.5 A4:.5 F#4:.5 D4:.5 A3:.5  B2:.5 F#3:.5 B3:.5 D4:.5 F#4:.5 D4:.5 B3:.5 F#3:.5
    G2:.5 D3:.5 G3:.5 B3:.5 D4:.5 B3:.5 G3:.5 D3:.5  A2:.5 E3:.5 A3:.5 C#4:.5 E4:.5 C#4:.5 A3:.5 E3:.5
    D3+A3+D4+F#4:2.4"""
PIANO = """D2+D3:2 A3+D4+F#4:2  B1+B2:2 F#3+B3+D4:2  G1+G2:2 D3+G3+B3:2  A1+A2:2 G3+C#4+E4:2  D2+D3+A3+F#4+D5:2.4"""

PLAYERS = {
    # instrument: SoundFont bank and program, family, notes, level dB, velocity, place, release s
    "flute": ("0:73", "wind", FLUTE, -18.0, 0.72, 0.08, 0.07),
    "nylon guitar": ("0:24", "plucked", GUITAR, -20.0, 0.62, -0.45, 0.3),
    "grand piano": ("0:0", "keys", PIANO, -23.0, 0.5, 0.5, 0.3),
}
STUDIO = MixPlan(
    room_db=-24.0,
    room_rt60_s=0.35,
    room_predelay_ms=8.0,
    room_seed=5,
    low_shelf_db=0.0,
    high_shelf_db=1.0,
    compressor_ratio=1.0,
    compressor_threshold_db=0.0,
    noise_floor_db=-75.0,
    noise_slope_db=-1.5,
    noise_seed=6,
    peak_db=-2.0,
)


def damage(seed: int) -> Degradation:
    """Returns a living room, 3 m from the players, with a fan in it, and the microphone of an old phone."""
    return Degradation(
        room=Room(
            drr_db=0.0,
            size_m=(5.6, 4.3, 2.6),
            source_m=(1.4, 1.7, 1.2),
            microphone_m=(4.3, 2.6, 0.9),
            rt60_s=(0.65, 0.6, 0.5, 0.3),
            seed=seed,
        ),
        noise=Noise(
            layers=(
                NoiseLayer("fan", gain_db=0.0, slope_db=-4.0, rotation_hz=97.0, modulation_hz=0.25, seed=seed + 1),
                NoiseLayer("coloured", gain_db=-3.0, slope_db=-2.0, modulation_hz=0.1, seed=seed + 2),
            ),
            snr_db=12.0,
        ),
        equaliser=Equaliser((-9.0, 3.0, 4.0, -7.0), smooth=True),
        gain_db=-7.0,
    )


def piece(seed: int) -> RenderPlan:
    """Returns the piece as the players play it: never quite on the beat and never twice equally loud."""
    rng = np.random.default_rng(seed)
    voices = []
    for instrument, (sound, family, notes, level_db, velocity, pan, release_s) in PLAYERS.items():
        events = []
        for beat, beats, pitches in read_notes(notes):
            late_s = rng.normal(0.0, 0.006)
            swell = 0.12 * np.sin(np.pi * beat / 18)  # towards the middle of the piece
            for number, pitch in enumerate(pitches):
                start_s = FIRST_BEAT_S + beat * 60 / BPM + late_s + 0.014 * number  # chords from the bottom up
                loud = float(np.clip(velocity + swell + rng.normal(0.0, 0.03), 0.1, 1.0))
                events.append(Event(start_s, 0.97 * beats * 60 / BPM, release_s, pitch, loud))
        order = tuple(sorted(events, key=lambda event: event.start_s))
        voices.append(VoicePlan(instrument, sound, family, level_db, 20.0, pan, 0.0, 5.0, order))
    samples = round(SECONDS * SAMPLE_RATE)
    return RenderPlan(samples, SAMPLE_RATE, 2, "lines", "the example", BPM, tuple(voices), STUDIO)


def read_notes(text: str) -> Iterator[tuple[float, float, list[int]]]:
    """Yields beat, length in beats and MIDI pitches of each entry.

    >>> list(read_notes("C4:1 -:.5 F#4+A4:2"))
    [(0.0, 1.0, [60]), (1.5, 2.0, [66, 69])]
    """
    beat = 0.0
    for entry in text.split():
        names, _, length = entry.partition(":")
        if names != "-":
            yield beat, float(length), [midi_pitch(name) for name in names.split("+")]
        beat += float(length)


def midi_pitch(name: str) -> int:
    """Returns the MIDI pitch of a name as "F#4".

    >>> midi_pitch("A4"), midi_pitch("C#4")
    (69, 61)
    """
    found = re.fullmatch(r"([A-G])(#?)(\d)", name)
    assert found, name
    return "C D EF G A B".index(found[1]) + len(found[2]) + 12 * (int(found[3]) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT, help="General MIDI SoundFont")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent.parent / "examples", help="folder")
    parser.add_argument("--seed", type=int, default=20, help="of the playing, the room and the noise")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    clean, take = options.output / "clean.flac", options.output / "take.flac"
    clip = Renderer(SoundFontPlayer(options.soundfont)).apply(piece(options.seed))
    soundfile.write(clean, np.round(clip.wave.T * 32767).astype(np.int16), SAMPLE_RATE, subtype="PCM_16")
    degrade_file(clean, take, damage(options.seed), overwrite=True)
    for path in (clean, take, take.with_suffix(".json")):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
