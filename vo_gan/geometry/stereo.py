"""Rectified pairs: what the left camera sees at column x, the right camera sees at column x - disparity of that row."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor


def sample_right(
    right: Float[Tensor, "b c h w"], disparity: Float[Tensor, "b 1 h w"]
) -> tuple[Float[Tensor, "b c h w"], Bool[Tensor, "b 1 h w"]]:
    """What the right view has where the left view's pixels are to be found in it.

    Args:
        right: an image, or any stack of maps, of the right view.
        disparity: of the left view, pixels.

    Returns:
        The right view's values at the left view's pixels, linear between columns; beyond its border, those of its
        border. And which pixels lie within it. In the precision of `disparity`, also under autocast.
    """
    height, width = disparity.shape[-2:]
    with torch.autocast(device_type=disparity.device.type, enabled=False):
        columns = torch.arange(width, dtype=disparity.dtype, device=disparity.device) - disparity[:, 0]
        rows = torch.linspace(-1.0, 1.0, height, dtype=disparity.dtype, device=disparity.device)
        scaled = (columns * (2.0 / max(width - 1, 1)) - 1.0).clamp(-2.0, 2.0)
        grid = torch.stack((scaled, rows[None, :, None].expand_as(scaled)), dim=-1)
        sampled = F.grid_sample(right.to(grid.dtype), grid, mode="bilinear", padding_mode="border", align_corners=True)
    return sampled, ((columns >= 0) & (columns <= width - 1))[:, None]


def left_right_difference(
    left_disparity: Float[Tensor, "b 1 h w"], right_disparity: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, "b 1 h w"]:
    """Pixels by which the right view's own disparity differs from the left view's, at the left view's pixels.

    Infinite where a pixel lies outside the right view. What only the left camera sees differs by about the step in
    disparity between it and what hides it from the right one (Godard et al. 2017).
    """
    sampled, inside = sample_right(right_disparity, left_disparity)
    return torch.where(inside, (left_disparity - sampled).abs(), torch.inf)
