"""What a material's function is given and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float32, Int


@dataclass(frozen=True)
class Surface:
    """Points of one material.

    Attributes:
        u, v: surface coordinates in metres (streets: along, to the right; walls: along, height).
        width_u, width_v: size of a pixel's footprint along u and v in metres.
        style: row of the mesh's styles of every point: colour, second colour, seed, parameters.
        fine: noise with wavelengths from 2.5 cm to 6 m, already averaged over the footprint: grain, blotches, ridges
            (0 at a crease), clumps; zero mean, standard deviation about 1 where nothing is averaged away.
        coarse: the same four with wavelengths from 0.5 m to 100 m.
    """

    u: Float32[np.ndarray, " k"]
    v: Float32[np.ndarray, " k"]
    width_u: Float32[np.ndarray, " k"]
    width_v: Float32[np.ndarray, " k"]
    style: Float32[np.ndarray, "k 16"]
    fine: Float32[np.ndarray, "k 4"]
    coarse: Float32[np.ndarray, "k 4"]

    def chosen(self, some: Int[np.ndarray, " n"] | slice) -> Surface:
        """Some of the points."""
        return Surface(*(getattr(self, field.name)[some] for field in fields(self)))

    @property
    def colour(self) -> Float32[np.ndarray, "k 3"]:
        """The style's first colour."""
        return self.style[:, 0:3]

    @property
    def second(self) -> Float32[np.ndarray, "k 3"]:
        """The style's second colour."""
        return self.style[:, 3:6]

    @property
    def seed(self) -> Float32[np.ndarray, " k"]:
        """The style's seed in [0, 1)."""
        return self.style[:, 6]

    def parameter(self, number: int) -> Float32[np.ndarray, " k"]:
        """A parameter of the style, counted from 0."""
        return self.style[:, 7 + number]


@dataclass(frozen=True)
class Look:
    """How points look.

    Attributes:
        albedo: colour as a painter would name it (display-like RGB in [0, 1]; its square is the reflectance).
        emission: linear RGB given off when lamps are on; None for none.
    """

    albedo: Float32[np.ndarray, "k 3"]
    emission: Float32[np.ndarray, "k 3"] | None = None


def blend(
    under: Float32[np.ndarray, "k 3"], over: Float32[np.ndarray, " ..."], share: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, "k 3"]:
    """`over` (one colour or one a point) painted on `under` with an opacity in [0, 1]."""
    return under + share[:, None] * (over - under)
