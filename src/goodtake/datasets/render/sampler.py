"""Plays the events of a voice on note samples: pitch, attack, loop, vibrato, release, loudness, place.

Pitch is moved by resampling (soxr, band-limited), which shifts by whole steps of 10 cents so that a repeated note is
found in a small cache. Notes are levelled by their measured rms, since libraries differ; loudness comes from the
velocity alone.

Each note goes to two buses, bright and dark, in a ratio set by its velocity: `mix.py` filters the dark one once for
all.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray

from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.render.families import FAMILIES
from goodtake.datasets.render.plan import Event, VoicePlan
from goodtake.errors import ConfigError

Wave = NDArray[np.float32]

SHIFT_STEP_CENTS = 10

_LEGATO_FADE_S = 0.02
_ATTACK_FADE_S = 0.001
_LOOP_FADE_S = 0.08
_VIBRATO_DELAY_S = 0.25
_VIBRATO_LEAST_S = 0.45
_QUALITY = "MQ"  # 96 dB of rejection, at a third of the cost of soxr's HQ on notes of a second


@lru_cache(maxsize=256)
def fade_in(samples: int) -> Wave:
    """Returns half a raised cosine from 0 to 1; one minus it fades out, so that a cross-fade sums to one."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / max(samples, 1))).astype(np.float32)


def pan_gains(pan: float, channels: int) -> tuple[float, ...]:
    """Constant-power gains per channel for a place from -1 (left) to 1 (right); the centre has gain 1 in both.

    >>> pan_gains(0.3, 1), [round(gain, 3) for gain in pan_gains(-1.0, 2)]
    ((1.0,), [1.414, 0.0])
    """
    if channels == 1:
        return (1.0,)
    angle = (pan + 1) * np.pi / 4
    return float(np.sqrt(2) * np.cos(angle)), float(np.sqrt(2) * np.sin(angle))


def brightness(velocity: float) -> float:
    """The share of a note that goes to the bright bus."""
    return min(1.0, max(0.0, (velocity - 0.1) / 0.8))


def add_to_buses(buses: Wave, wave: Wave, at: int, gains: tuple[float, ...], bright: float) -> None:
    """Adds a note to the bright and the dark bus, cut to what lies inside them.

    Args:
        buses: `(2, channel, time)`, changed in place.
        wave: `(1 or channel, time)`.
        at: the sample of `buses` where `wave` starts; may be negative.
        gains: one per channel of `buses`.
        bright: share of the bright bus.
    """
    begin, end = max(0, -at), min(wave.shape[-1], buses.shape[-1] - at)
    if end <= begin:
        return
    for bus, share in ((buses[0], bright), (buses[1], 1.0 - bright)):
        for channel, gain in enumerate(gains):
            if share * gain:
                piece = wave[min(channel, len(wave) - 1), begin:end]
                bus[channel, at + begin : at + end] += piece * np.float32(share * gain)


class Sampler:
    """Plays voices on the notes of a library.

    Args:
        library: the notes.
        cache_mb: memory kept for shifted notes.
    """

    def __init__(self, library: NoteLibrary, cache_mb: float = 64.0) -> None:
        self.library = library
        self._cache_bytes = int(cache_mb * 2**20)
        self._cached_bytes = 0
        self._cache: OrderedDict[tuple[str, int, int, int], Wave] = OrderedDict()

    def check_rate(self, sample_rate: int) -> None:
        """Makes sure that the library was opened for at least a rate.

        Raises:
            ConfigError: it was opened for less.
        """
        if sample_rate > self.library.sample_rate:
            raise ConfigError(
                f"sample_rate {sample_rate} is above the {self.library.sample_rate} Hz the notes are kept for: "
                f"open the note library with sample_rate={sample_rate}"
            )

    def play(self, voice: VoicePlan, buses: Wave, sample_rate: int, origin: int) -> None:
        """Adds a voice to the buses.

        Args:
            voice: its events name notes of the library.
            buses: `(2, channel, time)`, changed in place.
            sample_rate: of the buses.
            origin: the sample of the buses at which the plan's time is zero.
        """
        for event in voice.events:
            wave, onset = self._note(voice, event, sample_rate)
            sample = self.library.sample(self.library.note(event.source))
            level_db = voice.level_db + event.gain_db - voice.dynamics_db * (1 - event.velocity)
            gain = 10 ** (level_db / 20) / sample.level
            if buses.shape[1] == 1 and len(wave) == 2:
                wave = wave.mean(axis=0, keepdims=True)  # (2, time) -> (1, time)
            gains = tuple(gain * side for side in pan_gains(min(1.0, max(-1.0, voice.pan + event.pan)), buses.shape[1]))
            at = origin + round(event.start_s * sample_rate) - onset
            add_to_buses(buses, wave, at, gains, brightness(event.velocity))

    def _note(self, voice: VoicePlan, event: Event, sample_rate: int) -> tuple[Wave, int]:
        """Returns the note of an event, shaped, and the sample of its attack."""
        family = FAMILIES[voice.family]
        note = self.library.note(event.source)
        sample = self.library.sample(note)
        ratio = 2 ** (event.shift_cents / 1200)
        onset_s = note.onset_ms / 1000 / ratio
        ring = event.release_s == 0
        seconds = sample.wave.shape[-1] / sample.sample_rate / ratio
        sounding_s = seconds if ring else onset_s + event.duration_s + event.release_s
        vibrato = voice.vibrato_cents > 0 and event.duration_s >= _VIBRATO_LEAST_S
        rate = sample_rate * (2 if vibrato else 1)
        wave = self._shifted(event.source, event.shift_cents, rate, min(seconds, sounding_s + 0.02))
        if family.sustained and sounding_s > sample.sustain_s / ratio:
            period = rate / (440 * 2 ** ((event.midi_pitch - 69) / 12))
            wave = extend(wave, round(sounding_s * rate) + 4, round(sample.sustain_s / ratio * rate), period, rate)
        if vibrato:
            wave = bend(wave, voice.vibrato_cents, voice.vibrato_hz, rate)
        wave = wave[:, : round(sounding_s * sample_rate)].copy()
        attack = min(wave.shape[-1], max(1, round((_LEGATO_FADE_S if event.legato else _ATTACK_FADE_S) * sample_rate)))
        wave[:, :attack] *= fade_in(attack)
        if not ring:
            release = max(0, min(wave.shape[-1], round((onset_s + event.duration_s) * sample_rate)))
            tail = 1 - fade_in(round(event.release_s * sample_rate) + 1)
            wave[:, release:] *= tail[: wave.shape[-1] - release]
        return wave, round(onset_s * sample_rate)

    def _shifted(self, source: str, shift_cents: int, rate: int, seconds: float) -> Wave:
        """Returns the first `seconds` of a note at another pitch; `(channel, time)`, not to be written to."""
        sample = self.library.sample(self.library.note(source))
        ratio = 2 ** (shift_cents / 1200)
        wanted = min(round(seconds * rate), int(sample.wave.shape[-1] / sample.sample_rate / ratio * rate))
        step = rate // 4
        key = (
            source,
            shift_cents,
            rate,
            -(-wanted // step),
        )  # in quarters of a second, so that like notes share an entry
        if key in self._cache:
            self._cache.move_to_end(key)
        else:
            needed = int(key[3] * step / rate * ratio * sample.sample_rate) + 64
            piece = sample.wave[:, :needed].astype(np.float32)
            moved = soxr.resample(piece.T, sample.sample_rate * ratio, rate, quality=_QUALITY)  # (time, channel)
            self._cache[key] = np.ascontiguousarray(moved.T)
            self._cached_bytes += self._cache[key].nbytes
            while self._cached_bytes > self._cache_bytes and len(self._cache) > 1:
                self._cached_bytes -= self._cache.popitem(last=False)[1].nbytes
        return self._cache[key][:, :wanted]


def extend(wave: Wave, samples: int, sustain: int, period: float, rate: int) -> Wave:
    """Lengthens a held tone by repeating its middle with cross-fades that meet in phase.

    Args:
        wave: `(channel, time)`.
        samples: the length wanted.
        sustain: where the tone starts to die away.
        period: of the tone, in samples.
        rate: in Hz.

    Returns:
        `(channel, samples)`, or `wave` itself when it is too short to hold a loop.
    """
    sustain = min(sustain, wave.shape[-1])
    fade = min(round(_LOOP_FADE_S * rate), sustain // 4)
    begin = max(round(0.3 * sustain), min(round(0.2 * rate), sustain // 2))
    body = wave[:, begin:sustain]
    slack = int(period) + 1
    if fade < 2 * period or body.shape[-1] < 3 * fade + slack:
        return wave
    mono = body.mean(axis=0)
    # Repeats start up to a period late: where the middle resembles the end of the tone best, the fade hides the seam.
    likeness = np.correlate(mono[: fade + slack], mono[-fade:], mode="valid")
    body = body[:, int(np.argmax(likeness)) :]
    rise = fade_in(fade)
    stride = body.shape[-1] - fade
    out = np.zeros((len(wave), samples + stride + 2 * fade), dtype=np.float32)
    out[:, :sustain] = wave[:, :sustain]
    at = sustain - fade
    while at < samples:
        out[:, at : at + fade] *= 1 - rise
        out[:, at : at + fade] += body[:, :fade] * rise
        out[:, at + fade : at + fade + stride] = body[:, fade:]
        at += stride
    return out[:, :samples]


def bend(wave: Wave, cents: float, vibrato_hz: float, rate: int) -> Wave:
    """Adds vibrato to a tone held at twice its final rate and brings it down to that rate.

    Reading positions swing around the straight line by +-`cents`; between samples a cubic (Catmull-Rom) is read, for
    which the band is oversampled.

    Args:
        wave: `(channel, time)` at `rate`.
        cents: depth.
        vibrato_hz: rate of the swing.
        rate: of `wave`; the result has half of it.
    """
    time = np.arange((wave.shape[-1] - 3) // 2) * 2.0
    depth = (2 ** (cents / 1200) - 1) * rate / (2 * np.pi * vibrato_hz)
    onset = np.clip((time / rate - _VIBRATO_DELAY_S) / 0.3, 0, 1)
    position = np.clip(time - depth * onset * np.sin(2 * np.pi * vibrato_hz / rate * time), 1, wave.shape[-1] - 3)
    whole = position.astype(np.int64)
    part = (position - whole).astype(np.float32)
    before, here, after, later = (wave[:, whole + step] for step in (-1, 0, 1, 2))
    slope = 0.5 * (after - before)
    third = slope + 0.5 * (later - here) + 2 * (here - after)
    return np.asarray(here + part * (slope + part * (after - here - slope + (part - 1) * third)), dtype=np.float32)
