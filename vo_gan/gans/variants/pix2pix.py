"""pix2pix (Isola et al. 2017, arXiv:1611.07004): translation learned from pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.gans.blocks import Norm, Upsample
from vo_gan.gans.data.batches import DataShape, Pairs
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective
from vo_gan.gans.variants.translation import TranslationVariant, require_images
from vo_gan.gans.variants.variant import adam, frozen, halved_discriminator_loss, near_to, published_generator_loss

DEEPEST = 8


@dataclass(frozen=True)
class Pix2pixConfig:
    """The networks, and how they are trained.

    Attributes:
        width: channels of the generator's first layer.
        downs: downsamplings of the U-Net; 0 is as many as the image's sides divide by, at most 8.
        discriminator_width: channels of the discriminator's first layer.
        discriminator_layers: its strided layers; 3 see 70x70 pixels.
        norm: of both networks.
        dropout: the U-Net's only noise.
        upsample: `deconv` or, against checkerboards, `resize`.
        objective: see `vo_gan.gans.objectives`.
        l1: weight of the distance to the truth.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    width: int = 64
    downs: int = 0
    discriminator_width: int = 64
    discriminator_layers: int = 3
    norm: Norm = "batch"
    dropout: bool = True
    upsample: Upsample = "deconv"
    objective: Objective = "nonsaturating"
    l1: float = 100.0
    rate: float = 2e-4
    ema: float = 0.0


def deepest(height: int, width: int) -> int:
    """How often both sides can be halved, at most 8 times and at least 2."""
    downs = 2
    while downs < DEEPEST and height % 2 ** (downs + 1) == 0 and width % 2 ** (downs + 1) == 0:
        downs += 1
    return downs


class Pix2pix(TranslationVariant):
    """A U-Net and a PatchGAN that sees the given image beside the real or the made one."""

    variant = "pix2pix"
    paper = "Isola et al. 2017, arXiv:1611.07004"
    learns = "image to image, from pairs"
    needs = "aligned"
    Config = Pix2pixConfig
    data = GanDataConfig(width=256, height=256, enlarge=286 / 256, flip=True, batch=1, validation_batch=8)
    training = TrainingConfig(schedule="linear", decay_at=0.5, best="ssim")
    epochs = 200

    def __init__(self, config: Pix2pixConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        require_images(shape)
        (given, height, width), wanted = shape.first, shape.second[0]
        downs = config.downs or deepest(height, width)
        self.divisor = self.smallest = 2**downs
        self.networks["generator"] = build_network(
            "unet_generator",
            in_channels=given,
            out_channels=wanted,
            downs=downs,
            width=config.width,
            norm=config.norm,
            dropout=config.dropout,
            upsample=config.upsample,
        )
        self.networks["discriminator"] = build_network(
            "patch_discriminator",
            in_channels=given + wanted,
            width=config.discriminator_width,
            layers=config.discriminator_layers,
            norm=config.norm,
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        self.follow(config.ema)

    def step(self, batch: Pairs, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """The discriminator first; then the generator, by the discriminator as it is now."""
        config, discriminator = self.config, self.networks["discriminator"]
        made = self.networks["generator"](batch.first)
        real = discriminator(torch.cat([batch.first, batch.second], dim=1))
        fake = discriminator(torch.cat([batch.first, made.detach()], dim=1))
        judging = halved_discriminator_loss(config.objective, real, fake)
        self.update("discriminator", judging)
        with frozen(discriminator):
            fooling = published_generator_loss(config.objective, discriminator(torch.cat([batch.first, made], dim=1)))
        l1 = near_to(made, batch.second)
        self.update("generator", fooling + config.l1 * l1)
        return {"discriminator": judging, "generator": fooling, "l1": l1}
