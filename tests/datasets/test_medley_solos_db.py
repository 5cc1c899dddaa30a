"""Medley-solos-DB: the published layout, splits and counts, and what users find missing."""

import re

import pytest

from goodtake.datasets.medley_solos_db import (
    ALL_CLIPS,
    AUDIO_MD5,
    CLIPS,
    DISTORTED_GUITAR,
    INSTRUMENTS,
    METADATA_MD5,
    METADATA_NAME,
    SUBSETS,
    Track,
    check_whole,
    file_name,
    read_tracks,
)
from goodtake.errors import DatasetError
from small_sets import write_medley


@pytest.fixture
def root(tmp_path):
    return write_medley(tmp_path / "medley")


def edit(root, old, new):
    metadata = root / METADATA_NAME
    text = metadata.read_text()
    assert old in text
    metadata.write_text(text.replace(old, new, 1))


def test_reads_a_subset_without_the_distorted_guitar(root):
    tracks = read_tracks(root, "validation")
    assert [track.instrument for track in tracks[::2]] == [name for name in INSTRUMENTS if name != DISTORTED_GUITAR]
    assert {track.subset for track in tracks} == {"validation"}
    assert len(tracks) == 14
    assert all(track.path.is_file() for track in tracks)
    assert tracks[0].song_id == "009"
    assert tracks[0].path.name == f"Medley-solos-DB_validation-0_{tracks[0].uuid4}.wav"


def test_reads_all_subsets_and_the_guitar_when_told_so(root):
    assert len(read_tracks(root)) == 3 * 14
    guitar = [track for track in read_tracks(root, with_guitar=True) if track.instrument == DISTORTED_GUITAR]
    assert [track.subset for track in guitar[::2]] == list(SUBSETS)


@pytest.mark.parametrize(("audio", "annotation"), [("", ""), ("audio", "annotation"), ("audio/Medley-solos-DB", "")])
def test_finds_the_other_common_layouts(tmp_path, audio, annotation):
    tracks = read_tracks(write_medley(tmp_path, audio, annotation), "test")
    assert len(tracks) == 14
    assert tracks[0].path.parent == tmp_path / audio


def test_instruments_have_their_published_numbers():
    numbers = [file_name("test", name, "x") for name in ("clarinet", "female singer", "piano", "trumpet", "violin")]
    assert numbers == [f"Medley-solos-DB_test-{number}_x.wav" for number in (0, 2, 4, 6, 7)]
    assert DISTORTED_GUITAR == "distorted electric guitar"
    assert file_name("training", "tenor saxophone", "x") == "Medley-solos-DB_training-5_x.wav"


def test_published_counts_add_up():
    assert sum(ALL_CLIPS.values()) == 21_571
    assert (ALL_CLIPS["training"], ALL_CLIPS["validation"]) == (5841, 3494)
    assert {subset: ALL_CLIPS[subset] - CLIPS[subset] for subset in SUBSETS} == {
        "training": 404,
        "validation": 495,
        "test": 955,
    }
    assert all(re.fullmatch("[0-9a-f]{32}", checksum) for checksum in (METADATA_MD5, AUDIO_MD5))


@pytest.mark.parametrize("counts", [CLIPS, ALL_CLIPS])
def test_whole_sets_are_told_from_parts(tmp_path, counts):
    instruments = ["flute"] + ([DISTORTED_GUITAR] if counts is ALL_CLIPS else [])
    tracks = [
        Track(tmp_path, subset, instruments[n % len(instruments)], "1", str(n))
        for subset, count in counts.items()
        for n in range(count)
    ]
    check_whole(tracks)
    with pytest.raises(DatasetError, match=f"{counts['test'] - 1:,} clips of subset test.*{counts['test']:,}"):
        check_whole(tracks[:-1])
    with pytest.raises(DatasetError, match="clips of subset training"):
        check_whole([tracks[0], *tracks])


def test_a_part_is_not_the_whole(root):
    with pytest.raises(DatasetError, match=r"14 clips of subset test, version 1\.2 has 11,281"):
        check_whole(read_tracks(root, "test"))


def test_missing_files_are_counted_and_named(root):
    lost = [track.path for track in read_tracks(root, "test")[:5]]
    for path in lost:
        path.unlink()
    with pytest.raises(DatasetError, match=rf"lacks 5 of 14 clips \({lost[0].name}, .*\.\.\.\)"):
        read_tracks(root, "test")
    assert len(read_tracks(root, "training")) == 14


def test_no_metadata(root):
    (root / METADATA_NAME).unlink()
    with pytest.raises(DatasetError, match=f"no {METADATA_NAME}.*zenodo.3464194"):
        read_tracks(root)


def test_no_audio(root):
    for path in root.rglob("*.wav"):
        path.unlink()
    with pytest.raises(DatasetError, match=r"unpack Medley-solos-DB\.tar\.gz"):
        read_tracks(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("song_id", "track_id", "lacks the column 'song_id'.*1.2"),
        ("training,flute,3", "training,flute,4", "line 8: flute is not number 4"),
        ("training,flute,3", "training,zither,3", "line 8: training, zither"),
        ("training,flute,3", "train,flute,3", "line 8: train, flute"),
    ],
)
def test_wrong_metadata(root, old, new, message):
    edit(root, old, new)
    with pytest.raises(DatasetError, match=message):
        read_tracks(root)


def test_metadata_that_is_no_text(root):
    (root / METADATA_NAME).write_bytes(b"\xff\xfe\x00 not a table")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_tracks(root)


def test_an_unknown_subset(root):
    with pytest.raises(DatasetError, match="lists no clips of subset train: use one of training, validation, test"):
        read_tracks(root, "train")
