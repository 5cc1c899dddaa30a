"""A bundle: one trained engine as a folder, checked before it is used and loaded without running code.

```
studio/
  config.yaml            engine, model sizes, constants, SHA-256 of the other files
  weights.safetensors    half precision
  take.onnx studio.onnx  graphs whose initialisers lie in weights.safetensors, at their offsets
  card.md                data, licences, training, measured quality, limits
```
The graphs hold no weights of their own, so torch and ONNX Runtime read the very same numbers.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from goodtake.errors import BundleError

if TYPE_CHECKING:
    import onnxruntime

CONFIG_NAME = "config.yaml"
WEIGHTS_NAME = "weights.safetensors"
CARD_NAME = "card.md"
FORMAT = 1
"""Version of the layout; another one is refused."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files are whole.

    Args:
        folder: where it lies.
        name: of the engine.
        engine: kind of engine, which says who can run it.
        config: all of config.yaml.
    """

    folder: Path
    name: str
    engine: str
    config: dict[str, Any]

    def session(self, network: str, threads: int = 0, frugal: bool = False) -> "onnxruntime.InferenceSession":
        """Opens one of the networks.

        Args:
            network: name of the graph without its suffix.
            threads: of one operator; 0 takes all cores.
            frugal: use little memory for what lies between the operators, when that is hundreds of megabytes.

        Raises:
            BundleError: when the bundle has no such network or the runtime refuses it.
        """
        import onnxruntime  # 0.2 s to import, and only needed when something is enhanced

        path = self.folder / f"{network}.onnx"
        if path.name not in self.config["files"]:
            raise BundleError(f"model {self.name} has no network {network!r}: reinstall goodtake or export it again")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        if frugal:
            # In the usual order every layer's answers wait for the end, and the memory plan is kept beside the memory.
            options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
            options.enable_mem_pattern = False
        # Threads that spin while they wait take the core from the next step, and twice the time on a busy machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's errors share no base class
            message = str(error).splitlines()[0]
            raise BundleError(f"model {self.name} cannot be run ({message}): reinstall goodtake") from error

    @property
    def title(self) -> str:
        """What it does, in a line."""
        return str(self.config.get("title", ""))

    @property
    def card(self) -> str:
        """The model card, Markdown."""
        return (self.folder / CARD_NAME).read_text(encoding="utf-8")


def load_bundle(folder: Path) -> Bundle:
    """Reads a bundle and checks the SHA-256 of every file.

    Raises:
        BundleError: when a file is missing or damaged, or the layout is of another version.
    """
    path = folder / CONFIG_NAME
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder} is not a model: its {CONFIG_NAME} is missing or damaged") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise BundleError(f"{folder} is a model of another version of goodtake: export it again")
    files = config.get("files")
    if not isinstance(files, dict) or not {"name", "engine"} <= set(config):
        raise BundleError(f"{folder} is not a whole model: reinstall goodtake or export it again")
    for name, digest in files.items():
        if Path(name).name != name or sha256(folder / name) != digest:
            raise BundleError(f"{folder / name} is missing or damaged: reinstall goodtake or export the model again")
    return Bundle(folder, str(config["name"]), str(config["engine"]), config)


def sha256(path: Path) -> str:
    """Returns the digest of a file, or an empty string when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
