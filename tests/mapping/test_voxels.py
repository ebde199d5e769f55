"""The growing cloud: means per voxel, and its size."""

from __future__ import annotations

import numpy as np
import pytest

from vo_gan.errors import VoGanError
from vo_gan.mapping.voxels import SMALLEST_MERGE, VoxelCloud, points_of


def finish(cloud: VoxelCloud, least_weight: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return points_of(*cloud.table(), cloud.voxel_size, least_weight)


def test_a_voxel_holds_the_weighted_mean_of_position_and_colour():
    cloud = VoxelCloud(1.0)
    points = np.array([[-0.2, 5.1, 2.5], [-0.6, 5.5, 2.5], [3.5, 0.5, -7.25]])
    colours = np.array([[100, 0, 10], [200, 40, 20], [1, 2, 3]], np.uint8)
    cloud.add(points[:1], colours[:1], np.array([3.0]))
    cloud.add(points[1:], colours[1:], np.array([1.0, 5.0]))
    positions, means = finish(cloud)
    assert len(positions) == 2
    np.testing.assert_allclose(positions[0], [-0.3, 5.2, 2.5], atol=1e-6)
    np.testing.assert_allclose(positions[1], [3.5, 0.5, -7.25], atol=1e-6)
    np.testing.assert_array_equal(means, [[125, 10, 12], [1, 2, 3]])


def test_voxels_with_little_weight_can_be_left_out():
    cloud = VoxelCloud(1.0)
    cloud.add(np.array([[0.5, 0.5, 0.5], [9.5, 0.5, 0.5]]), np.zeros((2, 3), np.uint8), np.array([1.0, 4.0]))
    positions, _ = finish(cloud, least_weight=4.0)
    np.testing.assert_allclose(positions, [[9.5, 0.5, 0.5]])


def test_the_cloud_does_not_depend_on_how_points_arrive():
    random = np.random.default_rng(3)
    points = random.uniform(-4, 4, (4000, 3))
    colours = random.integers(0, 256, (4000, 3), dtype=np.uint8)
    whole, parts = VoxelCloud(0.5), VoxelCloud(0.5)
    whole.add(points, colours, np.ones(4000))
    for part in np.array_split(random.permutation(4000), 7):
        parts.add(points[part], colours[part], np.ones(len(part)))
    np.testing.assert_allclose(finish(whole)[0], finish(parts)[0], atol=1e-5)
    assert np.abs(finish(whole)[1].astype(int) - finish(parts)[1]).max() <= 1


def test_the_same_points_again_and_again_take_no_more_room():
    random = np.random.default_rng(4)
    points = random.uniform(0, 20, (60_000, 3))
    cloud = VoxelCloud(0.2)
    most = 0
    for _ in range(40):
        cloud.add(points, np.zeros((len(points), 3), np.uint8), np.ones(len(points)))
        most = max(most, len(cloud._keys) + cloud._waiting_count)
    assert most <= SMALLEST_MERGE + 2 * len(points)
    assert len(finish(cloud)[0]) <= len(points)


def test_a_point_beyond_the_reach_of_the_keys_is_said():
    cloud = VoxelCloud(0.1)
    with pytest.raises(VoGanError, match="voxel-size"):
        cloud.add(np.array([[0.0, 0.0, 2e5]]), np.zeros((1, 3), np.uint8), np.ones(1))
