"""Runs a network as ONNX Runtime sees it."""

import warnings

import onnxruntime
import torch


def exported(net, inputs, frame_axes, outputs, path):
    """Exports a network traced at the given inputs; returns a function of other inputs by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that keeps parameter names is deprecated, and says so
        torch.onnx.export(
            net.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: {axis: "frame"} for name, axis in frame_axes.items()},
            opset_version=17,
            dynamo=False,
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)

    def run(**values):
        return [torch.from_numpy(out) for out in session.run(None, {name: v.numpy() for name, v in values.items()})]

    return run
