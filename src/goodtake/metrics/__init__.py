"""Objective figures for an estimate against its reference, in NumPy; `METRICS` lists them."""

from goodtake.metrics.colour import level_bias, ltas_error_db, weak_bin_bias_db
from goodtake.metrics.fwssnr import fwssnr
from goodtake.metrics.perceptual import zimtohrli_mos
from goodtake.metrics.registry import METRICS, Metric, measure
from goodtake.metrics.spectral import mrs, spectrogram_l1

__all__ = [
    "METRICS",
    "Metric",
    "fwssnr",
    "level_bias",
    "ltas_error_db",
    "measure",
    "mrs",
    "spectrogram_l1",
    "weak_bin_bias_db",
    "zimtohrli_mos",
]
