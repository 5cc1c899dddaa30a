"""An external command line: any program that reads one WAV file and writes another.

    denoise --rate {rate} {input} {output}

{input} is 32-bit float WAV, {output} a WAV file at the same rate and length; {rate} is in Hz, {condition} and {clip}
are names. No shell looks at the line, so nothing but these names is replaced.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from goodtake.audio import read_audio
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, UnreadableAudioError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options

PLACES = ("input", "output", "rate", "condition", "clip")
_PLACE = re.compile(r"\{([a-z_]+)\}")
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class CommandOptions:
    """Of the kind "command".

    Args:
        time_limit_s: seconds that one clip may take, 0.1 to 1e6; then the command and what it started are ended.
    """

    time_limit_s: float = 600.0


class Command:
    """An external command line.

    Raises:
        ConfigError: the line cannot be split, lacks {input} or {output}, names another place, or its program is not
            there; an option is unknown or out of range.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        self.name, self.options = spec.name, read_options(CommandOptions, spec)
        check_range(self.options.time_limit_s, 0.1, 1e6, f"time_limit_s of system {spec.name}")
        try:
            self.words = shlex.split(spec.command)
        except ValueError as error:
            raise ConfigError(f"command of system {spec.name}: {error}: check its quotation marks") from error
        named = [place for word in self.words for place in _PLACE.findall(word)]
        for place in named:
            if place not in PLACES:
                raise ConfigError(
                    f"command of system {spec.name}: unknown place {{{place}}}: use "
                    f"{', '.join(f'{{{known}}}' for known in PLACES)}"
                )
        for place in ("input", "output"):
            if place not in named:
                raise ConfigError(f"command of system {spec.name} lacks {{{place}}}: say where it goes")
        if shutil.which(self.words[0]) is None:
            raise ConfigError(
                f"command of system {spec.name}: no program {self.words[0]!r}: install it or give its path"
            )
        self.version = Path(self.words[0]).name
        self.digest = digest_of(kind="command", command=self.words, **asdict(self.options))

    def __call__(self, case: Case) -> Wave:
        """Returns what the command wrote, (channel, time).

        Raises:
            ConfigError: the command failed, took too long, wrote nothing, or no sound, or sound of another rate.
        """
        import soundfile  # loads a codec, which other systems can do without

        with tempfile.TemporaryDirectory(prefix="goodtake-") as folder:
            source, target = Path(folder) / "input.wav", Path(folder) / "output.wav"
            soundfile.write(source, case.degraded.T, case.sample_rate, "FLOAT")
            values = dict(zip(PLACES, (source, target, case.sample_rate, case.condition, case.clip), strict=True))
            line = [_PLACE.sub(lambda found: str(values[found[1]]), word) for word in self.words]
            where = f"command of system {self.name} on {case.clip}, {case.condition}"
            self._run(line, Path(folder) / "messages.txt", where)
            return _read(target, case, where)

    def _run(self, line: list[str], messages: Path, where: str) -> None:
        with messages.open("wb") as log:
            try:
                process = subprocess.Popen(
                    line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
                )
            except OSError as error:
                raise ConfigError(f"{where}: {line[0]} cannot be run: {error.strerror}") from error
            try:
                status = process.wait(self.options.time_limit_s)
            except subprocess.TimeoutExpired as error:
                raise ConfigError(
                    f"{where}: took longer than {self.options.time_limit_s:g} s: raise time_limit_s in its options"
                    f"{_last_words(messages)}"
                ) from error
            finally:
                _end(process)
        if status:
            raise ConfigError(f"{where}: failed with status {status}{_last_words(messages)}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a command that still runs, and what it started, which would else hold on to the folder."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _last_words(messages: Path) -> str:
    """Returns the last line that a command wrote to its standard error, for the end of a message."""
    with messages.open("rb") as log:
        log.seek(max(0, messages.stat().st_size - _TAIL_BYTES))
        lines = log.read().decode(errors="replace").split("\n")
    spoken = [line.strip() for line in lines if line.strip()]
    return f": {spoken[-1]}" if spoken else ""


def _read(target: Path, case: Case, where: str) -> Wave:
    if not target.exists():
        raise ConfigError(f"{where}: wrote no {{output}}: check the command")
    try:
        wave, info = read_audio(target)
    except UnreadableAudioError as error:
        reason = str(error).replace(str(target), "its output")
        raise ConfigError(f"{where}: wrote an output that cannot be used: {reason}") from error
    if info.sample_rate != case.sample_rate:
        raise ConfigError(f"{where}: wrote {info.sample_rate} Hz: expected {case.sample_rate} Hz, as the input has")
    return np.asarray(wave, np.float32)
