"""A discriminator with its optimiser and its objective, as recipes use it beside a reconstruction loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vo_gan.gans import Objective, build_network, discriminator_loss, generator_loss, gradient_penalty

Judge = Literal["patch_discriminator", "pixel_discriminator", "multiscale_discriminator"]
"""Those discriminators of `vo_gan.gans` that judge images, or maps of any number of channels, place by place."""


@dataclass(frozen=True)
class AdversarialConfig:
    """The discriminator on reconstructed views.

    Attributes:
        weight: of the adversarial term beside the reconstruction; 0 switches the discriminator off.
        objective: see `vo_gan.gans.objectives`; `wasserstein` comes with the gradient penalty.
        warmup_steps: steps over which the weight grows from 0.
        discriminator: `patch_discriminator` (PatchGAN), `pixel_discriminator` (1x1) or `multiscale_discriminator`
            (pix2pixHD's, two scales).
        width: channels of its first layer.
        layers: its strided layers; the pixel discriminator has none.
        learning_rate: of the discriminator's Adam.
    """

    weight: float = 0.01
    objective: Objective = "nonsaturating"
    warmup_steps: int = 1000
    discriminator: Judge = "patch_discriminator"
    width: int = 32
    layers: int = 3
    learning_rate: float = 1e-4

    def weight_at(self, step: int) -> float:
        """The weight at a step, warm-up included."""
        return self.weight * min((step + 1) / max(self.warmup_steps, 1), 1.0)


def build_discriminator(config: AdversarialConfig, channels: int) -> nn.Module:
    """The discriminator of a configuration for maps of `channels`; without batch normalisation where the objective
    forbids it."""
    depth = {} if config.discriminator == "pixel_discriminator" else {"layers": config.layers}
    norm = "none" if config.objective == "wasserstein" else "batch"
    return build_network(config.discriminator, in_channels=channels, width=config.width, norm=norm, **depth)


def discriminator_optimiser(config: AdversarialConfig, discriminator: nn.Module) -> torch.optim.Optimizer:
    """Adam as GANs have it."""
    return torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate, betas=(0.5, 0.999))


def masked_alike(
    real: Float[Tensor, "b c h w"], fake: Float[Tensor, "b c h w"], valid: Bool[Tensor, "b 1 h w"]
) -> tuple[Tensor, Tensor]:
    """Both with black where `valid` is not: a discriminator that saw borders in one of them would learn those."""
    mask = valid.to(fake.dtype)
    return real * mask, fake * mask


def fooling_loss(config: AdversarialConfig, discriminator: nn.Module, fake: Float[Tensor, "b c h w"]) -> Tensor:
    """What the generator side minimises, unweighted; the mean over the verdicts of several scales. The discriminator's
    own parameters get no gradient."""
    discriminator.requires_grad_(False)
    losses = [generator_loss(config.objective, verdict) for verdict in verdicts(discriminator, fake)]
    discriminator.requires_grad_(True)
    return torch.stack(losses).mean()


def judging_loss(
    config: AdversarialConfig,
    discriminator: nn.Module,
    real: Float[Tensor, "b c h w"],
    fake: Float[Tensor, "b c h w"],
) -> Tensor:
    """What the discriminator minimises, with the gradient penalty where the objective needs one."""
    real, fake = real.detach(), fake.detach()
    pairs = zip(verdicts(discriminator, real), verdicts(discriminator, fake), strict=True)
    loss = torch.stack([discriminator_loss(config.objective, true, made) for true, made in pairs]).mean()
    if config.objective == "wasserstein":
        loss = loss + gradient_penalty(discriminator, real, fake)
    return loss


def verdicts(discriminator: nn.Module, image: Float[Tensor, "b c h w"]) -> list[Tensor]:
    """The logits of being real, in float32: one map, or one for each scale."""
    return [verdict.float() for verdict in discriminator.verdicts(discriminator(image))]  # type: ignore[operator]
