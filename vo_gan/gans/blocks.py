"""Pieces that the networks of several variants share."""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from vo_gan.errors import VoGanError

Norm = Literal["batch", "instance", "instance_tracked", "instance_affine", "none"]
Upsample = Literal["deconv", "resize"]
PaddingMode = Literal["reflect", "zeros"]


def norm_layer(norm: Norm, channels: int) -> list[nn.Module]:
    """The normalisation layer as a list to splice into a Sequential: empty for `none`.

    Instance normalisation has no learned scale, as in pix2pix and CycleGAN; `instance_tracked` keeps running
    statistics beside it, as DeblurGAN does; `instance_affine` has both running statistics and scales, as StarGAN does.
    """
    match norm:
        case "batch":
            return [nn.BatchNorm2d(channels)]
        case "instance":
            return [nn.InstanceNorm2d(channels)]
        case "instance_tracked":
            return [nn.InstanceNorm2d(channels, track_running_stats=True)]
        case "instance_affine":
            return [nn.InstanceNorm2d(channels, affine=True, track_running_stats=True)]
        case "none":
            return []
        case _:
            raise ValueError(f"unknown norm {norm!r}: known are batch, instance, instance_tracked and none")


def has_bias(norm: Norm) -> bool:
    """Whether a convolution before this normalisation has a bias: not where the normalisation learns one itself."""
    return norm not in ("batch", "instance_affine")


def dropout_layer(dropout: bool | float) -> list[nn.Module]:
    """Dropout to splice into a Sequential: True is the papers' share of 0.5, a number another share, False none."""
    return [nn.Dropout(0.5 if dropout is True else dropout)] if dropout else []


def upsampling(
    in_channels: int, out_channels: int, kernel: int, upsample: Upsample = "deconv", bias: bool = True
) -> list[nn.Module]:
    """Layers that double the size of a map.

    - `deconv`: the papers' transposed convolution of stride 2.
    - `resize`: nearest neighbour, then a 3x3 convolution, which draws no checkerboard (Odena et al. 2016).
    """
    match upsample:
        case "deconv":
            return [
                nn.ConvTranspose2d(
                    in_channels, out_channels, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2, bias=bias
                )
            ]
        case "resize":
            return [
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias),
            ]
        case _:
            raise ValueError(f"unknown upsample {upsample!r}: known are deconv and resize")


class ResidualBlock(nn.Module):
    """`x + f(x)`, f being two 3x3 convolutions with ReLU and dropout after the first (He et al., arXiv:1512.03385).

    Args:
        channels: of the map.
        norm: normalisation after each convolution.
        padding_mode: `reflect` (CycleGAN, pix2pixHD, DeblurGAN) or `zeros` (StarGAN).
        dropout: see `dropout_layer`.
        convolutions: 2; or 1, which is what the first convolution, ReLU and dropout leave alone.
    """

    def __init__(
        self,
        channels: int,
        norm: Norm,
        padding_mode: PaddingMode = "reflect",
        dropout: bool | float = False,
        convolutions: int = 2,
    ) -> None:
        super().__init__()
        if convolutions not in (1, 2):
            raise ValueError(f"a residual block has 1 or 2 convolutions, not {convolutions}")

        def convolution() -> list[nn.Module]:
            layer = nn.Conv2d(channels, channels, 3, padding=1, padding_mode=padding_mode, bias=has_bias(norm))
            return [layer, *norm_layer(norm, channels)]

        parts = [*convolution(), nn.ReLU(inplace=True), *dropout_layer(dropout)]
        if convolutions == 2:
            parts += convolution()
        self.layers = nn.Sequential(*parts)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The map with the block's correction added."""
        return x + self.layers(x)


def initialise_normal(module: nn.Module, deviation: float = 0.02) -> None:
    """DCGAN's initialisation (arXiv:1511.06434): convolutions N(0, 0.02), batch norm scales N(1, 0.02), biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, deviation)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, _BatchNorm) and part.affine:
            nn.init.normal_(part.weight, 1.0, deviation)
            nn.init.zeros_(part.bias)


def require_multiple(image: Float[Tensor, "b c h w"], divisor: int, smallest: int) -> None:
    """Refuse images whose sides a network cannot halve and double back.

    Raises:
        VoGanError: a side does not divide by `divisor` or is smaller than `smallest`.
    """
    height, width = image.shape[-2:]
    if height % divisor or width % divisor or min(height, width) < smallest:
        raise VoGanError(
            f"images of {width}x{height} do not fit this network: width and height must divide by {divisor} and be at "
            f"least {smallest}. Pad or resize the images, or build the network with fewer downsamplings"
        )


def require_size(image: Float[Tensor, "b c h w"], height: int, width: int) -> None:
    """Refuse images of another size than a network was built for.

    Raises:
        VoGanError: the size is another one.
    """
    if image.shape[-2:] != (height, width):
        raise VoGanError(
            f"images of {image.shape[-1]}x{image.shape[-2]} do not fit this network, which was built for "
            f"{width}x{height}: resize the images or build it for their size"
        )
