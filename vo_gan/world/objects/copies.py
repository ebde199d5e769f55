"""Many copies of a model: built once, put wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from vo_gan.world.mesh import Label, Material, Mesh, MeshBuilder


def add_copies(
    builder: MeshBuilder,
    model: Mesh,
    place: Float[np.ndarray, "n 3"],
    heading: Float[np.ndarray, " n"],
    scale: Float[np.ndarray, " n"] | None = None,
    styles: Sequence[int] | None = None,
) -> None:
    """Add upright copies of a model.

    Surface coordinates grow with the scale and are moved along u by a metre or two from copy to copy of a plant, so
    that no two of them are alike; other materials keep theirs.

    Args:
        builder: takes the faces.
        model: object coordinates: origin on the ground, x right, y down, z forward.
        place: (x, y, z) in the town of the origin of every copy, metres.
        heading: where each copy's z axis looks in plan, radians.
        scale: size of each copy; 1 if None.
        styles: number in `builder` of every style of the model; the model's own styles are added if None.
    """
    if not len(place):
        return
    if styles is None:
        styles = [add_style_row(builder, row) for row in model.styles]
    place, heading = place.astype(np.float32), heading.astype(np.float32)
    size = np.ones(len(place), np.float32) if scale is None else scale.astype(np.float32)
    turn = np.zeros((len(place), 3, 3), np.float32)
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(heading)
    turn[:, 0, 2], turn[:, 2, 0], turn[:, 1, 1] = np.sin(heading), -np.sin(heading), 1.0
    corners = _turned(model.triangles.reshape(-1, 3), turn) * size[:, None, None] + place[:, None]
    normals = _turned(model.normals.reshape(-1, 3), turn)
    gradient = model.texture[:, :6].reshape(-1, 2, 3)
    texture = np.einsum("mca,mta->mct", model.triangles, gradient) + model.texture[:, None, 6:]
    moved = np.float32(1.37) * np.arange(len(place), dtype=np.float32)
    count = len(model.triangles)
    kinds = np.stack([model.material, model.label, model.style], axis=1).astype(np.int64)
    for kind in np.unique(kinds, axis=0):
        some = np.flatnonzero((kinds == kind).all(axis=1))
        material, label, style = Material(kind[0]), Label(kind[1]), styles[int(kind[2])]
        shift = moved * (material in (Material.FOLIAGE, Material.BARK))
        where = texture[some] * size[:, None, None, None]
        where[..., 0] += shift[:, None, None]
        builder.add_triangles(
            corners.reshape(-1, count, 3, 3)[:, some].reshape(-1, 3, 3),
            where.reshape(-1, 3, 2),
            material,
            style,
            label,
            normals.reshape(-1, count, 3, 3)[:, some].reshape(-1, 3, 3),
        )


def add_style_row(builder: MeshBuilder, row: Float[np.ndarray, " 16"]) -> int:
    """Add a style as `Mesh.styles` keeps it; returns its number."""
    return builder.add_style(row[0:3], row[3:6], float(row[6]), tuple(float(x) for x in row[7:]))


def _turned(vectors: Float[np.ndarray, "m 3"], turn: Float[np.ndarray, "n 3 3"]) -> Float[np.ndarray, "n m 3"]:
    """Vectors turned by every rotation."""
    return vectors @ turn.transpose(0, 2, 1)
