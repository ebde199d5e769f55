"""A stereo matcher: semi-global matching of patches, corrected by a recurrent network that looks costs up.

After RAFT-Stereo (Lipson et al. 2021, arXiv:2109.07547): features at a quarter of the resolution, the correlation of
every pixel with its whole row of the right view, recurrent units at three resolutions that look it up around the
disparity so far and correct it, and convex upsampling. Two things are ours, to be accurate after few corrections and
little training: the disparity begins at what semi-global matching of image patches finds (see `semi_global`), whose
costs are looked up besides those of the features, and features gather context from coarser levels on the way. No range
of disparities is built in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from vo_gan.errors import VoGanError
from vo_gan.models.matcher_parts import MatcherEncoder, MotionEncoder, SeparableGru, convolution
from vo_gan.models.semi_global import (
    CELL,
    disparity_costs,
    least_disparity,
    patch_similarities,
    semi_global_costs,
)

FACTOR = CELL
"""Of image pixels to a pixel of the finest features."""
MULTIPLE = 32
"""Images are continued to multiples of this: two more halvings of the features, and three of the correlation's rows."""
MOST_LEVELS = 4
"""Of the correlation pyramid: the narrowest image has rows of 8 features, then 4, 2 and 1."""
HOPELESS = 4.0
"""Semi-global costs that exceed the least by more say no more than this."""


@dataclass(frozen=True)
class MatcherConfig:
    """Sizes of the network.

    Attributes:
        width: channels of the encoder at half resolution; three times as many below.
        features: channels that are compared.
        hidden: channels of the recurrent units.
        levels: of the correlation pyramid, each half as fine along the row.
        radius: pixels of a level looked at to either side.
        iterations: corrections.
    """

    width: int = 32
    features: int = 96
    hidden: int = 96
    levels: int = 4
    radius: int = 4
    iterations: int = 6


class Matched(NamedTuple):
    """What matching pairs gives. A named tuple, for fabric takes no frozen dataclass from a network.

    Attributes:
        disparities: of the left view, pixels, float32: in training, after every correction, which may be negative; else
            the last one alone, >= 0.
        log_shares: in training, the logarithm of the softmax over the columns of the right view of how alike features
            are, for every pixel of those of the left view; else None.
    """

    disparities: list[Float[Tensor, "b 1 h w"]]
    log_shares: Float[Tensor, "b fh fw fw"] | None


class StereoMatcher(nn.Module):
    """Disparity of the left image of a rectified pair.

    Args:
        config: its sizes.

    Raises:
        VoGanError: sizes that cannot be.
    """

    def __init__(self, config: MatcherConfig) -> None:
        if not 1 <= config.levels <= MOST_LEVELS or config.radius < 1 or config.iterations < 1:
            raise VoGanError(
                f"a matcher of {config.levels} levels, radius {config.radius} and {config.iterations} iterations: "
                f"expected 1 to {MOST_LEVELS} levels, and at least 1 of the others"
            )
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.encoder = MatcherEncoder(config.width, config.features, hidden)
        self.motion = MotionEncoder((config.levels + 2) * (2 * config.radius + 1), hidden)
        # Finest first: each hears of the next coarser one, and the coarser ones of the next finer one.
        self.units = nn.ModuleList(
            (SeparableGru(2 * hidden, hidden), SeparableGru(2 * hidden, hidden), SeparableGru(hidden, hidden))
        )
        self.correction = nn.Sequential(
            convolution(hidden, hidden), nn.ReLU(inplace=True), nn.Conv2d(hidden, 1, 3, padding=1)
        )
        self.blending = nn.Sequential(
            convolution(hidden, hidden), nn.ReLU(inplace=True), nn.Conv2d(hidden, 9 * FACTOR**2, 1)
        )
        # Logarithm of what correlations are multiplied by in the softmax: learned, and positive.
        self.sharpness = nn.Parameter(torch.zeros(()))

    def forward(
        self, left: Float[Tensor, "b 3 h w"], right: Float[Tensor, "b 3 h w"], iterations: int | None = None
    ) -> Matched:
        """Match pairs of any size from 32x32 on.

        Args:
            left: RGB in [0, 1].
            right: RGB in [0, 1].
            iterations: corrections, if not those of the configuration.
        """
        height, width = left.shape[-2:]
        left, right = _continued(left), _continued(right)
        patches = PatchMatches(left, right, self.config.radius)
        features, states, contexts = self.encoder(left, right)
        pyramid = CorrelationPyramid(features[0], features[1], self.config.levels, self.config.radius)
        disparity = patches.disparity
        found = []
        count = self.config.iterations if iterations is None else iterations
        for number in range(count):
            disparity = disparity.detach()
            costs = torch.cat((pyramid.look_up(disparity), patches.look_up(disparity)), dim=1)
            looked_up = self.motion(costs, disparity)
            states = self._advance(states, contexts, looked_up)
            disparity = disparity + self.correction(states[0]).float()
            if self.training or number == count - 1:
                found.append(_upsampled(disparity, self.blending(states[0]).float()))
        found = [each[..., :height, :width] for each in found]
        if self.training:
            return Matched(found, pyramid.log_shares(self.sharpness.exp()))
        return Matched([found[-1].clamp(min=0.0)], None)

    def _advance(
        self, states: list[Tensor], contexts: list[tuple[Tensor, Tensor, Tensor]], looked_up: Tensor
    ) -> list[Tensor]:
        """One step of all units, from the coarsest to the finest."""
        fine, middle, coarse = states
        coarse = self.units[2](coarse, contexts[2], F.avg_pool2d(middle, 2))
        heard = torch.cat((F.avg_pool2d(fine, 2), F.interpolate(coarse, scale_factor=2.0, mode="bilinear")), dim=1)
        middle = self.units[1](middle, contexts[1], heard)
        heard = torch.cat((looked_up, F.interpolate(middle, scale_factor=2.0, mode="bilinear")), dim=1)
        return [self.units[0](fine, contexts[0], heard), middle, coarse]


class CorrelationPyramid:
    """How alike every pixel of the left view and every pixel of its row in the right view are.

    Args:
        left: features.
        right: features.
        levels: of the pyramid; the right view's columns are averaged in twos from each to the next.
        radius: columns of a level to either side that `look_up` looks at.
    """

    def __init__(
        self, left: Float[Tensor, "b c h w"], right: Float[Tensor, "b c h w"], levels: int, radius: int
    ) -> None:
        self.radius = radius
        with torch.autocast(device_type=left.device.type, enabled=False):
            rows = left.float().permute(0, 2, 3, 1)
            products = rows @ right.float().permute(0, 2, 1, 3) / left.shape[1] ** 0.5
            self.levels: list[Float[Tensor, "b h w _"]] = [products]
            for _ in range(levels - 1):
                batch, height, width, columns = self.levels[-1].shape
                halved = F.avg_pool1d(self.levels[-1].reshape(batch * height, width, columns), 2)
                self.levels.append(halved.reshape(batch, height, width, -1))

    def log_shares(self, sharpness: Float[Tensor, ""]) -> Float[Tensor, "b h w _"]:
        """Log-softmax of the correlations with all columns at which a point in front of the cameras can be.

        Args:
            sharpness: factor of the correlations.
        """
        products = self.levels[0]
        columns = torch.arange(products.shape[-1], device=products.device)
        behind = columns[None, :] > columns[:, None]
        return torch.log_softmax((sharpness * products).masked_fill(behind, -torch.inf), dim=-1)

    def look_up(self, disparity: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b k h w"]:
        """Correlations with the columns around `disparity` (pixels of the features), linear between columns, 0 outside.

        Returns:
            Level after level, `2 radius + 1` values each, from left to right.
        """
        width = disparity.shape[-1]
        positions = torch.arange(width, device=disparity.device, dtype=disparity.dtype) - disparity[:, 0]
        # The centre of `2^level` averaged columns lies between them.
        found = [
            _taps(products, (positions + 0.5) / 2**level - 0.5, self.radius)
            for level, products in enumerate(self.levels)
        ]
        return torch.cat(found, dim=-1).permute(0, 3, 1, 2)


class PatchMatches:
    """What matching image patches says, without anything learned.

    Args:
        left: RGB in [0, 1].
        right: RGB in [0, 1].
        radius: values to either side that `look_up` looks at.

    Attributes:
        disparity: `[b, 1, h / CELL, w / CELL]`, in cells, by semi-global matching.
    """

    @torch.no_grad()
    def __init__(self, left: Float[Tensor, "b 3 h w"], right: Float[Tensor, "b 3 h w"], radius: int) -> None:
        self.radius = radius
        with torch.autocast(device_type=left.device.type, enabled=False):
            self._similarities, patterns = patch_similarities(left, right)
            costs = semi_global_costs(disparity_costs(self._similarities, patterns))
        self.disparity = least_disparity(costs)
        # Of the best, 1; of those that cost `HOPELESS` more, 0.
        self._quality = (1.0 - (costs - costs.amin(-1, keepdim=True)) / HOPELESS).clamp_(min=0.0)

    def look_up(self, disparity: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b k h w"]:
        """Similarities of patches around `disparity` (cells) in steps of a pixel, from left to right, and how good
        semi-global matching finds disparities around it, in steps of a cell, from far to near; 0 outside."""
        cells = torch.arange(disparity.shape[-1], device=disparity.device, dtype=disparity.dtype)
        columns = CELL * (cells - disparity[:, 0])
        near = (_taps(self._similarities, columns, self.radius), _taps(self._quality, disparity[:, 0], self.radius))
        return torch.cat(near, dim=-1).permute(0, 3, 1, 2)


def _taps(values: Float[Tensor, "b h w n"], centres: Float[Tensor, "b h w"], radius: int) -> Float[Tensor, "b h w _"]:
    """Of every row of `values`, those up to `radius` to either side of its centre, linear in between, 0 outside."""
    # All taps of a row lie a whole number apart: one fraction serves them all.
    whole = centres.floor()
    places = whole.long()[..., None] + torch.arange(-radius, radius + 2, device=values.device)
    inside = (places >= 0) & (places < values.shape[-1])
    taps = values.gather(-1, places.clamp(0, values.shape[-1] - 1)) * inside
    return torch.lerp(taps[..., :-1], taps[..., 1:], (centres - whole)[..., None])


def _continued(image: Tensor) -> Tensor:
    """The image with its last row and column repeated up to multiples of `MULTIPLE`."""
    height, width = image.shape[-2:]
    return F.pad(image, (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")


def _upsampled(disparity: Float[Tensor, "b 1 h w"], weights: Float[Tensor, "b k h w"]) -> Float[Tensor, "b 1 h2 w2"]:
    """Convex upsampling (Teed and Deng 2020): every pixel is a mean of the 3x3 nearest ones, weighted as it likes best.

    Disparities grow with the image.
    """
    batch, _, height, width = disparity.shape
    shares = torch.softmax(weights.reshape(batch, 9, FACTOR**2, height, width), dim=1)
    near = F.unfold(F.pad(FACTOR * disparity, (1, 1, 1, 1), mode="replicate"), 3).reshape(batch, 9, 1, height, width)
    return F.pixel_shuffle((shares * near).sum(1), FACTOR)
