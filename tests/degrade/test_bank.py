import numpy as np
import pytest
import soundfile

from goodtake.degrade.bank import Bank
from goodtake.errors import DatasetError


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    rir = np.zeros((4000, 2))
    rir[500] = 0.2, 0.8
    rir[900] = 0.3
    low = np.sin(2 * np.pi * 15 * np.arange(48_000) / 48_000)
    hiss = 0.1 * rng.standard_normal(48_000)
    for name, wave, rate in (
        ("rir/house/hall.flac", rir, 44_100),
        ("noise/rain.wav", np.stack([hiss, hiss + 0.5 * low], 1), 48_000),
        ("noise/speech/anna.wav", hiss, 16_000),
        ("mic/ribbon.flac", np.stack([hiss, low], 1)[:3000], 48_000),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, rate, subtype="PCM_24")
    (tmp_path / "noise" / "README.txt").write_text("not a sound")
    return tmp_path


@pytest.mark.parametrize("lazy", [False, True])
def test_folder_is_read_at_the_rate_asked(folder, lazy):
    bank = Bank.from_folder(folder, 16_000, lazy)
    assert list(bank.rirs) == ["house/hall.flac"]
    assert list(bank.noises) == ["rain.wav"]
    assert list(bank.talkers) == ["speech/anna.wav"]
    assert list(bank.microphones) == ["ribbon.flac"]
    rir = bank.room("house/hall.flac")
    assert rir[1, 40] == pytest.approx(1.0)
    assert rir[0, 40] == pytest.approx(0.25, abs=0.01)
    assert bank.noise("rain.wav").shape == (2, 16_000)
    assert bank.noise("rain.wav").dtype == np.float16
    assert bank.noise("speech/anna.wav").shape == (1, 48_000)
    assert bank.microphone("ribbon.flac").shape == (1, 1000)


def test_infrasound_of_a_background_is_gone(folder):
    left, right = Bank.from_folder(folder, 16_000).noise("rain.wav").astype(np.float32)
    assert np.allclose(left[4000:-4000], right[4000:-4000], atol=0.01)


def test_lazy_equals_eager(folder):
    eager, lazy = (Bank.from_folder(folder, 22_050, lazy) for lazy in (False, True))
    for name in ("rirs", "noises", "talkers", "microphones"):
        one, other = getattr(eager, name), getattr(lazy, name)
        assert list(one) == list(other)
        assert all(np.array_equal(one[key], other[key]) for key in one)
        assert "gone" not in other


def test_a_missing_part_stays_empty(folder):
    (folder / "mic" / "ribbon.flac").unlink()
    (folder / "mic").rmdir()
    assert not Bank.from_folder(folder, 16_000).microphones


def test_folders_and_files_that_will_not_do(folder, tmp_path_factory):
    with pytest.raises(DatasetError, match=r"has none of rir/, noise/, mic/"):
        Bank.from_folder(tmp_path_factory.mktemp("empty"), 16_000)
    (folder / "noise" / "broken.wav").write_bytes(b"RIFF nonsense")
    with pytest.raises(DatasetError, match=r"broken\.wav cannot be read as audio"):
        Bank.from_folder(folder, 16_000)
    lazy = Bank.from_folder(folder, 16_000, lazy=True)
    assert lazy.noise("rain.wav").shape == (2, 16_000)
    with pytest.raises(DatasetError, match=r"broken\.wav"):
        lazy.noise("broken.wav")
    soundfile.write(folder / "noise" / "broken.wav", np.zeros(100), 16_000)
    with pytest.raises(DatasetError, match="holds no sound"):
        Bank.from_folder(folder, 16_000)
