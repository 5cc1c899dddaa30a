"""Training goes on from a bundle as it does from a run folder."""

from dataclasses import replace

import pytest
import torch

from goodtake.bundles import load_bundle
from goodtake.config import dump
from goodtake.errors import BundleError, ConfigError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import HighConfig, HighNet
from goodtake.models.studio import StudioConfig
from goodtake.models.take import TakeConfig
from goodtake.training.checkpoints import save_checkpoint
from goodtake.training.engines import load_engine, load_high, training_steps
from goodtake.training.export_studio import export_run, export_studio
from goodtake.training.loop import State
from goodtake.training.recipe import RECIPE_NAME, Recipe

TINY = StudioConfig(dim=16, hidden=24, dilations=(1,), fine=4, coarse=4, take=TakeConfig(dim=16, blocks=1, hidden=16))
HIGH = HighConfig(dim=8, hidden=8, dilations=(1,))
RECIPE = Recipe(name="tiny", model=TINY)


def halved(net):
    for weight in net.parameters():
        weight.data = weight.data.half().float()
    return net


@pytest.fixture
def nets():
    torch.manual_seed(3)
    return halved(StudioEngine(TINY)), halved(HighNet(HIGH))


@pytest.fixture
def bundle(nets, tmp_path):
    export_studio(*nets, tmp_path / "bundle", RECIPE, {"steps": 40, "high_steps": 7}, "# tiny\n")
    return tmp_path / "bundle"


def assert_equal(first, second):
    for (name, ours), theirs in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs), name


def test_a_bundle_gives_its_networks_and_its_steps(nets, bundle):
    assert_equal(load_engine(bundle), nets[0])
    assert_equal(load_high(bundle), nets[1])
    assert (training_steps(bundle, "steps"), training_steps(bundle, "high_steps")) == (40, 7)


def test_a_run_that_began_with_a_bundle_counts_its_steps_and_exports_beside_its_high_net(nets, bundle, tmp_path):
    run = tmp_path / "run"
    state = State.begin(nets[0], RECIPE.optimiser)
    state.step, state.steps_before = 5, training_steps(bundle, "steps")
    save_checkpoint(run, state.to_dict(RECIPE))
    (run / RECIPE_NAME).write_text(dump(replace(RECIPE, name="more")))
    assert training_steps(run, "steps") == 45
    export_run(run, bundle, tmp_path / "again", name="tiny")
    assert load_bundle(tmp_path / "again").name == "tiny"
    assert (training_steps(tmp_path / "again", "steps"), training_steps(tmp_path / "again", "high_steps")) == (45, 7)
    assert_equal(load_engine(tmp_path / "again"), nets[0])
    assert_equal(load_high(tmp_path / "again"), nets[1])


def test_a_damaged_bundle_and_an_empty_folder_are_refused(bundle, tmp_path):
    weights = bundle / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(BundleError, match="missing or damaged"):
        load_engine(bundle)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_engine(tmp_path)
