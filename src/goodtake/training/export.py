"""Turns a trained engine into a bundle: half-precision weights once, and graphs that read them in place.

ONNX lets an initialiser lie in another file at an offset. A safetensors file is a header and raw tensors, so the graphs
point into it: each weight is read as float16 and cast, and torch loads the same file.
"""

import json
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.numpy import save_file
from torch import Tensor, nn

from goodtake.bundles.bundle import CARD_NAME, CONFIG_NAME, FORMAT, WEIGHTS_NAME, sha256
from goodtake.errors import MissingExtraError

OPSET = 17


@dataclass(frozen=True)
class Graph:
    """A network to export.

    Args:
        module: the network.
        prefix: of its weights in the weights file, such as "studio.".
        inputs: example tensors by name; a batch of one.
        outputs: names of what it returns, in order.
        frame_axes: axis that varies in length, by input or output name.
    """

    module: nn.Module
    prefix: str
    inputs: Mapping[str, Tensor]
    outputs: Sequence[str]
    frame_axes: Mapping[str, int]


def write_bundle(
    folder: Path, name: str, engine: str, graphs: Mapping[str, Graph], config: dict[str, Any], card: str
) -> None:
    """Writes a whole bundle.

    Args:
        folder: made if need be; files of the same names are replaced.
        name: of the model.
        engine: its kind.
        graphs: networks by file name without suffix.
        config: further keys of config.yaml.
        card: Markdown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        graph.prefix + key: value.detach().cpu().numpy().astype(np.float16)
        for graph in graphs.values()
        for key, value in graph.module.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS_NAME)
    offsets = tensor_offsets(folder / WEIGHTS_NAME)
    for file_name, graph in graphs.items():
        _write_graph(folder / f"{file_name}.onnx", graph, offsets)
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    names = [WEIGHTS_NAME, CARD_NAME, *(f"{file_name}.onnx" for file_name in graphs)]
    files = {file: sha256(folder / file) for file in names}
    text = yaml.safe_dump({"format": FORMAT, "name": name, "engine": engine, **config, "files": files}, sort_keys=False)
    (folder / CONFIG_NAME).write_text(text, encoding="utf-8")


def tensor_offsets(path: Path) -> dict[str, tuple[int, int]]:
    """Returns where each tensor of a safetensors file lies: name -> (first byte, number of bytes)."""
    with path.open("rb") as file:
        (header_bytes,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(header_bytes))
    start = 8 + header_bytes
    return {
        name: (start + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _write_graph(path: Path, graph: Graph, offsets: dict[str, tuple[int, int]]) -> None:
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", "train") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that keeps parameter names is deprecated, and says so
        torch.onnx.export(
            graph.module.eval(),
            tuple(graph.inputs.values()),
            str(path),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: {axis: "frame"} for name, axis in graph.frame_axes.items()},
            opset_version=OPSET,
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load(path)
    casts = [
        _point_into_weights(initialiser, graph.prefix, offsets)
        for initialiser in model.graph.initializer
        if graph.prefix + initialiser.name in offsets
    ]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def _point_into_weights(initialiser: Any, prefix: str, offsets: dict[str, tuple[int, int]]) -> Any:
    """Makes an initialiser external and half precision, and returns the node that casts it under its old name."""
    import onnx

    name = initialiser.name
    offset, length = offsets[prefix + name]
    initialiser.ClearField("raw_data")
    initialiser.ClearField("float_data")
    initialiser.data_type = onnx.TensorProto.FLOAT16
    initialiser.data_location = onnx.TensorProto.EXTERNAL
    initialiser.name = name + ".half"
    for key, value in (("location", WEIGHTS_NAME), ("offset", str(offset)), ("length", str(length))):
        initialiser.external_data.add(key=key, value=value)
    return onnx.helper.make_node("Cast", [name + ".half"], [name], to=onnx.TensorProto.FLOAT)
