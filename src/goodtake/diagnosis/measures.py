"""All measures of a take in one pass over its blocks and its spectrogram, in bounded memory.

`Measures` is fed by whoever reads the file; `Measurements` is what it says in the end. Three minutes of 44.1 kHz stereo
cost 0.3 s of one core, and 0.35 s more each for loudness and true peak, which is why those two can be left out.
"""

import math
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.measure_blocks import SILENCE_DB
from goodtake.diagnosis.measure_hum import HumMeasure
from goodtake.diagnosis.measure_spectrum import SpectrumMeasure, Thumbnail
from goodtake.diagnosis.measure_wave import WaveMeasure
from goodtake.diagnosis.typical_music import band_deviation_db, tilt_db_per_octave
from goodtake.dsp.loudness import LoudnessMeter, TruePeakMeter
from goodtake.dsp.stft import Wave


@dataclass(frozen=True)
class Measurements:
    """What the classical measures say of a take. "dBFS" has a full-scale square wave at 0 dB.

    Args:
        sample_rate_hz: of the file.
        channels: number of channels.
        duration_s: length.
        peak_dbfs: highest absolute sample.
        true_peak_dbtp: highest level between the samples (ITU-R BS.1770), None where not measured.
        loudness_lufs: integrated loudness, None where not measured or nothing is loud enough.
        rms_dbfs: mean level.
        dc_offset_share: largest mean of a channel, full scale = 1.
        clipped_runs_count: number of clipped stretches.
        clipped_share: share of samples in them.
        clip_ceiling_dbfs: level that the file is clipped at, None where it is not.
        digital_silence_share: share of time with nothing but zeros.
        channel_rms_dbfs: mean level of each channel.
        channel_correlation: of the first two channels, None for mono.
        channels_equal: whether several channels hold the same samples.
        dead_channel_numbers: channels, from 1, that hold nothing while others play.
        noise_floor_dbfs: level of what sounds steadily.
        snr_db: level of the rest against it, None for silence.
        hum_hz: 50 or 60 where there is mains hum, else None.
        hum_dbfs: its level, None where there is none.
        hum_lines_hz: the lines it was found by.
        bandwidth_hz: highest frequency with content.
        bandwidth_cut: whether a filter, a codec or the sample rate ends it there.
        decay_s: time in which sound decays by 60 dB, None where no decay is heard.
        tilt_db_per_octave: slope of the third-octave levels from 100 Hz to 8 kHz, None for silence.
        band_deviation_db: how far sub, bass, low mids, mids, presence and air lie from typical music, whole level
            removed; None for a band without content.
        curve_hz: centres of the third-octave bands of the next two.
        spectrum_dbfs: long-term level.
        floor_dbfs: level of the steady noise.
        level_dbfs: level over time.
        level_step_s: time between two of those.
        thumbnail: a small spectrogram, not part of the JSON.
    """

    sample_rate_hz: int
    channels: int
    duration_s: float
    peak_dbfs: float
    true_peak_dbtp: float | None
    loudness_lufs: float | None
    rms_dbfs: float
    dc_offset_share: float
    clipped_runs_count: int
    clipped_share: float
    clip_ceiling_dbfs: float | None
    digital_silence_share: float
    channel_rms_dbfs: tuple[float, ...]
    channel_correlation: float | None
    channels_equal: bool
    dead_channel_numbers: tuple[int, ...]
    noise_floor_dbfs: float
    snr_db: float | None
    hum_hz: float | None
    hum_dbfs: float | None
    hum_lines_hz: tuple[float, ...]
    bandwidth_hz: float
    bandwidth_cut: bool
    decay_s: float | None
    tilt_db_per_octave: float | None
    band_deviation_db: tuple[float | None, ...]
    curve_hz: tuple[float, ...]
    spectrum_dbfs: tuple[float, ...]
    floor_dbfs: tuple[float, ...]
    level_dbfs: tuple[float, ...]
    level_step_s: float
    thumbnail: Thumbnail | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Returns all fields but the thumbnail, rounded to four digits behind the point, ready for JSON."""
        return {f.name: _rounded(getattr(self, f.name)) for f in fields(self) if f.name != "thumbnail"}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Measurements":
        """Returns what `to_dict` wrote."""
        fixed: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in values.items()}
        return cls(**fixed)


class Measures:
    """Measures a take.

    Args:
        sample_rate: Hz.
        channels: of every block.
        loudness: measure loudness too.
        true_peak: measure the true peak too.
    """

    def __init__(self, sample_rate: int, channels: int, *, loudness: bool = True, true_peak: bool = False) -> None:
        self.sample_rate, self.channels = sample_rate, channels
        self._wave = WaveMeasure(sample_rate, channels)
        self._hum = HumMeasure(sample_rate)
        self._spectrum = SpectrumMeasure(sample_rate)
        weights = None if channels <= 8 else (1.0,) * channels
        self._loudness = LoudnessMeter(sample_rate, channels, weights) if loudness else None
        self._true_peak = TruePeakMeter(sample_rate, channels) if true_peak else None

    def update(self, block: Wave) -> None:
        """Takes the next samples, (channel, n), n being any number."""
        if not block.shape[-1]:
            return
        self._wave.update(block)
        self._hum.update(block[0] if self.channels == 1 else block.mean(0))
        if self._loudness:
            self._loudness.update(block)
        if self._true_peak:
            self._true_peak.update(block)

    def update_spectrum(self, power: NDArray[np.floating]) -> None:
        """Takes the next frames of |STFT| squared on the native grid (`FrameGrid.for_rate`), unnormalised.

        Shape:
            (channel, n_bins, frame), any number of frames
        """
        if power.shape[-1]:
            self._spectrum.update(power)

    def result(self) -> Measurements:
        """Returns the measures; the take has ended."""
        wave, hum = self._wave.result(), self._hum.result()
        spectrum, thumbnail = self._spectrum.result()
        loudness = self._loudness.integrated() if self._loudness else None
        true_peak = self._true_peak.peak_db() if self._true_peak else None
        curve = np.array(spectrum.spectrum_dbfs)
        return Measurements(
            sample_rate_hz=self.sample_rate,
            channels=self.channels,
            duration_s=wave.samples / self.sample_rate,
            peak_dbfs=wave.peak_dbfs,
            true_peak_dbtp=None if true_peak is None else max(float(true_peak), SILENCE_DB),
            loudness_lufs=loudness if loudness is not None and math.isfinite(loudness) else None,
            rms_dbfs=wave.rms_dbfs,
            dc_offset_share=wave.dc_offset,
            clipped_runs_count=wave.clipped_runs,
            clipped_share=wave.clipped_share,
            clip_ceiling_dbfs=wave.clip_ceiling_dbfs,
            digital_silence_share=wave.digital_silence_share,
            channel_rms_dbfs=wave.channel_rms_dbfs,
            channel_correlation=wave.channel_correlation,
            channels_equal=wave.channels_equal,
            dead_channel_numbers=wave.dead_channels,
            noise_floor_dbfs=spectrum.noise_floor_dbfs,
            snr_db=spectrum.snr_db,
            hum_hz=hum.hum_hz,
            hum_dbfs=hum.hum_dbfs,
            hum_lines_hz=hum.hum_lines_hz,
            bandwidth_hz=spectrum.bandwidth_hz,
            bandwidth_cut=spectrum.bandwidth_cut,
            decay_s=spectrum.decay_s,
            tilt_db_per_octave=tilt_db_per_octave(curve),
            band_deviation_db=band_deviation_db(curve, spectrum.bandwidth_hz),
            curve_hz=spectrum.curve_hz,
            spectrum_dbfs=spectrum.spectrum_dbfs,
            floor_dbfs=spectrum.floor_dbfs,
            level_dbfs=wave.level_dbfs,
            level_step_s=wave.level_step_s,
            thumbnail=thumbnail,
        )


def _rounded(value: Any) -> Any:
    """Rounds floats, in tuples too, and turns tuples into lists."""
    if isinstance(value, float):
        return round(value, 4)
    return [_rounded(item) for item in value] if isinstance(value, tuple) else value
