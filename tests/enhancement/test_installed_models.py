"""Every model in the package: its card is the one in the documents, and it brings a noisy take nearer the clean."""

from pathlib import Path

import numpy as np
import pytest
from enhance_cases import melody

from goodtake.bundles import find_bundle, installed_models
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.enhancement.enhancer import Enhancer

CARDS = Path(__file__).parents[2] / "docs" / "cards"
SAMPLE_RATE = 16_000


@pytest.mark.parametrize("model", installed_models())
def test_the_card_is_the_one_in_the_documents(model):
    assert find_bundle(model).card == (CARDS / f"{model}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", installed_models())
def test_a_noisy_take_comes_nearer_the_clean_one(model):
    clean, noisy = (melody(4, SAMPLE_RATE, channels=1, noise_db=noise_db) for noise_db in (-120, -30))
    enhanced = Enhancer(model, threads=1).enhance(noisy, SAMPLE_RATE)
    assert enhanced.shape == noisy.shape
    mels = [log_mel(wave[0] / np.sqrt(np.mean(wave**2)), MelConfig()) for wave in (clean, noisy, enhanced)]
    before, after = (np.abs(mel - mels[0]).mean() for mel in mels[1:])
    assert after < 0.9 * before
