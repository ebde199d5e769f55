"""StarGAN (Choi et al. 2018, arXiv:1711.09020): one generator between any two of several domains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Upsample
from vo_gan.gans.cgan import one_hot
from vo_gan.gans.data.batches import DataShape, Samples
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.inference import at_test_time
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import discriminator_loss, generator_loss, gradient_penalty
from vo_gan.gans.pictures import grid
from vo_gan.gans.variants.translation import PICTURED, TranslationVariant, rows
from vo_gan.gans.variants.variant import adam, frozen, near_to

DEEPEST = 6


@dataclass(frozen=True)
class StarganConfig:
    """The networks, and how they are trained.

    Attributes:
        width: channels of the generator's first layer.
        blocks: residual blocks.
        upsample: `deconv` or, against checkerboards, `resize`.
        residual_output: the generator makes a correction to the image it is given, as DeblurGAN's does: for domains of
            the same things in another light. The paper's does not.
        discriminator_width: channels of the discriminator's first layer.
        discriminator_layers: its strided layers; 0 is as many as the images allow, at most 6.
        critic_steps: of the discriminator for one of the generator.
        penalty: weight of the gradient penalty.
        classification: weight of the domain's cross entropy.
        reconstruction: weight of the distance to the image after the way back.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    width: int = 64
    blocks: int = 6
    upsample: Upsample = "deconv"
    residual_output: bool = False
    discriminator_width: int = 64
    discriminator_layers: int = 0
    critic_steps: int = 5
    penalty: float = 10.0
    classification: float = 1.0
    reconstruction: float = 10.0
    rate: float = 1e-4
    ema: float = 0.0


class Stargan(TranslationVariant):
    """The generator is given the wanted domain; the discriminator says which domain an image is of."""

    variant = "stargan"
    paper = "Choi et al. 2018, arXiv:1711.09020"
    learns = "image to image between many domains"
    needs = "labelled"
    Config = StarganConfig
    data = GanDataConfig(width=128, height=128, flip=True, batch=16, validation_batch=20)
    training = TrainingConfig(steps=200_000, schedule="linear", decay_at=0.5, best="agreement")
    divisor, smallest = 4, 8

    def __init__(self, config: StarganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        channels, height, width = shape.first
        domains = len(shape.classes)
        layers = config.discriminator_layers or min(DEEPEST, min(height, width).bit_length() - 1)
        self.networks["generator"] = build_network(
            "stargan_generator",
            width=config.width,
            domains=domains,
            blocks=config.blocks,
            channels=channels,
            upsample=config.upsample,
            residual_output=config.residual_output,
        )
        self.networks["discriminator"] = build_network(
            "stargan_discriminator",
            image_size=(height, width),
            width=config.discriminator_width,
            domains=domains,
            layers=layers,
            channels=channels,
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        self.follow(config.ema)

    def step(self, batch: Samples, step: int) -> dict[str, Tensor]:
        """One step of the discriminator; after some of them, one of the generator."""
        config, generator, discriminator = self.config, self.networks["generator"], self.networks["discriminator"]
        images, own = batch.images, self._one_hot(batch.labels)
        wanted = batch.labels[torch.randperm(len(images))]
        with torch.no_grad():
            made = generator(images, self._one_hot(wanted))
        real, domain = discriminator(images)
        fake, _ = discriminator(made)
        judging = discriminator_loss("wasserstein", real.float(), fake.float())
        penalty = gradient_penalty(self.networks["discriminator"], images, made, config.penalty)
        recognised = F.cross_entropy(domain.float(), batch.labels)
        self.update("discriminator", judging + penalty + config.classification * recognised)
        losses = {"discriminator": judging, "penalty": penalty, "recognised": recognised}
        if (step + 1) % config.critic_steps:
            return losses

        made = generator(images, self._one_hot(wanted))
        with frozen(discriminator):
            fake, domain = discriminator(made)
        fooling = generator_loss("wasserstein", fake.float())
        turned = F.cross_entropy(domain.float(), wanted)
        back = near_to(generator(made, own), images)
        self.update("generator", fooling + config.classification * turned + config.reconstruction * back)
        return losses | {"generator": fooling, "turned": turned, "back": back}

    def wishes(self) -> list[str]:
        """The domains."""
        return self.shape.classes

    def direction(self, wanted: str) -> tuple[str, tuple[Tensor, ...]]:
        """The wanted domain, one-hot."""
        if wanted not in self.shape.classes:
            raise VoGanError(f"give the wanted domain: --to {'|'.join(self.shape.classes)}")
        number = torch.tensor([self.shape.classes.index(wanted)], device=self.device())
        return "generator", (self._one_hot(number),)

    def validate(self, batch: Samples) -> dict[str, Tensor]:
        """How often the judge finds the wanted domain in a translation, and how near the way back ends."""
        wanted = batch.labels.roll(1)
        made = self._to_each(batch.images, wanted)
        asked = Samples(batch.names, batch.images, wanted)
        back = near_to(self._to_each(made, batch.labels), batch.images)
        return {**self.judge.figures(made, asked), "back": back}

    def pictures(self, batch: Samples) -> dict[str, Tensor]:
        """An image and its translation into each domain, a row each."""
        images = batch.images[:PICTURED]
        columns = [images, *(self.translate(images, name) for name in self.shape.classes)]
        return {"translations": grid(rows(*columns), columns=len(columns))}

    def _to_each(self, images: Tensor, wanted: Tensor) -> Tensor:
        with torch.no_grad(), at_test_time(self.for_use()) as generator:
            return generator(images, self._one_hot(wanted))

    def _one_hot(self, labels: Tensor) -> Tensor:
        return one_hot(labels, len(self.shape.classes))
