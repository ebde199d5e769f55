"""CoupledGAN (Liu and Tuzel 2016, arXiv:1606.07536): pairs of images, learned without a single pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.data.batches import DataShape, Pairs
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.figures import kid
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import discriminator_loss, generator_loss
from vo_gan.gans.pictures import grid
from vo_gan.gans.variants.latent import PICTURED, LatentVariant
from vo_gan.gans.variants.variant import adam, frozen

SIDE = 28


@dataclass(frozen=True)
class CoupledConfig:
    """The networks, and how they are trained.

    Attributes:
        latent: length of the latent vector.
        generator_widths: channels of the four maps that both generators share.
        discriminator_widths: channels after each of the discriminators' three convolutions.
        rate: learning rate of both.
        weight_decay: of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    latent: int = 100
    generator_widths: list[int] = field(default_factory=lambda: [1024, 512, 256, 128])
    discriminator_widths: list[int] = field(default_factory=lambda: [20, 50, 500])
    rate: float = 2e-4
    weight_decay: float = 5e-4
    ema: float = 0.0


class Coupled(LatentVariant):
    """Two generators share what is content, two discriminators what recognises it."""

    variant = "coupled"
    paper = "Liu and Tuzel 2016, arXiv:1606.07536"
    learns = "pairs of images from noise, without pairs"
    needs = "unaligned"
    Config = CoupledConfig
    data = GanDataConfig(width=SIDE, height=SIDE, batch=64)
    training = TrainingConfig(steps=25_000, schedule="constant", best="kid")

    def __init__(self, config: CoupledConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        if shape.first[1:] != [SIDE, SIDE] or shape.first != shape.second:
            raise VoGanError(f"coupled networks need two domains of {SIDE}x{SIDE} images of the same channels")
        channels = shape.first[0]
        self.networks["generator"] = build_network(
            "coupled_generator", latent=config.latent, widths=config.generator_widths, channels=channels
        )
        self.networks["discriminator"] = build_network(
            "coupled_discriminator", widths=config.discriminator_widths, channels=channels
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(
                self.networks[name].parameters(), config.rate, weight_decay=config.weight_decay
            )
        self.follow(config.ema)

    def step(self, batch: Pairs, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """One step of the discriminators, then one of the generators."""
        discriminator = self.networks["discriminator"]
        made = self.networks["generator"](self.latent(len(batch.first)))
        real = self._verdict((batch.first + 1) / 2, (batch.second + 1) / 2)
        judging = discriminator_loss("nonsaturating", real, self._verdict(*(image.detach() for image in made)))
        self.update("discriminator", judging)
        with frozen(discriminator):
            fooling = generator_loss("nonsaturating", self._verdict(*made))
        self.update("generator", fooling)
        return {"discriminator": judging, "generator": fooling}

    def shown(self, made: Sequence[Tensor]) -> Tensor:
        """The two of a pair side by side, in [-1, 1]."""
        return 2 * torch.cat(list(made), dim=3) - 1

    def validate(self, batch: Pairs) -> dict[str, Tensor]:
        """KID of the first domain, of the second, and of both together as pairs (their features in a row)."""
        first, second = self.make_like(batch).chunk(2, dim=3)
        features = self.judge.features
        made = [features(first), features(second)]
        real = [features(batch.first), features(batch.second)]
        found = {"kid_first": kid(real[0], made[0]), "kid_second": kid(real[1], made[1])}
        return found | {"kid": kid(torch.cat(real, dim=1), torch.cat(made, dim=1))}

    def pictures(self, batch: Any) -> dict[str, Tensor]:
        """A sheet of pairs."""
        return {"samples": grid(self.make_like(batch)[:PICTURED], columns=8)}

    def _verdict(self, first: Tensor, second: Tensor) -> Tensor:
        (logits,) = self.plain("discriminator").verdicts(self.networks["discriminator"](first, second))
        return logits.float()
