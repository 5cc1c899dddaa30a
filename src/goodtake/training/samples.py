"""What a run sounds and looks like while it goes on: samples of fixed clips, and the curves of its log."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

from goodtake.dsp.bands import N_BINS
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp_torch import istft, stft
from goodtake.models.enhancer import StudioEngine
from goodtake.training.pairs import Batch
from goodtake.training.recipe import DataConfig

SAMPLES = 4


class SampleWriter:
    """Enhances the same few clips at every save: ``samples/N-degraded.wav``, ``N-clean.wav``, ``N-enhanced.wav``.

    Args:
        folder: of the run.
        batch: the clips.
        data: their rate.
        sample: makes waves (batch, time) of degraded ones.
    """

    def __init__(
        self, folder: Path, batch: Batch, data: DataConfig, sample: Callable[[nn.Module, Tensor], Tensor]
    ) -> None:
        self.folder, self.rate, self.sample = folder / "samples", data.sample_rate, sample
        self.degraded = batch.degraded[:SAMPLES].flatten(0, 1)  # (batch * channel, time)
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, (degraded, clean) in enumerate(zip(self.degraded, batch.clean.flatten(0, 1), strict=False)):
            soundfile.write(self.folder / f"{number}-degraded.wav", degraded.numpy(), self.rate)
            soundfile.write(self.folder / f"{number}-clean.wav", clean.numpy(), self.rate)

    def __call__(self, model: nn.Module, step: int) -> None:
        """Writes what the model makes of the clips."""
        device = next(model.parameters()).device
        with torch.no_grad():
            enhanced = self.sample(model, self.degraded.to(device)).cpu()
        for number, wave in enumerate(enhanced.numpy()):
            scaled = wave * (0.9 / max(0.9, float(np.abs(wave).max())))
            soundfile.write(self.folder / f"{number}-enhanced.wav", scaled, self.rate)
        (self.folder / "step.txt").write_text(f"{step}\n", encoding="utf-8")


def studio_sample(engine: StudioEngine, degraded: Tensor, sample_rate: int) -> Tensor:
    """Returns what the studio engine makes of waves, at their level: (batch, time) -> the same."""
    grid = FrameGrid.for_rate(sample_rate)
    spectrum = stft(degraded, grid)[:, :N_BINS] / grid.n_fft
    return istft(engine(spectrum, slice(None)).spectrum * grid.n_fft, grid, degraded.shape[-1])


def draw_curves(folder: Path) -> None:
    """Draws every value of the run's log over its steps into ``curves.png``; nothing without matplotlib or a log."""
    log = folder / "log.jsonl"
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return
    if not log.is_file():
        return
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # a line that a kill or a full disk cut off
            continue
        for name, value in entry.items():
            if name not in ("step", "seconds_per_step"):
                curves[name].append((entry["step"], value))
    columns = 3
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(4 * columns, 2.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (name, points) in enumerate(sorted(curves.items()), start=1):
        axes = figure.add_subplot(rows, columns, place)
        steps, values = zip(*points, strict=True)
        axes.plot(steps, values, linewidth=0.8)
        axes.set_title(name)
    figure.savefig(folder / "curves.png", dpi=90)
