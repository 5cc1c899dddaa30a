"""Plain samples between bytes and float arrays, exactly.

libsndfile scales integers asymmetrically between reading (0x8000) and writing (0x7FFF), which loses the last bit on
a round trip. Here one factor, 2^(bits - 1), serves both ways: every integer of up to 24 bits is a float32, every one
of 32 bits a float64, so decoding and encoding again gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PcmEncoding:
    """How one sample is stored.

    Attributes:
        kind: "int" (two's complement), "uint" (8-bit offset binary) or "float".
        bits: 8, 16, 24 or 32 for integers, 32 or 64 for floats.
        big_endian: byte order.
    """

    kind: Literal["int", "uint", "float"]
    bits: int
    big_endian: bool = False

    def __post_init__(self) -> None:
        allowed = {"int": (8, 16, 24, 32), "uint": (8,), "float": (32, 64)}[self.kind]
        if self.bits not in allowed:
            raise ValueError(f"no {self.bits}-bit {self.kind} samples")

    @property
    def bytes_per_sample(self) -> int:
        """Size of one sample of one channel."""
        return self.bits // 8

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type of one stored sample; 24-bit integers have none and use 32 bits."""
        letter = {"int": "i", "uint": "u", "float": "f"}[self.kind]
        size = 4 if self.bits == 24 else self.bytes_per_sample
        return np.dtype(f"{'>' if self.big_endian else '<'}{letter}{size}")


def decode_pcm(raw: bytes, encoding: PcmEncoding, channels: int) -> FloatArray:
    """Turn interleaved sample bytes into floats in [-1, 1).

    Args:
        raw: whole frames.
        encoding: how they are stored.
        channels: samples per frame.

    Shape:
        ``len(raw)`` = time x channel x bytes per sample -> (channel, time); float32, or float64 where needed.
    """
    if encoding.bits == 24:
        triples = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(triples), 4), np.uint8)
        if encoding.big_endian:
            padded[:, :3] = triples
        else:
            padded[:, 1:] = triples
        samples = padded.view(encoding.dtype).reshape(-1) >> 8  # (time * channel,)
    else:
        samples = np.frombuffer(raw, encoding.dtype)
    frames = samples.reshape(-1, channels).T  # (channel, time)
    if encoding.kind == "float":
        return np.ascontiguousarray(frames, dtype=np.float64 if encoding.bits == 64 else np.float32)
    if encoding.kind == "uint":
        frames = frames.astype(np.int16) - 128
    return int_to_float(frames, encoding.bits)


def int_to_float(samples: NDArray[Any], bits: int) -> FloatArray:
    """Scale integers of ``bits`` bits to [-1, 1): float32 up to 24 bits, else float64. Shape is kept."""
    scaled: FloatArray = np.array(samples, dtype=np.float64 if bits > 24 else np.float32, order="C")
    scaled *= 2.0 ** (1 - bits)
    return scaled


def float_to_int(block: FloatArray, bits: int) -> NDArray[np.int32]:
    """Round floats to integers of ``bits`` bits; what lies outside [-1, 1) is clipped at the rails. Shape is kept.

    >>> float_to_int(np.array([0.5, -1.0, 1.0, 7.0]), 8).tolist()
    [64, -128, 127, 127]
    """
    # The upper rail of 24 bits, 2^23 - 1, is still a float32; that of 32 bits needs float64.
    is_double = bits > 24 or block.dtype == np.float64
    scaled: FloatArray = np.array(block, dtype=np.float64 if is_double else np.float32)
    full_scale = 2.0 ** (bits - 1)
    with np.errstate(over="ignore"):  # an overflow to infinity is clipped like any other excess
        scaled *= full_scale
    np.rint(scaled, out=scaled)
    np.clip(scaled, -full_scale, full_scale - 1, out=scaled)
    return scaled.astype(np.int32)


def encode_pcm(block: FloatArray, encoding: PcmEncoding) -> bytes:
    """Turn floats into interleaved sample bytes, rounded to the nearest step and clipped at the rails.

    Shape:
        (channel, time) -> time x channel x bytes per sample.
    """
    interleaved = block.T  # (time, channel)
    if encoding.kind == "float":
        return np.ascontiguousarray(interleaved, dtype=encoding.dtype).tobytes()
    samples = float_to_int(interleaved, encoding.bits)
    if encoding.kind == "uint":
        samples += 128
    if encoding.bits == 24:
        as_bytes = np.ascontiguousarray(samples, dtype=encoding.dtype).view(np.uint8).reshape(-1, 4)
        return (as_bytes[:, 1:] if encoding.big_endian else as_bytes[:, :3]).tobytes()
    return np.ascontiguousarray(samples, dtype=encoding.dtype).tobytes()
