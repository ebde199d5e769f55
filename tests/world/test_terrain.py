"""The hills: slopes, flat towns, facets, and things that stand on them."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.world.roads.terrain import STEEPEST, Terrain


@pytest.fixture
def plan() -> np.ndarray:
    return np.random.default_rng(1).uniform(-250.0, 250.0, size=(400, 2))


def test_gradient_is_that_of_the_height(plan: np.ndarray) -> None:
    terrain = Terrain(np.random.default_rng(3))
    for axis in (0, 1):
        step = 0.01 * np.eye(2)[axis]
        slope = (terrain.height(plan + step) - terrain.height(plan - step)) / 0.02
        np.testing.assert_allclose(terrain.gradient(plan)[:, axis], slope, atol=1e-7)


def test_hills_are_gentle_and_there(plan: np.ndarray) -> None:
    steepest = [np.linalg.norm(Terrain(np.random.default_rng(s)).gradient(plan), axis=1).max() for s in range(20)]
    assert max(steepest) < STEEPEST
    assert np.median(steepest) > 0.03


def test_steepness_zero_is_flat(plan: np.ndarray) -> None:
    terrain = Terrain(np.random.default_rng(0), steepness=0.0)
    assert not terrain.height(plan).any()
    assert not terrain.gradient(plan).any()


def test_facets_of_two_metres_are_within_five_millimetres(plan: np.ndarray) -> None:
    terrain = Terrain(np.random.default_rng(5))
    for step in (np.array([1.0, 0.0]), np.array([1.0, 1.0])):
        middle = 0.5 * (terrain.height(plan + step) + terrain.height(plan - step))
        assert np.abs(middle - terrain.height(plan)).max() < 0.005


def test_things_stand_on_the_ground_and_look_where_they_are_told(plan: np.ndarray) -> None:
    terrain = Terrain(np.random.default_rng(7), steepness=3.0)
    heading = np.linspace(-4.0, 4.0, len(plan))
    poses = terrain.stand(plan, heading)
    rotation = poses[:, :3, :3]
    np.testing.assert_allclose(
        rotation @ rotation.transpose(0, 2, 1), np.tile(np.eye(3), (len(plan), 1, 1)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    np.testing.assert_allclose(-poses[:, 1, 3], terrain.height(plan))
    np.testing.assert_allclose(np.sin(heading - np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2])), 0.0, atol=1e-12)
    for axis in (0, 2):
        point = poses @ (0.05 * np.eye(4)[axis] + np.eye(4)[3])
        np.testing.assert_allclose(-point[:, 1], terrain.height(point[:, [0, 2]]), atol=1e-4)
