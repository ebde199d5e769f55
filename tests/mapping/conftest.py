"""A tracked drive whose every depth and colour is known: down a corridor of planes, each painted in its own colour."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

SIZE = (160, 96)
INTRINSICS = (100.0, 100.0, 80.0, 40.0)
SKIPPED = 2
"""Frames of the source before the first tracked one; they are white."""


@dataclass(frozen=True)
class Plane:
    """Points x with normal @ x = offset, in one RGB colour with a brightness that varies along the plane."""

    normal: tuple[float, float, float]
    offset: float
    colour: tuple[int, int, int]


CORRIDOR = (
    Plane((0, 1, 0), 1.6, (220, 40, 30)),  # ground
    Plane((1, 0, 0), -4.0, (30, 200, 40)),  # left wall
    Plane((1, 0, 0), 4.0, (40, 30, 210)),  # right wall
    Plane((0, 0, 1), 26.0, (200, 190, 30)),  # end wall
)


def look(pose: np.ndarray, planes: Sequence[Plane] = CORRIDOR) -> tuple[np.ndarray, np.ndarray]:
    """Depth (0 where no plane is hit) and RGB image that a camera at `pose` sees."""
    fx, fy, cx, cy = INTRINSICS
    rows, columns = np.indices(SIZE[::-1], dtype=np.float64)
    rays = np.stack([(columns - cx) / fx, (rows - cy) / fy, np.ones_like(rows)], axis=-1) @ pose[:3, :3].T
    depth = np.full(rows.shape, np.inf)
    image = np.full((*rows.shape, 3), 255, np.uint8)
    for plane in planes:
        normal = np.array(plane.normal)
        slope = rays @ normal
        distance = np.divide(
            plane.offset - pose[:3, 3] @ normal, slope, out=np.full(rows.shape, -1.0), where=np.abs(slope) > 1e-9
        )
        nearer = (distance > 0.05) & (distance < depth)
        depth[nearer] = distance[nearer]
        hit = pose[:3, 3] + rays * distance[..., None]
        brightness = 0.8 + 0.2 * np.sign(np.sin(2.5 * hit).prod(axis=-1))
        image[nearer] = (np.array(plane.colour) * brightness[..., None])[nearer].astype(np.uint8)
    depth[np.isinf(depth)] = 0
    return depth, image


def drive_along(frames: int, step: float = 0.6) -> np.ndarray:
    """Poses down the corridor with a slow turn."""
    poses = np.tile(np.eye(4), (frames, 1, 1))
    for index, pose in enumerate(poses):
        yaw = 0.03 * np.sin(index)
        pose[:3, :3] = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
        pose[:3, 3] = [0.1 * np.sin(index / 3), 0.0, step * index]
    return np.linalg.inv(poses[0]) @ poses


def write_depth(path: Path, depth: np.ndarray) -> None:
    """As `vo-gan track` writes it."""
    cv2.imwrite(str(path), np.rint(depth * 256).astype(np.uint16))


def write_track(folder: Path, poses: np.ndarray, planes: Sequence[Plane] = CORRIDOR, scale: str = "metric") -> Path:
    """A track folder and the frames it was made from, in `folder`."""
    frames, track = folder / "frames", folder / "track"
    frames.mkdir(parents=True)
    (track / "depth").mkdir(parents=True)
    for index in range(SKIPPED):
        cv2.imwrite(str(frames / f"{index:06d}.png"), np.full((*SIZE[::-1], 3), 255, np.uint8))
    for index, pose in enumerate(poses):
        depth, image = look(pose, planes)
        write_depth(track / f"depth/{index:06d}.png", depth)
        cv2.imwrite(str(frames / f"{index + SKIPPED:06d}.png"), image[..., ::-1])
    np.savetxt(track / "trajectory_kitti.txt", poses[:, :3].reshape(-1, 12))
    properties = {
        "format_version": 1,
        "source": str(frames),
        "kind": "frames",
        "selection": [SKIPPED, SKIPPED + len(poses)],
        "source_intrinsics": list(INTRINSICS),
        "weights": "none",
        "frames": len(poses),
        "size": list(SIZE),
        "intrinsics": list(INTRINSICS),
        "scale": scale,
        "refined": False,
        "frames_per_second": 10.0,
        "vo_gan": "0.1.0",
    }
    (track / "track.json").write_text(json.dumps(properties))
    return track


@pytest.fixture
def corridor(tmp_path: Path) -> Path:
    """The track folder of 8 frames down the corridor."""
    return write_track(tmp_path, drive_along(8))


@pytest.fixture
def make_track(tmp_path: Path) -> Callable[..., Path]:
    """Writes a track folder of other frames: `make_track(poses, planes, scale)`."""
    return lambda *arguments, **options: write_track(tmp_path / "made", *arguments, **options)


@pytest.fixture
def straight() -> np.ndarray:
    """Poses of 8 frames down the corridor."""
    return drive_along(8)


@pytest.fixture
def corridor_view() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """`look`: depth and image seen from a pose."""
    return look


@pytest.fixture
def distance_to_corridor() -> Callable[[np.ndarray], np.ndarray]:
    """Distance of points to the nearest plane of the corridor."""

    def distance(points: np.ndarray) -> np.ndarray:
        planes = [np.abs(points @ np.array(plane.normal) - plane.offset) for plane in CORRIDOR]
        return np.min(planes, axis=0)

    return distance


@pytest.fixture
def edit_track_json() -> Callable[..., None]:
    """Changes entries of a track folder's track.json; None as a name's value writes null."""

    def edit(track: Path, **changes: object) -> None:
        path = track / "track.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


@pytest.fixture
def intrinsics() -> np.ndarray:
    """Pinhole matrix of the corridor's camera."""
    fx, fy, cx, cy = INTRINSICS
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
