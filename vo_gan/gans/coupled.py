"""CoupledGAN (Liu and Tuzel 2016, arXiv:1606.07536): two generators that share what is content, 28x28.

The generators share all layers but the last, which paints; the discriminators share all but the first, which sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.blocks import require_size
from vo_gan.gans.discriminator import Discriminator

SIZE = 28


def _initialise(module: nn.Module) -> None:
    """Xavier's weights with gain sqrt(2) and biases of 0.1."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(part.weight, math.sqrt(2))
            assert part.bias is not None
            nn.init.constant_(part.bias, 0.1)


class CoupledGenerator(nn.Module):
    """A pair of images with the same content, one of each domain, from one latent vector.

    Args:
        latent: length of the latent vector.
        widths: channels of the shared maps of 4, 7, 13 and 25 pixels.
        channels: of the images, in [0, 1].
    """

    def __init__(self, latent: int = 100, widths: Sequence[int] = (1024, 512, 256, 128), channels: int = 1) -> None:
        super().__init__()
        if len(widths) != 4:
            raise ValueError(f"a coupled generator has 4 shared maps, not {len(widths)}")
        parts: list[nn.Module] = []
        for level, width in enumerate(widths):
            if level == 0:
                parts.append(nn.ConvTranspose2d(latent, width, 4))
            else:
                parts.append(nn.ConvTranspose2d(widths[level - 1], width, 3, 2, 1))
            parts += [nn.BatchNorm2d(width, affine=False), nn.PReLU()]
        self.shared = nn.Sequential(*parts)
        self.first = nn.ConvTranspose2d(widths[-1], channels, 6, padding=1)
        self.second = nn.ConvTranspose2d(widths[-1], channels, 6, padding=1)
        _initialise(self)

    def forward(
        self, latent: Float[Tensor, "b latent *one"]
    ) -> tuple[Float[Tensor, "b channels 28 28"], Float[Tensor, "b channels 28 28"]]:
        """Images in [0, 1] of the first and the second domain."""
        content = self.shared(latent[:, :, None, None] if latent.dim() == 2 else latent)
        return torch.sigmoid(self.first(content)), torch.sigmoid(self.second(content))


class CoupledDiscriminator(Discriminator):
    """Whether images are real, for either domain.

    Args:
        widths: channels after the first, second and third convolution.
        channels: of the images.
        classes: for domain adaptation, a classifier of so many classes on the shared features; None for none.
    """

    def __init__(self, widths: Sequence[int] = (20, 50, 500), channels: int = 1, classes: int | None = None) -> None:
        super().__init__()
        if len(widths) != 3:
            raise ValueError(f"a coupled discriminator has 3 widths, not {len(widths)}")
        see, middle, deep = widths
        self.first = nn.Conv2d(channels, see, 5)
        self.second = nn.Conv2d(channels, see, 5)
        self.shared = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(see, middle, 5), nn.MaxPool2d(2), nn.Conv2d(middle, deep, 4), nn.PReLU()
        )
        self.judge = nn.Conv2d(deep, 2, 1)
        self.classifier = nn.Conv2d(deep, classes, 1) if classes else None
        _initialise(self)

    def forward(
        self, first: Float[Tensor, "b channels 28 28"], second: Float[Tensor, "b channels 28 28"]
    ) -> Float[Tensor, "2*b 2"]:
        """Two logits, generated and real, for the images of the first domain, then for those of the second."""
        require_size(first, SIZE, SIZE)
        require_size(second, SIZE, SIZE)
        seen = torch.cat([self.first(first), self.second(second)])
        return self.judge(self.shared(seen)).flatten(1)

    def verdicts(self, output: Float[Tensor, "n 2"]) -> list[Float[Tensor, " n"]]:
        """One logit of being real: binary cross entropy of it is the two logits' cross entropy."""
        return [output[:, 1] - output[:, 0]]

    def classify(self, image: Float[Tensor, "b channels 28 28"], domain: int) -> Float[Tensor, "b classes"]:
        """Logits of the classes for images of domain 0 or 1.

        Raises:
            ValueError: the network was built without a classifier.
        """
        if self.classifier is None:
            raise ValueError("this coupled_discriminator has no classifier: build it with classes=10 or the like")
        require_size(image, SIZE, SIZE)
        see = (self.first, self.second)[domain]
        return self.classifier(self.shared(see(image))).flatten(1)
