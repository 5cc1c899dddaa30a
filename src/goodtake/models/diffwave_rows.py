"""DiffWave for training: samples in rows, (batch, time, channel), so that every layer is two products of matrices.

Same weights and same answers as `Conditioner` and `Denoiser` one after the other, some four times faster on a CPU with
bfloat16: there a dilated convolution of 64 channels, and a transposed one of a single channel, are far slower than what
they compute. A layer's three taps and its condition stand side by side in one row, and meet one matrix; so the
conditions of all layers, 15 kB a sample, never lie in memory.
"""

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from goodtake.models.diffwave import Conditioner, Denoiser, ResidualLayer

UPSAMPLING = 16
"""Factor of each of the two transposed convolutions."""


def upsampled_rows(conditioner: "Conditioner", mel: Tensor) -> Tensor:
    """Returns what the conditioner projects, in full precision: (batch, mel, frame) -> (batch, frame * 256, mel)."""
    with torch.autocast(mel.device.type, enabled=False):
        x = conditioner.config.scale.normalise(mel)
        for upsample in conditioner.upsample:
            weight, bias = (cast(Tensor, value) for value in (upsample.weight, upsample.bias))
            x = functional.leaky_relu(transposed(x, weight, bias), 0.4)
        return x.transpose(1, 2)


def transposed(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Returns the transposed convolution of one channel as a product of matrices.

    Kernel (1, 1, 3, 32), stride (1, 16), padding (1, 8): every frame writes 32 samples,
    8 before its own 16 and 8 after.

    Shape:
        (batch, mel, frame) -> (batch, mel, 16 * frame)
    """
    bands, frames = x.shape[1:]
    padded = functional.pad(x, (0, 0, 1, 1))
    # Band m hears band m + 1 through the kernel's first row, and m - 1 through its last.
    taps = torch.stack([padded[:, 2 - row : 2 - row + bands] for row in range(3)], -1)  # (batch, mel, frame, 3)
    first, second = (taps @ kernel[0, 0]).chunk(2, -1)  # (batch, mel, frame, 16) each
    wave = functional.pad(first, (0, 0, 0, 1)) + functional.pad(second, (0, 0, 1, 0))  # one frame more
    half = UPSAMPLING // 2
    return wave.flatten(2)[..., half : half + UPSAMPLING * frames] + bias


def write_rows(denoiser: "Denoiser", project: nn.Conv1d, noisy: Tensor, step: Tensor, rows: Tensor) -> Tensor:
    """Returns the noise.

    Args:
        denoiser: its weights.
        project: the conditioner's projection, for all layers.
        noisy: the wave.
        step: of each item.
        rows: the upsampled spectrogram.

    Shape:
        noisy (batch, time), step (batch,), rows (batch, time, mel) -> (batch, time)
    """
    device = noisy.device.type
    narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else noisy.dtype
    rows = rows.to(narrow).contiguous()
    embedding = denoiser.embed(denoiser.step_sines(step))
    heard = denoiser.opened(noisy, step)
    x = torch.relu(heard[..., None] * denoiser.enter.weight[:, 0, 0] + cast(Tensor, denoiser.enter.bias)).to(narrow)
    total: Tensor | None = None
    count = len(denoiser.layers)
    weights, biases = project.weight[..., 0].chunk(count), cast(Tensor, project.bias).chunk(count)
    layers = cast("list[ResidualLayer]", list(denoiser.layers))
    for layer, weight, bias in zip(layers, weights, biases, strict=True):
        reach = layer.dilated.dilation[0]
        y = x + layer.step(embedding)[:, None]
        # (batch, time, 3 * channels + mel)
        row = torch.cat([_shifted(y, reach), y, _shifted(y, -reach), rows], 2)
        matrix = torch.cat([*layer.dilated.weight.unbind(2), weight], 1)
        told = functional.linear(row, matrix, cast(Tensor, layer.dilated.bias) + bias)
        told = functional.linear(_gated(told), layer.leave.weight[..., 0], layer.leave.bias)
        out, skip = told.chunk(2, 2)
        x = (x + out) * math.sqrt(0.5)
        total = skip if total is None else total + skip
    assert total is not None
    total = total * (1 / math.sqrt(count))
    kept = torch.relu(functional.linear(total, denoiser.skip.weight[..., 0], denoiser.skip.bias))
    told = functional.linear(kept, denoiser.leave.weight[..., 0], denoiser.leave.bias)[..., 0]
    return denoiser.closed(noisy, step, told)


def _shifted(y: Tensor, samples: int) -> Tensor:
    """Delays (or, negative, advances) a wave and fills up with zeros: (batch, time, channel) -> the same."""
    length = y.shape[1]
    if abs(samples) >= length:
        return torch.zeros_like(y)
    return functional.pad(y[:, max(0, -samples) : length - max(0, samples)], (0, 0, max(0, samples), max(0, -samples)))


def _gated(told: Tensor) -> Tensor:
    """Returns tanh of the first half of the channels times the sigmoid of the second."""
    gated: Tensor = _Gate.apply(told)  # type: ignore[no-untyped-call]
    return gated


class _Gate(torch.autograd.Function):
    """tanh(a) sigmoid(b) with its derivative in place; autograd alone passes over memory three times as often."""

    @staticmethod
    def forward(ctx: Any, told: Tensor) -> Tensor:
        filtered, gate = told.chunk(2, -1)
        # tanh(a) = 2 sigmoid(2 a) - 1, whose bfloat16 kernel is the faster one
        tanh = torch.sigmoid(2 * filtered).mul_(2).sub_(1)
        sigmoid = torch.sigmoid(gate.contiguous())  # of every other 32 channels as they lie it takes five times as long
        ctx.save_for_backward(tanh, sigmoid)
        gated: Tensor = tanh * sigmoid
        return gated

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (gradient,), (tanh, sigmoid) = gradients, ctx.saved_tensors
        filtered = gradient * sigmoid
        gate = filtered * tanh
        filtered = torch.addcmul(filtered, gate, tanh, value=-1)  # gradient sigmoid (1 - tanh^2)
        gate = torch.addcmul(gate, gate, sigmoid, value=-1)  # gradient tanh sigmoid (1 - sigmoid)
        return torch.cat([filtered, gate], -1)
