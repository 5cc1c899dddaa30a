"""Embeddings by name. To add one, write a class as `base.Embedding` says and add a line to `EMBEDDINGS`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from numpy.typing import ArrayLike

from goodtake.errors import ConfigError
from goodtake.metrics.embeddings import clap, vggish
from goodtake.metrics.embeddings.base import Embedding, Patches
from goodtake.metrics.embeddings.logmel_stats import LogMelStats
from goodtake.metrics.embeddings.network import network_path, open_network

DEFAULT_EMBEDDING = "logmel-stats"


def _logmel_stats(path: str) -> Embedding:
    if path:
        raise ConfigError(f"embedding logmel-stats has no weights, but {path!r} was given: leave the path out")
    return LogMelStats()


def _vggish(path: str) -> Embedding:
    file = network_path("vggish", path, vggish.VARIABLE)
    return vggish.VGGish(_opened(file, vggish.INPUT_SHAPES, vggish.DIMENSION))


def _clap_music(path: str) -> Embedding:
    file = network_path("clap-music", path, clap.VARIABLE)
    return clap.ClapMusic(_opened(file, clap.INPUT_SHAPES, clap.DIMENSION))


EMBEDDINGS: dict[str, Callable[[str], Embedding]] = {
    "logmel-stats": _logmel_stats,
    "vggish": _vggish,
    "clap-music": _clap_music,
}
"""What makes each embedding from the path of its file, "" where none was given."""

_opened = lru_cache(maxsize=4)(open_network)


def find_embedding(name: str) -> Embedding:
    """Returns an embedding by name, or by name and file, "vggish:/models/vggish.onnx".

    Raises:
        ConfigError: there is no such embedding.
        BundleError: its file is not there or does not fit.
    """
    kind, _, path = name.partition(":")
    if kind not in EMBEDDINGS:
        raise ConfigError(f"unknown embedding {kind!r}: choose from {', '.join(EMBEDDINGS)}")
    return EMBEDDINGS[kind](str(Path(path).expanduser()) if path else "")


def embed(name: str, wave: ArrayLike, sample_rate: int) -> Patches:
    """Returns the points of one clip, (patch, dimension) float32; float16 is exact enough to store them.

    Args:
        name: of the embedding, as for `find_embedding`.
        wave: floats, (time,) or (channel, time).
        sample_rate: Hz.

    Raises:
        ConfigError: an unknown embedding, or not a clip.
        BundleError: the embedding's file is not there or does not fit.
    """
    return find_embedding(name)(wave, sample_rate)
