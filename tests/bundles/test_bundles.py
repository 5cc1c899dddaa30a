"""Bundles: torch and ONNX Runtime read the same weights and agree; damage is found before anything runs."""

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from goodtake.bundles import find_bundle, load_bundle
from goodtake.config import dump
from goodtake.dsp.bands import N_BINS
from goodtake.enhancement.studio import StudioEngine as StudioRunner
from goodtake.errors import BundleError, ConfigError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import FEATURES, HighConfig, HighNet
from goodtake.models.studio import STATISTICS, StudioConfig
from goodtake.models.take import TakeConfig
from goodtake.training.checkpoints import save_checkpoint
from goodtake.training.export import tensor_offsets
from goodtake.training.export_studio import export_run, export_studio
from goodtake.training.recipe import RECIPE_NAME, Recipe

TINY = StudioConfig(dim=16, hidden=24, dilations=(1, 2), fine=4, coarse=4, take=TakeConfig(dim=16, blocks=1, hidden=16))
HIGH = HighConfig(dim=8, hidden=8, dilations=(1,))


@pytest.fixture(scope="module")
def engine():
    torch.manual_seed(0)
    net = StudioEngine(TINY)
    for weight in net.parameters():  # half precision on disk: compare what the disk can hold
        weight.data = (3 * weight.data).half().float()
    return net.eval()


@pytest.fixture
def folder(engine, tmp_path):
    torch.manual_seed(1)
    export_studio(engine, HighNet(HIGH), tmp_path / "tiny", Recipe(name="tiny", model=TINY), {"steps": 3}, "# tiny\n")
    return tmp_path / "tiny"


@pytest.mark.parametrize("frames", [5, 333])
def test_studio_graph_equals_torch(engine, folder, frames):
    generator = torch.Generator().manual_seed(frames)
    inputs = {
        "magnitude": torch.randn(1, N_BINS, frames, generator=generator),
        "statistics": torch.randn(1, N_BINS, STATISTICS, generator=generator),
        "colour": torch.randn(1, N_BINS, generator=generator),
        "facts": torch.randn(1, 4, generator=generator),
    }
    with torch.no_grad():
        wanted = engine.studio(*inputs.values())
    session = load_bundle(folder).session("studio", threads=1)
    got = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    for ours, theirs in zip(got, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-3)


def test_take_graph_equals_torch(engine, folder):
    generator = torch.Generator().manual_seed(2)
    bands, statistics = torch.randn(1, 64, 77, generator=generator), torch.randn(1, 64, 8, generator=generator)
    with torch.no_grad():
        wanted = engine.take(bands, statistics)
    session = load_bundle(folder).session("take", threads=1)
    got = session.run(None, {"bands": bands.numpy(), "statistics": statistics.numpy()})
    np.testing.assert_allclose(got[0], wanted.correction.numpy(), atol=1e-3)
    np.testing.assert_allclose(got[1], wanted.facts.numpy(), atol=1e-3)


def test_high_graph_runs_at_any_length(folder):
    session = load_bundle(folder).session("high", threads=1)
    (gain,) = session.run(None, {"features": np.zeros((1, FEATURES, 13), np.float32)})
    assert gain.shape == (1, 12, 13)


def test_the_graphs_hold_no_weights_of_their_own(folder):
    weights = (folder / "weights.safetensors").stat().st_size
    graphs = sum(path.stat().st_size for path in folder.glob("*.onnx"))
    assert graphs < weights
    assert all(value.dtype == np.float16 for value in load_file(folder / "weights.safetensors").values())


def test_a_changed_weight_changes_what_the_graph_says(engine, folder):
    """The graph reads the weights file in place: zero the last layer there, and the gain is gone."""
    offset, length = tensor_offsets(folder / "weights.safetensors")["studio.fine_out.weight"]
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[offset : offset + length] = bytes(length)
    (folder / "weights.safetensors").write_bytes(data)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    from goodtake.bundles.bundle import sha256

    config["files"]["weights.safetensors"] = sha256(folder / "weights.safetensors")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    inputs = {
        "magnitude": np.ones((1, N_BINS, 9), np.float32),
        "statistics": np.ones((1, N_BINS, STATISTICS), np.float32),
        "colour": np.zeros((1, N_BINS), np.float32),
        "facts": np.zeros((1, 4), np.float32),
    }
    gain, _ = load_bundle(folder).session("studio", threads=1).run(None, inputs)
    np.testing.assert_allclose(gain, gain.ravel()[0], atol=1e-6)  # only the bias is left


@pytest.mark.parametrize("name", ["weights.safetensors", "studio.onnx", "card.md"])
def test_a_flipped_byte_is_found(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleError, match="is missing or damaged"):
        load_bundle(folder)


def test_a_missing_file_is_found(folder):
    (folder / "take.onnx").unlink()
    with pytest.raises(BundleError, match=r"take\.onnx is missing"):
        load_bundle(folder)


@pytest.mark.parametrize("text", ["", "{{", "format: 99", "format: 1"])
def test_a_config_that_is_none_is_refused(folder, text):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_files_outside_the_bundle_are_refused(folder, tmp_path):
    (tmp_path / "card.md").write_text("x")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["files"]["../card.md"] = "x"
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_an_unknown_model_names_the_installed_ones():
    with pytest.raises(BundleError, match="unknown model 'nope': installed are"):
        find_bundle("nope")


def test_run_folders_become_a_bundle(engine, tmp_path):
    for name, net, recipe in (
        ("run", engine, Recipe(model=TINY)),
        ("high", HighNet(HIGH), Recipe(name="high", task="high", high=HIGH)),
    ):
        save_checkpoint(tmp_path / name, {"average": net.state_dict(), "step": 4})
        (tmp_path / name / RECIPE_NAME).write_text(dump(recipe))
    export_run(tmp_path / "run", tmp_path / "high", tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.config["training"] == {"steps": 4, "high_steps": 4}
    with pytest.raises(ConfigError, match="no run of the high net"):
        export_run(tmp_path / "run", tmp_path / "run", tmp_path / "other")


@pytest.mark.parametrize("key", ["context_frames", "gate", "model"])
def test_a_config_that_lacks_a_constant_is_refused_by_the_engine(folder, key):
    config = yaml.safe_load((folder / "config.yaml").read_text())
    del config[key]
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(BundleError, match=f"lacks '{key}'"):
        StudioRunner(load_bundle(folder), threads=1)
