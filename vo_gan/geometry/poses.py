"""Trajectories in float64 NumPy: composing motions and taking them apart. See `vo_gan.geometry` for the conventions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64


def invert_poses(poses: Float64[np.ndarray, "*batch 4 4"]) -> Float64[np.ndarray, "*batch 4 4"]:
    """The inverse of rigid transforms, `a_from_b` for `b_from_a`."""
    inverse = np.zeros_like(poses)
    rotation = np.swapaxes(poses[..., :3, :3], -1, -2)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -(rotation @ poses[..., :3, 3:])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def relative_motions(world_from_camera: Float64[np.ndarray, "n 4 4"]) -> Float64[np.ndarray, "m 4 4"]:
    """The `n - 1` motions `camera_i from camera_(i+1)` between consecutive poses."""
    return invert_poses(world_from_camera[:-1]) @ world_from_camera[1:]


def chain_motions(motions: Float64[np.ndarray, "m 4 4"]) -> Float64[np.ndarray, "n 4 4"]:
    """The trajectory that `camera_i from camera_(i+1)` motions lead along: `m + 1` poses from the identity on."""
    poses = np.empty((len(motions) + 1, 4, 4))
    poses[0] = np.eye(4)
    for index, motion in enumerate(motions):
        poses[index + 1] = poses[index] @ motion
    return poses


def from_first(world_from_camera: Float64[np.ndarray, "n 4 4"]) -> Float64[np.ndarray, "n 4 4"]:
    """The same trajectory in the frame of its first camera, so that it starts at the identity."""
    return invert_poses(world_from_camera[:1]) @ world_from_camera
