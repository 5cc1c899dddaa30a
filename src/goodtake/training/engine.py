"""Devices and processes of a run: the only module that knows Lightning Fabric.

The same recipe runs on one CPU, one GPU, or several of either on one or more machines. Every process computes its part
of each batch; gradients are averaged over the processes after the backward pass, weights never leave step.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from goodtake.errors import ConfigError, MissingExtraError

T = TypeVar("T")


@dataclass(frozen=True)
class Devices:
    """Where a run computes.

    Args:
        accelerator: "auto", "cpu" or "gpu"; "auto" takes a GPU if there is one.
        count: processes on each machine, one device each.
        nodes: machines; each is started with the same command, as the launcher of the cluster does.
    """

    accelerator: str = "auto"
    count: int = 1
    nodes: int = 1


class Engine:
    """Processes, devices and averages.

    Args:
        devices: where to compute.

    Raises:
        ConfigError: when there are no such devices.
        MissingExtraError: when Lightning Fabric is not installed.
    """

    def __init__(self, devices: Devices | None = None) -> None:
        devices = devices or Devices()
        fabric = _fabric()
        several = devices.count * devices.nodes > 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._fabric: Any = fabric(
                    accelerator=devices.accelerator,
                    devices=devices.count,
                    num_nodes=devices.nodes,
                    strategy="ddp" if several else "auto",
                )
                self._fabric.launch()
        except Exception as error:  # Fabric's own kinds, and torch's
            raise ConfigError(f"no {devices.count} {devices.accelerator} device(s) here: {error}") from error

    @property
    def device(self) -> torch.device:
        """Of this process."""
        device: torch.device = self._fabric.device
        return device

    @property
    def rank(self) -> int:
        """Number of this process, from 0."""
        return int(self._fabric.global_rank)

    @property
    def processes(self) -> int:
        """Number of processes."""
        return int(self._fabric.world_size)

    @property
    def is_main(self) -> bool:
        """Tells whether this process writes the run folder."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replaces every gradient by its mean over the processes; in one transfer, so that small ones cost nothing."""
        if self.processes == 1:
            return
        gradients = [weight.grad for weight in parameters if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        flat = self._fabric.all_reduce(flat, reduce_op="mean")
        for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Returns the mean of each value over the processes."""
        if self.processes == 1:
            return values
        flat = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        return dict(zip(values, self._fabric.all_reduce(flat, reduce_op="mean").tolist(), strict=True))

    def any(self, flag: bool) -> bool:
        """Tells whether the flag is set in any process, so that all of them stop at the same step."""
        return self.mean({"flag": float(flag)})["flag"] > 0

    def wait(self) -> None:
        """Waits for the other processes."""
        self._fabric.barrier()

    def on_main(self, action: Callable[[], None]) -> None:
        """Does something in the main process while the others wait."""
        if self.is_main:
            action()
        self.wait()


def _fabric() -> Any:
    for package in ("lightning_fabric", "lightning.fabric"):  # alone, and within the package `lightning`
        try:
            return import_module(package).Fabric
        except ImportError:
            continue
    raise MissingExtraError("lightning-fabric", "train")


def part_of(total: int, rank: int, processes: int) -> range:
    """Returns which items of a batch a process makes.

    Raises:
        ConfigError: when the batch cannot be shared equally; the mean of means would not be the mean.

    >>> part_of(8, 1, 2)
    range(4, 8)
    """
    if total % processes:
        raise ConfigError(f"a batch of {total} pairs cannot be shared by {processes} processes: give a multiple")
    size = total // processes
    return range(rank * size, (rank + 1) * size)


def move(batch: T, device: torch.device) -> T:
    """Moves the tensors of a batch, a dataclass, to a device."""
    if device.type == "cpu":
        return batch
    changed = {
        name: value.to(device, non_blocking=True) for name, value in vars(batch).items() if isinstance(value, Tensor)
    }
    return replace(batch, **changed)  # type: ignore[type-var]
