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
    """Let every pixel on a ramp between two surfaces have the disparity of the nearest pixel that is on none.

    Networks and resizing make a ramp of what is a step, and the pixels on it, in space, a sheet between two surfaces.
    Watson et al. (ECCV 2020) replace what Sobel's gradient calls steep; that eats corners and thin poles. On a ramp is
    here what differs much from both of its neighbours, in a row or in a column, and lies between them: steps stay as
    they are. The nearest pixel is found for all at once: up and down by running maxima, then sideways for those few
    that need it.

    Args:
        disparity: pixels.
        across: difference of horizontal neighbours, pixels, above which a slope is a ramp. One pixel is what no
            surface exceeds that both cameras see the front of.
        down: the same of vertical neighbours; a road right below the camera has up to about two.
        reach: columns away up to which pixels are looked for. A pixel with none that near stays as it is.
    """
    values = disparity[:, 0]
    flying = _on_ramp(values, across) | _on_ramp(values.mT, down).mT
    row_of_nearest, rows_away = _nearest_in_column(~flying)
    batch, row, column = flying.nonzero(as_tuple=True)
    width = values.shape[-1]
    offsets = torch.arange(-reach, reach + 1, device=values.device)
    beside = column[:, None] + offsets
    inside = (beside >= 0) & (beside < width)
    beside = beside.clamp(0, width - 1)
    away = torch.where(inside, rows_away[batch[:, None], row[:, None], beside].to(torch.int64), FAR)
    # The offset in the last digits makes every distance unique, and so the choice the same on every device.
    count = len(offsets)
    best = ((away.square() + offsets.square()) * count + torch.arange(count, device=values.device)).amin(dim=1)
    chosen = beside.gather(1, (best % count)[:, None])[:, 0]
    found = best < reach * reach * count + count
    nearest = values[batch, row_of_nearest[batch, row, chosen].to(torch.int64), chosen]
    snapped = values.clone()
    snapped[batch, row, column] = torch.where(found, nearest, values[batch, row, column])
    return snapped[:, None]


def _on_ramp(values: Float[Tensor, "b h w"], steepest: float) -> Bool[Tensor, "b h w"]:
    """What lies between its left and right neighbours and differs by more than `steepest` from both."""
    step = values[..., 1:] - values[..., :-1]
    rises, falls = step > steepest, step < -steepest
    ramp = torch.zeros_like(values, dtype=torch.bool)
    ramp[..., 1:-1] = (rises[..., 1:] & rises[..., :-1]) | (falls[..., 1:] & falls[..., :-1])
    return ramp


def _nearest_in_column(wanted: Bool[Tensor, "b h w"]) -> tuple[Tensor, Tensor]:
    """Of every pixel: the row of the nearest wanted one in its column, and how many rows away; `FAR` if there is none.
    Of two equally near, the upper one."""
    height = wanted.shape[-2]
    row = torch.arange(height, dtype=torch.int32, device=wanted.device)[:, None]
    above = torch.where(wanted, row, -FAR).cummax(dim=-2).values
    below = torch.where(wanted, row, FAR).flip(-2).cummin(dim=-2).values.flip(-2)
    up, down = row - above, below - row
    nearest = torch.where(up <= down, above, below).clamp(0, height - 1)
    return nearest, torch.minimum(up, down).clamp(max=FAR)
