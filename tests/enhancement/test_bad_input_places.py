"""Outputs that cannot be: everything is refused before any work begins, and nothing is lost."""

import os
import shutil

import pytest
import yaml
from enhance_cases import contents, melody, write

from goodtake.bundles.registry import DEFAULT_MODEL, INSTALLED
from goodtake.errors import UnwritableAudioError


@pytest.fixture
def take(tmp_path):
    return write(tmp_path / "take.wav", melody(0.3))


def test_a_missing_folder(refused, take, tmp_path):
    assert "does not exist: make it first" in refused("enhance", take, "-o", f"{tmp_path}/none/")
    assert "there is no folder" in refused("enhance", take, "-o", tmp_path / "none" / "out.wav")
    assert "is not a folder" in refused("enhance", take, "-o", take / "out.wav")


def test_a_folder_that_may_not_be_written_to(refused, take, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *args: False)  # whoever runs the tests may be allowed everything
    assert "may not be written to; give another place with -o" in refused("enhance", take)


def test_a_file_system_that_takes_nothing(refused, take, monkeypatch):
    def no(*args, **options):
        raise UnwritableAudioError("take.enhanced.wav: cannot be written: Read-only file system; give another place")

    monkeypatch.setattr("goodtake.audio.writer.AtomicFile", no)
    assert "give another place" in refused("enhance", take)


def test_an_existing_output(refused, cli, take, tmp_path):
    (tmp_path / "take.enhanced.wav").write_text("precious")
    assert "exists already; give another name, or overwrite it with --force" in refused("enhance", take)
    assert cli("enhance", take, "--force").status == 0
    assert (tmp_path / "take.enhanced.wav").read_bytes()[:4] == b"RIFF"


def test_an_existing_residual(refused, take, tmp_path):
    (tmp_path / "take.residual.wav").write_text("precious")
    assert "take.residual.wav: exists already" in refused("enhance", take, "--residual")


def test_a_link_to_nowhere_is_an_existing_output(refused, take, tmp_path):
    (tmp_path / "take.enhanced.wav").symlink_to(tmp_path / "gone.wav")
    assert "exists already" in refused("enhance", take)


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("link", ["same", "symbolic", "hard", "dotted"])
def test_the_output_is_the_input(refused, take, tmp_path, force, link):
    output = tmp_path / "other.wav"
    if link == "symbolic":
        output.symlink_to(take)
    elif link == "hard":
        output.hardlink_to(take)
    else:
        output = take if link == "same" else f"{tmp_path}/../{tmp_path.name}/take.wav"
    assert "choose another name with -o" in refused("enhance", take, "-o", output, *force)


def test_the_output_is_another_input(refused, take, tmp_path):
    shutil.copy(take, tmp_path / "take.enhanced.wav")
    line = refused("enhance", take, tmp_path / "take.enhanced.wav", "--force")
    assert "is the input" in line
    assert "choose another name with -o" in line


def test_two_inputs_for_one_output(refused, take, tmp_path):
    for name in ("one", "two", "out"):
        (tmp_path / name).mkdir()
    paths = [shutil.copy(take, tmp_path / name / "take.wav") for name in ("one", "two")]
    assert "would both become" in refused("enhance", *paths, "-o", tmp_path / "out")
    assert "would both become" in refused("enhance", take, take)
    assert "cannot go into the one file" in refused("enhance", *paths, "-o", tmp_path / "out.wav")
    assert "take would both" not in refused("enhance", *paths, "-o", "-")


def test_a_residual_that_is_the_output_of_another(refused, tmp_path):
    write(tmp_path / "a.wav", melody(0.3))
    write(tmp_path / "a.enhanced.wav", melody(0.3))
    line = refused("enhance", tmp_path / "a.wav", tmp_path / "a.enhanced.wav", "--residual", "--force")
    assert "is the input" in line


def test_standard_output_takes_one_thing(refused, take, tmp_path):
    other = write(tmp_path / "other.wav", melody(0.3))
    assert "standard output takes one recording, not 2" in refused("enhance", take, other, "-o", "-")
    assert "cannot both go to standard output" in refused("enhance", take, "-o", "-", "--json")
    assert "--residual needs an output file" in refused("enhance", take, "-o", "-", "--residual")


def test_all_outputs_are_checked_before_any_work(refused, take, tmp_path):
    other = write(tmp_path / "other.wav", melody(0.3))
    (tmp_path / "other.enhanced.wav").write_text("precious")
    refused("enhance", take, other)


@pytest.mark.parametrize(("name", "word"), [("out.xyz", ".xyz is no format"), ("out", "without extension")])
def test_a_format_that_is_none(refused, take, tmp_path, name, word):
    assert word in refused("enhance", take, "-o", tmp_path / name)


def test_a_format_that_cannot_hold_the_sound(refused, tmp_path):
    path = write(tmp_path / "take.wav", melody(0.3, channels=6))
    assert "name the output .flac or .wav" in refused("enhance", path, "-o", tmp_path / "out.mp3")


def test_a_name_that_is_too_long(refused, take, tmp_path):
    assert "choose another name with -o" in refused("enhance", take, "-o", tmp_path / f"{'x' * 300}.wav")


@pytest.mark.parametrize("strength", ["-0.1", "2.1", "nan", "inf"])
def test_a_strength_out_of_range(refused, take, strength):
    assert "give a number from 0 (no change) to 2" in refused("enhance", take, "--strength", strength)


def test_an_unknown_model(refused, take, tmp_path):
    assert "unknown model 'nope': installed are" in refused("enhance", take, "--model", "nope")
    assert "unknown model" in refused("enhance", take, "--model", tmp_path)


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(INSTALLED / DEFAULT_MODEL, tmp_path / "model")


def change_config(model, **changes):
    config = yaml.safe_load((model / "config.yaml").read_text())
    (model / "config.yaml").write_text(yaml.safe_dump({**config, **changes}))


@pytest.mark.parametrize("name", ["weights.safetensors", "take.onnx", "studio.onnx", "high.onnx"])
@pytest.mark.parametrize("damage", ["flipped byte", "cut off", "missing"])
def test_a_damaged_model(refused, take, model, name, damage):
    path, data = model / name, bytearray((model / name).read_bytes())
    data[len(data) // 3] ^= 16
    path.unlink()
    if damage != "missing":
        path.write_bytes(data if damage == "flipped byte" else data[:-1])
    line = refused("enhance", take, "--model", model)
    assert f"{name} is missing or damaged: reinstall goodtake or export the model again" in line


def test_a_model_of_another_version(refused, take, model):
    change_config(model, format=99)
    assert "of another version of goodtake: export it again" in refused("enhance", take, "--model", model)


def test_a_model_of_another_kind(refused, take, model):
    change_config(model, engine="telepathy")
    assert "kind 'telepathy', which this version cannot run" in refused("enhance", take, "--model", model)


def test_a_model_whose_config_is_none(refused, take, model):
    (model / "config.yaml").write_text("{{")
    assert "config.yaml is missing or damaged" in refused("enhance", take, "--model", model)


def test_a_copy_of_the_model_works(cli, take, model, tmp_path):
    assert cli("enhance", take, "--model", model).status == 0
    assert "take.enhanced.wav" in contents(tmp_path)
