"""Exports paper 1's networks: one or more runs of chains become one bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from goodtake.bundles import load_bundle
from goodtake.config import plain
from goodtake.enhancement.chain.settings import ChainSettings, WaveSizes
from goodtake.errors import ConfigError
from goodtake.models.diffwave import DiffWave
from goodtake.models.diffwave_cached import CachedDenoiser
from goodtake.models.mel2mel import Mel2Mel
from goodtake.models.musecoder import Musecoder
from goodtake.models.unet import WaveUNet
from goodtake.training.chain import BUILDERS
from goodtake.training.engines import chain_config, is_bundle, network_steps, run_weights
from goodtake.training.export import Graph, write_bundle
from goodtake.training.recipe import RECIPE_NAME
from goodtake.training.schemes import NETWORKS, ChainConfig

FRAMES = 64
"""Length of the example that graphs are traced with."""

TITLES = {
    "mel2mel": "translates log-mel spectrograms",
    "musecoder": "ISTFT musecoder",
    "griffinlim": "Griffin-Lim",
    "diffwave": "DiffWave",
    "demucs": "waveform U-Net",
}


def export_chain(
    runs: Sequence[Path], folder: Path, name: str | None = None, pipeline: str | None = None, card: Path | None = None
) -> None:
    """Writes the bundle of run folders.

    Args:
        runs: of the task "chain", or bundles of chains; every network comes from one of them, from a run if one has it.
        folder: of the bundle.
        name: of the model; that of the folder when None.
        pipeline: stages joined by "+", such as "mel2mel+griffinlim"; all networks of the runs when None.
        card: Markdown; lines of facts when None.

    Raises:
        ConfigError: a folder holds no whole run of a chain, two hold the same network, a stage is missing, or the
            networks do not fit together.
    """
    found: dict[str, tuple[Path, ChainConfig]] = {}
    for run in sorted(runs, key=is_bundle):  # a bundle gives the networks that no run holds
        chain = chain_config(run)
        for network in chain.networks:
            if network not in found:
                found[network] = run, chain
            elif not is_bundle(run):
                raise ConfigError(f"both {found[network][0]} and {run} hold {network}: give one of them")
    stages = tuple(pipeline.split("+")) if pipeline else tuple(name for name in NETWORKS if name in found)
    missing = [stage for stage in stages if stage not in found and stage != "griffinlim"]
    if missing:
        raise ConfigError(f"no run given holds {missing[0]}: the pipeline {'+'.join(stages)} needs it")
    configs = {stage: found[stage][1] for stage in stages if stage in found}
    matched = "mel2mel" not in configs or _writes_spectrograms(*found["mel2mel"])
    settings = replace(settings_of(stages, configs), matched=matched)
    networks = {stage: _trained(stage, *found[stage]) for stage in configs}
    training = {stage: {"steps": network_steps(found[stage][0], stage)} for stage in configs}
    title = "16 kHz: " + ", ".join(TITLES[stage] for stage in stages)
    text = card.read_text(encoding="utf-8") if card else f"# {name or folder.name}\n\n{title}\n\nTraining: {training}\n"
    config: dict[str, Any] = {
        "title": title,
        "chain": plain(asdict(settings)),
        "networks": {stage: plain(asdict(getattr(config, stage))) for stage, config in configs.items()},
        "training": training,
    }
    write_bundle(folder, name or folder.name, "chain", graphs_of(networks), config, text)


def _writes_spectrograms(run: Path, chain: ChainConfig) -> bool:
    """Tells whether a Mel2Mel was taught spectrograms: by L1, or by a DiffWave that knew them when they began."""
    if is_bundle(run):
        return bool(load_bundle(run).config["chain"].get("matched", True))
    return "diffwave" not in chain.networks or "diffwave" in chain.begin


def settings_of(stages: tuple[str, ...], configs: Mapping[str, ChainConfig]) -> ChainSettings:
    """Returns what the engine has to know.

    Args:
        stages: the pipeline.
        configs: of the chain that each network was trained in.

    Raises:
        ConfigError: the stages make no chain, or their spectrograms or levels differ.
    """
    if not configs:
        raise ConfigError(f"pipeline {'+'.join(stages)}: give at least one trained network")
    if len({config.mel for config in configs.values()}) > 1:
        raise ConfigError("the networks have different mel spectrograms: train them with the same `mel`")
    if len({config.level for config in configs.values()}) > 1:
        raise ConfigError("the networks were trained at different levels: train them with the same `level`")
    first = next(iter(configs.values()))
    options: dict[str, Any] = {}
    if "musecoder" in configs:
        musecoder = configs["musecoder"].musecoder
        options |= {"guided": musecoder.guided, "context_frames": musecoder.context_frames}
    if "diffwave" in configs:
        options["context_frames"] = configs["diffwave"].diffwave.context_frames
    if "demucs" in configs:
        unet = configs["demucs"].demucs
        options["wave"] = WaveSizes(unet.kernel, unet.stride, unet.depth)
    return ChainSettings(pipeline=stages, level=first.level, mel=first.mel, **options)


def graphs_of(networks: Mapping[str, nn.Module]) -> dict[str, Graph]:
    """Returns what is exported of each network, by the names that `ChainSettings.networks` has."""
    graphs: dict[str, Graph] = {}
    for name, network in networks.items():
        match network:
            case Mel2Mel():
                mel = torch.randn(1, network.config.mel.n_mels, FRAMES)
                traced = _Mel2MelOfFours(network)
                graphs[name] = Graph(traced, "mel2mel.", {"mel": mel}, ("enhanced",), {"mel": 2, "enhanced": 2})
            case Musecoder():
                graphs[name] = _musecoder_graph(network)
            case DiffWave():
                graphs |= _diffwave_graphs(network)
            case WaveUNet():
                wave = torch.randn(1, 1, network.config.padded_length(4096))
                axes = {"wave": 2, "enhanced": 2}
                graphs[name] = Graph(_PaddedUNet(network), "demucs.", {"wave": wave}, ("enhanced",), axes)
    return graphs


def _musecoder_graph(network: Musecoder) -> Graph:
    mel = network.config.mel
    inputs: dict[str, Tensor] = {"mel": torch.randn(1, mel.n_mels, FRAMES)}
    axes = {"mel": 2, "magnitude": 2, "phase": 3}
    if network.config.guided:
        inputs["guide"] = torch.randn(1, mel.grid.n_bins, FRAMES)
        axes["guide"] = 2
    return Graph(network, "musecoder.", inputs, ("magnitude", "phase"), axes)


def _diffwave_graphs(network: DiffWave) -> dict[str, Graph]:
    config = network.config
    samples = 4 * config.mel.hop_length
    inputs = {"noisy": torch.randn(1, samples), "step": torch.tensor([7.5])}
    cached = {f"cached_{half}": torch.randn(1, config.channels, samples) for half in range(2 * config.layers)}
    axes = {"noisy": 1, "noise": 1, **dict.fromkeys(cached, 2)}
    mel = torch.randn(1, config.mel.n_mels, FRAMES)
    denoiser = CachedDenoiser(network.denoiser)
    return {
        "conditioner": Graph(network.conditioner, "diffwave.conditioner.", {"mel": mel}, ("cached",), {"mel": 2}),
        "denoiser": Graph(denoiser, "diffwave.denoiser.", {**inputs, **cached}, ("noise",), axes),
    }


class _Mel2MelOfFours(Mel2Mel):
    """Mel2Mel for windows of a multiple of four frames, with the weights of another."""

    def __init__(self, network: Mel2Mel) -> None:
        super().__init__(network.config)
        self.load_state_dict(network.state_dict())

    def forward(self, mel: Tensor) -> Tensor:
        return self.translate(mel)


class _PaddedUNet(WaveUNet):
    """The U-Net for waves of a `padded_length`, with the weights of another."""

    def __init__(self, network: WaveUNet) -> None:
        super().__init__(network.config)
        self.load_state_dict(network.state_dict())

    def forward(self, wave: Tensor) -> Tensor:
        return self.translate(wave)


def _trained(stage: str, run: Path, config: ChainConfig) -> nn.Module:
    """Returns a network of a run with its averaged weights."""
    prefix = f"networks.{stage}."
    state = {key.removeprefix(prefix): value for key, value in run_weights(run).items() if key.startswith(prefix)}
    network = BUILDERS[stage](config)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ConfigError(f"{run} holds a {stage} of another architecture than its {RECIPE_NAME} says") from error
    return network.eval().requires_grad_(False)
