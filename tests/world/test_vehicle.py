"""The drive: speeds, stops, the integral of the motion, and the height of the camera."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import RoadNetwork, lay_network
from vo_gan.world.roads.route import lane_line, leg_spans, plan_route
from vo_gan.world.roads.terrain import Terrain
from vo_gan.world.roads.vehicle import (
    ACCELERATION,
    BRAKING,
    CAMERA_HEIGHT,
    FASTEST,
    FRAME_SECONDS,
    Motion,
    drive,
    drive_length,
)

DURATION = 100.0
SEEDS = range(5)


def course(seed: int, duration: float = DURATION, drive_seed: int = 0) -> tuple[RoadNetwork, Line, Motion]:
    rng = np.random.default_rng(seed)
    network = lay_network(rng, Terrain(rng))
    legs = plan_route(rng, network, drive_length(duration))
    lane = lane_line(network, legs)
    motion = drive(np.random.default_rng(drive_seed), network, lane, leg_spans(network, legs), duration)
    return network, lane, motion


@pytest.mark.parametrize("seed", SEEDS)
def test_speed_and_acceleration_are_those_of_a_car(seed: int) -> None:
    motion = course(seed)[2]
    times = np.arange(0.0, DURATION, 0.05)
    speed = motion.speed(times)
    assert speed.min() >= 0.0
    assert speed.max() <= FASTEST
    change = np.diff(speed) / 0.05
    assert change.max() < ACCELERATION + 0.2
    assert change.min() > -BRAKING - 0.2
    assert np.abs(np.diff(change)).max() / 0.05 < 6.0
    np.testing.assert_allclose(motion.station(times[-1:]) - motion.station(times[:1]), speed.sum() * 0.05, rtol=0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_thousand_frames_are_more_than_eight_hundred_metres(seed: int) -> None:
    poses = course(seed)[2].poses(FRAME_SECONDS * np.arange(1000))
    assert np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum() > 800.0


def test_car_stops_now_and_then_for_some_seconds_before_a_junction() -> None:
    halts = 0
    for seed in SEEDS:
        network, _, motion = course(seed, drive_seed=seed)
        times = np.arange(0.0, DURATION, 0.1)
        still = motion.speed(times) < 1e-6
        if still.any():
            halts += 1
            assert 0.9 < 0.1 * still.sum() < 13.0
            plan = motion.place(times[still])[0]
            centres = np.array([junction.position for junction in network.junctions])
            away = np.linalg.norm(plan[:, None] - centres, axis=2).min(axis=1)
            assert away.min() > 10.0
            assert away.max() < 27.0
    assert halts >= 2


def test_poses_are_the_integral_of_speed_and_heading() -> None:
    motion = course(2)[2]
    times = np.arange(0.0, DURATION, 0.01)
    poses = motion.poses(times)
    middle = times[:-1] + 0.005
    heading, speed = motion.place(middle)[1], motion.speed(middle)
    plan = 0.01 * np.cumsum(speed[:, None] * np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0)
    assert np.linalg.norm(poses[1:, [0, 2], 3] - poses[0, [0, 2], 3] - plan, axis=1).max() < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_poses_are_rotations_above_the_ground_that_look_along_the_path(seed: int) -> None:
    network, lane, motion = course(seed)
    times = np.linspace(-0.2, DURATION + 0.2, 1500)
    poses = motion.poses(times)
    rotation = poses[:, :3, :3]
    np.testing.assert_allclose(rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (1500, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    plan = poses[:, [0, 2], 3]
    assert np.abs(-poses[:, 1, 3] - network.terrain.height(plan) - CAMERA_HEIGHT).max() < 0.05
    assert np.abs(rotation[:, 1, 2]).max() < 0.12
    yaw = np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2])
    assert np.abs(np.sin(yaw - lane.heading_at(motion.station(times)))).max() < 0.15
    assert np.linalg.norm(plan - lane.point_at(motion.station(times)), axis=1).max() < 0.35


def test_camera_nods_when_the_car_brakes_on_flat_ground() -> None:
    rng = np.random.default_rng(5)
    network = lay_network(rng, Terrain(rng, steepness=0.0))
    legs = plan_route(rng, network, drive_length(60.0))
    motion = drive(rng, network, lane_line(network, legs), leg_spans(network, legs), 60.0)
    times = np.arange(0.0, 60.0, 0.1)
    looking_up = -motion.poses(times)[:, 1, 2]
    change = np.gradient(motion.speed(times), 0.1)
    assert looking_up[change < -1.0].mean() < -0.002 < 0.002 < looking_up[change > 1.0].mean()


def test_shorter_drive_is_a_prefix_of_a_longer_one_on_a_longer_lane() -> None:
    short, long = course(3, 20.0)[2], course(3, 90.0)[2]
    times = np.arange(-0.2, 20.2, 0.03)
    np.testing.assert_allclose(short.poses(times), long.poses(times), atol=1e-8)


def test_lane_too_short_is_refused() -> None:
    network, lane, _ = course(1, 10.0)
    with pytest.raises(VoGanError, match="too short"):
        drive(np.random.default_rng(0), network, lane, (), 100.0)
