"""GAN-CLS: text to image with a matching-aware discriminator (Reed et al. 2016, arXiv:1605.05396).

Two architectures: the plain one is DCGAN with the projected text beside the noise and the 4x4 map; `residual` is the
authors' own, with residual blocks at 4x4 and 8x8 and a 1x1 convolution where image and text meet.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import Upsample, initialise_normal, require_size
from vo_gan.gans.dcgan import leaky, stack_down, stack_up, widths_of
from vo_gan.gans.discriminator import Discriminator


def text_projection(text: int, projected: int, normalise: bool) -> nn.Sequential:
    """A text vector, compressed."""
    return nn.Sequential(
        nn.Linear(text, projected), *([nn.BatchNorm1d(projected)] if normalise else []), nn.LeakyReLU(0.2)
    )


class Bottleneck(nn.Module):
    """`x + f(x)`, f being 1x1, 3x3 and 3x3 convolutions through a quarter of the channels, each normalised.

    Args:
        channels: of the map.
        activation: used inside.
    """

    def __init__(self, channels: int, activation: nn.Module) -> None:
        super().__init__()
        narrow = channels // 4
        self.layers = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False),
            nn.BatchNorm2d(narrow),
            activation,
            nn.Conv2d(narrow, narrow, 3, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            activation,
            nn.Conv2d(narrow, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The map with the block's correction added."""
        return x + self.layers(x)


class TextToImageGenerator(nn.Module):
    """An image from noise and a text vector.

    Args:
        latent: length of the noise vector.
        width: channels of the last map before the image (128 in the paper).
        text: length of the text vector.
        projected: length it is compressed to.
        channels: of the image, in [-1, 1].
        size: of the image, 4 times a power of two.
        residual: the authors' architecture.
        upsample: `deconv` or, against checkerboards, `resize`.
    """

    def __init__(
        self,
        latent: int = 100,
        width: int = 64,
        text: int = 1024,
        projected: int = 128,
        channels: int = 3,
        size: int = 64,
        residual: bool = False,
        upsample: Upsample = "deconv",
    ) -> None:
        super().__init__()
        self.latent, self.text = latent, text
        self.projection = text_projection(text, projected, normalise=not residual)
        widths = widths_of(width, size)[::-1]

        def activation(level: int, channels: int) -> list[nn.Module]:
            bottleneck = [Bottleneck(channels, nn.ReLU(inplace=True))] if residual and level < 2 else []
            return [*bottleneck, nn.ReLU(inplace=True)]

        self.layers = stack_up(projected + latent, widths, channels, 4, upsample, activation)
        initialise_normal(self)

    def forward(
        self, latent: Float[Tensor, "b latent *one"], text: Float[Tensor, "b text"]
    ) -> Float[Tensor, "b channels size size"]:
        """Images in [-1, 1] of what the text vectors say."""
        if (latent.shape[1], text.shape[1]) != (self.latent, self.text):
            raise ValueError(
                f"expected noise of length {self.latent}, then text of length {self.text}, got {latent.shape[1]} and "
                f"{text.shape[1]}"
            )
        joint = torch.cat([self.projection(text), latent.flatten(1)], dim=1)
        return self.layers(joint[:, :, None, None])


class TextToImageDiscriminator(Discriminator):
    """Whether an image is real and shows what the text says.

    Args:
        width: channels of the first map.
        text: length of the text vector.
        projected: length it is compressed to.
        channels: of the image judged.
        size: of the image, 4 times a power of two.
        residual: the authors' architecture.
    """

    def __init__(
        self,
        width: int = 64,
        text: int = 1024,
        projected: int = 128,
        channels: int = 3,
        size: int = 64,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.size = size
        widths = widths_of(width, size)
        inner = widths[-1]
        bottleneck = [Bottleneck(inner, leaky())] if residual else []
        self.image = nn.Sequential(*stack_down(channels, widths, 4, "batch"), *bottleneck, leaky())
        self.projection = text_projection(text, projected, normalise=not residual)
        meeting = [nn.Conv2d(inner + projected, inner, 1, bias=False), nn.BatchNorm2d(inner), leaky()]
        self.joint = nn.Sequential(
            *(meeting if residual else []), nn.Conv2d(inner if residual else inner + projected, 1, 4, bias=False)
        )
        initialise_normal(self)

    def forward(
        self, image: Float[Tensor, "b channels size size"], text: Float[Tensor, "b text"]
    ) -> Float[Tensor, " b"]:
        """Logits, one per pair of image and text."""
        require_size(image, self.size, self.size)
        features = self.image(image)
        maps = self.projection(text)[:, :, None, None].expand(-1, -1, *features.shape[-2:])
        return self.joint(torch.cat([features, maps], dim=1)).flatten()
