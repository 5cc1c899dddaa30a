"""An embedding network in an ONNX file that the user gives, checked before it is used.

The file is named in an environment variable, or after the embedding's name: "vggish:/models/vggish.onnx". The graph has
one float input, (patch, *one of the accepted shapes*), and one float output, (patch, dimension).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import BundleError
from goodtake.metrics.embeddings.base import Patches

if TYPE_CHECKING:
    import onnxruntime

BATCH = 16
"""Patches that the network sees at a time, so that memory does not grow with the clip."""


@dataclass(frozen=True)
class EmbeddingNetwork:
    """An opened and checked graph.

    Args:
        session: of ONNX Runtime.
        path: of the file.
        input_shape: of one patch.
        dimension: of a point.
        batch: patches per call; 1 when the graph allows no other number.
    """

    session: onnxruntime.InferenceSession
    path: Path
    input_shape: tuple[int, ...]
    dimension: int
    batch: int

    def __call__(self, patches: NDArray[np.float32]) -> Patches:
        """Returns a point per patch: (patch, ...) of any shape with as many numbers -> (patch, dimension).

        Raises:
            BundleError: the network fails, or gives something other than finite points.
        """
        name = self.session.get_inputs()[0].name
        points = []
        for first in range(0, len(patches), self.batch):
            part = patches[first : first + self.batch].reshape(-1, *self.input_shape)
            try:
                (result,) = self.session.run(None, {name: np.ascontiguousarray(part, np.float32)})
            except Exception as error:  # the runtime's errors share no base class
                raise BundleError(f"{self.path} cannot be run: {_first_line(error)}") from error
            wanted = (len(part), self.dimension)
            if result.shape != wanted:
                raise BundleError(
                    f"{self.path} gave points of shape {result.shape}, wanted is {wanted}: export it again"
                )
            if not np.isfinite(result).all():
                raise BundleError(f"{self.path} gave points that are NaN or infinite: export it again")
            points.append(result.astype(np.float32))
        return np.concatenate(points)


def network_path(name: str, given: str, variable: str) -> Path:
    """Returns the file that is given, or else the one that an environment variable names.

    Raises:
        BundleError: neither is there.
    """
    path = given or os.environ.get(variable, "")
    if not path:
        raise BundleError(f"embedding {name} needs an ONNX file: set {variable} to its path (docs/metrics.md says how)")
    return Path(path)


def open_network(path: Path, shapes: tuple[tuple[int, ...], ...], dimension: int) -> EmbeddingNetwork:
    """Opens a graph and checks its input and output.

    Args:
        path: of the file.
        shapes: accepted shapes of a patch; the first that fits is taken.
        dimension: of a point.

    Raises:
        BundleError: no file, not a graph, or other inputs or outputs.
    """
    if not path.is_file():
        raise BundleError(f"{path} is not there: give the ONNX file of an embedding network (docs/metrics.md says how)")
    session = _session(path)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    wanted = " or ".join(str(("patch", *shape)) for shape in shapes) + f" -> ('patch', {dimension})"
    found = ", ".join(f"{tuple(node.shape)}" for node in inputs) + " -> " + ", ".join(str(n.shape) for n in outputs)
    fitting = [shape for shape in shapes if len(inputs) == 1 and _fits(inputs[0].shape, shape)]
    if not fitting or len(outputs) != 1 or not _fits(outputs[0].shape, (dimension,)):
        raise BundleError(f"{path} has {found}, wanted is one input and one output {wanted}: export it so")
    if inputs[0].type != "tensor(float)":
        raise BundleError(f"{path} takes {inputs[0].type}, wanted is tensor(float): export it in single precision")
    fixed = inputs[0].shape[0]
    if isinstance(fixed, int) and fixed != 1:
        raise BundleError(f"{path} takes {fixed} patches at a time: export it with a free first dimension, or 1")
    return EmbeddingNetwork(session, path, fitting[0], dimension, batch=1 if fixed == 1 else BATCH)


def _session(path: Path) -> onnxruntime.InferenceSession:
    import onnxruntime  # 0.2 s to import, and only needed by who has such a file

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # an evaluation runs one process per core
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors share no base class
        raise BundleError(f"{path} is not a network that ONNX Runtime can run: {_first_line(error)}") from error


def _fits(shape: list[Any], wanted: tuple[int, ...]) -> bool:
    """Says whether a graph's shape is (anything, *wanted); names and unknown sizes of a graph fit every number."""
    tail = shape[1:]
    return len(tail) == len(wanted) and all(
        not isinstance(size, int) or size == number for size, number in zip(tail, wanted, strict=True)
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
