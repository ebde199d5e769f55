"""From the parts of a map to its files: the cloud, the mesh and the picture."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.mapping.integrate import CLOUD, FIELD
from vo_gan.mapping.parts import Parts, stretches
from vo_gan.mapping.ply import PlyWriter
from vo_gan.mapping.render import SUPERSAMPLING, WIDTH, encode_png, render_map
from vo_gan.mapping.settings import FusionSettings
from vo_gan.mapping.surface import BLOCK_ROW, extract_patches
from vo_gan.mapping.track_folder import Track
from vo_gan.mapping.voxels import ROW, add_up, points_of
from vo_gan.progress import progress

JOINED_AT_A_TIME = 500_000
"""Voxels that are read into memory to be joined."""

LEAST_SUPPORT = 4.0
"""What a voxel needs to stay in the cloud: the sum of (default range / depth)^2 over the pixels that fell into it, so
one from half that range, or four from its end. Stray points of distant depth have less."""


def join_parts(parts: Parts, track: Track, settings: FusionSettings, out: Path, *, mesh: bool) -> tuple[int, int]:
    """Write `cloud.ply`, `map.png` and, if asked for, `mesh.ply`: all of them, or after an error none.

    Args:
        parts: of the whole drive.
        track: that they are of.
        settings: that they were made with.
        out: folder of the results.
        mesh: whether the parts hold the field of a mesh.

    Returns:
        the number of points and of triangles.

    Raises:
        VoGanError: nothing of the depth was believed, no surface was seen twice, or a file cannot be written.
    """
    sketch = Sketch(settings.voxel_size, track.world_from_camera, settings.max_depth)
    with ExitStack() as files:
        cloud = files.enter_context(PlyWriter(out / "cloud.ply"))
        surface = files.enter_context(PlyWriter(out / "mesh.ply", mesh=True)) if mesh else None
        for spans in progress(stretches(parts.tables(CLOUD, ROW), JOINED_AT_A_TIME), "join", unit="batch"):
            keys = np.concatenate([table.keys(start, stop) for table, start, stop in spans])
            sums = np.concatenate([table.rows(start, stop) for table, start, stop in spans])
            points, colours = points_of(*add_up(keys, sums), settings.voxel_size, LEAST_SUPPORT)
            cloud.add_points(points, colours)
            sketch.add(points, colours)
        if not cloud.vertices:
            raise VoGanError(_why_nothing(track, settings))
        if surface is not None:
            patches = extract_patches(parts.tables(FIELD, BLOCK_ROW), settings.voxel_size)
            for patch in progress(patches, "mesh", unit="cell"):
                surface.add_patch(patch.vertices, patch.colours, patch.triangles, patch.seam)
            if not surface.triangles:
                raise VoGanError(
                    f"{surface.path}: no mesh could be made, because no surface was seen from two frames at this "
                    "resolution. Try a larger --voxel-size or a smaller --stride."
                )
        unit = "m" if track.scale == "metric" else None
        picture = render_map(*sketch.points(), track.world_from_camera, sketch.size, unit=unit)
        replace_file(out / "map.png", encode_png(picture))
    return cloud.vertices, surface.triangles if surface is not None else 0


class Sketch:
    """As many points of a cloud as a picture of all of it can show: one per cube of the size of a pixel."""

    def __init__(self, voxel_size: float, world_from_camera: Float64[np.ndarray, "n 4 4"], max_depth: float) -> None:
        """Choose the size of the cubes.

        Args:
            voxel_size: distance of neighbouring points of the cloud; smaller than that no cube is.
            world_from_camera: the trajectory.
            max_depth: how far from it points can lie.
        """
        reach = float(np.linalg.norm(np.ptp(world_from_camera[:, :3, 3], axis=0))) + max_depth
        self.size = max(voxel_size, reach / (WIDTH * SUPERSAMPLING))
        self._thin = self.size > voxel_size
        self._points: list[Float32[np.ndarray, "n 3"]] = []
        self._colours: list[UInt8[np.ndarray, "n 3"]] = []

    def add(self, points: Float32[np.ndarray, "n 3"], colours: UInt8[np.ndarray, "n 3"]) -> None:
        """Take the points of a few cells: the first of every cube."""
        if self._thin and len(points):
            cubes = np.floor(points / self.size).astype(np.int64)
            cubes -= cubes.min(axis=0)
            _, first = np.unique(np.ravel_multi_index(cubes.T, cubes.max(axis=0) + 1), return_index=True)
            points, colours = points[first], colours[first]
        self._points.append(points)
        self._colours.append(colours)

    def points(self) -> tuple[Float32[np.ndarray, "n 3"], UInt8[np.ndarray, "n 3"]]:
        """All points that were taken, with their colours."""
        return np.concatenate(self._points), np.concatenate(self._colours)


def _why_nothing(track: Track, settings: FusionSettings) -> str:
    return (
        f"{track.folder}: too little depth is nearer than {settings.max_depth:g} and agrees between neighbouring "
        f"frames within {settings.tolerance:.0%}. Either depth and trajectory contradict each other (weights trained "
        "too shortly?), or the limits are too tight: try a larger --tolerance, --max-depth or --voxel-size."
    )
