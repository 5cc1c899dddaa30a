"""Paper 1's networks, alone or joined as a scheme says (`goodtake.training.schemes`): pairs in, named losses out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from goodtake.diffusion.schedule import linear_schedule
from goodtake.dsp_torch import log_mel, stft
from goodtake.errors import ConfigError
from goodtake.losses.band_snr import band_snr_loss
from goodtake.losses.diffusion import draw_steps, noise_losses
from goodtake.losses.spectral import spectral_losses, unit_rms
from goodtake.losses.waveform import waveform_l1
from goodtake.models.diffwave import DiffWave
from goodtake.models.mel2mel import Mel2Mel
from goodtake.models.musecoder import Musecoder
from goodtake.models.unet import WaveUNet
from goodtake.training.adversary import Adversary
from goodtake.training.pairs import Batch
from goodtake.training.recipe import DataConfig
from goodtake.training.schemes import ChainConfig

LEVEL = 0.1
"""Root mean square that both halves are brought to: about that of music at a peak of 0.95."""

SCHEDULE = linear_schedule()
"""Of the noise that diffwave learns to tell: T = 50, as in paper 1."""


BUILDERS: dict[str, Callable[[ChainConfig], nn.Module]] = {
    "mel2mel": lambda config: Mel2Mel(config.mel2mel),
    "musecoder": lambda config: Musecoder(config.musecoder),
    "diffwave": lambda config: DiffWave(config.diffwave),
    "demucs": lambda config: WaveUNet(config.demucs),
}
"""Networks that a chain may hold, as `schemes.NETWORKS` names them."""


class Chain(nn.Module):
    """The networks of a scheme.

    Args:
        config: which.
        weights: state dictionaries to begin with, by network.
    """

    def __init__(self, config: ChainConfig, weights: Mapping[str, Mapping[str, Tensor]] | None = None) -> None:
        super().__init__()
        self.config = config
        self.networks = nn.ModuleDict({name: BUILDERS[name](config) for name in config.networks})
        for name, state in (weights or {}).items():
            try:
                self.networks[name].load_state_dict(state)
            except RuntimeError as error:
                raise ConfigError(f"the weights given for {name} are of another architecture") from error
        for name in config.frozen:
            self.networks[name].requires_grad_(False)


def chain_losses(
    chain: Chain, batch: Batch, data: DataConfig, adversary: Adversary | None, bfloat16: bool
) -> dict[str, Tensor]:
    """Returns the losses that the networks of the chain have, by the names that recipes weigh them with.

    * mel2mel: "l1" and "adversarial" on normalised log mels; "real" and "generated" are the discriminator's, for the
      log. When there is an adversary, it does its step first.
    * musecoder: the spectral losses and "band_snr" of the whole take.
    * demucs: "waveform_l1".
    * diffwave: "noise" and "balanced_noise", on a crop; step and noise are drawn from the batch's seed.

    Vocoders hear what mel2mel makes when it is in the chain, and the clean spectrogram otherwise.

    Args:
        chain: the networks.
        batch: pairs.
        data: their rate and crop.
        adversary: of mel2mel; None trains without.
        bfloat16: run the networks in bfloat16.

    Raises:
        ConfigError: when the pairs have another rate than the spectrograms.
    """
    config, nets = chain.config, chain.networks
    if data.sample_rate != config.mel.sample_rate:
        raise ConfigError(
            f"pairs at {data.sample_rate} Hz for spectrograms at {config.mel.sample_rate} Hz: give one rate"
        )
    clean, degraded = (levelled(half, config.level) for half in (batch.clean, batch.degraded))
    losses: dict[str, Tensor] = {}
    if "demucs" in nets:
        with torch.autocast(clean.device.type, torch.bfloat16, enabled=bfloat16):
            return {"waveform_l1": waveform_l1(nets["demucs"](degraded[:, None])[:, 0].float(), clean)}
    mel = log_mel(clean, config.mel)
    with torch.autocast(clean.device.type, torch.bfloat16, enabled=bfloat16):
        if "mel2mel" in nets:
            generator = cast(Mel2Mel, nets["mel2mel"])
            degraded_mel, clean_mel = log_mel(degraded, config.mel), mel
            mel = generator(degraded_mel).float()
            pictures = [generator.config.scale.normalise(picture) for picture in (degraded_mel, mel, clean_mel)]
            losses |= _mel_losses(pictures, adversary)
        if "musecoder" in nets:
            losses |= _musecoder_losses(cast(Musecoder, nets["musecoder"]), mel, degraded, clean)
        if "diffwave" in nets:
            losses |= _diffwave_losses(cast(DiffWave, nets["diffwave"]), mel, clean, batch, data, config.noise_steps)
    return losses


def _mel_losses(pictures: list[Tensor], adversary: Adversary | None) -> dict[str, Tensor]:
    """Compares (degraded, enhanced, clean), normalised (batch, mel, frame)."""
    if adversary is None:
        return {"l1": (pictures[1] - pictures[2]).abs().mean()}
    learnt = adversary.learn(*pictures) if pictures[1].requires_grad else {}
    return learnt | adversary.judge(*pictures)


def _musecoder_losses(net: Musecoder, mel: Tensor, degraded: Tensor, clean: Tensor) -> dict[str, Tensor]:
    recording = stft(degraded, net.config.mel.grid) if net.config.guided else None
    samples = min(clean.shape[-1], (mel.shape[-1] - 1) * net.config.mel.hop_length)
    estimate = net.synthesise(mel, samples, recording).float()
    with torch.autocast(clean.device.type, enabled=False):
        reference = clean[:, :samples]
        return spectral_losses(estimate, reference) | {"band_snr": band_snr_loss(estimate, reference)}


def _diffwave_losses(
    net: DiffWave, mel: Tensor, clean: Tensor, batch: Batch, data: DataConfig, spread: str
) -> dict[str, Tensor]:
    hop_length = net.config.mel.hop_length
    frames = round(data.crop_seconds * data.sample_rate) // hop_length
    first = batch.crop // hop_length
    wave = clean[:, first * hop_length : (first + frames) * hop_length]
    generator = torch.Generator().manual_seed(batch.seed)
    step = draw_steps(len(wave), SCHEDULE, generator, spread).to(wave.device)
    noise = torch.randn(wave.shape, generator=generator).to(wave.device)
    heard = mel[..., first : first + frames]
    return noise_losses(net, wave, heard, SCHEDULE, step, noise, net.config.level)


def levelled(half: Tensor, level: str) -> Tensor:
    """Folds channels into the batch and brings each wave to its level: (batch, channel, time) -> (batch, time)."""
    flat = half.flatten(0, 1)
    return flat if level == "peak" else LEVEL * unit_rms(flat)


def begin_with(config: ChainConfig, load: Callable[[Path], Mapping[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    """Returns the weights each network begins with.

    Args:
        config: names the run folders.
        load: returns the averaged weights of a run folder, with names as in a `Chain`.

    Raises:
        ConfigError: when a run has no such network.
    """
    found = {}
    for name, folder in config.begin.items():
        prefix = f"networks.{name}."
        state = {key.removeprefix(prefix): value for key, value in load(Path(folder)).items() if key.startswith(prefix)}
        if not state:
            raise ConfigError(f"{folder} holds no {name}: give the run of a recipe that trains it")
        found[name] = state
    return found
