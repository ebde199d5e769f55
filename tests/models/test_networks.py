from __future__ import annotations

import pytest
import torch

from vo_gan.models import DepthConfig, PoseConfig, build_depth_generator, build_pose_net
from vo_gan.models.pose import local_correlation

SIZE = (128, 64)


@pytest.mark.parametrize("generator", ["resnet", "ganvo"])
def test_depth_comes_at_four_scales_and_starts_where_it_was_told(generator: str) -> None:
    config = DepthConfig(generator=generator, width=8, latent=16, initial=7.0)  # type: ignore[arg-type]
    network = build_depth_generator(config, SIZE)
    activations = network(torch.rand(2, 3, SIZE[1], SIZE[0]))
    assert [tuple(a.shape) for a in activations] == [(2, 1, 64 >> s, 128 >> s) for s in range(4)]
    depth = network.depth(activations[0])
    assert depth.median().item() == pytest.approx(7.0, rel=0.2)


def test_depth_is_bounded() -> None:
    network = build_depth_generator(DepthConfig(width=8, nearest=0.5, farthest=80.0, unit=2.0), SIZE)
    depth = network.depth(torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2))
    torch.testing.assert_close(depth.flatten(), torch.tensor([160.0, 1.0]))


@pytest.mark.parametrize("features", ["resnet", "convolutions", "correlation"])
@pytest.mark.parametrize("net", ["lstm", "pairwise"])
def test_a_motion_for_every_pair(net: str, features: str) -> None:
    config = PoseConfig(net=net, features=features, width=8, hidden=16)  # type: ignore[arg-type]
    motions = build_pose_net(config)(torch.rand(2, 4, 3, SIZE[1], SIZE[0]))
    assert motions.shape == (2, 3, 4, 4)
    rotation = motions[..., :3, :3]
    torch.testing.assert_close(
        rotation @ rotation.transpose(-1, -2), torch.eye(3).expand_as(rotation), atol=1e-5, rtol=0
    )


def test_the_lstm_remembers_and_the_pairwise_net_does_not() -> None:
    images = torch.rand(1, 4, 3, SIZE[1], SIZE[0])
    other = images.clone()
    other[:, 0] = torch.rand_like(other[:, 0])
    for net, remembers in (("lstm", True), ("pairwise", False)):
        torch.manual_seed(0)
        pose = build_pose_net(PoseConfig(net=net, features="convolutions", width=4, hidden=8)).eval()  # type: ignore[arg-type]
        same = torch.equal(pose(images)[:, -1], pose(other)[:, -1])
        assert same is not remembers


def test_local_correlation_is_the_brute_force_one_and_peaks_at_the_shift() -> None:
    earlier = torch.randn(1, 6, 7, 9)
    later = torch.roll(earlier, (1, -2), dims=(2, 3))
    correlation = local_correlation(earlier, later, radius=2)
    assert correlation.shape == (1, 25, 7, 9)
    displacement = (1 + 2) * 5 + (-2 + 2)
    inner = correlation[0, :, 2:-2, 2:-2]
    torch.testing.assert_close(inner[displacement], torch.ones(3, 5))
    assert (inner.argmax(0) == displacement).all()
    expected = torch.cosine_similarity(earlier[0, :, 3, 4], later[0, :, 3 - 1, 4 + 2], dim=0)
    torch.testing.assert_close(correlation[0, (-1 + 2) * 5 + (2 + 2), 3, 4], expected)
    assert correlation[0, 0, 0, 0] == 0


def test_a_symmetric_net_gives_a_mirrored_street_the_mirrored_motion() -> None:
    images = torch.rand(2, 3, 3, SIZE[1], SIZE[0])
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))
    for symmetric in (True, False):
        torch.manual_seed(0)
        config = PoseConfig(features="convolutions", width=4, hidden=8, symmetric=symmetric, rotation_scale=1.0)
        pose = build_pose_net(config).eval()
        torch.nn.init.normal_(pose.head.bias)
        motion, mirrored = pose(images), pose(images.flip(-1))
        assert torch.allclose(mirror @ motion @ mirror, mirrored, atol=1e-5) is symmetric
