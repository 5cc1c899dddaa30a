"""Several processes train as one does: the same recipe, the same weights within rounding."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
import torch
from test_loop import music

from goodtake.errors import ConfigError
from goodtake.training.checkpoints import load_checkpoint
from goodtake.training.engine import Devices, Engine, part_of

RECIPE = """
name: tiny
task: chain
precision: float32
chain: {mel2mel: {channels: 4, blocks: 1, residual: true}, discriminator: {channels: 4}}
data: {take_seconds: 0.512, crop_seconds: 0.512, batch_size: 4}
losses: {l1: 1.0, adversarial: 0.1}
optimiser: {total_steps: 3, warmup_steps: 1}
"""


def run(folder, name, *options):
    command = ["train", folder / "tiny.yaml", "--data", folder / "music", "--run", folder / name, "--quiet"]
    arguments = [*map(str, command), "--accelerator", "cpu", "--threads", "1", "--workers", "0", *options]
    done = subprocess.run(
        [sys.executable, "-m", "goodtake", *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return load_checkpoint(folder / name)


@pytest.mark.timeout(500)  # five starts of torch, which a busy machine makes long
def test_two_processes_equal_one(tmp_path):
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    (tmp_path / "music").mkdir()
    for seed in range(2):
        soundfile.write(tmp_path / "music" / f"{seed}.wav", music(16_000, seed=seed)[0], 16_000)
    one, two = run(tmp_path, "one"), run(tmp_path, "two", "--devices", "2")
    assert one["step"] == two["step"] == 3
    start = run(tmp_path, "start", "--max-minutes", "0")  # one step, to measure the others' way by
    for part in (lambda state: state["model"], lambda state: state["adversary"]["network"]):
        # Rounding turns the sign of a few vanishing gradients, and with it Adam's first steps there.
        apart = distance(part(one), part(two)) / distance(part(one), part(start))
        assert apart < 0.01, f"the processes ended {apart:.3f} of the way apart"


def distance(first, second):
    return sum(float(((first[name] - second[name]) ** 2).sum()) for name in first) ** 0.5


def test_gradients_of_one_process_stay_as_they_are():
    engine = Engine(Devices("cpu"))
    weight = torch.nn.Parameter(torch.ones(3))
    (2 * weight).sum().backward()
    engine.average_gradients([weight])
    np.testing.assert_array_equal(weight.grad, 2 * np.ones(3))
    assert engine.is_main
    assert not engine.any(False)
    assert engine.any(True)


def test_a_batch_is_shared_equally_or_not_at_all():
    assert [list(part_of(4, rank, 2)) for rank in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(ConfigError, match="cannot be shared by 3"):
        part_of(8, 0, 3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_said():
    with pytest.raises(ConfigError, match="gpu device"):
        Engine(Devices("gpu"))
