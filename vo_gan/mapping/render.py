"""A picture of a map, painted by NumPy alone, for machines without display, OpenGL or Vulkan.

The cloud is seen from above at a slant, in parallel projection, turned so that the drive runs from left to right.
What hangs far above the camera (treetops, wires) is left out, because it would hide the road.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, UInt8

from vo_gan.mapping.splat import brightened, fill_holes, nearest_points, shade_edges

WIDTH = 1600
"""Width of a picture in pixels; its height follows the map, within these multiples of the width."""
HEIGHT_RANGE = (0.3, 1.0)

SUPERSAMPLING = 2
"""The cloud is painted this much larger and then reduced, which smooths its edges."""

ELEVATION = np.radians(55)
"""Angle between the line of sight and the ground."""

MARGIN = 0.04
"""Free border, as a part of the width."""

ABOVE_CAMERA, BELOW_CAMERA = 2.0, 3.0
"""The heights that are painted, in heights of the camera over the ground."""

HEIGHT_CAMERAS = 64
"""Cameras along the drive to whose height that of the points near them is compared."""

BACKGROUND = (247, 247, 244)
INK = (40, 44, 52)
TRAJECTORY = (255, 122, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def encode_png(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """A PNG file of an RGB picture."""
    encoded = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1]
    return encoded.tobytes()


def render_map(
    points: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    world_from_camera: Float64[np.ndarray, "frames 4 4"],
    voxel_size: float,
    *,
    unit: str | None = "m",
    width: int = WIDTH,
) -> UInt8[np.ndarray, "h w 3"]:
    """Paint a point cloud with the trajectory over it.

    Args:
        points: world coordinates, at least one point.
        colours: RGB.
        world_from_camera: the trajectory.
        voxel_size: distance between neighbouring points of a surface; every point is painted that large.
        unit: of the coordinates, for the scale bar; None where the scale is not known.
        width: of the picture in pixels.

    Returns:
        an RGB picture of this width, as high as the map needs.
    """
    up = _unit(-world_from_camera[:, :3, 1].mean(axis=0))
    camera_height, low = near_ground(points, world_from_camera[:, :3, 3], up)
    points, colours = points[low], colours[low]
    axes = _axes(world_from_camera, up)
    seen = points @ axes.T.astype(np.float32)
    path = world_from_camera[:, :3, 3] @ axes.T
    frame = _fit(seen, path, width)

    side = max(1, int(np.ceil(voxel_size * frame.scale * SUPERSAMPLING)))
    enlarged = (SUPERSAMPLING * frame.size[0], SUPERSAMPLING * frame.size[1])
    sides = np.full(len(seen), side, np.int32)
    nearest = nearest_points(SUPERSAMPLING * frame.to_pixels(seen), seen[:, 2], sides, enlarged)
    painted = nearest >= 0
    canvas = np.zeros((*painted.shape, 4), np.float32)
    canvas[painted, :3] = brightened(colours)[nearest[painted]]
    canvas[painted, 3] = seen[nearest[painted], 2]
    painted = fill_holes(canvas, painted, side + 1)
    shade = shade_edges(canvas[..., 3] / np.float32(camera_height), painted, SUPERSAMPLING)
    large = np.where(painted[..., None], canvas[..., :3] * shade[..., None], np.array(BACKGROUND, np.float32))
    picture = cv2.resize(large.astype(np.uint8), frame.size, interpolation=cv2.INTER_AREA)
    _draw_path(picture, frame.to_pixels(path))
    _draw_scale_bar(picture, frame.scale, unit)
    return picture


@dataclass(frozen=True)
class _Frame:
    """Where the map lies in the picture: pixel = scale * coordinate + offset.

    Attributes:
        size: (width, height) of the picture.
        scale: pixels per unit of length.
        offset: x and y in pixels.
    """

    size: tuple[int, int]
    scale: float
    offset: Float[np.ndarray, " 2"]

    def to_pixels(self, seen: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        return seen[:, :2] * self.scale + self.offset


def _unit(vector: Float64[np.ndarray, " 3"]) -> Float64[np.ndarray, " 3"]:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def near_ground(
    points: Float32[np.ndarray, "n 3"], cameras: Float64[np.ndarray, "frames 3"], up: Float64[np.ndarray, " 3"]
) -> tuple[float, Bool[np.ndarray, " n"]]:
    """The camera's height over the ground, and the points to paint, by their height relative to the nearest camera."""
    chosen = np.unique(np.linspace(0, len(cameras) - 1, HEIGHT_CAMERAS).astype(int))
    some = cameras[chosen].astype(np.float32)
    squares = (some**2).sum(axis=1)
    heights = np.empty(len(points), np.float32)
    for start in range(0, len(points), 100_000):
        part = points[start : start + 100_000]
        nearest = np.argmin(squares - 2 * part @ some.T, axis=1)
        heights[start : start + 100_000] = (part - some[nearest]) @ up.astype(np.float32)
    # Most of what lies below the camera is ground.
    camera_height = -float(np.percentile(heights, 20))
    if camera_height <= 0:
        return float(np.ptp(heights)) or 1.0, np.ones(len(points), bool)
    return camera_height, (heights < ABOVE_CAMERA * camera_height) & (heights > -BELOW_CAMERA * camera_height)


def _axes(
    world_from_camera: Float64[np.ndarray, "frames 4 4"], up: Float64[np.ndarray, " 3"]
) -> Float64[np.ndarray, "3 3"]:
    """Rows: right, down and away in the picture, in world coordinates. The drive's longest extent goes right."""
    cameras = world_from_camera[:, :3, 3]
    level = cameras - np.outer(cameras @ up, up)
    level -= level.mean(axis=0)
    if np.abs(level).max() > 1e-9:
        right = np.linalg.svd(level, full_matrices=False)[2][0]
        right = right if (level[-1] - level[0]) @ right >= 0 else -right
    else:
        forward = world_from_camera[0, :3, 2]
        right = forward - up * (forward @ up)
    right = _unit(right)
    horizon = np.cross(up, right)
    away = np.cos(ELEVATION) * horizon - np.sin(ELEVATION) * up
    return np.stack([right, np.cross(away, right), away])


def _fit(seen: Float[np.ndarray, "n 3"], path: Float64[np.ndarray, "frames 3"], width: int) -> _Frame:
    """Scale and place the map so that all of the path and nearly all of the cloud are in the picture."""
    low = np.minimum(np.percentile(seen[:, :2], 1, axis=0), path[:, :2].min(axis=0))
    high = np.maximum(np.percentile(seen[:, :2], 99, axis=0), path[:, :2].max(axis=0))
    span = np.maximum(high - low, 1e-9)
    free = 2 * MARGIN * width
    height = round(float(np.clip((width - free) / span[0] * span[1] + free, *(width * np.array(HEIGHT_RANGE)))))
    scale = float(min((width - free) / span[0], (height - free) / span[1]))
    offset = np.array([width, height]) / 2 - scale * (low + high) / 2
    return _Frame((width, height), scale, offset)


def _draw_path(picture: UInt8[np.ndarray, "h w 3"], path: Float[np.ndarray, "frames 2"]) -> None:
    """The trajectory with its start (ring) and its end (disc)."""
    subpixel = 4
    fixed = np.rint(path * 2**subpixel).astype(np.int32)
    for thickness, colour in ((8, (255, 255, 255)), (4, TRAJECTORY)):
        cv2.polylines(picture, [fixed], False, colour, thickness, cv2.LINE_AA, subpixel)
    for position, name, filling in ((path[0], "start", (255, 255, 255)), (path[-1], "end", TRAJECTORY)):
        x, y = (round(float(value)) for value in position)
        cv2.circle(picture, (x, y), 11, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 9, TRAJECTORY, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, (x, y), 5, filling, cv2.FILLED, cv2.LINE_AA)
        _write(picture, name, (x, y - 20))


def _draw_scale_bar(picture: UInt8[np.ndarray, "h w 3"], scale: float, unit: str | None) -> None:
    """A bar of a round length (1, 2 or 5 times a power of ten) in the lower left corner. It holds along the drive's
    direction; the other is foreshortened by the slant."""
    height, width = picture.shape[:2]
    wanted = width / 6 / scale
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    left, bottom = round(width * MARGIN / 2), height - 24
    right = left + round(length * scale)
    for thickness, colour in ((7, (255, 255, 255)), (3, INK)):
        cv2.line(picture, (left, bottom), (right, bottom), colour, thickness, cv2.LINE_AA)
        for end in (left, right):
            cv2.line(picture, (end, bottom - 6), (end, bottom + 6), colour, thickness, cv2.LINE_AA)
    label = f"{length:g} {unit}" if unit is not None else f"{length:g} (scale unknown)"
    _write(picture, label, ((left + right) // 2, bottom - 14))


def _write(picture: UInt8[np.ndarray, "h w 3"], text: str, bottom_centre: tuple[int, int]) -> None:
    """Dark letters with a light rim, kept inside the picture."""
    (wide, high), _ = cv2.getTextSize(text, FONT, 0.7, 2)
    height, width = picture.shape[:2]
    x = min(max(bottom_centre[0] - wide // 2, 4), max(width - wide - 4, 4))
    y = min(max(bottom_centre[1], high + 4), height - 4)
    for thickness, colour in ((6, (255, 255, 255)), (2, INK)):
        cv2.putText(picture, text, (x, y), FONT, 0.7, colour, thickness, cv2.LINE_AA)
