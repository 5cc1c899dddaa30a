"""Training schemes of paper 1 as data (sections 3.3, 3.4 and 5.4).

A scheme says which networks stand in the chain, which of them are frozen, what they begin with, and which losses are
weighed. The recipes in `recipes/train` have them all:

| scheme | networks | frozen | losses |
|---|---|---|---|
| independent | mel2mel; diffwave | | adversarial, l1; noise |
| L1 only | mel2mel | | l1 |
| joint fine-tuning | mel2mel, diffwave, both trained before | | noise |
| joint | mel2mel, diffwave | | noise |
| sequential | mel2mel, diffwave, this one trained before | diffwave | noise |
| baseline | demucs | | waveform_l1 |
"""

from dataclasses import dataclass, field
from typing import cast

from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.losses.diffusion import STEP_SPREADS
from goodtake.models.diffwave import DiffWaveConfig
from goodtake.models.mel2mel import Mel2MelConfig
from goodtake.models.musecoder import MusecoderConfig
from goodtake.models.patch_discriminator import PatchDiscriminatorConfig
from goodtake.models.unet import WaveUNetConfig

NETWORKS = ("mel2mel", "musecoder", "diffwave", "demucs")
"""Networks that a chain may hold, in the order of the signal."""


@dataclass(frozen=True)
class ChainConfig:
    """Networks of a scheme and how they stand together.

    Args:
        networks: names from `NETWORKS`, in the order of the signal.
        frozen: those of them that are not trained.
        begin: run folder or bundle that a network's weights come from, by its name; others begin with fresh ones.
        level: "rms" brings both halves of a pair to one level, "peak" leaves both at paper 1's peak of 0.95.
        noise_steps: how the diffusion steps of training are drawn, "even" or "octaves" (`losses/diffusion.py`).
        mel2mel: sizes.
        discriminator: sizes; it exists when the recipe weighs the adversarial loss.
        musecoder: sizes.
        diffwave: sizes.
        demucs: sizes; it stands alone, from wave to wave.
    """

    networks: tuple[str, ...] = ("mel2mel",)
    frozen: tuple[str, ...] = ()
    begin: dict[str, str] = field(default_factory=dict)
    level: str = "rms"
    noise_steps: str = "even"
    mel2mel: Mel2MelConfig = field(default_factory=Mel2MelConfig)
    discriminator: PatchDiscriminatorConfig = field(default_factory=PatchDiscriminatorConfig)
    musecoder: MusecoderConfig = field(default_factory=MusecoderConfig)
    diffwave: DiffWaveConfig = field(default_factory=DiffWaveConfig)
    demucs: WaveUNetConfig = field(default_factory=WaveUNetConfig)

    def __post_init__(self) -> None:
        """Checks names, and that joined networks speak of the same spectrogram."""
        named = {*self.networks, *self.frozen, *self.begin}
        unknown = sorted(named - set(NETWORKS))
        if unknown or not self.networks:
            raise ConfigError(f"network {unknown[0] if unknown else '(none)'}: use some of {', '.join(NETWORKS)}")
        absent = sorted(named - set(self.networks))
        if absent:
            raise ConfigError(f"{absent[0]} is frozen or begun with, but is not in the chain: add it to networks")
        if "demucs" in self.networks and len(self.networks) > 1:
            raise ConfigError("demucs maps waves to waves and joins no other network: give it alone")
        if self.level not in ("rms", "peak"):
            raise ConfigError(f"level is {self.level!r}: use rms or peak")
        if self.noise_steps not in STEP_SPREADS:
            raise ConfigError(f"noise_steps is {self.noise_steps!r}: use {' or '.join(STEP_SPREADS)}")
        configs = {getattr(self, name).mel for name in self.networks if hasattr(getattr(self, name), "mel")}
        if len(configs) > 1:
            raise ConfigError("the joined networks have different mel spectrograms: give them the same `mel`")

    @property
    def mel(self) -> MelConfig:
        """The spectrogram that all networks of the chain share."""
        for name in self.networks:
            if hasattr(getattr(self, name), "mel"):
                return cast(MelConfig, getattr(self, name).mel)
        return MelConfig()
