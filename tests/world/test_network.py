"""Towns: every seed another one, connected, with clean junctions and streets that keep their distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from vo_gan.world.roads.network import APART, MEETING, NARROW, WIDE, RoadNetwork, lay_network
from vo_gan.world.roads.terrain import Terrain

SEEDS = range(4)


def town(seed: int) -> RoadNetwork:
    rng = np.random.default_rng(seed)
    return lay_network(rng, Terrain(rng))


def test_same_seed_same_town_other_seed_other_town() -> None:
    one, same, other = town(1), town(1), town(2)
    for street, again in zip(one.streets, same.streets, strict=True):
        assert street.line.position.tobytes() == again.line.position.tobytes()
    assert one.junctions == same.junctions
    assert one.junctions[0].position != other.junctions[0].position


@pytest.mark.parametrize("seed", SEEDS)
def test_town_is_connected_and_has_no_dead_ends(seed: int) -> None:
    network = town(seed)
    reached = {0}
    for _ in network.junctions:
        reached |= {s.end for s in network.streets if s.start in reached}
        reached |= {s.start for s in network.streets if s.end in reached}
    assert reached == {junction.index for junction in network.junctions}
    assert all(2 <= len(junction.arms) <= 4 for junction in network.junctions)
    assert 2500.0 < sum(street.line.length for street in network.streets) < 3700.0


@pytest.mark.parametrize("seed", SEEDS)
def test_arms_are_where_streets_end_and_wide_apart(seed: int) -> None:
    network = town(seed)
    for junction in network.junctions:
        headings = np.array([arm.heading for arm in junction.arms])
        gaps = np.diff(headings, append=headings[0] + 2 * np.pi)
        assert (gaps >= np.radians(55.0)).all()
        for arm in junction.arms:
            line = network.streets[arm.street].line
            line = line if arm.outwards else line.reversed()
            np.testing.assert_allclose(line.position[0], junction.position, atol=1e-6)
            assert np.abs(np.sin(0.5 * (line.heading[:29] - arm.heading))).max() < 1e-3
            assert np.abs(line.curvature[:27]).max() < 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_streets_bend_gently_and_have_room_between_the_junctions(seed: int) -> None:
    for street in town(seed).streets:
        assert street.first > 7.9
        assert street.last - street.first > 25.0
        assert street.line.length - street.last > 7.9
        assert np.abs(street.line.curvature).max() < 1 / 20.0
        assert street.half_width == (WIDE if street.parking else NARROW)
        assert 8.0 <= street.speed <= 15.0


@pytest.mark.parametrize("seed", SEEDS)
def test_heading_and_curvature_agree_with_the_position(seed: int) -> None:
    for street in town(seed).streets:
        line = street.line
        middle = 0.5 * (line.heading[1:] + line.heading[:-1])
        steps = line.step * np.stack([np.sin(middle), np.cos(middle)], axis=1)
        np.testing.assert_allclose(np.diff(line.position, axis=0), steps, atol=1e-3)
        np.testing.assert_allclose(
            np.diff(line.heading), line.step * 0.5 * (line.curvature[1:] + line.curvature[:-1]), atol=4e-3
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_streets_keep_their_distance(seed: int) -> None:
    network = town(seed)
    for a in network.streets:
        for b in network.streets[: a.index]:
            mine, yours = a.line.position[::6], b.line.position[::6]
            for junction in {a.start, a.end} & {b.start, b.end}:
                mine = mine[np.linalg.norm(mine - network.junctions[junction].position, axis=1) > MEETING]
            assert cdist(mine, yours).min() > APART - 1.0


def test_distance_and_clearance_beside_a_street() -> None:
    network = town(0)
    for street in network.streets:
        beside = street.line.point_at(np.full(3, 0.5 * street.line.length), np.array([0.0, 5.0, -9.0]))
        distance = np.array([0.0, 5.0, 9.0])
        np.testing.assert_allclose(network.distance_to(beside), distance, atol=0.3)
        np.testing.assert_allclose(network.clearance(beside), distance - street.half_width, atol=0.3)
        assert (network.nearest_street(beside) == street.index).all()
