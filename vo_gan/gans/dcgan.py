"""DCGAN (Radford et al. 2016, arXiv:1511.06434); its discriminator is also the critic of WGAN (arXiv:1701.07875).

The stacks of convolutions are those of GAN-CLS too, see `vo_gan.gans.text_to_image`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import Norm, Upsample, has_bias, initialise_normal, norm_layer, require_size, upsampling
from vo_gan.gans.discriminator import Discriminator

Kernel = Literal[4, 5]


def widths_of(width: int, size: int) -> list[int]:
    """Channels of the maps of `size / 2`, `size / 4`, ... 4 pixels.

    Raises:
        ValueError: halving `size` does not end at 4.
    """
    maps = (size // 4).bit_length() - 1
    if maps < 1 or size != 4 * 2**maps:
        raise ValueError(f"these networks work on images of 8, 16, 32, 64, 128, ... pixels, not {size}")
    return [width * 2**level for level in range(maps)]


def leaky() -> nn.Module:
    """The discriminators' activation."""
    return nn.LeakyReLU(0.2, inplace=True)


def stack_up(
    latent: int,
    widths: Sequence[int],
    channels: int,
    kernel: Kernel,
    upsample: Upsample,
    activation: Callable[[int, int], list[nn.Module]],
) -> nn.Sequential:
    """From a latent map of 1x1 through normalised maps of 4, 8, 16, ... pixels to an image.

    Args:
        widths: channels of the maps, from the 4x4 one on.
        activation: the layers after a normalised map, given its number and channels.
    """
    parts: list[nn.Module] = [nn.ConvTranspose2d(latent, widths[0], 4, bias=False), nn.BatchNorm2d(widths[0])]
    for level, (wide, narrow) in enumerate(pairwise(widths)):
        parts += activation(level, wide)
        parts += [*upsampling(wide, narrow, kernel, upsample, bias=False), nn.BatchNorm2d(narrow)]
    parts += activation(len(widths) - 1, widths[-1])
    return nn.Sequential(*parts, *upsampling(widths[-1], channels, kernel, upsample, bias=False), nn.Tanh())


def stack_down(channels: int, widths: Sequence[int], kernel: Kernel, norm: Norm) -> list[nn.Module]:
    """From an image to a 4x4 map, which is not activated yet; all but the first map are normalised.

    Args:
        widths: channels of the maps, down to the 4x4 one.
    """
    padding, bias = (kernel - 1) // 2, has_bias(norm)
    parts: list[nn.Module] = [nn.Conv2d(channels, widths[0], kernel, 2, padding, bias=bias)]
    for narrow, wide in pairwise(widths):
        parts += [leaky(), nn.Conv2d(narrow, wide, kernel, 2, padding, bias=bias), *norm_layer(norm, wide)]
    return parts


class DcganGenerator(nn.Module):
    """A latent vector, projected to a 4x4 map and doubled to an image.

    Args:
        latent: length of the latent vector.
        width: channels of the last map before the image; the 4x4 map has `width * size / 8` (the paper's 1024: 128).
        channels: of the image, in [-1, 1].
        size: of the image, 4 times a power of two.
        kernel: 4, as everybody's, or the paper's own 5.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    def __init__(
        self,
        latent: int = 100,
        width: int = 64,
        channels: int = 3,
        size: int = 64,
        kernel: Kernel = 4,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__()
        widths = widths_of(width, size)[::-1]
        self.layers = stack_up(latent, widths, channels, kernel, upsample, lambda *_: [nn.ReLU(inplace=True)])
        initialise_normal(self)

    def forward(self, latent: Float[Tensor, "b latent *one"]) -> Float[Tensor, "b channels size size"]:
        """Images in [-1, 1] from noise, N(0, 1) as a rule."""
        return self.layers(latent[:, :, None, None] if latent.dim() == 2 else latent)


class DcganDiscriminator(Discriminator):
    """Strided convolutions down to a 4x4 map, and one logit from it.

    Args:
        width: channels of the first map.
        channels: of the image judged.
        size: of the image, 4 times a power of two.
        kernel: 4, as everybody's, or the paper's own 5.
        norm: normalisation of all but the first map; `none` or `instance` for a gradient penalty.
    """

    def __init__(
        self, width: int = 64, channels: int = 3, size: int = 64, kernel: Kernel = 4, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        self.size = size
        widths = widths_of(width, size)
        self.layers = nn.Sequential(
            *stack_down(channels, widths, kernel, norm), leaky(), nn.Conv2d(widths[-1], 1, 4, bias=has_bias(norm))
        )
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b channels size size"]) -> Float[Tensor, " b"]:
        """Logits, one per image."""
        require_size(image, self.size, self.size)
        return self.layers(image).flatten()
