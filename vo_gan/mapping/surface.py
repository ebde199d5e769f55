"""A triangle mesh from depth maps: Open3D's truncated signed distance field on voxel blocks."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float64, UInt8

from vo_gan.data.depth_files import DEPTH_UNITS_PER_METRE
from vo_gan.errors import VoGanError
from vo_gan.geometry.poses import invert_poses
from vo_gan.open3d_loader import load_open3d

BLOCK_RESOLUTION = 8
"""Voxels per edge of a block; small blocks hug surfaces, so a long street costs less memory."""

FIRST_BLOCKS = 10_000
"""Blocks reserved at the start; the grid grows by itself."""

SEEN_MORE_THAN = 1.5
"""A triangle needs voxels integrated more often than this (weights count frames): twice."""


class Surface:
    """Fuses depth maps into a signed distance field and extracts its zero crossing (Curless and Levoy, 1996)."""

    def __init__(self, voxel_size: float, max_depth: float) -> None:
        """Start empty.

        Args:
            voxel_size: edge of a voxel in metres.
            max_depth: range in metres, the same as the depth maps were cut to.
        """
        self._open3d = load_open3d()
        core = self._open3d.core
        self._max_depth = max_depth
        self._grid = self._open3d.t.geometry.VoxelBlockGrid(
            attr_names=("tsdf", "weight", "color"),
            attr_dtypes=(core.float32, core.uint16, core.uint16),
            attr_channels=((1,), (1,), (3,)),
            voxel_size=voxel_size,
            block_resolution=BLOCK_RESOLUTION,
            block_count=FIRST_BLOCKS,
        )

    def integrate(
        self,
        depth: Float[np.ndarray, "h w"],
        colour: UInt8[np.ndarray, "h w 3"],
        world_from_camera: Float64[np.ndarray, "4 4"],
        intrinsics: Float64[np.ndarray, "3 3"],
    ) -> None:
        """Add one frame.

        Args:
            depth: metres, 0 where there is none or where it is not believed.
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
        blocks = self._grid.compute_unique_block_coordinates(
            depth_image, camera, camera_from_world, DEPTH_UNITS_PER_METRE, self._max_depth
        )
        self._grid.integrate(
            blocks, depth_image, colour_image, camera, camera_from_world, DEPTH_UNITS_PER_METRE, self._max_depth
        )

    def write(self, path: Path) -> int:
        """Extract the coloured mesh, write it as PLY and return its number of triangles.

        Raises:
            VoGanError: no surface was seen twice, or the file cannot be written.
        """
        mesh = self._grid.extract_triangle_mesh(weight_threshold=SEEN_MORE_THAN)
        triangles = len(mesh.triangle.indices) if "indices" in mesh.triangle else 0
        if not triangles:
            raise VoGanError(
                f"{path}: no mesh could be made, because no surface was seen from two frames at this resolution. "
                "Try a larger --voxel-size or a smaller --stride."
            )
        # Interpolation between voxels leaves some colours a rounding above 1.
        mesh.vertex.colors = mesh.vertex.colors.clip(0.0, 1.0)
        partial = path.with_name(f".{path.stem}.new{path.suffix}")
        written = self._open3d.t.io.write_triangle_mesh(str(partial), mesh)
        if not written:
            partial.unlink(missing_ok=True)
            raise VoGanError(f"{path}: Open3D could not write the mesh there. Is the disk full?")
        os.replace(partial, path)
        return triangles
