"""Backgrounds: recorded noise, people, and generated fans, rumble and coloured noise.

Nets trained on weather and machines alone leave people and low rumble behind, so both have kinds of their own.
Every layer is scaled to unit rms before its gain, and the sum is scaled to the signal-to-noise ratio (paper 1,
section 3.2: SNR uniform in 5 to 30 dB).
"""

import numpy as np

from goodtake.degrade.bank import Bank
from goodtake.degrade.parameters import Noise, NoiseLayer, Room
from goodtake.degrade.rooms import simulate
from goodtake.dsp.filters import convolve
from goodtake.dsp.stft import Wave

CROWD_ROOM = Room(
    size_m=(12.0, 9.0, 4.0), source_m=(2.0, 2.0, 1.5), microphone_m=(8.0, 6.0, 1.2), rt60_s=(0.9, 0.8, 0.7, 0.4)
)


def mix_noise(wave: Wave, noise: Noise, bank: Bank) -> Wave:
    """Adds the background to a wave (channel, time) at its signal-to-noise ratio.

    The ratio is 10 log10 of the mean power of the signal over that of the noise, over the whole clip and all channels.
    """
    background = render_noise(noise.layers, wave.shape[0], wave.shape[1], bank)
    signal_power = float(np.mean(wave.astype(np.float64) ** 2))
    noise_power = float(np.mean(background.astype(np.float64) ** 2))
    if noise_power == 0 or signal_power == 0:
        return wave
    gain = np.sqrt(signal_power / noise_power) * 10 ** (-noise.snr_db / 20)
    return wave + np.float32(gain) * background


def render_noise(layers: tuple[NoiseLayer, ...], channels: int, samples: int, bank: Bank) -> Wave:
    """Sums the layers, each at unit rms times its gain: -> (channels, samples)."""
    total = np.zeros((channels, samples), np.float32)
    for layer in layers:
        sound = _unit_rms(_render_layer(layer, channels, samples, bank))
        if layer.reverberant:
            room = _with_seed(CROWD_ROOM, layer.seed)
            sound = _unit_rms(convolve(sound, simulate(room, bank.sample_rate), origin=0))
        total += np.float32(10 ** (layer.gain_db / 20)) * sound
    return total


def _render_layer(layer: NoiseLayer, channels: int, samples: int, bank: Bank) -> Wave:
    rng = np.random.default_rng(layer.seed)
    if layer.kind == "recorded":
        return _excerpt(layer.files[0], layer.offsets_s[0], channels, samples, bank)
    if layer.kind == "babble":
        levels = 10 ** (rng.uniform(-10, 0, len(layer.files)) / 20)
        talkers = (_unit_rms(_excerpt(name, at, channels, samples, bank)) for name, at in zip(layer.files, layer.offsets_s, strict=True))
        return np.sum([np.float32(level) * talker for level, talker in zip(levels, talkers, strict=True)], axis=0)
    sound = coloured_noise(rng, channels, samples, layer.slope_db)
    if layer.kind == "rumble":
        sound = _low_pass_rumble(sound, bank.sample_rate, cutoff_hz=float(rng.uniform(60, 250)))
    if layer.kind == "fan":
        sound = _unit_rms(sound) + _blade_tones(layer, rng, samples, bank.sample_rate)
    return sound * _slow_modulation(layer, rng, samples, bank.sample_rate)


def coloured_noise(rng: np.random.Generator, channels: int, samples: int, slope_db: float) -> Wave:
    """Returns Gaussian noise whose level changes by `slope_db` per octave: -3 is pink, -6 brown; (channels, samples)."""
    spectrum = np.fft.rfft(rng.standard_normal((channels, samples), dtype=np.float32))
    bins = np.maximum(np.arange(spectrum.shape[-1]), 1)
    shaped = spectrum * (bins ** (slope_db / (20 * np.log10(2)))).astype(np.float32)
    shaped[:, 0] = 0
    return np.asarray(np.fft.irfft(shaped, samples), dtype=np.float32)


def _excerpt(name: str, offset_s: float, channels: int, samples: int, bank: Bank) -> Wave:
    """Cuts a looped stretch of a recording and fits its channels; a mono file feeds every channel alike."""
    sound = bank.noise(name)
    start = int(offset_s * bank.sample_rate) % sound.shape[1]
    places = (start + np.arange(samples)) % sound.shape[1]
    cut = np.take(sound, places, axis=1).astype(np.float32)
    if cut.shape[0] >= channels:
        return cut[:channels] if channels > 1 else cut.mean(axis=0, keepdims=True)
    return np.resize(cut, (channels, samples))


def _low_pass_rumble(sound: Wave, sample_rate: int, cutoff_hz: float) -> Wave:
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(sound.shape[-1], 1 / sample_rate)
    spectrum *= (1 / (1 + (frequencies / cutoff_hz) ** 4)).astype(np.float32)
    return np.asarray(np.fft.irfft(spectrum, sound.shape[-1]), dtype=np.float32)


def _blade_tones(layer: NoiseLayer, rng: np.random.Generator, samples: int, sample_rate: int) -> Wave:
    """Returns the harmonics of a slightly unsteady rotation, (1, samples), about 6 dB under the broadband part."""
    time = np.arange(samples) / sample_rate
    wander = 1 + 0.003 * np.sin(2 * np.pi * layer.modulation_hz * time + rng.uniform(0, 2 * np.pi))
    phase = 2 * np.pi * np.cumsum(layer.rotation_hz * wander) / sample_rate
    tones = np.zeros(samples)
    for harmonic in range(1, 9):
        if harmonic * layer.rotation_hz < 0.45 * sample_rate:
            tones += rng.uniform(0.2, 1) / harmonic * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    return (0.5 * tones[None] / max(float(np.std(tones)), 1e-9)).astype(np.float32)


def _slow_modulation(layer: NoiseLayer, rng: np.random.Generator, samples: int, sample_rate: int) -> Wave:
    time = np.arange(samples) / sample_rate
    swing = rng.uniform(0, 0.4) * np.sin(2 * np.pi * layer.modulation_hz * time + rng.uniform(0, 2 * np.pi))
    return (1 + swing).astype(np.float32)


def _unit_rms(wave: Wave) -> Wave:
    rms = float(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))
    return wave / np.float32(rms) if rms > 0 else wave


def _with_seed(room: Room, seed: int) -> Room:
    return Room(
        size_m=room.size_m, source_m=room.source_m, microphone_m=room.microphone_m, rt60_s=room.rt60_s, seed=seed
    )
