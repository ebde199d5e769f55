"""Shapes that are built once and put into a town many times, each time in other colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array

from vo_gan.world.mesh import Label, Material, MeshBuilder

CREASE = 42.0
"""Degrees; faces that meet at a larger angle keep an edge between them, if nothing else is said."""


@dataclass(frozen=True)
class Template:
    """A shape in object coordinates: origin on the ground under the centre, x right, y down, z forward.

    Attributes:
        corners: of every triangle in metres, in an order that makes (second - first) x (third - first) look outwards.
        normals: unit normals at the corners.
        texture: texture coordinates of the corners in metres.
        parts: number of a part, and its first triangle and the one after its last.
    """

    corners: Float[np.ndarray, "k 3 3"]
    normals: Float[np.ndarray, "k 3 3"]
    texture: Float[np.ndarray, "k 3 2"]
    parts: tuple[tuple[int, int, int], ...]


def make_template(
    corners: Float[np.ndarray, "k 3 3"],
    texture: Float[np.ndarray, "k 3 2"],
    part: Int[np.ndarray, " k"],
    crease: float = CREASE,
) -> Template:
    """Sort triangles by part, give them smooth normals and drop those without area.

    Args:
        corners: triangles in metres whose flat normals (first edge x second edge) look outwards.
        texture: texture coordinates of the corners in metres.
        part: number of the part that every triangle belongs to.
        crease: degrees between faces above which an edge stays.
    """
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    kept = np.flatnonzero(area > 1e-7)
    order = kept[np.argsort(part[kept], kind="stable")]
    number, start = np.unique(part[order], return_index=True)
    stop = np.append(start[1:], len(order))
    spans = tuple((int(n), int(a), int(b)) for n, a, b in zip(number, start, stop, strict=True))
    return Template(corners[order], smooth_normals(corners[order], crease), texture[order], spans)


def smooth_normals(corners: Float[np.ndarray, "k 3 3"], crease: float = CREASE) -> Float[np.ndarray, "k 3 3"]:
    """Unit normals at the corners of triangles: the mean, weighted by area, over the triangles that meet there.

    Triangles that meet at an angle above `crease` degrees do not count for each other. Corners meet where they are
    equal to 0.1 mm.
    """
    raw = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    place = np.unique((corners.reshape(-1, 3) * 1e4).round().astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    meets = coo_array((np.ones(len(place)), (np.arange(len(place)), place))).tocsr()
    one, other = (meets @ meets.T).nonzero()
    near = (flat[one // 3] * flat[other // 3]).sum(axis=1) > np.cos(np.radians(crease))
    one, other = one[near], other[near]
    total = np.stack([np.bincount(one, raw[other // 3, axis], len(place)) for axis in range(3)], axis=1)
    return (total / np.linalg.norm(total, axis=1, keepdims=True)).reshape(-1, 3, 3)


def add_template(
    builder: MeshBuilder,
    template: Template,
    looks: Mapping[int, tuple[Material, int]],
    label: Label,
    town_from_object: Float[np.ndarray, "4 4"],
) -> None:
    """Add a shape to a town.

    Args:
        builder: takes the triangles.
        template: the shape.
        looks: material and style of every part.
        label: what it is.
        town_from_object: where it stands.
    """
    turn, place = town_from_object[:3, :3].T, town_from_object[:3, 3]
    corners = template.corners @ turn + place
    normals = template.normals @ turn
    for part, start, stop in template.parts:
        some = slice(start, stop)
        material, style = looks[part]
        builder.add_triangles(corners[some], template.texture[some], material, style, label, normals[some])


def box_quads(low: tuple[float, float, float], high: tuple[float, float, float]) -> Float[np.ndarray, "6 4 3"]:
    """The sides of a box between two corners (x, y, z), normals outwards: left, right, top, bottom, back, front."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    sides = [
        [(x0, y0, z0), (x0, y0, z1), (x0, y1, z1), (x0, y1, z0)],
        [(x1, y0, z1), (x1, y0, z0), (x1, y1, z0), (x1, y1, z1)],
        [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)],
        [(x0, y1, z1), (x1, y1, z1), (x1, y1, z0), (x0, y1, z0)],
        [(x1, y0, z0), (x0, y0, z0), (x0, y1, z0), (x1, y1, z0)],
        [(x0, y0, z1), (x1, y0, z1), (x1, y1, z1), (x0, y1, z1)],
    ]
    return np.array(sides, dtype=np.float64)


def split_quads(quads: Float[np.ndarray, "k 4 d"]) -> Float[np.ndarray, "j 3 d"]:
    """Two triangles for every quadrangle."""
    return quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, quads.shape[2])


def mirrored(quads: Float[np.ndarray, "k 4 3"]) -> Float[np.ndarray, "k 4 3"]:
    """Quadrangles on the other side of the plane x = 0, turned round so that their normals are mirrored too."""
    return quads[:, ::-1] * np.array([-1.0, 1.0, 1.0])


def facing(quads: Float[np.ndarray, "k 4 3"]) -> Float[np.ndarray, "k 3"]:
    """Unit normals of quadrangles; zero for those without area."""
    normal = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
