"""Several runs side by side: their figures, the differences to the first, and how sure these are.

Trajectories are compared over the frames that all of them have. What belongs to a frame for the bootstrap: the
sub-sequences that start at it (t_rel, r_rel), the motion from it to the next (RPE), its position (ATE); see
`vo_gan.evaluation.bootstrap` for the method. Of results that are known as JSON only, differences have no interval.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import Alignment, match
from vo_gan.evaluation.bootstrap import Interval, PairedErrors, Statistic, difference_interval
from vo_gan.evaluation.depth import METRICS
from vo_gan.evaluation.kitti import Arithmetic
from vo_gan.evaluation.sources import Estimate, open_estimate
from vo_gan.evaluation.trajectory import (
    Aligned,
    align_trajectories,
    errors_of_frames,
    errors_of_segments,
    evaluate_aligned,
)
from vo_gan.odometry.trajectory import Trajectory

TRAJECTORY_KEYS = ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "rpe_m", "rpe_deg")
STEREO_KEYS = ("epe_px", "bad1_percent", "bad2_percent", "bad3_percent", "d1_percent")
KEYS = (*TRAJECTORY_KEYS, *METRICS, *STEREO_KEYS)

CONDITIONS = (
    *("alignment", "arithmetic", "frames", "truth_frames", "matched_by", "resolution"),
    *("crop", "max_depth", "median_scale", "truth_source", "truth_resolution", "estimate_resolution", "images"),
)
"""Keys of a result under which figures hold: where they differ, so may the figures for no other reason."""


@dataclass(frozen=True)
class Run:
    """Figures of one run under the keys of `--json`; and of a trajectory what is behind them."""

    name: str
    figures: Mapping[str, object]
    aligned: Aligned | None = None


@dataclass(frozen=True)
class Difference:
    """Of a figure, from the first run to another; None where one of them has no such figure, or no errors to draw."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        runs: the first is what the others are compared with.
        keys: the figures that at least one of them has.
        differences: by the name of the run and the key of the figure, of all runs but the first.
        notes: what a reader must know: other conditions, frames left out.
    """

    runs: Sequence[Run]
    keys: Sequence[str]
    differences: Mapping[str, Mapping[str, Difference]]
    notes: Sequence[str] = field(default_factory=list)


def read_result(path: Path) -> Run:
    """A result that `--json` wrote: of one evaluation, or of a batch, of which the means are taken.

    Raises:
        VoGanError: unreadable, or it holds no figure.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise VoGanError(
            f"{path}: cannot be read ({error}); expected what `vo-gan evaluate ... --json` wrote"
        ) from error
    if isinstance(values, dict) and isinstance(values.get("mean"), dict):
        values = values | values["mean"]
    if not isinstance(values, dict) or not any(isinstance(values.get(key), int | float) for key in KEYS):
        raise VoGanError(
            f"{path}: holds none of the figures {', '.join(KEYS)}; expected what `vo-gan evaluate ... --json` wrote"
        )
    return Run(path.stem, values)


def evaluate_runs(
    truth: Trajectory, paths: Sequence[Path], alignment: Alignment, arithmetic: Arithmetic = "exact"
) -> tuple[list[Run], list[str]]:
    """Evaluate trajectories over the frames that all of them have.

    Args:
        truth: the true trajectory.
        paths: trajectory files or track folders.
        alignment: how each is laid over the truth.
        arithmetic: how angles are computed.

    Returns:
        The runs, and what a reader must know.

    Raises:
        VoGanError: a file is bad, one matches nothing, or they have no frame in common.
    """
    exact = arithmetic == "exact"
    estimates = [open_estimate(path, times=truth.times is not None, orthonormalise=exact) for path in paths]
    matches = [match(truth, estimate.trajectory) for estimate in estimates]
    common = matches[0].truth
    for other in matches[1:]:
        common = np.intersect1d(common, other.truth)
    if not common.size:
        raise VoGanError(f"{paths[0]} and the others have no frame of the truth in common; compare runs of one drive")
    runs = []
    for estimate, matched in zip(estimates, matches, strict=True):
        shared = estimate.trajectory.take(matched.estimate[np.isin(matched.truth, common)])
        aligned = align_trajectories(truth, shared, alignment)
        runs.append(Run(estimate.name, _figures(estimate, aligned, arithmetic), aligned))
    most = max(len(matched.truth) for matched in matches)
    notes = [] if most == len(common) else [f"compared over the {len(common)} frames that all runs have"]
    return runs, notes


def compare(runs: Sequence[Run], seed: int = 0, arithmetic: Arithmetic = "exact") -> Comparison:
    """Differences to the first run, with intervals where the trajectories are known.

    Args:
        runs: at least two, of different names, those with trajectories from one call of `evaluate_runs`.
        seed: of the bootstrap.
        arithmetic: how angles are computed, as for the figures.
    """
    first = runs[0]
    keys = [key for key in KEYS if any(_number(run, key) is not None for run in runs)]
    errors = [None if run.aligned is None else _frame_sums(run.aligned, arithmetic) for run in runs]
    differences: dict[str, dict[str, Difference]] = {}
    for run, sums in zip(runs[1:], errors[1:], strict=True):
        differences[run.name] = {}
        for key in keys:
            before, after = _number(first, key), _number(run, key)
            value = None if before is None or after is None else after - before
            interval = None
            if value is not None and errors[0] is not None and sums is not None:
                (total, count, statistic), (other, _, _) = errors[0][key], sums[key]
                interval = difference_interval(PairedErrors(total, other, count, statistic), seed)
            differences[run.name][key] = Difference(value, interval)
    return Comparison(runs, keys, differences, _other_conditions(runs))


def _figures(estimate: Estimate, aligned: Aligned, arithmetic: Arithmetic) -> dict[str, object]:
    size = estimate.resolution
    resolution = "unknown" if size is None else f"{size[0]}x{size[1]}"
    return {**evaluate_aligned(aligned, arithmetic).to_json(), "resolution": resolution}


_Sums = tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Statistic]


def _frame_sums(aligned: Aligned, arithmetic: Arithmetic) -> dict[str, _Sums]:
    """By figure: the sum of the errors that belong to every true pose, their number, and what is made of them.

    The units are those of the figures.
    """
    frames = len(aligned.truth)

    def at(rows: np.ndarray, values: np.ndarray, statistic: Statistic = "mean") -> _Sums:
        total, count = np.bincount(rows, values, frames), np.bincount(rows, minlength=frames)
        return total.astype(float), count.astype(float), statistic

    segments = errors_of_segments(aligned, arithmetic)
    start, lengths, angles = errors_of_frames(aligned, arithmetic)
    positions = aligned.truth.world_from_camera[aligned.rows, :3, 3] - aligned.estimate.world_from_camera[:, :3, 3]
    return {
        "t_rel_percent": at(segments.start, 100.0 * segments.translation),
        "r_rel_deg_per_100m": at(segments.start, 100.0 * np.degrees(segments.rotation)),
        "ate_m": at(aligned.rows, (positions**2).sum(axis=1), "root mean square"),
        "rpe_m": at(start, lengths),
        "rpe_deg": at(start, np.degrees(angles)),
    }


def _number(run: Run, key: str) -> float | None:
    value = run.figures.get(key)
    return float(value) if isinstance(value, int | float) else None


def _other_conditions(runs: Sequence[Run]) -> list[str]:
    notes = []
    for key in CONDITIONS:
        values = [run.figures.get(key) for run in runs]
        if any(value != values[0] for value in values):
            notes.append(
                f"not the same {key}: "
                + ", ".join(f"{run.name} {value}" for run, value in zip(runs, values, strict=True))
            )
    return notes
