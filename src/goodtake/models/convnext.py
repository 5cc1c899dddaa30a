"""One-dimensional ConvNeXt block over spectrogram frames.

After Liu et al., "A ConvNet for the 2020s", CVPR 2022, section 2, and its use on frames in Siuzdak, "Vocos", 2023.
"""

import torch
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a pointwise bottleneck, added to the input.

    Args:
        dim: channels in and out.
        hidden: channels of the bottleneck.
        dilation: of the depthwise kernel of 7 frames.
        scale: initial value of the learned scale of the branch.

    Shape:
        (batch, dim, frame) -> (batch, dim, frame)
    """

    def __init__(self, dim: int, hidden: int, dilation: int = 1, scale: float = 0.1) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(dim, dim, 7, padding=3 * dilation, dilation=dilation, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, hidden)
        self.contract = nn.Linear(hidden, dim)
        self.scale = nn.Parameter(torch.full((dim,), scale))

    def forward(self, x: Tensor) -> Tensor:
        """Returns x plus the branch."""
        y = self.norm(self.depthwise(x).transpose(1, 2))  # (batch, frame, dim)
        y = self.contract(nn.functional.gelu(self.expand(y), approximate="tanh"))
        out: Tensor = x + (self.scale * y).transpose(1, 2)
        return out
