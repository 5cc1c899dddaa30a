"""Paper 1's metrics against second implementations of the published definitions, in double precision.

fwSSNR: P. C. Loizou, "Speech Enhancement: Theory and Practice", 2007, section 11.1.3 and Y. Hu, P. C. Loizou, 2008: a
discrete Fourier transform by its matrix, then loops over frames and bands; bands, window and clipping were checked with
their public program. MRS and L1: `torch.stft`. The tolerances,
0.05 dB and 1e-3, are a hundredth of the differences between systems that tables of these figures show.

Which frames count is open in the papers; their program leaves out the last whole frame, and so do both here. That
alone moves the figure by up to 45 dB / frames, beyond 0.05 dB for some clips of a few seconds.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from real_clips import real_clips

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.draw import PRESETS, draw
from goodtake.dsp.filters import equalize
from goodtake.metrics import fwssnr, mrs, spectrogram_l1

torch = pytest.importorskip("torch")

CENTRES = """50 120 190 260 330 400 470 540 617.372 703.378 798.717 904.128 1020.38 1148.30 1288.72 1442.54 1610.70
1794.16 1993.93 2211.08 2446.71 2701.97 2978.04 3276.17 3597.63"""
WIDTHS = """70 70 70 70 70 70 70 77.3724 86.0056 95.3398 105.411 116.256 127.914 140.423 153.823 168.154 183.457 199.776
217.153 235.631 255.255 276.072 298.126 321.465 346.136"""
LOGARITHM_OF_TEN = 2.303
"""As the program has it."""


def frames_of_the_book(estimate: np.ndarray, reference: np.ndarray, sample_rate: int) -> np.ndarray:
    """Clipped SNR in dB of every whole frame but the last, (frame,)."""
    samples, hop = round(0.030 * sample_rate), round(0.030 * sample_rate) // 4
    size = 1
    while size < 2 * samples:
        size = 2 * size
    angle = 2 * np.pi * np.outer(np.arange(size // 2), np.arange(samples)) / size
    real, imaginary = np.cos(angle), np.sin(angle)
    taper = np.array([0.5 * (1 - math.cos(2 * math.pi * n / (samples + 1))) for n in range(1, samples + 1)])

    filters = []
    for centre, width in zip(map(float, CENTRES.split()), map(float, WIDTHS.split()), strict=True):
        place, spread = math.floor(centre * size / sample_rate), width * size / sample_rate
        weights = [math.exp(-11 * ((j - place) / spread) ** 2 + math.log(70.0 / width)) for j in range(size // 2)]
        filters.append([weight if weight > math.exp(-30 / (2 * LOGARITHM_OF_TEN)) else 0.0 for weight in weights])
    matrix = np.array(filters)

    scores = []
    for number in range((len(reference) - samples) // hop):
        energies = []
        for wave in (reference, estimate):
            frame = wave[number * hop : number * hop + samples].astype(np.float64) * taper
            magnitude = np.hypot(real @ frame, imaginary @ frame)
            energies.append(matrix @ (magnitude / magnitude.sum()))
        numerator = denominator = 0.0
        for clean, processed in zip(*energies, strict=True):
            ratio_db = 10 * math.log10(clean**2 / max((clean - processed) ** 2, 2.0**-52))
            numerator += clean**0.2 * ratio_db
            denominator += clean**0.2
        scores.append(min(max(numerator / denominator, -10.0), 35.0))
    return np.array(scores)


def magnitudes_by_torch(wave: np.ndarray, size: int) -> "torch.Tensor":
    signal = torch.from_numpy(wave.astype(np.float64))
    signal = signal / torch.linalg.vector_norm(signal)
    window = torch.hann_window(size, dtype=torch.float64)
    spectrum = torch.stft(signal, size, size // 4, window=window, center=True, pad_mode="constant", return_complex=True)
    return spectrum.abs().clamp(min=1e-5)


def l1_by_torch(estimate: np.ndarray, reference: np.ndarray) -> float:
    powers = [magnitudes_by_torch(wave, 1024) ** 2 for wave in (estimate, reference)]
    return float((powers[0].log() - powers[1].log()).abs().mean())


def mrs_by_torch(estimate: np.ndarray, reference: np.ndarray) -> float:
    total = 0.0
    for size in (512, 1024, 2048):
        of_estimate, of_reference = (magnitudes_by_torch(wave, size) for wave in (estimate, reference))
        convergence = ((of_estimate - of_reference) ** 2).sum() / (of_reference**2).sum()
        total += float(convergence + (of_estimate.log() - of_reference.log()).abs().mean())
    return total / 3


def differences(estimate: np.ndarray, reference: np.ndarray, sample_rate: int = RATE) -> tuple[float, float, float]:
    """How far ours lie from the second implementations: fwSSNR in dB, MRS, L1."""
    return (
        fwssnr(estimate, reference, sample_rate) - frames_of_the_book(estimate, reference, sample_rate).mean(),
        mrs(estimate, reference, sample_rate) - mrs_by_torch(estimate, reference),
        spectrogram_l1(estimate, reference, sample_rate) - l1_by_torch(estimate, reference),
    )


def assert_close(found: tuple[float, float, float]) -> None:
    assert abs(found[0]) < 0.05
    assert abs(found[1]) < 1e-3
    assert abs(found[2]) < 1e-3


CLEAN = music(3)
SYNTHETIC = {
    "noise at 10 dB": CLEAN + noise_at(CLEAN, 10),
    "noise at 40 dB": CLEAN + noise_at(CLEAN, 40),
    "equaliser": equalize(CLEAN, [12, -12, 6, -9], RATE),
    "another clip": music(3, seed=4),
    "clipped and soft": 0.01 * np.clip(CLEAN, -0.1, 0.1),
}


@pytest.mark.parametrize("name", SYNTHETIC)
def test_synthetic_clips(name: str) -> None:
    assert_close(differences(SYNTHETIC[name], CLEAN))


def test_another_rate() -> None:
    clean = music(1.5, 44100)
    assert_close(differences(clean + noise_at(clean, 15), clean, 44100))


def test_the_last_whole_frame_does_not_count() -> None:
    """As in the program of Hu & Loizou: noise in it alone is not heard."""
    samples, hop = round(0.030 * RATE), round(0.030 * RATE) // 4
    last = (CLEAN.shape[-1] - samples) // hop * hop
    estimate = CLEAN.copy()
    estimate[last + samples - hop :] += 0.3  # beyond the reach of the frame before
    assert fwssnr(estimate, CLEAN, RATE) == fwssnr(CLEAN, CLEAN, RATE)
    estimate[last + samples - hop - 20 :] += 0.3
    assert fwssnr(estimate, CLEAN, RATE) < fwssnr(CLEAN, CLEAN, RATE)


def real_pairs(count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields name, degraded and clean (time,) of real recordings, the presets taking turns."""
    bank = Bank.from_folder(Path(os.environ["GOODTAKE_LIBRARY"]) / "dev", RATE, lazy=True)
    presets = list(PRESETS)
    for number, wave in enumerate(real_clips(RATE, count)):
        preset = presets[number % len(presets)]
        pair = degrade(wave[None], draw(np.random.default_rng([20, number]), PRESETS[preset], bank), bank)
        yield f"{number} {preset}", pair.degraded[0], pair.clean[0]


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("GOODTAKE_LIBRARY"), reason="GOODTAKE_LIBRARY names no sound library")
def test_twenty_real_clips() -> None:
    found = {name: differences(estimate, reference) for name, estimate, reference in real_pairs(20)}
    assert len(found) == 20
    for each in found.values():
        assert_close(each)
