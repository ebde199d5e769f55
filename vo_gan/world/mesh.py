"""Triangles with what the shader wants to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, Shaped, UInt8

STYLE_COLUMNS = 16
"""Numbers in a style: colour (3), second colour (3), seed in [0, 1), and up to nine parameters of the material."""

_BLOCK = 1 << 14
"""Triangles that are worked on at a time, for the cache's sake."""


class Material(IntEnum):
    """What a triangle is made of; `vo_gan.world.materials` has a function for each."""

    ASPHALT = 0
    PAVEMENT = 1
    KERB = 2
    GRASS = 3
    FACADE = 4
    ROOF = 5
    PLASTER = 6
    FOLIAGE = 7
    BARK = 8
    WOOD = 9
    METAL = 10
    SIGN = 11
    LAMP = 12
    CAR = 13
    TYRE = 14
    CLOTH = 15
    SKIN = 16


class Label(IntEnum):
    """What a triangle is: the label ids of Cityscapes (Cordts et al., CVPR 2016), which KITTI's semantics use too."""

    UNLABELED = 0
    ROAD = 7
    SIDEWALK = 8
    BUILDING = 11
    WALL = 12
    FENCE = 13
    POLE = 17
    TRAFFIC_LIGHT = 19
    TRAFFIC_SIGN = 20
    VEGETATION = 21
    TERRAIN = 22
    SKY = 23
    PERSON = 24
    CAR = 26


@dataclass(frozen=True)
class Mesh:
    """A triangle soup, ready for ray casting and shading.

    Attributes:
        triangles: corners in metres, float32 `[m, 3, 3]`.
        normals: unit normals at the corners, float32 `[m, 9]`; those of the plane make a flat face.
        texture: rows U, V, u0, v0 of every triangle, float32 `[m, 8]`. U and V are the gradients of the texture
            coordinates u and v in space: u = U @ p + u0 at a point p of the triangle.
        material: `Material` of every triangle.
        label: `Label` of every triangle.
        style: row of `styles` of every triangle.
        styles: parameters of the materials.
    """

    triangles: Float32[np.ndarray, "m 3 3"]
    normals: Float32[np.ndarray, "m 9"]
    texture: Float32[np.ndarray, "m 8"]
    material: UInt8[np.ndarray, " m"]
    label: UInt8[np.ndarray, " m"]
    style: Int32[np.ndarray, " m"]
    styles: Float32[np.ndarray, "k 16"]


class MeshBuilder:
    """Collects faces; `build` makes the `Mesh`."""

    def __init__(self) -> None:
        self._triangles: list[np.ndarray] = []
        self._normals: list[np.ndarray] = []
        self._texture: list[np.ndarray] = []
        self._kind: list[tuple[int, Material, Label, int]] = []
        self._styles: list[np.ndarray] = []

    def add_style(
        self,
        colour: tuple[float, ...] | Float[np.ndarray, " 3"],
        second: tuple[float, ...] | Float[np.ndarray, " 3"] = (0.5, 0.5, 0.5),
        seed: float = 0.0,
        parameters: tuple[float, ...] = (),
    ) -> int:
        """Add the look of an object (RGB in [0, 1]); returns its number, which faces refer to."""
        row = np.zeros(STYLE_COLUMNS)
        row[0:3], row[3:6], row[6] = colour, second, seed
        row[7 : 7 + len(parameters)] = parameters
        self._styles.append(row)
        return len(self._styles) - 1

    def add_triangles(
        self,
        corners: Float[np.ndarray, "k 3 3"],
        texture: Float[np.ndarray, "k 3 2"],
        material: Material,
        style: int,
        label: Label,
        normals: Float[np.ndarray, "k 3 3"] | None = None,
    ) -> None:
        """Add triangles with the texture coordinates (metres) and the unit normals (None: flat) of their corners."""
        if normals is None:
            normal = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normal /= np.maximum(np.sqrt(np.einsum("ij,ij->i", normal, normal)), 1e-12)[:, None]
            normals = np.repeat(normal[:, None], 3, axis=1)
        self._triangles.append(corners)
        self._normals.append(normals)
        self._texture.append(texture)
        self._kind.append((len(corners), material, label, style))

    def add_quads(
        self,
        corners: Float[np.ndarray, "k 4 3"],
        texture: Float[np.ndarray, "k 4 2"],
        material: Material,
        style: int,
        label: Label,
        normals: Float[np.ndarray, "k 4 3"] | None = None,
    ) -> None:
        """Add quadrangles, corners in order around the edge."""
        split = np.array([[0, 1, 2], [0, 2, 3]])
        self.add_triangles(
            corners[:, split].reshape(-1, 3, 3),
            texture[:, split].reshape(-1, 3, 2),
            material,
            style,
            label,
            None if normals is None else normals[:, split].reshape(-1, 3, 3),
        )

    def add_solid(
        self,
        vertices: Float[np.ndarray, "v 3"],
        faces: Int[np.ndarray, "f 3"],
        material: Material,
        style: int,
        label: Label,
        normals: Float[np.ndarray, "v 3"] | None = None,
    ) -> None:
        """Add a solid whose texture is projected along the axis that each triangle faces most.

        Args:
            vertices, faces: corners in metres and indices into them.
            material, style, label: of all faces.
            normals: unit normals at the vertices (smooth shading); flat faces if None.
        """
        corners = vertices[faces]
        normal = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        facing = np.abs(normal).argmax(axis=1)
        axes = np.array([[2, 1], [0, 2], [0, 1]])[facing]
        texture = np.take_along_axis(corners, axes[:, None, :].repeat(3, axis=1), axis=2)
        self.add_triangles(corners, texture, material, style, label, None if normals is None else normals[faces])

    def build(self) -> Mesh:
        """All faces so far as one mesh; faces without area are left out."""
        count, *kinds = zip(*self._kind, strict=True)
        material, label, style = (
            np.repeat(kind, count).astype(dtype)
            for kind, dtype in zip(kinds, (np.uint8, np.uint8, np.int32), strict=True)
        )
        corners, given = np.concatenate(self._triangles), np.concatenate(self._texture)
        texture, area = np.empty((len(corners), 8), np.float32), np.empty(len(corners))
        for start in range(0, len(corners), _BLOCK):
            some = slice(start, start + _BLOCK)
            texture[some], area[some] = _texture_rows(corners[some], given[some])
        keep = np.flatnonzero(area > 1e-9)
        triangles, normals = corners.astype(np.float32), np.concatenate(self._normals, dtype=np.float32).reshape(-1, 9)
        return Mesh(
            triangles=triangles[keep],
            normals=normals[keep],
            texture=texture[keep],
            material=material[keep],
            label=label[keep],
            style=style[keep],
            styles=np.stack(self._styles).astype(np.float32),
        )


def cross(one: Shaped[np.ndarray, "m 3"], two: Shaped[np.ndarray, "m 3"]) -> Shaped[np.ndarray, "m 3"]:
    """Cross products of rows (several times as fast as `np.cross`)."""
    (a, b, c), (d, e, f) = one.T, two.T
    return np.stack([b * f - c * e, c * d - a * f, a * e - b * d], axis=1)


def _texture_rows(
    corners: Shaped[np.ndarray, "m 3 3"], texture: Shaped[np.ndarray, "m 3 2"]
) -> tuple[Float32[np.ndarray, "m 8"], Float[np.ndarray, " m"]]:
    """The in-plane gradients of u and v, the values of u and v at the world's origin; and twice the triangles' areas.

    The gradient g of u satisfies g @ first = u1 - u0, g @ second = u2 - u0 and g @ normal = 0; by Cramer's rule with
    normal = first x second it is ((u1 - u0) second x normal + (u2 - u0) normal x first) / (normal @ normal).
    """
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = cross(first, second)
    square = np.einsum("ij,ij->i", normal, normal)
    safe = np.maximum(square, 1e-30)[:, None]
    along_first, along_second = cross(second, normal) / safe, cross(normal, first) / safe
    change = texture[:, 1:] - texture[:, :1]
    rows = np.empty((len(corners), 8), np.float32)
    for axis in (0, 1):
        gradient = change[:, 0, axis, None] * along_first + change[:, 1, axis, None] * along_second
        rows[:, 3 * axis : 3 * axis + 3] = gradient
        rows[:, 6 + axis] = texture[:, 0, axis] - np.einsum("ij,ij->i", gradient, corners[:, 0])
    return rows, np.sqrt(square)


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one: triangles and styles one mesh after the other."""
    styles = np.cumsum([0, *(len(mesh.styles) for mesh in meshes[:-1])])
    return Mesh(
        triangles=np.concatenate([mesh.triangles for mesh in meshes]),
        normals=np.concatenate([mesh.normals for mesh in meshes]),
        texture=np.concatenate([mesh.texture for mesh in meshes]),
        material=np.concatenate([mesh.material for mesh in meshes]),
        label=np.concatenate([mesh.label for mesh in meshes]),
        style=np.concatenate([mesh.style + np.int32(first) for mesh, first in zip(meshes, styles, strict=True)]),
        styles=np.concatenate([mesh.styles for mesh in meshes]),
    )
