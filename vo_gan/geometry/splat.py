"""Forward splatting of a rectified view: what the right camera sees of it, where the nearer surface wins.

What the left view shows at column x with disparity d lands at column x - d of the same row. Every row is a line of
pixels. Neighbours whose disparities differ little are one surface: the right pixels between their landing places show
what lies between them, so that a surface has no cracks, and each right pixel knows to a fraction of a pixel which left
column it shows. Where disparity jumps, a surface ends half a pixel beyond the centre of its last pixel. Where it rises
by more than a pixel from one column to the next, the surface between turns its back to the right camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

GAP = 3.0
"""Pixels of disparity, from one column down to the next, up to which these show one surface, which the right view shows
stretched; beyond it there are two, with a hole between."""

TOLERANCE = 1.0
"""Pixels of disparity within which what two pixels show is taken for one surface."""

DEPTH_STEPS = 1024
"""Of the z-buffer, per pixel of disparity. Of what lies within one step, the last pixel of the row is in front."""

INDEX_BITS = 32
EMPTY = torch.iinfo(torch.int64).min


@dataclass(frozen=True)
class Splatted:
    """The right view of a left view with known disparity.

    Attributes:
        disparity: of the right view's pixels; 0 where `mask` is False.
        columns: the left view's columns, whole or between two, that they show: `column + disparity` but for the last
            half pixel of a surface, which shows its last column; 0 where `mask` is False.
        mask: which of them show anything; the rest are holes.
    """

    disparity: Float[Tensor, "b 1 h w"]
    columns: Float[Tensor, "b 1 h w"]
    mask: Bool[Tensor, "b 1 h w"]


@torch.no_grad()
def splat_disparity(disparity: Float[Tensor, "b 1 h w"]) -> Splatted:
    """Render the right view of a left view with a z-buffer, all rows of a batch at once. The same on every device.

    Args:
        disparity: of the left view in pixels, finite.
    """
    left = disparity[:, 0]
    width = left.shape[-1]
    column = torch.arange(width, device=left.device)
    landing = column - left
    stretch = torch.ones_like(landing)
    stretch[..., :-1] = landing[..., 1:] - landing[..., :-1]
    joined = (stretch > 0) & (stretch <= 1 + GAP)
    joined[..., -1] = False
    joined_before = joined.roll(1, dims=-1)  # the last pixel of a row is never joined
    # Each left pixel covers the right pixels from `first` to before `end`.
    first = torch.where(joined_before, landing, landing - 0.5).ceil().clamp(min=0)
    end = (landing + torch.where(joined, stretch, 0.5)).ceil().clamp(max=width)
    # By which disparity changes from one of them to the next, beyond the landing place.
    slope = torch.where(joined, 1 / stretch - 1, 0)

    count = (end - first).clamp(min=0).reshape(-1).to(torch.int64)
    source = torch.repeat_interleave(count)
    number = torch.arange(len(source), device=left.device) - (count.cumsum(0) - count)[source]
    row_start = torch.arange(0, left.numel(), width, device=left.device).reshape(*left.shape[:-1], 1)
    place = (row_start + first.to(torch.int64)).reshape(-1)[source] + number
    beyond = ((first - landing).reshape(-1)[source] + number).clamp(min=0)
    depth = left.reshape(-1)[source] + slope.reshape(-1)[source] * beyond
    # One number: the nearest surface has the greatest, and its last digits say which pixel it is.
    key = ((depth * DEPTH_STEPS).round().to(torch.int64) << INDEX_BITS) + source
    nearest = torch.full((left.numel(),), EMPTY, device=left.device).scatter_reduce_(0, place, key, "amax")

    nearest = nearest.reshape(left.shape)
    mask = nearest != EMPTY
    winner = nearest & ((1 << INDEX_BITS) - 1)
    beyond = (column - landing.take(winner)).clamp(min=0)
    slope = slope.take(winner)
    # On a surface, disparity plus column is the left column; on its last half pixel the column stands still.
    columns = winner - row_start + torch.where(joined.take(winner), (1 + slope) * beyond, 0)
    shown = left.take(winner) + slope * beyond
    return Splatted(
        disparity=torch.where(mask, shown, 0)[:, None],
        columns=torch.where(mask, columns, 0)[:, None],
        mask=mask[:, None],
    )


@torch.no_grad()
def seen_by_right(disparity: Float[Tensor, "b 1 h w"], right: Splatted) -> Bool[Tensor, "b 1 h w"]:
    """Which pixels of the left view the right view shows too: neither hidden, nor outside it, nor at a hole's rim.

    Both of the right pixels between which a left pixel lands, or the one on which it does, must show its surface; so
    where this is True, sampling the right view at x - disparity gives what the left view shows.

    Args:
        disparity: of the left view in pixels.
        right: what `splat_disparity` makes of it.
    """
    left = disparity[:, 0]
    width = left.shape[-1]
    landing = torch.arange(width, device=left.device) - left
    before = landing.floor()
    seen = (landing >= 0) & (landing <= width - 1)
    for target in (before, before + 1):
        # A pixel that lands on a right pixel, but for rounding, does not need the next one.
        needed = (target - landing).abs() < 1 - 1 / DEPTH_STEPS
        place = target.clamp(0, width - 1).to(torch.int64)
        same = (right.disparity[:, 0].gather(-1, place) - left).abs() <= TOLERANCE
        seen &= ~needed | (same & right.mask[:, 0].gather(-1, place))
    return seen[:, None]


def take_columns(image: Float[Tensor, "b c h w"], columns: Float[Tensor, "b 1 h w2"]) -> Float[Tensor, "b c h w2"]:
    """The values of `image`, linear between columns, at columns of each row; at whole ones exactly the image's own.

    Args:
        image: any stack of maps.
        columns: from 0 to w - 1.
    """
    channels, width = image.shape[1], image.shape[-1]
    before = columns.floor()
    share = (columns - before).to(image.dtype)
    place = before.to(torch.int64).expand(-1, channels, -1, -1)
    first = image.gather(-1, place)
    return first + share * (image.gather(-1, (place + 1).clamp(max=width - 1)) - first)
