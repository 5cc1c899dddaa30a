"""Run folders: what a run needs to go on after a kill, written whole or not at all."""

from pathlib import Path
from typing import Any

import torch

from goodtake.errors import ConfigError

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes the state under a temporary name and renames it: an interrupted write leaves the earlier one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / (CHECKPOINT + ".partial")
    try:
        torch.save(state, temporary)
        temporary.replace(folder / CHECKPOINT)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Returns the state of a run folder, or None when it has none yet. Reading runs no code.

    Raises:
        ConfigError: when the checkpoint is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise ConfigError(f"{path} is damaged ({type(error).__name__}): remove it to begin this run again") from error
    return state
