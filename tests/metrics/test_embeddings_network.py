"""Embeddings from ONNX files: the adapter with graphs made here, both front-ends against independent ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from metric_signals import music
from scipy import fft, signal

from goodtake.errors import BundleError, ConfigError
from goodtake.metrics import embed, needed_embeddings, set_metric
from goodtake.metrics.embeddings import clap, find_embedding, vggish
from goodtake.metrics.embeddings.network import BATCH, open_network

onnx = pytest.importorskip("onnx")

RATE = 16000
WAVE = music(4)


def write_graph(
    path: Path, input_shape: list, dimension: int, *, kind: int | None = None, rows: int = 0, scale: float = 1
) -> np.ndarray:
    """Writes the graph mean over axis 1 -> flatten -> matrix, and returns the matrix."""
    from onnx import TensorProto, helper, numpy_helper

    rows = rows or int(np.prod(input_shape[2:]))
    matrix = (scale * np.random.default_rng(0).standard_normal((rows, dimension))).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["x"], ["single"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["single"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "matrix"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", kind or TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [input_shape[0], dimension])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return matrix


def vggish_by_loops(wave: np.ndarray) -> np.ndarray:
    """Log-mel frames of the published front-end, frame by frame and band by band: (frame, 64)."""
    window = signal.get_window("hann", 400, fftbins=True)
    edges = np.linspace(2595 * np.log10(1 + 125 / 700), 2595 * np.log10(1 + 7500 / 700), 66)
    rows = []
    for start in range(0, len(wave) - 400 + 1, 160):
        padded = np.concatenate([wave[start : start + 400].astype(np.float64) * window, np.zeros(112)])
        magnitude = np.abs(fft.fft(padded))[:257]
        row = []
        for low, peak, high in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
            energy = 0.0
            for k in range(1, 257):
                place = 2595 * np.log10(1 + k * 31.25 / 700)
                if low < place < high:
                    energy += magnitude[k] * (
                        (place - low) / (peak - low) if place < peak else (high - place) / (high - peak)
                    )
            row.append(np.log(energy + 0.01))
        rows.append(row)
    return np.array(rows)


def test_vggish_patches_equal_the_loops() -> None:
    wave = WAVE[: 400 + 160 * (96 + 50 - 1)]
    patches = vggish.vggish_patches(wave)
    frames = vggish_by_loops(wave)
    assert patches.shape == (2, 96, 64)
    np.testing.assert_allclose(patches[0], frames[:96], atol=1e-3)
    np.testing.assert_allclose(patches[1], frames[50:146], atol=1e-3)


def test_vggish_bands_lie_where_librosa_puts_them() -> None:
    librosa = pytest.importorskip("librosa")
    bands = librosa.filters.mel(sr=RATE, n_fft=512, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None)
    # librosa's slopes are straight over Hz, those of VGGish over mel: a few hundredths where bands are wide.
    np.testing.assert_allclose(vggish.vggish_bands(), bands, atol=0.05)


@pytest.mark.parametrize(("seconds", "count"), [(0.01, 1), (0.5, 1), (0.975, 1), (1.4, 1), (1.475, 2), (4.0, 7)])
def test_vggish_patches_by_length(seconds: float, count: int) -> None:
    patches = vggish.vggish_patches(WAVE[: round(seconds * RATE)])
    assert patches.shape == (count, 96, 64)
    assert np.isfinite(patches).all()


def test_clap_mel_equals_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    wave = music(1, 48000)
    power = librosa.feature.melspectrogram(
        y=wave, sr=48000, n_fft=1024, hop_length=480, pad_mode="reflect", n_mels=64, fmin=50, fmax=14000
    )
    wanted = 10 * np.log10(np.maximum(power, 1e-10)).T
    np.testing.assert_allclose(clap.clap_log_mel(wave), wanted, atol=0.05)
    assert clap.MEL_SHAPE == (1, 1001, 64)


@pytest.mark.parametrize("shape", [["n", 96, 64], [1, 96, 64], ["n", 1, 96, 64]])
def test_vggish_through_a_file(tmp_path: Path, shape: list) -> None:
    path = tmp_path / "tiny.onnx"
    matrix = write_graph(path, shape, 128)
    points = embed(f"vggish:{path}", WAVE, RATE)
    patches = vggish.vggish_patches(WAVE).reshape(-1, *shape[1:])
    np.testing.assert_allclose(points, patches.mean(axis=1).reshape(7, -1) @ matrix, rtol=1e-3, atol=1e-3)
    assert points.dtype == np.float32


def test_channels_are_mixed_and_level_counts(tmp_path: Path) -> None:
    write_graph(tmp_path / "tiny.onnx", ["n", 96, 64], 128)
    embedding = find_embedding(f"vggish:{tmp_path / 'tiny.onnx'}")
    points = embedding(WAVE, RATE)
    np.testing.assert_allclose(embedding(np.stack([1.5 * WAVE, 0.5 * WAVE]), RATE), points, atol=1e-3)
    assert np.abs(embedding(0.1 * WAVE, RATE) - points).max() > 0.1
    assert (embedding.sample_rate, embedding.dimension, embedding.patches_per_second) == (RATE, 128, 2)


def test_many_patches_go_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    write_graph(path, ["n", 96, 64], 128)
    network = open_network(path, vggish.INPUT_SHAPES, 128)
    patches = np.random.default_rng(0).standard_normal((2 * BATCH + 3, 96, 64)).astype(np.float32)
    np.testing.assert_allclose(network(patches), np.concatenate([network(patch[None]) for patch in patches]), atol=1e-4)


@pytest.mark.parametrize("shape", [["n", 480000], ["n", 1, 1001, 64]])
def test_clap_takes_waves_or_mels(tmp_path: Path, shape: list) -> None:
    path = tmp_path / "clap.onnx"
    write_peak_graph(path, shape)
    wave = 0.5 * music(1.5, 48000)
    points = embed(f"clap-music:{path}", np.stack([2 * wave, 0 * wave]), 48000)
    assert points.shape == (2, 512)  # one window from each second, zeros beyond the end
    for start, row in zip((0, 48000), points, strict=True):
        window = np.pad(wave[start:], (0, 480000 - wave[start:].size))
        seen = window if len(shape) == 2 else clap.clap_log_mel(window)
        np.testing.assert_allclose(row, seen.max(), rtol=1e-4)


def write_peak_graph(path: Path, shape: list) -> None:
    """Writes a graph from patches to 512 times their greatest number."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], axis=1),
        helper.make_node("ReduceMax", ["flat"], ["peak"], axes=[1], keepdims=1),
        helper.make_node("MatMul", ["peak", "ones"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 512])],
        [numpy_helper.from_array(np.ones((1, 512), np.float32), "ones")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_set_metrics_find_the_file_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_graph(tmp_path / "tiny.onnx", ["n", 96, 64], 128)
    (name,) = needed_embeddings(["fad_vggish"])
    monkeypatch.delenv("GOODTAKE_VGGISH", raising=False)
    with pytest.raises(BundleError, match="embedding vggish needs an ONNX file: set GOODTAKE_VGGISH to its path"):
        embed(name, WAVE, RATE)
    monkeypatch.setenv("GOODTAKE_VGGISH", str(tmp_path / "tiny.onnx"))
    noise = np.random.default_rng(0)
    waves = [0.1 * noise.standard_normal(20 * RATE).astype(np.float32) for _ in range(4)]
    references = [embed(name, wave, RATE) for wave in waves]
    assert set_metric("fad_vggish", references, references) < 1e-6
    assert set_metric("fad_vggish", [embed(name, 0.5 * wave, RATE) for wave in waves], references) > 1
    with pytest.raises(ConfigError, match="points of 64 and of 128 dimensions"):
        set_metric("fad_vggish", [embed("logmel-stats", wave, RATE) for wave in waves * 2], references)


def wrong_bytes(path: Path) -> None:
    path.write_bytes(b"not a graph")


FAULTS: dict[str, Callable[[Path], object]] = {
    r"\('n', 100, 64\) -> .*wanted is one input and one output \('patch', 96, 64\)": lambda path: write_graph(
        path, ["n", 100, 64], 128
    ),
    r"-> \['n', 64\], wanted": lambda path: write_graph(path, ["n", 96, 64], 64),
    r"takes 4 patches at a time": lambda path: write_graph(path, [4, 96, 64], 128),
    r"takes tensor\(double\), wanted is tensor\(float\)": lambda path: write_graph(
        path, ["n", 96, 64], 128, kind=onnx.TensorProto.DOUBLE
    ),
    "is not a network that ONNX Runtime can run": wrong_bytes,
    "is not there: give the ONNX file": lambda path: None,
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, message: str) -> None:
    FAULTS[message](tmp_path / "tiny.onnx")
    with pytest.raises(BundleError, match=message) as caught:
        find_embedding(f"vggish:{tmp_path / 'tiny.onnx'}")
    assert "\n" not in str(caught.value)


def test_points_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    write_graph(tmp_path / "tiny.onnx", ["n", 96, 64], 128, scale=np.nan)
    with pytest.raises(BundleError, match=r"gave points that are NaN or infinite: export it again"):
        embed(f"vggish:{tmp_path / 'tiny.onnx'}", WAVE, RATE)


def test_a_graph_that_gives_other_points_than_it_says_is_found_out(tmp_path: Path) -> None:
    write_graph(tmp_path / "tiny.onnx", ["n", 96, "bands"], 128, rows=7)
    with pytest.raises(BundleError, match=r"tiny\.onnx cannot be run: ") as caught:
        embed(f"vggish:{tmp_path / 'tiny.onnx'}", WAVE, RATE)
    assert "\n" not in str(caught.value)
