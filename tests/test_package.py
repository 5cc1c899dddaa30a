"""What the installed package promises before it hears a sample: version, types, a lean core, a quick start."""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import yaml

import goodtake

ROOT = Path(__file__).parent.parent
RUNS = 5


def best_seconds(command: Sequence[str]) -> float:
    """The shortest of some runs: the others tell how busy the machine is, not how quick the program."""
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def test_import_is_quick() -> None:
    assert best_seconds([sys.executable, "-c", "import goodtake"]) < 0.3


def test_help_is_quick() -> None:
    command = Path(sys.executable).with_name("goodtake")
    assert best_seconds([str(command), "--help"]) < 0.5


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert goodtake.__version__ == metadata.version("goodtake") == citation["version"]


def test_the_changelog_is_kept() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", heading) for heading in headings[1:])


def test_the_core_install_is_lean() -> None:
    needed = [line for line in metadata.requires("goodtake") or [] if "extra ==" not in line]
    names = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in needed}
    assert {"numpy", "soxr", "soundfile", "av", "onnxruntime"} <= names
    assert not names & {"torch", "torchaudio", "tensorflow", "scipy", "librosa", "matplotlib"}


def test_types_are_shipped() -> None:
    assert (Path(goodtake.__file__).parent / "py.typed").is_file()
