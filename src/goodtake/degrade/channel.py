"""What a microphone and a file do to a sound: colour, hum, clipping, bandwidth, codec, level.

The colour filters are zero-phase, so a degraded clip stays sample-synchronous with its clean half.
"""

import io

import numpy as np

from goodtake.degrade.parameters import Codec, Equaliser, Hum
from goodtake.dsp.filters import equalize, magnitude_filter
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError


def colour(wave: Wave, equaliser: Equaliser, sample_rate: int) -> Wave:
    """Applies the band gains: flat bands that sum to the input at 0 dB (paper 1, section 3.2), or a smooth curve."""
    if not equaliser.smooth:
        return equalize(wave, np.array(equaliser.gains_db, np.float32), sample_rate, edges_hz=equaliser.edges_hz)
    edges = np.array([50.0, *equaliser.edges_hz, 8000.0])
    centres = np.sqrt(edges[:-1] * edges[1:])
    return magnitude_filter(wave, centres, np.array(equaliser.gains_db), sample_rate)


def through_microphone(wave: Wave, response: Wave, sample_rate: int) -> Wave:
    """Applies the magnitude of a measured microphone response (1, time), 0 dB on the average of 200 Hz to 4 kHz."""
    n_fft = 4096
    magnitude = np.abs(np.fft.rfft(response[0], n_fft))
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    curve_hz = np.geomspace(40.0, min(18_000.0, 0.49 * sample_rate), 64)
    gain_db = 20 * np.log10(np.maximum(np.interp(curve_hz, frequencies, magnitude), 1e-5))
    gain_db -= gain_db[(curve_hz > 200) & (curve_hz < 4000)].mean()
    return magnitude_filter(wave, curve_hz, np.clip(gain_db, -30, 20), sample_rate)


def add_hum(wave: Wave, hum: Hum, sample_rate: int) -> Wave:
    """Adds mains hum with its harmonics up to 1 kHz, at a level relative to the signal's rms."""
    rng = np.random.default_rng(hum.seed)
    time = np.arange(wave.shape[-1]) / sample_rate
    tones = np.zeros(wave.shape[-1])
    for harmonic in range(1, int(1000 / hum.frequency_hz) + 1):
        level = 10 ** (hum.slope_db * np.log2(harmonic) / 20) * rng.uniform(0.3, 1)
        tones += level * np.sin(2 * np.pi * harmonic * hum.frequency_hz * time + rng.uniform(0, 2 * np.pi))
    rms = float(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))
    gain = rms * 10 ** (hum.level_db / 20) / max(float(np.std(tones)), 1e-9)
    return wave + (gain * tones).astype(np.float32)


def hard_clip(wave: Wave, clip_db: float) -> Wave:
    """Clips at a ceiling that lies `clip_db` below the peak."""
    ceiling = float(np.abs(wave).max()) * 10 ** (-clip_db / 20)
    return np.clip(wave, -ceiling, ceiling)


def codec_round_trip(wave: Wave, codec: Codec, sample_rate: int) -> Wave:
    """Encodes and decodes a wave (channel, time) and brings it back to its length, sample-aligned.

    Raises:
        ConfigError: when the codec is not known here or cannot carry the signal.
    """
    import av  # here because nothing else in this layer needs it

    formats = {"mp3": "mp3", "aac": "mp4", "libopus": "ogg"}
    if codec.name not in formats:
        raise ConfigError(f"unknown codec {codec.name}: use one of {', '.join(formats)}")
    layout = {1: "mono", 2: "stereo"}.get(wave.shape[0])
    if layout is None:
        raise ConfigError(f"the codec round trip takes one or two channels, not {wave.shape[0]}")
    stream_bytes = io.BytesIO()
    with av.open(stream_bytes, "w", format=formats[codec.name]) as output:
        stream = output.add_stream(codec.name, rate=sample_rate, layout=layout)
        stream.bit_rate = codec.bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave, np.float32), format="fltp", layout=layout)
        frame.sample_rate = sample_rate
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    stream_bytes.seek(0)
    with av.open(stream_bytes) as source:
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=sample_rate)
        pieces = [piece.to_ndarray() for frame in source.decode(audio=0) for piece in resampler.resample(frame)]
    decoded = np.concatenate(pieces, axis=1)
    return _align(decoded, wave)


def _align(decoded: Wave, wave: Wave) -> Wave:
    """Removes what is left of the codec's delay, found as the peak of the cross-correlation within 4096 samples."""
    length = wave.shape[-1]
    n_fft = 1 << (max(length, decoded.shape[-1]) + 4096).bit_length()
    spectrum = np.fft.rfft(decoded.sum(0), n_fft) * np.conj(np.fft.rfft(wave.sum(0), n_fft))
    correlation = np.fft.irfft(spectrum, n_fft)
    delay = int(correlation[:4096].argmax())
    cut = decoded[:, delay : delay + length]
    return np.pad(cut, [(0, 0), (0, length - cut.shape[-1])]).astype(np.float32)
