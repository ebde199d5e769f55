"""Joint bilateral upsampling: a coarse map brought to the size of a guide image, along the guide's edges.

Kopf, Cohen, Lischinski and Uyttendaele, SIGGRAPH 2007. At one size, without a confidence, this is the joint bilateral
filter, for which kornia has `joint_bilateral_blur`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

LEAST_CONFIDENCE = 1e-12
"""What a confidence of 0 counts: nothing beside any other, yet where all are 0, all count alike."""


def joint_bilateral_upsample(
    values: Float[Tensor, "b c h w"],
    guide: Float[Tensor, "b g big_h big_w"],
    *,
    sigma_space: float = 0.5,
    sigma_colour: float = 0.05,
    radius: int = 1,
    confidence: Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, "b c big_h big_w"]:
    """Bring a coarse map to the size of a guide image: each pixel is the mean of the coarse pixels around it, weighted
    by how near they are and how similar to it the guide is there.

    The guide at a coarse pixel is the mean over its area. A pixel outside the coarse map counts nothing. Weights are
    normalised before anything can vanish, so that also a colour found nowhere around has a mean.

    Args:
        values: the coarse map.
        guide: at the size wanted, no smaller than `values`.
        sigma_space: standard deviation of nearness, in coarse pixels.
        sigma_colour: standard deviation of similarity, in the guide's unit (Euclidean over its channels).
        radius: coarse pixels around the nearest one that count, in each direction.
        confidence: of the coarse pixels, >= 0; a factor of their weights.

    Raises:
        ValueError: the guide is smaller than the map.
    """
    height, width = guide.shape[-2:]
    if height < values.shape[-2] or width < values.shape[-1]:
        small, big = tuple(values.shape[-2:]), (height, width)
        raise ValueError(f"a guide of {big} rows and columns is smaller than the map of {small}: expected it larger")
    scale = 1.0 / (sigma_colour * math.sqrt(2.0))
    scaled = guide * scale
    coarse = F.interpolate(scaled, size=values.shape[-2:], mode="area")
    certain = None if confidence is None else confidence.clamp(min=LEAST_CONFIDENCE).log()
    rows, row_weights = _taps(height, values.shape[-2], sigma_space, radius, guide)
    columns, column_weights = _taps(width, values.shape[-1], sigma_space, radius, guide)
    exponents: list[Tensor] = []
    for row, row_weight in zip(rows, row_weights, strict=True):
        colour_row = coarse.index_select(-2, row)
        certain_row = None if certain is None else certain.index_select(-2, row)
        for column, column_weight in zip(columns, column_weights, strict=True):
            difference = scaled - colour_row.index_select(-1, column)
            exponent = row_weight[:, None] + column_weight - difference.square().sum(dim=1)
            if certain_row is not None:
                exponent = exponent + certain_row[:, 0].index_select(-1, column)
            exponents.append(exponent)
    weights = iter(torch.stack(exponents, dim=1).softmax(dim=1).split(1, dim=1))
    result = values.new_zeros(values.shape[:2] + guide.shape[-2:])
    for row in rows:
        value_row = values.index_select(-2, row)
        for column in columns:
            result = result + next(weights) * value_row.index_select(-1, column)
    return result


def upsample_disparity(
    disparity: Float[Tensor, "b 1 h w"],
    image: Float[Tensor, "b 3 big_h big_w"],
    *,
    confidence: Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, "b 1 big_h big_w"]:
    """Bring disparity to the size of its image along the image's edges, in pixels of that image.

    A mean of disparities would make stairs of a road. So what is upsampled are planes: each coarse pixel is the one
    through its disparity, as slanted as it is to the flatter side (which on a slanted surface is the surface's, and at
    a step none), and each pixel of the image takes the place on the mean plane where it lies.

    Args:
        disparity: of a smaller copy of the image, in pixels of that copy; at least 2 rows and columns.
        image: RGB in [0, 1].
        confidence: see `joint_bilateral_upsample`.
    """
    across, down = _flatter_slope(disparity), _flatter_slope(disparity.mT).mT
    (height, width), (big_height, big_width) = disparity.shape[-2:], image.shape[-2:]
    row, column = (torch.arange(size, dtype=image.dtype, device=image.device) for size in (height, width))
    at_origin = disparity - across * column - down * row[:, None]
    planes = joint_bilateral_upsample(torch.cat((at_origin, across, down), dim=1), image, confidence=confidence)
    row, column = _positions(big_height, height, image), _positions(big_width, width, image)
    upsampled = planes[:, :1] + planes[:, 1:2] * column + planes[:, 2:] * row[:, None]
    return upsampled * (big_width / width)


def _flatter_slope(values: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b 1 h w"]:
    """The smaller one of the differences from the left and to the right neighbour ("minmod"); 0 where one rises and the
    other falls. At the border, the only one there is."""
    step = values[..., 1:] - values[..., :-1]
    before, after = (F.pad(step, ends, mode="replicate") for ends in ((1, 0, 0, 0), (0, 1, 0, 0)))
    return torch.where(before * after > 0, torch.where(before.abs() < after.abs(), before, after), 0)


def _positions(size: int, coarse_size: int, like: Tensor) -> Float[Tensor, " size"]:
    """Where the pixels of one axis lie among the coarse ones."""
    fine = torch.arange(size, dtype=like.dtype, device=like.device)
    return (fine + 0.5) * (coarse_size / size) - 0.5


def _taps(
    size: int, coarse_size: int, sigma: float, radius: int, like: Tensor
) -> tuple[list[Tensor], list[Float[Tensor, " size"]]]:
    """Along one axis: for each step away from the nearest coarse pixel, its index for every fine pixel, and the
    logarithm of its weight, of minus infinity outside."""
    position = _positions(size, coarse_size, like)
    indices: list[Tensor] = []
    weights: list[Tensor] = []
    for step in range(-radius, radius + 1):
        index = position.round() + step
        weight = -0.5 * ((position - index) / sigma).square()
        outside = (index < 0) | (index > coarse_size - 1)
        weights.append(weight.masked_fill(outside, -math.inf))
        indices.append(index.clamp(0, coarse_size - 1).to(torch.int64))
    return indices, weights
