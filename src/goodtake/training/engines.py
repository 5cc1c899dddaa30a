"""Trained networks to go on from: those of a run folder, or those of a bundle when the run is gone."""

from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from goodtake.bundles.bundle import CONFIG_NAME, WEIGHTS_NAME, Bundle, load_bundle
from goodtake.config import build
from goodtake.errors import ConfigError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import HighConfig, HighNet
from goodtake.models.studio import StudioConfig
from goodtake.training.checkpoints import load_checkpoint
from goodtake.training.recipe import RECIPE_NAME, load_recipe
from goodtake.training.schemes import ChainConfig


def load_engine(folder: Path) -> StudioEngine:
    """Returns the averaged studio engine of a run folder, or the engine of a bundle, ready to be used.

    Raises:
        BundleError: when the folder is a damaged bundle.
        ConfigError: when it holds neither.
    """
    bundle = _bundle(folder)
    if bundle is not None:
        engine = StudioEngine(build(StudioConfig, bundle.config["model"], str(folder)))
        weights = load_file(bundle.folder / WEIGHTS_NAME)
        kept = {name: value.float() for name, value in weights.items() if name.startswith(("take.", "studio."))}
        engine.load_state_dict(kept)
    else:
        recipe = load_recipe(folder / RECIPE_NAME)
        engine = StudioEngine(recipe.model)
        engine.load_state_dict(_run_state(folder)["average"])
    return engine.eval().requires_grad_(False)


def load_high(folder: Path) -> HighNet:
    """Returns the averaged high net of a run folder, or that of a bundle.

    Raises:
        BundleError: when the folder is a damaged bundle.
        ConfigError: when it holds neither.
    """
    bundle = _bundle(folder)
    if bundle is not None:
        high = HighNet(build(HighConfig, bundle.config["high"], str(folder)))
        weights = load_file(bundle.folder / WEIGHTS_NAME)
        high.load_state_dict(
            {name.removeprefix("high."): value.float() for name, value in weights.items() if name.startswith("high.")}
        )
    else:
        recipe = load_recipe(folder / RECIPE_NAME)
        if recipe.task != "high":
            raise ConfigError(f"{folder} holds no run of the high net: train recipes/train/studio-high.yaml first")
        high = HighNet(recipe.high)
        high.load_state_dict(_run_state(folder)["average"])
    return high.eval().requires_grad_(False)


def run_weights(folder: Path) -> dict[str, Tensor]:
    """Returns the averaged weights of a run folder, or the weights of a chain's bundle, by their names in a `Chain`.

    Raises:
        BundleError: when the folder is a damaged bundle.
        ConfigError: when it holds neither.
    """
    bundle = _bundle(folder)
    if bundle is not None:
        return {f"networks.{name}": value.float() for name, value in load_file(bundle.folder / WEIGHTS_NAME).items()}
    weights: dict[str, Tensor] = _run_state(folder)["average"]
    return weights


def training_steps(folder: Path, key: str) -> int:
    """Returns how many steps the networks of a run folder or a bundle were trained for, those before it included.

    Args:
        folder: of the run or bundle.
        key: under which a bundle's config.yaml counts them: "steps" or "high_steps".
    """
    bundle = _bundle(folder)
    if bundle is not None:
        return int(bundle.config["training"][key])
    state = _run_state(folder)
    return int(state["step"]) + int(state.get("steps_before", 0))


def chain_config(folder: Path) -> ChainConfig:
    """Returns the networks of a chain's run folder or bundle, and their sizes.

    Raises:
        ConfigError: when it is of another kind.
    """
    bundle = _bundle(folder)
    if bundle is None:
        recipe = load_recipe(folder / RECIPE_NAME)
        if recipe.task != "chain":
            raise ConfigError(
                f"{folder} is a run of the task {recipe.task!r}: a chain is exported from runs of 'chain'"
            )
        return recipe.chain
    if bundle.engine != "chain":
        raise ConfigError(f"{folder} is a model of the kind {bundle.engine!r}: give a chain")
    sizes = bundle.config["networks"]
    return build(ChainConfig, {"networks": list(sizes), "level": bundle.config["chain"]["level"], **sizes}, str(folder))


def network_steps(folder: Path, network: str) -> int:
    """Returns how many steps a network of a chain's run folder or bundle was trained for, in all its runs."""
    bundle = _bundle(folder)
    if bundle is not None:
        return int(bundle.config["training"][network]["steps"])
    state = _run_state(folder)
    steps = 0 if network in chain_config(folder).frozen else int(state["step"])
    before = state.get("steps_before") or {}
    return steps + int(before.get(network, 0))


def is_bundle(folder: Path) -> bool:
    """Tells whether a folder is a model and not a run."""
    return (folder / CONFIG_NAME).is_file()


def _bundle(folder: Path) -> Bundle | None:
    return load_bundle(folder) if is_bundle(folder) else None


def _run_state(folder: Path) -> dict[str, Any]:
    state = load_checkpoint(folder)
    if state is None:
        raise ConfigError(f"{folder} holds no checkpoint: give the folder of a run of goodtake train, or of a model")
    return state
