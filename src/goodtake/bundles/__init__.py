"""Trained models as folders: configuration, weights, ONNX graphs and a card, loaded without running code."""

from goodtake.bundles.bundle import Bundle, load_bundle
from goodtake.bundles.registry import DEFAULT_MODEL, find_bundle, installed_models

__all__ = ["DEFAULT_MODEL", "Bundle", "find_bundle", "installed_models", "load_bundle"]
