"""DiffWave's denoiser for inference: the same weights and the same answers in fewer passes over memory.

On a CPU the products of matrices are half of a call of the published form; additions, factors and cuts of tensors that
no cache holds are the rest. Three identities leave most of them out, exactly:

* a layer's factor 1 / sqrt(2) goes into the weights: layer i hears sqrt(2)^i times its input, through weights that are
  as much smaller;
* the step's embedding goes into the bias of the layer before, which is a handful of numbers;
* filter and gate, residual and skip are convolutions of their own, so that nothing is cut in two.
"""

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from goodtake.models.diffwave import Denoiser, ResidualLayer


class CachedDenoiser(Denoiser):
    """The denoiser with two inputs for each layer's conditions, its filter's and its gate's.

    Cut out of one large input, the conditions would lie in memory twice.

    Args:
        network: whose weights it has.

    Shape:
        noisy (1, time), step (1,), cached: of each layer two of (1, channels, time) -> (1, time)
    """

    def __init__(self, network: Denoiser) -> None:
        super().__init__(network.config)
        self.load_state_dict(network.state_dict())

    def forward(self, noisy: Tensor, step: Tensor, *cached: Tensor) -> Tensor:
        """Returns the noise; see `Denoiser.forward`."""
        embedding = self.embed(self.step_sines(step))
        layers = cast("list[ResidualLayer]", list(self.layers))
        # What each layer adds to its input for the step, times sqrt(2)^i; nothing follows the last.
        told = [layer.step(embedding)[0] * 2 ** (index / 2) for index, layer in enumerate(layers)]
        follows = [after - before for before, after in pairwise(told)]
        x = torch.relu(self.enter(self.opened(noisy, step)[:, None])) + told[0][:, None]  # (1, channels, time)
        total: Tensor | None = None
        for index, layer in enumerate(layers):
            grown = 2 ** (index / 2)
            gated = _gated(layer, x, grown, cached[2 * index], cached[2 * index + 1])
            (residual, skip), (residual_bias, skip_bias) = layer.leave.weight.chunk(2), _bias(layer.leave).chunk(2)
            if index < len(follows):
                x = x + functional.conv1d(gated, residual * grown, residual_bias * grown + follows[index])
            share = functional.conv1d(gated, skip, skip_bias)
            total = share if total is None else total + share
        assert total is not None
        kept = functional.conv1d(total, self.skip.weight / math.sqrt(len(layers)), self.skip.bias)
        return self.closed(noisy, step, self.leave(torch.relu(kept))[:, 0])


def _gated(layer: ResidualLayer, x: Tensor, grown: float, for_filter: Tensor, for_gate: Tensor) -> Tensor:
    """Returns tanh(filter) * sigmoid(gate) of an input that is `grown` times as large: (1, channels, time)."""
    reach = layer.dilated.dilation[0]
    weights, biases = (layer.dilated.weight / grown).chunk(2), _bias(layer.dilated).chunk(2)
    filtered, gate = (
        functional.conv1d(x, weight, bias, padding=reach, dilation=reach) + condition
        for weight, bias, condition in zip(weights, biases, (for_filter, for_gate), strict=True)
    )
    return torch.tanh(filtered) * torch.sigmoid(gate)


def _bias(convolution: torch.nn.Conv1d) -> Tensor:
    return cast(Tensor, convolution.bias)
