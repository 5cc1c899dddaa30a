"""What a bundle of kind "chain" says of its networks; training writes it, the engine reads it."""

from dataclasses import dataclass, field

from goodtake.bundles import Bundle
from goodtake.config import build
from goodtake.dsp.mel import MelConfig
from goodtake.errors import BundleError, ConfigError

VOCODERS = ("musecoder", "griffinlim", "diffwave")
"""What makes a wave of a mel spectrogram."""

LEVELS = ("rms", "peak")


@dataclass(frozen=True)
class WaveSizes:
    """What one needs to know of a waveform U-Net to feed it; see `goodtake.models.unet.WaveUNetConfig`.

    Args:
        kernel: of the strided convolutions, samples.
        stride: of the same.
        depth: layers on the way down, and back.
    """

    kernel: int = 8
    stride: int = 4
    depth: int = 6

    def padded_length(self, samples: int) -> int:
        """Returns the least length, at least `samples`, that every layer divides without a rest.

        >>> WaveSizes().padded_length(16_000)
        17748
        """
        length = samples
        for _ in range(self.depth):
            length = max(0, -(-(length - self.kernel) // self.stride)) + 1
        for _ in range(self.depth):
            length = (length - 1) * self.stride + self.kernel
        return length


@dataclass(frozen=True)
class ChainSettings:
    """A chain as enhancing sees it.

    Args:
        pipeline: stages in the order of the signal: "mel2mel", then one of `VOCODERS`; a vocoder alone, which makes the
            take anew; or "demucs" alone.
        level: what a take is brought to, as in training: "rms" 0.1, or "peak" 0.95.
        mel: the spectrogram all stages share.
        window_frames: that mel2mel hears at a time; a multiple of four.
        overlap_frames: of two such windows, at least.
        guided: whether the musecoder also hears the recording.
        context_frames: to either side that the musecoder wants.
        steps: of a diffusion musecoder, unless the user gives another number.
        matched: whether its music is given the spectrogram it was made of (`dsp.mel_matching`). What a Mel2Mel writes
            that learnt with it from nothing is a language of the two, and no spectrogram.
        wave: sizes of demucs.
        window_seconds: that demucs hears at a time.
        overlap_seconds: of two such windows, at least.

    Raises:
        ConfigError: the stages make no chain, or a size is impossible.
    """

    pipeline: tuple[str, ...] = ("mel2mel", "musecoder")
    level: str = "rms"
    mel: MelConfig = field(default_factory=MelConfig)
    window_frames: int = 500
    overlap_frames: int = 64
    guided: bool = False
    context_frames: int = 0
    steps: int = 6
    matched: bool = True
    wave: WaveSizes = field(default_factory=WaveSizes)
    window_seconds: float = 8.0
    overlap_seconds: float = 1.0

    def __post_init__(self) -> None:
        last = self.pipeline[-1:]
        before = self.pipeline[:-1]
        if not (self.pipeline == ("demucs",) or (last and last[0] in VOCODERS and before in ((), ("mel2mel",)))):
            raise ConfigError(
                f"pipeline {'+'.join(self.pipeline) or '(empty)'}: give mel2mel+ and one of {', '.join(VOCODERS)}, "
                "one of these alone, or demucs"
            )
        if self.level not in LEVELS:
            raise ConfigError(f"level {self.level!r}: give {' or '.join(LEVELS)}")
        if self.window_frames % 4 or not 0 < 2 * self.overlap_frames <= self.window_frames:
            raise ConfigError(
                f"windows of {self.window_frames} frames that overlap by {self.overlap_frames}: "
                "give a multiple of four, and at most half of it"
            )
        if not 0 < 2 * self.overlap_seconds <= self.window_seconds:
            raise ConfigError(
                f"windows of {self.window_seconds:g} s that overlap by {self.overlap_seconds:g} s: give at most half"
            )
        if self.context_frames < 0 or self.steps < 1:
            raise ConfigError(f"{self.context_frames} frames of context, {self.steps} steps: give at least 0 and 1")

    @property
    def vocoder(self) -> str:
        """The last stage."""
        return self.pipeline[-1]

    @property
    def networks(self) -> tuple[str, ...]:
        """Graphs that the bundle must hold."""
        graphs = {"diffwave": ("conditioner", "denoiser"), "griffinlim": ()}
        return tuple(graph for stage in self.pipeline for graph in graphs.get(stage, (stage,)))

    @property
    def options(self) -> tuple[str, ...]:
        """Fields of `EngineOptions` that mean something here."""
        return {
            "diffwave": ("steps", "seed", "strict_paper"),
            "griffinlim": ("seed", "strict_paper"),
        }.get(self.vocoder, ("strict_paper",))


def read_settings(bundle: Bundle) -> ChainSettings:
    """Returns the settings of a bundle.

    Raises:
        BundleError: they are missing, or say what cannot be.
    """
    if "chain" not in bundle.config:
        raise BundleError(f"model {bundle.name} lacks 'chain' in its config.yaml: export it again")
    try:
        return build(ChainSettings, bundle.config["chain"], f"model {bundle.name}")
    except ConfigError as error:
        raise BundleError(f"{error}; export the model again") from error
