"""The fully connected networks of the first GAN (Goodfellow et al. 2014, arXiv:1406.2661), in everybody's sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.gans.discriminator import Discriminator

Output = Literal["tanh", "sigmoid", "linear"]
VectorNorm = Literal["batch", "none"]


def generator_layers(
    inputs: int, widths: Sequence[int], outputs: int, norm: VectorNorm = "batch", output: Output = "tanh"
) -> nn.Sequential:
    """Linear layers with LeakyReLU 0.2, normalised from the second on.

    Raises:
        ValueError: an unknown norm or output.
    """
    if norm not in ("batch", "none"):
        raise ValueError(f"unknown norm {norm!r}: known are batch and none")
    ends: dict[str, list[nn.Module]] = {"tanh": [nn.Tanh()], "sigmoid": [nn.Sigmoid()], "linear": []}
    if output not in ends:
        raise ValueError(f"unknown output {output!r}: known are {', '.join(ends)}")
    parts: list[nn.Module] = []
    for level, width in enumerate(widths):
        normalised = level > 0 and norm == "batch"
        parts += [nn.Linear(inputs, width), *([nn.BatchNorm1d(width)] if normalised else []), nn.LeakyReLU(0.2)]
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, outputs), *ends[output])


class MlpGenerator(nn.Module):
    """Samples from noise through linear layers.

    Args:
        latent: length of the latent vector.
        widths: of the hidden layers.
        shape: of a sample: (1, 28, 28) for digits, (2,) for points of the plane.
        norm: `batch`, from the second layer on, or `none`.
        output: range of a sample's values: `tanh` [-1, 1], `sigmoid` [0, 1] or `linear`, without bounds.
    """

    def __init__(
        self,
        latent: int = 100,
        widths: Sequence[int] = (128, 256, 512, 1024),
        shape: Sequence[int] = (1, 28, 28),
        norm: VectorNorm = "batch",
        output: Output = "tanh",
    ) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.layers = generator_layers(latent, widths, math.prod(shape), norm, output)

    def forward(self, latent: Float[Tensor, "b latent"]) -> Float[Tensor, " b *shape"]:
        """Samples of `shape`."""
        return self.layers(latent).unflatten(1, self.shape)


class MlpDiscriminator(Discriminator):
    """Linear layers with LeakyReLU 0.2 and one logit.

    Args:
        widths: of the hidden layers.
        shape: of a sample.
    """

    def __init__(self, widths: Sequence[int] = (512, 256), shape: Sequence[int] = (1, 28, 28)) -> None:
        super().__init__()
        sizes = [math.prod(shape), *widths]
        parts: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            parts += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*parts, nn.Linear(sizes[-1], 1))

    def forward(self, sample: Float[Tensor, " b *shape"]) -> Float[Tensor, "b 1"]:
        """Logits, one per sample."""
        return self.layers(sample.flatten(1))
