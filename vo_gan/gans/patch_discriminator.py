"""The PatchGAN discriminator of pix2pix (Isola et al. 2017): a verdict for every patch of an image."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import Norm, initialise_normal, norm_layer


class PatchDiscriminator(nn.Module):
    """Strided 4x4 convolutions, doubling the width up to eight times, then one logit per patch.

    With three strided layers a logit sees 70x70 pixels (16, 34, 70, 142, 286, 574 for 1 to 6 layers).

    Args:
        in_channels: channels of the image judged (and of what it is conditioned on, concatenated).
        width: channels after the first layer.
        layers: number of strided layers.
        norm: normalisation between; none in the first layer.
        padding: of every convolution.
    """

    def __init__(
        self, in_channels: int, width: int = 64, layers: int = 3, norm: Norm = "batch", padding: int = 1
    ) -> None:
        super().__init__()
        bias = norm != "batch"
        parts: list[nn.Module] = [nn.Conv2d(in_channels, width, 4, 2, padding), nn.LeakyReLU(0.2)]
        channels = width
        for layer in range(1, layers + 1):
            wider = width * min(2**layer, 8)
            stride = 2 if layer < layers else 1
            parts += [
                nn.Conv2d(channels, wider, 4, stride, padding, bias=bias),
                *norm_layer(norm, wider),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        parts.append(nn.Conv2d(channels, 1, 4, 1, padding))
        self.layers = nn.Sequential(*parts)
        initialise_normal(self)

    def forward(self, image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 1 h2 w2"]:
        """Logits, one per patch; large means real."""
        return self.layers(image)
