"""Choosing, pixel by pixel, which reconstruction to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor


@dataclass(frozen=True)
class Selection:
    """The per-pixel minimum over sources.

    Attributes:
        error: smallest photometric error, over the valid sources and, with the auto-mask on, over standing still too
            (a constant there, nothing to learn from); 0 where no source is valid.
        source: index of the best valid source (0 where there is none).
        valid: where some source is valid.
        moving: where, besides, moving the camera explains the pixel better than standing still; all of `valid` with
            the auto-mask off.
    """

    error: Float[Tensor, "b 1 h w"]
    source: Int64[Tensor, "b 1 h w"]
    valid: Bool[Tensor, "b 1 h w"]
    moving: Bool[Tensor, "b 1 h w"]


def minimum_reprojection(
    errors: Float[Tensor, "b s h w"],
    masks: Bool[Tensor, "b s h w"],
    identity_errors: Float[Tensor, "b i h w"] | None = None,
) -> Selection:
    """Minimum reprojection and auto-mask (Godard et al. 2019, equations 4 and 5).

    The minimum lets a pixel occluded in one source be learned from another; the auto-mask drops pixels that the
    unwarped sources match at least as well (a standing camera, objects that move along with it).

    Args:
        errors: photometric error of the view reconstructed from each source.
        masks: where that reconstruction is valid.
        identity_errors: photometric error of each source without warping; None switches the auto-mask off.
    """
    error, source = torch.where(masks, errors, torch.inf).min(dim=1, keepdim=True)
    valid = moving = masks.any(dim=1, keepdim=True)
    if identity_errors is not None:
        still = identity_errors.amin(dim=1, keepdim=True)
        moving = valid & (error < still)
        error = torch.minimum(error, still)
    return Selection(error=torch.where(valid, error, 0.0), source=source, valid=valid, moving=moving)


def masked_mean(values: Float[Tensor, "b 1 h w"], mask: Bool[Tensor, "b 1 h w"]) -> Float[Tensor, ""]:
    """Mean over the pixels of the mask; 0, still differentiable, where the mask is empty."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)
