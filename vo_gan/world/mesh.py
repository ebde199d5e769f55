"""Triangles with what the shader wants to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, Shaped

STYLE_COLUMNS = 16
"""Numbers in a style: colour (3), second colour (3), seed in [0, 1), and up to nine parameters of the material."""


class Material(IntEnum):
    """What a triangle is made of; `vo_gan.world.materials` has a function for each."""

    ASPHALT = 0
    PAVEMENT = 1
    GRASS = 2
    FACADE = 3
    ROOF = 4
    FOLIAGE = 5
    PLAIN = 6
    CAR = 7


@dataclass(frozen=True)
class Mesh:
    """A triangle soup, ready for ray casting and shading.

    Attributes:
        triangles: corners in metres, float32 `[m, 3, 3]`.
        frame: vectors U, V and unit normal N of every triangle, float32 `[3, 3, m]` (which, axis, triangle). U and V
            are the gradients of the texture coordinates u and v in space: u = U @ p + u0 at a point p of the triangle.
        origin: u0 and v0 of every triangle, float32 `[2, m]`.
        material: `Material` of every triangle, int32 `[m]`.
        style: row of `styles` of every triangle, int32 `[m]`.
        styles: parameters of the materials, float32 `[k, STYLE_COLUMNS]`.
    """

    triangles: Float32[np.ndarray, "m 3 3"]
    frame: Float32[np.ndarray, "3 3 m"]
    origin: Float32[np.ndarray, "2 m"]
    material: Int32[np.ndarray, " m"]
    style: Int32[np.ndarray, " m"]
    styles: Float32[np.ndarray, "k 16"]


class MeshBuilder:
    """Collects faces; `build` makes the `Mesh`."""

    def __init__(self) -> None:
        self._triangles: list[np.ndarray] = []
        self._texture: list[np.ndarray] = []
        self._material: list[np.ndarray] = []
        self._style: list[np.ndarray] = []
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
    ) -> None:
        """Add triangles with the texture coordinates (metres) of their corners."""
        self._triangles.append(corners)
        self._texture.append(texture)
        self._material.append(np.full(len(corners), int(material)))
        self._style.append(np.full(len(corners), style))

    def add_quads(
        self,
        corners: Float[np.ndarray, "k 4 3"],
        texture: Float[np.ndarray, "k 4 2"],
        material: Material,
        style: int,
    ) -> None:
        """Add quadrangles, corners in order around the edge."""
        split = np.array([[0, 1, 2], [0, 2, 3]])
        self.add_triangles(corners[:, split].reshape(-1, 3, 3), texture[:, split].reshape(-1, 3, 2), material, style)

    def add_solid(
        self, vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], material: Material, style: int
    ) -> None:
        """Add a solid whose texture is projected along the axis that each triangle faces most."""
        corners = vertices[faces]
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        facing = np.abs(normal).argmax(axis=1)
        axes = np.array([[2, 1], [0, 2], [0, 1]])[facing]
        texture = np.take_along_axis(corners, axes[:, None, :].repeat(3, axis=1), axis=2)
        self.add_triangles(corners, texture, material, style)

    def build(self) -> Mesh:
        """All faces so far as one mesh; faces without area are left out."""
        corners = np.concatenate(self._triangles)
        texture = np.concatenate(self._texture)
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        normal = np.cross(first, second)
        area = np.linalg.norm(normal, axis=1)
        keep = area > 1e-9
        corners, texture, first, second = corners[keep], texture[keep], first[keep], second[keep]
        normal = normal[keep] / area[keep, None]
        gradient, origin = _texture_gradient(corners[:, 0], first, second, normal, texture)
        return Mesh(
            triangles=corners.astype(np.float32),
            frame=_columns(np.concatenate([gradient, normal[:, None, :]], axis=1)),
            origin=_columns(origin),
            material=np.concatenate(self._material)[keep].astype(np.int32),
            style=np.concatenate(self._style)[keep].astype(np.int32),
            styles=np.stack(self._styles).astype(np.float32),
        )


def _columns(rows: Shaped[np.ndarray, "m ..."]) -> Float32[np.ndarray, " ..."]:
    """Float32 with the triangles along the last axis, so that gathering one number of many triangles is cheap."""
    return np.ascontiguousarray(np.moveaxis(rows, 0, -1), dtype=np.float32)


def _texture_gradient(
    corner: Shaped[np.ndarray, "m 3"],
    first: Shaped[np.ndarray, "m 3"],
    second: Shaped[np.ndarray, "m 3"],
    normal: Shaped[np.ndarray, "m 3"],
    texture: Shaped[np.ndarray, "m 3 2"],
) -> tuple[np.ndarray, np.ndarray]:
    """The in-plane gradients of u and v `[m, 2, 3]` and their values at the world's origin `[m, 2]`.

    The gradient g of u satisfies g @ first = u1 - u0, g @ second = u2 - u0 and g @ normal = 0; by Cramer's rule with
    det = (first x second) @ normal it is ((u1 - u0) second x normal + (u2 - u0) normal x first) / det.
    """
    determinant = (np.cross(first, second) * normal).sum(axis=1)
    along_first = np.cross(second, normal) / determinant[:, None]
    along_second = np.cross(normal, first) / determinant[:, None]
    change = texture[:, 1:] - texture[:, :1]
    gradient = change[:, 0, :, None] * along_first[:, None, :] + change[:, 1, :, None] * along_second[:, None, :]
    return gradient, texture[:, 0] - (gradient * corner[:, None, :]).sum(axis=2)
