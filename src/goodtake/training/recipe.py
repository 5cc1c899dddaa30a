"""Recipes: what a run trains, on what, for how long. How they are written: `goodtake.config`."""

from dataclasses import dataclass, field
from pathlib import Path

from goodtake.config import load_dataclass
from goodtake.datasets.clips import ClipConfig
from goodtake.degrade.draw import STUDIO, DegradeConfig
from goodtake.errors import ConfigError
from goodtake.models.high import HighConfig
from goodtake.models.studio import StudioConfig
from goodtake.training.schemes import ChainConfig

TASKS = ("studio", "take", "high", "chain")
"""What `goodtake.training.tasks` builds."""

PRECISIONS = ("auto", "bfloat16", "float32")

RECIPE_NAME = "recipe.yaml"
"""Under which a run folder keeps its resolved recipe."""


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up and a cosine down to `final_share`.

    Args:
        learning_rate: peak.
        betas: of AdamW.
        weight_decay: of AdamW.
        warmup_steps: linear.
        total_steps: length of the cosine.
        final_share: of the peak at the end.
        clip_norm: gradient norm.
        average: decay of the averaged weights.
        accumulate: batches whose gradients make one step.
        light: checkpoints hold 10 bytes a weight instead of 16; a resumed run then ends with slightly other numbers.
    """

    learning_rate: float = 6e-4
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    warmup_steps: int = 200
    total_steps: int = 14_000
    final_share: float = 0.01
    clip_norm: float = 1.0
    average: float = 0.999
    accumulate: int = 1
    light: bool = False


@dataclass(frozen=True)
class DataConfig:
    """Clips of a run.

    Args:
        sample_rate: Hz.
        channels: 1 or 2.
        take_seconds: stretch that the take net hears.
        crop_seconds: part of it that the frame net enhances.
        batch_size: pairs a step.
        whole: a published data set must have as many clips as were published; False takes a part of it too.
        clips: the clean half.
        degrade: the degraded half.
    """

    sample_rate: int = 16_000
    channels: int = 1
    take_seconds: float = 4.0
    crop_seconds: float = 2.0
    batch_size: int = 8
    whole: bool = True
    clips: ClipConfig = field(default_factory=ClipConfig)
    degrade: DegradeConfig = STUDIO


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Args:
        name: of the run.
        task: "studio" trains take net and studio net, "take" the take net alone, "high" the high net beside a
            finished studio engine, "chain" the networks of paper 1 as `chain` joins them.
        seed: of everything random.
        precision: of the networks: "bfloat16", "float32", or "auto", which is bfloat16 where that is fast.
        model: sizes of take net and studio net.
        high: sizes of the high net.
        chain: networks of paper 1 and how they stand together.
        data: clips and faults.
        losses: weight of each loss; the names are those in the log.
        optimiser: step sizes.
    """

    name: str = "studio"
    task: str = "studio"
    seed: int = 1
    precision: str = "auto"
    model: StudioConfig = field(default_factory=StudioConfig)
    high: HighConfig = field(default_factory=HighConfig)
    chain: ChainConfig = field(default_factory=ChainConfig)
    data: DataConfig = field(default_factory=DataConfig)
    losses: dict[str, float] = field(
        default_factory=lambda: {
            "log_magnitude": 1.0,
            "convergence": 0.5,
            "complex": 0.05,
            "bands": 0.5,
            "band_snr": 2.5,
            "colour": 1.0,
            "facts": 0.2,
        }
    )
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


def load_recipe(path: Path) -> Recipe:
    """Reads a recipe and its bases.

    Raises:
        ConfigError: when a file is missing, is not YAML, or has a key or type that a recipe does not have.
    """
    recipe = load_dataclass(Recipe, path)
    if recipe.task not in TASKS:
        raise ConfigError(f"{path}: task is {recipe.task!r}: use one of {', '.join(TASKS)}")
    if recipe.precision not in PRECISIONS:
        raise ConfigError(f"{path}: precision is {recipe.precision!r}: use one of {', '.join(PRECISIONS)}")
    return recipe
