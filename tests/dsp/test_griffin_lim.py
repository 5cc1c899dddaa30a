import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from goodtake.dsp import griffin_lim
from goodtake.dsp.griffin_lim import magnitude_to_wave, spectral_convergence
from goodtake.dsp.stft import FrameGrid, stft
from goodtake.errors import ConfigError

GRID = FrameGrid()
RATE = 16000


def melody(seconds: float = 2.0) -> np.ndarray:
    """Plucked harmonic tones over a little noise, (time,)."""
    rng = np.random.default_rng(5)
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 1e-4 * rng.standard_normal(time.size)
    for onset in np.arange(0, seconds, 0.4):
        since = np.clip(time - onset, 0, None)
        pitch = 110 * 2 ** (rng.integers(0, 24) / 12)
        for partial in range(1, 12):
            wave += (time >= onset) * 0.2 / partial * np.exp(-3 * since) * np.sin(2 * np.pi * pitch * partial * since)
    return wave.astype(np.float32)


def solve(magnitude, length, seed=0, grid=GRID, **options):
    return magnitude_to_wave(magnitude, grid, length, np.random.default_rng(seed), **options)


@pytest.fixture(scope="module")
def music():
    wave = melody()
    return wave, np.abs(stft(wave, GRID))


def test_the_error_falls_with_iterations_and_with_momentum(music):
    wave, magnitude = music
    errors = [spectral_convergence(solve(magnitude, wave.size, iterations=n), magnitude, GRID) for n in (1, 5, 25, 100)]
    assert all(later < 0.7 * earlier for earlier, later in pairwise(errors)), errors
    plain = spectral_convergence(solve(magnitude, wave.size, momentum=0.0), magnitude, GRID)
    assert errors[-1] < 0.75 * plain


def test_a_signals_magnitudes_are_nearly_reproduced(music):
    wave, magnitude = music
    rebuilt = solve(magnitude, wave.size)
    assert rebuilt.dtype == np.float32
    assert spectral_convergence(rebuilt, magnitude, GRID) < 0.06
    assert np.linalg.norm(rebuilt) == pytest.approx(np.linalg.norm(wave), rel=0.02)


def test_the_signals_own_phase_is_a_fixed_point(music):
    wave, magnitude = music
    own = np.ascontiguousarray(np.angle(stft(wave, GRID)).T) / (2 * np.pi)

    class OwnPhase:
        def random(self, shape, dtype):
            return own.astype(dtype)

    rebuilt = magnitude_to_wave(magnitude, GRID, wave.size, OwnPhase(), iterations=20)
    np.testing.assert_allclose(rebuilt, wave, atol=1e-4)


def test_a_tone_keeps_its_pitch_and_level():
    tone = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
    rebuilt = solve(np.abs(stft(tone, GRID)), tone.size)
    spectrum = np.abs(np.fft.rfft(rebuilt * np.hanning(tone.size)))
    assert spectrum.argmax() == 440
    assert spectrum[440] == pytest.approx(0.25 * tone.size / 2, rel=0.05)


@pytest.mark.parametrize("length", [1, 100, 255, 256, 257, 1023, 4999])
@pytest.mark.parametrize("grid", [GRID, FrameGrid(1000, 300), FrameGrid(512, 256)])
def test_any_length_comes_out_as_asked(length, grid):
    wave = np.random.default_rng(length).standard_normal((2, length)).astype(np.float32)
    magnitude = np.abs(stft(wave, grid))
    rebuilt = solve(magnitude, length, grid=grid, iterations=10)
    assert rebuilt.shape == (2, length)
    assert np.isfinite(rebuilt).all()
    assert np.abs(rebuilt).max() < 10
    assert spectral_convergence(rebuilt, magnitude, grid) < 0.8


def test_silence_stays_silence():
    assert not solve(np.zeros((GRID.n_bins, 40), np.float32), 39 * 256).any()


def test_the_seed_decides_the_phase(music):
    wave, magnitude = music
    first, again, other = (solve(magnitude, wave.size, seed, iterations=5) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert np.abs(first - other).max() > 0.05


def test_channels_are_solved_one_by_one_and_stay_in_order(music):
    wave, magnitude = music
    both = solve(np.stack([magnitude, 0.1 * magnitude[:, ::-1]])[None], wave.size, iterations=5)
    assert both.shape == (1, 2, wave.size)
    np.testing.assert_array_equal(both[0, 0], solve(magnitude, wave.size, iterations=5))
    assert np.linalg.norm(both[0, 1]) == pytest.approx(0.1 * np.linalg.norm(both[0, 0]), rel=0.2)


def test_segments_join_without_a_seam(monkeypatch):
    time = np.arange(8 * RATE) / RATE
    tones = sum(0.2 * np.sin(2 * np.pi * pitch * time) for pitch in (220, 554.3, 1318.5)).astype(np.float32)
    magnitude = np.abs(stft(tones, GRID))
    whole = spectral_convergence(solve(magnitude, tones.size), magnitude, GRID)
    monkeypatch.setattr(griffin_lim, "SEGMENT_FRAMES", 100)
    rebuilt = solve(magnitude, tones.size)
    error = np.linalg.norm(np.abs(stft(rebuilt, GRID)) - magnitude, axis=0) / np.linalg.norm(magnitude, axis=0)
    assert np.sqrt((error**2).mean()) < 1.3 * whole
    assert error[5:-5].max() < 0.3  # a phase that breaks at a seam cancels whole partials


def test_what_is_solved_does_not_depend_on_what_follows_much_later(monkeypatch):
    monkeypatch.setattr(griffin_lim, "SEGMENT_FRAMES", 64)
    wave = melody(4.0)
    magnitude = np.abs(stft(wave, GRID))
    short = solve(magnitude[:, :201], 200 * 256, iterations=5)
    whole = solve(magnitude, wave.size, iterations=5)
    np.testing.assert_array_equal(whole[: 100 * 256], short[: 100 * 256])


def test_memory_beyond_input_and_output_does_not_grow(monkeypatch):
    monkeypatch.setattr(griffin_lim, "SEGMENT_FRAMES", 128)

    def extra(n_frames: int) -> float:
        magnitude = np.ones((GRID.n_bins, n_frames), np.float32)
        length = (n_frames - 1) * 256
        tracemalloc.start()
        solve(magnitude, length, iterations=1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - 3 * 4 * length - magnitude.size  # padded signal, result and its copy; a mask of finite values

    assert extra(4000) < 1.2 * extra(1000)


@pytest.mark.parametrize(
    ("magnitude", "length", "options", "message"),
    [
        (np.ones((512, 5)), 1024, {}, "need \\(..., 513, 5\\)"),
        (np.ones((513, 5)), 2048, {}, "need \\(..., 513, 9\\)"),
        (-np.ones((513, 5)), 1024, {}, "negative"),
        (np.full((513, 5), np.nan), 1024, {}, "NaN"),
        (np.ones((513, 5)), 1024, {"iterations": 0}, "give 1 or more"),
        (np.ones((513, 5)), 1024, {"momentum": 1.0}, "less than 1"),
    ],
)
def test_what_cannot_be_solved_is_an_error(magnitude, length, options, message):
    with pytest.raises(ConfigError, match=message):
        solve(magnitude, length, **options)


def test_a_hop_beyond_half_a_window_is_an_error():
    with pytest.raises(ConfigError, match="half a window"):
        solve(np.ones((513, 2)), 700, grid=FrameGrid(1024, 600))
