"""CycleGAN (Zhu et al. 2017, arXiv:1703.10593): translation learned without pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Norm, Upsample
from vo_gan.gans.data.batches import DataShape, Pairs
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.figures import psnr
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective
from vo_gan.gans.pictures import grid
from vo_gan.gans.replay import ReplayPool
from vo_gan.gans.variants.translation import PICTURED, TranslationVariant, require_images, rows
from vo_gan.gans.variants.variant import adam, frozen, halved_discriminator_loss, near_to, published_generator_loss


@dataclass(frozen=True)
class CycleganConfig:
    """The networks, and how they are trained.

    Attributes:
        width: channels of the generators' first layer.
        blocks: residual blocks; 0 is the paper's: 6 up to 128 pixels, else 9.
        discriminator_width: channels of the discriminators' first layer.
        discriminator_layers: their strided layers.
        norm: of all networks.
        upsample: `deconv` or, against checkerboards, `resize`.
        residual_output: the generators make corrections to the images they are given, as DeblurGAN's does: for domains
            of the same things in another light. The paper's do not.
        objective: see `vo_gan.gans.objectives`.
        cycle: weight of the distance of an image to its translation's translation.
        identity: weight, times that of the cycle, of the distance of an image to its translation into its own domain.
        pool: made images that are kept for the discriminators.
        rate: learning rate of all.
        ema: share of the generators' moving averages that stays at each step; 0 for no averages.
    """

    width: int = 64
    blocks: int = 0
    discriminator_width: int = 64
    discriminator_layers: int = 3
    norm: Norm = "instance"
    upsample: Upsample = "deconv"
    residual_output: bool = False
    objective: Objective = "lsgan"
    cycle: float = 10.0
    identity: float = 0.5
    pool: int = 50
    rate: float = 2e-4
    ema: float = 0.0


class Cyclegan(TranslationVariant):
    """Two generators, each the other's way back, and a discriminator for either domain.

    Networks: `to_second` and `to_first` translate, `first` and `second` judge images of their domains.
    """

    variant = "cyclegan"
    paper = "Zhu et al. 2017, arXiv:1703.10593"
    learns = "image to image and back, without pairs"
    needs = "unaligned"
    Config = CycleganConfig
    data = GanDataConfig(width=256, height=256, enlarge=286 / 256, flip=True, batch=1, validation_batch=8)
    training = TrainingConfig(schedule="linear", decay_at=0.5, best="kid")
    epochs = 200
    generators = ("to_second", "to_first")
    divisor, smallest = 4, 8

    def __init__(self, config: CycleganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        require_images(shape)
        (first, height, width), second = shape.first, shape.second[0]
        blocks = config.blocks or (6 if max(height, width) <= 128 else 9)
        for name, given, wanted in (("to_second", first, second), ("to_first", second, first)):
            self.networks[name] = build_network(
                "resnet_generator",
                in_channels=given,
                out_channels=wanted,
                width=config.width,
                blocks=blocks,
                norm=config.norm,
                residual_output=config.residual_output,
                upsample=config.upsample,
            )
        for name, channels in (("first", first), ("second", second)):
            self.networks[name] = build_network(
                "patch_discriminator",
                in_channels=channels,
                width=config.discriminator_width,
                layers=config.discriminator_layers,
                norm=config.norm,
            )
        self.optimisers["generators"] = adam(
            [p for name in self.generators for p in self.networks[name].parameters()], config.rate
        )
        self.optimisers["discriminators"] = adam(
            [p for name in ("first", "second") for p in self.networks[name].parameters()], config.rate
        )
        self.pools = {name: ReplayPool(config.pool, seed + number) for number, name in enumerate(("first", "second"))}
        self.has_identity = config.identity > 0 and first == second
        self.follow(config.ema)

    def step(self, batch: Pairs, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """The generators first, then the discriminators, which also see images made earlier."""
        config, networks = self.config, self.networks
        real = {"first": batch.first, "second": batch.second}
        to_second, to_first = networks["to_second"], networks["to_first"]
        made_second, made_first = to_second(batch.first), to_first(batch.second)
        cycle = near_to(to_first(made_second), batch.first) + near_to(to_second(made_first), batch.second)
        made = {"first": made_first, "second": made_second}
        losses = {"cycle": cycle}
        loss = config.cycle * cycle
        if self.has_identity:
            same = near_to(to_first(batch.first), batch.first) + near_to(to_second(batch.second), batch.second)
            losses["identity"] = same
            loss = loss + config.cycle * config.identity * losses["identity"]
        with frozen(networks["first"], networks["second"]):
            fooling = [published_generator_loss(config.objective, networks[name](made[name])) for name in real]
        losses["generators"] = torch.stack(fooling).sum()
        self.update("generators", loss + losses["generators"])

        judging = []
        for name, pool in self.pools.items():
            fake = networks[name](pool.exchange(made[name]))
            judging.append(halved_discriminator_loss(config.objective, networks[name](real[name]), fake))
        losses["discriminators"] = torch.stack(judging).sum()
        self.update("discriminators", losses["discriminators"])
        return losses

    def wishes(self) -> list[str]:
        """The two domains."""
        return ["second", "first"]

    def direction(self, wanted: str) -> tuple[str, tuple[Tensor, ...]]:
        """To the second domain, unless the first is wanted."""
        if wanted not in ("", *self.wishes()):
            raise VoGanError(f"there is no domain {wanted!r}: --to second (the default) or --to first")
        return f"to_{wanted or 'second'}", ()

    def validate(self, batch: Pairs) -> dict[str, Tensor]:
        """Also the way back."""
        figures = super().validate(batch)
        if batch.aligned:
            figures["psnr_back"] = psnr(self.translate(batch.second, "first"), batch.first)
        return figures

    def pictures(self, batch: Pairs) -> dict[str, Tensor]:
        """Given and made, both ways."""
        first, second = batch.first[:PICTURED], batch.second[:PICTURED]
        columns = (first, self.translate(first), second, self.translate(second, "first"))
        return {"translations": grid(rows(*columns), columns=4)}

    def extra_state(self) -> dict[str, Any]:
        """The pools."""
        return {name: pool.state_dict() for name, pool in self.pools.items()}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `extra_state`."""
        for name, pool in self.pools.items():
            pool.load_state_dict(state[name])
