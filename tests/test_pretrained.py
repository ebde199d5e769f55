from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from vo_gan.config import Config, to_plain
from vo_gan.data import open_drive
from vo_gan.engine import save_checkpoint
from vo_gan.errors import VoGanError
from vo_gan.models import DepthConfig, PoseConfig, StackConfig
from vo_gan.odometry import LearnedMatcher, PairDepthPredictor, SgbmMatcher
from vo_gan.pretrained import load_matcher, load_networks, load_pair_networks, open_checkpoint, start_from
from vo_gan.recipes import SganvoConfig
from vo_gan.shipped import FOLDER, find_weights, shipped_names
from vo_gan.training import build_learner

SMALL = SganvoConfig(
    depth=DepthConfig(width=8, decoder_width=4),
    pose=PoseConfig(net="pairwise", features="convolutions", width=4),
    stack=StackConfig(layers=2, channels=[4, 4], features=[4]),
    ema=0.9,
)


def checkpoint(folder: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    config = Config(recipe="sganvo", sganvo=SMALL)
    save_checkpoint(folder, build_learner(config).plain_networks(), to_plain(config))
    return folder


def test_training_starts_from_other_weights(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "weights", seed=1)
    torch.manual_seed(2)
    networks = build_learner(Config(recipe="sganvo", sganvo=SMALL)).plain_networks()
    found = start_from(networks, folder)
    assert {"depth", "pose", "stack", "depth_average", "discriminator"} <= set(found)
    used = load_networks(folder)
    for name, network in (("depth", used.depth), ("pose", used.pose), ("stack", used.stack)):
        for ours, theirs in zip(network.state_dict().values(), networks[name].state_dict().values(), strict=True):
            assert torch.equal(ours, theirs)
    assert networks["depth"].training
    assert all(parameter.requires_grad for parameter in networks["depth"].parameters())


def test_weights_of_other_networks_are_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "weights", seed=1)
    with pytest.raises(VoGanError, match="holds none of the networks matcher"):
        start_from({"matcher": torch.nn.Linear(1, 1)}, folder)
    with pytest.raises(VoGanError, match="another architecture"):
        start_from({"depth": torch.nn.Linear(1, 1)}, folder)


def test_unknown_weights_are_named_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(VoGanError, match=r"nowhere: there are no such weights.*name of shipped weights"):
        find_weights(Path("nowhere"))
    with pytest.raises(VoGanError, match="no such weights"):
        find_weights(tmp_path / "missing")


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_weights_are_small_and_say_where_they_come_from(name: str) -> None:
    found, config = open_checkpoint(Path(name))
    assert found.folder == FOLDER / name
    assert (found.folder / "model.safetensors").stat().st_size < 30e6
    assert all(value.dtype == torch.float16 for value in found.tensors.values() if value.is_floating_point())
    assert all(torch.isfinite(value).all() for value in found.tensors.values() if value.is_floating_point())
    assert config.data.root == ""
    assert "commit" in (found.folder / "ABOUT.md").read_text()


def test_the_shipped_matcher_matches(tiny_world: Path) -> None:
    drive = open_drive(tiny_world / "sequences" / "00")
    assert drive.baseline is not None
    matcher = LearnedMatcher(load_matcher(Path("world-stereo")), confidence=False)
    left, right, depth = drive.read(5), drive.read(5, side="right"), drive.read_depth(5)
    assert depth is not None
    found = matcher.disparity(left, right).disparity
    known = depth > 0
    errors = np.abs(found[known] - drive.intrinsics()[0, 0] * drive.baseline / depth[known])
    assert errors.mean() < 0.8
    assert (errors > 3.0).mean() < 0.05


def test_the_shipped_second_eye_sees_what_the_right_camera_does(tiny_world: Path) -> None:
    """Better than the left view does, unmoved or moved as one."""
    drive = open_drive(tiny_world / "sequences" / "01")
    left, right = (drive.read(5, side=side).astype(np.float32) for side in ("left", "right"))
    networks = load_pair_networks(Path("world-coupled"))
    made = PairDepthPredictor(networks, SgbmMatcher(confidence=False))(drive.read(5)).right.astype(np.float32)
    moved = [np.square(left[:, shift:] - right[:, : right.shape[1] - shift]).mean() for shift in range(6)]
    assert np.square(made - right).mean() < 0.8 * min(moved)
