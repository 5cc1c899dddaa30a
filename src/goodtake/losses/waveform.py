"""Distances of waveforms."""

from torch import Tensor


def waveform_l1(estimate: Tensor, reference: Tensor) -> Tensor:
    """Returns the mean absolute difference of samples: the loss of paper 1's Demucs baseline (section 4.3).

    Shape:
        (..., time) twice -> ()
    """
    return (estimate - reference).abs().mean()
