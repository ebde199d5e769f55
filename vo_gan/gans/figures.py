"""Figures of generated images: likeness to the truth, and likeness of two sets of images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

FeatureVectors = Callable[[Tensor], Tensor]
"""From a batch of images to a vector each; what two sets of images are compared by."""

SSIM_WINDOW = 11


def psnr(made: Float[Tensor, "b c h w"], truth: Float[Tensor, "b c h w"]) -> Float[Tensor, ""]:
    """Peak signal-to-noise ratio in dB of images in [-1, 1], the mean over images."""
    error = ((made - truth) / 2).square().flatten(1).mean(dim=1)
    return (-10 * error.clamp(min=1e-10).log10()).mean()


def ssim(made: Float[Tensor, "b c h w"], truth: Float[Tensor, "b c h w"]) -> Float[Tensor, ""]:
    """Structural similarity (Wang et al. 2004, doi:10.1109/TIP.2003.819861) of images in [-1, 1], in windows of 11."""
    from kornia.metrics import ssim as similarity_map

    return similarity_map((made + 1) / 2, (truth + 1) / 2, SSIM_WINDOW).mean()


def kid(real: Float[Tensor, "n f"], made: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """Kernel distance of two sets of feature vectors (Binkowski et al. 2018, arXiv:1801.01401).

    The unbiased estimate of the squared maximum mean discrepancy under the kernel (x.y / f + 1)^3: 0 in the mean, and
    sometimes below, where both sets are of one distribution.

    Raises:
        ValueError: less than two vectors on a side.
    """
    if min(len(real), len(made)) < 2:
        raise ValueError("kid compares sets of at least two samples: enlarge data.validation_batch")

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.mT / a.shape[1] + 1) ** 3

    def without_self(similarities: Tensor) -> Tensor:
        count = len(similarities)
        return (similarities.sum() - similarities.diagonal().sum()) / (count * (count - 1))

    real, made = real.double(), made.double()
    within = without_self(kernel(real, real)) + without_self(kernel(made, made))
    return (within - 2 * kernel(real, made).mean()).float()


def same_share(found: Tensor, wanted: Tensor) -> Float[Tensor, ""]:
    """The share of equal entries."""
    return (found == wanted).float().mean()


@torch.no_grad()
def mean_and_deviation(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
    """Per channel, over the map."""
    flat = features.flatten(2)
    return torch.cat([flat.mean(dim=2), flat.std(dim=2)], dim=1)
