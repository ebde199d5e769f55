"""A video of a flight along the drive, a little behind and above the camera, painted without a display."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation, Slerp

from vo_gan.errors import VoGanError
from vo_gan.mapping.render import BACKGROUND, TRAJECTORY, near_ground
from vo_gan.mapping.splat import brightened, fill_holes, nearest_points, shade_edges
from vo_gan.progress import progress

SIZE = (960, 540)
"""(width, height) of the video in pixels."""

FOCAL = 0.75
"""Focal length in widths of the picture."""

FRAMES_PER_SECOND = 15
MOST_FRAMES = 240
"""Frames of the video at most; a longer drive is flown along faster."""

BEHIND, ABOVE = 3.0, 1.6
"""Where the flight is, in heights of the camera over the ground, from where the camera was."""

TILT = np.radians(12)
"""How far the flight looks down from where the camera looked."""

SMOOTHING = 4.0
"""Standard deviation, in frames of the drive, of the Gaussian that smooths the flight."""

NEAREST = 1.5
"""Distance in heights of the camera over the ground, from which on points are painted."""

WIDEST_POINT = 24
"""Edge of a painted point in pixels at most."""

SKY = (196, 214, 235)


def write_flythrough(
    path: Path,
    points: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    world_from_camera: Float64[np.ndarray, "frames 4 4"],
    voxel_size: float,
    max_depth: float,
) -> int:
    """Write an MP4 file (MPEG-4 Part 2, which OpenCV and every player read) and return its number of frames.

    Args:
        path: the file.
        points: of the cloud, world coordinates.
        colours: RGB.
        world_from_camera: the trajectory.
        voxel_size: distance between neighbouring points of a surface.
        max_depth: points further away than this are not painted.

    Raises:
        VoGanError: the file cannot be written, or its name does not end in .mp4.
    """
    check_video_path(path)
    camera_height, _ = near_ground(points, world_from_camera[:, :3, 3], -world_from_camera[:, :3, 1].mean(axis=0))
    flight = flight_along(world_from_camera, camera_height)
    colours = brightened(colours).astype(np.uint8)
    road = world_from_camera[:, :3, 3] + 0.95 * camera_height * world_from_camera[:, :3, 1]
    partial = path.with_name(f".{path.stem}.new.mp4")
    writer = cv2.VideoWriter(str(partial), cv2.VideoWriter.fourcc(*"mp4v"), FRAMES_PER_SECOND, SIZE)
    try:
        if not writer.isOpened():
            raise VoGanError(f"{path}: OpenCV cannot write a video there; name a file in a folder that can be written")
        for pose in progress(flight, "video"):
            view = paint_view(points, colours, pose, voxel_size, max_depth, camera_height)
            _draw_road(view, road, pose, (NEAREST * camera_height, max_depth))
            writer.write(np.ascontiguousarray(view[..., ::-1]))
        writer.release()
        os.replace(partial, path)
    finally:
        writer.release()
        partial.unlink(missing_ok=True)
    return len(flight)


def check_video_path(path: Path) -> None:
    """Refuse a video file that cannot be written, before the long work.

    Raises:
        VoGanError: its folder is missing, or it does not end in .mp4.
    """
    if path.suffix.lower() != ".mp4":
        raise VoGanError(f"{path}: a video is written as MP4; give it a name that ends in .mp4")
    if not path.absolute().parent.is_dir():
        raise VoGanError(f"{path.parent}: no such folder; make it, or name another one for the video")


def flight_along(
    world_from_camera: Float64[np.ndarray, "frames 4 4"], camera_height: float
) -> Float64[np.ndarray, "m 4 4"]:
    """Smoothed poses behind and above the trajectory, at most `MOST_FRAMES`."""
    count = len(world_from_camera)
    when = np.linspace(0, count - 1, min(count, MOST_FRAMES))
    positions = gaussian_filter1d(world_from_camera[:, :3, 3], SMOOTHING, axis=0, mode="nearest")
    # The mean of rotations that differ little is that of their matrices, made orthonormal again.
    mean = gaussian_filter1d(world_from_camera[:, :3, :3], SMOOTHING, axis=0, mode="nearest")
    rotations = Rotation.from_matrix(mean)
    turned = Slerp(np.arange(count), rotations)(when) if count > 1 else rotations
    flight = np.tile(np.eye(4), (len(when), 1, 1))
    axes = turned.as_matrix()
    place = np.stack([np.interp(when, np.arange(count), positions[:, axis]) for axis in range(3)], axis=1)
    flight[:, :3, 3] = place - camera_height * (BEHIND * axes[:, :, 2] + ABOVE * axes[:, :, 1])
    flight[:, :3, :3] = axes @ Rotation.from_euler("x", -TILT).as_matrix()
    return flight


def paint_view(
    points: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    world_from_camera: Float64[np.ndarray, "4 4"],
    voxel_size: float,
    max_depth: float,
    camera_height: float,
) -> UInt8[np.ndarray, "h w 3"]:
    """The cloud as a camera at a pose sees it, in RGB: every point as a square of the size of a voxel."""
    width, height = SIZE
    focal = FOCAL * width
    rotation = world_from_camera[:3, :3].astype(np.float32)
    seen = (points - world_from_camera[:3, 3].astype(np.float32)) @ rotation
    in_range = np.flatnonzero((seen[:, 2] > NEAREST * camera_height) & (seen[:, 2] < max_depth))
    seen = seen[in_range]
    centres = seen[:, :2] * (focal / seen[:, 2:]) + np.array([width, height], np.float32) / 2
    sides = np.ceil(voxel_size * focal / seen[:, 2]).clip(1, WIDEST_POINT).astype(np.int32)
    nearest = nearest_points(centres, seen[:, 2], sides, SIZE)
    painted = nearest >= 0
    canvas = np.zeros((height, width, 4), np.float32)
    canvas[painted, :3] = colours[in_range[nearest[painted]]]
    canvas[painted, 3] = seen[nearest[painted], 2]
    painted = fill_holes(canvas, painted, 3)
    # A step in depth shows by how it compares with the distance, not by its metres.
    shade = shade_edges(8 * np.log(np.maximum(canvas[..., 3], np.float32(1e-3))), painted, 1)
    blend = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky = (1 - blend) * np.array(SKY, np.float32) + blend * np.array(BACKGROUND, np.float32)
    return np.where(painted[..., None], canvas[..., :3] * shade[..., None], sky).astype(np.uint8)


def _draw_road(
    view: UInt8[np.ndarray, "h w 3"],
    road: Float64[np.ndarray, "frames 3"],
    world_from_camera: Float64[np.ndarray, "4 4"],
    span: tuple[float, float],
) -> None:
    """The way of the camera, as a line on the road, as far as that is painted."""
    seen: Float[np.ndarray, "frames 3"] = (road - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    width, height = SIZE
    ahead = (seen[:, 2] > span[0]) & (seen[:, 2] < span[1])
    subpixel = 4
    for start, stop in zip(*_runs(ahead), strict=True):
        line = seen[start:stop, :2] * (FOCAL * width / seen[start:stop, 2:]) + np.array([width, height]) / 2
        fixed = np.rint(line.clip(-4 * width, 4 * width) * 2**subpixel).astype(np.int32)
        cv2.polylines(view, [fixed], False, TRAJECTORY, 2, cv2.LINE_AA, subpixel)


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and one past the last index of every run of true values."""
    steps = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
