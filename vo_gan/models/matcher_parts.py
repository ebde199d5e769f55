"""What the stereo matcher is made of: encoder, motion encoder and recurrent unit."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 3
"""Resolutions of recurrent units: a quarter, an eighth and a sixteenth of the image."""


def convolution(in_channels: int, channels: int) -> nn.Sequential:
    """A 3x3 convolution in two parts, one in the plane and one across channels (Howard et al. 2017): an eighth of the
    work."""
    return nn.Sequential(
        nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
        nn.Conv2d(in_channels, channels, 1),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, normalised per image and channel, which takes contrast and tint away."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.InstanceNorm2d(channels, affine=True) for _ in range(2))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Conv2d(in_channels, channels, 1, stride)

    def forward(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b _ _ _"]:
        """`[b, in_channels, h, w]` to `[b, channels, h / stride, w / stride]`."""
        inner = F.relu(self.norms[0](self.first(maps)))
        return F.relu(self.norms[1](self.second(inner)) + self.shortcut(maps))


class MatcherEncoder(nn.Module):
    """Features of both views to compare, and of the left one what the recurrent units begin with and are told.

    Args:
        width: channels at half resolution; three times as many below.
        features: channels to compare.
        hidden: channels of the recurrent units.
    """

    def __init__(self, width: int, features: int, hidden: int) -> None:
        super().__init__()
        deep = 3 * width
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.InstanceNorm2d(width, affine=True), nn.ReLU(inplace=True)
        )
        self.quarter = nn.Sequential(ResidualBlock(width, deep, 2), ResidualBlock(deep, deep, 1))
        self.eighth = nn.Sequential(ResidualBlock(deep, deep, 2), ResidualBlock(deep, deep, 1))
        self.sixteenth = nn.Sequential(ResidualBlock(deep, deep, 2), ResidualBlock(deep, deep, 1))
        self.from_sixteenth = nn.Conv2d(deep, deep, 1)
        self.from_eighth = nn.Conv2d(deep, deep, 1)
        self.compared = nn.Sequential(nn.Conv2d(deep, deep, 3, padding=1), nn.ReLU(), nn.Conv2d(deep, features, 1))
        # For every unit its first state, and the context's part of its three gates.
        self.contexts = nn.ModuleList(nn.Conv2d(deep, 4 * hidden, 1) for _ in range(LEVELS))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(
        self, left: Float[Tensor, "b 3 h w"], right: Float[Tensor, "b 3 h w"]
    ) -> tuple[tuple[Tensor, Tensor], list[Tensor], list[tuple[Tensor, Tensor, Tensor]]]:
        """Look at a pair; sides must divide by 16.

        Returns:
            Features of the left and the right view, `[b, features, h / 4, w / 4]`; the units' first states
            `[b, hidden, h / s, w / s]`, s = 4, 8, 16; and for each unit what context adds to its three gates, alike.
        """
        images = (torch.cat((left, right)) - 0.45) / 0.225
        quarter = self.quarter(self.stem(images))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        eighth = eighth + _doubled(self.from_sixteenth(sixteenth))
        quarter = quarter + _doubled(self.from_eighth(eighth))
        compared = self.compared(quarter).chunk(2)
        states, contexts = [], []
        for maps, head in zip((quarter, eighth, sixteenth), self.contexts, strict=True):
            state, update, reset, content = head(maps[: len(left)]).chunk(4, dim=1)
            states.append(torch.tanh(state))
            contexts.append((update, reset, content))
        return (compared[0], compared[1]), states, contexts


class MotionEncoder(nn.Module):
    """What looking up the correlation around a disparity tells.

    Args:
        in_channels: values looked up for each pixel.
        channels: of the result.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.costs = nn.Sequential(
            nn.Conv2d(in_channels, channels, 1), nn.ReLU(inplace=True), convolution(channels, channels), nn.ReLU()
        )
        self.place = nn.Sequential(nn.Conv2d(1, 16, 7, padding=3), nn.ReLU())
        self.together = nn.Sequential(convolution(channels + 16, channels - 1), nn.ReLU())

    def forward(self, costs: Float[Tensor, "b k h w"], disparity: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b _ h w"]:
        """The encoded costs, and as the last channel the disparity (pixels of these maps) itself."""
        encoded = self.together(torch.cat((self.costs(costs), self.place(disparity)), dim=1))
        return torch.cat((encoded, disparity.to(encoded.dtype)), dim=1)


class SeparableGru(nn.Module):
    """A convolutional gated recurrent unit (Ballas et al. 2016) of convolutions in two parts.

    Args:
        in_channels: of the input.
        channels: of the state.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.gates = convolution(in_channels + channels, 2 * channels)
        self.content = convolution(in_channels + channels, channels)

    def forward(
        self,
        state: Float[Tensor, "b c h w"],
        context: tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c h w"], Float[Tensor, "b c h w"]],
        heard: Float[Tensor, "b i h w"],
    ) -> Float[Tensor, "b c h w"]:
        """The next state; `context` is added to update gate, reset gate and content."""
        update, reset = self.gates(torch.cat((state, heard), dim=1)).chunk(2, dim=1)
        update, reset = torch.sigmoid(update + context[0]), torch.sigmoid(reset + context[1])
        content = torch.tanh(self.content(torch.cat((reset * state, heard), dim=1)) + context[2])
        return (1 - update) * state + update * content


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2.0, mode="bilinear")
