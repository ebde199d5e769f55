"""Measured depth: depth images, and LiDAR points projected into a camera."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from vo_gan.errors import VoGanError

DEPTH_UNITS_PER_METRE = 256.0
"""Scale of a 16-bit depth image, as in KITTI's; 0 means unknown."""


def read_depth_image(path: Path, size: tuple[int, int] | None = None) -> Float32[np.ndarray, "h w"]:
    """Metres from a 16-bit grey PNG.

    Args:
        path: the file.
        size: (width, height) it must have; None: any.

    Raises:
        VoGanError: unreadable, not 16-bit grey, or of another size.
    """
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise VoGanError(f"{path}: cannot be read ({error.strerror}); expected a depth image") from error
    image = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if encoded.size else None
    shape = None if size is None else (size[1], size[0])
    if image is None or image.dtype != np.uint16 or image.ndim != 2 or image.shape != (shape or image.shape):
        found = "cannot be decoded" if image is None else f"is {image.dtype} of shape {image.shape}"
        of_size = "" if size is None else f" of {size[0]}x{size[1]}"
        raise VoGanError(f"{path}: {found}, expected a 16-bit grey PNG{of_size} (metres x 256)")
    return image.astype(np.float32) / np.float32(DEPTH_UNITS_PER_METRE)


def read_points(path: Path, columns: int) -> Float64[np.ndarray, "n 3"]:
    """The x, y, z of a LiDAR scan of float32 records.

    Args:
        path: the file.
        columns: 4 where the intensity follows, else 3.

    Raises:
        VoGanError: unreadable, or no whole number of records.
    """
    try:
        values = np.fromfile(path, np.float32)
        length = path.stat().st_size
    except OSError as error:
        raise VoGanError(f"{path}: cannot be read ({error.strerror}); expected LiDAR points") from error
    if length % (4 * columns):
        raise VoGanError(f"{path}: has {length} bytes, no whole number of points of {columns} float32; copy it again")
    return values.reshape(-1, columns)[:, :3].astype(np.float64)


def project_points(
    points: Float64[np.ndarray, "n 3"],
    projection: Float64[np.ndarray, "3 4"],
    size: tuple[int, int],
) -> Float32[np.ndarray, "h w"]:
    """Sparse z-depth of points, keeping the nearest in every pixel.

    Args:
        points: in metres.
        projection: takes homogeneous points to pixels times depth.
        size: (width, height) of the image.

    Returns:
        Metres, 0 where no point falls.
    """
    x, y, depth = projection[:, :3] @ points.T + projection[:, 3:]
    front = depth > 0.1
    depth = depth[front]
    column = np.rint(x[front] / depth)
    row = np.rint(y[front] / depth)
    inside = (column >= 0) & (column < size[0]) & (row >= 0) & (row < size[1])
    farthest_first = np.argsort(-depth[inside], kind="stable")  # of several assignments to a pixel the last one stays
    sparse = np.zeros((size[1], size[0]), np.float32)
    rows, columns = row[inside].astype(int)[farthest_first], column[inside].astype(int)[farthest_first]
    sparse[rows, columns] = depth[inside][farthest_first]
    return sparse
