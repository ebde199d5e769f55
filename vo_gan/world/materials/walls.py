"""The look of buildings: house fronts, roofs, and what is plastered, built of brick or stone, or covered with cloth."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from jaxtyping import Float32, Int32

from vo_gan.world.materials.openings import Fronts, Openings, openings
from vo_gan.world.materials.surface import Look, Surface
from vo_gan.world.textures import bar, cell_random, seen_share, stripes


class Masonry(IntEnum):
    """What a wall is built of."""

    PLASTER = 0
    BRICK = 1
    STONE = 2
    BOARDS = 3
    AWNING = 4


class Cover(IntEnum):
    """What lies on a roof."""

    TILES = 0
    SLATE = 1
    GRAVEL = 2
    SHEETS = 3


LIT_WINDOWS, LIT_SHOPS = 0.35, 0.85
"""Share of the windows and of the shop fronts behind which lamps are on."""
WINDOW_LIGHT, SHOP_LIGHT, SIGN_LIGHT = (
    np.array([0.30, 0.205, 0.11], np.float32),
    np.array([0.36, 0.315, 0.25], np.float32),
    np.array([0.25, 0.23, 0.19], np.float32),
)
"""Mean light of a lit window, of a lit shop front and of the letters over it."""

_FRAMES = np.array([[0.86, 0.80, 0.42, 0.27], [0.86, 0.76, 0.31, 0.28], [0.84, 0.66, 0.23, 0.29]], np.float32)
_GLASS, _CLOTH, _LETTERS = (
    np.array([0.90, 1.0, 1.10], np.float32),
    np.array([0.66, 0.62, 0.55], np.float32),
    np.array([0.86, 0.83, 0.75], np.float32),
)
_STONE_SHARE, _STONE = 0.42, np.array([0.43, 0.42, 0.38], np.float32)
"""Stone around windows: so much of the wall's colour and this."""
_PANE = 0.32
"""Mean tone of a window: the dark room behind it and the sky in it."""
_BLINDS, _CURTAINS, _DRAWN = 0.30, 0.35, 0.38
"""Share of windows with a blind and with curtains, and of a window's width that curtains take."""
_LETTER = 0.26
"""Metres from letter to letter of a sign."""

_COURSES = np.array(
    [
        # plaster, brick, stone, boards, awning
        [1.0, 0.24, 0.62, 4.0, 1.0],
        [1.0, 0.075, 0.31, 0.16, 1.0],
        [0.0, 0.012, 0.022, 0.022, 0.0],
        [0.0, 0.30, 0.18, 0.10, 0.0],
        [0.0, -0.22, 0.22, 0.30, 0.0],
        [0.85, 1.2, 1.2, 0.9, 0.5],
    ],
    np.float32,
)
"""Length and height of the stones in metres, width of the joints, contrast of single stones, darkness of the joints and
strength of the noise on them."""
_FINE, _COARSE = (
    np.array([0.055, 0.032, -0.014, 0.025], np.float32),
    np.array([0.034, 0.046, -0.010, 0.020], np.float32),
)
"""What one deviation of each channel of the noise adds to the brightness of a wall."""

_TILES = np.array(
    [
        # tiles, slate, gravel, sheets
        [0.24, 0.22, 4.0, 0.55],
        [0.33, 0.25, 4.0, 9.0],
        [0.0, 0.5, 0.0, 0.0],
        [0.26, 0.24, 0.0, 0.10],
        [0.30, 0.24, 0.0, 0.06],
        [0.16, 0.0, 0.0, 0.14],
        [1.0, 0.9, 1.6, 0.8],
    ],
    np.float32,
)
"""Width and height of a tile in metres, shift of every other course in tiles, contrast of single tiles, darkness of the
lower edges, roundness across, and strength of the noise."""
_ROOF_FINE, _ROOF_COARSE = (
    np.array([0.075, 0.040, -0.020, 0.055], np.float32),
    np.array([0.045, 0.070, -0.015, 0.035], np.float32),
)
_MOSS = np.array([-0.035, 0.004, -0.04], np.float32)


def facade(at: Surface) -> Look:
    """House fronts: masonry, windows with frames and curtains, doors, shop fronts, gates, dirt.

    Style: `FacadeStyle`. Some of the windows, other ones for every seed, give off light.
    """
    columns = np.ascontiguousarray(at.style.T)
    front = Fronts.read(columns)
    part = openings(at, front)
    bay, on_ground = np.floor(at.u / front.pitch), at.v < front.ground
    level = np.where(on_ground, -1, np.floor((at.v - front.ground) / front.floor))
    chance = cell_random(bay, level, front.seed)
    near = seen_share(at.width_u, front.pitch) * seen_share(at.width_v, front.floor)
    foot = np.where(on_ground, part.foot, front.ground + level * front.floor + front.sill)
    tall = np.where(on_ground, part.tall, front.rise)
    height = np.minimum(np.maximum((at.v - foot) / tall, 0), 1)

    tone = _PANE + near * (0.26 * (chance - 0.5) + 0.24 * (height - 0.5))
    tone += 0.03 * at.fine[:, 1] + 0.03 * at.coarse[:, 0]
    goods = np.zeros_like(tone)
    shops = np.flatnonzero(part.shop > 0)
    goods[shops] = _display(at.chosen(shops), height[shops])
    cloth = part.glass * _curtains(at, chance, near, height, tall, np.abs(at.u - (bay + 0.5) * front.pitch), part.half)
    shade = _masonry(at, front.masonry, front.seed)
    shade += _dirt(at, front, part, level, near)
    letters = np.zeros_like(tone)
    lettered = np.flatnonzero(part.board > 0)
    letters[lettered] = part.board[lettered] * _lettering(at.chosen(lettered), front.ground[lettered])
    opened = part.glass + part.shop + part.frame + part.surround + part.painted + part.board
    wall = np.maximum(1 - opened, 0)
    spray = wall * _graffiti(at, front)
    wall = (wall - spray) * np.maximum(shade, 0.3)
    stone = part.surround * (1 + 0.05 * at.fine[:, 0] + 0.04 * at.coarse[:, 1])
    grooves = stripes(at.v, 0.21, 0.0, 0.035, at.width_v)
    painted = part.painted * (1.02 + 0.05 * at.fine[:, 0] - 0.2 * grooves)
    painted += part.board - letters
    clear = (part.glass - cloth) * tone + part.shop * (tone + goods)
    wall += _STONE_SHARE * stone

    albedo = np.empty((len(at.u), 3), np.float32)
    for channel in range(3):
        second = columns[3 + channel]
        value = wall * columns[channel]
        value += stone * _STONE[channel]
        value += part.frame * _FRAMES[channel].take(front.trim)
        value += clear * _GLASS[channel]
        value += cloth * _CLOTH[channel]
        value += painted * second
        value += letters * _LETTERS[channel]
        value += spray * (0.25 + 0.5 * second)
        albedo[:, channel] = value
    np.clip(albedo, 0.05, 0.9, out=albedo)
    shine = 1 + 0.5 * near * (height - 0.5)
    glass, shop = (part.glass - 0.4 * cloth) * shine, part.shop * (shine + 1.2 * goods)
    return Look(albedo, _lamplit(glass, shop, letters, chance, near))


def _fraction(x: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """What a number has beyond whole ones: a second random number from a first one."""
    return x - np.floor(x)


def _curtains(
    at: Surface,
    chance: Float32[np.ndarray, " k"],
    near: Float32[np.ndarray, " k"],
    height: Float32[np.ndarray, " k"],
    tall: Float32[np.ndarray, " k"],
    aside: Float32[np.ndarray, " k"],
    half: Float32[np.ndarray, " k"],
) -> Float32[np.ndarray, " k"]:
    """Share of the glass behind which a blind or a curtain hangs; `height` is 0 to 1 within the window."""
    sort, drawn = _fraction(chance * 37.0), _fraction(chance * 257.0)
    blind = np.minimum(np.maximum((height - 1 + drawn) * tall / at.width_v + 0.5, 0), 1)
    open_half = (1 - _DRAWN) * half
    curtain = np.minimum(np.maximum((aside - open_half) / at.width_u + 0.5, 0), 1)
    one = np.where(sort < _BLINDS, blind, np.where(sort < _BLINDS + _CURTAINS, curtain, 0))
    mean = 0.5 * _BLINDS + _DRAWN * _CURTAINS
    return mean + near * (one - mean)


def _display(at: Surface, height: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """How much brighter or darker what a shop shows behind its window is: things on shelves, darkness above."""
    width, rise = 0.37, 0.45
    thing = cell_random(np.floor(at.u / width), np.floor(at.v / rise), at.seed) - 0.5
    thing *= seen_share(at.width_u, width) * seen_share(at.width_v, rise)
    shelf = stripes(at.v, rise, 0.0, 0.06, at.width_v) - 0.06 / rise
    return np.where(height < 0.62, 0.55 * thing + 0.3 * shelf, -0.06) + 0.02


def _masonry(at: Surface, kind: Int32[np.ndarray, " k"], seed: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """Brightness of what a wall is built of, around 1."""
    length, height, joint, single, dark, strength = (row.take(kind) for row in _COURSES)
    row = np.floor(at.v / height)
    shifted = at.u + 0.5 * length * (row - 2 * np.floor(0.5 * row))
    beside = stripes(shifted, length, 0.0, joint, at.width_u)
    under = stripes(at.v, height, 0.0, joint, at.width_v)
    lone = cell_random(np.floor(shifted / length), row, seed) - 0.5
    lone *= single * seen_share(at.width_u, length) * seen_share(at.width_v, height)
    return 1 + strength * (at.fine @ _FINE + at.coarse @ _COARSE) + lone - dark * (beside + under - beside * under)


def _dirt(
    at: Surface, front: Fronts, part: Openings, level: Float32[np.ndarray, " k"], near: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, " k"]:
    """What dirt takes from a wall's brightness: at its foot, under the eaves, below sills; and bands at the floors."""
    eaves = front.ground + front.floors * front.floor
    above_floor = at.v - front.ground - level * front.floor
    under_sill = np.minimum(np.maximum(1 - np.abs(front.sill - 0.35 - above_floor) * 2.5, 0), 1)
    aside = np.abs(at.u / front.pitch - np.floor(at.u / front.pitch) - 0.5) * front.pitch
    under_sill *= np.minimum(np.maximum((part.half - aside) * 4, 0), 1) * near * (level >= 0)
    worn = -0.16 * np.minimum(np.maximum(1 - 0.8 * at.v, 0), 1)
    worn -= 0.10 * np.minimum(np.maximum(1 - (eaves - at.v) * 1.5, 0), 1)
    worn -= 0.10 * bar(at.v, -9.0, 0.45, at.width_v)
    worn -= 0.09 * under_sill * (1 + 0.6 * at.fine[:, 0])
    worn += (0.04 + 0.12 * front.bands.astype(np.float32)) * part.band
    return worn


def _lettering(at: Surface, ground: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, " k"]:
    """Share of a signboard that letter-like strokes take: uprights and crossbars, other ones in every letter."""
    words = 12 * _LETTER
    place = np.floor(at.u / _LETTER)
    word = np.floor(at.u / words)
    chance = cell_random(place, word, at.seed)
    top = ground - 0.26
    line = bar(at.v, top - 0.32, top, at.width_v)
    upright = stripes(at.u, _LETTER, 0.04, 0.09, at.width_u)
    upright += np.where(chance > 0.4, stripes(at.u, _LETTER, 0.16, 0.21, at.width_u), 0)
    rung = top - 0.05 - 0.13 * (chance >= 0.6).astype(np.float32)
    rungs = bar(at.v, rung, rung + 0.05, at.width_v)
    rungs *= stripes(at.u, _LETTER, 0.04, 0.21, at.width_u)
    written = (place - 12 * word > 1) & (place - 12 * word < 10)
    strokes = np.minimum(upright * line + rungs, 1) * written
    board = 0.58
    mean = 0.32 / 0.58 * 0.29 * 8 / 12
    seen = seen_share(at.width_u, words) * seen_share(at.width_v, board)
    return mean + seen * (strokes - mean)


def _graffiti(at: Surface, front: Fronts) -> Float32[np.ndarray, " k"]:
    """Share of a wall that is sprayed: lines low on some of the walls without windows."""
    sprayed = (front.window == 0) & (_fraction(front.seed * 57.0) > 0.8)
    lines = np.minimum(np.maximum(0.5 * at.fine[:, 2] - 0.3, 0), 1)
    return sprayed * lines * bar(at.v, 0.3, 1.9, at.width_v)


def _lamplit(
    glass: Float32[np.ndarray, " k"],
    shop: Float32[np.ndarray, " k"],
    letters: Float32[np.ndarray, " k"],
    chance: Float32[np.ndarray, " k"],
    near: Float32[np.ndarray, " k"],
) -> Float32[np.ndarray, "k 3"]:
    """Light from windows: warm, of some of them, brighter from one than from the next."""
    lot, bright = _fraction(chance * 101.0), 0.5 + _fraction(chance * 419.0)
    window = glass * (LIT_WINDOWS + near * ((lot < LIT_WINDOWS) * bright - LIT_WINDOWS))
    shop = shop * (LIT_SHOPS + near * ((lot < LIT_SHOPS) * bright - LIT_SHOPS))
    light = np.empty((len(window), 3), np.float32)
    for channel in range(3):
        light[:, channel] = window * WINDOW_LIGHT[channel] + shop * SHOP_LIGHT[channel] + letters * SIGN_LIGHT[channel]
    return light


def roof(at: Surface) -> Look:
    """Roofs (u along the eaves, v up the slope): rows of tiles or slates, gravel or metal sheets, with moss.

    Style: colour, -, seed; 0: `Cover`.
    """
    kind = at.parameter(0).astype(np.int32)
    width, height, shift, single, edge, round_, strength = (row.take(kind) for row in _TILES)
    row = np.floor(at.v / height)
    shifted = at.u + shift * width * (row - 2 * np.floor(0.5 * row))
    lower = stripes(at.v, height, 0.0, 0.22 * height, at.width_v) - 0.22
    seam = stripes(shifted, width, 0.0, 0.2 * width, at.width_u) - 0.2
    lone = cell_random(np.floor(shifted / width), row, at.seed) - 0.5
    lone *= single * seen_share(at.width_u, width) * seen_share(at.width_v, height)
    shade = 1 + strength * (at.fine @ _ROOF_FINE + at.coarse @ _ROOF_COARSE) + lone - edge * lower - round_ * seam
    moss = np.minimum(np.maximum(at.coarse[:, 1] + at.fine[:, 3] * 0.4 - 0.6, 0), 1.5)
    albedo = at.colour * shade[:, None] + moss[:, None] * _MOSS
    return Look(np.clip(albedo, 0.06, 0.9))


def plaster(at: Surface) -> Look:
    """Plaster, concrete, brick, stone, boards or striped cloth (v up): chimneys, parapets, sills, steps, garden walls.

    Style: colour, second colour (of an awning's stripes), seed; 0: `Masonry`.
    """
    kind = at.parameter(0).astype(np.int32)
    shade = _masonry(at, kind, at.seed)
    shade -= 0.05 * np.maximum(at.coarse[:, 1] + at.fine[:, 3] * 0.5, 0)
    striped = stripes(at.u, 0.5, 0.0, 0.25, at.width_u) * (kind == Masonry.AWNING)
    albedo = at.colour + striped[:, None] * (at.second - at.colour)
    return Look(np.clip(albedo * shade[:, None], 0.05, 0.9))
