"""Every kind of system that needs no set-up, by one contract; and what each does to music."""

import numpy as np
import pytest
from system_cases import BENCHMARK, case_of, melody, si_sdr, system, with_noise

from chain_bundles import tiny_bundle
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems import SYSTEMS, make_system
from goodtake.metrics import mrs

KINDS = sorted(set(SYSTEMS) - {"command", "folder"})
ORACLES = {"griffinlim", "musecoder", "irm"}
ENGINES = {"engine": "studio", "musecoder": "mel2mel-fast"}


def make(kind: str, **options: float):
    return system("mine", kind=kind, engine=ENGINES.get(kind, ""), options=options)


@pytest.fixture(scope="module")
def made():
    return {kind: make(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_the_shape_stays_and_nothing_is_drawn_by_chance(made, kind, channels, rate):
    clean = melody(0.7, rate, channels)
    case = case_of(with_noise(clean, 10), clean, rate)
    given = case.degraded.copy(), case.clean.copy()
    first, again = made[kind](case), make(kind)(case)
    assert first.shape == clean.shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.tobytes() == again.tobytes()
    np.testing.assert_array_equal(case.degraded, given[0])
    np.testing.assert_array_equal(case.clean, given[1])
    assert not np.shares_memory(first, case.degraded)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("samples", [1, 7, 255, 1023, 1025, 5003])
def test_short_and_odd_lengths(made, kind, samples):
    clean = melody(1.0)[:, 100 : 100 + samples]
    assert made[kind](case_of(with_noise(clean, 10), clean)).shape == (1, samples)


@pytest.mark.parametrize("kind", KINDS)
def test_silence_stays_silence(made, kind):
    silence = np.zeros((2, 8000), np.float32)
    assert not made[kind](case_of(silence)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_noise_over_a_silent_reference_is_no_failure(made, kind):
    noise = with_noise(melody(0.5), -60)
    assert np.isfinite(made[kind](case_of(noise, np.zeros_like(noise)))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_channels_stay_in_order(made, kind):
    clean = np.concatenate([melody(1.5), 0.2 * melody(1.5, seed=3)])
    output = made[kind](case_of(with_noise(clean, 20), clean))
    energy = np.linalg.norm(output, axis=1)
    assert energy[0] > 2 * energy[1]
    swapped = made[kind](case_of(with_noise(clean, 20)[::-1].copy(), clean[::-1].copy()))
    energy = np.linalg.norm(swapped, axis=1)
    assert energy[1] > 2 * energy[0]


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_is(made, kind):
    assert made[kind].oracle == (kind in ORACLES)
    assert made[kind].version
    assert len(made[kind].digest) == 64
    assert len({entry.digest for entry in made.values()}) == len(made)


def test_nothing_does_nothing():
    wave = with_noise(melody(1.0, channels=2), 5)
    np.testing.assert_array_equal(make_system("nothing", BENCHMARK)(case_of(wave)), wave)


@pytest.mark.parametrize(
    ("kind", "gain_db"), [("noisereduce", 0.2), ("afftdn", 1.0), ("wiener", 8.0), ("engine", 1.0), ("irm", 10.0)]
)
@pytest.mark.parametrize("rate", [16000, 44100])
def test_white_noise_is_lowered(made, kind, gain_db, rate):
    clean = melody(4.0, rate)
    degraded = with_noise(clean, 5)
    output = made[kind](case_of(degraded, clean, rate))
    assert si_sdr(output, clean) > si_sdr(degraded, clean) + gain_db


@pytest.mark.parametrize("kind", ["nothing", "noisereduce", "afftdn", "wiener", "irm"])
@pytest.mark.parametrize("rate", [16000, 44100, 22050])
def test_nothing_is_moved_in_time(made, kind, rate):
    clean = melody(2.0, rate)
    output = made[kind](case_of(with_noise(clean, 20), clean, rate))
    likeness = {shift: np.vdot(np.roll(output, shift), clean) for shift in range(-20, 21)}
    assert max(likeness, key=likeness.__getitem__) == 0


@pytest.mark.parametrize(
    ("kind", "least_db"), [("noisereduce", 3.0), ("afftdn", 25.0), ("wiener", 30.0), ("engine", 25.0), ("irm", 80.0)]
)
def test_a_clean_melody_is_left_alone(made, kind, least_db):
    clean = melody(4.0)
    assert si_sdr(made[kind](case_of(clean)), clean) > least_db


def test_only_oracles_look_at_the_reference(made):
    clean = melody(1.0)
    degraded = with_noise(clean, 5)
    for kind, tested in made.items():
        with_other = tested(case_of(degraded, melody(1.0, seed=9)))
        same = np.array_equal(with_other, tested(case_of(degraded, clean)))
        assert same == (kind not in ORACLES), kind


@pytest.mark.parametrize("kind", ["griffinlim", "musecoder"])
def test_the_mel_oracles_beat_doing_nothing(made, kind):
    clean = melody(4.0)
    degraded = with_noise(clean + 1e-3 * np.random.default_rng(4).standard_normal(clean.shape).astype(np.float32), 5)
    rebuilt = made[kind](case_of(degraded, clean))
    assert mrs(rebuilt, clean, 16000) < 0.6 * mrs(degraded, clean, 16000)


def test_the_ratio_mask_knows_nothing_of_the_scale(made):
    clean = melody(2.0)
    degraded = with_noise(clean, 5)
    loud, soft = (made["irm"](case_of(degraded, gain * clean)) for gain in (1.0, 0.3))
    np.testing.assert_allclose(loud, soft, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "gentle", "strong"),
    [
        ("noisereduce", {"prop_decrease": 0.2}, {"prop_decrease": 1.0}),
        ("noisereduce", {"stationary": 1, "prop_decrease": 0.2}, {"stationary": 1}),
        ("afftdn", {"noise_reduction_db": 3}, {"noise_reduction_db": 30}),
        ("wiener", {"floor_db": -6}, {"floor_db": -40}),
        ("wiener", {"quantile": 0.2, "smoothing": 0.5}, {"smoothing": 0.98}),
        ("irm", {"exponent": 0.2}, {"exponent": 2}),
    ],
)
def test_options_reach_the_method(kind, gentle, strong):
    clean = 0.001 * np.random.default_rng(1).standard_normal((1, 48000)).astype(np.float32)
    clean[:, 40000:] = melody(0.5)
    degraded = clean + 0.003 * np.random.default_rng(0).standard_normal(clean.shape).astype(np.float32)
    left = [
        np.linalg.norm(make(kind, **options)(case_of(degraded, clean))[:, 8000:38000]) for options in (gentle, strong)
    ]
    assert left[1] < 0.9 * left[0] < np.linalg.norm(degraded[:, 8000:38000])
    assert make(kind, **gentle).digest != make(kind, **strong).digest


def test_the_seed_and_the_iterations_of_the_mel_oracle():
    clean = melody(1.0)
    outputs = [make("griffinlim", **options)(case_of(clean)) for options in ({}, {"seed": 1}, {"iterations": 2})]
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01
    assert mrs(outputs[2], clean, 16000) > mrs(outputs[0], clean, 16000)


def test_a_guided_musecoder_hears_the_phase_of_the_input(made):
    clean = melody(2.0)
    kept, turned = (si_sdr(made["musecoder"](case_of(wave, clean)), clean) for wave in (clean, -clean))
    assert kept > 3
    assert turned == pytest.approx(kept, abs=0.5)  # SI-SDR does not see the sign
    assert si_sdr(made["musecoder"](case_of(np.roll(clean, 400), clean)), clean) < kept - 3


def test_the_level_of_a_clip_goes_through_the_musecoder(made):
    clean = melody(2.0)
    loud, soft = (made["musecoder"](case_of(gain * clean)) for gain in (1.0, 0.05))
    np.testing.assert_allclose(0.05 * loud, soft, atol=1e-5)


@pytest.mark.parametrize("kind", ["engine", "musecoder"])
def test_steps_and_seed_reach_the_sampling(kind, tmp_path):
    tiny_bundle(tmp_path / "tiny", "mel2mel+diffwave")
    given = ({}, {"steps": 2}, {"seed": 5}, {"strict_paper": 1}, {})
    made = [system("mine", kind=kind, engine=str(tmp_path / "tiny"), options=options) for options in given]
    outputs = [tested(case_of(melody(0.5))) for tested in made]
    assert [np.array_equal(outputs[0], output) for output in outputs] == [True, False, False, False, True]
    assert len({tested.digest for tested in made}) == 4


def test_the_strength_of_an_engine():
    degraded = with_noise(melody(2.0), 5)
    off, half, full = (
        make_system(SystemSpec("mine", engine="studio", strength=strength), BENCHMARK) for strength in (0.0, 0.5, 1.0)
    )
    changes = [np.linalg.norm(tested(case_of(degraded)) - degraded) for tested in (off, half, full)]
    assert changes[0] == 0
    assert changes[0] < changes[1] < changes[2]
    assert len({off.digest, half.digest, full.digest}) == 3
