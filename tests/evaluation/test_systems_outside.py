"""Systems that run elsewhere: commands and finished outputs; and the one check of outputs."""

import os
import sys
import time

import numpy as np
import pytest
import soundfile
from system_cases import BENCHMARK, case_of, melody, system

from goodtake.errors import ConfigError, DatasetError, MissingExtraError, UnreadableAudioError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems import make_system
from goodtake.evaluation.systems.outputs import fitted_output

HALF = """
import soundfile, sys
wave, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
soundfile.write(sys.argv[2], 0.5 * wave, rate, "FLOAT")
"""


@pytest.fixture
def script(tmp_path):
    """Writes a program and returns how its command line begins."""

    def write(text: str) -> str:
        path = tmp_path / "my program.py"
        path.write_text(text)
        return f"{sys.executable} '{path}'"

    return write


def run(command: str, wave: np.ndarray | None = None, **options: float) -> np.ndarray:
    return system("mine", command=command, options=options)(case_of(melody(0.5) if wave is None else wave))


def test_a_command_gets_the_input_bit_by_bit(script):
    wave = 3 * melody(0.5, channels=2, seed=2)  # beyond full scale
    np.testing.assert_array_equal(run(script(HALF) + " {input} {output}", wave), np.float32(0.5) * wave)


def test_a_command_is_told_rate_condition_and_clip_and_no_shell_reads_it(script, tmp_path):
    log = tmp_path / "told"
    text = f"import sys, shutil\nopen({str(log)!r}, 'w').write(repr(sys.argv[3:]))\nshutil.copy(*sys.argv[1:3])"
    run(script(text) + " {input} {output} {rate} --as={condition}/{clip} '$HOME;ls' *")
    assert log.read_text() == repr(["16000", "--as=snr5/clip1", "$HOME;ls", "*"])


def test_up_to_half_a_second_more_or_less_is_cut_or_filled_up(script):
    for change in ("wave[:-3000]", "numpy.concatenate([wave, wave[:3000]])"):
        text = HALF.replace("0.5 * wave", change).replace("import ", "import numpy, ")
        wave = melody(1.0)
        output = run(script(text) + " {input} {output}", wave)
        np.testing.assert_array_equal(output[:, :13000], wave[:, :13000])
        assert output.shape == wave.shape
        assert output[:, 13000:].any() == ("concat" in change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import sys; print('first', file=sys.stderr); sys.exit('no model: run setup')",
            "status 1: no model: run setup$",
        ),
        ("pass", "wrote no {output}"),
        (HALF.replace("0.5 * wave", "wave * float('nan')"), "cannot be used: its output: holds NaN"),
        (HALF.replace("0.5 * wave", "wave[:0]"), "cannot be used: its output: holds no samples"),
        ("import sys; open(sys.argv[2], 'w').write('nothing like sound')", "cannot be used: its output: "),
        ("import sys; open(sys.argv[2], 'w')", "cannot be used: its output: "),
        (HALF.replace('rate, "', '8000, "'), "wrote 8000 Hz: expected 16000 Hz"),
        (HALF.replace("0.5 * wave", "wave[:4000]"), "at most 0.5 s apart"),
        (
            HALF.replace("0.5 * wave", "wave[:, [0, 0]]"),
            "gave float32 of shape \\(2, 16000\\): expected floats of shape \\(1",
        ),
    ],
)
def test_whatever_a_command_does_wrong_is_said(script, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        run(script(text) + " {input} {output}", melody(1.0))
    assert "mine on clip1, snr5" in str(caught.value)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(script, tmp_path):
    note = tmp_path / "pid"
    text = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "print('loading', file=sys.stderr, flush=True)\ntime.sleep(60)"
    )
    begin = time.monotonic()
    with pytest.raises(ConfigError, match="took longer than 2 s: raise time_limit_s in its options: loading"):
        run(script(text) + " {input} {output}", time_limit_s=2)
    assert time.monotonic() - begin < 20
    for _ in range(100):
        if not _runs(int(note.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("what the command started still runs")


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not os.path.isdir("/proc/self")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("cp {input}", "lacks {output}"),
        ("cp a {output}", "lacks {input}"),
        ("cp {input} {ouput}", "unknown place {ouput}: use {input}, {output}"),
        ("cp '{input} {output}", "check its quotation marks"),
        ("no-such-program-here {input} {output}", "no program 'no-such-program-here': install it"),
    ],
)
def test_a_command_line_that_cannot_work_is_refused_before_anything_runs(command, message):
    with pytest.raises(ConfigError, match=message):
        system("mine", command=command)


def test_a_command_line_decides_the_digest():
    digests = {system("mine", command=f"cp {{input}} {{output}}{rest}").digest for rest in ("", " -v")}
    assert len(digests) == 2


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_finished_outputs_are_read(tmp_path, suffix):
    (tmp_path / "snr5").mkdir()
    wave = np.round(melody(0.5, channels=2) * 2**15).astype(np.float32) / 2**15
    soundfile.write(tmp_path / "snr5" / f"clip1{suffix}", wave.T, 16000, "PCM_16")
    tested = system("mine", folder=str(tmp_path))
    np.testing.assert_array_equal(tested(case_of(wave)), wave)
    soundfile.write(tmp_path / "snr5" / f"clip1{suffix}", 0.5 * wave.T, 16000, "PCM_16")
    assert system("mine", folder=str(tmp_path)).digest != tested.digest


def test_a_finished_output_that_is_missing_or_unusable_is_named(tmp_path):
    path = tmp_path / "snr5" / "clip1.wav"
    path.parent.mkdir()
    tested = system("mine", folder=str(tmp_path))
    with pytest.raises(DatasetError, match=f"{path} is missing"):
        tested(case_of(melody(0.5)))
    soundfile.write(path, melody(0.5)[0], 8000)
    with pytest.raises(ConfigError, match=r"clip1\.wav has 8000 Hz: expected 16000 Hz"):
        tested(case_of(melody(0.5)))
    path.write_bytes(b"")
    with pytest.raises(UnreadableAudioError, match=str(path)):
        tested(case_of(melody(0.5)))
    with pytest.raises(DatasetError, match="there is no folder"):
        system("mine", folder=str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (np.zeros(16000), "of shape \\(16000,\\): expected floats of shape \\(1, 16000\\)"),
        (np.zeros((2, 16000)), "shape \\(2, 16000\\)"),
        (np.zeros((1, 16000), np.int16), "int16"),
        (np.zeros((1, 7999)), "gave 0.500 s for 1.000 s"),
        (np.zeros((1, 24001)), "gave 1.500 s for 1.000 s"),
        (np.full((1, 16000), np.nan), "NaN or infinite"),
        (np.full((1, 16000), 1e39), "NaN or infinite"),
    ],
)
def test_outputs_that_cannot_be_measured(output, message):
    with pytest.raises(ConfigError, match=f"here: gave .*{message}" if "gave" not in message else message):
        fitted_output(output, case_of(np.zeros((1, 16000), np.float32)), "here")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("studio", "system studio: unknown kind 'studio': use one of nothing, .*engine: studio"),
        (SystemSpec("a", command="x", folder="y"), "has both command and folder"),
        (SystemSpec("a", kind="wiener", engine="studio"), "of kind 'wiener' but has engine"),
        (SystemSpec("a", kind="command"), "fill in command"),
        (SystemSpec("musecoder"), "fill in engine"),
        (SystemSpec("a", kind="musecoder", command="x"), "of kind 'musecoder' but has command"),
        (SystemSpec("a", engine="studio", options={"steps": 6.0}), "model studio knows no --steps"),
        (SystemSpec("a", engine="studio", options={"steps": -1.0}), "steps of system a is -1: give 0 to 1000"),
        (SystemSpec("a", engine="studio", options={"pace": 1.0}), "unknown key 'pace'"),
        (SystemSpec("wiener", strength=0.5), "only engines have"),
        (SystemSpec("nothing", options={"more": 1.0}), "kind 'nothing' has none"),
        (SystemSpec("wiener", options={"floor": 1.0}), "options of system wiener: unknown key 'floor'"),
        (SystemSpec("wiener", options={"floor_db": 3.0}), "floor_db of system wiener is 3: give -80 to 0"),
        (SystemSpec("afftdn", options={"noise_floor_db": -10.0}), "give -80 to -20"),
        (SystemSpec("afftdn", options={"track_noise": 0.5}), "give 0 or 1"),
        (SystemSpec("noisereduce", options={"stationary": 2.0}), "give 0 or 1"),
        (SystemSpec("griffinlim", options={"iterations": 0.0}), "give 1 to 10000"),
        (SystemSpec("irm", options={"exponent": float("nan")}), "give 0.1 to 4"),
    ],
)
def test_what_a_recipe_can_get_wrong(spec, message):
    with pytest.raises(ConfigError, match=message):
        make_system(spec, BENCHMARK)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "noisereduce", None)
    with pytest.raises(MissingExtraError, match=r"goodtake\[eval\]"):
        make_system("noisereduce", BENCHMARK)
