from pathlib import Path

import pytest
from bench import benchmark

from goodtake.config import dump
from goodtake.errors import ConfigError
from goodtake.evaluation.checks import chain_of, check_benchmark, specs_of
from goodtake.evaluation.recipe import ClipSet, SystemSpec, load_benchmark

SHIPPED = sorted((Path(__file__).parents[2] / "recipes" / "evaluate").glob("*.yaml"))
NAMES = {"dev", "folder", "musdb18", "native", "paper1", "quick", "stems-quick", "tiny"}


def test_the_recipes_are_there():
    assert {path.stem for path in SHIPPED} >= NAMES


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_recipe_can_be_read_and_says_what_it_is(path, tmp_path):
    read = load_benchmark(path)
    assert read.name == path.stem  # or two recipes would share a run folder
    assert read.title
    (tmp_path / "resolved.yaml").write_text(dump(read), encoding="utf-8")
    assert load_benchmark(tmp_path / "resolved.yaml") == read


def test_recipes_hold_what_the_papers_did():
    recipes = {path.stem: load_benchmark(path) for path in SHIPPED}
    paper1 = recipes["paper1"]
    assert (paper1.sample_rate, paper1.channels, paper1.clips[0].count) == (16_000, 1, 200)
    assert set(paper1.conditions) >= {"all", "eq", "snr5", "snr10", "snr15", "drr0", "drr3", "drr6"}
    assert set(paper1.metrics) >= {"fwssnr", "mrs", "l1", "fad"}
    paper2 = recipes["musdb18"]
    assert (paper2.task, paper2.clips[0].seconds, paper2.sample_rate) == ("separate", 7.0, 16_000)
    assert set(paper2.conditions) == {"bass", "drums", "vocals"}
    assert set(paper2.metrics) >= {"rolloff_error_cents", "onset_f1"}
    native = recipes["native"]
    assert (native.sample_rate, native.channels) == (44_100, 2)
    assert set(native.conditions) >= {"clip6", "mp3-64", "opus-32", "clean"}
    assert [(clips.kind, clips.count) for clips in recipes["dev"].clips] == [
        ("phrases", 20),
        ("mixes", 20),
        ("rendered", 12),
    ]
    for name in ("quick", "tiny", "stems-quick"):
        assert {clips.source for clips in recipes[name].clips} == {"synthetic"}


BAD = [
    ("nam: x", "unknown key 'nam'"),
    ("seed: x", "seed: expected int, got 'x'"),
    ("seed: -1", "seed is -1: give 0 or more"),
    ("name: a/b", "name 'a/b': use letters, digits"),
    ("name: ../up", r"name '\.\./up': use letters, digits"),
    ("task: mix", "task is 'mix': use one of enhance, separate"),
    ("sample_rate: 4000", "sample_rate is 4000: give 8000 to 192000 Hz"),
    ("channels: 3", "channels is 3: give 1 or 2"),
    ("clips: []", "no clips: say where they come from"),
    ("clips: [{source: tape}]", "unknown source 'tape': use one of library, folder"),
    ("clips: [{source: folder, count: -1}]", "-1 clips of 8 s from folder: give 0 or more"),
    ("clips: [{source: folder, seconds: .nan}]", "0 clips of nan s from folder"),
    ("clips: [{source: folder}, {source: folder}]", "clip set 'folder' is listed twice"),
    ("clips: [{source: folder, kid: x}]", r"clips\[0\]: unknown key 'kid'"),
    ("conditions: []", "no conditions: name one at least"),
    ("conditions: [snr7]", "unknown condition 'snr7': use one of all, eq, snr5"),
    ("conditions: [all, all]", "condition 'all' is listed twice"),
    ("task: separate\nconditions: [a/b]", "condition 'a/b': use letters, digits"),
    ("metrics: [pesq]", "unknown metric 'pesq': use one of fwssnr, mrs, l1"),
    ("metrics: []", "no metrics: name one at least"),
    ("metrics: [l1, l1]", "metric 'l1' is listed twice"),
    ("systems: [magic]", "unknown kind 'magic' of system 'magic': use one of nothing, .*an engine is named as"),
    ("systems: [nothing, {name: a, kind: magic}]", "unknown kind 'magic' of system 'a'"),
    ("systems: [nothing, nothing]", "system 'nothing' is listed twice"),
    ("systems: [nothing, {name: wiener}, wiener]", "system 'wiener' is listed twice"),
    ("systems: [nothing, {name: reference, kind: wiener}]", "a system is named 'reference', as the clean clip is"),
    ("systems: [{name: nothing, kind: wiener}]", "system 'nothing' is the input itself: name another system otherwise"),
    ("systems: [wiener]", "baseline 'nothing' is no system of the benchmark: use one of wiener"),
    ("baseline: wiener", "baseline 'wiener' is no system of the benchmark"),
    ("systems: [nothing, {name: wiener, after: mss}]", "'wiener' comes after 'mss', which is no system of the benchm"),
    ("systems: [nothing, {name: wiener, after: wiener}]", "system 'wiener' comes after itself"),
    (
        "systems: [nothing, {name: wiener, after: afftdn}, {name: afftdn, after: wiener}]",
        "system '.*' comes after itself: .* after .* after ",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text for text, _ in BAD])
def test_a_bad_recipe_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "base.yaml").write_text("name: good\nclips: [{source: folder}]\n")
    assert load_benchmark(tmp_path / "base.yaml").name == "good"
    (tmp_path / "bad.yaml").write_text(f"base: base.yaml\n{text}\n")
    with pytest.raises(ConfigError, match=f"bad.yaml: .*{message}"):
        load_benchmark(tmp_path / "bad.yaml")


def test_a_benchmark_made_in_python_is_checked_alike():
    check_benchmark(benchmark(), "here")
    with pytest.raises(ConfigError, match="here: unknown condition 'fog'"):
        check_benchmark(benchmark(conditions=("fog",)), "here")
    check_benchmark(benchmark(clips=(ClipSet("folder", "a"), ClipSet("folder", "b"))), "here")


def test_chains_run_from_the_front():
    systems = ("nothing", SystemSpec("c", after="b"), SystemSpec("b", after="a"), SystemSpec("a"))
    specs = specs_of(benchmark(systems=systems))
    assert chain_of("c", specs) == ["a", "b", "c"]
    assert chain_of("nothing", specs) == ["nothing"]
