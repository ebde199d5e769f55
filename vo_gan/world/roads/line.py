"""A smooth curve in plan: a street's centre line, a lane, the way of a pedestrian.

Plan coordinates are (x, z) of a y-down town. A heading of zero looks along z and grows to the right; `offset` is metres
to the right of the line, `station` metres along it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from scipy.interpolate import CubicSpline

STEP = 0.5
"""Metres between two samples of a line."""

_INNER, _OUTER = 0.25, 0.6
"""Where the inner control points of a `connection` lie, as shares of the way to the corner."""


def directions(heading: Shaped[np.ndarray, " *k"] | float) -> Float[np.ndarray, "*k 2"]:
    """Unit vectors (x, z) of headings in radians."""
    return np.stack([np.sin(heading), np.cos(heading)], axis=-1)


@dataclass(frozen=True)
class Line:
    """A curve in plan, sampled every `step` metres from station 0 on.

    Attributes:
        position: (x, z) of every sample in metres, float64 `[n, 2]`.
        heading: direction of every sample in radians, float64 `[n]`, without jumps of a full turn.
        curvature: change of heading per metre of every sample, float64 `[n]`, positive to the right.
        step: metres between two samples: `STEP`, or up to a few per mille off where both ends are given.
    """

    position: Float[np.ndarray, "n 2"]
    heading: Float[np.ndarray, " n"]
    curvature: Float[np.ndarray, " n"]
    step: float = STEP

    @classmethod
    def through(cls, points: Float[np.ndarray, "m 2"], to_the_end: bool = False) -> Line:
        """The line through the corners of a fine polyline whose corners lie on a smooth curve.

        Args:
            points: (x, z) in metres, at least two different ones, at distances of some decimetres in bends.
            to_the_end: stretch the step a little so that the last sample is the last point; otherwise the samples are
                exactly `STEP` apart and the last one is up to `STEP` short of the last point.
        """
        apart = np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-3
        points = points[np.concatenate([[True], apart])]
        chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        curve = CubicSpline(chord, points)
        fine = np.interp(np.arange(8 * (len(chord) - 1) + 1) / 8, np.arange(len(chord)), chord)
        arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve(fine), axis=0), axis=1))])
        steps = max(1, round(arc[-1] / STEP) if to_the_end else int(arc[-1] / STEP + 1e-9))
        step = float(arc[-1]) / steps if to_the_end else STEP
        at = np.interp(step * np.arange(steps + 1), arc, fine)
        (dx, dz), (ddx, ddz) = curve(at, 1).T, curve(at, 2).T
        heading = np.unwrap(np.arctan2(dx, dz))
        return cls(curve(at), heading, (ddx * dz - ddz * dx) / np.hypot(dx, dz) ** 3, step)

    @property
    def length(self) -> float:
        """Metres from the first to the last sample."""
        return self.step * (len(self.heading) - 1)

    def stations(self) -> Float[np.ndarray, " n"]:
        """Station of every sample in metres."""
        return self.step * np.arange(len(self.heading))

    def heading_at(self, station: Shaped[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
        """Direction of the line in radians at stations in metres."""
        return np.interp(station, self.stations(), self.heading)

    def curvature_at(self, station: Shaped[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
        """Curvature of the line in 1/m at stations in metres, positive to the right."""
        return np.interp(station, self.stations(), self.curvature)

    def point_at(
        self, station: Shaped[np.ndarray, "*k"], offset: Shaped[np.ndarray, "*k"] | float = 0.0
    ) -> Float[np.ndarray, "*k 2"]:
        """(x, z) of the points `offset` metres to the right of the line at stations in metres.

        Between two samples the line is the cubic that has their positions and headings; beyond its ends it goes on
        straight.
        """
        station = np.asarray(station, dtype=float)
        where = np.clip(station, 0.0, self.length)
        sample = np.minimum((where / self.step).astype(int), len(self.heading) - 2)
        t = (where / self.step - sample)[..., None]
        here, there = self.position[sample], self.position[sample + 1]
        leaving = self.step * directions(self.heading[sample])
        arriving = self.step * directions(self.heading[sample + 1])
        point = (
            (1 + 2 * t) * (1 - t) ** 2 * here
            + t * (1 - t) ** 2 * leaving
            + t**2 * (3 - 2 * t) * there
            - t**2 * (1 - t) * arriving
        )
        heading = self.heading_at(where)
        right = np.stack([np.cos(heading), -np.sin(heading)], axis=-1)
        return point + (station - where)[..., None] * directions(heading) + np.asarray(offset)[..., None] * right

    def place(self, station: float, offset: float) -> tuple[float, float, float]:
        """x, z and heading of the point `offset` metres to the right of the line at a station in metres."""
        (x, z), heading = self.point_at(np.array([station]), offset)[0], self.heading_at(np.array([station]))[0]
        return float(x), float(z), float(heading)

    def reversed(self) -> Line:
        """The same curve, gone along from its end to its start."""
        return Line(self.position[::-1], self.heading[::-1] + np.pi, -self.curvature[::-1], self.step)


def straight_points(start: Float[np.ndarray, " 2"], end: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "m 2"]:
    """Points on a straight from (x, z) to (x, z), at most `STEP` apart, both ends included."""
    count = int(np.linalg.norm(end - start) / STEP) + 2
    return start + np.linspace(0.0, 1.0, count)[:, None] * (end - start)


def connection(
    start: Float[np.ndarray, " 2"], start_heading: float, end: Float[np.ndarray, " 2"], end_heading: float
) -> Float[np.ndarray, "m 2"]:
    """Points of a curve from one place and heading to another, a few decimetres apart, both ends included.

    A Bezier curve of degree five whose curvature is zero at both ends, so that it joins straights without a jerk. Where
    the headings' straights meet at equal distances T at an angle of 90 degrees, its smallest radius is 0.89 T.

    Args:
        start: (x, z) in metres.
        start_heading: radians.
        end: (x, z) in metres.
        end_heading: radians; the curve turns by the smaller angle.
    """
    turn = np.angle(np.exp(1j * (end_heading - start_heading)))
    chord = float(np.linalg.norm(end - start))
    reach = chord / (2.0 * np.cos(0.5 * turn))
    ahead, behind = reach * directions(start_heading), reach * directions(end_heading)
    control = np.stack(
        [start, start + _INNER * ahead, start + _OUTER * ahead, end - _OUTER * behind, end - _INNER * behind, end]
    )
    t = np.linspace(0.0, 1.0, max(8, int(chord / 0.4)) + 1)[:, None]
    powers = np.arange(6)
    weights = np.array([1, 5, 10, 10, 5, 1]) * t**powers * (1.0 - t) ** (5 - powers)
    return weights @ control
