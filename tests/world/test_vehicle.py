"""The drive: speeds, turns and the height of the camera."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vo_gan.world.road import lay_road
from vo_gan.world.town import lay_course
from vo_gan.world.vehicle import BRAKING, CAMERA_HEIGHT, FASTEST, FRAME_SECONDS, LANE_OFFSET, SLOWEST, drive


def course(seed: int, frames: int) -> tuple[object, np.ndarray]:
    rng = np.random.default_rng(seed)
    road = lay_course(rng, frames)
    return road, drive(road, frames, rng)


@pytest.mark.parametrize("seed", range(4))
def test_drive_is_that_of_a_car(seed: int) -> None:
    _, poses = course(seed, 100)
    steps = np.diff(poses[:, :3, 3], axis=0)
    speed = np.linalg.norm(steps, axis=1) / FRAME_SECONDS
    assert speed.min() > 0.9 * SLOWEST
    assert speed.max() < 1.1 * FASTEST
    assert np.abs(np.diff(speed)).max() / FRAME_SECONDS < BRAKING + 0.5
    sideways = (steps * poses[:-1, :3, 0]).sum(axis=1)
    assert np.abs(sideways).max() < 0.05
    assert np.abs(-poses[:, 1, 3] - CAMERA_HEIGHT).max() < 0.05
    rotations = poses[:, :3, :3]
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (100, 1, 1)), atol=1e-12)


def test_drives_turn_visibly_both_ways() -> None:
    turns = []
    for seed in range(6):
        _, poses = course(seed, 100)
        yaw = np.degrees(np.unwrap(np.arctan2(poses[:, 0, 2], poses[:, 2, 2])))
        assert np.ptp(yaw) > 20.0
        turns += np.diff(yaw).tolist()
    assert max(turns) > 0.8
    assert min(turns) < -0.8


def test_car_keeps_to_its_lane_for_a_thousand_frames() -> None:
    road, poses = course(3, 1000)
    distance = road.distance_to(poses[:, :3, 3][:, [0, 2]])
    assert np.abs(distance - LANE_OFFSET).max() < 0.8
    assert np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum() > 500.0


def test_poses_are_the_integral_of_the_relative_motions() -> None:
    _, poses = course(1, 50)
    world_from_camera = np.linalg.inv(poses[0]) @ poses
    chained = [np.eye(4)]
    for before, after in itertools.pairwise(poses):
        chained.append(chained[-1] @ np.linalg.inv(before) @ after)
    np.testing.assert_allclose(world_from_camera, np.stack(chained), atol=1e-9)


def test_road_never_meets_itself_and_its_curvature_is_the_change_of_heading() -> None:
    road = lay_road(np.random.default_rng(2), 600.0, 60.0, 100.0)
    assert (np.diff(road.position[:, 1]) > 0).all()
    np.testing.assert_allclose(np.diff(road.heading) / 0.5, 0.5 * (road.curvature[1:] + road.curvature[:-1]), atol=1e-9)
    assert np.abs(road.curvature).max() <= 1 / 20.0 + 1e-9
