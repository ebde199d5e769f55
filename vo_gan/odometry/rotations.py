"""Rotations in float64 NumPy: the nearest one to a matrix, and to and from unit quaternions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64


def nearest_rotations(matrices: Float64[np.ndarray, "n 3 3"]) -> Float64[np.ndarray, "n 3 3"]:
    """The rotation nearest to each matrix (least squares, by singular values), for matrices of positive determinant."""
    left, _, right = np.linalg.svd(matrices)
    return left @ right


def rotations_from_quaternions(quaternions: Float64[np.ndarray, "n 4"]) -> Float64[np.ndarray, "n 3 3"]:
    """Rotation matrices of unit quaternions (x, y, z, w)."""
    x, y, z, w = quaternions.T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def quaternions_from_rotations(rotations: Float64[np.ndarray, "n 3 3"]) -> Float64[np.ndarray, "n 4"]:
    """Unit quaternions (x, y, z, w), w >= 0. Each comes from the row of 4 q q^T with the largest diagonal entry, which
    keeps all digits at any angle."""
    r = rotations
    trace = r[:, 0, 0] + r[:, 1, 1] + r[:, 2, 2]
    outer = np.empty((len(r), 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        outer[:, i, i] = 1.0 + 2.0 * r[:, i, i] - trace
        outer[:, i, j] = outer[:, j, i] = r[:, i, j] + r[:, j, i]
        outer[:, i, 3] = outer[:, 3, i] = r[:, k, j] - r[:, j, k]
    outer[:, 3, 3] = 1.0 + trace
    largest = np.diagonal(outer, axis1=1, axis2=2).argmax(axis=1)
    quaternions = outer[np.arange(len(r)), largest]
    quaternions /= np.linalg.norm(quaternions, axis=1, keepdims=True)
    return np.where(quaternions[:, 3:] < 0, -quaternions, quaternions)
