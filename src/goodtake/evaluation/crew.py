"""Who works on the units: this process alone, or several that are fed one unit at a time.

Workers are started afresh, not forked, with one thread each for linear algebra, so that they do not compete. They end
when they are told to, and when the process that started them is gone, however it went.
"""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any, Protocol, TypeVar

from goodtake import errors
from goodtake.errors import ConfigError, GoodtakeError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
POLL_S = 0.2
"""How often a signal is looked for while all work."""

END_S = 5.0
"""Time that a worker has to end before it is killed."""

Key = TypeVar("Key")


class Worker(Protocol):
    """What does the work; made once in each process."""

    def describe(self) -> Any:
        """Returns what the caller wants to know before the first task."""

    def work(self, *task: Any) -> Any:
        """Does one task."""


class Crew:
    """The process itself as the only worker.

    Args:
        make: makes the worker of a process.
        arguments: of `make`.
    """

    def __init__(self, make: Callable[..., Worker], arguments: tuple[Any, ...]) -> None:
        self._worker = make(*arguments)

    def describe(self) -> Any:
        """Returns what a worker says of itself."""
        return self._worker.describe()

    def results(
        self, tasks: Iterable[tuple[Key, tuple[Any, ...]]], check: Callable[[], None]
    ) -> Iterator[tuple[Key, Any]]:
        """Yields key and result of each task, as they are done.

        Args:
            tasks: key, and arguments of `work`.
            check: called before each result is given out; may raise to end everything.

        Raises:
            GoodtakeError: a task could not be done.
        """
        for key, task in tasks:
            check()
            result = self._worker.work(*task)
            check()
            yield key, result


class ProcessCrew(Crew):
    """Several processes; a context manager, at whose end they are gone.

    Args:
        make: makes the worker of a process; importable by name.
        arguments: of `make`; plain values.
        jobs: processes.
    """

    def __init__(self, make: Callable[..., Worker], arguments: tuple[Any, ...], jobs: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, SpawnProcess] = {}
        with _environment(dict.fromkeys(THREAD_VARIABLES, "1")):
            for _ in range(jobs):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, make, arguments), daemon=True)
                process.start()
                theirs.close()
                self._processes[ours] = process

    def __enter__(self) -> "ProcessCrew":
        return self

    def __exit__(self, *details: object) -> None:
        for connection in self._processes:
            connection.close()
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.join(END_S)
            if process.is_alive():
                process.kill()
                process.join()

    def describe(self) -> Any:
        """Returns what the workers say of themselves, once all are ready."""
        said = [self._receive(connection) for connection in self._processes]
        return said[0]

    def results(
        self, tasks: Iterable[tuple[Key, tuple[Any, ...]]], check: Callable[[], None]
    ) -> Iterator[tuple[Key, Any]]:
        """Yields key and result of each task, as they are done. Args, Raises: as `Crew.results`."""
        waiting = iter(tasks)
        busy: dict[Connection, Key] = {}
        for connection in self._processes:
            self._feed(connection, waiting, busy)
        while busy:
            ready = wait(list(busy), POLL_S)
            check()
            for connection in [one for one in busy if one in ready]:
                result = self._receive(connection)
                key = busy.pop(connection)
                self._feed(connection, waiting, busy)
                yield key, result

    def _feed(
        self, connection: Connection, waiting: Iterator[tuple[Key, tuple[Any, ...]]], busy: dict[Connection, Key]
    ) -> None:
        following = next(waiting, None)
        if following is not None:
            busy[connection], task = following
            connection.send(task)

    def _receive(self, connection: Connection) -> Any:
        try:
            done, answer = connection.recv()
        except (EOFError, OSError) as error:
            process = self._processes[connection]
            process.join(END_S)
            raise ConfigError(
                f"a worker process ended by itself (status {process.exitcode}), perhaps for want of memory: "
                "its rows are missing, run the same again with fewer --jobs"
            ) from error
        if done:
            return answer
        raise _rebuilt(*answer)


def _serve(connection: Connection, make: Callable[..., Worker], arguments: tuple[Any, ...]) -> None:
    """Runs in each worker process: answers each task until the other end is closed."""
    signal.signal(signal.SIGINT, _pass_over)  # the terminal sends it to all; whoever started us tells us to end
    end_when_told()
    try:
        try:
            worker = make(*arguments)
            connection.send((True, worker.describe()))
            while True:
                task = connection.recv()
                connection.send((True, worker.work(*task)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
        except Exception as error:
            connection.send((False, (type(error).__name__, str(error), traceback.format_exc())))
    except OSError:
        return


def _pass_over(number: int, frame: FrameType | None) -> None:
    return


def end_when_told() -> None:
    """Makes SIGTERM end this process by an exception, so that a command that is being waited for ends too.

    The callbacks of C libraries, such as those by which soundfile writes to memory, and finalizers swallow exceptions
    and print them. No command is waited for in these, so the process then ends at once.
    """
    before = sys.unraisablehook

    def finish(swallowed: Any) -> None:
        if isinstance(swallowed.exc_value, SystemExit):
            os._exit(0)
        before(swallowed)

    sys.unraisablehook = finish
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _rebuilt(name: str, message: str, trace: str) -> Exception:
    """Returns the error of another process; pickled ones lose their arguments on the way."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, GoodtakeError):
        error = kind.__new__(kind)
        Exception.__init__(error, message)
        return error
    return RuntimeError(f"{name}: {message}\n{trace}")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
