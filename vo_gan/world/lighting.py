"""How much light falls on surfaces, and what water and air make of it. All light is linear RGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8

from vo_gan.world.mesh import Material
from vo_gan.world.weather import Weather

LAMP_REACH = 45.0
"""Metres from the camera within which street lamps are counted."""
LAMP_LIGHT = np.array([26.0, 20.0, 12.5], np.float32)
"""Light of a street lamp at 1 m, by that of sunlight."""
HEADLIGHT = np.array([120.0, 114.0, 102.0], np.float32)
"""Light of the car's own headlights at 1 m, in the middle of their beam."""
HEADLIGHT_PLACE = np.array([0.0, 1.0, 1.2], np.float32)
"""Metres from the left camera to between the headlights: below it and before it."""
LEAF_LIGHT = np.float32(0.35)
"""Share of the sun's light that leaves get edge-on to it: they let light through."""
WATER_REFLECTANCE = np.float32(0.03)
"""Share of light that wet ground mirrors when looked at from above; all of it at a grazing look (Schlick, 1994)."""
_PAVED = (Material.ASPHALT, Material.PAVEMENT, Material.KERB)


@dataclass(frozen=True)
class Points:
    """Points on surfaces.

    Attributes:
        position: in town coordinates, metres.
        ray: unit vectors from the eye to each.
        normal: unit normals, on the eye's side.
        material: `Material` of each.
    """

    position: Float32[np.ndarray, "k 3"]
    ray: Float32[np.ndarray, "k 3"]
    normal: Float32[np.ndarray, "k 3"]
    material: UInt8[np.ndarray, " k"]


def sun_share(points: Points, weather: Weather) -> Float32[np.ndarray, " k"]:
    """Share of the sun's light that falls on points which nothing shades: the cosine law, softened on leaves."""
    cosine = points.normal @ weather.towards_sun
    leaves = points.material == Material.FOLIAGE
    return np.clip(np.where(leaves, LEAF_LIGHT + (1 - LEAF_LIGHT) * cosine, cosine), 0, 1)


def daylight(points: Points, weather: Weather, share: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, "k 3"]:
    """Light of the sun (`share` of it), of the sky above and of the ground below."""
    height = max(-float(weather.towards_sun[1]), 0.0)
    ground = np.float32(0.18) * (weather.ambient + weather.sun * np.float32(height))
    open_sky = np.float32(0.55) - np.float32(0.45) * points.normal[:, 1:2]
    return open_sky * (weather.ambient - ground) + ground + share[:, None] * weather.sun


def lamplight(
    points: Points, weather: Weather, lamps: Float[np.ndarray, "n 3"], town_from_camera: Float[np.ndarray, "4 4"]
) -> Float32[np.ndarray, "k 3"]:
    """Light of the street lamps near the camera and of the car's own headlights, by the inverse square law."""
    eye = town_from_camera[:3, 3]
    light = np.zeros_like(points.position)
    for lamp in lamps[np.linalg.norm(lamps - eye, axis=1) < LAMP_REACH].astype(np.float32):
        towards = lamp - points.position
        square = (towards * towards).sum(axis=1) + np.float32(0.25)
        cosine = np.clip((towards * points.normal).sum(axis=1), 0, None)
        below = np.clip(-towards[:, 1], 0, None)
        light += (cosine * below / (square * square))[:, None] * LAMP_LIGHT
    axes = town_from_camera[:3, :3].astype(np.float32)
    ahead = (points.position - eye.astype(np.float32)) @ axes - HEADLIGHT_PLACE
    square = (ahead * ahead).sum(axis=1) + np.float32(0.5)
    depth = np.maximum(ahead[:, 2], np.float32(0.1))
    sideways, down = ahead[:, 0] / depth, ahead[:, 1] / depth
    beam = np.exp(-((sideways * np.float32(1 / 0.5)) ** 2)) / (
        1 + np.exp(np.clip((np.float32(0.01) - down) * np.float32(60), -50, 50))
    )
    cosine = np.clip(-(points.normal * points.ray).sum(axis=1), 0, 1)
    light += (beam * cosine * (ahead[:, 2] > 0) / square)[:, None] * HEADLIGHT
    return light * np.float32(weather.lamps)


def wet(
    points: Points, weather: Weather, colour: Float32[np.ndarray, "k 3"], puddles: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, "k 3"]:
    """Radiance of points after rain: paved ground grows darker and mirrors the sky, most where puddles are.

    Args:
        points: where.
        weather: how wet.
        colour: radiance of the dry points.
        puddles: noise with a standard deviation of 1; water gathers where it is high.
    """
    paved = np.isin(points.material, _PAVED) & (points.normal[:, 1] < np.float32(-0.5))
    water = np.float32(weather.wetness) * paved
    gloss = water * np.clip(np.float32(0.45) + np.float32(0.4) * puddles, np.float32(0.1), 1)
    cosine = np.clip(-(points.normal * points.ray).sum(axis=1), 0, 1)
    mirrored = gloss * (WATER_REFLECTANCE + (1 - WATER_REFLECTANCE) * (1 - cosine) ** 5)
    rise = np.clip(-points.ray[:, 1] - 2 * points.normal[:, 1] * cosine, 0, 1)
    sky = weather.horizon + rise[:, None] * (weather.zenith - weather.horizon)
    return colour * (1 - np.float32(0.5) * water)[:, None] + mirrored[:, None] * sky


def through_air(
    colour: Float32[np.ndarray, "k 3"], distance: Float32[np.ndarray, " k"], weather: Weather
) -> Float32[np.ndarray, "k 3"]:
    """Radiance that is left after metres of air, which takes light away and adds the horizon's (Koschmieder, 1924)."""
    clear = np.exp(distance * np.float32(-1 / weather.visibility))[:, None]
    return weather.horizon + clear * (colour - weather.horizon)
