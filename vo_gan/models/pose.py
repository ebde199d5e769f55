"""Pose nets: consecutive frames in, the camera's motion from each frame to the next out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.geometry import transform_from_axis_angle
from vo_gan.models.encoder import ResnetEncoder
from vo_gan.models.stack import ContextReader


@dataclass(frozen=True)
class PoseConfig:
    """A pose net.

    Attributes:
        net: `lstm` (convolutional features per pair and an LSTM over the snippet, after GANVO), `pairwise` (each pair
            on its own; Monodepth2's, weight for weight) or `cells` (each pair on its own, but read like `lstm`'s from
            where in the image things move: it learns to turn from far less data).
        features: what looks at a pair: a ResNet-18, a plain stack of strided convolutions (about ten times cheaper), or
            `correlation`, which compares the two frames' features over a window (as cheap; learns from less data).
        width: channels of the first stage.
        hidden: size of the LSTM, or of the hidden layer of `cells`.
        memory: pairs that a tracking step looks back on; training snippets should have `memory + 1` frames.
        symmetric: look at the mirrored pair too and take the mean of both motions, so that a mirrored street gives the
            mirrored motion and no turn to one side can be learned as a habit; costs the pose net twice.
        rotation_scale: factor on the net's output for the rotation vector, radians.
        translation_scale: factor on the net's output for the translation, metres.
    """

    net: Literal["lstm", "pairwise", "cells"] = "lstm"
    features: Literal["resnet", "convolutions", "correlation"] = "resnet"
    width: int = 64
    hidden: int = 256
    memory: int = 2
    symmetric: bool = False
    rotation_scale: float = 0.01
    translation_scale: float = 0.1


class PoseNet(nn.Module, ABC):
    """What all pose nets share: features of every pair of consecutive frames, then motions from a run of features.

    Splitting the two lets tracking compute the features of a pair once and keep only the last `memory` of them.
    Features in turn are made in two parts, of which only the second, cheap one may read a memory (see
    `vo_gan.models.stack`).
    """

    MIRRORED = (1.0, -1.0, -1.0, -1.0, 1.0, 1.0)
    """How a motion (rotation vector, translation) changes sign when the scene is mirrored in x."""

    def __init__(self, config: PoseConfig, context_channels: int = 0) -> None:
        super().__init__()
        self.config = config
        self.encoder = build_pair_encoder(config)
        if context_channels:
            self.read_context = ContextReader(context_channels, self.encoder.channels[-1])

    @abstractmethod
    def summarise(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
        """Features of pairs of frames from the encoder's maps of them."""

    @abstractmethod
    def motions(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n 6"]:
        """Rotation vector and translation for each pair of a run of consecutive pairs."""

    def forward(self, images: Float[Tensor, "b n 3 h w"]) -> Float[Tensor, "b m 4 4"]:
        """The `n - 1` transforms `next_from_previous` between consecutive frames."""
        pairs = torch.cat((images[:, :-1], images[:, 1:]), dim=2)
        return self.transforms(self.features(pairs.flatten(0, 1)).unflatten(0, pairs.shape[:2]))

    def features(self, pairs: Float[Tensor, "b 6 h w"]) -> Float[Tensor, "b views f"]:
        """Features of pairs as `transforms` takes them."""
        return self.read(self.look(pairs))

    def look(self, pairs: Float[Tensor, "b 6 h w"]) -> Float[Tensor, "b views c _ _"]:
        """The encoder's maps of pairs, the earlier frame's RGB first: of the images and, in a symmetric net, of
        mirrored ones."""
        if not self.config.symmetric:
            return self.encoder(pairs)[-1][:, None]
        return torch.stack(self.encoder(torch.cat((pairs, pairs.flip(-1))))[-1].chunk(2), dim=1)

    def read(
        self, maps: Float[Tensor, "b views c h w"], context: Float[Tensor, "b m _ _"] | None = None
    ) -> Float[Tensor, "b views f"]:
        """Features from the maps of `look`. `context` is a memory's, where the net was built for one; mirrored images
        are looked at with the memory mirrored."""
        views = list(maps.unbind(1))
        if context is not None:
            views = [
                self.read_context(view, side) for view, side in zip(views, (context, context.flip(-1)), strict=False)
            ]
        return torch.stack(self.summarise(torch.cat(views)).chunk(len(views)), dim=1)

    def transforms(self, features: Float[Tensor, "b n views f"]) -> Float[Tensor, "b n 4 4"]:
        """The transforms `next_from_previous` for a run of pairs, in float32 whatever the networks ran in."""
        with torch.autocast(device_type=features.device.type, enabled=False):
            views = features.shape[2]
            motion = self.motions(features.float().transpose(1, 2).flatten(0, 1)).unflatten(0, (-1, views))
            mean = motion[:, 0]
            if views == 2:
                mean = 0.5 * (mean + motion[:, 1] * motion.new_tensor(self.MIRRORED))
            return transform_from_axis_angle(
                mean[..., :3] * self.config.rotation_scale, mean[..., 3:] * self.config.translation_scale
            )


class LayoutPoseNet(PoseNet):
    """What pose nets share whose features keep a coarse layout (2 x 4 cells), for a turn and a step forward differ in
    where things move.

    The features reach the motion by two ways: through what a subclass puts before the head, and directly. All
    driving is forward, and without a way around them bounded units are the quickest source of that one constant motion:
    they saturate, and turns are no longer seen.
    """

    CELLS = (2, 4)

    def __init__(self, config: PoseConfig, context_channels: int = 0) -> None:
        super().__init__(config, context_channels)
        self.squeeze = nn.Conv2d(self.encoder.channels[-1], 64, 1)
        self.head = nn.Linear(config.hidden, 6)
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)
        self.direct = nn.Linear(64 * self.CELLS[0] * self.CELLS[1], 6, bias=False)
        nn.init.zeros_(self.direct.weight)

    @abstractmethod
    def hidden(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n _"]:
        """What the head reads beside the features themselves."""

    def summarise(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
        """One vector per pair."""
        squeezed = F.relu(self.squeeze(maps))
        return F.adaptive_avg_pool2d(squeezed, self.CELLS).flatten(1)

    def motions(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n 6"]:
        """Motions by both ways."""
        return self.head(self.hidden(features)) + self.direct(features)


class LstmPoseNet(LayoutPoseNet):
    """Convolutional features per pair and an LSTM over the snippet (after Almalioglu et al. 2019, GANVO).

    Two LSTM layers of 1024 are what others read out of the paper; the size here is configuration.
    """

    def __init__(self, config: PoseConfig, context_channels: int = 0) -> None:
        super().__init__(config, context_channels)
        self.lstm = nn.LSTM(self.direct.in_features, config.hidden, batch_first=True)

    def hidden(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n _"]:
        """The LSTM's states, started at zero before the first pair."""
        return self.lstm(features)[0]


class CellsPoseNet(LayoutPoseNet):
    """Convolutional features per pair and a hidden layer: a pose net for recipes whose memory is elsewhere."""

    def __init__(self, config: PoseConfig, context_channels: int = 0) -> None:
        super().__init__(config, context_channels)
        self.layer = nn.Linear(self.direct.in_features, config.hidden)

    def hidden(self, features: Float[Tensor, "b n f"]) -> Float[Tensor, "b n _"]:
        """The hidden layer."""
        return F.relu(self.layer(features))


class PairwisePoseNet(PoseNet):
    """A motion from each pair on its own (Godard et al. 2019, Monodepth2's separate pose net).

    The last convolution has 12 outputs, as published: two motions, of which the first counts.
    """

    def __init__(self, config: PoseConfig, context_channels: int = 0) -> None:
        super().__init__(config, context_channels)
        self.net = nn.Sequential(
            nn.Conv2d(self.encoder.channels[-1], 256, 1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(256, 12, 1),
        )

    def summarise(self, maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 12"]:
        """The motions themselves: there is nothing to remember."""
        with torch.autocast(device_type=maps.device.type, enabled=False):
            return self.net(maps.float()).mean(dim=(2, 3))

    def motions(self, features: Float[Tensor, "b n 12"]) -> Float[Tensor, "b n 6"]:
        """The first of the two motions."""
        return features[..., :6]


class ConvolutionalEncoder(nn.Module):
    """Five strided convolutions, after the pose net of SfMLearner (Zhou et al. 2017), with batch normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = (width, 2 * width, 4 * width, 8 * width, 8 * width)
        self.layers = _strided((6, *self.channels), (7, 5, 3, 3, 3))

    def forward(self, pairs: Float[Tensor, "b 6 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The last feature map, at 1/32 of the image."""
        return [self.layers((pairs - 0.45) / 0.225)]


class CorrelationEncoder(nn.Module):
    """Where things moved, rather than what they look like: the correlation layer of FlowNet (Dosovitskiy et al. 2015).

    Three strided convolutions, the same for both frames, give unit features at 1/8 of the image. Their scalar products
    at every displacement up to `RADIUS` cells, 32 pixels, and the earlier frame's features then go through two more
    strided convolutions. What is learned on top of correlations carries over from one street to the next better than
    what is learned on top of colours.
    """

    RADIUS = 4

    def __init__(self, width: int) -> None:
        super().__init__()
        window = (2 * self.RADIUS + 1) ** 2
        self.channels = (width, 2 * width, 2 * width, 4 * width, 8 * width)
        self.describe = _strided((3, *self.channels[:3]), (7, 5, 3))
        self.compare = _strided((window + self.channels[2], *self.channels[3:]), (3, 3))

    def forward(self, pairs: Float[Tensor, "b 6 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """The last feature map, at 1/32 of the image."""
        both = torch.cat(pairs.chunk(2, dim=1))
        earlier, later = self.describe((both - 0.45) / 0.225).chunk(2)
        return [self.compare(torch.cat((local_correlation(earlier, later, self.RADIUS), earlier), dim=1))]


def local_correlation(
    earlier: Float[Tensor, "b c h w"], later: Float[Tensor, "b c h w"], radius: int
) -> Float[Tensor, "b d h w"]:
    """Cosine of the features at each place of `earlier` and those of `later` at all `(2 radius + 1)^2` displacements
    around it, rows of displacements first; 0 beyond the border."""
    height, width = earlier.shape[-2:]
    earlier = F.normalize(earlier.float(), dim=1)
    later = F.pad(F.normalize(later.float(), dim=1), (radius,) * 4)
    reach = range(2 * radius + 1)
    products = [(earlier * later[..., y : y + height, x : x + width]).sum(1) for y in reach for x in reach]
    return torch.stack(products, dim=1)


def _strided(channels: tuple[int, ...], kernels: tuple[int, ...]) -> nn.Sequential:
    """Convolutions of stride 2 with batch normalisation."""
    layers: list[nn.Module] = []
    for before, after, kernel in zip(channels[:-1], channels[1:], kernels, strict=True):
        layers += [nn.Conv2d(before, after, kernel, 2, kernel // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)


def build_pair_encoder(config: PoseConfig) -> ResnetEncoder | ConvolutionalEncoder | CorrelationEncoder:
    """What looks at a pair of frames."""
    match config.features:
        case "convolutions":
            return ConvolutionalEncoder(config.width)
        case "correlation":
            return CorrelationEncoder(config.width)
        case "resnet":
            return ResnetEncoder(images=2, width=config.width)


def build_pose_net(config: PoseConfig, context_channels: int = 0) -> PoseNet:
    """The pose net of a configuration.

    Args:
        context_channels: of the memory that it reads; 0 for none.
    """
    nets: dict[str, type[PoseNet]] = {"lstm": LstmPoseNet, "pairwise": PairwisePoseNet, "cells": CellsPoseNet}
    return nets[config.net](config, context_channels)
