"""How a command ends: errors as one line, and Ctrl-C or kill between two blocks of audio, where nothing is lost.

A signal that raises wherever Python happens to be may hit the inside of a C library's callback, which swallows it, or
the moment between making a temporary file and remembering it. So the first one is only noted, and raised at the next
``check``; a second one is raised at once.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

import typer


class Interrupted(KeyboardInterrupt):
    """A signal asked the command to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


class Interrupts:
    """Takes SIGINT, SIGTERM and SIGHUP over for the length of a ``with`` block.

    Attributes:
        patient: whether a first signal waits for `check`; otherwise it is raised at once.
    """

    def __init__(self) -> None:
        self.patient = False
        self._noted: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):  # as under nohup
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *details: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises the signal that came meanwhile, if any."""
        if self._noted is not None:
            raise Interrupted(self._noted)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._noted is not None or not self.patient:
            raise Interrupted(number)
        self._noted = number


def complain(message: object) -> None:
    """Prints one line on the error stream, whatever line breaks a file name may hold."""
    typer.echo(f"goodtake: {' '.join(str(message).splitlines())}", err=True)


def settle_output() -> None:
    """Flushes standard output, or forgets what it cannot take, which Python would complain of at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
