"""Snippet errors against the published programs, written out here as plain loops, and against known answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vo_gan.evaluation.snippets import CONVENTIONS, Convention, evaluate_snippets, snippet_errors
from vo_gan.evaluation.trajectory import align_trajectories
from vo_gan.geometry.poses import chain_motions
from vo_gan.odometry.trajectory import Trajectory


def winding(count: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Poses along a bending road of some 1 m a frame."""
    random = np.random.default_rng(seed)
    angle = 0.05 * np.sin(np.arange(count - 1) / 5) + noise * random.normal(size=count - 1)
    motions = np.tile(np.eye(4), (count - 1, 1, 1))
    motions[:, 0, 0] = motions[:, 2, 2] = np.cos(angle)
    motions[:, 0, 2], motions[:, 2, 0] = np.sin(angle), -np.sin(angle)
    motions[:, :3, 3] = [0.0, 0.01, 1.0] + noise * random.normal(size=(count - 1, 3))
    return chain_motions(motions)


def sfmlearner(truth: np.ndarray, estimate: np.ndarray) -> list[float]:
    """`compute_pose_error` of SfmLearner-Pytorch and SC-SfMLearner over all snippets of 5."""
    errors = []
    for start in range(len(truth) - 4):
        paths = []
        for poses in (truth, estimate):
            first = poses[start]
            paths.append(
                [np.linalg.inv(first[:3, :3]) @ (pose[:3, 3] - first[:3, 3]) for pose in poses[start : start + 5]]
            )
        gt, pred = np.array(paths[0]), np.array(paths[1])
        scale = np.sum(gt * pred) / np.sum(pred**2)
        errors.append(np.linalg.norm((gt - scale * pred).reshape(-1)) / 5)
    return errors


def monodepth2(truth: np.ndarray, estimate: np.ndarray) -> list[float]:
    """`evaluate_pose.py`: local poses inverted, chained as they are, and shorter snippets at the end."""

    def dump(local: list[np.ndarray]) -> np.ndarray:
        pose, positions = np.eye(4), [np.zeros(3)]
        for transform in local:
            pose = pose @ transform
            positions.append(pose[:3, 3])
        return np.array(positions)

    locals_ = [
        [np.linalg.inv(np.linalg.inv(poses[i - 1]) @ poses[i]) for i in range(1, len(poses))]
        for poses in (truth, estimate)
    ]
    errors = []
    for i in range(len(truth) - 1):
        gt, pred = dump(locals_[0][i : i + 4]), dump(locals_[1][i : i + 4])
        scale = np.sum(gt * pred) / np.sum(pred**2)
        errors.append(np.sqrt(np.sum((pred * scale - gt) ** 2)) / gt.shape[0])
    return errors


@pytest.mark.parametrize(("convention", "published"), [("sfmlearner", sfmlearner), ("monodepth2", monodepth2)])
def test_published_conventions(convention: Convention, published: object) -> None:
    truth, estimate = winding(40), winding(40, noise=0.03)
    ours = snippet_errors(truth, estimate, np.arange(40), convention)
    np.testing.assert_allclose(ours, published(truth, estimate), rtol=1e-9)  # type: ignore[operator]
    assert len(ours) == (36 if convention == "sfmlearner" else 39)


def test_exact_is_a_true_rmse() -> None:
    truth, estimate = winding(40), winding(40, noise=0.03)
    exact = snippet_errors(truth, estimate, np.arange(40), "exact")
    np.testing.assert_allclose(exact, np.sqrt(5) * snippet_errors(truth, estimate, np.arange(40), "sfmlearner"))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_scale_and_place_do_not_count(convention: Convention) -> None:
    truth = winding(30)
    estimate = winding(3)[-1] @ truth
    estimate[:, :3, 3] *= 0.2
    np.testing.assert_allclose(snippet_errors(truth, estimate, np.arange(30), convention), 0.0, atol=1e-12)


def test_a_sideways_step_by_hand() -> None:
    """The truth goes 0, 1, 2, 3, 4 m ahead, the estimate the same but 1 m aside in the last frame: p.g = p.p - 1 = 30,
    s = 30 / 31, and the squares of s p - g are 30 (1 - s)^2 + s^2 = 30 / 31."""
    truth, estimate = np.tile(np.eye(4), (5, 1, 1)), np.tile(np.eye(4), (5, 1, 1))
    truth[:, 2, 3] = estimate[:, 2, 3] = np.arange(5.0)
    estimate[4, 0, 3] = 1.0
    assert snippet_errors(truth, estimate, np.arange(5), "exact") == pytest.approx(np.sqrt(30 / 31 / 5))


def test_standing_still_has_the_length_of_the_truth() -> None:
    truth, estimate = np.tile(np.eye(4), (5, 1, 1)), np.tile(np.eye(4), (5, 1, 1))
    truth[:, 2, 3] = np.arange(5.0)
    assert snippet_errors(truth, estimate, np.arange(5), "exact") == pytest.approx(np.sqrt(30 / 5))


def test_snippets_do_not_reach_over_gaps() -> None:
    poses = winding(12)
    rows = np.array([0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14])
    assert len(snippet_errors(poses, poses, rows, "exact")) == 2 + 2
    assert len(snippet_errors(poses, poses, rows, "monodepth2")) == 2 + 2 + 3


def test_figures_and_their_keys() -> None:
    truth = Trajectory(winding(40), None, np.arange(40))
    estimate = Trajectory(winding(40, noise=0.03), None, np.arange(40))
    aligned = align_trajectories(truth, estimate, "sim3")
    figures = evaluate_snippets(aligned, "sfmlearner")
    expected = sfmlearner(truth.world_from_camera, estimate.world_from_camera)
    assert (figures.ate_m, figures.ate_std_m) == pytest.approx((np.mean(expected), np.std(expected)))
    assert figures.to_json()["snippet5_ate_sfmlearner_m"] == figures.ate_m
    short = align_trajectories(truth.take(np.arange(4)), estimate.take(np.arange(4)), "se3")
    values = evaluate_snippets(short).to_json()
    assert values["snippet5_ate_exact_m"] is None
    assert "5 consecutive" in str(values["snippet5_ate_exact_m_reason"])
    json.dumps(values, allow_nan=False)
