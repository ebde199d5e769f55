from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from vo_gan.gans import build_network, discriminator_loss, generator_loss, gradient_penalty

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
