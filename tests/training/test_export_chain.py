"""Runs of chains become bundles: the graphs say what torch says, and what does not fit is refused."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from chain_bundles import SIZES, tiny_bundle, tiny_run
from goodtake.bundles import load_bundle
from goodtake.bundles.registry import INSTALLED
from goodtake.diffusion.dpm_solver import DPMSolver
from goodtake.diffusion.sampling import draw_sample
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.dsp.mel_inversion import log_mel_to_wave
from goodtake.dsp_torch import stft
from goodtake.enhancement.chain.diffwave import DiffWaveStream
from goodtake.enhancement.chain.engine import open_chain
from goodtake.enhancement.chain.griffin_lim import GriffinLimVocoder
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.enhancement.chain.noise import noise_at
from goodtake.enhancement.engine import EngineOptions
from goodtake.enhancement.enhancer import Enhancer
from goodtake.errors import ConfigError
from goodtake.models.diffwave import DiffWaveConfig
from goodtake.models.mel2mel import Mel2MelConfig
from goodtake.models.musecoder import MusecoderConfig
from goodtake.training.chain import SCHEDULE
from goodtake.training.export_chain import export_chain
from goodtake.training.recipe import RECIPE_NAME

ONE_THREAD = EngineOptions(threads=1)


def music(samples=20_011, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / 16_000
    tones = sum(np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) for f in (220, 331, 700, 2100))
    return (0.05 * tones + 0.01 * rng.standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize("frames", [4, 236])
@pytest.mark.parametrize("residual", [False, True])
def test_mel2mel_graph_equals_torch(tmp_path, frames, residual):
    chain = tiny_bundle(
        tmp_path / "m", "mel2mel+griffinlim", mel2mel=Mel2MelConfig(channels=4, blocks=2, residual=residual), stir=3.0
    )
    mel = torch.randn(1, 128, frames, generator=torch.Generator().manual_seed(1)) * 6 - 4
    (got,) = load_bundle(tmp_path / "m").session("mel2mel", 1).run(None, {"mel": mel.numpy()})
    np.testing.assert_allclose(got, chain.networks["mel2mel"](mel).numpy(), atol=2e-3)


@pytest.mark.parametrize("phase", ["own", "guided"])
def test_musecoding_equals_torch(tmp_path, phase):
    config = MusecoderConfig(phase=phase, dim=16, hidden=24, dilations=(1, 2))
    chain = tiny_bundle(tmp_path / "m", "musecoder", musecoder=config, stir=2.0)
    wave = music()
    mel = log_mel(wave, MelConfig())
    recording = torch.from_numpy(wave)[None]
    guide = stft(recording, config.mel.grid) if phase == "guided" else None
    wanted = chain.networks["musecoder"].synthesise(torch.from_numpy(mel)[None], len(wave), guide)[0].numpy()
    got = open_chain(str(tmp_path / "m"), ONE_THREAD).musecode(mel, len(wave), wave if phase == "guided" else None)
    np.testing.assert_allclose(got, wanted, atol=1e-3 * np.abs(wanted).max())


def test_diffwave_equals_torch_with_the_same_noise(tmp_path):
    chain = tiny_bundle(tmp_path / "m", "diffwave", stir=1.5)
    net = chain.networks["diffwave"]
    wave = music(8000)
    mel = log_mel(wave, MelConfig())

    def predict(noisy, step):
        return net(torch.from_numpy(noisy)[None], torch.tensor([step]), torch.from_numpy(mel)[None])[0].numpy()

    solver = DPMSolver(SCHEDULE)
    solver.set_timesteps(3)
    wanted = draw_sample(solver, predict, noise_at(4, 0, 0, 32 * 256), lambda index: np.empty(0, np.float32))[:8000]
    engine = open_chain(str(tmp_path / "m"), EngineOptions(threads=1, steps=3, seed=4))
    engine._vocoder.matches = 0  # as drawn
    got = engine.musecode(mel, 8000)
    np.testing.assert_allclose(got, wanted, atol=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("steps", [1, 3, 6])
def test_diffwave_on_windows_equals_the_whole(tmp_path, steps):
    """Dilations of at most 8 reach 15 samples a step: a few frames of context are enough for many steps, exactly."""
    tiny_bundle(tmp_path / "m", "diffwave", stir=1.5)
    engine = open_chain(str(tmp_path / "m"), EngineOptions(threads=1, steps=steps))
    wave = music(12_000)
    mel = log_mel(wave, MelConfig())
    vocoder = engine._vocoder
    vocoder.matches = 0
    whole = vocoder.sample(mel, 0)[:12_000]
    stream = DiffWaveStream(vocoder, 12_000, window_frames=11)
    frames = MelFrames(mel[None], mel, np.zeros((1, 513, mel.shape[1]), np.complex64))
    parts = np.concatenate([*stream.feed(frames), *stream.flush()], axis=1)[0]
    assert parts.shape == whole.shape
    np.testing.assert_allclose(parts, whole, atol=1e-3 * np.abs(whole).max())


def test_griffin_lim_as_a_stream_equals_the_whole():
    wave = music(17 * 16_000)  # two segments
    config = MelConfig()
    mel = log_mel(wave, config)
    wanted = log_mel_to_wave(mel, config, len(wave), np.random.default_rng(3), iterations=4)
    stream = GriffinLimVocoder(config, seed=3, iterations=4).stream(1, len(wave), 512)
    made = []
    for first in range(0, mel.shape[1], 333):
        part = mel[:, first : first + 333]
        made += stream.feed(MelFrames(part[None], part, np.zeros((1, 513, part.shape[1]), np.complex64)))
    made += stream.flush()
    assert len(made) == 2
    got = np.concatenate(made, axis=1)[0]
    assert got.shape == wanted.shape
    assert np.linalg.norm(got - wanted) < 0.01 * np.linalg.norm(wanted)


@pytest.mark.parametrize("lstm_layers", [0, 2])
def test_demucs_equals_torch(tmp_path, lstm_layers):
    from dataclasses import replace

    chain = tiny_bundle(tmp_path / "m", "demucs", demucs=replace(SIZES["demucs"], lstm_layers=lstm_layers))
    wave = music(20_011)
    wave *= 0.1 / np.sqrt(np.mean(wave**2))
    wanted = chain.networks["demucs"](torch.from_numpy(wave)[None, None])[0, 0].numpy()
    got = Enhancer(str(tmp_path / "m"), threads=1).enhance(wave, 16_000)
    assert np.corrcoef(got, wanted)[0, 1] > 0.9999  # but for the loudness, which is matched


def test_two_runs_make_one_bundle(tmp_path):
    tiny_run(tmp_path / "a", "mel2mel")
    tiny_run(tmp_path / "b", "musecoder", seed=1)
    export_chain([tmp_path / "b", tmp_path / "a"], tmp_path / "both", name="mel2mel-fast")
    bundle = load_bundle(tmp_path / "both")
    assert (bundle.name, bundle.engine) == ("mel2mel-fast", "chain")
    assert bundle.config["chain"]["pipeline"] == ["mel2mel", "musecoder"]
    assert bundle.config["chain"]["context_frames"] == SIZES["musecoder"].context_frames
    assert bundle.config["training"] == {"mel2mel": {"steps": 7}, "musecoder": {"steps": 7}}
    assert "ISTFT musecoder" in bundle.title
    weights = load_file(tmp_path / "both" / "weights.safetensors")
    assert {name.split(".")[0] for name in weights} == {"mel2mel", "musecoder"}
    assert all(value.dtype == np.float16 for value in weights.values())


def test_music_is_matched_to_what_was_trained_to_be_a_spectrogram(tmp_path):
    tiny_run(tmp_path / "apart", "mel2mel")
    tiny_run(tmp_path / "vocoder", "diffwave", seed=1)
    tiny_run(tmp_path / "joint", "mel2mel", "diffwave", seed=2)

    def matched(name, *sources, pipeline="mel2mel+diffwave"):
        export_chain([tmp_path / source for source in sources], tmp_path / name, pipeline=pipeline)
        return load_bundle(tmp_path / name).config["chain"]["matched"]

    assert matched("independent", "apart", "vocoder")
    assert matched("independent-on", "independent", "vocoder")
    assert matched("alone", "vocoder", pipeline="diffwave")
    tiny_run(tmp_path / "tuned", "mel2mel", "diffwave", begin={"diffwave": str(tmp_path / "vocoder")}, seed=3)
    assert matched("finetuned", "tuned")
    assert not matched("together", "joint")
    assert not matched("together-on", "together", "vocoder")


def test_a_bundle_gives_the_networks_that_no_run_holds(tmp_path):
    old = tiny_bundle(tmp_path / "old", "mel2mel+musecoder")
    new = tiny_run(tmp_path / "run", "mel2mel", seed=5, steps_before={"mel2mel": 40})
    export_chain([tmp_path / "old", tmp_path / "run"], tmp_path / "new")
    assert load_bundle(tmp_path / "new").config["chain"] == load_bundle(tmp_path / "old").config["chain"]
    weights = load_file(tmp_path / "new" / "weights.safetensors")
    for chain, network in ((new, "mel2mel"), (old, "musecoder")):
        for name, value in chain.networks[network].state_dict().items():
            np.testing.assert_array_equal(weights[f"{network}.{name}"], value.numpy(), err_msg=name)
    steps = load_bundle(tmp_path / "new").config["training"]
    assert steps == {"mel2mel": {"steps": 40 + 7}, "musecoder": {"steps": 7}}


def test_frozen_networks_keep_the_steps_they_began_with(tmp_path):
    tiny_run(tmp_path / "run", "mel2mel", "diffwave", frozen=("diffwave",), steps_before={"diffwave": 40})
    export_chain([tmp_path / "run"], tmp_path / "new")
    assert load_bundle(tmp_path / "new").config["training"] == {"mel2mel": {"steps": 7}, "diffwave": {"steps": 40}}


def test_an_engine_of_another_kind_is_no_chain(tmp_path):
    with pytest.raises(ConfigError, match="is a model of the kind 'studio': give a chain"):
        export_chain([INSTALLED / "studio"], tmp_path / "new")


@pytest.mark.parametrize(
    ("networks", "pipeline", "message"),
    [
        ([("mel2mel", {}), ("mel2mel", {})], None, "both .* hold mel2mel: give one of them"),
        ([("mel2mel", {})], None, "pipeline mel2mel: give mel2mel. and one of"),
        ([("mel2mel", {})], "mel2mel+diffwave", "no run given holds diffwave"),
        ([("musecoder", {})], "mel2mel+griffinlim", "no run given holds mel2mel"),
        (
            [("mel2mel", {}), ("diffwave", {"diffwave": DiffWaveConfig(mel=MelConfig(n_mels=80))})],
            None,
            "different mel spectrograms",
        ),
        ([("mel2mel", {}), ("musecoder", {"level": "peak"})], None, "trained at different levels"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path, networks, pipeline, message):
    for number, (network, config) in enumerate(networks):
        tiny_run(tmp_path / str(number), network, **config)
    runs = [tmp_path / str(number) for number in range(len(networks))]
    with pytest.raises(ConfigError, match=message):
        export_chain(runs, tmp_path / "out", pipeline=pipeline)
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_those_of_the_recipe_are_refused(tmp_path):
    tiny_run(tmp_path / "run", "mel2mel")
    tiny_run(tmp_path / "other", "mel2mel", mel2mel=Mel2MelConfig(channels=8, blocks=1))
    recipe = (tmp_path / "other" / RECIPE_NAME).read_text()
    (tmp_path / "run" / RECIPE_NAME).write_text(recipe)
    with pytest.raises(ConfigError, match="another architecture than its recipe"):
        export_chain([tmp_path / "run"], tmp_path / "out", pipeline="mel2mel+griffinlim")


def test_musecoding_wants_what_fits(tmp_path):
    tiny_bundle(tmp_path / "guided", "musecoder")
    tiny_bundle(tmp_path / "demucs", "demucs")
    mel = log_mel(music(5000), MelConfig())
    with pytest.raises(ConfigError, match="bends the phase of a recording: give one of 5000 samples"):
        open_chain(str(tmp_path / "guided"), ONE_THREAD).musecode(mel, 5000)
    with pytest.raises(ConfigError, match=r"log mel of shape .* for 9000 samples: give \(128, 36\)"):
        open_chain(str(tmp_path / "guided"), ONE_THREAD).musecode(mel, 9000, music(9000))
    with pytest.raises(ConfigError, match="has no musecoder"):
        open_chain(str(tmp_path / "demucs"), ONE_THREAD).musecode(mel, 5000)


def test_the_command_exports_chains_and_lists_what_they_are(tmp_path, monkeypatch, capsys):
    from goodtake.cli.main import run

    def call(*words):
        monkeypatch.setattr("sys.argv", ["goodtake", *(str(word) for word in words)])
        try:
            run()
        except SystemExit as end:
            return end.code or 0, capsys.readouterr()
        return 0, capsys.readouterr()

    tiny_run(tmp_path / "a", "mel2mel")
    status, said = call("export", tmp_path / "a", "-o", tmp_path / "gl", "--pipeline", "mel2mel+griffinlim")
    assert status == 0
    assert "is ready: goodtake enhance --model" in said.out
    monkeypatch.setattr("goodtake.bundles.registry.INSTALLED", tmp_path)
    status, said = call("models")
    assert status == 0
    assert "16 kHz: translates log-mel spectrograms, Griffin-Lim" in said.out
    assert " MB" in said.out
    status, said = call("export", tmp_path / "a", "-o", tmp_path / "x", "--pipeline", "telepathy")
    assert status == 1
    assert "no run given holds telepathy" in said.err
