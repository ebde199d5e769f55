"""GAN-CLS (Reed et al. 2016, arXiv:1605.05396): images of what a caption says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Upsample
from vo_gan.gans.data.batches import Captioned, DataShape
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.data.words import word_numbers
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import generator_loss
from vo_gan.gans.text import HashedText, LearnedText
from vo_gan.gans.variants.dcgan import square_size
from vo_gan.gans.variants.latent import LatentVariant
from vo_gan.gans.variants.variant import adam, frozen


@dataclass(frozen=True)
class TextToImageConfig:
    """The networks, and how they are trained.

    Attributes:
        latent: length of the latent vector.
        width: channels of the maps of half the image's size.
        text: length of a text vector.
        projected: length it is compressed to.
        encoder: `learned`, together with the discriminator, or `hashed`, fixed; either works from captions alone.
        residual: the authors' architecture, with residual blocks at 4x4 and 8x8.
        upsample: `deconv` or, against checkerboards, `resize`.
        mismatch: weight of what the discriminator says of real images with wrong captions, and of generated ones.
        interpolation: weight of images between two captions (GAN-INT) in the generator's loss.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    latent: int = 100
    width: int = 128
    text: int = 1024
    projected: int = 128
    encoder: Literal["learned", "hashed"] = "learned"
    residual: bool = True
    upsample: Upsample = "deconv"
    mismatch: float = 0.5
    interpolation: float = 0.0
    rate: float = 2e-4
    ema: float = 0.0


class TextToImage(LatentVariant):
    """A matching-aware discriminator: a real image with a wrong caption is wrong, too.

    The paper's text encoder was trained beforehand; here a learned one learns with the discriminator, from which
    caption fits which image.
    """

    variant = "text_to_image"
    paper = "Reed et al. 2016, arXiv:1605.05396"
    learns = "images of what a caption says"
    needs = "captioned"
    Config = TextToImageConfig
    data = GanDataConfig(width=64, height=64, batch=64)
    training = TrainingConfig(schedule="repeat", decay_at=1 / 6, decay=0.5, best="kid")
    epochs = 600

    def __init__(self, config: TextToImageConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        channels, size = square_size(shape)
        common = {
            "width": config.width,
            "text": config.text,
            "projected": config.projected,
            "channels": channels,
            "size": size,
            "residual": config.residual,
        }
        self.networks["generator"] = build_network(
            "text_to_image_generator", latent=config.latent, upsample=config.upsample, **common
        )
        self.networks["discriminator"] = build_network("text_to_image_discriminator", **common)
        self.networks["text"] = LearnedText(config.text) if config.encoder == "learned" else HashedText(config.text)
        judging = [*self.networks["discriminator"].parameters(), *self.networks["text"].parameters()]
        self.optimisers["generator"] = adam(self.networks["generator"].parameters(), config.rate)
        self.optimisers["discriminator"] = adam(judging, config.rate)
        self.follow(config.ema)

    def step(self, batch: Captioned, step: int) -> dict[str, Tensor]:  # noqa: ARG002
        """One step of the discriminator and the text encoder, then one of the generator."""
        config, generator, discriminator = self.config, self.networks["generator"], self.networks["discriminator"]
        right, wrong = self.networks["text"](batch.words), self.networks["text"](batch.wrong)
        given = right.detach()
        made = generator(self.latent(len(batch.images)), given)
        fits = F.softplus(-discriminator(batch.images, right).float()).mean()
        mismatched = F.softplus(discriminator(batch.images, wrong).float()).mean()
        generated = F.softplus(discriminator(made.detach(), right).float()).mean()
        self.update("discriminator", fits + config.mismatch * (mismatched + generated))
        with frozen(discriminator):
            fooling = generator_loss("nonsaturating", discriminator(made, given).float())
            loss = fooling
            if config.interpolation:
                between = (given + given.roll(1, dims=0)) / 2
                made = generator(self.latent(len(batch.images)), between)
                loss = loss + config.interpolation * generator_loss(
                    "nonsaturating", discriminator(made, between).float()
                )
        self.update("generator", loss)
        return {"fits": fits, "mismatched": mismatched, "generated": generated, "generator": fooling}

    def conditions(self, batch: Captioned) -> tuple[Tensor, ...]:
        """The captions' vectors."""
        return (self.plain("text")(batch.words),)

    def conditions_of(self, wanted: Sequence[str], count: int) -> tuple[Tensor, ...]:
        """The vectors of the captions asked for.

        Raises:
            VoGanError: none was given.
        """
        if not wanted:
            raise VoGanError("say what the images are to show: --text 'a red circle above a blue square'")
        with torch.no_grad():
            return (self.plain("text")(word_numbers(list(islice(cycle(wanted), count))).to(self.device())),)
