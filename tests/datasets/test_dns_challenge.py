"""Rooms of the DNS challenge: found in every layout it comes in, told from the noises beside them."""

import pytest

from goodtake.datasets.dns_challenge import KINDS, find_rirs
from goodtake.errors import DatasetError
from small_sets import write_dns


@pytest.fixture
def root(tmp_path):
    return write_dns(tmp_path / "DNS-Challenge")


def names(paths):
    return [path.name for path in paths]


def test_all_rooms_are_found_and_no_noise(root):
    assert names(find_rirs(root)) == [
        "Room001-00001.wav",
        "Room002-00001.wav",
        "Room001-00001.wav",
        "Room001-00002.wav",
        "RVB2014_type1_rir_largeroom1_far_angla.wav",
        "air_type1_air_binaural_office_0_1.wav",
        "Room001-00001.wav",
    ]
    assert all(path.is_file() for path in find_rirs(root))


@pytest.mark.parametrize(("kind", "count"), [*zip(KINDS, (3, 1, 1, 2), strict=True)])
def test_kinds_are_told_apart(root, kind, count):
    assert len(find_rirs(root, [kind])) == count


@pytest.mark.parametrize(
    ("folder", "count"),
    [
        ("datasets", 7),
        ("datasets/impulse_responses", 7),
        ("datasets/impulse_responses/SLR26", 4),
        ("datasets/impulse_responses/SLR26/simulated_rirs_16k/smallroom", 2),
        ("datasets/impulse_responses/SLR28", 3),
        ("datasets/impulse_responses/SLR28/RIRS_NOISES/real_rirs_isotropic_noises", 2),
    ],
)
def test_any_folder_of_it_will_do(root, folder, count):
    assert len(find_rirs(root / folder)) == count


def test_the_full_band_challenge_is_found(root):
    (root / "datasets").rename(root / "datasets_fullband")
    assert len(find_rirs(root)) == 7


def test_other_folders_hold_no_rooms(root):
    assert find_rirs(root / "datasets" / "noise") == []


def test_an_unknown_kind(root):
    with pytest.raises(DatasetError, match="rooms of kind cathedral: use some of smallroom"):
        find_rirs(root, ["cathedral"])
