"""Memory does not grow with the length of a file."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from audio_cases import spec
from goodtake.audio import open_reader, open_writer
folder, extension, codec = Path(sys.argv[1]), *sys.argv[2:4]
bits, minutes = int(sys.argv[4]) or None, float(sys.argv[5])
rate = 48000
second = (np.random.default_rng(0).standard_normal((2, rate)) * 0.1).astype(np.float32)
with open_writer(folder / ("a" + extension), spec(codec, rate, bits=bits)) as writer:
    for _ in range(int(60 * minutes)):
        writer.write(second)
with open_reader(folder / ("a" + extension)) as reader, open_writer(folder / ("b" + extension), reader.info) as writer:
    for block in reader.blocks():
        writer.write(block)
assert writer.frames == int(60 * minutes) * rate
# Not getrusage: a program inherits the peak of the process that started it.
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""


def peak_mb(folder, extension, codec, bits, minutes):
    command = [sys.executable, "-c", PROGRAM, str(folder), extension, codec, str(bits or 0), str(minutes)]
    environment = {"PYTHONPATH": str(Path(__file__).parent), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    for path in folder.iterdir():
        path.unlink()
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("extension", "codec", "bits", "minutes"),
    [
        pytest.param(".wav", "pcm", 16, 3, id="wav"),
        pytest.param(".wav", "pcm", 16, 25, marks=pytest.mark.slow, id="wav-long"),
        pytest.param(".flac", "flac", 16, 25, marks=pytest.mark.slow, id="flac-long"),
        pytest.param(".mp3", "mp3", None, 8, marks=pytest.mark.slow, id="mp3-long"),
        pytest.param(".ogg", "vorbis", None, 8, marks=pytest.mark.slow, id="ogg-long"),
        pytest.param(".m4a", "aac", None, 8, marks=pytest.mark.slow, id="m4a-long"),
        pytest.param(".opus", "opus", None, 8, marks=pytest.mark.slow, id="opus-long"),
        pytest.param(".mkv", "aac", None, 8, marks=pytest.mark.slow, id="mkv-long"),
    ],
)
def test_memory_is_flat(tmp_path, extension, codec, bits, minutes):
    short = peak_mb(tmp_path, extension, codec, bits, 0.2)
    long = peak_mb(tmp_path, extension, codec, bits, minutes)
    assert long < short + 15
    assert long < 250
