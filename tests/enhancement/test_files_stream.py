"""Streamed equals whole: blocks and chunks of any size, from memory or from a file."""

import numpy as np
import pytest
from enhance_cases import melody, write

from goodtake.audio import open_reader, read_audio
from goodtake.enhancement.files import enhance_file


def blocks_of(wave, size):
    return [wave[:, start : start + size] for start in range(0, wave.shape[1], size)]


def difference_db(one, other):
    return 10 * np.log10(np.mean((one - other) ** 2) / np.mean(other**2) + 1e-30)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (16_000, 1), (96_000, 1)])
@pytest.mark.parametrize(("size", "chunk_frames"), [(997, 16), (50_000, 33), (7, 1024)])
def test_streamed_equals_whole(enhancer, rate, channels, size, chunk_frames):
    wave = melody(3.0, rate, channels)
    whole = enhancer.enhance(wave, rate)
    blocks = blocks_of(wave, size if rate < 96_000 or size > 7 else 701)
    survey = enhancer.survey(blocks, rate, channels)
    streamed = np.concatenate(list(enhancer.stream(lambda: blocks, survey, chunk_frames)), axis=1)
    assert streamed.shape == whole.shape == wave.shape
    assert difference_db(streamed, whole) < -60
    assert difference_db(wave, whole) > -40, "nothing was done, so nothing was tested"


def test_a_file_equals_the_same_sound_in_memory(enhancer, tmp_path):
    path = write(tmp_path / "take.wav", melody(2.5), bits=32, is_float=True)
    enhance_file(enhancer, path, tmp_path / "out.wav")
    taken, info = read_audio(path)
    survey = enhancer.survey([taken], info.sample_rate, 2)
    whole = np.concatenate(list(enhancer.stream(lambda: [taken], survey, ceiling=None)), axis=1)
    assert difference_db(read_audio(tmp_path / "out.wav")[0], whole) < -60


@pytest.mark.slow
def test_three_minutes_do_not_depend_on_the_block_size(enhancer, tmp_path):
    path = write(tmp_path / "take.wav", np.tile(melody(6.0, 8_000, channels=1), 30), 8_000)
    outputs = []
    for size in (1000, 65_536):
        with open_reader(path) as reader:

            def blocks(size=size, reader=reader):
                return reader.blocks(size)

            survey = enhancer.survey(blocks(), 8_000, 1)
            outputs.append(np.concatenate(list(enhancer.stream(blocks, survey)), axis=1))
    assert outputs[0].shape == (1, 180 * 8_000)
    assert difference_db(*outputs) < -60


@pytest.mark.parametrize("seed", range(4))
def test_half_the_strength_lies_between(enhancer, monkeypatch, seed):
    wave = melody(1.0, 16_000, 1, seed, noise_db=-30)
    full = enhancer.enhance(wave, 16_000)
    monkeypatch.setattr(enhancer, "strength", 0.5)
    half = enhancer.enhance(wave, 16_000)
    assert 0 < np.linalg.norm(half - wave) < np.linalg.norm(full - wave)
