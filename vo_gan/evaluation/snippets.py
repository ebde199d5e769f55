"""The absolute error of 5-frame snippets, the figure of SfMLearner (Zhou et al., CVPR 2017) and of those after it.

Every 5 consecutive frames are a snippet, seen from its first frame. The estimate of each is scaled by itself,
s = sum(p . g) / sum(p . p) over its positions p and the true ones g, and e = s p - g is what remains.

- `exact`: the error of a snippet is the square root of mean(e^2), a true RMSE; n frames have n - 4 snippets.
- `sfmlearner`: it is the square root of sum(e^2), divided by 5, that is, the RMSE over sqrt(5), as in SfMLearner,
  SfmLearner-Pytorch and SC-SfMLearner (`compute_pose_error`); n - 4 snippets.
- `monodepth2` (`evaluate_pose.py`): the same error, but of motions chained inverted, so that paths run another way, and
  the shorter snippets at the end count too, each divided by its own number of frames; n - 1 snippets.

The figure is the mean over snippets, with the standard deviation. Since every half second has a scale of its own,
drift is invisible to it: it tells nothing about a trajectory as a whole, and is here to compare with published tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64, Int64

from vo_gan.evaluation.aligned import Aligned
from vo_gan.geometry.poses import invert_poses, relative_motions

FRAMES = 5

Convention = Literal["exact", "sfmlearner", "monodepth2"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)


@dataclass(frozen=True)
class SnippetFigures:
    """Error of snippets, see the module.

    Attributes:
        ate_m: mean over the snippets, metres; None without a snippet.
        ate_std_m: standard deviation over the snippets, metres; likewise.
        snippets: how many.
        convention: how the error of one is computed.
    """

    ate_m: float | None
    ate_std_m: float | None
    snippets: int
    convention: Convention

    def to_json(self) -> dict[str, float | int | str | None]:
        """Flat keys that start with `snippet5_ate_` and the convention; beside a null stands its reason."""
        key = f"snippet5_ate_{self.convention}"
        values: dict[str, float | int | str | None] = {
            f"{key}_m": self.ate_m,
            f"{key}_std_m": self.ate_std_m,
            f"{key}_snippets": self.snippets,
        }
        reason = f"no {FRAMES} consecutive frames of the truth are all in the estimate"
        return values | {f"{name}_reason": reason for name, value in values.items() if value is None}


def evaluate_snippets(aligned: Aligned, convention: Convention = "exact") -> SnippetFigures:
    """Figures of all snippets. The alignment plays no part but for gaps: a snippet with a missing frame is left out."""
    truth = aligned.truth.world_from_camera[aligned.rows]
    errors = snippet_errors(truth, aligned.estimate.world_from_camera, aligned.rows, convention)
    if not errors.size:
        return SnippetFigures(None, None, 0, convention)
    return SnippetFigures(float(errors.mean()), float(errors.std()), len(errors), convention)


def snippet_errors(
    truth: Float64[np.ndarray, "n 4 4"],
    estimate: Float64[np.ndarray, "n 4 4"],
    rows: Int64[np.ndarray, " n"],
    convention: Convention = "exact",
) -> Float64[np.ndarray, " s"]:
    """The error of every snippet in metres.

    Args:
        truth: true poses.
        estimate: poses of the same instants.
        rows: increasing by 1 from frame to frame, and by more over a gap.
        convention: see the module.
    """
    lengths = (FRAMES,) if convention != "monodepth2" else tuple(range(FRAMES, 1, -1))
    errors = []
    for length in lengths:
        starts = np.arange(len(rows) - length + 1)
        starts = starts[rows[starts + length - 1] - rows[starts] == length - 1]
        if length < FRAMES:
            starts = starts[starts + length == len(rows)]
        errors.append(_errors_of_length(truth, estimate, starts, length, convention))
    return np.concatenate(errors)


def _errors_of_length(
    truth: Float64[np.ndarray, "n 4 4"],
    estimate: Float64[np.ndarray, "n 4 4"],
    starts: Int64[np.ndarray, " s"],
    length: int,
    convention: Convention,
) -> Float64[np.ndarray, " s"]:
    frames = starts[:, None] + np.arange(length)
    paths = _backward_paths if convention == "monodepth2" else _forward_paths
    true_path, path = paths(truth, frames), paths(estimate, frames)
    overlap, squares = (true_path * path).sum(axis=(1, 2)), (path**2).sum(axis=(1, 2))
    # An estimate that stands still has the same error under every scale.
    scale = np.divide(overlap, squares, out=np.zeros(len(starts)), where=squares > 0)
    total = ((scale[:, None, None] * path - true_path) ** 2).sum(axis=(1, 2))
    return np.sqrt(total / length) if convention == "exact" else np.sqrt(total) / length


def _forward_paths(
    poses: Float64[np.ndarray, "n 4 4"], frames: Int64[np.ndarray, "s f"]
) -> Float64[np.ndarray, "s f 3"]:
    """Positions in the frame of the first camera of each snippet."""
    first = invert_poses(poses[frames[:, 0]])
    return (first[:, None] @ poses[frames])[..., :3, 3]


def _backward_paths(
    poses: Float64[np.ndarray, "n 4 4"], frames: Int64[np.ndarray, "s f"]
) -> Float64[np.ndarray, "s f 3"]:
    """Positions along the inverted motions, chained as if they were not."""
    motions = invert_poses(relative_motions(poses))
    pose = np.tile(np.eye(4), (len(frames), 1, 1))
    positions = [pose[:, :3, 3]]
    for step in range(frames.shape[1] - 1):
        pose = pose @ motions[frames[:, step]]
        positions.append(pose[:, :3, 3])
    return np.stack(positions, axis=1)
