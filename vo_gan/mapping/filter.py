"""Which depth to believe: a pixel stays if the views beside it see the same surface."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from vo_gan.geometry.poses import invert_poses

NEIGHBOURS = (-2, -1, 1, 2)
"""The tracked frames, counted from the frame itself, that vote on its depth."""

TOLERANCE = 0.05
"""Largest relative difference in depth that counts as the same surface."""

EDGE = 0.1
"""Second difference of inverse depth, relative to the inverse depth, above which a pixel lies on an edge."""


def depth_edges(depth: Float32[np.ndarray, "h w"], edge: float = EDGE) -> Bool[np.ndarray, "h w"]:
    """Pixels beside a jump in depth, where networks and matchers blend foreground and background.

    Inverse depth is an affine function of the pixel across any plane, so its second difference along a row or a
    column is zero on walls and on the road at whatever angle, and large on both sides of a jump. Missing depth (0)
    beside a pixel makes no edge.

    Args:
        depth: metres, 0 = none.
        edge: threshold on the second difference relative to the inverse depth of the pixel.
    """
    known = depth > 0
    inverse = np.divide(1.0, depth, out=np.zeros_like(depth), where=known)
    edges = np.zeros(depth.shape, bool)
    bend = np.abs(inverse[:, 2:] - 2 * inverse[:, 1:-1] + inverse[:, :-2]) > edge * inverse[:, 1:-1]
    edges[:, 1:-1] = bend & known[:, 2:] & known[:, 1:-1] & known[:, :-2]
    bend = np.abs(inverse[2:] - 2 * inverse[1:-1] + inverse[:-2]) > edge * inverse[1:-1]
    edges[1:-1] |= bend & known[2:] & known[1:-1] & known[:-2]
    return edges


def votes(
    depth: Float32[np.ndarray, "h w"],
    neighbour_depth: Float32[np.ndarray, "h w"],
    neighbour_from_camera: Float64[np.ndarray, "4 4"],
    intrinsics: Float64[np.ndarray, "3 3"],
    tolerance: float = TOLERANCE,
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Ask one neighbouring view about every depth of a frame.

    A point is moved into the neighbour's camera and its depth there compared with the depth that the neighbour has
    at that pixel (interpolated in inverse depth, which is exact on planes). Within the tolerance they agree. A point
    in front of the neighbour's surface would hide it, a point behind it is hidden: both disagree. Outside the
    neighbour's image, behind its camera, or where it has no depth, the neighbour has no opinion.

    Args:
        depth: of the frame, metres, 0 = none.
        neighbour_depth: of the neighbouring frame, metres, 0 = none.
        neighbour_from_camera: takes points of the frame's camera to the neighbour's.
        intrinsics: pinhole matrix of both.
        tolerance: relative difference in depth that still agrees.

    Returns:
        where the neighbour agrees, and where it disagrees.
    """
    shape = depth.shape
    # K (R K^-1 [u v 1]^T z + t): the bracket is the same for every depth.
    to_pixels = intrinsics @ neighbour_from_camera[:3, :3] @ np.linalg.inv(intrinsics)
    shift = (intrinsics @ neighbour_from_camera[:3, 3]).astype(np.float32)
    rays = to_pixels.astype(np.float32) @ _homogeneous_pixels(shape)
    x, y, z = rays * depth.reshape(1, -1) + shift[:, None]
    in_front = z > 1e-6
    safe_z = np.where(in_front, z, np.float32(1))
    columns = np.where(in_front, x / safe_z, np.float32(-10)).reshape(shape)
    rows = np.where(in_front, y / safe_z, np.float32(-10)).reshape(shape)

    known = (neighbour_depth > 0).astype(np.float32)
    inverse = np.divide(1.0, neighbour_depth, out=np.zeros_like(neighbour_depth), where=neighbour_depth > 0)
    layers = cv2.remap(
        np.dstack([inverse, known]), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    weight = layers[..., 1]
    seen = (depth > 0) & (weight > 0.5)
    # The ratio of the point's depth in the neighbour's camera to the depth that the neighbour sees there.
    ratio = z.reshape(shape) * layers[..., 0] / np.maximum(weight, np.float32(1e-6))
    agree = seen & (np.abs(ratio - 1) <= tolerance)
    return agree, seen & ~agree


def believable(
    depth: Float32[np.ndarray, "h w"],
    world_from_camera: Float64[np.ndarray, "4 4"],
    neighbours: Sequence[tuple[Float32[np.ndarray, "h w"], Float64[np.ndarray, "4 4"]]],
    intrinsics: Float64[np.ndarray, "3 3"],
    *,
    max_depth: float,
    tolerance: float = TOLERANCE,
) -> Bool[np.ndarray, "h w"]:
    """Pixels whose depth goes into a map.

    Kept is what has a depth of at most `max_depth`, lies on no depth edge, and of the neighbours that have an opinion
    more than half agree. What no neighbour confirms is dropped: a single depth map shows no error of its own, and
    things that moved between the frames disagree with themselves.

    Args:
        depth: of the frame, metres, 0 = none.
        world_from_camera: pose of the frame.
        neighbours: depth and pose (`world_from_camera`) of each neighbouring frame.
        intrinsics: pinhole matrix of all of them.
        max_depth: range in metres.
        tolerance: see `votes`.
    """
    candidate = (depth > 0) & (depth <= max_depth) & ~depth_edges(depth)
    balance = np.zeros(depth.shape, np.int8)
    for neighbour_depth, world_from_neighbour in neighbours:
        neighbour_from_camera = invert_poses(world_from_neighbour) @ world_from_camera
        agree, disagree = votes(depth, neighbour_depth, neighbour_from_camera, intrinsics, tolerance)
        balance += agree
        balance -= disagree
    return candidate & (balance > 0)


def back_project(
    depth: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"], intrinsics: Float64[np.ndarray, "3 3"]
) -> Float64[np.ndarray, "n 3"]:
    """Camera coordinates of the masked pixels, row by row: z K^-1 [u v 1]^T."""
    rows, columns = np.nonzero(mask)
    pixels = np.stack([columns, rows, np.ones_like(rows)]).astype(np.float64)
    return ((np.linalg.inv(intrinsics) @ pixels) * depth[rows, columns]).T


@lru_cache(maxsize=2)
def _homogeneous_pixels(shape: tuple[int, int]) -> Float32[np.ndarray, "3 pixels"]:
    """[u, v, 1] of every pixel, row by row."""
    rows, columns = np.indices(shape, dtype=np.float32)
    return np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size, np.float32)])
