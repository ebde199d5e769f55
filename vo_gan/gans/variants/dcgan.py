"""DCGAN (Radford et al. 2016, arXiv:1511.06434)."""

from __future__ import annotations

from dataclasses import dataclass

from vo_gan.engine import TrainingConfig
from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Upsample
from vo_gan.gans.data.batches import DataShape
from vo_gan.gans.data.opening import GanDataConfig
from vo_gan.gans.networks import build_network
from vo_gan.gans.objectives import Objective
from vo_gan.gans.variants.gan import AlternatingVariant
from vo_gan.gans.variants.variant import adam


@dataclass(frozen=True)
class DcganConfig:
    """The networks, and how they are trained.

    Attributes:
        latent: length of the latent vector.
        width: channels of the maps of half the image's size; the paper's 1024 at 4x4 are width 128.
        upsample: `deconv` or, against checkerboards, `resize`.
        objective: see `vo_gan.gans.objectives`.
        rate: learning rate of both.
        ema: share of the generator's moving average that stays at each step; 0 for no average.
    """

    latent: int = 100
    width: int = 128
    upsample: Upsample = "deconv"
    objective: Objective = "nonsaturating"
    rate: float = 2e-4
    ema: float = 0.0


def square_size(shape: DataShape) -> tuple[int, int]:
    """Channels and side of images that a DCGAN can make.

    Raises:
        VoGanError: they are no images, or have another size.
    """
    if len(shape.first) != 3:
        raise VoGanError("convolutions need images, not points: use another variant, or --model.network mlp")
    channels, height, width = shape.first
    if height != width or height < 8 or height & (height - 1):
        raise VoGanError(
            f"images of {width}x{height} do not fit: set data.width and data.height to 8, 16, 32, 64, 128 or the like"
        )
    return channels, height


class Dcgan(AlternatingVariant):
    """Strided convolutions with batch normalisation."""

    variant = "dcgan"
    paper = "Radford et al. 2016, arXiv:1511.06434"
    learns = "images from noise"
    needs = "images"
    Config = DcganConfig
    data = GanDataConfig(width=64, height=64, batch=128)
    training = TrainingConfig(schedule="constant", best="kid")
    epochs = 25

    def __init__(self, config: DcganConfig, shape: DataShape, seed: int = 0) -> None:
        super().__init__(config, shape, seed)
        channels, size = square_size(shape)
        self.networks["generator"] = build_network(
            "dcgan_generator",
            latent=config.latent,
            width=config.width,
            channels=channels,
            size=size,
            upsample=config.upsample,
        )
        self.networks["discriminator"] = build_network(
            "dcgan_discriminator", width=config.width, channels=channels, size=size
        )
        for name in ("generator", "discriminator"):
            self.optimisers[name] = adam(self.networks[name].parameters(), config.rate)
        self.follow(config.ema)
