from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from vo_gan.engine import load_checkpoint, save_checkpoint
from vo_gan.engine.checkpoint import MANIFEST, STATE, WEIGHTS
from vo_gan.errors import VoGanError


def networks(value: float = 1.0) -> dict[str, nn.Module]:
    layer = nn.Linear(3, 2)
    nn.init.constant_(layer.weight, value)
    return {"net": layer}


def test_round_trip(tmp_path: Path) -> None:
    made = networks()
    save_checkpoint(tmp_path / "last", made, {"name": "x", "data": {"width": 416}}, {"step": 7, "x": torch.ones(2)})
    checkpoint = load_checkpoint(tmp_path / "last")
    assert checkpoint.config == {"name": "x", "data": {"width": 416}}
    assert torch.equal(checkpoint.tensors["net.weight"], made["net"].weight)
    assert checkpoint.state()["step"] == 7
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_saving_again_replaces(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        save_checkpoint(tmp_path / "last", networks(value), {})
    assert (load_checkpoint(tmp_path / "last").tensors["net.weight"] == 2).all()


def test_weights_alone_cannot_be_resumed(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last", networks(), {})
    with pytest.raises(VoGanError, match="cannot be resumed"):
        load_checkpoint(tmp_path / "last").state()


@pytest.mark.parametrize("name", [WEIGHTS, STATE, "config.yaml"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_every_damage_is_found(tmp_path: Path, name: str, damage: str) -> None:
    save_checkpoint(tmp_path / "last", networks(), {"a": 1}, {"step": 1})
    path = tmp_path / "last" / name
    data = bytearray(path.read_bytes())
    position = random.Random(name + damage).randrange(len(data))
    if damage == "remove":
        path.unlink()
    else:
        data[position] ^= 1
        path.write_bytes(data[:position] if damage == "cut" else data)
    with pytest.raises(VoGanError, match=name):
        load_checkpoint(tmp_path / "last")


def test_newer_formats_and_other_folders_are_refused(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last", networks(), {})
    manifest = tmp_path / "last" / MANIFEST
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"format_version": 99}))
    with pytest.raises(VoGanError, match="update vo_gan"):
        load_checkpoint(tmp_path / "last")
    manifest.write_text("{")
    with pytest.raises(VoGanError, match="damaged"):
        load_checkpoint(tmp_path / "last")
    with pytest.raises(VoGanError, match="no checkpoint"):
        load_checkpoint(tmp_path)


def test_a_save_cut_off_between_its_renames_is_recovered(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last", networks(1.0), {})
    os.rename(tmp_path / "last", tmp_path / ".last.previous")
    assert (load_checkpoint(tmp_path / "last").tensors["net.weight"] == 1).all()
    save_checkpoint(tmp_path / "last", networks(2.0), {})
    assert (load_checkpoint(tmp_path / "last").tensors["net.weight"] == 2).all()
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def test_a_full_disk_leaves_the_older_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path / "last", networks(1.0), {}, {"step": 1})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vo_gan.engine.checkpoint.torch.save", full)
    with pytest.raises(VoGanError, match="No space left"):
        save_checkpoint(tmp_path / "last", networks(2.0), {}, {"step": 2})
    assert (load_checkpoint(tmp_path / "last").tensors["net.weight"] == 1).all()
    assert [path.name for path in tmp_path.iterdir()] == ["last"]


def _save_for_ever(folder: Path) -> None:
    torch.set_num_threads(1)
    layer = nn.Linear(512, 512)
    for step in range(100_000):
        nn.init.constant_(layer.weight, float(step))
        save_checkpoint(folder, {"net": layer}, {"step": step}, {"step": step})


def test_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "last"
    chance = random.Random(0)
    context = multiprocessing.get_context("fork")
    for _ in range(12):
        process = context.Process(target=_save_for_ever, args=(folder,))
        process.start()
        started = time.monotonic()
        while not folder.exists() and time.monotonic() - started < 30:
            time.sleep(0.01)
        time.sleep(0.05 + 0.1 * chance.random())
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        checkpoint = load_checkpoint(folder)
        assert checkpoint.state()["step"] == checkpoint.config["step"]
        assert (checkpoint.tensors["net.weight"] == checkpoint.config["step"]).all()
