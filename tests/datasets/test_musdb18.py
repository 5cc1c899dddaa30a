"""MUSDB18: the layouts of both versions, stretches cut at the same sample, and what users find missing."""

import numpy as np
import pytest

from goodtake.datasets.musdb18 import ARCHIVE_MD5, MIXTURE, SPLITS, STEMS, read_songs
from goodtake.errors import DatasetError
from small_sets import RATE, song_waves, write_musdb, write_stem_mp4


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_musdb(tmp_path_factory.mktemp("musdb") / "musdb18hq")


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    root = tmp_path_factory.mktemp("musdb") / "musdb18"
    write_stem_mp4(root / "test" / "Made Band - Song 3.stem.mp4", song_waves(3))
    return root


def test_reads_the_songs_of_a_split_by_name(root):
    assert [song.name for song in read_songs(root, "test")] == [f"Made Band - Song {n}" for n in (3, 4, 5)]
    assert [song.name for song in read_songs(root, "train")] == [f"Made Band - Song {n}" for n in (1, 2)]
    assert SPLITS == {"train": 100, "test": 50}
    assert len(ARCHIVE_MD5) == 32


def test_stems_are_where_their_names_say_and_sum_to_the_mixture(root):
    song = read_songs(root, "test")[0]
    made = song_waves(3)
    read = {sound: song.read(sound, 0.0, 0.0, RATE, 2) for sound in (MIXTURE, *STEMS)}
    for sound, wave in read.items():
        np.testing.assert_allclose(wave, made[sound], atol=1e-6)  # 24 bits
    np.testing.assert_allclose(sum(read[stem] for stem in STEMS), read[MIXTURE], atol=1e-6)
    assert song.seconds == 3.0


def test_a_stretch_is_cut_at_the_sample(root):
    song = read_songs(root, "test")[1]
    whole = song.read("drums", 0.0, 0.0, RATE, 2)
    part = song.read("drums", 1.0, 0.5, RATE, 2)
    assert part.shape == (2, RATE // 2)
    assert (part == whole[:, RATE : RATE + RATE // 2]).all()
    assert song.read("drums", 1.0, 0.7, 16_000, 1).shape == (1, 11_200)
    assert song.read("drums", 2.9, 0.7, 16_000, 1).shape == (1, 1_600)  # the song ends


def test_the_compressed_version_has_the_same_sounds(compressed):
    (song,) = read_songs(compressed, "test")
    made = song_waves(3)
    assert song.name == "Made Band - Song 3"
    assert song.seconds == pytest.approx(3.0, abs=0.03)
    for sound in (MIXTURE, *STEMS):
        wave = song.read(sound, 0.0, 0.0, RATE, 2)[:, : 3 * RATE]
        error = made[sound][:, : wave.shape[1]] - wave
        assert 10 * np.log10((made[sound] ** 2).sum() / (error**2).sum()) > 15, sound


@pytest.mark.parametrize("start_s", [0.3, 0.777, 2.1])
def test_a_stretch_of_the_compressed_version_is_cut_at_the_sample(compressed, start_s):
    (song,) = read_songs(compressed, "test")
    whole = song.read("bass", 0.0, 0.0, RATE, 2)
    part = song.read("bass", start_s, 0.4, RATE, 2)
    first = round(start_s * RATE)
    assert part.shape == (2, round(0.4 * RATE))
    error = part - whole[:, first : first + part.shape[1]]
    assert np.abs(error).max() < 2e-3  # AAC fills bands with noise, which depends on where decoding began
    one_off = part - whole[:, first + 1 : first + 1 + part.shape[1]]
    assert np.abs(one_off).max() > 0.01


def test_a_song_without_a_stem(tmp_path):
    root = write_musdb(tmp_path)
    (root / "test" / "Made Band - Song 4" / "vocals.wav").unlink()
    with pytest.raises(DatasetError, match=r"Song 4 lacks vocals\.wav"):
        read_songs(root, "test")
    assert len(read_songs(root, "train")) == 2


def test_a_wrong_folder(tmp_path):
    with pytest.raises(DatasetError, match=r"no folder 'test'.*3338373"):
        read_songs(tmp_path, "test")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "notes.txt").write_text("to do")
    with pytest.raises(DatasetError, match="holds no songs"):
        read_songs(tmp_path, "test")
    with pytest.raises(DatasetError, match="no folder 'dev'"):
        read_songs(tmp_path, "dev")


def test_damaged_songs(root, tmp_path):
    broken = tmp_path / "test" / "Broken.stem.mp4"
    broken.parent.mkdir()
    broken.write_bytes(b"\x00" * 999)
    (song,) = read_songs(tmp_path, "test")
    for attempt in (lambda: song.seconds, lambda: song.read("bass", 0.0, 1.0, RATE, 2)):
        with pytest.raises(DatasetError, match=r"Broken\.stem\.mp4.*stempeg.*HQ"):
            attempt()


def test_an_mp4_with_one_stream_is_no_song(compressed, tmp_path):
    import av

    path = tmp_path / "test" / "Single.stem.mp4"
    path.parent.mkdir()
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=RATE, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(DatasetError, match="five audio streams"):
        read_songs(tmp_path, "test")[0].read("vocals", 0.0, 0.0, RATE, 2)
