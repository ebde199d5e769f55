"""A town along a road: ground, buildings and what stands about, as one mesh.

Ground level is y = 0 and y points down, so a height of h metres is y = -h.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vo_gan.world import buildings, street
from vo_gan.world.mesh import Mesh, MeshBuilder
from vo_gan.world.road import Road, lay_road
from vo_gan.world.vehicle import drive_length

LEAD_IN, LEAD_OUT = 60.0, 320.0
"""Metres of town behind the start and beyond the end of the drive."""


@dataclass(frozen=True)
class Light:
    """Sun and sky.

    Attributes:
        towards_sun: unit vector, y down.
        sun, ambient: RGB that a white surface returns of the sun (facing it) and of the sky.
        horizon, zenith: RGB of the sky low and high.
    """

    towards_sun: Float[np.ndarray, " 3"]
    sun: Float[np.ndarray, " 3"]
    ambient: Float[np.ndarray, " 3"]
    horizon: Float[np.ndarray, " 3"]
    zenith: Float[np.ndarray, " 3"]


@dataclass(frozen=True)
class Town:
    """Everything that stands still."""

    road: Road
    mesh: Mesh
    light: Light


def lay_course(rng: np.random.Generator, frames: int) -> Road:
    """Lay a road long enough for a drive of `frames` frames."""
    return lay_road(rng, drive_length(frames), LEAD_IN, LEAD_OUT)


def build_town(rng: np.random.Generator, road: Road) -> Town:
    """Build a town along a road; another state of `rng` is another town."""
    building_rng, street_rng, light_rng = rng.spawn(3)
    builder = MeshBuilder()
    street.add_ground(builder, road, street_rng)
    free = buildings.add_buildings(builder, road, building_rng)
    street.add_hedges(builder, road, street_rng, free)
    street.add_trees(builder, road, street_rng)
    street.add_poles(builder, road, street_rng)
    street.add_cars(builder, road, street_rng)
    return Town(road, builder.build(), _light(light_rng))


def _light(rng: np.random.Generator) -> Light:
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(28.0, 55.0))
    towards_sun = np.array(
        [np.cos(elevation) * np.sin(azimuth), -np.sin(elevation), np.cos(elevation) * np.cos(azimuth)]
    )
    warmth = rng.uniform(0.0, 1.0)
    return Light(
        towards_sun=towards_sun,
        sun=np.array([0.62, 0.60 - 0.03 * warmth, 0.56 - 0.10 * warmth]),
        ambient=np.array([0.52, 0.55, 0.60]),
        horizon=np.array([0.84, 0.87, 0.90]),
        zenith=np.array([0.38, 0.56, 0.82]) + 0.06 * rng.uniform(-1, 1),
    )
