"""Pinhole cameras: intrinsics that follow the image, back-projection and projection on kornia's primitives."""

from __future__ import annotations

import torch
from jaxtyping import Float
from kornia.geometry.camera import project_points
from kornia.geometry.depth import depth_to_3d_v2
from torch import Tensor


def intrinsics_matrix(fx: float, fy: float, cx: float, cy: float) -> Float[Tensor, "3 3"]:
    """The pinhole matrix of focal lengths and principal point in pixels, float64."""
    return torch.tensor([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]], dtype=torch.float64)


def resize_intrinsics(
    intrinsics: Float[Tensor, "*batch 3 3"], old_size: tuple[int, int], new_size: tuple[int, int]
) -> Float[Tensor, "*batch 3 3"]:
    """Intrinsics after resizing the image from `old_size` to `new_size`, both (width, height), by area or linear
    interpolation: x becomes (x + 0.5) s - 0.5."""
    scale_x, scale_y = new_size[0] / old_size[0], new_size[1] / old_size[1]
    resize = intrinsics.new_tensor(
        [[scale_x, 0.0, 0.5 * scale_x - 0.5], [0.0, scale_y, 0.5 * scale_y - 0.5], [0.0, 0.0, 1.0]]
    )
    return resize @ intrinsics


def crop_intrinsics(intrinsics: Float[Tensor, "*batch 3 3"], left: float, top: float) -> Float[Tensor, "*batch 3 3"]:
    """Intrinsics after cutting `left` columns and `top` rows away (negative: after padding)."""
    crop = intrinsics.new_tensor([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    return crop @ intrinsics


def flip_intrinsics(intrinsics: Float[Tensor, "*batch 3 3"], width: int) -> Float[Tensor, "*batch 3 3"]:
    """Intrinsics after mirroring the image left to right: the scene is mirrored with it, so fx stays positive and
    cx becomes width - 1 - cx. A motion seen in mirrored images is the motion mirrored in x."""
    flipped = intrinsics.clone()
    flipped[..., 0, 2] = width - 1 - intrinsics[..., 0, 2]
    return flipped


def back_project(depth: Float[Tensor, "b 1 h w"], intrinsics: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b h w 3"]:
    """The points in camera coordinates (metres) that the pixels of a z-depth image see."""
    return depth_to_3d_v2(depth[:, 0], intrinsics, normalize_points=False)


def project(points: Float[Tensor, "b h w 3"], intrinsics: Float[Tensor, "b 3 3"]) -> Float[Tensor, "b h w 2"]:
    """The pixels (x, y) where points in camera coordinates appear. Points need z > 0."""
    return project_points(points, intrinsics[:, None, None].expand(*points.shape[:3], 3, 3))


def pixel_grid(height: int, width: int, like: Tensor) -> Float[Tensor, "3 pixels"]:
    """Homogeneous coordinates (x, y, 1) of all pixel centres, row by row, with dtype and device of `like`."""
    rows = torch.arange(height, dtype=like.dtype, device=like.device)
    columns = torch.arange(width, dtype=like.dtype, device=like.device)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack((x.reshape(-1), y.reshape(-1), torch.ones_like(x).reshape(-1)))
