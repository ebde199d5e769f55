"""What runs on a GPU does there what it does on the CPU. Skipped without CUDA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from vo_gan.cli import main
from vo_gan.data import SnippetDataset, augment, open_drives
from vo_gan.geometry import intrinsics_matrix, inverse_warp, transform_from_axis_angle
from vo_gan.losses import Target, photometric_error
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.odometry import Networks, Tracker
from vo_gan.recipes import Ganvo, GanvoConfig

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]
SIZE = (128, 64)
SMALL = GanvoConfig(depth=DepthConfig(width=8), pose=PoseConfig(features="correlation", width=8, hidden=16))


def test_warp_and_error_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    image, target = (torch.rand(2, 3, 64, 128, generator=generator) for _ in range(2))
    depth = torch.rand(2, 1, 64, 128, generator=generator) * 20 + 2
    motion = transform_from_axis_angle(torch.full((2, 3), 0.02), torch.full((2, 3), 0.1))
    camera = intrinsics_matrix(70.0, 70.0, 63.0, 31.0).float().expand(2, 3, 3)
    results = []
    for device in ("cpu", "cuda"):
        warped = inverse_warp(image.to(device), depth.to(device), motion.to(device), camera.to(device))
        results.append(photometric_error(warped.image, Target.of(target.to(device))).cpu())
    torch.testing.assert_close(*results, atol=1e-3, rtol=0)


def test_a_step_agrees(tiny_world: Path) -> None:
    batch = SnippetDataset(open_drives(tiny_world), 3, SIZE).batch([0, 4])
    config = GanvoConfig(SMALL.depth, SMALL.pose, augment=False)
    losses = []
    for accelerator in ("cpu", "cuda"):
        torch.manual_seed(0)
        learner = Ganvo(config, SIZE)
        learner.place(Fabric(accelerator=accelerator, devices=1), channels_last=True)
        losses.append({name: value.item() for name, value in learner.step(batch.to(accelerator), 0).items()})
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_augmentation_stays_on_the_device(tiny_world: Path) -> None:
    batch = SnippetDataset(open_drives(tiny_world), 3, SIZE).batch([0, 4]).to("cuda")
    seen, clean = augment(batch, torch.Generator("cuda").manual_seed(0))
    assert seen.images.device.type == clean.images.device.type == "cuda"


def test_tracking_agrees() -> None:
    torch.manual_seed(0)
    networks = Networks(build_depth_generator(SMALL.depth, SIZE), build_pose_net(SMALL.pose), SIZE, "relative")
    frames = np.random.default_rng(0).integers(0, 256, (4, SIZE[1], SIZE[0], 3), dtype=np.uint8)
    poses = []
    for device in ("cpu", "cuda"):
        tracker = Tracker(networks, device=device)
        poses.append([tracker.track(frame).world_from_camera for frame in frames])
    np.testing.assert_allclose(poses[0], poses[1], atol=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_command_line_trains_and_tracks(tiny_world: Path, tmp_path: Path, precision: str) -> None:
    config = Path(__file__).parents[1] / "configs" / "ganvo_small.yaml"
    small = ["--data.width", "128", "--data.height", "64", "--training.steps", "4", "--training.precision", precision]
    arguments = ["train", "--config", str(config), "--runs", str(tmp_path), "--data.root", str(tiny_world), *small]
    assert main([*arguments, "--device", "cuda"]) == 0
    run, source = str(tmp_path / "ganvo_small"), str(tiny_world / "sequences" / "00")
    assert main(["track", source, "--weights", run, "--out", str(tmp_path / "track"), "--device", "cuda"]) == 0
