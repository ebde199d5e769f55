"""Conditional GAN (Mirza and Osindero 2014, arXiv:1411.1784): samples of a wanted class, given one-hot.

`cgan_*` are the networks of `vo_gan.gans.mlp` with the class beside the input; `cgan_paper_*` are the paper's own, with
separate paths for noise and class in the generator and maxout layers in the discriminator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from vo_gan.gans.discriminator import Discriminator
from vo_gan.gans.mlp import Output, VectorNorm, generator_layers

Labels = Int[Tensor, " b"] | Float[Tensor, "b classes"]


def one_hot(labels: Labels, classes: int) -> Float[Tensor, "b classes"]:
    """Class numbers as one-hot vectors; vectors are returned as they are."""
    return F.one_hot(labels.long(), classes).float() if labels.dim() == 1 else labels


class CganGenerator(nn.Module):
    """Samples of a class through linear layers.

    Args:
        latent: length of the latent vector.
        classes: number of classes.
        widths: of the hidden layers.
        shape: of a sample.
        norm: `batch`, from the second layer on, or `none`.
        output: range of a sample's values, see `MlpGenerator`.
    """

    def __init__(
        self,
        latent: int = 100,
        classes: int = 10,
        widths: Sequence[int] = (128, 256, 512, 1024),
        shape: Sequence[int] = (1, 28, 28),
        norm: VectorNorm = "batch",
        output: Output = "tanh",
    ) -> None:
        super().__init__()
        self.classes, self.shape = classes, tuple(shape)
        self.layers = generator_layers(classes + latent, widths, math.prod(shape), norm, output)

    def forward(self, latent: Float[Tensor, "b latent"], labels: Labels) -> Float[Tensor, " b *shape"]:
        """Samples of the classes `labels`: numbers or one-hot vectors."""
        return self.layers(torch.cat([one_hot(labels, self.classes), latent], dim=1)).unflatten(1, self.shape)


class CganDiscriminator(Discriminator):
    """Whether a sample is real and of the class it is said to be.

    Args:
        classes: number of classes.
        widths: of the hidden layers; dropout comes after each but the first.
        shape: of a sample.
        dropout: share of values dropped.
    """

    def __init__(
        self,
        classes: int = 10,
        widths: Sequence[int] = (512, 512, 512),
        shape: Sequence[int] = (1, 28, 28),
        dropout: float = 0.4,
    ) -> None:
        super().__init__()
        self.classes = classes
        sizes = [math.prod(shape) + classes, *widths]
        parts: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(pairwise(sizes)):
            parts += [nn.Linear(inputs, outputs), *([nn.Dropout(dropout)] if level else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*parts, nn.Linear(sizes[-1], 1))

    def forward(self, sample: Float[Tensor, " b *shape"], labels: Labels) -> Float[Tensor, "b 1"]:
        """Logits, one per sample with its class."""
        return self.layers(torch.cat([sample.flatten(1), one_hot(labels, self.classes)], dim=1))


class Maxout(nn.Module):
    """The largest of several linear functions, for each output (Goodfellow et al. 2013, arXiv:1302.4389).

    Args:
        inputs: length of the input.
        outputs: length of the output.
        pieces: linear functions per output.
    """

    def __init__(self, inputs: int, outputs: int, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(inputs, outputs * pieces)

    def forward(self, x: Float[Tensor, "b inputs"]) -> Float[Tensor, "b outputs"]:
        """The maxima."""
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(dim=2)


class CganPaperGenerator(nn.Module):
    """The paper's generator for digits: noise and class each through a layer of their own, then together.

    Args:
        latent: length of the latent vector, uniform noise in the paper.
        classes: number of classes.
        shape: of a sample, in [0, 1].
        dropout: share of values dropped in the hidden layers.
    """

    def __init__(
        self, latent: int = 100, classes: int = 10, shape: Sequence[int] = (1, 28, 28), dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.classes, self.shape = classes, tuple(shape)
        self.noise, self.label = nn.Linear(latent, 200), nn.Linear(classes, 1000)
        self.joint = nn.Linear(1200, 1200)
        self.image = nn.Linear(1200, math.prod(shape))
        self.dropout = nn.Dropout(dropout)

    def forward(self, latent: Float[Tensor, "b latent"], labels: Labels) -> Float[Tensor, " b *shape"]:
        """Samples of the classes `labels`, in [0, 1]."""
        parts = [self.noise(latent), self.label(one_hot(labels, self.classes))]
        hidden = self.dropout(F.relu(torch.cat(parts, dim=1)))
        hidden = self.dropout(F.relu(self.joint(hidden)))
        return torch.sigmoid(self.image(hidden)).unflatten(1, self.shape)


class CganPaperDiscriminator(Discriminator):
    """The paper's discriminator for digits: maxout layers for sample and class, one for both together.

    Args:
        classes: number of classes.
        shape: of a sample.
        dropout: share of values dropped in the hidden layers.
    """

    def __init__(self, classes: int = 10, shape: Sequence[int] = (1, 28, 28), dropout: float = 0.5) -> None:
        super().__init__()
        self.classes = classes
        self.sample, self.label = Maxout(math.prod(shape), 240, 5), Maxout(classes, 50, 5)
        self.joint = Maxout(290, 240, 4)
        self.judge = nn.Linear(240, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, sample: Float[Tensor, " b *shape"], labels: Labels) -> Float[Tensor, "b 1"]:
        """Logits, one per sample with its class."""
        parts = [self.sample(sample.flatten(1)), self.label(one_hot(labels, self.classes))]
        return self.judge(self.dropout(self.joint(self.dropout(torch.cat(parts, dim=1)))))
