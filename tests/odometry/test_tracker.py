from __future__ import annotations

import numpy as np
import pytest
import torch

from vo_gan.errors import VoGanError
from vo_gan.geometry import chain_motions, invert_poses
from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.odometry import Networks, Tracker

SIZE = (128, 64)


def networks(memory: int = 3, net: str = "lstm") -> Networks:
    torch.manual_seed(0)
    pose = build_pose_net(PoseConfig(net=net, features="convolutions", width=4, hidden=16, memory=memory))  # type: ignore[arg-type]
    for parameter in pose.head.parameters() if net == "lstm" else []:
        torch.nn.init.normal_(parameter, 0.0, 1.0)  # motions large enough to see
    return Networks(build_depth_generator(DepthConfig(width=8), SIZE).eval(), pose.eval(), SIZE, "relative")


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, SIZE[1], SIZE[0], 3), dtype=np.uint8)


def test_starts_at_the_identity_with_depth() -> None:
    tracked = Tracker(networks()).track(frames(1)[0])
    assert tracked.index == 0
    assert np.array_equal(tracked.world_from_camera, np.eye(4))
    assert tracked.depth.shape == (64, 128)
    assert (tracked.depth > 0).all()


@pytest.mark.parametrize("net", ["lstm", "pairwise"])
def test_streaming_is_the_pose_net_over_the_last_frames(net: str) -> None:
    made, images = networks(net=net), frames(7)
    tracker = Tracker(made)
    poses = np.stack([tracker.track(image).world_from_camera for image in images])
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    steps = []
    with torch.no_grad():
        for last in range(1, 7):
            window = tensors[max(0, last - 3) : last + 1]
            steps.append(made.pose(window[None])[0, -1].double().numpy())
    np.testing.assert_allclose(poses, chain_motions(invert_poses(np.stack(steps))), atol=1e-5)


def test_memory_does_not_grow() -> None:
    tracker = Tracker(networks(memory=3))
    for image in frames(10):
        tracker.track(image)
    assert len(tracker._features) == 3


def test_frames_of_any_size_are_resized() -> None:
    large = np.repeat(np.repeat(frames(1)[0], 2, axis=0), 2, axis=1)
    made = networks()
    np.testing.assert_allclose(Tracker(made).track(large).depth, Tracker(made).track(frames(1)[0]).depth, rtol=1e-4)


def test_rotations_stay_orthonormal() -> None:
    tracker = Tracker(networks())
    for image in frames(30):
        pose = tracker.track(image).world_from_camera
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)


def test_refinement_needs_intrinsics() -> None:
    with pytest.raises(VoGanError, match="--intrinsics"):
        Tracker(networks(), refine=True)
