"""How a track is fused: voxel size, range, stride and tolerance, by default chosen by the scale of the track."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vo_gan.errors import VoGanError
from vo_gan.mapping.filter import TOLERANCE
from vo_gan.mapping.track_folder import Track

METRIC_VOXEL_SIZE = 0.1
"""Edge of a voxel in metres where the scale is known."""

METRIC_MAX_DEPTH = 40.0
"""Range in metres where the scale is known: a depth error that grows with the square of depth is useless beyond."""

RELATIVE_VOXELS_PER_MEDIAN = 100
"""Where it is not, the median depth of the track is this many voxels (a street's median is some 10 m)."""

RELATIVE_MAX_DEPTH = 4.0
"""Where it is not, the range in median depths."""

MEDIAN_FRAMES = 16
"""Frames from which the median depth is taken, spread over the track."""


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


def choose_settings(
    track: Track,
    voxel_size: float | None = None,
    max_depth: float | None = None,
    stride: int = 1,
    tolerance: float = TOLERANCE,
) -> FusionSettings:
    """Fill in what the user left open, by the scale of the track; see `vo_gan.mapping.fuse_track`.

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


def no_depth(track: Track) -> VoGanError:
    """The error of a track whose depth images hold nothing."""
    return VoGanError(f"{track.folder / 'depth'}: the depth images are all 0; there is nothing to map.")


def _median_depth(track: Track) -> float:
    """Median over some frames of the track of all depth there is."""
    frames = np.unique(np.linspace(0, len(track) - 1, MEDIAN_FRAMES).astype(int))
    samples: list[Float64[np.ndarray, " n"]] = []
    for frame in frames:
        depth = track.read_depth(int(frame))
        samples.append(depth[depth > 0].astype(np.float64))
    depths = np.concatenate(samples)
    if not len(depths):
        raise no_depth(track)
    return float(np.median(depths))


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
