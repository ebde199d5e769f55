from __future__ import annotations

import math

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from vo_gan.gans import (
    build_network,
    discriminator_loss,
    feature_matching,
    generator_loss,
    gradient_penalty,
    gram_matrix,
)

KINDS = ["minimax", "nonsaturating", "lsgan", "hinge", "wasserstein"]
REAL, FAKE = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0])


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_known_values() -> None:
    cross_entropy = (
        -(math.log(sigmoid(2)) + math.log(sigmoid(-1))) / 2
        - (math.log(1 - sigmoid(0.5)) + math.log(1 - sigmoid(3))) / 2
    )
    for kind in ("minimax", "nonsaturating"):
        assert discriminator_loss(kind, REAL, FAKE).item() == pytest.approx(cross_entropy, rel=1e-6)
    assert discriminator_loss("lsgan", REAL, FAKE).item() == pytest.approx(0.5 * ((1 + 4) / 2 + (0.25 + 9) / 2))
    assert discriminator_loss("hinge", REAL, FAKE).item() == pytest.approx((0 + 2) / 2 + (1.5 + 4) / 2)
    assert discriminator_loss("wasserstein", REAL, FAKE).item() == pytest.approx(1.75 - 0.5)
    saturating = (math.log(1 - sigmoid(0.5)) + math.log(1 - sigmoid(3))) / 2
    assert generator_loss("minimax", FAKE).item() == pytest.approx(saturating, rel=1e-6)
    nonsaturating = -(math.log(sigmoid(0.5)) + math.log(sigmoid(3))) / 2
    assert generator_loss("nonsaturating", FAKE).item() == pytest.approx(nonsaturating, rel=1e-6)
    assert generator_loss("lsgan", FAKE).item() == pytest.approx(0.5 * (0.25 + 4) / 2)
    assert generator_loss("hinge", FAKE).item() == pytest.approx(-1.75)
    assert generator_loss("wasserstein", FAKE).item() == pytest.approx(-1.75)


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_logits_stay_finite(kind: str) -> None:
    logits = torch.tensor([-1e4, 0.0, 1e4], requires_grad=True)
    loss = discriminator_loss(kind, logits, logits) + generator_loss(kind, logits)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_pull_the_right_way(kind: str) -> None:
    real, fake = torch.zeros(4, requires_grad=True), torch.full((4,), 0.5, requires_grad=True)
    discriminator_loss(kind, real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fooling = torch.zeros(4, requires_grad=True)
    generator_loss(kind, fooling).backward()
    assert (fooling.grad < 0).all()


@pytest.mark.usefixtures("unchecked")
def test_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="wgan"):
        generator_loss("wgan", FAKE)


class Quadratic(nn.Module):
    """f(x) = sum(a x^2 / 2), whose gradient is a x."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 1.5 * x.square().flatten(1).sum(1)


def test_penalty_is_per_sample_over_the_whole_sample() -> None:
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(3, 2, 4, 5, generator=generator) for _ in range(2))
    alpha = torch.tensor([0.2, 0.7, 1.0]).reshape(3, 1, 1, 1)
    between = alpha * real + (1 - alpha) * fake
    norms = (3.0 * between).flatten(1).norm(dim=1)
    expected = 4.0 * (norms - 2.0).square().mean()
    torch.testing.assert_close(gradient_penalty(Quadratic(), real, fake, weight=4.0, target=2.0, alpha=alpha), expected)


def test_penalty_reaches_the_critics_weights() -> None:
    critic = build_network("patch_discriminator", in_channels=3, width=4, layers=2, norm="instance")
    real, fake = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    gradient_penalty(critic, real, fake).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in critic.parameters() if p.dim() > 1)


def test_penalty_refuses_batch_norm() -> None:
    critic = build_network("patch_discriminator", in_channels=3, norm="batch")
    with pytest.raises(ValueError, match="batch normalisation"):
        gradient_penalty(critic, torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64))


def test_penalty_draws_one_share_per_sample() -> None:
    """Between 0 and a sample of ones the gradient's norm tells the share: all different, none beyond the ends."""
    shares: list[torch.Tensor] = []

    class Recorder(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            shares.append(x.detach())
            return x.flatten(1).sum(1)

    gradient_penalty(Recorder(), torch.ones(16, 3, 4, 4), torch.zeros(16, 3, 4, 4))
    per_sample = shares[0].flatten(1)
    assert (per_sample == per_sample[:, :1]).all()
    assert per_sample[:, 0].unique().numel() == 16
    assert (per_sample >= 0).all()
    assert (per_sample <= 1).all()


def test_penalty_of_points_images_and_flat_critics() -> None:
    assert torch.isfinite(gradient_penalty(Quadratic(), torch.randn(5, 2), torch.randn(5, 2)))

    class Flat(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return 0 * x.flatten(1).sum(1)

    real = torch.randn(2, 1, 4, 4)
    assert gradient_penalty(Flat(), real, real).item() == pytest.approx(10.0)


def test_penalty_is_float32_under_autocast() -> None:
    torch.manual_seed(0)
    critic = build_network("patch_discriminator", in_channels=3, width=4, layers=2, norm="instance")
    real, fake, alpha = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), torch.rand(2, 1, 1, 1)
    between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between)
    expected = 10 * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
    with torch.autocast("cpu", torch.bfloat16):
        penalty = gradient_penalty(critic, real, fake, alpha=alpha)
        halved = gradient_penalty(critic, real.bfloat16(), fake.bfloat16(), alpha=alpha)
    assert penalty.dtype == halved.dtype == torch.float32
    torch.testing.assert_close(penalty.detach(), expected, rtol=1e-6, atol=0)


def test_penalty_does_not_reach_the_generator() -> None:
    fake = torch.rand(2, 1, 16, 16, requires_grad=True)
    critic = build_network("patch_discriminator", in_channels=1, width=2, layers=1, norm="none")
    gradient_penalty(critic, torch.rand(2, 1, 16, 16), fake).backward()
    assert fake.grad is None


def test_penalty_takes_every_critic_of_the_library() -> None:
    image = torch.rand(2, 3, 32, 32)
    scales = build_network("multiscale_discriminator", in_channels=3, width=2, layers=2)
    stargan = build_network("stargan_discriminator", image_size=32, width=2, layers=3)
    for critic in (scales, stargan):
        gradient_penalty(critic, image, image.flip(0)).backward()
        first = next(critic.parameters())
        assert first.grad.abs().sum() > 0
    assert stargan.domain.weight.grad is None


def test_penalty_refuses_batch_norm_of_vectors_too() -> None:
    critic = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(ValueError, match="batch normalisation"):
        gradient_penalty(critic.eval(), torch.rand(4, 2), torch.rand(4, 2))


def test_feature_matching_is_pix2pixhds() -> None:
    torch.manual_seed(0)
    layers, scales = 3, 2

    def features() -> list[list[torch.Tensor]]:
        return [[torch.rand(2, c, 4, 4, requires_grad=True) for c in (2, 3, 4, 5, 1)] for _ in range(scales)]

    real, fake = features(), features()
    loss = feature_matching(real, fake)
    expected = sum(
        (1 / scales) * (4 / (layers + 1)) * (real[s][f] - fake[s][f]).abs().mean()
        for s in range(scales)
        for f in range(layers + 1)
    )
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert all(feature.grad is None for scale in real for feature in scale)
    assert all(feature.grad is not None for scale in fake for feature in scale[:-1])
    assert fake[0][-1].grad is None


def test_feature_matching_refuses_what_does_not_match() -> None:
    image = torch.rand(1, 3, 32, 32)
    two, one = (
        build_network("multiscale_discriminator", in_channels=3, width=2, scales=scales)(image) for scales in (2, 1)
    )
    with pytest.raises(ValueError, match="one discriminator"):
        feature_matching(two, one)
    with pytest.raises(ValueError, match="ending in the logits"):
        feature_matching([[image]], [[image]])


def test_gram_matrix_of_known_features() -> None:
    features = torch.tensor([[1.0, 2.0], [3.0, -1.0]]).reshape(1, 2, 1, 2)
    torch.testing.assert_close(gram_matrix(features), torch.tensor([[[5.0, 1.0], [1.0, 10.0]]]) / 4)


def test_the_penalty_is_the_same_within_fabric_s_mixed_precision() -> None:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LeakyReLU(), nn.Conv2d(4, 1, 3))
    real, fake, alpha = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8), torch.rand(2, 1, 1, 1)
    expected = gradient_penalty(critic, real, fake, alpha=alpha)
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    wrapped = fabric.setup_module(critic)
    penalty = gradient_penalty(wrapped, real, fake, alpha=alpha)
    torch.testing.assert_close(penalty, expected, rtol=0, atol=0)
    fabric.backward(penalty + wrapped(real).mean())
    assert all(parameter.grad is not None for parameter in critic.parameters())
