"""From a track folder to a coloured map: depth that neighbouring views confirm, fused in world coordinates.

The drive is fused in parts of `PART_FRAMES` frames, each of which goes to disk when it is done, so memory holds the
surroundings of one part only. At the end the parts are joined, a few cells of space at a time. A run that was
interrupted, in whatever way, goes on after the last finished part, and its result is the same to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from vo_gan.data import Drive
from vo_gan.errors import VoGanError
from vo_gan.mapping.filter import TOLERANCE
from vo_gan.mapping.integrate import Stretch, believed_frames
from vo_gan.mapping.join import join_parts
from vo_gan.mapping.parts import Parts, file_stamp
from vo_gan.mapping.settings import FusionSettings, choose_settings, no_depth
from vo_gan.mapping.track_folder import Scale, Track, read_track
from vo_gan.progress import progress, say

PART_FRAMES = 50
"""Fused frames of a part. More make fewer voxels that two parts share, and take more memory."""

PARTS_FOLDER = ".map_parts"
"""Folder of the parts, beside the results, while they are being made."""


@dataclass(frozen=True)
class MapSummary:
    """What was made of a track.

    Attributes:
        cloud: path of the point cloud.
        picture: path of the picture.
        mesh: path of the mesh, if one was asked for.
        frames: number of frames that were fused.
        points: points of the cloud.
        triangles: triangles of the mesh; 0 without one.
        kept_fraction: part of the pixels with a depth that was believed.
        voxel_size: edge of a voxel, in the trajectory's unit.
        max_depth: range, in the trajectory's unit.
        scale: whether that unit is the metre.
    """

    cloud: Path
    picture: Path
    mesh: Path | None
    frames: int
    points: int
    triangles: int
    kept_fraction: float
    voxel_size: float
    max_depth: float
    scale: Scale


def fuse_track(
    track_dir: Path,
    out: Path,
    *,
    voxel_size: float | None = None,
    max_depth: float | None = None,
    stride: int = 1,
    mesh: bool = False,
    tolerance: float = TOLERANCE,
    source: Path | None = None,
) -> MapSummary:
    """Fuse the depth maps of a track into `out/cloud.ply`, `out/map.png` and, if asked for, `out/mesh.ply`.

    Coordinates and scale are the trajectory's: metres where the track is metric.

    Args:
        track_dir: what `vo-gan track` left.
        out: folder for the results; made if needed.
        voxel_size: edge of a voxel; by default 0.1 m, or a hundredth of the median depth where the scale is relative.
        max_depth: range; by default 40 m, or four median depths where the scale is relative.
        stride: fuse every how many-th frame.
        mesh: whether to make a mesh too.
        tolerance: relative difference in depth that counts as agreement between neighbouring frames.
        source: where the tracked drive is now, if it has moved since.

    Raises:
        VoGanError: the track folder or its source is wrong, no depth survives, or the results cannot be written.
        KeyboardInterrupt: the user stopped it; the message says how to go on.
    """
    track = read_track(track_dir)
    if len(track) == 1:
        raise VoGanError(
            f"{track.folder}: has one frame only. A map keeps the depth on which neighbouring frames agree, so it "
            "needs two frames or more."
        )
    drive = track.open_source(source)
    settings = choose_settings(track, voxel_size, max_depth, stride, tolerance)
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    colours = source if source is not None else track.source
    parts = Parts(out / PARTS_FOLDER, _describe(track, settings, colours, mesh=mesh))
    try:
        _fuse_parts(track, drive, settings, parts, mesh=mesh)
        counts = parts.totals()
        if not counts["measured"]:
            raise no_depth(track)
        points, triangles = join_parts(parts, track, settings, out, mesh=mesh)
    except VoGanError:
        parts.remove()
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise
    except KeyboardInterrupt:
        done, wanted = parts.totals()["frames"], len(range(0, len(track), settings.stride))
        raise KeyboardInterrupt(
            f"stopped; {done} of {wanted} frames are fused and kept in {parts.folder}. The same command goes on from "
            "there; to give up, delete that folder"
        ) from None
    parts.remove()
    return MapSummary(
        cloud=out / "cloud.ply",
        picture=out / "map.png",
        mesh=out / "mesh.ply" if mesh else None,
        frames=counts["frames"],
        points=points,
        triangles=triangles,
        kept_fraction=counts["kept"] / counts["measured"],
        voxel_size=settings.voxel_size,
        max_depth=settings.max_depth,
        scale=track.scale,
    )


def _describe(track: Track, settings: FusionSettings, colours: Path, *, mesh: bool) -> dict[str, object]:
    """What the parts of a map depend on."""
    trajectory = hashlib.sha256(track.world_from_camera.tobytes()).hexdigest()
    depths = hashlib.sha256(repr([file_stamp(path) for path in track.depth_paths]).encode()).hexdigest()
    return {
        "settings": asdict(settings),
        "mesh": mesh,
        "part_frames": PART_FRAMES,
        "track": track.properties,
        "colours": str(colours.absolute()),
        "trajectory": trajectory,
        "depths": depths,
    }


def _fuse_parts(track: Track, drive: Drive, settings: FusionSettings, parts: Parts, *, mesh: bool) -> None:
    """Make the parts that are not there yet."""
    chosen = range(0, len(track), settings.stride)
    groups = [chosen[start : start + PART_FRAMES] for start in range(0, len(chosen), PART_FRAMES)]

    def fuse_missing() -> Iterator[int]:
        for number, group in enumerate(groups):
            if parts.counts(number) is not None:
                continue
            stretch = Stretch(track, drive, settings, mesh=mesh)
            for index, depth, mask in believed_frames(track, settings, group):
                stretch.add(index, depth, mask)
                yield index
            parts.write(number, stretch.tables(), stretch.counts)

    done = parts.totals()["frames"]
    if done:
        say(f"map: {done} of {len(chosen)} frames are there from an interrupted run")
    for _ in progress(fuse_missing(), "map", total=len(chosen) - done):
        pass
