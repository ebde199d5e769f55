"""Which depth to believe: a pixel stays if the views beside it see the same surface, and none sees through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

from vo_gan.geometry.poses import invert_poses

NEIGHBOURS = (-2, -1, 1, 2)
"""The tracked frames, counted from the frame itself, that vote on its depth."""

WITNESSES = (-8, 8)
"""Frames further away, that find out what moved: each may have seen the place where a pixel lies empty."""

TOLERANCE = 0.05
"""Largest relative difference in depth that counts as the same surface."""

THROUGH = 3.0
"""A witness sees through a point when it sees this many tolerances further."""

EDGE = 0.1
"""Second difference of inverse depth, relative to the inverse depth, above which a pixel lies on an edge."""

BEHIND = np.float32(-10)
"""Column and row of what a camera does not see: outside every image."""


@dataclass(frozen=True)
class View:
    """The depth of one frame, made ready to be asked often.

    Attributes:
        depth: along the optical axis, 0 = none.
        world_from_camera: pose of the frame.
        inverse: 1 / depth, 0 where there is none.
        layers: inverse depth, and 1 where there is one: interpolated together they give the mean of what is known.
    """

    depth: Float32[np.ndarray, "h w"]
    world_from_camera: Float64[np.ndarray, "4 4"]
    inverse: Float32[np.ndarray, "h w"]
    layers: Float32[np.ndarray, "h w 2"]

    @staticmethod
    def of(depth: Float32[np.ndarray, "h w"], world_from_camera: Float64[np.ndarray, "4 4"]) -> View:
        """Make a frame ready."""
        known = depth > 0
        inverse = np.divide(np.float32(1), depth, out=np.zeros_like(depth), where=known)
        return View(depth, world_from_camera, inverse, cv2.merge([inverse, known.astype(np.float32)]))


def depth_edges(view: View, edge: float = EDGE) -> Bool[np.ndarray, "h w"]:
    """Pixels beside a jump in depth, where networks and matchers blend foreground and background.

    Inverse depth is an affine function of the pixel across any plane, so its second difference along a row or a
    column is zero on walls and on the road at whatever angle, and large on both sides of a jump. Missing depth (0)
    beside a pixel makes no edge.

    Args:
        view: the frame.
        edge: threshold on the second difference relative to the inverse depth of the pixel.
    """
    inverse, known = view.inverse, view.depth > 0
    edges = np.zeros(inverse.shape, bool)
    bend = np.abs(inverse[:, 2:] - 2 * inverse[:, 1:-1] + inverse[:, :-2]) > edge * inverse[:, 1:-1]
    edges[:, 1:-1] = bend & known[:, 2:] & known[:, 1:-1] & known[:, :-2]
    bend = np.abs(inverse[2:] - 2 * inverse[1:-1] + inverse[:-2]) > edge * inverse[1:-1]
    edges[1:-1] |= bend & known[2:] & known[1:-1] & known[:-2]
    return edges


def votes(
    view: View, neighbour: View, intrinsics: Float64[np.ndarray, "3 3"], tolerance: float = TOLERANCE
) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Ask one neighbouring view about every depth of a frame.

    A point is moved into the neighbour's camera and its depth there compared with the depth that the neighbour has
    at that pixel (interpolated in inverse depth, which is exact on planes). Within the tolerance they agree. A point
    in front of the neighbour's surface would hide it, a point behind it is hidden: both disagree. Outside the
    neighbour's image, behind its camera, or where it has no depth, the neighbour has no opinion.

    Args:
        view: the frame.
        neighbour: the one that is asked.
        intrinsics: pinhole matrix of both.
        tolerance: relative difference in depth that still agrees.

    Returns:
        where the neighbour agrees, and where it disagrees.
    """
    columns, rows, z = _project(view, neighbour, intrinsics)
    layers = cv2.remap(
        neighbour.layers, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0)
    )
    there, weight = cv2.split(layers)
    seen = (weight > 0.5) & (view.inverse > 0)
    # Depth in the neighbour's camera over the depth that the neighbour sees is z * there / (inverse * weight).
    z *= there
    scale = view.inverse * weight
    z -= scale
    agree = np.abs(z, out=z) <= np.float32(tolerance) * scale
    agree &= seen
    return agree, seen & ~agree


def seen_through(
    view: View, witness: View, intrinsics: Float64[np.ndarray, "3 3"], tolerance: float = TOLERANCE
) -> Bool[np.ndarray, "h w"]:
    """Pixels whose place a distant view has seen empty, because it saw something behind it.

    What moves leaves its place, and so does what keeps its distance from the camera: a car ahead at the same speed,
    or the sky where a network gives it a finite depth. The frames just beside do not notice, since the difference is
    within their tolerance. A point that is merely hidden from the witness is no evidence. To spare thin things, the
    witness must see further over 3x3 pixels.

    Args:
        view: the frame.
        witness: a view from several frames before or after.
        intrinsics: pinhole matrix of both.
        tolerance: relative difference in depth that counts as the same surface, see `THROUGH`.
    """
    columns, rows, z = _project(view, witness, intrinsics)
    # Where the witness has no depth it has not seen anything: no depth counts as the nearest.
    nearest = np.where(witness.inverse > 0, witness.inverse, np.float32(np.finfo(np.float32).max))
    nearest = cv2.dilate(nearest, np.ones((3, 3), np.uint8))
    there = cv2.remap(
        nearest,
        columns,
        rows,
        cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=float(np.finfo(np.float32).max),
    )
    with np.errstate(over="ignore"):
        z *= there
    return (view.inverse > 0) & (z < np.float32(max(0.0, 1 - THROUGH * tolerance)) * view.inverse)


def believable(
    view: View,
    neighbours: Sequence[View],
    witnesses: Sequence[View],
    intrinsics: Float64[np.ndarray, "3 3"],
    *,
    max_depth: float,
    tolerance: float = TOLERANCE,
) -> Bool[np.ndarray, "h w"]:
    """Pixels whose depth goes into a map.

    Kept is what has a depth of at most `max_depth`, lies on no depth edge, of which more than half of the neighbours
    that have an opinion agree, and through which no witness sees. What no neighbour confirms is dropped: a single
    depth map shows no error of its own.

    Args:
        view: the frame.
        neighbours: the frames just beside it.
        witnesses: frames further away.
        intrinsics: pinhole matrix of all of them.
        max_depth: range.
        tolerance: see `votes`.
    """
    balance = np.zeros(view.depth.shape, np.int8)
    for neighbour in neighbours:
        agree, disagree = votes(view, neighbour, intrinsics, tolerance)
        balance += agree
        balance -= disagree
    believed = (view.depth > 0) & (view.depth <= max_depth) & (balance > 0) & ~depth_edges(view)
    for witness in witnesses:
        believed &= ~seen_through(view, witness, intrinsics, tolerance)
    return believed


def back_project(
    depth: Float[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"], intrinsics: Float64[np.ndarray, "3 3"]
) -> Float64[np.ndarray, "n 3"]:
    """Camera coordinates of the masked pixels, row by row: z K^-1 [u v 1]^T."""
    rows, columns = np.nonzero(mask)
    pixels = np.stack([columns, rows, np.ones_like(rows)]).astype(np.float64)
    return ((np.linalg.inv(intrinsics) @ pixels) * depth[rows, columns]).T


def _project(
    view: View, other: View, intrinsics: Float64[np.ndarray, "3 3"]
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Where the points of a frame lie in another camera.

    Returns:
        column, row, and depth in the other camera divided by the depth in the frame's own.
    """
    other_from_camera = invert_poses(other.world_from_camera) @ view.world_from_camera
    # K (R K^-1 [u v 1]^T + t / z): the bracket's first term is an affine function of u and v, whatever the depth.
    turn = (intrinsics @ other_from_camera[:3, :3] @ np.linalg.inv(intrinsics)).astype(np.float32)
    shift = (intrinsics @ other_from_camera[:3, 3]).astype(np.float32)
    height, width = view.depth.shape
    u, v = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    x, y, z = (shift[axis] * view.inverse for axis in range(3))
    for axis, values in enumerate((x, y, z)):
        values += turn[axis, 0] * u
        values += turn[axis, 1] * v + turn[axis, 2]
    behind = z <= 1e-6
    z[behind] = 1
    x /= z
    y /= z
    x[behind] = y[behind] = BEHIND
    return x, y, z
