"""The KITTI odometry metric: relative errors over sub-sequences of 100 to 800 m (Geiger et al., CVPR 2012).

Every tenth pose of the truth starts eight sub-sequences of 100, 200, ... 800 m, measured along the truth. Each ends at
the first pose that lies farther along than its length, and those that would run past the end do not count. The error
of a sub-sequence is the motion from the estimated to the true motion over it, inv(inv(P_s) P_e) inv(Q_s) Q_e for the
estimated poses P and the true ones Q, as a length and an angle, each divided by the *nominal* length.
The figures are plain means over all sub-sequences. This is what the development kit does in float32; here it is
float64 and no loop. `drift_by_length` and `drift_by_speed` are the curves that the kit plots
(`evaluate_odometry.cpp`, `saveErrorPlots`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from vo_gan.geometry.poses import invert_poses

LENGTHS = np.arange(100.0, 801.0, 100.0)
START_STEP = 10

FRAME_PERIOD = 0.1
"""Seconds between two frames of KITTI, which the development kit takes for granted."""

SPEEDS = np.arange(2.0, 25.0, 2.0)
SPEED_HALF_WIDTH = 2.0
"""Centres of the development kit's speed bins in m/s, and how far they reach to both sides: neighbours overlap."""

FEWEST_SEGMENTS = 3
"""A point of a drift curve needs so many sub-sequences, as in the development kit."""

Arithmetic = Literal["exact", "published"]
"""How an angle between rotations is computed.

`exact` inverts a rotation by transposing it and takes the angle from its sine and cosine, which keeps all digits of
small angles. `published` inverts the 4x4 matrix as it is printed in the file and takes acos((trace - 1) / 2), as the
public Python evaluation of KITTI results does. Near zero the acos turns the rounding of 7 printed digits into up to
0.001 degrees a frame; it is there to reproduce published tables digit by digit.
"""


@dataclass(frozen=True)
class SegmentErrors:
    """Errors of all sub-sequences.

    Attributes:
        start: row of the truth where each starts.
        length: nominal lengths, metres.
        translation: error over length, without unit.
        rotation: error over length, radians per metre.
        speed: nominal length over the time from the first to the last frame, both counted (end - start + 1 frame
            periods, as in the development kit), m/s.
    """

    start: Int64[np.ndarray, " s"]
    length: Float64[np.ndarray, " s"]
    translation: Float64[np.ndarray, " s"]
    rotation: Float64[np.ndarray, " s"]
    speed: Float64[np.ndarray, " s"]


@dataclass(frozen=True)
class DriftCurve:
    """Mean errors of sub-sequences that have something in common; bins with fewer than 3 are left out.

    Attributes:
        at: what they have in common: nominal length in metres, or the centre of a bin of speeds in m/s.
        t_rel_percent: translation error, percent of the length.
        r_rel_deg_per_100m: rotation error, degrees per 100 m.
        segments: how many sub-sequences are behind each point.
    """

    at: Float64[np.ndarray, " k"]
    t_rel_percent: Float64[np.ndarray, " k"]
    r_rel_deg_per_100m: Float64[np.ndarray, " k"]
    segments: Int64[np.ndarray, " k"]


def segment_errors(
    truth: Float64[np.ndarray, "n 4 4"],
    estimate: Float64[np.ndarray, "m 4 4"],
    rows: Int64[np.ndarray, " m"],
    arithmetic: Arithmetic = "exact",
    frame_period: float = FRAME_PERIOD,
) -> SegmentErrors:
    """Errors over all sub-sequences of 100 to 800 m whose two ends the estimate has.

    Args:
        truth: all true poses; lengths are measured along them.
        estimate: estimated poses, aligned as wanted.
        rows: the row of the truth that each estimated pose belongs to, increasing.
        arithmetic: see `Arithmetic`.
        frame_period: seconds between two true poses, for the speeds.
    """
    travelled = path_lengths(truth)
    start = np.repeat(np.arange(0, len(truth), START_STEP), len(LENGTHS))
    length = np.tile(LENGTHS, len(start) // len(LENGTHS))
    end = np.searchsorted(travelled, travelled[start] + length, side="right")
    estimate_row = np.full(len(truth) + 1, -1)  # the last entry answers for ends beyond the truth
    estimate_row[rows] = np.arange(len(rows))
    there = (estimate_row[start] >= 0) & (estimate_row[end] >= 0)
    start, length, end = start[there], length[there], end[there]
    error = motion_errors(
        truth[start], truth[end], estimate[estimate_row[start]], estimate[estimate_row[end]], arithmetic
    )
    translation = np.linalg.norm(error[:, :3, 3], axis=1) / length
    speed = length / (frame_period * (end - start + 1))
    return SegmentErrors(start, length, translation, rotation_angles(error, arithmetic) / length, speed)


def drift_by_length(segments: SegmentErrors) -> DriftCurve:
    """Mean errors of the sub-sequences of each nominal length."""
    return _drift_curve(segments, LENGTHS, segments.length[:, None] == LENGTHS)


def drift_by_speed(segments: SegmentErrors) -> DriftCurve:
    """Mean errors of the sub-sequences driven at less than 2 m/s from 2, 4, ... 24 m/s."""
    return _drift_curve(segments, SPEEDS, np.abs(segments.speed[:, None] - SPEEDS) < SPEED_HALF_WIDTH)


def _drift_curve(segments: SegmentErrors, at: Float64[np.ndarray, " k"], inside: Bool[np.ndarray, "s k"]) -> DriftCurve:
    count = inside.sum(axis=0)
    kept = count >= FEWEST_SEGMENTS
    translation = segments.translation @ inside[:, kept] / count[kept]
    rotation = segments.rotation @ inside[:, kept] / count[kept]
    return DriftCurve(at[kept], 100.0 * translation, 100.0 * np.degrees(rotation), count[kept])


def path_lengths(poses: Float64[np.ndarray, "n 4 4"]) -> Float64[np.ndarray, " n"]:
    """Metres travelled from the first pose to each."""
    steps = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    return np.concatenate(([0.0], np.cumsum(steps)))


def motion_errors(
    truth_start: Float64[np.ndarray, "s 4 4"],
    truth_end: Float64[np.ndarray, "s 4 4"],
    estimate_start: Float64[np.ndarray, "s 4 4"],
    estimate_end: Float64[np.ndarray, "s 4 4"],
    arithmetic: Arithmetic = "exact",
) -> Float64[np.ndarray, "s 4 4"]:
    """The motion from the estimated to the true motion between two instants."""
    inverse = invert_poses if arithmetic == "exact" else np.linalg.inv
    return inverse(inverse(estimate_start) @ estimate_end) @ (inverse(truth_start) @ truth_end)


def rotation_angles(
    transforms: Float64[np.ndarray, "s 4 4"], arithmetic: Arithmetic = "exact"
) -> Float64[np.ndarray, " s"]:
    """Rotation angles in radians, 0 to pi."""
    rotation = transforms[:, :3, :3]
    cosine = 0.5 * (np.trace(rotation, axis1=1, axis2=2) - 1.0)
    if arithmetic == "published":
        return np.arccos(cosine.clip(-1.0, 1.0))
    skew = rotation - np.swapaxes(rotation, 1, 2)
    sine = 0.5 * np.linalg.norm(np.stack((skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]), axis=-1), axis=-1)
    return np.arctan2(sine, cosine)
