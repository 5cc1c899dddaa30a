"""Makes the pictures of the README and the docs: what goodtake does to a recording, seen as spectrograms.

    python scripts/make_pictures.py SOUND_LIBRARY      # all of docs/pictures
    python scripts/make_pictures.py                    # only example.png, of the recording in examples/

before-after.png and long-term-spectrum.png show nine seconds of a real recording under CC BY that no net was trained
on, from the dev part of a sound library, made bad with a dev room, noise and microphone; example.png shows the
recording in examples/. Each panel is brought to the same rms, so one scale of levels serves all.
"""

import argparse
import io
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import soundfile
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from goodtake.datasets.recordings import read_clip
from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.parameters import Degradation, Noise, NoiseLayer, Room
from goodtake.dsp.stft import FrameGrid, Wave, stft
from goodtake.enhancement.enhancer import Enhancer

ROOT = Path(__file__).parent.parent
LARGEST_BYTES = 300_000

RECORDING = "performances/novarina_minimalism_n10_notre_envol_ii.mp3"
CREDIT = "Music: Raphael Novarina, “Minimalism N. 10, Notre envol II” (CC BY 3.0), nine seconds, degraded and enhanced"
SAMPLE_RATE = 44_100
START_S, SECONDS = 110.2, 9.0
DAMAGE = Degradation(
    room=Room(rir="web-audio-samples/kitchen-true-stereo_src1.flac", drr_db=0.0),
    noise=Noise(
        (
            NoiseLayer("recorded", files=("blanket/fireplace.ogg",), offsets_s=(3.0,), seed=1),
            NoiseLayer("fan", slope_db=-4.0, rotation_hz=120.0, gain_db=-2.0, seed=2),
        ),
        snr_db=12.0,
    ),
    microphone="micirp/Telefunken_M201.flac",
)

INK, SOFT = "#1d2430", "#5d6675"
COLOURS = ("#d1603d", "#1c8a72", "#3b4cc0")  # as recorded, enhanced, original
LOWEST_HZ, HIGHEST_HZ = 60.0, 16_000.0
RANGE_DB = 70.0
TOP_DB = -18.0
"""Level at the upper end of the scale, with the recording at an rms of 0 dB."""
ROWS, COLUMNS = 300, 420
TICKS_HZ = {100: "100", 200: "200", 500: "500", 1000: "1 k", 2000: "2 k", 5000: "5 k", 10000: "10 k"}


@dataclass(frozen=True)
class Panel:
    """A recording with its title, a few words below it, and its wave (channel, time)."""

    title: str
    words: str
    wave: Wave


def spectrogram_db(wave: Wave, sample_rate: int) -> NDArray[np.float64]:
    """Returns levels in bands of equal ratio, the wave at unit rms: (channel, time) -> (ROWS, COLUMNS)."""
    wave = wave / np.float32(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))
    grid = FrameGrid(4096, 4096 // 8)
    spectrum = stft(wave, grid, centred=False) * (2 / grid.n_fft)  # without the edges of the cut, which are no music
    power = np.mean(np.abs(spectrum.astype(np.complex128)) ** 2, axis=0)  # (freq, frame)
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, ROWS + 1) * grid.n_fft / sample_rate  # in bins
    summed = np.concatenate([np.zeros((1, power.shape[1])), np.cumsum(power, axis=0)])
    at = np.minimum(edges + 0.5, len(power))  # bin k reaches from k - 1/2 to k + 1/2
    whole = np.minimum(at.astype(int), len(power) - 1)
    integral = summed[whole] + (at - whole)[:, None] * power[whole]
    rows = np.diff(integral, axis=0)
    frames = np.linspace(0, rows.shape[1], COLUMNS + 1).astype(int)
    columns = np.add.reduceat(rows, frames[:-1], axis=1) / np.maximum(np.diff(frames), 1)
    return np.asarray(10 * np.log10(columns + 1e-12))


def third_octaves_db(wave: Wave, sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns centres in Hz and long-term levels of third-octave bands, a sixth apart, the wave at unit rms."""
    wave = wave / np.float32(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))
    grid = FrameGrid(8192, 2048)
    power = np.mean(np.abs(stft(wave, grid)) ** 2, axis=(0, 2)) * (8 / 3) / grid.n_fft**2
    bins_hz = np.arange(grid.n_bins) * sample_rate / grid.n_fft
    centres = LOWEST_HZ * 2 ** np.arange(0, np.log2(HIGHEST_HZ / LOWEST_HZ), 1 / 6)
    inside = (bins_hz >= centres[:, None] * 2 ** (-1 / 6)) & (bins_hz < centres[:, None] * 2 ** (1 / 6))
    return centres, 10 * np.log10(inside @ power + 1e-12)


def draw_spectrograms(panels: list[Panel], sample_rate: int, credit: str) -> Figure:
    """Returns panels side by side on one scale of levels."""
    figure, axes = pyplot.subplots(
        1, len(panels), figsize=(0.7 + 3.65 * len(panels), 3.55), sharey=True, layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, wspace=0.02)
    for axis, panel in zip(axes, panels, strict=True):
        image = axis.imshow(
            spectrogram_db(panel.wave, sample_rate),
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=TOP_DB - RANGE_DB,
            vmax=TOP_DB,
            interpolation="nearest",
            extent=(0, panel.wave.shape[1] / sample_rate, np.log2(LOWEST_HZ), np.log2(HIGHEST_HZ)),
        )
        axis.set_title(panel.title, loc="left", fontsize=13, fontweight="bold", color=INK, pad=20)
        axis.text(0, 1.025, panel.words, transform=axis.transAxes, fontsize=9, color=SOFT, va="bottom")
        axis.set_xlabel("seconds")
        style(axis)
    axes[0].set_yticks([np.log2(hz) for hz in TICKS_HZ], list(TICKS_HZ.values()))
    axes[0].set_ylabel("Hz")
    bar = figure.colorbar(image, ax=axes, aspect=28, pad=0.01)
    bar.outline.set_visible(False)
    bar.set_ticks(np.arange(TOP_DB, TOP_DB - RANGE_DB, -20), labels=["0 dB", "−20", "−40", "−60"])
    bar.ax.tick_params(length=0, labelsize=9, labelcolor=SOFT)
    write_credit(figure, credit)
    return figure


def draw_long_term(panels: list[Panel], sample_rate: int, credit: str) -> Figure:
    """Returns the long-term spectra of all panels as curves."""
    figure, axis = pyplot.subplots(figsize=(7.2, 3.6), layout="constrained")
    for panel, colour in zip(panels, COLOURS, strict=False):
        centres, levels = third_octaves_db(panel.wave, sample_rate)
        axis.plot(np.log2(centres), levels, color=colour, lw=2.2, label=panel.title, solid_capstyle="round")
    axis.set_xticks([np.log2(hz) for hz in TICKS_HZ], list(TICKS_HZ.values()))
    axis.set_xlim(np.log2(LOWEST_HZ), np.log2(HIGHEST_HZ))
    axis.set_xlabel("Hz")
    axis.set_ylabel("third-octave level, dB")
    axis.grid(color="#e6e9ee", lw=0.8)
    axis.set_axisbelow(True)
    axis.legend(frameon=False, labelcolor="linecolor", fontsize=11, handlelength=1.2, loc="lower center")
    style(axis)
    write_credit(figure, credit)
    return figure


def style(axis: Axes) -> None:
    """Takes frame and tick marks away."""
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0, labelsize=9, labelcolor=SOFT)
    axis.xaxis.label.set(color=SOFT, fontsize=9)
    axis.yaxis.label.set(color=SOFT, fontsize=9)


def write_credit(figure: Figure, credit: str) -> None:
    if credit:
        figure.supxlabel(credit, fontsize=8, color=SOFT, x=0.995, ha="right")


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG with a palette: spectrograms have few colours, and half of the bytes will do."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, facecolor="white")
    pyplot.close(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(buffer).convert("RGB")
    for colours in (128, 96, 64):
        image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        size = path.stat().st_size
        if size <= LARGEST_BYTES:
            print(f"{path}: {image.width} x {image.height}, {colours} colours, {size / 1000:.0f} kB")
            return
    raise SystemExit(f"{path} is larger than {LARGEST_BYTES / 1000:.0f} kB: draw less")


def example_panels(folder: Path, enhancer: Enhancer) -> tuple[list[Panel], int]:
    """Returns the example as it was recorded, enhanced, and clean."""
    (take, sample_rate), (clean, _) = (
        soundfile.read(folder / name, dtype="float32", always_2d=True) for name in ("take.flac", "clean.flac")
    )
    return panels_of(take.T, clean.T, sample_rate, enhancer, "a living room, a fan, a phone"), sample_rate


def recording_panels(library: Path, enhancer: Enhancer) -> list[Panel]:
    """Returns the real recording with its faults, enhanced, and as it was published."""
    wave = read_clip(library / "dev" / RECORDING, SAMPLE_RATE, 2)
    clip = wave[:, round(START_S * SAMPLE_RATE) :][:, : round(SECONDS * SAMPLE_RATE)]
    pair = degrade(clip, DAMAGE, Bank.from_folder(library / "dev", SAMPLE_RATE, lazy=True))
    return panels_of(pair.degraded, pair.clean, SAMPLE_RATE, enhancer, "a kitchen, a fire, a fan, an old microphone")


def panels_of(degraded: Wave, clean: Wave, sample_rate: int, enhancer: Enhancer, faults: str) -> list[Panel]:
    """Returns the three panels of a pair."""
    return [
        Panel("as recorded", faults, degraded),
        Panel("goodtake", "the same take, enhanced", enhancer.enhance(degraded, sample_rate)),
        Panel("studio original", "which goodtake never heard", clean),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="?", help="sound library with a dev part")
    parser.add_argument("--model", default="studio", help="installed model, or the folder of a bundle")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "pictures", help="folder")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    mpl.use("agg")
    mpl.rcParams["font.family"] = "DejaVu Sans"  # comes with matplotlib: the same picture everywhere
    enhancer = Enhancer(options.model, threads=options.threads)
    panels, sample_rate = example_panels(ROOT / "examples", enhancer)
    save(draw_spectrograms(panels, sample_rate, ""), options.output / "example.png")
    if options.library is not None:
        panels = recording_panels(options.library, enhancer)
        save(draw_spectrograms(panels, SAMPLE_RATE, CREDIT), options.output / "before-after.png")
        save(draw_long_term(panels, SAMPLE_RATE, CREDIT), options.output / "long-term-spectrum.png")


if __name__ == "__main__":
    main()
