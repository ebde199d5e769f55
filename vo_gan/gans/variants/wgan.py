"""Wasserstein GAN with clipped weights (Arjovsky et al. 2017, arXiv:1701.07875)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.gans.blocks import Norm
from vo_gan.gans.data.batches import DataShape, Samples
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import discriminator_loss, generator_loss
from vo_gan.gans.variants.dcgan import square_size
from vo_gan.gans.variants.gan import MlpConfig, mlp_discriminator, mlp_generator
from vo_gan.gans.variants.latent import LatentVariant
from vo_gan.gans.variants.variant import frozen

Network = Literal["auto", "mlp", "dcgan"]


@dataclass(frozen=True)
class WassersteinConfig(MlpConfig):
    """The networks, and what both Wasserstein GANs have.

    Attributes:
        network: `mlp`, `dcgan`, or `auto`: DCGAN's for images, `mlp` for points.
        width: of DCGAN's networks.
        critic_steps: of the critic for one of the generator.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    network: Network = "auto"
    width: int = 64
    critic_steps: int = 5
    ema: float = 0.0


@dataclass(frozen=True)
class WganConfig(WassersteinConfig):
    """How it is trained.

    Attributes:
        rate: learning rate of both sides' RMSprop.
        clip: the critic's weights stay in [-clip, clip].
        thorough_steps: of the critic, instead of `critic_steps`, at the beginning and now and then.
        thorough_first: so many generator steps are the beginning.
        thorough_every: generator steps from now to then.
    """

    rate: float = 5e-5
    clip: float = 0.01
    thorough_steps: int = 100
    thorough_first: int = 25
    thorough_every: int = 500


class WassersteinVariant(LatentVariant):
    """Every step trains the critic, some steps also the generator, on fresh noise."""

    def build(self, config: WassersteinConfig, shape: DataShape, critic_norm: Norm) -> None:
        """Add the networks."""
        network = config.network
        if network == "auto":
            network = "dcgan" if len(shape.first) == 3 else "mlp"
        if network == "mlp":
            self.networks["generator"] = mlp_generator(config, shape)
            self.networks["critic"] = mlp_discriminator(config, shape)
            return
        channels, size = square_size(shape)
        common = {"width": config.width, "channels": channels, "size": size}
        self.networks["generator"] = build_network("dcgan_generator", latent=config.latent, **common)
        self.networks["critic"] = build_network("dcgan_discriminator", norm=critic_norm, **common)

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the critic minimises."""
        critic = self.networks["critic"]
        return discriminator_loss("wasserstein", critic(real).float(), critic(fake).float())

    def train_critic(self, batch: Samples) -> Tensor:
        """One step of the critic; its loss."""
        with torch.no_grad():
            fake = self.networks["generator"](self.latent(len(batch.images)))
        loss = self.critic_loss(batch.images, fake)
        self.update("critic", loss)
        return loss

    def train_generator(self, count: int) -> Tensor:
        """One step of the generator; its loss."""
        critic = self.networks["critic"]
        with frozen(critic):
            loss = generator_loss("wasserstein", critic(self.networks["generator"](self.latent(count))).float())
        self.update("generator", loss)
        return loss


class Wgan(WassersteinVariant):
    """The critic's weights are clipped after each of its steps, so that they are never outside."""

    variant = "wgan"
    paper = "Arjovsky et al. 2017, arXiv:1701.07875"
    learns = "samples from noise"
    Config = WganConfig
    data = GanDataConfig(width=64, height=64, batch=64)
    training = TrainingConfig(steps=100_000, schedule="constant", best="kid")

    def __init__(self, config: WganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        self.build(config, shape, "batch")
        for name in ("generator", "critic"):
            self.optimisers[name] = torch.optim.RMSprop(self.networks[name].parameters(), config.rate)
        self.generator_steps = self.waited = 0
        self._clip()
        self.follow(config.ema)

    def step(self, batch: Samples, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """One step of the critic and, when it is due, one of the generator."""
        losses = {"critic": self.train_critic(batch)}
        self._clip()
        self.waited += 1
        if self.waited >= self._due():
            losses["generator"] = self.train_generator(len(batch.images))
            self.generator_steps, self.waited = self.generator_steps + 1, 0
        return losses

    def extra_state(self) -> dict[str, Any]:
        """How far the two sides are."""
        return {"generator_steps": self.generator_steps, "waited": self.waited}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `extra_state`."""
        self.generator_steps, self.waited = state["generator_steps"], state["waited"]

    def _due(self) -> int:
        """Steps of the critic before the generator's next one."""
        config = self.config
        done = self.generator_steps
        thorough = done < config.thorough_first or done % config.thorough_every == 0
        return config.thorough_steps if thorough else config.critic_steps

    @torch.no_grad()
    def _clip(self) -> None:
        for parameter in self.plain("critic").parameters():
            parameter.clamp_(-self.config.clip, self.config.clip)
