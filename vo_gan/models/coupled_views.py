"""The other eye: from one image, the left and the right view of a stereo camera.

Two generators, coupled as in CoupledGAN (Liu and Tuzel 2016, arXiv:1606.07536): both have one trunk, which sees what is
in the image, and each has a head of its own. The left head paints the image again; the right head makes the view of a
camera to its right, in one of two ways:

- `rgb`: it paints that view.
- `selection`: it says for each pixel of that view how probable each of a number of disparities is, and so which pixels
  of the image are to be seen there (Xie et al. 2016, Deep3D, arXiv:1604.03650). It learns from the expectation of what
  may be seen; afterwards, the mean disparity takes pixels from an image of any resolution, and what it takes is as
  sharp as that. A bounded residual paints what no pixel of the image shows.

A disparity is here a share of the image's width, which no resizing changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.geometry import sample_right
from vo_gan.models.depth import ReflectedConvolution
from vo_gan.models.encoder import ResnetEncoder

View = Literal["left", "right"]

TRUNK_LEVELS = (4, 3, 2)
"""Levels of the decoder in the trunk, which ends at a quarter of the image; levels 1 and 0 are the heads'."""


@dataclass(frozen=True)
class CoupledViewsConfig:
    """A coupled view synthesiser.

    Attributes:
        right: how the right view is made: `selection` or `rgb`.
        width: channels of the encoder's first stage.
        decoder_width: channels of the heads' finest level; each level below has twice as many.
        candidates: of a selection, how many disparities it chooses from, evenly spaced from 0.
        largest_disparity: of a selection, the largest of them, as a share of the image's width. With KITTI's cameras
            0.1 is 3.1 m away.
        residual: of a selection, the most that a channel of a selected colour is changed by; 0 for no residual.
    """

    right: Literal["selection", "rgb"] = "selection"
    width: int = 64
    decoder_width: int = 32
    candidates: int = 48
    largest_disparity: float = 0.1
    residual: float = 0.3


@dataclass(frozen=True)
class Selection:
    """Where each pixel of a right view comes from.

    Attributes:
        probabilities: of every disparity, at the pixels of the right view.
        residual: what is added to the selected colours; None for nothing.
        largest: the largest disparity, as a share of the width; the others are evenly spaced from 0 to it.
    """

    probabilities: Float[Tensor, "b k h w"]
    residual: Float[Tensor, "b 3 h w"] | None
    largest: float

    @property
    def disparity(self) -> Float[Tensor, "b 1 h w"]:
        """The mean disparity at the right view's pixels, as a share of the width."""
        count = self.probabilities.shape[1]
        candidates = torch.linspace(0.0, self.largest, count, device=self.probabilities.device)
        return (self.probabilities * candidates[:, None, None]).sum(1, keepdim=True)

    def expect(self, image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """The right view as the expectation of what may be seen: what is learned from, and likest on average."""
        return self._retouched(select_shifted(image, self.probabilities, self.largest))

    def sample(self, image: Float[Tensor, "b 3 height width"]) -> Float[Tensor, "b 3 height width"]:
        """The right view by the mean disparities, of an image of any size.

        An expectation shows an edge once for every candidate, and in an image of many columns these are pixels apart:
        a matcher would find those steps. This shows it once.
        """
        # From the left view one looks the other way: what is at x here is at x + disparity there.
        sampled, _ = sample_right(image, -image.shape[-1] * _resized(self.disparity, image))
        return self._retouched(sampled)

    def _retouched(self, selected: Tensor) -> Tensor:
        """With the residual added."""
        if self.residual is None:
            return selected
        return (selected + _resized(self.residual, selected)).clamp(0.0, 1.0)


@dataclass(frozen=True)
class SynthesisedPair:
    """Both views made from an image.

    Attributes:
        left: the image painted again, RGB in [0, 1].
        right: the view of the right camera, RGB in [0, 1].
        selection: how it was selected; None where it was painted.
    """

    left: Float[Tensor, "b 3 h w"]
    right: Float[Tensor, "b 3 h w"]
    selection: Selection | None


class CoupledViews(nn.Module):
    """Both generators: one trunk, two heads.

    Args:
        config: their size, and how the right view is made.

    Raises:
        ValueError: fewer than two candidates, or no range of disparities.
    """

    def __init__(self, config: CoupledViewsConfig) -> None:
        super().__init__()
        if config.candidates < 2 or not 0.0 < config.largest_disparity < 1.0:
            raise ValueError(
                f"a selection needs at least 2 candidates and a largest disparity between 0 and 1 of the width, not "
                f"{config.candidates} and {config.largest_disparity}"
            )
        self.config = config
        self.trunk = Trunk(config.width, config.decoder_width)
        channels, skip = self.trunk.channels, self.trunk.skip_channels
        self.left_head = PaintingHead(channels, skip, config.decoder_width)
        self.right_head: PaintingHead | SelectionHead
        if config.right == "rgb":
            self.right_head = PaintingHead(channels, skip, config.decoder_width)
        else:
            self.right_head = SelectionHead(channels, skip, config)

    def generator(self, view: View) -> list[nn.Module]:
        """The parts that one view is made by, first to last."""
        return [self.trunk, self.left_head if view == "left" else self.right_head]

    def forward(self, image: Float[Tensor, "b 3 h w"]) -> SynthesisedPair:
        """Both views of images, RGB in [0, 1], whose height and width divide by 32."""
        content, skip = self.trunk(image)
        left = self.left_head(content, skip)
        if isinstance(self.right_head, SelectionHead):
            selection = self.right_head(content, skip)
            return SynthesisedPair(left=left, right=selection.expect(image), selection=selection)
        return SynthesisedPair(left=left, right=self.right_head(content, skip), selection=None)


class Trunk(nn.Module):
    """What both generators share: a ResNet-18 and the first half of a decoder with skip connections.

    Args:
        width: channels of the encoder's first stage.
        decoder_width: see `CoupledViewsConfig`.
    """

    def __init__(self, width: int, decoder_width: int) -> None:
        super().__init__()
        self.encoder = ResnetEncoder(width=width)
        self.blocks = nn.ModuleList()
        channels = self.encoder.channels[-1]
        for level in TRUNK_LEVELS:
            wide = decoder_width * 2**level
            self.blocks.append(UpBlock(channels, wide, self.encoder.channels[level - 1]))
            channels = wide
        self.channels = channels
        self.skip_channels = self.encoder.channels[0]

    def forward(
        self, image: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b c h//4 w//4"], Float[Tensor, "b s h//2 w//2"]]:
        """Features at a quarter of the image, and the encoder's finest ones, at half of it."""
        pyramid = self.encoder(image)
        content = pyramid[-1]
        for level, block in zip(TRUNK_LEVELS, self.blocks, strict=True):
            content = block(content, pyramid[level - 1])
        return content, pyramid[0]


class Head(nn.Module):
    """The second half of a decoder, private to one generator: from the trunk's features to maps of the image's size.

    Args:
        channels: of the trunk's features.
        skip: channels of the encoder's finest features.
        decoder_width: see `CoupledViewsConfig`.
    """

    def __init__(self, channels: int, skip: int, decoder_width: int) -> None:
        super().__init__()
        self.to_half = UpBlock(channels, 2 * decoder_width, skip)
        self.to_full = UpBlock(2 * decoder_width, decoder_width, 0)

    def decode(
        self, content: Float[Tensor, "b c h w"], skip: Float[Tensor, "b s 2*h 2*w"]
    ) -> Float[Tensor, "b d 4*h 4*w"]:
        """Features at full resolution."""
        return self.to_full(self.to_half(content, skip))


class PaintingHead(Head):
    """Paints its view."""

    def __init__(self, channels: int, skip: int, decoder_width: int) -> None:
        super().__init__(channels, skip, decoder_width)
        self.paint = ReflectedConvolution(decoder_width, 3)

    def forward(
        self, content: Float[Tensor, "b c h w"], skip: Float[Tensor, "b s 2*h 2*w"]
    ) -> Float[Tensor, "b 3 4*h 4*w"]:
        """RGB in [0, 1], in float32 also under autocast."""
        features = self.decode(content, skip)
        with torch.autocast(features.device.type, enabled=False):
            return torch.sigmoid(self.paint(features.float()))


class SelectionHead(Head):
    """Chooses among disparities; an untrained one has none of them more probable than others, and a residual of 0."""

    def __init__(self, channels: int, skip: int, config: CoupledViewsConfig) -> None:
        super().__init__(channels, skip, config.decoder_width)
        self.config = config
        self.choose = ReflectedConvolution(config.decoder_width, config.candidates)
        self.paint = ReflectedConvolution(config.decoder_width, 3) if config.residual else None
        with torch.no_grad():
            self.choose.conv.weight.mul_(0.1)
            if self.paint is not None:
                nn.init.zeros_(self.paint.conv.weight)
                assert self.paint.conv.bias is not None
                nn.init.zeros_(self.paint.conv.bias)

    def forward(self, content: Float[Tensor, "b c h w"], skip: Float[Tensor, "b s 2*h 2*w"]) -> Selection:
        """The selection, in float32 also under autocast."""
        features = self.decode(content, skip)
        with torch.autocast(features.device.type, enabled=False):
            features = features.float()
            residual = None if self.paint is None else self.config.residual * torch.tanh(self.paint(features))
            probabilities = torch.softmax(self.choose(features), dim=1)
        return Selection(probabilities, residual, self.config.largest_disparity)


class UpBlock(nn.Module):
    """Doubles the size of a map and merges it with the encoder's features of that size, as Monodepth2's decoder does.

    Args:
        in_channels: of the map.
        channels: of the result.
        skip: channels of the encoder's features; 0 for none.
    """

    def __init__(self, in_channels: int, channels: int, skip: int) -> None:
        super().__init__()
        self.reduce = ReflectedConvolution(in_channels, channels)
        self.merge = ReflectedConvolution(channels + skip, channels)

    def forward(
        self, features: Float[Tensor, "b _ h w"], skip: Float[Tensor, "b _ 2*h 2*w"] | None = None
    ) -> Float[Tensor, "b _ 2*h 2*w"]:
        """The larger map."""
        x = F.interpolate(F.elu(self.reduce(features)), scale_factor=2, mode="nearest")
        return F.elu(self.merge(x if skip is None else torch.cat((x, skip), dim=1)))


def select_shifted(
    image: Float[Tensor, "b c h w"], probabilities: Float[Tensor, "b k h w"], largest: float
) -> Float[Tensor, "b c h w"]:
    """The right view `sum_k p_k(x) image(x + d_k)` (Xie et al. 2016): what is at x + d in the left view is at x in it.

    Shifts by parts of a pixel are linear interpolations. Beyond its right border the image goes on with its last
    column. In the precision of `probabilities`, also under autocast.

    Args:
        image: the left view.
        probabilities: of every disparity, at the right view's pixels.
        largest: the largest disparity as a share of the width; the k disparities are evenly spaced from 0 to it.
    """
    width, count = image.shape[-1], probabilities.shape[1]
    span = math.ceil(largest * width)
    # Disparities between two pixels are shared out to both: there are fewer whole shifts than candidates, mostly.
    disparities = torch.linspace(0.0, largest * width, count, dtype=probabilities.dtype, device=image.device)
    whole = torch.arange(span + 1, dtype=disparities.dtype, device=image.device)
    share = (1.0 - (disparities - whole[:, None]).abs()).clamp(min=0.0)
    with torch.autocast(image.device.type, enabled=False):
        weights = (share @ probabilities.flatten(2)).unflatten(2, image.shape[-2:])
    padded = F.pad(image, (0, span, 0, 0), mode="replicate")
    right = weights[:, :1] * image
    for shift in range(1, span + 1):
        right = right + weights[:, shift : shift + 1] * padded[..., shift : shift + width]
    return right


def _resized(values: Tensor, image: Tensor) -> Tensor:
    """Maps at the size of an image, pixels being areas as where images are resized."""
    if values.shape[-2:] == image.shape[-2:]:
        return values
    return F.interpolate(values, image.shape[-2:], mode="bilinear", align_corners=False)
