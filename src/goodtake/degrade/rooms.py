"""Reverberation: responses brought to a direct-to-reverberant ratio, and simulated shoebox rooms.

A response is *centred* when its direct path lies at 2.5 ms with gain one; convolved with that origin it leaves a
degraded clip sample-synchronous with its clean half. Its direct part is its first 5 ms, which begin 2.5 ms before the
direct path: the definition that the direct-to-reverberant ratios of paper 1 (section 5.2) rest on.

The simulated room is a hybrid. Reflections that arrive within 40 ms come from the image method (Allen & Berkley, "Image
method for efficiently simulating small-room acoustics", JASA 65, 1979). From there on a room is diffuse, and decaying
noise takes over at the level that statistics demand (Barron, "Energy relations in concert auditoria", JASA 84, 1988):
images of a room of volume V reach a listener at a rate of 4 pi c^3 t^2 / V per second, each with the energy (d / ct)^2
relative to a direct sound from d metres, so the tail's energy per second, relative to the direct sound's energy, is

    4 pi c d^2 / V * 10^(-6 t / rt60),    t counted from the moment of the sound.

Both halves use the decay time of each of four bands, the images through Eyring's formula: per reflection a wall keeps
the energy exp(-0.161 V / (S rt60)). The whole takes a few milliseconds; a full image model of the same room takes a
hundred times longer and is what `tests/degrade/test_rooms.py` compares it with.
"""

import numpy as np
from numpy.typing import NDArray

from goodtake.degrade.parameters import Room
from goodtake.dsp.convolution import next_fast_len
from goodtake.dsp.filters import band_gains
from goodtake.dsp.stft import Wave

DIRECT_PATH_SECONDS = 0.0025
"""Where the direct path of a centred response lies."""

ONSET_BELOW_PEAK = 10 ** (-20 / 20)
SPEED_OF_SOUND = 343.0
TAIL_BANDS_HZ = (500.0, 2000.0, 7000.0)
"""Edges between the bands that decay at their own speed."""

DIFFUSE_FROM_S, DIFFUSE_FULLY_S = 0.02, 0.04
"""The images hand over to the noise between these times after the direct path."""

STEREO_SPACING_M = 0.17
"""Distance of the two microphones of a stereo recording, as in an ORTF pair or a large phone."""

SINC_TAPS = np.arange(-8, 9)
"""Support of the windowed sinc that places a reflection between two samples."""


def direct_part_samples(sample_rate: int) -> int:
    """Number of samples of a centred response that count as direct sound: 5 ms."""
    return round(2 * DIRECT_PATH_SECONDS * sample_rate)


def drr_db(rir: Wave, sample_rate: int) -> float:
    """Returns the direct-to-reverberant ratio of a centred response (channel, time), dB.

    10 log10 of the energy of the first 5 ms over that of the rest, all channels together.
    """
    split = direct_part_samples(sample_rate)
    direct = float(np.sum(rir[:, :split].astype(np.float64) ** 2))
    late = float(np.sum(rir[:, split:].astype(np.float64) ** 2))
    return 10 * float(np.log10(direct / max(late, 1e-20)))


def with_drr(rir: Wave, sample_rate: int, wanted_db: float) -> Wave:
    """Rescales the late part of a centred response (channel, time) so that its ratio is the wanted one.

    A response without a late part (5 ms or shorter) stays as it is.
    """
    split = direct_part_samples(sample_rate)
    changed = rir.copy()
    if np.any(rir[:, split:]):
        changed[:, split:] *= np.float32(10 ** ((drr_db(rir, sample_rate) - wanted_db) / 20))
    return changed


def centre(rir: Wave, sample_rate: int) -> Wave:
    """Puts the direct path of a measured response (channel, time) at 2.5 ms and gives it the gain +1.

    The direct path is the largest sample within 1 ms of the first one that comes within 20 dB of the response's peak
    (the onset of ISO 3382-1); in a far or furnished room the strongest sample is a reflection. The gain is signed, so
    that a response recorded with reversed polarity does not turn the degraded half of a pair over.
    """
    size = np.abs(rir).max(axis=0)
    onset = int(np.argmax(size >= ONSET_BELOW_PEAK * size.max(initial=0.0)))
    direct = onset + int(np.argmax(size[onset : onset + max(1, round(0.001 * sample_rate))]))
    gain = rir[int(np.abs(rir[:, direct]).argmax()), direct]
    start = direct - round(DIRECT_PATH_SECONDS * sample_rate)
    shifted = rir[:, start:] if start >= 0 else np.pad(rir, [(0, 0), (-start, 0)])
    return np.ascontiguousarray(shifted / (gain or 1.0), dtype=np.float32)


def simulate(room: Room, sample_rate: int, channels: int = 1) -> Wave:
    """Returns the centred response of a shoebox room; the same room and seed give the same response.

    Args:
        room: its geometry, decay times and seed.
        sample_rate: Hz.
        channels: 1, or more for microphones 17 cm apart along the room's length. Each has its own direct path at
            2.5 ms, its own reflections and, above 500 Hz, a tail of its own.

    Shape:
        -> (channels, time), ending where the slowest band has decayed by 54 dB
    """
    rng = np.random.default_rng(room.seed)
    origin = round(DIRECT_PATH_SECONDS * sample_rate)
    length = origin + int((0.9 * max(room.rt60_s) + DIFFUSE_FROM_S) * sample_rate)
    n_fft = next_fast_len(length + origin)  # the filters ring for less than the time before the direct path
    bands = band_gains(np.fft.rfftfreq(n_fft, 1 / sample_rate), TAIL_BANDS_HZ).astype(np.float32)  # (band, freq)
    time = np.arange(length - origin, dtype=np.float32) / sample_rate  # after the direct path
    handover = np.pi / 2 * np.clip((time - DIFFUSE_FROM_S) / (DIFFUSE_FULLY_S - DIFFUSE_FROM_S), 0, 1)
    leave, enter = np.cos(handover), np.sin(handover)
    coherent = rng.standard_normal(len(time), dtype=np.float32)  # long waves arrive at both microphones alike
    response = np.zeros((channels, length), np.float32)
    for channel in range(channels):
        shift = (channel - (channels - 1) / 2) * STEREO_SPACING_M
        microphone = np.clip(np.add(room.microphone_m, (shift, 0.0, 0.0)), 0.0, room.size_m)
        diffuse = coherent if channels == 1 else rng.standard_normal(len(time), dtype=np.float32)
        parts = np.zeros((len(bands), n_fft), np.float32)
        parts[:, origin:length] = _early(room, microphone, sample_rate, len(time)) * leave
        for band in range(len(bands)):
            level = _tail_level(room, microphone, sample_rate, band, time)
            parts[band, origin:length] += (coherent if band == 0 else diffuse) * level * enter
        spectrum = (np.fft.rfft(parts) * bands).sum(axis=0)
        response[channel] = np.fft.irfft(spectrum, n_fft)[:length]
    response[:, :origin] = 0.0
    response[:, origin] = 1.0
    return response


def decay_seconds(rir: Wave, sample_rate: int) -> float:
    """Returns the decay time (60 dB) of a response from the slope of its backward integral between -5 and -25 dB.

    Schroeder, "New method of measuring reverberation time", JASA 37 (1965). At least 0.05 s.
    """
    power = np.mean(rir.astype(np.float64) ** 2, axis=0)
    decay_db = 10 * np.log10(np.cumsum(power[::-1])[::-1] / max(power.sum(), 1e-30) + 1e-12)
    start, stop = int(np.argmax(decay_db < -5)), int(np.argmax(decay_db < -25))
    return max(3 * (stop - start) / sample_rate, 0.05)


def _early(room: Room, microphone: NDArray[np.float64], sample_rate: int, samples: int) -> Wave:
    """Returns the reflections of the first 40 ms in each band, without the direct path: -> (band, samples)."""
    size, source = np.array(room.size_m), np.array(room.source_m)
    direct = _distance(room, microphone)
    reach = direct + DIFFUSE_FULLY_S * SPEED_OF_SOUND
    axes = []
    for length, at, heard in zip(size, source, microphone, strict=True):
        cells = np.arange(-int(reach / length) - 1, int(reach / length) + 2)
        axes.append((cells, cells * length + np.where(cells % 2 == 0, at, length - at) - heard))
    x, y, z = np.ix_(*(offset**2 for _, offset in axes))
    square = x + y + z  # (x cell, y cell, z cell)
    x, y, z = np.ix_(*(np.abs(cells) for cells, _ in axes))
    order = x + y + z
    heard_images = (square < reach**2) & (order > 0)
    distance = np.sqrt(square[heard_images])
    reflections = order[heard_images]
    places = np.maximum(distance - direct, 0.0) / SPEED_OF_SOUND * sample_rate
    whole = np.floor(places).astype(np.intp)
    offset = SINC_TAPS - (places - whole)[:, None]  # (image, tap)
    kernel = np.sinc(offset) * (0.5 + 0.5 * np.cos(np.pi * np.clip(offset / 8.5, -1, 1)))
    taps = whole[:, None] + SINC_TAPS
    inside = (taps >= 0) & (taps < samples)
    early = np.zeros((len(room.rt60_s), samples), np.float32)
    for band, rt60 in enumerate(room.rt60_s):
        # Every other order is turned over: with one sign alone the reflections pile up by 20 dB below 40 Hz, which
        # nobody hears but the ratio counts (Lehmann & Johansson, "Prediction of energy decay in room impulse
        # responses simulated with an image-source model", JASA 124, 2008).
        gain = (-_wall_gain(room, rt60)) ** reflections * direct / np.maximum(distance, direct)
        early[band] = np.bincount(taps[inside], (gain[:, None] * kernel)[inside], samples)[:samples]
    return early


def _tail_level(
    room: Room, microphone: NDArray[np.float64], sample_rate: int, band: int, time: NDArray[np.floating]
) -> Wave:
    """Returns the rms of the diffuse tail at each time after the direct path, relative to the direct gain."""
    direct = _distance(room, microphone)
    per_sample = 4 * np.pi * SPEED_OF_SOUND * direct**2 / (np.prod(room.size_m) * sample_rate)
    since_sound = time + np.float32(direct / SPEED_OF_SOUND)
    level = np.float32(np.sqrt(per_sample)) * np.exp(np.float32(-3 * np.log(10) / room.rt60_s[band]) * since_sound)
    return np.asarray(level, np.float32)


def _wall_gain(room: Room, rt60: float) -> float:
    """Returns the pressure that a reflection keeps, by Eyring's formula."""
    x, y, z = room.size_m
    surface = 2 * (x * y + x * z + y * z)
    return float(np.exp(-0.161 * x * y * z / (surface * rt60) / 2))


def _distance(room: Room, microphone: NDArray[np.float64]) -> float:
    return max(float(np.linalg.norm(np.array(room.source_m) - microphone)), 0.05)
