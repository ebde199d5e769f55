"""Pose nets: consecutive frames in, the camera's motion from each frame to the next out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.geometry import transform_from_axis_angle
from vo_gan.models.encoder import ResnetEncoder


@dataclass(frozen=True)
class PoseConfig:
    """A pose net.

    Attributes:
        net: `lstm` (convolutional features per pair and an LSTM over the snippet, after GANVO) or `pairwise`
            (each pair on its own; Monodepth2's, weight for weight).
        features: what looks at a pair: a ResNet-18 or a plain stack of strided convolutions, about ten times cheaper.
        width: channels of the first stage.
        hidden: size of the LSTM.
        memory: pairs that a tracking step looks back on; training snippets should have `memory + 1` frames.
        rotation_scale: factor on the net's output for the rotation vector, radians.
        translation_scale: factor on the net's output for the translation, metres.
    """

    net: Literal["lstm", "pairwise"] = "lstm"
    features: Literal["resnet", "convolutions"] = "resnet"
    width: int = 64
    hidden: int = 256
    memory: int = 2
    rotation_scale: float = 0.01
    translation_scale: float = 0.1


class PoseNet(nn.Module):
    """What all pose nets share: features of every pair of consecutive frames, then motions from a run of features.

    Splitting the two lets tracking compute the features of a pair once and keep only the last `memory` of them.
    """

    def __init__(self, config: PoseConfig) -> None:
        super().__init__()
        self.config = config

    def pair_features(self, pairs: Float[Tensor, "b 6 h w"]) -> Float[Tensor, b *features]:
        """Features of pairs of frames, the earlier one's RGB first."""
        raise NotImplementedError

    def motions(self, features: Float[Tensor, "b n *features"]) -> Float[Tensor, "b n 6"]:
        """Rotation vector and translation for each pair of a run of consecutive pairs."""
        raise NotImplementedError

    def forward(self, images: Float[Tensor, "b n 3 h w"]) -> Float[Tensor, "b m 4 4"]:
        """The `n - 1` transforms `next_from_previous` between consecutive frames."""
        pairs = torch.cat((images[:, :-1], images[:, 1:]), dim=2)
        features = self.pair_features(pairs.flatten(0, 1)).unflatten(0, pairs.shape[:2])
        return self.transforms(features)

    def transforms(self, features: Float[Tensor, "b n *features"]) -> Float[Tensor, "b n 4 4"]:
        """The transforms `next_from_previous` for a run of pair features, in float32 whatever the networks ran in."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            motion = self.motions(features.float())
            return transform_from_axis_angle(
                motion[..., :3] * self.config.rotation_scale, motion[..., 3:] * self.config.translation_scale
            )


class LstmPoseNet(PoseNet):
    """Convolutional features per pair and an LSTM over the snippet (after Almalioglu et al. 2019, GANVO).

    The features keep a coarse layout (2 x 4 cells), for a turn and a step forward differ in where things move.
    Two LSTM layers of 1024 are what others read out of the paper; the size here is configuration.
    """

    CELLS = (2, 4)

    def __init__(self, config: PoseConfig) -> None:
        super().__init__(config)
        self.encoder = build_pair_encoder(config)
        self.squeeze = nn.Conv2d(self.encoder.channels[-1], 64, 1)
        self.lstm = nn.LSTM(64 * self.CELLS[0] * self.CELLS[1], config.hidden, batch_first=True)
        self.head = nn.Linear(config.hidden, 6)
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)

    def pair_features(self, pairs: Float[Tensor, "b 6 h w"]) -> Float[Tensor, "b f"]:
        """One vector per pair."""
        squeezed = F.relu(self.squeeze(self.encoder(pairs)[-1]))
        return F.adaptive_avg_pool2d(squeezed, self.CELLS).flatten(1)

    def motions(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n 6"]:
        """Motions from the LSTM's states, started at zero before the first pair."""
        states, _ = self.lstm(features)
        return self.head(states)


class PairwisePoseNet(PoseNet):
    """A motion from each pair on its own (Godard et al. 2019, Monodepth2's separate pose net).

    The last convolution has 12 outputs, as published: two motions, of which the first counts.
    """

    def __init__(self, config: PoseConfig) -> None:
        super().__init__(config)
        self.encoder = build_pair_encoder(config)
        self.net = nn.Sequential(
            nn.Conv2d(self.encoder.channels[-1], 256, 1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(256, 12, 1),
        )

    def pair_features(self, pairs: Float[Tensor, "b 6 h w"]) -> Float[Tensor, "b 12"]:
        """The motions themselves: there is nothing to remember."""
        seen = self.encoder(pairs)[-1]
        with torch.autocast(device_type=seen.device.type, enabled=False):
            return self.net(seen.float()).mean(dim=(2, 3))

    def motions(self, features: Float[Tensor, "b n 12"]) -> Float[Tensor, "b n 6"]:
        """The first of the two motions."""
        return features[..., :6]


class ConvolutionalEncoder(nn.Module):
    """Six strided convolutions, after the encoder of SfMLearner's pose net (Zhou et al. 2017) with batch normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = tuple(min(width * 2**level, 8 * width) for level in range(6))
        layers: list[nn.Module] = []
        channels = 6
        for kernel, wider in zip((7, 5, 3, 3, 3, 3), self.channels, strict=True):
            layers += [nn.Conv2d(channels, wider, kernel, 2, kernel // 2, bias=False), nn.BatchNorm2d(wider), nn.ReLU()]
            channels = wider
        self.layers = nn.Sequential(*layers)

    def forward(self, pairs: Float[Tensor, "b 6 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The last feature map, at 1/64 of the image."""
        return [self.layers((pairs - 0.45) / 0.225)]


def build_pair_encoder(config: PoseConfig) -> ResnetEncoder | ConvolutionalEncoder:
    """What looks at a pair of frames."""
    if config.features == "convolutions":
        return ConvolutionalEncoder(config.width)
    return ResnetEncoder(images=2, width=config.width)


def build_pose_net(config: PoseConfig) -> PoseNet:
    """The pose net of a configuration."""
    return LstmPoseNet(config) if config.net == "lstm" else PairwisePoseNet(config)
