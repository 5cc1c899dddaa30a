"""Plays voices on a General MIDI SoundFont through FluidSynth, where no note library is at hand.

Needs `pyfluidsynth` and the FluidSynth library (Debian: `apt install fluidsynth fluid-soundfont-gm`). FluidSynth
neither limits the band when it moves samples down to a low rate, nor gives the same bytes twice from one synthesiser:
so every clip gets a new one at 44.1 kHz, which loads only the presets it plays, and its sum is resampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ctypes import c_int, c_void_p, cast
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from goodtake.datasets.render.families import FAMILIES
from goodtake.datasets.render.plan import Event, VoicePlan
from goodtake.datasets.render.sampler import pan_gains
from goodtake.datasets.render.sounds import Sound
from goodtake.errors import DatasetError, MissingExtraError

SYNTH_RATE = 44_100

_BLOCK = 64  # FluidSynth begins and ends notes at multiples of this
_DRUM_BANK = 128
_DRUM_STROKE_S = 0.3

# General MIDI programs with the compass of each: (first, last, family, low, high).
_COMPASS = (
    (0, 5, "keys", 28, 100),
    (6, 7, "keys", 36, 84),
    (8, 8, "keys", 60, 96),
    (9, 9, "mallet", 79, 105),
    (11, 11, "mallet", 53, 89),
    (12, 12, "mallet", 48, 91),
    (13, 13, "mallet", 65, 100),
    (15, 15, "plucked", 55, 84),
    (16, 21, "organ", 36, 90),
    (22, 22, "wind", 60, 84),
    (24, 28, "plucked", 40, 83),
    (29, 30, "organ", 40, 83),
    (32, 37, "plucked", 28, 55),
    (40, 40, "bowed", 55, 96),
    (41, 41, "bowed", 48, 84),
    (42, 42, "bowed", 36, 76),
    (43, 43, "bowed", 28, 55),
    (44, 44, "organ", 40, 90),
    (45, 45, "plucked", 36, 84),
    (46, 46, "plucked", 30, 96),
    (48, 51, "organ", 36, 90),
    (52, 54, "voice", 48, 79),
    (56, 56, "wind", 54, 84),
    (57, 57, "wind", 40, 72),
    (58, 58, "wind", 29, 58),
    (59, 59, "wind", 54, 82),
    (60, 60, "wind", 36, 77),
    (61, 61, "organ", 36, 80),
    (64, 64, "wind", 56, 87),
    (65, 65, "wind", 49, 80),
    (66, 66, "wind", 44, 75),
    (67, 67, "wind", 36, 68),
    (68, 68, "wind", 58, 90),
    (69, 69, "wind", 52, 80),
    (70, 70, "wind", 34, 72),
    (71, 71, "wind", 50, 90),
    (72, 72, "wind", 74, 105),
    (73, 73, "wind", 60, 96),
    (74, 79, "wind", 60, 90),
    (104, 107, "plucked", 48, 80),
    (108, 108, "mallet", 60, 84),
    (109, 109, "wind", 58, 80),
    (110, 110, "bowed", 55, 96),
    (111, 111, "wind", 58, 80),
)


class PresetSound(Sound):
    """One preset of a SoundFont."""

    def __init__(self, bank: int, program: int, instrument: str, family: str, low: int, high: int) -> None:
        super().__init__(f"{bank}:{program}", instrument, FAMILIES[family], low, high)

    def assign(self, event: Event, rng: np.random.Generator) -> Event | None:
        """Keeps the event: the SoundFont chooses its samples itself."""
        return event if self.covers(event.midi_pitch) else None


class SoundFontPlayer:
    """The presets of a General MIDI SoundFont as players for a `Renderer`.

    Args:
        path: of the `.sf2` (or `.sf3`) file.

    Raises:
        DatasetError: the file is missing or no SoundFont, or holds no preset of General MIDI.
        MissingExtraError: `pyfluidsynth` or the FluidSynth library is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise DatasetError(f"{path} is no file: give a SoundFont, such as default-GM.sf2 of fluid-soundfont-gm")
        synth, font = self._synth()
        presets = [
            PresetSound(0, program, name, family, low, high)
            for first, last, family, low, high in _COMPASS
            for program in range(first, last + 1)
            if (name := synth.sfpreset_name(font, 0, program))
        ]
        kits = [
            PresetSound(_DRUM_BANK, program, f"{name} kit", "drum", 35, 81)
            for program in range(128)
            if program != 48 and (name := synth.sfpreset_name(font, _DRUM_BANK, program))  # 48 is the orchestral one
        ]
        synth.delete()
        self.sounds: tuple[Sound, ...] = (*presets, *kits)
        if not self.sounds:
            raise DatasetError(f"{path} has no preset of General MIDI: give a General MIDI SoundFont")

    def check_rate(self, sample_rate: int) -> None:
        """Any rate will do."""

    def play(self, voices: Sequence[VoicePlan], buses: NDArray[np.float32], sample_rate: int, origin: int) -> None:
        """See `Player`; the bright bus takes all, since a SoundFont makes soft notes dark itself."""
        synth, font = self._synth(len(voices))
        for channel, voice in enumerate(voices):
            synth.program_select(channel, font, *map(int, voice.sound.split(":")))
        lead = -(-origin * SYNTH_RATE // sample_rate)
        frames = -(-(buses.shape[-1] - origin) * SYNTH_RATE // sample_rate) + 1
        total = np.zeros((2, lead + frames), dtype=np.float32)
        for voice, wave in zip(voices, _perform(synth, voices, lead, frames), strict=True):
            level = _level(wave)
            loudest = max((event.velocity for event in voice.events), default=1.0)
            gain = 10 ** ((voice.level_db - voice.dynamics_db * (1 - loudest)) / 20) / level if level > 0 else 0.0
            for channel, side in enumerate(pan_gains(voice.pan, 2)):
                total[channel] += wave[channel] * np.float32(gain * side)
        synth.delete()
        if buses.shape[1] == 1:
            total = total.mean(axis=0, keepdims=True)  # (2, time) -> (1, time)
        if sample_rate != SYNTH_RATE:
            total = soxr.resample(total.T, SYNTH_RATE, sample_rate).T
        first = round(lead * sample_rate / SYNTH_RATE) - origin
        length = min(buses.shape[-1], total.shape[-1] - first)
        buses[0, :, :length] += total[:, first : first + length]

    def _synth(self, voices: int = 1) -> tuple[Any, int]:
        """A new synthesiser with an output per voice and no effects, and the number of the SoundFont in it."""
        try:
            import fluidsynth
        except ImportError as error:
            raise MissingExtraError("pyfluidsynth (or the FluidSynth library)", "train") from error
        synth = fluidsynth.Synth(
            gain=0.3,
            samplerate=float(SYNTH_RATE),
            channels=16,
            **{
                "synth.audio-channels": voices,
                "synth.audio-groups": voices,
                "synth.reverb.active": 0,
                "synth.chorus.active": 0,
                "synth.dynamic-sample-loading": 1,
            },
        )
        font = int(synth.sfload(str(self.path)))
        if font < 0:
            synth.delete()
            raise DatasetError(f"{self.path} cannot be read as a SoundFont: expected an .sf2 or .sf3 file")
        return synth, font


def _perform(synth: Any, voices: Sequence[VoicePlan], lead: int, frames: int) -> NDArray[np.float32]:
    """Plays all voices; returns `(voice, 2, lead + frames)` at the synthesiser's rate, time zero at `lead`."""
    before_s = min(0.0, *(event.start_s for voice in voices for event in voice.events))
    begin = max(lead, round(-before_s * SYNTH_RATE) + _BLOCK)
    end = -(-(begin + frames) // _BLOCK) * _BLOCK
    wave = np.zeros((len(voices), 2, end), dtype=np.float32)
    now = 0
    for sample, on, channel, key, velocity in sorted(_actions(voices, begin)):
        if sample >= end:
            break
        _process(synth, wave, now, sample)
        now = max(now, sample)
        if on:
            synth.noteon(channel, key, velocity)
        else:
            synth.noteoff(channel, key)
    _process(synth, wave, now, end)
    return wave[..., begin - lead : begin + frames]


def _actions(voices: Sequence[VoicePlan], begin: int) -> Iterator[tuple[int, bool, int, int, int]]:
    """What the keyboard receives: sample, whether the key goes down, channel, key, velocity."""
    for channel, voice in enumerate(voices):
        struck_again: dict[int, float] = {}
        for event in reversed(voice.events):
            held_s = _DRUM_STROKE_S if event.release_s == 0 else event.duration_s
            end_s = min(event.start_s + held_s, struck_again.get(event.midi_pitch, np.inf))
            struck_again[event.midi_pitch] = event.start_s
            down = round((event.start_s * SYNTH_RATE + begin) / _BLOCK) * _BLOCK
            up = max(down + _BLOCK, round((end_s * SYNTH_RATE + begin) / _BLOCK) * _BLOCK)
            yield down, True, channel, event.midi_pitch, min(127, max(1, round(1 + 126 * event.velocity)))
            yield up, False, channel, event.midi_pitch, 0


def _process(synth: Any, wave: NDArray[np.float32], begin: int, end: int) -> None:
    """Adds what sounds from `begin` to `end` to `wave`, `(voice, 2, time)`; pyfluidsynth offers a 16-bit sum only."""
    if end <= begin:
        return
    import fluidsynth

    process = fluidsynth.cfunc(
        "fluid_synth_process",
        c_int,
        *(("synth", c_void_p, 1), ("len", c_int, 1), ("nfx", c_int, 1), ("fx", c_void_p, 1)),
        *(("nout", c_int, 1), ("out", c_void_p, 1)),
    )
    rows = wave.reshape(-1, wave.shape[-1])  # (voice, 2, time) -> (voice * 2, time)
    pointers = (c_void_p * len(rows))(*(row[begin:].ctypes.data for row in rows))
    process(synth.synth, end - begin, 0, None, len(rows), cast(pointers, c_void_p))


def _level(wave: NDArray[np.float32]) -> float:
    """The loudest 50-ms rms of both channels together."""
    frame = SYNTH_RATE // 20
    power = (wave**2).mean(axis=0)
    return float(np.sqrt(np.pad(power, (0, -len(power) % frame)).reshape(-1, frame).mean(axis=1).max()))
