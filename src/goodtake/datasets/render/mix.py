"""The studio of a render: brightness, a light room, a gentle equaliser, soft compression, a noise floor, a level.

Room, equaliser, dark bus and noise are applied in one spectrum. The room is synthetic: a handful of early reflections
and a short exponentially decaying noise (the model of Moorer, "About this reverberation business", 1979), both from a
seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from goodtake.datasets.render.plan import MixPlan

_LONGEST_RT60_S = 0.5
_DRY_DB = -90.0
_REFLECTIONS = 8
_DARK_HZ = 1800.0
_DARK_FLOOR = 0.16
_BLOCK_S = 0.005


def draw_mix(rng: np.random.Generator) -> MixPlan:
    """Draws a studio: one in four is dry, half are uncompressed."""
    return MixPlan(
        room_db=_DRY_DB if rng.random() < 0.25 else float(rng.uniform(-30, -11)),
        room_rt60_s=float(rng.uniform(0.12, _LONGEST_RT60_S)),
        room_predelay_ms=float(rng.uniform(2, 15)),
        room_seed=int(rng.integers(2**31)),
        low_shelf_db=float(rng.normal(0, 1.5)),
        high_shelf_db=float(rng.normal(0, 2.0)),
        compressor_ratio=1.0 if rng.random() < 0.5 else float(rng.uniform(1.2, 3.0)),
        compressor_threshold_db=float(rng.uniform(-6, 4)),
        noise_floor_db=float(rng.uniform(-80, -55)),
        noise_slope_db=float(rng.uniform(-3, 0)),
        noise_seed=int(rng.integers(2**31)),
        peak_db=float(rng.uniform(-12, -1)),
    )


def room_seconds(mix: MixPlan) -> float:
    """How long the room rings: what a renderer must play before the first sample it keeps."""
    return 0.0 if mix.room_db <= _DRY_DB else mix.room_predelay_ms / 1000 + mix.room_rt60_s


def apply_mix(buses: NDArray[np.float32], mix: MixPlan, sample_rate: int, lead: int = 0) -> NDArray[np.float32]:
    """Mixes the bright and the dark bus down.

    Args:
        buses: `(2, channel, time)`.
        mix: what was drawn.
        sample_rate: in Hz.
        lead: samples at the start that feed the room but are cut off.

    Returns:
        `(channel, time - lead)` with its peak at `mix.peak_db`.
    """
    _, channels, samples = buses.shape
    n_fft = _fast_length(samples + round(room_seconds(mix) * sample_rate) + 256)
    frequency_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate).astype(np.float32)
    bright, dark = np.fft.rfft(buses, n_fft)  # each (channel, freq)
    dry = bright + dark * _dark_gain(frequency_hz)
    spectrum = dry * _shelf_gain(frequency_hz, mix)
    if mix.room_db > _DRY_DB:
        spectrum += room_spectrum(mix, channels, sample_rate, n_fft) * spectrum.mean(axis=0)
    spectrum += _noise(spectrum, frequency_hz, mix, samples)
    wave = np.fft.irfft(spectrum, n_fft)[:, lead:samples].astype(np.float32)
    if mix.compressor_ratio > 1:
        wave *= compressor_gain(wave, mix, sample_rate)
    peak = float(np.abs(wave).max())
    return wave * np.float32(10 ** (mix.peak_db / 20) / max(peak, 1e-9))


def room_spectrum(mix: MixPlan, channels: int, sample_rate: int, n_fft: int) -> NDArray[np.complex64]:
    """Returns the transfer function `(channel, freq)` of the room without the direct sound.

    Its energy is `mix.room_db` per channel. The same seed places the reflections alike at every rate.
    """
    rng = np.random.default_rng(mix.room_seed)
    delays_s = mix.room_predelay_ms / 1000 + np.sort(rng.uniform(0, 0.035, _REFLECTIONS))
    gains = rng.choice([-1.0, 1.0], (2, _REFLECTIONS)) * rng.uniform(0.4, 1.0, (2, _REFLECTIONS))
    damping_hz = rng.uniform(2500, 8000)
    taps = round(room_seconds(mix) * sample_rate)
    late_s = np.maximum(np.arange(taps, dtype=np.float32) / sample_rate - mix.room_predelay_ms / 1000 - 0.01, 0)
    decay = np.exp(-6.91 / mix.room_rt60_s * late_s) * (1 - np.exp(-100 * late_s))
    response = rng.standard_normal((channels, taps), dtype=np.float32) * decay * (20 / np.sqrt(sample_rate))
    for channel in range(channels):
        at = np.minimum((delays_s * sample_rate).astype(int), taps - 1)
        np.add.at(response[channel], at, gains[channel] * np.exp(-delays_s / 0.03))
    frequency_hz = np.fft.rfftfreq(n_fft, 1 / sample_rate).astype(np.float32)
    # Light rooms neither boom below 120 Hz nor hiss: the upper corner is soft furnishing.
    colour = frequency_hz**2 / (frequency_hz**2 + 120.0**2) / (1 + (frequency_hz / damping_hz) ** 2)
    spectrum = np.fft.rfft(response, n_fft) * colour
    energy = (np.abs(spectrum) ** 2).sum(axis=1, keepdims=True) * 2 / n_fft  # Parseval
    return np.asarray(spectrum * (10 ** (mix.room_db / 20) / np.sqrt(energy)), dtype=np.complex64)


def compressor_gain(wave: NDArray[np.float32], mix: MixPlan, sample_rate: int) -> NDArray[np.float32]:
    """Returns the gain curve `(time,)` of a soft compressor, common to all channels so that the image stays.

    The level is the rms of 5-ms blocks smoothed over some 60 ms; the threshold lies `compressor_threshold_db` above
    the rms of the whole clip, with a knee 10 dB wide.
    """
    block = round(_BLOCK_S * sample_rate)
    power = (wave**2).mean(axis=0)
    power = np.pad(power, (0, -len(power) % block)).reshape(-1, block).mean(axis=1)  # (time,) -> (block,)
    kernel = np.exp(-np.arange(24) / 8.0)
    smooth = np.convolve(power, kernel / kernel.sum())[: len(power)]
    mean = max(float(power.mean()), 1e-12)
    over_db = 10 * np.log10(np.maximum(smooth, 1e-6 * mean) / mean) - mix.compressor_threshold_db
    over_db = np.where(np.abs(over_db) < 5, (over_db + 5) ** 2 / 20, np.maximum(over_db, 0))
    gain = 10 ** (-over_db * (1 - 1 / mix.compressor_ratio) / 20)
    centres = (np.arange(len(power)) + 0.5) * block
    return np.interp(np.arange(wave.shape[-1]), centres, gain).astype(np.float32)


def _dark_gain(frequency_hz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softly played notes lack overtones: a zero-phase shelf down by 16 dB."""
    return np.asarray(_DARK_FLOOR + (1 - _DARK_FLOOR) / (1 + (frequency_hz / _DARK_HZ) ** 2), dtype=np.float32)


def _shelf_gain(frequency_hz: NDArray[np.float32], mix: MixPlan) -> NDArray[np.float32]:
    """A low shelf around 200 Hz and a high one around 4 kHz, zero-phase."""
    low = 1 / (1 + (frequency_hz / 200) ** 2)
    high = 1 - 1 / (1 + (frequency_hz / 4000) ** 2)
    return np.asarray(10 ** ((mix.low_shelf_db * low + mix.high_shelf_db * high) / 20), dtype=np.float32)


def _noise(
    spectrum: NDArray[np.complex64], frequency_hz: NDArray[np.float32], mix: MixPlan, samples: int
) -> NDArray[np.complex64]:
    """Returns the spectrum of a floor `noise_floor_db` below the rms of the music; silence gets one at -90 dB."""
    n_fft = 2 * (spectrum.shape[-1] - 1)
    rng = np.random.default_rng(mix.noise_seed)
    parts = rng.standard_normal((*spectrum.shape, 2), dtype=np.float32)
    noise = parts.view(np.complex64)[..., 0]  # (channel, freq, 2) -> (channel, freq)
    noise *= (np.maximum(frequency_hz, 40) / 1000) ** np.float32(mix.noise_slope_db / 6.02)
    noise[:, 0] = noise[:, -1] = 0
    power = float((np.abs(spectrum) ** 2).sum()) * 2 / n_fft / samples / len(spectrum)
    noise_power = float((np.abs(noise) ** 2).sum()) * 2 / n_fft / n_fft / len(spectrum)
    floor = np.sqrt(power) * 10 ** (mix.noise_floor_db / 20) if power > 1e-12 else 3e-5
    return np.asarray(noise * np.float32(floor / np.sqrt(noise_power)), dtype=np.complex64)


def _fast_length(samples: int) -> int:
    """The least even length of the form 2^a 3^b 5^c that holds `samples`."""
    best = 1 << max(1, (samples - 1).bit_length())
    for five in (1, 5, 25):
        for three in (1, 3, 9):
            factor = five * three
            length = factor << max(1, -(-samples // factor) - 1).bit_length()
            if samples <= length < best:
                best = length
    return best
