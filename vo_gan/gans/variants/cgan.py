"""Conditional GAN (Mirza and Osindero 2014, arXiv:1411.1784): samples of the class that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

import torch
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.data.batches import DataShape, Samples
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective
from vo_gan.gans.variants.gan import AlternatingVariant
from vo_gan.gans.variants.variant import adam


@dataclass(frozen=True)
class CganConfig:
    """The networks, and how they are trained.

    Attributes:
        latent: length of the latent vector.
        generator_widths: of the generator's hidden layers.
        discriminator_widths: of the discriminator's hidden layers.
        dropout: in the discriminator.
        objective: see `vo_gan.gans.objectives`.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    latent: int = 100
    generator_widths: list[int] = field(default_factory=lambda: [128, 256, 512, 1024])
    discriminator_widths: list[int] = field(default_factory=lambda: [512, 512, 512])
    dropout: float = 0.4
    objective: Objective = "nonsaturating"
    rate: float = 2e-4
    ema: float = 0.0


def class_numbers(wanted: Sequence[str], classes: Sequence[str], count: int) -> Tensor:
    """The classes asked for as numbers, taken in turn; all classes in turn where none is asked for.

    Raises:
        VoGanError: there is no such class.
    """
    unknown = [name for name in wanted if name not in classes]
    if unknown:
        raise VoGanError(f"no class is called {unknown[0]!r}: there are {', '.join(classes)}")
    numbers = [list(classes).index(name) for name in wanted] or list(range(len(classes)))
    return torch.tensor(list(islice(cycle(numbers), count)))


class Cgan(AlternatingVariant):
    """Both networks are given the class one-hot. Fully connected, in everybody's sizes instead of the paper's."""

    variant = "cgan"
    paper = "Mirza and Osindero 2014, arXiv:1411.1784"
    learns = "samples of a class"
    needs = "labelled"
    Config = CganConfig
    data = GanDataConfig(batch=64)
    training = TrainingConfig(schedule="constant", best="kid")
    epochs = 200

    def __init__(self, config: CganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        classes = len(shape.classes)
        self.networks["generator"] = build_network(
            "cgan_generator",
            latent=config.latent,
            classes=classes,
            widths=config.generator_widths,
            shape=shape.first,
        )
        self.networks["discriminator"] = build_network(
            "cgan_discriminator",
            classes=classes,
            widths=config.discriminator_widths,
            shape=shape.first,
            dropout=config.dropout,
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        self.follow(config.ema)

    def conditions(self, batch: Samples) -> tuple[Tensor, ...]:
        """The class numbers."""
        return (batch.labels,)

    def conditions_of(self, wanted: Sequence[str], count: int) -> tuple[Tensor, ...]:
        """The numbers of the classes asked for."""
        return (class_numbers(wanted, self.shape.classes, count).to(self.device()),)
