"""Which output belongs to which input, checked before anything is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goodtake.audio.atomic import check_output
from goodtake.audio.info import STANDARD_STREAM
from goodtake.errors import ConfigError, OutputExistsError, UnreadableAudioError, UnwritableAudioError


@dataclass(frozen=True)
class Job:
    """One file to enhance: input, output and, when wanted, the file for what was taken away."""

    source: str
    target: str
    residual: Path | None

    @property
    def outputs(self) -> list[Path]:
        """The files that are written; standard output is none."""
        targets = [] if self.target == STANDARD_STREAM else [Path(self.target)]
        return targets + ([self.residual] if self.residual else [])


def plan_jobs(inputs: Sequence[str], output: str | None, residual: bool, force: bool) -> list[Job]:
    """Names the outputs: beside the input as NAME.enhanced.EXT, or in the folder or file that `output` names.

    Args:
        inputs: files, or "-" for standard input.
        output: a folder, or a file when there is one input, or "-" for standard output; None puts outputs beside
            inputs, and that of standard input on standard output.
        residual: also name a NAME.residual.EXT beside each output.
        force: existing outputs may be replaced.

    Raises:
        ConfigError: when two inputs share an output, or one file or stream is named for several inputs.
        UnreadableAudioError: when an input has no name to derive an output from.
        UnwritableAudioError: when the folder does not exist or may not be written to.
        OutputExistsError: when an output is one of the inputs, or exists and `force` is not given.
    """
    try:
        folder = _output_folder(inputs, output)
        jobs = [_job(source, output, folder, residual) for source in inputs]
        _check(jobs, force)
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise UnwritableAudioError(
            f"{error.filename}: cannot be used as an output ({error.strerror}): choose another name with -o"
        ) from error
    return jobs


def _check(jobs: list[Job], force: bool) -> None:
    sources = {_identity(Path(job.source)): job.source for job in jobs if job.source != STANDARD_STREAM}
    written: dict[object, str] = {}
    for job in jobs:
        if job.target == STANDARD_STREAM and len(jobs) > 1:
            raise ConfigError(f"standard output takes one recording, not {len(jobs)}: give an existing folder with -o")
        for path in job.outputs:
            if (same := sources.get(_identity(path))) is not None:
                raise OutputExistsError(f"{path} is the input {same} itself: choose another name with -o")
            place = path.resolve()
            if place in written:
                raise ConfigError(
                    f"{written[place]} and {job.source} would both become {path}: enhance them one by one"
                )
            written[place] = job.source
            check_output(path, None, force)


def _identity(path: Path) -> object:
    """What tells a file from another one, by whatever name or link it is called."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.resolve()
    return status.st_dev, status.st_ino


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
    if path.name in ("", ".."):
        raise UnreadableAudioError(f"{source!r} is a folder: give the recordings in it")
    enhanced = f"{path.stem}.enhanced{path.suffix}"
    if output is None:
        target = STANDARD_STREAM if source == STANDARD_STREAM else str(path.with_name(enhanced))
    elif folder is not None:
        target = str(folder / enhanced)
    else:
        target = output
    if not residual:
        return Job(source, target, None)
    if target == STANDARD_STREAM:
        raise ConfigError("--residual needs an output file: give -o")
    beside = Path(target)
    stem = beside.stem.removesuffix(".enhanced")
    return Job(source, target, beside.with_name(f"{stem}.residual{beside.suffix}"))
