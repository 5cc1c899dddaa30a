"""The loop: resumed equals uninterrupted, recipes fill dataclasses, gradients reach what they should."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from goodtake.config import dump
from goodtake.datasets.clips import CleanClips, ClipConfig
from goodtake.datasets.recordings import Recordings
from goodtake.degrade.bank import Bank
from goodtake.errors import ConfigError, UnwritableAudioError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import HighConfig, HighNet
from goodtake.models.studio import StudioConfig
from goodtake.models.take import TakeConfig
from goodtake.training.checkpoints import load_checkpoint, save_checkpoint
from goodtake.training.high import high_losses
from goodtake.training.loop import LoopOptions, learning_rate, train
from goodtake.training.pairs import PairBatches
from goodtake.training.recipe import DataConfig, OptimiserConfig, Recipe, load_recipe
from goodtake.training.studio import colour_jitter, studio_losses

TINY = StudioConfig(dim=16, hidden=24, dilations=(1,), fine=4, coarse=4, take=TakeConfig(dim=16, blocks=1, hidden=16))
DATA = DataConfig(take_seconds=1.0, crop_seconds=0.5, batch_size=2)
RECIPE = Recipe(model=TINY, data=DATA, optimiser=OptimiserConfig(total_steps=6, warmup_steps=2, learning_rate=3e-3))


def music(sample_rate, seconds=3.0, seed=0):
    """A few decaying harmonic notes."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    wave = np.zeros_like(time)
    for start in np.arange(0, seconds, 0.25):
        pitch = 110 * 2 ** (rng.integers(0, 24) / 12)
        age = np.clip(time - start, 0, None)
        envelope = (time >= start) * np.exp(-4 * age)
        wave += envelope * sum(np.sin(2 * np.pi * pitch * k * age) / k for k in range(1, 8))
    return (0.1 * wave).astype(np.float32)[None]


def batches(sample_rate=16_000, data=DATA):
    clips = [music(sample_rate, seed=seed).astype(np.float16) for seed in range(3)]
    recordings = Recordings(sample_rate, {"made/notes": clips}, np.ones(1))
    return PairBatches(CleanClips(recordings, ClipConfig()), Bank(sample_rate), data, seed=5, hop_length=256)


def run(folder, recipe=RECIPE, stop=lambda: False, lines=None):
    torch.manual_seed(1)
    options = LoopOptions(folder, workers=0, log_steps=2, stop=stop)
    report = (lambda line: None) if lines is None else lines.append
    return train(recipe, StudioEngine(TINY), batches(), lambda m, b: studio_losses(m, b, DATA, False), options, report)


def test_a_resumed_run_ends_with_the_same_numbers(tmp_path):
    whole = run(tmp_path / "whole")
    asked = iter([False, False, True])
    run(tmp_path / "broken", stop=lambda: next(asked))
    assert load_checkpoint(tmp_path / "broken")["step"] == 3
    resumed = run(tmp_path / "broken")
    assert resumed.step == whole.step == 6
    for ours, theirs in zip(resumed.average.parameters(), whole.average.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_training_lowers_the_loss_on_a_batch_it_sees_again_and_again(tmp_path):
    class One(torch.utils.data.Dataset):
        batch = batches()[0]

        def __getitem__(self, number):
            return self.batch

    torch.manual_seed(1)
    engine = StudioEngine(TINY)
    losses = lambda model, batch: studio_losses(model, batch, DATA, False)  # noqa: E731
    before = losses(engine, One.batch)["log_magnitude"].item()
    recipe = replace(RECIPE, optimiser=replace(RECIPE.optimiser, total_steps=40))
    state = train(recipe, engine, One(), losses, LoopOptions(tmp_path, workers=0), lambda line: None)
    assert losses(state.model, One.batch)["log_magnitude"].item() < 0.9 * before


def test_the_log_and_the_progress_line_name_the_losses(tmp_path):
    lines = []
    run(tmp_path, lines=lines)
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [entry["step"] for entry in logged] == [2, 4, 6]
    assert set(RECIPE.losses) <= set(logged[0])
    assert "min left" in lines[0]


def test_a_batch_is_a_function_of_its_number():
    one, again, other = batches()[3], batches()[3], batches()[4]
    assert torch.equal(one.degraded, again.degraded)
    assert not torch.equal(one.degraded, other.degraded)
    assert one.clean.shape == one.degraded.shape == (2, 1, 16_000)
    assert one.crop % 256 == 0


def test_take_net_learns_from_its_targets_and_studio_net_from_the_sound_only():
    torch.manual_seed(0)
    engine, batch = StudioEngine(TINY), batches()[0]
    losses = studio_losses(engine, batch, DATA, False)
    taught = {
        name: [key for key, weight in engine.named_parameters() if _moves(losses[name], weight)]
        for name in ("colour", "facts", "log_magnitude")
    }
    assert all(key.startswith("take.") for key in taught["colour"] + taught["facts"])
    assert taught["colour"]
    assert all(key.startswith("studio.") for key in taught["log_magnitude"])
    assert {key.split(".")[1] for key in taught["log_magnitude"]} >= {"fine_in", "blocks", "context", "fine_out"}


def _moves(loss, weight):
    (gradient,) = torch.autograd.grad(loss, weight, retain_graph=True, allow_unused=True)
    return gradient is not None and gradient.abs().sum() > 0


def test_the_high_net_alone_learns_above_8_khz():
    data = replace(DATA, sample_rate=44_100)
    engine, net = StudioEngine(TINY).requires_grad_(False), HighNet(HighConfig(dim=16, hidden=16, dilations=(1,)))
    loss = high_losses(net, engine, batches(44_100, data)[0], data, False)["high"]
    loss.backward()
    assert all(weight.grad is not None for weight in net.parameters())
    assert all(weight.grad is None for weight in engine.parameters())


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoint(tmp_path):
    run(tmp_path, replace(RECIPE, optimiser=replace(RECIPE.optimiser, total_steps=2)))
    kept = contents(tmp_path)
    broken = lambda model, batch: {name: torch.tensor(float("nan")) for name in RECIPE.losses}  # noqa: E731
    with pytest.raises(ConfigError, match="step 2, batch 2"):
        train(RECIPE, StudioEngine(TINY), batches(), broken, LoopOptions(tmp_path, workers=0), lambda line: None)
    assert contents(tmp_path) == kept
    assert load_checkpoint(tmp_path)["step"] == 2


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*.part"))}


def test_a_light_run_goes_on_where_it_stopped_from_less_than_two_thirds(tmp_path):
    light = replace(RECIPE, optimiser=replace(RECIPE.optimiser, light=True))
    sizes = {}
    for name, recipe in (("full", RECIPE), ("light", light)):
        run(tmp_path / name, recipe, stop=iter([False, False, True]).__next__)
        sizes[name] = sum(map(len, contents(tmp_path / name).values()))
    assert sizes["light"] < 0.7 * sizes["full"]
    full, lighter = (load_checkpoint(tmp_path / name)["model"] for name in ("full", "light"))
    assert all(torch.equal(full[name], lighter[name]) for name in full)
    whole, resumed = run(tmp_path / "full"), run(tmp_path / "light", light)
    assert resumed.step == 6
    for ours, theirs in zip(resumed.average.parameters(), whole.average.parameters(), strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=0.01, atol=2e-3)


def test_a_full_disk_ends_the_run_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    run(tmp_path, replace(RECIPE, optimiser=replace(RECIPE.optimiser, total_steps=2)))
    kept = contents(tmp_path)

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnwritableAudioError, match="the disk is full"):
        run(tmp_path)
    assert contents(tmp_path) == kept
    monkeypatch.undo()
    assert run(tmp_path).step == 6


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path):
    run(tmp_path, replace(RECIPE, optimiser=replace(RECIPE.optimiser, total_steps=1)))
    wider = StudioEngine(replace(TINY, dim=32))
    with pytest.raises(ConfigError, match="another architecture"):
        train(RECIPE, wider, batches(), lambda m, b: {}, LoopOptions(tmp_path, workers=0), lambda line: None)


def test_a_checkpoint_that_trained_other_parts_or_holds_something_else_is_refused(tmp_path):
    def resumed(folder, model):
        return train(RECIPE, model, batches(), lambda m, b: {}, LoopOptions(folder, workers=0), lambda line: None)

    run(tmp_path / "all", replace(RECIPE, optimiser=replace(RECIPE.optimiser, total_steps=1)))
    half_frozen = StudioEngine(TINY)
    half_frozen.take.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"another architecture, or trains other parts"):
        resumed(tmp_path / "all", half_frozen)
    save_checkpoint(tmp_path / "other", {"model": [1, 2]})
    with pytest.raises(ConfigError, match="another architecture"):
        resumed(tmp_path / "other", StudioEngine(TINY))


def test_learning_rate_warms_up_and_falls_to_its_share():
    config = OptimiserConfig(learning_rate=1.0, warmup_steps=10, total_steps=110, final_share=0.01)
    assert learning_rate(config, 4) == pytest.approx(0.5)
    assert learning_rate(config, 10) == pytest.approx(1.0)
    assert learning_rate(config, 60) == pytest.approx(0.505)
    assert learning_rate(config, 500) == pytest.approx(0.01)


def test_recipes_are_differences_and_their_resolution_reads_back(tmp_path):
    (tmp_path / "base.yaml").write_text("name: base\noptimiser: {learning_rate: 1, warmup_steps: 7}\n")
    (tmp_path / "new.yaml").write_text("base: base.yaml\nname: new\noptimiser: {warmup_steps: 9}\n")
    recipe = load_recipe(tmp_path / "new.yaml")
    assert (recipe.name, recipe.optimiser.learning_rate, recipe.optimiser.warmup_steps) == ("new", 1.0, 9)
    (tmp_path / "resolved.yaml").write_text(dump(recipe))
    assert load_recipe(tmp_path / "resolved.yaml") == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimiser: {learning_rat: 1}", "unknown key 'learning_rat'"),
        ("seed: one", "expected int"),
        ("task: dance", "use one of studio, take, high"),
        ("- a", "holds no keys"),
        ("a: [", "not YAML"),
    ],
)
def test_bad_recipes_say_what_is_wrong(tmp_path, text, message):
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_recipe(tmp_path / "bad.yaml")


def test_missing_recipe_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml")


def test_colour_jitter_leaves_some_takes_uncorrected():
    factor, offset = colour_jitter(3, 400, 64)
    assert 0.04 < (factor[:, 0] == 0).float().mean() < 0.2
    assert factor.max() <= 1.1
    assert offset.std().item() == pytest.approx(0.2, abs=0.05)
