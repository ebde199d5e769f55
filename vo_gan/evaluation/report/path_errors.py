"""Errors along a path, and drift by length and speed, as charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from vo_gan.evaluation.aligned import Aligned
from vo_gan.evaluation.kitti import (
    FRAME_PERIOD,
    DriftCurve,
    drift_by_length,
    drift_by_speed,
    path_lengths,
    rotation_angles,
)
from vo_gan.evaluation.report.charts import Series, line_chart
from vo_gan.evaluation.report.page import Block, Cell, Chart, Table
from vo_gan.evaluation.trajectory import errors_of_segments
from vo_gan.geometry.poses import invert_poses


@dataclass(frozen=True)
class PathErrors:
    """Errors of every matched pose.

    Attributes:
        distance: metres along the true path.
        translation: distance between the estimated and the true position, metres.
        rotation: angle between the estimated and the true orientation, degrees.
    """

    distance: Float64[np.ndarray, " m"]
    translation: Float64[np.ndarray, " m"]
    rotation: Float64[np.ndarray, " m"]


def path_errors(aligned: Aligned) -> PathErrors | None:
    """Errors of the matched poses after the alignment; None where the alignment has no scale."""
    if isinstance(aligned.similarity, str):
        return None
    truth = aligned.truth.world_from_camera[aligned.rows]
    difference = invert_poses(truth) @ aligned.estimate.world_from_camera
    return PathErrors(
        distance=path_lengths(aligned.truth.world_from_camera)[aligned.rows],
        translation=np.linalg.norm(difference[:, :3, 3], axis=1),
        rotation=np.degrees(rotation_angles(difference)),
    )


def error_blocks(errors: PathErrors, conditions: str) -> list[Block]:
    """Error of position and of orientation over the way travelled; nothing for a single pose."""
    if len(errors.distance) < 2:
        return []
    return [
        Chart(
            line_chart(
                [Series("", errors.distance, values)],
                title=f"{name} along the path, at most {values.max():.3g} {unit}",
                x_label="true path (m)",
                y_label=f"{name} ({unit})",
            ),
            f"{name.capitalize()} along the path: median {np.median(values):.3g} {unit}, largest {values.max():.3g} "
            f"{unit}. {conditions}",
        )
        for name, values, unit in (
            ("error of position", errors.translation, "m"),
            ("error of orientation", errors.rotation, "deg"),
        )
    ]


def drift_blocks(aligned: Aligned) -> list[Block]:
    """KITTI's errors over sub-sequences, by their length and by speed; nothing where the path is too short."""
    if isinstance(aligned.similarity, str):
        return []
    segments = errors_of_segments(aligned)
    by_length, by_speed = drift_by_length(segments), drift_by_speed(segments)
    if not by_length.at.size:
        return []
    clock = "the times of the truth" if aligned.truth.times is not None else f"{1 / FRAME_PERIOD:g} frames per second"
    rows: list[list[Cell]] = [
        [f"{at:g} m", translation, rotation, count]
        for at, translation, rotation, count in zip(
            by_length.at.tolist(),
            by_length.t_rel_percent.tolist(),
            by_length.r_rel_deg_per_100m.tolist(),
            by_length.segments.tolist(),
            strict=True,
        )
    ]
    return [
        *_charts(by_length, "length of the sub-sequence (m)", "Mean over the sub-sequences of each length"),
        *_charts(by_speed, "speed (m/s)", f"Mean over sub-sequences within 2 m/s of each speed, by {clock}"),
        Table(
            "Drift by length",
            ["sub-sequences of", "t_rel (%)", "r_rel (deg/100 m)", "number"],
            rows,
            "KITTI odometry metric: a sub-sequence starts at every tenth true pose; errors are divided by its length.",
        ),
    ]


def _charts(curve: DriftCurve, x_label: str, caption: str) -> list[Chart]:
    """Translation and rotation over one axis; nothing for a single point, which is no curve."""
    if len(curve.at) < 2:
        return []
    return [
        Chart(
            line_chart(
                [Series("", curve.at, values, dots=True)], title=f"{name} over {x_label}", x_label=x_label, y_label=name
            ),
            f"{caption}.",
        )
        for name, values in (("t_rel (%)", curve.t_rel_percent), ("r_rel (deg/100 m)", curve.r_rel_deg_per_100m))
    ]
