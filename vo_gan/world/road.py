"""The road that a town is built along: a smooth random centre line.

Plan coordinates are (x, z) of a y-down world: x right, z forward at the start of the road. A heading of zero looks
along z and grows to the right; `offset` is metres to the right of the centre line, `station` metres along it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

STEP = 0.5
"""Metres between two samples of the centre line."""
LARGEST_HEADING = np.radians(75.0)
"""The road never turns further than this from its general direction, so that it cannot cross itself."""


@dataclass(frozen=True)
class Road:
    """A centre line sampled every `STEP` metres, from station `first` on.

    Attributes:
        first: station of the first sample in metres (negative: the road begins behind the start of the drive).
        position: (x, z) of every sample in metres, float64 `[n, 2]`; station 0 is near the origin.
        heading: direction of every sample in radians, float64 `[n]`.
        curvature: change of heading per metre of every sample, float64 `[n]`, positive to the right.
    """

    first: float
    position: Float[np.ndarray, "n 2"]
    heading: Float[np.ndarray, " n"]
    curvature: Float[np.ndarray, " n"]

    @property
    def last(self) -> float:
        """Station of the last sample in metres."""
        return self.first + STEP * (len(self.heading) - 1)

    def stations(self) -> Float[np.ndarray, " n"]:
        """Station of every sample in metres."""
        return self.first + STEP * np.arange(len(self.heading))

    def heading_at(self, station: Shaped[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
        """Direction of the centre line in radians at stations in metres."""
        return np.interp(station, self.stations(), self.heading)

    def point_at(
        self, station: Shaped[np.ndarray, " ..."], offset: Shaped[np.ndarray, " ..."] | float
    ) -> Float[np.ndarray, "... 2"]:
        """(x, z) of the points `offset` metres to the right of the centre line at stations in metres."""
        stations = self.stations()
        centre = np.stack([np.interp(station, stations, self.position[:, axis]) for axis in (0, 1)], axis=-1)
        heading = self.heading_at(station)
        right = np.stack([np.cos(heading), -np.sin(heading)], axis=-1)
        return centre + np.asarray(offset)[..., None] * right

    def place(self, station: float, offset: float) -> tuple[float, float, float]:
        """x, z and heading of the point `offset` metres to the right of the centre line at a station."""
        (x, z), heading = self.point_at(np.array([station]), offset)[0], self.heading_at(np.array([station]))[0]
        return float(x), float(z), float(heading)

    def distance_to(self, points: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, " k"]:
        """Distance of plan points to the nearest sample of the centre line in metres."""
        difference = points[:, None, :] - self.position[None, :, :]
        return np.sqrt((difference**2).sum(axis=-1).min(axis=1))


def lay_road(rng: np.random.Generator, length: float, lead_in: float, lead_out: float) -> Road:
    """Lay a road of straights and bends whose radii, angles and sides are drawn from `rng`.

    Args:
        rng: source of all chance.
        length: metres that will be driven.
        lead_in: metres of road before station 0.
        lead_out: metres of road after station `length`.
    """
    count = int(np.ceil((lead_in + length + lead_out) / STEP)) + 1
    pieces: list[np.ndarray] = [np.zeros(int((lead_in + rng.uniform(5.0, 20.0)) / STEP))]
    laid, heading = len(pieces[0]), 0.0
    while laid < count:
        radius = np.exp(rng.uniform(np.log(20.0), np.log(75.0)))
        angle = np.radians(rng.uniform(18.0, 75.0))
        side = 1.0 if rng.random() < 0.5 - 0.4 * heading / LARGEST_HEADING else -1.0
        angle = min(angle, LARGEST_HEADING - side * heading)
        heading += side * angle
        bend = np.full(max(1, round(radius * angle / STEP)), side / radius)
        straight = np.zeros(int(rng.uniform(6.0, 38.0) / STEP))
        pieces += [bend, straight]
        laid += len(bend) + len(straight)
    kernel = np.hanning(int(8.0 / STEP) + 1)
    curvature = np.convolve(np.concatenate(pieces), kernel / kernel.sum(), mode="same")[:count]
    headings = np.concatenate([[0.0], np.cumsum(0.5 * (curvature[1:] + curvature[:-1]) * STEP)])
    middle = 0.5 * (headings[1:] + headings[:-1])
    steps = STEP * np.stack([np.sin(middle), np.cos(middle)], axis=-1)
    position = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    position -= position[round(lead_in / STEP)]
    return Road(first=-lead_in, position=position, heading=headings, curvature=curvature)
