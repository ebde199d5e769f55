"""Wasserstein GAN with a gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028)."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.gans.blocks import Norm
from vo_gan.gans.data.batches import DataShape, Samples
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.objectives import gradient_penalty
from vo_gan.gans.variants.variant import adam
from vo_gan.gans.variants.wgan import WassersteinConfig, WassersteinVariant


@dataclass(frozen=True)
class WganGpConfig(WassersteinConfig):
    """How it is trained.

    Attributes:
        rate: learning rate of both sides' Adam.
        betas: of both.
        penalty: weight of the gradient penalty.
        critic_norm: of a DCGAN critic: `none` or `instance`; under batch normalisation there is no penalty.
    """

    rate: float = 1e-4
    betas: list[float] = field(default_factory=lambda: [0.0, 0.9])
    penalty: float = 10.0
    critic_norm: Norm = "none"


class WganGp(WassersteinVariant):
    """The critic's slope is pulled to 1 between real and generated samples."""

    variant = "wgan_gp"
    paper = "Gulrajani et al. 2017, arXiv:1704.00028"
    learns = "samples from noise"
    Config = WganGpConfig
    data = GanDataConfig(width=64, height=64, batch=64)
    training = TrainingConfig(steps=200_000, schedule="constant", best="kid")

    def __init__(self, config: WganGpConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        self.build(config, shape, config.critic_norm)
        for name in ("generator", "critic"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate, config.betas)
        self.follow(config.ema)

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """With the penalty."""
        penalty = gradient_penalty(self.networks["critic"], real, fake, self.config.penalty)
        return super().critic_loss(real, fake) + penalty

    def step(self, batch: Samples, step: int) -> dict[str, Tensor]:
        """One step of the critic; after some of them, one of the generator."""
        losses = {"critic": self.train_critic(batch)}
        if (step + 1) % self.config.critic_steps == 0:
            losses["generator"] = self.train_generator(len(batch.images))
        return losses
