"""Things that move about a town, and when the drive's camera can see them come and go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Shaped

from vo_gan.world.roads.line import Line, directions
from vo_gan.world.roads.route import Passage
from vo_gan.world.roads.terrain import Terrain
from vo_gan.world.roads.vehicle import CAR_LENGTH, CAR_WIDTH, Motion

STRIDE = 1.4
"""Metres that a person walks in one cycle of two steps."""
SEEN_TO = 115.0
"""Metres from the camera beyond which there are no movers."""
SEEN_BEHIND = 25.0
"""Metres behind the camera beyond which there are no movers."""
TICK = 0.1
"""Seconds between two known places of a mover."""
MARGIN = 1.0
"""Metres that movers keep from the car of the camera and cars from each other."""
PERSON_WIDTH = 0.7
"""Metres."""

_POP_DISTANCE, _POP_BEHIND = 102.0, 10.0


@dataclass(frozen=True)
class Track:
    """How one car or person moves.

    Attributes:
        kind: "car" or "person".
        model: which model, any non-negative number: taken modulo the number of models.
        terrain: the ground.
        line: where it goes.
        clock: times in seconds, `TICK` apart, `[m]`.
        along: station on the line in metres at these times, NaN where it is absent, `[m]`.
        turn: radians by which it looks to the right of where it goes.
    """

    kind: str
    model: int
    terrain: Terrain
    line: Line
    clock: Float[np.ndarray, " m"]
    along: Float[np.ndarray, " m"]
    turn: float = 0.0

    def span(self) -> tuple[float, float]:
        """Seconds from when it is there first to when it is there last; it may be absent in between."""
        there = np.flatnonzero(~np.isnan(self.along))
        return float(self.clock[there[0]]), float(self.clock[there[-1]])

    def place(self, times: Shaped[np.ndarray, " n"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
        """(x, z) in metres and heading in radians at times in seconds, NaN where it is absent."""
        along = np.interp(times, self.clock, self.along, left=np.nan, right=np.nan)
        absent, there = np.isnan(along), np.nan_to_num(along)
        plan = np.where(absent[:, None], np.nan, self.line.point_at(there))
        return plan, np.where(absent, np.nan, self.line.heading_at(there) + self.turn)

    def poses(self, times: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, "n 4 4"]:
        """town_from_object at times in seconds: on the ground, tilted with it, all NaN where it is absent."""
        plan, heading = self.place(times)
        poses = self.terrain.stand(plan, heading)
        poses[np.isnan(heading)] = np.nan
        return poses

    def phase(self, times: Shaped[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Metres travelled of a car, cycles of two steps of a person, at times in seconds; NaN where it is absent."""
        along = np.interp(times, self.clock, self.along, left=np.nan, right=np.nan)
        return along if self.kind == "car" else along / STRIDE


@dataclass(frozen=True)
class Scene:
    """The drive that the traffic is arranged around.

    Attributes:
        terrain: the ground.
        motion: of the camera's car.
        passages: junctions on its lane line.
        clock: times in seconds, `TICK` apart, `[m]`.
        plan: (x, z) of the car at these times, `[m, 2]`.
        heading: of the car at these times in radians, `[m]`.
        station: of the car on its lane line at these times in metres, `[m]`.
    """

    terrain: Terrain
    motion: Motion
    passages: tuple[Passage, ...]
    clock: Float[np.ndarray, " m"]
    plan: Float[np.ndarray, "m 2"]
    heading: Float[np.ndarray, " m"]
    station: Float[np.ndarray, " m"]

    @classmethod
    def of(cls, motion: Motion, passages: tuple[Passage, ...], duration: float) -> Scene:
        """The scene of a drive of some seconds."""
        clock = TICK * np.arange(-3, int(np.ceil(duration / TICK)) + 4)
        return cls(motion.terrain, motion, passages, clock, *motion.place(clock), motion.station(clock))

    def time_at(self, station: float) -> float:
        """Seconds at which the car is at a station of its lane line, infinite where the drive ends before."""
        return float(np.interp(station, self.station, self.clock, right=np.inf))

    def track(
        self, kind: str, model: int, line: Line, along: Float[np.ndarray, " m"], turn: float = 0.0
    ) -> Track | None:
        """A mover for the times at which it is near, or None where that is never.

        It comes and goes only far away from the camera or behind it: an appearance that would begin or end in sight,
        where its line ends, is left out.

        Args:
            kind: "car" or "person".
            model: number of its model.
            line: where it goes.
            along: station on the line at the scene's clock in metres; off the line it is absent.
            turn: radians by which it looks to the right of where it goes.
        """
        track = Track(kind, model, self.terrain, line, self.clock, along, turn)
        apart = line.point_at(along) - self.plan
        distance = np.linalg.norm(apart, axis=1)
        ahead = (apart * directions(self.heading)).sum(axis=1)
        on_line = (along >= 0.0) & (along <= line.length)
        near = on_line & (distance < SEEN_TO) & (ahead > -SEEN_BEHIND)
        in_sight = (distance < _POP_DISTANCE) & (ahead > -_POP_BEHIND)
        edges = np.diff(near.astype(int), prepend=0, append=0)
        for begin, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            comes_in_sight = begin > 0 and in_sight[begin]
            goes_in_sight = end < len(near) and in_sight[end - 1]
            if comes_in_sight or goes_in_sight or end - begin < 3:
                near[begin:end] = False
        return replace(track, along=np.where(near, along, np.nan)) if near.any() else None

    def is_clear(self, track: Track, others: list[Track]) -> bool:
        """Whether a mover never overlaps the camera's car, with a margin, nor one of other movers."""
        there, size = ~np.isnan(track.along), _size(track)
        plan = np.full((len(self.clock), 2), np.nan)
        plan[there] = track.line.point_at(track.along[there])
        close = _moments(self.clock, np.linalg.norm(plan - self.plan, axis=1))
        ego = *self.motion.place(close), np.array([CAR_LENGTH, CAR_WIDTH]) + 2 * MARGIN
        if _overlap(*track.place(close), size, *ego).any():
            return False
        for other in others:
            both = np.flatnonzero(there & ~np.isnan(other.along))
            apart = plan[both] - other.line.point_at(other.along[both])
            close = _moments(self.clock[both], np.linalg.norm(apart, axis=1))
            if len(close) and _overlap(*track.place(close), size + MARGIN, *other.place(close), _size(other)).any():
                return False
        return True


def _moments(clock: Float[np.ndarray, " m"], distance: Float[np.ndarray, " m"]) -> Float[np.ndarray, " k"]:
    """Times in seconds, a fifth of a tick apart, around those of a clock at which a distance is below 12 m, not NaN."""
    return (clock[distance < 12.0, None] + TICK * np.array([-0.4, -0.2, 0.0, 0.2, 0.4])).ravel()


def _size(track: Track) -> Float[np.ndarray, " 2"]:
    """Length and width of a mover in metres."""
    return np.array([CAR_LENGTH, CAR_WIDTH] if track.kind == "car" else [PERSON_WIDTH, PERSON_WIDTH])


def _overlap(
    plan: Float[np.ndarray, "m 2"],
    heading: Float[np.ndarray, " m"],
    size: Float[np.ndarray, " 2"],
    other_plan: Float[np.ndarray, "m 2"],
    other_heading: Float[np.ndarray, " m"],
    other_size: Float[np.ndarray, " 2"],
) -> Bool[np.ndarray, " m"]:
    """Whether two rectangles of length and width overlap: no side of either separates them."""
    apart = other_plan - plan
    reach = 0.5 * (np.hypot(*size) + np.hypot(*other_size))
    result = np.abs(apart).max(axis=1) < reach
    close = np.flatnonzero(result)
    apart, turn = apart[close], (other_heading - heading)[close]
    along, across = np.abs(np.cos(turn)), np.abs(np.sin(turn))
    for base, mine, yours in ((heading, size, other_size), (other_heading, other_size, size)):
        forward = directions(base[close])
        right = np.stack([forward[:, 1], -forward[:, 0]], axis=1)
        for axis, own, (same, crossed) in ((forward, mine[0], yours), (right, mine[1], yours[::-1])):
            result[close] &= np.abs((apart * axis).sum(axis=1)) < 0.5 * (own + same * along + crossed * across)
    return result
