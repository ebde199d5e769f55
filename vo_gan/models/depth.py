"""Depth generators: one image in, disparity at several scales out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.models.encoder import ResnetEncoder
from vo_gan.models.stack import ContextReader

SCALES = 4
"""Depth comes at full resolution and at 1/2, 1/4 and 1/8 of it."""


@dataclass(frozen=True)
class DepthConfig:
    """A depth generator.

    Attributes:
        generator: `resnet` (encoder-decoder with skips; Monodepth2's, weight for weight) or `ganvo` (encoder to a
            vector z to deconvolutions; our reading of Almalioglu et al. 2019).
        width: channels of the encoder's first stage; 64 fits published ResNet-18 weights.
        decoder_width: channels of the resnet decoder's finest level; 16 fits published weights.
        latent: length of z in the ganvo generator.
        nearest: smallest depth that can be expressed, metres (before `unit`).
        farthest: largest depth that can be expressed, metres (before `unit`).
        initial: depth that an untrained generator gives, metres (before `unit`).
        unit: factor on all depths; 5.4 for Monodepth2's stereo-trained weights, whose baseline counts 0.1 for 0.54 m.
        encoder_weights: file with published ResNet-18 weights to start the encoder from.
    """

    generator: Literal["resnet", "ganvo"] = "resnet"
    width: int = 64
    decoder_width: int = 16
    latent: int = 512
    nearest: float = 0.5
    farthest: float = 100.0
    initial: float = 10.0
    unit: float = 1.0
    encoder_weights: str | None = None


class DepthGenerator(nn.Module, ABC):
    """What both generators share: sigmoid activations at each scale, read as disparity between two depth bounds.

    Encoding and decoding can be had apart: a whole snippet is encoded at once, and decoded frame by frame where a
    memory (see `vo_gan.models.stack`) has a say in it.
    """

    def __init__(self, config: DepthConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def encode(self, image: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """What `decode` needs of images."""

    @abstractmethod
    def decode(
        self, features: Sequence[Tensor], context: Float[Tensor, "b c _ _"] | None = None
    ) -> list[Float[Tensor, "b 1 _ _"]]:
        """Activations in [0, 1], full resolution first, then 1/2, 1/4, 1/8; `context` is a memory's, where the
        generator was built for one."""

    def forward(
        self, image: Float[Tensor, "b 3 h w"], context: Float[Tensor, "b c _ _"] | None = None
    ) -> list[Float[Tensor, "b 1 _ _"]]:
        """`decode(encode(image), context)`."""
        return self.decode(self.encode(image), context)

    def depth(self, activation: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h w"]:
        """Z-depth from an activation in [0, 1]: linear in inverse depth between the bounds (Godard et al. 2019)."""
        lowest, highest = 1.0 / self.config.farthest, 1.0 / self.config.nearest
        return self.config.unit / (lowest + (highest - lowest) * activation.float())

    @staticmethod
    def _activation(head: nn.Module, features: Tensor) -> Tensor:
        """The last layer in float32 also under autocast: eight bits of disparity would be seen as steps in depth."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            return torch.sigmoid(head(features.float()))

    def _initialise_output(self, convolution: nn.Conv2d) -> None:
        """Let an untrained generator give `config.initial` everywhere, but for a little texture."""
        lowest, highest = 1.0 / self.config.farthest, 1.0 / self.config.nearest
        activation = (1.0 / self.config.initial - lowest) / (highest - lowest)
        with torch.no_grad():
            convolution.weight.mul_(0.1)
            if convolution.bias is not None:
                convolution.bias.fill_(math.log(activation / (1.0 - activation)))


class ResnetDepthGenerator(DepthGenerator):
    """ResNet-18 encoder and a decoder with skip connections (Godard et al. 2019, Monodepth2).

    A memory is read at the encoder's coarsest map and where the decoder reaches a quarter of the image.
    """

    def __init__(self, config: DepthConfig, context_channels: int = 0) -> None:
        super().__init__(config)
        self.encoder = ResnetEncoder(width=config.width)
        widths = [config.decoder_width * 2**level for level in range(5)]
        self.reduce = nn.ModuleList()
        self.merge = nn.ModuleList()
        channels = self.encoder.channels[-1]
        for level in range(4, -1, -1):
            skip = self.encoder.channels[level - 1] if level > 0 else 0
            self.reduce.append(ReflectedConvolution(channels, widths[level]))
            self.merge.append(ReflectedConvolution(widths[level] + skip, widths[level]))
            channels = widths[level]
        self.heads = nn.ModuleList(ReflectedConvolution(widths[scale], 1) for scale in range(SCALES))
        for head in self.heads:
            self._initialise_output(head.conv)  # type: ignore[arg-type]
        if context_channels:
            self.read_coarse = ContextReader(context_channels, self.encoder.channels[-1])
            self.read_fine = ContextReader(context_channels, self.encoder.channels[1])

    def encode(self, image: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The encoder's pyramid. Height and width must divide by 32."""
        return self.encoder(image)

    def decode(
        self, features: Sequence[Tensor], context: Float[Tensor, "b c _ _"] | None = None
    ) -> list[Float[Tensor, "b 1 _ _"]]:
        """See `DepthGenerator.decode`."""
        features = list(features)
        if context is not None:
            features[-1] = self.read_coarse(features[-1], context)
            features[1] = self.read_fine(features[1], context)
        x = features[-1]
        outputs: list[Tensor] = []
        for level, (reduce, merge) in zip(range(4, -1, -1), zip(self.reduce, self.merge, strict=True), strict=True):
            x = F.interpolate(F.elu(reduce(x)), scale_factor=2, mode="nearest")
            if level > 0:
                x = torch.cat((x, features[level - 1]), dim=1)
            x = F.elu(merge(x))
            if level < SCALES:
                outputs.insert(0, self._activation(self.heads[level], x))
        return outputs


class GanvoDepthGenerator(DepthGenerator):
    """Encoder to a vector z, deconvolutions back to the image (after Almalioglu et al. 2019, GANVO).

    The paper gives no layer table. This reading: five strided convolutions, 32 to 512 channels, pooled to 1/64 of the
    image, a linear layer to z; then z to 1/64 again and six deconvolutions; the bounds on depth are ours. Having no
    skips, it works at the one image size it was built for. A memory is read where z has become a map again.
    """

    def __init__(self, config: DepthConfig, size: tuple[int, int], context_channels: int = 0) -> None:
        super().__init__(config)
        self.grid = (max(size[1] // 64, 1), max(size[0] // 64, 1))
        cells = self.grid[0] * self.grid[1]
        widths = [32, 64, 128, 256, 512]
        layers: list[nn.Module] = []
        channels = 3
        for width in widths:
            layers += [nn.Conv2d(channels, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.LeakyReLU(0.2, True)]
            channels = width
        layers += [nn.Conv2d(channels, channels, 4, 2, 1), nn.AdaptiveAvgPool2d(self.grid), nn.Flatten()]
        self.encoder = nn.Sequential(*layers, nn.Linear(channels * cells, config.latent))
        self.expand = nn.Linear(config.latent, channels * cells)
        self.decoder = nn.ModuleList()
        for width in (512, 256, 128, 64, 32, 16):
            self.decoder.append(
                nn.Sequential(
                    nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)
                )
            )
            channels = width
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 3, 1, 1) for width in (16, 32, 64, 128))
        for head in self.heads:
            self._initialise_output(head)  # type: ignore[arg-type]
        self.size = size
        if context_channels:
            self.read_coarse = ContextReader(context_channels, 512)

    def encode(self, image: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The vector z, alone."""
        return [self.encoder((image - 0.45) / 0.225)]

    def decode(
        self, features: Sequence[Tensor], context: Float[Tensor, "b c _ _"] | None = None
    ) -> list[Float[Tensor, "b 1 _ _"]]:
        """See `DepthGenerator.decode`."""
        x = self.expand(features[0]).unflatten(1, (512, *self.grid))
        if context is not None:
            x = self.read_coarse(x, context)
        outputs: list[Tensor] = []
        for level, block in zip(range(5, -1, -1), self.decoder, strict=True):
            x = block(x)
            if level < SCALES:
                size = (self.size[1] >> level, self.size[0] >> level)
                activation = self._activation(self.heads[level], x)
                if activation.shape[-2:] != size:
                    activation = F.interpolate(activation, size, mode="bilinear", align_corners=True)
                outputs.insert(0, activation)
        return outputs


class ReflectedConvolution(nn.Module):
    """3x3 convolution with reflected borders."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, padding=1, padding_mode="reflect")

    def forward(self, features: Tensor) -> Tensor:
        """`[b, in_channels, h, w]` to `[b, channels, h, w]`."""
        return self.conv(features)


def build_depth_generator(config: DepthConfig, size: tuple[int, int], context_channels: int = 0) -> DepthGenerator:
    """The depth generator of a configuration, for images of `size` = (width, height).

    Args:
        context_channels: of the memory that it reads; 0 for none.
    """
    if config.generator == "ganvo":
        return GanvoDepthGenerator(config, size, context_channels)
    return ResnetDepthGenerator(config, context_channels)
