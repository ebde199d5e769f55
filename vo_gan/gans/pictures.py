"""Samples as pictures."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from vo_gan.gans.data.ring import RADIUS, centres

PLOT_SIZE = 256
GAP = 2
SMALLEST = 32
"""Side of an image in a grid."""


def as_rgb(images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b 3 h w"]:
    """Images in [-1, 1] of any channels as RGB in [0, 1]: the first three, or the first one as grey."""
    chosen = images[:, :3] if images.shape[1] >= 3 else images[:, :1].expand(-1, 3, -1, -1)
    return ((chosen.float() + 1) / 2).clamp(0, 1)


def grid(images: Float[Tensor, "b c h w"], columns: int | None = None) -> Float[Tensor, "3 h2 w2"]:
    """Images in [-1, 1] side by side, in a square unless columns are given, as RGB in [0, 1]; tiny ones enlarged."""
    rgb = as_rgb(images)
    factor = max(SMALLEST // min(rgb.shape[-2:]), 1)
    rgb = rgb.repeat_interleave(factor, dim=2).repeat_interleave(factor, dim=3)
    columns = columns or math.ceil(math.sqrt(len(rgb)))
    rows = math.ceil(len(rgb) / columns)
    _, _, height, width = rgb.shape
    sheet = torch.ones(3, rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, device=rgb.device)
    for number, image in enumerate(rgb):
        row, column = divmod(number, columns)
        top, left = row * (height + GAP), column * (width + GAP)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def scatter(points: Float[Tensor, "n 2"]) -> Float[Tensor, "3 256 256"]:
    """Points of the plane as dark dots, the centres of the ring's modes as red ones."""
    picture = torch.ones(3, PLOT_SIZE, PLOT_SIZE)

    def pixels(places: Tensor) -> tuple[Tensor, Tensor]:
        scaled = ((places / (1.5 * RADIUS) + 1) / 2 * (PLOT_SIZE - 1)).round().long()
        inside = scaled[((scaled >= 0) & (scaled < PLOT_SIZE)).all(dim=1)]
        return PLOT_SIZE - 1 - inside[:, 1], inside[:, 0]

    centre_rows, centre_columns = pixels(centres())
    for right in range(-2, 3):
        for down in range(-2, 3):
            picture[:, centre_rows + down, centre_columns + right] = torch.tensor([1.0, 0.4, 0.4])[:, None]
    rows, columns = pixels(points.detach().float().cpu())
    picture[:, rows, columns] = 0.1
    return picture


def show_samples(samples: Float[Tensor, " b *shape"]) -> Float[Tensor, "3 h w"]:
    """A grid of images, or a plot of points."""
    return scatter(samples) if samples.dim() == 2 else grid(samples)
