"""The note library: index, nearest notes, decoding."""

import csv

import numpy as np
import pytest
import soundfile

from goodtake.datasets.notes import MAX_SHIFT_SEMITONES, NoteLibrary
from goodtake.errors import DatasetError

RATE = 44_100
FIELDS = ("path", "part", "kind", "library", "instrument", "midi_pitch", "articulation", "layer", "family", "licence")


def tone(pitch, seconds, decay_s=None, attack_s=0.002, harmonics=6):
    """A tone whose attack begins 2 ms into the wave: held, or dying away with a time constant."""
    time = np.arange(round(seconds * RATE)) / RATE - 0.002
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * f0 * k * time + k) / k for k in range(1, harmonics + 1) if f0 * k < 20_000)
    envelope = np.clip(time / attack_s, 0, 1) * np.clip((seconds - 0.002 - time) / 0.05, 0, 1)
    if decay_s:
        envelope = envelope * np.exp(-np.maximum(time, 0) / decay_s)
    return (0.2 * wave * envelope).astype(np.float32)


def write_notes(root, rows):
    """Writes waves and an index; each row is (fields, wave)."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for i, (fields, wave) in enumerate(rows):
            name = f"{i:03d}.wav"
            soundfile.write(root / name, wave, RATE, subtype="FLOAT")
            writer.writerow(
                {"part": "train", "kind": "note", "library": "made", "licence": "CC0", **fields, "path": name}
            )
    return root


def write_library(root):
    """A piano (stereo, two layers), a bass, an oboe, a violin and a drum kit for training; a flute for dev."""
    rng = np.random.default_rng(0)
    rows = []
    for pitch in np.arange(36, 97, 4) + 0.03:
        for layer, gain in (("p", 0.3), ("f", 1.0)):
            wave = gain * tone(pitch, 1.5, decay_s=0.5)
            fields = {"instrument": "piano", "midi_pitch": f"{pitch:.2f}", "layer": layer}
            rows.append((fields, np.stack([wave, 0.5 * np.roll(wave, 20)], axis=1)))
    rows += [({"instrument": "electric bass", "midi_pitch": p}, tone(p, 1.2, decay_s=0.4)) for p in range(28, 56, 3)]
    rows += [({"instrument": "oboe", "midi_pitch": p}, tone(p, 1.0, attack_s=0.03)) for p in range(58, 92, 3)]
    rows += [({"instrument": "violin", "midi_pitch": p}, tone(p, 1.0, attack_s=0.05)) for p in range(55, 100, 4)]
    for drum, decay_s in (("bass drum", 0.1), ("snare drum", 0.08), ("hi-hat closed", 0.03), ("crash cymbal", 0.4)):
        noise = rng.standard_normal(RATE // 2) * np.exp(-np.arange(RATE // 2) / RATE / decay_s)
        noise[: round(0.002 * RATE)] = 0
        rows.append(({"instrument": drum}, (0.1 * noise).astype(np.float32)))
    rows.append(({"instrument": "flute", "midi_pitch": 72, "part": "dev"}, tone(72, 0.5)))
    rows.append(({"instrument": "street", "kind": "noise"}, tone(60, 0.1)))
    return write_notes(root, rows)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("notes") / "library")


def test_reads_the_notes_of_one_part(root):
    train = NoteLibrary.from_index(root, "train", 16_000)
    assert "oboe" in train.instruments
    assert "flute" not in train.instruments
    assert "street" not in train.instruments  # a noise, not a note
    assert NoteLibrary.from_index(root, "dev", 16_000).instruments == ("flute",)
    assert "flute" in NoteLibrary.from_index(root, None, 16_000).instruments
    assert NoteLibrary.from_index(root, "train", 16_000, ["oboe"]).instruments == ("oboe",)


def test_finds_the_nearest_note_and_its_shift(root):
    library = NoteLibrary.from_index(root, "train", 16_000)
    rng = np.random.default_rng(1)
    for pitch in np.arange(57, 92, 0.5):
        note, shift = library.find("oboe", pitch, rng)
        assert note.midi_pitch + shift == pytest.approx(pitch)
        assert abs(shift) <= MAX_SHIFT_SEMITONES


def test_velocity_chooses_the_layer(root):
    library = NoteLibrary.from_index(root, "train", 16_000)
    (piano,) = (timbre for timbre in library.timbres if timbre.instrument == "piano")
    rng = np.random.default_rng(1)
    assert {piano.find(60, rng, 0.1)[0].layer for _ in range(9)} == {"p"}
    assert {piano.find(60, rng, 0.9)[0].layer for _ in range(9)} == {"f"}
    assert {piano.find(60, rng)[0].layer for _ in range(40)} == {"p", "f"}


@pytest.mark.parametrize(("instrument", "pitch"), [("oboe", 40), ("oboe", 99), ("kazoo", 60)])
def test_what_is_not_there_is_an_error(root, instrument, pitch):
    library = NoteLibrary.from_index(root, "train", 16_000)
    with pytest.raises(DatasetError, match=instrument):
        library.find(instrument, pitch, np.random.default_rng(0))


def test_decodes_once_at_the_wanted_rate(root):
    library = NoteLibrary.from_index(root, "train", 16_000)
    note, _ = library.find("piano", 60, np.random.default_rng(0))
    sample = library.sample(note)
    assert library.sample(note) is sample
    assert sample.wave.dtype == np.float16
    assert sample.wave.shape[0] == 2  # stereo is kept
    assert 16_000 < sample.sample_rate < 20_000  # room to shift downwards
    assert sample.wave.shape[1] == pytest.approx(1.5 * sample.sample_rate, abs=2)
    assert NoteLibrary.from_index(root, "train", 48_000).sample(note).sample_rate == RATE


def test_level_is_the_loudest_rms(tmp_path):
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    library = NoteLibrary.from_index(write_notes(tmp_path, [({"instrument": "a", "midi_pitch": 69}, wave)]), None, RATE)
    assert library.sample(library.notes[0]).level == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_noise_before_the_attack_is_cut_off(tmp_path):
    late = np.concatenate([0.001 * np.random.default_rng(0).standard_normal(RATE // 4), tone(69, 1.0)])
    library = NoteLibrary.from_index(write_notes(tmp_path, [({"instrument": "a", "midi_pitch": 69}, late)]), None, RATE)
    sample = library.sample(library.notes[0])
    assert sample.wave.shape[1] / RATE == pytest.approx(1.0, abs=0.02)


def test_sustain_ends_where_the_tone_dies(tmp_path):
    bowed = np.concatenate([tone(69, 1.0), tone(69, 1.5) * np.float32(0.02)])
    library = NoteLibrary.from_index(
        write_notes(tmp_path, [({"instrument": "a", "midi_pitch": 69}, bowed)]), None, RATE
    )
    assert library.sample(library.notes[0]).sustain_s == pytest.approx(1.0, abs=0.06)


def test_a_plain_folder_needs_three_columns(tmp_path):
    (tmp_path / "wav").mkdir()
    soundfile.write(tmp_path / "wav" / "a.flac", tone(69, 0.3), RATE)
    (tmp_path / "index.csv").write_text("path,instrument,midi_pitch\nwav/a.flac,zither,69.0\n")
    library = NoteLibrary.from_index(tmp_path, "train", 16_000)
    library.preload()
    assert library.notes[0].source == "wav/a.flac"
    assert library.notes[0].onset_ms == 2.0


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (None, "cannot be read"),
        ("path,instrument\na.wav,oboe\n", "lacks the column"),
        ("path,instrument,midi_pitch\na.wav,oboe,la\n", "a.wav"),
        ("path,instrument,midi_pitch\n", "no notes"),
        ("path,kind,instrument,midi_pitch\na.wav,noise,oboe,60\n", "no notes"),
    ],
)
def test_a_bad_index_is_an_error(tmp_path, index, message):
    if index is not None:
        (tmp_path / "index.csv").write_text(index)
    with pytest.raises(DatasetError, match=message):
        NoteLibrary.from_index(tmp_path, "train", 16_000)


def test_an_unknown_instrument_is_an_error(root):
    with pytest.raises(DatasetError, match="kazoo"):
        NoteLibrary.from_index(root, "train", 16_000, ["oboe", "kazoo"])


@pytest.mark.parametrize("content", [None, b"", b"text, no sound", "silence", "empty", "nan"])
def test_a_bad_note_is_an_error(tmp_path, content):
    (tmp_path / "index.csv").write_text("path,instrument,midi_pitch\na.wav,oboe,60\n")
    waves = {"silence": np.zeros(999), "empty": np.zeros(0), "nan": np.full(999, np.nan)}
    if isinstance(content, bytes):
        (tmp_path / "a.wav").write_bytes(content)
    elif content:
        soundfile.write(tmp_path / "a.wav", waves[content], RATE, subtype="FLOAT")
    library = NoteLibrary.from_index(tmp_path, "train", 16_000)
    with pytest.raises(DatasetError, match=r"a\.wav"):
        library.preload()
