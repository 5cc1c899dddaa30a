"""One object owns the discriminator, its optimiser and both sides of the game, so that the loop stays short.

The game is the least-squares one of `goodtake.losses.adversarial`.
"""

from typing import Any

import torch
from torch import Tensor, nn

from goodtake.losses.adversarial import discriminator_losses, generator_losses, readonly
from goodtake.training.engine import Engine


class Adversary:
    """A discriminator in training.

    Args:
        network: (degraded, candidate) -> patch scores.
        learning_rate: of Adam.
        engine: averages its gradients over processes.
        betas: of Adam; a low first one, as in Pix2Pix.
    """

    def __init__(
        self, network: nn.Module, learning_rate: float, engine: Engine, betas: tuple[float, float] = (0.5, 0.999)
    ) -> None:
        self.network, self.engine = network.to(engine.device), engine
        self.optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=betas)
        self.learning_rate = learning_rate

    def learn(self, degraded: Tensor, candidate: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """Does one step of the discriminator and returns its losses, "real" and "generated", without gradients.

        Args:
            degraded: condition, (batch, mel, frame).
            candidate: what the generator made of it; no gradient reaches the generator.
            clean: the truth.
        """
        losses = discriminator_losses(self.network, degraded, candidate, clean)
        self.optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        self.engine.average_gradients(self.network.parameters())
        self.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def judge(self, degraded: Tensor, candidate: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """Returns the generator's losses, "adversarial" and "l1"; no gradient reaches the discriminator."""
        with readonly(self.network):
            return generator_losses(self.network, degraded, candidate, clean)

    def anneal(self, share: float) -> None:
        """Sets the learning rate to a share of its peak."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate * share

    def state_dict(self) -> dict[str, Any]:
        """Returns plain tensors and values to write."""
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned."""
        self.network.load_state_dict(values["network"])
        self.optimiser.load_state_dict(values["optimiser"])
