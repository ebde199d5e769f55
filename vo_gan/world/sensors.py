"""The stereo camera: ray casting, shading and anti-aliasing of one pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from vo_gan.open3d_loader import load_open3d
from vo_gan.world.materials import ALBEDO, Surface
from vo_gan.world.mesh import Material
from vo_gan.world.textures import Noise, octaves
from vo_gan.world.town import Town

KITTI_SIZE = (1241, 376)
KITTI_INTRINSICS = (718.856, 718.856, 607.19, 185.2)
"""fx, fy, cx, cy of KITTI odometry's sequence 00 at KITTI_SIZE, in pixels."""
BASELINE = 0.54
"""Metres from the left to the right camera."""
HAZE_DISTANCE = 420.0
"""Metres after which 63 % of a surface's colour has gone to the horizon's."""

LEAF_SHADING = 0.7
"""How much of the shading by direction is left on leaves, which let light through."""

_SUBPIXELS = np.array([[-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]], np.float32)
_CLOUDS = octaves(0.9, 0.02, 0.22, 0.72)


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
    baseline: float = BASELINE


@dataclass(frozen=True)
class StereoFrame:
    """What the car sees at one moment.

    Attributes:
        left, right: RGB images.
        depth: z-depth in the left camera in metres, at pixel centres; inf where there is nothing but sky.
    """

    left: UInt8[np.ndarray, "h w 3"]
    right: UInt8[np.ndarray, "h w 3"]
    depth: Float32[np.ndarray, "h w"]


def kitti_camera(size: tuple[int, int]) -> Camera:
    """KITTI's camera for images resized to `size` = (width, height): x becomes (x + 0.5) s - 0.5."""
    scale_x, scale_y = size[0] / KITTI_SIZE[0], size[1] / KITTI_SIZE[1]
    fx, fy, cx, cy = KITTI_INTRINSICS
    return Camera(size, (fx * scale_x, fy * scale_y, (cx + 0.5) * scale_x - 0.5, (cy + 0.5) * scale_y - 0.5))


class Renderer:
    """Renders a town as a camera sees it."""

    def __init__(self, town: Town, noise: Noise, camera: Camera) -> None:
        self._town, self._noise, self._camera = town, noise, camera
        o3d = load_open3d()
        self._tensor: Any = o3d.core.Tensor
        self._scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        corners = town.mesh.triangles.reshape(-1, 3)
        index = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3)
        self._scene.add_triangles(self._tensor(corners), self._tensor(index))

    def render(self, town_from_camera: Float[np.ndarray, "4 4"]) -> StereoFrame:
        """Render both views of the pose of the left camera.

        Every pixel is one ray through its centre, whose colour is averaged over the pixel's footprint in closed form.
        Pixels across which the surface changes get four rays more.
        """
        width, height = self._camera.size
        side, y, x = (index.ravel() for index in np.indices((2, height, width), dtype=np.float32))
        side = side.astype(np.int64)
        colour, depth, face = self._see(town_from_camera, side, x, y)
        edge = np.flatnonzero(_edges(face.reshape(2, height, width), depth.reshape(2, height, width)))
        count = len(_SUBPIXELS)
        more_x = (x[edge] + _SUBPIXELS[:, 0, None]).ravel()
        more_y = (y[edge] + _SUBPIXELS[:, 1, None]).ravel()
        more, _, _ = self._see(town_from_camera, np.tile(side[edge], count), more_x, more_y)
        colour[edge] = (colour[edge] + more.reshape(count, len(edge), 3).sum(axis=0)) / (1 + count)
        images = np.clip(colour * 255.0 + 0.5, 0, 255).astype(np.uint8).reshape(2, height, width, 3)
        return StereoFrame(images[0], images[1], depth.reshape(2, height, width)[0])

    def _see(
        self,
        town_from_camera: Float[np.ndarray, "4 4"],
        side: Int[np.ndarray, " k"],
        x: Float32[np.ndarray, " k"],
        y: Float32[np.ndarray, " k"],
    ) -> tuple[Float32[np.ndarray, "k 3"], Float32[np.ndarray, " k"], Int[np.ndarray, " k"]]:
        """Colour, z-depth (inf: sky) and object seen at pixels (x, y) of the left (side 0) or right (1) view."""
        fx, fy, cx, cy = self._camera.intrinsics
        rotation = town_from_camera[:3, :3].astype(np.float32)
        left = town_from_camera[:3, 3]
        eyes = np.stack([left, left + self._camera.baseline * town_from_camera[:3, 0]]).astype(np.float32)
        a, b = (x - np.float32(cx)) * np.float32(1 / fx), (y - np.float32(cy)) * np.float32(1 / fy)
        rays = np.empty((len(x), 6), np.float32)
        rays[:, :3] = eyes[side]
        for axis in range(3):
            rays[:, 3 + axis] = a * rotation[axis, 0] + b * rotation[axis, 1] + rotation[axis, 2]
        hits = self._scene.cast_rays(self._tensor(rays), nthreads=1)
        depth = hits["t_hit"].numpy()
        finite = np.isfinite(depth)
        hit, miss = np.flatnonzero(finite), np.flatnonzero(~finite)
        triangle = hits["primitive_ids"].numpy()[hit].astype(np.int64)
        mesh = self._town.mesh
        colour = np.empty((len(x), 3), np.float32)
        colour[miss] = self._sky(rays[miss, 3:])
        pixel = np.stack([rotation[:, 0] / np.float32(fx), rotation[:, 1] / np.float32(fy)])
        colour[hit] = self._shade(triangle, eyes, side[hit], np.ascontiguousarray(rays[hit, 3:].T), depth[hit], pixel)
        face = np.full(len(x), -1, np.int32)
        face[hit] = mesh.style[triangle] * len(Material) + mesh.material[triangle]
        return colour, depth, face

    def _shade(
        self,
        triangle: Int[np.ndarray, " k"],
        eyes: Float32[np.ndarray, "2 3"],
        side: Int[np.ndarray, " k"],
        ray: Float32[np.ndarray, "3 k"],
        depth: Float32[np.ndarray, " k"],
        pixel: Float32[np.ndarray, "2 3"],
    ) -> Float32[np.ndarray, "k 3"]:
        """Colour of points on triangles, `depth` along `ray` from the eye of a side.

        With P = eye + depth * ray on a plane of normal n, dP/dx = depth (e - ray (n @ e) / (n @ ray)) for a pixel step
        that changes the ray by e; the change of u follows by its gradient.
        """
        mesh, light = self._town.mesh, self._town.light
        normal = mesh.frame[2][:, triangle]
        facing = _dot(normal, ray)
        steady = np.where(np.abs(facing) < 1e-6, np.float32(1e-6), facing)
        slopes = [_dot(normal, step) / steady for step in pixel]
        points, widths = [], []
        for axis in (0, 1):
            gradient = mesh.frame[axis][:, triangle]
            on_ray = _dot(gradient, ray)
            start = np.where(side == 0, _dot(gradient, eyes[0]), _dot(gradient, eyes[1]))
            points.append(mesh.origin[axis][triangle] + start + depth * on_ray)
            changes = [_dot(gradient, step) - slope * on_ray for step, slope in zip(pixel, slopes, strict=True)]
            widths.append(np.maximum(depth * np.sqrt(changes[0] ** 2 + changes[1] ** 2), np.float32(1e-3)))

        albedo = np.empty((len(triangle), 3), np.float32)
        material, style = mesh.material[triangle], mesh.style[triangle]
        for kind in Material:
            some = np.flatnonzero(material == kind)
            if len(some):
                (u, v), (width_u, width_v) = ((pair[0][some], pair[1][some]) for pair in (points, widths))
                surface = Surface(u, v, width_u, width_v, mesh.styles[style[some]], self._noise)
                albedo[some] = ALBEDO[kind](surface)
        normal *= -np.sign(facing)
        normal *= np.where(material == Material.FOLIAGE, np.float32(LEAF_SHADING), np.float32(1.0))
        sunny = np.clip(_dot(normal, light.towards_sun.astype(np.float32)), 0, 1)
        skyward = np.float32(0.82) - np.float32(0.18) * normal[1]
        clear = np.exp(depth * np.float32(-1 / HAZE_DISTANCE))
        colour = np.empty_like(albedo)
        for channel in range(3):
            sky, sun, haze = (float(x[channel]) for x in (light.ambient, light.sun, light.horizon))
            lit = skyward * np.float32(sky) + sunny * np.float32(sun)
            colour[:, channel] = np.float32(haze) + clear * (albedo[:, channel] * lit - np.float32(haze))
        return colour

    def _sky(self, ray: Float32[np.ndarray, "k 3"]) -> Float32[np.ndarray, "k 3"]:
        """Sky with clouds at infinity, seen along rays."""
        light = self._town.light
        length = np.sqrt((ray**2).sum(axis=1))
        up = np.clip(-ray[:, 1] / length, 0, 1)
        high = np.clip(up * 2.2, 0, 1)[:, None]
        colour = light.horizon + high * (light.zenith - light.horizon)
        away = 1.0 / (up + np.float32(0.12))
        step = np.float32(1.0 / self._camera.intrinsics[0])
        footprint = step * away * away
        cloud = self._noise.bands(ray[:, 0] / length * away, ray[:, 2] / length * away, footprint, footprint, _CLOUDS)
        cover = np.clip(cloud * 1.4 + 0.25, 0, 1)[:, None] * np.clip(up * 6, 0, 1)[:, None]
        return (colour + cover * (0.95 - colour)).astype(np.float32)


def _dot(one: Float32[np.ndarray, "3 k"], two: Float32[np.ndarray, " ..."]) -> Float32[np.ndarray, " k"]:
    """Dot products of column vectors, with one vector `[3]` or one a column `[3, k]`."""
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def _edges(face: Int[np.ndarray, "s h w"], depth: Float32[np.ndarray, "s h w"]) -> Bool[np.ndarray, "s h w"]:
    """Pixels whose surface differs from that of a neighbour, `[s, h, w]`."""
    edge = np.zeros(face.shape, bool)
    near = np.where(np.isfinite(depth), depth, np.float32(1e4))
    for axis in (1, 2):
        one: list[slice] = [slice(None)] * 3
        two: list[slice] = [slice(None)] * 3
        one[axis], two[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(one), tuple(two)
        jump = np.abs(near[a] - near[b]) > 0.1 * np.minimum(near[a], near[b])
        differs = (face[a] != face[b]) | (jump & (np.minimum(near[a], near[b]) < 60.0))
        edge[a] |= differs
        edge[b] |= differs
    return edge
