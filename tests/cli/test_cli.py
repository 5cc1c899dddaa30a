"""The command line itself: how it ends, what it keeps to itself, and the list of models."""

import json
import signal
import subprocess
import sys
import warnings
from types import SimpleNamespace

import pytest

from goodtake import __version__
from goodtake.cli import ending
from goodtake.cli.main import run
from goodtake.errors import ConfigError


@pytest.fixture
def cli(monkeypatch, capsys):
    """Runs the command line in this process: status, out, err."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["goodtake", *words])
        with pytest.raises(SystemExit) as end:
            run()
        said = capsys.readouterr()
        return SimpleNamespace(status=end.value.code or 0, out=said.out, err=said.err)

    return call


@pytest.fixture
def failing(cli, monkeypatch):
    """``goodtake models``, with something going wrong inside."""

    def call(error):
        def models():
            raise error

        monkeypatch.setattr("goodtake.bundles.installed_models", models)
        return cli("models")

    return call


def test_version(cli):
    assert cli("--version").out == f"goodtake {__version__}\n"


def test_wrong_usage_has_a_status_of_its_own(cli):
    for words in (["enhance"], ["enhance", "a.wav", "--no-such-option"], ["enhance", "a.wav", "--threads", "-1"]):
        result = cli(*words)
        assert result.status == 2
        assert "goodtake enhance --help" in result.err


def test_a_users_error_is_one_line(failing):
    result = failing(ConfigError("a\nb: give c"))
    assert (result.status, result.out, result.err) == (1, "", "goodtake: a b: give c\n")


def test_a_full_disk_below_standard_output_is_one_line(failing):
    result = failing(OSError(28, "No space left on device"))
    assert (result.status, result.err) == (
        1,
        "goodtake: standard output: No space left on device; give another place\n",
    )


def test_a_fault_of_ours_is_one_line_that_asks_for_a_report(failing, monkeypatch):
    result = failing(KeyError("x"))
    assert result.status == 1
    assert result.err.count("\n") == 1
    assert "fault in goodtake itself (KeyError: 'x'); please report it" in result.err


def test_developers_can_have_the_traceback(monkeypatch):
    def models():
        raise KeyError("x")

    monkeypatch.setattr("goodtake.bundles.installed_models", models)
    monkeypatch.setattr(sys, "argv", ["goodtake", "models"])
    monkeypatch.setenv("GOODTAKE_DEBUG", "1")
    with pytest.raises(KeyError):
        run()


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (ending.Interrupted(signal.SIGTERM), 128 + signal.SIGTERM)]
)
def test_an_interrupt_is_one_line(failing, error, status):
    result = failing(error)
    assert (result.status, result.err) == (status, "goodtake: interrupted: nothing unfinished was kept\n")


def test_warnings_of_libraries_do_not_reach_the_terminal(cli, monkeypatch):
    def models():
        warnings.warn("divide by zero", RuntimeWarning, stacklevel=2)
        return []

    monkeypatch.setattr("goodtake.bundles.installed_models", models)
    result = cli("models", "--json")
    assert (result.status, result.out.strip(), result.err) == (0, "[]", "")


def test_a_first_signal_waits_for_a_check_and_a_second_one_does_not():
    before = signal.getsignal(signal.SIGINT)
    with ending.Interrupts() as interrupts:
        interrupts.check()
        interrupts.patient = True
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(ending.Interrupted):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(ending.Interrupted) as caught:
            interrupts.check()
    assert caught.value.status == 130
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_is_raised_at_once_while_waiting():
    with ending.Interrupts(), pytest.raises(ending.Interrupted) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.status == 143


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending.Interrupts():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_models_lists_what_is_installed(cli):
    result = cli("models")
    assert result.status == 0
    line = next(line for line in result.out.splitlines() if line.startswith("studio "))
    assert line.endswith("(default)")
    assert " MB " in line
    rows = json.loads(cli("models", "--json").out)
    studio = next(row for row in rows if row["name"] == "studio")
    assert (studio["engine"], studio["default"]) == ("studio", True)
    assert 1 < studio["megabytes"] <= 12


def test_models_shows_a_card(cli):
    assert cli("models", "studio").out.startswith("# ")
    assert json.loads(cli("models", "studio", "--json").out)["name"] == "studio"


def test_models_knows_what_it_does_not_have(cli, monkeypatch):
    result = cli("models", "nope")
    assert (result.status, result.out) == (1, "")
    assert "goodtake: unknown model 'nope': installed are" in result.err
    monkeypatch.setattr("goodtake.bundles.installed_models", list)
    assert "no model is installed: reinstall goodtake" in cli("models").err


def test_no_command_imports_what_it_does_not_need():
    code = (
        "import sys, goodtake.cli.main; print([m for m in ('torch', 'av', 'onnxruntime', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n"
