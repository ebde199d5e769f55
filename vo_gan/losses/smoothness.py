"""Edge-aware smoothness of disparity."""

from __future__ import annotations

from jaxtyping import Float
from kornia.losses import inverse_depth_smoothness_loss
from torch import Tensor


def disparity_smoothness(disparity: Float[Tensor, "b 1 h w"], image: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """First differences of the mean-normalised disparity, damped across image edges (Godard et al. 2017; the
    normalisation, Wang et al. 2018, keeps the loss from shrinking the disparity)."""
    normalised = disparity / (disparity.mean(dim=(2, 3), keepdim=True) + 1e-7)
    return inverse_depth_smoothness_loss(normalised, image)
