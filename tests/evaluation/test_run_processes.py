"""Runs as a user starts them: killed, told to end, with workers that die."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench import benchmark, figures, make_folder

from goodtake.config import dump
from goodtake.errors import BundleError, ConfigError
from goodtake.evaluation.crew import ProcessCrew
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.rows import ROWS_NAME, read_rows
from goodtake.evaluation.run import run_benchmark

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
SLOW_COPY = "import shutil, sys, time; time.sleep(0.15); shutil.copy(*sys.argv[1:])"
CONDITIONS = ("snr5", "snr10", "clean", "eq")
MISSING_WORKER = "a worker process ended by itself"


def slow_benchmark():
    copy = SystemSpec("slow", command=f'{sys.executable} -S -c "{SLOW_COPY}" {{input}} {{output}}')
    return benchmark(systems=("nothing", copy), conditions=CONDITIONS, metrics=("l1", "fad"))


def start(root, run, jobs):
    (root / "small.yaml").write_text(dump(slow_benchmark()))
    (root / "tmp").mkdir(exist_ok=True)  # what is killed cannot clean up behind itself
    words = ["evaluate", root / "small.yaml", "--data", root, "--run", run, "--jobs", jobs]
    program = "from goodtake.cli.main import run; run()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(root / "tmp")},
    )


def count_rows(run):
    path = run / ROWS_NAME
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def workers_of(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_gone(pid):
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The clips, and what an uninterrupted run makes of them."""
    root = tmp_path_factory.mktemp("whole")
    make_folder(root)
    run_benchmark(slow_benchmark(), root / "whole", root)
    return root


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_goes_on_to_the_same_figures(whole, tmp_path, jobs):
    process = start(whole, tmp_path, jobs)
    wait_for(lambda: count_rows(tmp_path) >= 4)
    workers = workers_of(process.pid)
    assert len(workers) == (jobs if jobs > 1 else 0)
    process.kill()
    process.communicate()
    wait_for(lambda: all(map(is_gone, workers)))  # nobody is left behind
    made = count_rows(tmp_path)
    assert 4 <= made < 16
    outcome = run_benchmark(slow_benchmark(), tmp_path, whole, jobs=jobs)
    assert outcome.made == 16 - made
    lines = [json.loads(line) for line in (tmp_path / ROWS_NAME).read_text().splitlines()]
    assert len({(row["clip"], row["condition"], row["system"]) for row in lines}) == len(lines) == 16
    assert figures(tmp_path) == figures(whole / "whole")
    for row in read_rows(tmp_path):
        for file in [*row.audio.values(), *row.embeddings.values()]:
            assert (tmp_path / file).read_bytes() == (whole / "whole" / file).read_bytes()


@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2)])
def test_a_run_that_is_told_to_end_ends_between_two_clips(whole, tmp_path, number, jobs):
    process = start(whole, tmp_path, jobs)
    wait_for(lambda: count_rows(tmp_path) >= 4)
    workers = workers_of(process.pid)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: workers get it too
    else:
        process.send_signal(number)
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert complaint == "goodtake: interrupted: nothing unfinished was kept\n"
    assert all(map(is_gone, workers))
    lines = (tmp_path / ROWS_NAME).read_text().splitlines()
    assert 4 <= len(lines) < 16
    assert len(lines) % 2 == 0  # clips are whole
    assert not [row.errors for row in read_rows(tmp_path) if row.errors]
    run_benchmark(slow_benchmark(), tmp_path, whole)
    assert figures(tmp_path) == figures(whole / "whole")


def test_a_command_that_is_waited_for_ends_with_the_run(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SLOW_COPY", "import time; time.sleep(60)")
    process = start(whole, tmp_path, jobs=2)

    def commands():
        every = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
        return [pid for worker in workers_of(process.pid) for pid in every if parent_of(pid) == worker]

    wait_for(lambda: len(commands()) == 2)
    waited_for, workers = commands(), workers_of(process.pid)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert time.monotonic() - began < 4  # none had to be killed
    wait_for(lambda: all(map(is_gone, [*waited_for, *workers])), seconds=1)


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def test_a_worker_that_dies_is_one_clear_error_and_rows_stay(tmp_path):
    make_folder(tmp_path, "abc")
    deadly = "import os, shutil, sys; i, o, c = sys.argv[1:]; c == 'c' and os.kill(os.getppid(), 9); shutil.copy(i, o)"
    killer = SystemSpec("killer", command=f'{sys.executable} -S -c "{deadly}" {{input}} {{output}} {{clip}}')
    with pytest.raises(ConfigError, match=rf"{MISSING_WORKER} \(status -9\), perhaps for want of memory"):
        run_benchmark(benchmark(systems=(killer,), baseline="killer"), tmp_path / "run", tmp_path, jobs=2)
    assert {row.clip for row in read_rows(tmp_path / "run")} <= {"a", "b"}


def test_errors_of_workers_keep_their_kind_and_words(tmp_path):
    make_folder(tmp_path)
    broken = benchmark(systems=("nothing", SystemSpec("x", engine=str(tmp_path / "no-bundle"))))
    with pytest.raises(BundleError, match="no-bundle"):
        run_benchmark(broken, tmp_path / "run", tmp_path, jobs=2)
    assert not (tmp_path / "run" / ROWS_NAME).exists()


def test_a_worker_ends_at_once_inside_the_callback_of_a_library(tmp_path):
    program = (
        "import sys, numpy as np; from pathlib import Path; from goodtake.evaluation import crew, keep\n"
        "crew.end_when_told(); wave = np.random.default_rng(0).standard_normal((1, 160_000)).astype('float32')\n"
        "print('ready', flush=True)\n"
        "while True: keep.keep_wave(Path(sys.argv[1]), 'wave.flac', wave, 16_000)"
    )
    for number in range(8):  # about four in ten signals meet a callback
        command = [sys.executable, "-c", program, str(tmp_path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.007 * number)
        process.terminate()
        _, said = process.communicate(timeout=3)
        assert (process.returncode, said) == (0, "")


def test_workers_use_one_thread_each_and_the_caller_as_before():
    before = dict(os.environ)
    with ProcessCrew(Environment, (), 2) as crew:
        assert crew.describe() == "1"
        done = dict(crew.results([(n, (n,)) for n in range(5)], lambda: None))
    assert done == {n: n * n for n in range(5)}
    assert dict(os.environ) == before


def test_a_fault_of_a_worker_comes_with_its_trace():
    with ProcessCrew(Environment, (), 2) as crew, pytest.raises(RuntimeError, match=r"TypeError: .*\n(.*\n)*Traceback"):
        crew.describe()
        list(crew.results([(0, ("no number",))], lambda: None))


class Environment:
    """A worker that tells its number of threads, and squares numbers."""

    def describe(self):
        return os.environ["OMP_NUM_THREADS"]

    def work(self, number):
        return number * number
