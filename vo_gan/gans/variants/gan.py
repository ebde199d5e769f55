"""The first GAN (Goodfellow et al. 2014, arXiv:1406.2661), with either of its generator losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from vo_gan.engine import TrainingConfig
from vo_gan.gans.data.batches import DataShape, Samples
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.mlp import VectorNorm
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective, discriminator_loss, generator_loss
from vo_gan.gans.variants.latent import LatentVariant
from vo_gan.gans.variants.variant import adam, frozen


@dataclass(frozen=True)
class MlpConfig:
    """Fully connected networks.

    Attributes:
        latent: length of the latent vector.
        generator_widths: of the generator's hidden layers.
        discriminator_widths: of the discriminator's hidden layers.
        norm: of the generator, from its second layer on.
    """

    latent: int = 100
    generator_widths: list[int] = field(default_factory=lambda: [128, 256, 512, 1024])
    discriminator_widths: list[int] = field(default_factory=lambda: [512, 256])
    norm: VectorNorm = "batch"


@dataclass(frozen=True)
class GanConfig(MlpConfig):
    """The networks, and how they are trained.

    Attributes:
        objective: `minimax`, the game as it is written down, or `nonsaturating`, as the paper says to train it.
        generator_rate: learning rate.
        discriminator_rate: learning rate.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    objective: Literal["minimax", "nonsaturating"] = "nonsaturating"
    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    ema: float = 0.0


def mlp_generator(config: MlpConfig, shape: DataShape) -> nn.Module:
    """For vectors without bounds, for images in [-1, 1]."""
    output = "tanh" if len(shape.first) == 3 else "linear"
    return build_network(
        "mlp_generator",
        latent=config.latent,
        widths=config.generator_widths,
        shape=shape.first,
        norm=config.norm,
        output=output,
    )


def mlp_discriminator(config: MlpConfig, shape: DataShape) -> nn.Module:
    """One logit for a vector or image."""
    return build_network("mlp_discriminator", widths=config.discriminator_widths, shape=shape.first)


class AlternatingVariant(LatentVariant):
    """One step of the discriminator, then one of the generator, on the same latent vectors.

    The discriminator sees real and generated samples as separate batches. The generator is judged anew, by the
    discriminator as it is after its step.
    """

    def objective(self) -> Objective:
        """Which one."""
        return self.config.objective

    def step(self, batch: Samples, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """One step of each side."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        conditions = self.conditions(batch)
        fake = generator(self.latent(len(batch.images)), *conditions)
        judging = discriminator_loss(
            self.objective(),
            discriminator(batch.images, *conditions).float(),
            discriminator(fake.detach(), *conditions).float(),
        )
        self.update("discriminator", judging)
        with frozen(discriminator):
            fooling = generator_loss(self.objective(), discriminator(fake, *conditions).float())
        self.update("generator", fooling)
        return {"discriminator": judging, "generator": fooling}


class Gan(AlternatingVariant):
    """Two fully connected networks play the minimax game."""

    variant = "gan"
    paper = "Goodfellow et al. 2014, arXiv:1406.2661"
    learns = "samples from noise"
    Config = GanConfig
    data = GanDataConfig(batch=64)
    training = TrainingConfig(schedule="constant", best="kid")
    epochs = 200

    def __init__(self, config: GanConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        self.networks["generator"] = mlp_generator(config, shape)
        self.networks["discriminator"] = mlp_discriminator(config, shape)
        self.optimisers["generator"] = adam(self.networks["generator"].parameters(), config.generator_rate)
        self.optimisers["discriminator"] = adam(self.networks["discriminator"].parameters(), config.discriminator_rate)
        self.follow(config.ema)
