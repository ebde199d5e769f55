"""Figures of an estimated trajectory against the true one.

| figure | what it is |
|---|---|
| `t_rel_percent`, `r_rel_deg_per_100m` | KITTI odometry metric, see `vo_gan.evaluation.kitti` |
| `ate_m` | absolute trajectory error: root mean square distance between matched positions (APE of evo) |
| `rpe_m`, `rpe_deg` | relative pose error: mean length and angle of the error of one frame's motion (RPE of evo) |

All are computed after the alignment, over the frames that the estimate has. `se3` is the default everywhere: it removes
the choice of the world frame, which says nothing about an odometry, and keeps errors of scale, which do. An odometry
that knows no scale needs `sim3` or `scale`, and its figures must say so.

"One frame" is one step of the truth. Where the two are matched by time and the truth has the higher rate (EuRoC: 200 Hz
for 20 frames a second), its poses between those of the estimate are left out first, so that it is one step of both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.evaluation.aligned import Aligned, align_trajectories
from vo_gan.evaluation.alignment import Alignment, MatchedBy
from vo_gan.evaluation.kitti import (
    FRAME_PERIOD,
    LENGTHS,
    Arithmetic,
    SegmentErrors,
    motion_errors,
    path_lengths,
    rotation_angles,
    segment_errors,
)
from vo_gan.geometry.poses import chain_motions, relative_motions
from vo_gan.odometry.trajectory import Trajectory

DEFAULT_ALIGNMENT: Alignment = "se3"


@dataclass(frozen=True)
class TrajectoryFigures:
    """What was measured. A figure that is not defined is None, and `reasons` says why under the figure's name.

    Attributes:
        t_rel_percent: translation error over sub-sequences, percent of their length.
        r_rel_deg_per_100m: rotation error over sub-sequences, degrees per 100 m.
        ate_m: absolute trajectory error, metres, root mean square.
        rpe_m: relative pose error over one frame, metres, mean.
        rpe_deg: relative pose error over one frame, degrees, mean.
        alignment: how the estimate was laid over the truth.
        frames: number of poses compared.
        truth_frames: number of true poses.
        estimate_frames: number of estimated poses.
        segments: number of sub-sequences behind t_rel and r_rel.
        path_m: length of the true path in metres.
        scale: factor that the alignment put on the estimate's lengths, 1 under `none` and `se3`.
        arithmetic: how angles were computed, see `vo_gan.evaluation.kitti.Arithmetic`.
        reasons: why a figure is None.
        matched_by: how it was found out which poses belong together.
        notes: what else a reader must know: poses left out, a fit that is not unique.
    """

    t_rel_percent: float | None
    r_rel_deg_per_100m: float | None
    ate_m: float | None
    rpe_m: float | None
    rpe_deg: float | None
    alignment: Alignment
    frames: int
    truth_frames: int
    estimate_frames: int
    segments: int
    path_m: float
    scale: float | None
    arithmetic: Arithmetic = "exact"
    reasons: dict[str, str] = field(default_factory=dict)
    matched_by: MatchedBy = "frame index"
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, float | int | str | None]:
        """Flat keys for `--json`; beside a null stands `<key>_reason`."""
        values: dict[str, float | int | str | None] = {
            "t_rel_percent": self.t_rel_percent,
            "r_rel_deg_per_100m": self.r_rel_deg_per_100m,
            "ate_m": self.ate_m,
            "rpe_m": self.rpe_m,
            "rpe_deg": self.rpe_deg,
            "alignment": self.alignment,
            "frames": self.frames,
            "truth_frames": self.truth_frames,
            "estimate_frames": self.estimate_frames,
            "segments": self.segments,
            "path_m": self.path_m,
            "scale": self.scale,
            "arithmetic": self.arithmetic,
            "matched_by": self.matched_by,
            "notes": "; ".join(self.notes),
        }
        return values | {f"{key}_reason": reason for key, reason in self.reasons.items()}


def evaluate_trajectory(
    truth: Trajectory,
    estimate: Trajectory,
    align: Alignment = DEFAULT_ALIGNMENT,
    arithmetic: Arithmetic = "exact",
) -> TrajectoryFigures:
    """All figures of an estimate. Neither trajectory is changed.

    Args:
        truth: true poses.
        estimate: estimated poses; frames may be missing.
        align: how the estimate is laid over the truth first, see `vo_gan.evaluation.alignment.fit`.
        arithmetic: how angles are computed, see `vo_gan.evaluation.kitti.Arithmetic`.

    Raises:
        VoGanError: nothing matches (see `vo_gan.evaluation.alignment.match`), or a pose is not finite or no rotation.
    """
    return evaluate_aligned(align_trajectories(truth, estimate, align), arithmetic)


def evaluate_aligned(aligned: Aligned, arithmetic: Arithmetic = "exact") -> TrajectoryFigures:
    """The figures of trajectories that `align_trajectories` has laid over each other."""
    truth, estimate, rows = aligned.truth.world_from_camera, aligned.estimate.world_from_camera, aligned.rows
    segments = errors_of_segments(aligned, arithmetic)
    _, step_lengths, step_angles = errors_of_frames(aligned, arithmetic)
    path = float(path_lengths(truth)[-1])
    values: dict[str, float | None] = {
        "t_rel_percent": _mean(segments.translation * 100.0),
        "r_rel_deg_per_100m": _mean(np.degrees(segments.rotation) * 100.0),
        "ate_m": float(np.sqrt(((estimate - truth[rows])[:, :3, 3] ** 2).sum(axis=1).mean())),
        "rpe_m": _mean(step_lengths),
        "rpe_deg": _mean(np.degrees(step_angles)),
        "scale": None if isinstance(aligned.similarity, str) else aligned.similarity.scale,
    }
    reasons: dict[str, str] = {}
    if isinstance(aligned.similarity, str):
        reasons |= dict.fromkeys(("t_rel_percent", "ate_m", "rpe_m", "scale"), aligned.similarity)
    if not segments.length.size:
        reasons |= dict.fromkeys(("t_rel_percent", "r_rel_deg_per_100m"), _no_segment(path))
    if not step_lengths.size:
        reasons |= dict.fromkeys(
            ("rpe_m", "rpe_deg"), "no two consecutive frames of the truth are both in the estimate"
        )
    if len(rows) < 2:
        reasons |= dict.fromkeys(values, "one pose alone cannot be compared; at least 2 common frames are needed")
    values |= dict.fromkeys(reasons)
    return TrajectoryFigures(
        **values,
        alignment=aligned.alignment,
        frames=len(rows),
        truth_frames=len(aligned.truth),
        estimate_frames=aligned.estimate_frames,
        segments=len(segments.length),
        path_m=path,
        arithmetic=arithmetic,
        reasons=reasons,
        matched_by=aligned.matched_by,
        notes=aligned.notes,
    )


def errors_of_segments(aligned: Aligned, arithmetic: Arithmetic = "exact") -> SegmentErrors:
    """Errors over all sub-sequences of the KITTI metric, see `vo_gan.evaluation.kitti.segment_errors`."""
    return segment_errors(
        aligned.truth.world_from_camera,
        aligned.estimate.world_from_camera,
        aligned.rows,
        arithmetic,
        frame_period(aligned.truth),
    )


def frame_period(truth: Trajectory) -> float:
    """Seconds between two poses: the median of the times, or KITTI's where there are none."""
    if truth.times is None or len(truth) < 2:
        return FRAME_PERIOD
    return float(np.median(np.diff(truth.times)))


def constant_velocity(truth: Trajectory) -> Trajectory:
    """The baseline that knows the true first motion and repeats it for ever; starts at the true first pose.

    One pose alone stays as it is.
    """
    motions = relative_motions(truth.world_from_camera[:2])
    poses = chain_motions(np.repeat(motions, len(truth) - 1, axis=0))
    return Trajectory(truth.world_from_camera[0] @ poses, truth.times, truth.frames)


def errors_of_frames(
    aligned: Aligned, arithmetic: Arithmetic = "exact"
) -> tuple[Int64[np.ndarray, " s"], Float64[np.ndarray, " s"], Float64[np.ndarray, " s"]]:
    """The error of every motion over one frame of the truth; none over a gap.

    Returns:
        The row of the truth from which each motion goes; the lengths of the errors in metres; their angles in radians.
    """
    rows, estimate = aligned.rows, aligned.estimate.world_from_camera
    truth = aligned.truth.world_from_camera[rows]
    first = np.flatnonzero(np.diff(rows) == 1)
    # From the true to the estimated motion, the other way round than over a sub-sequence, as evo has it.
    errors = motion_errors(estimate[first], estimate[first + 1], truth[first], truth[first + 1], arithmetic)
    return rows[first], np.linalg.norm(errors[:, :3, 3], axis=1), rotation_angles(errors, arithmetic)


def _mean(values: Float64[np.ndarray, " n"]) -> float | None:
    return float(values.mean()) if values.size else None


def _no_segment(path: float) -> str:
    if path <= LENGTHS[0]:
        return f"needs sub-sequences of {LENGTHS[0]:g} m or more, and the true path has {path:.1f} m"
    return (
        f"the estimate has no sub-sequence of {LENGTHS[0]:g} m or more with both its ends (the true path has "
        f"{path:.1f} m)"
    )
