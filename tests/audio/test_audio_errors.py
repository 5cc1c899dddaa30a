"""Whatever goes wrong: one clear line, nothing written, nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from audio_cases import noise, spec, write

from goodtake.audio import open_reader, open_writer, probe, read_audio
from goodtake.audio.chunks import PcmLayout
from goodtake.audio.pcm import PcmEncoding
from goodtake.audio.wav import wav_header
from goodtake.errors import GoodtakeError, OutputExistsError, UnreadableAudioError, UnwritableAudioError

CODECS = {
    ".wav": "pcm",
    ".w64": "pcm",
    ".aiff": "pcm",
    ".caf": "pcm",
    ".flac": "flac",
    ".mp3": "mp3",
    ".ogg": "vorbis",
    ".opus": "opus",
    ".m4a": "aac",
    ".mov": "alac",
    ".mp4": "aac",
    ".mkv": "aac",
    ".webm": "opus",
}
EVERY = sorted(CODECS)


def names(folder):
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def like(extension, **more):
    codec = CODECS[extension]
    return spec(codec, 48_000, bits=16 if codec in ("pcm", "flac", "alac") else None, **more)


def break_off(path, output, error, **options):
    """Begin to write, and raise in the middle."""
    with open_writer(path, output, **options) as writer:
        writer.write(noise(2, 50_000))
        assert any(name.endswith(".part") for name in names(path.parent))
        raise error


def refused(path):
    """Read a file to its end; the refusal's message, which must be one line that names the file."""
    with pytest.raises(UnreadableAudioError) as caught:
        read_audio(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


def test_a_missing_file(tmp_path):
    assert "no such file" in refused(tmp_path / "none.wav")


def test_a_folder(tmp_path):
    assert "is a folder" in refused(tmp_path)


def test_an_empty_file(tmp_path):
    (tmp_path / "a.wav").touch()
    assert "is empty (0 bytes)" in refused(tmp_path / "a.wav")


@pytest.mark.parametrize("extension", EVERY)
@pytest.mark.parametrize(
    "content",
    [
        b"Dear diary,\nthis is no music.\n" * 99,
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"\0" * 4096,
        b"R",
        b"ffconcat version 1.0",
    ],
)
def test_text_with_the_name_of_music(tmp_path, extension, content):
    path = tmp_path / f"a{extension}"
    path.write_bytes(content)
    assert "is not audio that goodtake knows" in refused(path)


@pytest.mark.parametrize("extension", EVERY)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.98])
def test_a_cut_off_file(tmp_path, extension, part):
    path = write(tmp_path / f"a{extension}", noise(2, 48_000), like(extension, frames=48_000))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    message = refused(path)
    assert "cut off" in message or "damaged" in message


def test_a_cut_off_wav_says_how_much_is_there(tmp_path):
    path = write(tmp_path / "a.wav", noise(2, 48_000), like(".wav", frames=48_000))
    path.write_bytes(path.read_bytes()[:-96_000])
    assert "is cut off or damaged, only 0.500 s of 1.000 s could be read" in refused(path)


def test_a_cut_off_mp3_says_how_much_is_there(tmp_path):
    path = write(tmp_path / "a.mp3", noise(2, 480_000), like(".mp3"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refused(path)
    assert "is cut off or damaged, only 4.9" in message
    assert "of 10.0" in message


def test_a_flipped_bit_in_flac_is_noticed(tmp_path):
    path = write(tmp_path / "a.flac", noise(2, 48_000), like(".flac"))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert "damaged" in refused(path)


@pytest.mark.parametrize("extension", [".wav", ".w64", ".aiff", ".caf"])
def test_a_header_without_samples(tmp_path, extension):
    path = write(tmp_path / f"a{extension}", noise(1, 2), spec(channels=1, bits=8, frames=2))
    with (
        pytest.raises(UnwritableAudioError, match="no samples to write"),
        open_writer(tmp_path / f"b{extension}", probe(path)),
    ):
        pass
    assert names(tmp_path) == [path.name]


def test_zero_samples(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header(PcmLayout("wav", PcmEncoding("int", 16), 44_100, 2, 0, 0, 0), b"", 0))
    assert "holds no samples" in refused(path)


def test_a_video_without_sound(tmp_path):
    import av

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as muxer:
        stream = muxer.add_stream("mpeg4", rate=25, width=32, height=32)
        for _ in range(3):
            muxer.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        muxer.mux(stream.encode(None))
    assert "has no sound track" in refused(path)


@pytest.mark.parametrize(("bad", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("bits", [32, 64])
def test_numbers_that_are_none(tmp_path, bad, word, bits):
    wave = noise(2, 48_000).astype(np.float64)
    path = tmp_path / "a.wav"
    layout = PcmLayout("wav", PcmEncoding("float", bits), 48_000, 2, 0, 0, 0)
    wave[1, 12_000] = bad
    samples = wave.T.astype(f"<f{bits // 8}").tobytes()
    path.write_bytes(wav_header(layout, b"", 48_000) + samples)
    assert f"holds {word} at 0.250 s in channel 2" in refused(path)


@pytest.mark.parametrize(
    ("channels", "rate", "message"), [(9, 44_100, "has 9 channels"), (2, 7_999, "7999 Hz"), (2, 384_000, "384000 Hz")]
)
def test_beyond_the_limits(tmp_path, channels, rate, message):
    path = tmp_path / "a.wav"
    layout = PcmLayout("wav", PcmEncoding("int", 16), rate, channels, 0, 0, 0)
    path.write_bytes(wav_header(layout, b"", 100) + bytes(200 * channels))
    assert message in refused(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do anything")
def test_no_permission(tmp_path):
    path = write(tmp_path / "a.wav", noise(1, 9), spec(channels=1, bits=16))
    path.chmod(0)
    assert "may not be read" in refused(path)
    locked = tmp_path / "locked"
    locked.mkdir(0o500)
    with pytest.raises(UnwritableAudioError, match="may not be written to"):
        open_writer(locked / "a.wav", spec(bits=16))


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert "is no ordinary file" in refused(tmp_path / "pipe.wav")


def test_a_missing_output_folder(tmp_path):
    with pytest.raises(UnwritableAudioError, match=r"there is no folder .*; make it first"):
        open_writer(tmp_path / "none" / "a.wav", spec(bits=16))


def test_a_file_in_place_of_the_output_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableAudioError, match="is not a folder"):
        open_writer(tmp_path / "file" / "a.wav", spec(bits=16))


def test_an_output_that_is_a_folder(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(UnwritableAudioError, match="is a folder"):
        open_writer(tmp_path / "a.wav", spec(bits=16), overwrite=True)


def test_an_existing_output_is_kept(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        open_writer(tmp_path / "a.wav", spec(bits=16))
    assert (tmp_path / "a.wav").read_bytes() == b"precious"


def test_an_existing_output_is_replaced_only_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"precious")
    with pytest.raises(RuntimeError):
        break_off(path, spec(bits=16), RuntimeError, overwrite=True)
    assert path.read_bytes() == b"precious"
    with open_writer(path, spec(bits=16), overwrite=True) as writer:
        writer.write(noise(2, 100))
        assert path.read_bytes() == b"precious"
    assert probe(path).frames == 100
    assert names(tmp_path) == ["a.wav"]


def test_an_output_made_by_someone_else_meanwhile_is_kept(tmp_path):
    path = tmp_path / "a.wav"
    writer = open_writer(path, spec(bits=16))
    writer.write(noise(2, 100))
    path.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="by another program"):
        writer.close()
    assert path.read_bytes() == b"precious"
    assert names(tmp_path) == ["a.wav"]


@pytest.mark.parametrize("kind", ["same", "symbolic", "hard"])
def test_the_output_is_the_input(tmp_path, kind):
    path = write(tmp_path / "a.wav", noise(2, 100), spec(bits=16))
    before = path.read_bytes()
    other = tmp_path / "b.wav"
    if kind == "symbolic":
        other.symlink_to(path)
    elif kind == "hard":
        other.hardlink_to(path)
    else:
        other = tmp_path / "." / "a.wav"
    with pytest.raises(OutputExistsError, match="is the input itself"):
        open_writer(other, probe(path), overwrite=True, source=path)
    with pytest.raises(OutputExistsError, match="is the input itself"):
        open_writer(other, probe(path), overwrite=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("extension", EVERY)
def test_an_interrupt_leaves_nothing(tmp_path, extension):
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path / f"a{extension}", like(extension), KeyboardInterrupt)
    assert names(tmp_path) == []


def test_a_fault_of_ours_is_not_written(tmp_path):
    bad = noise(2, 100)
    bad[0, 5] = np.nan
    with pytest.raises(UnwritableAudioError, match="NaN"), open_writer(tmp_path / "a.wav", spec(bits=16)) as writer:
        writer.write(bad)
    assert names(tmp_path) == []
    with pytest.raises(ValueError, match="shape"), open_writer(tmp_path / "a.wav", spec(bits=16)) as writer:
        writer.write(noise(1, 100))
    assert names(tmp_path) == []


FILL_THE_DISK = """
import os, resource, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from audio_cases import noise
from test_audio_errors import EVERY, like
from goodtake.audio import open_writer
from goodtake.errors import UnwritableAudioError
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for extension in EVERY:
    try:
        with open_writer(sys.argv[2] + "/a" + extension, like(extension)) as writer:
            for _ in range(20):
                writer.write(noise(2, 20_000))
        print(extension, "was written")
    except UnwritableAudioError as error:
        print(extension, "refused", "the file grew larger than the disk" in str(error), os.listdir(sys.argv[2]))
"""


def test_a_full_disk_leaves_nothing(tmp_path):
    """A limit on the size of files fails in the same calls as a full disk, and needs no special file system."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", FILL_THE_DISK, here, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"{extension} refused True []" for extension in EVERY]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_behind_standard_output():
    program = (
        "import numpy as np\nfrom audio_cases import spec\nfrom goodtake.audio import open_writer\n"
        "from goodtake.errors import UnwritableAudioError\n"
        "try:\n"
        "    with open_writer('-', spec(bits=16)) as writer:\n"
        "        for _ in range(9):\n            writer.write(np.zeros((2, 50_000)))\n"
        "except UnwritableAudioError as error:\n    import sys, os\n"
        "    print(error, file=sys.stderr, flush=True)\n    os._exit(3)\n"
    )
    with Path("/dev/full").open("wb") as full:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == 3
    assert done.stderr.strip() == "standard output: the disk is full; free some space, or give another place"


def test_libav_is_silent_whatever_it_gets(tmp_path):
    """Damaged files of every kind in one process: nothing on standard output or error."""
    for extension in EVERY:
        path = write(tmp_path / f"a{extension}", noise(2, 20_000), like(extension))
        raw = bytearray(path.read_bytes())
        for at in range(len(raw) // 3, len(raw), 997):
            raw[at] ^= 0x55
        path.write_bytes(raw)
    program = (
        "import sys\nfrom goodtake.audio import read_audio\nfrom goodtake.errors import GoodtakeError\n"
        "for path in sys.argv[1:]:\n    try:\n        read_audio(path)\n    except GoodtakeError:\n        pass\n"
    )
    paths = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_errors_keep_their_cause(tmp_path):
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3\x84abcd\x18\x53\x80\x67\x84abcd")
    with pytest.raises(GoodtakeError) as caught:
        open_reader(path)
    assert caught.value.__cause__ is not None
