"""Fusing a stretch of a drive: its believed depth becomes a table of voxels and, if wanted, one of field blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from vo_gan.data import Drive
from vo_gan.mapping.filter import NEIGHBOURS, WITNESSES, View, back_project, believable
from vo_gan.mapping.settings import FusionSettings
from vo_gan.mapping.surface import CELL_BITS as BLOCK_CELL_BITS
from vo_gan.mapping.surface import Surface
from vo_gan.mapping.track_folder import Track
from vo_gan.mapping.voxels import CELL_BITS as VOXEL_CELL_BITS
from vo_gan.mapping.voxels import VoxelCloud, world_points

CLOUD, FIELD = "cloud", "field"
"""Names of the tables of a part."""

Believed = tuple[int, Float32[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]


class Stretch:
    """What the frames of one stretch add to a map."""

    def __init__(self, track: Track, drive: Drive, settings: FusionSettings, *, mesh: bool) -> None:
        """Start empty.

        Args:
            track: the opened track.
            drive: its source, for the colours.
            settings: voxel size and range.
            mesh: whether to make the field for a mesh, too.
        """
        self._track, self._drive, self._settings = track, drive, settings
        self._cloud = VoxelCloud(settings.voxel_size)
        self._surface = Surface(settings.voxel_size, settings.max_depth) if mesh else None
        self.counts = {"frames": 0, "measured": 0, "kept": 0}

    def add(self, index: int, depth: Float32[np.ndarray, "h w"], mask: Bool[np.ndarray, "h w"]) -> None:
        """Fuse the believed pixels of tracked frame `index`.

        Raises:
            VoGanError: its picture cannot be read, or a point lies too far away for the voxel size.
        """
        self.counts["frames"] += 1
        self.counts["measured"] += int((depth > 0).sum())
        self.counts["kept"] += int(mask.sum())
        if not mask.any():
            return
        colour: UInt8[np.ndarray, "h w 3"] = self._track.read_colour(self._drive, index)
        pose = self._track.world_from_camera[index]
        points = world_points(back_project(depth, mask, self._track.intrinsics), pose)
        # A near view is the sharper one: its depth error and its pixels on the surface are both smaller.
        self._cloud.add(points, colour[mask], (self._settings.support_depth / depth[mask]) ** 2)
        if self._surface is not None:
            self._surface.integrate(np.where(mask, depth, np.float32(0)), colour, pose, self._track.intrinsics)

    def tables(self) -> dict[str, tuple[Any, Any, int]]:
        """Keys, rows and cell size of every table, as `vo_gan.mapping.parts.Parts.write` takes them."""
        tables: dict[str, tuple[Any, Any, int]] = {CLOUD: (*self._cloud.table(), VOXEL_CELL_BITS)}
        if self._surface is not None:
            tables[FIELD] = (*self._surface.table(), BLOCK_CELL_BITS)
        return tables


def believed_frames(track: Track, settings: FusionSettings, chosen: range) -> Iterator[Believed]:
    """Index, depth and mask of believed pixels of every chosen frame; holds the few depth maps that are asked."""
    views: dict[int, View] = {}

    def around(index: int, offsets: tuple[int, ...]) -> list[int]:
        return [index + offset for offset in offsets if 0 <= index + offset < len(track)]

    for index in chosen:
        needed = around(index, (0, *NEIGHBOURS, *WITNESSES))
        # What an earlier frame needed, a later one may need again: a witness ahead becomes a neighbour.
        views = {frame: view for frame, view in views.items() if frame >= index + min(WITNESSES)}
        for frame in needed:
            if frame not in views:
                views[frame] = View.of(track.read_depth(frame), track.world_from_camera[frame])
        mask = believable(
            views[index],
            [views[frame] for frame in around(index, NEIGHBOURS)],
            [views[frame] for frame in around(index, WITNESSES)],
            track.intrinsics,
            max_depth=settings.max_depth,
            tolerance=settings.tolerance,
        )
        yield index, views[index].depth, mask
