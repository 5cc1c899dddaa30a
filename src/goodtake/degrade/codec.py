"""A lossy generation: encode, decode, back to the same length on the same sample.

The delay of a codec is a property of its settings, so it is measured once with noise. The music itself would not do: a
held tone resembles itself a period later, and the coded pair would be a period out of step.
"""

import io
from functools import lru_cache
from typing import Any

import numpy as np
import soxr

from goodtake.degrade.parameters import Codec
from goodtake.dsp.convolution import next_fast_len
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

CONTAINERS = {"mp3": "mp3", "aac": "mp4", "libopus": "ogg"}
RATES = {
    "mp3": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "libopus": (8000, 12000, 16000, 24000, 48000),
}
"""Sample rates that each codec carries; others go through the next higher one, or the highest."""

LONGEST_DELAY_S = 0.2
AFTER_S = 0.1


def codec_round_trip(wave: Wave, codec: Codec, sample_rate: int) -> Wave:
    """Encodes and decodes a wave (channel, time) and brings it back to its length, sample-aligned.

    Raises:
        ConfigError: when the codec is not known here or cannot carry the signal.
    """
    if codec.name not in CONTAINERS:
        raise ConfigError(f"unknown codec {codec.name!r}: use one of {', '.join(CONTAINERS)}")
    if wave.shape[0] not in (1, 2):
        raise ConfigError(f"the codec round trip takes one or two channels, not {wave.shape[0]}: leave the codec out")
    top = float(np.abs(wave).max(initial=0.0))
    if top == 0:
        return wave
    scale = np.float32(0.95 / top)  # encoders clip beyond full scale and drop what is far below it
    decoded = _round_trip(wave * scale, codec, sample_rate)
    delay = _delay_samples(codec, sample_rate, wave.shape[0])
    length = wave.shape[-1]
    shifted = decoded[:, delay:] if delay >= 0 else np.pad(decoded, [(0, 0), (-delay, 0)])
    cut = shifted[:, :length]
    return np.pad(cut, [(0, 0), (0, length - cut.shape[-1])]) / scale


@lru_cache(maxsize=64)
def _delay_samples(codec: Codec, sample_rate: int, channels: int) -> int:
    """Returns by how many samples a round trip delays, as the peak of the cross-correlation of noise."""
    samples = sample_rate // 2
    probe = np.tile(np.random.default_rng(0).standard_normal(samples, dtype=np.float32) * 0.1, (channels, 1))
    decoded = _round_trip(probe, codec, sample_rate)
    n_fft = next_fast_len(samples + decoded.shape[1])
    spectrum = np.fft.rfft(decoded[0], n_fft) * np.conj(np.fft.rfft(probe[0], n_fft))
    reach = int(LONGEST_DELAY_S * sample_rate)
    correlation = np.roll(np.fft.irfft(spectrum, n_fft), reach)[: 2 * reach]
    return int(correlation.argmax()) - reach


def _round_trip(wave: Wave, codec: Codec, sample_rate: int) -> Wave:
    """Returns what the decoder gives, at the wave's rate, its delay and length as they come."""
    rates = RATES[codec.name]
    carried = next((rate for rate in rates if rate >= sample_rate), rates[-1])
    sent = wave if carried == sample_rate else soxr.resample(wave.T, sample_rate, carried).T
    room = [(0, 0), (0, round(AFTER_S * carried))]  # for what the decoder still holds at the end
    decoded = _code(np.pad(np.asarray(sent, np.float32), room), codec, carried)
    back = decoded if carried == sample_rate else soxr.resample(decoded.T, carried, sample_rate).T
    return np.ascontiguousarray(back, np.float32)


def _code(wave: Wave, codec: Codec, rate: int) -> Wave:
    import av  # a large library that only this stage needs

    layout = "mono" if wave.shape[0] == 1 else "stereo"
    stored = io.BytesIO()
    try:
        with av.open(stored, "w", format=CONTAINERS[codec.name]) as output:
            stream: Any = output.add_stream(codec.name, rate=rate, layout=layout)
            stream.bit_rate = codec.bit_rate
            for start in range(0, wave.shape[1], rate):
                block = np.ascontiguousarray(wave[:, start : start + rate])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate, start
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        stored.seek(0)
        with av.open(stored, "r") as source:
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
            decoded: list[Any] = [*source.decode(audio=0), None]
            return np.concatenate([piece.to_ndarray() for frame in decoded for piece in resampler.resample(frame)], 1)
    except (av.FFmpegError, ValueError) as error:
        raise ConfigError(
            f"{codec.name} cannot carry {rate} Hz at {codec.bit_rate} bit/s ({error}): try another bit rate"
        ) from error
