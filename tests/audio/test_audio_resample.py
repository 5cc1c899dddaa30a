import numpy as np
import pytest

from goodtake.audio import Resampler, resample_clip
from goodtake.audio.resample import output_length

PAIRS = [
    (44_100, 48_000),
    (48_000, 44_100),
    (44_100, 16_000),
    (16_000, 44_100),
    (192_000, 8_000),
    (8_000, 192_000),
    (44_100, 44_100),
]


@pytest.mark.parametrize(("from_rate", "to_rate"), PAIRS)
@pytest.mark.parametrize("frames", [1, 2, 3, 100, 4409, 44_101])
def test_the_length_is_the_contract(from_rate, to_rate, frames):
    wave = np.random.default_rng(0).standard_normal((2, frames)).astype(np.float32)
    wanted = int(np.floor(frames * to_rate / from_rate + 0.5))
    assert resample_clip(wave, from_rate, to_rate).shape == (2, wanted)
    assert output_length(frames, from_rate, to_rate) == wanted


@pytest.mark.parametrize("size", [1, 37, 1000, 8191])
def test_blocks_do_not_matter(size):
    wave = np.random.default_rng(0).standard_normal((2, 20_001)).astype(np.float32)[:, : 20_001 if size > 1 else 999]
    whole = resample_clip(wave, 44_100, 16_000)
    stream = Resampler(2, 44_100, 16_000)
    parts = [stream.process(wave[:, start : start + size]) for start in range(0, wave.shape[1], size)]
    parts.append(stream.process(np.zeros((2, 0), np.float32), last=True))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 16_000), (16_000, 48_000)])
def test_a_tone_keeps_pitch_level_and_place(from_rate, to_rate):
    tone = np.sin(2 * np.pi * 1000 * np.arange(from_rate) / from_rate)[None].astype(np.float32)
    expected = np.sin(2 * np.pi * 1000 * np.arange(to_rate) / to_rate)
    np.testing.assert_allclose(resample_clip(tone, from_rate, to_rate)[0, 500:-500], expected[500:-500], atol=1e-4)


def test_what_the_lower_rate_cannot_hold_is_gone():
    tone = np.sin(2 * np.pi * 10_000 * np.arange(44_100) / 44_100)[None].astype(np.float32)
    assert np.abs(resample_clip(tone, 44_100, 16_000)[0, 200:-200]).max() < 1e-4


def test_equal_rates_change_nothing():
    wave = np.random.default_rng(0).standard_normal((3, 500)).astype(np.float32)
    np.testing.assert_array_equal(Resampler(3, 48_000, 48_000).process(wave, last=True), wave)


def test_float64_stays_float64():
    assert resample_clip(np.zeros((1, 441)), 44_100, 48_000).dtype == np.float64
    assert resample_clip(np.zeros((1, 441), np.float32), 44_100, 48_000).dtype == np.float32


def test_wrong_use_is_told():
    with pytest.raises(ValueError, match="for 2 channels"):
        Resampler(2, 44_100, 48_000).process(np.zeros((1, 10)))
    with pytest.raises(ValueError, match="0 channels"):
        Resampler(0, 44_100, 48_000)
