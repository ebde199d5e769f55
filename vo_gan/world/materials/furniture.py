"""The look of what stands along streets: painted metal, wood, sign plates, lamps."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum

import numpy as np
from jaxtyping import Float32

from vo_gan.world.materials.surface import Look, Surface, blend
from vo_gan.world.textures import bar, cell_random, seen_share, stripes


class Plate(IntEnum):
    """Outline of a sign plate: parameter 0 of its style."""

    DISC = 0
    TRIANGLE = 1
    YIELD = 2
    SQUARE = 3
    DIAMOND = 4
    OCTAGON = 5


class Figure(IntEnum):
    """What is painted on a sign plate: parameter 1 of its style."""

    NONE = 0
    BAR = 1
    ARROW = 2
    NUMBER = 3
    LETTERS = 4
    POSTER = 5
    PERSON = 6


RUST = np.array([0.42, 0.26, 0.17], np.float32)
_DIRT = np.array([0.30, 0.28, 0.25], np.float32)
_METAL_CONTRAST = np.array([0.035, 0.03, -0.02, 0.02], np.float32), np.array([0.03, 0.05, 0.0, 0.0], np.float32)
_WOOD_CONTRAST = np.array([0.08, 0.07, -0.05, 0.03], np.float32), np.array([0.05, 0.07, 0.0, 0.0], np.float32)
SIDES: dict[Plate, list[float]] = {
    Plate.TRIANGLE: [-90.0, 30.0, 150.0],
    Plate.YIELD: [90.0, 210.0, 330.0],
    Plate.SQUARE: [0.0, 90.0, 180.0, 270.0],
    Plate.DIAMOND: [45.0, 135.0, 225.0, 315.0],
    Plate.OCTAGON: [22.5 + 45.0 * i for i in range(8)],
}
"""Directions in degrees (0 right, 90 up) that the sides of a plate look at."""


def metal(at: Surface) -> Look:
    """Painted or galvanised metal (v: height above the foot): stains, dirt near the ground, rust breaking through.

    Style: colour, unused, seed; 0: share of rust from 0 to 1.
    """
    shade = 1 + at.fine @ _METAL_CONTRAST[0] + at.coarse @ _METAL_CONTRAST[1]
    albedo = at.colour * shade[:, None]
    rust = np.clip(at.parameter(0) * (np.float32(0.35) + np.float32(0.5) * at.fine[:, 1]), 0, np.float32(0.8))
    albedo = blend(albedo, RUST, rust)
    dirt = np.float32(0.5) * np.clip(1 - at.v * np.float32(2.2), 0, 1) * np.clip(1 + at.fine[:, 0], 0, np.float32(1.5))
    albedo = blend(albedo, _DIRT, np.clip(dirt, 0, np.float32(0.7)))
    return Look(np.clip(albedo, np.float32(0.05), np.float32(0.92)))


def wood(at: Surface) -> Look:
    """Boards (u across them): gaps, every board another tone, weathered streaks and knots.

    Style: colour, colour of the weathered wood, seed; 0: width of a board in metres.
    """
    width = np.maximum(at.parameter(0), np.float32(0.03))
    board = np.floor(at.u / width)
    zero = np.zeros_like(board)
    tone = (cell_random(board, zero, at.seed) - np.float32(0.5)) * seen_share(at.width_u, width)
    gap = stripes(at.u, width, 0.0, np.float32(0.08) * width, at.width_u)
    shade = 1 + np.float32(0.28) * tone + at.fine @ _WOOD_CONTRAST[0] + at.coarse @ _WOOD_CONTRAST[1]
    weathered = np.clip(np.float32(0.4) + np.float32(0.25) * (at.fine[:, 1] + at.coarse[:, 0]), 0, 1)
    albedo = blend(at.colour, at.second, weathered) * (shade * (1 - np.float32(0.6) * gap))[:, None]
    return Look(np.clip(albedo, np.float32(0.05), np.float32(0.9)))


def lamp(at: Surface) -> Look:
    """Glass of street lamps and of traffic lights.

    Style: colour of the glass, linear colour of its light, seed; 0: how brightly it shines.
    """
    albedo = at.colour * (1 + np.float32(0.03) * at.fine[:, 0])[:, None]
    return Look(np.clip(albedo, np.float32(0.05), np.float32(0.95)), at.second * at.parameter(0)[:, None])


def sign(at: Surface) -> Look:
    """Sign plates; (u, v) is 0 at the centre of the plate, u to the reader's right, v up.

    Style: colour of the face, colour of rim and figure, seed; 0: `Plate`, 1: `Figure`, 2: metres from the centre to the
    rim's outside (of a SQUARE: half its width), 3: width of the rim, 4: half the height of a SQUARE (else as 2),
    5: tone of the figure: 0 the rim's colour, 1 black, 2 white.
    """
    at = _within(at)
    soft, inside = np.maximum(at.width_u, at.width_v), _inside(at)
    size, width = at.parameter(2), at.parameter(3)
    rim = bar(inside, 0.0, width, soft) / np.maximum(bar(inside, 0.0, size, soft), np.float32(0.01))
    whole = 1 - (1 - width / size) ** 2
    rim += np.clip(soft / (2 * size), 0, 1) ** 2 * (whole - rim)
    tone = at.parameter(5)[:, None]
    ink = np.where(tone > 1.5, np.float32(0.9), np.where(tone > 0.5, np.float32(0.1), at.second))
    albedo = blend(at.colour, ink, _figure(at) * (1 - rim))
    poster = np.flatnonzero(at.parameter(1) == Figure.POSTER)
    if len(poster):
        albedo[poster] = _poster(at, poster)
    albedo = blend(albedo, at.second, rim)
    albedo *= (1 + np.float32(0.025) * (at.fine[:, 0] + at.fine[:, 1]) + np.float32(0.03) * at.coarse[:, 0])[:, None]
    return Look(np.clip(albedo, np.float32(0.06), np.float32(0.92)))


def _within(at: Surface) -> Surface:
    """The points, moved to the plate's centre where their footprints cover it: what lies beside it does not count."""
    wide = 2 * at.parameter(2)
    high = np.where(at.parameter(0) == Plate.SQUARE, 2 * at.parameter(4), wide)
    width_u, width_v = np.minimum(at.width_u, wide), np.minimum(at.width_v, high)
    u, v = at.u * (1 - (width_u / wide) ** 2), at.v * (1 - (width_v / high) ** 2)
    return replace(at, u=u, v=v, width_u=width_u, width_v=width_v)


def _inside(at: Surface) -> Float32[np.ndarray, " k"]:
    """Metres from points of sign plates to the nearest side."""
    size, high = at.parameter(2), at.parameter(4)
    inside = size - np.sqrt(at.u * at.u + at.v * at.v)
    kind = at.parameter(0)
    for plate, sides in SIDES.items():
        some = np.flatnonzero(kind == plate)
        if not len(some):
            continue
        inside[some] = np.inf
        for degrees in sides:
            across, up = np.float32(np.cos(np.radians(degrees))), np.float32(np.sin(np.radians(degrees)))
            reach = np.abs(across) * size[some] + np.abs(up) * high[some] if plate == Plate.SQUARE else size[some]
            inside[some] = np.minimum(inside[some], reach - across * at.u[some] - up * at.v[some])
    return inside


def _figure(at: Surface) -> Float32[np.ndarray, " k"]:
    """Share of every pixel's footprint that the figure of a sign covers."""
    size, kind = at.parameter(2), at.parameter(1)
    unit = 1 / size
    u, v, width_u, width_v = at.u * unit, at.v * unit, at.width_u * unit, at.width_v * unit
    share = np.zeros_like(u)
    for figure in (Figure.BAR, Figure.ARROW, Figure.NUMBER, Figure.LETTERS, Figure.PERSON):
        some = np.flatnonzero(kind == figure)
        if not len(some):
            continue
        x, y, w, h = u[some], v[some], width_u[some], width_v[some]
        if figure == Figure.BAR:
            share[some] = bar(x, -0.7, 0.7, w) * bar(y, -0.17, 0.17, h)
        elif figure == Figure.ARROW:
            shaft = bar(x, -0.11, 0.11, w) * bar(y, -0.6, 0.2, h)
            reach = np.clip((np.float32(0.65) - y) * np.float32(0.9), 0, None)
            head = bar(x, -reach, reach + np.float32(1e-4), w) * bar(y, 0.15, 0.65, h)
            share[some] = np.maximum(shaft, head)
        elif figure == Figure.NUMBER:
            strokes = stripes(x + np.float32(0.52), 0.56, 0.08, 0.48, w) * bar(x, -0.5, 0.5, w) * bar(y, -0.4, 0.4, h)
            holes = stripes(x + np.float32(0.52), 0.56, 0.2, 0.36, w) * bar(x, -0.5, 0.5, w)
            holes *= bar(y, -0.28, -0.06, h) + bar(y, 0.06, 0.28, h)
            share[some] = strokes - holes
        elif figure == Figure.LETTERS:
            share[some] = _letters(at, some)
        else:
            body = np.maximum(bar(x, -0.1, 0.1, w) * bar(y, -0.15, 0.3, h), bar(x, -0.3, 0.3, w) * bar(y, 0.1, 0.2, h))
            legs = (bar(x, -0.26, -0.12, w) + bar(x, 0.12, 0.26, w)) * bar(y, -0.55, -0.15, h)
            share[some] = np.clip(body + legs + bar(x, -0.1, 0.1, w) * bar(y, 0.38, 0.58, h), 0, 1)
    return share


def _letters(at: Surface, some: np.ndarray) -> Float32[np.ndarray, " _"]:
    """Letter-like strokes in one row: cells of two by three parts, some of which are filled."""
    size, high = at.parameter(2)[some], at.parameter(4)[some]
    u, v, width_u, width_v = at.u[some], at.v[some], at.width_u[some], at.width_v[some]
    tall = np.float32(1.1) * high
    cell = np.float32(0.3) * tall
    row = np.float32(1 / 3) * tall
    chance = cell_random(np.floor(u / cell), np.floor((v + np.float32(0.5) * tall) / row), at.seed[some])
    seen = seen_share(np.maximum(width_u, width_v), cell)
    filled = np.float32(0.6) + seen * ((chance < np.float32(0.6)).astype(np.float32) - np.float32(0.6))
    lines = stripes(u, np.float32(3.0) * cell, 0.0, np.float32(2.3) * cell, width_u)
    margin = size - np.float32(0.35) * high
    return filled * lines * bar(u, -margin, margin, width_u) * bar(v, -0.5 * tall, 0.5 * tall, width_v)


def _poster(at: Surface, some: np.ndarray) -> Float32[np.ndarray, "_ 3"]:
    """Posters side by side, of coloured fields and lines of print, every one another."""
    u, v, width_u, width_v, seed = (x[some] for x in (at.u, at.v, at.width_u, at.width_v, at.seed))
    wide, tall = 0.84, 1.18
    i, j = np.floor(u / wide), np.floor(v / tall)
    seen = seen_share(np.maximum(width_u, width_v), wide)[:, None]
    chance = np.stack([cell_random(i, np.float32(3.0) * j + np.float32(c), seed) for c in range(3)], axis=1)
    grey = chance.mean(axis=1, keepdims=True)
    mixed = np.float32(0.55) * grey + np.float32(0.45) * chance
    paper = np.float32(0.58) + seen * np.float32(0.75) * (mixed - np.float32(0.5))
    inside = v - j * tall
    field = bar(inside, 0.28, np.float32(0.5) + np.float32(0.5) * chance[:, 0], width_v)
    albedo = blend(paper, 1 - paper, np.float32(0.7) * field)
    print_ = stripes(inside, 0.09, 0.02, 0.06, width_v) * bar(inside, 0.05, 0.24, width_v)
    print_ *= stripes(u - i * wide, wide, 0.1, 0.74, width_u)
    albedo = blend(albedo, np.array([0.12, 0.12, 0.14], np.float32), np.float32(0.8) * print_)
    edge = stripes(u, wide, 0.0, 0.02, width_u)
    return blend(albedo, np.array([0.85, 0.84, 0.80], np.float32), edge)
