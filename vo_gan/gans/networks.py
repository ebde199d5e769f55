"""Networks by name."""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn

from vo_gan.gans.cgan import CganDiscriminator, CganGenerator, CganPaperDiscriminator, CganPaperGenerator
from vo_gan.gans.coupled import CoupledDiscriminator, CoupledGenerator
from vo_gan.gans.coupled_patch import CoupledPatchDiscriminator
from vo_gan.gans.dcgan import DcganDiscriminator, DcganGenerator
from vo_gan.gans.mlp import MlpDiscriminator, MlpGenerator
from vo_gan.gans.patch_discriminator import PatchDiscriminator, PixelDiscriminator
from vo_gan.gans.pix2pixhd import GlobalGenerator, LocalEnhancer, MultiscaleDiscriminator
from vo_gan.gans.resnet import ResnetGenerator
from vo_gan.gans.stargan import StarganDiscriminator, StarganGenerator
from vo_gan.gans.text_to_image import TextToImageDiscriminator, TextToImageGenerator
from vo_gan.gans.unet import UnetGenerator

NETWORKS: dict[str, type[nn.Module]] = {
    "cgan_discriminator": CganDiscriminator,
    "cgan_generator": CganGenerator,
    "cgan_paper_discriminator": CganPaperDiscriminator,
    "cgan_paper_generator": CganPaperGenerator,
    "coupled_discriminator": CoupledDiscriminator,
    "coupled_generator": CoupledGenerator,
    "coupled_patch_discriminator": CoupledPatchDiscriminator,
    "dcgan_discriminator": DcganDiscriminator,
    "dcgan_generator": DcganGenerator,
    "mlp_discriminator": MlpDiscriminator,
    "mlp_generator": MlpGenerator,
    "multiscale_discriminator": MultiscaleDiscriminator,
    "patch_discriminator": PatchDiscriminator,
    "pix2pixhd_global_generator": GlobalGenerator,
    "pix2pixhd_local_enhancer": LocalEnhancer,
    "pixel_discriminator": PixelDiscriminator,
    "resnet_generator": ResnetGenerator,
    "stargan_discriminator": StarganDiscriminator,
    "stargan_generator": StarganGenerator,
    "text_to_image_discriminator": TextToImageDiscriminator,
    "text_to_image_generator": TextToImageGenerator,
    "unet_generator": UnetGenerator,
}


def build_network(name: str, **arguments: Any) -> nn.Module:
    """The network called `name`, freshly initialised. Its arguments are those of its class.

    Raises:
        ValueError: there is no such network, it has no such argument, an argument is missing or its value impossible.
    """
    if name not in NETWORKS:
        raise ValueError(f"unknown network {name!r}: known are {', '.join(sorted(NETWORKS))}")
    network = NETWORKS[name]
    signature = inspect.signature(network)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise ValueError(f"{name}: {error}. Its arguments are {', '.join(signature.parameters)}") from error
    return network(**arguments)
