"""Streams of frames, hearing, level: block sizes leave no trace, and each part does what it says."""

import numpy as np
import pytest

from goodtake.dsp.stft import FrameGrid, stft
from goodtake.enhancement.frames import FrameAnalyser, FrameSynthesiser
from goodtake.enhancement.level import CEILING, Leveller, matching_gain


def cut(wave, sizes):
    at = 0
    for size in sizes:
        yield wave[:, at : at + size]
        at += size
    yield wave[:, at:]


@pytest.mark.parametrize("grid", [FrameGrid(), FrameGrid(2816, 704)])
@pytest.mark.parametrize("length", [1, 500, 704, 5000, 20_011])
@pytest.mark.parametrize("sizes", [[], [1, 1, 300, 4000], [0, 7, 0, 9000]])
def test_streamed_frames_are_those_of_the_whole_and_lead_back_to_it(grid, length, sizes):
    wave = np.random.default_rng(1).standard_normal((2, length)).astype(np.float32)
    analyser, synthesiser = FrameAnalyser(grid, 2), FrameSynthesiser(grid, 2)
    frames = [analyser.feed(block) for block in cut(wave, sizes)] + [analyser.flush()]
    joined = np.concatenate(frames, axis=-1)
    np.testing.assert_allclose(joined, stft(wave, grid), atol=1e-3)
    out = [synthesiser.feed(spectrum) for spectrum in frames]
    done = sum(block.shape[1] for block in out)
    out = np.concatenate([*out, synthesiser.flush(max(0, length - done))], axis=1)[:, :length]
    np.testing.assert_allclose(out, wave, atol=1e-4)


def test_matching_gain_undoes_a_difference_and_leaves_silence_alone():
    assert matching_gain(-20.0, -26.0) == pytest.approx(10 ** (6 / 20))
    assert matching_gain(-float("inf"), -26.0) == matching_gain(-20.0, -float("inf")) == 1.0


@pytest.mark.parametrize("sizes", [[], [100, 3000, 1], [44_100] * 2])
def test_leveller_keeps_peaks_below_the_ceiling_and_everything_else_as_it_was(sizes):
    rng = np.random.default_rng(2)
    wave = 0.2 * rng.standard_normal((2, 3 * 44_100)).astype(np.float32).clip(-3, 3)
    wave[0, 60_000:60_040] = 1.4
    leveller = Leveller(1.2, 44_100, 2)
    out = np.concatenate([*(leveller.feed(block) for block in cut(wave, sizes)), leveller.flush()], axis=1)
    assert out.shape == wave.shape
    assert np.abs(out).max() <= CEILING + 1e-6
    assert out[0, 60_020] == pytest.approx(CEILING, rel=0.01)
    quiet = np.r_[0:50_000, 70_000 : wave.shape[1]]
    np.testing.assert_array_equal(out[:, quiet], wave[:, quiet] * np.float32(1.2))


def test_leveller_without_a_ceiling_only_multiplies():
    wave = np.full((1, 5000), 2.0, np.float32)
    leveller = Leveller(1.5, 44_100, 1, ceiling=None)
    np.testing.assert_array_equal(np.concatenate([leveller.feed(wave), leveller.flush()], axis=1), 1.5 * wave)


def test_leveller_cuts_leave_no_trace():
    wave = np.random.default_rng(3).standard_normal((1, 30_000)).astype(np.float32)
    whole, parts = Leveller(1.0, 16_000, 1), Leveller(1.0, 16_000, 1)
    one = np.concatenate([whole.feed(wave), whole.flush()], axis=1)
    other = np.concatenate([*(parts.feed(block) for block in cut(wave, [17] * 900)), parts.flush()], axis=1)
    np.testing.assert_allclose(one, other, atol=1e-6)
