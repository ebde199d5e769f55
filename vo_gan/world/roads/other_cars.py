"""Cars that the camera's car meets: ahead and behind it, oncoming, and at the junctions it passes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import LANE_OFFSET, RoadNetwork
from vo_gan.world.roads.route import Leg, Passage, lane_line, leg_spans, legs_from
from vo_gan.world.roads.track import Scene, Track
from vo_gan.world.roads.vehicle import ACCELERATION, BRAKING, STOP_DISTANCE, Sway, speed_along, speed_limit

MODELS = 1 << 16
"""Numbers that models are drawn from."""

_LEAD_CHANCE, _FOLLOWER_CHANCE, _WAITING_CHANCE, _CROSSING_CHANCE = 0.75, 0.4, 0.45, 0.4
_HALT_GAP = 6.5
_HALT_RAMP = 25.0


def car_ahead(rng: np.random.Generator, scene: Scene, lane: Line) -> Track | None:
    """A car that drives as the camera's car will drive some seconds later, or None.

    Where the camera's car is going to stop, the gap widens in time, so that the one ahead has stopped and left before.
    """
    present, base, model = rng.random() < _LEAD_CHANCE, rng.uniform(3.2, 4.6), int(rng.integers(MODELS))
    gap = base + Sway(rng, 40.0, 15.0, 0.25)(scene.clock)
    far = np.arange(scene.clock[0], scene.clock[-1] + 10.0, 0.1)
    standing = np.diff((scene.motion.speed(far) < 0.05).astype(int), prepend=0, append=0)
    for begin, end in zip(np.flatnonzero(standing > 0), np.flatnonzero(standing < 0) - 1, strict=True):
        halt, start = far[begin], far[end]
        outside = np.maximum(np.maximum(halt - _HALT_GAP - scene.clock, scene.clock - start), 0.0)
        ramp = 0.5 + 0.5 * np.cos(np.pi * np.minimum(outside / _HALT_RAMP, 1.0))
        gap = np.maximum(gap, base + (start - halt + _HALT_GAP - base) * ramp)
    track = scene.track("car", model, lane, scene.motion.station(scene.clock + gap))
    return track if present else None


def car_behind(rng: np.random.Generator, scene: Scene, lane: Line) -> Track | None:
    """A car that does what the camera's car did a moment before, a car's length and a gap behind it, or None.

    That is Newell's simplified car following (2002).
    """
    present, delay, gap = rng.random() < _FOLLOWER_CHANCE, rng.uniform(0.9, 1.8), rng.uniform(7.0, 9.0)
    model = int(rng.integers(MODELS))
    times = scene.clock - delay
    before = np.minimum(times - scene.clock[0], 0.0) * scene.motion.speed(scene.clock[:1])
    track = scene.track("car", model, lane, scene.motion.station(np.maximum(times, scene.clock[0])) + before - gap)
    return track if present else None


def oncoming_cars(
    rng: np.random.Generator, scene: Scene, network: RoadNetwork, legs: tuple[Leg, ...], lane: Line
) -> list[Track]:
    """Cars on the other lane of the route, met every 7 to 14 seconds."""
    other = lane_line(network, legs, -LANE_OFFSET)
    spans = leg_spans(network, legs, -LANE_OFFSET)
    here = [0.0, *(s for passage in scene.passages for s in (passage.begin, passage.end)), lane.length]
    there = [0.0, *(s for passage in spans for s in (passage.begin, passage.end)), other.length]
    line = other.reversed()
    arrival = _arrival(line, speed_limit(network, line) * 0.95)
    tracks, meeting = [], float(scene.clock[0]) + rng.uniform(2.0, 10.0)
    while meeting < scene.clock[-1] + 6.0:
        where = line.length - np.interp(scene.motion.station(np.array([meeting])), here, there)
        start = np.interp(where, line.stations(), arrival) - meeting
        track = scene.track("car", int(rng.integers(MODELS)), line, _stations(line, arrival, scene.clock + start))
        tracks += [track] if track is not None else []
        meeting += rng.uniform(7.0, 14.0)
    return tracks


def cars_at_junction(
    rng: np.random.Generator, scene: Scene, network: RoadNetwork, passage: Passage, used: set[int]
) -> list[Track]:
    """Cars that come to a junction by the streets that the camera's car does not take there.

    One kind has crossed or turned before the camera's car arrives; the other waits at its line, and drives off when the
    camera's car has passed, or stays. Of the latter both forms are returned, the one that drives off first.
    """
    tracks = []
    junction = network.junctions[passage.junction]
    for arm in junction.arms:
        waits, crosses = rng.random() < _WAITING_CHANCE, rng.random() < _CROSSING_CHANCE
        delay, lead, model = rng.uniform(0.8, 3.0), rng.uniform(3.5, 8.0), int(rng.integers(MODELS))
        onwards, backwards = Leg(arm.street, not arm.outwards), Leg(arm.street, arm.outwards)
        before = _any(rng, legs_from(network, backwards))
        legs = [Leg(before.street, not before.forwards), onwards]
        for _ in range(3):
            legs.append(_any(rng, legs_from(network, legs[-1])))
        if arm.street in used or not (waits or crosses):
            continue
        line = lane_line(network, legs)
        entry = leg_spans(network, legs)[1]
        limit = speed_limit(network, line)
        if crosses:
            arrival = _arrival(line, limit)
            start = np.interp(entry.end, line.stations(), arrival) - (scene.time_at(passage.begin) - lead)
            along = _stations(line, arrival, scene.clock + start)
        else:
            halt = round((entry.begin - STOP_DISTANCE) / line.step)
            limit[halt] = 0.0
            arrival = _arrival(line, limit)
            since = scene.clock - (scene.time_at(passage.end) + delay)
            along = _stations(line, arrival, arrival[halt] + np.maximum(since, 0.0))
            tracks.append(scene.track("car", model, line, along))
            along = np.full(len(scene.clock), halt * line.step)
        tracks.append(scene.track("car", model, line, along))
    return [track for track in tracks if track is not None]


def _any(rng: np.random.Generator, legs: list[Leg]) -> Leg:
    """One of some legs."""
    return legs[int(rng.integers(len(legs)))]


def _arrival(line: Line, limit: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Seconds from a line's start to its samples at the fastest speeds within limits in m/s."""
    speed = speed_along(line.stations(), limit, ACCELERATION, BRAKING)
    return np.concatenate([[0.0], np.cumsum(2 * line.step / (speed[1:] + speed[:-1]))])


def _stations(line: Line, arrival: Float[np.ndarray, " n"], times: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """Stations reached at times in seconds since a line's start; off the line before and after."""
    return np.interp(times, arrival, line.stations(), left=-1.0, right=line.length + 1.0)
