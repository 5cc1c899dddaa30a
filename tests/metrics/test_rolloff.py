"""Spectral roll-off: tones of known roll-off, and librosa as the independent implementation."""

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from real_clips import real_clips

from goodtake.errors import ConfigError
from goodtake.metrics import rolloff_error_cents, rolloff_errors_cents, rolloff_histogram
from goodtake.metrics.rolloff import HISTOGRAM_CENTS, _frame_rms, rolloff_grid, rolloff_hz

BIN_HZ = 7.8125


def tone(hz: float, sample_rate: int = RATE, seconds: float = 2.0) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
def test_tones_have_their_roll_off_at_every_rate(sample_rate: int) -> None:
    grid = rolloff_grid(sample_rate)
    assert grid.hop_length / sample_rate == pytest.approx(0.032, rel=0.005)
    one, two = tone(1000, sample_rate), tone(1000, sample_rate) + tone(4000, sample_rate)
    found = rolloff_hz(np.stack([one, two]), sample_rate=sample_rate)[0]
    # A Hann window spreads a tone over three bins, so the last of them holds the 98 %.
    np.testing.assert_allclose(found[:, 3:-3].T, [[1000, 4000]] * (found.shape[1] - 6), atol=2 * BIN_HZ)
    errors = rolloff_errors_cents(two, one, sample_rate)[3:-3]
    np.testing.assert_allclose(errors, 2400, atol=30)
    np.testing.assert_allclose(rolloff_errors_cents(one, two, sample_rate)[3:-3], -2400, atol=30)
    assert rolloff_error_cents(one, two, sample_rate) == pytest.approx(2400, rel=0.1)


def test_two_percent_of_the_energy_may_lie_above() -> None:
    for share, wanted in ((0.015, 1000), (0.025, 4000)):
        both = np.sqrt(1 - share) * tone(1000) + np.sqrt(share) * tone(4000)
        assert np.median(rolloff_hz(both[None], sample_rate=RATE)[0]) == pytest.approx(wanted, abs=2 * BIN_HZ)


def test_quiet_frames_of_the_reference_are_left_out() -> None:
    loud, quiet = 10 ** (-39.5 / 20), 10 ** (-40.5 / 20)
    white = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    reference = white * np.repeat(np.array([quiet, loud, quiet, loud], np.float32), RATE)
    frames = rolloff_errors_cents(white, reference, RATE).size
    assert frames == pytest.approx(2 * RATE / 512, abs=6)
    # What the estimate does there does not count.
    estimate = white.copy()
    estimate[: RATE - 2048] = np.sin(np.arange(RATE - 2048))
    assert rolloff_error_cents(estimate, reference, RATE) == pytest.approx(
        rolloff_error_cents(white, reference, RATE), abs=1e-3
    )
    with pytest.raises(ConfigError, match="no frame of the reference reaches -40 dBFS"):
        rolloff_error_cents(white, quiet * white, RATE)


def test_an_estimate_that_falls_silent_is_one_bin_high() -> None:
    reference, estimate = tone(1000), tone(1000)
    estimate[RATE:] = 0
    errors = rolloff_errors_cents(estimate, reference, RATE)
    np.testing.assert_allclose(errors[-20:-5], 1200 * np.log2(1 / 129), atol=1e-6)


def test_histogram_counts_every_frame_and_knows_the_sign() -> None:
    assert np.all(np.diff(HISTOGRAM_CENTS) == 100)
    counts = rolloff_histogram(np.array([0.0, 49, -49, 51, 120, -1e5, 1e5]))
    centre = len(HISTOGRAM_CENTS) // 2 - 1
    assert counts.sum() == 7
    assert (counts[centre], counts[centre + 1], counts[0], counts[-1]) == (3, 2, 1, 1)
    assert HISTOGRAM_CENTS[centre] + HISTOGRAM_CENTS[centre + 1] == 0


@pytest.mark.parametrize("exponent", [1, 2])
@pytest.mark.parametrize("sample_rate", [16000, 44100])
def test_it_equals_librosas(exponent: int, sample_rate: int) -> None:
    librosa = pytest.importorskip("librosa")
    grid = rolloff_grid(sample_rate)
    for wave in (music(2, sample_rate), noise_at(music(2, sample_rate), 0), *real_clips(sample_rate, 20)):
        spectrum = np.abs(librosa.stft(wave, n_fft=grid.n_fft, hop_length=grid.hop_length)) ** exponent
        spectrum = spectrum.astype(np.float64)  # so that the sums are as exact as ours
        wanted = librosa.feature.spectral_rolloff(S=spectrum, sr=sample_rate, n_fft=grid.n_fft, roll_percent=0.98)[0]
        found = rolloff_hz(wave[None], sample_rate=sample_rate, exponent=exponent)[0][0]
        off = np.abs(found - np.maximum(wanted, sample_rate / grid.n_fft)) / (sample_rate / grid.n_fft)
        # Two float32 transforms may fall one bin apart where 98 % lies on a bin's edge.
        assert off.max() < 1.01
        assert np.mean(off > 0.01) < 0.02
        np.testing.assert_allclose(
            _frame_rms(wave[None], grid)[0],
            librosa.feature.rms(y=wave, frame_length=grid.n_fft, hop_length=grid.hop_length)[0],
            atol=1e-6,
        )
