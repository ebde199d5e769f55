"""Two trajectories in one frame: matched, checked, and the estimate laid over the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import (
    Alignment,
    MatchedBy,
    Matches,
    Similarity,
    fit,
    from_frame,
    match,
    on_one_line,
)
from vo_gan.odometry.trajectory import ROTATION_TOLERANCE, Trajectory


@dataclass(frozen=True)
class Aligned:
    """Two trajectories in one frame.

    Attributes:
        truth: all true poses; without those of another rate, see the module.
        estimate: the matched estimated poses, laid over the truth, with the frame indices and times of the truth.
        rows: `estimate` pose i stands for `truth` pose `rows[i]`.
        alignment: how the estimate was laid over the truth.
        similarity: what was done to the estimate; or, as a sentence, why no scale is defined. The estimate then has
            the lengths of its file.
        estimate_frames: number of poses of the estimate before matching.
        matched_by: how it was found out which poses belong together.
        notes: what else a reader must know: poses left out, a fit that is not unique.
    """

    truth: Trajectory
    estimate: Trajectory
    rows: Int64[np.ndarray, " m"]
    alignment: Alignment
    similarity: Similarity | str
    estimate_frames: int
    matched_by: MatchedBy = "frame index"
    notes: tuple[str, ...] = ()


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
    notes = _notes(truth, estimate, matches)
    rows = matches.truth
    if matches.other_rate:
        truth, rows = truth.take(rows), np.arange(len(rows))
    true_poses = truth.world_from_camera
    poses = estimate.world_from_camera[matches.estimate]
    if alignment != "none":
        true_poses = from_frame(true_poses, true_poses[rows[0]])
        poses = from_frame(poses, poses[0])
    if len(rows) > 1 and alignment in ("se3", "sim3") and (on_one_line(poses) or on_one_line(true_poses[rows])):
        notes.append(
            "the positions of the truth or of the estimate lie on one line, so that the fit leaves the roll about it "
            "open; the smallest rotation was taken, and neither positions nor relative errors depend on it"
        )
    similarity = fit(alignment, true_poses[rows], poses)
    if isinstance(similarity, Similarity):
        poses = similarity.apply(poses)
    aligned = Trajectory(true_poses, truth.times, truth.frames)
    times = None if truth.times is None else truth.times[rows]
    return Aligned(
        truth=aligned,
        estimate=Trajectory(poses, times, truth.frames[rows]),
        rows=rows,
        alignment=alignment,
        similarity=similarity,
        estimate_frames=len(estimate),
        matched_by=matches.by,
        notes=tuple(notes),
    )


def _notes(truth: Trajectory, estimate: Trajectory, matches: Matches) -> list[str]:
    """What matching left out."""
    notes = []
    unmatched = len(estimate) - len(matches.estimate)
    if unmatched:
        notes.append(f"{unmatched} estimated poses have no true one and were left out")
    if matches.other_rate:
        notes.append(
            f"the truth has a higher rate; {len(truth) - len(matches.truth)} of its {len(truth)} poses lie between "
            "those of the estimate and were left out"
        )
    elif len(matches.truth) < len(truth):
        notes.append(f"{len(truth) - len(matches.truth)} true poses have no estimated one")
    return notes


def _require_poses(trajectory: Trajectory, name: str) -> None:
    """Refuse poses that are not finite or no rotations, such as a failed estimate that never was in a file."""
    poses = trajectory.world_from_camera
    finite = np.isfinite(poses).all(axis=(1, 2))
    if not finite.all():
        row = int((~finite).argmax())
        raise VoGanError(f"{name}: the pose of frame {trajectory.frames[row]} is not finite (nan or inf)")
    rotations = poses[:, :3, :3]
    deviation = np.abs(np.swapaxes(rotations, 1, 2) @ rotations - np.eye(3)).max(axis=(1, 2))
    bad = (deviation > ROTATION_TOLERANCE) | (np.linalg.det(rotations) < 0)
    if bad.any():
        row = int(bad.argmax())
        raise VoGanError(f"{name}: the pose of frame {trajectory.frames[row]} holds no rotation")
