"""Simple solids that the town is put together from.

Outlines are plan coordinates (x, z) in order around the edge; heights are metres above y = 0.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from vo_gan.world.mesh import Label, Material, MeshBuilder


def add_prism(
    builder: MeshBuilder,
    outline: Float[np.ndarray, "n 2"],
    bottom: float,
    top: float,
    material: Material,
    style: int,
    label: Label,
) -> None:
    """Add an upright prism on a convex outline; sides carry (metres around, height), the lid its plan coordinates."""
    following = np.roll(outline, -1, axis=0)
    length = np.linalg.norm(following - outline, axis=1)
    start = np.concatenate([[0.0], np.cumsum(length)[:-1]])
    low, high = np.full(len(outline), bottom), np.full(len(outline), top)
    corners = np.stack(
        [
            np.stack([outline[:, 0], -low, outline[:, 1]], axis=1),
            np.stack([following[:, 0], -low, following[:, 1]], axis=1),
            np.stack([following[:, 0], -high, following[:, 1]], axis=1),
            np.stack([outline[:, 0], -high, outline[:, 1]], axis=1),
        ],
        axis=1,
    )
    texture = np.stack(
        [
            np.stack([start, low], axis=1),
            np.stack([start + length, low], axis=1),
            np.stack([start + length, high], axis=1),
            np.stack([start, high], axis=1),
        ],
        axis=1,
    )
    builder.add_quads(corners, texture, material, style, label)
    flat = fan(outline)
    lid = np.stack([flat[..., 0], np.full(flat.shape[:2], -top), flat[..., 1]], axis=-1)
    builder.add_triangles(lid, flat, material, style, label)


def fan(outline: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "k 3 2"]:
    """The n - 2 triangles that fill a convex outline, all with its first corner."""
    return np.stack([np.stack([outline[0], outline[i], outline[i + 1]]) for i in range(1, len(outline) - 1)])


def grid_quads(grid: Float[np.ndarray, "*grids n m d"]) -> Float[np.ndarray, "k 4 d"]:
    """The (n - 1) (m - 1) quadrangles of a grid of points (or of what belongs to them), or of each of many, row by row.

    Their normals look to where (second axis) x (first axis) does.
    """
    here, right = grid[..., :-1, :-1, :], grid[..., :-1, 1:, :]
    ahead, across = grid[..., 1:, :-1, :], grid[..., 1:, 1:, :]
    return np.stack([here, right, across, ahead], axis=-2).reshape(-1, 4, grid.shape[-1])


def ring(x: float, z: float, radius: float, count: int) -> Float[np.ndarray, "n 2"]:
    """Outline of a regular polygon of `count` corners around (x, z)."""
    angle = 2 * np.pi * (np.arange(count) + 0.5) / count
    return np.stack([x + radius * np.cos(angle), z + radius * np.sin(angle)], axis=1)


def box(x: float, z: float, heading: float, half_width: float, half_length: float) -> Float[np.ndarray, "4 2"]:
    """Outline of a rectangle around (x, z): back left, front left, front right, back right."""
    forward = np.array([np.sin(heading), np.cos(heading)]) * half_length
    right = np.array([np.cos(heading), -np.sin(heading)]) * half_width
    return np.array([x, z]) + np.stack([-right - forward, -right + forward, right + forward, right - forward])


def icosphere(levels: int) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """A unit sphere of triangles: an icosahedron whose faces are split in four, `levels` - 1 times."""
    golden = (1 + 5**0.5) / 2
    corners = [(-1, golden, 0), (1, golden, 0), (-1, -golden, 0), (1, -golden, 0)]
    vertices = np.array([np.roll(c, shift) for shift in (0, 1, 2) for c in corners], dtype=np.float64)
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    side = np.min(np.linalg.norm(vertices[1:] - vertices[0], axis=1))
    near = np.abs(np.linalg.norm(vertices[:, None] - vertices[None], axis=2) - side) < 1e-6
    faces = np.array(
        [(i, j, k) for i in range(12) for j in range(i) for k in range(j) if near[i, j] and near[j, k] and near[i, k]]
    )
    for _ in range(levels - 1):
        corner = vertices[faces]
        middle = 0.5 * (corner + np.roll(corner, -1, axis=1))
        middle /= np.linalg.norm(middle, axis=2, keepdims=True)
        a, b, c = (corner[:, i] for i in range(3))
        ab, bc, ca = (middle[:, i] for i in range(3))
        soup = np.concatenate([np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
        vertices, index = np.unique(soup.reshape(-1, 3).round(9), axis=0, return_inverse=True)
        faces = index.reshape(-1, 3)
    return vertices, faces
