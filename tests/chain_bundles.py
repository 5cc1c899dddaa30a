"""Bundles of tiny chains with random weights, made through run folders as a user makes them."""

import torch

from goodtake.config import dump
from goodtake.models.diffwave import DiffWaveConfig
from goodtake.models.mel2mel import Mel2MelConfig
from goodtake.models.musecoder import MusecoderConfig
from goodtake.models.unet import WaveUNetConfig
from goodtake.training.chain import Chain
from goodtake.training.checkpoints import save_checkpoint
from goodtake.training.export_chain import export_chain
from goodtake.training.recipe import RECIPE_NAME, Recipe
from goodtake.training.schemes import ChainConfig

SIZES = {
    "mel2mel": Mel2MelConfig(channels=4, blocks=1, residual=True),
    "musecoder": MusecoderConfig(phase="guided", dim=16, hidden=24, dilations=(1, 2)),
    "diffwave": DiffWaveConfig(layers=4, channels=8, cycle=4, step_hidden=16),
    "demucs": WaveUNetConfig(channels=4, depth=3, lstm_layers=1),
}


def tiny_run(folder, *networks, seed=0, stir=1.0, steps_before=0, **config):
    """Writes a run folder that holds the networks, their weights multiplied; returns the chain."""
    torch.manual_seed(seed)
    chain = Chain(ChainConfig(networks=networks, **{**{name: SIZES[name] for name in networks}, **config}))
    for name, weight in chain.named_parameters():
        if name.endswith("denoiser.leave.weight"):
            weight.data.normal_(0, 0.2)  # it begins with zeros, and would predict no noise
        if name.startswith("networks.demucs") and name.endswith("bias"):
            weight.data.zero_()  # untrained, they are a constant far louder than the music
        weight.data = (stir * weight.data).half().float()  # half precision on disk: compare what the disk can hold
    save_checkpoint(folder, {"average": chain.state_dict(), "step": 7, "steps_before": steps_before})
    (folder / RECIPE_NAME).write_text(dump(Recipe(name=folder.name, task="chain", chain=chain.config)))
    return chain.eval().requires_grad_(False)


def tiny_bundle(folder, pipeline, **options):
    """Writes a bundle of a pipeline such as "mel2mel+griffinlim"; returns its chain."""
    networks = [stage for stage in pipeline.split("+") if stage != "griffinlim"]
    run = folder.with_name(folder.name + "-run")
    chain = tiny_run(run, *(networks or ["mel2mel"]), **options)
    export_chain([run], folder, pipeline=pipeline)
    return chain
