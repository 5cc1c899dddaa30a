"""Schemes of paper 1: which networks learn, from what, and that a scheme is nothing but data."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_loop import batches

from chain_bundles import tiny_bundle
from goodtake.config import dump
from goodtake.degrade.draw import PAPER1
from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.models.diffwave import DiffWaveConfig
from goodtake.models.mel2mel import Mel2MelConfig
from goodtake.models.musecoder import MusecoderConfig
from goodtake.models.patch_discriminator import PatchDiscriminator, PatchDiscriminatorConfig
from goodtake.models.unet import WaveUNetConfig
from goodtake.training.adversary import Adversary
from goodtake.training.chain import Chain, chain_losses
from goodtake.training.engine import Devices, Engine
from goodtake.training.loop import LoopOptions, train
from goodtake.training.recipe import RECIPE_NAME, DataConfig, OptimiserConfig, Recipe, load_recipe
from goodtake.training.schemes import ChainConfig
from goodtake.training.tasks import make_task

RECIPES = Path(__file__).parents[2] / "recipes" / "train"
DATA = DataConfig(take_seconds=0.512, crop_seconds=0.256, batch_size=2)
TINY = ChainConfig(
    mel2mel=Mel2MelConfig(channels=4, blocks=1, residual=True),
    discriminator=PatchDiscriminatorConfig(channels=4),
    musecoder=MusecoderConfig(dim=8, hidden=8, dilations=(1,)),
    diffwave=DiffWaveConfig(layers=2, channels=4, step_hidden=8),
    demucs=WaveUNetConfig(channels=4, depth=3),
)


@pytest.fixture(scope="module")
def batch():
    return batches(data=DATA)[0]


@pytest.fixture(scope="module")
def engine():
    return Engine(Devices("cpu"))


def chain(*networks, **changes):
    torch.manual_seed(0)
    return Chain(replace(TINY, networks=networks, **changes))


def learners(model, losses):
    """Networks of a chain that a sum of losses gives a gradient to."""
    model.zero_grad()
    sum(loss for loss in losses.values() if loss.requires_grad).backward()
    reached = {
        name: any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in net.parameters())
        for name, net in model.networks.items()
    }
    return {name for name, learns in reached.items() if learns}


@pytest.mark.parametrize(
    ("networks", "frozen", "named", "learn"),
    [
        (("mel2mel",), (), {"l1"}, {"mel2mel"}),
        (("diffwave",), (), {"noise", "balanced_noise"}, {"diffwave"}),
        (("mel2mel", "diffwave"), (), {"l1", "noise", "balanced_noise"}, {"mel2mel", "diffwave"}),
        (("mel2mel", "diffwave"), ("diffwave",), {"l1", "noise", "balanced_noise"}, {"mel2mel"}),
        (("demucs",), (), {"waveform_l1"}, {"demucs"}),
        (("musecoder",), (), {"log_magnitude", "convergence", "complex", "bands", "band_snr"}, {"musecoder"}),
    ],
)
def test_a_scheme_trains_its_networks_and_no_frozen_one(batch, networks, frozen, named, learn):
    model = chain(*networks, frozen=frozen)
    losses = chain_losses(model, batch, DATA, None, bfloat16=False)
    assert set(losses) == named
    if "noise" in losses and len(networks) > 1:
        # DiffWave's last layer begins at zero and lets nothing through; joint training starts one step later.
        torch.nn.init.normal_(model.networks["diffwave"].denoiser.leave.weight)
        losses = {"noise": chain_losses(model, batch, DATA, None, bfloat16=False)["noise"]}
    assert learners(model, losses) == learn


def test_the_generator_and_the_discriminator_each_learn_in_a_step(batch, engine):
    model = chain("mel2mel")
    adversary = Adversary(PatchDiscriminator(TINY.discriminator), 1e-2, engine)
    before = [weight.clone() for weight in adversary.network.parameters()]
    losses = chain_losses(model, batch, DATA, adversary, bfloat16=False)
    assert set(losses) == {"real", "generated", "adversarial", "l1"}
    assert any(not torch.equal(old, new) for old, new in zip(before, adversary.network.parameters(), strict=True))
    learnt = [weight.clone() for weight in adversary.network.parameters()]
    adversary.network.zero_grad()
    assert learners(model, {"adversarial": losses["adversarial"]}) == {"mel2mel"}
    assert all(weight.grad is None for weight in adversary.network.parameters())
    for old, new in zip(learnt, adversary.network.parameters(), strict=True):
        assert torch.equal(old, new)


def test_the_vocoder_hears_what_mel2mel_made(batch):
    model = chain("mel2mel", "musecoder")
    plain = chain_losses(model, batch, DATA, None, bfloat16=False)["log_magnitude"]
    with torch.no_grad():
        model.networks["mel2mel"].leave[1].bias.fill_(0.5)
    louder = chain_losses(model, batch, DATA, None, bfloat16=False)["log_magnitude"]
    assert not torch.isclose(plain, louder)


def test_a_gan_resumes_with_the_same_numbers(tmp_path, engine):
    recipe = Recipe(
        task="chain",
        chain=TINY,
        data=DATA,
        losses={"l1": 1.0, "adversarial": 0.1},
        optimiser=OptimiserConfig(total_steps=4, warmup_steps=1, accumulate=2),
    )

    def run(folder, stop=lambda: False):
        task = make_task(recipe, engine, None)
        options = LoopOptions(folder, workers=0, stop=stop)
        return train(
            recipe, task.model, batches(data=DATA), task.losses, options, lambda line: None,
            adversary=task.adversary, engine=engine,
        )  # fmt: skip

    whole = run(tmp_path / "whole")
    asked = iter([False, True])
    run(tmp_path / "broken", stop=lambda: next(asked))
    resumed = run(tmp_path / "broken")
    for part in ("model", "average"):
        for ours, theirs in zip(getattr(resumed, part).parameters(), getattr(whole, part).parameters(), strict=True):
            assert torch.equal(ours, theirs)
    networks = (resumed.adversary.network, whole.adversary.network)
    for ours, theirs in zip(*(net.parameters() for net in networks), strict=True):
        assert torch.equal(ours, theirs)


def test_a_scheme_begins_with_the_averaged_weights_of_a_run(tmp_path, engine):
    recipe = Recipe(task="chain", chain=TINY, data=DATA, losses={"l1": 1.0}, optimiser=OptimiserConfig(total_steps=1))
    task = make_task(recipe, engine, None)
    options = LoopOptions(tmp_path, workers=0)
    state = train(recipe, task.model, batches(data=DATA), task.losses, options, lambda line: None, engine=engine)
    (tmp_path / RECIPE_NAME).write_text(dump(recipe))
    joint = replace(TINY, networks=("mel2mel", "diffwave"), begin={"mel2mel": str(tmp_path)})
    began = make_task(replace(recipe, seed=9, chain=joint), engine, None).model
    for ours, theirs in zip(
        began.networks["mel2mel"].parameters(), state.average.networks["mel2mel"].parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)
    with pytest.raises(ConfigError, match="holds no diffwave"):
        make_task(replace(recipe, chain=replace(joint, begin={"diffwave": str(tmp_path)})), engine, None)
    other = replace(joint, mel2mel=replace(TINY.mel2mel, channels=8))
    with pytest.raises(ConfigError, match="another architecture"):
        make_task(replace(recipe, chain=other), engine, None)


def test_what_cannot_be_joined_is_refused(batch):
    with pytest.raises(ConfigError, match="network vocoder"):
        replace(TINY, networks=("vocoder",))
    with pytest.raises(ConfigError, match="give it alone"):
        replace(TINY, networks=("mel2mel", "demucs"))
    with pytest.raises(ConfigError, match="not in the chain"):
        replace(TINY, networks=("mel2mel",), frozen=("diffwave",))
    with pytest.raises(ConfigError, match="different mel"):
        replace(TINY, networks=("mel2mel", "diffwave"), diffwave=DiffWaveConfig(mel=MelConfig(floor=1e-5)))
    with pytest.raises(ConfigError, match="rms or peak"):
        replace(TINY, level="loud")
    with pytest.raises(ConfigError, match="pairs at 44100 Hz"):
        chain_losses(chain("mel2mel"), batch, replace(DATA, sample_rate=44_100), None, bfloat16=False)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_whole(path):
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert set(recipe.losses)


def test_the_paper_variants_have_the_papers_numbers():
    """Paper 1, sections 3.2, 4.2 and 4.3: batch, rate, and epochs of its 5,841 training clips."""
    wanted = {"mel2mel": (64, 2e-4, 200), "diffwave": (8, 2e-4, 3000), "demucs": (64, 3e-4, 360)}
    for network, (batch_size, rate, epochs) in wanted.items():
        recipe = load_recipe(RECIPES / f"{network}-paper.yaml")
        assert (recipe.data.batch_size, recipe.optimiser.learning_rate) == (batch_size, rate)
        assert recipe.optimiser.total_steps * batch_size == pytest.approx(5841 * epochs, rel=0.02)
        assert recipe.data.degrade == PAPER1
        assert recipe.chain.level == "peak"
    assert load_recipe(RECIPES / "mel2mel-paper.yaml").chain.mel2mel == Mel2MelConfig()


def test_a_scheme_begins_with_the_weights_of_a_bundle(tmp_path, engine):
    theirs = tiny_bundle(tmp_path / "model", "mel2mel+griffinlim").networks["mel2mel"]
    chain = ChainConfig(mel2mel=theirs.config, begin={"mel2mel": str(tmp_path / "model")})
    task = make_task(Recipe(task="chain", chain=chain, data=DATA, losses={"l1": 1.0}), engine, None)
    assert task.steps_before == {"mel2mel": 7}
    ours = task.model
    for began, weight in zip(ours.networks["mel2mel"].parameters(), theirs.parameters(), strict=True):
        assert torch.equal(began, weight)
