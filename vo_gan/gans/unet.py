"""The U-Net generator of pix2pix (Isola et al. 2017, arXiv:1611.07004)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import (
    Norm,
    Upsample,
    dropout_layer,
    has_bias,
    initialise_normal,
    norm_layer,
    require_multiple,
    upsampling,
)
from vo_gan.gans.inference import Inference


class UnetGenerator(nn.Module):
    """Encoder to a map of 1x1 (256 pixels through 8 downsamplings), decoder back, a skip at every size.

    The widths double from `width` up to eight times. Neither the outermost nor the innermost convolution down is
    normalised. Its only noise is dropout, in the decoder between the innermost level and the first narrower one (as in
    the authors' PyTorch code; their Lua code begins one level further in). The paper leaves it on at test time, and
    takes the normalisation's statistics from the image tested.

    Args:
        in_channels: channels of the image given.
        out_channels: channels of the image made, in [-1, 1].
        downs: number of downsamplings; sides must divide by `2**downs`.
        width: channels after the first layer.
        norm: normalisation inside.
        dropout: True for the paper's 0.5, a number for another share, False for none.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    inference = Inference(stats="batch", noise="on")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        downs: int = 8,
        width: int = 64,
        norm: Norm = "batch",
        dropout: bool | float = True,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__()
        if downs < 2:
            raise ValueError(f"a U-Net has at least 2 downsamplings, not {downs}")
        widths = [width * min(2**level, 8) for level in range(downs)]
        innermost, bias = downs - 1, has_bias(norm)
        self.downs = nn.ModuleList([nn.Conv2d(in_channels, width, 4, 2, 1, bias=bias)])
        for level in range(1, downs):
            # In place: the skip then carries the activated map, but the decoder's ReLU makes it relu(x) either way.
            self.downs.append(
                nn.Sequential(
                    nn.LeakyReLU(0.2, inplace=True),
                    nn.Conv2d(widths[level - 1], widths[level], 4, 2, 1, bias=bias),
                    *(norm_layer(norm, widths[level]) if level < innermost else []),
                )
            )
        self.ups = nn.ModuleList()
        for level in range(innermost, 0, -1):
            inputs = widths[level] * (1 if level == innermost else 2)
            self.ups.append(
                nn.Sequential(
                    nn.ReLU(inplace=True),
                    *upsampling(inputs, widths[level - 1], 4, upsample, bias),
                    *norm_layer(norm, widths[level - 1]),
                    *dropout_layer(dropout if 4 <= level < innermost else False),
                )
            )
        self.ups.append(
            nn.Sequential(nn.ReLU(inplace=True), *upsampling(2 * width, out_channels, 4, upsample), nn.Tanh())
        )
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b in_channels h w"]) -> Float[Tensor, "b out_channels h w"]:
        """The image's translation, in [-1, 1]."""
        divisor = 2 ** len(self.downs)
        require_multiple(image, divisor, smallest=divisor)
        skips = []
        x = image
        for down in self.downs:
            x = down(x)
            skips.append(x)
        x = self.ups[0](skips.pop())
        for up in self.ups[1:]:
            x = up(torch.cat([skips.pop(), x], dim=1))
        return x
