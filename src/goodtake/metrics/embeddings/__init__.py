"""Embeddings turn a clip into points, whose distribution FAD compares: one without weights, two from ONNX files."""

from goodtake.metrics.embeddings.base import Embedding, Patches
from goodtake.metrics.embeddings.registry import DEFAULT_EMBEDDING, EMBEDDINGS, embed, find_embedding

__all__ = ["DEFAULT_EMBEDDING", "EMBEDDINGS", "Embedding", "Patches", "embed", "find_embedding"]
