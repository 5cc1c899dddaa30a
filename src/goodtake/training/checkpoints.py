"""Run folders: what a run needs to go on after a kill, in parts small enough to be carried anywhere.

    checkpoint.json          which of the two folders holds the state, size and SHA-256 of each part
    checkpoint-a/000.part    up to 14 MB each
    checkpoint-b/            the next state while it is written

The state goes to the folder that is not in use; renaming `checkpoint.json` into its place is what makes it count, and
only then is the earlier one removed. So a kill at any moment, or a full disk, leaves one whole state.
"""

import io
import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from goodtake.audio.atomic import disk_errors
from goodtake.errors import ConfigError

INDEX = "checkpoint.json"
FOLDERS = ("checkpoint-a", "checkpoint-b")
PART_BYTES = 14_000_000
SINGLE = "checkpoint.pt"
"""What older runs hold instead, in one file: it is read where there is no index, and the next save replaces it."""


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes the state beside the earlier one, switches to it and removes the earlier one.

    Raises:
        UnwritableAudioError: when the disk is full or refuses; the earlier state stays whole.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getbuffer()
    with disk_errors(folder / INDEX):
        folder.mkdir(parents=True, exist_ok=True)
        name = FOLDERS[1] if _folder_in_use(folder) == FOLDERS[0] else FOLDERS[0]
        temporary = folder / (INDEX + ".partial")
        try:
            shutil.rmtree(folder / name, ignore_errors=True)  # what a killed save left
            (folder / name).mkdir()
            parts = []
            for number, start in enumerate(range(0, len(content), PART_BYTES)):
                part = content[start : start + PART_BYTES]
                _write(_part(folder, name, number), part)
                parts.append({"bytes": len(part), "sha256": sha256(part).hexdigest()})
            _write(temporary, json.dumps({"folder": name, "parts": parts}, indent=1).encode())
            temporary.replace(folder / INDEX)
        except BaseException:
            temporary.unlink(missing_ok=True)
            if _folder_in_use(folder) != name:
                shutil.rmtree(folder / name, ignore_errors=True)
            raise
        for earlier in set(FOLDERS) - {name}:
            shutil.rmtree(folder / earlier, ignore_errors=True)
        (folder / SINGLE).unlink(missing_ok=True)


def has_checkpoint(folder: Path) -> bool:
    """Tells whether a run folder holds a state to go on from, whole or damaged."""
    return (folder / INDEX).exists() or (folder / SINGLE).exists()


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Returns the state of a run folder, or None when it has none yet. Reading runs no code.

    Raises:
        ConfigError: when the checkpoint is damaged, or a part of it is missing.
    """
    path = folder / INDEX
    if path.exists():
        content = _read_parts(folder)
    elif (path := folder / SINGLE).exists():
        content = path.read_bytes()
    else:
        return None
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged file
        raise ConfigError(f"{path} is damaged ({type(error).__name__}): remove it to begin this run again") from error
    return state


def lighten(state: dict[str, Any]) -> dict[str, Any]:
    """Returns a run's state with averaged weights in float16 and Adam's moments in bfloat16: 10 bytes a weight, not 16.

    Loading turns them into float32 again. Weights in training stay exact, so a resumed run goes on where it stopped,
    but does not end with the very numbers of an uninterrupted one.
    """
    lighter = {**state, "average": {name: _narrow(value, torch.float16) for name, value in state["average"].items()}}
    lighter["optimiser"] = _light_moments(state["optimiser"])
    if "adversary" in state:
        lighter["adversary"] = {**state["adversary"], "optimiser": _light_moments(state["adversary"]["optimiser"])}
    return lighter


def _light_moments(optimiser: dict[str, Any]) -> dict[str, Any]:
    moments = {
        weight: {name: _narrow(value, torch.bfloat16) if name != "step" else value for name, value in values.items()}
        for weight, values in optimiser["state"].items()
    }
    return {**optimiser, "state": moments}


def _narrow(value: Tensor, dtype: torch.dtype) -> Tensor:
    return value.to(dtype) if value.is_floating_point() else value


def _read_parts(folder: Path) -> bytes:
    name, parts = _read_index(folder)
    content = io.BytesIO()
    for number, (size, checksum) in enumerate(parts):
        path = _part(folder, name, number)
        try:
            part = path.read_bytes()
        except OSError as error:
            raise _broken(path, f"cannot be read ({error.strerror})") from error
        if len(part) != size or sha256(part).hexdigest() != checksum:
            raise _broken(path, "is damaged: its checksum differs")
        content.write(part)
    return content.getvalue()


def _read_index(folder: Path) -> tuple[str, list[tuple[int, str]]]:
    """Returns the folder in use, and size and checksum of its parts."""
    try:
        values = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if values["folder"] not in FOLDERS:
            raise ValueError(values["folder"])
        return str(values["folder"]), [(int(part["bytes"]), str(part["sha256"])) for part in values["parts"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(folder / INDEX, f"is damaged ({type(error).__name__})") from error


def _folder_in_use(folder: Path) -> str | None:
    return _read_index(folder)[0] if (folder / INDEX).exists() else None


def _part(folder: Path, name: str, number: int) -> Path:
    return folder / name / f"{number:03}.part"


def _write(path: Path, content: bytes | memoryview) -> None:
    """Writes a file and waits until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _broken(path: Path, reason: str) -> ConfigError:
    return ConfigError(f"{path} {reason}: copy the run folder anew, or remove {INDEX} to begin this run again")
