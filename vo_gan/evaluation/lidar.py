"""True depth of KITTI raw images: the LiDAR scan of the same instant, projected into the camera.

- `exact`: depth along the optical axis of the camera that the split names, at the nearest pixel, of the points before
  the camera. Where several points fall in a pixel, the nearest counts.
- `published`: what the function `generate_depth_map` that goes with the published Eigen tables does (Godard, Zhou,
  Monodepth2's `export_gt_depth.py`), with its quirks: always camera 2 and its size; one pixel less in both directions,
  for Matlab's sake; "depth" is the scanner's forward axis, some 0.27 m more than the camera's; points are before the
  camera if they are before the scanner; and the last pixel of a row is taken for the same as the first of the next, so
  that where both have points, the nearest of all goes to the pixel of the first of them in the file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float32, Float64

from vo_gan.data.calibration import numbers_of, projection_matrix, read_keyed_numbers
from vo_gan.data.depth_files import project_points, read_points
from vo_gan.data.kitti_raw import rigid_transform
from vo_gan.errors import VoGanError
from vo_gan.evaluation.split import SplitEntry

Projection = Literal["exact", "published"]
PROJECTIONS: tuple[Projection, ...] = get_args(Projection)

PUBLISHED_CAMERA = 2


class LidarTruth:
    """True depth maps of images of the KITTI raw data.

    Args:
        root: the folder of the raw data, with a folder per date.
        projection: see the module.
    """

    def __init__(self, root: Path, projection: Projection = "exact") -> None:
        self.root = root
        self.projection = projection
        self._calibration = cache(self._read_calibration)

    def scan(self, entry: SplitEntry) -> Path:
        """The file of the scan, whether or not it is there."""
        return self.root / entry.date / entry.drive / "velodyne_points" / "data" / f"{entry.frame}.bin"

    def read(self, entry: SplitEntry) -> Float32[np.ndarray, "h w"]:
        """Metres, 0 where no point falls.

        Raises:
            VoGanError: the scan or the calibration is missing or damaged.
        """
        points = read_scan(self.scan(entry))
        if self.projection == "published":
            return project_as_published(points, *self._calibration(entry.date, PUBLISHED_CAMERA))
        return project_points(points, *self._calibration(entry.date, entry.camera))

    def _read_calibration(self, date: str, camera: int) -> tuple[Float64[np.ndarray, "3 4"], tuple[int, int]]:
        """What takes points of the scanner to pixels times depth, and the camera's (width, height)."""
        path = self.root / date / "calib_cam_to_cam.txt"
        entries = read_keyed_numbers(path)
        rectified = np.eye(4)
        rectified[:3, :3] = numbers_of(path, entries, "R_rect_00", 9).reshape(3, 3)
        projection = projection_matrix(path, entries, f"P_rect_0{camera}")
        width, height = numbers_of(path, entries, f"S_rect_0{camera}", 2)
        camera0_from_scanner = rigid_transform(self.root / date / "calib_velo_to_cam.txt")
        return projection @ rectified @ camera0_from_scanner, (round(width), round(height))


def read_scan(path: Path) -> Float64[np.ndarray, "n 3"]:
    """The points of a LiDAR scan: float32 x, y, z, with or without the reflectance (0 to 1) that KITTI's have.

    A file whose length fits both is one with reflectance if all of its fourth numbers are between 0 and 1.

    Raises:
        VoGanError: unreadable, empty, or no whole number of points.
    """
    try:
        values = np.fromfile(path, np.float32)
    except OSError as error:
        raise VoGanError(f"{path}: cannot be read ({error.strerror}); expected a LiDAR scan") from error
    if not values.size:
        raise VoGanError(f"{path}: is empty; expected a LiDAR scan of float32 x, y, z and reflectance. Copy it again")
    if values.size % 3 or (values.size % 4 == 0 and ((values[3::4] >= 0) & (values[3::4] <= 1)).all()):
        return read_points(path, 4)
    return read_points(path, 3)


def project_as_published(
    points: Float64[np.ndarray, "n 3"], projection: Float64[np.ndarray, "3 4"], size: tuple[int, int]
) -> Float32[np.ndarray, "h w"]:
    """A depth map as `generate_depth_map(..., cam=2, vel_depth=True)` makes it; see the module.

    Args:
        points: of the scanner, metres, x forward.
        projection: takes homogeneous points to pixels times depth.
        size: (width, height) of the image.
    """
    points = points[points[:, 0] >= 0]
    x, y, z = projection[:, :3] @ points.T + projection[:, 3:]
    column, row = np.round(x / z) - 1, np.round(y / z) - 1
    inside = (column >= 0) & (row >= 0) & (column < size[0]) & (row < size[1])
    column, row, forward = column[inside].astype(int), row[inside].astype(int), points[inside, 0]
    depth = np.zeros((size[1], size[0]), np.float32)
    depth[row, column] = forward
    place = row * (size[0] - 1) + column - 1
    order = np.argsort(place, kind="stable")
    _, first, count = np.unique(place[order], return_index=True, return_counts=True)
    if first.size:
        nearest = np.minimum.reduceat(forward[order], first)
        shared = count > 1
        target = order[first[shared]]
        depth[row[target], column[target]] = nearest[shared]
    return depth
