import numpy as np
import pytest

from goodtake.dsp.stft import FrameGrid, hann, istft, overlap_add, stft
from goodtake.errors import ConfigError


@pytest.mark.parametrize("length", [1, 255, 257, 1024, 5003, 16000])
@pytest.mark.parametrize("grid", [FrameGrid(), FrameGrid(2816, 704), FrameGrid(1000, 300)])
def test_reconstruction_is_perfect(length, grid):
    wave = np.random.default_rng(length).standard_normal((2, length)).astype(np.float32)
    frames = stft(wave, grid)
    assert frames.shape == (2, grid.n_bins, grid.n_frames(length))
    usable = min(length, (frames.shape[-1] - 1) * grid.hop_length + grid.hop_length // 2)
    np.testing.assert_allclose(istft(frames, grid, length)[:, :usable], wave[:, :usable], atol=2e-5)


def test_a_tone_peaks_in_its_bin_with_the_height_of_the_window_sum():
    grid = FrameGrid(1024, 256)
    tone = np.cos(2 * np.pi * 40 / 1024 * np.arange(8192)).astype(np.float32)
    column = np.abs(stft(tone, grid))[:, 16]
    assert column.argmax() == 40
    assert column[40] == pytest.approx(hann(1024).sum() / 2, rel=1e-4)


def test_frame_m_is_centred_on_sample_m_times_hop():
    grid = FrameGrid(1024, 256)
    click = np.zeros(4096, np.float32)
    click[5 * 256] = 1
    energy = (np.abs(stft(click, grid)) ** 2).sum(0)
    assert energy.argmax() == 5


@pytest.mark.parametrize("sample_rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192000])
def test_the_grid_is_64_ms_at_every_rate(sample_rate):
    grid = FrameGrid.for_rate(sample_rate)
    assert grid.n_fft == 4 * grid.hop_length
    assert grid.n_fft / sample_rate == pytest.approx(0.064, rel=0.005)


def test_overlap_add_puts_frames_at_their_hop():
    frames = np.ones((1, 3, 5), np.float32)
    np.testing.assert_array_equal(overlap_add(frames, 2)[0], [1, 1, 2, 2, 3, 2, 2, 1, 1])


def test_a_short_signal_without_centring_is_an_error():
    with pytest.raises(ConfigError, match="shorter than one window"):
        stft(np.zeros(10, np.float32), FrameGrid(), centred=False)
