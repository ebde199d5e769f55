"""Steps instead of ramps in disparity: a pixel between two surfaces belongs to one of them."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

FAR = 1 << 15
"""Rows away, as where there is nothing; its square stays far from overflow."""


def snap_flying_pixels(
    disparity: Float[Tensor, "b 1 h w"], across: float = 1.0, down: float = 3.0, reach: int = 16
) -> Float[Tensor, "b 1 h w"]:
    """Let every pixel on a steep slope have the disparity of the nearest one that is not on any.

    Networks and resizing make a ramp of what is a step, and the pixels on it, in space, a sheet between two surfaces.
    After Watson et al. (ECCV 2020), who take Sobel's gradient and SciPy's `griddata`; here neighbours are compared
    directly, and the nearest pixel is found for all at once: up and down by running maxima, then sideways over the
    few pixels that need it.

    Args:
        disparity: pixels.
        across: difference of horizontal neighbours, pixels, from which on a slope is steep. One pixel is what no
            surface exceeds that both cameras see the front of.
        down: the same of vertical neighbours; a road right below the camera has up to about two.
        reach: columns away up to which pixels are looked for. A pixel with none that near stays as it is.
    """
    values = disparity[:, 0]
    steep = _steep(values, across, down)
    row_of_nearest, rows_away = _nearest_in_column(~steep)
    batch, row, column = steep.nonzero(as_tuple=True)
    width = values.shape[-1]
    offsets = torch.arange(-reach, reach + 1, device=values.device)
    beside = column[:, None] + offsets
    inside = (beside >= 0) & (beside < width)
    beside = beside.clamp(0, width - 1)
    away = torch.where(inside, rows_away[batch[:, None], row[:, None], beside], FAR)
    # The offset in the last digits makes every distance unique, and so the choice the same on every device.
    count = len(offsets)
    best = ((away.square() + offsets.square()) * count + torch.arange(count, device=values.device)).amin(dim=1)
    chosen = beside.gather(1, (best % count)[:, None])[:, 0]
    found = best < reach * reach * count + count
    nearest = values[batch, row_of_nearest[batch, row, chosen], chosen]
    snapped = values.clone()
    snapped[batch, row, column] = torch.where(found, nearest, values[batch, row, column])
    return snapped[:, None]


def _steep(values: Float[Tensor, "b h w"], across: float, down: float) -> Bool[Tensor, "b h w"]:
    """Both pixels of every pair of neighbours that differ too much."""
    steep = torch.zeros_like(values, dtype=torch.bool)
    beside = (values[..., 1:] - values[..., :-1]).abs() > across
    steep[..., 1:] |= beside
    steep[..., :-1] |= beside
    below = (values[..., 1:, :] - values[..., :-1, :]).abs() > down
    steep[..., 1:, :] |= below
    steep[..., :-1, :] |= below
    return steep


def _nearest_in_column(wanted: Bool[Tensor, "b h w"]) -> tuple[Tensor, Tensor]:
    """Of every pixel: the row of the nearest wanted one in its column, and how many rows away; `FAR` if there is none.
    Of two equally near, the upper one."""
    height = wanted.shape[-2]
    row = torch.arange(height, device=wanted.device)[:, None]
    above = torch.where(wanted, row, -FAR).cummax(dim=-2).values
    below = torch.where(wanted, row, FAR).flip(-2).cummin(dim=-2).values.flip(-2)
    up, down = row - above, below - row
    nearest = torch.where(up <= down, above, below).clamp(0, height - 1)
    return nearest, torch.minimum(up, down).clamp(max=FAR)
