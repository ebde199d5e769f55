"""What there is to say about the look of a house."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float

from vo_gan.world.materials.openings import Use
from vo_gan.world.materials.walls import Cover, Masonry


class RoofShape(IntEnum):
    """Shapes of roofs."""

    GABLE = 0
    CROSS_GABLE = 1
    HIP = 2
    MANSARD = 3
    FLAT = 4


@dataclass(frozen=True)
class HouseLook:
    """How a house looks; lengths in metres.

    Attributes:
        colour: RGB of the walls.
        second: RGB of doors, shutters, gates, signs and awnings.
        roof_colour: RGB of the roof.
        masonry: what the walls are built of.
        use: of the ground floor.
        floors: number of floors above the ground floor.
        ground: height of the ground floor.
        floor: height of the floors above it.
        attic: wall above the last floor.
        pitch: about from window to window.
        window: width of the windows.
        rise: height of the windows.
        sill: from a floor up to its windows.
        trim: number of the colour of window frames.
        shutters: whether there are shutters.
        bands: whether pale bands mark the floors.
        roof: shape of the roof.
        cover: what lies on it.
        slope: rise of the roof by its run.
        eaves: how far the roof reaches over the walls.
        bay: whether a bay window stands before the front where there is room for one.
        balconies: share of the windows that have a balcony.
        dormers: whether there are dormers.
        chimneys: number of chimneys.
    """

    colour: Float[np.ndarray, " 3"]
    second: Float[np.ndarray, " 3"]
    roof_colour: Float[np.ndarray, " 3"]
    masonry: Masonry
    floors: int
    ground: float
    floor: float
    pitch: float
    window: float
    rise: float
    sill: float
    trim: int
    roof: RoofShape
    cover: Cover
    slope: float
    eaves: float
    use: Use = Use.DWELLING
    shutters: bool = False
    bands: bool = False
    bay: bool = False
    balconies: float = 0.0
    dormers: bool = False
    chimneys: int = 0
    attic: float = 0.0

    @property
    def height(self) -> float:
        """Metres from the ground to the top of the walls."""
        return self.ground + self.floors * self.floor + self.attic
