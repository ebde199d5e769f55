"""Figures of an estimated trajectory against the true one.

| figure | what it is |
|---|---|
| `t_rel_percent`, `r_rel_deg_per_100m` | KITTI odometry metric, see `vo_gan.evaluation.kitti` |
| `ate_m` | absolute trajectory error: root mean square distance between matched positions (evo's APE) |
| `rpe_m`, `rpe_deg` | relative pose error: mean length and angle of the error of one frame's motion (evo's RPE) |

All are computed after the alignment, over the frames that the estimate has. `se3` is the default everywhere: it removes
the choice of the world frame, which says nothing about an odometry, and keeps errors of scale, which do. An odometry
that knows no scale needs `sim3` or `scale`, and its figures must say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment, Similarity, fit, from_frame, match
from vo_gan.evaluation.kitti import (
    LENGTHS,
    Arithmetic,
    motion_errors,
    path_lengths,
    rotation_angles,
    segment_errors,
)
from vo_gan.geometry.poses import chain_motions, relative_motions
from vo_gan.odometry.trajectory import ROTATION_TOLERANCE, Trajectory, nearest_rotations

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
        }
        return values | {f"{key}_reason": reason for key, reason in self.reasons.items()}


@dataclass(frozen=True)
class Aligned:
    """Two trajectories in one frame.

    Attributes:
        truth: all true poses.
        estimate: the matched estimated poses, laid over the truth, with the frame indices and times of the truth.
        rows: `estimate` pose i stands for `truth` pose `rows[i]`.
        alignment: how the estimate was laid over the truth.
        similarity: what was done to the estimate; or, as a sentence, why no scale is defined. The estimate then has
            the lengths of its file.
        estimate_frames: number of poses of the estimate before matching.
    """

    truth: Trajectory
    estimate: Trajectory
    rows: Int64[np.ndarray, " m"]
    alignment: Alignment
    similarity: Similarity | str
    estimate_frames: int


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


def align_trajectories(truth: Trajectory, estimate: Trajectory, alignment: Alignment) -> Aligned:
    """Match the poses and lay the estimate over the truth.

    Under every alignment but `none`, both are first put in the frame of their first common pose. That changes nothing
    for `se3` and `sim3` but the axes of the result.

    Raises:
        VoGanError: nothing matches (see `vo_gan.evaluation.alignment.match`), or a pose is not finite or no rotation.
    """
    _require_poses(truth, "the truth")
    _require_poses(estimate, "the estimate")
    matches = match(truth, estimate)
    true_poses = truth.world_from_camera
    poses = estimate.world_from_camera[matches.estimate]
    if alignment != "none":
        true_poses = from_frame(true_poses, true_poses[matches.truth[0]])
        poses = from_frame(poses, poses[0])
    similarity = fit(alignment, true_poses[matches.truth], poses)
    if isinstance(similarity, Similarity):
        poses = similarity.apply(poses)
    times = None if truth.times is None else truth.times[matches.truth]
    return Aligned(
        truth=Trajectory(true_poses, truth.times, truth.frames),
        estimate=Trajectory(poses, times, truth.frames[matches.truth]),
        rows=matches.truth,
        alignment=alignment,
        similarity=similarity,
        estimate_frames=len(estimate),
    )


def evaluate_aligned(aligned: Aligned, arithmetic: Arithmetic = "exact") -> TrajectoryFigures:
    """The figures of trajectories that `align_trajectories` has laid over each other."""
    truth, estimate, rows = aligned.truth.world_from_camera, aligned.estimate.world_from_camera, aligned.rows
    segments = segment_errors(truth, estimate, rows, arithmetic)
    step_lengths, step_angles = _frame_errors(truth[rows], estimate, rows, arithmetic)
    path = float(path_lengths(truth)[-1])
    values: dict[str, float | None] = {
        "t_rel_percent": _mean(segments.translation * 100.0),
        "r_rel_deg_per_100m": _mean(np.degrees(segments.rotation) * 100.0),
        "ate_m": _absolute_error(truth[rows], estimate),
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
    )


def constant_velocity(truth: Trajectory) -> Trajectory:
    """The baseline that knows the true first motion and repeats it for ever; starts at the true first pose.

    One pose alone stays as it is.
    """
    motions = relative_motions(truth.world_from_camera[:2])
    poses = chain_motions(np.repeat(motions, len(truth) - 1, axis=0))
    return Trajectory(truth.world_from_camera[0] @ poses, truth.times, truth.frames)


def _absolute_error(truth: Float64[np.ndarray, "m 4 4"], estimate: Float64[np.ndarray, "m 4 4"]) -> float:
    """Root mean square position error by evo, which gets copies because it changes what it is given."""
    from evo.core.metrics import PoseRelation
    from evo.core.trajectory import PosePath3D
    from evo.main_ape import ape

    result = ape(
        traj_ref=PosePath3D(poses_se3=list(truth.copy())),
        traj_est=PosePath3D(poses_se3=list(estimate.copy())),
        pose_relation=PoseRelation.translation_part,
    )
    return float(result.stats["rmse"])


def _frame_errors(
    truth: Float64[np.ndarray, "m 4 4"],
    estimate: Float64[np.ndarray, "m 4 4"],
    rows: Int64[np.ndarray, " m"],
    arithmetic: Arithmetic,
) -> tuple[Float64[np.ndarray, " s"], Float64[np.ndarray, " s"]]:
    """Length and angle of the error of every motion over one frame of the truth, by evo.

    evo pairs neighbours in its list, so that every run of frames without a gap is given to it by itself.
    """
    from evo.core.metrics import RPE, PoseRelation, Unit
    from evo.core.trajectory import PosePath3D

    errors: list[np.ndarray] = []
    runs = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) > 1) + 1)
    for run in runs:
        if len(run) < 2:
            continue
        if arithmetic == "published":
            # From the true to the estimated motion, the other way round than over a sub-sequence, as is published.
            errors += list(
                motion_errors(estimate[run[:-1]], estimate[run[1:]], truth[run[:-1]], truth[run[1:]], arithmetic)
            )
            continue
        metric = RPE(pose_relation=PoseRelation.translation_part, delta=1, delta_unit=Unit.frames, all_pairs=False)
        metric.process_data(data=(PosePath3D(poses_se3=list(truth[run])), PosePath3D(poses_se3=list(estimate[run]))))
        errors += metric.E
    if not errors:
        return np.empty(0), np.empty(0)
    transforms = np.stack(errors)
    return np.linalg.norm(transforms[:, :3, 3], axis=1), rotation_angles(transforms, arithmetic)


def _mean(values: Float64[np.ndarray, " n"]) -> float | None:
    return float(values.mean()) if values.size else None


def _no_segment(path: float) -> str:
    if path <= LENGTHS[0]:
        return f"needs sub-sequences of {LENGTHS[0]:g} m or more, and the true path has {path:.1f} m"
    return (
        f"the estimate has no sub-sequence of {LENGTHS[0]:g} m or more with both its ends (the true path has "
        f"{path:.1f} m)"
    )


def _require_poses(trajectory: Trajectory, name: str) -> None:
    """Refuse poses that are not finite or no rotations, such as a failed estimate that never was in a file."""
    poses = trajectory.world_from_camera
    finite = np.isfinite(poses).all(axis=(1, 2))
    if not finite.all():
        row = int((~finite).argmax())
        raise VoGanError(f"{name}: the pose of frame {trajectory.frames[row]} is not finite (nan or inf)")
    deviation = np.abs(nearest_rotations(poses[:, :3, :3]) - poses[:, :3, :3]).max(axis=(1, 2))
    bad = (deviation > ROTATION_TOLERANCE) | (np.linalg.det(poses[:, :3, :3]) < 0)
    if bad.any():
        row = int(bad.argmax())
        raise VoGanError(f"{name}: the pose of frame {trajectory.frames[row]} holds no rotation")
