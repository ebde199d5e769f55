"""Generative adversarial networks, usable without any knowledge of odometry."""

from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective, discriminator_loss, generator_loss, gradient_penalty
from vo_gan.gans.patch_discriminator import PatchDiscriminator

__all__ = [
    "Objective",
    "PatchDiscriminator",
    "build_network",
    "discriminator_loss",
    "generator_loss",
    "gradient_penalty",
]
