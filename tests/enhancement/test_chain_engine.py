"""Chains as engines: every pipeline keeps the promises of `goodtake enhance`, with tiny networks."""

import tracemalloc

import numpy as np
import pytest
from enhance_cases import melody, write

from chain_bundles import tiny_bundle
from goodtake.audio import read_audio
from goodtake.bundles import load_bundle
from goodtake.diffusion.sampling import draw_sample
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.enhancement.chain.engine import ChainEngine, open_chain
from goodtake.enhancement.engine import EngineOptions
from goodtake.enhancement.enhancer import Enhancer
from goodtake.enhancement.survey import diagnose
from goodtake.errors import BundleError, ConfigError

PIPELINES = ("mel2mel+musecoder", "mel2mel+griffinlim", "mel2mel+diffwave", "musecoder", "demucs")


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    for pipeline in PIPELINES:
        tiny_bundle(folder / pipeline, pipeline, stir=2.5 if pipeline == "demucs" else 1.0)  # not to be almost silent
    return folder


@pytest.fixture
def opened(bundles):
    """Opens a pipeline by its name; Griffin-Lim in few iterations."""

    def call(pipeline, strength=1.0, **options):
        enhancer = Enhancer(str(bundles / pipeline), strength, threads=1, **options)
        if hasattr(enhancer.engine._vocoder, "iterations"):
            enhancer.engine._vocoder.iterations = 3
        return enhancer

    return call


def streamed(enhancer, wave, rate, sizes, chunk_frames=512):
    def blocks():
        at = 0
        while at < wave.shape[1]:
            for size in sizes:
                yield wave[:, at : at + size]
                at += size

    survey = enhancer.survey(blocks(), rate, wave.shape[0])
    return np.concatenate(list(enhancer.stream(blocks, survey, chunk_frames)), axis=1)


def decibels(error, reference):
    return 20 * np.log10(np.linalg.norm(error) / np.linalg.norm(reference) + 1e-12)


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_length_channels_and_loudness_stay(opened, pipeline, rate):
    wave = 0.1 * melody(0.7, rate)[:, : 7 * rate // 10 - 3]
    enhancer = opened(pipeline)
    survey = enhancer.survey([wave], rate, 2)
    out = enhancer.enhance(wave, rate)
    assert out.shape == wave.shape
    assert np.isfinite(out).all()
    assert np.abs(out - wave).max() > 1e-4
    assert enhancer.survey([out], rate, 2).loudness == pytest.approx(survey.loudness, abs=0.5)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_streamed_equals_whole(opened, pipeline):
    wave = melody(2.3, 22_050)
    enhancer = opened(pipeline)
    whole = enhancer.enhance(wave, 22_050)
    parts = streamed(enhancer, wave, 22_050, [1, 999, 12_345])
    assert decibels(parts - whole, whole) < -80


def test_the_musecoder_makes_the_same_of_any_number_of_frames(opened):
    wave = melody(2.3, 22_050)
    enhancer = opened("mel2mel+musecoder")
    whole = enhancer.enhance(wave, 22_050)
    assert decibels(streamed(enhancer, wave, 22_050, [7000], chunk_frames=17) - whole, whole) < -80


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("samples", [0, 1, 3000])
def test_takes_that_say_too_little_are_left_alone(opened, pipeline, samples):
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, (1, samples)).astype(np.float32)
    np.testing.assert_array_equal(opened(pipeline).enhance(wave, 44_100), wave)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_silence_stays_silence_and_strength_0_changes_no_bit(opened, pipeline):
    silence, wave = np.zeros((2, 44_100), np.float32), melody(0.5)
    np.testing.assert_array_equal(opened(pipeline).enhance(silence, 44_100), silence)
    np.testing.assert_array_equal(opened(pipeline, 0.0).enhance(wave, 44_100), wave)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_equal_channels_stay_equal_and_are_those_of_mono(opened, pipeline):
    wave = melody(0.6, 44_100, channels=1)
    enhancer = opened(pipeline)
    out = enhancer.enhance(np.concatenate([wave, wave]), 44_100)
    np.testing.assert_array_equal(out[0], out[1])
    mono = enhancer.enhance(wave, 44_100)
    # Two loudspeakers are 3 LU louder, before as after.
    assert decibels(out[0] - mono[0], mono[0]) < -40


def test_a_guided_musecoder_leaves_every_source_where_it_is(opened):
    wave = melody(1.0, 16_000, channels=1)
    wide = np.concatenate([wave, -0.25 * wave, 0 * wave])
    out = opened("mel2mel+musecoder").enhance(wide, 16_000)
    assert decibels(out[1] + 0.25 * out[0], out[1]) < -60
    assert np.abs(out[2]).max() < 1e-6


@pytest.mark.parametrize("pipeline", ["mel2mel+griffinlim", "mel2mel+diffwave"])
def test_a_seed_gives_the_same_bytes_and_another_seed_others(opened, pipeline):
    wave = melody(0.6, 44_100)
    first, again, other = (opened(pipeline, seed=seed).enhance(wave, 44_100) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_steps_change_what_diffusion_makes(opened):
    wave = melody(0.4, 16_000)
    made = [opened("mel2mel+diffwave", steps=steps).enhance(wave, 16_000) for steps in (2, 6, None, 50)]
    assert np.abs(made[0] - made[1]).max() > 1e-3
    assert np.abs(made[1] - made[3]).max() > 1e-3
    np.testing.assert_array_equal(made[1], made[2])
    strict = opened("mel2mel+diffwave", strict_paper=True)
    assert strict.engine.steps == 50


def test_music_of_diffusion_has_the_spectrogram_it_was_made_of_unless_strict(tmp_path):
    tiny_bundle(tmp_path / "vocoder", "diffwave")
    wave = melody(1.5, 16_000, channels=1, noise_db=-120)[0]
    mel = log_mel(wave, MelConfig())
    distances = {}
    for strict in (False, True):
        engine = open_chain(str(tmp_path / "vocoder"), EngineOptions(steps=2, strict_paper=strict))
        distances[strict] = np.abs(log_mel(engine.musecode(mel, wave.size), MelConfig()) - mel).mean()
    assert distances[False] < 0.3 * distances[True]


def test_calls_of_the_network_are_the_steps(opened, monkeypatch):
    calls = []

    def counting(sampler, predict_noise, start, draw_noise):
        def predict(noisy, step):
            calls.append(step)
            return predict_noise(noisy, step)

        return draw_sample(sampler, predict, start, draw_noise)

    monkeypatch.setattr("goodtake.enhancement.chain.diffwave.draw_sample", counting)
    opened("mel2mel+diffwave", steps=3).enhance(melody(0.5, 16_000, channels=1), 16_000)
    assert len(calls) == 3
    assert calls[0] == 50
    assert calls == sorted(calls, reverse=True)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_only_the_strict_form_loses_what_lies_above_8_khz(opened, pipeline):
    rate = 44_100
    time = np.arange(rate) / rate
    wave = melody(1.0, rate, channels=1, noise_db=-30) + 0.05 * np.sin(2 * np.pi * 12_000 * time).astype(np.float32)
    kept, strict = (opened(pipeline, strict_paper=strict).enhance(wave, rate) for strict in (False, True))
    assert tone(strict, rate) < 1e-3 * tone(wave, rate)
    assert tone(kept, rate) > 0.05 * tone(wave, rate)


def tone(wave, rate):
    spectrum = np.abs(np.fft.rfft(wave[0] * np.hanning(wave.shape[1])))
    place = round(12_000 / rate * wave.shape[1])
    return float(spectrum[place - 2 : place + 3].max())


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_nothing_comes_late(bundles, monkeypatch, rate):
    """A click stays on its sample: a musecoder that was told to change nothing shows what the way itself does."""
    enhancer = Enhancer(str(bundles / "musecoder"), threads=1, strict_paper=True)
    monkeypatch.setattr(enhancer.engine._vocoder, "rotated", lambda shared, recording: recording)
    wave = np.zeros((1, rate), np.float32)
    wave[0, rate // 2 + 17] = 1.0
    out = enhancer.enhance(wave, rate)
    assert int(np.argmax(np.abs(out))) == rate // 2 + 17
    mirrored = out[0, rate // 2 + 17 - 40 :][:81]
    np.testing.assert_allclose(mirrored, mirrored[::-1], atol=1e-3)


def test_memory_does_not_grow_with_the_take(opened):
    enhancer = opened("mel2mel+musecoder")
    block = melody(4.0, 16_000)

    class Forgetful:
        def put(self, wave):
            pass

        def take(self):
            return iter(())

    def peak(blocks):
        def take():
            return (block for _ in range(blocks))

        survey = enhancer.survey(take(), 16_000, 2)
        tracemalloc.start()
        try:
            for _ in enhancer.stream(take, survey, store=Forgetful()):
                pass
            return tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()

    peak(2)
    short, long = peak(8), peak(24)
    assert long < 1.15 * short + 1
    assert long < 80


def test_options_that_an_engine_does_not_have(opened, bundles):
    with pytest.raises(ConfigError, match="knows no --steps: only models with a diffusion musecoder"):
        opened("mel2mel+griffinlim", steps=6)
    with pytest.raises(ConfigError, match="knows no --seed: nothing in it is drawn"):
        opened("mel2mel+musecoder", seed=1)
    with pytest.raises(ConfigError, match="model studio knows no --strict-paper"):
        Enhancer(strict_paper=True)
    with pytest.raises(ConfigError, match="0 steps: give 1 or more"):
        opened("mel2mel+diffwave", steps=0)
    with pytest.raises(ConfigError, match="seed -1: give a whole number"):
        opened("mel2mel+diffwave", seed=-1)


def test_a_chain_cannot_diagnose(opened, tmp_path):
    take = write(tmp_path / "take.wav", melody(0.5))
    with pytest.raises(ConfigError, match=r"has no take net.*diagnose with --model studio"):
        diagnose(take, opened("mel2mel+musecoder"))


@pytest.mark.parametrize("chain", [None, {"pipeline": ["telepathy"]}, {"surprise": 1}])
def test_a_bundle_without_sound_settings_is_refused(bundles, chain, monkeypatch):
    bundle = load_bundle(bundles / "mel2mel+musecoder")
    if chain is None:
        del bundle.config["chain"]
    else:
        bundle.config["chain"] = chain
    with pytest.raises(BundleError, match=r"export (it|the model) again"):
        ChainEngine(bundle, EngineOptions())


def test_the_command_takes_the_options(cli, refused, bundles, tmp_path):
    take = write(tmp_path / "take.wav", melody(0.5))
    model = bundles / "mel2mel+diffwave"
    words = ["--model", model, "--steps", 2, "--seed", 3, "--strict-paper", "-q"]
    assert cli("enhance", take, "-o", tmp_path / "out.wav", *words).status == 0
    wave, _ = read_audio(tmp_path / "out.wav")
    assert wave.shape == (2, 22_050)
    assert "knows no --steps" in refused("enhance", take, "--steps", 6)
    assert "has no take net" in refused("diagnose", take, "--model", model)
