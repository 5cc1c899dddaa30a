"""Batches of pairs, each a pure function of seed and number, so that a resumed run sees the same ones."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from goodtake.datasets.clips import CleanClips
from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.draw import draw
from goodtake.degrade.parameters import Degradation, Room
from goodtake.degrade.rooms import decay_seconds, drr_db, simulate
from goodtake.training.recipe import DataConfig

NO_NOISE_SNR_DB = 50.0
NO_ROOM_DRR_DB = 20.0
NO_ROOM_RT60_S = 0.1


@dataclass(frozen=True)
class Batch:
    """Pairs of a step.

    Args:
        clean: (batch, channel, time).
        degraded: the same, sample-synchronous.
        facts: signal-to-noise ratio, direct-to-reverberant ratio, both / 10 dB, and ln of the decay time in seconds:
            (batch, 3).
        crop: first sample of the part that the frame net enhances.
        seed: for whatever else the step draws.
    """

    clean: Tensor
    degraded: Tensor
    facts: Tensor
    crop: int
    seed: int


class PairBatches(Dataset[Batch]):
    """Batch number n of a run, made when it is asked for.

    Args:
        clips: where clean clips come from.
        bank: rooms, noises, microphones.
        config: sizes and shares.
        seed: of the run.
        hop_length: crops begin on a multiple of it.
        part: which pairs of each batch this process makes; all of them when None.
    """

    def __init__(
        self,
        clips: CleanClips,
        bank: Bank,
        config: DataConfig,
        seed: int,
        hop_length: int,
        part: range | None = None,
    ) -> None:
        self.clips, self.bank, self.config, self.seed, self.hop_length = clips, bank, config, seed, hop_length
        self.part = part or range(config.batch_size)

    def __getitem__(self, number: int) -> Batch:
        """Makes the batch of that number."""
        samples = round(self.config.take_seconds * self.config.sample_rate)
        crop_samples = round(self.config.crop_seconds * self.config.sample_rate)
        pairs, facts = [], []
        for item in self.part:
            rng = np.random.default_rng([self.seed, number, item])
            degradation = draw(rng, self.config.degrade, self.bank)
            pairs.append(degrade(self.clips.draw(rng, samples), degradation, self.bank))
            facts.append(room_and_noise_facts(degradation, self.bank))
        rng = np.random.default_rng([self.seed, number])  # the same in every process
        crop = int(rng.integers((samples - crop_samples) // self.hop_length + 1)) * self.hop_length
        return Batch(
            torch.from_numpy(np.stack([pair.clean for pair in pairs])),
            torch.from_numpy(np.stack([pair.degraded for pair in pairs])),
            torch.tensor(facts, dtype=torch.float32),
            crop,
            int(rng.integers(2**31)),
        )


def room_and_noise_facts(degradation: Degradation, bank: Bank) -> tuple[float, float, float]:
    """Returns SNR / 10, DRR / 10 and ln decay time of what was drawn, with a ceiling where there is none."""
    snr = min(degradation.noise.snr_db, NO_NOISE_SNR_DB) if degradation.noise else NO_NOISE_SNR_DB
    drr, rt60 = room_facts(degradation.room, bank) if degradation.room else (NO_ROOM_DRR_DB, NO_ROOM_RT60_S)
    return snr / 10, min(drr, NO_ROOM_DRR_DB) / 10, float(np.log(rt60))


def room_facts(room: Room, bank: Bank) -> tuple[float, float]:
    """Returns direct-to-reverberant ratio in dB and decay time in seconds of a drawn room."""
    if room.rir is None:
        rt60 = room.rt60_s[1]
        drr = room.drr_db if room.drr_db is not None else drr_db(simulate(room, bank.sample_rate), bank.sample_rate)
        return drr, rt60
    rir = bank.room(room.rir)
    drr = room.drr_db if room.drr_db is not None else drr_db(rir, bank.sample_rate)
    return drr, decay_seconds(rir, bank.sample_rate)
