"""The look of every material: albedo from surface coordinates, footprint and style.

Every function takes a `Surface` and returns RGB in [0, 1], float32 `[k, 3]`, averaged over each pixel's footprint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from vo_gan.world.mesh import Material
from vo_gan.world.textures import Noise, Octave, bar, cell_random, octaves, seen_share, stripes


@dataclass(frozen=True)
class Surface:
    """Points of one material.

    Attributes:
        u, v: surface coordinates in metres (road: along, to the right; walls: along, height).
        width_u, width_v: size of a pixel's footprint along u and v in metres.
        style: row of the mesh's styles of every point.
        noise: the town's noise.
    """

    u: Float32[np.ndarray, " k"]
    v: Float32[np.ndarray, " k"]
    width_u: Float32[np.ndarray, " k"]
    width_v: Float32[np.ndarray, " k"]
    style: Float32[np.ndarray, "k 16"]
    noise: Noise

    def bands(self, spectrum: tuple[Octave, ...], shift: float = 0.0) -> Float32[np.ndarray, " k"]:
        """Noise of a spectrum, different for every seed of a style."""
        seed = self.style[:, 6]
        u = self.u + (97.0 * seed + np.float32(shift))
        return self.noise.bands(u, self.v + 31.0 * seed, self.width_u, self.width_v, spectrum)


Albedo = Float32[np.ndarray, "k 3"]

_ASPHALT_GRAIN = octaves(5.0, 0.03, 0.024, 0.97)
_ASPHALT_STREAKS = (Octave(17.0, 0.9, 0.016), Octave(9.0, 0.35, 0.016), Octave(5.0, 0.15, 0.012))
_ASPHALT_BLOTCHES = (Octave(9.0, 2.6, 0.03), Octave(3.7, 1.4, 0.035))
_CRACKS = (Octave(2.6, 2.6, 0.8), Octave(0.9, 0.9, 0.35))
_WALL_GRAIN = octaves(3.4, 0.03, 0.05, 0.95)
_WALL_STREAKS = (Octave(0.7, 5.0, 0.045), Octave(6.0, 2.5, 0.05))
_GROUND = octaves(23.0, 0.05, 0.11, 0.93)
_EARTH = octaves(11.0, 0.6, 0.5, 0.8)
_LEAVES = octaves(1.3, 0.05, 0.20, 0.95)
_STONE = octaves(1.9, 0.03, 0.06, 0.95)
_PAINT = octaves(1.1, 0.2, 0.03, 0.8)


def asphalt(at: Surface) -> Albedo:
    """Roadway: worn grain, tyre streaks, mended patches, cracks, lane markings, crossings and manholes."""
    along, across = at.u, at.v
    seed = at.style[:, 6]
    shade = (
        at.style[:, 0] + at.bands(_ASPHALT_GRAIN) + at.bands(_ASPHALT_STREAKS, 11.0) + at.bands(_ASPHALT_BLOTCHES, 5.0)
    )
    tracks = np.abs(np.abs(across) - 1.6)
    shade -= 0.05 * np.exp(-(((tracks - 0.75) / 0.28) ** 2))

    cell = np.floor(along / 5.5)
    chance = cell_random(cell, np.floor(across / 2.7), seed)
    left = 2.7 * np.floor(across / 2.7) + 2.0 * cell_random(cell, across * 0 + 7, seed) * 0.5
    start = 5.5 * cell + 0.3 + 1.5 * chance
    mended = bar(along, start, start + 1.0 + 2.5 * chance, at.width_u) * bar(across, left, left + 1.5, at.width_v)
    tone = np.where(chance > 0.5, np.float32(-0.13), np.float32(0.10))
    shade += mended * tone * (np.abs(chance - 0.5) < 0.38)

    crack = np.abs(at.bands(_CRACKS, 23.0))
    crack_width = 0.02 + 0.5 * np.maximum(at.width_u, at.width_v)
    depth = np.clip(0.03 / crack_width, 0, 1)
    shade -= 0.20 * depth * np.exp(-((crack / (4.0 * crack_width)) ** 2))

    manhole_along = along - 31.0 * np.floor(along / 31.0) - 9.0
    radius = np.sqrt(manhole_along**2 + (across + 1.1) ** 2)
    soft = 0.5 * np.sqrt(at.width_u * at.width_v) + 0.01
    shade -= 0.16 * np.clip((0.36 - radius) / soft * 0.5 + 0.5, 0, 1)
    shade += 0.12 * np.clip((0.24 - radius) / soft * 0.5 + 0.5, 0, 1)

    dashes = stripes(along, 6.0, 0.0, 3.0, at.width_u) * bar(across, -0.08, 0.08, at.width_v)
    edges = bar(np.abs(across), 3.22, 3.36, at.width_v)
    boxes = stripes(along, 6.5, 0.0, 0.12, at.width_u) * bar(np.abs(across), 3.3, 5.3, at.width_v)
    crossing = (
        bar(along - 67.0 * np.floor(along / 67.0), 40.0, 43.2, at.width_u)
        * stripes(across + 20.0, 1.1, 0.2, 0.75, at.width_v)
        * bar(np.abs(across), 0.0, 5.2, at.width_v)
    )
    worn = np.clip(0.82 + 0.9 * at.bands(_STONE, 51.0), 0.35, 1.0)
    paint = (np.clip(np.maximum(dashes, edges) + boxes, 0, 1) * (1 - crossing) + crossing) * worn
    colour = shade[:, None] * np.array([1.0, 0.99, 0.97], np.float32)
    return colour + paint[:, None] * (at.style[:, 3:6] - colour)


def pavement(at: Surface) -> Albedo:
    """Slabs with joints, every slab a little different."""
    size_u, size_v = 0.62, 0.44
    i, j = np.floor(at.u / size_u), np.floor(at.v / size_v)
    shade = at.bands(_STONE) + at.bands(_ASPHALT_BLOTCHES, 5.0)
    single = seen_share(at.width_u, size_u) * seen_share(at.width_v, size_v)
    shade += (cell_random(i, j, at.style[:, 6]) - 0.5) * 0.20 * single
    group = cell_random(np.floor(at.u / 3.1), np.floor(at.v / 1.32), at.style[:, 6])
    shade += (group - 0.5) * 0.16 * seen_share(at.width_u, 3.1)
    joints = np.maximum(stripes(at.u, size_u, 0.0, 0.03, at.width_u), stripes(at.v, size_v, 0.0, 0.03, at.width_v))
    return at.style[:, 0:3] * (1.0 + shade - 0.45 * joints)[:, None]


def grass(at: Surface) -> Albedo:
    """Meadow with bare earth."""
    earth = np.clip(0.35 + at.bands(_EARTH, 9.0), 0, 1)[:, None]
    colour = at.style[:, 0:3] + earth * (at.style[:, 3:6] - at.style[:, 0:3])
    return colour * (1.0 + at.bands(_GROUND))[:, None]


def facade(at: Surface) -> Albedo:
    """Wall of brick or plaster with floors, windows, doors and shop fronts."""
    style = at.style
    seed, pitch, floor = style[:, 6], style[:, 7], style[:, 8]
    window_width, window_height, brick = style[:, 9], style[:, 10], style[:, 11]
    shop, blind, height = style[:, 12] > 0.5, style[:, 13] > 0.5, style[:, 14]
    u, v, width_u, width_v = at.u, at.v, at.width_u, at.width_v

    shade = 1.0 + at.bands(_WALL_GRAIN) + at.bands(_WALL_STREAKS, 13.0)
    size_u = np.maximum(brick, 0.2)
    size_v = size_u * np.float32(0.42)
    row = np.floor(v / size_v)
    shifted = u + 0.5 * size_u * (row - 2 * np.floor(0.5 * row))
    mortar = np.maximum(
        stripes(shifted, size_u, 0.0, 0.07 * size_u, width_u), stripes(v, size_v, 0.0, 0.16 * size_v, width_v)
    )
    single = (cell_random(np.floor(shifted / size_u), row, seed) - 0.5) * seen_share(
        np.maximum(width_u, width_v), size_u
    )
    shade += np.where(brick > 0.1, 0.34 * single - 0.22 * mortar, 0)
    bands = stripes(v + 0.12, floor, 0.0, 0.24, width_v) * (v > 1.5)
    shade += 0.20 * bands
    shade -= 0.22 * bar(v, -1.0, 0.55, width_v)
    shade -= 0.18 * bar(v, height - 0.5, height, width_v)
    colour = style[:, 0:3] * shade[:, None]

    bay, level = np.floor(u / pitch), np.floor(v / floor)
    chance = cell_random(bay, level, seed)
    near = seen_share(width_u, pitch)
    above = level >= 1
    is_door = (~above) & (cell_random(bay, level * 0 + 91, seed) < 0.28) & ~shop
    half = 0.5 * np.where(above, window_width, np.where(shop, np.float32(0.86), window_width)) * pitch
    half = np.where(is_door, np.float32(0.55), half)
    bottom = np.where(above, np.float32(0.30), np.where(shop, np.float32(0.18), np.float32(0.30))) * floor
    top = bottom + np.where(shop & ~above, np.float32(0.55), window_height) * floor
    bottom = np.where(is_door, np.float32(0.0), bottom)
    top = np.where(is_door, np.float32(2.15), top)

    def opening(grow: float) -> np.ndarray:
        across = stripes(u, pitch, 0.5 * pitch - half - grow, 0.5 * pitch + half + grow, width_u)
        return across * stripes(v, floor, np.maximum(bottom - grow, 0.0), top + grow, width_v)

    fits = (~blind) & (v < height - 0.25) & (v > 0)
    frame = np.where(fits, opening(0.13), 0)
    glass = np.where(fits, opening(0.0), 0)
    inside_v = v - level * floor
    mullion = (
        np.maximum(
            stripes(u, pitch, 0.5 * pitch - 0.035, 0.5 * pitch + 0.035, width_u),
            bar(inside_v, 0.62 * top + 0.38 * bottom - 0.03, 0.62 * top + 0.38 * bottom + 0.03, width_v),
        )
        * ~is_door
    )
    trim = np.minimum(style[:, 0:3] * 0.4 + 0.55, 0.95)
    pane = _panes(at, chance, near, (inside_v - bottom) / np.maximum(top - bottom, 0.1))
    pane += mullion[:, None] * (trim - pane)
    door = style[:, 3:6] * (0.9 + 0.35 * at.bands(_STONE, 77.0))[:, None]
    pane = np.where(is_door[:, None], door, pane)
    colour += frame[:, None] * (trim - colour)
    colour += glass[:, None] * (pane - colour)

    sign = np.where(shop, bar(v, 0.78 * floor, 0.97 * floor, width_v), 0)
    letters = 0.5 + 0.5 * np.sign(cell_random(np.floor(u / 0.45), level * 0 + 3, seed) - 0.5) * seen_share(
        width_u, 0.45
    )
    letters = letters * bar(v, 0.83 * floor, 0.92 * floor, width_v)
    board = style[:, 3:6] + letters[:, None] * (0.9 - style[:, 3:6])
    return colour + sign[:, None] * (board - colour)


def _panes(
    at: Surface, chance: Float32[np.ndarray, " k"], near: Float32[np.ndarray, " k"], rise: Float32[np.ndarray, " k"]
) -> Albedo:
    """Window panes: dark or bright, some with curtains, with a painted reflection of the sky."""
    tone = 0.17 + (chance - 0.5) * 0.22 * near + 0.16 * np.clip(rise, 0, 1) + at.bands(_WALL_STREAKS, 41.0)
    pane = tone[:, None] * np.array([0.85, 1.0, 1.2], np.float32)
    curtain = ((chance * 7.3) % 1.0 < 0.33) * near * np.clip(rise + 0.35 * chance, 0, 1)
    cloth = np.array([0.82, 0.76, 0.64], np.float32) * (0.9 + 0.2 * chance)[:, None]
    return pane + curtain[:, None] * (cloth - pane)


def roof(at: Surface) -> Albedo:
    """Tiles in courses, weathered."""
    courses = stripes(at.v, 0.34, 0.0, 0.07, at.width_v)
    single = cell_random(np.floor(at.u / 0.28), np.floor(at.v / 0.34), at.style[:, 6]) - 0.5
    shade = 1.0 + at.bands(_WALL_GRAIN) + 1.5 * at.bands(_ASPHALT_BLOTCHES, 7.0) - 0.35 * courses
    shade += 0.3 * single * seen_share(np.maximum(at.width_u, at.width_v), 0.3)
    return at.style[:, 0:3] * shade[:, None]


def foliage(at: Surface) -> Albedo:
    """Leaves: light and dark lumps down to single leaves."""
    light = np.clip(0.62 + at.bands(_LEAVES), 0, 1.5)[:, None]
    return at.style[:, 3:6] + light * (at.style[:, 0:3] * 1.25 - at.style[:, 3:6])


def plain(at: Surface) -> Albedo:
    """Stone, bark, steel, painted things: one colour with stains."""
    return at.style[:, 0:3] * (1.0 + 1.3 * at.bands(_STONE))[:, None]


def car(at: Surface) -> Albedo:
    """Body paint with wheels and lamps, or a cabin with windows. Style: length, top, whether it is the cabin."""
    length, top, is_cabin = at.style[:, 7], at.style[:, 8], at.style[:, 9] > 0.5
    colour = at.style[:, 0:3] * (1.0 + at.bands(_PAINT))[:, None]
    soft = np.maximum(at.width_u, at.width_v) * 0.7 + 0.01
    wheels = np.zeros_like(at.u)
    hubs = np.zeros_like(at.u)
    for place in (0.2, 0.8):
        radius = np.sqrt((at.u - place * length) ** 2 + (at.v - 0.30) ** 2)
        wheels = np.maximum(wheels, np.clip((0.33 - radius) / soft + 0.5, 0, 1))
        hubs = np.maximum(hubs, np.clip((0.17 - radius) / soft + 0.5, 0, 1))
    skirt = bar(at.v, 0.0, 0.27, at.width_v)
    belt = bar(at.v, 0.56, 0.62, at.width_v)
    lamps = bar(at.v, 0.60, 0.76, at.width_v) * bar(np.abs(at.u - 0.5 * length), 0.0, 5.0, at.width_u)
    lamps = lamps * np.maximum(bar(at.u, 0.08, 0.4, at.width_u), bar(at.u, 1.36, 1.68, at.width_u)) * 0.6
    dark = np.maximum(np.maximum(wheels, skirt), 0.35 * belt)
    body = colour + dark[:, None] * (np.float32(0.07) - colour)
    body += hubs[:, None] * (np.float32(0.55) - body)
    body += lamps[:, None] * (np.array([0.75, 0.35, 0.25], np.float32) - body)
    pane = bar(at.v, top - 0.52, top - 0.10, at.width_v) * stripes(at.u + 0.1, 1.0, 0.10, 1.0, at.width_u)
    cabin = colour + pane[:, None] * (np.array([0.13, 0.16, 0.20], np.float32) - colour)
    return np.where(is_cabin[:, None], cabin, body)


ALBEDO: dict[Material, Callable[[Surface], Albedo]] = {
    Material.ASPHALT: asphalt,
    Material.PAVEMENT: pavement,
    Material.GRASS: grass,
    Material.FACADE: facade,
    Material.ROOF: roof,
    Material.FOLIAGE: foliage,
    Material.PLAIN: plain,
    Material.CAR: car,
}
