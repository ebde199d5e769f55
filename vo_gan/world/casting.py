"""Rays: which pixels have which, where they end, what shades them, and how they look from things that move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32

from vo_gan.open3d_loader import load_open3d
from vo_gan.world.camera import Camera
from vo_gan.world.mesh import Mesh
from vo_gan.world.weather import Weather

NOTHING = -1
"""`Hits.owner` of the sky."""
STATIC = 0
"""`Hits.owner` of what stands still; the things that move follow."""


@dataclass(frozen=True)
class Placed:
    """A thing that moves, where it is now.

    Attributes:
        model: index of its mesh among the renderer's models.
        town_from_object: its pose.
    """

    model: int
    town_from_object: Float[np.ndarray, "4 4"]


@dataclass(frozen=True)
class Hits:
    """Where rays end. Triangles are counted through all meshes; surfaces have their owner's coordinates turned away."""

    depth: Float32[np.ndarray, " k"]
    owner: Int32[np.ndarray, " k"]
    triangle: Int[np.ndarray, " k"]
    corner: Float32[np.ndarray, "k 2"]
    normal: Float32[np.ndarray, "k 3"]


class Caster:
    """A mesh that rays can be cast on."""

    def __init__(self, mesh: Mesh) -> None:
        o3d = load_open3d()
        self._tensor: Any = o3d.core.Tensor
        self._scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        corners = mesh.triangles.reshape(-1, 3)
        self._scene.add_triangles(
            self._tensor(corners), self._tensor(np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))
        )
        self.low, self.high = corners.min(axis=0), corners.max(axis=0)

    def cast(self, rays: Float32[np.ndarray, "k 6"]) -> dict[str, Any]:
        """Open3D's answer for rays given by origin and direction."""
        return {name: value.numpy() for name, value in self._scene.cast_rays(self._tensor(rays), nthreads=1).items()}

    def blocks(self, rays: Float32[np.ndarray, "k 6"]) -> Bool[np.ndarray, " k"]:
        """Whether rays hit anything."""
        return self._scene.test_occlusions(self._tensor(rays), nthreads=1).numpy()


class View:
    """A moment: the camera's pose, light and air, and where the moving things are."""

    def __init__(
        self,
        camera: Camera,
        town_from_camera: Float[np.ndarray, "4 4"],
        weather: Weather,
        time: float,
        movers: Sequence[Placed],
    ) -> None:
        self.town_from_camera, self.weather, self.time, self.movers = town_from_camera, weather, time, movers
        self._camera = camera
        axes = town_from_camera[:3, :3]
        left = town_from_camera[:3, 3]
        self.rotation = axes.astype(np.float32)
        self.eyes = np.stack([left, left + camera.baseline * axes[:, 0]]).astype(np.float32)
        fx, fy, _, _ = camera.intrinsics
        self.steps = np.stack([axes[:, 0] / fx, axes[:, 1] / fy]).astype(np.float32)

    def rays(
        self, side: Int[np.ndarray, " k"], x: Float32[np.ndarray, " k"], y: Float32[np.ndarray, " k"]
    ) -> Float32[np.ndarray, "k 6"]:
        """Origins and directions of the rays of pixels; a direction is 1 long along the camera's axis."""
        fx, fy, cx, cy = self._camera.intrinsics
        a, b = (x - np.float32(cx)) * np.float32(1 / fx), (y - np.float32(cy)) * np.float32(1 / fy)
        rays = np.empty((len(x), 6), np.float32)
        rays[:, :3] = self.eyes[side]
        for axis in range(3):
            rays[:, 3 + axis] = a * self.rotation[axis, 0] + b * self.rotation[axis, 1] + self.rotation[axis, 2]
        return rays

    def around(
        self,
        mover: Placed,
        low: Float32[np.ndarray, " 3"],
        high: Float32[np.ndarray, " 3"],
        side: Int[np.ndarray, " k"],
        x: Float32[np.ndarray, " k"],
        y: Float32[np.ndarray, " k"],
    ) -> Int[np.ndarray, " n"]:
        """Indices of the pixels in the rectangles around a moving thing's box in both views."""
        fx, fy, cx, cy = self._camera.intrinsics
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        pose = np.linalg.inv(self.town_from_camera) @ mover.town_from_object
        seen = corners @ pose[:3, :3].T + pose[:3, 3]
        if seen[:, 2].max() < 0.1:
            return np.zeros(0, np.intp)
        if seen[:, 2].min() < 0.1:
            return np.arange(len(x))
        down = seen[:, 1] / seen[:, 2] * fy + cy
        inside = (y > down.min() - 1) & (y < down.max() + 1)
        if not inside.any():
            return np.zeros(0, np.intp)
        near = np.flatnonzero(inside)
        across = [(seen[:, 0] - eye * self._camera.baseline) / seen[:, 2] * fx + cx for eye in (0, 1)]
        first, last = (
            np.array([pick(values) for values in across], np.float32)[side[near]] for pick in (np.min, np.max)
        )
        return near[(x[near] > first - 1) & (x[near] < last + 1)]


def inverse(pose: Float[np.ndarray, "4 4"]) -> tuple[Float32[np.ndarray, "3 3"], Float32[np.ndarray, " 3"]]:
    """Rotation and translation of the inverse of a rigid transform."""
    turn = pose[:3, :3].T
    return turn.astype(np.float32), (-turn @ pose[:3, 3]).astype(np.float32)


def moved(
    rays: Float32[np.ndarray, "k 6"], turn: Float32[np.ndarray, "3 3"], shift: Float32[np.ndarray, " 3"]
) -> Float32[np.ndarray, "k 6"]:
    """Rays in other coordinates; a ray's length stays."""
    return np.concatenate([rays[:, :3] @ turn.T + shift, rays[:, 3:] @ turn.T], axis=1)


def meets_box(
    rays: Float32[np.ndarray, "k 6"], low: Float32[np.ndarray, " 3"], high: Float32[np.ndarray, " 3"]
) -> Bool[np.ndarray, " k"]:
    """Whether rays meet a box (the slab test of Kay and Kajiya, SIGGRAPH 1986)."""
    inverse = 1 / np.where(np.abs(rays[:, 3:]) < 1e-9, np.float32(1e-9), rays[:, 3:])
    one, two = (low - rays[:, :3]) * inverse, (high - rays[:, :3]) * inverse
    leave = np.maximum(one, two).min(axis=1)
    return (np.minimum(one, two).max(axis=1) <= leave) & (leave > 0)


class Scene:
    """What stands still and the models of what moves, for rays to be cast on."""

    def __init__(self, meshes: Sequence[Mesh]) -> None:
        """Make ready: the first mesh stands still, the others are the models."""
        self._casters = [Caster(mesh) for mesh in meshes]
        self._first = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes)])

    def cast(
        self,
        view: View,
        side: Int[np.ndarray, " k"],
        x: Float32[np.ndarray, " k"],
        y: Float32[np.ndarray, " k"],
        rays: Float32[np.ndarray, "k 6"],
    ) -> Hits:
        """Cast rays on what stands still, then on every moving thing where its box is in the picture."""
        answer = self._casters[0].cast(rays)
        depth, normal, corner = answer["t_hit"], answer["primitive_normals"], answer["primitive_uvs"]
        owner = np.where(np.isfinite(depth), np.int32(STATIC), np.int32(NOTHING))
        triangle = np.where(np.isfinite(depth), answer["primitive_ids"], 0).astype(np.intp)
        for number, mover in enumerate(view.movers, start=1):
            caster = self._casters[1 + mover.model]
            inside = view.around(mover, caster.low, caster.high, side, x, y)
            if len(inside) == 0:
                continue
            turn, shift = inverse(mover.town_from_object)
            answer = caster.cast(moved(rays[inside], turn, shift))
            nearer = answer["t_hit"] < depth[inside]
            pixel = inside[nearer]
            depth[pixel], corner[pixel] = answer["t_hit"][nearer], answer["primitive_uvs"][nearer]
            normal[pixel] = answer["primitive_normals"][nearer] @ turn
            owner[pixel] = number
            triangle[pixel] = answer["primitive_ids"][nearer] + self._first[1 + mover.model]
        facing = np.einsum("ij,ij->i", normal, rays[:, 3:]) > 0
        normal[facing] *= np.float32(-1)
        normal[owner == NOTHING] = 0
        return Hits(depth, owner, triangle, corner, normal)

    def in_shadow(self, view: View, start: Float32[np.ndarray, "k 3"]) -> Bool[np.ndarray, " k"]:
        """Whether anything lies between points and the sun."""
        rays = np.empty((len(start), 6), np.float32)
        rays[:, :3], rays[:, 3:] = start, view.weather.towards_sun
        shaded = self._casters[0].blocks(rays)
        for mover in view.movers:
            caster = self._casters[1 + mover.model]
            turn, shift = inverse(mover.town_from_object)
            local = moved(rays, turn, shift)
            near = np.flatnonzero(meets_box(local, caster.low, caster.high) & ~shaded)
            if len(near):
                shaded[near] = caster.blocks(local[near])
        return shaded
