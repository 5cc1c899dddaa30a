"""The work of one process: makes the input of a unit, runs systems on it, measures what comes out, keeps it as rows."""

import errno
import time
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError, GoodtakeError, MissingExtraError
from goodtake.evaluation.checks import INPUT, chain_of, specs_of
from goodtake.evaluation.keep import keep_embedding, keep_wave
from goodtake.evaluation.licences import Licences
from goodtake.evaluation.measuring import measure_output
from goodtake.evaluation.plan import Facts, Unit, find_facts, list_clips, make_case, open_bank
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.rows import REFERENCE, Row
from goodtake.evaluation.systems import make_system
from goodtake.evaluation.systems.base import Case, System
from goodtake.metrics import METRICS
from goodtake.metrics.embeddings import embed
from goodtake.metrics.set_metrics import SET_METRICS, needed_embeddings

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Output:
    """What a system made of a case: a wave (channel, time), or why there is none; and the time it took, seconds."""

    estimate: Wave | None
    error: str = ""
    seconds_taken: float = 0.0


class Trial:
    """Everything that a process needs to work on the units of a benchmark; engines are loaded once.

    Args:
        benchmark: checked.
        run: folder that audio and embeddings are kept in.
        data_root: where relative clip paths and the bank of rooms and noises lie.
        wanted: names of the systems that rows are made of.

    Raises:
        GoodtakeError: a source, a system or the bank is missing or unusable.
    """

    def __init__(self, benchmark: Benchmark, run: Path, data_root: Path | None, wanted: list[str]) -> None:
        self._benchmark, self._run, self._wanted = benchmark, run, wanted
        self._specs = specs_of(benchmark)
        self._chains = {name: chain_of(name, self._specs) for name in wanted}
        self._systems: dict[str, System] = {
            member: make_system(self._specs[member], benchmark)
            for member in dict.fromkeys(member for chain in self._chains.values() for member in chain)
        }
        self._clips = list_clips(benchmark, data_root)
        self._bank = open_bank(benchmark, data_root)
        self._licences = Licences(data_root)
        self._embeddings = needed_embeddings(benchmark.metrics)
        self._in_hand: tuple[int, Wave] | None = None

    def describe(self) -> dict[str, dict[str, object]]:
        """Returns what is known of each system that rows are made of, for `run.json`."""
        return {
            name: {
                "after": self._specs[name].after,
                "version": self._systems[name].version,
                "digest": self._digest(name),
                "oracle": self._systems[name].oracle,
            }
            for name in self._wanted
        }

    def work(self, unit: Unit, known: dict[str, Row]) -> list[Row]:
        """Returns the rows of a unit that are missing.

        Args:
            unit: clip and condition.
            known: rows that are there already, by system.

        Raises:
            UnwritableAudioError: the disk does not take what is to be kept.
            MissingExtraError: a system needs a package that is not installed.
        """
        clip = self._clips[unit.clip]
        try:
            facts = find_facts(self._benchmark, clip, self._clean(unit.clip), unit.condition, self._bank)
            lacking = {name: self._lacking(name, known.get(name), facts) for name in self._wanted}
            todo = {name: metrics for name, metrics in lacking.items() if metrics}
            if not todo:
                return []
            case = make_case(self._benchmark, clip.name, unit.condition, facts, self._bank)
        except GoodtakeError as error:
            return [
                replace(self._blank(unit, name, None), errors={"clip": str(error)})
                for name in self._wanted
                if name not in known or _failed(known[name])
            ]
        audio = self._keep_given(case)
        outputs: dict[str, Output] = {}
        for member in dict.fromkeys(member for name in todo for member in self._chains[name]):
            outputs[member] = self._output(member, case, outputs)
        rows = []
        for name, metrics in todo.items():
            blank = replace(self._blank(unit, name, facts), audio=audio)
            rows.append(self._row(blank, case, outputs[name], metrics, known.get(name), facts))
        return rows

    def _clean(self, number: int) -> Wave:
        """Reads a clip; the conditions of one clip follow each other, so the last one is held."""
        if self._in_hand is None or self._in_hand[0] != number:
            self._in_hand = None
            wave = self._clips[number].load()
            if wave.size == 0 or not np.isfinite(wave).all():
                raise DatasetError(f"clip {self._clips[number].name} is empty or holds NaN: mend or remove it")
            self._in_hand = number, wave
        return self._in_hand[1]

    def _digest(self, name: str) -> str:
        """Returns the digest of a system; of a chain, SHA-256 over those of its members."""
        digests = [self._systems[member].digest for member in self._chains[name]]
        return digests[0] if len(digests) == 1 else sha256(" ".join(digests).encode()).hexdigest()

    def _lacking(self, name: str, row: Row | None, facts: Facts) -> list[str]:
        """Returns the metrics that a row lacks; none when it is whole."""
        asked = list(self._benchmark.metrics)
        if row is None or _failed(row) or not self._is_of(name, row, facts):
            return asked
        files = [*row.audio.values(), *row.embeddings.values()]
        if (self._benchmark.keep_audio and not row.audio) or not all((self._run / file).is_file() for file in files):
            return asked
        return [metric for metric in asked if not self._holds(row, metric)]

    def _holds(self, row: Row, metric: str) -> bool:
        if metric in SET_METRICS:
            return metric in row.embeddings
        return metric in row.metrics

    def _is_of(self, name: str, row: Row, facts: Facts) -> bool:
        """Whether a row was made by this system from this input."""
        return (row.digest, row.clip_digest, row.degradation) == (self._digest(name), facts.digest, facts.drawn)

    def _output(self, name: str, case: Case, outputs: dict[str, Output]) -> Output:
        after = self._specs[name].after
        given = outputs[after].estimate if after else case.degraded
        if given is None:
            return Output(None, f"{after}: {outputs[after].error}")
        own = replace(case, degraded=given.copy(), clean=case.clean.copy())
        start = time.perf_counter()
        try:
            estimate = self._systems[name](own)
        except MissingExtraError:
            raise
        except Exception as error:  # whatever a foreign program does on one clip must not end the others
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise
            wording = str(error) if isinstance(error, GoodtakeError) else f"{type(error).__name__}: {error}"
            return Output(None, wording, time.perf_counter() - start)
        return Output(estimate, "", time.perf_counter() - start)

    def _blank(self, unit: Unit, name: str, facts: Facts | None) -> Row:
        """Returns the row of a system with no figures yet; without facts it is of a clip that cannot be read."""
        clip, benchmark = self._clips[unit.clip], self._benchmark
        terms = self._licences.together(clip, facts.drawn if facts else None)
        return Row(
            clip=clip.name,
            kind=clip.kind,
            instrument=clip.instrument,
            song=clip.song,
            condition=unit.condition,
            system=name,
            after=self._specs[name].after,
            sample_rate=benchmark.sample_rate,
            channels=benchmark.channels,
            seconds=facts.clean.shape[1] / benchmark.sample_rate if facts else 0.0,
            metrics={metric: None for metric in benchmark.metrics if metric in METRICS},
            degradation=facts.drawn if facts else None,
            version=self._systems[name].version,
            digest=self._digest(name),
            clip_digest=facts.digest if facts else "",
            **asdict(terms),
        )

    def _row(self, blank: Row, case: Case, output: Output, wanted: list[str], old: Row | None, facts: Facts) -> Row:
        """Fills in figures and files; figures of an old row that are still good stay."""
        if output.estimate is None:
            return replace(blank, errors={"system": output.error}, seconds_taken=output.seconds_taken)
        figures = measure_output(output.estimate, case, wanted, self._benchmark.align)
        if old is not None and not _failed(old) and self._is_of(blank.system, old, facts):
            figures.metrics = {**old.metrics, **figures.metrics}
            figures.errors = {**{key: old.errors[key] for key in old.errors if key not in wanted}, **figures.errors}
            figures.histograms = {**old.histograms, **figures.histograms}
        audio = dict(blank.audio)
        if self._benchmark.keep_audio:
            audio["estimate"] = self._keep_wave(case, blank.system, output.estimate)
        files = {name: self._keep_embedding(case, name, blank.system, output.estimate) for name in self._embeddings}
        return replace(
            blank,
            seconds_taken=output.seconds_taken,
            audio=audio,
            embeddings={
                metric: files[SET_METRICS[metric].embedding]
                for metric in self._benchmark.metrics
                if metric in SET_METRICS
            },
            **vars(figures),
        )

    def _keep_given(self, case: Case) -> dict[str, str]:
        """Writes reference and input; returns the field `audio` of a row without its estimate."""
        for name in self._embeddings:
            self._keep_embedding(case, name, REFERENCE, case.clean)
        if not self._benchmark.keep_audio:
            return {}
        return {
            "reference": self._keep_wave(case, REFERENCE, case.clean),
            "input": self._keep_wave(case, INPUT, case.degraded),
        }

    def _keep_wave(self, case: Case, name: str, wave: Wave) -> str:
        place = f"audio/{case.condition}/{case.clip}/{name}.flac"
        keep_wave(self._run, place, wave, case.sample_rate)
        return place

    def _keep_embedding(self, case: Case, embedding: str, name: str, wave: Wave) -> str:
        place = f"embeddings/{embedding}/{case.condition}/{case.clip}/{name}.npy"
        keep_embedding(self._run, place, embed(embedding, wave, case.sample_rate))
        return place


def _failed(row: Row) -> bool:
    return "system" in row.errors or "clip" in row.errors
