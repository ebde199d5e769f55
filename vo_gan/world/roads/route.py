"""Ways through a town: which streets a car takes, and the line that it follows on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vo_gan.world.roads.line import STEP, Line, connection
from vo_gan.world.roads.network import LANE_OFFSET, Arm, RoadNetwork

START = 15.0
"""Metres along the first leg, or more where the junction's area reaches further, at which a lane line begins."""

_CORNER_LOSS = 10.0
"""The most metres that a lane line cuts off at a junction."""
_TOUR = 100.0, 400.0
"""Metres of a tour after which the route looks for a street that it knows."""


@dataclass(frozen=True)
class Leg:
    """A street as it is driven.

    Attributes:
        street: index of the street.
        forwards: whether it is driven along its line (else against it).
    """

    street: int
    forwards: bool


@dataclass(frozen=True)
class Passage:
    """A junction on a lane line.

    Attributes:
        junction: index of the junction.
        begin: station on the lane line in metres where it enters the junction's area.
        end: station on the lane line in metres where it leaves it.
    """

    junction: int
    begin: float
    end: float


def far_end(network: RoadNetwork, leg: Leg) -> int:
    """Index of the junction that a leg leads to."""
    street = network.streets[leg.street]
    return street.end if leg.forwards else street.start


def legs_from(network: RoadNetwork, leg: Leg) -> list[Leg]:
    """The legs that can follow a leg: every arm of the junction at its end but the one that it came by."""
    return [_leg(arm) for arm in network.junctions[far_end(network, leg)].arms if arm.street != leg.street]


def _leg(arm: Arm) -> Leg:
    return Leg(arm.street, arm.outwards)


def plan_route(rng: np.random.Generator, network: RoadNetwork, length: float) -> tuple[Leg, ...]:
    """Plan a drive through the town that never turns back in a street.

    It prefers streets that it has driven less and going straight on. After a tour of some hundred metres it takes the
    shortest way to a street that it has driven before, in the same direction, so that it comes back to places seen. A
    longer route from the same generator state begins with the shorter one.

    Args:
        rng: source of all chance.
        network: the streets.
        length: metres of lane line wanted at least.
    """
    leg = Leg(int(rng.integers(len(network.streets))), bool(rng.random() < 0.5))
    legs, usable = [leg], network.streets[leg.street].line.length - 3 * START
    toured, tour = 0.0, float(rng.uniform(*_TOUR))
    while usable < length:
        leg = _way_back(network, legs) if toured > tour else _next_leg(rng, network, legs)
        if leg in legs:
            toured, tour = 0.0, float(rng.uniform(*_TOUR))
        legs.append(leg)
        metres = network.streets[leg.street].line.length - _CORNER_LOSS
        usable, toured = usable + metres, toured + metres
    return tuple(legs)


def _next_leg(rng: np.random.Generator, network: RoadNetwork, legs: list[Leg]) -> Leg:
    """A random leg to go on with: one not driven yet, and straight on, rather than others."""
    choices = legs_from(network, legs[-1])
    arrived = _heading_out(network, Leg(legs[-1].street, not legs[-1].forwards)) + np.pi
    weights = np.empty(len(choices))
    for i, choice in enumerate(choices):
        driven = sum(leg.street == choice.street for leg in legs)
        turn = np.angle(np.exp(1j * (_heading_out(network, choice) - arrived)))
        weights[i] = (3.0 if abs(turn) < np.radians(45.0) else 1.0) / (1 + 2 * driven) ** 2
    return choices[int(np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random()))]


def _heading_out(network: RoadNetwork, leg: Leg) -> float:
    """Heading of a leg where it begins."""
    line = network.streets[leg.street].line
    return float(line.heading[0] if leg.forwards else line.heading[-1] + np.pi)


def _way_back(network: RoadNetwork, legs: list[Leg]) -> Leg:
    """The first leg of the way over the fewest junctions to a leg driven before."""
    reached = [(choice, choice) for choice in legs_from(network, legs[-1])]
    seen = {choice for choice, _ in reached}
    for first, leg in reached:
        if leg in legs:
            return first
        for further in legs_from(network, leg):
            if further not in seen:
                seen.add(further)
                reached.append((first, further))
    return reached[0][0]


def lane_line(network: RoadNetwork, legs: Sequence[Leg], offset: float = LANE_OFFSET) -> Line:
    """The middle of a lane along a route, with smooth turns through the junctions.

    Args:
        network: the streets.
        legs: the route.
        offset: metres to the right of the streets' lines; negative for the oncoming lane, which is gone along in the
            direction of the route all the same.

    Returns:
        A line from `START` metres into the first leg to where the last one enters the area of its last junction.
    """
    return side_line(network, legs, [offset] * len(legs))


def side_line(network: RoadNetwork, legs: Sequence[Leg], offsets: Sequence[float]) -> Line:
    """A line beside the streets of a route, with an offset in metres to the right for every leg: see `lane_line`."""
    return Line.through(np.concatenate(_pieces(network, legs, offsets)))


def leg_spans(network: RoadNetwork, legs: Sequence[Leg], offset: float = LANE_OFFSET) -> tuple[Passage, ...]:
    """Where the junctions between the legs of a route lie on its `lane_line` of the same offset."""
    pieces = _pieces(network, legs, [offset] * len(legs))
    lengths = [float(np.linalg.norm(np.diff(piece, axis=0), axis=1).sum()) for piece in pieces]
    reached = np.cumsum(lengths)
    return tuple(
        Passage(far_end(network, leg), float(reached[2 * i]), float(reached[2 * i + 1]))
        for i, leg in enumerate(legs[:-1])
    )


def _pieces(network: RoadNetwork, legs: Sequence[Leg], offsets: Sequence[float]) -> list[Float[np.ndarray, "_ 2"]]:
    """Points of a line beside the streets: along the first leg, through a junction, along the second leg, ..."""
    along, headings = [], []
    for i, (leg, offset) in enumerate(zip(legs, offsets, strict=True)):
        street = network.streets[leg.street]
        line = street.line if leg.forwards else street.line.reversed()
        first, last = street.first, street.last
        if not leg.forwards:
            first, last = line.length - last, line.length - first
        if i == 0:
            first = max(first, START)
        stations = np.linspace(first, last, int((last - first) / STEP) + 2)
        along.append(line.point_at(stations, offset))
        headings.append(line.heading_at(np.array([first, last])))
    pieces = [along[0]]
    for i in range(1, len(legs)):
        pieces.append(connection(along[i - 1][-1], float(headings[i - 1][1]), along[i][0], float(headings[i][0])))
        pieces.append(along[i])
    return pieces
