"""Drives in the layout of the KITTI raw data (synced and rectified).

    DATE/{calib_cam_to_cam,calib_velo_to_cam,calib_imu_to_velo}.txt
    DATE/DATE_drive_NNNN_sync/image_0{0,1,2,3}/data/NNNNNNNNNN.{png,jpg}, image_0N/timestamps.txt
    optional: oxts/data/NNNNNNNNNN.txt, velodyne_points/data/NNNNNNNNNN.bin (float32 x, y, z, intensity)

Geiger, Lenz, Stiller, Urtasun: Vision meets robotics: the KITTI dataset, IJRR 2013, and the devkit's readme.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import cached_property
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
from vo_gan.data.depth_files import project_points, read_points
from vo_gan.data.frame_files import FrameFilesDrive, frame_number, has_images, list_frames, match_right
from vo_gan.data.tables import check_times, default_times, parse_numbers, read_lines, rows_of_frames
from vo_gan.errors import VoGanError
from vo_gan.geometry import from_first, invert_poses

EARTH_RADIUS = 6_378_137.0
"""Metres, as the KITTI devkit has it."""


def is_raw_drive(folder: Path) -> bool:
    """Whether a folder looks like a raw drive."""
    return any(has_images(folder / f"image_0{left}" / "data") for left, _ in CAMERA_PAIRS)


def date_folder_of(folder: Path) -> Path:
    """The folder of a drive's date, where the calibration lies; beside the link if the drive is one."""
    return Path(os.path.abspath(folder)).parent


def left_camera(folder: Path) -> tuple[int, int]:
    """Numbers of the left camera in use and of the right one beside it.

    Raises:
        VoGanError: no folder of frames.
    """
    for left, right in CAMERA_PAIRS:
        if has_images(folder / f"image_0{left}" / "data"):
            return left, right
    raise VoGanError(f"{folder}: has no frames; expected PNG or JPEG files in image_02/data or image_00/data")


def rigid_transform(path: Path) -> Float64[np.ndarray, "4 4"]:
    """The transform of a file with lines `R:` and `T:`; calib_imu_to_velo.txt gives velodyne_from_imu.

    Raises:
        VoGanError: missing file or line, or a number that is not finite.
    """
    entries = read_keyed_numbers(path)
    transform = np.eye(4)
    transform[:3, :3] = numbers_of(path, entries, "R", 9).reshape(3, 3)
    transform[:3, 3] = numbers_of(path, entries, "T", 3)
    return transform


@dataclass(frozen=True)
class Calibration:
    """What calib_cam_to_cam.txt holds for the cameras in use.

    Attributes:
        projection: K [I | t] of the rectified left camera.
        baseline: metres; None without right frames.
        rectified_from_camera0: rotation from the unrectified to the rectified camera 0.
    """

    projection: Float64[np.ndarray, "3 4"]
    baseline: float | None
    rectified_from_camera0: Float64[np.ndarray, "4 4"]


def read_calibration(path: Path, left: int, right: int | None, size: tuple[int, int]) -> Calibration:
    """Read and check calib_cam_to_cam.txt.

    Args:
        path: the file.
        left: number of the left camera.
        right: number of the right camera; None without right frames.
        size: (width, height) of the frames.

    Raises:
        VoGanError: missing file or entry, a number that is not finite, fx <= 0, no baseline, a calibration for
            frames of another size, or a principal point outside the image.
    """
    if not path.is_file():
        raise VoGanError(
            f"{path}: no such file; expected the calibration of that day's drives (KITTI's `calibration` download)"
        )
    entries = read_keyed_numbers(path)
    projection = projection_matrix(path, entries, f"P_rect_0{left}")
    check_principal_point(path, projection[:, :3], size)
    size_key = f"S_rect_0{left}"
    if size_key in entries:
        width, height = numbers_of(path, entries, size_key, 2)
        if (round(width), round(height)) != size:
            raise VoGanError(
                f"{path}, line `{size_key}:`: is for frames of {width:g}x{height:g}, but the frames are "
                f"{size[0]}x{size[1]}; use the original frames, or scale the calibration with them"
            )
    baseline = None
    if right is not None:
        right_projection = projection_matrix(path, entries, f"P_rect_0{right}")
        baseline = baseline_of(path, projection, right_projection, f"P_rect_0{left} and P_rect_0{right}")
    rectified_from_camera0 = np.eye(4)
    rectified_from_camera0[:3, :3] = numbers_of(path, entries, "R_rect_00", 9).reshape(3, 3)
    return Calibration(projection, baseline, rectified_from_camera0)


def read_times(image_folder: Path, left: list[Path]) -> Float64[np.ndarray, " n"]:
    """Seconds since the first frame from timestamps.txt; ten frames per second without it.

    Raises:
        VoGanError: a line that is no date and time, times that do not increase, or fewer than frames.
    """
    path = image_folder / "timestamps.txt"
    if not path.is_file():
        return default_times(len(left))
    stamps = []
    for number, line in enumerate(read_lines(path, "a date and time per frame"), start=1):
        try:
            stamps.append(np.datetime64(line.replace(" ", "T"), "ns"))
        except ValueError:
            raise VoGanError(
                f"{path}, row {number}: `{line}` is no time, expected such as 2011-09-26 13:02:25.9"
            ) from None
    if not stamps:
        raise VoGanError(f"{path}: is empty, expected a date and time per frame")
    times = (np.array(stamps) - stamps[0]) / np.timedelta64(1, "s")
    check_times(times, path)
    times = times[rows_of_frames(path, len(times), [frame_number(frame) for frame in left])]
    return times - times[0]


def oxts_to_poses(oxts: Float64[np.ndarray, "n 6"]) -> Float64[np.ndarray, "n 4 4"]:
    """Poses of the IMU from GPS and attitude: the devkit's Mercator projection at the first latitude.

    Args:
        oxts: latitude and longitude in degrees, altitude in metres, roll, pitch, yaw in radians.

    Returns:
        world_from_imu in metres, world axes east, north, up.
    """
    latitude, longitude, altitude, roll, pitch, yaw = oxts.T
    scale = np.cos(np.deg2rad(latitude[0]))
    poses = np.tile(np.eye(4), (len(oxts), 1, 1))
    poses[:, 0, 3] = scale * EARTH_RADIUS * np.deg2rad(longitude)
    poses[:, 1, 3] = scale * EARTH_RADIUS * np.log(np.tan(np.deg2rad(90.0 + latitude) / 2))
    poses[:, 2, 3] = altitude
    poses[:, :3, :3] = _about(2, yaw) @ _about(1, pitch) @ _about(0, roll)
    return poses


def _about(axis: int, angle: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3 3"]:
    """Rotations about a coordinate axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation = np.tile(np.eye(3), (len(angle), 1, 1))
    rotation[:, first, first] = rotation[:, second, second] = np.cos(angle)
    rotation[:, second, first] = np.sin(angle)
    rotation[:, first, second] = -np.sin(angle)
    return rotation


def poses_of_left_camera(folder: Path, left: list[Path], calibration: Calibration) -> Float64[np.ndarray, "n 4 4"]:
    """Poses of the rectified left camera, starting at the identity, from OXTS: imu, velodyne, camera 0, left camera.

    Raises:
        VoGanError: a frame without OXTS file, a damaged one, or a missing calib_imu_to_velo.txt or
            calib_velo_to_cam.txt.
    """
    date_folder = date_folder_of(folder)
    velodyne_from_imu = rigid_transform(date_folder / "calib_imu_to_velo.txt")
    camera_from_imu = camera_from_velodyne(date_folder, calibration) @ velodyne_from_imu
    oxts = np.empty((len(left), 6))
    for index, frame in enumerate(left):
        path = folder / "oxts" / "data" / f"{frame.stem}.txt"
        values = parse_numbers(" ".join(read_lines(path, f"the OXTS record of {frame.name}")), str(path))
        if len(values) < 6:
            raise VoGanError(f"{path}: has {len(values)} numbers, expected at least 6 (lat lon alt roll pitch yaw)")
        oxts[index] = values[:6]
    return from_first(oxts_to_poses(oxts) @ invert_poses(camera_from_imu))


def camera_from_velodyne(date_folder: Path, calibration: Calibration) -> Float64[np.ndarray, "4 4"]:
    """Takes LiDAR points to the rectified left camera.

    Raises:
        VoGanError: missing or damaged calib_velo_to_cam.txt.
    """
    camera0_from_velodyne = rigid_transform(date_folder / "calib_velo_to_cam.txt")
    return camera_from_reference(calibration.projection) @ calibration.rectified_from_camera0 @ camera0_from_velodyne


class KittiRawDrive(FrameFilesDrive):
    """One synced and rectified drive of the KITTI raw data, colour or grey, mono or stereo.

    Poses come from OXTS on first use. Where they cannot be computed, `world_from_camera` is None with a warning that
    names the file; without an oxts folder it is None.

    Args:
        folder: the drive's folder, inside that of its date.

    Raises:
        VoGanError: no frames, bad calibration (`read_calibration`) or bad times (`read_times`).
    """

    kind = "kitti_raw"
    strict_numbering = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = Path(os.path.abspath(folder)).name
        self.left_camera, right_camera = left_camera(folder)
        image_folder = folder / f"image_0{self.left_camera}"
        self.left_frames = list_frames(image_folder / "data")
        self.right_frames = match_right(self.left_frames, folder / f"image_0{right_camera}" / "data")
        self.size = image_size(self.left_frames[0])
        self.calibration = read_calibration(
            date_folder_of(folder) / "calib_cam_to_cam.txt",
            self.left_camera,
            right_camera if self.right_frames else None,
            self.size,
        )
        self._matrix = self.calibration.projection[:, :3].copy()
        self.baseline = self.calibration.baseline
        self.times = read_times(image_folder, self.left_frames)

    @cached_property
    def world_from_camera(self) -> Float64[np.ndarray, "n 4 4"] | None:  # type: ignore[override]
        """See `Drive`; computed when first asked for, since every frame has its own OXTS file."""
        if not (self.folder / "oxts" / "data").is_dir():
            return None
        try:
            return poses_of_left_camera(self.folder, self.left_frames, self.calibration)
        except VoGanError as error:
            warnings.warn(f"{error}. The drive has no poses", stacklevel=2)
            return None

    def read_depth(self, index: int) -> Float32[np.ndarray, "h w"] | None:
        """Projected LiDAR in the left camera; None for a frame without a scan.

        Raises:
            VoGanError: no such frame, a damaged scan, or a missing calib_velo_to_cam.txt.
        """
        scan = self.folder / "velodyne_points" / "data" / f"{self.path(index).stem}.bin"
        if not scan.is_file():
            return None
        projection = self._matrix @ camera_from_velodyne(date_folder_of(self.folder), self.calibration)[:3]
        return project_points(read_points(scan, 4), projection, self.size)
