"""Applies drawn parameters to a clean clip and returns the pair, sample-synchronous.

Order (paper 1, section 3.2 and 4.1): room, noise, equaliser; then what paper 1 leaves out (measured microphone, hum,
clipping, bandwidth, codec); last, on both halves, the 35 Hz low-cut and a peak of 0.95.
"""

from dataclasses import dataclass

import numpy as np

from goodtake.degrade.bank import Bank
from goodtake.degrade.channel import add_hum, colour, hard_clip, through_microphone
from goodtake.degrade.codec import codec_round_trip
from goodtake.degrade.noises import mix_noise
from goodtake.degrade.parameters import Degradation, Room
from goodtake.degrade.rooms import DIRECT_PATH_SECONDS, simulate, with_drr
from goodtake.dsp.filters import convolve, low_cut, low_pass
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError


@dataclass(frozen=True)
class Pair:
    """A clean clip and its degraded twin, both (channel, time), sample-synchronous, equal in length."""

    clean: Wave
    degraded: Wave


def degrade(clean: Wave, degradation: Degradation, bank: Bank) -> Pair:
    """Returns the pair that the parameters make of a clean clip.

    Args:
        clean: (channel, time) at the bank's rate.
        degradation: what happens to it.
        bank: where the named rooms, noises and microphones are.

    Raises:
        ConfigError: when the clip is not (channel, time) or a parameter has a value that cannot be applied.
        DatasetError: when a named sound is not in the bank.
    """
    clean_half = finish(clean.astype(np.float32), bank.sample_rate, degradation.low_cut_hz, degradation.peak)
    return Pair(clean_half, degraded_half(clean, degradation, bank))


def degraded_half(clean: Wave, degradation: Degradation, bank: Bank) -> Wave:
    """Returns the degraded half of the pair only. Args, Raises: as `degrade`."""
    if clean.ndim != 2 or 0 in clean.shape:
        raise ConfigError(f"a clip of shape {clean.shape}: give (channel, time) with at least one sample")
    wave = through_stages(clean.astype(np.float32), degradation, bank)
    finished = finish(wave, bank.sample_rate, degradation.low_cut_hz, degradation.peak)
    return finished * np.float32(10 ** (degradation.gain_db / 20))


def through_stages(wave: Wave, degradation: Degradation, bank: Bank) -> Wave:
    """Applies the stages to a wave (channel, time), without the final low-cut, peak and gain."""
    rate = bank.sample_rate
    if degradation.noise and degradation.noise_first:
        wave = mix_noise(wave, degradation.noise, bank)
    if degradation.room:
        wave = in_room(wave, degradation.room, bank)
    if degradation.noise and not degradation.noise_first:
        wave = mix_noise(wave, degradation.noise, bank)
    if degradation.equaliser:
        wave = colour(wave, degradation.equaliser, rate)
    if degradation.microphone:
        wave = through_microphone(wave, bank.microphone(degradation.microphone), rate)
    if degradation.hum:
        wave = add_hum(wave, degradation.hum, rate)
    if degradation.clip_db is not None:
        wave = hard_clip(wave, degradation.clip_db)
    if degradation.low_pass_hz is not None:
        wave = low_pass(wave, rate, degradation.low_pass_hz)
    if degradation.codec:
        wave = codec_round_trip(wave, degradation.codec, rate)
    return wave


def in_room(wave: Wave, room: Room, bank: Bank) -> Wave:
    """Convolves a wave (channel, time) with the room, the direct path staying where the sound was.

    Channel c of a stereo response serves channel c; a mono response serves every channel; a mono wave hears the first
    channel of a stereo response. Simulated rooms have as many channels as the wave.
    """
    channels = wave.shape[0]
    rir = simulate(room, bank.sample_rate, channels) if room.rir is None else bank.room(room.rir)
    rir = rir[np.arange(channels) % rir.shape[0]]
    if room.drr_db is not None:
        rir = with_drr(rir, bank.sample_rate, room.drr_db)
    return convolve(wave, rir, origin=round(DIRECT_PATH_SECONDS * bank.sample_rate))


def finish(wave: Wave, sample_rate: int, low_cut_hz: float, peak: float) -> Wave:
    """Applies the final step of paper 1 (section 4.1): low-cut, then the peak; silence stays silence."""
    cut = low_cut(wave, sample_rate, low_cut_hz) if low_cut_hz > 0 else wave
    top = float(np.abs(cut).max(initial=0.0))
    return cut * np.float32(peak / top) if top > 0 else cut
