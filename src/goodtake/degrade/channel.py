"""What a microphone does to a sound: colour, hum, clipping. The lossy file is in `goodtake.degrade.codec`.

The colour filters are zero-phase, so a degraded clip stays sample-synchronous with its clean half.
"""

import numpy as np

from goodtake.degrade.levels import mean_power
from goodtake.degrade.parameters import Equaliser, Hum
from goodtake.degrade.tones import harmonic_sum
from goodtake.dsp.convolution import next_fast_len
from goodtake.dsp.filters import equalize, magnitude_filter
from goodtake.dsp.stft import Wave

HUM_TOP_HZ = 1000.0


def colour(wave: Wave, equaliser: Equaliser, sample_rate: int) -> Wave:
    """Applies the band gains: flat bands that sum to the input at 0 dB (paper 1, section 3.2), or a smooth curve."""
    if not equaliser.smooth:
        return equalize(wave, np.array(equaliser.gains_db, np.float32), sample_rate, edges_hz=equaliser.edges_hz)
    lowest, highest = equaliser.edges_hz[0] / 4, 2 * equaliser.edges_hz[-1]
    edges = np.array([lowest, *equaliser.edges_hz, highest])
    centres = np.sqrt(edges[:-1] * edges[1:])
    return magnitude_filter(wave, centres, np.array(equaliser.gains_db), sample_rate)


def through_microphone(wave: Wave, response: Wave, sample_rate: int) -> Wave:
    """Applies the magnitude of a measured microphone response (1, time), 0 dB on the average of 200 Hz to 4 kHz.

    The curve is the mean power in bands a seventh of an octave wide, held between -30 and +20 dB.
    """
    n_fft = next_fast_len(max(4096, response.shape[-1]))
    power = np.abs(np.fft.rfft(response[0], n_fft)).astype(np.float64) ** 2
    edges_hz = np.geomspace(40.0, min(18_000.0, 0.49 * sample_rate), 65)
    curve_hz = np.sqrt(edges_hz[:-1] * edges_hz[1:])
    below = np.interp(edges_hz, np.fft.rfftfreq(n_fft, 1 / sample_rate), np.cumsum(power) - power / 2)
    gain_db = 10 * np.log10(np.maximum(np.diff(below) / np.diff(edges_hz), 1e-20))
    gain_db -= gain_db[(curve_hz > 200) & (curve_hz < 4000)].mean()
    return magnitude_filter(wave, curve_hz, np.clip(gain_db, -30, 20), sample_rate)


def add_hum(wave: Wave, hum: Hum, sample_rate: int) -> Wave:
    """Adds mains hum with its harmonics up to 1 kHz to a wave (channel, time), at a level relative to its rms."""
    rng = np.random.default_rng(hum.seed)
    phase = 2 * np.pi * hum.frequency_hz / sample_rate * np.arange(wave.shape[-1])
    harmonics = range(1, int(min(HUM_TOP_HZ, 0.45 * sample_rate) / hum.frequency_hz) + 1)
    levels = [10 ** (hum.slope_db * np.log2(n) / 20) * rng.uniform(0.3, 1) for n in harmonics]
    tones = harmonic_sum(phase, levels, [rng.uniform(0, 2 * np.pi) for _ in harmonics])
    gain = np.sqrt(mean_power(wave) / max(float(np.mean(tones**2)), 1e-18)) * 10 ** (hum.level_db / 20)
    return wave + np.asarray(gain * tones, np.float32)


def hard_clip(wave: Wave, clip_db: float) -> Wave:
    """Clips at a ceiling that lies `clip_db` below the peak of a wave (channel, time)."""
    ceiling = float(np.abs(wave).max(initial=0.0)) * 10 ** (-clip_db / 20)
    return np.asarray(np.clip(wave, -ceiling, ceiling), np.float32)
