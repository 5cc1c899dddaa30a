"""ViSQOL through its package; skipped where that is not installed, but for the message that says so."""

import sys

import numpy as np
import pytest
import soxr
from metric_signals import RATE, music, noise_at

from goodtake.errors import ConfigError, MissingExtraError
from goodtake.metrics import visqol_mos
from goodtake.metrics.visqol import VISQOL_BEST, _listener

CLEAN = music()


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "visqol", None)
    _listener.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'goodtake\[visqol\]'"):
        visqol_mos(CLEAN, CLEAN, RATE)


def test_it_is_the_package_at_48_khz() -> None:
    visqol = pytest.importorskip("visqol")
    noisy = CLEAN + noise_at(CLEAN, 10)
    api = visqol.VisqolApi()
    api.create(mode="audio")
    at_74_db_spl = [0.1 * clip / np.sqrt(np.mean(clip.astype(np.float64) ** 2)) for clip in (CLEAN, noisy)]
    resampled = [np.asarray(soxr.resample(clip, RATE, 48000), np.float64) for clip in at_74_db_spl]
    wanted = api.measure_from_arrays(*resampled, 48000).moslqo
    assert 2 < wanted < 4.7
    assert visqol_mos(noisy, CLEAN, RATE) == pytest.approx(wanted, abs=2e-5)
    # The package takes the reference first; the other way round differs little.
    assert visqol_mos(CLEAN, noisy, RATE) != pytest.approx(wanted, abs=2e-5)


def test_it_hears_a_small_delay_as_none_and_two_channels_as_their_mix() -> None:
    pytest.importorskip("visqol")
    assert visqol_mos(np.roll(CLEAN, 80), CLEAN, RATE) == pytest.approx(VISQOL_BEST, abs=0.1)
    noise = noise_at(CLEAN, 10)
    apart = np.stack([CLEAN + noise, CLEAN - noise])
    assert visqol_mos(apart, np.stack([CLEAN, CLEAN]), RATE) == pytest.approx(VISQOL_BEST, abs=0.01)


def test_clips_it_cannot_judge() -> None:
    with pytest.raises(ConfigError, match=r"last 0\.900 s: ViSQOL needs 1\.0 s"):
        visqol_mos(CLEAN[: round(0.9 * RATE)], CLEAN[: round(0.9 * RATE)], RATE)
    with pytest.raises(ConfigError, match="cancel in the mix"):
        visqol_mos(np.stack([CLEAN, -CLEAN]), np.stack([CLEAN, CLEAN]), RATE)
