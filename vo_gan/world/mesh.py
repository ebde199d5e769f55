"""Triangles with what the shader wants to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, Shaped, UInt8

STYLE_COLUMNS = 16
"""Numbers in a style: colour (3), second colour (3), seed in [0, 1), and up to nine parameters of the material."""


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
        normals: unit normals at the corners, float32 `[m, 9]`; equal ones make a flat face.
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
            normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
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
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        facing = np.abs(normal).argmax(axis=1)
        axes = np.array([[2, 1], [0, 2], [0, 1]])[facing]
        texture = np.take_along_axis(corners, axes[:, None, :].repeat(3, axis=1), axis=2)
        self.add_triangles(corners, texture, material, style, label, None if normals is None else normals[faces])

    def build(self) -> Mesh:
        """All faces so far as one mesh; faces without area are left out."""
        corners = np.concatenate(self._triangles)
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        normal = np.cross(first, second)
        area = np.linalg.norm(normal, axis=1)
        keep = area > 1e-9
        count, *kinds = zip(*self._kind, strict=True)
        material, label, style = (np.repeat(kind, count)[keep] for kind in kinds)
        texture = np.concatenate(self._texture)[keep]
        flat = normal[keep] / area[keep, None]
        return Mesh(
            triangles=corners[keep].astype(np.float32),
            normals=np.concatenate(self._normals)[keep].reshape(-1, 9).astype(np.float32),
            texture=_texture_rows(corners[keep, 0], first[keep], second[keep], flat, texture).astype(np.float32),
            material=material.astype(np.uint8),
            label=label.astype(np.uint8),
            style=style.astype(np.int32),
            styles=np.stack(self._styles).astype(np.float32),
        )


def _texture_rows(
    corner: Shaped[np.ndarray, "m 3"],
    first: Shaped[np.ndarray, "m 3"],
    second: Shaped[np.ndarray, "m 3"],
    normal: Shaped[np.ndarray, "m 3"],
    texture: Shaped[np.ndarray, "m 3 2"],
) -> Shaped[np.ndarray, "m 8"]:
    """The in-plane gradients of u and v and the values of u and v at the world's origin.

    The gradient g of u satisfies g @ first = u1 - u0, g @ second = u2 - u0 and g @ normal = 0; by Cramer's rule with
    det = (first x second) @ normal it is ((u1 - u0) second x normal + (u2 - u0) normal x first) / det.
    """
    determinant = (np.cross(first, second) * normal).sum(axis=1)
    along_first = np.cross(second, normal) / determinant[:, None]
    along_second = np.cross(normal, first) / determinant[:, None]
    change = texture[:, 1:] - texture[:, :1]
    gradient = change[:, 0, :, None] * along_first[:, None, :] + change[:, 1, :, None] * along_second[:, None, :]
    start = texture[:, 0] - (gradient * corner[:, None, :]).sum(axis=2)
    return np.concatenate([gradient.reshape(-1, 6), start], axis=1)


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
