"""Inverse warping: what the target camera would see, taken from a source image through the target's depth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from vo_gan.geometry.camera import pixel_grid

NEAREST = 1e-2
"""Metres in front of the source camera below which a point counts as not visible."""

BORDER = 1e-3
"""Pixels by which rounding may push a point over the image's border."""


@dataclass(frozen=True)
class Warped:
    """A view reconstructed at the target camera.

    Attributes:
        image: source colours at the target's pixels; beyond the source's border, its border colour.
        mask: where the target's point lies in front of the source camera and inside its image.
        depth: z-depth (metres) of the target's points in the source camera.
        pixels: where (x, y) in the source image the colours came from.
    """

    image: Float[Tensor, "b c h w"]
    mask: Bool[Tensor, "b 1 h w"]
    depth: Float[Tensor, "b 1 h w"]
    pixels: Float[Tensor, "b h w 2"]


def inverse_warp(
    source: Float[Tensor, "b c h w"],
    depth: Float[Tensor, "b 1 h w"],
    source_from_target: Float[Tensor, "b 4 4"],
    intrinsics: Float[Tensor, "b 3 3"],
    source_intrinsics: Float[Tensor, "b 3 3"] | None = None,
) -> Warped:
    """Reconstruct the target view by sampling `source` where the target's pixels fall in it.

    A target pixel p with depth d is seen by the source camera at the pixel `K_s R K_t^-1 p + K_s t / d`, up to scale.
    Rotation and pinhole matrices are folded into one 3x3 product (in float64: it is tiny), so that a pixel costs one
    small matrix multiplication; dividing the translation by the depth, not multiplying the ray by it, keeps a zero
    motion exact and far points finite. `tests/geometry/test_warp.py` compares with kornia's step by step warp.

    Args:
        source: image, or any stack of channels, of the source camera.
        depth: z-depth of the target view in metres.
        source_from_target: takes points of the target camera to the source camera.
        intrinsics: of the target camera, and of the source camera too unless that has its own.
        source_intrinsics: of the source camera.

    Returns:
        The warped image and where it is valid. Everything is computed in the precision of `depth`, also under autocast.
    """
    batch, _, height, width = depth.shape
    if source_intrinsics is None:
        source_intrinsics = intrinsics
    with torch.autocast(device_type=depth.device.type, enabled=False):
        double = [matrix.double() for matrix in (source_intrinsics, source_from_target, intrinsics)]
        # inv_ex, not inv: no wait for the device to report a singular matrix, which a pinhole matrix is not.
        fold = (double[0] @ double[1][:, :3, :3] @ torch.linalg.inv_ex(double[2])[0]).to(depth.dtype)
        shift = (double[0] @ double[1][:, :3, 3:]).to(depth.dtype)
        inverse_depth = depth.reshape(batch, 1, -1).reciprocal()
        rays = fold @ pixel_grid(height, width, depth) + shift * inverse_depth
        relative_z = rays[:, 2:]
        pixels = (rays[:, :2] / relative_z.clamp(min=NEAREST * inverse_depth.detach())).transpose(1, 2)
        pixels = pixels.reshape(batch, height, width, 2)
        z = (relative_z / inverse_depth).reshape(batch, 1, height, width)
        extent = pixels.new_tensor([source.shape[-1] - 1, source.shape[-2] - 1])
        inside = ((pixels >= -BORDER) & (pixels <= extent + BORDER)).all(dim=-1)[:, None]
        # Far outside, coordinates may overflow and their gradients with them: [-2, 2] is outside all the same.
        grid = ((pixels - 0.5 * extent) * (2.0 / extent)).clamp(-2.0, 2.0)
        image = F.grid_sample(source.to(grid.dtype), grid, mode="bilinear", padding_mode="border", align_corners=True)
    return Warped(image=image, mask=inside & (z > NEAREST), depth=z, pixels=pixels)
