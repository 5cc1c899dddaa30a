"""Recipes: what a run trains, on what, for how long. A recipe is YAML and says how it differs from its base.

```yaml
base: studio.yaml
optimiser:
  learning_rate: 3.0e-4
```
"""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from goodtake.datasets.clips import ClipConfig
from goodtake.degrade.draw import STUDIO, DegradeConfig
from goodtake.errors import ConfigError
from goodtake.models.high import HighConfig
from goodtake.models.studio import StudioConfig

T = TypeVar("T")

TASKS = ("studio", "take", "high")
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
    """

    learning_rate: float = 6e-4
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    warmup_steps: int = 200
    total_steps: int = 14_000
    final_share: float = 0.01
    clip_norm: float = 1.0
    average: float = 0.999


@dataclass(frozen=True)
class DataConfig:
    """Clips of a run.

    Args:
        sample_rate: Hz.
        channels: 1 or 2.
        take_seconds: stretch that the take net hears.
        crop_seconds: part of it that the frame net enhances.
        batch_size: pairs a step.
        clips: the clean half.
        degrade: the degraded half.
    """

    sample_rate: int = 16_000
    channels: int = 1
    take_seconds: float = 4.0
    crop_seconds: float = 2.0
    batch_size: int = 8
    clips: ClipConfig = field(default_factory=ClipConfig)
    degrade: DegradeConfig = STUDIO


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Args:
        name: of the run.
        task: "studio" trains take net and studio net, "take" the take net alone, "high" the high net beside a
            finished studio engine.
        seed: of everything random.
        model: sizes of take net and studio net.
        high: sizes of the high net.
        data: clips and faults.
        losses: weight of each loss; the names are those in the log.
        optimiser: step sizes.
    """

    name: str = "studio"
    task: str = "studio"
    seed: int = 1
    model: StudioConfig = field(default_factory=StudioConfig)
    high: HighConfig = field(default_factory=HighConfig)
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
    recipe = build(Recipe, _load_values(path), str(path))
    if recipe.task not in TASKS:
        raise ConfigError(f"{path}: task is {recipe.task!r}: use one of {', '.join(TASKS)}")
    return recipe


def resolved_yaml(recipe: Recipe) -> str:
    """Writes a recipe with all its defaults, as it is kept beside the weights."""
    return str(yaml.safe_dump(plain(asdict(recipe)), sort_keys=False))


def plain(value: Any) -> Any:
    """Turns tuples into lists, for YAML."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def build(kind: type[T], values: Any, where: str) -> T:
    """Fills a dataclass, and those within it, from plain values.

    Raises:
        ConfigError: on an unknown key or a value of another type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected keys and values, got {values!r}")
    hints = get_type_hints(kind)
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}: use one of {', '.join(sorted(known))}")
    return kind(**{key: _convert(hints[key], value, f"{where}: {key}") for key, value in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    if isinstance(value, list):
        return tuple(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (int, float, str, bool) and not isinstance(value, hint):
        raise ConfigError(f"{where}: expected {hint.__name__}, got {value!r}")
    return value


def _load_values(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ConfigError(f"recipe {path} cannot be read ({error.strerror}): give the path of a recipe") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {path} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"recipe {path} holds no keys: see recipes/train/studio.yaml")
    base = values.pop("base", None)
    return _merge(_load_values(path.parent / base), values) if base else values


def _merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
