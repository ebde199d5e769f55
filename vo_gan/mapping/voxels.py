"""A coloured point cloud that grows with the surface seen, not with the number of frames."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64, UInt8

from vo_gan.errors import VoGanError

AXIS_BITS = 21
"""Bits of a voxel's key per axis: the cloud may reach 2^20 voxels in every direction (105 km at 0.1 m)."""

SMALLEST_MERGE = 500_000
"""Points that may wait before they are merged into the cloud."""


class VoxelCloud:
    """One point per occupied voxel: the weighted mean of position and colour of all that fell into it.

    Points wait in a short list and are merged by sorting when they are half as many as the cloud itself, so adding n
    points costs O(n log n) altogether, and memory stays within five times that of the cloud (36 bytes a point).
    """

    def __init__(self, voxel_size: float) -> None:
        """Start empty, with cubes of edge `voxel_size` metres."""
        self.voxel_size = voxel_size
        self._keys: Int64[np.ndarray, " n"] = np.empty(0, np.int64)
        # Per voxel: sum of weights, then the weighted sums of x y z (within the voxel, in voxels) and r g b.
        self._sums: Float32[np.ndarray, "n 7"] = np.empty((0, 7), np.float32)
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []
        self._waiting_count = 0

    def add(
        self,
        points: Float64[np.ndarray, "n 3"],
        colours: UInt8[np.ndarray, "n 3"],
        weights: Float[np.ndarray, " n"],
    ) -> None:
        """Add points with their RGB colours.

        Args:
            points: world coordinates in metres.
            colours: RGB.
            weights: how much each counts in the mean of its voxel, > 0.

        Raises:
            VoGanError: a point lies too far from the origin for this voxel size.
        """
        if not len(points):
            return
        in_voxels = points / self.voxel_size
        corner = np.floor(in_voxels)
        limit = 1 << (AXIS_BITS - 1)
        if not (np.abs(corner) < limit).all():
            reach = np.abs(points).max()
            raise VoGanError(
                f"A point lies {reach:.6g} from the start, too far for voxels of {self.voxel_size:.6g}. "
                "Either the trajectory is broken, or the voxels are too small: give a larger --voxel-size."
            )
        index = corner.astype(np.int64) + limit
        keys = (index[:, 0] << (2 * AXIS_BITS)) | (index[:, 1] << AXIS_BITS) | index[:, 2]
        sums = np.empty((len(points), 7), np.float32)
        sums[:, 0] = weights
        sums[:, 1:4] = (in_voxels - corner) * weights[:, None]
        sums[:, 4:7] = colours * weights[:, None]
        keys, sums = _merge(keys, sums)
        self._waiting.append((keys, sums))
        self._waiting_count += len(keys)
        if self._waiting_count > max(SMALLEST_MERGE, len(self._keys) // 2):
            self._merge_waiting()

    def finish(self, least_weight: float = 0.0) -> tuple[Float32[np.ndarray, "n 3"], UInt8[np.ndarray, "n 3"]]:
        """Positions in metres and RGB colours, one point per voxel.

        Args:
            least_weight: voxels in which less weight came together than this are left out.
        """
        self._merge_waiting()
        enough = self._sums[:, 0] >= least_weight
        keys, sums = self._keys[enough], self._sums[enough]
        limit = 1 << (AXIS_BITS - 1)
        shifts = np.array([2 * AXIS_BITS, AXIS_BITS, 0])
        index = ((keys[:, None] >> shifts) & ((1 << AXIS_BITS) - 1)) - limit
        means = sums[:, 1:] / sums[:, :1]
        points = ((index + means[:, :3]) * self.voxel_size).astype(np.float32)
        return points, np.rint(means[:, 3:]).clip(0, 255).astype(np.uint8)

    def _merge_waiting(self) -> None:
        if not self._waiting:
            return
        keys = np.concatenate([self._keys, *(keys for keys, _ in self._waiting)])
        sums = np.concatenate([self._sums, *(sums for _, sums in self._waiting)])
        self._waiting, self._waiting_count = [], 0
        self._keys, self._sums = self._keys[:0].copy(), self._sums[:0].copy()  # free before sorting
        self._keys, self._sums = _merge(keys, sums)


def _merge(
    keys: Int64[np.ndarray, " n"], sums: Float32[np.ndarray, "n 7"]
) -> tuple[Int64[np.ndarray, " m"], Float32[np.ndarray, "m 7"]]:
    """Add up the rows that share a key; keys come out sorted."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(sums[order], starts, axis=0)
