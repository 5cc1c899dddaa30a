"""What is wrong with a take, in a musician's words: one finding per kind of fault, with a severity.

Where a trained net was asked, its word on noise, room and colour goes before the classical measures', which take a
held chord for noise and a ringing string for a room. Thresholds were set on real clean recordings, which must read
"none", and on degraded versions of them. A net's estimates shrink towards the middle of what it was trained on: the
limits allow for that.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.measures import Measurements
from goodtake.diagnosis.typical_music import BANDS_HZ, band_excess_db
from goodtake.diagnosis.wording import minus
from goodtake.dsp.bands import BIN_HZ, N_BINS, band_matrix

Severity = Literal["none", "slight", "clear", "strong"]
SEVERITIES: tuple[Severity, ...] = ("none", "slight", "clear", "strong")
WET_LEAVES, WET_LITTLE, WET_MUCH = 0.02, 0.35, 0.75


@dataclass(frozen=True)
class TakeFacts:
    """What the take net says.

    Args:
        snr_db: signal-to-noise ratio; 50 where there is no noise.
        drr_db: direct-to-reverberant ratio; 20 where there is no room.
        rt60_s: decay time of the room.
        distance_nats: mean distance of the log magnitudes from those of a clean take.
        colour_db: correction of the long-term spectrum that it wants, in mel bands from 0 to 8 kHz.
    """

    snr_db: float
    drr_db: float
    rt60_s: float
    distance_nats: float
    colour_db: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """One property of the take.

    Args:
        kind: silence, noise, room, colour, hum, clipping, bandwidth, level, channels or offset.
        severity: none, slight, clear or strong.
        text: one or two sentences.
    """

    kind: str
    severity: Severity
    text: str


def colour_hz(n_bands: int) -> NDArray[np.float64]:
    """Returns the mean frequency of the take net's bands, Hz: (n_bands,)."""
    return np.asarray(band_matrix(n_bands) @ (np.arange(N_BINS) * BIN_HZ), np.float64)


def find(measurements: Measurements, take: TakeFacts | None, wet: float | None) -> tuple[Finding, ...]:
    """Returns one finding per kind, in the order in which a listener would notice."""
    m = measurements
    if m.snr_db is None:
        return (Finding("silence", "strong", "The file is silent: there is nothing to enhance."),)
    return (
        _noise(m, take, wet),
        _room(m, take, wet),
        _colour(m, take, wet),
        _hum(m, wet),
        _clipping(m),
        _bandwidth(m),
        _level(m),
        _channels(m),
        _offset(m),
    )


def _grade(value: float, slight: float, clear: float, strong: float) -> Severity:
    """Grades a value; the limits rise, or fall where a small value is the bad one."""
    sign = 1 if strong > slight else -1
    return SEVERITIES[sum(sign * value >= sign * limit for limit in (slight, clear, strong))]


def _act(wet: float | None, much: str, little: str) -> str:
    """Says what enhance does about it; nothing where no model was asked."""
    if wet is None:
        return ""
    if wet <= WET_LEAVES:
        return " enhance will leave it as it is."
    return f" enhance will {little if wet < WET_LITTLE else much}."


def _noise(m: Measurements, take: TakeFacts | None, wet: float | None) -> Finding:
    snr = take.snr_db if take else float(m.snr_db or 0)
    severity = _grade(snr, 26, 17, 9) if take else _grade(snr, 19, 12, 6)
    if severity == "none":
        return Finding("noise", severity, f"The background is quiet, about {min(snr, 99):.0f} dB under the music.")
    place = f"{snr:.0f} dB under the music" if snr >= 1 else "as loud as the music"
    if not take:
        text = f"What sounds without a pause lies {place}: noise, or held notes."
        return Finding("noise", severity, text + _act(wet, "take out what is noise", "lower what is noise"))
    word = {"slight": "faint", "clear": "steady", "strong": "loud"}[severity]
    text = f"There is {word} noise {place}."
    return Finding("noise", severity, text + _act(wet, "take out most of it", "lower it a little"))


def _room(m: Measurements, take: TakeFacts | None, wet: float | None) -> Finding:
    if not take:
        if m.decay_s is None:
            return Finding("room", "none", "No free decay was heard, so nothing can be said of the room.")
        severity = _grade(m.decay_s, 1.5, 2.5, 4.0)
        text = f"Sound dies away in about {m.decay_s:.1f} s: the room, or the instrument itself."
        act = _act(wet, "make the room smaller", "make the room a little smaller") if severity != "none" else ""
        return Finding("room", severity, text + act)
    severity = _grade(take.drr_db, 8, 5, 1) if take.rt60_s > 0.15 else "none"
    if severity == "none":
        return Finding("room", severity, "The recording is close: hardly any room is heard.")
    lies = f"{take.drr_db:.0f} dB under the direct sound" if take.drr_db >= 1 else "as loud as the direct sound"
    text = f"The room is heard: it rings for {take.rt60_s:.1f} s and is {lies}."
    return Finding("room", severity, text + _act(wet, "bring the sound closer", "bring the sound a little closer"))


def _colour(m: Measurements, take: TakeFacts | None, wet: float | None) -> Finding:
    if take:
        centres = colour_hz(len(take.colour_db))
        heard = centres < max(m.bandwidth_hz, 500.0)  # what the net wants where there is nothing says nothing
        centres, wanted = centres[heard], np.array(take.colour_db)[heard]
        wanted = wanted - wanted.mean()
        off = -wanted  # too much where the correction lowers
        bands: list[float | None] = [
            float(off[inside].mean()) if (inside := (centres >= low) & (centres < high)).any() else None
            for low, high in BANDS_HZ.values()
        ]
        severity = _grade(float(np.sqrt(np.mean(wanted**2))), 3.0, 4.5, 7.0)
    else:
        # An oboe has no bass and a tuba no treble, so only a surplus tells, and not in the sub: that is the bass.
        excess = band_excess_db(np.array(m.spectrum_dbfs), m.bandwidth_hz)
        bands = [None if band is None else max(band, 0.0) for band in (None, *excess[1:])]
        severity = _grade(max((band for band in bands if band is not None), default=0.0), 6.0, 10.0, 15.0)
    if severity == "none":
        return Finding("colour", severity, "The balance of low and high is that of a good recording.")
    named = [(name, band) for name, band in zip(BANDS_HZ, bands, strict=True) if band is not None and abs(band) >= 2]
    named.sort(key=lambda pair: -abs(pair[1]))
    parts = [f"{abs(band):.0f} dB too {'much' if band > 0 else 'little'} {_range(name)}" for name, band in named[:2]]
    hint = "The colour is off" if take else "The colour is unusual"
    text = f"{hint}: {' and '.join(parts)}." if parts else f"{hint} in narrow ranges."
    return Finding("colour", severity, text + _act(wet, "correct it", "correct it a little"))


def _range(band: str) -> str:
    low, high = BANDS_HZ[band]
    if band == "sub":
        return f"{band} (below {high:.0f} Hz)"
    if band == "air":
        return f"{band} (above {low / 1000:g} kHz)"
    return f"{band} ({low:.0f} to {high:.0f} Hz)" if high <= 1000 else f"{band} ({low / 1000:g} to {high / 1000:g} kHz)"


def _hum(m: Measurements, wet: float | None) -> Finding:
    if m.hum_hz is None or m.hum_dbfs is None:
        return Finding("hum", "none", "There is no mains hum.")
    under = m.rms_dbfs - m.hum_dbfs
    severity = _grade(under, 55, 40, 25)
    lines = ", ".join(f"{hz:.0f}" for hz in m.hum_lines_hz[:3])
    text = f"Mains hum of {m.hum_hz:.0f} Hz ({lines} Hz) lies {under:.0f} dB under the music."
    act = _act(wet, "lower it", "lower it a little") if severity != "none" else ""
    return Finding("hum", severity, text + act)


def _clipping(m: Measurements) -> Finding:
    if not m.clipped_runs_count or m.clip_ceiling_dbfs is None:
        return Finding("clipping", "none", "Nothing is clipped.")
    severity = _grade(m.clipped_share, 0, 1e-4, 2e-3)
    times = "once" if m.clipped_runs_count == 1 else f"{m.clipped_runs_count:,} times"
    percent = 100 * m.clipped_share
    share = f"{percent:.0f} % of the time" if percent >= 1 else f"{percent:.1g} % of the time"
    if m.clipped_share < 1e-4:
        share = "very short"
    text = f"The sound hits the ceiling at {minus(m.clip_ceiling_dbfs)} dBFS {times} ({share})."
    advice = "" if severity == "slight" else " enhance cannot bring back what was cut off: record with less gain."
    return Finding("clipping", severity, text + advice)


def _bandwidth(m: Measurements) -> Finding:
    if m.bandwidth_hz < 20:
        return Finding("bandwidth", "none", "The bandwidth cannot be told.")
    khz = f"{m.bandwidth_hz / 1000:.1f} kHz"
    severity = _grade(m.bandwidth_hz, 13_000, 8_500, 4_500) if m.bandwidth_cut else "none"
    if severity == "none":
        return Finding("bandwidth", severity, f"There is content up to {khz}.")
    cause = "the sample rate" if m.bandwidth_hz > 0.9 * m.sample_rate_hz / 2 else "a codec or a filter"
    text = f"The sound ends at {khz}, cut by {cause}. enhance adds nothing above."
    return Finding("bandwidth", severity, text)


def _level(m: Measurements) -> Finding:
    loud = m.loudness_lufs if m.loudness_lufs is not None else m.rms_dbfs
    unit = "LUFS" if m.loudness_lufs is not None else "dBFS"
    if m.peak_dbfs > 0.01:
        text = f"The peak is {minus(m.peak_dbfs)} dBFS, above full scale: lower the level before saving as integers."
        return Finding("level", "clear", text)
    if m.digital_silence_share > 0.2:
        return Finding("level", "slight", f"{100 * m.digital_silence_share:.0f} % of the file is digital silence.")
    if m.peak_dbfs < -30:
        text = f"The level is low: {minus(m.peak_dbfs)} dBFS peak."
        return Finding("level", _grade(m.peak_dbfs, -30, -42, -60), text)
    return Finding("level", "none", f"The level is fine: {minus(loud)} {unit}, {minus(m.peak_dbfs)} dBFS peak.")


def _channels(m: Measurements) -> Finding:
    if m.dead_channel_numbers:
        dead = " and ".join(str(number) for number in m.dead_channel_numbers)
        plural = len(m.dead_channel_numbers) > 1
        text = f"Channel{'s' if plural else ''} {dead} {'are' if plural else 'is'} empty while others play."
        return Finding("channels", "clear", text)
    if m.channels == 1:
        return Finding("channels", "none", "The file is mono.")
    if m.channels_equal:
        return Finding("channels", "none", "All channels hold the same: the file is mono in several channels.")
    if m.channel_correlation is not None and m.channel_correlation < -0.5:
        value = minus(m.channel_correlation, 2)
        text = f"The two channels are nearly opposite (correlation {value}): one has its polarity turned."
        return Finding("channels", "clear", text)
    number = "" if m.channel_correlation is None else f", their correlation is {minus(m.channel_correlation, 2)}"
    return Finding("channels", "none", f"{m.channels} channels{number}.")


def _offset(m: Measurements) -> Finding:
    severity = _grade(abs(m.dc_offset_share), 0.003, 0.02, 0.1)
    if severity == "none":
        return Finding("offset", severity, "There is no direct current in the signal.")
    text = f"The signal is shifted by {100 * m.dc_offset_share:.1f} % of full scale (direct current)."
    return Finding("offset", severity, text)
