"""Reverberation: measured responses brought to a direct-to-reverberant ratio, and simulated shoebox rooms.

The direct part of a response is its first 5 ms, which begin 2.5 ms before the direct path (the definition paper 1's
numbers rest on). The simulated room follows Allen & Berkley, "Image method for efficiently simulating small-room
acoustics", JASA 65 (1979), for the early reflections, and decaying noise in four bands for the diffuse tail.
"""

import numpy as np

from goodtake.degrade.bank import DIRECT_PATH_SECONDS
from goodtake.degrade.parameters import Room
from goodtake.dsp.stft import Wave

SPEED_OF_SOUND = 343.0
IMAGE_ORDER = 4
TAIL_BANDS_HZ = (500.0, 2000.0, 7000.0)


def direct_part_samples(sample_rate: int) -> int:
    """Number of samples of a centred response that count as direct sound: 5 ms."""
    return round(2 * DIRECT_PATH_SECONDS * sample_rate)


def drr_db(rir: Wave, sample_rate: int) -> float:
    """Returns the direct-to-reverberant ratio of a centred response (channel, time), dB."""
    split = direct_part_samples(sample_rate)
    direct = float(np.sum(rir[:, :split].astype(np.float64) ** 2))
    late = float(np.sum(rir[:, split:].astype(np.float64) ** 2))
    return 10 * float(np.log10(direct / max(late, 1e-20)))


def with_drr(rir: Wave, sample_rate: int, wanted_db: float) -> Wave:
    """Rescales the late part of a centred response (channel, time) so that its ratio is the wanted one."""
    split = direct_part_samples(sample_rate)
    changed = rir.copy()
    changed[:, split:] *= np.float32(10 ** ((drr_db(rir, sample_rate) - wanted_db) / 20))
    return changed


def simulate(room: Room, sample_rate: int) -> Wave:
    """Returns the response of a shoebox room, (1, time), its direct path of gain 1 at 2.5 ms.

    Images up to the fourth order carry the early part; from 20 ms on decaying noise, whose level joins on to them,
    takes over. Each band of the tail has the decay time of `room.rt60_s`.
    """
    rng = np.random.default_rng(room.seed)
    origin = round(DIRECT_PATH_SECONDS * sample_rate)
    length = origin + int(max(room.rt60_s) * 0.9 * sample_rate) + sample_rate // 50
    delays, gains = _images(room, sample_rate)
    early = np.zeros(length, np.float32)
    places = origin + delays
    whole = np.floor(places).astype(int)
    inside = whole + 1 < length
    share = (places - whole)[inside].astype(np.float32)
    np.add.at(early, whole[inside], gains[inside] * (1 - share))  # linear interpolation between two samples
    np.add.at(early, whole[inside] + 1, gains[inside] * share)

    tail = _diffuse_tail(room, sample_rate, length - origin, rng)
    onset = min(int(0.02 * sample_rate), len(tail) - 1)
    fade = np.clip(np.arange(len(tail)) / onset, 0, 1) ** 2
    window = slice(origin + onset // 2, origin + 2 * onset)
    reference = float(np.sqrt(np.mean(early[window] ** 2))) or 1e-3
    own = float(np.sqrt(np.mean(tail[onset // 2 : 2 * onset] ** 2))) or 1.0
    early[origin:] += (tail * fade * (0.7 * reference / own)).astype(np.float32)
    return early[None]


def _images(room: Room, sample_rate: int) -> tuple[Wave, Wave]:
    """Returns delays (samples after the direct path) and amplitudes of the image sources."""
    size = np.array(room.size_m)
    volume, surface = float(size.prod()), 2 * float(size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    absorption = float(np.clip(0.161 * volume / (surface * room.rt60_s[1]), 0.02, 0.95))  # Sabine
    reflection = -np.sqrt(1 - absorption)
    orders = np.arange(-IMAGE_ORDER, IMAGE_ORDER + 1)
    grid = np.stack(np.meshgrid(orders, orders, orders, indexing="ij"), -1).reshape(-1, 3)
    grid = grid[np.abs(grid).sum(1) <= IMAGE_ORDER]
    source = np.array(room.source_m)
    mirrored = np.where(grid % 2 == 0, source, size - source)
    positions = grid * size + mirrored
    distance = np.linalg.norm(positions - np.array(room.microphone_m), axis=1)
    direct = max(float(np.linalg.norm(source - np.array(room.microphone_m))), 0.05)
    gains = np.abs(reflection) ** np.abs(grid).sum(1) * direct / np.maximum(distance, direct)
    delays = np.maximum(distance - direct, 0) / SPEED_OF_SOUND * sample_rate
    return delays.astype(np.float32), gains.astype(np.float32)


def _diffuse_tail(room: Room, sample_rate: int, length: int, rng: np.random.Generator) -> Wave:
    """Returns noise that decays in each of four bands at its own speed, (time,)."""
    spectrum = np.fft.rfft(rng.standard_normal(length).astype(np.float32))
    frequencies = np.fft.rfftfreq(length, 1 / sample_rate)
    time = np.arange(length) / sample_rate
    tail = np.zeros(length)
    edges = (0.0, *TAIL_BANDS_HZ, np.inf)
    for low, high, rt60 in zip(edges[:-1], edges[1:], room.rt60_s, strict=True):
        band = np.fft.irfft(spectrum * ((frequencies >= low) & (frequencies < high)), length)
        tail += band * 10 ** (-3 * time / rt60)
    return tail.astype(np.float32)


def decay_seconds(rir: Wave, sample_rate: int) -> float:
    """Returns the decay time (60 dB) of a response from the slope of its backward integral between -5 and -25 dB.

    Schroeder, "New method of measuring reverberation time", JASA 37 (1965). At least 0.05 s.
    """
    power = rir.astype(np.float64).mean(0) ** 2
    decay_db = 10 * np.log10(np.cumsum(power[::-1])[::-1] / power.sum() + 1e-12)
    start, stop = int(np.argmax(decay_db < -5)), int(np.argmax(decay_db < -25))
    return max(3 * (stop - start) / sample_rate, 0.05)
