"""Backgrounds: recorded noise, people, and generated fans, rumble and coloured noise.

Nets trained on weather and machines alone leave people and low rumble behind, so both have kinds of their own.
Every layer is scaled to unit rms before its gain, and the sum is scaled to the signal-to-noise ratio (paper 1,
section 3.2: SNR uniform in 5 to 30 dB).
"""

import numpy as np
from numpy.typing import NDArray

from goodtake.degrade.bank import Bank
from goodtake.degrade.levels import mean_power, unit_rms
from goodtake.degrade.parameters import Noise, NoiseLayer, Room
from goodtake.degrade.rooms import simulate
from goodtake.degrade.tones import harmonic_sum
from goodtake.dsp.convolution import next_fast_len
from goodtake.dsp.filters import LOW_CUT_HZ, butterworth_low, convolve
from goodtake.dsp.stft import Wave

LOOP_FADE_S = 0.05
"""Cross-fade between the end and the beginning of a looped recording."""


def mix_noise(wave: Wave, noise: Noise, bank: Bank) -> Wave:
    """Adds the background to a wave (channel, time) at its signal-to-noise ratio.

    The ratio is 10 log10 of the mean power of the signal over that of the noise, over the whole clip and all channels.
    Silence has no ratio and stays as it is.
    """
    background = render_noise(noise.layers, wave.shape[0], wave.shape[1], bank)
    signal_power, noise_power = mean_power(wave), mean_power(background)
    if noise_power == 0 or signal_power == 0:
        return wave
    gain = np.sqrt(signal_power / noise_power) * 10 ** (-noise.snr_db / 20)
    return wave + np.float32(gain) * background


def render_noise(layers: tuple[NoiseLayer, ...], channels: int, samples: int, bank: Bank) -> Wave:
    """Sums the layers, each at unit rms times its gain: -> (channels, samples)."""
    total = np.zeros((channels, samples), np.float32)
    for layer in layers:
        if layer.reverberant:
            rir = simulate(crowd_room(layer.seed), bank.sample_rate, channels)
            lead = rir.shape[1]  # so that the room is full of sound when the clip begins
            sound = convolve(_render_layer(layer, channels, lead + samples, bank), rir)[:, lead:]
        else:
            sound = _render_layer(layer, channels, samples, bank)
        total += np.float32(10 ** (layer.gain_db / 20)) * unit_rms(sound)
    return total


def crowd_room(seed: int) -> Room:
    """Returns a room that people are heard across, its size, places and decay time drawn from the seed."""
    rng = np.random.default_rng(seed)
    size = rng.uniform((4.0, 3.0, 2.4), (14.0, 10.0, 5.0))
    source, microphone = rng.uniform(0.1, 0.9, (2, 3)) * size
    low, mid, high, top = (float(value) for value in rng.uniform(0.3, 1.2) * np.array([1.1, 1.0, 0.85, 0.5]))
    return Room(
        size_m=(float(size[0]), float(size[1]), float(size[2])),
        source_m=(float(source[0]), float(source[1]), float(source[2])),
        microphone_m=(float(microphone[0]), float(microphone[1]), float(microphone[2])),
        rt60_s=(low, mid, high, top),
        seed=seed,
    )


def coloured_noise(
    rng: np.random.Generator, channels: int, samples: int, slope_db: float, sample_rate: int
) -> NDArray[np.float32]:
    """Returns Gaussian noise whose level changes by `slope_db` per octave: -3 is pink, -6 brown; (channels, samples).

    The slope ends at 35 Hz with the low-cut that the chain ends with. Without it most of the power of brown noise lies
    below 1 Hz, and the signal-to-noise ratio would count what nobody hears and what does not stay.
    """
    n_fft = next_fast_len(samples)
    spectrum = np.fft.rfft(rng.standard_normal((channels, n_fft), dtype=np.float32))
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    shape = (np.maximum(frequencies, LOW_CUT_HZ) / LOW_CUT_HZ) ** (slope_db / (20 * np.log10(2)))
    shape *= 1 - butterworth_low(frequencies, LOW_CUT_HZ)
    return np.asarray(np.fft.irfft(spectrum * shape.astype(np.float32), n_fft)[:, :samples], np.float32)


def _render_layer(layer: NoiseLayer, channels: int, samples: int, bank: Bank) -> Wave:
    rng = np.random.default_rng(layer.seed)
    if layer.kind == "recorded":
        return _ambience(layer.files[0], layer.offsets_s[0], channels, samples, bank, rng)
    if layer.kind == "babble":
        return _babble(layer, channels, samples, bank, rng)
    sound = coloured_noise(rng, channels, samples, layer.slope_db, bank.sample_rate)
    if layer.kind == "rumble":
        sound = _low_pass_rumble(sound, bank.sample_rate, cutoff_hz=float(rng.uniform(60, 250)))
    if layer.kind == "fan":
        sound = unit_rms(sound) + _blade_tones(layer, rng, samples, bank.sample_rate)
    return sound * _slow_modulation(layer, rng, samples, bank.sample_rate)


def _ambience(
    name: str, offset_s: float, channels: int, samples: int, bank: Bank, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Fits a recording to the channels; a mono one is spread by what it holds elsewhere, by a random width."""
    sound = bank.noise(name)
    start = int(offset_s * bank.sample_rate)
    if channels == 1:
        return np.asarray(_looped(sound, start, samples, bank.sample_rate).mean(axis=0, keepdims=True), np.float32)
    if sound.shape[0] >= channels:
        return _looped(sound[:channels], start, samples, bank.sample_rate)
    width = rng.uniform(0, np.pi / 2)
    centre = _looped(sound[:1], start, samples, bank.sample_rate)
    step = sound.shape[1] // (channels + 1)
    sides = [_looped(sound[:1], start + (n + 1) * step, samples, bank.sample_rate)[0] for n in range(channels)]
    return np.asarray(np.cos(width) * centre + np.sin(width) * np.stack(sides), np.float32)


def _babble(layer: NoiseLayer, channels: int, samples: int, bank: Bank, rng: np.random.Generator) -> Wave:
    """Sums talkers of different loudness, each at a place of its own between the channels."""
    crowd = np.zeros((channels, samples), np.float32)
    levels = 10 ** (rng.uniform(-10, 0, len(layer.files)) / 20)
    for name, offset_s, level in zip(layer.files, layer.offsets_s, levels, strict=True):
        start = int(offset_s * bank.sample_rate)
        voice = unit_rms(_looped(bank.noise(name)[:1], start, samples, bank.sample_rate))
        place = 1.0 if channels == 1 else rng.uniform(0.4, 1.0, (channels, 1))
        crowd += np.asarray(level * place, np.float32) * voice
    return crowd


def _looped(sound: NDArray[np.float16], start: int, samples: int, sample_rate: int) -> NDArray[np.float32]:
    """Cuts a stretch of a recording which runs on into its own beginning through a cross-fade."""
    length = sound.shape[1]
    start %= length
    if start + samples <= length:
        return sound[:, start : start + samples].astype(np.float32)
    fade = min(round(LOOP_FADE_S * sample_rate), length // 2)
    loop = sound[:, : length - fade].astype(np.float32)
    turn = np.linspace(0, np.pi / 2, fade, endpoint=False, dtype=np.float32)  # of equal power
    loop[:, :fade] = np.sin(turn) * loop[:, :fade] + np.cos(turn) * sound[:, length - fade :]
    turned = np.roll(loop, -start, axis=1)
    return np.tile(turned, (1, -(-samples // turned.shape[1])))[:, :samples]


def _low_pass_rumble(sound: Wave, sample_rate: int, cutoff_hz: float) -> Wave:
    n_fft = next_fast_len(sound.shape[-1])
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    gain = (1 / (1 + (frequencies / cutoff_hz) ** 4)).astype(np.float32)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, n_fft) * gain, n_fft)[:, : sound.shape[-1]], np.float32)


def _blade_tones(layer: NoiseLayer, rng: np.random.Generator, samples: int, sample_rate: int) -> NDArray[np.float32]:
    """Returns the harmonics of a slightly unsteady rotation, (1, samples), about 6 dB under the broadband part."""
    time = np.arange(samples) / sample_rate
    wander = 1 + 0.003 * np.sin(2 * np.pi * layer.modulation_hz * time + rng.uniform(0, 2 * np.pi))
    phase = 2 * np.pi * np.cumsum(layer.rotation_hz * wander) / sample_rate
    harmonics = [n for n in range(1, 9) if n * layer.rotation_hz < 0.45 * sample_rate]
    levels = [rng.uniform(0.2, 1) / n for n in harmonics]
    tones = harmonic_sum(phase, levels, [rng.uniform(0, 2 * np.pi) for _ in harmonics])
    return (0.5 * tones[None] / max(float(np.std(tones)), 1e-9)).astype(np.float32)


def _slow_modulation(
    layer: NoiseLayer, rng: np.random.Generator, samples: int, sample_rate: int
) -> NDArray[np.float32]:
    time = np.arange(samples) / sample_rate
    swing = rng.uniform(0, 0.4) * np.sin(2 * np.pi * layer.modulation_hz * time + rng.uniform(0, 2 * np.pi))
    return (1 + swing).astype(np.float32)
