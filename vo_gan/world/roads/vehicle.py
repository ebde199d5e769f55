"""How the car drives: its speed from streets, bends and stops, and the poses of its camera at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from vo_gan.errors import VoGanError
from vo_gan.world.roads.line import Line
from vo_gan.world.roads.network import RoadNetwork
from vo_gan.world.roads.route import Passage
from vo_gan.world.roads.terrain import Terrain

FRAME_SECONDS = 0.1
CAMERA_HEIGHT = 1.65
"""Metres of the camera above the ground."""
CAR_LENGTH, CAR_WIDTH = 4.6, 2.0
"""Metres; the camera is over the middle of the car."""
FASTEST = 15.0
"""m/s."""
SIDEWAYS_ACCELERATION = 2.0
"""m/s^2 that the driver accepts in a bend of a street."""
TURN_SPEED, TURN_ACCELERATION = 6.0, 3.0
"""m/s up to which the driver accepts more sideways in the tight turns of junctions, and how many m/s^2."""
ACCELERATION, BRAKING = 1.3, 1.8
"""m/s^2 along the road."""
STOP_CHANCE = 0.25
"""Share of the junctions of three or four arms at which the car stops."""
STOP_DISTANCE = 7.8
"""Metres from the camera of the stopped car to the begin of the junction's area: before its zebra crossing."""
LOOK_AHEAD = 16.0
"""Seconds beyond the end of a drive that the motion is known for, so that the traffic can go by it."""

_STEP = 0.1
_TIME_STEP = 0.02
_SMOOTHING = 1.4
_START = 12.0
_BEFORE = 0.25
_BRAKING_DISTANCE = 75.0
_HALT_COST = 8.5
_PACE, _HEAD_START = 10.0, 100.0


def drive_length(duration: float) -> float:
    """Metres of lane line that are enough for any drive of some seconds."""
    return _START + FASTEST * (duration + LOOK_AHEAD) + _BRAKING_DISTANCE


class Sway:
    """A smooth random curve: a sum of sines with periods between two bounds."""

    def __init__(self, rng: np.random.Generator, longest: float, shortest: float, deviation: float) -> None:
        """Draw the curve: periods in the units of its argument, standard deviation in those of its value."""
        self._rates = 2.0 * np.pi / np.exp(rng.uniform(np.log(shortest), np.log(longest), size=6))
        self._phases = rng.uniform(0.0, 2.0 * np.pi, size=6)
        self._height = deviation * np.sqrt(2 / 6)

    def __call__(self, at: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Value of the curve."""
        return self._height * np.sin(at[:, None] * self._rates + self._phases).sum(axis=1)


@dataclass(frozen=True)
class _Shake:
    """What the road does to the camera while the car drives: functions of time in radians and metres."""

    pitch: Sway
    roll: Sway
    bounce: Sway


@dataclass(frozen=True)
class Motion:
    """The motion of the car's left camera; known from -0.2 s on.

    Attributes:
        terrain: the ground.
        path: what the camera follows in plan: the lane line with the small errors of the driver's steering.
        lane_station: station on the lane line of every sample of the path in metres, `[n]`.
        clock: times in seconds, evenly spaced, `[m]`.
        travelled: station on the path at these times in metres, `[m]`.
        rate: m/s along the path at these times, `[m]`.
        shake: what the road does to the camera.
    """

    terrain: Terrain
    path: Line
    lane_station: Float[np.ndarray, " n"]
    clock: Float[np.ndarray, " m"]
    travelled: Float[np.ndarray, " m"]
    rate: Float[np.ndarray, " m"]
    shake: _Shake

    def speed(self, times: Shaped[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """m/s along the path, measured in plan, at times in seconds."""
        return np.interp(times, self.clock, self.rate)

    def station(self, times: Shaped[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Metres along the lane line at times in seconds, up to `LOOK_AHEAD` seconds beyond the drive."""
        return np.interp(self._reached(times), self.path.stations(), self.lane_station)

    def place(self, times: Shaped[np.ndarray, " k"]) -> tuple[Float[np.ndarray, "k 2"], Float[np.ndarray, " k"]]:
        """(x, z) in metres and heading in radians of the car at times in seconds."""
        reached = self._reached(times)
        return self.path.point_at(reached), self.path.heading_at(reached)

    def poses(self, times: Shaped[np.ndarray, " k"]) -> Float[np.ndarray, "k 4 4"]:
        """town_from_camera at times in seconds within [-0.2, duration + 0.2].

        The camera is `CAMERA_HEIGHT` above the ground and tilted with it; the car pitches when it brakes, leans out of
        bends, and shakes a little while it moves.
        """
        reached, speed = self._reached(times), self.speed(times)
        forwards = np.interp(times, self.clock, np.gradient(self.rate, _TIME_STEP))
        sideways = speed**2 * self.path.curvature_at(reached)
        moving = np.clip(speed / 6.0, 0.0, 1.0)
        pitch = np.radians(0.25) * forwards + moving * self.shake.pitch(times)
        roll = -np.radians(0.3) * sideways + moving * self.shake.roll(times)
        poses = self.terrain.stand(*self.place(times))
        poses[:, :3, :3] = poses[:, :3, :3] @ _tilt(pitch, roll)
        poses[:, 1, 3] -= CAMERA_HEIGHT + moving * self.shake.bounce(times)
        return poses

    def _reached(self, times: Shaped[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Station on the path at times in seconds."""
        return np.interp(times, self.clock, self.travelled)


def drive(
    rng: np.random.Generator, network: RoadNetwork, lane: Line, stops: Sequence[Passage], duration: float
) -> Motion:
    """Drive along a lane line.

    The car keeps to the streets' speeds, slows down before bends, stops now and then before a junction for some seconds
    (not where it is late, so that it goes more than 8 m/s on average), and keeps its lane within decimetres. A shorter
    drive from the same generator state, on the same lane or the begin of it, is a prefix of a longer one.

    Args:
        rng: source of all chance.
        network: the streets.
        lane: from `lane_line`, of `drive_length(duration)` metres to be safe.
        stops: junctions on the lane, from `leg_spans`.
        duration: seconds.

    Raises:
        VoGanError: if the lane is too short for the duration.
    """
    shake = _Shake(
        pitch=Sway(rng, 2.0, 0.6, np.radians(0.25)),
        roll=Sway(rng, 2.5, 0.7, np.radians(0.2)),
        bounce=Sway(rng, 1.5, 0.5, 0.008),
    )
    wander, mood = Sway(rng, 60.0, 25.0, 0.1), Sway(rng, 300.0, 80.0, 0.05)
    marks = lane.stations()
    points = lane.point_at(marks, wander(marks))
    path = Line.through(points)
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    lane_station = np.interp(path.stations(), reached, marks)

    limit = speed_limit(network, path, 1.0 + mood(path.stations()))
    free_clock, free = _timetable(path, limit, [])
    halts, lost = [], 0.0
    for passage in stops:
        stopping, seconds = rng.random() < STOP_CHANCE, rng.uniform(1.0, 4.0)
        where = float(np.interp(passage.begin - STOP_DISTANCE, marks, reached))
        departure = float(np.interp(where, free, free_clock)) + lost + seconds + _HALT_COST
        in_time = where > 3 * _START and where + _HEAD_START > _PACE * departure
        if stopping and in_time and len(network.junctions[passage.junction].arms) > 2:
            halts.append((where, seconds + _SMOOTHING))
            lost += seconds + _HALT_COST
    clock, travelled = _timetable(path, limit, halts)
    if clock[-1] < duration + LOOK_AHEAD or np.interp(duration, clock, travelled) + _BRAKING_DISTANCE > path.length:
        raise VoGanError(
            f"a lane of {lane.length:.0f} m is too short for a drive of {duration:g} s: "
            f"plan a route of {drive_length(duration):.0f} m"
        )
    return Motion(network.terrain, path, lane_station, clock, travelled, np.gradient(travelled, _TIME_STEP), shake)


def speed_limit(
    network: RoadNetwork, line: Line, mood: Float[np.ndarray, " n"] | float = 1.0
) -> Float[np.ndarray, " n"]:
    """m/s that the street and the bends allow at every sample of a line; `mood` is a factor on the street's speed."""
    speeds = np.array([street.speed for street in network.streets])
    usual = speeds[network.nearest_street(line.position)] * mood
    radius = 1.0 / np.maximum(np.abs(line.curvature), 1e-6)
    in_turns = np.minimum(np.sqrt(TURN_ACCELERATION * radius), TURN_SPEED)
    in_bends = np.maximum(np.sqrt(SIDEWAYS_ACCELERATION * radius), in_turns)
    return np.minimum(np.minimum(usual, FASTEST - 0.1), in_bends)


def speed_along(
    stations: Float[np.ndarray, " n"], limit: Float[np.ndarray, " n"], acceleration: float, braking: float
) -> Float[np.ndarray, " n"]:
    """The fastest speeds at stations in metres that keep below limits in m/s and accelerations in m/s^2.

    With a constant acceleration a, v^2 - 2 a s does not change along s: so the bounds spread as running minima.
    """
    squared = limit**2
    squared = np.minimum.accumulate(squared - 2 * acceleration * stations) + 2 * acceleration * stations
    squared = np.minimum.accumulate((squared + 2 * braking * stations)[::-1])[::-1] - 2 * braking * stations
    return np.sqrt(np.maximum(squared, 0.0))


def _timetable(
    path: Line, limit: Float[np.ndarray, " n"], halts: list[tuple[float, float]]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Times and the stations reached at them: station `_START` at time 0, smooth, with halts (station, seconds)."""
    stations = np.arange(0.0, path.length, _STEP)
    allowed = np.interp(stations, path.stations(), limit)
    waits = np.zeros(len(stations))
    for where, seconds in halts:
        at = min(round(where / _STEP), len(stations) - 1)
        allowed[at], waits[at] = 0.0, seconds
    speed = speed_along(stations, allowed, ACCELERATION, BRAKING)
    arrival = np.concatenate([[0.0], np.cumsum(2 * _STEP / (speed[1:] + speed[:-1]) + waits[:-1])])
    arrival -= np.interp(_START, stations, arrival)
    half = round(0.5 * _SMOOTHING / _TIME_STEP)
    kernel = np.hanning(2 * half + 3)[1:-1]
    first = -round(_BEFORE / _TIME_STEP) - half
    ticks = _TIME_STEP * np.arange(first, int(arrival[-1] / _TIME_STEP))
    knots, places = np.stack([arrival, arrival + waits], axis=1).ravel(), np.repeat(stations, 2)
    travelled = np.convolve(np.interp(ticks, knots, places), kernel / kernel.sum(), mode="valid")
    return ticks[half:-half], travelled


def _tilt(pitch: Float[np.ndarray, " n"], roll: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3 3"]:
    """R_x(pitch) R_z(roll): a positive pitch looks up, a positive roll leans right."""
    nod, lean = np.zeros((2, len(pitch), 3, 3))
    nod[:, 0, 0], nod[:, 1, 1], nod[:, 2, 2] = 1.0, np.cos(pitch), np.cos(pitch)
    nod[:, 2, 1] = np.sin(pitch)
    nod[:, 1, 2] = -nod[:, 2, 1]
    lean[:, 2, 2], lean[:, 0, 0], lean[:, 1, 1] = 1.0, np.cos(roll), np.cos(roll)
    lean[:, 1, 0] = np.sin(roll)
    lean[:, 0, 1] = -lean[:, 1, 0]
    return nod @ lean
