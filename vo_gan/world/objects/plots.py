"""Footprints of buildings, and which ground is taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float


class Kind(IntEnum):
    """Sorts of buildings."""

    TERRACE = 0
    APARTMENTS = 1
    DETACHED = 2
    WAREHOUSE = 3
    GARAGES = 4
    BLOCK = 5


@dataclass(frozen=True)
class Plot:
    """The footprint of a building: a rectangle.

    Attributes:
        kind: what stands there.
        corner: (x, z) of its front left corner as seen from the street, metres.
        along: unit vector (x, z) from there to the front right corner.
        width: metres along the front.
        depth: metres from front to back.
        setback: metres from the pavement's outer edge to the front.
        row: buildings of the same row look alike.
        attached_left: whether the next house begins at its left wall.
        attached_right: whether the next house begins at its right wall.
    """

    kind: Kind
    corner: Float[np.ndarray, " 2"]
    along: Float[np.ndarray, " 2"]
    width: float
    depth: float
    setback: float
    row: int
    attached_left: bool = False
    attached_right: bool = False

    @property
    def away(self) -> Float[np.ndarray, " 2"]:
        """Unit vector (x, z) from the front to the back."""
        return np.array([-self.along[1], self.along[0]])

    def outline(self) -> Float[np.ndarray, "4 2"]:
        """(x, z) of its corners: front left, front right, back right, back left."""
        front = self.corner + np.array([[0.0], [self.width]]) * self.along
        return np.concatenate([front, front[::-1] + self.depth * self.away])


class Occupied:
    """Rectangles that are taken, with the separating-axis test (Gottschalk et al., SIGGRAPH 1996) against them."""

    def __init__(self) -> None:
        self._count = 0
        self._rows = np.zeros((2048, 8))

    def meets(self, plot: Plot, apart: float) -> bool:
        """Whether a plot comes nearer than `apart` metres to a rectangle, measured along the sides of either."""
        row, taken = _rectangle(plot), self._rows[: self._count]
        between = taken[:, :2] - row[:2]
        reach = taken[:, 6] + taken[:, 7] + row[6] + row[7] + apart
        near = np.flatnonzero((between * between).sum(axis=1) < reach * reach)
        between, taken = between[near], taken[near]
        own, half = row[2:6].reshape(2, 2), row[6:8]
        theirs, their_half = taken[:, 2:6].reshape(-1, 2, 2), taken[:, 6:8]
        cross = np.abs(theirs @ own.T)
        separate = np.abs(between @ own.T) - half - (their_half[:, :, None] * cross).sum(axis=1) >= apart
        other = np.abs((theirs @ between[:, :, None])[:, :, 0]) - their_half - (cross * half).sum(axis=2) >= apart
        return bool((~(separate.any(axis=1) | other.any(axis=1))).any())

    def add(self, plot: Plot) -> None:
        """Take a plot."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = _rectangle(plot)
        self._count += 1


def _rectangle(plot: Plot) -> Float[np.ndarray, " 8"]:
    """Centre, unit vectors along both sides, and half their lengths."""
    centre = plot.corner + 0.5 * plot.width * plot.along + 0.5 * plot.depth * plot.away
    return np.concatenate([centre, plot.along, plot.away, [0.5 * plot.width, 0.5 * plot.depth]])
