"""The residual generator of CycleGAN (Zhu et al. 2017, arXiv:1703.10593), after Johnson et al. (arXiv:1603.08155).

DeblurGAN (Kupyn et al. 2018, arXiv:1711.07064) and the global generator of pix2pixHD (Wang et al. 2018,
arXiv:1711.11585) are the same network with other arguments, StarGAN's is put together from the same pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import (
    Norm,
    PaddingMode,
    ResidualBlock,
    Upsample,
    has_bias,
    initialise_normal,
    norm_layer,
    require_multiple,
    upsampling,
)
from vo_gan.gans.inference import Inference


def normalised(layers: Sequence[nn.Module], channels: int, norm: Norm) -> list[nn.Module]:
    """The layers, followed by normalisation and ReLU."""
    return [*layers, *norm_layer(norm, channels), nn.ReLU(inplace=True)]


def encoder(
    in_channels: int, width: int, downs: int, norm: Norm, kernel: int = 3, padding_mode: PaddingMode = "reflect"
) -> list[nn.Module]:
    """A 7x7 convolution, then strided ones with `kernel`, each doubling the width."""
    bias = has_bias(norm)
    first = nn.Conv2d(in_channels, width, 7, padding=3, padding_mode=padding_mode, bias=bias)
    parts = normalised([first], width, norm)
    for level in range(downs):
        channels = width * 2**level
        parts += normalised([nn.Conv2d(channels, 2 * channels, kernel, 2, 1, bias=bias)], 2 * channels, norm)
    return parts


def decoder(width: int, downs: int, norm: Norm, upsample: Upsample, kernel: int = 3) -> list[nn.Module]:
    """Upsamplings, each halving the width, down to `width`."""
    parts: list[nn.Module] = []
    for level in reversed(range(downs)):
        channels = width * 2**level
        parts += normalised(upsampling(2 * channels, channels, kernel, upsample, has_bias(norm)), channels, norm)
    return parts


def to_image(
    width: int, out_channels: int, padding_mode: PaddingMode = "reflect", bias: bool = True
) -> list[nn.Module]:
    """The last 7x7 convolution and tanh."""
    return [nn.Conv2d(width, out_channels, 7, padding=3, padding_mode=padding_mode, bias=bias), nn.Tanh()]


class ResnetGenerator(nn.Module):
    """Two strided convolutions, residual blocks, two transposed convolutions; reflected borders.

    Args:
        in_channels: channels of the image given.
        out_channels: channels of the image made, in [-1, 1].
        width: channels after the first layer.
        blocks: number of residual blocks; CycleGAN has 9 for 256 pixels, 6 for 128.
        downs: number of downsamplings; sides must divide by `2**downs`.
        norm: `instance` is CycleGAN's, `instance_tracked` DeblurGAN's.
        dropout: True for 0.5 after the first convolution of each block (DeblurGAN), a number for another share.
        residual_output: the network makes a correction to the image it was given (DeblurGAN): `clamp(x + tanh, -1, 1)`.
        block_convolutions: 2; 1 is the other reading of DeblurGAN's text.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    inference = Inference(stats="batch", noise="on")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int = 64,
        blocks: int = 9,
        downs: int = 2,
        norm: Norm = "instance",
        dropout: bool | float = False,
        residual_output: bool = False,
        block_convolutions: int = 2,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__()
        if residual_output and in_channels != out_channels:
            raise ValueError(
                f"residual_output adds to the image given: in_channels ({in_channels}) and out_channels "
                f"({out_channels}) must be equal"
            )
        self.divisor, self.residual_output = 2**downs, residual_output
        inner = width * 2**downs
        self.layers = nn.Sequential(
            *encoder(in_channels, width, downs, norm),
            *(ResidualBlock(inner, norm, dropout=dropout, convolutions=block_convolutions) for _ in range(blocks)),
            *decoder(width, downs, norm, upsample),
            *to_image(width, out_channels),
        )
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b in_channels h w"]) -> Float[Tensor, "b out_channels h w"]:
        """The image's translation, in [-1, 1]."""
        require_multiple(image, self.divisor, smallest=max(2 * self.divisor, 4))
        made = self.layers(image)
        return (image + made).clamp(-1, 1) if self.residual_output else made
