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
SMALLEST_SHARE = 1e-6
"""Added to every share, so that what is hopeless at first does not outweigh all else."""


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


def column_loss(
    log_shares: Float[Tensor, "b fh fw fw"],
    truth: Float[Tensor, "b 1 h w"],
    known: Bool[Tensor, "b 1 h w"],
    factor: int,
) -> Float[Tensor, ""]:
    """Cross-entropy between the shares that columns of the right view have and the true column, which lies between two.

    Features learn to tell columns apart many times sooner than by the error of the mean disparity alone.

    Args:
        log_shares: for every pixel of a left view `factor` times as small, the logarithm of each column's share.
        truth: pixels.
        known: where `truth` is; what lies outside the right view counts for nothing.
        factor: see above.
    """
    middle = factor // 2 - 1
    disparity = truth[:, 0, middle::factor, middle::factor] / factor
    height, width = disparity.shape[1:]
    shares = log_shares[:, :height, :width]
    place = torch.arange(width, device=truth.device, dtype=truth.dtype) - disparity
    seen = known[:, 0, middle::factor, middle::factor] & (place >= 0)
    before = place.clamp(min=0.0).floor()
    # At the right view's last visible column there is none after it, nor any weight on it.
    after = (before + 1).minimum(torch.arange(width, device=truth.device, dtype=truth.dtype).expand_as(before))
    fraction = (place - before).clamp(0.0, 1.0)
    likelihood = torch.lerp(
        shares.gather(-1, before.long()[..., None]).exp(),
        shares.gather(-1, after.long()[..., None]).exp(),
        fraction[..., None],
    )
    return masked_mean(-(likelihood[..., 0] + SMALLEST_SHARE).log()[:, None], seen[:, None])


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
