"""Room responses of the Deep Noise Suppression (DNS) challenge; the rooms of paper 1 (section 4.1).

Two collections of openslr.org as the challenge hands them on: SLR26, simulated rooms of three sizes, and SLR28, rooms
measured in the Aachen (AIR), REVERB and RWCP projects. SLR28 also holds noises, which are passed over here.
"""

from collections.abc import Iterable
from pathlib import Path

from goodtake.errors import DatasetError

CITATION = """\
@inproceedings{reddy2021interspeech,
    author = {Reddy, Chandan K. A. and Dubey, Harishchandra and Koishida, Kazuhito and Nair, Arun and Gopal, Vishak and
              Cutler, Ross and Braun, Sebastian and Gamper, Hannes and Aichner, Robert and Srinivasan, Sriram},
    title = {Interspeech 2021 Deep Noise Suppression Challenge},
    booktitle = {Interspeech},
    year = {2021}
}
@inproceedings{ko2017study,
    author = {Ko, Tom and Peddinti, Vijayaditya and Povey, Daniel and Seltzer, Michael L. and Khudanpur, Sanjeev},
    title = {A study on data augmentation of reverberant speech for robust speech recognition},
    booktitle = {IEEE International Conference on Acoustics, Speech and Signal Processing (ICASSP)},
    year = {2017}
}"""
LICENCE = "Apache-2.0"
URL = "https://github.com/microsoft/DNS-Challenge"
SIMULATED_URL = "https://www.openslr.org/26"
MEASURED_URL = "https://www.openslr.org/28"

PLACES = ("impulse_responses", "datasets/impulse_responses", "datasets_fullband/impulse_responses")
"""Where the responses lie in a folder that holds more of the challenge; looked for in this order."""

MEASURED = "measured"
KINDS = ("smallroom", "mediumroom", "largeroom", MEASURED)
"""Sizes of simulated rooms, as their folders are named, and the measured ones."""

MEASURED_FOLDER = "real_rirs_isotropic_noises"


def find_rirs(root: Path, kinds: Iterable[str] = KINDS) -> list[Path]:
    """Returns the files of the room responses in a folder of the challenge, sorted; none when it has another layout.

    Args:
        root: the challenge's repository, its `impulse_responses`, one of the collections, or a folder of one kind.
        kinds: some of `KINDS`.

    Raises:
        DatasetError: when a kind is unknown.
    """
    wanted = set(kinds)
    if unknown := sorted(wanted - set(KINDS)):
        raise DatasetError(f"rooms of kind {unknown[0]}: use some of {', '.join(KINDS)}")
    place = next((root / place for place in PLACES if (root / place).is_dir()), root)
    return [path for path in sorted(place.rglob("*.wav")) if _kind(path, place) in wanted]


def _kind(path: Path, root: Path) -> str | None:
    """Returns the kind of a response, or None for a noise or something else."""
    folders = {root.name, *path.relative_to(root).parts[:-1]}
    if MEASURED_FOLDER in folders:
        return None if "_noise_" in path.name else MEASURED
    return next((kind for kind in KINDS if kind in folders), None)
