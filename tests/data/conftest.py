"""Tiny data sets in the layouts that vo_gan reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

SIZE = (96, 40)


def picture(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """An RGB image with structure, different for every index; red rises to the right, blue downwards."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    red, green, blue = 255 * x, 127 + 100 * np.sin(9 * x + 5 * y + index), 255 * y
    return np.clip(np.stack((red, green, blue), -1), 0, 255).astype(np.uint8)


def write_image(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def write_rows(path: Path, rows: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(" ".join(f"{value:.9e}" for value in np.atleast_1d(row)) + "\n" for row in rows))


def turning_poses(frames: int) -> np.ndarray:
    """Camera poses of a drive ahead along a curve."""
    angle = 0.1 * np.arange(frames)
    poses = np.tile(np.eye(4), (frames, 1, 1))
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(angle)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(angle), -np.sin(angle)
    poses[:, 0, 3], poses[:, 2, 3] = 1 - np.cos(angle), np.arange(frames)
    return poses


def projection_line(key: str, fx: float = 80.0, offset: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> str:
    """A calibration line K [I | t], with t given in metres."""
    matrix = np.array([[fx, 0.0, 47.5], [0.0, fx, 19.5], [0.0, 0.0, 1.0]])
    values = np.hstack((matrix, matrix @ np.array(offset)[:, None])).ravel()
    return f"{key}: " + " ".join(f"{value:.12e}" for value in values) + "\n"


@pytest.fixture
def make_sequence(tmp_path: Path) -> Callable[..., Path]:
    """Writes a KITTI odometry sequence; returns its folder, inside tmp_path/kitti/sequences."""

    def make(name: str = "00", frames: int = 6, right: int = 4, suffix: str = ".png", left_camera: int = 2) -> Path:
        root = tmp_path / "kitti"
        folder = root / "sequences" / name
        for index in range(frames):
            write_image(folder / f"image_{left_camera}" / f"{index:06d}{suffix}", picture(index))
            if index < right:
                write_image(folder / f"image_{left_camera + 1}" / f"{index:06d}{suffix}", picture(index + 100))
        offsets = {"P0": (0.0, 0, 0), "P1": (-0.54, 0, 0), "P2": (0.06, -0.001, 0.004), "P3": (-0.47, 0.003, 0.004)}
        lines = [projection_line(key, offset=offset) for key, offset in offsets.items()]
        (folder / "calib.txt").write_text("".join(lines) + "Tr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n")
        write_rows(folder / "times.txt", 0.1 * np.arange(frames))
        write_rows(root / "poses" / f"{name}.txt", turning_poses(frames)[:, :3].reshape(-1, 12))
        return folder

    return make


@pytest.fixture
def make_raw_drive(tmp_path: Path) -> Callable[..., Path]:
    """Writes a KITTI raw drive; returns its folder."""

    def make(frames: int = 5, cameras: tuple[int, ...] = (2, 3)) -> Path:
        date = tmp_path / "raw" / "2011_09_26"
        folder = date / "2011_09_26_drive_0007_sync"
        for camera in cameras:
            for index in range(frames):
                write_image(folder / f"image_0{camera}" / "data" / f"{index:010d}.png", picture(index + 50 * camera))
            stamps = [f"2011-09-26 13:02:25.{961661696 + 1000 * index:09d}\n" for index in range(frames)]
            (folder / f"image_0{camera}" / "timestamps.txt").write_text("".join(stamps))
        offsets = {"00": (0.0, 0, 0), "01": (-0.54, 0, 0), "02": (0.06, 0, 0.003), "03": (-0.47, 0, 0.003)}
        lines = [projection_line(f"P_rect_{key}", offset=offset) for key, offset in offsets.items()]
        lines += [f"S_rect_{key}: {SIZE[0]:e} {SIZE[1]:e}\n" for key in offsets]
        (date / "calib_cam_to_cam.txt").write_text(
            "calib_time: 09-Jan-2012\nR_rect_00: 1 0 0 0 1 0 0 0 1\n" + "".join(lines)
        )
        (date / "calib_velo_to_cam.txt").write_text("R: 0 -1 0 0 0 -1 1 0 0\nT: 0 0 0\n")
        (date / "calib_imu_to_velo.txt").write_text("R: 1 0 0 0 1 0 0 0 1\nT: -0.8 0.3 -0.8\n")
        for index in range(frames):
            # 10 m to the north each frame, looking north: yaw is a quarter turn from the east.
            latitude = 49.0 + np.rad2deg(10.0 * index / 6_378_137.0)
            record = [latitude, 8.4, 116.0, 0.0, 0.0, np.pi / 2] + [0.0] * 24
            path = folder / "oxts" / "data" / f"{index:010d}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(" ".join(f"{value:.14g}" for value in record))
        return folder

    return make


@pytest.fixture
def make_frames(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder of frames with intrinsics.txt; returns it."""

    def make(frames: int = 12, suffix: str = ".png", name: str = "frames") -> Path:
        folder = tmp_path / name
        for index in range(frames):
            write_image(folder / f"{index:04d}{suffix}", picture(index))
        (folder / "intrinsics.txt").write_text("80 80 47.5 19.5\n")
        return folder

    return make
