"""The bilateral grid: a bilateral filter whose cost does not grow with its reach.

An image is splatted into a coarse volume over columns, rows and brightness, blurred there, and read back ("sliced")
where each pixel lies in it (Paris and Durand, ECCV 2006; Chen, Paris and Durand, SIGGRAPH 2007). Pixels of different
brightness lie in different layers, so the blur does not cross edges. What is sliced may be another image than was
splatted: a small one goes in and a large one of the same view comes out.

Everything is linear along each axis of the volume, so splatting, blurring and slicing are products with small matrices:
no scattering, the same result on every device, differentiable in values and guide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

BLUR_VARIANCE = 2.0 / 3.0
"""In cells. Linear splatting and slicing spread by 1/6 each, so that all three together have the variance 1."""

AROUND = 1e-6
"""Weight of what lies around a pixel in all layers, for a brightness that was splatted nowhere around."""


@dataclass(frozen=True)
class BilateralGrid:
    """A volume of weighted sums.

    Attributes:
        sums: of values times weight; axes: brightness from 0 to 1, rows from edge to edge, columns from edge to edge.
        weights: of what was splatted.
    """

    sums: Float[Tensor, "b c layers rows columns"]
    weights: Float[Tensor, "b 1 layers rows columns"]


def splat(
    values: Float[Tensor, "b c h w"],
    guide: Float[Tensor, "b 1 h w"],
    *,
    sigma_space: float,
    sigma_guide: float,
    confidence: Float[Tensor, "b 1 h w"] | None = None,
) -> BilateralGrid:
    """Put an image into a grid whose cells are about as large as the filter's standard deviations.

    Args:
        values: what is to be filtered.
        guide: brightness in [0, 1], whose edges are kept.
        sigma_space: in pixels of `values`.
        sigma_guide: in units of the guide.
        confidence: weights of the pixels, >= 0; None: all 1.

    Raises:
        ValueError: a standard deviation that is not positive.
    """
    if sigma_space <= 0 or sigma_guide <= 0:
        raise ValueError(f"standard deviations of {sigma_space} pixels and {sigma_guide}: both must be positive")
    height, width = values.shape[-2:]
    layers, rows, columns = (
        max(round(extent), 1) + 1 for extent in (1 / sigma_guide, height / sigma_space, width / sigma_space)
    )
    weights = torch.ones_like(guide) if confidence is None else confidence
    stacked = torch.cat((values * weights, weights), dim=1)
    layered = stacked[:, :, None] * _layer_shares(guide, layers)
    volume = _axis_shares(height, rows, values).T @ (layered @ _axis_shares(width, columns, values))
    return BilateralGrid(sums=volume[:, :-1], weights=volume[:, -1:])


def blur(grid: BilateralGrid) -> BilateralGrid:
    """Blur along all three axes so that, with linear splatting and slicing, the filter's deviation is one cell."""
    return replace(grid, sums=_blurred(grid.sums), weights=_blurred(grid.weights))


def slice_grid(grid: BilateralGrid, guide: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b c h w"]:
    """Read the grid where the pixels of `guide`, of any size, lie in it.

    Args:
        guide: brightness in [0, 1] of the view that was splatted.
    """
    height, width = guide.shape[-2:]
    volume = torch.cat((grid.sums, grid.weights), dim=1)
    volume = volume + AROUND * volume.mean(dim=2, keepdim=True)
    layers, rows, columns = volume.shape[2:]
    planes = _axis_shares(height, rows, guide) @ (volume @ _axis_shares(width, columns, guide).T)
    sliced = (planes * _layer_shares(guide, layers)).sum(dim=2)
    return sliced[:, :-1] / sliced[:, -1:]


def bilateral_grid_filter(
    values: Float[Tensor, "b c h w"],
    guide: Float[Tensor, "b 1 h w"],
    *,
    sigma_space: float = 16.0,
    sigma_guide: float = 0.1,
    confidence: Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, "b c h w"]:
    """Splat, blur and slice: about the joint bilateral filter, a mean over pixels that are near and equally bright.

    Arguments as those of `splat`. Where all around has a confidence of 0, the result is not a number.
    """
    grid = splat(values, guide, sigma_space=sigma_space, sigma_guide=sigma_guide, confidence=confidence)
    return slice_grid(blur(grid), guide)


def _layer_shares(guide: Float[Tensor, "b 1 h w"], layers: int) -> Float[Tensor, "b 1 layers h w"]:
    """How much of each pixel belongs to each layer: to two at most, linearly."""
    position = guide.clamp(0, 1) * (layers - 1)
    layer = torch.arange(layers, dtype=guide.dtype, device=guide.device)
    return (1 - (position[:, :, None] - layer[:, None, None]).abs()).clamp(min=0)


def _axis_shares(size: int, cells: int, like: Tensor) -> Float[Tensor, "size cells"]:
    """How much of each pixel of an axis belongs to each cell; the outermost cells are centred on the image's edges."""
    pixel = torch.arange(size, dtype=like.dtype, device=like.device)
    position = (pixel + 0.5) * ((cells - 1) / size)
    cell = torch.arange(cells, dtype=like.dtype, device=like.device)
    return (1 - (position[:, None] - cell).abs()).clamp(min=0)


def _blurred(volume: Float[Tensor, "b c layers rows columns"]) -> Float[Tensor, "b c layers rows columns"]:
    """A Gaussian of `BLUR_VARIANCE` along each axis; beyond its ends there is nothing."""
    layers, rows, columns = (_gaussian(cells, volume) for cells in volume.shape[2:])
    volume = rows @ (volume @ columns)
    return torch.einsum("kl,bclyx->bckyx", layers, volume)


def _gaussian(cells: int, like: Tensor) -> Float[Tensor, "cells cells"]:
    cell = torch.arange(cells, dtype=like.dtype, device=like.device)
    return (-0.5 / BLUR_VARIANCE * (cell[:, None] - cell).square()).exp()
