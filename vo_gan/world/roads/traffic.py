"""Everybody else on the road: cars and people, arranged around a drive so that nobody ever meets anybody too closely.

There is no simulator: all ways are laid out in advance, and whoever would come too close to the camera's car or to a
car laid out before is left out.
"""

from __future__ import annotations

import numpy as np

from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import RoadNetwork
from vo_gan.world.roads.other_cars import car_ahead, car_behind, cars_at_junction, oncoming_cars
from vo_gan.world.roads.pedestrians import people_on_pavements, people_who_cross
from vo_gan.world.roads.route import Leg, leg_spans
from vo_gan.world.roads.track import Scene, Track
from vo_gan.world.roads.vehicle import Motion

__all__ = ["Track", "make_traffic"]


def make_traffic(
    rng: np.random.Generator,
    network: RoadNetwork,
    legs: tuple[Leg, ...],
    lane: Line,
    motion: Motion,
    duration: float,
) -> tuple[Track, ...]:
    """Arrange cars and people around a drive.

    Args:
        rng: source of all chance.
        network: the streets.
        legs: route of the drive.
        lane: its lane line.
        motion: of the camera's car on it.
        duration: seconds of the drive.

    Returns:
        Movers that stand on the ground, never overlap the camera's car (with a margin of 1 m) nor a car, and come and
        go only 100 m away or behind the camera.
    """
    scene = Scene.of(motion, leg_spans(network, legs), duration)
    cars: list[Track] = []
    candidates = [car_ahead(rng, scene, lane), car_behind(rng, scene, lane)]
    candidates += oncoming_cars(rng, scene, network, legs, lane)
    for i, passage in enumerate(scene.passages):
        if scene.time_at(passage.begin - 120.0) < scene.clock[-1]:
            candidates += cars_at_junction(rng, scene, network, passage, {legs[i].street, legs[i + 1].street})
    for track in candidates:
        if track is not None and scene.is_clear(track, cars):
            cars.append(track)
    crossing = people_who_cross(rng, scene, network, legs, cars)
    walking = people_on_pavements(rng, scene, network, legs)
    return (*cars, *crossing, *(track for track in walking if scene.is_clear(track, cars)))
