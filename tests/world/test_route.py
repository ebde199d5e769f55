"""Routes and lane lines: no turning back, loops, and lines that a car can follow inside the kerbs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import LANE_OFFSET, RoadNetwork, lay_network
from vo_gan.world.roads.route import START, Leg, far_end, lane_line, leg_spans, plan_route
from vo_gan.world.roads.terrain import Terrain

SEEDS = range(4)


def way(seed: int, length: float = 1500.0) -> tuple[RoadNetwork, tuple[Leg, ...], Line]:
    rng = np.random.default_rng(seed)
    network = lay_network(rng, Terrain(rng))
    legs = plan_route(rng, network, length)
    return network, legs, lane_line(network, legs)


@pytest.mark.parametrize("seed", SEEDS)
def test_legs_follow_each_other_without_turning_back(seed: int) -> None:
    network, legs, _ = way(seed)
    for leg, following in itertools.pairwise(legs):
        assert leg.street != following.street
        assert far_end(network, leg) == far_end(network, Leg(following.street, not following.forwards))


@pytest.mark.parametrize("seed", range(20))
def test_route_has_its_length_and_comes_back_to_a_street_in_the_same_direction(seed: int) -> None:
    network, legs, lane = way(seed)
    assert lane.length >= 1500.0
    returns = next(i for i, leg in enumerate(legs) if leg in legs[:i])
    assert sum(network.streets[leg.street].line.length for leg in legs[:returns]) < 1500.0


def test_longer_route_begins_with_the_shorter_one() -> None:
    short, long = way(4, 500.0)[1], way(4, 2500.0)[1]
    assert len(short) < len(long)
    assert long[: len(short)] == short


@pytest.mark.parametrize("seed", SEEDS)
def test_lane_line_lies_in_the_right_lane_and_can_be_driven(seed: int) -> None:
    network, legs, lane = way(seed)
    assert 1 / np.abs(lane.curvature).max() >= 5.5
    middle = 0.5 * (lane.heading[1:] + lane.heading[:-1])
    steps = lane.step * np.stack([np.sin(middle), np.cos(middle)], axis=1)
    np.testing.assert_allclose(np.diff(lane.position, axis=0), steps, atol=2e-3)
    in_junction = np.zeros(len(lane.heading), dtype=bool)
    for leg, passage in zip(legs, leg_spans(network, legs), strict=False):
        in_junction |= (lane.stations() > passage.begin - 1.0) & (lane.stations() < passage.end + 1.0)
        assert passage.junction == far_end(network, leg)
        centre = np.array(network.junctions[passage.junction].position)
        away = np.linalg.norm(lane.point_at(np.array([passage.begin, passage.end])) - centre, axis=1)
        assert (away > 7.5).all()
        assert (away < 22.0).all()
    np.testing.assert_allclose(network.distance_to(lane.position)[~in_junction], LANE_OFFSET, atol=0.05)
    np.testing.assert_allclose(
        lane.position[0],
        _start_of(network, legs[0]),
        atol=0.01,
    )


def _start_of(network: RoadNetwork, leg: Leg) -> np.ndarray:
    """Where the right lane of a leg is at `START` metres, or at the end of the junction's area."""
    street = network.streets[leg.street]
    if leg.forwards:
        return street.line.point_at(np.array([max(START, street.first)]), LANE_OFFSET)[0]
    return street.line.point_at(np.array([min(street.line.length - START, street.last)]), -LANE_OFFSET)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_lane_line_stays_within_the_kerbs_of_right_turns(seed: int) -> None:
    """The kerb of a right turn leads from one street's plain part to the other's, as the lane does, farther right."""
    network, legs, lane = way(seed)
    turns = 0
    for leg, following, passage in zip(legs[:-1], legs[1:], leg_spans(network, legs), strict=True):
        headings = lane.heading_at(np.array([passage.begin, passage.end]))
        if headings[1] - headings[0] < np.radians(45.0):
            continue
        turns += 1
        widths = [network.streets[each.street].half_width for each in (leg, following)]
        before, after = (
            lane.place(passage.begin, widths[0] - LANE_OFFSET),
            lane.place(passage.end, widths[1] - LANE_OFFSET),
        )
        into, out_of = (np.array([np.sin(heading), np.cos(heading)]) for heading in (before[2], after[2]))
        gap = np.subtract(after[:2], before[:2])
        reach = np.linalg.solve(np.stack([into, out_of], axis=1), gap)
        tangent, corner = reach.min(), np.array(before[:2]) + reach[0] * into
        angle = headings[1] - headings[0]
        radius = tangent / np.tan(0.5 * angle)
        inwards = (out_of - into) / np.linalg.norm(out_of - into)
        centre = corner + inwards * radius / np.cos(0.5 * angle)
        inside = lane.point_at(np.linspace(passage.begin, passage.end, 50))
        assert np.linalg.norm(inside - centre, axis=1).min() - radius > 1.2
    assert turns or seed
