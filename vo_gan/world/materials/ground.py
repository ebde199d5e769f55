"""The look of streets, pavements and open ground.

Texture coordinates (u, v), colours and parameters (`Surface.parameter`) of the styles:

- asphalt: station and metres right of the centre line; asphalt and paint; parameters 0 and 1 are the first and the last
  station, 2 and 3 the half width there, 4 the parking strip (0 none, 1 painted bays, 2 paved), 5 and 6 what is at the
  first and the last station (0 it goes on, 1 a stop line, 2 a stop line before a zebra crossing), 7 the centre line
  (0 none, 1 dashed, 2 solid). Junctions have a half width of `OPEN`: no lanes, no kerbs, no markings.
- pavement: metres along and from the kerb; slabs and mended places; parameter 0 is the pattern (0 slabs in a grid,
  1 stones in running bond), 1 and 2 the size of a slab along u and v, 3 the pavement's width.
- kerb: metres along, and up the face and on across the top; stone.
- grass: plan coordinates x and z; grass and earth.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from vo_gan.world.materials.surface import Look, Surface, blend
from vo_gan.world.textures import bar, cell_random, seen_share, stripes

LANE_EDGE = 3.3
"""Metres from the centre line to where a parking strip begins."""

OPEN = 1e4
"""Half width in metres that says that a carriageway has no kerbs, as in a junction."""

_WHEEL, _LANE = 0.75, 1.7
"""Metres from the middle of a lane to the wheels, and from the centre line to the middle of a lane."""
_KERB_FACE = 0.12
_TAR = np.array([0.27, 0.27, 0.275], np.float32)
_IRON = np.array([0.33, 0.32, 0.31], np.float32)
_SETTS = np.array([0.47, 0.455, 0.435], np.float32)
_DIRT = np.array([0.34, 0.31, 0.26], np.float32)
_DRY = np.array([0.50, 0.47, 0.27], np.float32)


def asphalt(at: Surface) -> Look:
    """Roadway: grain, polished wheel tracks, mended patches, cracks, manholes, drains and worn markings."""
    first, last = at.parameter(0), at.parameter(1)
    along = np.clip((at.u - first) / (last - first), 0, 1)
    half_width = at.parameter(2) + along * (at.parameter(3) - at.parameter(2))
    aside = np.abs(at.v)
    aged = cell_random(np.zeros_like(at.u), np.zeros_like(at.u), at.seed)

    wheels = np.exp(-np.square((np.abs(aside - _LANE) - _WHEEL) * np.float32(1 / 0.3)))
    oil = np.exp(-np.square((aside - _LANE) * np.float32(1 / 0.25)))
    tracks = (0.045 * wheels - 0.05 * oil) * (1 + 0.5 * at.coarse[:, 1])
    shade = 1 + 0.065 * at.fine[:, 0] + 0.03 * at.fine[:, 3] + 0.03 * at.coarse[:, 0] + 0.035 * at.coarse[:, 1]
    shade += tracks * (half_width < OPEN)
    colour = at.colour * shade[:, None]
    colour = _mended(at, colour)

    worn_out = np.clip(0.35 + 0.5 * at.coarse[:, 1] + aged, 0, 1)
    cracks = np.clip(0.30 * at.fine[:, 2], 0, 1) * worn_out + 0.4 * np.clip(0.3 * at.coarse[:, 2] - 0.2, 0, 1) * aged
    colour = blend(colour, _TAR, np.clip(0.38 * cracks, 0, 0.8))

    gutter = bar(aside, half_width - 0.3, half_width, at.width_v)
    dust = np.clip((aside - half_width + 0.8) * np.float32(1.25), 0, 1) * (0.22 + 0.10 * at.coarse[:, 0])
    colour = blend(colour, _DIRT * np.float32(1.25), np.clip(dust, 0, 0.5))
    paved = at.parameter(4) > 1.5
    strip = np.where(paved, bar(aside, LANE_EDGE, half_width, at.width_v), gutter)
    some = np.flatnonzero(strip > 0)
    colour[some] = blend(colour[some], _setts(at, some), strip[some])

    paint = _paint(at, aside, half_width) * np.clip(0.80 + 0.16 * at.fine[:, 0] - 0.18 * cracks - 0.12 * wheels, 0, 1)
    colour = blend(colour, at.second, paint)
    return Look(np.clip(_ironwork(at, colour, aside, half_width), 0.05, 0.95))


def _mended(at: Surface, colour: Float32[np.ndarray, "k 3"]) -> Float32[np.ndarray, "k 3"]:
    """Asphalt with patches of another age and filled trenches, their seams sealed with tar."""
    zero = np.zeros_like(at.u)
    cell, lane = np.floor(at.u * np.float32(1 / 7.0)), np.floor(at.v * np.float32(1 / 2.8))
    chance, size, place = (cell_random(cell + shift, lane, at.seed) for shift in (0, 3001, 7001))
    near_u, near_v = 7.0 * cell + 0.3 + 2.2 * place, 2.8 * lane + 0.2 + 0.6 * size
    far_u, far_v = near_u + 0.9 + 3.4 * size, near_v + 0.8 + 1.0 * place
    block = np.floor(at.u * np.float32(1 / 31.0))
    trench = (cell_random(block, zero + 77, at.seed) < 0.35) * seen_share(at.width_u, 31.0)
    beside = 4.0 * cell_random(block, zero + 78, at.seed) - 2.4

    patch = bar(at.u, near_u, far_u, at.width_u) * bar(at.v, near_v, far_v, at.width_v) * (chance < 0.22)
    inner = bar(at.u, near_u + 0.035, far_u - 0.035, at.width_u) * bar(at.v, near_v + 0.035, far_v - 0.035, at.width_v)
    filled = bar(at.v, beside, beside + 0.75, at.width_v) * trench
    core = bar(at.v, beside + 0.03, beside + 0.72, at.width_v) * trench
    tone = np.where(chance < 0.14, np.float32(-0.16), np.float32(0.10)) + 0.03 * at.fine[:, 1]
    colour = colour * (1 + patch * tone - 0.09 * filled)[:, None]
    seam = np.maximum(patch - inner * (chance < 0.22), filled - core)
    return blend(colour, _TAR, 0.6 * np.clip(seam, 0, 1))


def _setts(at: Surface, some: np.ndarray) -> Float32[np.ndarray, "n 3"]:
    """Small paving stones of parking strips and gutters."""
    u, v, width_u, width_v = at.u[some], at.v[some], at.width_u[some], at.width_v[some]
    row = np.floor(v * np.float32(1 / 0.15))
    shifted = u + 0.11 * (row - 2 * np.floor(0.5 * row))
    joints = np.maximum(stripes(shifted, 0.22, 0.0, 0.02, width_u), stripes(v, 0.15, 0.0, 0.018, width_v))
    near = seen_share(np.maximum(width_u, width_v), 0.2)
    tone = cell_random(np.floor(shifted * np.float32(1 / 0.22)), row, at.seed[some]) - 0.5
    shade = 1 + 0.22 * near * tone - 0.38 * joints + 0.06 * at.fine[some, 0] + 0.07 * at.coarse[some, 1]
    return _SETTS * shade[:, None]


def _paint(
    at: Surface, aside: Float32[np.ndarray, " k"], half_width: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, " k"]:
    """Share of the surface that is marked: centre line, edges of parking strips, bays, stop lines and crossings."""
    first, last, centre_line = at.parameter(0), at.parameter(1), at.parameter(7)
    paint = np.zeros_like(at.u)

    some = np.flatnonzero((centre_line > 0) & (aside < 0.06 + 0.5 * at.width_v))
    u, width = at.u[some], at.width_u[some]
    solid = np.clip(bar(u, first[some], first[some] + 16, width) * (at.parameter(5)[some] > 0), 0, 1)
    solid += bar(u, last[some] - 16, last[some], width) * (at.parameter(6)[some] > 0)
    dashes = np.maximum(stripes(u, 8.0, 0.0, 4.0, width), np.maximum(solid, centre_line[some] - 1))
    paint[some] = np.minimum(dashes, 1) * bar(at.v[some], -0.06, 0.06, at.width_v[some])

    some = np.flatnonzero((at.parameter(4) > 0) & (aside > LANE_EDGE - 0.1 - 0.5 * at.width_v))
    line = bar(aside[some], LANE_EDGE - 0.06, LANE_EDGE + 0.06, at.width_v[some])
    bays = bar(aside[some], LANE_EDGE, half_width[some] - 0.3, at.width_v[some])
    bays *= stripes(at.u[some], 6.0, 0.0, 0.1, at.width_u[some]) * (at.parameter(4)[some] < 1.5)
    inside = bar(at.u[some], first[some] + 7, last[some] - 7, at.width_u[some])
    paint[some] = np.maximum(paint[some], np.maximum(line, bays) * inside)

    lane = np.minimum(half_width - 0.3, np.float32(LANE_EDGE))
    for end, inwards, side in ((5, at.u - first, -at.v), (6, last - at.u, at.v)):
        some = np.flatnonzero((at.parameter(end) > 0) & (inwards < 6 + at.width_u) & (half_width < OPEN))
        depth, across, width_u, width_v = inwards[some], side[some], at.width_u[some], at.width_v[some]
        crossing = at.parameter(end)[some] > 1.5
        back = np.where(crossing, np.float32(5.0), np.float32(0.6))
        stop = bar(depth, back, back + 0.45, width_u) * bar(across, 0.1, lane[some], width_v)
        zebra = bar(depth, 0.7, 4.2, width_u) * stripes(across + 0.25, 1.0, 0.0, 0.5, width_v)
        reach = half_width[some] - 0.35
        zebra *= bar(across, -reach, reach, width_v)
        kept = 1 - np.where(crossing, bar(depth, 0.0, 5.0, width_u), 0)
        paint[some] = np.maximum(paint[some] * kept, np.where(crossing, np.maximum(zebra, stop), stop))
    return paint


def _ironwork(
    at: Surface,
    colour: Float32[np.ndarray, "k 3"],
    aside: Float32[np.ndarray, " k"],
    half_width: Float32[np.ndarray, " k"],
) -> Float32[np.ndarray, "k 3"]:
    """Asphalt with manholes in the lanes and drain grates along the kerbs."""
    cell = np.floor(at.u * np.float32(1 / 19.0))
    away_u = at.u - 19.0 * cell - 2 - 15 * cell_random(cell, np.zeros_like(cell), at.seed)
    away_v = at.v - 4.4 * cell_random(cell, np.ones_like(cell), at.seed) + 2.2
    some = np.flatnonzero((np.abs(away_u) < 0.5 + 0.5 * at.width_u) & (np.abs(away_v) < 0.5 + 0.5 * at.width_v))
    u, v, width_u, width_v = away_u[some], away_v[some], at.width_u[some], at.width_v[some]
    frame, lid = _disc(u, v, 0.40, width_u, width_v), _disc(u, v, 0.31, width_u, width_v)
    gap = np.clip(_disc(u, v, 0.335, width_u, width_v) - lid, 0, 1)
    ribs = stripes(u, 0.09, 0.0, 0.045, width_u) * stripes(v, 0.09, 0.0, 0.045, width_v)
    cover = blend(colour[some], _SETTS * np.float32(0.92) * (1 + 0.08 * at.fine[some, 0:1]), frame)
    cover = blend(cover, _IRON * (0.85 + 0.5 * ribs + 0.12 * at.fine[some, 0])[:, None], lid)
    colour[some] = blend(cover, _TAR * np.float32(0.7), gap)

    some = np.flatnonzero((aside > half_width - 0.6 - 0.5 * at.width_v) & (half_width < OPEN))
    u, v, width_u, width_v = at.u[some] - 0.7, half_width[some] - aside[some], at.width_u[some], at.width_v[some]
    grate = stripes(u, 17.0, 0.0, 0.52, width_u) * bar(v, 0.04, 0.46, width_v)
    slots = stripes(u, 0.065, 0.015, 0.05, width_u) * bar(v, 0.09, 0.41, width_v)
    colour[some] = blend(colour[some], _IRON * (1.05 - 0.7 * slots)[:, None], grate)
    return colour


def _disc(
    u: Float32[np.ndarray, " k"],
    v: Float32[np.ndarray, " k"],
    radius: float,
    width_u: Float32[np.ndarray, " k"],
    width_v: Float32[np.ndarray, " k"],
) -> Float32[np.ndarray, " k"]:
    """Share of a footprint on a disc around 0: a soft edge where it is small, a square of equal area where not."""
    half = 0.886 * radius
    square = bar(u, -half, half, width_u) * bar(v, -half, half, width_v)
    away = np.sqrt(u * u + v * v) + np.float32(1e-6)
    soft = np.sqrt(np.square(u * width_u) + np.square(v * width_v)) / away + 1e-3
    near = seen_share(np.maximum(width_u, width_v), 1.5 * radius)
    return square + near * (np.clip((radius - away) / soft + 0.5, 0, 1) - square)


def pavement(at: Surface) -> Look:
    """Slabs or stones with joints, each a little different, with stains, mended places and dirt along the edges."""
    bond, size_u, size_v, breadth = (at.parameter(number) for number in range(4))
    row = np.floor(at.v / size_v)
    shifted = at.u + np.where(bond > 0.5, np.float32(0.5), np.float32(0)) * size_u * (row - 2 * np.floor(0.5 * row))
    column = np.floor(shifted / size_u)
    joints = np.maximum(
        stripes(shifted, size_u, 0.0, 0.01 + 0.02 * size_u, at.width_u),
        stripes(at.v, size_v, 0.0, 0.01 + 0.02 * size_v, at.width_v),
    )
    single = seen_share(at.width_u, size_u) * seen_share(at.width_v, size_v)
    tone = (cell_random(column, row, at.seed) - 0.5) * single
    shade = 1 + 0.16 * tone - 0.42 * joints
    shade += 0.06 * at.fine[:, 0] + 0.03 * at.fine[:, 1] + 0.05 * at.coarse[:, 0] + 0.06 * at.coarse[:, 1]
    colour = at.colour * shade[:, None]

    block = np.floor(at.u * np.float32(1 / 9.0))
    mended = cell_random(block, np.zeros_like(block), at.seed)
    start = 9.0 * block + 5.0 * mended / 0.3
    patch = bar(at.u, start, start + 0.7 + 5 * mended, at.width_u) * (mended < 0.3)
    patch *= bar(at.v, 0.5 + 2 * mended, 5.0, at.width_v)
    colour = blend(colour, at.second * (1 + 0.07 * at.fine[:, 0:1] + 0.04 * at.coarse[:, 1:2]), patch)

    spots = np.clip(0.9 * at.fine[:, 3] - 1.5, 0, 1)
    colour = blend(colour, _TAR, 0.25 * spots)
    moss = np.clip((at.v - breadth) * np.float32(3.0) + 1.1 + 0.5 * at.coarse[:, 0], 0, 1)
    moss += 0.5 * np.clip(0.35 - at.v + 0.1 * at.coarse[:, 0], 0, 1)
    return Look(np.clip(blend(colour, _DIRT, 0.45 * np.clip(moss, 0, 1)), 0.05, 0.95))


def kerb(at: Surface) -> Look:
    """Kerb stones of a metre with joints, dirty at the foot and worn bright along the edge."""
    stone = np.floor(at.u)
    near = seen_share(at.width_u, 1.0)
    tone = (cell_random(stone, np.zeros_like(stone), at.seed) - 0.5) * near
    joint = stripes(at.u, 1.0, 0.0, 0.02, at.width_u)
    foot = np.clip(1 - at.v * np.float32(1 / 0.06), 0, 1)
    worn = np.exp(-np.square((at.v - _KERB_FACE) * np.float32(1 / 0.03)))
    shade = 1 + 0.14 * tone - 0.45 * joint + 0.07 * worn
    shade += 0.08 * at.fine[:, 0] + 0.03 * at.fine[:, 3] + 0.05 * at.coarse[:, 0] + 0.05 * at.coarse[:, 1]
    stained = np.clip(0.5 * foot + 0.15 * np.clip(at.coarse[:, 0], 0, 2), 0, 0.7)
    return Look(np.clip(blend(at.colour * shade[:, None], _DIRT, stained), 0.05, 0.95))


def grass(at: Surface) -> Look:
    """Lawn and meadow with dry places and bare earth."""
    tufts = 1 + 0.13 * at.fine[:, 0] + 0.10 * at.fine[:, 3] + 0.10 * at.coarse[:, 0]
    dry = np.clip(0.25 + 0.22 * at.coarse[:, 1] + 0.08 * at.fine[:, 1], 0, 0.8)
    lawn = blend(at.colour, _DRY, dry) * tufts[:, None]
    bare = np.clip(0.55 * at.coarse[:, 0] + 0.25 * at.fine[:, 1] - 0.35, 0, 0.85)
    earth = at.second * (1 + 0.10 * at.fine[:, 0] + 0.07 * at.fine[:, 3])[:, None]
    return Look(np.clip(blend(lawn, earth, bare), 0.05, 0.95))
