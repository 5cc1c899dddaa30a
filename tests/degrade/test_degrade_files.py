import numpy as np
import pytest
import soundfile
import typer
from signals import lag, level_db, music
from typer.testing import CliRunner

from goodtake.cli.degrade import degrade_command
from goodtake.degrade import files
from goodtake.degrade.files import degraded_path, read_parameters
from goodtake.degrade.request import describe, make_request
from goodtake.errors import ConfigError, GoodtakeError, OutputExistsError, UnreadableAudioError, UnwritableAudioError

app = typer.Typer()
app.command()(degrade_command)


def run(*arguments):
    """Runs the command; an error of ours comes out as itself."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], standalone_mode=True)
    if isinstance(result.exception, GoodtakeError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def clean(tmp_path):
    path = tmp_path / "clean.wav"
    soundfile.write(path, music(44_100, 1.0, 2).T, 44_100, subtype="PCM_24")
    return path


def test_writes_the_same_kind_of_file_and_the_parameters(clean):
    result = run(clean, "--snr", 10, "--drr", 3)
    degraded, drawn = clean.with_name("clean.degraded.wav"), read_parameters(clean.with_name("clean.degraded.json"))
    before, after = soundfile.info(clean), soundfile.info(degraded)
    assert (after.samplerate, after.channels, after.frames, after.subtype) == (44_100, 2, before.frames, "PCM_24")
    assert drawn.noise.snr_db == 10.0
    assert drawn.room.drr_db == 3.0
    assert drawn.equaliser is None
    assert "SNR 10.0 dB" in result.stderr
    wave, _ = soundfile.read(degraded, always_2d=True)
    assert np.abs(wave).max() == pytest.approx(0.95, abs=1e-5)
    assert lag(wave.T, soundfile.read(clean, always_2d=True)[0].T) == 0


def test_ratio_in_the_file_is_the_one_asked_for(clean):
    run(clean, "--snr", 12)
    noisy, original = (soundfile.read(p, always_2d=True)[0] for p in (clean.with_name("clean.degraded.wav"), clean))
    scale = np.vdot(noisy, original) / np.vdot(original, original)
    assert level_db(scale * original) - level_db(noisy - scale * original) == pytest.approx(12.0, abs=0.2)


def test_seed_decides_and_replay_repeats(clean, tmp_path):
    outputs = {}
    for name, arguments in {"a": ["--seed", 1], "b": ["--seed", 1], "c": ["--seed", 2]}.items():
        run(clean, "-o", tmp_path / f"{name}.wav", *arguments)
        outputs[name] = (tmp_path / f"{name}.wav").read_bytes()
    assert outputs["a"] == outputs["b"] != outputs["c"]
    run(clean, "-o", tmp_path / "again.wav", "--replay", tmp_path / "c.json")
    assert (tmp_path / "again.wav").read_bytes() == outputs["c"]
    assert (tmp_path / "again.json").read_text() == (tmp_path / "c.json").read_text()


def test_bank_gives_the_sounds(clean, tmp_path):
    rng = np.random.default_rng(0)
    for part in ("rir", "noise"):
        (tmp_path / "bank" / part).mkdir(parents=True)
        decay = np.exp(-np.arange(9000) / 900) if part == "rir" else np.ones(9000)
        soundfile.write(tmp_path / "bank" / part / "one.wav", 0.1 * rng.standard_normal(9000) * decay, 16_000)
    run(clean, "--bank", tmp_path / "bank")
    drawn = read_parameters(clean.with_name("clean.degraded.json"))
    assert drawn.room.rir == "one.wav"
    assert drawn.noise.layers[0].files == ("one.wav",)
    with pytest.raises(GoodtakeError, match="in this bank: give the folder"):
        run(clean, "--replay", clean.with_name("clean.degraded.json"), "--force")


def test_wishes_come_true():
    rng, bank = np.random.default_rng(0), files.Bank(16_000)
    asked = make_request("studio", 10.0, 3.0, 0.5, (3.0, -2.0, 0.0, 5.0), 6.0, 7000.0, "opus:24", -12.0)
    for _ in range(50):
        one = asked.draw(rng, bank)
        assert (one.noise.snr_db, one.room.drr_db, one.room.rt60_s[1]) == (10.0, 3.0, 0.5)
        assert (one.equaliser.gains_db, one.equaliser.smooth) == ((3.0, -2.0, 0.0, 5.0), False)
        assert (one.clip_db, one.low_pass_hz, one.gain_db) == (6.0, 7000.0, -12.0)
        assert (one.codec.name, one.codec.bit_rate) == ("libopus", 24_000)
    alone = make_request(snr_db=5.0).draw(rng, bank)
    assert alone.room is None
    assert alone.equaliser is None
    everything = make_request().draw(rng, bank)
    assert everything.room
    assert everything.noise
    assert everything.equaliser
    assert describe(make_request("clean").draw(rng, bank)) == "no fault"
    assert describe(one).count(",") >= 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "concert"], "unknown preset 'concert': use one of paper1"),
        (["--eq", "1,2"], "2 gains: give four"),
        (["--eq", "1,2,x,4"], "--eq 1,2,x,4: give four gains"),
        (["--snr", "nan"], "snr_db is"),
        (["--gain", "inf"], "the final level is inf"),
        (["--codec", "flac"], "codec 'flac': give one of mp3, aac, opus"),
        (["--codec", "mp3:x"], "codec 'mp3:x'"),
        (["--rt60", "-1"], "decay times of"),
        (["--replay", "gone.json"], "gone.json: cannot be read"),
        (["--replay", "gone.json", "--snr", "3"], "leave the other faults"),
        (["--bank", "nowhere"], "nowhere has none of"),
    ],
)
def test_impossible_wishes_are_one_line_and_write_nothing(clean, arguments, message):
    before = sorted(clean.parent.iterdir())
    with pytest.raises(GoodtakeError) as caught:
        run(clean, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(clean.parent.iterdir()) == before


def test_nothing_is_overwritten_without_force(clean):
    record = clean.with_name("clean.degraded.json")
    record.write_text("mine")
    with pytest.raises(OutputExistsError):
        run(clean)
    assert record.read_text() == "mine"
    assert not clean.with_name("clean.degraded.wav").exists()
    run(clean, "--force")
    assert read_parameters(record).room
    with pytest.raises(OutputExistsError):
        run(clean)
    with pytest.raises(OutputExistsError, match="is the input itself"):
        run(clean, "-o", clean, "--force")


def test_files_that_will_not_do(clean, tmp_path):
    with pytest.raises(UnreadableAudioError):
        run(tmp_path / "gone.wav")
    with pytest.raises(UnwritableAudioError):
        run(clean, "-o", tmp_path / "nowhere" / "out.wav")
    record = tmp_path / "bad.json"
    record.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bad\.json"):
        run(clean, "--replay", record)
    record.write_text('{"volume": 3}')
    with pytest.raises(ConfigError, match=r"bad\.json: degradation: unknown key 'volume'"):
        run(clean, "--replay", record)


def test_a_file_that_is_too_long_is_refused(clean, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_SAMPLES", 44_100)
    with pytest.raises(ConfigError, match="longer than 0 minutes: cut it into parts"):
        run(clean)


def test_where_the_output_goes(tmp_path):
    source = tmp_path / "take.one.flac"
    assert degraded_path(source, None) == tmp_path / "take.one.degraded.flac"
    assert degraded_path(source, tmp_path) == tmp_path / "take.one.degraded.flac"
    assert degraded_path(source, tmp_path / "x.wav") == tmp_path / "x.wav"
    with pytest.raises(ConfigError, match="standard input: say where"):
        degraded_path(files.Path("-"), None)
