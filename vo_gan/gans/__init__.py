"""Generative adversarial networks, usable without any knowledge of odometry."""

from vo_gan.gans.discriminator import Discriminator, Probabilities
from vo_gan.gans.inference import Inference, at_test_time, default_inference
from vo_gan.gans.networks import NETWORKS, build_network
from vo_gan.gans.objectives import (
    Objective,
    discriminator_loss,
    feature_matching,
    generator_loss,
    gradient_penalty,
    gram_matrix,
)
from vo_gan.gans.patch_discriminator import PatchDiscriminator

__all__ = [
    "NETWORKS",
    "Discriminator",
    "Inference",
    "Objective",
    "PatchDiscriminator",
    "Probabilities",
    "at_test_time",
    "build_network",
    "default_inference",
    "discriminator_loss",
    "feature_matching",
    "generator_loss",
    "gradient_penalty",
    "gram_matrix",
]
