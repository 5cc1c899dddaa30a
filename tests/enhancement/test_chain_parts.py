"""Parts of a chain: windows, the way to 16 kHz and back, noise by place, mel frames."""

import numpy as np
import pytest
from enhance_cases import melody

from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.dsp.stft import stft
from goodtake.enhancement.chain.carry import MAX_HIGH_GAIN, Carrier
from goodtake.enhancement.chain.mels import MelStream, mean_square
from goodtake.enhancement.chain.noise import BLOCK, noise_at
from goodtake.enhancement.chain.settings import ChainSettings, WaveSizes
from goodtake.enhancement.chain.windows import ContextChunks, FadedWindows, window_starts
from goodtake.enhancement.engine import TakeShape
from goodtake.errors import ConfigError
from goodtake.models.unet import WaveUNetConfig


def cut(wave, sizes):
    at = 0
    for size in sizes:
        yield wave[..., at : at + size]
        at += size
    yield wave[..., at:]


def faded(values, window, overlap, run, sizes):
    windows = FadedWindows(values.shape[-1], window, overlap, run)
    return np.concatenate([out for block in cut(values, sizes) for out in windows.feed(block)], axis=-1)


@pytest.mark.parametrize("total", [1, 99, 100, 101, 180, 181, 333, 1000])
def test_windows_cover_the_stream_and_overlap_enough(total):
    starts = window_starts(total, 100, 20)
    assert starts[0] == 0
    if total > 100:
        assert starts[-1] + 100 == total
        assert max(np.diff(starts)) <= 80
    else:
        assert starts == [0]


@pytest.mark.parametrize("total", [1, 100, 101, 333, 1000])
@pytest.mark.parametrize("sizes", [[], [1, 0, 7, 150, 3]])
def test_windows_that_change_nothing_give_the_stream_back(total, sizes):
    values = np.random.default_rng(total).standard_normal((3, total)).astype(np.float32)
    np.testing.assert_allclose(faded(values, 100, 20, np.copy, sizes), values, atol=1e-6)


def test_windows_that_disagree_are_joined_without_a_jump():
    answers = iter(range(10))
    run = lambda heard: np.full_like(heard, next(answers))  # noqa: E731
    out = faded(np.zeros((1, 1000), np.float32), 200, 100, run, [])[0]
    assert out[0] == 0
    assert out[-1] == 8
    steps = np.diff(out)
    assert steps.max() < 0.03  # 50 frames for each fade
    assert steps.min() >= 0


@pytest.mark.parametrize("length", [1, 16, 17, 100])
@pytest.mark.parametrize("sizes", [[], [1, 1, 30], [0, 40]])
def test_chunks_have_their_context_and_leave_nothing_out(length, sizes):
    values = np.arange(length)[None]
    chunks = ContextChunks(chunk=16, context=5)
    found = [chunk for block in cut(values, sizes) for chunk in chunks.feed(block, 2 * block)] + [*chunks.flush()]
    made = []
    for (heard, doubled), inside, first in found:
        np.testing.assert_array_equal(2 * heard, doubled)
        assert heard[0, 0] == first
        assert inside.start == min(5, heard[0, inside.start])
        assert heard.shape[1] - inside.stop == min(5, length - 1 - heard[0, inside.stop - 1])
        made.append(heard[0, inside])
    np.testing.assert_array_equal(np.concatenate(made), values[0])


def carried(wave, rate, change=lambda low: low, keep_high=True, sizes=(), gain=0.7):
    carrier = Carrier(TakeShape(rate, wave.shape[0], wave.shape[1]), 16_000, gain, keep_high)
    out = [carrier.up(change(carrier.down(block))) for block in cut(wave, sizes)]
    nothing = wave[:, :0]
    out += [carrier.up(change(carrier.down(nothing, last=True))), carrier.up(nothing, last=True)]
    return np.concatenate(out, axis=1)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("length", [1, 2, 3001, 30_011])
@pytest.mark.parametrize("sizes", [(), (1, 17, 900)])
def test_a_change_of_nothing_gives_the_take_back(rate, length, sizes):
    wave = np.random.default_rng(length).standard_normal((2, length)).astype(np.float32)
    np.testing.assert_allclose(carried(wave, rate, sizes=sizes), wave, atol=2e-5)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100])
def test_without_the_high_band_what_the_networks_hear_comes_back_in_time(rate):
    wave = melody(1.0, rate, noise_db=-90)
    out = carried(wave, rate, keep_high=False)
    assert out.shape == wave.shape
    inner = slice(rate // 10, -rate // 10)
    error = np.sqrt(np.mean((out - wave)[:, inner] ** 2) / np.mean(wave[:, inner] ** 2))
    assert error < 0.01


def test_the_high_band_follows_the_gain_of_the_octave_below():
    noise = np.random.default_rng(0).standard_normal((1, 88_200)).astype(np.float32)
    halved = carried(noise, 44_100, lambda low: 0.5 * low)
    np.testing.assert_allclose(halved[:, 2000:-2000], 0.5 * noise[:, 2000:-2000], atol=2e-4)
    raised = carried(noise, 44_100, lambda low: 10 * low)
    assert high_rms(raised) / high_rms(noise) == pytest.approx(MAX_HIGH_GAIN, rel=0.02)


def test_the_high_band_is_left_out_when_not_wanted():
    noise = np.random.default_rng(0).standard_normal((1, 44_100)).astype(np.float32)
    assert high_rms(carried(noise, 44_100, keep_high=False)) < 1e-3 * high_rms(noise)


def high_rms(wave, rate=44_100):
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(wave.shape[-1])))
    return float(np.sqrt(np.mean(spectrum[..., int(8_300 / rate * wave.shape[-1]) :] ** 2)))


def test_noise_belongs_to_its_place():
    whole = noise_at(3, 1, 0, 3 * BLOCK)
    np.testing.assert_array_equal(noise_at(3, 1, BLOCK - 5, 900), whole[BLOCK - 5 : BLOCK + 895])
    assert noise_at(3, 1, 10, 0).shape == (0,)
    assert abs(np.corrcoef(whole, noise_at(3, 2, 0, 3 * BLOCK))[0, 1]) < 0.05
    assert abs(np.corrcoef(whole, noise_at(4, 1, 0, 3 * BLOCK))[0, 1]) < 0.05
    assert whole.std() == pytest.approx(1, abs=0.03)
    assert whole.mean() == pytest.approx(0, abs=0.03)


def frames_of(wave, settings=None, level=0.1, strength=1.0, translate=None, sizes=()):
    settings = settings or ChainSettings(pipeline=("griffinlim",))
    stream = MelStream(settings, wave.shape[0], wave.shape[1], level, strength, translate)
    found = [frames for block in cut(wave, sizes) for frames in stream.feed(block)] + [*stream.flush()]
    return np.concatenate([frames.mel for frames in found], axis=-1), np.concatenate([f.shared for f in found], axis=-1)


@pytest.mark.parametrize("sizes", [(), (1, 700, 5000)])
def test_frames_are_those_of_the_whole_take(sizes):
    wave = melody(1.0, 16_000)
    mel, shared = frames_of(wave, sizes=sizes)
    np.testing.assert_allclose(mel, log_mel(wave, MelConfig()), atol=2e-3)
    alike = frames_of(np.stack([wave[0], wave[0]]))
    np.testing.assert_allclose(alike[1], alike[0][0], atol=1e-5)
    assert shared.shape == mel.shape[1:]


def test_mel2mel_hears_every_window_at_the_level_of_the_take():
    """A passage 20 dB below the rest comes out 20 dB below what the loud one becomes, however levels are forgotten."""
    heard = []

    def forgets(mel):
        heard.append(mel)
        return mel - mel.mean() + 3.0

    loud = melody(4.0, 16_000, channels=1)
    loud *= 0.1 / np.sqrt(np.mean(loud**2))
    wave = np.concatenate([loud, 0.1 * loud], axis=1)
    settings = ChainSettings(pipeline=("mel2mel", "griffinlim"), window_frames=100, overlap_frames=20)
    mel, _ = frames_of(wave, settings, translate=forgets)
    assert mel.shape[-1] == 501
    assert all(window.shape == (128, 100) for window in heard)
    np.testing.assert_allclose(heard[-1].mean(), heard[0].mean(), atol=0.5)
    fall = mel[0, :, :240].mean() - mel[0, :, 260:].mean()
    assert fall == pytest.approx(np.log2(100), abs=0.5)


def test_strength_scales_the_change_of_the_logarithm():
    wave = melody(1.0, 16_000)
    settings = ChainSettings(pipeline=("mel2mel", "griffinlim"))
    plain, _ = frames_of(wave, settings, translate=np.copy)
    for strength in (0.5, 2.0):
        mel, _ = frames_of(wave, settings, strength=strength, translate=lambda heard: heard - 3)
        np.testing.assert_allclose(mel, plain - 3 * strength, atol=1e-4)


def test_mean_square_is_that_of_the_samples():
    noise = 0.3 * np.random.default_rng(0).standard_normal(160_000).astype(np.float32)
    power = np.abs(stft(noise, MelConfig().grid)) ** 2
    assert mean_square(power)[4:-4].mean() == pytest.approx(0.09, rel=0.02)


@pytest.mark.parametrize("samples", [1, 100, 4096, 128_000])
def test_padded_lengths_are_those_of_the_network(samples):
    for config in (WaveUNetConfig(), WaveUNetConfig(depth=3, kernel=6, stride=2)):
        sizes = WaveSizes(config.kernel, config.stride, config.depth)
        assert sizes.padded_length(samples) == config.padded_length(samples)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pipeline": ()}, "pipeline .empty.: give mel2mel"),
        ({"pipeline": ("musecoder", "mel2mel")}, "pipeline musecoder.mel2mel"),
        ({"pipeline": ("mel2mel", "demucs")}, "or demucs"),
        ({"level": "lufs"}, "level 'lufs': give rms or peak"),
        ({"window_frames": 30}, "give a multiple of four"),
        ({"overlap_frames": 300}, "at most half"),
        ({"overlap_seconds": 5.0}, "give at most half"),
        ({"steps": 0}, "0 steps: give at least"),
    ],
)
def test_settings_that_cannot_be(wrong, message):
    with pytest.raises(ConfigError, match=message):
        ChainSettings(**wrong)
