"""The weight-free embedding: shapes, what does not count, what each group of numbers hears, and FAD upon it."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
from metric_signals import RATE, music, noise_at
from real_clips import real_clips
from scipy import fft, signal

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.conditions import NOISE, RANDOM_EQ, REVERB
from goodtake.degrade.draw import DegradeConfig, draw
from goodtake.errors import ConfigError
from goodtake.metrics import clips, embed, set_metric
from goodtake.metrics.embeddings import DEFAULT_EMBEDDING, find_embedding
from goodtake.metrics.embeddings.logmel_stats import cosines

EMBEDDING = find_embedding(DEFAULT_EMBEDDING)
CLEAN = music(4)
LEVEL, QUIET, CHANGE, FLATNESS = slice(0, 24), slice(24, 40), slice(40, 52), slice(52, 64)


def white(seconds: float, sample_rate: int = 32000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * sample_rate)).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [8000, 16000, 32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_points_per_clip(sample_rate: int, channels: int) -> None:
    points = embed(DEFAULT_EMBEDDING, 0.1 * white(8, sample_rate) * np.ones((channels, 1)), sample_rate)
    assert points.dtype == np.float32
    assert points.shape == (channels * 14, EMBEDDING.dimension)
    assert np.isfinite(points).all()
    assert 14 / 8 < EMBEDDING.patches_per_second < 15 / 7
    assert np.abs(points).max() < 20


@pytest.mark.parametrize("seconds", [0.01, 0.25, 1.0])
def test_a_short_clip_gives_one_point(seconds: float) -> None:
    points = embed(DEFAULT_EMBEDDING, music(1)[: round(seconds * RATE)], RATE)
    assert points.shape == (1, 64)
    assert np.isfinite(points).all()


def test_level_and_polarity_do_not_count_but_balance_does() -> None:
    points = EMBEDDING(CLEAN, RATE)
    np.testing.assert_allclose(EMBEDDING(-0.01 * CLEAN, RATE), points, atol=1e-3)
    np.testing.assert_allclose(EMBEDDING(np.stack([CLEAN, CLEAN]), RATE), np.tile(points, (2, 1)), atol=1e-4)
    leaning = EMBEDDING(np.stack([CLEAN, 0.25 * CLEAN]), RATE)
    assert np.mean(leaning[: len(points), 0]) > np.mean(leaning[len(points) :, 0]) + 1


def test_the_rate_of_the_file_hardly_counts() -> None:
    at_48 = music(4, 48000)
    at_32 = soxr.resample(at_48, 48000, 32000, "VHQ")
    np.testing.assert_allclose(EMBEDDING(at_48, 48000), EMBEDDING(at_32, 32000), atol=0.05)


def test_inputs_are_left_alone_and_points_repeat() -> None:
    given = CLEAN.copy()
    assert EMBEDDING(given, RATE).tobytes() == EMBEDDING(given, RATE).tobytes()
    np.testing.assert_array_equal(given, CLEAN)


def test_silence_has_points_of_its_own() -> None:
    points = EMBEDDING(np.zeros(RATE * 2, np.float32), RATE)
    np.testing.assert_allclose(points[:, 0], np.log(1e-6), rtol=1e-5)
    np.testing.assert_allclose(points[:, 1:], 0, atol=1e-4)


def test_white_noise_is_at_the_mean_bin_and_as_flat_as_noise_is() -> None:
    points = EMBEDDING(white(20), 32000).mean(axis=0)
    assert points[0] == pytest.approx(0, abs=0.2)  # a narrow band's log power lies below the log of its mean
    assert -0.2 < points[0] < 0
    # For exponentially distributed power the log of the mean exceeds the mean of the log by Euler's constant.
    assert points[FLATNESS][0] == pytest.approx(1.5 * np.euler_gamma, abs=0.06)
    np.testing.assert_allclose(points[1:24], 0, atol=0.1)


def test_cosines_are_the_dct() -> None:
    column = np.random.default_rng(0).standard_normal(64)
    wanted = fft.dct(column, norm="ortho") / 8
    np.testing.assert_allclose(cosines(64, 64) @ column, wanted, atol=1e-5)
    np.testing.assert_allclose(cosines(64, 24) @ column, wanted[:24], atol=1e-5)


def moved(estimate: np.ndarray) -> np.ndarray:
    """Mean change of every number against the clean clip."""
    return np.asarray((EMBEDDING(estimate, RATE) - EMBEDDING(CLEAN, RATE)).mean(axis=0))


def test_each_group_hears_its_fault() -> None:
    by_noise = moved(CLEAN + noise_at(CLEAN, 10))
    assert by_noise[LEVEL][0] > 1  # more in weak bands
    assert by_noise[QUIET][0] > 0.1  # less quiet between the notes
    dark = moved(signal.lfilter([0.1], [1, -0.9], CLEAN).astype(np.float32))
    assert dark[LEVEL][1] > 0.3  # the slowest cosine is positive at low bands
    assert np.abs(dark[CHANGE]).max() < 0.5
    tail = np.exp(-np.arange(RATE) / (0.15 * RATE)) * white(1, RATE)
    roomy = moved(signal.fftconvolve(CLEAN, tail)[: CLEAN.size].astype(np.float32))
    assert roomy[QUIET][0] > 0.2
    assert roomy[CHANGE][0] < -0.1
    tone = np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE).astype(np.float32)
    flatness = [EMBEDDING(tone + noise_at(tone, snr), RATE)[:, FLATNESS].mean(axis=0)[0] for snr in (50, 10)]
    assert flatness[0] > flatness[1] + 0.05


def test_blocks_equal_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = EMBEDDING(CLEAN, RATE)
    monkeypatch.setattr(clips, "BLOCK_FRAMES", 7)
    np.testing.assert_allclose(EMBEDDING(CLEAN, RATE), whole, atol=1e-5)


@pytest.fixture(scope="module")
def clean() -> list[np.ndarray]:
    return [music(2, seed=seed) for seed in range(44)]


def test_fad_grows_with_noise_and_is_nought_for_the_same_set(clean: list[np.ndarray]) -> None:
    references = [embed(DEFAULT_EMBEDDING, wave, RATE) for wave in clean]
    stored = [points.astype(np.float16) for points in references]
    assert set_metric("fad", references, references) < 1e-6
    assert set_metric("fad", stored, stored) < 1e-6
    assert set_metric("fad", stored, references) < 1e-4
    steps = [[EMBEDDING(wave + noise_at(wave, snr), RATE) for wave in clean] for snr in (60, 30, 20, 10, 5)]
    for name in ("fad", "fad_inf"):
        values = [set_metric(name, estimates, references) for estimates in steps]
        assert values == sorted(values)
        assert values[-1] > values[1] + 1


def test_half_precision_is_enough(clean: list[np.ndarray]) -> None:
    sets = [[EMBEDDING(wave + noise_at(wave, snr), RATE) for wave in clean] for snr in (30, 20)]
    exact = set_metric("fad", *sets)
    stored = set_metric("fad", *[[points.astype(np.float16) for points in part] for part in sets])
    assert stored == pytest.approx(exact, rel=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("GOODTAKE_LIBRARY"), reason="GOODTAKE_LIBRARY names no sound library")
@pytest.mark.parametrize(
    "steps",
    [
        [replace(NOISE, snr_db=(snr, snr)) for snr in (30.0, 20.0, 10.0, 5.0)],
        [replace(REVERB, drr_db=(drr, drr)) for drr in (12.0, 6.0, 3.0, 0.0)],
        [replace(RANDOM_EQ, gains_db=(-gain, gain)) for gain in (2.0, 5.0, 10.0, 15.0)],
    ],
    ids=["noise", "room", "equaliser"],
)
def test_fad_grows_with_faults_of_real_recordings(steps: list[DegradeConfig]) -> None:
    bank = Bank.from_folder(Path(os.environ["GOODTAKE_LIBRARY"]) / "dev", RATE, lazy=True)
    waves = [wave[None] for wave in real_clips(RATE, 20)]
    values = []
    for step in steps:
        pairs = [degrade(wave, draw(np.random.default_rng(seed), step, bank), bank) for seed, wave in enumerate(waves)]
        sets = [
            [EMBEDDING(wave, RATE) for wave in half]
            for half in ([pair.degraded for pair in pairs], [pair.clean for pair in pairs])
        ]
        values.append(set_metric("fad", *sets))
    assert values == sorted(values)
    assert values[0] > 0


BAD = {
    "a clip holds NaN|to embed holds NaN": np.where(np.arange(CLEAN.size) == 9, np.nan, CLEAN),
    "a clip is int16": np.ones(RATE, np.int16),
    r"float32 \(1, 1, 64000\)": CLEAN[None, None],
    r"float32 \(0,\)": CLEAN[:0],
    "64000 channels of 2 samples": np.stack([CLEAN, CLEAN], axis=1),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_clip_is_refused(message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EMBEDDING(BAD[message], RATE)


def test_names_are_checked() -> None:
    with pytest.raises(ConfigError, match="unknown embedding 'openl3': choose from logmel-stats, vggish, clap-music"):
        embed("openl3", CLEAN, RATE)
    with pytest.raises(ConfigError, match="logmel-stats has no weights"):
        find_embedding("logmel-stats:/some/file.onnx")
