"""A coloured point cloud that grows with the surface seen, not with the number of frames.

One point per occupied voxel, the weighted mean of what fell into it, and not the zero crossing of the signed distance
field that the mesh is made of (`vo_gan.mapping.surface`). Measured on a drive of 120 frames of 416x128 through the
driving world, voxels of 0.1 m (`tools/map_check.py`): from true depth, 100 % of the means lie within two voxels of the
town and 98 % of what was seen has one within two voxels, for the zero crossings 99 % and 93 %; from semi-global stereo
matching 75 % and 88 %, against 63 % and 79 %.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64, UInt8

from vo_gan.errors import VoGanError
from vo_gan.mapping.voxel_keys import LIMIT, pack, unpack

CELL_BITS = 7
"""Logarithm of the edge of a cell of the key order, in voxels: 12.8 m at 0.1 m."""

SMALLEST_MERGE = 500_000
"""Points that may wait before they are merged into the cloud."""

ROW = np.dtype((np.float32, 7))
"""A voxel on disk: sum of weights, then the weighted sums of x y z (within the voxel, in voxels) and r g b."""

Keys = Int64[np.ndarray, " n"]
Sums = Float32[np.ndarray, "n 7"]


class VoxelCloud:
    """Weighted sums of position and colour per voxel. Clouds of parts of a drive add up to that of the whole.

    Points wait in a short list and are merged by sorting when they are half as many as the cloud itself, so adding n
    points costs O(n log n) altogether, and memory stays within five times that of the cloud (36 bytes a point).
    """

    def __init__(self, voxel_size: float) -> None:
        """Start empty, with cubes of edge `voxel_size`, in the trajectory's unit."""
        self.voxel_size = voxel_size
        self._keys: Keys = np.empty(0, np.int64)
        self._sums: Sums = np.empty((0, 7), np.float32)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._waiting_count = 0

    def add(
        self,
        points: Float[np.ndarray, "n 3"],
        colours: UInt8[np.ndarray, "n 3"],
        weights: Float[np.ndarray, " n"],
    ) -> None:
        """Add points with their RGB colours.

        Args:
            points: world coordinates.
            colours: RGB.
            weights: how much each counts in the mean of its voxel, > 0.

        Raises:
            VoGanError: a point lies too far from the origin for this voxel size.
        """
        if not len(points):
            return
        in_voxels = points / self.voxel_size
        corner = np.floor(in_voxels)
        if not (np.abs(corner) < LIMIT).all():
            reach = np.abs(points).max()
            raise VoGanError(
                f"A point lies {reach:.6g} from the start, too far for voxels of {self.voxel_size:.6g}. "
                "Either the trajectory is broken, or the voxels are too small: give a larger --voxel-size."
            )
        keys = pack(corner.astype(np.int64), CELL_BITS)
        sums = np.empty((len(points), 7), np.float32)
        sums[:, 0] = weights
        sums[:, 1:4] = (in_voxels - corner) * weights[:, None]
        sums[:, 4:7] = colours * weights[:, None]
        keys, sums = add_up(keys, sums)
        self._waiting.append((keys, sums))
        self._waiting_count += len(keys)
        if self._waiting_count > max(SMALLEST_MERGE, len(self._keys) // 2):
            self._merge_waiting()

    def table(self) -> tuple[Keys, Sums]:
        """Keys, ascending, and sums of all voxels."""
        self._merge_waiting()
        return self._keys, self._sums

    def _merge_waiting(self) -> None:
        if not self._waiting:
            return
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._waiting)])
        sums = np.concatenate([self._sums, *(sums for _, sums in self._waiting)])
        self._waiting, self._waiting_count = [], 0
        self._keys, self._sums = self._keys[:0].copy(), self._sums[:0].copy()  # free before sorting
        self._keys, self._sums = add_up(keys, sums)


def add_up(keys: Keys, sums: Sums) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, "m 7"]]:
    """Add up the rows that share a key, in their order; keys come out ascending."""
    if not len(keys):
        return keys, sums
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(sums[order], starts, axis=0)


def points_of(
    keys: Keys, sums: Sums, voxel_size: float, least_weight: float = 0.0
) -> tuple[Float32[np.ndarray, "m 3"], UInt8[np.ndarray, "m 3"]]:
    """Positions and RGB colours, one point per voxel.

    Args:
        keys: of the voxels.
        sums: of the voxels.
        voxel_size: edge of a voxel.
        least_weight: voxels in which less weight came together than this are left out.
    """
    enough = sums[:, 0] >= least_weight
    keys, sums = keys[enough], sums[enough]
    means = sums[:, 1:] / sums[:, :1]
    points = ((unpack(keys, CELL_BITS) + means[:, :3].astype(np.float64)) * voxel_size).astype(np.float32)
    return points, np.rint(means[:, 3:]).clip(0, 255).astype(np.uint8)


def world_points(
    camera_points: Float[np.ndarray, "n 3"], world_from_camera: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, "n 3"]:
    """Points of a camera in world coordinates."""
    return camera_points @ world_from_camera[:3, :3].T + world_from_camera[:3, 3]
