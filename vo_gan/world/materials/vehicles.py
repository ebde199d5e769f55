"""The look of cars: paint, glass, lamps, number plates, tyres and rims."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np
from jaxtyping import Float32

from vo_gan.world.materials.surface import Look, Surface, blend
from vo_gan.world.textures import bar, cell_random, seen_share, stripes


class CarPart(IntEnum):
    """The parts of a car; all but TREAD and RIM (`tyre`) are looks of `car`.

    Texture coordinates are metres in the car's own frame: z and height on SIDE, WINDOW, TRIM, PANEL; x and height on
    FRONT, REAR, SCREEN, PANEL_END and SIGN; z and x on TOP; z and height from the wheel's centre on RIM.
    """

    SIDE = 0
    TOP = 1
    FRONT = 2
    REAR = 3
    WINDOW = 4
    SCREEN = 5
    TRIM = 6
    PANEL = 7
    PANEL_END = 8
    SIGN = 9
    TREAD = 10
    RIM = 11


_RUBBER = np.array([0.19, 0.19, 0.20], np.float32)
_DUST = np.array([0.42, 0.39, 0.35], np.float32)
_SKY = np.array([0.80, 0.88, 0.97], np.float32)
_GAP = np.array([0.10, 0.10, 0.11], np.float32)
_GLASS_LOW, _GLASS_HIGH = np.array([0.12, 0.14, 0.16], np.float32), np.array([0.40, 0.46, 0.51], np.float32)
_CHROME = np.array([0.66, 0.67, 0.70], np.float32)
_LENS = np.array([0.84, 0.87, 0.90], np.float32)
_RED, _AMBER = np.array([0.62, 0.10, 0.09], np.float32), np.array([0.85, 0.48, 0.14], np.float32)
_PLATE = np.array([0.86, 0.86, 0.82], np.float32)
_HEADLIGHT, _TAILLIGHT = np.array([1.6, 1.55, 1.4], np.float32), np.array([0.55, 0.03, 0.02], np.float32)
_DOOR = np.float32(1.3)
"""Metres that the sill's seam goes on behind the middle door seam, at most."""
_SIGN_LIGHT = np.array([1.1, 0.85, 0.25], np.float32)


def car(at: Surface) -> Look:
    """All of a car but its wheels.

    Style: paint, second colour (livery of a box, sign), seed; 0: `CarPart`, 1: whether its lamps are on, 2: half the
    car's length, 3: half its width, 4: height of the headlamps, 5: lower edge of the side windows, 6 to 8: z of the
    door seams (far behind the car where there are fewer).
    """
    part = at.parameter(0).astype(np.int8)
    albedo = np.empty((len(part), 3), np.float32)
    emission = np.zeros((len(part), 3), np.float32)
    for kind in np.unique(part):
        some = np.flatnonzero(part == kind)
        look = _PARTS[CarPart(int(kind))](at.chosen(some))
        albedo[some] = look.albedo
        if look.emission is not None:
            emission[some] = look.emission
    return Look(np.clip(albedo, np.float32(0.06), np.float32(0.9)), emission)


def tyre(at: Surface) -> Look:
    """Tyres and their rims (u and v from the wheel's centre).

    Style: colour of the rim, colour between its spokes, seed; 0: CarPart.TREAD or CarPart.RIM, 1: radius of the wheel
    in metres, 2: number of spokes.
    """
    shade = 1 + np.float32(0.10) * at.fine[:, 0] + np.float32(0.08) * at.fine[:, 1]
    rubber = blend(_RUBBER * shade[:, None], _DUST, np.clip(np.float32(0.18) + np.float32(0.1) * at.fine[:, 1], 0, 1))
    radius = np.hypot(at.u, at.v) / at.parameter(1)
    soft = np.maximum(at.width_u, at.width_v) / at.parameter(1)
    spokes = np.maximum(at.parameter(2), np.float32(1))
    turn = (np.arctan2(at.v, at.u) * np.float32(0.5 / np.pi) + np.float32(1.0)) * spokes
    width = np.clip(soft * spokes / (np.float32(6.3) * np.maximum(radius, np.float32(0.05))), 1e-3, 8)
    spoke = stripes(turn, 1.0, 0.22, 0.78, width)
    spoke = np.maximum(spoke, bar(radius, -1.0, 0.17, soft))
    spoke = np.maximum(spoke, bar(radius, 0.57, 0.66, soft))
    metal = blend(at.second, at.colour, spoke) * (1 + np.float32(0.05) * at.fine[:, 0:1])
    share = bar(radius, -1.0, 0.66, soft) * (at.parameter(0) == CarPart.RIM)
    return Look(np.clip(blend(rubber, metal, share), np.float32(0.06), np.float32(0.9)))


def _paint(at: Surface, mirrored: Float32[np.ndarray, " k"]) -> Float32[np.ndarray, "k 3"]:
    """Lacquer that mirrors some of the sky (`mirrored` in [0, 1]), with the dust of the road."""
    grain = np.float32(0.025) * at.fine[:, 0] + np.float32(0.012) * at.fine[:, 1]
    painted = at.colour * (np.float32(0.80) + np.float32(0.20) * mirrored + grain)[:, None]
    share = np.float32(0.20) * mirrored * np.clip(1 + np.float32(0.18) * at.coarse[:, 1], 0, 2)
    return blend(painted, _SKY, share)


def _dusty(at: Surface, albedo: Float32[np.ndarray, "k 3"]) -> Float32[np.ndarray, "k 3"]:
    """Dirt that the wheels throw up, thickest just above the ground (v is height)."""
    share = np.clip((np.float32(0.60) - at.v) * np.float32(1.2), 0, np.float32(0.5))
    share = share * np.clip(1 + np.float32(0.35) * at.fine[:, 1] + np.float32(0.3) * at.fine[:, 3], 0, 2)
    return blend(albedo, _DUST, np.clip(share + np.float32(0.015) * at.fine[:, 3], 0, 1))


def _reflection(at: Surface) -> Float32[np.ndarray, " k"]:
    """How much of the sky an upright sheet mirrors: little where its lower half bends down to the street."""
    height = (at.v - np.float32(0.88) * at.parameter(4) + np.float32(0.02) * at.coarse[:, 1]) * np.float32(9.0)
    return np.clip(np.float32(0.5) + height, 0, 1) * np.float32(0.75)


def _side(at: Surface) -> Look:
    """Sheet metal of the sides: door seams, handles, sills, and the lamps where they reach round the corner."""
    half, lamp, belt = at.parameter(2), at.parameter(4), at.parameter(5)
    shoulder = bar(at.v, belt - 0.09, belt - 0.045, np.maximum(at.width_v, np.float32(0.03)))
    albedo = _paint(at, _reflection(at) + np.float32(0.7) * shoulder)
    first, middle, last = (at.parameter(number) for number in (6, 7, 8))
    doors = bar(at.v, 0.30, belt, at.width_v)
    seams = sum(bar(at.u, z - 0.007, z + 0.007, at.width_u) for z in (first, middle, last)) * doors
    seams = seams + bar(at.v, 0.30, 0.315, at.width_v) * bar(at.u, np.maximum(last, middle - _DOOR), first, at.width_u)
    handles = sum(bar(at.u, z + 0.05, z + 0.24, at.width_u) for z in (middle, last))
    handles = handles * bar(at.v, belt - 0.15, belt - 0.115, at.width_v)
    albedo = blend(albedo, _GAP, np.clip(np.float32(0.85) * seams + np.float32(0.75) * handles, 0, 1))
    albedo = blend(albedo, _RUBBER, np.float32(0.8) * bar(at.v, -1.0, 0.42 * lamp, at.width_v))
    head = bar(at.u, half - 0.27, half + 1, at.width_u) * bar(at.v, lamp - 0.065, lamp + 0.065, at.width_v)
    tail = bar(at.u, -half - 1, 0.2 - half, at.width_u) * bar(at.v, lamp + 0.02, lamp + 0.19, at.width_v)
    albedo = blend(blend(_dusty(at, albedo), _LENS, np.float32(0.85) * head), _RED, tail)
    return Look(albedo, at.parameter(1)[:, None] * (head[:, None] * (0.2 * _HEADLIGHT) + tail[:, None] * _TAILLIGHT))


def _top(at: Surface) -> Look:
    """Bonnet, roof and boot."""
    return Look(_paint(at, np.clip(np.float32(0.85) + np.float32(0.10) * at.coarse[:, 1], 0, 1)))


def _front(at: Surface) -> Look:
    """Grille, bumper, headlamps, number plate."""
    wide, lamp, x = at.parameter(3), at.parameter(4), np.abs(at.u)
    albedo = _paint(at, np.float32(0.7) * _reflection(at))
    slats = np.float32(0.55) + np.float32(0.45) * stripes(at.v, 0.035, 0.0, 0.02, at.width_v)
    grille = bar(at.u, -0.52 * wide, 0.52 * wide, at.width_u) * bar(at.v, lamp - 0.06, lamp + 0.055, at.width_v)
    intake = bar(at.u, -0.66 * wide, 0.66 * wide, at.width_u)
    intake = intake * bar(at.v, 0.40 * lamp, 0.58 * lamp, at.width_v)
    seam = bar(at.v, lamp - 0.105, lamp - 0.095, at.width_v)
    albedo = blend(albedo, _GAP, np.clip(grille * slats + intake * slats + np.float32(0.5) * seam, 0, 1))
    chrome = bar(at.u, -0.53 * wide, 0.53 * wide, at.width_u) * bar(at.v, lamp + 0.05, lamp + 0.07, at.width_v)
    soft = np.maximum(at.width_u, at.width_v)
    badge = bar(np.hypot(at.u, at.v - lamp), -1.0, 0.05, soft)
    albedo = blend(albedo, _CHROME, np.maximum(np.float32(0.8) * chrome, badge))
    albedo = blend(albedo, _RUBBER, bar(at.v, -1.0, 0.38 * lamp, at.width_v))
    head = bar(x, 0.58 * wide, 2.0, at.width_u) * bar(at.v, lamp - 0.065, lamp + 0.065, at.width_v)
    bulb = bar(np.hypot(x - 0.70 * wide, at.v - lamp), -1.0, 0.05, soft)
    albedo = blend(blend(albedo, _LENS * np.float32(0.72), head), np.array([0.9, 0.9, 0.9], np.float32), bulb * head)
    fog = bar(np.hypot(x - 0.76 * wide, at.v - 0.5 * lamp), -1.0, 0.045, soft)
    albedo = blend(_dusty(at, albedo), _LENS, np.float32(0.7) * fog)
    plate = _with_plate(at, albedo, 0.66 * lamp)
    return Look(plate, (at.parameter(1) * head * (np.float32(0.35) + bulb))[:, None] * _HEADLIGHT)


def _rear(at: Surface) -> Look:
    """Tail lamps, bumper, number plate."""
    wide, lamp, x = at.parameter(3), at.parameter(4), np.abs(at.u)
    albedo = _paint(at, np.float32(0.7) * _reflection(at))
    seam = bar(at.v, 0.68 * lamp, 0.68 * lamp + 0.014, at.width_v) + bar(
        x, 0.70 * wide, 0.70 * wide + 0.012, at.width_u
    )
    albedo = blend(albedo, _GAP, np.clip(np.float32(0.7) * seam, 0, 1) * bar(at.v, 0.66 * lamp, 2.0, at.width_v))
    albedo = blend(albedo, _RUBBER, bar(at.v, -1.0, 0.5 * lamp, at.width_v))
    tail = bar(x, 0.64 * wide, 2.0, at.width_u) * bar(at.v, lamp + 0.02, lamp + 0.19, at.width_v)
    low = bar(at.v, lamp + 0.02, lamp + 0.075, at.width_v)
    albedo = blend(_dusty(at, albedo), _RED, tail)
    albedo = blend(albedo, np.where((at.seed < 0.5)[:, None], _AMBER, _LENS), np.float32(0.8) * tail * low)
    light = (at.parameter(1) * tail * (1 - np.float32(0.8) * low))[:, None] * _TAILLIGHT
    return Look(_with_plate(at, albedo, lamp + 0.06), light)


def _with_plate(
    at: Surface, albedo: Float32[np.ndarray, "k 3"], height: Float32[np.ndarray, " k"]
) -> Float32[np.ndarray, "k 3"]:
    """A number plate of 52 x 11 cm round x = 0 with dark strokes for letters."""
    v = at.v - height
    plate = bar(at.u, -0.26, 0.26, at.width_u) * bar(v, -0.055, 0.055, at.width_v)
    column, half = np.floor(at.u / np.float32(0.024)), np.floor(v / np.float32(0.026))
    letter = (cell_random(column, half, at.seed) < 0.55) * bar(v, -0.038, 0.038, at.width_v)
    letter = letter * (np.mod(column, 3) != 0) * bar(at.u, -0.21, 0.235, at.width_u)
    shown = seen_share(at.width_u, 0.03)
    letter = np.float32(0.30) * (1 - shown) + shown * letter
    albedo = blend(albedo, _PLATE, plate)
    return blend(albedo, _GAP, plate * np.float32(0.9) * letter)


def _glass(at: Surface) -> Look:
    """Dark glass that mirrors the sky, more the higher; seats and far windows show through."""
    above = np.clip((at.v - at.parameter(5)) * np.float32(1.9), 0, 1)
    mirrored = np.clip(above + np.float32(0.18) * at.coarse[:, 1] + np.float32(0.07) * at.fine[:, 1], 0, 1)
    albedo = blend(np.broadcast_to(_GLASS_LOW, at.colour.shape), _GLASS_HIGH, np.float32(0.8) * mirrored)
    seat = stripes(at.u + at.parameter(6), 0.95, 0.10, 0.42, at.width_u)
    seat = seat * (1 - np.clip((above - np.float32(0.45)) * np.float32(8), 0, 1))
    albedo = albedo * (1 - np.float32(0.35) * seat[:, None])
    frame = bar(at.v, -1.0, at.parameter(5) + 0.035, at.width_v)
    return Look(blend(albedo, _GAP, np.float32(0.7) * frame) * (1 + np.float32(0.04) * at.fine[:, 0:1]))


def _trim(at: Surface) -> Look:
    """Black plastic, rubber and what lies in the dark under the car."""
    shade = 1 + np.float32(0.12) * at.fine[:, 0] + np.float32(0.08) * at.fine[:, 1]
    return Look(_GAP * shade[:, None])


def _panel(at: Surface) -> Look:
    """The sides of a cargo box: ribbed sheets with a stripe and a block of lettering in the second colour."""
    ribs = stripes(at.u, 0.6, 0.0, 0.03, at.width_u)
    shade = 1 - np.float32(0.18) * ribs + np.float32(0.04) * at.fine[:, 0] + np.float32(0.05) * at.coarse[:, 1]
    middle = np.float32(1.5) + np.float32(0.5) * at.seed
    stripe = bar(at.v, middle - 0.08, middle + 0.08, at.width_v)
    column = np.floor(at.u / np.float32(0.11))
    letter = (cell_random(column, np.floor(at.v / np.float32(0.12)), at.seed) < 0.6) * (np.mod(column, 3) != 0)
    shown = seen_share(at.width_u, 0.2)
    letter = np.float32(0.4) * (1 - shown) + shown * letter
    letter = letter * bar(at.v, middle + 0.25, middle + 0.61, at.width_v) * bar(at.u, -1.8, 0.1, at.width_u)
    albedo = blend(at.colour, at.second, np.clip(np.float32(0.9) * (stripe + letter), 0, 1))
    streaks = np.clip(np.float32(0.10) + np.float32(0.07) * at.fine[:, 1], 0, 1)
    return Look(blend(albedo, _DUST, streaks) * shade[:, None])


def _panel_end(at: Surface) -> Look:
    """The doors of a cargo box."""
    shade = 1 + np.float32(0.04) * at.fine[:, 0] + np.float32(0.05) * at.coarse[:, 1]
    lines = bar(at.u, -0.01, 0.01, at.width_u) + stripes(np.abs(at.u) - 0.33, 2.0, 0.0, 0.03, at.width_u)
    albedo = blend(at.colour, _GAP, np.clip(np.float32(0.6) * lines, 0, 1))
    return Look(blend(albedo, _DUST, np.clip(0.15 + np.float32(0.1) * at.fine[:, 1], 0, 1)) * shade[:, None])


def _sign(at: Surface) -> Look:
    """The box on a taxi's roof: dark letters on the second colour, lit from inside."""
    column = np.floor(at.u / np.float32(0.035))
    shown = seen_share(at.width_u, 0.04)
    letter = np.float32(0.67) * (1 - shown) + shown * (np.mod(column, 3) != 0)
    letter = letter * bar(at.u, -0.18, 0.18, at.width_u)
    letter = letter * bar(at.v, at.parameter(5), at.parameter(5) + 0.07, at.width_v)
    albedo = blend(at.second, _GAP, letter) * (1 + np.float32(0.05) * at.fine[:, 0:1])
    return Look(albedo, (1 - letter)[:, None] * _SIGN_LIGHT)


_PARTS: dict[CarPart, Callable[[Surface], Look]] = {
    CarPart.SIDE: _side,
    CarPart.TOP: _top,
    CarPart.FRONT: _front,
    CarPart.REAR: _rear,
    CarPart.WINDOW: _glass,
    CarPart.SCREEN: _glass,
    CarPart.TRIM: _trim,
    CarPart.PANEL: _panel,
    CarPart.PANEL_END: _panel_end,
    CarPart.SIGN: _sign,
}
