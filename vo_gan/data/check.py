"""`vo-gan data check`: what a folder holds, and everything that is wrong with it.

Opening a drive stops at the first thing that is wrong. Here its parts are read one by one, so that all is told.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from vo_gan.data import frames, kitti_odometry, kitti_raw
from vo_gan.data.decode import image_size
from vo_gan.data.drive import Drive
from vo_gan.data.frame_files import FrameFilesDrive, has_images, list_frames, match_right, numbering_gaps
from vo_gan.data.open import drives_at, open_drive
from vo_gan.data.verify import check_frames
from vo_gan.errors import VoGanError
from vo_gan.progress import progress

Part = TypeVar("Part")

CENTRED = 0.25
"""A principal point farther from the image centre than this share of the image's size is worth a note."""


@dataclass
class DriveReport:
    """What was found at one drive.

    Attributes:
        path: its folder or file.
        kind: see `Drive`; empty if that could not be told.
        facts: lines about what is there.
        problems: lines about what is wrong; a drive without any is fit for training.
        notes: lines about what is unusual but no obstacle.
        frames: number of left frames.
    """

    path: Path
    kind: str = ""
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: int = 0

    def attempt(self, part: Callable[[], Part]) -> Part | None:
        """Read a part of the drive; what is wrong with it, or warned of, becomes a problem."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                return part()
            except VoGanError as error:
                self.add_problem(str(error))
                return None
            finally:
                for warning in caught:
                    self.add_problem(str(warning.message))

    def add_problem(self, problem: str) -> None:
        """Add a problem, unless it is there already."""
        if problem not in self.problems:
            self.problems.append(problem)


def check(root: Path, *, decode: bool = True) -> list[DriveReport]:
    """Check every drive under `root`.

    Args:
        root: whatever `open_drives` takes.
        decode: decode every frame; else look at headers and file ends only.

    Raises:
        VoGanError: no drive there.
    """
    return [_check_drive(path, decode) for path in drives_at(root)]


def _check_drive(path: Path, decode: bool) -> DriveReport:
    report = DriveReport(path)
    if path.is_dir():
        _check_files(report, decode)
    drive = report.attempt(lambda: open_drive(path)) if not report.problems or path.is_file() else None
    if drive is not None:
        report.kind, report.frames = drive.kind, len(drive)
        report.attempt(lambda: _describe(report, drive))
        if path.is_file() and decode:
            report.attempt(lambda: _read_all(drive))
        if decode and isinstance(drive, FrameFilesDrive):
            _check_depth(report, drive)
    if report.frames == 1:
        report.add_problem(f"{path}: has one frame only; a camera's motion needs two")
    return report


def _check_files(report: DriveReport, decode: bool) -> None:
    """Everything about a drive of image files that can be wrong, independently of each other."""
    path = report.path
    if has_images(path):
        report.kind = "frames"
        left_folder, right_folder = path, None
    elif kitti_raw.is_raw_drive(path):
        report.kind = "kitti_raw"
        left_camera, right_camera = kitti_raw.left_camera(path)
        left_folder, right_folder = path / f"image_0{left_camera}" / "data", path / f"image_0{right_camera}" / "data"
    else:
        report.kind = "kitti_odometry"
        left_camera, right_camera = kitti_odometry.left_camera(path)
        left_folder, right_folder = path / f"image_{left_camera}", path / f"image_{right_camera}"

    left = report.attempt(lambda: list_frames(left_folder))
    if left is None:
        return
    report.frames = len(left)
    right = {} if right_folder is None else report.attempt(lambda: match_right(left, right_folder)) or {}
    for gap in numbering_gaps(left, strict=report.kind != "frames"):
        report.add_problem(gap)
    if right_folder is not None and right:
        if len(right) < len(left):
            report.notes.append(f"{right_folder}: right views of {len(right)} of {len(left)} frames")
        unmatched = len(list_frames(right_folder)) - len(right)
        if unmatched:
            report.notes.append(f"{right_folder}: {unmatched} right frames have no left one")
    size = next((size for frame in left if (size := _size_or_none(frame)) is not None), None)
    if size is None:
        report.add_problem(f"{left_folder}: no frame has a readable header")
        return
    work = [(frame, size) for frame in (*left, *right.values())]
    for problem in check_frames(work, f"{'decoding' if decode else 'looking at'} {path.name}", decode=decode):
        report.add_problem(problem)

    if report.kind == "frames":
        intrinsics = report.attempt(lambda: frames.find_beside(path, frames.INTRINSICS_FILES))
        if intrinsics is not None:
            report.attempt(lambda: frames.read_intrinsics(intrinsics, size))
        times = report.attempt(lambda: frames.find_beside(path, frames.TIMES_FILES))
        if times is not None:
            report.attempt(lambda: frames.read_times(times, left))
        return
    used_right = right_camera if right else None
    if report.kind == "kitti_raw":
        report.attempt(lambda: kitti_raw.read_times(path / f"image_0{left_camera}", left))
        date_folder = kitti_raw.date_folder_of(path)
        raw = report.attempt(
            lambda: kitti_raw.read_calibration(date_folder / "calib_cam_to_cam.txt", left_camera, used_right, size)
        )
        if raw is not None and (path / "oxts").is_dir():
            report.attempt(lambda: kitti_raw.poses_of_left_camera(path, left, raw))
        return
    report.attempt(lambda: kitti_odometry.read_times(path, left))
    calibration = report.attempt(
        lambda: kitti_odometry.read_calibration(path / "calib.txt", left_camera, used_right, size)
    )
    poses = kitti_odometry.poses_path(path)
    if poses is not None:
        projection = np.eye(3, 4) if calibration is None else calibration.projection
        report.attempt(lambda: kitti_odometry.poses_of_left_camera(poses, left, projection))


def _size_or_none(frame: Path) -> tuple[int, int] | None:
    """The size in a header; a frame without one is told of when all frames are checked."""
    try:
        return image_size(frame)
    except VoGanError:
        return None


def _describe(report: DriveReport, drive: Drive) -> None:
    rights = sum(drive.has_right(index) for index in range(len(drive)))
    stereo = f", {rights} with a right view" if rights else ""
    report.facts.append(f"frames: {len(drive)} of {drive.size[0]}x{drive.size[1]}{stereo}")
    try:
        matrix = drive.intrinsics()
    except VoGanError:
        report.notes.append("intrinsics are not known: `vo-gan track` needs --intrinsics fx,fy,cx,cy")
    else:
        fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
        baseline = f", baseline {drive.baseline:.4f} m" if drive.baseline is not None else ""
        report.facts.append(f"camera: fx {fx:.2f}, fy {fy:.2f}, cx {cx:.2f}, cy {cy:.2f}{baseline}")
        off = max(abs(cx / (drive.size[0] - 1) - 0.5), abs(cy / (drive.size[1] - 1) - 0.5))
        if off > CENTRED:
            report.notes.append("the principal point is far from the image centre: is it for frames of this size?")
    if len(drive) > 1:
        seconds = drive.times[-1] - drive.times[0]
        report.facts.append(f"times: {seconds:.2f} s, {(len(drive) - 1) / seconds:.2f} frames/s")
    poses = drive.world_from_camera
    if poses is None:
        report.facts.append("poses: none")
    else:
        length = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum()
        report.facts.append(f"poses: {len(poses)}, {length:.1f} m")


def _read_all(drive: Drive) -> None:
    for index in progress(range(len(drive)), f"decoding {drive.name}"):
        drive.read(index)


def _check_depth(report: DriveReport, drive: FrameFilesDrive) -> None:
    """Read all measured depth there is, and say how much."""
    measured = 0
    for index in progress(range(len(drive)), f"reading depth of {drive.name}"):
        try:
            measured += drive.read_depth(index) is not None
        except VoGanError as error:
            report.add_problem(str(error))
    report.facts.append(f"depth: {measured} frames" if measured else "depth: none")
