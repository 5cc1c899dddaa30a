import numpy as np
import pytest

from goodtake.audio.pcm import PcmEncoding, decode_pcm, encode_pcm, float_to_int

ENCODINGS = [
    PcmEncoding(kind, bits, big)
    for kind, bits in (("uint", 8), ("int", 8), ("int", 16), ("int", 24), ("int", 32), ("float", 32), ("float", 64))
    for big in (False, True)
]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_bytes_survive_decoding_and_encoding(encoding, channels):
    rng = np.random.default_rng(1)
    frames = 1000
    if encoding.kind == "float":
        raw = rng.standard_normal(frames * channels).astype(encoding.dtype).tobytes()
    else:
        raw = rng.bytes(frames * channels * encoding.bytes_per_sample)
    block = decode_pcm(raw, encoding, channels)
    assert block.shape == (channels, frames)
    is_double = encoding.bits == 64 or (encoding.bits == 32 and encoding.kind == "int")
    assert block.dtype == (np.float64 if is_double else np.float32)
    assert encode_pcm(block, encoding) == raw


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_every_edge_value_survives(bits):
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    values = np.array([low, low + 1, -1, 0, 1, high - 1, high], np.int64)
    encoding = PcmEncoding("int", bits)
    raw = b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in values)
    block = decode_pcm(raw, encoding, 1)
    assert block.min() == -1.0
    assert block.max() < 1.0
    np.testing.assert_array_equal(float_to_int(block, bits)[0], values)
    assert encode_pcm(block, encoding) == raw


def test_all_16_bit_values_survive():
    raw = np.arange(-32768, 32768, dtype="<i2").tobytes()
    encoding = PcmEncoding("int", 16)
    assert encode_pcm(decode_pcm(raw, encoding, 2), encoding) == raw


def test_excess_is_clipped_and_halves_are_rounded():
    block = np.array([[1.5, -1.5, 1e38, 0.3 / 32768, 0.7 / 32768]], np.float32)
    assert float_to_int(block, 16).tolist() == [[32767, -32768, 32767, 0, 1]]
    assert float_to_int(block, 32)[0, :2].tolist() == [2**31 - 1, -(2**31)]


def test_eight_bits_of_wav_are_offset_binary():
    block = decode_pcm(b"\x00\x80\xff", PcmEncoding("uint", 8), 1)
    assert block.tolist() == [[-1.0, 0.0, 127 / 128]]


def test_impossible_encodings_are_refused():
    with pytest.raises(ValueError, match="12-bit int"):
        PcmEncoding("int", 12)
