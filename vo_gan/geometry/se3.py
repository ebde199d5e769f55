"""Rigid motions as tensors, on kornia's conversions. See `vo_gan.geometry` for the conventions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from kornia.geometry.conversions import (
    axis_angle_to_rotation_matrix,
    quaternion_to_rotation_matrix,
    rotation_matrix_to_quaternion,
)
from torch import Tensor


def transform_from_axis_angle(
    axis_angle: Float[Tensor, "*batch 3"], translation: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 4 4"]:
    """A transform from a rotation vector (radians) and a translation (metres), `x -> R x + t`."""
    batch = axis_angle.shape[:-1]
    rotation = axis_angle_to_rotation_matrix(axis_angle.reshape(-1, 3)).reshape(*batch, 3, 3)
    return _compose(rotation, translation)


def invert_transform(transform: Float[Tensor, "*batch 4 4"]) -> Float[Tensor, "*batch 4 4"]:
    """The inverse of rigid transforms, `a_from_b` for `b_from_a`."""
    rotation = transform[..., :3, :3].transpose(-1, -2)
    return _compose(rotation, -(rotation @ transform[..., :3, 3:])[..., 0])


def matrix_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """Rotation matrices of quaternions (w, x, y, z), which need not have unit length."""
    return quaternion_to_rotation_matrix(quaternion)


def quaternion_from_matrix(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """Unit quaternions (w, x, y, z) of rotation matrices."""
    return rotation_matrix_to_quaternion(rotation.contiguous())


def rotation_angle(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """Angle of rotations in radians, 0 to pi, by the atan2 form that keeps its digits near 0 and pi.

    The vector of the skew-symmetric part has length sin(angle); the trace gives cos(angle).
    """
    skew = rotation - rotation.transpose(-1, -2)
    sine = 0.5 * torch.stack((skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]), -1).norm(dim=-1)
    cosine = 0.5 * (rotation.diagonal(dim1=-2, dim2=-1).sum(-1) - 1.0)
    return torch.atan2(sine, cosine)


def _compose(rotation: Tensor, translation: Tensor) -> Tensor:
    upper = torch.cat((rotation, translation[..., None]), dim=-1)
    bottom = upper.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*upper.shape[:-2], 1, 4)
    return torch.cat((upper, bottom), dim=-2)
