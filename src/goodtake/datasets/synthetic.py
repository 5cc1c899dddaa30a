"""Small music made from nothing but a seed: solo lines, and four stems that sum to a mixture.

For benchmarks and tests that must run anywhere in seconds. Notes are sums of harmonics that rise, sing or die away;
drums are a falling sine and bursts of noise. It behaves like music under the metrics (harmonics, onsets, a noise
floor and no digital silence) but its timbres are few and simple: figures on it say whether a system works, not how good
it is. Notes are drawn in seconds, so one seed gives one piece at every rate.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

STEMS = ("bass", "drums", "other", "vocals")
PEAK = 0.7
"""Largest sample of a solo or a mixture."""

FLOOR_DB = -75.0
"""Rms of the noise floor of each part, dB FS."""

LEAD_IN_S = 0.05
RELEASE_S = 0.06
VIBRATO_HZ = 5.5
MAX_HARMONICS = 16
SCALE = (0, 2, 4, 5, 7, 9, 11)
PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (0, 3, 4, 0), (1, 4, 0, 0))
"""Steps of the major scale on which the chords stand, a bar each."""


@dataclass(frozen=True)
class Timbre:
    """How a made instrument sounds.

    Args:
        lowest: MIDI pitch of the bottom of its range, an octave and a half wide.
        slope_db: level of the harmonics, dB per octave.
        attack_s: time to full level.
        decay_s: time constant of a struck or plucked note; 0 holds it.
        damping: decay of each further harmonic, as a share of the first one's.
        vibrato_cents: depth, growing over the first 0.3 s.
        breath_db: noise beside the tone, dB against it.
        formants_hz: what a voice strengthens.
    """

    lowest: int
    slope_db: float
    attack_s: float
    decay_s: float = 0.0
    damping: float = 0.0
    vibrato_cents: float = 0.0
    breath_db: float = -60.0
    formants_hz: tuple[float, ...] = ()


TIMBRES = {
    "made flute": Timbre(67, -13.0, 0.05, vibrato_cents=14.0, breath_db=-32.0),
    "made violin": Timbre(62, -6.0, 0.07, vibrato_cents=22.0, breath_db=-45.0),
    "made guitar": Timbre(52, -7.0, 0.003, decay_s=0.9, damping=0.35),
    "made piano": Timbre(57, -9.0, 0.004, decay_s=1.4, damping=0.25),
    "made voice": Timbre(60, -7.0, 0.06, vibrato_cents=30.0, breath_db=-38.0, formants_hz=(650.0, 1100.0, 2700.0)),
    "made bass": Timbre(33, -8.0, 0.006, decay_s=1.1, damping=0.4),
}
SOLOISTS = ("made flute", "made violin", "made guitar", "made piano", "made voice")


@dataclass(frozen=True)
class Tone:
    """One note: start and length in seconds, MIDI pitch, velocity 0..1."""

    start_s: float
    seconds: float
    pitch: float
    velocity: float


def make_solo(seed: int, instrument: str, seconds: float, sample_rate: int, channels: int = 1) -> Wave:
    """Makes a melody for one instrument, (channels, round(seconds x sample_rate)).

    Args:
        seed: of the piece.
        instrument: one of `SOLOISTS`.
        seconds: length.
        sample_rate: Hz.
        channels: 1 or 2.

    Raises:
        ConfigError: an argument is out of range.
    """
    if instrument not in TIMBRES:
        raise ConfigError(f"{instrument!r} cannot be made: use one of {', '.join(TIMBRES)}")
    rng = np.random.default_rng([seed, SOLOISTS.index(instrument) if instrument in SOLOISTS else len(SOLOISTS)])
    bar_s, key, chords = _draw_song(rng)
    tones = _melody(rng, seconds, bar_s, key, chords, TIMBRES[instrument])
    wave = _play(rng, tones, TIMBRES[instrument], _samples(seconds, sample_rate, channels), sample_rate)
    (made,) = _finish(rng, [_place(wave, 0.1, channels)])
    return made


def make_stems(seed: int, seconds: float, sample_rate: int, channels: int = 1) -> dict[str, Wave]:
    """Makes a song of four parts by name of the stem, each (channels, round(seconds x sample_rate)).

    Their sum is the mixture, whose largest sample is `PEAK`. Arguments and errors are those of `make_solo`.
    """
    rng = np.random.default_rng([seed, 100])
    samples = _samples(seconds, sample_rate, channels)
    bar_s, key, chords = _draw_song(rng)
    comping = TIMBRES[("made guitar", "made piano")[int(rng.integers(2))]]
    lines = {
        "bass": (_bass(rng, seconds, bar_s, key, chords), TIMBRES["made bass"]),
        "other": (_chords(rng, seconds, bar_s, key, chords), comping),
        "vocals": (_melody(rng, seconds, bar_s, key, chords, TIMBRES["made voice"]), TIMBRES["made voice"]),
    }
    waves = {name: _play(rng, tones, timbre, samples, sample_rate) for name, (tones, timbre) in lines.items()}
    waves["drums"] = _drums(rng, seconds, bar_s, samples, sample_rate)
    levels = {"bass": 0.6, "drums": 1.6, "other": 1.0, "vocals": 0.9}
    pans = {"bass": 0.0, "drums": 0.1, "other": -0.4, "vocals": 0.0}
    placed = [_place(levels[name] * _unit_peak(waves[name]), pans[name], channels) for name in STEMS]
    return dict(zip(STEMS, _finish(rng, placed), strict=True))


def make_mixture(stems: dict[str, Wave]) -> Wave:
    """Returns the sum of stems, in the order of their names."""
    mixture: Wave = np.sum([stems[name] for name in sorted(stems)], axis=0, dtype=np.float32)
    return mixture


def _samples(seconds: float, sample_rate: int, channels: int) -> int:
    samples = round(seconds * sample_rate)
    if samples < 1 or sample_rate < 1 or channels not in (1, 2):
        raise ConfigError(
            f"{seconds:g} s at {sample_rate} Hz in {channels} channels cannot be made: "
            "expected at least one sample, 1 or 2 channels"
        )
    return samples


def _draw_song(rng: np.random.Generator) -> tuple[float, int, tuple[int, ...]]:
    """Draws the length of a bar in seconds, the key in semitones above C, and the chords."""
    return float(rng.uniform(1.6, 2.6)), int(rng.integers(12)), PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]


def _step_pitch(key: int, step: int, lowest: int) -> int:
    """Returns the MIDI pitch of a step of the key's major scale, in the octaves from the first key note on."""
    octave, degree = divmod(step, len(SCALE))
    return lowest + (key - lowest) % 12 + 12 * octave + SCALE[degree]


def _melody(
    rng: np.random.Generator, seconds: float, bar_s: float, key: int, chords: tuple[int, ...], timbre: Timbre
) -> list[Tone]:
    """Walks on the scale in eighths to halves, on notes of the chord where a bar begins."""
    tones, start_s, step = [], LEAD_IN_S, int(rng.integers(2, 7))
    while start_s < seconds:
        length_s = bar_s * float(rng.choice([0.125, 0.25, 0.5], p=[0.4, 0.45, 0.15]))
        bar, within = divmod((start_s - LEAD_IN_S) / bar_s, 1.0)
        if within < 0.1:
            step = chords[int(bar) % len(chords)] + 2 * int(rng.integers(3))
        else:
            step = int(np.clip(step + rng.integers(-2, 3), 0, 10))
        if rng.random() > 0.08:  # else a rest
            pitch = _step_pitch(key, step, timbre.lowest)
            tones.append(Tone(start_s, 0.95 * length_s, pitch, float(rng.uniform(0.5, 1.0))))
        start_s += length_s
    return tones


def _bass(rng: np.random.Generator, seconds: float, bar_s: float, key: int, chords: tuple[int, ...]) -> list[Tone]:
    """Plays roots and fifths on the quarters."""
    beat_s = bar_s / 4
    tones = []
    for beat in range(int(seconds / beat_s) + 1):
        step = chords[beat // 4 % len(chords)] + (4 if beat % 4 == 3 and rng.random() < 0.5 else 0)
        pitch = _step_pitch(key, step % len(SCALE), TIMBRES["made bass"].lowest)
        tones.append(Tone(LEAD_IN_S + beat * beat_s, 0.9 * beat_s, pitch, float(rng.uniform(0.7, 1.0))))
    return tones


def _chords(rng: np.random.Generator, seconds: float, bar_s: float, key: int, chords: tuple[int, ...]) -> list[Tone]:
    """Plays a triad on each half bar, its notes a little apart."""
    tones = []
    for half in range(int(2 * seconds / bar_s) + 1):
        for number, third in enumerate((0, 2, 4)):
            pitch = _step_pitch(key, chords[half // 2 % len(chords)] + third, 50)
            start_s = LEAD_IN_S + half * bar_s / 2 + 0.012 * number
            tones.append(Tone(start_s, 0.48 * bar_s, pitch, float(rng.uniform(0.5, 0.8))))
    return tones


def _play(
    rng: np.random.Generator, tones: Iterable[Tone], timbre: Timbre, samples: int, sample_rate: int
) -> NDArray[np.float32]:
    """Adds up the notes, (samples,)."""
    wave = np.zeros(samples, np.float32)
    for tone in tones:
        start = round(tone.start_s * sample_rate)
        piece = _tone(rng, tone, timbre, sample_rate)[: max(0, samples - start)]
        wave[start : start + len(piece)] += piece
    return wave


def _tone(rng: np.random.Generator, tone: Tone, timbre: Timbre, sample_rate: int) -> NDArray[np.float32]:
    """Makes one note: sin(kx) follows from the two before it, sin((k-2)x) and sin((k-1)x), times 2 cos(x)."""
    f0 = 440 * 2 ** ((tone.pitch - 69) / 12)
    cycles = np.arange(round((tone.seconds + RELEASE_S) * sample_rate)) * (f0 / sample_rate)
    time = np.arange(len(cycles), dtype=np.float32) / np.float32(sample_rate)
    if timbre.vibrato_cents:
        depth = f0 * (2 ** (timbre.vibrato_cents / 1200) - 1) / (2 * np.pi * VIBRATO_HZ)
        cycles -= depth * np.minimum(time / 0.3, 1) * np.cos(2 * np.pi * VIBRATO_HZ * time)
    angle = (2 * np.pi * (cycles - np.floor(cycles))).astype(np.float32)
    before, sine, twice_cosine = np.zeros_like(angle), np.sin(angle), 2 * np.cos(angle)
    envelope = np.minimum(time / timbre.attack_s, 1) * np.minimum((tone.seconds + RELEASE_S - time) / RELEASE_S, 1)
    fade = np.exp(-time * (timbre.damping / timbre.decay_s)) if timbre.decay_s else None
    if timbre.decay_s:
        envelope *= np.exp(-time / timbre.decay_s)
    wave = rng.standard_normal(len(time), np.float32)
    wave *= np.float32(10 ** (timbre.breath_db / 20))
    for harmonic in range(1, min(MAX_HARMONICS, int(0.45 * sample_rate / f0)) + 1):
        wave += np.float32(_harmonic_gain(timbre, harmonic, f0)) * sine
        before, sine = sine, twice_cosine * sine - before
        if fade is not None:
            sine *= fade
            before *= fade
    wave *= envelope * np.float32(tone.velocity)
    return wave


def _harmonic_gain(timbre: Timbre, harmonic: int, f0: float) -> float:
    gain = harmonic ** (timbre.slope_db / 6.02)
    peaks = sum(1 / (1 + ((harmonic * f0 - formant) / (0.12 * formant)) ** 2) for formant in timbre.formants_hz)
    return float(gain * (1 + 3 * peaks))


def _drums(
    rng: np.random.Generator, seconds: float, bar_s: float, samples: int, sample_rate: int
) -> NDArray[np.float32]:
    """Plays kick, snare and hi-hat in eighths, (samples,)."""
    time = np.arange(round(0.25 * sample_rate)) / sample_rate
    noise = rng.standard_normal(len(time))
    kick = np.sin(2 * np.pi * (50 * time + 6 * (1 - np.exp(-time / 0.03)))) * np.exp(-time / 0.12)
    snare = 0.5 * (noise + np.sin(2 * np.pi * 190 * time)) * np.exp(-time / 0.09)
    hat = 0.25 * np.diff(noise, prepend=0.0) * np.exp(-time / 0.03)
    patterns = ((kick, (0, 4, 5)), (snare, (2, 6)), (hat, tuple(range(8))))
    wave = np.zeros(samples, np.float32)
    for eighth in range(int(8 * seconds / bar_s) + 1):
        start = round((LEAD_IN_S + eighth * bar_s / 8) * sample_rate)
        for sound, places in patterns:
            if eighth % 8 in places:
                piece = sound[: max(0, samples - start)] * rng.uniform(0.7, 1.0)
                wave[start : start + len(piece)] += piece.astype(np.float32)
    return wave


def _unit_peak(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(np.abs(wave).max())
    return wave / np.float32(peak) if peak > 0 else wave


def _place(wave: NDArray[np.float32], pan: float, channels: int) -> Wave:
    """Puts a part between left (-1) and right (1) at equal power, (channels, time)."""
    if channels == 1:
        return wave[None]
    angle = (pan + 1) * np.pi / 4
    return np.stack([wave * np.float32(np.cos(angle)), wave * np.float32(np.sin(angle))])


def _finish(rng: np.random.Generator, parts: list[Wave]) -> list[Wave]:
    """Brings parts to a common level at which their sum peaks at `PEAK`, each with a noise floor."""
    peak = float(np.abs(np.sum(parts, axis=0)).max())
    gain = np.float32(0.99 * PEAK / peak if peak > 0 else 1.0)
    floor = np.float32(10 ** (FLOOR_DB / 20))
    return [part * gain + floor * rng.standard_normal(part.shape, np.float32) for part in parts]
