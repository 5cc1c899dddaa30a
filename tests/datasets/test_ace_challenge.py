"""Noises of the ACE challenge: found by their names, told from the room responses beside them."""

import pytest

from goodtake.datasets.ace_challenge import KINDS, find_noises
from goodtake.errors import DatasetError
from small_sets import write_ace


@pytest.fixture
def root(tmp_path):
    return write_ace(tmp_path / "ACE")


def test_all_noises_are_found_and_no_room(root):
    assert [path.name for path in find_noises(root)] == [
        "Chromebook_502_1_Fan.wav",
        "Single_EE_lobby_1_Babble.wav",
        "Single_403a_1_Ambient.wav",
        "Single_403a_1_Babble_2.wav",
        "Single_403a_2_Fan.wav",
    ]


@pytest.mark.parametrize(("kind", "count"), [*zip(KINDS, (1, 2, 2), strict=True)])
def test_kinds_are_told_apart(root, kind, count):
    assert len(find_noises(root, [kind])) == count


def test_a_device_or_a_room_will_do(root):
    single = root / "ACE_Corpus_RIRN_Single" / "Single"
    assert len(find_noises(single)) == 4
    assert len(find_noises(single / "Lecture_Room_2" / "2")) == 1


def test_a_folder_of_other_fans_is_not_the_corpus(tmp_path):
    (tmp_path / "Desk_Fan.wav").touch()
    assert find_noises(tmp_path) == []


def test_an_unknown_kind(root):
    with pytest.raises(DatasetError, match="noises of kind Rain: use some of Ambient, Babble, Fan"):
        find_noises(root, ["Rain"])
