"""Diagnoses a file: the first pass of enhancing, with every measure switched on."""

import math
from collections.abc import Callable
from pathlib import Path

from goodtake.audio import open_reader
from goodtake.bundles import DEFAULT_MODEL
from goodtake.diagnosis.diagnosis import Diagnosis, TakeFacts
from goodtake.diagnosis.measures import Measures
from goodtake.enhancement.enhancer import Enhancer, Survey
from goodtake.enhancement.files import BLOCK_FRAMES
from goodtake.enhancement.studio import DB_PER_NAT, Judgement, StudioEngine
from goodtake.errors import ConfigError


def diagnose(
    path: str | Path,
    enhancer: Enhancer | None = None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Diagnosis:
    """Tells what a recording is like and what enhancing would do to it.

    Args:
        path: of the recording; "-" reads WAV from standard input.
        enhancer: whose model is asked; the default model when None.
        progress: called with samples heard so far and in all, when known.

    Raises:
        ConfigError: when the model has no take net.
        UnreadableAudioError: when the file is not whole, finite audio.
    """
    enhancer = Enhancer(DEFAULT_MODEL) if enhancer is None else enhancer
    if not isinstance(enhancer.engine, StudioEngine):
        raise ConfigError(
            f"model {enhancer.model} has no take net, so it cannot tell what is wrong with a recording: "
            f"diagnose with --model {DEFAULT_MODEL}"
        )
    with open_reader(path) as reader:
        info = reader.info
        measures = Measures(info.sample_rate, info.channels, true_peak=True)
        survey = enhancer.survey(
            reader.blocks(BLOCK_FRAMES),
            info.sample_rate,
            info.channels,
            progress=lambda done: progress(done, info.frames),
            listen=measures.update,
            look=measures.update_spectrum,
        )
        wet = min(1.0, enhancer.strength * survey.judgement.wet) if survey.judgement else 0.0
        return Diagnosis(measures.result(), take_facts(survey), wet, info.name)


def take_facts(survey: Survey) -> TakeFacts | None:
    """Returns what the take net said in the units people use, or None for a take that it did not judge."""
    if not isinstance(survey.judgement, Judgement):
        return None
    snr, drr, log_decay, distance = (float(fact) for fact in survey.judgement.facts)
    colour = tuple(round(DB_PER_NAT * float(value), 2) for value in survey.judgement.correction)
    return TakeFacts(10 * snr, 10 * drr, math.exp(min(log_decay, 3.0)), max(0.0, distance), colour)
