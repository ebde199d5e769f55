"""ResNet-18 (He et al. 2016) as a feature pyramid, with torchvision's parameter names."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, features: Tensor) -> Tensor:
        """`[b, in_channels, h, w]` to `[b, channels, h / stride, w / stride]`."""
        shortcut = features if self.downsample is None else self.downsample(features)
        features = self.relu(self.bn1(self.conv1(features)))
        return self.relu(self.bn2(self.conv2(features)) + shortcut)


class ResnetEncoder(nn.Module):
    """ResNet-18 without its classifier: five feature maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the image.

    Args:
        images: number of RGB images concatenated at the input (2 for a pose net).
        width: channels of the first stage; 64 is the published network, whose weights fit by name.
    """

    def __init__(self, images: int = 1, width: int = 64) -> None:
        super().__init__()
        self.channels = (width, width, 2 * width, 4 * width, 8 * width)
        self.conv1 = nn.Conv2d(3 * images, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(width, width, 1)
        self.layer2 = _stage(width, 2 * width, 2)
        self.layer3 = _stage(2 * width, 4 * width, 2)
        self.layer4 = _stage(4 * width, 8 * width, 2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps, finest first. Images are RGB in [0, 1]; they are shifted and scaled here, by 0.45 and 0.225."""
        finest = self.relu(self.bn1(self.conv1((images - 0.45) / 0.225)))
        features = [finest, self.layer1(self.maxpool(finest))]
        for stage in (self.layer2, self.layer3, self.layer4):
            features.append(stage(features[-1]))
        return features


def _stage(in_channels: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(in_channels, channels, stride), BasicBlock(channels, channels, 1))


def inflate_first_convolution(weight: Float[Tensor, "c 3 k k"], images: int) -> Float[Tensor, "c _ k k"]:
    """Weights of a first convolution for several concatenated images from those for one, responding alike to copies of
    one image."""
    return torch.cat([weight] * images, dim=1) / images
