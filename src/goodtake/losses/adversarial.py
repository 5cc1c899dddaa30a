"""Least-squares adversarial losses on pairs of a degraded spectrogram and a candidate.

Mao et al., "Least squares generative adversarial networks", ICCV 2017, eq. 9: the discriminator is drawn to 1 on real
candidates and to 0 on generated ones, the generator's share is drawn to 1. With the L1 distance beside it this is the
objective of Mel2Mel (Kandpal, Nieto, Jin, ICASSP 2022, section 3.3).

```python
enhanced = generator(degraded)
sum(discriminator_losses(discriminator, degraded, enhanced, clean).values()).backward()    # discriminator's step
with readonly(discriminator):
    losses = generator_losses(discriminator, degraded, enhanced, clean)                    # generator's step
    sum(weights[name] * loss for name, loss in losses.items()).backward()
```
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def readonly(module: nn.Module) -> Iterator[None]:
    """Keeps gradients from the parameters of a network, while they still pass through it to its inputs.

    Parameters that did not want a gradient before do not want one after. Backward may be called inside or outside.
    """
    wanted = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in wanted:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in wanted:
            parameter.requires_grad_(True)


def generator_losses(discriminator: nn.Module, degraded: Tensor, candidate: Tensor, clean: Tensor) -> dict[str, Tensor]:
    """Returns what the generator lowers, by name; gradients reach `candidate`.

    Call it within `readonly(discriminator)`, or the discriminator collects gradients of the wrong sign.

    Args:
        discriminator: (degraded, candidate) -> logits.
        degraded: the generator's input.
        candidate: its output, not detached.
        clean: what the output should be.

    Returns:
        "adversarial": mean over patches of (logit - 1)^2;
        "l1": mean absolute distance of candidate and clean.

    Shape:
        (batch, mel, frame) three times -> () each
    """
    adversarial = ((discriminator(degraded, candidate) - 1) ** 2).mean()
    return {"adversarial": adversarial, "l1": (candidate - clean).abs().mean()}


def discriminator_losses(
    discriminator: nn.Module, degraded: Tensor, candidate: Tensor, clean: Tensor
) -> dict[str, Tensor]:
    """Returns what the discriminator lowers, by name; no gradient reaches `candidate`.

    Returns:
        "real": mean over patches of (logit - 1)^2 / 2 on the clean spectrogram;
        "generated": mean of logit^2 / 2 on the candidate.

    Shape:
        (batch, mel, frame) three times -> () each
    """
    real = 0.5 * ((discriminator(degraded, clean) - 1) ** 2).mean()
    generated = 0.5 * (discriminator(degraded, candidate.detach()) ** 2).mean()
    return {"real": real, "generated": generated}
