"""Checkpoints in parts: small files, checksums, one whole state whatever happens while the next is written."""

import errno
import json
import os
import pickle
import shutil
import warnings
from pathlib import Path

import pytest
import torch

from goodtake.errors import ConfigError, UnwritableAudioError
from goodtake.training import checkpoints
from goodtake.training.checkpoints import INDEX, PART_BYTES, SINGLE, lighten, load_checkpoint, save_checkpoint

LIMIT_BYTES = 15_000_000


def state(step, size=1000):
    return {"step": step, "average": {"weight": torch.full((size,), float(step))}}


def assert_holds(folder, step, size=1000):
    loaded = load_checkpoint(folder)
    assert loaded["step"] == step
    assert torch.equal(loaded["average"]["weight"], state(step, size)["average"]["weight"])


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(checkpoints, "PART_BYTES", 2000)


def test_every_file_stays_below_the_limit(tmp_path):
    big = {"average": {"weight": torch.randn(8_000_000, generator=torch.Generator().manual_seed(1))}}
    save_checkpoint(tmp_path, big)
    assert files(tmp_path) == [f"checkpoint-a/{part:03}.part" for part in range(3)] + [INDEX]
    assert max((tmp_path / name).stat().st_size for name in files(tmp_path)) <= PART_BYTES < LIMIT_BYTES
    assert torch.equal(load_checkpoint(tmp_path)["average"]["weight"], big["average"]["weight"])


@pytest.mark.usefixtures("small_parts")
def test_the_next_state_replaces_the_earlier_one(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, state(step, 1000 * step))
        assert_holds(tmp_path, step, 1000 * step)
    assert {name.split("/")[0] for name in files(tmp_path)} == {"checkpoint-a", INDEX}


def test_an_empty_folder_holds_nothing(tmp_path):
    assert load_checkpoint(tmp_path) is None
    assert load_checkpoint(tmp_path / "none") is None


def test_an_older_single_file_is_read_until_the_next_save(tmp_path):
    torch.save(state(7), tmp_path / SINGLE)
    assert_holds(tmp_path, 7)
    save_checkpoint(tmp_path, state(8))
    torch.save(state(7), tmp_path / "kept")
    assert_holds(tmp_path, 8)
    assert not (tmp_path / SINGLE).exists()
    (tmp_path / "kept").rename(tmp_path / SINGLE)  # as when the run is killed before it is removed
    assert_holds(tmp_path, 8)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_a_full_disk_leaves_the_earlier_state(tmp_path, monkeypatch, after, single):
    torch.save(state(1), tmp_path / SINGLE) if single else save_checkpoint(tmp_path, state(1))
    before, writes = files(tmp_path), iter(range(100))
    real = checkpoints._write

    def full(path, content):
        if next(writes) < after:
            return real(path, content)
        path.write_bytes(bytes(content)[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints, "_write", full)
    with pytest.raises(UnwritableAudioError, match=r"checkpoint\.json: the disk is full; free some space"):
        save_checkpoint(tmp_path, state(2, 1500))
    assert_holds(tmp_path, 1)
    assert files(tmp_path) == before
    monkeypatch.setattr(checkpoints, "_write", real)
    save_checkpoint(tmp_path, state(2, 1500))
    assert_holds(tmp_path, 2, 1500)


def killed_at(call, folder):
    """Saves step 2 in a process that dies at the given call to the disk; tells whether it came to its end before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if child == 0:
        calls = iter(range(10_000))

        def deadly(act):
            def acting(*arguments, **options):
                if next(calls) == call:
                    os._exit(9)
                return act(*arguments, **options)

            return acting

        for place, name in (
            *((Path, name) for name in ("open", "mkdir", "replace", "unlink")),
            *((os, name) for name in ("fsync", "rmdir")),
            (shutil, "rmtree"),
        ):
            setattr(place, name, deadly(getattr(place, name)))
        try:
            save_checkpoint(folder, state(2, 1500))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("single", [False, True])
def test_a_kill_at_any_moment_leaves_a_whole_state(tmp_path, single):
    seen, call, ended = [], 0, False
    while not ended:
        folder = tmp_path / str(call)
        folder.mkdir()
        torch.save(state(1), folder / SINGLE) if single else save_checkpoint(folder, state(1))
        ended = killed_at(call, folder)
        seen.append(load_checkpoint(folder)["step"])
        assert_holds(folder, seen[-1], {1: 1000, 2: 1500}[seen[-1]])
        save_checkpoint(folder, state(3))
        assert_holds(folder, 3)
        assert len({name.split("/")[0] for name in files(folder)}) == 2
        call += 1
    assert seen == sorted(seen)
    assert seen.count(1) > 10
    assert seen.count(2) >= 2


@pytest.mark.usefixtures("small_parts")
def test_damage_is_named(tmp_path):
    save_checkpoint(tmp_path, state(1))
    part = tmp_path / "checkpoint-a" / "001.part"
    whole = part.read_bytes()
    for content in (whole[:-1], whole[:9] + bytes([whole[9] ^ 1]) + whole[10:], b""):
        part.write_bytes(content)
        with pytest.raises(ConfigError, match=r"001\.part is damaged: its checksum differs: copy the run folder anew"):
            load_checkpoint(tmp_path)
    part.unlink()
    with pytest.raises(ConfigError, match=r"001\.part cannot be read"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"folder": "../elsewhere", "parts": []}', '{"folder": 1}'])
def test_a_damaged_index_is_named_and_points_nowhere_else(tmp_path, content):
    save_checkpoint(tmp_path, state(1))
    (tmp_path / INDEX).write_text(content)
    with pytest.raises(ConfigError, match=r"checkpoint\.json is damaged"):
        load_checkpoint(tmp_path)
    assert (tmp_path / "checkpoint-a" / "000.part").is_file()


class Intruder:
    def __reduce__(self):
        return (os.mkdir, ("intruded",))


@pytest.mark.parametrize("single", [False, True])
def test_reading_runs_no_code(tmp_path, monkeypatch, single):
    monkeypatch.chdir(tmp_path)
    if single:
        torch.save({"step": Intruder()}, tmp_path / SINGLE)
    else:
        save_checkpoint(tmp_path, {"step": Intruder()})
    with pytest.raises(ConfigError, match=r"is damaged \(UnpicklingError\)"):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "intruded").exists()
    pickle.loads(pickle.dumps(Intruder()))
    assert (tmp_path / "intruded").exists()  # what a careless reader would have done


def test_a_light_state_keeps_the_weights_in_training_exact():
    torch.manual_seed(0)
    net = torch.nn.Linear(100, 100)
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)
    net(torch.randn(8, 100)).square().sum().backward()
    optimiser.step()
    full = {"model": net.state_dict(), "average": net.state_dict(), "optimiser": optimiser.state_dict(), "step": 1}
    full["adversary"] = {"network": net.state_dict(), "optimiser": optimiser.state_dict()}
    light = lighten(full)
    assert torch.equal(light["model"]["weight"], net.weight)
    assert torch.equal(light["adversary"]["network"]["weight"], net.weight)
    assert light["average"]["weight"].dtype == torch.float16
    assert optimiser.state_dict()["state"][0]["exp_avg"].dtype == torch.float32
    for moments in (light["optimiser"]["state"][0], light["adversary"]["optimiser"]["state"][0]):
        assert {name: value.dtype for name, value in moments.items()} == {
            "step": torch.float32,
            "exp_avg": torch.bfloat16,
            "exp_avg_sq": torch.bfloat16,
        }
    other = torch.optim.AdamW(net.parameters(), fused=True)
    other.load_state_dict(light["optimiser"])
    for name, value in other.state_dict()["state"][0].items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, optimiser.state_dict()["state"][0][name], rtol=2**-8, atol=0)


def test_the_index_lists_what_lies_there(tmp_path):
    save_checkpoint(tmp_path, state(1))
    values = json.loads((tmp_path / INDEX).read_text())
    (part,) = values["parts"]
    assert part["bytes"] == (tmp_path / values["folder"] / "000.part").stat().st_size
    assert len(part["sha256"]) == 64
