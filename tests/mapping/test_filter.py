"""Which depth the agreement filter believes."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.mapping.filter import back_project, believable, depth_edges, votes


def step_to(z: float, x: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, 3] = [x, 0, z]
    return pose


@pytest.fixture
def views(corridor_view, straight):
    """Depth and pose of the corridor's frames, as the filter takes them."""
    return [(corridor_view(pose)[0].astype(np.float32), pose) for pose in straight]


def neighbours_of(views, index):
    return [views[index + offset] for offset in (-2, -1, 1, 2)]


def test_a_slanted_plane_has_no_edge_and_a_step_has_one_on_both_sides(corridor_view):
    depth = corridor_view(np.eye(4))[0].astype(np.float32)
    ground = depth_edges(depth)[60:, 60:100]
    assert not ground.any()
    step = np.full((20, 20), 8.0, np.float32)
    step[:, 10:] = 12.0
    edges = depth_edges(step)
    assert edges[:, 9:11].all()
    assert not edges[:, :9].any()
    assert not edges[:, 11:].any()


def test_missing_depth_beside_a_pixel_is_no_edge():
    depth = np.full((9, 9), 8.0, np.float32)
    depth[:, 4] = 0
    assert not depth_edges(depth).any()


def test_a_true_pose_makes_neighbours_agree_and_a_false_one_disagree(views, intrinsics):
    (depth, pose), (other, other_pose) = views[2], views[3]
    agree, disagree = votes(depth, other, np.linalg.inv(other_pose) @ pose, intrinsics)
    seen = agree | disagree
    assert agree.sum() > 0.98 * seen.sum()
    assert seen.mean() > 0.7
    wrong = step_to(-2.0) @ np.linalg.inv(other_pose) @ pose
    agree, disagree = votes(depth, other, wrong, intrinsics)
    # Only the end wall can tell: walls along the way look the same from two metres on.
    end = depth > 24
    assert disagree[end].sum() > 0.8 * end.sum()


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_points_in_front_of_and_behind_the_neighbours_surface_disagree(factor, intrinsics):
    depth = np.full((96, 160), 10.0, np.float32)
    agree, disagree = votes(depth * np.float32(factor), depth, np.eye(4), intrinsics, tolerance=0.05)
    assert disagree.all()
    assert not agree.any()
    agree, disagree = votes(depth * np.float32(factor), depth, np.eye(4), intrinsics, tolerance=0.2)
    assert agree.all()
    assert not disagree.any()


def test_a_neighbour_without_depth_or_view_has_no_opinion(intrinsics):
    depth = np.full((96, 160), 10.0, np.float32)
    for other, motion in ((np.zeros_like(depth), np.eye(4)), (depth, step_to(0, x=100)), (depth, step_to(-11))):
        agree, disagree = votes(depth, other, motion, intrinsics)
        assert not agree.any()
        assert not disagree.any()


def test_a_frame_with_doubled_depth_is_rejected_and_its_neighbours_survive(views, intrinsics):
    healthy = [believable(*views[i], neighbours_of(views, i), intrinsics, max_depth=40.0) for i in (3, 4)]
    views[4] = (views[4][0] * 2, views[4][1])
    broken = believable(*views[4], neighbours_of(views, 4), intrinsics, max_depth=80.0)
    beside = believable(*views[3], neighbours_of(views, 3), intrinsics, max_depth=40.0)
    assert healthy[1].mean() > 0.6
    assert broken.mean() < 0.01
    assert beside.sum() > 0.95 * healthy[0].sum()


def test_something_that_drives_ahead_is_dropped(views, intrinsics):
    moving = [(depth.copy(), pose) for depth, pose in views]
    for index, (depth, _) in enumerate(moving):
        depth[40:56, 74:86] = 7.0 + 0.3 * index  # a car that pulls away: 0.9 m a frame over ground
    kept = believable(*moving[4], neighbours_of(moving, 4), intrinsics, max_depth=40.0)
    standing = believable(*views[4], neighbours_of(views, 4), intrinsics, max_depth=40.0)
    assert kept[42:54, 76:84].mean() < 0.05
    assert kept[75:, :].sum() > 0.95 * standing[75:, :].sum()


def test_range_sky_and_unconfirmed_depth_are_dropped(views, intrinsics):
    depth, pose = views[3]
    depth = depth.copy()
    depth[:10] = 0
    kept = believable(depth, pose, neighbours_of(views, 3), intrinsics, max_depth=9.0)
    assert kept.any()
    assert not kept[:10].any()
    assert depth[kept].max() <= 9.0
    assert not believable(depth, pose, [], intrinsics, max_depth=9.0).any()


def test_back_projection_returns_to_the_same_pixels(views, intrinsics):
    depth = views[0][0]
    mask = depth > 0
    points = back_project(depth, mask, intrinsics)
    pixels = points @ intrinsics.T
    rows, columns = np.nonzero(mask)
    np.testing.assert_allclose(pixels[:, 0] / pixels[:, 2], columns, atol=1e-4)
    np.testing.assert_allclose(pixels[:, 1] / pixels[:, 2], rows, atol=1e-4)
    np.testing.assert_allclose(points[:, 2], depth[mask], rtol=1e-6)
