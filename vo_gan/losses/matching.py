"""What a predicted disparity is judged by: the true one, or how well it explains the pair."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from vo_gan.geometry import left_right_difference, sample_right
from vo_gan.losses.photometric import Target, photometric_error
from vo_gan.losses.reconstruction import masked_mean

OCCLUDED = 1.0
"""Pixels that the two views' disparities differ by where one camera does not see what the other does."""


def sequence_loss(
    predictions: Sequence[Float[Tensor, "b 1 h w"]],
    truth: Float[Tensor, "b 1 h w"],
    known: Bool[Tensor, "b 1 h w"],
    growth: float = 0.9,
) -> Float[Tensor, ""]:
    """Mean absolute error of every prediction, each weighted `growth` times as much as the next, better one (Teed and
    Deng 2020), divided by the sum of the weights.

    Args:
        predictions: from the first to the last.
        truth: pixels.
        known: where `truth` is; nowhere gives 0.
        growth: see above.
    """
    weights = [growth ** (len(predictions) - 1 - number) for number in range(len(predictions))]
    losses = [
        weight * masked_mean((prediction - truth).abs(), known)
        for weight, prediction in zip(weights, predictions, strict=True)
    ]
    return torch.stack(losses).sum() / sum(weights)


def reconstruction_from_right(
    disparity: Float[Tensor, "b 1 h w"],
    left: Target,
    right: Float[Tensor, "b 3 h w"],
    right_disparity: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Mean SSIM + L1 error of the left view sampled from the right one, where both cameras see (Godard et al. 2017).

    What the right camera does not see is known by its own disparity saying otherwise; no gradient goes there.

    Args:
        disparity: of the left view, pixels.
        left: the left view.
        right: the right view.
        right_disparity: of the right view, pixels, >= 0.
    """
    sampled, _ = sample_right(right, disparity)
    with torch.no_grad():
        seen = left_right_difference(disparity, right_disparity) < OCCLUDED
    return masked_mean(photometric_error(sampled, left), seen)
