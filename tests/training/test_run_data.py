"""What `goodtake train` reads: Medley-solos-DB, rooms of the DNS and noises of the ACE challenge, plain folders."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from test_loop import RECIPE as TINY_STUDIO
from test_loop import music

from goodtake.datasets import medley_solos_db
from goodtake.datasets.medley_solos_db import METADATA_NAME
from goodtake.degrade import bank as banks
from goodtake.degrade.bank import Bank
from goodtake.degrade.draw import PAPER1, draw
from goodtake.errors import ConfigError, DatasetError
from goodtake.training.checkpoints import load_checkpoint
from goodtake.training.loop import LoopOptions
from goodtake.training.recipe import RECIPE_NAME, DataConfig, Recipe, load_recipe
from goodtake.training.run import bank_from, recordings_from, train_recipe
from small_sets import write, write_ace, write_dns, write_folder, write_medley

RECIPES = Path(__file__).parents[2] / "recipes" / "train"
PART = Recipe(data=DataConfig(whole=False))


@pytest.fixture(scope="module")
def medley(tmp_path_factory):
    return write_medley(tmp_path_factory.mktemp("sets") / "medley")


@pytest.fixture(scope="module")
def dns(tmp_path_factory):
    return write_dns(tmp_path_factory.mktemp("sets") / "dns")


@pytest.fixture(scope="module")
def ace(tmp_path_factory):
    return write_ace(tmp_path_factory.mktemp("sets") / "ace")


@pytest.mark.parametrize("given", ["", METADATA_NAME])
def test_medley_gives_its_training_clips_without_the_distorted_guitar(medley, given):
    recordings = recordings_from(medley / given, PART)
    instruments = [name for name in medley_solos_db.INSTRUMENTS if name != "distorted electric guitar"]
    assert list(recordings.groups) == [f"Medley-solos-DB/{name}" for name in instruments]
    np.testing.assert_allclose(recordings.weights, 1 / 7)
    peaks = []
    for clips in recordings.groups.values():
        assert [clip.shape[1] for clip in clips] == [pytest.approx(47_555, abs=1000)] * 2
        peaks.append(max(float(np.abs(clip.astype(np.float32)).max()) for clip in clips))
    songs = np.array([1, 3, 4, 5, 6, 7, 8])  # training songs come first, each louder; the second is the guitar's
    np.testing.assert_allclose(np.array(peaks) / peaks[0], songs, rtol=0.02)


def test_the_metadata_may_lie_in_a_folder_of_its_own(tmp_path):
    root = write_medley(tmp_path, audio="audio", annotation="annotation")
    for given in (root, root / "annotation" / METADATA_NAME):
        assert len(recordings_from(given, PART).groups) == 7


def test_a_part_of_medley_is_refused_unless_the_recipe_takes_it(medley):
    assert load_recipe(RECIPES / "mel2mel-paper.yaml").data.whole
    with pytest.raises(DatasetError, match=r"14 clips of subset training, version 1\.2 has 5,437: get Medley"):
        recordings_from(medley, Recipe())


def test_medley_with_files_missing_cut_off_or_unlisted(tmp_path):
    root = write_medley(tmp_path / "medley")
    lost = medley_solos_db.read_tracks(root, "training")[5].path
    wave, rate = soundfile.read(lost)
    lost.unlink()
    with pytest.raises(DatasetError, match=r"lacks 1 of 14 clips.*unpack Medley-solos-DB\.tar\.gz whole"):
        recordings_from(root, PART)
    soundfile.write(lost, wave[:70_000], rate)
    with pytest.raises(DatasetError, match=rf"{lost.name} is cut off: 70,000 samples, a clip has 131,072"):
        recordings_from(root, PART)
    lost.write_bytes(b"RIFF")
    with pytest.raises(DatasetError, match=rf"{lost.name} cannot be read as audio"):
        recordings_from(root, PART)
    (root / METADATA_NAME).unlink()
    with pytest.raises(DatasetError, match=f"has no {METADATA_NAME}"):  # rather than test clips and guitars as well
        recordings_from(root, PART)


def test_a_plain_folder_still_gives_all_it_holds(tmp_path):
    assert sum(map(len, recordings_from(write_folder(tmp_path), PART).groups.values())) == 3
    with pytest.raises(DatasetError, match="is no folder"):
        recordings_from(tmp_path / "none", PART)


@pytest.mark.parametrize("wave", [np.zeros((1, 0), np.float32), np.full((1, 2000), np.nan, np.float32)])
def test_a_recording_without_samples_or_numbers_is_named(tmp_path, wave):
    write(tmp_path / "hollow.wav", wave, 16_000)
    with pytest.raises(DatasetError, match=r"hollow\.wav holds no samples, or some that are no finite numbers"):
        recordings_from(tmp_path, PART)


def test_rooms_and_noises_replace_simulated_ones(medley, dns, ace):
    bank = bank_from(medley, PART, [dns], [ace])
    assert (len(bank.rirs), len(bank.noises)) == (7, 5)
    for name in bank.rirs:
        rir = bank.room(name)
        assert len(rir) == (2 if "RVB" in name else 1)  # of eight microphones
        assert rir[0, 40] == pytest.approx(1.0, abs=1e-3)
    assert {bank.noise(name).shape for name in bank.noises} == {(1, 32_000), (2, 32_000)}
    drawn = [draw(np.random.default_rng(seed), PAPER1, bank) for seed in range(80)]
    assert {fault.room.rir for fault in drawn} == set(bank.rirs)
    assert {fault.noise.layers[0].files[0] for fault in drawn} == set(bank.noises)


def test_the_rest_of_a_library_stays(tmp_path, dns, ace):
    write_folder(tmp_path / "train" / "performance")
    for part in ("rir/own.wav", "noise/own.wav", "noise/speech/own.wav", "mic/own.wav"):
        write(tmp_path / "train" / part, np.hanning(800)[None].astype(np.float32), 16_000)
    (tmp_path / "index.csv").write_text("path,part,kind,library,instrument,licence\n")
    bank = bank_from(tmp_path, PART, noises=[ace])
    assert (list(bank.rirs), len(bank.noises)) == (["own.wav"], 5)
    assert (list(bank.talkers), list(bank.microphones)) == (["speech/own.wav"], ["own.wav"])
    assert len(bank_from(tmp_path, PART, rooms=[dns]).rirs) == 7
    assert list(bank_from(tmp_path, PART).noises) == ["own.wav"]


def test_several_folders_and_plain_ones(tmp_path, medley, dns):
    simulated = dns / "datasets" / "impulse_responses" / "SLR26" / "simulated_rirs_16k"
    bank = bank_from(medley, PART, [simulated / "smallroom", simulated / "mediumroom"], [dns / "datasets" / "noise"])
    assert [name.rsplit("/", 3)[1] for name in bank.rirs] == ["smallroom", "smallroom", "mediumroom"]
    assert [Path(name).name for name in bank.noises] == ["door.wav"]
    for missing in ([tmp_path / "none"], [tmp_path]):
        with pytest.raises(DatasetError, match=r"is no folder|holds no audio"):
            bank_from(medley, PART, rooms=missing)
        with pytest.raises(DatasetError, match=r"is no folder|holds no audio"):
            bank_from(medley, PART, noises=missing)


def test_thousands_of_files_are_read_as_they_are_drawn_and_the_latest_are_kept(tmp_path, monkeypatch):
    paths = [write(tmp_path / f"{n}.wav", np.full((1, 100), 0.5, np.float32), 16_000) for n in range(4)]
    (tmp_path / "broken.wav").write_bytes(b"nonsense")
    read, real = [], banks._read
    monkeypatch.setattr(banks, "_read", lambda path, rate: read.append(path.stem) or real(path, rate))
    monkeypatch.setattr(banks, "KEPT_BYTES", 2 * 100 * 2)  # two half-precision noises
    bank = Bank(16_000).with_files(noises=[*paths, tmp_path / "broken.wav"])
    assert len(bank.noises) == 5
    for number in (0, 1, 0, 2, 0, 1, 3):  # 0 is used again and again, 1 is forgotten at 2
        bank.noise(paths[number].as_posix())
    assert read == ["0", "1", "2", "1", "3"]
    with pytest.raises(DatasetError, match=r"broken\.wav cannot be read"):
        bank.noise((tmp_path / "broken.wav").as_posix())


TINY = """
base: {base}
name: tiny
precision: float32
chain:
  mel2mel: {{channels: 4, blocks: 1}}
  discriminator: {{channels: 4}}
data: {{batch_size: 2, whole: false}}
optimiser: {{total_steps: 2}}
"""


def test_paper_1s_data_trains_paper_1s_recipe(tmp_path, medley, dns, ace):
    (tmp_path / "tiny.yaml").write_text(TINY.format(base=RECIPES / "mel2mel-paper.yaml"))
    paths = ["--data", medley, "--rooms", dns, "--noises", ace, "--run", tmp_path / "run"]
    command = [sys.executable, "-m", "goodtake", "train", tmp_path / "tiny.yaml", *paths, "--workers", "0"]
    done = subprocess.run(
        [*map(str, command), "--accelerator", "cpu", "--threads", "1"],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "7 room responses, 5 backgrounds" in done.stdout
    state = load_checkpoint(tmp_path / "run")
    assert state["step"] == 2
    assert all(torch.isfinite(weight).all() for weight in state["model"].values())


def test_the_paper_variants_leave_the_clips_as_they_are():
    for network in ("mel2mel", "diffwave", "demucs"):
        data = load_recipe(RECIPES / f"{network}-paper.yaml").data
        shares = ("rendered", "mixed", "retuned", "toned", "compressed")
        assert all(getattr(data.clips, share) == 0 for share in shares)
        assert min(data.clips.floor_db) >= 100
        assert data.take_seconds * 44_100 <= medley_solos_db.CLIP_SAMPLES
        assert replace(data.degrade, noise_first=False) == PAPER1


def test_a_recipe_that_does_not_fit_leaves_the_runs_own(tmp_path):
    def run(recipe):
        return train_recipe(recipe, tmp_path / "music", LoopOptions(tmp_path / "run", workers=0), lambda line: None)

    write(tmp_path / "music" / "tune.wav", music(16_000), 16_000)
    recipe = replace(TINY_STUDIO, optimiser=replace(TINY_STUDIO.optimiser, total_steps=1))
    run(recipe)
    assert load_recipe(tmp_path / "run" / RECIPE_NAME) == recipe
    other = replace(recipe, name="other", model=replace(recipe.model, dim=24))
    with pytest.raises(ConfigError, match="another architecture"):
        run(other)
    assert load_recipe(tmp_path / "run" / RECIPE_NAME) == recipe
    longer = replace(recipe, optimiser=replace(recipe.optimiser, total_steps=2))
    assert run(longer).step == 2
    assert load_recipe(tmp_path / "run" / RECIPE_NAME) == longer
    assert not list((tmp_path / "run").glob("*.partial"))
