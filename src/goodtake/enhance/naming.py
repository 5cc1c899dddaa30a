"""Which output belongs to which input, checked before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goodtake.errors import ConfigError, OutputExistsError, UnwritableAudioError

STANDARD_STREAM = "-"


@dataclass(frozen=True)
class Job:
    """One file to enhance: input, output and, when wanted, the file for what was taken away."""

    source: str
    target: str
    residual: Path | None


def plan_jobs(inputs: Sequence[str], output: str | None, residual: bool, force: bool) -> list[Job]:
    """Names the outputs: beside the input as NAME.enhanced.EXT, or in the folder or file that `output` names.

    Args:
        inputs: files, or "-" for standard input.
        output: a folder, or a file when there is one input; None puts outputs beside inputs.
        residual: also name a NAME.residual.EXT beside each output.
        force: existing outputs may be replaced.

    Raises:
        ConfigError: when two inputs share an output, or a file is named for several inputs.
        UnwritableAudioError: when the folder does not exist.
        OutputExistsError: when an output exists and `force` is not given.
    """
    folder = _output_folder(inputs, output)
    jobs = [_job(source, output, folder, residual) for source in inputs]
    written: dict[str, str] = {}
    for job in jobs:
        for path in (job.target, *([str(job.residual)] if job.residual else [])):
            if path == STANDARD_STREAM:
                continue
            key = str(Path(path).resolve())
            if key in written:
                raise ConfigError(f"{written[key]} and {job.source} would both become {path}: enhance them one by one")
            written[key] = job.source
            if not Path(path).parent.is_dir():
                raise UnwritableAudioError(f"folder {Path(path).parent} does not exist: make it first")
            if Path(path).exists() and not force:
                raise OutputExistsError(f"{path} exists: choose another name with -o, or give --force to replace it")
    return jobs


def _output_folder(inputs: Sequence[str], output: str | None) -> Path | None:
    if output is None or output == STANDARD_STREAM:
        return None
    if Path(output).is_dir():
        return Path(output)
    if output.endswith(("/", "\\")):
        raise UnwritableAudioError(f"folder {output} does not exist: make it first")
    if len(inputs) > 1:
        raise ConfigError(f"{len(inputs)} inputs cannot go into the one file {output}: give an existing folder")
    return None


def _job(source: str, output: str | None, folder: Path | None, residual: bool) -> Job:
    path = Path("take.wav" if source == STANDARD_STREAM else source)
    if output is None:
        target = STANDARD_STREAM if source == STANDARD_STREAM else str(path.with_suffix(f".enhanced{path.suffix}"))
    elif folder is not None:
        target = str(folder / f"{path.stem}.enhanced{path.suffix}")
    else:
        target = output
    if not residual:
        return Job(source, target, None)
    if target == STANDARD_STREAM:
        raise ConfigError("--residual needs an output file: give -o")
    beside = Path(target)
    stem = beside.stem.removesuffix(".enhanced")
    return Job(source, target, beside.with_name(f"{stem}.residual{beside.suffix}"))
