"""Applies drawn parameters to a clean clip and returns the pair, sample-synchronous.

Order (paper 1, section 3.2 and 4.1): room, noise, equaliser; then what paper 1 leaves out (measured microphone, hum,
clipping, bandwidth, codec); last, on both halves, the 35 Hz low-cut and a peak of 0.95.
"""

from dataclasses import dataclass

import numpy as np

from goodtake.degrade.bank import DIRECT_PATH_SECONDS, Bank
from goodtake.degrade.channel import add_hum, codec_round_trip, colour, hard_clip, through_microphone
from goodtake.degrade.noises import mix_noise
from goodtake.degrade.parameters import Degradation, Room
from goodtake.degrade.rooms import simulate, with_drr
from goodtake.dsp.filters import convolve, low_cut, low_pass
from goodtake.dsp.stft import Wave


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
    """
    rate = bank.sample_rate
    wave = clean.astype(np.float32)
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
    clean_half = finish(clean.astype(np.float32), rate, degradation.low_cut_hz, degradation.peak)
    degraded_half = finish(wave, rate, degradation.low_cut_hz, degradation.peak)
    return Pair(clean_half, degraded_half * np.float32(10 ** (degradation.gain_db / 20)))


def in_room(wave: Wave, room: Room, bank: Bank) -> Wave:
    """Convolves a wave (channel, time) with the room, the direct path staying where the sound was.

    A mono response serves every channel; channel c of a stereo response serves channel c.
    """
    rir = simulate(room, bank.sample_rate) if room.rir is None else bank.room(room.rir)
    if room.drr_db is not None:
        rir = with_drr(rir, bank.sample_rate, room.drr_db)
    if rir.shape[0] != wave.shape[0]:
        rir = np.resize(rir, (wave.shape[0], rir.shape[1])) if rir.shape[0] < wave.shape[0] else rir[: wave.shape[0]]
    return convolve(wave, rir, origin=round(DIRECT_PATH_SECONDS * bank.sample_rate))


def finish(wave: Wave, sample_rate: int, low_cut_hz: float, peak: float) -> Wave:
    """Applies the final step of paper 1 (section 4.1): low-cut, then the peak; silence stays silence."""
    cut = low_cut(wave, sample_rate, low_cut_hz) if low_cut_hz > 0 else wave
    top = float(np.abs(cut).max(initial=0.0))
    return cut * np.float32(peak / top) if top > 0 else cut
