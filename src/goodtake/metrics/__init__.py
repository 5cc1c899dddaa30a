"""Objective figures for an estimate against its reference, in NumPy; `METRICS` lists them."""

from goodtake.metrics.alignment import Alignment, align
from goodtake.metrics.colour import level_bias, ltas_error_db, weak_bin_bias_db
from goodtake.metrics.distortion import sdr, si_sdr
from goodtake.metrics.embeddings import embed
from goodtake.metrics.fad import Extrapolation, fad_infinity, fad_per_song, frechet_audio_distance
from goodtake.metrics.frechet import Moments, frechet_distance
from goodtake.metrics.log_spectral import log_spectral_distance
from goodtake.metrics.masking import residual_nmr_db
from goodtake.metrics.multi_mel import multi_mel_snr
from goodtake.metrics.onsets import onset_f1
from goodtake.metrics.perceptual import zimtohrli_mos
from goodtake.metrics.registry import METRICS, Metric, measure
from goodtake.metrics.rolloff import rolloff_error_cents, rolloff_errors_cents, rolloff_histogram
from goodtake.metrics.segmental import fwssnr
from goodtake.metrics.set_metrics import SET_METRICS, SetMetric, needed_embeddings, set_metric
from goodtake.metrics.spectral import mrs, spectrogram_l1
from goodtake.metrics.visqol import visqol_mos

__all__ = [
    "METRICS",
    "SET_METRICS",
    "Alignment",
    "Extrapolation",
    "Metric",
    "Moments",
    "SetMetric",
    "align",
    "embed",
    "fad_infinity",
    "fad_per_song",
    "frechet_audio_distance",
    "frechet_distance",
    "fwssnr",
    "level_bias",
    "log_spectral_distance",
    "ltas_error_db",
    "measure",
    "mrs",
    "multi_mel_snr",
    "needed_embeddings",
    "onset_f1",
    "residual_nmr_db",
    "rolloff_error_cents",
    "rolloff_errors_cents",
    "rolloff_histogram",
    "sdr",
    "set_metric",
    "si_sdr",
    "spectrogram_l1",
    "visqol_mos",
    "weak_bin_bias_db",
    "zimtohrli_mos",
]
