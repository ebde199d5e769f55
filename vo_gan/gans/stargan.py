"""StarGAN (Choi et al. 2018, arXiv:1711.09020): one generator for many domains."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import ResidualBlock, Upsample, require_multiple, require_size
from vo_gan.gans.discriminator import Discriminator
from vo_gan.gans.inference import Inference
from vo_gan.gans.resnet import decoder, encoder, to_image

DOWNS = 2


class StarganGenerator(nn.Module):
    """A residual generator that is given the wanted domain as maps beside the image.

    Borders are zeros: with reflected ones a constant map is normalised away and the label with it. No bias anywhere,
    instance normalisation with scales. Its running statistics are kept but never used by the paper's code.

    Args:
        width: channels after the first layer.
        domains: length of the label; for several data sets the sum of their labels and the mask vector.
        blocks: number of residual blocks.
        channels: of the images.
        upsample: `deconv` or, against checkerboards, `resize`.
        residual_output: the network makes a correction to the image it was given, as DeblurGAN's does.
    """

    inference = Inference(stats="instance", noise="off")

    def __init__(
        self,
        width: int = 64,
        domains: int = 5,
        blocks: int = 6,
        channels: int = 3,
        upsample: Upsample = "deconv",
        residual_output: bool = False,
    ) -> None:
        super().__init__()
        self.residual_output = residual_output
        inner = width * 2**DOWNS
        self.layers = nn.Sequential(
            *encoder(channels + domains, width, DOWNS, "instance_affine", kernel=4, padding_mode="zeros"),
            *(ResidualBlock(inner, "instance_affine", "zeros") for _ in range(blocks)),
            *decoder(width, DOWNS, "instance_affine", upsample, kernel=4),
            *to_image(width, channels, "zeros", bias=False),
        )

    def forward(
        self, image: Float[Tensor, "b channels h w"], label: Float[Tensor, "b domains"]
    ) -> Float[Tensor, "b channels h w"]:
        """The image in the domain of the label, in [-1, 1]."""
        require_multiple(image, 2**DOWNS, smallest=2 ** (DOWNS + 1))
        maps = label[:, :, None, None].expand(-1, -1, *image.shape[-2:])
        made = self.layers(torch.cat([image, maps.to(image.dtype)], dim=1))
        return (image + made).clamp(-1, 1) if self.residual_output else made


class StarganDiscriminator(Discriminator):
    """Whether patches are real, and which domain the whole image is from; no normalisation at all.

    Args:
        image_size: of the images judged: a side, or (height, width).
        width: channels after the first layer, doubled by each further one.
        domains: length of the label.
        layers: number of strided layers.
        channels: of the images.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int] = 128,
        width: int = 64,
        domains: int = 5,
        layers: int = 6,
        channels: int = 3,
    ) -> None:
        super().__init__()
        self.height, self.width = (image_size, image_size) if isinstance(image_size, int) else image_size
        last_map = (self.height // 2**layers, self.width // 2**layers)
        if min(last_map) < 1:
            raise ValueError(f"{layers} strided layers leave nothing of images of {self.width}x{self.height}")
        parts: list[nn.Module] = []
        for level in range(layers):
            inputs = width * 2 ** (level - 1) if level else channels
            parts += [nn.Conv2d(inputs, width * 2**level, 4, 2, 1), nn.LeakyReLU(0.01, inplace=True)]
        self.layers = nn.Sequential(*parts)
        inner = width * 2 ** (layers - 1)
        self.source = nn.Conv2d(inner, 1, 3, padding=1, bias=False)
        self.domain = nn.Conv2d(inner, domains, last_map, bias=False)

    def forward(
        self, image: Float[Tensor, "b channels h w"]
    ) -> tuple[Float[Tensor, "b 1 h2 w2"], Float[Tensor, "b domains"]]:
        """Logits of being real, one per patch, and logits of the domains."""
        require_size(image, self.height, self.width)
        features = self.layers(image)
        return self.source(features), self.domain(features).flatten(1)

    def verdicts(self, output: tuple[Tensor, Tensor]) -> list[Tensor]:
        """The logits of being real."""
        return [output[0]]
