"""Which poses of two trajectories belong together, and how one is laid over the other before they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.errors import VoGanError
from vo_gan.odometry.trajectory import Trajectory

Alignment = Literal["none", "se3", "sim3", "scale"]
ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)

TIME_TOLERANCE = 0.01
"""Largest difference in seconds between the times of two poses that are taken for the same instant (evo's value)."""

COLLINEAR = 1e-12
"""Second over first singular value of the covariance below which positions are taken to lie on one line."""

OTHER_RATE = 1.5
"""Where the estimate's poses are more than so many times as far apart in time as the true ones, the true ones between
belong to another rate, and are not frames that the estimate missed."""

MatchedBy = Literal["time", "frame index"]

STANDSTILL = 1e-9
"""Root mean square distance, in the trajectory's unit, below which it does not move: what rounding leaves."""


@dataclass(frozen=True)
class Matches:
    """Rows of two trajectories that belong to the same instants, in time order.

    Attributes:
        truth: rows of the true trajectory.
        estimate: rows of the estimated trajectory.
        by: what was compared to find them.
        other_rate: whether the truth has a higher rate than the estimate, see `OTHER_RATE`.
    """

    truth: Int64[np.ndarray, " m"]
    estimate: Int64[np.ndarray, " m"]
    by: MatchedBy
    other_rate: bool


@dataclass(frozen=True)
class Similarity:
    """`x -> scale * rotation @ x + translation`."""

    scale: float
    rotation: Float64[np.ndarray, "3 3"]
    translation: Float64[np.ndarray, " 3"]

    def apply(self, poses: Float64[np.ndarray, "n 4 4"]) -> Float64[np.ndarray, "n 4 4"]:
        """Move poses: positions by the whole similarity, orientations by its rotation."""
        moved = poses.copy()
        moved[:, :3, :3] = self.rotation @ poses[:, :3, :3]
        moved[:, :3, 3] = self.scale * poses[:, :3, 3] @ self.rotation.T + self.translation
        return moved


def match(truth: Trajectory, estimate: Trajectory) -> Matches:
    """Pair the poses of the same instants: by time if both have times, else by frame index.

    Raises:
        VoGanError: nothing matches, or the estimate has times, the truth has none, and their lengths differ, so that
            nothing says which frames the estimate lacks.
    """
    if truth.times is not None and estimate.times is not None:
        rows, partners = _nearest_times(truth.times, estimate.times)
        if rows.size == 0:
            raise VoGanError(
                f"no pose of the estimate (times {_span(estimate.times)} s) is within {TIME_TOLERANCE} s of a true one "
                f"(times {_span(truth.times)} s); both need the same clock: --time-offset SECONDS is added to the "
                "times of the estimate"
            )
        return Matches(rows, partners, "time", _median_step(estimate.times) > OTHER_RATE * _median_step(truth.times))
    if estimate.times is not None and len(estimate) != len(truth):
        raise VoGanError(
            f"the estimate has times and {len(estimate)} poses, the truth has no times and {len(truth)} poses, so "
            "nothing says which belong together; give the truth's times with --gt-times FILE, or the estimate as a "
            "KITTI file with the frame index as first of 13 columns"
        )
    _, rows, partners = np.intersect1d(truth.frames, estimate.frames, assume_unique=True, return_indices=True)
    if rows.size == 0:
        raise VoGanError(
            f"the estimate (frames {estimate.frames[0]} to {estimate.frames[-1]}) has no frame in common with the "
            f"truth (frames {truth.frames[0]} to {truth.frames[-1]})"
        )
    return Matches(rows, partners, "frame index", False)


def fit(
    alignment: Alignment, truth: Float64[np.ndarray, "m 4 4"], estimate: Float64[np.ndarray, "m 4 4"]
) -> Similarity | str:
    """The motion that lays the estimate over the truth, or why there is none.

    `none` changes nothing. `se3` and `sim3` fit positions by least squares, without and with a scale. `scale` expects
    both trajectories in the frame of their first pose and only scales: s = sum(p . q) / sum(p . p) over the positions
    p of the estimate and q of the truth, without centring, as the KITTI odometry evaluation in Python does.

    Args:
        alignment: which.
        truth: true poses.
        estimate: poses of the same instants.

    Returns:
        The similarity; or, as a sentence, why the scale is not defined.
    """
    if alignment == "none":
        return Similarity(1.0, np.eye(3), np.zeros(3))
    p, q = estimate[:, :3, 3], truth[:, :3, 3]
    if alignment == "scale":
        scale = _scale(float((p * q).sum()), p, q)
        return scale if isinstance(scale, str) else Similarity(scale, np.eye(3), np.zeros(3))
    return umeyama(q, p, with_scale=alignment == "sim3")


def umeyama(
    target: Float64[np.ndarray, "m 3"], source: Float64[np.ndarray, "m 3"], *, with_scale: bool
) -> Similarity | str:
    """Least-squares similarity from `source` to `target` points (S. Umeyama, PAMI 1991).

    Points on one line leave the rotation about that line open; the smallest rotation that turns one line into the
    other is taken then, and none if either set is a single point. The distances between the points, and so every
    position error, are the same for all rotations that the fit leaves open.

    Returns:
        The similarity; or, as a sentence, why the scale is not defined.
    """
    target_mean, source_mean = target.mean(axis=0), source.mean(axis=0)
    centred_target, centred_source = target - target_mean, source - source_mean
    left, values, right = np.linalg.svd(centred_target.T @ centred_source / len(source))
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    if values[0] <= STANDSTILL**2:
        rotation = np.eye(3)
    elif values[1] <= COLLINEAR * values[0]:
        rotation = _smallest_rotation(right[0], left[:, 0])
    else:
        rotation = (left * signs) @ right
    overlap = float((values * signs).sum()) * len(source)
    scale = _scale(overlap, centred_source, centred_target) if with_scale else 1.0
    if isinstance(scale, str):
        return scale
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def on_one_line(poses: Float64[np.ndarray, "m 4 4"]) -> bool:
    """Whether all positions lie on one line, or in one point, so that a fit leaves the roll about it open."""
    centred = poses[:, :3, 3] - poses[:, :3, 3].mean(axis=0)
    values = np.linalg.svd(centred.T @ centred / len(centred), compute_uv=False)
    return bool(values[1] <= max(COLLINEAR * values[0], STANDSTILL**2))


def from_frame(
    poses: Float64[np.ndarray, "n 4 4"], reference: Float64[np.ndarray, "4 4"]
) -> Float64[np.ndarray, "n 4 4"]:
    """Poses in the frame of the pose `reference`.

    The inverse is the general one, as in the public evaluation: for rotations that are only as exact as their printed
    digits it differs from the transpose.
    """
    return np.linalg.inv(reference) @ poses


def _nearest_times(
    truth: Float64[np.ndarray, " n"], estimate: Float64[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, " k"], Int64[np.ndarray, " k"]]:
    """Rows of the truth and of the estimate that are each other's nearest in time, within the tolerance."""
    partner, gap = _nearest(truth, estimate)
    back, _ = _nearest(estimate, truth)
    keep = (gap <= TIME_TOLERANCE) & (back[partner] == np.arange(len(estimate)))
    return partner[keep], np.flatnonzero(keep)


def _nearest(
    sorted_values: Float64[np.ndarray, " n"], queries: Float64[np.ndarray, " m"]
) -> tuple[Int64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
    """Index of the value nearest to every query, and its distance."""
    after = np.searchsorted(sorted_values, queries).clip(max=len(sorted_values) - 1)
    before = (after - 1).clip(min=0)
    closer = np.abs(queries - sorted_values[before]) <= np.abs(queries - sorted_values[after])
    index = np.where(closer, before, after)
    return index, np.abs(queries - sorted_values[index])


def _scale(overlap: float, source: Float64[np.ndarray, "m 3"], target: Float64[np.ndarray, "m 3"]) -> float | str:
    """The least-squares factor from source to target points, or why there is none.

    Args:
        overlap: sum of the products of target and turned source points.
        source: points of the estimate, seen from the fixed point of the scaling.
        target: points of the truth, likewise.
    """
    squares = float((source**2).sum())
    if squares <= len(source) * STANDSTILL**2:
        return "the estimate does not move, so that no scale fits it to the truth"
    if float((target**2).sum()) <= len(target) * STANDSTILL**2:
        return "the truth does not move, so that no scale fits the estimate to it"
    if overlap <= 0.0:
        return "the estimate runs against the truth, so that no positive scale fits it"
    return overlap / squares


def _smallest_rotation(
    source: Float64[np.ndarray, " 3"], target: Float64[np.ndarray, " 3"]
) -> Float64[np.ndarray, "3 3"]:
    """The rotation by the smallest angle that turns one unit vector into another; about any normal if they are
    opposite."""
    cosine = float(source @ target)
    if cosine > -1.0 + 1e-12:
        x, y, z = np.cross(source, target)
        skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        return np.eye(3) + skew + skew @ skew / (1.0 + cosine)
    normal = np.cross(source, np.eye(3)[np.abs(source).argmin()])
    normal /= np.linalg.norm(normal)
    return 2.0 * np.outer(normal, normal) - np.eye(3)


def _median_step(times: Float64[np.ndarray, " n"]) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def _span(times: Float64[np.ndarray, " n"]) -> str:
    return f"{times[0]:.3f} to {times[-1]:.3f}"
