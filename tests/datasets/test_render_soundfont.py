"""The renderer on a SoundFont; most of it needs FluidSynth and a General MIDI SoundFont of the system."""

import sys
from pathlib import Path

import numpy as np
import pytest

from goodtake.datasets.render import Renderer
from goodtake.datasets.render.plan import Event, VoicePlan
from goodtake.datasets.render.soundfont import SoundFontPlayer
from goodtake.errors import DatasetError, MissingExtraError

FONTS = [
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/sounds/sf2/default-GM.sf2"),
    Path("/usr/share/sounds/sf3/default-GM.sf3"),
]


@pytest.fixture(scope="module")
def player():
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    font = next((path for path in FONTS if path.is_file()), None)
    if font is None:
        pytest.skip("no General MIDI SoundFont is installed")
    return SoundFontPlayer(font)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.sf2"):
        SoundFontPlayer(tmp_path / "none.sf2")


def test_a_missing_package_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.sf2").write_bytes(b"RIFF")
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        SoundFontPlayer(tmp_path / "a.sf2")


def test_text_is_no_soundfont(tmp_path):
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    (tmp_path / "a.sf2").write_text("no SoundFont")
    with pytest.raises(DatasetError, match=r"a\.sf2"):
        SoundFontPlayer(tmp_path / "a.sf2")


@pytest.mark.parametrize("polyphony", ["solo", "lines", "ensemble"])
@pytest.mark.parametrize(("sample_rate", "channels"), [(16_000, 1), (48_000, 2)])
def test_soundfonts_render_reproducibly(player, polyphony, sample_rate, channels):
    renderer = Renderer(player)
    clip = renderer.render(np.random.default_rng(3), 1.5, sample_rate, channels, polyphony)
    assert clip.wave.shape == (channels, round(1.5 * sample_rate))
    assert np.isfinite(clip.wave).all()
    assert clip.sources == ()
    renderer.clip(np.random.default_rng(4), 8000)
    assert renderer.apply(clip.plan).wave.tobytes() == clip.wave.tobytes()


def test_soundfont_notes_are_in_tune_and_on_time(player):
    sound = next(sound for sound in player.sounds if sound.name == "0:0")
    event = Event(0.25, 0.5, 0.3, 69, 0.8)
    voice = VoicePlan(sound.instrument, sound.name, "keys", -20.0, 20.0, 0.0, 0.0, 5.0, (event,))
    buses = np.zeros((2, 1, 16_000), dtype=np.float32)
    player.play([voice], buses, 16_000, 0)
    wave = buses[0, 0]
    assert np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()) / 16_000 == pytest.approx(0.25, abs=0.01)
    spectrum = np.abs(np.fft.rfft(wave[6000:14_000] * np.hanning(8000), 64_000))
    assert np.argmax(spectrum[1600:2000]) + 1600 == pytest.approx(4 * 440, abs=4)
    assert np.sqrt((wave**2).reshape(-1, 800).mean(axis=1).max()) == pytest.approx(10 ** ((-20 - 4) / 20), rel=0.15)
    shifted = np.zeros((2, 1, 16_000), dtype=np.float32)
    player.play([voice], shifted, 16_000, 1600)
    assert np.argmax(np.abs(shifted[0, 0]) > 0.01) / 16_000 == pytest.approx(0.35, abs=0.01)
    assert not buses[1].any()
