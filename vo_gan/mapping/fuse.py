"""From a track folder to a coloured map: depth that neighbouring views confirm, fused in world coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from vo_gan.data import Drive
from vo_gan.errors import VoGanError
from vo_gan.files import replace_file
from vo_gan.mapping.filter import NEIGHBOURS, TOLERANCE, back_project, believable
from vo_gan.mapping.ply import encode_ply
from vo_gan.mapping.render import encode_png, render_map
from vo_gan.mapping.surface import Surface
from vo_gan.mapping.track_folder import Scale, Track, read_track
from vo_gan.mapping.voxels import VoxelCloud
from vo_gan.progress import progress

METRIC_VOXEL_SIZE = 0.1
"""Edge of a voxel in metres where the scale is known."""

METRIC_MAX_DEPTH = 40.0
"""Range in metres where the scale is known: a depth error that grows with the square of depth is useless beyond."""

RELATIVE_VOXELS_PER_MEDIAN = 100
"""Where it is not, the median depth of the track is this many voxels (a street's median is some 10 m)."""

RELATIVE_MAX_DEPTH = 4.0
"""Where it is not, the range in median depths."""

LEAST_SUPPORT = 4.0
"""What a voxel needs to stay in the cloud: the sum of (default range / depth)^2 over the pixels that fell into it, so
one from half that range, or four from its end. Stray points of distant depth have less."""

MEDIAN_FRAMES = 16
"""Frames from which the median depth is taken, spread over the track."""


@dataclass(frozen=True)
class Cloud:
    """A fused point cloud.

    Attributes:
        points: world coordinates, one point per occupied voxel.
        colours: RGB.
        frames: number of frames that were fused.
        kept_fraction: part of the pixels with a depth that was believed.
    """

    points: Float32[np.ndarray, "n 3"]
    colours: UInt8[np.ndarray, "n 3"]
    frames: int
    kept_fraction: float


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


@dataclass(frozen=True)
class FusionSettings:
    """How a track is fused.

    Attributes:
        voxel_size: edge of a voxel, in the trajectory's unit.
        max_depth: depth beyond this is dropped, in the trajectory's unit.
        support_depth: depth at which one pixel has weight 1; a nearer one has more, by the square.
        stride: every how many-th tracked frame is fused. The frames between still vote on what is kept.
        tolerance: relative difference in depth that counts as agreement between two frames.
    """

    voxel_size: float
    max_depth: float
    support_depth: float
    stride: int = 1
    tolerance: float = TOLERANCE


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
    """
    track = read_track(track_dir)
    drive = track.open_source(source)
    settings = choose_settings(track, voxel_size, max_depth, stride, tolerance)
    surface = Surface(settings.voxel_size, settings.max_depth) if mesh else None
    cloud = fuse_cloud(track, drive, settings, surface)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VoGanError(f"{out}: cannot be made ({error.strerror}). Name another folder with --out.") from error
    replace_file(out / "cloud.ply", encode_ply(cloud.points, cloud.colours))
    triangles = surface.write(out / "mesh.ply") if surface is not None else 0
    unit = "m" if track.scale == "metric" else None
    picture = render_map(cloud.points, cloud.colours, track.world_from_camera, settings.voxel_size, unit=unit)
    replace_file(out / "map.png", encode_png(picture))
    return MapSummary(
        cloud=out / "cloud.ply",
        picture=out / "map.png",
        mesh=out / "mesh.ply" if mesh else None,
        frames=cloud.frames,
        points=len(cloud.points),
        triangles=triangles,
        kept_fraction=cloud.kept_fraction,
        voxel_size=settings.voxel_size,
        max_depth=settings.max_depth,
        scale=track.scale,
    )


def choose_settings(
    track: Track,
    voxel_size: float | None = None,
    max_depth: float | None = None,
    stride: int = 1,
    tolerance: float = TOLERANCE,
) -> FusionSettings:
    """Fill in what the user left open, by the scale of the track; see `fuse_track`.

    Raises:
        VoGanError: a value makes no sense, or the track has no depth to take the scale from.
    """
    for option, value in (("--voxel-size", voxel_size), ("--max-depth", max_depth), ("--tolerance", tolerance)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise VoGanError(f"{option} is {value}; expected a number above 0.")
    if stride < 1:
        raise VoGanError(f"--stride is {stride}; expected 1 (every frame) or more.")
    default_voxel_size, default_max_depth = METRIC_VOXEL_SIZE, METRIC_MAX_DEPTH
    if track.scale == "relative":
        median = _median_depth(track)
        default_voxel_size = _two_digits(median / RELATIVE_VOXELS_PER_MEDIAN)
        default_max_depth = _two_digits(median * RELATIVE_MAX_DEPTH)
    return FusionSettings(
        voxel_size=voxel_size if voxel_size is not None else default_voxel_size,
        max_depth=max_depth if max_depth is not None else default_max_depth,
        support_depth=default_max_depth,
        stride=stride,
        tolerance=tolerance,
    )


def fuse_cloud(track: Track, drive: Drive, settings: FusionSettings, surface: Surface | None = None) -> Cloud:
    """Fuse the believed depth of a track into one cloud.

    Args:
        track: the opened track.
        drive: its source, for the colours.
        settings: voxel size, range, stride, tolerance.
        surface: a mesh under construction that is to receive the same frames.

    Raises:
        VoGanError: no depth survives the filter, or a frame cannot be read.
    """
    if len(track) == 1:
        raise VoGanError(
            f"{track.folder}: has one frame only. A map keeps the depth on which neighbouring frames agree, so it "
            "needs two frames or more."
        )
    cloud = VoxelCloud(settings.voxel_size)
    measured = kept = 0
    chosen = range(0, len(track), settings.stride)
    for index, depth, mask in progress(_believed(track, settings, chosen), "map", total=len(chosen)):
        measured += int((depth > 0).sum())
        kept += int(mask.sum())
        colour = track.read_colour(drive, index)
        pose = track.world_from_camera[index]
        points = back_project(depth, mask, track.intrinsics) @ pose[:3, :3].T + pose[:3, 3]
        # A near view is the sharper one: its depth error and its pixels on the surface are both smaller.
        cloud.add(points, colour[mask], (settings.support_depth / depth[mask]) ** 2)
        if surface is not None:
            surface.integrate(np.where(mask, depth, np.float32(0)), colour, pose, track.intrinsics)
    points, colours = cloud.finish(LEAST_SUPPORT)
    if not len(points):
        raise VoGanError(_why_nothing(track, settings, measured))
    return Cloud(points, colours, len(chosen), kept / measured)


def _believed(
    track: Track, settings: FusionSettings, chosen: range
) -> Iterator[tuple[int, Float32[np.ndarray, "h w"], np.ndarray]]:
    """Index, depth and mask of believed pixels of every chosen frame; holds a few depth maps at a time."""
    depths: dict[int, Float32[np.ndarray, "h w"]] = {}
    for index in chosen:
        needed = [index + offset for offset in (0, *NEIGHBOURS) if 0 <= index + offset < len(track)]
        depths = {frame: depths[frame] if frame in depths else track.read_depth(frame) for frame in needed}
        mask = believable(
            depths[index],
            track.world_from_camera[index],
            [(depths[frame], track.world_from_camera[frame]) for frame in needed if frame != index],
            track.intrinsics,
            max_depth=settings.max_depth,
            tolerance=settings.tolerance,
        )
        yield index, depths[index], mask


def _median_depth(track: Track) -> float:
    """Median over some frames of the track of all depth there is."""
    frames = np.unique(np.linspace(0, len(track) - 1, MEDIAN_FRAMES).astype(int))
    samples: list[Float64[np.ndarray, " n"]] = []
    for frame in frames:
        depth = track.read_depth(int(frame))
        samples.append(depth[depth > 0].astype(np.float64))
    depths = np.concatenate(samples)
    if not len(depths):
        raise VoGanError(f"{track.folder / 'depth'}: the depth images are all 0; there is nothing to map.")
    return float(np.median(depths))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _why_nothing(track: Track, settings: FusionSettings, measured: int) -> str:
    if not measured:
        return f"{track.folder / 'depth'}: the depth images are all 0; there is nothing to map."
    return (
        f"{track.folder}: too little depth is nearer than {settings.max_depth:g} and agrees between neighbouring "
        f"frames within {settings.tolerance:.0%}. Either depth and trajectory contradict each other (weights trained "
        "too shortly?), or the limits are too tight: try a larger --tolerance, --max-depth or --voxel-size."
    )
