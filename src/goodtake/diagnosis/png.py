"""A PNG writer and a colour map, for the spectrogram in the picture of a diagnosis.

PNG: W3C recommendation, third edition (2025): signature, IHDR, IDAT (zlib, no filter), IEND.
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

ANCHORS = np.array(
    [
        [8, 7, 26],
        [38, 20, 84],
        [86, 24, 121],
        [140, 36, 124],
        [196, 52, 106],
        [238, 92, 74],
        [252, 156, 72],
        [252, 242, 190],
    ],
    np.float64,
)
"""Colours from weak to strong, at equal steps: lightness rises all the way, so that it also reads in grey."""


def magma(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Returns colours for values in [0, 1]: (...,) -> (..., 3)."""
    place = np.clip(values, 0, 1) * (len(ANCHORS) - 1)
    channels = [np.interp(place, np.arange(len(ANCHORS)), ANCHORS[:, c]) for c in range(3)]
    return np.asarray(np.round(np.stack(channels, axis=-1)), np.uint8)


def colour_image(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Returns an image of values in [0, 1] with 256 different colours: (row, column) -> (row, column, 3)."""
    steps = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return np.asarray(magma(np.arange(256) / 255)[steps])


def png_bytes(image: NDArray[np.uint8]) -> bytes:
    """Returns an RGB image (row, column, 3) as the bytes of a PNG file."""
    height, width, _ = image.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, 3 * width)], axis=1)  # filter 0
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits, RGB
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
