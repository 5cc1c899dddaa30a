"""Findings, the plan and the JSON of a diagnosis; the terminal and the pictures of ``goodtake diagnose``."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from goodtake.cli import diagnose as cli
from goodtake.diagnosis.diagnosis import Diagnosis, TakeFacts
from goodtake.diagnosis.findings import SEVERITIES, colour_hz
from goodtake.diagnosis.measures import Measures
from goodtake.diagnosis.typical_music import BANDS_HZ, band_deviation_db, band_excess_db, reference_level_db, typical_db
from goodtake.dsp.stft import FrameGrid, stft
from goodtake.errors import ConfigError, OutputExistsError, UnwritableAudioError

RATE = 32000
KINDS = ("noise", "room", "colour", "hum", "clipping", "bandwidth", "level", "channels", "offset")
GOOD = TakeFacts(snr_db=45.0, drr_db=18.0, rt60_s=0.1, distance_nats=0.05, colour_db=(0.0,) * 64)


def take(seed=0, seconds=6.0):
    """Swelling tones over very quiet noise, with energy up to the top."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    swell = np.sin(np.pi * time * 1.5) ** 4
    music = sum(0.3 * 0.72**k * np.sin(2 * np.pi * 196.3 * k * time + k) for k in range(1, 60))
    return (swell * music * 0.3 + 1e-4 * rng.standard_normal(len(time)))[None].astype(np.float32)


def measure(wave, rate=RATE):
    measures = Measures(rate, len(wave))
    measures.update(wave)
    measures.update_spectrum(np.abs(stft(wave, FrameGrid.for_rate(rate))) ** 2)
    return measures.result()


@pytest.fixture(scope="module")
def measured():
    return measure(take())


def finding(diagnosis, kind):
    (found,) = [finding for finding in diagnosis.findings if finding.kind == kind]
    return found


def test_a_good_take_has_one_finding_per_kind_and_no_fault(measured):
    diagnosis = Diagnosis(measured, GOOD, wet=0.0)
    assert tuple(found.kind for found in diagnosis.findings) == KINDS
    assert diagnosis.faults == ()
    assert diagnosis.plan == "enhance will leave this take as it is."


def test_a_good_take_has_no_fault_without_a_net_either(measured):
    diagnosis = Diagnosis(measured)
    assert diagnosis.faults == ()
    assert "not known" in diagnosis.plan


@pytest.mark.parametrize(("snr_db", "severity"), [(40, "none"), (24, "slight"), (15, "clear"), (4, "strong")])
def test_noise_is_graded_by_the_net(measured, snr_db, severity):
    found = finding(Diagnosis(measured, replace(GOOD, snr_db=snr_db), wet=0.9), "noise")
    assert found.severity == severity
    assert f"{snr_db} dB under the music" in found.text


def test_without_a_net_noise_is_graded_by_what_was_measured():
    noise = 0.02 * np.random.default_rng(1).standard_normal(6 * RATE).astype(np.float32)
    diagnosis = Diagnosis(measure(take() + noise))
    assert finding(diagnosis, "noise").severity in ("clear", "strong")
    measured_db = pytest.approx(diagnosis.measurements.snr_db, abs=1e-3)
    assert diagnosis.summary()["snr_db"] == {"value": measured_db, "source": "measured"}
    with_net = Diagnosis(diagnosis.measurements, GOOD, wet=0.0)
    assert finding(with_net, "noise").severity == "none"
    assert with_net.summary()["snr_db"] == {"value": 45.0, "source": "net"}


@pytest.mark.parametrize(("drr_db", "severity"), [(16, "none"), (7, "slight"), (4, "clear"), (0, "strong")])
def test_the_room_is_graded_by_the_net(measured, drr_db, severity):
    found = finding(Diagnosis(measured, replace(GOOD, drr_db=drr_db, rt60_s=0.8), wet=0.9), "room")
    assert found.severity == severity
    assert ("0.8 s" in found.text) == (severity != "none")


def test_the_colour_names_the_band_that_is_too_strong(measured):
    correction = np.where((colour_hz(64) > 250) & (colour_hz(64) < 500), -12.0, 0.0)  # the net wants it lowered
    found = finding(Diagnosis(measured, replace(GOOD, colour_db=tuple(correction.tolist())), wet=0.9), "colour")
    assert found.severity == "slight"
    assert "too much low mids (250 to 500 Hz)" in found.text


def test_the_colour_correction_is_graded_by_its_size_not_by_its_mean(measured):
    shapes = [(20.0,) * 64, tuple(np.linspace(-15, 15, 64).tolist())]
    takes = [Diagnosis(measured, replace(GOOD, colour_db=shape), wet=0.9) for shape in shapes]
    grades = [finding(diagnosis, "colour").severity for diagnosis in takes]
    assert grades == ["none", "strong"]


def test_the_colour_above_the_bandwidth_does_not_count(measured):
    wish = tuple(np.where(colour_hz(64) > 4200, 40.0, 0.0).tolist())
    narrow = replace(measured, bandwidth_hz=4000.0, bandwidth_cut=True)
    grades = [finding(Diagnosis(m, replace(GOOD, colour_db=wish), 0.9), "colour").severity for m in (measured, narrow)]
    assert grades == ["strong", "none"]


@pytest.mark.parametrize(
    ("share", "words"), [(0.999, "100 %"), (0.0312, "3 %"), (0.0034, "0.3 %"), (5e-5, "very short")]
)
def test_the_share_that_is_clipped_is_readable(measured, share, words):
    clipped = replace(measured, clipped_runs_count=2, clipped_share=share, clip_ceiling_dbfs=-1.0)
    assert words in finding(Diagnosis(clipped), "clipping").text


@pytest.mark.parametrize(("wet", "words"), [(0.0, "leave it"), (0.2, "a little"), (0.9, "most of it")])
def test_what_enhance_does_follows_wet(measured, wet, words):
    diagnosis = Diagnosis(measured, replace(GOOD, snr_db=15), wet=wet)
    assert words in finding(diagnosis, "noise").text
    assert ("lower the noise" in diagnosis.plan) == (wet > 0.1)


def test_the_plan_lists_the_faults_it_works_on(measured):
    diagnosis = Diagnosis(measured, replace(GOOD, snr_db=15, drr_db=3, rt60_s=0.5), wet=1.0)
    assert diagnosis.plan == "enhance will work thoroughly: lower the noise and dry up the room."


def test_faults_come_worst_first(measured):
    worse = replace(measured, clipped_runs_count=900, clipped_share=0.01, clip_ceiling_dbfs=-2.0, dc_offset_share=0.005)
    faults = Diagnosis(worse, replace(GOOD, snr_db=17), wet=1.0).faults
    assert [fault.kind for fault in faults] == ["clipping", "noise", "offset"]
    grades = [SEVERITIES.index(fault.severity) for fault in faults]
    assert grades == sorted(grades, reverse=True)


@pytest.mark.parametrize(
    ("change", "kind", "severity", "words"),
    [
        ({"hum_hz": 50.0, "hum_dbfs": -40.0, "hum_lines_hz": (50.0, 100.0)}, "hum", "strong", "50 Hz"),
        ({"bandwidth_hz": 3400.0, "bandwidth_cut": True}, "bandwidth", "strong", "3.4 kHz"),
        ({"bandwidth_hz": 3400.0, "bandwidth_cut": False}, "bandwidth", "none", "3.4 kHz"),
        ({"peak_dbfs": -45.0}, "level", "clear", "low"),
        ({"peak_dbfs": 1.5}, "level", "clear", "above full scale"),
        ({"digital_silence_share": 0.5}, "level", "slight", "50 %"),
        ({"channels": 2, "dead_channel_numbers": (2,)}, "channels", "clear", "Channel 2 is empty"),
        ({"channels": 2, "channel_correlation": -0.9}, "channels", "clear", "polarity"),
        ({"channels": 2, "channels_equal": True}, "channels", "none", "mono"),
        ({"dc_offset_share": -0.05}, "offset", "clear", "direct current"),
    ],
)
def test_what_is_measured_is_said(measured, change, kind, severity, words):
    found = finding(Diagnosis(replace(measured, **change), GOOD, wet=0.0), kind)
    assert found.severity == severity
    assert words in found.text


def test_silence_is_said_and_nothing_else():
    diagnosis = Diagnosis(measure(np.zeros((1, RATE), np.float32)))
    assert [found.kind for found in diagnosis.findings] == ["silence"]
    assert "no sound" in diagnosis.plan


def test_json_and_back(measured):
    diagnosis = Diagnosis(measured, replace(GOOD, snr_db=12.5), wet=0.75, name="take «1».wav")
    text = diagnosis.to_json()
    again = Diagnosis.from_json(text)
    assert again.take == diagnosis.take
    assert again.wet == 0.75
    assert again.to_json() == text
    values = json.loads(text)
    assert values["findings"][0]["severity"] == "clear"
    assert len(values["findings"]) == len(KINDS)


def test_typical_music_does_not_deviate_from_itself():
    curve = typical_db(57)[0] - 31.0
    assert reference_level_db(curve - reference_level_db(curve)) == pytest.approx(0)
    deviation = band_deviation_db(curve, 20000.0)
    assert len(deviation) == len(BANDS_HZ)
    assert np.ptp(np.array(deviation, float)) < 1e-9
    boosted = curve + np.where(np.arange(57) > 45, 40.0, 0.0)  # from 5.6 kHz up
    assert band_excess_db(boosted, 20000.0)[-1] > 10
    assert band_deviation_db(curve, 5000.0)[-1] is None


@pytest.fixture
def app(monkeypatch, measured):
    """The command with a diagnosis at hand, as the survey would give it."""
    module = types.ModuleType("goodtake.enhancement.survey")
    module.diagnose = lambda path, enhancer: Diagnosis(
        measured, replace(GOOD, snr_db=15), wet=0.9, name=Path(path).name
    )
    monkeypatch.setitem(sys.modules, "goodtake.enhancement.survey", module)
    monkeypatch.setitem(
        sys.modules, "goodtake.enhancement.enhancer", types.SimpleNamespace(Enhancer=lambda model: None)
    )
    app = typer.Typer()
    app.command()(cli.diagnose_command)
    return app


def test_the_command_prints_findings_and_plan(app):
    result = CliRunner().invoke(app, ["take.wav"])
    assert result.exit_code == 0
    assert "take.wav" in result.output
    assert "steady noise" in result.output
    assert "lower the noise" in result.output


def test_the_command_prints_one_json_object_per_file(app):
    result = CliRunner().invoke(app, ["a.wav", "b.wav", "--json"])
    names = [json.loads(line)["name"] for line in result.output.splitlines()]
    assert names == ["a.wav", "b.wav"]


def test_the_command_draws_into_a_folder(app, tmp_path):
    result = CliRunner().invoke(app, ["a.wav", "b.wav", "--quiet", "--picture", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.svg"]


def test_pictures_are_not_replaced_without_force(tmp_path):
    there = tmp_path / "a.svg"
    there.write_text("mine")
    with pytest.raises(OutputExistsError, match="exists"):
        cli.plan_pictures(["a.wav"], there, force=False)
    assert cli.plan_pictures(["a.wav"], there, force=True) == [there]


def test_bad_picture_names_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="existing folder"):
        cli.plan_pictures(["a.wav", "b.wav"], tmp_path / "x.svg", force=False)
    with pytest.raises(ConfigError, match=r"not named \.svg"):
        cli.plan_pictures(["a.wav"], tmp_path / "x.png", force=False)
    with pytest.raises(ConfigError, match="same name"):
        cli.plan_pictures(["a.wav", "b/a.mp3"], tmp_path, force=False)
    with pytest.raises(UnwritableAudioError, match="does not exist"):
        cli.plan_pictures(["a.wav"], tmp_path / "no" / "x.svg", force=False)


def test_a_failed_picture_leaves_nothing_behind(tmp_path):
    blocked = tmp_path / "x.svg"
    (blocked / "y").mkdir(parents=True)  # a folder that holds something cannot be replaced by a file
    with pytest.raises(UnwritableAudioError, match="cannot be written"):
        cli.write_picture(blocked, "<svg/>")
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"]
