"""The stereo camera on the car's roof."""

from __future__ import annotations

from dataclasses import dataclass

KITTI_SIZE = (1241, 376)
KITTI_INTRINSICS = (718.856, 718.856, 607.19, 185.2)
"""fx, fy, cx, cy of KITTI odometry's sequence 00 at KITTI_SIZE, in pixels."""
KITTI_BASELINE = 0.54
"""Metres from the left to the right camera."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; two of them, side by side, make the stereo pair.

    Attributes:
        size: (width, height) in pixels.
        intrinsics: fx, fy, cx, cy in pixels.
        baseline: metres from the left to the right camera.
    """

    size: tuple[int, int]
    intrinsics: tuple[float, float, float, float]
    baseline: float = KITTI_BASELINE


def kitti_camera(size: tuple[int, int], baseline: float = KITTI_BASELINE) -> Camera:
    """KITTI's camera for images resized to `size` = (width, height): x becomes (x + 0.5) s - 0.5."""
    scale_x, scale_y = size[0] / KITTI_SIZE[0], size[1] / KITTI_SIZE[1]
    fx, fy, cx, cy = KITTI_INTRINSICS
    scaled = (fx * scale_x, fy * scale_y, (cx + 0.5) * scale_x - 0.5, (cy + 0.5) * scale_y - 0.5)
    return Camera(size, scaled, baseline)
