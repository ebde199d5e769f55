"""A signed distance field from depth maps, on Open3D's voxel blocks, and the triangle mesh of its zero crossing.

The field of a part of the drive is taken out of Open3D as one row per block (`BLOCK_ROW`). Fields of parts are weighted
means over frames (Curless and Levoy, SIGGRAPH 1996), so they can be averaged block by block into that of the whole, and
the mesh is extracted cell by cell, each with the blocks that touch it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64, Shaped, UInt8

from vo_gan.data.depth_files import DEPTH_UNITS_PER_METRE
from vo_gan.errors import VoGanError
from vo_gan.geometry.poses import invert_poses
from vo_gan.mapping.parts import Table
from vo_gan.mapping.voxel_keys import LIMIT, cell_corner, neighbouring_cells, pack, unpack
from vo_gan.open3d_loader import load_open3d

BLOCK = 8
"""Voxels per edge of a block; small blocks hug surfaces, so a long street costs less memory."""

CELL_BITS = 5
"""Logarithm of the edge, in blocks, of a cell that is meshed at a time: 25.6 m at 0.1 m."""

TRUNCATION = 4.0
"""Distance from the surface, in voxels, up to which the field is known."""

FIRST_BLOCKS = 10_000
"""Blocks reserved at the start; the grid grows by itself."""

SEEN_MORE_THAN = 1.5
"""A triangle needs voxels integrated more often than this (weights count frames): twice."""

BLOCK_ROW = np.dtype(
    [("distance", "<f2", (BLOCK**3,)), ("weight", "<u2", (BLOCK**3,)), ("colour", "u1", (BLOCK**3, 3))]
)
"""A block on disk: mean distance in truncations, weight in frames and mean RGB of its voxels. Half precision holds a
distance to a five-thousandth of a voxel or better."""

Blocks = Shaped[np.ndarray, " n"]
"""Rows of `BLOCK_ROW`."""


@dataclass(frozen=True)
class Patch:
    """A piece of a mesh.

    Attributes:
        vertices: world coordinates.
        colours: RGB.
        triangles: indices of vertices.
        seam: vertices that the neighbouring pieces have, too.
    """

    vertices: Float32[np.ndarray, "n 3"]
    colours: UInt8[np.ndarray, "n 3"]
    triangles: Int64[np.ndarray, "m 3"]
    seam: Bool[np.ndarray, " n"]


class Surface:
    """The signed distance field of some frames."""

    def __init__(self, voxel_size: float, max_depth: float) -> None:
        """Start empty.

        Args:
            voxel_size: edge of a voxel, in the trajectory's unit.
            max_depth: range, the same as the depth maps were cut to.
        """
        self._open3d = load_open3d()
        self._voxel_size = voxel_size
        self._max_depth = max_depth
        self._grid = _grid(self._open3d, voxel_size, FIRST_BLOCKS)

    def integrate(
        self,
        depth: Float[np.ndarray, "h w"],
        colour: UInt8[np.ndarray, "h w 3"],
        world_from_camera: Float64[np.ndarray, "4 4"],
        intrinsics: Float64[np.ndarray, "3 3"],
    ) -> None:
        """Add one frame.

        Args:
            depth: 0 where there is none or where it is not believed.
            colour: RGB.
            world_from_camera: pose of the frame.
            intrinsics: pinhole matrix of both images.
        """
        if not depth.any():
            return
        core, image = self._open3d.core, self._open3d.t.geometry.Image
        stored = np.rint(depth * DEPTH_UNITS_PER_METRE).astype(np.uint16)
        depth_image = image(core.Tensor(stored))
        colour_image = image(core.Tensor(np.ascontiguousarray(colour)))
        camera = core.Tensor(intrinsics)
        camera_from_world = core.Tensor(invert_poses(world_from_camera))
        limits = (DEPTH_UNITS_PER_METRE, self._max_depth, TRUNCATION)
        blocks = self._grid.compute_unique_block_coordinates(depth_image, camera, camera_from_world, *limits)
        self._grid.integrate(blocks, depth_image, colour_image, camera, camera_from_world, *limits)

    def table(self) -> tuple[Int64[np.ndarray, " n"], Blocks]:
        """Keys, ascending, and rows of all blocks that were seen.

        Raises:
            VoGanError: a block lies too far from the origin for this voxel size.
        """
        hashmap = self._grid.hashmap()
        active = hashmap.active_buf_indices().to(self._open3d.core.int64)
        index = hashmap.key_tensor()[active].numpy().astype(np.int64)
        if len(index) and not (np.abs(index) < LIMIT).all():
            raise VoGanError(
                f"A surface lies too far from the start for voxels of {self._voxel_size:.6g}. Either the trajectory "
                "is broken, or the voxels are too small: give a larger --voxel-size."
            )
        keys = pack(index, CELL_BITS)
        # Open3D numbers blocks in the order in which its threads met them.
        order = np.argsort(keys)
        rows = np.empty(len(keys), BLOCK_ROW)
        attributes = (("distance", "tsdf"), ("weight", "weight"), ("colour", "color"))
        for field, attribute in attributes:
            values = self._grid.attribute(attribute)[active].numpy().reshape(-1, *BLOCK_ROW[field].shape)[order]
            rows[field] = values if field == "distance" else np.rint(values)
        seen = rows["weight"].any(axis=1)
        return keys[order][seen], rows[seen]


def extract_patches(tables: list[Table], voxel_size: float) -> Iterator[Patch]:
    """The mesh of the field whose parts are in these tables, cell by cell.

    Patches come in an order that depends on the tables alone, and so do their vertices and triangles. A vertex on the
    seam of two patches has the same coordinates in both, bit by bit.
    """
    open3d = load_open3d()
    for cell in np.unique(np.concatenate([table.cells for table in tables])).tolist():
        index, blocks = _gather(tables, cell)
        patch = _extract(open3d, index, blocks, cell, voxel_size)
        if patch is not None:
            yield patch


def _grid(open3d: Any, voxel_size: float, blocks: int) -> Any:
    core = open3d.core
    return open3d.t.geometry.VoxelBlockGrid(
        attr_names=("tsdf", "weight", "color"),
        # Open3D's mean of 16-bit colours rounds down at every frame, so that they darken; floats do not.
        attr_dtypes=(core.float32, core.float32, core.float32),
        attr_channels=((1,), (1,), (3,)),
        voxel_size=voxel_size,
        block_resolution=BLOCK,
        block_count=blocks,
    )


def _gather(tables: list[Table], cell: int) -> tuple[Int64[np.ndarray, "n 3"], Blocks]:
    """Indices and rows of the blocks in a cell and around it, averaged over the parts."""
    low = cell_corner(cell, CELL_BITS) - 1
    high = low + (1 << CELL_BITS) + 1
    keys, rows = [], []
    for table in tables:
        for near in neighbouring_cells(cell, CELL_BITS).tolist():
            start, stop = table.span(near, near)
            if start == stop:
                continue
            there = table.keys(start, stop)
            index = unpack(there, CELL_BITS)
            wanted = np.flatnonzero(((index >= low) & (index <= high)).all(axis=1))
            if len(wanted):
                keys.append(there[wanted])
                rows.append(table.some_rows(start + wanted))
    joined, averaged = _average(np.concatenate(keys), np.concatenate(rows))
    return unpack(joined, CELL_BITS), averaged


def _average(
    keys: Int64[np.ndarray, " n"], rows: Shaped[np.ndarray, " n"]
) -> tuple[Int64[np.ndarray, " m"], Shaped[np.ndarray, " m"]]:
    """Mean over the rows of the same block, by weight."""
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    if len(starts) == len(keys):
        return keys, rows
    weight = rows["weight"].astype(np.float32)
    total = np.add.reduceat(weight, starts)
    share = np.maximum(total, 1)
    averaged = np.empty(len(starts), BLOCK_ROW)
    averaged["distance"] = np.add.reduceat(rows["distance"] * weight, starts) / share
    averaged["weight"] = total.clip(max=np.iinfo(np.uint16).max)
    averaged["colour"] = np.rint(np.add.reduceat(rows["colour"] * weight[..., None], starts) / share[..., None])
    return keys[starts], averaged


def _extract(open3d: Any, index: Int64[np.ndarray, "n 3"], rows: Blocks, cell: int, voxel_size: float) -> Patch | None:
    """The triangles of one cell, in an order of their own, by marching cubes."""
    core = open3d.core
    grid = _grid(open3d, voxel_size, len(index))
    buffers, _ = grid.hashmap().activate(core.Tensor(index.astype(np.int32)))
    for field, attribute in (("distance", "tsdf"), ("weight", "weight"), ("colour", "color")):
        values = np.ascontiguousarray(rows[field].astype(np.float32)).reshape(len(index), BLOCK, BLOCK, BLOCK, -1)
        grid.attribute(attribute)[buffers.to(core.int64)] = core.Tensor(values)
    mesh = grid.extract_triangle_mesh(weight_threshold=SEEN_MORE_THAN)
    if "indices" not in mesh.triangle or not len(mesh.triangle.indices):
        return None
    vertices = mesh.vertex.positions.numpy()
    triangles = mesh.triangle.indices.numpy().astype(np.int64)
    corner = cell_corner(cell, CELL_BITS) * BLOCK
    last = corner + (BLOCK << CELL_BITS)
    # A triangle belongs to the cell that the middle of its cube lies in; those around it are the neighbours'.
    middle = vertices[triangles].astype(np.float64).mean(axis=1) / voxel_size
    triangles = triangles[((middle >= corner) & (middle < last)).all(axis=1)]
    # Interpolation between voxels leaves some colours a rounding above 1.
    colours = np.rint(255 * mesh.vertex.colors.numpy().clip(0, 1)).astype(np.uint8)
    return _in_order(vertices, colours, triangles, (corner * voxel_size, last * voxel_size), voxel_size)


def _in_order(
    vertices: Float32[np.ndarray, "n 3"],
    colours: UInt8[np.ndarray, "n 3"],
    triangles: Int64[np.ndarray, "m 3"],
    box: tuple[Float64[np.ndarray, " 3"], Float64[np.ndarray, " 3"]],
    voxel_size: float,
) -> Patch | None:
    """A patch of the vertices in use, sorted, since Open3D numbers them in the order in which its threads met them."""
    used = np.unique(triangles)
    if not len(used):
        return None
    order = used[np.lexsort(vertices[used].T[::-1])]
    number = np.zeros(len(vertices), np.int64)
    number[order] = np.arange(len(order))
    triangles = number[triangles]
    # Turned so that the smallest index comes first: the same triangle, facing the same side.
    first = triangles.argmin(axis=1)
    triangles = np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)
    triangles = triangles[np.lexsort(triangles.T[::-1])]
    vertices = vertices[order]
    low, high = box
    near = 1e-3 * voxel_size
    seam = ((np.abs(vertices - low) < near) | (np.abs(vertices - high) < near)).any(axis=1)
    return Patch(vertices, colours[order], triangles, seam)
