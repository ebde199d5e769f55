"""Sequences in the layout of the KITTI odometry benchmark, which vo_gan's own rendered world shares.

    ROOT/sequences/NN/{image_2,image_3 or image_0,image_1}/NNNNNN.{png,jpg}, calib.txt, times.txt
    ROOT/poses/NN.txt, or poses.txt in the sequence's folder: poses of camera 0
    optional: depth_2/NNNNNN.png (uint16, metres x 256), velodyne/NNNNNN.bin (float32 x, y, z, intensity),
    velodyne_xyz/NNNNNN.bin (float32 x, y, z)

Geiger, Lenz, Urtasun: Are we ready for autonomous driving? CVPR 2012, and the devkit's readme.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from vo_gan.data.calibration import (
    CAMERA_PAIRS,
    baseline_of,
    camera_from_reference,
    check_principal_point,
    numbers_of,
    projection_matrix,
    read_keyed_numbers,
)
from vo_gan.data.decode import image_size
from vo_gan.data.depth_files import project_points, read_depth_image, read_points
from vo_gan.data.frame_files import FrameFilesDrive, frame_number, has_images, list_frames, match_right
from vo_gan.data.tables import check_times, default_times, read_poses, read_table, rows_of_frames
from vo_gan.errors import VoGanError
from vo_gan.geometry import from_first, invert_poses


def is_sequence(folder: Path) -> bool:
    """Whether a folder looks like a sequence: a left camera's frames, and a reason not to take it for stereo pairs."""
    if not any(has_images(folder / f"image_{left}") for left, _ in CAMERA_PAIRS):
        return False
    marked = (folder / "calib.txt").is_file() or (folder / "times.txt").is_file()
    return marked or Path(os.path.abspath(folder)).parent.name == "sequences"


def left_camera(folder: Path) -> tuple[int, int]:
    """Numbers of the left camera in use and of the right one beside it.

    Raises:
        VoGanError: no folder of frames.
    """
    for left, right in CAMERA_PAIRS:
        if has_images(folder / f"image_{left}"):
            return left, right
    raise VoGanError(f"{folder}: has no frames; expected PNG or JPEG files in image_2 or image_0")


@dataclass(frozen=True)
class Calibration:
    """What calib.txt holds for the cameras in use.

    Attributes:
        projection: K [I | t] of the left camera.
        baseline: metres; None without right frames.
        camera0_from_velodyne: None where the file has no `Tr`.
    """

    projection: Float64[np.ndarray, "3 4"]
    baseline: float | None
    camera0_from_velodyne: Float64[np.ndarray, "4 4"] | None


def read_calibration(path: Path, left: int, right: int | None, size: tuple[int, int]) -> Calibration:
    """Read and check calib.txt.

    Args:
        path: the file.
        left: number of the left camera.
        right: number of the right camera; None without right frames.
        size: (width, height) of the frames.

    Raises:
        VoGanError: missing file or matrix, a number that is not finite, fx <= 0, no baseline, or a principal point
            outside the image.
    """
    if not path.is_file():
        raise VoGanError(
            f"{path}: no such file; expected the sequence's calibration (lines P0: to P3:). To use intrinsics of "
            f"your own, open {path.parent / f'image_{left}'} as a folder of frames"
        )
    entries = read_keyed_numbers(path)
    projection = projection_matrix(path, entries, f"P{left}")
    check_principal_point(path, projection[:, :3], size)
    baseline = None
    if right is not None:
        right_projection = projection_matrix(path, entries, f"P{right}")
        baseline = baseline_of(path, projection, right_projection, f"P{left} and P{right}")
    camera0_from_velodyne = None
    if "Tr" in entries:
        camera0_from_velodyne = np.eye(4)
        camera0_from_velodyne[:3] = numbers_of(path, entries, "Tr", 12).reshape(3, 4)
    return Calibration(projection, baseline, camera0_from_velodyne)


def poses_path(folder: Path) -> Path | None:
    """Where the sequence's poses are, if there are any."""
    whole = Path(os.path.abspath(folder))  # keeps links: the poses lie beside the link, not beside its target
    for path in (folder / "poses.txt", whole.parent.parent / "poses" / f"{whole.name}.txt"):
        if path.is_file():
            return path
    return None


def read_times(folder: Path, left: list[Path]) -> Float64[np.ndarray, " n"]:
    """Seconds of every frame: times.txt, or ten frames per second without it.

    Raises:
        VoGanError: times that are no numbers or do not increase, or fewer than frames.
    """
    path = folder / "times.txt"
    if not path.is_file():
        return default_times(len(left))
    times = read_table(path, 1, "seconds, one frame a line")[:, 0]
    check_times(times, path)
    return times[rows_of_frames(path, len(times), [frame_number(frame) for frame in left])]


def poses_of_left_camera(
    path: Path, left: list[Path], projection: Float64[np.ndarray, "3 4"]
) -> Float64[np.ndarray, "n 4 4"]:
    """Poses of the camera with `projection`, starting at the identity, from a file with those of camera 0.

    Raises:
        VoGanError: see `read_poses`; or fewer poses than frames.
    """
    world_from_camera0 = read_poses(path)
    rows = rows_of_frames(path, len(world_from_camera0), [frame_number(frame) for frame in left])
    return from_first(world_from_camera0[rows] @ invert_poses(camera_from_reference(projection)))


class KittiOdometryDrive(FrameFilesDrive):
    """One sequence of the KITTI odometry benchmark, grey or colour, mono or stereo.

    Poses that cannot be used (too few, not finite, no rotations) leave `world_from_camera` None with a warning that
    names the file, since a drive can be tracked without them.

    Args:
        folder: the sequence's folder.

    Raises:
        VoGanError: no frames, bad calibration (`read_calibration`) or bad times (`read_times`).
    """

    kind = "kitti_odometry"
    strict_numbering = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = Path(os.path.abspath(folder)).name
        self.left_camera, right_camera = left_camera(folder)
        self.left_frames = list_frames(folder / f"image_{self.left_camera}")
        self.right_frames = match_right(self.left_frames, folder / f"image_{right_camera}")
        self.size = image_size(self.left_frames[0])
        self.calibration = read_calibration(
            folder / "calib.txt", self.left_camera, right_camera if self.right_frames else None, self.size
        )
        self._matrix = self.calibration.projection[:, :3].copy()
        self.baseline = self.calibration.baseline
        self.times = read_times(folder, self.left_frames)
        self.world_from_camera = self._poses()

    def _poses(self) -> Float64[np.ndarray, "n 4 4"] | None:
        path = poses_path(self.folder)
        if path is None:
            return None
        try:
            return poses_of_left_camera(path, self.left_frames, self.calibration.projection)
        except VoGanError as error:
            warnings.warn(f"{error}. The drive is opened without poses", stacklevel=3)
            return None

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """Depth of the left camera: its depth image if there is one, else projected LiDAR; None without either.

        Raises:
            VoGanError: no such frame, a damaged file, or LiDAR without `Tr` in calib.txt.
        """
        stem = self.path(index).stem
        depth_image = self.folder / f"depth_{self.left_camera}" / f"{stem}.png"
        if depth_image.is_file():
            return read_depth_image(depth_image, self.size)
        for name, columns in (("velodyne", 4), ("velodyne_xyz", 3)):
            scan = self.folder / name / f"{stem}.bin"
            if scan.is_file():
                if self.calibration.camera0_from_velodyne is None:
                    raise VoGanError(f"{self.folder / 'calib.txt'}: has no line `Tr:`, needed for {scan}")
                points = read_points(scan, columns)
                projection = self.calibration.projection @ self.calibration.camera0_from_velodyne
                return project_points(points, projection, self.size)
        return None
