"""Parts of buildings: solids between two level rectangles, collected by the thousand and turned into faces at once.

A box, a wall, a sloping roof, a hipped one, an awning and a window sill all are such solids. Each is given in a frame:
x metres to the right along a wall as seen from outside, z metres inwards (negative: in front of the wall), y metres
above the house's ground level.
"""

from __future__ import annotations

from enum import IntFlag

import numpy as np
from jaxtyping import Float, Int

from vo_gan.world.mesh import Label, Material, MeshBuilder


class Side(IntFlag):
    """Faces of a solid, seen from outside the wall of its frame."""

    FRONT = 1
    RIGHT = 2
    BACK = 4
    LEFT = 8
    TOP = 16
    BOTTOM = 32
    AROUND = 15
    OUTSIDE = 11
    """What is seen of a thing on a wall, without top and bottom."""


_FACES = np.array([[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7], [0, 1, 2, 3]])
"""Corners of each face; 0 to 3 go around the lower rectangle from front left over front right, 4 to 7 the upper one."""
_ALONG_X = np.array([True, False, True, False, True, True])
_LEVEL = np.array([False, False, False, False, True, True])

Numbers = float | np.ndarray
"""One number, or one for each of several solids."""


class Slabs:
    """Collects solids; `emit` adds their faces to a builder."""

    def __init__(self) -> None:
        self._frames: list[tuple[float, ...]] = []
        self._rows: list[tuple[Numbers, ...]] = []
        self._many: list[np.ndarray] = []

    def add_frame(
        self,
        origin: Float[np.ndarray, " 2"],
        right: Float[np.ndarray, " 2"],
        inwards: Float[np.ndarray, " 2"],
        level: float,
    ) -> int:
        """Add a frame at (x, z) of the town, its ground `level` metres high; returns its number."""
        self._frames.append((*origin, *right, *inwards, level))
        return len(self._frames) - 1

    def add(
        self,
        frame: int,
        x: tuple[Numbers, Numbers],
        y: tuple[Numbers, Numbers],
        z: tuple[Numbers, Numbers],
        material: Material,
        style: int,
        faces: Side,
        top_x: tuple[Numbers, Numbers] | None = None,
        top_z: tuple[Numbers, Numbers] | None = None,
        datum: float = 0.0,
    ) -> None:
        """Add one solid, or several at once where numbers are arrays (of one length).

        Upright faces carry u = x (or z) and v = metres up their slope from a height of `datum`; level ones x and z.

        Args:
            frame: what the coordinates refer to.
            x, z: sides of the lower rectangle in metres.
            y: heights of the lower and the upper rectangle in metres.
            material, style: of all faces.
            faces: which faces there are.
            top_x, top_z: sides of the upper rectangle in metres; those of the lower one if None.
            datum: height at which v is 0.
        """
        row = (frame, *x, *z, *(top_x or x), *(top_z or z), *y, datum, int(material), style, int(faces))
        counts = [len(number) for number in row if isinstance(number, np.ndarray)]
        if counts:
            rows = np.empty((max(counts), len(row)))
            for column, number in enumerate(row):
                rows[:, column] = number
            self._many.append(rows)
        else:
            self._rows.append(row)

    def emit(self, builder: MeshBuilder, label: Label) -> None:
        """Add all faces to a builder, those of the same material and style together."""
        if not self._frames:
            return
        rows = np.concatenate([np.array(self._rows, dtype=float).reshape(-1, 15), *self._many])
        shown = (rows[:, 14].astype(int)[:, None] >> np.arange(6) & 1).astype(bool)
        solid, face = np.nonzero(shown)
        material, style = rows[solid, 12].astype(int), rows[solid, 13].astype(int)
        order = np.lexsort((style, material))
        solid, face, kinds = solid[order], face[order], np.stack([material, style], axis=1)[order]
        local = _corners(rows)[solid[:, None], _FACES[face]]
        frame = np.array(self._frames)[rows[solid, 0].astype(int)]
        plan = frame[:, None, 0:2] + local[..., 0:1] * frame[:, None, 2:4] + local[..., 2:3] * frame[:, None, 4:6]
        corners = np.stack([plan[..., 0], -(frame[:, None, 6] + local[..., 1]), plan[..., 1]], axis=-1)
        texture = _texture(local, face, rows[solid, 11])
        normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        normals = np.repeat(normal[:, None], 4, axis=1)
        starts = np.flatnonzero(np.any(np.diff(kinds, axis=0, prepend=-1), axis=1))
        for start, stop in zip(starts, [*starts[1:], len(kinds)], strict=True):
            some, kind = slice(start, stop), Material(int(kinds[start, 0]))
            builder.add_quads(corners[some], texture[some], kind, int(kinds[start, 1]), label, normals[some])


def _corners(rows: Float[np.ndarray, "n 15"]) -> Float[np.ndarray, "n 8 3"]:
    """(x, y, z) of the corners in the frame."""
    x0, x1, z0, z1, top_x0, top_x1, top_z0, top_z1, low, high = rows[:, 1:11].T
    x = np.stack([x0, x1, x1, x0, top_x0, top_x1, top_x1, top_x0], axis=1)
    z = np.stack([z0, z0, z1, z1, top_z0, top_z0, top_z1, top_z1], axis=1)
    y = np.stack([low, low, low, low, high, high, high, high], axis=1)
    return np.stack([x, y, z], axis=2)


def _texture(
    local: Float[np.ndarray, "q 4 3"], face: Int[np.ndarray, " q"], datum: Float[np.ndarray, " q"]
) -> Float[np.ndarray, "q 4 2"]:
    """Texture coordinates of the corners of faces."""
    u = np.where(_ALONG_X[face][:, None], local[..., 0], local[..., 2])
    lean = np.where(_ALONG_X[face], local[:, 3, 2] - local[:, 0, 2], local[:, 3, 0] - local[:, 0, 0])
    foot = local[:, 0, 1] - datum
    head = foot + np.hypot(local[:, 3, 1] - local[:, 0, 1], lean)
    v = np.where(_LEVEL[face][:, None], local[..., 2], np.stack([foot, foot, head, head], axis=1))
    return np.stack([u, v], axis=2)
