"""Every figure of a report is worked out again here, in another way, from the rows it was made of."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from report_cases import ENHANCE, SEPARATE, enhance_rows, row, separate_rows, write_run
from scipy import linalg as scipy_linalg
from scipy import stats as scipy_stats

from goodtake.evaluation.report.collect import collect
from goodtake.evaluation.report.compose import work_out
from goodtake.evaluation.report.measures import Options
from goodtake.evaluation.report.players import choose
from goodtake.evaluation.report.table import Cell, Table, to_csv, to_markdown
from goodtake.evaluation.report.write import Wishes, write_report

FAST = Options(resamples=400)
TITLES = {"all": "All", "snr5": "SNR 5"}


def tables_of(folder) -> dict[str, list[dict[str, str]]]:
    return {
        file.stem: list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
        for file in (folder / "tables").glob("*.csv")
    }


@pytest.fixture(scope="module")
def enhanced(tmp_path_factory):
    """Rows, and the tables of a report of them."""
    root = tmp_path_factory.mktemp("enhance")
    rows = enhance_rows()
    run = write_run(root / "run", ENHANCE, rows, ("bound",))
    write_report([run], root / "out", Wishes(formats=("md", "csv"), options=FAST))
    return rows, tables_of(root / "out"), (root / "out" / "report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def separated(tmp_path_factory):
    root = tmp_path_factory.mktemp("separate")
    rows = separate_rows()
    run = write_run(root / "run", SEPARATE, rows)
    write_report([run], root / "out", Wishes(formats=("md", "csv"), options=FAST))
    return rows, tables_of(root / "out"), (root / "out" / "report.md").read_text(encoding="utf-8")


def values(rows, system, metric, condition=None):
    return np.array([r.metrics[metric] for r in rows if r.system == system and condition in (None, r.condition)])


@pytest.mark.parametrize("metric", ["fwssnr", "mrs"])
def test_every_mean(enhanced, metric):
    rows, tables, _ = enhanced
    table = tables[f"figures_{metric}"]
    assert [line["system"] for line in table] == ["nothing", "wiener", "studio", "bound †"]
    for line in table:
        system = line["system"].removesuffix(" †")
        for condition, title in [*TITLES.items(), (None, "all together")]:
            expected = values(rows, system, metric, condition)
            assert float(line[title]) == pytest.approx(expected.mean(), rel=1e-5)
            assert int(line[f"{title} clips"]) == expected.size
            low, high = float(line[f"{title} low"]), float(line[f"{title} high"])
            assert low < expected.mean() < high
            songs = expected.reshape(-1, 2).mean(axis=1) if condition else expected.reshape(-1, 4).mean(axis=1)
            classic = scipy_stats.t.ppf(0.975, len(songs) - 1) * songs.std(ddof=1) / np.sqrt(len(songs))
            assert (high - low) / 2 == pytest.approx(classic, rel=0.5)  # BCa is not symmetric, and six songs are few


def test_intervals_hold_for_songs_not_clips(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for song in range(6):
        level = float(rng.normal(5, 2))
        for take in range(8):  # eight equal clips of a song tell no more than one
            rows.append(row(f"song{song}-{take}", "all", "nothing", {"fwssnr": level}))
    benchmark = replace(ENHANCE, conditions=("all",), systems=("nothing",))
    found = work_out(collect([write_run(tmp_path / "run", benchmark, rows)]), FAST)
    one_each = [rows[8 * song] for song in range(6)]
    less = work_out(collect([write_run(tmp_path / "less", benchmark, one_each)]), FAST)
    many, few = (f.means["nothing", "all", "fwssnr"] for f in (found, less))
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.05)


def test_every_gain_and_its_test(enhanced):
    rows, tables, _ = enhanced
    lines = tables["comparisons"]
    assert len(lines) == 2 * 3 * 6  # metrics x scopes x pairs of four systems
    raw: dict[tuple, dict] = {}
    for line in lines:
        condition = None if line["condition"] == "all together" else line["condition"]
        sign = 1 if line["metric"] == "fwssnr" else -1
        ours, others = (values(rows, line[who], line["metric"], condition) for who in ("system", "opponent"))
        gains = sign * (ours - others)
        assert float(line["gain"]) == pytest.approx(gains.mean(), rel=1e-5, abs=1e-9)
        wins, losses = np.sum(gains > 0), np.sum(gains < 0)
        assert (int(line["wins"]), int(line["losses"])) == (wins, losses)
        assert float(line["win rate"]) == pytest.approx((wins + (len(gains) - wins - losses) / 2) / len(gains))
        named = [r for r in rows if r.system == line["system"] and condition in (None, r.condition)]
        songs = sorted({r.song for r in named})
        per_song = [np.mean([g for g, r in zip(gains, named, strict=True) if r.song == song]) for song in songs]
        p = scipy_stats.wilcoxon(per_song, zero_method="pratt", method="exact").pvalue
        assert float(line["p"]) == pytest.approx(p, abs=2e-3)
        raw.setdefault((line["metric"], line["opponent"] == "nothing"), {})[tuple(line.values())[:4]] = (
            float(line["p"]),
            float(line["p corrected"]),
            int(line["tests in family"]),
        )
    for family in raw.values():  # Holm by hand, family by family
        ordered = sorted(family.values())
        running = 0.0
        for place, (p, corrected, tests) in enumerate(ordered):
            running = max(running, min(1.0, (len(ordered) - place) * p))
            assert corrected == pytest.approx(running, rel=1e-3)
            assert tests == len(ordered)


def test_gains_and_duels_show_the_comparisons(enhanced):
    _, tables, _ = enhanced
    known = {(x["metric"], x["condition"], x["system"], x["opponent"]): float(x["gain"]) for x in tables["comparisons"]}
    for line in tables["gains_mrs"]:
        system = line["system"].removesuffix(" †")
        assert float(line["All"]) == known["mrs", "all", system, "nothing"]
    duels = {line["system"]: float(line["SNR 5"]) for line in tables["duels_fwssnr"]}
    assert duels["over wiener"] == known["fwssnr", "snr5", "studio", "wiener"]
    assert duels["over bound"] == -known["fwssnr", "snr5", "bound", "studio"]  # seen from the other side


def test_marks_follow_the_corrected_p(tmp_path):
    rows = enhance_rows(clips=24)  # 12 songs: 2^-11 can survive nine tests
    found = work_out(collect([write_run(tmp_path / "run", ENHANCE, rows)]), FAST)
    verdicts = {c.verdict for c in found.comparisons.values() if (c.system, c.opponent) == ("studio", "nothing")}
    assert verdicts == {"better"}
    bound = found.comparisons["mrs", "all", "bound", "nothing"]
    assert bound.verdict == "better"
    turned = bound.turned()
    assert turned.verdict == "worse"
    assert (bound.paired.wins, turned.paired.wins, turned.paired.losses) == (24, 0, 24)
    assert (turned.paired.win_rate.estimate, turned.paired.win_rate.low) == (0, 1 - bound.paired.win_rate.high)
    assert found.comparisons["fwssnr", None, "wiener", "nothing"].verdict == ""


def test_breakdowns(enhanced):
    rows, tables, _ = enhanced
    parts = {"instrument": lambda r: r.instrument, "kind": lambda r: r.kind, "condition": lambda r: TITLES[r.condition]}
    for part, name_of in parts.items():
        lines = tables[f"by_{part}_fwssnr"]
        assert sorted(line[part] for line in lines) == sorted({name_of(r) for r in rows})
        for line in lines:
            chosen = [r for r in rows if name_of(r) == line[part]]
            assert float(line["nothing"]) == pytest.approx(values(chosen, "nothing", "fwssnr").mean(), rel=1e-5)
            gain = values(chosen, "studio", "fwssnr").mean() - values(chosen, "nothing", "fwssnr").mean()
            assert float(line["studio"]) == pytest.approx(gain, rel=1e-4)


def test_systems_by_metric_stand_beside_the_paper(enhanced):
    rows, tables, text = enhanced
    lines = {line["system"]: line for line in tables["systems_by_metric"]}
    assert float(lines["studio"]["MRS ↓"]) == pytest.approx(values(rows, "studio", "mrs", "all").mean(), rel=1e-5)
    assert (
        float(lines["paper: Independent Training"]["fwSSNR, dB ↑"]),
        float(lines["paper: No Enhancement"]["MRS ↓"]),
    ) == (
        9.04,
        1.89,
    )
    published = {line["system"]: line for line in tables["published_opinions"]}
    assert float(published["paper: No Enhancement"]["SNR 5"]) == 2.48
    assert float(published["paper: Mel2Mel + Diffwave"]["All"]) == 4.06
    assert "other data" in text


def test_the_best_is_bold_and_no_oracle(enhanced):
    _, _, text = enhanced
    table = text.partition("### fwSSNR")[2].partition("###")[0]
    for line in table.splitlines():
        assert ("**" in line) == line.startswith("| studio"), line
    assert "†" in table


def test_figures_of_sets(tmp_path):
    rng = np.random.default_rng(2)
    benchmark = replace(ENHANCE, metrics=("fwssnr", "fad"), conditions=("all", "snr5"))
    run, rows, points = tmp_path / "run", [], {}
    for condition, patches in (("all", 60), ("snr5", 4)):  # 4 patches a clip are too few
        for one in (r for r in enhance_rows(clips=3) if r.condition == condition):
            folder = run / "embeddings" / "fad" / condition / one.clip
            folder.mkdir(parents=True, exist_ok=True)
            shift = {"nothing": 1.0, "wiener": 0.5, "studio": 0.1, "bound": 0.0}[one.system]
            for name, offset in (("reference", 0.0), (one.system, shift)):
                if not (folder / f"{name}.npy").exists():
                    made = (rng.standard_normal((patches, 64)) + offset).astype(np.float16)
                    np.save(folder / f"{name}.npy", made)
                    points.setdefault((condition, name), []).append(made.astype(np.float64))
            rows.append(replace(one, embeddings={"fad": f"embeddings/fad/{condition}/{one.clip}/{one.system}.npy"}))
    found = work_out(collect([write_run(run, benchmark, rows)]), FAST)
    ours, clean = (np.concatenate(points["all", name]) for name in ("studio", "reference"))
    covariances = np.cov(ours.T), np.cov(clean.T)
    root = scipy_linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((ours.mean(0) - clean.mean(0)) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)
    fad = found.means["studio", "all", "fad"]
    assert fad.estimate == pytest.approx(expected, rel=1e-4)
    assert (fad.low, fad.n) == (None, 3)
    assert fad.estimate < found.means["wiener", "all", "fad"].estimate < found.means["nothing", "all", "fad"].estimate
    assert ("studio", "snr5", "fad") not in found.means
    write_report([run], tmp_path / "out", Wishes(formats=("csv",), options=FAST))
    line = next(x for x in tables_of(tmp_path / "out")["figures_fad"] if x["system"] == "studio")
    assert list(line) == ["system", "All", "All clips"]


def test_a_run_without_its_baseline_says_so(tmp_path):
    rows = [r for r in enhance_rows(clips=3) if r.system != "nothing"]
    run = write_run(tmp_path / "run", ENHANCE, rows)
    report = write_report([run], tmp_path / "out", Wishes(formats=("md",), options=FAST))
    assert report.headlines == ()
    assert "nothing has no rows" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


def test_raw_and_processed(separated):
    rows, tables, _ = separated
    lines = [line for line in tables["processed_onset_f1"] if not line["system"].startswith("paper")]
    assert [(x["condition"], x["system"], x["then"]) for x in lines] == [
        ("bass", "demucs", "+ msg"),
        ("drums", "demucs", "+ msg"),
    ]
    for line in lines:
        raw, done = (values(rows, name, "onset_f1", line["condition"]).mean() for name in ("demucs", "msg"))
        assert (float(line["raw"]), float(line["processed"])) == pytest.approx((raw, done), rel=1e-5)
        assert float(line["gain"]) == pytest.approx(done - raw, rel=1e-4)
    paper = {(x["condition"], x["system"]): x for x in tables["processed_onset_f1"] if x["system"].startswith("paper")}
    assert float(paper["bass", "paper: Spleeter"]["processed"]) == 0.52
    assert float(paper["drums", "paper: Demucs v2"]["gain"]) == pytest.approx(-0.02)
    cents = {x["condition"]: float(x["gain"]) for x in tables["processed_rolloff_error_cents"]}
    assert cents == pytest.approx({"bass": 300.0, "drums": 300.0})  # less error is a gain


def test_a_run_joined_with_another_of_the_same_clips(tmp_path):
    rows = enhance_rows()
    first = write_run(tmp_path / "a", ENHANCE, [r for r in rows if r.system != "bound"])
    other = [replace(r, digest="newer") for r in rows if r.system == "studio"]
    run = write_run(tmp_path / "b", ENHANCE, [r for r in rows if r.system in ("nothing", "bound")])
    from goodtake.evaluation.rows import write_row

    (run / "run.json").unlink()
    for one in other:
        write_row(run, one)
    joined = collect([first, run])
    assert list(joined.systems) == ["nothing", "wiener", "studio", "bound", "studio (b)"]
    assert len(joined.rows_of("nothing")) == 24  # not twice


def test_clips_are_chosen_by_gain(tmp_path):
    rows = [replace(r, audio={"estimate": "x", "reference": "y", "input": "z"}) for r in enhance_rows(clips=5)]
    evaluation = collect([write_run(tmp_path / "run", ENHANCE, rows)])
    picks = choose(evaluation, "studio", "mrs", 20, False)  # gains grow with the clip's number
    assert [(p.condition, p.clip[-1], p.rank) for p in picks] == [
        ("all", "4", "best"),
        ("all", "2", "median"),
        ("all", "0", "worst"),
        ("snr5", "4", "best"),
        ("snr5", "2", "median"),
        ("snr5", "0", "worst"),
    ]
    assert picks[0].gain == pytest.approx(0.14)
    up = choose(evaluation, "studio", "fwssnr", 20, False)  # more is better here
    assert [(p.clip[-1], p.rank) for p in up[:3]] == [("4", "best"), ("2", "median"), ("0", "worst")]
    assert up[0].said == "gain +1.40"
    assert [p.rank for p in choose(evaluation, "studio", "mrs", 2, False)] == ["median", "median"]
    assert len(choose(evaluation, "studio", "mrs", None, False)) == 10


def test_markdown_and_csv_of_a_table():
    cells = (Cell("a|b"), Cell("1.00 [0.50, 1.50]", 1.0, 0.5, 1.5, 3, ("best",)), Cell("–"))
    table = Table("t", "T", ("name", "x", "y"), (cells,))
    assert to_markdown(table).splitlines()[2] == "| a\\|b | **1.00 [0.50, 1.50]** |   – |"
    assert to_csv(table) == "name,x,x low,x high,x clips,y\na|b,1,0.5,1.5,3,\n"
