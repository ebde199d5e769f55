"""Which depth the agreement filter believes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vo_gan.mapping.filter import View, back_project, believable, depth_edges, seen_through, votes


def step_to(z: float, x: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, 3] = [x, 0, z]
    return pose


def plainly_voted(view: View, neighbour: View, intrinsics: np.ndarray, tolerance: float) -> tuple[np.ndarray, ...]:
    """`votes` as its docstring says it, in double precision, point by point."""
    height, width = view.depth.shape
    rows, columns = np.indices(view.depth.shape)
    pixels = np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1)
    points = np.linalg.inv(intrinsics) @ pixels * view.depth.reshape(1, -1)
    moved = (
        np.linalg.inv(neighbour.world_from_camera)
        @ view.world_from_camera
        @ np.vstack([points, np.ones_like(points[:1])])
    )
    x, y, z = intrinsics @ moved[:3]
    agree, disagree = np.zeros(height * width, bool), np.zeros(height * width, bool)
    for i in np.flatnonzero((view.depth.ravel() > 0) & (z > 1e-6)):
        u, v = x[i] / z[i], y[i] / z[i]
        left, top = int(np.floor(u)), int(np.floor(v))
        inverse = weight = 0.0
        for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            if 0 <= row < height and 0 <= column < width and neighbour.depth[row, column] > 0:
                share = (1 - abs(u - column)) * (1 - abs(v - row))
                weight += share
                inverse += share / neighbour.depth[row, column]
        if weight > 0.5:
            agree[i] = abs(z[i] * inverse / weight - 1) <= tolerance
            disagree[i] = not agree[i]
    return agree.reshape(height, width), disagree.reshape(height, width)


@pytest.fixture
def views(corridor_view, straight):
    """The corridor's frames, as the filter takes them."""
    return [View.of(corridor_view(pose)[0].astype(np.float32), pose) for pose in straight]


def kept_of(views, index, intrinsics, max_depth=40.0, witnesses=()):
    neighbours = [views[index + offset] for offset in (-2, -1, 1, 2)]
    return believable(views[index], neighbours, [views[i] for i in witnesses], intrinsics, max_depth=max_depth)


def flat(depth: float, pose: np.ndarray | None = None) -> View:
    return View.of(np.full((96, 160), depth, np.float32), np.eye(4) if pose is None else pose)


def test_the_votes_are_those_of_the_plain_formula(views, intrinsics):
    noise = np.random.default_rng(1).normal(1, 0.04, views[0].depth.shape).astype(np.float32)
    noisy = View.of(np.where(noise > 1.08, 0, views[2].depth * noise), views[2].world_from_camera)
    expected = plainly_voted(noisy, views[4], intrinsics, 0.05)
    for found, plain in zip(votes(noisy, views[4], intrinsics, 0.05), expected, strict=True):
        assert plain.mean() > 0.1
        # OpenCV interpolates to 1/32 of a pixel.
        assert (found != plain).mean() < 0.005


def test_a_slanted_plane_has_no_edge_and_a_step_has_one_on_both_sides(views):
    assert not depth_edges(views[0])[60:, 60:100].any()
    step = np.full((20, 20), 8.0, np.float32)
    step[:, 10:] = 12.0
    edges = depth_edges(View.of(step, np.eye(4)))
    assert edges[:, 9:11].all()
    assert not edges[:, :9].any()
    assert not edges[:, 11:].any()


def test_missing_depth_beside_a_pixel_is_no_edge():
    depth = np.full((9, 9), 8.0, np.float32)
    depth[:, 4] = 0
    assert not depth_edges(View.of(depth, np.eye(4))).any()


def test_a_true_pose_makes_neighbours_agree_and_a_false_one_disagree(views, intrinsics):
    agree, disagree = votes(views[2], views[3], intrinsics)
    seen = agree | disagree
    assert agree.sum() > 0.98 * seen.sum()
    assert seen.mean() > 0.7
    wrong = View.of(views[3].depth, views[3].world_from_camera @ step_to(2.0))
    agree, disagree = votes(views[2], wrong, intrinsics)
    # Only the end wall can tell: walls along the way look the same from two metres on.
    end = views[2].depth > 24
    assert disagree[end].sum() > 0.8 * end.sum()


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_points_in_front_of_and_behind_the_neighbours_surface_disagree(factor, intrinsics):
    agree, disagree = votes(flat(10 * factor), flat(10), intrinsics, tolerance=0.05)
    assert disagree.all()
    assert not agree.any()
    agree, disagree = votes(flat(10 * factor), flat(10), intrinsics, tolerance=0.2)
    assert agree.all()
    assert not disagree.any()


def test_a_neighbour_without_depth_or_view_has_no_opinion(intrinsics):
    for other in (flat(0), flat(10, step_to(0, x=-100)), flat(10, step_to(11))):
        agree, disagree = votes(flat(10), other, intrinsics)
        assert not agree.any()
        assert not disagree.any()
        assert not seen_through(flat(10), other, intrinsics).any()


def test_a_witness_sees_through_what_is_in_front_of_its_surface_and_not_through_what_is_hidden(intrinsics):
    assert seen_through(flat(10), flat(20), intrinsics).all()
    assert not seen_through(flat(10), flat(5), intrinsics).any()
    assert not seen_through(flat(10), flat(11), intrinsics).any()  # three tolerances are 15 %


def test_a_frame_with_doubled_depth_is_rejected_and_its_neighbours_survive(views, intrinsics):
    healthy = [kept_of(views, i, intrinsics) for i in (3, 4)]
    views[4] = View.of(views[4].depth * 2, views[4].world_from_camera)
    assert healthy[1].mean() > 0.6
    assert kept_of(views, 4, intrinsics, max_depth=80.0).mean() < 0.01
    assert kept_of(views, 3, intrinsics).sum() > 0.95 * healthy[0].sum()


def test_something_that_pulls_away_is_dropped(views, intrinsics):
    moving = []
    for index, view in enumerate(views):
        depth = view.depth.copy()
        depth[40:56, 74:86] = 7.0 + 0.3 * index  # a car that pulls away: 0.9 m a frame over ground
        moving.append(View.of(depth, view.world_from_camera))
    kept, standing = kept_of(moving, 4, intrinsics), kept_of(views, 4, intrinsics)
    assert kept[42:54, 76:84].mean() < 0.05
    assert kept[75:, :].sum() > 0.95 * standing[75:, :].sum()


def test_a_car_ahead_and_a_finite_sky_that_keep_their_distance_are_found_by_a_witness(corridor_view, intrinsics):
    views = []
    for index in range(21):
        depth = corridor_view(step_to(0.25 * index))[0].astype(np.float32)
        depth[40:50, 74:86] = 14.0  # the car, before the end wall at 26 m
        depth[:20, 60:100] = 20.0  # the sky
        views.append(View.of(depth, step_to(0.25 * index)))
    beside, witnessed = kept_of(views, 4, intrinsics), kept_of(views, 4, intrinsics, witnesses=[20])
    for rows, columns in ((slice(42, 48), slice(76, 84)), (slice(10, 17), slice(64, 96))):
        assert beside[rows, columns].mean() > 0.9
        assert witnessed[rows, columns].mean() < 0.1
    assert witnessed[60:].sum() > 0.98 * beside[60:].sum()


def test_range_sky_and_unconfirmed_depth_are_dropped(views, intrinsics):
    depth = views[3].depth.copy()
    depth[:10] = 0
    views[3] = View.of(depth, views[3].world_from_camera)
    kept = kept_of(views, 3, intrinsics, max_depth=9.0)
    assert kept.any()
    assert not kept[:10].any()
    assert depth[kept].max() <= 9.0
    assert not believable(views[3], [], [], intrinsics, max_depth=9.0).any()


def test_back_projection_returns_to_the_same_pixels(views, intrinsics):
    depth = views[0].depth
    mask = depth > 0
    points = back_project(depth, mask, intrinsics)
    pixels = cv2.projectPoints(points, np.zeros(3), np.zeros(3), intrinsics, None)[0][:, 0]
    rows, columns = np.nonzero(mask)
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=1), atol=1e-4)
    np.testing.assert_allclose(points[:, 2], depth[mask], rtol=1e-6)
