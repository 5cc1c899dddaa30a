"""Background noise of the ACE challenge corpus (Acoustic Characterisation of Environments); the noise of paper 1.

Seven rooms, two places of the microphones in each, recorded at 48 kHz through six devices of one to 32 microphones:
the room at rest ("Ambient"), people talking ("Babble") and a fan ("Fan"). Room responses ("RIR") lie beside them.
"""

from collections.abc import Iterable
from pathlib import Path

from goodtake.errors import DatasetError

CITATION = """\
@inproceedings{eaton2015ace,
    author = {Eaton, James and Gaubitch, Nikolay D. and Moore, Alastair H. and Naylor, Patrick A.},
    title = {The {ACE} challenge -- Corpus description and performance evaluation},
    booktitle = {IEEE Workshop on Applications of Signal Processing to Audio and Acoustics (WASPAA)},
    year = {2015}
}"""
LICENCE = "CC BY-ND 4.0"
URL = "https://doi.org/10.5281/zenodo.6257551"
ARCHIVE = "ACE_Corpus_RIRN_Single.tbz2"
"""The archive of one microphone; the others end in the names of `DEVICES`."""

DEVICES = ("Single", "Chromebook", "Mobile", "Crucif", "Lin8Ch", "EM32")
KINDS = ("Ambient", "Babble", "Fan")


def find_noises(root: Path, kinds: Iterable[str] = KINDS) -> list[Path]:
    """Returns the noise files in a folder of the corpus, sorted; none when it has another layout.

    Args:
        root: where archives were unpacked, a device's folder, or a room in it.
        kinds: some of `KINDS`.

    Raises:
        DatasetError: when a kind is unknown.
    """
    wanted = set(kinds)
    if unknown := sorted(wanted - set(KINDS)):
        raise DatasetError(f"noises of kind {unknown[0]}: use some of {', '.join(KINDS)}")
    return [path for path in sorted(root.rglob("*.wav")) if _is_noise(path, wanted)]


def _is_noise(path: Path, kinds: set[str]) -> bool:
    """Tells whether a file is named DEVICE_ROOM_PLACE_KIND, as `Single_403a_1_Fan.wav`; a number may follow."""
    words = path.stem.split("_")
    return words[0] in DEVICES and not kinds.isdisjoint(words[1:])
