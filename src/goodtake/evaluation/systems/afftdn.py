"""FFmpeg's denoiser "afftdn", run in this process through PyAV's filter graph.

The filter knows the noise by its level and colour: `nt=w` takes it as white, `tn=1` follows its level. What comes out
is late by two of its hops, which is measured once per rate with a click and taken off again.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options

FILTER = "afftdn"
LAYOUTS = {1: "mono", 2: "stereo"}
_BLOCK_SAMPLES = 8192


@dataclass(frozen=True)
class AfftdnOptions:
    """Of the kind "afftdn"; the defaults are FFmpeg's but for the noise being followed.

    Args:
        noise_reduction_db: how much of the noise is taken away at most, 0.01 to 97.
        noise_floor_db: level of the noise to begin with, dB below full scale, -80 to -20.
        track_noise: 1 follows the level of the noise, 0 keeps it.
    """

    noise_reduction_db: float = 12.0
    noise_floor_db: float = -50.0
    track_noise: float = 1.0


class Afftdn:
    """FFmpeg's afftdn.

    Raises:
        ConfigError: an option is unknown or out of range, or PyAV was built without the filter.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        import av

        options = read_options(AfftdnOptions, spec)
        check_range(options.noise_reduction_db, 0.01, 97, f"noise_reduction_db of system {spec.name}")
        check_range(options.noise_floor_db, -80, -20, f"noise_floor_db of system {spec.name}")
        if options.track_noise not in (0, 1):
            raise ConfigError(f"track_noise of system {spec.name} is {options.track_noise:g}: give 0 or 1")
        if FILTER not in av.filter.filters_available:
            raise ConfigError(
                f"this PyAV was built without {FILTER}: install PyAV's own wheel, or leave {spec.name} out"
            )
        self.arguments = (
            f"nr={options.noise_reduction_db}:nf={options.noise_floor_db}:nt=w:tn={options.track_noise:.0f}"
        )
        self.version = "libavfilter " + ".".join(str(part) for part in av.library_versions["libavfilter"])
        self.digest = digest_of(kind=FILTER, version=self.version, **asdict(options))

    def __call__(self, case: Case) -> Wave:
        """Returns the denoised input, (channel, time).

        Raises:
            ConfigError: the clip has more than two channels, or FFmpeg refuses it.
        """
        channels, samples = case.degraded.shape
        if channels not in LAYOUTS:
            raise ConfigError(f"{FILTER} is given one or two channels here, not {channels}: mix {case.clip} down")
        delay = _delay_samples(case.sample_rate)
        late = _filtered(np.pad(case.degraded, [(0, 0), (0, delay)]), case.sample_rate, self.arguments)
        return late[:, delay : delay + samples]


@lru_cache(maxsize=16)
def _delay_samples(sample_rate: int) -> int:
    """Returns by how many samples the filter is late."""
    middle = sample_rate // 4
    click = np.zeros((1, 2 * middle), np.float32)
    click[0, middle] = 0.5
    return int(np.abs(_filtered(click, sample_rate, "nr=0.01:nf=-80")).argmax()) - middle


def _filtered(wave: Wave, sample_rate: int, arguments: str) -> Wave:
    """Sends (channel, time) through the filter, as it comes out."""
    import av

    layout = LAYOUTS[wave.shape[0]]
    try:
        graph = av.filter.Graph()
        source: Any = graph.add_abuffer(
            format="fltp", sample_rate=sample_rate, layout=layout, time_base=Fraction(1, sample_rate)
        )
        denoiser, sink = graph.add(FILTER, arguments), graph.add("abuffersink")
        source.link_to(denoiser)
        denoiser.link_to(sink)
        graph.configure()
        pieces: list[Wave] = []
        for start in range(0, wave.shape[1], _BLOCK_SAMPLES):
            block = np.ascontiguousarray(wave[:, start : start + _BLOCK_SAMPLES])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = sample_rate, start, Fraction(1, sample_rate)
            source.push(frame)
            pieces += _ready(sink)
        source.push(None)
        pieces += _ready(sink)
    except (av.FFmpegError, ValueError) as error:
        raise ConfigError(f"{FILTER} at {sample_rate} Hz with {arguments}: FFmpeg refuses ({error})") from error
    return np.concatenate([np.zeros((wave.shape[0], 0), np.float32), *pieces], axis=1)


def _ready(sink: Any) -> Iterator[Wave]:
    """Yields what has come out of the filter so far."""
    import av

    while True:
        try:
            yield sink.pull().to_ndarray()
        except (av.BlockingIOError, av.EOFError):
            return
