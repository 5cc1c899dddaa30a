"""All metrics that compare an estimate with its reference, by name.

To add one: write a pure function `(estimate, reference, sample_rate) -> float` in a file of its own and add an entry to
`METRICS`. The contract test then covers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from goodtake.errors import ConfigError
from goodtake.metrics.colour import ltas_error_db, weak_bin_bias_db
from goodtake.metrics.distortion import LIMIT_DB, sdr, si_sdr
from goodtake.metrics.log_spectral import log_spectral_distance
from goodtake.metrics.masking import LOWEST_NMR_DB, residual_nmr_db
from goodtake.metrics.multi_mel import multi_mel_snr
from goodtake.metrics.onsets import onset_f1
from goodtake.metrics.perceptual import zimtohrli_mos
from goodtake.metrics.rolloff import rolloff_error_cents
from goodtake.metrics.segmental import HIGHEST_DB, LOWEST_DB, fwssnr
from goodtake.metrics.spectral import mrs, spectrogram_l1
from goodtake.metrics.visqol import VISQOL_BEST, visqol_mos


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure for one estimate against its reference.

    Args:
        name: as in tables, recipes and files.
        title: what it is, in a line, for people.
        source: who defined it.
        function: (estimate, reference, sample_rate) -> figure; pure; raises ConfigError for clips it cannot compare.
        unit: "dB", "MOS", "cents" or "" for a bare number.
        direction: "up" when more is better, "down" when less is.
        lowest: least value there can be.
        highest: greatest value there can be.
        level_matters: the gain of the estimate counts.
        phase_matters: waveforms are compared, so a delay or other phases count, and where the level matters polarity.
        extra: the goodtake extra it needs, if any.
        package: the package of that extra, as it is imported.
    """

    name: str
    title: str
    source: str
    function: Callable[[ArrayLike, ArrayLike, int], float]
    unit: str
    direction: Literal["up", "down"]
    lowest: float
    highest: float = math.inf
    level_matters: bool = False
    phase_matters: bool = False
    extra: str | None = None
    package: str | None = None

    @property
    def best(self) -> float:
        """What equal clips score."""
        return self.highest if self.direction == "up" else self.lowest


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="fwssnr",
            title="frequency-weighted segmental SNR: spectral envelope of short frames",
            source="Hu & Loizou, IEEE TASLP 16(1), 2008",
            function=fwssnr,
            unit="dB",
            direction="up",
            lowest=LOWEST_DB,
            highest=HIGHEST_DB,
        ),
        Metric(
            name="mrs",
            title="multi-resolution spectrogram distance",
            source="Kandpal et al., ICASSP 2022; Yamamoto et al., ICASSP 2020",
            function=mrs,
            unit="",
            direction="down",
            lowest=0.0,
        ),
        Metric(
            name="l1",
            title="L1 distance of log power spectrograms",
            source="Kandpal et al., ICASSP 2022",
            function=spectrogram_l1,
            unit="",
            direction="down",
            lowest=0.0,
        ),
        Metric(
            name="zimtohrli_mos",
            title="Zimtohrli: mean opinion score predicted by an ear model",
            source="Alakuijala et al., 2025",
            function=zimtohrli_mos,
            unit="MOS",
            direction="up",
            lowest=1.0,
            highest=5.0,
            extra="eval",
            package="zimtohrli",
        ),
        Metric(
            name="visqol_mos",
            title="ViSQOL, audio mode: mean opinion score predicted from the similarity of ear-like spectrograms",
            source="Chinen et al., QoMEX 2020",
            function=visqol_mos,
            unit="MOS",
            direction="up",
            lowest=1.0,
            highest=VISQOL_BEST,
            extra="visqol",
            package="visqol",
        ),
        Metric(
            name="sdr",
            title="signal-to-distortion ratio of the waveform, gain included",
            source="Le Roux et al., ICASSP 2019, eq. 1",
            function=sdr,
            unit="dB",
            direction="up",
            lowest=-LIMIT_DB,
            highest=LIMIT_DB,
            level_matters=True,
            phase_matters=True,
        ),
        Metric(
            name="si_sdr",
            title="scale-invariant signal-to-distortion ratio of the waveform",
            source="Le Roux et al., ICASSP 2019, eq. 3 and 4",
            function=si_sdr,
            unit="dB",
            direction="up",
            lowest=-LIMIT_DB,
            highest=LIMIT_DB,
            phase_matters=True,
        ),
        Metric(
            name="multi_mel_snr",
            title="SNR of mel power spectrograms at three resolutions, with the best scale of the waveform",
            source="Zang et al., Music Source Restoration challenge, arXiv:2601.04343",
            function=multi_mel_snr,
            unit="dB",
            direction="up",
            lowest=-LIMIT_DB,
            highest=LIMIT_DB,
            phase_matters=True,
        ),
        Metric(
            name="lsd",
            title="log-spectral distance",
            source="Gray & Markel, IEEE TASSP 24(5), 1976",
            function=log_spectral_distance,
            unit="dB",
            direction="down",
            lowest=0.0,
            level_matters=True,
        ),
        Metric(
            name="rolloff_error_cents",
            title="mean absolute error of the 98 % spectral roll-off",
            source="Schaffer et al., ISMIR 2022, section 5.1",
            function=rolloff_error_cents,
            unit="cents",
            direction="down",
            lowest=0.0,
        ),
        Metric(
            name="onset_f1",
            title="F1 of frames with an onset",
            source="Schaffer et al., ISMIR 2022, section 5.2",
            function=onset_f1,
            unit="",
            direction="up",
            lowest=0.0,
            highest=1.0,
        ),
        Metric(
            name="residual_nmr_db",
            title="residual noise-to-mask ratio: whether the difference can be heard; inaudible below about -10",
            source="Brandenburg & Sporer, AES 11th conf., 1992; ITU-R BS.1387-1",
            function=residual_nmr_db,
            unit="dB",
            direction="down",
            lowest=LOWEST_NMR_DB,
            level_matters=True,
            phase_matters=True,
        ),
        Metric(
            name="ltas_error_db",
            title="error of the long-term average spectrum, level removed",
            source="goodtake.metrics.colour",
            function=ltas_error_db,
            unit="dB",
            direction="down",
            lowest=0.0,
        ),
        Metric(
            name="weak_bin_bias_db",
            title="bias of the quiet third of the bins: noise and room that are left",
            source="goodtake.metrics.colour",
            function=weak_bin_bias_db,
            unit="dB",
            direction="down",
            lowest=0.0,
        ),
    )
}


def measure(
    estimate: ArrayLike, reference: ArrayLike, sample_rate: int, names: Iterable[str] | None = None
) -> dict[str, float]:
    """Returns the named metrics of one pair; all of them when no names are given.

    Args:
        estimate: the clip to judge, (time,) or (channel, time).
        reference: the clean clip, of the same shape.
        sample_rate: of both, Hz.
        names: keys of `METRICS`.

    Raises:
        ConfigError: an unknown name, or clips that cannot be compared.
        MissingExtraError: a metric needs a package that is not installed.
    """
    wanted = list(METRICS if names is None else names)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ConfigError(f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}")
    return {name: METRICS[name].function(estimate, reference, sample_rate) for name in wanted}
