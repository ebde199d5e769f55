"""The discriminators of pix2pix (Isola et al. 2017, arXiv:1611.07004): a verdict for every patch of an image."""

from __future__ import annotations

from itertools import chain

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.errors import VoGanError
from vo_gan.gans.blocks import Norm, has_bias, initialise_normal, norm_layer
from vo_gan.gans.discriminator import Discriminator

KERNEL = 4


def patch_stages(
    in_channels: int, width: int, layers: int, norm: Norm, padding: int, widest: int
) -> list[list[nn.Module]]:
    """The layers of a PatchGAN in `layers + 2` stages, each ending in an activation, the last in logits.

    Args:
        widest: the width doubles from stage to stage up to this.
    """
    if layers < 1:
        raise ValueError(f"a patch discriminator has at least one strided layer, not {layers}")
    stages: list[list[nn.Module]] = [
        [nn.Conv2d(in_channels, width, KERNEL, 2, padding), nn.LeakyReLU(0.2, inplace=True)]
    ]
    channels = width
    for layer in range(1, layers + 1):
        wider = min(2 * channels, widest)
        stride = 2 if layer < layers else 1
        stages.append(
            [
                nn.Conv2d(channels, wider, KERNEL, stride, padding, bias=has_bias(norm)),
                *norm_layer(norm, wider),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        )
        channels = wider
    stages.append([nn.Conv2d(channels, 1, KERNEL, 1, padding)])
    return stages


def require_patch(image: Float[Tensor, "b c h w"], layers: int, norm: Norm, padding: int) -> None:
    """Refuse images on which a PatchGAN has no patch to judge, or a single pixel to take instance statistics of.

    Raises:
        VoGanError: the image is too small.
    """
    height, width = image.shape[-2:]
    for number, stride in enumerate([2] * layers + [1, 1]):
        height, width = ((side + 2 * padding - KERNEL) // stride + 1 for side in (height, width))
        lone = norm.startswith("instance") and height == width == 1 and 1 <= number <= layers
        if min(height, width) < 1 or lone:
            raise VoGanError(
                f"images of {image.shape[-1]}x{image.shape[-2]} are too small for a patch discriminator with {layers} "
                "strided layers: use larger images or fewer layers"
            )


class PatchDiscriminator(Discriminator):
    """Strided 4x4 convolutions, doubling the width up to eight times, then one logit per patch.

    With three strided layers a logit sees 70x70 pixels (16, 34, 70, 142, 286, 574 for 1 to 6 layers).

    Args:
        in_channels: channels of the image judged (and of what it is conditioned on, concatenated).
        width: channels after the first layer.
        layers: number of strided layers.
        norm: normalisation between; none in the first layer.
        padding: of every convolution; 2 is DeblurGAN's.
    """

    def __init__(
        self, in_channels: int, width: int = 64, layers: int = 3, norm: Norm = "batch", padding: int = 1
    ) -> None:
        super().__init__()
        self.strided, self.norm, self.padding = layers, norm, padding
        self.layers = nn.Sequential(
            *chain.from_iterable(patch_stages(in_channels, width, layers, norm, padding, widest=8 * width))
        )
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h2 w2"]:
        """Logits, one per patch; large means real."""
        require_patch(image, self.strided, self.norm, self.padding)
        return self.layers(image)


class PixelDiscriminator(Discriminator):
    """The 1x1 PatchGAN, which judges every pixel by its own colour alone.

    Args:
        in_channels: channels of the image judged.
        width: channels after the first layer.
        norm: normalisation in the middle.
    """

    def __init__(self, in_channels: int, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, width, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, 2 * width, 1, bias=has_bias(norm)),
            *norm_layer(norm, 2 * width),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * width, 1, 1, bias=has_bias(norm)),
        )
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h w"]:
        """Logits, one per pixel."""
        return self.layers(image)
