"""Where a sequence's car drives: the same for every camera, weather and difficulty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import RoadNetwork, lay_network
from vo_gan.world.roads.route import Leg, lane_line, leg_spans, plan_route
from vo_gan.world.roads.terrain import Terrain
from vo_gan.world.roads.vehicle import FRAME_SECONDS, Motion, drive, drive_length

_GROUND, _STREETS, _WAY, _PACE = range(4)
"""Streams of chance of a sequence, beside those of its `recorder`."""


@dataclass(frozen=True)
class Drive:
    """A car's way through a town.

    Attributes:
        network: the town's streets.
        legs: the streets that the car takes.
        lane: the line that it follows.
        motion: when it is where.
        duration: seconds from the first frame to the last.
    """

    network: RoadNetwork
    legs: tuple[Leg, ...]
    lane: Line
    motion: Motion
    duration: float

    def poses(self, frames: int) -> Float[np.ndarray, "frames 4 4"]:
        """town_from_camera of the left camera at every frame."""
        return self.motion.poses(FRAME_SECONDS * np.arange(frames))


@lru_cache(maxsize=1)
def lay_streets(seed: int, sequence: int) -> RoadNetwork:
    """The hills and streets of a sequence's town."""
    ground, streets = (np.random.default_rng([seed, sequence, stream]) for stream in (_GROUND, _STREETS))
    return lay_network(streets, Terrain(ground))


def plan_drive(seed: int, sequence: int, frames: int) -> Drive:
    """Drive through the town of a sequence; a shorter drive begins as a longer one."""
    network = lay_streets(seed, sequence)
    way, pace = (np.random.default_rng([seed, sequence, stream]) for stream in (_WAY, _PACE))
    duration = FRAME_SECONDS * frames
    legs = plan_route(way, network, drive_length(duration))
    lane = lane_line(network, legs)
    return Drive(network, legs, lane, drive(pace, network, lane, leg_spans(network, legs), duration), duration)
