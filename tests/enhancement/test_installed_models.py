"""Every model in the package: its card is the one in the documents, and it brings a noisy take nearer the clean."""

from pathlib import Path

import numpy as np
import pytest
from enhance_cases import melody

from goodtake.bundles import find_bundle, installed_models
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.enhancement.chain.engine import open_chain
from goodtake.enhancement.engine import EngineOptions
from goodtake.enhancement.enhancer import Enhancer

CARDS = Path(__file__).parents[2] / "docs" / "cards"
SAMPLE_RATE = 16_000
TOO_YOUNG = {"paper1-joint", "paper1-sequential"}
"""Their cards say that they make recordings worse, or leave them as they are."""


@pytest.mark.parametrize("model", installed_models())
def test_the_card_is_the_one_in_the_documents(model):
    assert find_bundle(model).card == (CARDS / f"{model}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", sorted({*installed_models()} - TOO_YOUNG))
def test_a_noisy_take_comes_nearer_the_clean_one(model):
    clean, noisy = (melody(4, SAMPLE_RATE, channels=1, noise_db=noise_db) for noise_db in (-120, -30))
    enhanced = Enhancer(model, threads=1).enhance(noisy, SAMPLE_RATE)
    assert enhanced.shape == noisy.shape
    mels = [log_mel(wave[0] / np.sqrt(np.mean(wave**2)), MelConfig()) for wave in (clean, noisy, enhanced)]
    before, after = (np.abs(mel - mels[0]).mean() for mel in mels[1:])
    assert after < 0.9 * before


def test_windows_of_diffwave_make_what_the_whole_take_would():
    """What lies beyond a window's context reaches in with every step, each time weaker: how weak, weights decide."""
    engine = open_chain("paper1", EngineOptions(threads=1))
    wave = melody(3.0, SAMPLE_RATE, channels=1, noise_db=-60)[0]
    mel = log_mel(0.1 * wave / np.sqrt(np.mean(wave**2)), engine.settings.mel)
    windows = engine.musecode(mel, wave.size)
    whole = engine._vocoder.sample(mel, 0)[: wave.size]
    assert np.sum((windows - whole) ** 2) < 1e-7 * np.sum(whole**2)
