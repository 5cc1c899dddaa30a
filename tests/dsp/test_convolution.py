"""Convolution against scipy, its alignment, and the FFT sizes."""

import numpy as np
import pytest
from scipy import fft, signal

from goodtake.dsp import convolution
from goodtake.dsp.convolution import convolve, next_fast_len
from goodtake.errors import ConfigError


def test_fast_lengths_are_the_smallest_even_smooth_ones() -> None:
    def smooth(number: int) -> bool:
        for factor in (2, 3, 5):
            while number % factor == 0:
                number //= factor
        return number == 1

    for length in [*range(1, 400), 1021, 44101, 131073]:
        found = next_fast_len(length)
        wanted = next(n for n in range(max(length, 2), 10**7) if n % 2 == 0 and smooth(n))
        assert found == wanted
    assert next_fast_len(100003) <= 2 * fft.next_fast_len(50002, real=True)


@pytest.mark.parametrize(
    ("time", "taps", "origin"), [(1, 1, 0), (5, 9, 8), (1000, 1, 0), (1021, 333, 40), (40, 997, 7)]
)
def test_equals_scipy(time: int, taps: int, origin: int) -> None:
    rng = np.random.default_rng(time)
    wave, rir = rng.standard_normal((2, time)), rng.standard_normal((2, taps))
    wanted = np.stack([signal.convolve(w, r) for w, r in zip(wave, rir, strict=True)])[:, origin : origin + time]
    out = convolve(wave, rir, origin)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, wanted, atol=1e-5 * np.sqrt(taps))


def test_blocks_equal_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    wave, rir = rng.standard_normal((2, 50_001)).astype(np.float32), rng.standard_normal(700).astype(np.float32)
    whole = convolve(wave, rir, 40)
    monkeypatch.setattr(convolution, "_LONGEST_FFT", 1 << 12)
    np.testing.assert_allclose(convolve(wave, rir, 40), whole, atol=2e-4)


def test_direct_path_at_the_origin_keeps_the_clip_in_place() -> None:
    wave = np.random.default_rng(1).standard_normal((3, 1, 500)).astype(np.float32)
    rir = np.zeros((3, 1, 64), np.float32)
    rir[..., 40] = 1
    np.testing.assert_allclose(convolve(wave, rir, 40), wave, atol=1e-5)


def test_origin_must_lie_in_the_response() -> None:
    with pytest.raises(ConfigError, match="origin is 5"):
        convolve(np.ones(10), np.ones(5), 5)
