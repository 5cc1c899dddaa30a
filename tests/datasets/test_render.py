"""The renderer as users call it: any rate, any length, seeded, replayable."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_notes import write_library, write_notes
from test_render_music import write_midi

from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.render import Renderer, RenderPlan
from goodtake.datasets.render.scores import read_scores
from goodtake.errors import ConfigError, DatasetError


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return NoteLibrary.from_index(write_library(tmp_path_factory.mktemp("render") / "library"), "train", 48_000)


@pytest.fixture(scope="module")
def renderer(library):
    return Renderer(library)


@pytest.mark.parametrize("polyphony", ["solo", "lines", "ensemble", None])
@pytest.mark.parametrize(("sample_rate", "channels"), [(8_000, 1), (16_000, 2), (44_100, 1), (48_000, 2)])
def test_clips_have_the_shape_asked_for(renderer, polyphony, sample_rate, channels):
    for seed, samples in enumerate((sample_rate, 1999, 2 * sample_rate + 7)):
        wave = renderer.clip(np.random.default_rng(seed), samples, sample_rate, channels, polyphony)
        assert wave.shape == (channels, samples)
        assert wave.dtype == np.float32
        assert wave.flags.c_contiguous
        assert np.isfinite(wave).all()
        assert 0.2 < np.abs(wave).max() <= 1


def test_the_same_seed_gives_the_same_bytes(library):
    first = [Renderer(library).clip(np.random.default_rng(7), 16_000, 16_000, 2).tobytes() for _ in range(2)]
    assert first[0] == first[1]
    shared = Renderer(library)
    for seed in range(3):  # what was rendered before must not matter
        shared.clip(np.random.default_rng(seed), 16_000)
    assert shared.clip(np.random.default_rng(7), 16_000, 16_000, 2).tobytes() == first[0]
    assert shared.clip(np.random.default_rng(8), 16_000, 16_000, 2).tobytes() != first[0]


@pytest.mark.parametrize("polyphony", ["solo", "lines", "ensemble"])
def test_plans_replay_from_json(renderer, polyphony):
    clip = renderer.render(np.random.default_rng(1), 1.5, 16_000, 2, polyphony)
    again = RenderPlan.from_dict(json.loads(json.dumps(clip.plan.to_dict())))
    assert again == clip.plan
    assert renderer.apply(again).wave.tobytes() == clip.wave.tobytes()


@pytest.mark.parametrize("change", [{"voices": None}, {"bars": 4}, {"mix": {}}])
def test_broken_plans_are_an_error(renderer, change):
    plan = renderer.draw(np.random.default_rng(1), 16_000, 16_000, 1)
    with pytest.raises(ConfigError, match="render plan"):
        RenderPlan.from_dict({**plan.to_dict(), **change})


def test_clips_tell_what_is_heard(renderer, library):
    clip = renderer.render(np.random.default_rng(2), 3.0, 16_000, 1, "ensemble")
    assert clip.sample_rate == 16_000
    assert set(clip.sources) == {event.source for event in clip.events}
    assert {library.note(source).licence for source in clip.sources} == {"CC0"}
    assert all(event.start_s < 3.0 for event in clip.events)


def test_polyphony_is_what_was_asked_for(renderer):
    players = {"solo": set(), "lines": set(), "ensemble": set()}
    families = set()
    for polyphony, counts in players.items():
        for seed in range(30):
            plan = renderer.draw(np.random.default_rng(seed), 32_000, 16_000, 1, polyphony)
            counts.add(len(plan.voices))
            if polyphony == "ensemble":
                families |= {voice.family for voice in plan.voices}
    assert players["solo"] == {1}
    assert {1, 2, 3, 4} >= players["lines"] >= {2, 3}
    assert max(players["ensemble"]) >= 4
    assert {"drum", "plucked", "keys"} <= families


def test_render_begins_with_the_music_and_clip_in_its_middle(renderer):
    for seed in range(12):
        rendered = renderer.draw(np.random.default_rng(seed), 32_000, 16_000, 1, "solo")
        first = min(event.start_s for event in rendered.voices[0].events)
        assert 0 < first < 0.2
        clipped = renderer.draw(np.random.default_rng(seed), 32_000, 16_000, 1, "solo", sounding=True)
        events = clipped.voices[0].events
        assert min(event.start_s for event in events) <= 0
        assert any(event.start_s <= 0 <= event.start_s + max(event.duration_s, 0.25) for event in events)


def test_there_is_no_digital_silence(renderer):
    for seed in range(12):
        wave = renderer.render(np.random.default_rng(seed), 2.0, 16_000).wave[0]
        quietest = np.abs(wave[: len(wave) // 400 * 400].reshape(-1, 400)).max(axis=1).min()
        assert quietest > 1e-6


def test_scores_are_played(library, tmp_path):
    write_midi(tmp_path / "tune.mid", tracks=((60, 64, 67, 72) * 8, (48, 52, 55, 60) * 8))
    renderer = Renderer(library, read_scores([tmp_path]))
    names = [renderer.draw(np.random.default_rng(seed), 32_000, 16_000, 1, "lines").music for seed in range(30)]
    assert 5 < names.count("tune") < 25


def test_scored_pitches_keep_their_intervals(library, tmp_path):
    write_midi(tmp_path / "tune.mid", tracks=((60, 64, 67, 72) * 16,))
    renderer = Renderer(library, read_scores([tmp_path]), {"oboe": 1.0, **dict.fromkeys(SILENT, 0.0)})
    for seed in range(20):
        plan = renderer.draw(np.random.default_rng(seed), 64_000, 16_000, 1, "solo")
        if plan.music == "tune":
            steps = np.diff([event.midi_pitch for event in plan.voices[0].events])
            assert set(steps % 12) <= {4, 3, 5, 0}
            assert {event.velocity for event in plan.voices[0].events} != {0.6}


SILENT = ("piano", "violin", "electric bass", "drum kit (made)")


def test_weights_choose_instruments(library):
    renderer = Renderer(library, weights=dict.fromkeys(SILENT, 0.0))
    drawn = [renderer.draw(np.random.default_rng(seed), 16_000, 16_000, 1, "solo") for seed in range(10)]
    assert {plan.voices[0].instrument for plan in drawn} == {"oboe"}
    assert "drum kit (made)" in renderer.instruments


@pytest.mark.parametrize(
    "arguments",
    [(0, 16_000, 1), (16_000, 4_000, 1), (16_000, 96_000, 1), (16_000, 16_000, 3), (16_000, 16_000, 1, "duo")],
)
def test_impossible_wishes_are_errors(renderer, arguments):
    with pytest.raises(ConfigError, match="expected"):
        renderer.clip(np.random.default_rng(0), *arguments)


def test_a_library_of_one_gap_is_an_error(tmp_path):
    tiny = write_notes(tmp_path, [({"instrument": "shaker"}, np.ones(4000, dtype=np.float32) * 0.1)])
    (tiny / "index.csv").write_text((tiny / "index.csv").read_text().replace("shaker", "whip"))
    with pytest.raises(DatasetError, match="no music"):
        Renderer(NoteLibrary.from_index(tiny, None, 16_000)).clip(np.random.default_rng(0), 16_000)


def test_levels_vary_but_do_not_clip(renderer):
    peaks_db = [20 * np.log10(np.abs(renderer.clip(np.random.default_rng(s), 8_000)).max()) for s in range(20)]
    assert -12.5 < min(peaks_db) < -8
    assert -4 < max(peaks_db) <= -0.9


def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "renderer.md").read_text(encoding="utf-8")
    write_library(tmp_path / "notes")
    (tmp_path / "scores").mkdir()
    write_midi(tmp_path / "scores" / "tune.mid", tracks=((60, 64, 67, 72) * 8,))
    monkeypatch.chdir(tmp_path)
    examples = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "SoundFont" not in code]
    names = {}
    for code in examples:
        exec(code, names)
    assert len(examples) == 2
    assert names["clip"].wave.shape == (2, 8 * 44_100)
    assert names["wave"].shape == (1, 32_000)
