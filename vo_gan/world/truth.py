"""Ground truth of a frame, as images in the formats that KITTI's and Cityscapes' tools read."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Shaped, UInt8, UInt16

from vo_gan.world.camera import Camera
from vo_gan.world.renderer import STATIC, Placed, Shot

DEPTH_SCALE = 256.0
"""Units of a depth image per metre and of a disparity image per pixel, as KITTI has them."""
LARGEST_DEPTH = 255.0
"""Metres; anything further is written as 0."""
FLOW_SCALE, FLOW_ZERO = 64.0, 2**15
"""KITTI's optical flow: value = flow * 64 + 2^15."""


def depth_image(shot: Shot) -> UInt16[np.ndarray, "h w"]:
    """Metres x 256; 0 is sky or beyond LARGEST_DEPTH."""
    return np.where(shot.depth <= LARGEST_DEPTH, shot.depth * DEPTH_SCALE + 0.5, 0).astype(np.uint16)


def disparity_image(shot: Shot, camera: Camera) -> UInt16[np.ndarray, "h w"]:
    """Pixels x 256 that a point of the left view lies further left in the right one: fx * baseline / depth.

    0 is sky, or a disparity of 256 pixels or more (something near in a large image), which the format cannot hold.
    """
    coded = np.float32(camera.intrinsics[0] * camera.baseline * DEPTH_SCALE) / shot.depth + np.float32(0.5)
    return np.where(coded < 2**16, coded, 0).astype(np.uint16)


def normals_image(shot: Shot) -> UInt16[np.ndarray, "h w 3"]:
    """Unit normals in camera coordinates (x right, y down, z forward) as (n + 1) * 32767.5; 0 0 0 is sky."""
    coded = (shot.normal * np.float32(32767.5) + np.float32(32768.0)).astype(np.uint16)
    return np.where((shot.normal != 0).any(axis=2, keepdims=True), coded, np.uint16(0))


def semantic_image(shot: Shot) -> UInt8[np.ndarray, "h w"]:
    """Label ids of Cityscapes."""
    return shot.label


def moving_image(shot: Shot) -> UInt8[np.ndarray, "h w"]:
    """255 on things that can move by themselves and were put there to do so, 0 elsewhere."""
    return np.where(shot.owner > STATIC, np.uint8(255), np.uint8(0))


def flow_image(
    shot: Shot,
    camera: Camera,
    poses: tuple[Float[np.ndarray, "4 4"], Float[np.ndarray, "4 4"]],
    movers: tuple[list[Placed], list[Float[np.ndarray, "4 4"]]],
) -> UInt16[np.ndarray, "h w 3"]:
    """Optical flow of the left view to the next frame in KITTI's format: (u * 64 + 2^15, v * 64 + 2^15, valid).

    Args:
        shot: the frame.
        camera: its camera.
        poses: town_from_camera of this frame and of the next.
        movers: the moving things of this frame, and their poses in the next (NaN where one has gone).
    """
    height, width = shot.depth.shape
    here, next_pose = poses
    flow = np.zeros((height, width, 3))
    for owner in np.unique(shot.owner[shot.owner >= STATIC]):
        rows, columns = np.nonzero(shot.owner == owner)
        motion = np.eye(4)
        if owner > STATIC:
            motion = movers[1][owner - 1] @ np.linalg.inv(movers[0][owner - 1].town_from_object)
        if not np.isfinite(motion).all():
            continue
        next_from_here = np.linalg.inv(next_pose) @ motion @ here
        pixel = np.stack([columns, rows], axis=1).astype(np.float64)
        moved = _project(camera, _lift(camera, pixel, shot.depth[rows, columns]), next_from_here)
        coded = (moved[:, :2] - pixel) * FLOW_SCALE + FLOW_ZERO
        fits = (moved[:, 2] > 0.1) & (np.abs(coded - FLOW_ZERO) < FLOW_ZERO - 1).all(axis=1)
        flow[rows[fits], columns[fits]] = np.column_stack([np.round(coded[fits]), np.ones(fits.sum())])
    return flow.astype(np.uint16)


def _lift(
    camera: Camera, pixel: Float[np.ndarray, "k 2"], depth: Float32[np.ndarray, " k"]
) -> Float[np.ndarray, "k 3"]:
    """Points in camera coordinates."""
    fx, fy, cx, cy = camera.intrinsics
    ray = np.column_stack([(pixel[:, 0] - cx) / fx, (pixel[:, 1] - cy) / fy, np.ones(len(pixel))])
    return ray * depth[:, None]


def _project(
    camera: Camera, points: Float[np.ndarray, "k 3"], there_from_here: Float[np.ndarray, "4 4"]
) -> Shaped[np.ndarray, "k 3"]:
    """x and y in pixels and the depth of moved points."""
    fx, fy, cx, cy = camera.intrinsics
    moved = points @ there_from_here[:3, :3].T + there_from_here[:3, 3]
    depth = np.where(moved[:, 2] > 1e-6, moved[:, 2], np.nan)
    return np.column_stack([moved[:, 0] / depth * fx + cx, moved[:, 1] / depth * fy + cy, moved[:, 2]])
