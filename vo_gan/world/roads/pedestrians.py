"""People on the pavements along a drive, and people who cross the street before it."""

from __future__ import annotations

import numpy as np

from vo_gan.world.roads.line import Line, connection, straight_points
from vo_gan.world.roads.network import RoadNetwork, Street
from vo_gan.world.roads.other_cars import MODELS
from vo_gan.world.roads.route import Leg, Passage, far_end, side_line
from vo_gan.world.roads.track import Scene, Track

_STANDING_CHANCE, _PAIR_CHANCE = 0.2, 0.25
_CORNER = 0.8
_WALK = 20.0
_LEAST_AHEAD = 36.0
_KEPT_FROM_CROSSING = 18.0


def people_on_pavements(
    rng: np.random.Generator, scene: Scene, network: RoadNetwork, legs: tuple[Leg, ...]
) -> list[Track]:
    """People who walk around the blocks on both sides of the route, or stand there."""
    tracks, passing = [], float(scene.clock[0])
    while passing < scene.clock[-1]:
        station = float(scene.motion.station(np.array([passing]))[0]) + rng.uniform(10.0, 50.0)
        index, along = _leg_at(scene.passages, station)
        leg = legs[min(index, len(legs) - 1)]
        near = leg if rng.random() < 0.5 else Leg(leg.street, not leg.forwards)
        around = _around_block(network, near)
        beyond, speed = rng.uniform(0.5, 1.7), rng.uniform(1.0, 1.8)
        reverse, standing = rng.random() < 0.5, rng.random() < _STANDING_CHANCE
        paired, turn = rng.random() < _PAIR_CHANCE, rng.uniform(-np.pi, np.pi)
        places = [beyond, (beyond + 0.65 if beyond < 1.1 else beyond - 0.65)]
        for offset in places[: 2 if paired else 1]:
            line = side_line(network, around, [network.streets[each.street].half_width + offset for each in around])
            middle = line.length * 0.5 + (along if near == leg else -along)
            where = (line.length - middle if reverse else middle) + (
                0.0 if offset == beyond else rng.uniform(-0.2, 0.2)
            )
            walked = np.zeros(len(scene.clock)) if standing else speed * (scene.clock - passing)
            path = line.reversed() if reverse else line
            model = int(rng.integers(MODELS))
            track = scene.track("person", model, path, where + walked, turn if standing else 0.0)
            tracks += [track] if track is not None else []
        passing += rng.uniform(1.5, 4.5)
    return tracks


def people_who_cross(
    rng: np.random.Generator, scene: Scene, network: RoadNetwork, legs: tuple[Leg, ...], cars: list[Track]
) -> list[Track]:
    """People who cross the street well ahead of the camera's car while it is slow, clear of all cars."""
    tracks: list[Track] = []
    slow = np.diff((scene.motion.speed(scene.clock) < 6.0).astype(int), prepend=0, append=0)
    for begin, end in zip(np.flatnonzero(slow > 0), np.flatnonzero(slow < 0) - 1, strict=True):
        middle = 0.5 * (scene.clock[begin] + scene.clock[end])
        for crossing in middle + rng.permutation([-6.0, -4.0, -2.0, 0.0, 1.0]):
            station = float(scene.motion.station(np.array([crossing]))[0]) + rng.uniform(_LEAST_AHEAD, 65.0)
            side, speed, model = rng.choice([-1.0, 1.0]), rng.uniform(1.2, 1.8), int(rng.integers(MODELS))
            index, along = _leg_at(scene.passages, station)
            leg = legs[min(index, len(legs) - 1)]
            street = network.streets[leg.street]
            at = 0.5 * (street.first + street.last) + (along if leg.forwards else -along)
            if not street.first + _WALK < at < street.last - _WALK:
                continue
            line = _crossing_line(street, at, float(side))
            walked = np.clip(0.5 * line.length + speed * (scene.clock - crossing), 0.0, line.length)
            track = scene.track("person", model, line, walked)
            if track is not None and _ego_keeps_away(scene, track, street) and scene.is_clear(track, cars + tracks):
                tracks.append(track)
                break
    return tracks


def _leg_at(passages: tuple[Passage, ...], station: float) -> tuple[int, float]:
    """Index of the leg at a station of the lane line, and metres from the leg's middle to there."""
    index = int(np.searchsorted([passage.begin for passage in passages], station))
    begin = passages[index - 1].end if index else 0.0
    end = passages[index].begin if index < len(passages) else begin
    return index, station - 0.5 * (begin + end)


def _around_block(network: RoadNetwork, leg: Leg) -> tuple[Leg, ...]:
    """A leg with the legs before and after it around the block on its right."""
    ahead = network.junctions[far_end(network, leg)].arms
    after = ahead[[arm.street for arm in ahead].index(leg.street) - 1]
    behind = network.junctions[far_end(network, Leg(leg.street, not leg.forwards))].arms
    before = behind[([arm.street for arm in behind].index(leg.street) + 1) % len(behind)]
    return Leg(before.street, not before.outwards), leg, Leg(after.street, after.outwards)


def _crossing_line(street: Street, at: float, side: float) -> Line:
    """Along a pavement, straight across the street at a station, and on along the other pavement.

    Args:
        street: the street.
        at: station in metres.
        side: 1 to start on the left pavement, -1 on the right one.
    """
    offset = street.half_width + 1.2
    near, far = np.arange(at - _WALK, at - _CORNER + 0.01, 0.48), np.arange(at + _CORNER, at + _WALK, 0.48)
    along = float(street.line.heading_at(np.array([at]))[0])
    across = along + side * 0.5 * np.pi
    approach, leaving = street.line.point_at(near, -side * offset), street.line.point_at(far, side * offset)
    enters, leaves = street.line.point_at(np.array([at, at]), np.array([-1.0, 1.0]) * side * (offset - _CORNER))
    first, last = street.line.heading_at(np.array([near[-1], far[0]])).tolist()
    pieces = [
        approach,
        connection(approach[-1], first, enters, across),
        straight_points(enters, leaves),
        connection(leaves, across, leaving[0], last),
        leaving,
    ]
    return Line.through(np.concatenate(pieces))


def _ego_keeps_away(scene: Scene, track: Track, street: Street) -> bool:
    """Whether the camera's car is far from a person as long as they are on the carriageway."""
    plan, _ = track.place(scene.clock)
    middle = 0.5 * track.line.length
    on_road = np.abs(track.along - middle) < street.half_width + 0.5
    distance = np.linalg.norm(plan - scene.plan, axis=1)
    ahead = distance[np.nanargmin(np.abs(track.along - middle))]
    return bool((distance[on_road] > _KEPT_FROM_CROSSING).all() and ahead > _LEAST_AHEAD)
