"""Photometric error between a reconstructed view and the target: SSIM + L1, cheap and exact.

SSIM is the hot spot of view-reconstruction training: with a pyramid of scales and several sources, one target is
compared with many reconstructions. `Target` therefore holds what depends on the target alone, and `photometric_error`
is one differentiable function with a hand-derived gradient: three box filters forward and three backward, and nothing
kept in memory but the maps the gradient needs. `ssim_distance` is the plain formula, the reference of the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from vo_gan.losses.compilation import compiled_or_plain

C1 = 0.01**2
C2 = 0.03**2
"""SSIM's stabilisers for images in [0, 1] (Wang et al. 2004)."""


def ssim_distance(image: Float[Tensor, "b c h w"], target: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """`clamp((1 - SSIM) / 2, 0, 1)` with a 3x3 box window and reflected borders, per pixel and channel.

    The window and clamp are those of Godard et al. 2019 (Monodepth2).
    """

    def box(values: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(values, (1, 1, 1, 1), mode="reflect"), 3, stride=1)

    mean_image, mean_target = box(image), box(target)
    variance_image = box(image * image) - mean_image * mean_image
    variance_target = box(target * target) - mean_target * mean_target
    covariance = box(image * target) - mean_image * mean_target
    ssim = ((2 * mean_image * mean_target + C1) * (2 * covariance + C2)) / (
        (mean_image**2 + mean_target**2 + C1) * (variance_image + variance_target + C2)
    )
    return ((1 - ssim) / 2).clamp(0, 1)


@dataclass(frozen=True)
class Target:
    """A target image with its local means and variances, computed once for all comparisons with it."""

    image: Float[Tensor, "b c h w"]
    mean: Float[Tensor, "b c h w"]
    variance: Float[Tensor, "b c h w"]

    @staticmethod
    def of(image: Float[Tensor, "b c h w"]) -> Target:
        """Prepare `image` (clean, no gradient) for comparisons."""
        with torch.no_grad():
            mean = _box(image)
            return Target(image=image, mean=mean, variance=_box(image * image) - mean * mean)


def photometric_error(
    image: Float[Tensor, "b c h w"], target: Target, ssim_weight: float = 0.85
) -> Float[Tensor, "b 1 h w"]:
    """`w SSIM distance + (1 - w) |difference|`, averaged over channels (Zhao et al. 2017; Godard et al. 2017).

    Differentiable in `image` alone.
    """
    return _PhotometricError.apply(image, target.image, target.mean, target.variance, ssim_weight)


class _PhotometricError(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, image: Tensor, target: Tensor, mean: Tensor, variance: Tensor, ssim_weight: float
    ) -> Tensor:
        if not context.needs_input_grad[0]:
            return compiled_or_plain(_error)(image, target, mean, variance, ssim_weight)
        error, by_mean, by_square, by_product = compiled_or_plain(_error_and_derivatives)(
            image, target, mean, variance, ssim_weight
        )
        context.save_for_backward(image, target, by_mean, by_square, by_product)
        context.l1_weight = 1.0 - ssim_weight
        return error

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        image, target, by_mean, by_square, by_product = context.saved_tensors
        return (
            compiled_or_plain(_gradient)(gradient, image, target, by_mean, by_square, by_product, context.l1_weight),
            None,
            None,
            None,
            None,
        )


def _error(image: Tensor, target: Tensor, mean_t: Tensor, variance_t: Tensor, ssim_weight: float) -> Tensor:
    mean = _box(image)
    variance = _box(image * image) - mean * mean
    covariance = _box(image * target) - mean * mean_t
    ssim = ((2 * mean * mean_t + C1) * (2 * covariance + C2)) / (
        (mean * mean + mean_t * mean_t + C1) * (variance + variance_t + C2)
    )
    distance = ((1 - ssim) * 0.5).clamp(0, 1)
    return (ssim_weight * distance + (1 - ssim_weight) * (image - target).abs()).mean(1, keepdim=True)


def _error_and_derivatives(
    image: Tensor, target: Tensor, mean_t: Tensor, variance_t: Tensor, ssim_weight: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The error, and its derivatives by the three box-filtered maps: mean, mean square and mean product.

    With SSIM = n1 n2 / (d1 d2) as in `_error`; the variance and covariance depend on the mean too.
    """
    mean = _box(image)
    both, square = mean * mean_t, mean * mean
    n1 = torch.add(both, 0.5 * C1).mul_(2)
    n2 = _box(image * target).sub_(both).add_(0.5 * C2).mul_(2)
    d1 = torch.addcmul(square, mean_t, mean_t).add_(C1)
    d2 = _box(image * image).sub_(square).add_(variance_t).add_(C2)
    scale = torch.mul(d1, d2).reciprocal_()
    ssim = torch.mul(n1, n2).mul_(scale)
    distance = torch.rsub(ssim, 1).mul_(0.5).clamp_(0, 1)
    l1 = torch.sub(image, target).abs_()
    error = torch.lerp(l1, distance, ssim_weight).mean(1, keepdim=True)
    # d distance / d ssim = -1/2, or 0 where the clamp holds it; the factor 2 of all three derivatives is taken in.
    outer = ((distance > 0) & (distance < 1)).to(image.dtype).mul_(-ssim_weight)
    by_product = torch.mul(n1, scale).mul_(outer)
    by_mean = torch.sub(n2, n1).mul_(scale).mul_(mean_t)
    by_square = torch.div(ssim, d2)
    by_mean.sub_(torch.div(ssim, d1).sub_(by_square).mul_(mean)).mul_(outer)
    by_square.mul_(outer).mul_(-0.5)
    return error, by_mean, by_square, by_product


def _gradient(
    gradient: Tensor,
    image: Tensor,
    target: Tensor,
    by_mean: Tensor,
    by_square: Tensor,
    by_product: Tensor,
    l1_weight: float,
) -> Tensor:
    share = gradient / image.shape[1]
    total = _box_adjoint(share * by_mean)
    total.addcmul_(image, _box_adjoint(share * by_square), value=2)
    total.addcmul_(target, _box_adjoint(share * by_product))
    return total.addcmul_(share, torch.sub(image, target).sign_(), value=l1_weight)


def _box(values: Tensor) -> Tensor:
    """3x3 mean with reflected borders: shifted sums, one direction after the other, in place to spare memory."""
    for dim in (-1, -2):
        last = values.shape[dim] - 1
        summed = values.clone()
        summed.narrow(dim, 1, last).add_(values.narrow(dim, 0, last))
        summed.narrow(dim, 0, last).add_(values.narrow(dim, 1, last))
        summed.narrow(dim, 0, 1).add_(values.narrow(dim, 1, 1))
        summed.narrow(dim, last, 1).add_(values.narrow(dim, last - 1, 1))
        values = summed
    return values.mul_(1 / 9)


def _box_adjoint(values: Tensor) -> Tensor:
    """The transpose of `_box`: what a gradient at its output is at its input.

    The window is symmetric, so inside it is `_box` again; the outermost give back what they took from their neighbours.
    """
    for dim in (-1, -2):
        last = values.shape[dim] - 1
        summed = values.clone()
        summed.narrow(dim, 1, last).add_(values.narrow(dim, 0, last))
        summed.narrow(dim, 0, last).add_(values.narrow(dim, 1, last))
        summed.narrow(dim, 1, 1).add_(values.narrow(dim, 0, 1))
        summed.narrow(dim, last - 1, 1).add_(values.narrow(dim, last, 1))
        values = summed
    return values.mul_(1 / 9)
