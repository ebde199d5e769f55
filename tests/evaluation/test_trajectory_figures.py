"""Trajectory figures: known answers, a plain-loop reference, invariances, gaps, and what is not defined."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.evaluation.alignment import ALIGNMENTS, Similarity, umeyama
from vo_gan.evaluation.kitti import drift_by_length, drift_by_speed, path_lengths, rotation_angles, segment_errors
from vo_gan.evaluation.trajectory import (
    align_trajectories,
    constant_velocity,
    errors_of_segments,
    evaluate_trajectory,
)
from vo_gan.odometry.trajectory import Trajectory

FIGURES = ("t_rel_percent", "r_rel_deg_per_100m", "ate_m", "rpe_m", "rpe_deg")


def rotation(axis: tuple[float, float, float], angle: float) -> np.ndarray:
    """Rodrigues' formula."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew


def transform(axis: tuple[float, float, float], angle: float, translation: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(axis, angle)
    matrix[:3, 3] = translation
    return matrix


def chain(motions: list[np.ndarray]) -> Trajectory:
    poses = [np.eye(4)]
    for motion in motions:
        poses.append(poses[-1] @ motion)
    return Trajectory(np.array(poses), None, np.arange(len(poses)))


def winding_road(count: int = 600, seed: int = 1, step: float = 1.0) -> Trajectory:
    """About `count * step` metres with bends, hills and changes of speed."""
    random = np.random.default_rng(seed)
    turns = 0.02 * np.sin(np.arange(count) / 25) + random.normal(scale=0.002, size=count)
    return chain(
        [
            transform((0.05, 1, 0.02), float(turn), (0, 0.01, step * (1 + 0.3 * np.sin(i / 40))))
            for i, turn in enumerate(turns)
        ]
    )


def with_noise(truth: Trajectory, seed: int = 2, metres: float = 0.02, radians: float = 1e-3) -> Trajectory:
    """An estimate: every motion of the truth with an error."""
    random = np.random.default_rng(seed)
    poses = truth.world_from_camera
    motions = np.linalg.inv(poses[:-1]) @ poses[1:]
    errors = [
        transform(tuple(random.normal(size=3)), float(random.normal(scale=radians)), tuple(random.normal(0, metres, 3)))
        for _ in motions
    ]
    return chain([motion @ error for motion, error in zip(motions, errors, strict=True)])


def moved(trajectory: Trajectory, scale: float, motion: np.ndarray) -> Trajectory:
    poses = trajectory.world_from_camera.copy()
    poses[:, :3, 3] *= scale
    return Trajectory(motion @ poses, trajectory.times, trajectory.frames)


def some(trajectory: Trajectory, rows: np.ndarray) -> Trajectory:
    times = None if trajectory.times is None else trajectory.times[rows]
    return Trajectory(trajectory.world_from_camera[rows], times, trajectory.frames[rows])


def timed(trajectory: Trajectory, times: np.ndarray) -> Trajectory:
    return Trajectory(trajectory.world_from_camera, times, trajectory.frames)


ELSEWHERE = transform((1, 2, -1), 1.2, (30, -4, 200))


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_the_truth_scores_zero(align: str) -> None:
    truth = winding_road()
    figures = evaluate_trajectory(truth, copy.deepcopy(truth), align)  # type: ignore[arg-type]
    for name in FIGURES:
        assert getattr(figures, name) == pytest.approx(0.0, abs=1e-9), name
    assert figures.frames == len(truth)
    assert figures.reasons == {}


@pytest.mark.parametrize("align", ["scale", "sim3"])
def test_scaled_truth_scores_zero_when_scale_is_fitted(align: str) -> None:
    truth = winding_road()
    figures = evaluate_trajectory(truth, moved(truth, 0.37, ELSEWHERE), align)  # type: ignore[arg-type]
    assert figures.scale == pytest.approx(1 / 0.37)
    for name in FIGURES:
        assert getattr(figures, name) == pytest.approx(0.0, abs=1e-8), name


def test_one_percent_of_scale_is_one_percent_of_drift() -> None:
    """On a straight road with 1 m steps, sub-sequences of nominal length L are L + 1 m long (the end is the first pose
    farther than L), so the error is 0.01 (L + 1) / L."""
    truth = chain([transform((0, 1, 0), 0.0, (0, 0, 1.0))] * 1000)
    figures = evaluate_trajectory(truth, moved(truth, 1.01, np.eye(4)), "none")
    lengths = np.arange(100, 801, 100)
    starts = np.array([len(range(0, 1001 - length - 1, 10)) for length in lengths])
    expected = 100 * np.average(0.01 * (lengths + 1) / lengths, weights=starts)
    assert figures.t_rel_percent == pytest.approx(expected, rel=1e-6)
    assert figures.t_rel_percent == pytest.approx(1.0, abs=0.01)
    assert figures.segments == starts.sum()
    assert figures.r_rel_deg_per_100m == pytest.approx(0.0, abs=1e-9)
    assert figures.rpe_m == pytest.approx(0.01)


def test_constant_yaw_drift() -> None:
    """0.01 degrees a metre are 1 degree over 100 m, and 0.01 degrees a frame."""
    angle = np.radians(0.01)
    truth = chain([transform((0, 1, 0), 0.0, (0, 0, 1.0))] * 500)
    estimate = chain([transform((0, 1, 0), angle, (0, 0, 1.0))] * 500)
    figures = evaluate_trajectory(truth, estimate)
    assert figures.rpe_deg == pytest.approx(0.01, rel=1e-9)
    assert figures.r_rel_deg_per_100m == pytest.approx(1.0, rel=0.01)


def reference_kitti(truth: np.ndarray, estimate: dict[int, np.ndarray]) -> tuple[float, float, int]:
    """The KITTI metric as plain loops: percent, degrees per 100 m, number of sub-sequences."""
    distance = [0.0]
    for a, b in pairwise(truth):
        distance.append(distance[-1] + float(np.linalg.norm(b[:3, 3] - a[:3, 3])))
    translation, turning = [], []
    for first in range(0, len(truth), 10):
        for length in range(100, 900, 100):
            last = next((j for j in range(first, len(truth)) if distance[j] > distance[first] + length), None)
            if last is None or first not in estimate or last not in estimate:
                continue
            true_motion = np.linalg.inv(truth[first]) @ truth[last]
            motion = np.linalg.inv(estimate[first]) @ estimate[last]
            error = np.linalg.inv(motion) @ true_motion
            translation.append(np.linalg.norm(error[:3, 3]) / length)
            turning.append(np.arccos(np.clip((np.trace(error[:3, :3]) - 1) / 2, -1, 1)) / length)
    return 100 * float(np.mean(translation)), 100 * float(np.degrees(np.mean(turning))), len(translation)


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_kitti_metric_is_that_of_plain_loops(share: float) -> None:
    truth = winding_road(1000)
    estimate = with_noise(truth)
    rows = np.flatnonzero(np.random.default_rng(5).uniform(size=len(truth)) < share)
    figures = evaluate_trajectory(truth, some(estimate, rows), "none")
    t_rel, r_rel, segments = reference_kitti(
        truth.world_from_camera, {int(row): estimate.world_from_camera[row] for row in rows}
    )
    assert segments > 50
    assert figures.segments == segments
    assert figures.t_rel_percent == pytest.approx(t_rel, rel=1e-9)
    assert figures.r_rel_deg_per_100m == pytest.approx(r_rel, rel=1e-6)
    published = evaluate_trajectory(truth, some(estimate, rows), "none", "published")
    assert published.r_rel_deg_per_100m == pytest.approx(r_rel, rel=1e-9)


def test_agrees_with_evo_run_by_itself() -> None:
    """Alignment and errors against evo's own, called with the options that a user of its command would give."""
    from evo.core.metrics import PoseRelation, Unit
    from evo.core.trajectory import PosePath3D
    from evo.main_ape import ape
    from evo.main_rpe import rpe

    truth = winding_road(200)
    estimate = moved(with_noise(truth), 0.8, ELSEWHERE)

    def paths() -> tuple[PosePath3D, PosePath3D]:
        return tuple(PosePath3D(poses_se3=list(t.world_from_camera.copy())) for t in (truth, estimate))

    for align, options in {
        "none": {},
        "se3": {"align": True},
        "sim3": {"align": True, "correct_scale": True},
    }.items():
        figures = evaluate_trajectory(truth, estimate, align)  # type: ignore[arg-type]
        expected = ape(*paths(), PoseRelation.translation_part, **options)
        assert figures.ate_m == pytest.approx(expected.stats["rmse"], rel=1e-9)
        for relation, name in (
            (PoseRelation.translation_part, "rpe_m"),
            (PoseRelation.rotation_angle_deg, "rpe_deg"),
        ):
            result = rpe(*paths(), relation, delta=1, delta_unit=Unit.frames, **options)
            assert getattr(figures, name) == pytest.approx(result.stats["mean"], rel=1e-7)


def test_a_rigid_motion_of_the_estimate_changes_nothing() -> None:
    truth = winding_road()
    estimate = with_noise(truth)
    for align in ("none", "se3", "scale", "sim3"):
        before = evaluate_trajectory(truth, estimate, align)
        after = evaluate_trajectory(truth, moved(estimate, 1.0, ELSEWHERE), align)
        for name in FIGURES:
            if (align, name) != ("none", "ate_m"):
                assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-8), (align, name)


def test_none_compares_positions_as_they_are() -> None:
    truth = winding_road(50)
    away = moved(truth, 1.0, transform((0, 1, 0), 0.0, (3, 0, 4)))
    assert evaluate_trajectory(truth, away, "none").ate_m == pytest.approx(5.0)


def test_a_similarity_of_the_estimate_changes_nothing_under_sim3() -> None:
    truth = winding_road()
    estimate = with_noise(truth)
    before = evaluate_trajectory(truth, estimate, "sim3")
    after = evaluate_trajectory(truth, moved(estimate, 7.3, ELSEWHERE), "sim3")
    for name in FIGURES:
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-7), name


def test_nothing_given_is_changed() -> None:
    truth = winding_road(150)
    estimate = moved(with_noise(truth), 1.1, ELSEWHERE)
    copies = copy.deepcopy((truth, estimate))
    for align in ALIGNMENTS:
        evaluate_trajectory(truth, estimate, align)
    np.testing.assert_array_equal(truth.world_from_camera, copies[0].world_from_camera)
    np.testing.assert_array_equal(estimate.world_from_camera, copies[1].world_from_camera)


def test_gap_in_the_middle_is_dropped_not_bridged() -> None:
    """Every pose that is there is true, so that every figure is 0, whatever is missing."""
    truth = winding_road()
    rows = np.concatenate((np.arange(7, 100), np.arange(130, 300), [310], np.arange(400, 590)))
    figures = evaluate_trajectory(truth, moved(some(truth, rows), 1.0, ELSEWHERE))
    assert figures.frames == len(rows)
    assert figures.truth_frames == len(truth)
    for name in FIGURES:
        assert getattr(figures, name) == pytest.approx(0.0, abs=1e-8), name


def test_rpe_counts_only_motions_over_one_frame() -> None:
    truth = chain([transform((0, 1, 0), 0.0, (0, 0, 1.0))] * 20)
    estimate = moved(truth, 1.1, np.eye(4))
    every_second = evaluate_trajectory(truth, some(estimate, np.arange(0, 21, 2)), "none")
    assert every_second.rpe_m is None
    assert "consecutive" in every_second.reasons["rpe_m"]
    with_a_gap = evaluate_trajectory(truth, some(estimate, np.array([0, 1, 9, 10, 11])), "none")
    assert with_a_gap.rpe_m == pytest.approx(0.1)


def test_estimate_shorter_and_longer_than_the_truth() -> None:
    truth = winding_road()
    rows = np.arange(400)
    assert evaluate_trajectory(truth, some(truth, rows)).frames == 400
    longer = evaluate_trajectory(some(truth, rows), truth)
    assert (longer.frames, longer.estimate_frames) == (400, 601)
    assert longer.ate_m == pytest.approx(0.0, abs=1e-9)


def test_matching_by_time() -> None:
    """Times decide, not row numbers: half the poses, each 3 ms late, and one far from every true one."""
    truth = timed(winding_road(), 100.0 + 0.1 * np.arange(601))
    rows = np.arange(1, 601, 2)
    estimate = Trajectory(truth.world_from_camera[rows], 100.003 + 0.1 * rows, np.arange(300))
    figures = evaluate_trajectory(truth, estimate, "none")
    assert figures.frames == 300
    assert figures.ate_m == pytest.approx(0.0, abs=1e-9)
    stray = Trajectory(truth.world_from_camera[rows], np.append(100.003 + 0.1 * rows[:-1], 999.0), np.arange(300))
    assert evaluate_trajectory(truth, stray).frames == 299


def test_two_poses_never_match_the_same_true_one() -> None:
    truth = timed(winding_road(10), 0.1 * np.arange(11))
    estimate = Trajectory(truth.world_from_camera[[3, 4]], np.array([0.299, 0.304]), np.arange(2))
    assert evaluate_trajectory(truth, estimate).frames == 1


def test_truth_of_a_higher_rate_is_thinned() -> None:
    """As in EuRoC: the truth has 10 poses for each of the estimate; with the poses between, RPE would be undefined."""
    fine = winding_road(3000, step=0.1)
    times = 1e9 + np.arange(3001) / 200
    truth, rows = timed(fine, times), np.arange(0, 3001, 10)
    estimate = timed(some(fine, rows), times[rows] + 1e-3)
    figures = evaluate_trajectory(truth, estimate, "none")
    assert figures.rpe_m == pytest.approx(0.0, abs=1e-9)
    assert figures.t_rel_percent == pytest.approx(0.0, abs=1e-9)
    assert (figures.frames, figures.matched_by) == (301, "time")
    assert "2700 of its 3001 poses lie between those of the estimate" in figures.notes[0]
    shifted = Trajectory(with_noise(some(fine, rows)).world_from_camera, estimate.times, estimate.frames)
    alone = evaluate_trajectory(timed(some(fine, rows), times[rows]), shifted, "none")
    assert evaluate_trajectory(truth, shifted, "none").rpe_m == pytest.approx(alone.rpe_m)


def test_what_matching_left_out_is_said() -> None:
    truth = winding_road(300)
    shorter = evaluate_trajectory(truth, some(truth, np.arange(200)))
    assert shorter.notes == ("101 true poses have no estimated one",)
    longer = evaluate_trajectory(some(truth, np.arange(200)), truth)
    assert longer.notes == ("101 estimated poses have no true one and were left out",)
    assert longer.to_json()["notes"] == longer.notes[0]
    assert longer.to_json()["matched_by"] == "frame index"
    assert evaluate_trajectory(truth, truth).notes == ()


def test_another_clock_is_refused_with_the_remedy() -> None:
    truth = timed(winding_road(50), np.arange(51) / 10)
    with pytest.raises(VoGanError, match="--time-offset SECONDS"):
        evaluate_trajectory(truth, timed(truth, 1.4e9 + np.arange(51) / 10))


@pytest.mark.parametrize("align", ["se3", "sim3"])
def test_a_straight_line_says_that_roll_is_open(align: str) -> None:
    straight = chain([transform((0, 1, 0), 0.0, (0, 0, 1.0))] * 200)
    rolled = moved(straight, 1.0, transform((0, 0, 1), 0.7, (0, 0, 0)))
    figures = evaluate_trajectory(straight, rolled, align)  # type: ignore[arg-type]
    assert "roll" in figures.notes[0]
    for name in FIGURES:
        assert getattr(figures, name) == pytest.approx(0.0, abs=1e-9), name
    assert evaluate_trajectory(straight, rolled, "none").notes == ()
    assert evaluate_trajectory(winding_road(), winding_road(), align).notes == ()  # type: ignore[arg-type]


def test_drift_curves_are_those_of_the_development_kit() -> None:
    """Plain loops over `saveErrorPlots`: a length has its segments, a speed those less than 2 m/s away, both at least
    3; the speed counts one frame period more than there are."""
    truth = winding_road(900, step=1.2)
    estimate = with_noise(truth)
    aligned = align_trajectories(truth, estimate, "se3")
    segments = errors_of_segments(aligned)
    travelled = path_lengths(truth.world_from_camera)
    found = []
    for first in range(0, len(truth), 10):
        for length in range(100, 900, 100):
            later = np.flatnonzero(travelled > travelled[first] + length)
            if later.size:
                found.append((length, length / (0.1 * (later[0] - first + 1))))
    assert segments.speed == pytest.approx([speed for _, speed in found])
    errors = list(zip(found, segments.translation, segments.rotation, strict=True))
    for curve, near in (
        (drift_by_length(segments), lambda pair, at: abs(pair[0] - at) < 1),
        (drift_by_speed(segments), lambda pair, at: abs(pair[1] - at) < 2),
    ):
        candidates = range(100, 900, 100) if curve.at.max() > 50 else range(2, 25, 2)
        expected = {}
        for at in candidates:
            inside = [(t, r) for pair, t, r in errors if near(pair, at)]
            if len(inside) >= 3:
                t, r = np.mean(inside, axis=0)
                expected[at] = (100 * t, 100 * np.degrees(r), len(inside))
        assert list(curve.at) == list(expected)
        rows = zip(curve.t_rel_percent, curve.r_rel_deg_per_100m, curve.segments, strict=True)
        np.testing.assert_allclose(list(rows), list(expected.values()))
    assert 0 < len(drift_by_speed(segments).at) < 12


def test_speed_takes_the_rate_from_the_times() -> None:
    truth = winding_road(300)
    assumed = errors_of_segments(align_trajectories(truth, truth, "none")).speed
    twenty_hertz = timed(truth, np.arange(301) / 20)
    known = errors_of_segments(align_trajectories(twenty_hertz, twenty_hertz, "none")).speed
    np.testing.assert_allclose(known, 2 * assumed)


def test_nothing_matches() -> None:
    truth = winding_road(10)
    with pytest.raises(VoGanError, match="no frame in common"):
        evaluate_trajectory(truth, Trajectory(truth.world_from_camera, None, np.arange(100, 111)))
    with pytest.raises(VoGanError, match=r"times 500.000 to 501.000 s.*same clock"):
        evaluate_trajectory(timed(truth, np.linspace(0, 1, 11)), timed(truth, np.linspace(500, 501, 11)))
    with pytest.raises(VoGanError, match="has times and 5 poses, the truth has no times and 11 poses"):
        evaluate_trajectory(truth, some(timed(truth, np.linspace(0, 1, 11)), np.arange(5)))
    assert evaluate_trajectory(truth, timed(truth, np.linspace(0, 1, 11))).frames == 11


def test_short_path_is_not_defined() -> None:
    truth = winding_road(60)
    figures = evaluate_trajectory(truth, with_noise(truth))
    values = figures.to_json()
    for name in ("t_rel_percent", "r_rel_deg_per_100m"):
        assert values[name] is None
        assert "100 m" in str(values[f"{name}_reason"])
    assert figures.ate_m is not None
    assert figures.rpe_m is not None
    json.dumps(values, allow_nan=False)


def test_long_path_without_whole_segments_is_not_defined() -> None:
    truth = winding_road(300)
    figures = evaluate_trajectory(truth, some(truth, np.arange(50)))
    assert figures.t_rel_percent is None
    assert "both its ends" in figures.reasons["t_rel_percent"]


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_one_common_pose_defines_nothing(align: str) -> None:
    truth = winding_road(10)
    figures = evaluate_trajectory(truth, some(truth, np.array([4])), align)  # type: ignore[arg-type]
    assert figures.frames == 1
    for name in FIGURES:
        assert getattr(figures, name) is None
        assert "one pose" in figures.reasons[name]


def test_standing_still() -> None:
    """An estimate that does not move has errors, but no scale; a truth that does not move fits no scale either."""
    road = winding_road()
    still = Trajectory(np.tile(ELSEWHERE, (len(road), 1, 1)), None, road.frames)
    figures = evaluate_trajectory(road, still, "se3")
    positions = road.world_from_camera[:, :3, 3]
    assert figures.ate_m == pytest.approx(np.sqrt(((positions - positions.mean(axis=0)) ** 2).sum(axis=1).mean()))
    for align in ("scale", "sim3"):
        stuck = evaluate_trajectory(road, still, align)
        assert stuck.t_rel_percent is stuck.ate_m is stuck.rpe_m is stuck.scale is None
        assert "does not move" in stuck.reasons["ate_m"]
        assert stuck.rpe_deg is not None
        assert stuck.r_rel_deg_per_100m is not None
        assert "truth does not move" in evaluate_trajectory(still, road, align).reasons["ate_m"]
    backwards = moved(road, -1.0, np.eye(4))
    assert "against the truth" in evaluate_trajectory(road, backwards, "scale").reasons["t_rel_percent"]


@pytest.mark.parametrize("align", ["se3", "sim3"])
@pytest.mark.parametrize("heading", [0.0, 1.0, np.pi])
def test_straight_lines_are_aligned(align: str, heading: float) -> None:
    """Both on a line, whichever way they point: the fit is exact."""
    line = chain([transform((0, 1, 0), 0.0, (0, 0, 1.0))] * 150)
    figures = evaluate_trajectory(line, moved(line, 1.0, transform((0, 1, 0), heading, (5, 6, 7))), align)  # type: ignore[arg-type]
    for name in FIGURES:
        assert getattr(figures, name) == pytest.approx(0.0, abs=1e-7), name


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_constant_velocity_baseline_gets_all_figures(align: str) -> None:
    truth = winding_road(400)
    baseline = constant_velocity(truth)
    figures = evaluate_trajectory(truth, baseline, align)  # type: ignore[arg-type]
    for name in FIGURES:
        value = getattr(figures, name)
        assert value is not None
        assert np.isfinite(value)
        assert value > 0


def test_straight_baseline_against_a_curve_is_aligned_best() -> None:
    """No rotation of a straight line does better than the fitted one."""
    random = np.random.default_rng(3)
    curve = winding_road(200).world_from_camera[:, :3, 3]
    line = np.outer(np.arange(201.0), [0.6, 0.0, 0.8])
    fitted = umeyama(curve, line, with_scale=False)
    assert isinstance(fitted, Similarity)
    assert np.linalg.det(fitted.rotation) == pytest.approx(1.0)

    def error(turn: np.ndarray) -> float:
        aligned = line @ turn.T
        difference = aligned - aligned.mean(axis=0) - curve + curve.mean(axis=0)
        return float(np.sqrt((difference**2).sum(axis=1).mean()))

    best = error(fitted.rotation)
    for scale in (0.01, 0.1, 1.0):
        for _ in range(50):
            assert (
                error(rotation(tuple(random.normal(size=3)), scale * random.normal()) @ fitted.rotation) >= best - 1e-12
            )


def test_collinear_fit_takes_the_smallest_rotation() -> None:
    for axis, direction in (((1.0, 0.0, 0.0), [0, 0, 1]), ((1.0, 2.0, 0.0), [2, -1, 0]), ((0.0, 3.0, 4.0), [1, 4, -3])):
        expected = rotation(axis, 0.7)  # about a normal of the line
        source = np.outer(np.arange(5.0), direction)
        target = source @ expected.T + [1, 2, 3]
        fitted = umeyama(target, source, with_scale=True)
        assert isinstance(fitted, Similarity)
        np.testing.assert_allclose(fitted.rotation, expected, atol=1e-12)
    line = np.outer(np.arange(5.0), [0, 1, 0])
    turned = umeyama(-line, line, with_scale=False)
    assert isinstance(turned, Similarity)
    np.testing.assert_allclose(turned.rotation @ [0, 1, 0], [0, -1, 0], atol=1e-12)
    assert np.linalg.det(turned.rotation) == pytest.approx(1.0)


def test_umeyama_never_mirrors() -> None:
    random = np.random.default_rng(4)
    points = random.normal(size=(30, 3))
    fitted = umeyama(points * [1, 1, -1], points, with_scale=True)
    assert isinstance(fitted, Similarity)
    assert np.linalg.det(fitted.rotation) == pytest.approx(1.0)


def test_alignment_puts_the_estimate_on_the_truth() -> None:
    truth = winding_road(200)
    aligned = align_trajectories(truth, moved(truth, 3.0, ELSEWHERE), "sim3")
    np.testing.assert_allclose(aligned.estimate.world_from_camera, aligned.truth.world_from_camera, atol=1e-9)


def test_constant_velocity_repeats_the_first_motion() -> None:
    truth = winding_road(5)
    truth = moved(truth, 1.0, ELSEWHERE)
    baseline = constant_velocity(truth).world_from_camera
    np.testing.assert_allclose(baseline[:2], truth.world_from_camera[:2], atol=1e-12)
    motion = np.linalg.inv(baseline[0]) @ baseline[1]
    np.testing.assert_allclose(baseline[5], truth.world_from_camera[0] @ np.linalg.matrix_power(motion, 5), atol=1e-9)
    assert len(constant_velocity(some(truth, np.array([0])))) == 1


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-5, 0.3, 3.1, np.pi])
def test_angles_keep_their_digits(angle: float) -> None:
    matrix = transform((1, -2, 0.5), angle, (1, 2, 3))[None]
    assert rotation_angles(matrix)[0] == pytest.approx(angle, rel=1e-7, abs=1e-15)


def test_bad_poses_are_named() -> None:
    truth = winding_road(10)
    broken = truth.world_from_camera.copy()
    broken[4, 0, 3] = np.nan
    with pytest.raises(VoGanError, match="the estimate: the pose of frame 4 is not finite"):
        evaluate_trajectory(truth, Trajectory(broken, None, truth.frames))
    sheared = truth.world_from_camera.copy()
    sheared[7, :3, :3] = np.diag([1.0, 1.0, -1.0])
    with pytest.raises(VoGanError, match="the truth: the pose of frame 7 holds no rotation"):
        evaluate_trajectory(Trajectory(sheared, None, truth.frames), truth)


def test_segment_starts_and_ends() -> None:
    truth = chain([transform((0, 1, 0), 0.0, (0, 0, 2.0))] * 100)  # 200 m
    errors = segment_errors(truth.world_from_camera, truth.world_from_camera, np.arange(101))
    assert path_lengths(truth.world_from_camera)[-1] == pytest.approx(200.0)
    np.testing.assert_array_equal(errors.length, 100.0)  # none of 200 m, because its end must lie beyond
    np.testing.assert_array_equal(errors.start, [0, 10, 20, 30, 40])


def test_importing_evaluation_imports_nothing_heavy() -> None:
    code = (
        "import sys, vo_gan.evaluation, vo_gan.evaluation.trajectory, vo_gan.evaluation.depth, "
        "vo_gan.evaluation.stereo, vo_gan.evaluation.plots, vo_gan.evaluation.report, vo_gan.evaluation.batch, "
        "vo_gan.evaluation.compare, vo_gan.evaluation.depth_sets, vo_gan.evaluation.evo_archive, "
        "vo_gan.evaluation.snippets, vo_gan.commands.evaluate; "
        "print([name for name in ('evo', 'matplotlib', 'open3d', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
