"""Everybody else: on the ground, in continuous motion, never too close, and coming and going unseen."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vo_gan.world.roads.network import RoadNetwork, lay_network
from vo_gan.world.roads.route import lane_line, leg_spans, plan_route
from vo_gan.world.roads.terrain import Terrain
from vo_gan.world.roads.traffic import Track, make_traffic
from vo_gan.world.roads.vehicle import Motion, drive, drive_length

DURATION = 50.0
TIMES = np.arange(0.0, DURATION, 0.05)
SEEDS = range(3)
CAR = np.array([2.3, 1.0])
PERSON = np.array([0.3, 0.3])


@cache
def scene(seed: int) -> tuple[RoadNetwork, Motion, tuple[Track, ...]]:
    rng = np.random.default_rng(seed)
    network = lay_network(rng, Terrain(rng))
    legs = plan_route(rng, network, drive_length(DURATION))
    lane = lane_line(network, legs)
    motion = drive(rng, network, lane, leg_spans(network, legs), DURATION)
    return network, motion, make_traffic(np.random.default_rng(seed), network, legs, lane, motion, DURATION)


def inside(box: np.ndarray, half: np.ndarray, other: np.ndarray, other_half: np.ndarray) -> np.ndarray:
    """Whether the outline of the second box has points in the first one; poses `[n, 4, 4]`, halves (length, width)."""
    edge = np.linspace(-1.0, 1.0, 9)
    outline = [(s, a) for a in edge for s in (-1.0, 1.0)] + [(a, s) for a in edge for s in (-1.0, 1.0)]
    points = np.array([(other_half[1] * a, 0.0, other_half[0] * b, 1.0) for a, b in outline]).T
    local = np.linalg.inv(box) @ other @ points
    return ((np.abs(local[:, 0]) < half[1]) & (np.abs(local[:, 2]) < half[0])).any(axis=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_there_are_cars_and_people(seed: int) -> None:
    tracks = scene(seed)[2]
    assert sum(track.kind == "car" for track in tracks) >= 4
    assert sum(track.kind == "person" for track in tracks) >= 10
    assert {track.kind for track in tracks} == {"car", "person"}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_ever_overlaps_the_ego_car_nor_a_car(seed: int) -> None:
    _, motion, tracks = scene(seed)
    ego = motion.poses(TIMES)
    poses = [track.poses(TIMES) for track in tracks]
    for i, track in enumerate(tracks):
        half = CAR if track.kind == "car" else PERSON
        there = ~np.isnan(poses[i][:, 0, 0])
        assert not inside(ego[there], CAR + 0.9, poses[i][there], half).any()
        for j in range(i):
            if tracks[j].kind == "car":
                both = there & ~np.isnan(poses[j][:, 0, 0])
                near = both & (np.linalg.norm(poses[i][:, :3, 3] - poses[j][:, :3, 3], axis=1) < 6.0)
                assert not inside(poses[j][near], CAR, poses[i][near], half).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_stands_on_the_ground_and_moves_without_jumps(seed: int) -> None:
    network, _, tracks = scene(seed)
    for track in tracks:
        poses = track.poses(TIMES)
        there = ~np.isnan(poses[:, 0, 0])
        plan = poses[:, [0, 2], 3]
        np.testing.assert_allclose(-poses[there, 1, 3], network.terrain.height(plan[there]), atol=1e-9)
        steps = np.linalg.norm(np.diff(plan, axis=0), axis=1)
        assert np.nanmax(steps, initial=0.0) <= 0.05 * (20.0 if track.kind == "car" else 2.0)
        rotation = poses[there, :3, :3]
        np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
        phase = track.phase(TIMES)
        assert (np.isnan(phase) == ~there).all()
        assert (np.nan_to_num(np.diff(phase)) >= -1e-9).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_comes_and_goes_far_away_or_behind_the_camera(seed: int) -> None:
    _, motion, tracks = scene(seed)
    ego = motion.poses(TIMES)
    for track in tracks:
        poses = track.poses(TIMES)
        there = ~np.isnan(poses[:, 0, 0])
        local = np.einsum("nji,nj->ni", ego[:, :3, :3], poses[:, :3, 3] - ego[:, :3, 3])
        coming = np.flatnonzero(~there[:-1] & there[1:]) + 1
        going = np.flatnonzero(there[:-1] & ~there[1:])
        for at in (*coming, *going):
            assert np.linalg.norm(local[at]) > 100.0 or local[at, 2] < -9.0


@pytest.mark.parametrize("seed", SEEDS)
def test_people_keep_to_the_pavements_but_for_those_who_cross_far_ahead(seed: int) -> None:
    network, motion, tracks = scene(seed)
    ego = motion.place(TIMES)[0]
    centres = np.array([junction.position for junction in network.junctions])
    for track in tracks:
        if track.kind == "person":
            plan = track.place(TIMES)[0]
            there = ~np.isnan(plan[:, 0])
            on_road = np.zeros(len(TIMES), dtype=bool)
            at_corner = np.linalg.norm(plan[there][:, None] - centres, axis=2).min(axis=1) < 22.0
            on_road[there] = (network.clearance(plan[there]) < 0.0) & ~at_corner
            assert (np.linalg.norm(plan - ego, axis=1)[on_road] > 15.0).all()


def test_same_seed_same_traffic_and_absent_outside_of_the_drive() -> None:
    _, _, tracks = scene(0)
    again = scene.__wrapped__(0)[2]
    assert len(tracks) == len(again)
    for track, same in zip(tracks, again, strict=True):
        assert track.poses(TIMES).tobytes() == same.poses(TIMES).tobytes()
        assert np.isnan(track.poses(np.array([-5.0, DURATION + 5.0]))).all()
